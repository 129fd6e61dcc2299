//! A small model of Okta Workflows: runs a flow of a folder file on an event, and gives the call it would make.
//!
//! It is written from what is known of the cards and shares nothing with what makes the folders: it reads the file alone.
//! Cards run in the order of the file's orderings; each input is what is linked to it, else what is written in it.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// The call a flow makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub method: String,
    pub url: String,
    pub query: Map<String, Value>,
    pub headers: Map<String, Value>,
    pub body: String,
    /// The connection's name.
    pub connection: String,
}

/// A folder as an administrator has it after the import.
pub struct Imported {
    file: Value,
    /// What `Date & Time > Now` says.
    pub now: String,
}

impl Imported {
    pub fn new(contents: &str) -> Self {
        let file = serde_json::from_str(contents).expect("a folder is JSON");
        Self { file, now: "2026-04-01T09:00:00Z".to_owned() }
    }

    /// Types a text into a field of every card of this title.
    pub fn fill(&mut self, key: &str, text: &str) {
        let mut filled = 0;
        fill(&mut self.file, key, text, &mut filled);
        assert!(filled > 0, "no Assign card has a field {key}");
    }

    /// Runs the flow on one event, as the System Log has it.
    pub fn run(&self, flow: &str, event: &Value) -> Call {
        let flows = self.file["data"]["flos"].as_object().expect("flows");
        let flow = flows.values().find(|one| one["name"] == flow).unwrap_or_else(|| panic!("no flow {flow}"));
        let each =
            flow["data"]["methods"].as_array().expect("cards").iter().find(|card| card["node"]["key"] == "asyncEach");
        let inline = &field(each.expect("For Each"), "inputs", "flo")["value"]["data"];
        Run { imported: self, known: BTreeMap::new() }.all(inline, event)
    }

    fn connection(&self, card: &Value) -> String {
        let id = card["node"]["model"]["config"].as_str().expect("a connection");
        self.file["data"]["configs"][id]["name"].as_str().expect("a name").to_owned()
    }
}

fn fill(value: &mut Value, key: &str, text: &str, filled: &mut usize) {
    if value["node"]["key"] == "let" {
        for side in ["inputs", "outputs"] {
            let fields = value["node"]["model"][side]["data"].as_object_mut().expect("fields");
            for one in fields.values_mut().filter(|one| one["key"] == key) {
                one["value"]["data"] = text.into();
                *filled += 1;
            }
        }
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|one| fill(one, key, text, filled)),
        Value::Array(list) => list.iter_mut().for_each(|one| fill(one, key, text, filled)),
        _ => {}
    }
}

fn field<'a>(card: &'a Value, side: &str, key: &str) -> &'a Value {
    let fields = card["node"]["model"][side]["data"].as_object().expect("fields");
    fields.values().find(|one| one["key"] == key).unwrap_or_else(|| panic!("no field {key}"))
}

/// One run of one inline flow.
struct Run<'a> {
    imported: &'a Imported,
    /// What came out of each output that has run.
    known: BTreeMap<(String, String), Value>,
}

