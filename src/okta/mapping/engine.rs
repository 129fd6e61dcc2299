//! The template engine as the mapping uses it: what a template sees, what it may do, and what its result means.
//!
//! A template reaches nothing but the person: there is no loader, so no file, and no function that asks the system
//! anything. Every run has so much fuel and no more.

use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde_json::{Map, Value as Json, json};

use super::filters;
use crate::okta::person::AppUser;

/// Instructions one template may run; the longest sensible one takes some hundred.
const FUEL: u64 = 20_000;

/// What a template may name.
pub(super) const VARIABLES: [&str; 5] = ["app", "user", "userName", "status", "id"];

/// The engine with our filters.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // A missing attribute, and one of a missing object, is undefined and never a fault.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    // With positions in the errors.
    environment.set_debug(true);
    environment.add_filter("katakana", filters::katakana);
    environment.add_filter("phone", filters::phone);
    // These show the whole person, or keep what is made in a loop.
    for name in ["debug", "namespace"] {
        environment.remove_global(name);
    }
    environment
}

/// What templates see of a person. An attribute without a value counts as missing: Okta gives such an attribute as null
/// or not at all, at will.
pub(super) fn context(person: &AppUser) -> Value {
    let user = person.user.as_ref().map(|user| Json::Object(user.profile.clone()));
    let seen = json!({
        "app": person.profile,
        "user": user,
        "userName": person.user_name,
        "status": person.status,
        "id": person.id.as_str(),
    });
    Value::from(Serde(with_values(seen).unwrap_or_default()))
}

/// The value without everything in it that is null or blank.
fn with_values(value: Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::String(text) if text.trim().is_empty() => None,
        Json::Array(entries) => Some(entries.into_iter().filter_map(with_values).collect()),
        Json::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, with_values(value)?)));
            Some(Json::Object(fields.collect::<Map<_, _>>()))
        }
        other => Some(other),
    }
}

/// Why a template gives nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine says so.
    Engine(Error),
    /// The result is nothing JSON has.
    Result,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl Failure {
    /// Whether the template ran out of fuel.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self, Self::Engine(error) if error.kind() == ErrorKind::OutOfFuel)
    }
}

/// The expression of a template that is one single `{{ expression }}`.
pub(super) fn single_expression<'a>(environment: &Environment<'_>, template: &'a str) -> Option<&'a str> {
    let inside = template.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    let inside = inside.strip_suffix(['-', '+']).unwrap_or(inside).trim();
    let compiles = environment.compile_expression_owned(inside.to_owned()).is_ok();
    (!inside.is_empty() && compiles).then_some(inside)
}

/// What a template gives for a person: `None` leaves the property alone, null clears it.
pub(super) fn render(environment: &Environment<'_>, template: &str, seen: &Value) -> Result<Option<Json>, Failure> {
    let result = match single_expression(environment, template) {
        Some(expression) => environment.compile_expression_owned(expression.to_owned())?.eval(seen.clone())?,
        None => environment.render_str(template, seen.clone())?.into(),
    };
    Ok(as_json(&result)?.and_then(with_content))
}

/// Trimmed text; nothing if it is empty.
fn with_content(value: Json) -> Option<Json> {
    match value {
        Json::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Json::from),
        Json::Array(entries) if entries.is_empty() => None,
        Json::Object(fields) if fields.is_empty() => None,
        other => Some(other),
    }
}

/// The value as JSON; what is undefined in a list or an object is left out of it.
fn as_json(value: &Value) -> Result<Option<Json>, Failure> {
    Ok(Some(match value.kind() {
        ValueKind::Undefined => return Ok(None),
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => serde_json::to_value(value).map_err(|_| Failure::Result)?,
        ValueKind::String => Json::from(value.as_str().ok_or(Failure::Result)?),
        ValueKind::Seq | ValueKind::Iterable => {
            let entries: Result<Vec<_>, _> = value.try_iter()?.map(|entry| as_json(&entry)).collect();
            entries?.into_iter().flatten().collect()
        }
        ValueKind::Map => {
            let mut fields = Map::new();
            for name in value.try_iter()? {
                if let Some(field) = as_json(&value.get_item(&name)?)? {
                    fields.insert(name.to_string(), field);
                }
            }
            Json::Object(fields)
        }
        _ => return Err(Failure::Result),
    }))
}
