//! The effects of SCIM's user operations, each whole and at once.
//!
//! Follows the vendor's scim-user pages: SCIM creates, changes and suspends members, but never deletes one. Where the
//! pages are silent a switch decides. Token, quota and overlaps were looked at before.

use serde_json::{Map, Value};

use super::attributes::{self, SHAPE, USER};
use super::list;
use super::patch;
use super::reply::{ScimError, body_of, location};
use super::route::{Route, Verb};
use super::switches::{ScimGetInGrace, ScimPatchAnswers, ScimReactivatePending};
use crate::sandbox::call::Call;
use crate::sandbox::member::Member;
use crate::sandbox::records::Rule;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::route::Lookup;
use crate::sandbox::rules::{self, Purpose};
use crate::sandbox::user_states::refuse_suspension;
use crate::sandbox::users::{checked_properties, take_seat};
use crate::sandbox::world::World;

/// Performs one operation.
pub(super) fn perform(world: &mut World, call: &Call, route: &Route) -> Result<Reply, ScimError> {
    let id = route.id.as_deref().unwrap_or_default();
    match route.operation.verb {
        Verb::Create => create(world, call),
        Verb::List => list_users(world, call),
        Verb::Get => {
            let member = found(world, id).filter(|member| is_shown(world, member)).ok_or_else(missing)?;
            Ok(answer(member, call))
        }
        Verb::Put => {
            let document = body_of(call, USER)?;
            update(world, call, id, &document)?;
            found(world, id).map(|member| answer(member, call)).ok_or_else(missing)
        }
        Verb::Patch => change(world, call, id),
        Verb::Delete => suspend(world, id),
    }
}

fn missing() -> ScimError {
    ScimError::missing("User")
}

fn answer(member: &Member, call: &Call) -> Reply {
    Reply::json(200, attributes::show(member, call)).about(member.tag())
}

/// By its id; e-mails and external keys name nobody here.
fn found<'w>(world: &'w World, id: &str) -> Option<&'w Member> {
    world.members.find(&Lookup::Id(id.to_owned()))
}

fn is_shown(world: &World, member: &Member) -> bool {
    member.deleted_at.is_none() || world.switches.scim_get_in_grace == ScimGetInGrace::Ok
}

/// A member that can be written to: one in its grace is not there, or where it is shown, is refused.
fn writable<'w>(world: &'w World, id: &str) -> Result<&'w Member, ScimError> {
    let member = found(world, id).filter(|member| is_shown(world, member)).ok_or_else(missing)?;
    match member.deleted_at {
        Some(_) => Err(ScimError::from(Refusal::bad_request("The user is deleted."))),
        None => Ok(member),
    }
}

fn list_users(world: &mut World, call: &Call) -> Result<Reply, ScimError> {
    let wish = list::wish(world, call, "userName")?;
    let is_wanted = |member: &&Member| {
        let fits = wish.equals.as_ref().is_none_or(|name| member.email().eq_ignore_ascii_case(name));
        fits && is_shown(world, member)
    };
    let users = world.members.all().iter().filter(is_wanted).map(|member| attributes::show(member, call)).collect();
    Ok(list::page(world, &wish, users))
}

/// 201; in use at once with single sign-on, else pending until the invitation to the private e-mail is followed.
fn create(world: &mut World, call: &Call) -> Result<Reply, ScimError> {
    let document = body_of(call, USER)?;
    let wanted = attributes::read(&document, &Map::new(), world.domain_id)?;
    if wanted.active != Some(true) {
        world.accuse(call, Rule::InactiveOnCreate, None, "a user is created that is not active");
        return Err(ScimError::invalid_value("active", "It must be true on creation."));
    }
    let given = checked(world, call, &wanted.properties)?;
    let pending = !world.switches.sso;
    if pending && given.get("privateEmail").is_none_or(Value::is_null) {
        return Err(ScimError::invalid_value("emails", "One of type other is required."));
    }
    let login = given.get("email").and_then(Value::as_str).and_then(|email| email.split_once('@'));
    let domain = world.domains.iter().find(|domain| login.is_some_and(|(_, host)| host == domain.name));
    let properties = rules::complete(given, domain.map_or(world.domain_id, |domain| domain.id));
    refuse_taken(world, &properties, wanted.external_id.as_deref(), None)?;
    take_seat(world)?;
    let now = world.clock.now();
    let member = world.members.add(properties, now);
    member.pending = pending;
    member.invited_at = pending.then_some(now);
    member.scim_external_id = wanted.external_id;
    let reply = Reply::json(201, attributes::show(member, call)).about(member.tag());
    let (id, email) = (member.user_id.clone(), member.email().to_owned());
    *world.records.created.entry(email).or_insert(0) += 1;
    Ok(reply.with_header("Location", location(call, "Users", &id)))
}

