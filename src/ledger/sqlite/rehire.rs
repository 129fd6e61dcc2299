//! Somebody comes back with a new Okta id: the leaver's member goes on to the new assignment.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::super::{Lease, TakeOver};
use super::rows::{Reading, ms, stored_json};
use super::threads::Outcome;
use super::{read, work};
use crate::domain::assignment::{Desired, StateName};
use crate::domain::event::UnassignPolicy;
use crate::domain::ids::OktaUserId;
use crate::domain::marks::Marks;
use crate::domain::outcome::{Cause, Reason};

/// See [`super::super::Store::deleted_with_login`].
pub(super) fn deleted_with_login(db: &Connection, login: &str, except: &OktaUserId) -> Outcome<Option<OktaUserId>> {
    let mut statement = db.prepare_cached(
        "SELECT okta_user_id FROM assignments WHERE login = ?1 AND delete_intent_at IS NOT NULL \
         AND member_id IS NOT NULL AND (membership = 'unassigned' OR status = 'deactivated') AND okta_user_id <> ?2 \
         ORDER BY delete_intent_at DESC LIMIT 1",
    )?;
    let mut rows = statement.query(params![login, except.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Reading::of(row, "assignments", "okta_user_id")?.word("okta_user_id")?))
}

/// Gives the member of `from` to the holder of the lease, unless somebody is at work on it; see
/// [`super::super::Store::take_over`].
pub(super) fn take_over(
    db: &Connection,
    owner: &str,
    lease: &Lease,
    from: &OktaUserId,
    now: Timestamp,
) -> Outcome<TakeOver> {
    let (own, leaver) = (read::assignment(db, &lease.person)?, read::assignment(db, from)?);
    let (Some(own), Some(leaver), true) = (own, leaver, work::is_held(db, owner, lease)?) else {
        return Ok(TakeOver::Refused);
    };
    if leaver.yielded_to.as_ref() == Some(&lease.person) {
        return Ok(TakeOver::Done { member_id: own.member_id, marks: own.marks, groups: own.groups });
    }
    let has_left = matches!(leaver.facts.desired(UnassignPolicy::Suspend), Some(Desired::Unassigned { .. }));
    if !has_left || *from == lease.person {
        return Ok(TakeOver::Refused);
    }
    if leaver.state.name() == StateName::Running || leaver.marks.unclear_until.is_some_and(|until| now < until) {
        return Ok(TakeOver::Busy);
    }
    let note = Reason::with(Cause::MemberPassedOn, format!("taken over by {}", lease.person));
    db.prepare_cached(
        "UPDATE assignments SET yielded_to = ?2, member_id = NULL, external_key = NULL, groups = '[]', \
         suspend_intent_at = NULL, suspend_confirmed = 0, delete_intent_at = NULL, delete_confirmed = 0, \
         unassigned_seen_at = NULL, state = 'settled', next_at = NULL, reason = ?3, held_steps = NULL, \
         applied_revision = revision, failures = 0, updated_at = ?4 WHERE okta_user_id = ?1",
    )?
    .execute(params![from.as_str(), lease.person.as_str(), stored_json(&note), ms(now)])?;
    // A late effect of the leaver's last call has to be found by whoever has the member then.
    let unclear_until = own.marks.unclear_until.max(leaver.marks.unclear_until);
    let marks = Marks { suspend: leaver.marks.suspend, delete: leaver.marks.delete, unclear_until, ..own.marks };
    work::write_marks(db, lease, &marks)?;
    let member_id = leaver.member_id.or(own.member_id);
    db.prepare_cached("UPDATE assignments SET member_id = ?2, groups = ?3 WHERE okta_user_id = ?1")?.execute(
        params![lease.person.as_str(), member_id.as_ref().map(|id| id.as_str()), stored_json(&leaver.groups)],
    )?;
    Ok(TakeOver::Done { member_id, marks, groups: leaver.groups })
}
