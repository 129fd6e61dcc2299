//! Objects, arrays and fixed choices: names, addresses, messenger, custom fields and properties, relations.

use serde_json::{Map, Value, json};

use super::text::{self, Chars, TextRule};
use super::{Context, LANGUAGES, Problem};
use crate::sandbox::placement::PlacementKind;
use crate::sandbox::switches::MessengerProtocol;

const NAME: TextRule = TextRule::new("", 0, 80, Chars::Name);
const PHONETIC: TextRule = TextRule::new("", 0, 100, Chars::Katakana);
const NAME_100: TextRule = TextRule::new("", 0, 100, Chars::Name);
const TEXT_100: TextRule = TextRule::new("", 0, 100, Chars::Any);
const TEXT_50: TextRule = TextRule::new("", 0, 50, Chars::Any);
const LINK: TextRule = TextRule::new("", 0, 300, Chars::Any);
const SOME_TEXT: TextRule = TextRule::new("", 1, 100, Chars::Any);

pub(in crate::sandbox) fn object<'v>(property: &str, value: &'v Value) -> Result<&'v Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| Problem::invalid(property, "It must be an object."))
}

pub(in crate::sandbox) fn array<'v>(property: &str, value: &'v Value, most: usize) -> Result<&'v [Value], Problem> {
    match value.as_array() {
        None => Err(Problem::invalid(property, "It must be an array.")),
        Some(items) if items.len() > most => Err(Problem::invalid(property, format!("It has more than {most} items."))),
        Some(items) => Ok(items),
    }
}

pub(in crate::sandbox) fn boolean(property: &str, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        _ => Err(Problem::invalid(property, "It must be true or false.")),
    }
}

pub(in crate::sandbox) fn choice(property: &str, value: &Value, choices: &[&str]) -> Result<Value, Problem> {
    let text = text::string(property, value)?;
    if !choices.contains(&text) {
        let why = format!("It must be one of {}.", choices.join(", "));
        return Err(Problem::invalid(property, why));
    }
    Ok(value.clone())
}

pub(in crate::sandbox) fn nullable_choice(property: &str, value: &Value, choices: &[&str]) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    choice(property, value, choices)
}

pub(in crate::sandbox) fn domain_id(property: &str, value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    if context.domains.iter().any(|domain| value.as_i64() == Some(domain.id)) {
        Ok(value.clone())
    } else {
        Err(Problem::invalid(property, "It is not a domain of the tenant."))
    }
}

pub(in crate::sandbox) fn alias_emails(property: &str, value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    for alias in array(property, value, 10)? {
        text::login(property, alias, context)?;
    }
    Ok(value.clone())
}

/// One of the two names, each at most 80 and both together as well; katakana for the phonetic ones.
pub(in crate::sandbox) fn user_name(value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    let given = object("userName", value)?;
    let mut name = Map::new();
    for (key, rule) in
        [("lastName", &NAME), ("firstName", &NAME), ("phoneticLastName", &PHONETIC), ("phoneticFirstName", &PHONETIC)]
    {
        let part = given.get(key).unwrap_or(&Value::Null);
        let path = format!("userName.{key}");
        let part = text::optional(&path, part, rule)?;
        text::no_prohibited_word(&path, part.as_str().unwrap_or_default(), context)?;
        name.insert(key.to_owned(), part);
    }
    whole_name(&name)?;
    Ok(Value::Object(name))
}

/// What a name must meet as a whole.
fn whole_name(name: &Map<String, Value>) -> Result<(), Problem> {
    let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
    let (last, first) = (part("lastName"), part("firstName"));
    if last.trim().is_empty() && first.trim().is_empty() {
        return Err(Problem::missing("userName.lastName"));
    }
    if text::length(last) + text::length(first) > 80 {
        return Err(Problem::invalid("userName", "Both names together are longer than 80."));
    }
    Ok(())
}

pub(in crate::sandbox) fn i18n_names(value: &Value) -> Result<Value, Problem> {
    for (index, item) in array("i18nNames", value, LANGUAGES.len())?.iter().enumerate() {
        let path = format!("i18nNames[{index}]");
        let item = object(&path, item)?;
        let Some(language) = item.get("language") else {
            return Err(Problem::missing(&format!("{path}.language")));
        };
        choice(&format!("{path}.language"), language, &LANGUAGES)?;
        for key in ["lastName", "firstName"] {
            if let Some(name) = item.get(key) {
                text::optional(&format!("{path}.{key}"), name, &NAME_100)?;
            }
        }
    }
    Ok(value.clone())
}

