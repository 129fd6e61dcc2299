//! The effects of the user operations on the world, each whole and at once.
//!
//! Follows the vendor's user pages: create, list, get, put, patch; what changes a member's state is in `user_states`.
//! Where the pages are silent a switch decides. Tokens, quota and overlaps were looked at before.

use serde_json::{Map, Value};

use super::call::Call;
use super::listing;
use super::member::Member;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::route::{Lookup, Operation, Route};
use super::rules::{self, Context, Problem, ProblemKind, Purpose};
use super::switches::{DuplicateStyle, GetInGrace, MissingUserCode, PatchAnswers, PatchObjects, Switches};
use super::user_states::{delete, force_delete, suspend, undelete, unsuspend};
use super::world::World;

/// Performs one operation. Refused operations change nothing.
pub(crate) fn perform(world: &mut World, call: &Call, route: &Route) -> Result<Reply, Refusal> {
    let Some(lookup) = &route.lookup else {
        return match route.operation {
            Operation::Create => create(world, call),
            _ => listing::list(world, call),
        };
    };
    check_lookup(world, call, route.badly_encoded, lookup, true)?;
    let reply = match route.operation {
        Operation::Get => return get(world, lookup),
        Operation::Put => replace(world, call, lookup)?,
        Operation::Patch => patch(world, call, lookup)?,
        Operation::Delete => delete(world, lookup)?,
        Operation::ForceDelete => force_delete(world, call, lookup)?,
        Operation::Undelete => undelete(world, lookup)?,
        Operation::Suspend => suspend(world, lookup)?,
        Operation::Unsuspend => unsuspend(world, lookup)?,
        _ => return Err(Refusal::no_such_api()),
    };
    count_write(world, &reply);
    Ok(reply)
}

/// Counts a write that took effect.
pub(crate) fn count_write(world: &mut World, reply: &Reply) {
    if let Some(member) = &reply.member {
        *world.records.writes.entry(member.id.clone()).or_insert(0) += 1;
    }
}

/// Looks at how something is named in the path before anything is done.
pub(crate) fn check_lookup(
    world: &mut World,
    call: &Call,
    badly_encoded: Option<&'static str>,
    lookup: &Lookup,
    is_member: bool,
) -> Result<(), Refusal> {
    let about = is_member.then_some(lookup);
    if let Some(why) = badly_encoded {
        world.accuse(call, Rule::NotUrlEncoded, about, why);
        if world.strict {
            return Err(Refusal::invalid("The id", "It must be URL-encoded."));
        }
    }
    if let Lookup::ExternalKey(key) = lookup
        && key.contains(['%', '\\', '#', '/', '?'])
    {
        let text = "no external key can contain this character";
        world.accuse(call, Rule::ForbiddenCharacter, about, text);
        if world.strict {
            return Err(Refusal::invalid("The id", "It contains a character that is not allowed."));
        }
    }
    Ok(())
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json_object()?;
    let domain_id = body.get("domainId").and_then(Value::as_i64).unwrap_or(world.domain_id);
    let given = checked(world, call, &body, Purpose::Create, domain_id)?;
    let properties = rules::complete(given, domain_id);
    fits_domain(world, &properties)?;
    refuse_taken(world, &properties, None)?;
    take_seat(world)?;
    let (pending, now) = (!world.switches.sso, world.clock.now());
    let has_password = body.get("passwordConfig").is_some_and(|config| config["passwordCreationType"] == "ADMIN");
    let member = world.members.add(properties, now);
    member.pending = pending;
    member.invited_at = (pending && !has_password).then_some(now);
    let tag = member.tag();
    let email = member.email().to_owned();
    *world.records.created.entry(email).or_insert(0) += 1;
    only_manager(world, &tag.id);
    let reply = Reply { status: 201, ..user_reply(world, world.member(&tag.id)) };
    count_write(world, &reply);
    Ok(reply)
}

/// Members that are not deleted take a seat each; beyond those of the plan nobody comes in.
pub(crate) fn take_seat(world: &World) -> Result<(), Refusal> {
    let taken = world.members.all().iter().filter(|member| member.deleted_at.is_none()).count();
    match world.switches.seats {
        Some(seats) if taken >= seats as usize => {
            let text = "The number of users exceeds the limit of your plan.";
            Err(Refusal::new(403, "LIMIT_EXCEEDED", text))
        }
        _ => Ok(()),
    }
}

