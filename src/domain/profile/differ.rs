//! What a wish changes about a member as LINE WORKS has it.
//!
//! A PATCH replaces whole top-level properties; whether it merges or replaces the objects within them is not documented. So
//! the value to send is the wish laid over what is there: parts the wish does not carry are repeated, and the result is
//! right either way. What is there came from outside and may have any shape; an odd one counts as empty.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    placement::{is_primary, mark_primary, with_domain},
    text::EXTERNAL_KEY,
};

/// The properties of a member that differ from a wish, with the values to send.
#[derive(Clone, PartialEq, Default)]
pub struct Difference {
    patch: Map<String, Value>,
    /// What the member has for the same properties.
    former: Map<String, Value>,
}

impl Difference {
    /// Whether the member is as wished.
    pub fn is_empty(&self) -> bool {
        self.patch.is_empty()
    }

    /// The names of the properties that differ.
    pub fn fields(&self) -> Vec<&str> {
        self.patch.keys().map(String::as_str).collect()
    }

    /// The body of LINE WORKS' user-update-patch. With `organizations` in it the caller adds the root `userExternalKey`.
    pub fn patch(&self) -> &Map<String, Value> {
        &self.patch
    }

    /// The difference but for the named properties, such as those a backend cannot set.
    #[must_use]
    pub fn without(&self, fields: &[&str]) -> Self {
        self.keeping(|name| !fields.contains(&name))
    }

    /// What the member has for a property that differs; null where it has nothing.
    pub fn former(&self, name: &str) -> &Value {
        self.former.get(name).unwrap_or(&Value::Null)
    }

    /// The difference in the properties that pass.
    #[must_use]
    pub fn keeping(&self, passes: impl Fn(&str) -> bool) -> Self {
        let kept = |properties: &Map<String, Value>| -> Map<String, Value> {
            let kept = properties.iter().filter(|(name, _)| passes(name));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        Self { patch: kept(&self.patch), former: kept(&self.former) }
    }

    pub(super) fn between<'a>(
        wish: impl Iterator<Item = (&'a String, &'a Value)>,
        actual: &Map<String, Value>,
        domain_id: i64,
    ) -> Self {
        let changed =
            |(name, wish): (&String, &Value)| change(name, wish, actual, domain_id).map(|value| (name.clone(), value));
        let patch: Map<String, Value> = wish.filter_map(changed).collect();
        let former = actual.iter().filter(|(name, _)| patch.contains_key(*name));
        let former = former.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { patch, former }
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Difference").field(&self.fields()).finish()
    }
}

/// The value to send for a property, if it is not as wished.
fn change(name: &str, wish: &Value, member: &Map<String, Value>, domain_id: i64) -> Option<Value> {
    let actual = member.get(name).unwrap_or(&Value::Null);
    let same = match name {
        "userName" => return object_change(wish, actual, Some(&NAME_PARTS)),
        "customProperties" => return object_change(wish, actual, None),
        "organizations" => return organizations_change(wish, member, domain_id),
        "email" | "privateEmail" => same_address(wish, actual),
        "aliasEmails" => same_entries(wish, actual, same_address),
        "userTypeId" => same_reference(wish, actual, member.get("userTypeExternalKey")),
        "searchable" => same_flag(wish, actual, true),
        "messenger" => same_messenger(wish, actual),
        "i18nNames" => {
            same_entries(wish, actual, |wish, actual| same_parts(wish, actual, &["language", "lastName", "firstName"]))
        }
        "relations" => same_entries(wish, actual, |wish, actual| {
            same_reference(&wish["relationUserId"], &actual["relationUserId"], actual.get("externalKey"))
                && same_parts(wish, actual, &["relationName"])
        }),
        _ => same_value(wish, actual),
    };
    (!same).then(|| wish.clone())
}

const NAME_PARTS: [&str; 4] = ["lastName", "firstName", "phoneticLastName", "phoneticFirstName"];

