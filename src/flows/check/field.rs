//! Fields: their ids, their types, what is in them, and that a card has the fields of its kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::view::{Card, is_short, text};
use super::{Place, Report};
use crate::flows::catalogue::{Extra, Kind};

/// The types by name; anything else is an object that describes a structure.
const TYPES: [&str; 7] = ["string", "number", "boolean", "Date", "object", "file", "flo"];

pub(super) fn check(
    card: Card<'_>,
    kind: Option<&Kind>,
    place: Place<'_>,
    seen: &mut BTreeSet<String>,
    report: &mut Report,
) {
    for (id, field) in card.inputs() {
        one(id, field, place, seen, report);
        let flags = text(field, "/flags");
        let place = place.field(text(field, "/key"));
        report.when(!["d", "p"].contains(&flags), place, "the flags of an input are \"d\" or \"p\"");
        report.when(!field["required"].is_boolean(), place, "an input says whether it is required");
        let option = text(field, "/group") == "parameters";
        report.when(
            option != (flags == "p"),
            place,
            "options of a card, and they only, are in the group \"parameters\"",
        );
    }
    for (id, field) in card.outputs() {
        one(id, field, place, seen, report);
    }
    if let Some(kind) = kind {
        of_kind(card, kind, place, report);
    }
    if card.key() == "compose" {
        placeholders(card, place, report);
    }
}

fn one(id: &str, field: &Value, place: Place<'_>, seen: &mut BTreeSet<String>, report: &mut Report) {
    let place = place.field(text(field, "/key"));
    report.when(place.field.is_empty(), place, format!("the field \"{id}\" has no name"));
    report.when(text(field, "/id") != id, place, format!("it stands under \"{id}\" and has another id inside"));
    report.when(!is_short(id), place, format!("the id \"{id}\" is not 8 to 12 letters, digits, _ or -"));
    report.when(!seen.insert(id.to_owned()), place, format!("the id \"{id}\" is there twice"));
    let value = &field["value"];
    let data = value.get("data");
    report.when(data.is_none(), place, "it has no value.data");
    let data = data.unwrap_or(&Value::Null);
    match &value["type"] {
        Value::String(name) if !TYPES.contains(&name.as_str()) => {
            report.add(place, format!("there is no type \"{name}\""))
        }
        Value::String(_) => {}
        Value::Object(parts) => structure(parts, place, report),
        _ => report.add(place, "it has no type"),
    }
    match value["collection"].as_bool() {
        Some(true) => {
            let what = "a list (collection) holds a list or null; anything else makes the import fail with a 500";
            report.when(!data.is_array() && !data.is_null(), place, what);
        }
        Some(false) => report.when(data.is_array(), place, "it holds a list and is not marked as one (collection)"),
        None => report.add(place, "it does not say whether it is a list (collection)"),
    }
}

fn structure(parts: &serde_json::Map<String, Value>, place: Place<'_>, report: &mut Report) {
    for (name, part) in parts {
        match &part["type"] {
            Value::String(kind) if TYPES.contains(&kind.as_str()) => {}
            Value::Object(parts) => structure(parts, place, report),
            _ => report.add(place, format!("its part \"{name}\" has no type")),
        }
        report.when(
            !part["collection"].is_boolean(),
            place,
            format!("its part \"{name}\" does not say whether it is a list"),
        );
    }
}

/// A card has the fields of its kind, with their types, and others only where its kind takes them.
fn of_kind(card: Card<'_>, kind: &Kind, place: Place<'_>, report: &mut Report) {
    // The cards of the event are put together by hand; the rules of links hold them.
    if kind.inputs.is_empty() && kind.outputs.is_empty() && kind.extra == Extra::None {
        return;
    }
    for wanted in &kind.inputs {
        match card.input(&wanted.key) {
            None => report.add(place.field(&wanted.key), "the card lacks this field"),
            Some(found) => {
                let differs = found.pointer("/value/type") != Some(&wanted.kind);
                report.when(differs, place.field(&wanted.key), format!("its type is {} in every export", wanted.kind));
                let choices = wanted.metadata.get("choices").and_then(Value::as_array);
                let data = &found["value"]["data"];
                let outside = choices.is_some_and(|choices| !choices.contains(data));
                report.when(outside, place.field(&wanted.key), format!("{data} is not one of its choices"));
            }
        }
    }
    for wanted in &kind.outputs {
        let found = card.outputs().any(|(_, field)| text(field, "/key") == wanted.key);
        report.when(!found, place.field(&wanted.key), "the card lacks this output");
    }
    let own = |key: &str| kind.inputs.iter().any(|field| field.key == key);
    for (_, field) in card.inputs().filter(|(_, field)| !own(text(field, "/key"))) {
        let place = place.field(text(field, "/key"));
        report.when(kind.extra == Extra::None, place, "cards of this kind have no such field");
    }
}

/// Each `{{{name}}}` of the text is a field, and each field is in the text.
fn placeholders(card: Card<'_>, place: Place<'_>, report: &mut Report) {
    let whole = card.input("_text_").map(|field| text(field, "/value/data")).unwrap_or_default();
    let named: Vec<&str> = whole.split("{{{").skip(1).filter_map(|rest| Some(rest.split_once("}}}")?.0)).collect();
    let fields: BTreeMap<&str, &Value> =
        card.inputs().map(|(_, field)| (text(field, "/key"), field)).filter(|(key, _)| *key != "_text_").collect();
    for name in &named {
        let missing = !fields.contains_key(name);
        report.when(
            missing,
            place.field("_text_"),
            format!("the text has {{{{{{{name}}}}}}}, and there is no such field"),
        );
    }
    for key in fields.keys() {
        report.when(!named.contains(key), place.field(key), "the text does not use this field");
    }
}
