//! Levels, positions and user types: `/directory/{levels,positions,user-types}` (vendor's directory-* pages).
//!
//! The three differ in the names of their properties and in a few rules. Each can be turned off for the tenant; then its
//! whole API is refused with the text recorded for positions, and so is every member write that names one.

use serde_json::{Map, Value, json};

use super::route::{Class, ClassTask};
use super::{Stop, keys, missing, refuse_key, remove, taken};
use crate::sandbox::call::Call;
use crate::sandbox::paging;
use crate::sandbox::placement::{Place, PlacementKind};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::rules::text::{self, Chars, TextRule};
use crate::sandbox::rules::{LANGUAGES, Problem, Purpose, objects};
use crate::sandbox::users;
use crate::sandbox::world::World;

const KEY: TextRule = TextRule::new("", 1, 100, Chars::ExternalKey);
const TRANSLATED: TextRule = TextRule::new("", 1, 100, Chars::Any);
const CODE: TextRule = TextRule::new("", 1, 50, Chars::Code);

/// What differs between the three.
struct Words {
    kind: PlacementKind,
    what: &'static str,
    list: &'static str,
    id: &'static str,
    name: TextRule,
    key: &'static str,
    /// One property that only this class has.
    own: Option<&'static str>,
    /// Names are unique in the domain, and `displayOrder` is required.
    ordered: bool,
}

fn words(class: Class) -> Words {
    match class {
        Class::Level => Words {
            kind: PlacementKind::Level,
            what: "Level",
            list: "levels",
            id: "levelId",
            name: TextRule::new("levelName", 1, 100, Chars::Any),
            key: "levelExternalKey",
            own: Some("executive"),
            ordered: true,
        },
        Class::Position => Words {
            kind: PlacementKind::Position,
            what: "Position",
            list: "positions",
            id: "positionId",
            name: TextRule::new("positionName", 1, 100, Chars::Unit),
            key: "positionExternalKey",
            own: None,
            ordered: true,
        },
        Class::UserType => Words {
            kind: PlacementKind::UserType,
            what: "User type",
            list: "userTypes",
            id: "userTypeId",
            name: TextRule::new("userTypeName", 1, 100, Chars::Any),
            key: "userTypeExternalKey",
            own: Some("userTypeCode"),
            ordered: false,
        },
    }
}

pub(super) fn perform(
    world: &mut World,
    call: &Call,
    class: Class,
    task: ClassTask,
    name: &str,
) -> Result<Reply, Stop> {
    let words = words(class);
    let turns = matches!(task, ClassTask::Enable | ClassTask::Disable);
    if let Some(off) = world.switches.off(words.kind).filter(|_| !turns) {
        return Err(Problem::off(words.list, off).into());
    }
    match task {
        ClassTask::List => list(world, call, &words),
        ClassTask::Create => {
            let place = Place::new(words.kind, world.domain_id);
            write(world, call, &words, place, Purpose::Create)
        }
        ClassTask::Enable => Ok(turn(world, class, true)),
        ClassTask::Disable => Ok(turn(world, class, false)),
        ClassTask::SetKeys => keys::set_places(world, call, words.kind, words.list),
        ClassTask::Get => Ok(Reply::json(200, show(world, &words, find(world, &words, name)?))),
        ClassTask::Put => {
            let old = find(world, &words, name)?;
            let domain_id = old.domain_id.unwrap_or(world.domain_id);
            let blank = Place { id: old.id.clone(), ..Place::new(words.kind, domain_id) };
            write(world, call, &words, blank, Purpose::Replace)
        }
        ClassTask::Patch => {
            let place = find(world, &words, name)?.clone();
            write(world, call, &words, place, Purpose::Patch)
        }
        ClassTask::Delete => {
            let id = find(world, &words, name)?.id.clone();
            remove(world, words.kind, &id)?;
            Ok(Reply::empty(204))
        }
    }
}

fn turn(world: &mut World, class: Class, on: bool) -> Reply {
    match class {
        Class::Level => world.switches.use_level = on,
        Class::Position => world.switches.use_position = on,
        Class::UserType => world.switches.use_user_type = on,
    }
    Reply::empty(204)
}

fn find<'w>(world: &'w World, words: &Words, name: &str) -> Result<&'w Place, Refusal> {
    world.placement.find(words.kind, name).ok_or_else(|| missing(words.what))
}

