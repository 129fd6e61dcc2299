//! The tenant's own properties (`customProperties`).
//!
//! Their names and types are defined by each tenant's administrator and are not known here, so values are passed on as they
//! are, within the limits that hold for every definition: LINE WORKS Directory API, user-create, `customProperties`.

use std::mem::discriminant;

use serde_json::{Map, Value};

use super::{
    reader::{Faults, Property, Shape, list, nullable, optional, required, within},
    refusal,
    text::{self, Text},
};

const TEXT: Text = Text::up_to(100, text::anything);
const LINK: Text = Text::up_to(300, text::anything);
const MAX_VALUES: usize = 10;

static LINK_VALUE: Shape = Shape {
    properties: &[
        Property::optional("text", |v, at, f| optional(v, at, f, &TEXT)),
        Property::required("link", |v, at, f| required(v, at, f, &LINK)),
    ],
    refused: &[],
    synonyms: &[("url", "link"), ("href", "link")],
};

/// Reads the object of the tenant's properties; null means "not managed", null within it clears that one property.
pub(super) fn properties(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let fields = match value {
        Value::Null => return None,
        Value::Object(fields) => fields,
        _ => {
            faults.add(at, refusal::WRONG_TYPE.with("object"));
            return None;
        }
    };
    let mut read = Map::new();
    for (name, value) in fields {
        if let Some(value) = property(value, &within(at, name), faults) {
            read.insert(name.clone(), value);
        }
    }
    Some(read.into())
}

fn property(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    match value {
        Value::Null => Some(Value::Null),
        Value::String(_) => nullable(value, at, faults, &TEXT),
        Value::Array(_) => values(value, at, faults),
        _ => single(value, at, faults),
    }
}

/// A list has one type throughout, as the tenant's definition has.
fn values(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let values = list(value, at, faults, MAX_VALUES, single)?;
    let mixed = |first: &Value| values.iter().any(|value| discriminant(value) != discriminant(first));
    if values.first().is_some_and(mixed) && !values.contains(&Value::Null) {
        faults.add(at, refusal::CUSTOM_VALUE_TYPE);
    }
    Some(values.into())
}

fn single(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    match value {
        Value::String(_) => required(value, at, faults, &TEXT),
        Value::Number(number) if number.is_u64() => Some(value.clone()),
        Value::Object(_) => LINK_VALUE.read(value, at, faults).map(Value::Object),
        _ => {
            faults.add(at, refusal::CUSTOM_VALUE_TYPE);
            None
        }
    }
}
