//! A member as SCIM shows it, and back: which attribute is which property (vendor's scim-mapping page).
//!
//! What has no attribute, such as org units, levels and phonetic names, cannot be reached from here and stays as it is.
//! Lengths and character sets are the Directory's own; only what SCIM itself forbids is refused here.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::patch::Shape;
use super::reply::{ScimError, location};
use crate::sandbox::call::Call;
use crate::sandbox::member::Member;
use crate::sandbox::rules;

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The vendor's extension. That it exists is documented, what is in it is not; so there is nothing.
const WORKS: &str = "urn:ietf:params:scim:schemas:extension:works:2.0:User";

/// The longest `externalId`.
const LONGEST_EXTERNAL_ID: usize = 100;

pub(super) const SHAPE: Shape = Shape {
    simple: &["active", "userName", "nickName", "externalId", "preferredLanguage", "timezone"],
    complex: &[("name", &["familyName", "givenName"])],
    lists: &["emails", "phoneNumbers", "ims"],
    item: &["type", "value", "display", "primary"],
    items_change: true,
    required: &["active", "userName", "name"],
    read_only: &["id", "schemas", "displayName", "meta"],
};

/// What a SCIM body wants a member to be.
pub(super) struct Wanted {
    /// By the Directory's names, not yet checked.
    pub(super) properties: Map<String, Value>,
    pub(super) external_id: Option<String>,
    pub(super) active: Option<bool>,
}

/// True as SCIM sees it: neither suspended, nor deleted, nor still waiting for a first sign-in.
pub(super) fn is_active(member: &Member) -> bool {
    !member.suspended && !member.pending && member.deleted_at.is_none()
}

/// What a client can set, as it is now.
pub(super) fn document(member: &Member) -> Map<String, Value> {
    let property = |name: &str| member.properties.get(name).cloned().unwrap_or_default();
    let name = property("userName");
    let language = property("locale").as_str().map(|locale| locale.replace('_', "-"));
    let document = json!({
        "externalId": member.scim_external_id,
        "userName": member.email().to_lowercase(),
        "name": { "familyName": name["lastName"], "givenName": name["firstName"] },
        "nickName": property("nickName"),
        "preferredLanguage": language,
        "timezone": property("timeZone"),
        "active": is_active(member),
        "emails": emails(&property("privateEmail"), &property("aliasEmails")),
        "phoneNumbers": phone_numbers(&property("telephone"), &property("cellPhone")),
        "ims": ims(&property("messenger")),
    });
    match document {
        Value::Object(document) => document,
        _ => unreachable!("it was made as an object"),
    }
}

/// The whole user of an answer.
pub(super) fn show(member: &Member, call: &Call) -> Value {
    let mut user = document(member);
    let name = |part: &str| user["name"][part].as_str().unwrap_or_default().to_owned();
    let display = format!("{} {}", name("familyName"), name("givenName")).trim().to_owned();
    user.insert("schemas".into(), json!([USER, WORKS]));
    user.insert("id".into(), json!(member.user_id));
    user.insert("displayName".into(), json!(display));
    user.insert(WORKS.into(), json!({}));
    user.insert("meta".into(), meta(call, "User", &member.user_id, member.created, member.modified));
    Value::Object(user)
}

/// `meta` of a resource (RFC 7643, section 3.1).
pub(super) fn meta(call: &Call, resource: &str, id: &str, created: Timestamp, modified: Timestamp) -> Value {
    json!({
        "resourceType": resource,
        "created": created,
        "lastModified": modified,
        "location": location(call, &format!("{resource}s"), id),
    })
}

fn emails(private: &Value, aliases: &Value) -> Vec<Value> {
    let item = |kind: &str, value: &Value| json!({ "type": kind, "value": value, "primary": false });
    let private = Some(private).filter(|private| private.is_string()).map(|private| item("other", private));
    private.into_iter().chain(aliases.as_array().into_iter().flatten().map(|alias| item("alias", alias))).collect()
}

fn phone_numbers(work: &Value, mobile: &Value) -> Vec<Value> {
    let numbers = [("work", work), ("mobile", mobile)].into_iter().filter(|(_, number)| number.is_string());
    numbers.map(|(kind, number)| json!({ "type": kind, "value": number, "primary": kind == "mobile" })).collect()
}

/// The page names `ims` and `messenger` only; that the type is the protocol is our reading.
fn ims(messenger: &Value) -> Vec<Value> {
    let mut item = json!({ "type": messenger["protocol"], "value": messenger["messengerId"], "primary": true });
    if let Some(custom) = messenger["customProtocol"].as_str() {
        item["display"] = json!(custom);
    }
    if messenger.is_object() { vec![item] } else { Vec::new() }
}

