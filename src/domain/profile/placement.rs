//! Where a member sits: the `organizations` of a wish, with their org units.
//!
//! An organization is the member's place in one domain of the tenant. Which domain an entry means, and which entry is the
//! primary one, may be left open in a wish and is completed when it meets the configuration and the member (`differ`).

use std::fmt;

use serde_json::{Map, Value};

use super::{
    email::LoginEmail,
    reader::{self, Faults, Property, Shape, boolean, list, nullable, required},
    refusal,
    text::{self, Text},
};
use crate::domain::reference::Reference;

/// What kind of place a reference in a profile is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlaceKind {
    /// `organizations[].orgUnits[].orgUnitId`
    OrgUnit,
    /// `organizations[].levelId`
    Level,
    /// `organizations[].orgUnits[].positionId`
    Position,
    /// `userTypeId`
    UserType,
}

/// As a sentence has it.
impl fmt::Display for PlaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PlaceKind::OrgUnit => "org unit",
            PlaceKind::Level => "level",
            PlaceKind::Position => "position",
            PlaceKind::UserType => "user type",
        })
    }
}

/// A place that a profile gives by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedPlace {
    /// What it is.
    pub kind: PlaceKind,
    /// The domain of the tenant it is in.
    pub domain_id: i64,
    /// Its name.
    pub name: String,
}

/// An id of LINE WORKS or `externalKey:…`; the documents give no length for it.
pub(super) const REFERENCE: Text = Text::shaped(text::reference);
/// The same, or `name:…`.
pub(super) const PLACE: Text = Text::shaped(text::place);

/// LINE WORKS Directory API, user-create, `organizations[].orgUnits`: 0 to 30.
const MAX_ORG_UNITS: usize = 30;

pub(super) static ORGANIZATION: Shape = Shape {
    properties: &[
        Property::optional("domainId", domain_id),
        Property::optional("primary", boolean),
        Property::optional("email", |v, at, f| login_email(v, at, f).filter(|read| !read.is_null())),
        Property::optional("levelId", |v, at, f| nullable(v, at, f, &PLACE)),
        Property::optional("orgUnits", org_units),
    ],
    refused: &[
        ("userExternalKey", refusal::CONFIGURED.of("lineworks.external_key")),
        ("levelName", refusal::BY_NAME.of("levelId")),
        ("levelExternalKey", refusal::BY_EXTERNAL_KEY.of("levelId")),
        ("executive", refusal::READ_ONLY.of("")),
        ("organizationName", refusal::READ_ONLY.of("")),
    ],
    synonyms: &[],
};

pub(super) static ORG_UNIT: Shape = Shape {
    properties: &[
        Property::required("orgUnitId", |v, at, f| required(v, at, f, &PLACE)),
        Property::optional("primary", boolean),
        Property::optional("positionId", |v, at, f| nullable(v, at, f, &PLACE)),
        Property::optional("isManager", boolean),
        Property::optional("visible", boolean),
        Property::optional("useTeamFeature", boolean),
    ],
    refused: &[
        ("orgUnitName", refusal::BY_NAME.of("orgUnitId")),
        ("orgUnitExternalKey", refusal::BY_EXTERNAL_KEY.of("orgUnitId")),
        ("orgUnitEmail", refusal::READ_ONLY.of("")),
        ("positionName", refusal::BY_NAME.of("positionId")),
        ("positionExternalKey", refusal::BY_EXTERNAL_KEY.of("positionId")),
    ],
    synonyms: &[],
};

/// Reads `organizations`. A member cannot be without one, so null and the empty list mean "not managed".
pub(super) fn organizations(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let mut entries = list(value, at, faults, usize::MAX, organization)?;
    if entries.is_empty() {
        return None;
    }
    reader::refuse_duplicates(&entries, "domainId", at, faults);
    if value.as_array().is_some_and(|sent| sent.len() > 1) {
        refuse_unnamed_domains(value, at, faults);
    }
    settle_carried_primary(&mut entries, at, faults);
    Some(entries.into())
}

fn organization(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    ORGANIZATION.read(value, at, faults).map(Value::Object)
}

/// One entry alone means the configured domain; several must say which domain each is for.
fn refuse_unnamed_domains(sent: &Value, at: &str, faults: &mut Faults) {
    for (index, entry) in sent.as_array().into_iter().flatten().enumerate() {
        if entry.is_object() && entry.get("domainId").is_none_or(Value::is_null) {
            faults.add(&format!("{at}[{index}].domainId"), refusal::MISSING_DOMAIN_ID);
        }
    }
}

/// Either one entry is said to be the primary one, and the others then are not, or nothing is said about it.
fn settle_carried_primary(entries: &mut [Value], at: &str, faults: &mut Faults) {
    let chosen = the_one_primary(entries, at, faults);
    match chosen {
        Some(chosen) => mark_primary(entries, chosen),
        None => entries.iter_mut().filter_map(Value::as_object_mut).for_each(|entry| {
            entry.remove("primary");
        }),
    }
}

