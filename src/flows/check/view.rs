//! A look at the JSON of a file that never fails: what is not there is empty.

use serde_json::{Map, Value};

/// The text at a pointer, or an empty one.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The members of an object at a pointer; none where there is no object.
pub(super) fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The entries of a list at a pointer.
pub(super) fn entries<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether this is an id of a flow, a group or a connection: a UUID of version 4's form, in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    parts.len() == 5
        && parts.iter().zip(lengths).all(|(part, length)| hex(part, length))
        && parts[2].starts_with('4')
        && parts[3].starts_with(['8', '9', 'a', 'b'])
}

/// Whether this is an id of a card or a field.
pub(super) fn is_short(text: &str) -> bool {
    (8..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// One card.
#[derive(Clone, Copy)]
pub(super) struct Card<'a> {
    pub(super) json: &'a Value,
}

impl<'a> Card<'a> {
    pub(super) fn id(self) -> &'a str {
        text(self.json, "/uuid")
    }

    pub(super) fn key(self) -> &'a str {
        text(self.json, "/node/key")
    }

    pub(super) fn address(self) -> &'a str {
        text(self.json, "/address")
    }

    pub(super) fn model(self) -> &'a Value {
        self.json.pointer("/node/model").unwrap_or(&Value::Null)
    }

    /// What the console shows: the title; of a hidden card, what it is.
    pub(super) fn title(self) -> &'a str {
        match text(self.json, "/node/data/name") {
            title if self.key() != "expand" && !title.is_empty() => title,
            _ => self.key(),
        }
    }

    pub(super) fn inputs(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        members(self.json, "/node/model/inputs/data")
    }

    pub(super) fn outputs(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        members(self.json, "/node/model/outputs/data")
    }

    /// The input of this name.
    pub(super) fn input(self, key: &str) -> Option<&'a Value> {
        self.inputs().map(|(_, field)| field).find(|field| text(field, "/key") == key)
    }

    /// Whether it belongs to a connector.
    pub(super) fn is_connector(self) -> bool {
        self.address().starts_with("root:channels:")
    }

    /// Every link that leaves the card: output, card, the link itself.
    pub(super) fn pins(self) -> Vec<(&'a str, &'a str, &'a Value)> {
        let mut pins = Vec::new();
        for (output, targets) in members(self.json, "/pins") {
            for (card, links) in members(targets, "") {
                pins.extend(entries(links, "").iter().map(|link| (output.as_str(), card.as_str(), link)));
            }
        }
        pins
    }
}

/// The cards of one body.
pub(super) fn cards(body: &Value) -> Vec<Card<'_>> {
    entries(body, "/methods").iter().map(|json| Card { json }).collect()
}