pub(in crate::sandbox) fn messenger(value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let given = object("messenger", value)?;
    let Some(protocol) = given.get("protocol") else {
        return Err(Problem::missing("messenger.protocol"));
    };
    let protocols = ["LINE", "FACEBOOK", "TWITTER", "X", "CUSTOM"];
    choice("messenger.protocol", protocol, &protocols)?;
    if protocol == "TWITTER" && context.switches.messenger_protocol == MessengerProtocol::X {
        return Err(Problem::invalid("messenger.protocol", "TWITTER has ended; it must be X."));
    }
    let Some(id) = given.get("messengerId") else {
        return Err(Problem::missing("messenger.messengerId"));
    };
    text::required("messenger.messengerId", id, &SOME_TEXT)?;
    if let Some(custom) = given.get("customProtocol") {
        text::optional("messenger.customProtocol", custom, &TEXT_100)?;
    }
    Ok(value.clone())
}

/// At most 50, of one `customFieldId` at most 10.
pub(in crate::sandbox) fn custom_fields(value: &Value) -> Result<Value, Problem> {
    let items = array("customFields", value, 50)?;
    for (index, item) in items.iter().enumerate() {
        let path = format!("customFields[{index}]");
        let fields = object(&path, item)?;
        let Some(id) = fields.get("customFieldId") else {
            return Err(Problem::missing(&format!("{path}.customFieldId")));
        };
        let alike = items.iter().filter(|other| other["customFieldId"] == *id).count();
        if alike > 10 {
            return Err(Problem::invalid("customFields", "More than 10 have one customFieldId."));
        }
        for (key, rule) in [("value", &TEXT_100), ("link", &LINK)] {
            if let Some(text) = fields.get(key) {
                text::optional(&format!("{path}.{key}"), text, rule)?;
            }
        }
    }
    Ok(value.clone())
}

/// Keys must be defined; values are texts, counts, links, or at most 10 of those.
pub(in crate::sandbox) fn custom_properties(value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    for (key, value) in object("customProperties", value)? {
        let path = format!("customProperties.{key}");
        let known = context.placement.find(PlacementKind::CustomProperty, key).is_some();
        if !known && !context.switches.accept_unknown_placement {
            return Err(Problem::invalid(&path, "It is not defined."));
        }
        match value {
            Value::Array(_) => {
                for item in array(&path, value, 10)? {
                    custom_value(&path, item)?;
                }
            }
            Value::Null => {}
            single => custom_value(&path, single)?,
        }
    }
    Ok(value.clone())
}

fn custom_value(path: &str, value: &Value) -> Result<(), Problem> {
    match value {
        Value::String(_) => text::required(path, value, &TEXT_100).map(drop),
        Value::Number(number) if number.is_u64() => Ok(()),
        Value::Object(link) => {
            for (key, rule) in [("text", &TEXT_100), ("link", &LINK)] {
                let part = link.get(key).unwrap_or(&Value::Null);
                text::optional(&format!("{path}.{key}"), part, rule)?;
            }
            Ok(())
        }
        _ => Err(Problem::invalid(path, "Its type is not allowed.")),
    }
}

pub(in crate::sandbox) fn relations(value: &Value) -> Result<Value, Problem> {
    let mut checked = Vec::new();
    for (index, item) in array("relations", value, 10)?.iter().enumerate() {
        let path = format!("relations[{index}]");
        let fields = object(&path, item)?;
        let Some(id) = fields.get("relationUserId") else {
            return Err(Problem::missing(&format!("{path}.relationUserId")));
        };
        text::required(&format!("{path}.relationUserId"), id, &SOME_TEXT)?;
        let name = fields.get("relationName").unwrap_or(&Value::Null);
        text::optional(&format!("{path}.relationName"), name, &TEXT_50)?;
        checked.push(json!({ "relationUserId": id, "relationName": name, "externalKey": null }));
    }
    Ok(Value::Array(checked))
}
