//! From a source to a folder: puts cards on the table, links them, and writes the file.

use serde::Serialize as _;
use serde_json::{Map, Value, json};

use super::card::Card;
use super::catalogue::{self, Extra};
use super::field::{Field, Side};
use super::source::{CardSource, FieldSource, FlowSource, FolderSource, Form};
use super::{Folder, body, event, ids};

/// The format's version: the one in which exports have no checksum.
const FORMAT: &str = "1.5.0";
/// Instead of the moment of building, so that the same source makes the same file.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// A source that cannot be built; says where.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It is no source at all.
    #[error("the source cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// It names something there is not.
    #[error("{place}: {what}")]
    Wrong {
        /// Flow, card and field.
        place: String,
        /// What is wrong.
        what: String,
    },
}

fn wrong(place: &str, what: impl Into<String>) -> BuildError {
    BuildError::Wrong { place: place.to_owned(), what: what.into() }
}

/// Makes one folder.
pub(super) fn folder(source: &str) -> Result<Folder, BuildError> {
    let source: FolderSource = toml::from_str(source)?;
    let group = ids::uuid(&["group", &source.folder]);
    let connections = Connections {
        okta: ids::uuid(&["connection", &source.folder, "okta"]),
        api: ids::uuid(&["connection", &source.folder, "api"]),
    };
    let mut flows = Map::new();
    for flow in &source.flow {
        let id = ids::uuid(&["flow", &source.folder, &flow.name]);
        let body = flow_body(&id, &group, flow, &connections)?;
        let written = json!({ "id": id, "name": flow.name, "description": flow.description, "data": body });
        flows.insert(id, written);
    }
    let connection =
        |id: &str, name: &str, module: &str| json!({ "id": id, "name": name, "module": module, "data": null });
    let about = json!({ "name": source.folder, "description": "", "media_uri": "", "path": "" });
    let file = json!({
        "type": "flopack",
        "version": FORMAT,
        "created": CREATED,
        "flags": { "auto-transform": true, "looseBooleans": true, "looseStrings": true, "looseNulls": true },
        "data": {
            "flos": flows,
            "configs": {
                connections.okta.as_str(): connection(&connections.okta, "Okta", "okta"),
                connections.api.as_str(): connection(&connections.api, &source.connection, "httpfunctions"),
            },
            "tables": {},
            "groups": { group.as_str(): { "id": group, "data": about } },
        },
    });
    Ok(Folder { file_name: format!("{}.folder", source.folder), contents: written(&file) })
}

