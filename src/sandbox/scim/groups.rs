//! The effects of SCIM's group operations, over the groups the Directory API has as well.
//!
//! Follows the vendor's scim-group pages: a new group is internal; lists have internal and dynamic groups, never external
//! ones; only internal groups can be changed; org units in a group cannot be set and survive a PUT. They are not shown,
//! since `members[].type` is documented as USER or GROUP.

use serde_json::{Map, Value, json};

use super::attributes::meta;
use super::list;
use super::patch::{self, Shape};
use super::reply::{ScimError, body_of, location};
use super::route::{Route, Verb};
use super::switches::ScimPatchAnswers;
use crate::sandbox::call::Call;
use crate::sandbox::groups::{Group, GroupKind, GroupMember, GroupMemberKind};
use crate::sandbox::reply::Reply;
use crate::sandbox::route::Lookup;
use crate::sandbox::world::World;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// The longest `displayName` (vendor's scim-group-create page).
const LONGEST_NAME: usize = 100;

const SHAPE: Shape = Shape {
    simple: &["displayName"],
    complex: &[],
    lists: &["members"],
    item: &[],
    items_change: false,
    required: &["displayName"],
    read_only: &["id", "schemas", "meta"],
};

/// Performs one operation.
pub(super) fn perform(world: &mut World, call: &Call, route: &Route) -> Result<Reply, ScimError> {
    let id = route.id.as_deref().unwrap_or_default();
    match route.operation.verb {
        Verb::Create => create(world, call),
        Verb::List => list_groups(world, call),
        Verb::Get => {
            let excluded = list::excluded_in(call)?;
            let group = found(world, id).filter(|group| group.kind != GroupKind::External).ok_or_else(missing)?;
            Ok(Reply::json(200, show(world, call, group, &excluded)))
        }
        Verb::Put => {
            changeable(world, id)?;
            let document = body_of(call, GROUP)?;
            update(world, call, id, &document)
        }
        Verb::Patch => change(world, call, id),
        Verb::Delete => {
            changeable(world, id)?;
            world.groups.remove(id);
            Ok(Reply::empty(204))
        }
    }
}

fn missing() -> ScimError {
    ScimError::missing("Group")
}

/// By its id; external keys name nobody here.
fn found<'w>(world: &'w World, id: &str) -> Option<&'w Group> {
    world.groups.find(id).filter(|group| group.group_id == id)
}

/// A group that can be written to: an internal one.
fn changeable<'w>(world: &'w World, id: &str) -> Result<&'w Group, ScimError> {
    let group = found(world, id).ok_or_else(missing)?;
    match group.kind {
        GroupKind::Internal => Ok(group),
        GroupKind::Dynamic | GroupKind::External => {
            Err(ScimError::forbidden("External and dynamic groups cannot be changed."))
        }
    }
}

fn list_groups(world: &mut World, call: &Call) -> Result<Reply, ScimError> {
    let wish = list::wish(world, call, "displayName")?;
    let name = wish.equals.as_ref().map(|name| name.to_lowercase());
    let groups = world.groups.all().iter().filter(|group| group.kind != GroupKind::External);
    let fitting = groups.filter(|group| name.as_ref().is_none_or(|name| group.name.to_lowercase() == *name));
    let shown = fitting.map(|group| show(world, call, group, &wish.excluded)).collect();
    Ok(list::page(world, &wish, shown))
}

/// 201; an internal group, without talk room and mailing list.
fn create(world: &mut World, call: &Call) -> Result<Reply, ScimError> {
    let document = body_of(call, GROUP)?;
    let mut group = Group::new(&name(world, &document, None)?, world.clock.now());
    for member in members(world, &document, &group.group_id)? {
        group.add_member(member.kind, &member.id);
    }
    let id = group.group_id.clone();
    let body = show(world, call, &group, &[]);
    world.groups.add(group);
    Ok(Reply::json(201, body).with_header("Location", location(call, "Groups", &id)))
}

