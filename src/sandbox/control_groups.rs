//! Groups by hand, as an administrator would see and make them in the console: `/_sandbox/groups`.
//!
//! The rules of the APIs do not apply here, so that dynamic and external groups can be set up; only names and external
//! keys stay unique.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::control::{ControlError, body};
use super::groups::{Group, GroupKind, GroupMember};
use super::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    name: String,
    /// Absent: a new one.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    external_key: Option<String>,
    #[serde(default)]
    kind: GroupKind,
    #[serde(default)]
    members: Vec<GroupMember>,
}

/// Every group, also those SCIM never lists.
pub(crate) fn all(world: &World) -> Value {
    json!({ "groups": world.groups.all().iter().map(show).collect::<Vec<_>>() })
}

/// Adds a group, in place of one of the same id.
pub(crate) fn add(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let given: Given = body(call)?;
    let mut group = Group::new(&given.name, world.clock.now());
    if let Some(id) = given.id {
        group.group_id = id;
    }
    let reference = given.external_key.as_ref().map(|key| format!("externalKey:{key}"));
    let taken = [world.groups.by_name(&given.name), reference.and_then(|reference| world.groups.find(&reference))];
    if taken.into_iter().flatten().any(|other| other.group_id != group.group_id) {
        return Err(ControlError::new(409, "another group has this name or external key"));
    }
    group.external_key = given.external_key;
    group.kind = given.kind;
    group.members = given.members;
    Ok(show(world.groups.add(group)))
}

fn show(group: &Group) -> Value {
    json!({
        "id": group.group_id,
        "externalKey": group.external_key,
        "name": group.name,
        "kind": group.kind,
        "description": group.description,
        "administrators": group.administrators,
        "members": group.members,
    })
}