impl Run<'_> {
    fn all(mut self, inline: &Value, event: &Value) -> Call {
        let cards = inline["methods"].as_array().expect("cards");
        let mut call = None;
        for card in in_order(inline) {
            let inputs = self.inputs(card, cards);
            match card["node"]["key"].as_str().expect("a key") {
                "raw" => {
                    assert!(call.is_none(), "one event makes one call");
                    let text = |key: &str| inputs[key].as_str().expect("a text").to_owned();
                    let object = |key: &str| inputs[key].as_object().expect("an object").clone();
                    call = Some(Call {
                        method: text("Method"),
                        url: text("URL"),
                        query: object("Query"),
                        headers: object("Headers"),
                        body: text("Body"),
                        connection: self.imported.connection(card),
                    });
                }
                key => self.function(key, card, &inputs, event),
            }
        }
        call.expect("a call was made")
    }

    /// What is linked to each input, else what is written in it.
    fn inputs(&self, card: &Value, cards: &[Value]) -> BTreeMap<String, Value> {
        let fields = card["node"]["model"]["inputs"]["data"].as_object().expect("fields");
        let one = |id: &String, field: &Value| {
            for source in cards {
                for (output, targets) in source["pins"].as_object().expect("pins") {
                    let links = targets[card["uuid"].as_str().expect("an id")].as_array();
                    let Some(link) = links.into_iter().flatten().find(|link| link["input"] == **id) else { continue };
                    let key = (source["uuid"].as_str().expect("an id").to_owned(), output.clone());
                    let value = self.known.get(&key).expect("the source ran before").clone();
                    return match link["transform"][output]["convert"].as_str() {
                        Some("stringify") => value.to_string().into(),
                        None => value,
                        Some(other) => panic!("transform {other} is not known here"),
                    };
                }
            }
            field["value"]["data"].clone()
        };
        fields.iter().map(|(id, field)| (field["key"].as_str().expect("a key").to_owned(), one(id, field))).collect()
    }

    fn function(&mut self, key: &str, card: &Value, inputs: &BTreeMap<String, Value>, event: &Value) {
        let text = |key: &str| inputs[key].as_str().unwrap_or_else(|| panic!("{key} is no text")).to_owned();
        let outputs: Vec<(String, Value)> = match key {
            "callable" => shown(event),
            "expand" => {
                let fields = card["node"]["model"]["outputs"]["data"].as_object().expect("fields");
                for (id, field) in fields.iter().filter(|(_, field)| field["key"] == "value") {
                    let part = field["metadata"]["path"][0].as_str().expect("a part");
                    self.keep(card, id, inputs["object"][part].clone());
                }
                return;
            }
            "let" => inputs.clone().into_iter().collect(),
            "get" => vec![("output".to_owned(), inputs["object"][text("path")].clone())],
            "construct" => vec![("output".to_owned(), nested(inputs))],
            "compose" => {
                let fill = |whole: String, (key, value): (&String, &Value)| {
                    whole.replace(&format!("{{{{{{{key}}}}}}}"), value.as_str().unwrap_or_default())
                };
                let whole = inputs.iter().filter(|(key, _)| *key != "_text_").fold(text("_text_"), fill);
                vec![("output".to_owned(), whole.into())]
            }
            "replace" => {
                assert_eq!(inputs["global"], true, "else the first colon only");
                vec![("output".to_owned(), text("string").replace(&text("src"), &text("dest")).into())]
            }
            "now" => vec![("iso".to_owned(), self.imported.now.clone().into())],
            "hmac" => {
                assert_eq!((text("algorithm").as_str(), text("digest").as_str()), ("sha256", "hex"));
                let mut mac = Hmac::<Sha256>::new_from_slice(text("key").as_bytes()).expect("any length");
                mac.update(text("data").as_bytes());
                let hex = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                vec![("output".to_owned(), hex.into())]
            }
            other => panic!("the card {other} is not known here"),
        };
        let fields = card["node"]["model"]["outputs"]["data"].as_object().expect("fields");
        for (id, field) in fields {
            if let Some((_, value)) = outputs.iter().find(|(key, _)| field["key"] == **key) {
                self.keep(card, id, value.clone());
            }
        }
    }

    fn keep(&mut self, card: &Value, output: &str, value: Value) {
        self.known.insert((card["uuid"].as_str().expect("an id").to_owned(), output.to_owned()), value);
    }
}

/// The cards of a body, each after those that must run before it.
fn in_order(body: &Value) -> Vec<&Value> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for pair in body["orderings"].as_object().expect("orderings").values() {
        let (from, to) = (pair[0].as_str().expect("an id"), pair[1].as_str().expect("an id"));
        if from != to {
            before.entry(to).or_default().insert(from);
        }
    }
    let mut waiting: Vec<&Value> = body["methods"].as_array().expect("cards").iter().collect();
    let (mut done, mut order) = (BTreeSet::new(), Vec::new());
    while !waiting.is_empty() {
        let ready =
            |card: &&Value| before.get(card["uuid"].as_str().expect("an id")).is_none_or(|all| all.is_subset(&done));
        let index = waiting.iter().position(ready).expect("no circle");
        let card = waiting.remove(index);
        done.insert(card["uuid"].as_str().expect("an id"));
        order.push(card);
    }
    order
}

/// The outputs of the event cards, from an event as the System Log has it.
fn shown(event: &Value) -> Vec<(String, Value)> {
    let named = |one: &Value| json!({ "ID": one["id"], "Alternate ID": one["alternateId"], "Display Name": one["displayName"], "Type": one["type"] });
    let target = |kind: &str| {
        let targets = event["target"].as_array().expect("targets");
        named(targets.iter().find(|one| one["type"] == kind).unwrap_or(&Value::Null))
    };
    let outputs = json!({
        "Date and Time": "2026-04-01T00:00:07Z",
        "Event ID": "the-id-of-the-delivery",
        "Event Time": "2026-04-01T00:40:00Z",
        "Event Type": event["eventType"],
        "UUID": event["uuid"],
        "Admin": named(&event["actor"]),
        "Okta User": target("User"),
        "Application User": target("AppUser"),
        "Application": target("AppInstance"),
        "Event Details": event,
    });
    outputs.as_object().expect("an object").clone().into_iter().collect()
}

/// An object in which dots in a name nest.
fn nested(inputs: &BTreeMap<String, Value>) -> Value {
    let mut object = json!({});
    for (key, value) in inputs {
        let mut place = &mut object;
        for part in key.split('.') {
            place = &mut place[part];
        }
        *place = value.clone();
    }
    object
}