/// An object of which only the carried parts count. `writable` limits which of the other parts are repeated.
fn object_change(wish: &Value, actual: &Value, writable: Option<&[&str]>) -> Option<Value> {
    let parts = wish.as_object()?;
    if parts.iter().all(|(name, wish)| same_value(wish, &actual[name])) {
        return None;
    }
    let mut target = actual.as_object().map(without_empty).unwrap_or_default();
    target.retain(|name, _| writable.is_none_or(|writable| writable.contains(&name.as_str())));
    target.extend(parts.clone());
    Some(target.into())
}

const ORGANIZATION_PARTS: [&str; 5] = ["domainId", "primary", "email", "levelId", "orgUnits"];
const ORG_UNIT_PARTS: [&str; 6] = ["orgUnitId", "primary", "positionId", "isManager", "visible", "useTeamFeature"];

fn organizations_change(wish: &Value, member: &Map<String, Value>, domain_id: i64) -> Option<Value> {
    let wish: Vec<Value> = entries(wish).iter().map(|entry| with_domain(entry, domain_id)).collect();
    let actual = entries(member.get("organizations").unwrap_or(&Value::Null));
    let mut target: Vec<Value> = wish
        .iter()
        .map(|entry| {
            let there = actual.iter().find(|there| there["domainId"] == entry["domainId"]);
            laid_over_organization(entry, there, member)
        })
        .collect();
    let elsewhere = |there: &&Value| wish.iter().all(|entry| entry["domainId"] != there["domainId"]);
    target.extend(actual.iter().filter(elsewhere).map(|there| Value::Object(writable_organization(there, member))));
    let chosen = wish.iter().position(is_primary).or_else(|| target.iter().position(is_primary));
    mark_primary(&mut target, chosen.unwrap_or(0));
    (!unordered(&target, actual, same_organization)).then(|| target.into())
}

/// The wished entry with what it leaves open taken from the member's entry of that domain.
fn laid_over_organization(wish: &Value, there: Option<&Value>, member: &Map<String, Value>) -> Value {
    let mut target = there.map(|there| writable_organization(there, member)).unwrap_or_default();
    target.extend(wish.as_object().cloned().unwrap_or_default());
    if wish.get("orgUnits").is_some() {
        let there = there.map_or(&[][..], |there| entries(&there["orgUnits"]));
        let units = entries(&wish["orgUnits"]).iter().map(|unit| laid_over_org_unit(unit, there));
        target.insert("orgUnits".into(), units.collect());
    }
    target.into()
}

fn laid_over_org_unit(wish: &Value, there: &[Value]) -> Value {
    let unit = there.iter().find(|there| same_unit(wish, there));
    let mut target = unit.map(|unit| writable(unit, &ORG_UNIT_PARTS)).unwrap_or_default();
    target.extend(wish.as_object().cloned().unwrap_or_default());
    target.into()
}

/// What may be sent back of an organization. An address equal to the member's own is left out: LINE WORKS fills it from
/// `email`, which may be changing in the same call.
fn writable_organization(there: &Value, member: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = writable(there, &ORGANIZATION_PARTS);
    if same_address(&there["email"], member.get("email").unwrap_or(&Value::Null)) {
        kept.remove("email");
    }
    if let Some(Value::Array(units)) = kept.get_mut("orgUnits") {
        for unit in units {
            *unit = writable(unit, &ORG_UNIT_PARTS).into();
        }
    }
    kept
}

fn writable(there: &Value, parts: &[&str]) -> Map<String, Value> {
    let mut kept = there.as_object().map(without_empty).unwrap_or_default();
    kept.retain(|name, _| parts.contains(&name.as_str()));
    kept
}

fn same_organization(target: &Value, actual: &Value) -> bool {
    let units = |organization: &Value| entries(&organization["orgUnits"]).to_vec();
    target["domainId"] == actual["domainId"]
        && same_flag(&target["primary"], &actual["primary"], false)
        && (is_empty(&target["email"]) || same_address(&target["email"], &actual["email"]))
        && same_reference(&target["levelId"], &actual["levelId"], actual.get("levelExternalKey"))
        && unordered(&units(target), &units(actual), same_org_unit)
}

