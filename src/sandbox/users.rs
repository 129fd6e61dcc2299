//! The effects of the user operations on the world, each whole and at once.
//!
//! Follows the vendor's user pages: create, list, get, put, patch, delete, forcedelete, undelete, suspend, unsuspend.
//! Where the pages are silent a switch decides. Tokens, quota and overlaps were looked at before.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::call::Call;
use super::listing;
use super::member::Member;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::route::{Lookup, Operation, Route};
use super::rules::{self, Context, Problem, ProblemKind, Purpose};
use super::switches::{
    DuplicateStyle, GetInGrace, Leniency, MissingUserCode, PatchAnswers, PatchObjects, Switches, UndeleteReturns,
};
use super::world::World;

/// Performs one operation. Refused operations change nothing.
pub(crate) fn perform(world: &mut World, call: &Call, route: &Route) -> Result<Reply, Refusal> {
    let Some(lookup) = &route.lookup else {
        return match route.operation {
            Operation::Create => create(world, call),
            _ => listing::list(world, call),
        };
    };
    check_lookup(world, call, route, lookup)?;
    let reply = match route.operation {
        Operation::Get => return get(world, lookup),
        Operation::Put => replace(world, call, lookup)?,
        Operation::Patch => patch(world, call, lookup)?,
        Operation::Delete => delete(world, lookup)?,
        Operation::ForceDelete => force_delete(world, call, lookup)?,
        Operation::Undelete => undelete(world, lookup)?,
        Operation::Suspend => suspend(world, lookup)?,
        Operation::Unsuspend => unsuspend(world, lookup)?,
        Operation::Token | Operation::Create | Operation::List | Operation::Scim(_) => {
            return Err(Refusal::no_such_api());
        }
    };
    if let Some(member) = &reply.member {
        *world.records.writes.entry(member.id.clone()).or_insert(0) += 1;
    }
    Ok(reply)
}

/// Looks at how the member is named before anything is done.
fn check_lookup(world: &mut World, call: &Call, route: &Route, lookup: &Lookup) -> Result<(), Refusal> {
    if let Some(why) = route.badly_encoded {
        world.accuse(call, Rule::NotUrlEncoded, Some(lookup), why);
        if world.strict {
            return Err(Refusal::invalid("userId", "It must be URL-encoded."));
        }
    }
    if let Lookup::ExternalKey(key) = lookup
        && key.contains(['%', '\\', '#', '/', '?'])
    {
        let text = "no external key can contain this character";
        world.accuse(call, Rule::ForbiddenCharacter, Some(lookup), text);
        if world.strict {
            return Err(Refusal::invalid("userId", "It contains a character that is not allowed."));
        }
    }
    Ok(())
}

fn create(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json_object()?;
    let given = checked(world, call, &body, Purpose::Create)?;
    let properties = rules::complete(given, world.domain_id);
    refuse_taken(world, &properties, None)?;
    let pending = !world.switches.sso;
    let now = world.clock.now();
    let member = world.members.add(properties, now);
    member.pending = pending;
    let tag = member.tag();
    let email = member.email().to_owned();
    let user = member.to_json(&world.placement, &world.domain, now);
    *world.records.created.entry(email).or_insert(0) += 1;
    *world.records.writes.entry(tag.id.clone()).or_insert(0) += 1;
    Ok(Reply::json(201, user).about(tag))
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
    let user_id = existing(world, lookup)?.user_id.clone();
    let given = checked(world, call, &body, Purpose::Replace)?;
    let properties = rules::complete(given, world.domain_id);
    refuse_taken(world, &properties, Some(&user_id))?;
    Ok(update(world, user_id, properties))
}

