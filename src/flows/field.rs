//! One input or output of a card, as an export writes it.

use serde_json::{Map, Value, json};

/// Which side of a card a field is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// A field: its name, its type, what is in it, and how the console shows it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Set when the field is put on a card.
    pub(super) id: String,
    pub(super) key: String,
    pub(super) group: Option<String>,
    /// `"string"`, `"object"`, ..., or an object that describes a structure.
    pub(super) kind: Value,
    pub(super) collection: bool,
    pub(super) data: Value,
    /// The types the console lets one choose; `None` where exports leave the member out.
    pub(super) available: Option<Value>,
    /// Whether exports write `proxy` and `check` here.
    pub(super) checked: bool,
    pub(super) required: bool,
    pub(super) shown_as_list: bool,
    /// `d` for data, `p` for an option of the card.
    pub(super) flags: &'static str,
    /// Outputs of an Assign card carry flags, too.
    pub(super) flagged_output: bool,
    pub(super) metadata: Map<String, Value>,
    pub(super) used: bool,
}

impl Field {
    /// A field of a built-in function: `available` is there and empty.
    pub(super) fn new(key: &str, kind: impl Into<Value>, data: Value) -> Self {
        Self {
            id: String::new(),
            key: key.to_owned(),
            group: None,
            kind: kind.into(),
            collection: false,
            data,
            available: Some(json!([])),
            checked: false,
            required: false,
            shown_as_list: false,
            flags: "d",
            flagged_output: false,
            metadata: Map::new(),
            used: false,
        }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn group(self, group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..self }
    }

    pub(super) fn available(self, types: Value) -> Self {
        Self { available: Some(types), ..self }
    }

    /// As exports write fields that have no choice of types at all.
    pub(super) fn bare(self) -> Self {
        Self { available: None, ..self }
    }

    pub(super) fn checked(self) -> Self {
        Self { checked: true, ..self }
    }

    /// A list of values rather than one.
    pub(super) fn list(self) -> Self {
        Self { collection: true, ..self }
    }

    pub(super) fn meta(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// The field as an export writes it.
    pub(super) fn json(&self, side: Side) -> Value {
        let mut value = Map::new();
        value.insert("type".to_owned(), self.kind.clone());
        value.insert("collection".to_owned(), self.collection.into());
        value.insert("data".to_owned(), self.data.clone());
        if let Some(available) = &self.available {
            value.insert("available".to_owned(), available.clone());
            value.insert("error".to_owned(), false.into());
        }
        if self.checked {
            value.insert("proxy".to_owned(), false.into());
            value.insert("check".to_owned(), false.into());
        }
        let mut field = json!({
            "id": self.id,
            "group": self.group,
            "key": self.key,
            "value": value,
            "ref": self.shown_as_list,
            "metadata": self.metadata,
        });
        if side == Side::Input {
            field["required"] = self.required.into();
        }
        if side == Side::Input || self.flagged_output {
            field["flags"] = self.flags.into();
        }
        if self.used {
            field["_used"] = true.into();
        }
        field
    }
}
