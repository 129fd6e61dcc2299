//! Org units: `/orgunits` (vendor's orgunit pages).
//!
//! Names are not unique and cannot be searched for. A unit hangs below another one of its domain, nine deep at most.
//! Members are not added here: that they belong to a unit is a property of theirs.

use serde_json::{Map, Value, json};

use super::route::{Request, UnitTask};
use super::{Stop, keys, missing, reference, refuse_key, remove, taken};
use crate::sandbox::call::Call;
use crate::sandbox::paging;
use crate::sandbox::placement::{DEEPEST, Place, PlacementKind};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::rules::text::{self, Chars, TextRule};
use crate::sandbox::rules::{Context, Problem, Purpose, objects};
use crate::sandbox::switches::Leniency;
use crate::sandbox::users;
use crate::sandbox::world::World;

const KIND: PlacementKind = PlacementKind::OrgUnit;
const NAME: TextRule = TextRule::new("orgUnitName", 1, 100, Chars::Unit);
const KEY: TextRule = TextRule::new("orgUnitExternalKey", 1, 100, Chars::ExternalKey);
const DESCRIPTION: TextRule = TextRule::new("description", 0, 160, Chars::Any);

/// What a unit can do, all off unless asked for.
const FEATURES: [&str; 7] = [
    "canReceiveExternalMail",
    "useMessage",
    "useNote",
    "useCalendar",
    "useTask",
    "useFolder",
    "useServiceNotification",
];

pub(super) fn perform(world: &mut World, call: &Call, task: UnitTask, name: &str) -> Result<Reply, Stop> {
    match task {
        UnitTask::List => list(world, call),
        UnitTask::Create => create(world, call),
        UnitTask::SetKeys => keys::set_places(world, call, KIND, "orgUnits"),
        UnitTask::ListKeys => keys::list_units(world, call),
        UnitTask::Get => Ok(Reply::json(200, show(world, find(world, name)?))),
        UnitTask::Put => write(world, call, name, Purpose::Replace),
        UnitTask::Patch => write(world, call, name, Purpose::Patch),
        UnitTask::Delete => delete(world, name),
        UnitTask::Move => relocate(world, call, name),
        UnitTask::Members => members(world, call, name),
    }
}

/// The domain whose units a write concerns.
pub(crate) fn domain_of(world: &World, call: &Call, request: &Request) -> i64 {
    let unit = world.placement.find(KIND, request.name()).and_then(|unit| unit.domain_id);
    let given = call.json_object().ok().and_then(|body| body.get("domainId").and_then(Value::as_i64));
    unit.or(given).unwrap_or(world.domain_id)
}

fn find<'w>(world: &'w World, name: &str) -> Result<&'w Place, Refusal> {
    world.placement.find(KIND, name).ok_or_else(|| missing("Org unit"))
}

/// The unit as an answer has it: every property, also those without a value.
fn show(world: &World, unit: &Place) -> Value {
    let parent = unit.parent_id.as_ref().and_then(|parent| world.placement.find(KIND, parent));
    let mut shown = json!({
        "orgUnitId": unit.id, "domainId": unit.domain_id.unwrap_or(world.domain_id),
        "orgUnitExternalKey": unit.external_key, "orgUnitName": unit.name, "i18nNames": [],
        "email": null, "description": null, "visible": true, "aliasEmails": [],
        "parentOrgUnitId": unit.parent_id, "parentExternalKey": parent.and_then(|parent| parent.external_key.clone()),
        "displayOrder": unit.display_order,
    });
    for feature in FEATURES {
        shown[feature] = json!(false);
    }
    for (name, value) in &unit.properties {
        shown[name] = value.clone();
    }
    shown
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let domain_id = world.asked_domain(&call.query()?)?;
    let units = world.placement.of(KIND).filter(|unit| unit.is_in(domain_id, world.domain_id));
    let units = units.map(|unit| show(world, unit)).collect();
    Ok(paging::page(world, call, "orgUnits", units)?)
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    let unit = Place::new(KIND, world.domain_id);
    let unit = set(world, unit, &body, Purpose::Create)?;
    let shown = show(world, &unit);
    world.placement.add(unit);
    Ok(Reply::json(201, shown))
}

fn write(world: &mut World, call: &Call, name: &str, purpose: Purpose) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    let mut unit = find(world, name)?.clone();
    if purpose == Purpose::Replace {
        // Whatever is left out goes to its default.
        unit = Place { id: unit.id.clone(), ..Place::new(KIND, domain(world, &unit)) };
    }
    let unit = set(world, unit, &body, purpose)?;
    let shown = show(world, &unit);
    world.placement.add(unit);
    Ok(Reply::json(200, shown))
}

fn domain(world: &World, unit: &Place) -> i64 {
    unit.domain_id.unwrap_or(world.domain_id)
}

/// The unit with what a body sets, checked against the rules and the other units.
fn set(world: &World, mut unit: Place, body: &Map<String, Value>, purpose: Purpose) -> Result<Place, Stop> {
    require(body, purpose)?;
    let context = users::context(world, world.domain_id);
    if let Some(given) = body.get("domainId") {
        objects::domain_id("domainId", given, &context)?;
        if purpose == Purpose::Create {
            unit.domain_id = given.as_i64();
        } else if given.as_i64() != Some(domain(world, &unit)) {
            return Err(Problem::invalid("domainId", "An org unit stays in its domain.").into());
        }
    }
    for (name, value) in body {
        property(&mut unit, name, value, &context)?;
    }
    if let Some(parent) = body.get("parentOrgUnitId") {
        unit.parent_id = parent_id(world, &unit, parent)?;
    }
    refuse_key(world, "orgUnitExternalKey", &unit)?;
    refuse_email(world, &unit)?;
    Ok(unit)
}