fn same_org_unit(target: &Value, actual: &Value) -> bool {
    same_unit(target, actual)
        && same_reference(&target["positionId"], &actual["positionId"], actual.get("positionExternalKey"))
        && same_flag(&target["primary"], &actual["primary"], false)
        && same_flag(&target["isManager"], &actual["isManager"], false)
        && same_flag(&target["visible"], &actual["visible"], true)
        && same_flag(&target["useTeamFeature"], &actual["useTeamFeature"], true)
}

fn same_unit(target: &Value, actual: &Value) -> bool {
    same_reference(&target["orgUnitId"], &actual["orgUnitId"], actual.get("orgUnitExternalKey"))
}

/// An id is the same if it is that id, or names the external key the actual object has.
fn same_reference(wish: &Value, actual: &Value, external_key: Option<&Value>) -> bool {
    let wished_key = wish.as_str().and_then(|wish| wish.strip_prefix(EXTERNAL_KEY));
    same_value(wish, actual) || (wished_key.is_some() && wished_key == external_key.and_then(Value::as_str))
}

/// A flag LINE WORKS leaves out or nulls has its default (user-create).
fn same_flag(wish: &Value, actual: &Value, default: bool) -> bool {
    wish.as_bool().unwrap_or(default) == actual.as_bool().unwrap_or(default)
}

fn same_address(wish: &Value, actual: &Value) -> bool {
    match (wish.as_str(), actual.as_str()) {
        (Some(wish), Some(actual)) => wish.to_lowercase() == actual.to_lowercase(),
        _ => same_value(wish, actual),
    }
}

/// LINE WORKS renames the protocol TWITTER to X during 2026, at different times for answers and for requests.
fn same_messenger(wish: &Value, actual: &Value) -> bool {
    let protocol = |messenger: &Value| match messenger["protocol"].as_str() {
        Some("TWITTER") => Value::from("X"),
        _ => messenger["protocol"].clone(),
    };
    same_value(&protocol(wish), &protocol(actual)) && same_parts(wish, actual, &["customProtocol", "messengerId"])
}

fn same_parts(wish: &Value, actual: &Value, parts: &[&str]) -> bool {
    parts.iter().all(|part| same_value(&wish[*part], &actual[*part]))
}

/// Equal but for what is empty, and for the order of lists.
fn same_value(wish: &Value, actual: &Value) -> bool {
    match (wish, actual) {
        _ if is_empty(wish) || is_empty(actual) => is_empty(wish) && is_empty(actual),
        (Value::Array(wish), Value::Array(actual)) => unordered(wish, actual, same_value),
        (Value::Object(a), Value::Object(b)) => {
            a.keys().chain(b.keys()).all(|name| same_value(&wish[name], &actual[name]))
        }
        _ => wish == actual,
    }
}

fn same_entries(wish: &Value, actual: &Value, same: impl Fn(&Value, &Value) -> bool) -> bool {
    unordered(entries(wish), entries(actual), same)
}

/// Whether each entry of one list has its own counterpart in the other.
fn unordered(wish: &[Value], actual: &[Value], same: impl Fn(&Value, &Value) -> bool) -> bool {
    let mut left: Vec<&Value> = actual.iter().collect();
    let all_found = wish.iter().all(|wish| {
        let found = left.iter().position(|actual| same(wish, actual));
        found.map(|index| left.swap_remove(index)).is_some()
    });
    all_found && left.is_empty()
}

fn entries(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// LINE WORKS answers a property without a value as null, `""` or `[]`; they mean the same.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(parts) => parts.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The object without its empty parts, at any depth.
pub(super) fn without_empty(object: &Map<String, Value>) -> Map<String, Value> {
    let kept = object.iter().filter(|(_, value)| !is_empty(value));
    kept.map(|(name, value)| (name.clone(), pruned(value))).collect()
}

fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(object) => without_empty(object).into(),
        Value::Array(entries) => entries.iter().map(pruned).collect(),
        _ => value.clone(),
    }
}
