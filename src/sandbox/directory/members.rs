//! The members' lesser calls: external keys in bulk, move, leave of absence, further addresses, log-out.
//!
//! Follows the vendor's user pages of those names; the statuses of the answers are not recorded for all of them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::route::{MemberTask, Request};
use super::{Stop, keys, missing};
use crate::sandbox::call::Call;
use crate::sandbox::groups::GroupMemberKind;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::route::Lookup;
use crate::sandbox::rules::{self, Problem, Purpose, objects, text};
use crate::sandbox::switches::Plan;
use crate::sandbox::user_states::administrator;
use crate::sandbox::users::{self, existing};
use crate::sandbox::world::World;

/// The most further addresses (vendor's user-create page).
const MOST_ALIASES: usize = 10;

pub(super) fn perform(world: &mut World, call: &Call, task: MemberTask, request: &Request) -> Result<Reply, Stop> {
    let lookup = Lookup::parse(request.name());
    let reply = match task {
        MemberTask::SetKeys => return keys::set_members(world, call),
        MemberTask::ListKeys => return keys::list_members(world, call),
        MemberTask::Move => relocate(world, call, &lookup)?,
        MemberTask::SetLeave => set_leave(world, call, &lookup)?,
        MemberTask::ClearLeave => clear_leave(world, &lookup)?,
        MemberTask::AddAlias => add_alias(world, &lookup, request.second())?,
        MemberTask::RemoveAlias => remove_alias(world, &lookup, request.second())?,
        // What it answers is not recorded.
        MemberTask::ForceLogout => Reply::empty(200).about(existing(world, &lookup)?.tag()),
    };
    users::count_write(world, &reply);
    Ok(reply)
}