/// Reads a whole user. What is left out goes to its default, but a member stays as active as it is.
pub(super) fn read(
    document: &Map<String, Value>,
    now: &Map<String, Value>,
    domain_id: i64,
) -> Result<Wanted, ScimError> {
    let given = |name: &str| document.get(name).cloned().unwrap_or_default();
    let defaults = rules::complete(Map::new(), domain_id);
    let or_default = |value: Value, name: &str| if value.is_null() { defaults[name].clone() } else { value };
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| {
        properties.insert(name.to_owned(), value);
    };
    // "Upper case is accepted but shown in lower case" (vendor's scim-user-create page).
    set(
        "email",
        match given("userName") {
            Value::String(text) => json!(text.to_lowercase()),
            other => other,
        },
    );
    set("userName", user_name(&given("name"), now.get("userName"))?);
    set("nickName", given("nickName"));
    set("locale", or_default(locale(given("preferredLanguage"))?, "locale"));
    set("timeZone", or_default(given("timezone"), "timeZone"));
    let mut mails = typed("emails", &given("emails"), &["other", "alias"])?;
    set("aliasEmails", Value::Array(mails.extract_if(.., |(kind, _)| kind == "alias").map(|(_, mail)| mail).collect()));
    set("privateEmail", single("emails", &mails, "other")?);
    let phones = typed("phoneNumbers", &given("phoneNumbers"), &["work", "mobile"])?;
    set("telephone", single("phoneNumbers", &phones, "work")?);
    set("cellPhone", single("phoneNumbers", &phones, "mobile")?);
    set("messenger", messenger(&given("ims"))?);
    Ok(Wanted { properties, external_id: external_id(given("externalId"))?, active: active(given("active"))? })
}

/// Both parts; phonetic names are not SCIM's and stay.
fn user_name(name: &Value, now: Option<&Value>) -> Result<Value, ScimError> {
    if !name.is_object() {
        return Err(ScimError::invalid_value("name", "It must be an object with familyName or givenName."));
    }
    let mut whole = now.and_then(Value::as_object).cloned().unwrap_or_default();
    whole.insert("lastName".into(), name["familyName"].clone());
    whole.insert("firstName".into(), name["givenName"].clone());
    Ok(Value::Object(whole))
}

/// `ja-JP`, where the REST API has `ja_JP`; the other one's spelling is refused.
fn locale(language: Value) -> Result<Value, ScimError> {
    match language {
        Value::String(text) if text.contains('_') => {
            Err(ScimError::invalid_value("preferredLanguage", "It has a hyphen, such as ja-JP."))
        }
        Value::String(text) => Ok(json!(text.replace('-', "_"))),
        other => Ok(other),
    }
}

/// The items of a list by their types; types the mapping does not know are refused.
fn typed(name: &str, list: &Value, types: &[&str]) -> Result<Vec<(String, Value)>, ScimError> {
    let items = match list {
        Value::Null => &Vec::new(),
        Value::Array(items) => items,
        _ => return Err(ScimError::invalid_value(name, "It must be a list.")),
    };
    let item = |item: &Value| match (item["type"].as_str(), &item["value"]) {
        (Some(kind), Value::String(value)) if types.contains(&kind) => Ok((kind.to_owned(), json!(value))),
        _ => Err(ScimError::invalid_value(name, &format!("An item needs a value and a type of {}.", types.join(", ")))),
    };
    items.iter().map(item).collect()
}

/// The only item of a type, or null.
fn single(name: &str, items: &[(String, Value)], wanted: &str) -> Result<Value, ScimError> {
    let mut found = items.iter().filter(|(kind, _)| kind == wanted).map(|(_, value)| value.clone());
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(ScimError::invalid_value(name, &format!("Only one can have the type {wanted}."))),
        (only, None) => Ok(only.unwrap_or_default()),
    }
}

fn messenger(ims: &Value) -> Result<Value, ScimError> {
    match ims {
        Value::Null => Ok(Value::Null),
        Value::Array(items) if items.is_empty() => Ok(Value::Null),
        Value::Array(items) if items.len() == 1 && items[0].is_object() => {
            let mut messenger = json!({ "protocol": items[0]["type"], "messengerId": items[0]["value"] });
            if let Some(display) = items[0].get("display") {
                messenger["customProtocol"] = display.clone();
            }
            Ok(messenger)
        }
        _ => Err(ScimError::invalid_value("ims", "It must be a list of one object at most.")),
    }
}

fn external_id(value: Value) -> Result<Option<String>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.encode_utf16().count() <= LONGEST_EXTERNAL_ID => Ok(Some(text)),
        _ => Err(ScimError::invalid_value("externalId", "It must be a text of 100 characters at most.")),
    }
}

fn active(value: Value) -> Result<Option<bool>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(active) => Ok(Some(active)),
        _ => Err(ScimError::invalid_value("active", "It must be true or false.")),
    }
}

/// What SCIM calls a property of the Directory.
pub(super) fn scim_name(property: &str) -> &str {
    match property {
        "email" => "userName",
        "userName" => "name",
        "userName.lastName" => "name.familyName",
        "userName.firstName" => "name.givenName",
        "locale" => "preferredLanguage",
        "timeZone" => "timezone",
        "privateEmail" | "aliasEmails" => "emails",
        "telephone" | "cellPhone" => "phoneNumbers",
        other if other.starts_with("messenger") => "ims",
        other => other,
    }
}
