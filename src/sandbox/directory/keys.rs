//! External keys in bulk: `POST …/external-keys` for 1 to 50 at a time, and `GET …/external-keys`.
//!
//! A key is set, overwritten, or taken away with null; all or nothing (vendor's directory-position-external-key page, and
//! the same shape for users, org units and groups).

use serde_json::{Map, Value, json};

use super::{Stop, missing, taken};
use crate::sandbox::call::Call;
use crate::sandbox::paging;
use crate::sandbox::placement::PlacementKind;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::route::Lookup;
use crate::sandbox::rules::Problem;
use crate::sandbox::rules::objects;
use crate::sandbox::rules::text::{self, Chars, TextRule};
use crate::sandbox::world::World;

const MOST: usize = 50;
const KEY: TextRule = TextRule::new("externalKey", 1, 100, Chars::ExternalKey);

/// What is to get which key.
struct Item {
    id: String,
    domain_id: Option<i64>,
    key: Option<String>,
}

/// What has which key now.
struct Owner {
    id: String,
    domain_id: i64,
    key: Option<String>,
}

/// The items of a body; those of levels, positions and user types name their domain.
fn read(call: &Call, list: &str, with_domain: bool) -> Result<Vec<Item>, Stop> {
    let body = call.json_object()?;
    let Some(given) = body.get(list) else {
        return Err(Problem::missing(list).into());
    };
    let given = objects::array(list, given, MOST)?;
    if given.is_empty() {
        return Err(Problem::invalid(list, format!("It must have 1 to {MOST} items.")).into());
    }
    let mut items: Vec<Item> = Vec::new();
    for (index, entry) in given.iter().enumerate() {
        let item = item(&format!("{list}[{index}]"), objects::object(list, entry)?, with_domain)?;
        if items.iter().any(|other| other.id == item.id) {
            return Err(Problem::invalid(list, "An id is there twice.").into());
        }
        items.push(item);
    }
    Ok(items)
}

fn item(path: &str, entry: &Map<String, Value>, with_domain: bool) -> Result<Item, Problem> {
    let needed = if with_domain { &["domainId", "id", "externalKey"][..] } else { &["id", "externalKey"][..] };
    for name in needed {
        if !entry.contains_key(*name) {
            return Err(Problem::missing(&format!("{path}.{name}")));
        }
    }
    let id = text::string(&format!("{path}.id"), &entry["id"])?.to_owned();
    let key = text::optional(&format!("{path}.externalKey"), &entry["externalKey"], &KEY)?;
    let domain_id = entry.get("domainId").and_then(Value::as_i64);
    Ok(Item { id, domain_id, key: key.as_str().map(str::to_owned) })
}

/// 404 for what does not exist, 409 if two would have one key in the end.
fn check(items: &[Item], mut owners: Vec<Owner>, what: &str) -> Result<(), Refusal> {
    for item in items {
        let fits = |owner: &&mut Owner| owner.id == item.id && item.domain_id.is_none_or(|id| id == owner.domain_id);
        let owner = owners.iter_mut().find(fits).ok_or_else(|| missing(what))?;
        owner.key.clone_from(&item.key);
    }
    for item in items {
        let same = owners.iter().filter(|owner| item.key.is_some() && owner.key == item.key).count();
        if same > 1 {
            return Err(taken("externalKey", item.key.as_deref().unwrap_or_default()));
        }
    }
    Ok(())
}

/// Sets the keys of org units, levels, positions or user types.
pub(super) fn set_places(world: &mut World, call: &Call, kind: PlacementKind, list: &str) -> Result<Reply, Stop> {
    let items = read(call, list, kind != PlacementKind::OrgUnit)?;
    let main = world.domain_id;
    let owners = world.placement.of(kind).map(|place| Owner {
        id: place.id.clone(),
        domain_id: place.domain_id.unwrap_or(main),
        key: place.external_key.clone(),
    });
    check(&items, owners.collect(), "The resource")?;
    for item in items {
        if let Some(place) = world.placement.find_mut(kind, &item.id) {
            place.external_key = item.key;
        }
    }
    Ok(Reply::empty(204))
}

/// Sets the keys of groups.
pub(super) fn set_groups(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let items = read(call, "groups", false)?;
    let owners = world.groups.all().iter().map(|group| Owner {
        id: group.group_id.clone(),
        domain_id: world.domain_id,
        key: group.external_key.clone(),
    });
    check(&items, owners.collect(), "Group")?;
    for item in items {
        if let Some(group) = world.groups.find_mut(&item.id) {
            group.external_key = item.key;
        }
    }
    Ok(Reply::empty(204))
}

/// Sets the keys of members. With single sign-on nobody can be left without one (vendor's user-create page).
pub(super) fn set_members(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let items = read(call, "users", false)?;
    let members = world.members.all().iter();
    let owners = members.map(|member| Owner {
        id: member.user_id.clone(),
        domain_id: member.domain_id(),
        key: member.external_key().map(str::to_owned),
    });
    let owners = owners.collect();
    if world.switches.sso && items.iter().any(|item| item.key.is_none()) {
        return Err(Problem::missing("externalKey").into());
    }
    check(&items, owners, "User")?;
    let now = world.clock.now();
    for item in items {
        if let Some(member) = world.members.find_mut(&Lookup::Id(item.id)) {
            member.properties.insert("userExternalKey".to_owned(), json!(item.key));
            member.touch(now);
        }
    }
    Ok(Reply::empty(204))
}

/// A page of what has which key; `hasExternalKey` leaves out the ones without or the ones with.
fn list(world: &mut World, call: &Call, name: &str, mut all: Vec<Value>) -> Result<Reply, Stop> {
    let query = call.query()?;
    let domain_id = world.asked_domain(&query)?;
    all.retain(|entry| entry["domainId"] == domain_id);
    match query.get("hasExternalKey").map(String::as_str) {
        None => {}
        Some(wanted @ ("true" | "false")) => {
            all.retain(|entry| entry["externalKey"].is_null() == (wanted == "false"));
        }
        Some(_) => return Err(Problem::invalid("hasExternalKey", "It must be true or false.").into()),
    }
    Ok(paging::page(world, call, name, all)?)
}

pub(super) fn list_members(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let members = world.members.all().iter().filter(|member| member.deleted_at.is_none());
    let all = members.map(|member| {
        json!({
            "domainId": member.domain_id(), "name": member.plain_name(), "email": member.email(),
            "id": member.user_id, "externalKey": member.external_key(),
        })
    });
    let all = all.collect();
    list(world, call, "users", all)
}

pub(super) fn list_units(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let all = world.placement.of(PlacementKind::OrgUnit).map(|unit| {
        json!({
            "domainId": unit.domain_id.unwrap_or(world.domain_id), "name": unit.name, "email": unit.more("email"),
            "id": unit.id, "externalKey": unit.external_key,
        })
    });
    let all = all.collect();
    list(world, call, "orgUnits", all)
}

pub(super) fn list_groups(world: &mut World, call: &Call) -> Result<Reply, Stop> {
    let all = world.groups.all().iter().map(|group| {
        json!({
            "domainId": world.domain_id, "name": group.name, "email": null,
            "id": group.group_id, "externalKey": group.external_key,
        })
    });
    let all = all.collect();
    list(world, call, "groups", all)
}