/// "true replaces the unit's present manager" (vendor's user-create page).
pub(crate) fn only_manager(world: &mut World, user_id: &str) {
    let managed: Vec<Value> =
        world.member(user_id).org_units().filter(|unit| unit["isManager"] == true).cloned().collect();
    for other in world.members.all_mut().filter(|other| other.user_id != user_id) {
        for unit in other.org_units_mut() {
            if managed.iter().any(|managed| managed["orgUnitId"] == unit["orgUnitId"]) {
                unit["isManager"] = Value::Bool(false);
            }
        }
    }
}

fn get(world: &World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let member = world.members.find(lookup).ok_or_else(|| missing(&world.switches))?;
    if member.deleted_at.is_some() {
        match world.switches.get_in_grace {
            GetInGrace::Ok => {}
            GetInGrace::NotFound => return Err(missing(&world.switches)),
            GetInGrace::Gone => return Err(deleted()),
        }
    }
    Ok(user_reply(world, member))
}

fn replace(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Refusal> {
    let body = call.json_object()?;
    let member = existing(world, lookup)?;
    let (user_id, domain_id) = (member.user_id.clone(), member.domain_id());
    let given = checked(world, call, &body, Purpose::Replace, domain_id)?;
    let properties = rules::complete(given, domain_id);
    stays(world, &properties, domain_id)?;
    refuse_taken(world, &properties, Some(&user_id))?;
    Ok(update(world, user_id, properties))
}

fn patch(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Refusal> {
    let mut body = call.json_object()?;
    let member = existing(world, lookup)?;
    let (user_id, domain_id) = (member.user_id.clone(), member.domain_id());
    let mut properties = member.properties.clone();
    if world.switches.patch_objects == PatchObjects::Merge {
        merge_objects(&properties, &mut body);
    }
    if world.switches.require_root_external_key
        && body.contains_key("organizations")
        && !body.contains_key("userExternalKey")
    {
        let text = "organizations without the root userExternalKey";
        world.accuse(call, Rule::NoRootExternalKey, Some(lookup), text);
        // The text a forum post has for this case.
        return Err(Refusal::bad_request(
            "userExternalKey must be the same as the primary organization's externalKey.",
        ));
    }
    let given = checked(world, call, &body, Purpose::Patch, domain_id)?;
    properties.extend(given);
    let properties = rules::complete(properties, domain_id);
    stays(world, &properties, domain_id)?;
    refuse_taken(world, &properties, Some(&user_id))?;
    Ok(update(world, user_id, properties))
}

/// Puts what the member has in place of the keys a PATCH left out of its objects.
fn merge_objects(properties: &Map<String, Value>, body: &mut Map<String, Value>) {
    for name in ["userName", "messenger", "customProperties"] {
        let old = properties.get(name).and_then(Value::as_object);
        let new = body.get_mut(name).and_then(Value::as_object_mut);
        if let (Some(old), Some(new)) = (old, new) {
            let mut merged = old.clone();
            merged.append(new);
            *new = merged;
        }
    }
}

/// Neither PUT nor PATCH takes a member to another domain; that needs a move (vendor's user-move page).
fn stays(world: &World, properties: &Map<String, Value>, domain_id: i64) -> Result<(), Refusal> {
    if properties["domainId"] != domain_id {
        return Err(Refusal::invalid("domainId", "Only a move takes a user to another domain."));
    }
    fits_domain(world, properties)
}

pub(crate) fn fits_domain(world: &World, properties: &Map<String, Value>) -> Result<(), Refusal> {
    rules::fits_domain(properties, &world.domains).map_err(|problem| Refusal::from(&problem))
}

/// Puts new properties in place of a member's old ones, and answers as PUT and PATCH do.
pub(crate) fn update(world: &mut World, user_id: String, properties: Map<String, Value>) -> Reply {
    let now = world.clock.now();
    let member = world.members.find_mut(&Lookup::Id(user_id.clone()));
    let member = member.expect("the member was found a moment ago, under the same lock");
    member.properties = properties;
    member.touch(now);
    let tag = member.tag();
    only_manager(world, &user_id);
    match world.switches.patch_answers {
        PatchAnswers::User => user_reply(world, world.member(&user_id)),
        PatchAnswers::Empty204 => Reply::empty(204).about(tag),
    }
}

/// A member that is not deleted. In grace the answer follows the switch for reading; where that would be 200, it is 400.
pub(crate) fn existing<'w>(world: &'w mut World, lookup: &Lookup) -> Result<&'w mut Member, Refusal> {
    let refusal = missing(&world.switches);
    let in_grace = match world.switches.get_in_grace {
        GetInGrace::Ok => Refusal::bad_request("The user is deleted."),
        GetInGrace::NotFound => refusal.clone(),
        GetInGrace::Gone => deleted(),
    };
    let member = world.members.find_mut(lookup).ok_or(refusal)?;
    if member.deleted_at.is_some() {
        return Err(in_grace);
    }
    Ok(member)
}