/// "email" can be left out on creation only (vendor's orgunit-create and orgunit-update pages).
fn require(body: &Map<String, Value>, purpose: Purpose) -> Result<(), Problem> {
    let mut needed = vec!["domainId", "orgUnitName", "displayOrder"];
    if purpose != Purpose::Create {
        needed.push("email");
    }
    for name in needed {
        let value = body.get(name);
        let cleared = value.is_some_and(Value::is_null);
        if cleared || (purpose != Purpose::Patch && value.is_none()) {
            return Err(Problem::missing(name));
        }
    }
    Ok(())
}

fn property(unit: &mut Place, name: &str, value: &Value, context: &Context<'_>) -> Result<(), Problem> {
    let checked = match name {
        "orgUnitName" => {
            unit.name = text::required(name, value, &NAME)?.as_str().map(str::to_owned);
            text::no_prohibited_word(name, value.as_str().unwrap_or_default(), context)?;
            return Ok(());
        }
        "orgUnitExternalKey" => {
            unit.external_key = text::optional(name, value, &KEY)?.as_str().map(str::to_owned);
            return Ok(());
        }
        "displayOrder" => {
            unit.display_order = display_order(value)?;
            return Ok(());
        }
        "email" if value.is_null() => Value::Null,
        "email" => text::address(name, value, 64, context)?,
        "description" => text::optional(name, value, &DESCRIPTION)?,
        "aliasEmails" => {
            for alias in objects::array(name, value, 20)? {
                text::address(name, alias, 64, context)?;
            }
            value.clone()
        }
        "visible" => objects::boolean(name, value)?,
        _ if FEATURES.contains(&name) => objects::boolean(name, value)?,
        _ => return Ok(()),
    };
    unit.properties.insert(name.to_owned(), checked);
    Ok(())
}

/// 1 or more (vendor's orgunit-create page).
fn display_order(value: &Value) -> Result<i64, Problem> {
    let order = value.as_i64().filter(|order| (1..=i64::from(i32::MAX)).contains(order));
    order.ok_or_else(|| Problem::invalid("displayOrder", "It must be a number from 1 on."))
}

/// The id of a unit to hang below: one of the same domain, not below the unit itself, and not too deep.
fn parent_id(world: &World, unit: &Place, given: &Value) -> Result<Option<String>, Stop> {
    const PROPERTY: &str = "parentOrgUnitId";
    if given.is_null() {
        return Ok(None);
    }
    let Some(parent) = world.placement.find(KIND, text::string(PROPERTY, given)?) else {
        return Err(Problem::invalid(PROPERTY, "It does not exist.").into());
    };
    if !parent.is_in(domain(world, unit), world.domain_id) {
        return Err(Problem::invalid(PROPERTY, "It is not in this domain.").into());
    }
    let line = world.placement.line(&parent.id);
    if line.contains(&unit.id.as_str()) {
        return Err(Problem::invalid(PROPERTY, "It is below the org unit itself.").into());
    }
    if line.len() + world.placement.height(&unit.id) > DEEPEST {
        let text = format!("Org units can be {DEEPEST} deep.");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", text).into());
    }
    Ok(Some(parent.id.clone()))
}

/// An address belongs to one member or unit only.
fn refuse_email(world: &World, unit: &Place) -> Result<(), Refusal> {
    let email = unit.more("email");
    let Some(email) = email.as_str() else {
        return Ok(());
    };
    let units = world.placement.of(KIND).filter(|other| other.id != unit.id).any(|other| other.more("email") == email);
    let members =
        world.members.all().iter().any(|member| member.email() == email || member.aliases().any(|a| a == email));
    if units || members { Err(taken("email", email)) } else { Ok(()) }
}

/// A unit with units below it, or with members, is deleted with them in it only if the switch says so.
fn delete(world: &mut World, name: &str) -> Result<Reply, Stop> {
    let id = find(world, name)?.id.clone();
    let branch = world.placement.branch(&id);
    let property = reference(KIND);
    let inside = |unit: &String| world.members.all().iter().any(|member| member.refers_to(property, unit));
    if world.switches.delete_in_use == Leniency::Refuse
        && (world.placement.children(&id).next().is_some() || branch.iter().any(inside))
    {
        return Err(Refusal::bad_request("The org unit has members or org units below it.").into());
    }
    for unit in branch {
        remove(world, KIND, &unit)?;
    }
    Ok(Reply::empty(204))
}

fn relocate(world: &mut World, call: &Call, name: &str) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    let mut unit = find(world, name)?.clone();
    let (Some(parent), Some(order)) = (body.get("parentOrgUnitId"), body.get("displayOrder")) else {
        let missing = if body.contains_key("displayOrder") { "parentOrgUnitId" } else { "displayOrder" };
        return Err(Problem::missing(missing).into());
    };
    unit.display_order = display_order(order)?;
    unit.parent_id = parent_id(world, &unit, parent)?;
    let shown = show(world, &unit);
    world.placement.add(unit);
    Ok(Reply::json(200, shown))
}

fn members(world: &mut World, call: &Call, name: &str) -> Result<Reply, Stop> {
    let id = find(world, name)?.id.clone();
    let mut members = Vec::new();
    for member in world.members.all().iter().filter(|member| member.deleted_at.is_none()) {
        members.extend(member.org_units().filter(|unit| unit["orgUnitId"] == id.as_str()).map(|unit| {
            json!({
                "userId": member.user_id, "userExternalKey": member.external_key(), "isManager": unit["isManager"],
                "visible": unit["visible"], "useTeamFeature": unit["useTeamFeature"],
            })
        }));
    }
    Ok(paging::page(world, call, "members", members)?)
}
