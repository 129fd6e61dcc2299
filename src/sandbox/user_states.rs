//! What changes a member's state: delete, forcedelete, undelete, suspend, unsuspend.
//!
//! Each is whole and at once, as in `users`; where the vendor's pages are silent a switch decides.

use jiff::Timestamp;

use super::call::Call;
use super::member::Member;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::route::Lookup;
use super::switches::{AdministratorRefusal, Leniency, Switches, UndeleteReturns};
use super::users::{existing, missing, take_seat, user_reply};
use super::world::World;

/// 204, seven days' grace; talk rooms are left at once and not given back (vendor's user-delete page).
pub(crate) fn delete(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let status = world.switches.administrator_refusal;
    let member = existing(world, lookup)?;
    if member.administrator {
        return Err(administrator(status, "An administrator cannot be deleted."));
    }
    member.deleted_at = Some(now);
    member.talk_data_lost = true;
    Ok(Reply::empty(204).about(member.tag()))
}

pub(crate) fn force_delete(world: &mut World, call: &Call, lookup: &Lookup) -> Result<Reply, Refusal> {
    let text = "the member and its data would be destroyed at once";
    world.accuse(call, Rule::Forcedelete, Some(lookup), text);
    if world.strict {
        return Err(Refusal::new(403, "FORBIDDEN", "forcedelete is not allowed here."));
    }
    let Some(member) = world.members.find(lookup) else {
        return Err(missing(&world.switches));
    };
    if member.administrator {
        return Err(administrator(world.switches.administrator_refusal, "An administrator cannot be deleted."));
    }
    let tag = member.tag();
    world.members.remove(&tag.id);
    Ok(Reply::empty(204).about(tag))
}

pub(crate) fn undelete(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let returns = world.switches.undelete_returns;
    let refusal = missing(&world.switches);
    let member = world.members.find_mut(lookup).ok_or(refusal)?;
    if member.deleted_at.is_none() {
        return Err(Refusal::bad_request("The user is not deleted."));
    }
    take_seat(world)?;
    let member = world.members.find_mut(lookup).expect("it was found a moment ago, under the same lock");
    member.deleted_at = None;
    match returns {
        UndeleteReturns::AsBefore => {}
        UndeleteReturns::Active => member.set_suspended(false, now),
        UndeleteReturns::Suspended => member.set_suspended(true, now),
    }
    let user_id = member.user_id.clone();
    Ok(user_reply(world, world.member(&user_id)))
}

/// "Only a member in use, not a super administrator" (vendor's user-suspend page).
pub(crate) fn suspend(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
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
        return Err(administrator(switches.administrator_refusal, "An administrator cannot be suspended."));
    }
    if (member.pending || member.is_awaiting(now)) && switches.pending_suspend == Leniency::Refuse {
        return Err(Refusal::bad_request("The user is not in use."));
    }
    Ok(())
}

pub(crate) fn unsuspend(world: &mut World, lookup: &Lookup) -> Result<Reply, Refusal> {
    let now = world.clock.now();
    let accepts_active = world.switches.unsuspend_active == Leniency::Accept;
    let member = existing(world, lookup)?;
    if !member.suspended && !accepts_active {
        return Err(Refusal::bad_request("The user is not suspended."));
    }
    member.set_suspended(false, now);
    Ok(Reply::empty(204).about(member.tag()))
}

/// Only that it is refused is documented; the status is by switch.
pub(crate) fn administrator(status: AdministratorRefusal, text: &str) -> Refusal {
    match status {
        AdministratorRefusal::BadRequest => Refusal::bad_request(text),
        AdministratorRefusal::Forbidden => Refusal::new(403, "FORBIDDEN", text),
    }
}