pub(crate) fn checked(
    world: &mut World,
    call: &Call,
    body: &Map<String, Value>,
    purpose: Purpose,
    member_domain: i64,
) -> Result<Map<String, Value>, Refusal> {
    checked_properties(world, call, body, purpose, member_domain).map_err(|problem| Refusal::from(&problem))
}

/// What a body sets, if it meets the rules; a forbidden character is held against the caller.
pub(crate) fn checked_properties(
    world: &mut World,
    call: &Call,
    body: &Map<String, Value>,
    purpose: Purpose,
    member_domain: i64,
) -> Result<Map<String, Value>, Problem> {
    let context = context(world, member_domain);
    rules::check(body, purpose, &context).inspect_err(|problem| accuse(world, call, problem))
}

/// What the rules depend on, for a member of this domain.
pub(crate) fn context(world: &World, member_domain: i64) -> Context<'_> {
    Context {
        domain_id: world.domain_id,
        domains: &world.domains,
        switches: &world.switches,
        placement: &world.placement,
        member_domain,
        now: world.clock.now(),
    }
}

/// Holds a forbidden character against the caller.
pub(crate) fn accuse(world: &mut World, call: &Call, problem: &Problem) {
    if problem.kind == ProblemKind::ForbiddenCharacter {
        let text = format!("{} contains a forbidden character", problem.property);
        world.accuse(call, Rule::ForbiddenCharacter, None, &text);
    }
}

/// E-mail first, then external key (the vendor's own answer, 2018); the status by switch.
pub(crate) fn refuse_taken(
    world: &World,
    properties: &Map<String, Value>,
    except: Option<&str>,
) -> Result<(), Refusal> {
    let Some(property) = world.members.taken(properties, except) else {
        return Ok(());
    };
    Err(duplicate(&world.switches, property, properties[property].as_str().unwrap_or_default()))
}

/// The answer to a value that another one has already, by switch.
pub(crate) fn duplicate(switches: &Switches, property: &str, value: &str) -> Refusal {
    let readable = switches.duplicate_readable;
    let text = |vague: &str| match readable {
        true => format!("{property} is duplicated. ({value}) It already exists."),
        false => vague.to_owned(),
    };
    match switches.duplicate_style {
        DuplicateStyle::Conflict => Refusal::new(409, "ALREADY_EXIST", text("Conflict.")),
        DuplicateStyle::BadRequest => Refusal::new(400, "BAD_REQUEST", text("Bad request.")),
    }
}

pub(crate) fn user_reply(world: &World, member: &Member) -> Reply {
    let user = member.to_json(&world.view());
    Reply::json(200, user).about(member.tag())
}

pub(crate) fn missing(switches: &Switches) -> Refusal {
    match switches.missing_user_code {
        MissingUserCode::NotFound => Refusal::new(404, "NOT_FOUND", "User not found."),
        MissingUserCode::UserNotExist => Refusal::new(404, "USER_NOT_EXIST", "User not exist."),
    }
}

fn deleted() -> Refusal {
    Refusal::new(410, "DELETED", "The user is deleted.")
}