/// LINE WORKS takes exactly one primary org unit and makes the first one it when none is said to be (user-create).
fn org_units(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let mut units = list(value, at, faults, MAX_ORG_UNITS, |value, at, faults| {
        ORG_UNIT.read(value, at, faults).map(Value::Object)
    })?;
    reader::refuse_duplicates(&units, "orgUnitId", at, faults);
    let chosen = the_one_primary(&units, at, faults).unwrap_or(0);
    mark_primary(&mut units, chosen);
    Some(units.into())
}

fn the_one_primary(entries: &[Value], at: &str, faults: &mut Faults) -> Option<usize> {
    let mut primaries = entries.iter().enumerate().filter(|(_, entry)| is_primary(entry));
    let chosen = primaries.next().map(|(index, _)| index);
    if primaries.next().is_some() {
        faults.add(at, refusal::TWO_PRIMARIES);
    }
    chosen
}

pub(super) fn is_primary(entry: &Value) -> bool {
    entry.get("primary") == Some(&Value::Bool(true))
}

/// Makes one entry the primary one and the others not.
pub(super) fn mark_primary(entries: &mut [Value], chosen: usize) {
    for (index, entry) in entries.iter_mut().enumerate() {
        if let Value::Object(entry) = entry {
            entry.insert("primary".into(), (index == chosen).into());
        }
    }
}

/// The organizations as LINE WORKS takes them at create: every entry has a domain, and exactly one is primary.
pub(super) fn completed(wish: &[Value], domain_id: i64) -> Vec<Value> {
    let mut entries: Vec<Value> = wish.iter().map(|entry| with_domain(entry, domain_id)).collect();
    let chosen = entries.iter().position(is_primary).unwrap_or(0);
    mark_primary(&mut entries, chosen);
    entries
}

/// The entry with its domain, which is the configured one unless said.
pub(super) fn with_domain(entry: &Value, domain_id: i64) -> Value {
    let mut entry: Map<String, Value> = entry.as_object().cloned().unwrap_or_default();
    entry.entry("domainId").or_insert_with(|| domain_id.into());
    entry.into()
}

/// LINE WORKS Directory API, user-create, `domainId`: a 32-bit integer. Null means "not said".
fn domain_id(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    match value {
        Value::Null => return None,
        Value::Number(number) => match number.as_i64() {
            Some(1..=0x7FFF_FFFF) => return Some(value.clone()),
            _ => faults.add(at, refusal::DOMAIN_ID_RANGE),
        },
        _ => faults.add(at, refusal::WRONG_TYPE.with("integer")),
    }
    None
}

/// A login address in its canonical form, or null.
pub(super) fn login_email(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let text = reader::nullable(value, at, faults, &Text::shaped(text::anything))?;
    let Value::String(text) = text else {
        return Some(Value::Null);
    };
    match LoginEmail::parse(&text) {
        Ok(email) => Some(email.as_str().into()),
        Err(refusal) => {
            faults.add(at, refusal);
            None
        }
    }
}

/// Every place named by its name, each once, the org units last.
pub(super) fn named(properties: &Map<String, Value>, domain_id: i64) -> Vec<NamedPlace> {
    let mut found: Vec<NamedPlace> = Vec::new();
    visit(&mut properties.clone(), domain_id, &mut |place| {
        if !found.contains(&place) {
            found.push(place);
        }
        None
    });
    // Org units last: none is made for a profile whose other names mean nothing.
    found.sort_by_key(|place| place.kind == PlaceKind::OrgUnit);
    found
}

/// The properties with an id for each name that has one.
pub(super) fn with_ids(
    properties: &Map<String, Value>,
    domain_id: i64,
    id_of: impl Fn(&NamedPlace) -> Option<String>,
) -> Map<String, Value> {
    let mut properties = properties.clone();
    visit(&mut properties, domain_id, &mut |place| id_of(&place));
    properties
}

/// Shows every name to `id_of` and puts what it answers in its place.
fn visit(properties: &mut Map<String, Value>, domain_id: i64, id_of: &mut dyn FnMut(NamedPlace) -> Option<String>) {
    replace(properties.get_mut("userTypeId"), PlaceKind::UserType, domain_id, id_of);
    for entry in properties.get_mut("organizations").and_then(Value::as_array_mut).into_iter().flatten() {
        let domain_id = entry.get("domainId").and_then(Value::as_i64).unwrap_or(domain_id);
        replace(entry.get_mut("levelId"), PlaceKind::Level, domain_id, id_of);
        for unit in entry.get_mut("orgUnits").and_then(Value::as_array_mut).into_iter().flatten() {
            replace(unit.get_mut("orgUnitId"), PlaceKind::OrgUnit, domain_id, id_of);
            replace(unit.get_mut("positionId"), PlaceKind::Position, domain_id, id_of);
        }
    }
}

fn replace(
    value: Option<&mut Value>,
    kind: PlaceKind,
    domain_id: i64,
    id_of: &mut dyn FnMut(NamedPlace) -> Option<String>,
) {
    let Some(value) = value else { return };
    if let Some(Reference::Name(name)) = value.as_str().map(Reference::parse)
        && let Some(id) = id_of(NamedPlace { kind, domain_id, name })
    {
        *value = id.into();
    }
}
