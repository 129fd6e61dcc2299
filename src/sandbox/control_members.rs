//! Members by hand, as an administrator would see and change them in the console: `/_sandbox/members`.
//!
//! The rules of the API do not apply here, so that any state can be set up; only e-mails and external keys stay unique.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::control::{ControlError, body};
use super::member::Member;
use super::reply::Reply;
use super::route::{Lookup, decode};
use super::rules;
use super::world::World;

/// All members that exist, also those in grace.
pub(crate) fn all(world: &World) -> Value {
    let members: Vec<Value> = world.members.all().iter().map(|member| show(world, member)).collect();
    Value::Array(members)
}

/// Adds one member; what is left out gets a default.
pub(crate) fn seed(world: &mut World, call: &Call) -> Result<Reply, ControlError> {
    let mut given: Map<String, Value> = body(call)?;
    let Some(email) = given.get("email").and_then(Value::as_str).map(str::to_owned) else {
        return Err(ControlError::new(400, "a member needs an email"));
    };
    if !given.contains_key("userName") {
        let name = email.split('@').next().unwrap_or_default();
        given.insert("userName".to_owned(), json!({ "lastName": name, "firstName": null }));
    }
    let named = email.split_once('@').and_then(|(_, host)| world.domains.iter().find(|domain| domain.name == host));
    let domain_id = given.get("domainId").and_then(Value::as_i64).or(named.map(|domain| domain.id));
    let properties = rules::complete(Map::new(), domain_id.unwrap_or(world.domain_id));
    refuse_taken(world, &given, None)?;
    let user_id = world.members.add(properties, world.clock.now()).user_id.clone();
    change(world, &user_id, &given);
    Ok(Reply::json(201, show_id(world, &user_id)))
}

/// `GET`, `PATCH` or `DELETE` of one member, named by id, e-mail or `externalKey:…`.
pub(crate) fn one(world: &mut World, call: &Call, raw: &str) -> Result<Reply, ControlError> {
    let (text, _) = decode(raw);
    let user_id = world
        .members
        .find(&Lookup::parse(&text))
        .map(|member| member.user_id.clone())
        .ok_or_else(|| ControlError::new(404, format!("there is no member '{text}'")))?;
    match call.method.as_str() {
        "GET" => {}
        "PATCH" => {
            let given = body(call)?;
            refuse_taken(world, &given, Some(&user_id))?;
            change(world, &user_id, &given);
        }
        "DELETE" => {
            world.members.remove(&user_id);
            return Ok(Reply::json(200, json!({})));
        }
        other => {
            let text = format!("a member has GET, PATCH and DELETE, but no {other}");
            return Err(ControlError::new(405, text));
        }
    }
    Ok(Reply::json(200, show_id(world, &user_id)))
}

fn refuse_taken(world: &World, given: &Map<String, Value>, except: Option<&str>) -> Result<(), ControlError> {
    match world.members.taken(given, except) {
        Some(name) => Err(ControlError::new(409, format!("another member has this {name}"))),
        None => Ok(()),
    }
}

/// Sets properties and state flags as given; what a member does not have is ignored.
fn change(world: &mut World, user_id: &str, given: &Map<String, Value>) {
    let now = world.clock.now();
    let lookup = Lookup::Id(user_id.to_owned());
    let Some(member) = world.members.find_mut(&lookup) else {
        return;
    };
    for (name, value) in given {
        let on = value.as_bool().unwrap_or(false);
        match name.as_str() {
            "isAdministrator" => member.administrator = on,
            "isPending" => {
                member.pending = on;
                member.invited_at = on.then_some(now);
            }
            "isSuspended" => {
                member.suspended = on;
                member.suspended_reason = on.then(|| "MASTER".to_owned());
            }
            "isDeleted" => {
                member.deleted_at = on.then_some(now);
                member.talk_data_lost |= on;
            }
            "scimExternalId" => member.scim_external_id = value.as_str().map(str::to_owned),
            "leaveOfAbsence" => merge(&mut member.leave_of_absence, value),
            _ => {
                if let Some(property) = member.properties.get_mut(name) {
                    merge(property, value);
                }
            }
        }
    }
    // After the loop, because isSuspended sets a reason too and comes earlier in the alphabet.
    if let Some(Value::String(reason)) = given.get("suspendedReason") {
        member.suspended_reason = Some(reason.clone());
    }
    member.touch(now);
}

/// Objects keep the keys that are not given; everything else is replaced.
fn merge(old: &mut Value, new: &Value) {
    match (old.as_object_mut(), new) {
        (Some(old), Value::Object(new)) => old.extend(new.clone()),
        _ => *old = new.clone(),
    }
}

fn show_id(world: &World, user_id: &str) -> Value {
    world.members.find(&Lookup::Id(user_id.to_owned())).map_or(Value::Null, |member| show(world, member))
}

/// The user object of the API with what only the sandbox knows.
fn show(world: &World, member: &Member) -> Value {
    let mut user = member.to_json(&world.view());
    user["_pendingExpired"] = json!(member.is_expired(world.clock.now()));
    user["_talkDataLost"] = json!(member.talk_data_lost);
    user["_createdCount"] = json!(world.records.created_count(member.email()));
    user["scimExternalId"] = json!(member.scim_external_id);
    user["_revision"] = json!(member.revision);
    user
}
