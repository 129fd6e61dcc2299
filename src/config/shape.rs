//! Whether a value has the form its key wants, before serde reads it.
//!
//! serde stops at the first fault and shows the value in its message. Here every fault is found, said in the words of an
//! administrator, and the value of a secret stays out of it. What passes here is read by the mirror in `raw` for sure.

use super::problems::{Origin, Problem, closest, shown};
use super::raw::{Key, Kind};
use toml::Value;

/// What an entry of a list of secrets looks like.
const ENTRY: &str = "{ name = \"okta\", value = \"…\" } or { name = \"okta\", file = \"…\" }";

/// Everything that is wrong with the form of a key's value.
pub(super) fn faults(key: &Key, value: &Value, origin: &Origin) -> Vec<Problem> {
    let fault = match (key.kind, value) {
        (Kind::Secret, value) => return secret_faults(key, value, origin),
        (Kind::Secrets, value) => return secrets_faults(key, value, origin),
        (Kind::Text | Kind::Span | Kind::Words, Value::String(text)) => text_fault(text),
        (Kind::Words | Kind::Texts, Value::Array(items)) => items.iter().find_map(item_fault),
        (Kind::Number, Value::Integer(_)) | (Kind::Switch, Value::Boolean(_)) => None,
        (Kind::Numbers, Value::Table(table)) => table.values().find_map(|value| match value {
            Value::Integer(_) => None,
            other => Some(wrong_type(Kind::Number, other)),
        }),
        (Kind::Templates, Value::Table(table)) => template_fault(table),
        (kind, value) => Some(wrong_type(kind, value)),
    };
    fault.map(|(what, fix)| Problem::new(key.dotted, origin, what, fix)).into_iter().collect()
}

fn template_fault(table: &toml::Table) -> Option<(String, String)> {
    table.values().find_map(|value| match value {
        Value::String(_) => None,
        Value::Table(parts) => template_fault(parts),
        other => Some(wrong_type(Kind::Text, other)),
    })
}

fn text_fault(text: &str) -> Option<(String, String)> {
    if text.trim().is_empty() {
        Some(("is empty".into(), "give a value, or take the key out".into()))
    } else if text.starts_with("REPLACE_ME") {
        Some(("still has the text of the example".into(), "put your own value there".into()))
    } else {
        None
    }
}

fn item_fault(item: &Value) -> Option<(String, String)> {
    match item {
        Value::String(text) => text_fault(text).map(|_| ("holds an empty entry".into(), "take that entry out".into())),
        _ => Some(wrong_type(Kind::Texts, item)),
    }
}

fn wrong_type(kind: Kind, value: &Value) -> (String, String) {
    let text = match value {
        Value::String(text) => shown(text),
        Value::Array(_) | Value::Table(_) => format!("a {}", type_name(value)),
        other => shown(&other.to_string()),
    };
    let (wanted, fix) = match (kind, value) {
        (Kind::Number, _) => ("a whole number", "write digits without quotes, for example 20".into()),
        (Kind::Switch, _) => ("true or false", "write true or false, without quotes".into()),
        (Kind::Span, Value::Integer(number)) => {
            ("a duration", format!("add a unit and quotes, for example \"{number}s\""))
        }
        (Kind::Span, _) => ("a duration", "write a number and a unit in quotes, for example \"10s\"".into()),
        (Kind::Texts, _) => ("a list of texts", "write it as [\"one\", \"two\"]".into()),
        (Kind::Words, _) => ("a text or a list of texts", "write it as \"one two\" or [\"one\", \"two\"]".into()),
        (Kind::Numbers, _) => ("a table of numbers", "write it as { \"example.com\" = 10000001 }".into()),
        (Kind::Templates, _) => {
            ("a table of templates", "write it as { \"nickName\" = \"{{ user.nickName }}\" }".into())
        }
        (Kind::Text | Kind::Secret | Kind::Secrets, _) => ("a text", "put it in quotes".into()),
    };
    (format!("{text} is not {wanted}"), fix)
}

fn secret_faults(key: &Key, value: &Value, origin: &Origin) -> Vec<Problem> {
    match value {
        Value::String(_) => Vec::new(),
        Value::Table(table) => table_faults(key.dotted, table, &["value", "file"], origin),
        other => vec![Problem::new(
            key.dotted,
            origin,
            format!("is a {}, not a text", type_name(other)),
            "give the secret in quotes, or { file = \"…\" }",
        )],
    }
}

fn secrets_faults(key: &Key, value: &Value, origin: &Origin) -> Vec<Problem> {
    let Value::Array(entries) = value else {
        let what = format!("is a {}, not a list of secrets", type_name(value));
        return vec![Problem::new(key.dotted, origin, what, format!("write a list of {ENTRY} in [ ]"))];
    };
    let mut problems = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{}[{}]", key.dotted, index + 1);
        match entry {
            Value::Table(table) => {
                problems.extend(table_faults(&path, table, &["name", "value", "file"], origin));
            }
            other => problems.push(Problem::new(
                path,
                origin,
                format!("is a {}, not a secret with a name", type_name(other)),
                format!("write {ENTRY}"),
            )),
        }
    }
    problems
}

/// The faults of a table that holds one secret; `known` are its keys.
fn table_faults(path: &str, table: &toml::Table, known: &[&str], origin: &Origin) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |what: String, fix: &str| problems.push(Problem::new(path, origin, what, fix));
    for (name, value) in table {
        if !known.contains(&name.as_str()) {
            let fix = match closest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("use {}", known.join(", ")),
            };
            add(format!("{} is not a key of a secret", shown(name)), &fix);
        } else if !value.is_str() {
            add(format!("`{name}` is a {}, not a text", type_name(value)), "put it in quotes");
        } else if name != "value" && value.as_str().is_some_and(|text| text.trim().is_empty()) {
            add(format!("`{name}` is empty"), "give it a value");
        }
    }
    let has = |name| table.contains_key(name);
    // a misspelt key is most likely the one that seems to be missing
    let complete = table.keys().all(|name| known.contains(&name.as_str()));
    if has("value") && has("file") {
        add("has a value and a file".into(), "keep one of the two; a secret is a value or a file, never both");
    } else if complete && !has("value") && !has("file") {
        add("has neither a value nor a file".into(), "give one of the two");
    }
    if complete && known.contains(&"name") && !has("name") {
        add("has no name".into(), "add name = \"…\"; it is shown in the audit trail");
    }
    problems
}

/// The type of a value, in plain words.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) | Value::Float(_) => "number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "date",
        Value::Array(_) => "list",
        Value::Table(_) => "table",
    }
}