fn patch(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Refusal> {
    let mut body = call.json_object()?;
    let member = existing(world, lookup)?;
    let user_id = member.user_id.clone();
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
    let given = checked(world, call, &body, Purpose::Patch)?;
    properties.extend(given);
    let properties = rules::complete(properties, world.domain_id);
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

fn update(world: &mut World, user_id: String, properties: Map<String, Value>) -> Reply {
    let now = world.clock.now();
    let answers = world.switches.patch_answers;
    let member =
        world.members.find_mut(&Lookup::Id(user_id)).expect("the member was found a moment ago, under the same lock");
    member.properties = properties;
    member.touch(now);
    let tag = member.tag();
    match answers {
        PatchAnswers::User => Reply::json(200, member.to_json(&world.placement, &world.domain, now)).about(tag),
        PatchAnswers::Empty204 => Reply::empty(204).about(tag),
    }
}

/// 204, seven days' grace; talk rooms are left at once and not given back (vendor's user-delete page).
fn delete(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let member = existing(world, lookup)?;
    if member.administrator {
        return Err(Refusal::bad_request("An administrator cannot be deleted."));
    }
    member.deleted_at = Some(now);
    member.talk_data_lost = true;
    Ok(Reply::empty(204).about(member.tag()))
}

fn force_delete(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Refusal> {
    let text = "the member and its data would be destroyed at once";
    world.accuse(call, Rule::Forcedelete, Some(lookup), text);
    if world.strict {
        return Err(Refusal::new(403, "FORBIDDEN", "forcedelete is not allowed here."));
    }
    let Some(member) = world.members.find(lookup) else {
        return Err(missing(&world.switches));
    };
    if member.administrator {
        return Err(Refusal::bad_request("An administrator cannot be deleted."));
    }
    let tag = member.tag();
    world.members.remove(&tag.id);
    Ok(Reply::empty(204).about(tag))
}

fn undelete(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let returns = world.switches.undelete_returns;
    let refusal = missing(&world.switches);
    let member = world.members.find_mut(lookup).ok_or(refusal)?;
    if member.deleted_at.take().is_none() {
        return Err(Refusal::bad_request("The user is not deleted."));
    }
    match returns {
        UndeleteReturns::AsBefore => {}
        UndeleteReturns::Active => member.set_suspended(false, now),
        UndeleteReturns::Suspended => member.set_suspended(true, now),
    }
    let user_id = member.user_id.clone();
    let member = world.members.find(&Lookup::Id(user_id));
    let member = member.expect("the member was found a moment ago, under the same lock");
    Ok(user_reply(world, member))
}

/// "Only a member in use, not a super administrator" (vendor's user-suspend page).
fn suspend(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let switches = world.switches.clone();
    let member = existing(world, lookup)?;
    refuse_suspension(member, &switches, now)?;
    if member.suspended && switches.suspend_suspended == Leniency::Refuse {
        return Err(Refusal::bad_request("The user is suspended already."));
    }
    member.set_suspended(true, now);
    Ok(Reply::empty(204).about(member.tag()))
}

/// Who cannot be suspended by any API: administrators, and whoever is not in use.
pub(crate) fn refuse_suspension(member: &Member, switches: &Switches, now: Timestamp) -> Result<(), Refusal> {
    if member.administrator {
        return Err(Refusal::bad_request("An administrator cannot be suspended."));
    }
    if (member.pending || member.is_awaiting(now)) && switches.pending_suspend == Leniency::Refuse {
        return Err(Refusal::bad_request("The user is not in use."));
    }
    Ok(())
}

fn unsuspend(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let accepts_active = world.switches.unsuspend_active == Leniency::Accept;
    let member = existing(world, lookup)?;
    if !member.suspended && !accepts_active {
        return Err(Refusal::bad_request("The user is not suspended."));
    }
    member.set_suspended(false, now);
    Ok(Reply::empty(204).about(member.tag()))
}

/// A member that is not deleted. In grace the answer follows the switch for reading; where that would be 200, it is 400.
fn existing<'w>(world: &'w mut World, lookup: &Lookup) -> Result<&'w mut Member, Refusal> {
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

fn checked(
    world: &mut World,
    call: &Call,
    body: &Map<String, Value>,
    purpose: Purpose,
) -> Result<Map<String, Value>, Refusal> {
    checked_properties(world, call, body, purpose).map_err(|problem| Refusal::from(&problem))
}

/// What a body sets, if it meets the rules; a forbidden character is counted.
pub(crate) fn checked_properties(
    world: &mut World,
    call: &Call,
    body: &Map<String, Value>,
    purpose: Purpose,
) -> Result<Map<String, Value>, Problem> {
    let context = Context {
        domain_id: world.domain_id,
        domain: &world.domain,
        sso: world.switches.sso,
        placement: &world.placement,
        accept_unknown_placement: world.switches.accept_unknown_placement,
        now: world.clock.now(),
    };
    rules::check(body, purpose, &context).inspect_err(|problem| {
        if problem.kind == ProblemKind::ForbiddenCharacter {
            let text = format!("{} contains a forbidden character", problem.property);
            world.accuse(call, Rule::ForbiddenCharacter, None, &text);
        }
    })
}

/// E-mail first, then external key (the vendor's own answer, 2018); the status by switch.
fn refuse_taken(world: &World, properties: &Map<String, Value>, except: Option<&str>) -> Result<(), Refusal> {
    let Some(property) = world.members.taken(properties, except) else {
        return Ok(());
    };
    let readable = world.switches.duplicate_readable;
    let value = properties[property].as_str().unwrap_or_default();
    let text = |vague: &str| match readable {
        true => format!("{property} is duplicated. ({value}) It already exists."),
        false => vague.to_owned(),
    };
    Err(match world.switches.duplicate_style {
        DuplicateStyle::Conflict => Refusal::new(409, "ALREADY_EXIST", text("Conflict.")),
        DuplicateStyle::BadRequest => Refusal::new(400, "BAD_REQUEST", text("Bad request.")),
    })
}

fn user_reply(world: &World, member: &Member) -> Reply {
    let user = member.to_json(&world.placement, &world.domain, world.clock.now());
    Reply::json(200, user).about(member.tag())
}

fn missing(switches: &Switches) -> Refusal {
    match switches.missing_user_code {
        MissingUserCode::NotFound => Refusal::new(404, "NOT_FOUND", "User not found."),
        MissingUserCode::UserNotExist => Refusal::new(404, "USER_NOT_EXIST", "User not exist."),
    }
}

fn deleted() -> Refusal {
    Refusal::new(410, "DELETED", "The user is deleted.")
}