/// PATCH: the outcome of the operations is taken like a PUT.
fn change(world: &mut World, call: &Call, id: &str) -> Result<Reply, ScimError> {
    let group = changeable(world, id)?;
    let mut document = Map::new();
    document.insert("displayName".into(), json!(group.name));
    document.insert("members".into(), shown_members(world, call, group));
    patch::apply(call, &mut document, &SHAPE, world.switches.scim_lenient_patch)?;
    let reply = update(world, call, id, &document)?;
    Ok(match world.switches.scim_patch_answers {
        ScimPatchAnswers::User => reply,
        ScimPatchAnswers::Empty204 => Reply::empty(204),
    })
}

/// Makes the group what the document says, or refuses and changes nothing.
fn update(world: &mut World, call: &Call, id: &str, document: &Map<String, Value>) -> Result<Reply, ScimError> {
    let name = name(world, document, Some(id))?;
    let members = members(world, document, id)?;
    let now = world.clock.now();
    let Some(group) = world.groups.find_mut(id) else {
        return Err(missing());
    };
    group.name = name;
    group.members.retain(|member| member.kind == GroupMemberKind::OrgUnit);
    for member in members {
        group.add_member(member.kind, &member.id);
    }
    group.modified = now;
    let group = group.clone();
    Ok(Reply::json(200, show(world, call, &group, &[])))
}

/// Unique whatever its letter case, also among the groups SCIM does not show.
fn name(world: &World, document: &Map<String, Value>, except: Option<&str>) -> Result<String, ScimError> {
    let given = document.get("displayName").and_then(Value::as_str).unwrap_or_default();
    if given.trim().is_empty() || given.encode_utf16().count() > LONGEST_NAME {
        return Err(ScimError::invalid_value("displayName", "Its length must be 1 to 100."));
    }
    match world.groups.by_name(given) {
        Some(other) if Some(other.group_id.as_str()) != except => Err(ScimError::taken("displayName", &world.switches)),
        _ => Ok(given.to_owned()),
    }
}

/// The members of a body. A type that is left out means a user.
fn members(world: &World, document: &Map<String, Value>, own_id: &str) -> Result<Vec<GroupMember>, ScimError> {
    let given = match document.get("members") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(ScimError::invalid_value("members", "It must be a list.")),
    };
    let mut members = Vec::new();
    for item in given {
        let kind = match item["type"].as_str() {
            None if item["type"].is_null() => GroupMemberKind::User,
            Some("USER") => GroupMemberKind::User,
            Some("GROUP") => GroupMemberKind::Group,
            _ => return Err(ScimError::invalid_value("members.type", "It must be USER or GROUP.")),
        };
        let id = item["value"].as_str().unwrap_or_default().to_owned();
        let member = GroupMember { id, kind };
        if display(world, &member).is_none() || member.id == own_id {
            return Err(ScimError::invalid_value("members.value", "There is no such user or group."));
        }
        members.push(member);
    }
    Ok(members)
}

/// The name of a user or a group that exists; org units have none in SCIM.
fn display(world: &World, member: &GroupMember) -> Option<String> {
    match member.kind {
        GroupMemberKind::User => {
            let user = world.members.find(&Lookup::Id(member.id.clone()));
            user.filter(|user| user.deleted_at.is_none()).map(|user| user.plain_name())
        }
        GroupMemberKind::Group => found(world, &member.id).map(|group| group.name.clone()),
        GroupMemberKind::OrgUnit => None,
    }
}

fn shown_members(world: &World, call: &Call, group: &Group) -> Value {
    let show = |member: &GroupMember| {
        let resource = if member.kind == GroupMemberKind::Group { "Groups" } else { "Users" };
        Some(json!({
            "value": member.id,
            "type": member.kind,
            "display": display(world, member)?,
            "$ref": location(call, resource, &member.id),
        }))
    };
    Value::Array(group.members.iter().filter_map(show).collect())
}

fn show(world: &World, call: &Call, group: &Group, excluded: &[String]) -> Value {
    let mut shown = json!({
        "schemas": [GROUP],
        "id": group.group_id,
        "displayName": group.name,
        "meta": meta(call, "Group", &group.group_id, group.created, group.modified),
    });
    if !excluded.iter().any(|name| name == "members") {
        shown["members"] = shown_members(world, call, group);
    }
    shown
}