/// One member a line, so that a change shows in a diff; indented by one space, since exports are deep.
fn written(file: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    file.serialize(&mut serializer).expect("a JSON value can be written into memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// The connections the cards name; what is in them never travels.
struct Connections {
    okta: String,
    api: String,
}

fn flow_body(id: &str, group: &str, flow: &FlowSource, connections: &Connections) -> Result<Value, BuildError> {
    let place = format!("flow \"{}\"", flow.name);
    let kind = catalogue::kind(&flow.event)
        .filter(|kind| kind.name.contains("to Application") || kind.name.contains("from Application"))
        .ok_or_else(|| wrong(&place, format!("there is no event \"{}\" in the catalogue", flow.event)))?;
    let mut table = Table::new(id, flow, connections);
    for card in &flow.card {
        table.put(card)?;
    }
    let inner = ids::uuid(&["inline", id]);
    let inline = body::inline(&inner, &table.start, &table.steps, &table.hidden);
    Ok(body::flow(id, group, &event::outer(kind, id, &connections.okta, &inline)))
}

/// The cards of one inline flow, as far as they have been put down.
struct Table<'a> {
    flow: &'a str,
    place: String,
    names: Vec<&'a str>,
    connections: &'a Connections,
    start: Card,
    steps: Vec<Card>,
    hidden: Vec<Card>,
    /// Which parts of which output of the event are asked for anywhere in the flow.
    parts: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Table<'a> {
    fn new(id: &'a str, flow: &'a FlowSource, connections: &'a Connections) -> Self {
        let links = flow.card.iter().flat_map(|card| &card.fields).filter_map(|field| field.from.as_deref());
        let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
        for (output, part) in links.filter_map(event_part) {
            match parts.iter_mut().find(|(known, _)| *known == output) {
                Some((_, known)) if known.contains(&part) => {}
                Some((_, known)) => known.push(part),
                None => parts.push((output, vec![part])),
            }
        }
        Self {
            flow: id,
            place: format!("flow \"{}\"", flow.name),
            names: Vec::new(),
            connections,
            start: event::start(id, &flow.event),
            steps: Vec::new(),
            hidden: Vec::new(),
            parts,
        }
    }

    fn put(&mut self, source: &'a CardSource) -> Result<(), BuildError> {
        let place = format!("{}, card \"{}\"", self.place, source.title);
        let kind = catalogue::kind(&source.card)
            .ok_or_else(|| wrong(&place, format!("there is no card \"{}\" in the catalogue", source.card)))?;
        let mut card = Card::new(kind, &[self.flow, "step", &source.name], &source.title);
        if card.kind.is_connector() {
            card.connection = Some(self.connections.api.clone());
            card.retries = true;
        }
        let mut text = source.text.clone();
        for field in &source.fields {
            let place = format!("{place}, field \"{}\"", field.field);
            let input = add_input(&mut card, field, &mut text, &place)?;
            if let Some(from) = &field.from {
                self.link(from, &card.id, &input, field.form == Some(Form::Text), &place)?;
            }
        }
        // What comes out is shown under the name the source gives the card, else as "output" on each of them.
        for output in card.outputs.iter_mut().filter(|output| output.key == "output") {
            output.metadata.insert("displayname".to_owned(), source.name.as_str().into());
        }
        if let (Some(text), Some(input)) = (text, card.input("_text_")) {
            input.data = text.into();
        }
        self.names.push(&source.name);
        self.steps.push(card);
        Ok(())
    }

    /// Links the output `from` names to an input.
    fn link(&mut self, from: &str, card: &str, input: &str, as_text: bool, place: &str) -> Result<(), BuildError> {
        let parts: Vec<&str> = from.split(" > ").collect();
        match parts[..] {
            ["event", output] => {
                let found = self.start.output(output);
                let id = found.ok_or_else(|| wrong(place, format!("the event has no output \"{output}\"")))?.id.clone();
                self.start.pin(&id, card, input, as_text);
            }
            ["event", output, part] => {
                let expand = self.expand(output, part, place)?;
                let value = expand
                    .outputs
                    .iter()
                    .find(|field| field.key == "value" && field.metadata.get("path") == Some(&json!([part])));
                let value = value.ok_or_else(|| wrong(place, format!("\"{output}\" has no \"{part}\"")))?.id.clone();
                expand.pin(&value, card, input, as_text);
            }
            [name, output] => {
                let index = self.names.iter().position(|known| *known == name);
                let index = index.ok_or_else(|| wrong(place, format!("there is no card \"{name}\" before it")))?;
                let source = &mut self.steps[index];
                let found = source.output(output);
                let missing = || wrong(place, format!("the card \"{name}\" has no output \"{output}\""));
                let id = found.ok_or_else(missing)?.id.clone();
                source.pin(&id, card, input, as_text);
            }
            _ => return Err(wrong(place, format!("\"{from}\" is not of the form card > output"))),
        }
        Ok(())
    }

    /// The hidden card that takes this output of the event apart.
    fn expand(&mut self, output: &str, part: &str, place: &str) -> Result<&mut Card, BuildError> {
        let is_it = |card: &Card, start: &Card| {
            let of = start.output(output).map(|field| &field.id);
            card.inputs
                .iter()
                .any(|field| field.metadata.get("srcOutputId").and_then(Value::as_str) == of.map(String::as_str))
        };
        if !self.hidden.iter().any(|card| is_it(card, &self.start)) {
            let parts = self.parts.iter().find(|(known, _)| *known == output).map(|(_, parts)| parts.as_slice());
            let made = event::expand(self.flow, &mut self.start, output, parts.unwrap_or_default());
            self.hidden.push(made.ok_or_else(|| wrong(place, format!("\"{output}\" has no \"{part}\"")))?);
        }
        let start = &self.start;
        let found = self.hidden.iter_mut().find(|card| is_it(card, start));
        found.ok_or_else(|| wrong(place, format!("\"{output}\" has no \"{part}\"")))
    }
}

/// The output and the part of `event > output > part`.
fn event_part(from: &str) -> Option<(&str, &str)> {
    let (output, part) = from.strip_prefix("event > ")?.split_once(" > ")?;
    Some((output, part))
}

/// Puts a field on a card, or a value into the one that is there; gives its id.
fn add_input(
    card: &mut Card,
    source: &FieldSource,
    text: &mut Option<String>,
    place: &str,
) -> Result<String, BuildError> {
    let name = source.field.as_str();
    if source.value.is_some() == source.from.is_some() {
        return Err(wrong(place, "give either a value or from"));
    }
    if let Some(input) = card.input(name) {
        input.data = source.value.clone().unwrap_or_else(|| input.data.clone());
        return Ok(input.id.clone());
    }
    let free = |key: &str, data: Value| {
        Field::new(key, "string", data).checked().available(catalogue::any_type()).meta("custom", true)
    };
    let data = source.value.clone().unwrap_or_else(|| json!(""));
    match card.kind.extra {
        Extra::None => Err(wrong(place, "the card has no such field")),
        Extra::Any => Ok(card.add(Side::Input, free(name, data))),
        Extra::Through => {
            let output = Field { flagged_output: true, ..free(name, data.clone()) };
            card.add(Side::Output, output);
            Ok(card.add(Side::Input, free(name, data)))
        }
        Extra::Placeholder => {
            let whole = text.as_mut().ok_or_else(|| wrong(place, "the card has no text"))?;
            let placeholder = format!("{{{name}}}");
            if !whole.contains(&placeholder) {
                return Err(wrong(place, format!("the text has no {placeholder}")));
            }
            let key = ids::short(&["placeholder", &card.id, name]);
            *whole = whole.replace(&placeholder, &format!("{{{{{{{key}}}}}}}"));
            let field = Field::new(&key, "string", data).checked().available(json!(["string"]));
            Ok(card.add(Side::Input, field))
        }
    }
}
