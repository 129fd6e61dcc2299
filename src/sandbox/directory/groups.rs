//! Groups by the Directory API: `/groups`, their members and administrators (vendor's group pages).
//!
//! The same groups that SCIM serves. External and dynamic ones are not for this API: lists leave them out, and whatever
//! is asked of one is refused. All groups are in the tenant's main domain.

use serde_json::{Map, Value, json};

use super::route::{GroupTask, Request};
use super::{Stop, keys, missing, taken};
use crate::sandbox::call::Call;
use crate::sandbox::groups::{Group, GroupKind, GroupMember, GroupMemberKind};
use crate::sandbox::paging;
use crate::sandbox::placement::PlacementKind;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::route::Lookup;
use crate::sandbox::rules::text::{self, Chars, TextRule};
use crate::sandbox::rules::{Problem, objects};
use crate::sandbox::users;
use crate::sandbox::world::World;

const NAME: TextRule = TextRule::new("groupName", 1, 100, Chars::Any);
const KEY: TextRule = TextRule::new("groupExternalKey", 1, 100, Chars::ExternalKey);
const DESCRIPTION: TextRule = TextRule::new("description", 0, 160, Chars::Any);

pub(super) fn perform(world: &mut World, call: &Call, task: GroupTask, request: &Request) -> Result<Reply, Stop> {
    match task {
        GroupTask::List => return list(world, call),
        GroupTask::Create => return create(world, call),
        GroupTask::SetKeys => return keys::set_groups(world, call),
        GroupTask::ListKeys => return keys::list_groups(world, call),
        _ => {}
    }
    let group = find(world, request.name())?.clone();
    match task {
        GroupTask::Members => members(world, call, &group),
        GroupTask::AddMember => add_member(world, call, group),
        GroupTask::RemoveMember => remove_member(world, call, group, request.second()),
        GroupTask::Administrators => administrators(world, call, &group),
        GroupTask::AddAdministrator => add_administrator(world, call, group),
        GroupTask::RemoveAdministrator => remove_administrator(world, group, request.second()),
        _ => Ok(Reply::json(200, show(world, &group))),
    }
}

fn find<'w>(world: &'w World, name: &str) -> Result<&'w Group, Refusal> {
    let group = world.groups.find(name).ok_or_else(|| missing("Group"))?;
    match group.kind {
        GroupKind::Internal => Ok(group),
        _ => Err(Refusal::new(403, "FORBIDDEN", "External and dynamic groups are not available here.")),
    }
}

fn show(world: &World, group: &Group) -> Value {
    let administrators: Vec<Value> = group.administrators.iter().map(|id| json!({ "userId": id })).collect();
    json!({
        "groupId": group.group_id, "domainId": world.domain_id, "groupExternalKey": group.external_key,
        "groupName": group.name, "description": group.description, "administrators": administrators,
        "members": shown_members(world, group),
    })
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let domain_id = world.asked_domain(&call.query()?)?;
    let of_domain = domain_id == world.domain_id;
    let groups = world.groups.all().iter().filter(|group| of_domain && group.kind == GroupKind::Internal);
    let groups = groups.map(|group| show(world, group)).collect();
    Ok(paging::page(world, call, "groups", groups)?)
}

/// Needs domain, name, administrators and members (field report).
fn create(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    for name in ["domainId", "groupName", "administrators", "members"] {
        if body.get(name).is_none_or(Value::is_null) {
            return Err(Problem::missing(name).into());
        }
    }
    if body["domainId"] != world.domain_id {
        return Err(Problem::invalid("domainId", "It is not the domain of the groups.").into());
    }
    let name = text::required("groupName", &body["groupName"], &NAME)?;
    let name = name.as_str().unwrap_or_default();
    text::no_prohibited_word("groupName", name, &users::context(world, world.domain_id))?;
    let mut group = Group::new(name, world.clock.now());
    group.description = optional(&body, "description", &DESCRIPTION)?;
    group.external_key = optional(&body, "groupExternalKey", &KEY)?;
    for entry in objects::array("administrators", &body["administrators"], usize::MAX)? {
        group.administrators.push(user_id(world, "administrators.userId", &entry["userId"])?);
    }
    if group.administrators.is_empty() {
        return Err(Problem::invalid("administrators", "There must be one.").into());
    }
    for entry in objects::array("members", &body["members"], usize::MAX)? {
        let member = member(world, objects::object("members", entry)?)?;
        group.add_member(member.kind, &member.id);
    }
    if world.groups.by_name(name).is_some() {
        return Err(taken("groupName", name).into());
    }
    if let Some(key) =
        group.external_key.as_deref().filter(|key| world.groups.find(&format!("externalKey:{key}")).is_some())
    {
        return Err(taken("groupExternalKey", key).into());
    }
    let shown = show(world, &group);
    world.groups.add(group);
    Ok(Reply::json(201, shown))
}

fn optional(body: &Map<String, Value>, name: &str, rule: &TextRule) -> Result<Option<String>, Problem> {
    let value = text::optional(name, body.get(name).unwrap_or(&Value::Null), rule)?;
    Ok(value.as_str().map(str::to_owned))
}

