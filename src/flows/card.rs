//! One card on its way into an export: its kind, its fields with ids, and the links that leave it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::catalogue::Kind;
use super::field::{Field, Side};
use super::ids;

/// Workflows repeats a card on status 429 only, and by default not at all: three more tries, one to three minutes apart.
pub(super) fn retry_policy() -> Value {
    json!({ "type": "finish", "delay": [60_000, 180_000], "retry": 3, "retryCondition": "ratelimits" })
}

/// A link from an output of a card to an input of another.
#[derive(Debug, Clone)]
struct Pin {
    output: String,
    card: String,
    input: String,
    as_text: bool,
}

/// A card.
#[derive(Debug, Clone)]
pub(super) struct Card {
    /// Unique in the file.
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) title: String,
    /// The connection, where the card needs one.
    pub(super) connection: Option<String>,
    /// Whether a call that answers 429 is made again.
    pub(super) retries: bool,
    /// Whether it is the card that receives Okta's events.
    pub(super) receives: bool,
    pub(super) inputs: Vec<Field>,
    pub(super) outputs: Vec<Field>,
    pins: Vec<Pin>,
}

impl Card {
    /// A card with the fields of its kind; `path` makes its ids.
    pub(super) fn new(kind: Kind, path: &[&str], title: &str) -> Self {
        let id = ids::short(&[&["card"], path].concat());
        let (inputs, outputs) = (kind.inputs.clone(), kind.outputs.clone());
        let mut card = Self {
            id,
            kind,
            title: title.to_owned(),
            connection: None,
            retries: false,
            receives: false,
            inputs: Vec::new(),
            outputs: Vec::new(),
            pins: Vec::new(),
        };
        for input in inputs {
            card.add(Side::Input, input);
        }
        for output in outputs {
            card.add(Side::Output, output);
        }
        card
    }

    /// Puts a field on the card, after those that are there.
    pub(super) fn add(&mut self, side: Side, field: Field) -> String {
        let indexed = field.metadata.contains_key("srcMethodId");
        let fields = match side {
            Side::Input => &mut self.inputs,
            Side::Output => &mut self.outputs,
        };
        let index = fields.len();
        let place = [format!("{side:?}"), index.to_string()];
        let field = if indexed { field } else { field.meta("index", index) };
        let id = ids::short(&["field", &self.id, &place[0], &place[1]]);
        fields.push(Field { id: id.clone(), ..field });
        id
    }

    /// The input of this name.
    pub(super) fn input(&mut self, key: &str) -> Option<&mut Field> {
        self.inputs.iter_mut().find(|field| field.key == key)
    }

    /// The output of this name.
    pub(super) fn output(&self, key: &str) -> Option<&Field> {
        self.outputs.iter().find(|field| field.key == key)
    }

    /// Links an output of this card to an input of another.
    pub(super) fn pin(&mut self, output: &str, card: &str, input: &str, as_text: bool) {
        for field in self.outputs.iter_mut().filter(|field| field.id == output) {
            field.used = true;
        }
        let (output, card, input) = (output.to_owned(), card.to_owned(), input.to_owned());
        self.pins.push(Pin { output, card, input, as_text });
    }

    fn pins_json(&self) -> Value {
        let mut pins: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
        for pin in &self.pins {
            let convert = json!({ "convert": "stringify", "forceWrapArray": false, "dest": pin.output });
            let transform = if pin.as_text { json!({ pin.output.as_str(): convert }) } else { Value::Null };
            let link = json!({ "input": pin.input, "transform": transform });
            pins.entry(&pin.output).or_default().entry(&pin.card).or_default().push(link);
        }
        json!(pins)
    }

    /// The card as an export writes it.
    pub(super) fn json(&self) -> Value {
        let kind = &self.kind;
        let version = format!("{}:{}", kind.channel, kind.version);
        let named = |name: &str, number: Option<u32>| match number {
            Some(number) => json!({ "name": name, "id": number }),
            None => json!({ "name": name }),
        };
        json!({
            "joins": {},
            "address": kind.address(),
            "parents": {
                "version": {
                    "address": version,
                    "key": kind.version,
                    "data": named(kind.version, kind.numbers.map(|numbers| numbers.version)),
                },
                "channel": {
                    "address": kind.channel,
                    "key": kind.module(),
                    "data": named(kind.module(), kind.numbers.map(|numbers| numbers.connector)),
                },
            },
            "uuid": self.id,
            "branches": {},
            "node": { "key": kind.key, "data": { "name": self.title }, "model": self.model() },
            "pins": self.pins_json(),
        })
    }

    fn model(&self) -> Value {
        let (kind, run) = (&self.kind, &self.kind.run);
        let condition = json!({ "where": ["headers"], "key": "x-okta-verification-challenge" });
        let mut model = json!({
            "type": "method",
            "_v": 2,
            "key": kind.key,
            "executable": run.executable,
            "displayed": run.displayed,
            "async": run.asynchronous,
            "cooperative": run.cooperative,
            "mirrored": run.mirrored,
            "inlined": false,
            "dependencies": [],
            "timeout": run.timeout,
            "idempotent": false,
            "monitor": false,
            "webhook": self.receives,
            "webhookList": self.receives,
            "webhookConditions": if self.receives { condition } else { false.into() },
            "mobile": false,
            "hooks": {},
            "policy": { "error": if self.retries { retry_policy() } else { json!({ "type": "finish" }) } },
            "metadata": {
                "id": kind.numbers.map(|numbers| numbers.card),
                "name": self.title,
                "description": if kind.is_connector() { Value::Null } else { "".into() },
            },
            "meta": {},
            "config": self.connection,
            "partnerChannelKeys": null,
            "inputs": side(&kind.input_rules, &self.inputs, Side::Input),
            "outputs": side(&kind.output_rules, &self.outputs, Side::Output),
            "runtime": {},
        });
        if kind.is_connector() {
            model["compat"] = false.into();
            model["display"] = json!({});
            model["enableNewMetadata"] = true.into();
        }
        model
    }
}

fn side(rules: &Value, fields: &[Field], side: Side) -> Value {
    let data: Map<String, Value> = fields.iter().map(|field| (field.id.clone(), field.json(side))).collect();
    let mut written = rules.clone();
    written["data"] = data.into();
    written
}