fn show(world: &World, words: &Words, place: &Place) -> Value {
    let mut shown = json!({
        "domainId": place.domain_id.unwrap_or(world.domain_id), "displayOrder": place.display_order, "i18nNames": [],
    });
    shown[words.id] = json!(place.id);
    shown[words.name.name] = json!(place.name);
    shown[words.key] = json!(place.external_key);
    match words.own {
        Some("executive") => shown["executive"] = json!(false),
        Some(own) => shown[own] = Value::Null,
        None => {}
    }
    for (name, value) in &place.properties {
        shown[name] = value.clone();
    }
    shown
}

fn list(world: &mut World, call: &Call, words: &Words) -> Result<Reply, Stop> {
    let domain_id = world.asked_domain(&call.query()?)?;
    let places = world.placement.of(words.kind).filter(|place| place.is_in(domain_id, world.domain_id));
    let places = places.map(|place| show(world, words, place)).collect();
    Ok(paging::page(world, call, words.list, places)?)
}

fn write(world: &mut World, call: &Call, words: &Words, mut place: Place, purpose: Purpose) -> Result<Reply, Stop> {
    let body = call.json_object()?;
    require(&body, words, purpose)?;
    if let Some(given) = body.get("domainId") {
        objects::domain_id("domainId", given, &users::context(world, world.domain_id))?;
        if purpose == Purpose::Create {
            place.domain_id = given.as_i64();
        } else if given.as_i64() != Some(place.domain_id.unwrap_or(world.domain_id)) {
            return Err(Problem::invalid("domainId", "It stays in its domain.").into());
        }
    }
    for (name, value) in &body {
        property(&mut place, words, name, value)?;
    }
    refuse_name(world, words, &place)?;
    refuse_key(world, words.key, &place)?;
    let shown = show(world, words, &place);
    world.placement.add(place);
    Ok(Reply::json(if purpose == Purpose::Create { 201 } else { 200 }, shown))
}

fn require(body: &Map<String, Value>, words: &Words, purpose: Purpose) -> Result<(), Problem> {
    let mut needed = vec!["domainId", words.name.name];
    if words.ordered {
        needed.push("displayOrder");
    }
    for name in needed {
        let value = body.get(name);
        if value.is_some_and(Value::is_null) || (purpose != Purpose::Patch && value.is_none()) {
            return Err(Problem::missing(name));
        }
    }
    Ok(())
}

fn property(place: &mut Place, words: &Words, name: &str, value: &Value) -> Result<(), Problem> {
    let checked = match name {
        _ if name == words.name.name => {
            place.name = text::required(name, value, &words.name)?.as_str().map(str::to_owned);
            return Ok(());
        }
        _ if name == words.key => {
            place.external_key = text::optional(name, value, &KEY)?.as_str().map(str::to_owned);
            return Ok(());
        }
        "displayOrder" => {
            // It may repeat and be negative (vendor's directory-position-create page).
            let order = value.as_i64().filter(|order| i32::try_from(*order).is_ok());
            place.display_order = order.ok_or_else(|| Problem::invalid(name, "It must be a 32-bit number."))?;
            return Ok(());
        }
        "executive" if words.own == Some(name) => objects::boolean(name, value)?,
        "userTypeCode" if words.own == Some(name) => text::optional(name, value, &CODE)?,
        "i18nNames" => translations(value)?,
        _ => return Ok(()),
    };
    place.properties.insert(name.to_owned(), checked);
    Ok(())
}

/// Name and language are both required (vendor's directory-position-create page).
fn translations(value: &Value) -> Result<Value, Problem> {
    for (index, item) in objects::array("i18nNames", value, LANGUAGES.len())?.iter().enumerate() {
        let path = format!("i18nNames[{index}]");
        let item = objects::object(&path, item)?;
        for key in ["name", "language"] {
            let path = format!("{path}.{key}");
            let Some(value) = item.get(key) else {
                return Err(Problem::missing(&path));
            };
            match key {
                "language" => objects::choice(&path, value, &LANGUAGES)?,
                _ => text::required(&path, value, &TRANSLATED)?,
            };
        }
    }
    Ok(value.clone())
}

/// Names of levels and positions are unique in the domain.
fn refuse_name(world: &World, words: &Words, place: &Place) -> Result<(), Refusal> {
    let domain_id = place.domain_id.unwrap_or(world.domain_id);
    let alike =
        |other: &Place| other.id != place.id && other.is_in(domain_id, world.domain_id) && other.name == place.name;
    match words.ordered && world.placement.of(words.kind).any(alike) {
        true => Err(taken(words.name.name, place.name.as_deref().unwrap_or_default())),
        false => Ok(()),
    }
}
