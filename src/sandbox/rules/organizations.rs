//! Where a member belongs: organisations, org units, levels, positions.
//!
//! Exactly one entry is primary, the first if none says so. References must be known, unless the switch is on. The
//! nested `userExternalKey` is ignored, as the vendor's pages say.

use serde_json::{Map, Value, json};

use super::objects::{array, boolean, domain_id, object};
use super::{Context, Problem, text};
use crate::sandbox::placement::PlacementKind;

/// The most org units in one organisation.
const MOST_ORG_UNITS: usize = 30;

/// What the server fills in when a member has no organisation (field report).
pub(super) fn default_entry(domain_id: i64) -> Value {
    json!({ "domainId": domain_id, "primary": true, "email": null, "levelId": null, "orgUnits": [] })
}

/// Checks `organizations` and fills its defaults.
pub(super) fn check(value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    let mut checked = Vec::new();
    for (index, entry) in array("organizations", value, usize::MAX)?.iter().enumerate() {
        checked.push(organization(&format!("organizations[{index}]"), entry, context)?);
    }
    one_primary("organizations", &mut checked)?;
    Ok(Value::Array(checked))
}

fn organization(path: &str, entry: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    let entry = object(path, entry)?;
    let Some(id) = entry.get("domainId") else {
        return Err(Problem::missing(&format!("{path}.domainId")));
    };
    let mut checked = Map::new();
    checked.insert("domainId".into(), domain_id(&format!("{path}.domainId"), id, context)?);
    checked.insert("primary".into(), flag(path, entry, "primary", false)?);
    let email = match entry.get("email").filter(|email| !email.is_null()) {
        None => Value::Null,
        Some(email) => text::login(&format!("{path}.email"), email, context)?,
    };
    checked.insert("email".into(), email);
    let domain = id.as_i64().unwrap_or_default();
    let level = entry.get("levelId").unwrap_or(&Value::Null);
    let level = reference(&format!("{path}.levelId"), level, PlacementKind::Level, domain, context)?;
    checked.insert("levelId".into(), level);
    let mut units = Vec::new();
    if let Some(given) = entry.get("orgUnits").filter(|units| !units.is_null()) {
        let path = format!("{path}.orgUnits");
        for (index, unit) in array(&path, given, MOST_ORG_UNITS)?.iter().enumerate() {
            units.push(org_unit(&format!("{path}[{index}]"), unit, domain, context)?);
        }
        one_primary(&path, &mut units)?;
    }
    checked.insert("orgUnits".into(), Value::Array(units));
    Ok(Value::Object(checked))
}

fn org_unit(path: &str, unit: &Value, domain: i64, context: &Context<'_>) -> Result<Value, Problem> {
    let unit = object(path, unit)?;
    let Some(id) = unit.get("orgUnitId").filter(|id| !id.is_null()) else {
        return Err(Problem::missing(&format!("{path}.orgUnitId")));
    };
    let position = unit.get("positionId").unwrap_or(&Value::Null);
    Ok(json!({
        "orgUnitId": reference(&format!("{path}.orgUnitId"), id, PlacementKind::OrgUnit, domain, context)?,
        "primary": flag(path, unit, "primary", false)?,
        "positionId": reference(&format!("{path}.positionId"), position, PlacementKind::Position, domain, context)?,
        "isManager": flag(path, unit, "isManager", false)?,
        "visible": flag(path, unit, "visible", true)?,
        "useTeamFeature": flag(path, unit, "useTeamFeature", true)?,
    }))
}

fn flag(path: &str, entry: &Map<String, Value>, name: &str, default: bool) -> Result<Value, Problem> {
    match entry.get(name) {
        None => Ok(json!(default)),
        Some(value) => boolean(&format!("{path}.{name}"), value),
    }
}

/// "Exactly one true; if none, the first" (vendor's user-create page).
fn one_primary(path: &str, entries: &mut [Value]) -> Result<(), Problem> {
    let primaries = entries.iter().filter(|entry| entry["primary"] == true).count();
    if primaries > 1 {
        return Err(Problem::invalid(&format!("{path}.primary"), "Only one may be primary."));
    }
    if primaries == 0
        && let Some(first) = entries.first_mut()
    {
        first["primary"] = json!(true);
    }
    Ok(())
}

/// A known id or `externalKey:…` of something in this domain, or null; answers with the id.
pub(super) fn reference(
    property: &str,
    value: &Value,
    kind: PlacementKind,
    domain_id: i64,
    context: &Context<'_>,
) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = text::string(property, value)?;
    if let Some(off) = context.switches.off(kind) {
        return Err(Problem::off(property, off));
    }
    match context.placement.find(kind, text) {
        Some(place) if !place.is_in(domain_id, context.domain_id) => {
            Err(Problem::invalid(property, "It is not in this domain."))
        }
        Some(place) => Ok(json!(place.id)),
        None if context.switches.accept_unknown_placement => Ok(value.clone()),
        None => Err(Problem::invalid(property, "It does not exist.")),
    }
}