/// PATCH: the outcome of the operations is taken like a PUT.
fn change(world: &mut World, call: &Call, id: &str) -> Result<Reply, ScimError> {
    let mut document = attributes::document(writable(world, id)?);
    patch::apply(call, &mut document, &SHAPE, world.switches.scim_lenient_patch)?;
    update(world, call, id, &document)?;
    let member = found(world, id).ok_or_else(missing)?;
    Ok(match world.switches.scim_patch_answers {
        ScimPatchAnswers::User => answer(member, call),
        ScimPatchAnswers::Empty204 => Reply::empty(204).about(member.tag()),
    })
}

/// Makes the member what the document says, or refuses and changes nothing.
fn update(world: &mut World, call: &Call, id: &str, document: &Map<String, Value>) -> Result<(), ScimError> {
    let member = writable(world, id)?;
    let old = member.properties.clone();
    let mut wanted = attributes::read(document, &old, world.domain_id)?;
    let suspended = suspended_after(world, member, wanted.active)?;
    // What stays as it is need not meet the rules: an administrator may have set it in the console.
    wanted.properties.retain(|name, value| old.get(name) != Some(value));
    let given = checked(world, call, &wanted.properties)?;
    refuse_taken(world, &given, wanted.external_id.as_deref(), Some(id))?;
    stays(world, &old, &given)?;
    let now = world.clock.now();
    let Some(member) = world.members.find_mut(&Lookup::Id(id.to_owned())) else {
        return Err(missing());
    };
    member.properties.extend(given);
    member.scim_external_id = wanted.external_id;
    if member.suspended != suspended {
        member.set_suspended(suspended, now);
    }
    member.touch(now);
    Ok(())
}

/// SCIM moves nobody to another domain, and a login is of the member's own.
fn stays(world: &World, old: &Map<String, Value>, given: &Map<String, Value>) -> Result<(), ScimError> {
    let mut properties = old.clone();
    properties.extend(given.clone());
    match given.contains_key("email") && rules::fits_domain(&properties, &world.domains).is_err() {
        true => Err(ScimError::invalid_value("userName", "Its domain is not the user's.")),
        false => Ok(()),
    }
}

/// Whether the member is suspended once it is as active as was asked for. What it shows already changes nothing.
fn suspended_after(world: &World, member: &Member, active: Option<bool>) -> Result<bool, ScimError> {
    match active {
        Some(false) if attributes::is_active(member) => {
            refuse_suspension(member, &world.switches, world.clock.now())?;
            Ok(true)
        }
        Some(true) if member.pending && world.switches.scim_reactivate_pending == ScimReactivatePending::Refuse => {
            Err(ScimError::invalid_value("active", "The user has not signed in yet."))
        }
        Some(true) => Ok(false),
        _ => Ok(member.suspended),
    }
}

/// DELETE "deactivates", 204 or 404 (vendor's scim-user-delete page); a member that is suspended already stays so.
fn suspend(world: &mut World, id: &str) -> Result<Reply, ScimError> {
    let member = writable(world, id)?;
    let reply = Reply::empty(204).about(member.tag());
    if member.suspended {
        return Ok(reply);
    }
    let now = world.clock.now();
    refuse_suspension(member, &world.switches, now)?;
    if let Some(member) = world.members.find_mut(&Lookup::Id(id.to_owned())) {
        member.set_suspended(true, now);
    }
    Ok(reply)
}

/// The Directory's rules, with SCIM's names in what they say.
fn checked(world: &mut World, call: &Call, properties: &Map<String, Value>) -> Result<Map<String, Value>, ScimError> {
    checked_properties(world, call, properties, Purpose::Patch, world.domain_id).map_err(|mut problem| {
        problem.property = attributes::scim_name(&problem.property).to_owned();
        ScimError::from(Refusal::from(&problem))
    })
}

/// `userName` must be unique, also among members in their grace; `externalId` if the switch says so.
fn refuse_taken(
    world: &World,
    properties: &Map<String, Value>,
    external_id: Option<&str>,
    except: Option<&str>,
) -> Result<(), ScimError> {
    if world.members.taken(properties, except).is_some() {
        return Err(ScimError::taken("userName", &world.switches));
    }
    let others = world.members.all().iter().filter(|member| Some(member.user_id.as_str()) != except);
    let mut alike = others.filter(|member| external_id.is_some() && member.scim_external_id.as_deref() == external_id);
    match world.switches.scim_external_id_unique && alike.next().is_some() {
        true => Err(ScimError::taken("externalId", &world.switches)),
        false => Ok(()),
    }
}