/// Takes a member to other organisations, also in another domain (vendor's user-move page). Custom fields are dropped; an
/// old address stays as a further one; the groups are left unless `preserveGroup` says otherwise.
fn relocate(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Stop> {
    let mut body = call.json_object()?;
    let status = world.switches.administrator_refusal;
    let member = existing(world, lookup)?;
    if member.administrator {
        return Err(administrator(status, "An administrator cannot be moved.").into());
    }
    let (user_id, old) = (member.user_id.clone(), member.properties.clone());
    let (domain_id, key) = destination(&body)?;
    if let Some(key) = key {
        body.insert("userExternalKey".to_owned(), key);
    }
    let mut properties = old.clone();
    properties.extend(users::checked(world, call, &body, Purpose::Patch, domain_id)?);
    properties.insert("domainId".to_owned(), json!(domain_id));
    properties.insert("customFields".to_owned(), json!([]));
    if properties["email"] != old["email"]
        && let Some(aliases) = properties.get_mut("aliasEmails").and_then(Value::as_array_mut)
        && aliases.len() < MOST_ALIASES
    {
        aliases.push(old["email"].clone());
    }
    let properties = rules::complete(properties, domain_id);
    users::fits_domain(world, &properties)?;
    users::refuse_taken(world, &properties, Some(&user_id))?;
    if body.get("preserveGroup") != Some(&Value::Bool(true)) {
        world.groups.leave_all(GroupMemberKind::User, &user_id);
    }
    Ok(users::update(world, user_id, properties))
}

/// The domain of the primary organisation, and the external key: that of the root, else of the primary organisation,
/// else of the first one.
fn destination(body: &Map<String, Value>) -> Result<(i64, Option<Value>), Problem> {
    let Some(given) = body.get("organizations") else {
        return Err(Problem::missing("organizations"));
    };
    let organizations = objects::array("organizations", given, usize::MAX)?;
    let Some(first) = organizations.first() else {
        return Err(Problem::missing("organizations"));
    };
    let primary = organizations.iter().find(|entry| entry["primary"] == true).unwrap_or(first);
    let Some(domain_id) = primary["domainId"].as_i64() else {
        return Err(Problem::missing("organizations[0].domainId"));
    };
    if body.get("domainId").is_some_and(|given| given.as_i64() != Some(domain_id)) {
        return Err(Problem::invalid("domainId", "It is not the domain of the primary organization."));
    }
    let root = body.get("userExternalKey").unwrap_or(&Value::Null);
    let key = [root, &primary["userExternalKey"], &first["userExternalKey"]].into_iter().find(|key| !key.is_null());
    Ok((domain_id, key.cloned()))
}

fn moment(name: &str, value: &Value) -> Result<Option<Timestamp>, Problem> {
    if value.is_null() {
        return Ok(None);
    }
    let parsed = text::string(name, value)?.parse();
    parsed.map(Some).map_err(|_| Problem::invalid(name, "It must be YYYY-MM-DDThh:mm:ssTZD."))
}

fn set_leave(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Stop> {
    let body = if call.body.is_empty() { Map::new() } else { call.json_object()? };
    let given = |name: &str| body.get(name).cloned().unwrap_or_default();
    let (start, end) = (moment("startTime", &given("startTime"))?, moment("endTime", &given("endTime"))?);
    let start = start.unwrap_or(world.clock.now());
    if end.is_some_and(|end| end <= start) {
        return Err(Problem::invalid("endTime", "It must be after startTime.").into());
    }
    let now = world.clock.now();
    let member = existing(world, lookup)?;
    let start = if given("startTime").is_null() { json!(start) } else { given("startTime") };
    member.leave_of_absence = json!({ "startTime": start, "endTime": given("endTime"), "isLeaveOfAbsence": true });
    member.touch(now);
    Ok(Reply::empty(204).about(member.tag()))
}

fn clear_leave(world: &mut World, lookup: &Lookup) -> Result<Reply, Stop> {
    let now = world.clock.now();
    let member = existing(world, lookup)?;
    if member.leave_of_absence["isLeaveOfAbsence"] != true {
        return Err(Refusal::bad_request("The user is not on leave of absence.").into());
    }
    member.leave_of_absence = json!({ "startTime": null, "endTime": null, "isLeaveOfAbsence": false });
    member.touch(now);
    Ok(Reply::empty(204).about(member.tag()))
}

/// Further addresses are a matter of the Advanced plan (vendor's user-alias-email pages).
fn advanced(world: &World) -> Result<(), Refusal> {
    match world.switches.plan {
        Plan::Advanced => Ok(()),
        Plan::Free => Err(Refusal::new(403, "FORBIDDEN", "It is not available in this plan.")),
    }
}

fn add_alias(world: &mut World, lookup: &Lookup, alias: &str) -> Result<Reply, Stop> {
    advanced(world)?;
    let member = existing(world, lookup)?;
    let (user_id, count) = (member.user_id.clone(), member.aliases().count());
    text::login("email", &json!(alias), &users::context(world, world.domain_id))?;
    if world.members.all().iter().any(|other| other.email() == alias || other.aliases().any(|one| one == alias)) {
        return Err(users::duplicate(&world.switches, "email", alias).into());
    }
    if count >= MOST_ALIASES {
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", "There are 10 alias emails already.").into());
    }
    change_aliases(world, &user_id, |aliases| aliases.push(json!(alias)))
}

fn remove_alias(world: &mut World, lookup: &Lookup, alias: &str) -> Result<Reply, Stop> {
    advanced(world)?;
    let member = existing(world, lookup)?;
    if !member.aliases().any(|one| one == alias) {
        return Err(missing("Alias email").into());
    }
    let user_id = member.user_id.clone();
    change_aliases(world, &user_id, |aliases| aliases.retain(|one| one != alias))
}

fn change_aliases(world: &mut World, user_id: &str, change: impl FnOnce(&mut Vec<Value>)) -> Result<Reply, Stop> {
    let now = world.clock.now();
    let member = existing(world, &Lookup::Id(user_id.to_owned()))?;
    if let Some(aliases) = member.properties.get_mut("aliasEmails").and_then(Value::as_array_mut) {
        change(aliases);
    }
    member.touch(now);
    Ok(Reply::empty(204).about(member.tag()))
}