/// The id of a member that is not deleted, named by id, login or `externalKey:…`.
fn user_id(world: &World, property: &str, value: &Value) -> Result<String, Stop> {
    if value.is_null() {
        return Err(Problem::missing(property).into());
    }
    let member = world.members.find(&Lookup::parse(text::string(property, value)?));
    let member = member.filter(|member| member.deleted_at.is_none()).ok_or_else(|| missing("User"))?;
    Ok(member.user_id.clone())
}

fn kind(property: &str, value: &Value) -> Result<GroupMemberKind, Problem> {
    serde_json::from_value(value.clone())
        .map_err(|_| Problem::invalid(property, "It must be one of USER, ORGUNIT, GROUP."))
}

/// `{id, type}` of something that exists.
fn member(world: &World, entry: &Map<String, Value>) -> Result<GroupMember, Stop> {
    for name in ["id", "type"] {
        if entry.get(name).is_none_or(Value::is_null) {
            return Err(Problem::missing(name).into());
        }
    }
    let kind = kind("type", &entry["type"])?;
    let name = text::string("id", &entry["id"])?;
    let id = match kind {
        GroupMemberKind::User => user_id(world, "id", &entry["id"])?,
        GroupMemberKind::Group => find(world, name)?.group_id.clone(),
        GroupMemberKind::OrgUnit => {
            world.placement.find(PlacementKind::OrgUnit, name).ok_or_else(|| missing("Org unit"))?.id.clone()
        }
    };
    Ok(GroupMember { id, kind })
}

/// Those that still exist, with their external keys.
fn shown_members(world: &World, group: &Group) -> Vec<Value> {
    let shown = group.members.iter().filter_map(|member| {
        let key = match member.kind {
            GroupMemberKind::User => {
                let user = world.members.find(&Lookup::Id(member.id.clone()));
                user.filter(|user| user.deleted_at.is_none())?.external_key().map(str::to_owned)
            }
            GroupMemberKind::Group => world.groups.find(&member.id)?.external_key.clone(),
            GroupMemberKind::OrgUnit => world.placement.find(PlacementKind::OrgUnit, &member.id)?.external_key.clone(),
        };
        Some(json!({ "id": member.id, "externalKey": key, "type": member.kind }))
    });
    shown.collect()
}

fn members(world: &mut World, call: &Call, group: &Group) -> Result<Reply, Stop> {
    let members = shown_members(world, group);
    Ok(paging::page(world, call, "members", members)?)
}

fn add_member(world: &mut World, call: &Call, mut group: Group) -> Result<Reply, Stop> {
    let member = member(world, &call.json_object()?)?;
    if member.kind == GroupMemberKind::Group && member.id == group.group_id {
        return Err(Problem::invalid("id", "A group cannot be in itself.").into());
    }
    if !group.add_member(member.kind, &member.id) {
        return Err(taken("id", &member.id).into());
    }
    save(world, group);
    Ok(Reply::json(201, json!(member)))
}

/// "type" is required in the query (vendor's group-member-delete page).
fn remove_member(world: &mut World, call: &Call, mut group: Group, name: &str) -> Result<Reply, Stop> {
    let query = call.query()?;
    let Some(given) = query.get("type") else {
        return Err(Problem::missing("type").into());
    };
    let kind = kind("type", &json!(given))?;
    let id = match kind {
        GroupMemberKind::User => {
            world.members.find(&Lookup::parse(name)).map_or(name, |member| member.user_id.as_str())
        }
        _ => name,
    };
    if !group.remove_member(kind, id) {
        return Err(missing("Member").into());
    }
    save(world, group);
    Ok(Reply::empty(204))
}

fn administrators(world: &mut World, call: &Call, group: &Group) -> Result<Reply, Stop> {
    let shown = group.administrators.iter().filter_map(|id| {
        let member = world.members.find(&Lookup::Id(id.clone())).filter(|member| member.deleted_at.is_none())?;
        Some(json!({ "userId": id, "userExternalKey": member.external_key() }))
    });
    let shown = shown.collect();
    Ok(paging::page(world, call, "administrators", shown)?)
}

fn add_administrator(world: &mut World, call: &Call, mut group: Group) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    let id = user_id(world, "userId", body.get("userId").unwrap_or(&Value::Null))?;
    if group.administrators.contains(&id) {
        return Err(taken("userId", &id).into());
    }
    group.administrators.push(id.clone());
    save(world, group);
    Ok(Reply::json(201, json!({ "userId": id })))
}

fn remove_administrator(world: &mut World, mut group: Group, name: &str) -> Result<Reply, Stop> {
    let id = user_id(world, "userId", &json!(name))?;
    let before = group.administrators.len();
    group.administrators.retain(|other| *other != id);
    if group.administrators.len() == before {
        return Err(missing("Administrator").into());
    }
    save(world, group);
    Ok(Reply::empty(204))
}

fn save(world: &mut World, mut group: Group) {
    group.modified = world.clock.now();
    if let Some(old) = world.groups.find_mut(&group.group_id) {
        *old = group;
    }
}
