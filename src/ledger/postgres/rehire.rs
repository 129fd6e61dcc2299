//! Somebody comes back with a new Okta id: the leaver's member goes on to the new assignment.

use jiff::Timestamp;

use super::super::TakeOver;
use super::super::rows::{Reading, ms, stored_json};
use super::hands::{Db, Outcome};
use super::work::{HELD, Mine};
use super::{admit, read};
use crate::domain::assignment::{Desired, StateName};
use crate::domain::event::UnassignPolicy;
use crate::domain::ids::OktaUserId;
use crate::domain::marks::Marks;
use crate::domain::outcome::{Cause, Reason};

/// See [`super::super::Store::deleted_with_login`]. Who has left is told as in `Facts::desired`.
pub(super) async fn deleted_with_login(db: &Db, (login, except): &(String, OktaUserId)) -> Outcome<Option<OktaUserId>> {
    let login = super::columns::clean(login);
    let sql = "SELECT okta_user_id FROM assignments WHERE login = $1 AND delete_intent_at IS NOT NULL \
         AND member_id IS NOT NULL AND okta_user_id <> $2 AND (membership = 'unassigned' OR (status = 'deactivated' \
         AND (status_source = 'okta' OR membership_at <= status_at))) ORDER BY delete_intent_at DESC LIMIT 1";
    let row = db.row(sql, &[&login.as_ref(), &except.as_str()]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Reading::of(&row, "assignments", "okta_user_id")?.word("okta_user_id")?))
}

/// Gives the member of somebody to the holder of the lease, unless somebody is at work on it; see
/// [`super::super::Store::take_over`].
pub(super) async fn take_over(db: &Db, mine: &Mine<(OktaUserId, Timestamp)>) -> Outcome<TakeOver> {
    let Mine { owner, lease, what: (from, now) } = mine;
    let mut both = [&lease.person, from];
    both.sort();
    let (first, second) = (read::locked(db, both[0]).await?, read::locked(db, both[1]).await?);
    let (own, leaver) = if both[0] == &lease.person { (first, second) } else { (second, first) };
    let held = db.row(HELD, &[&lease.person.as_str(), owner, &lease.number]).await?;
    let (Some(own), Some(leaver), Some(_)) = (own, leaver, held) else { return Ok(TakeOver::Refused) };
    if leaver.yielded_to.as_ref() == Some(&lease.person) {
        return Ok(TakeOver::Done { member_id: own.member_id, marks: own.marks, groups: own.groups });
    }
    let has_left = matches!(leaver.facts.desired(UnassignPolicy::Suspend), Some(Desired::Unassigned { .. }));
    if !has_left || *from == lease.person {
        return Ok(TakeOver::Refused);
    }
    if leaver.state.name() == StateName::Running || leaver.marks.unclear_until.is_some_and(|until| *now < until) {
        return Ok(TakeOver::Busy);
    }
    let note = Reason::with(Cause::MemberPassedOn, format!("taken over by {}", lease.person));
    db.change_one(
        "UPDATE assignments SET yielded_to = $2, member_id = NULL, external_key = NULL, groups = '[]', \
         suspend_intent_at = NULL, suspend_confirmed = FALSE, delete_intent_at = NULL, delete_confirmed = FALSE, \
         unassigned_seen_at = NULL, state = 'settled', next_at = NULL, reason = $3, held_steps = NULL, \
         applied_revision = revision, failures = 0, updated_at = $4 WHERE okta_user_id = $1",
        &[&from.as_str(), &lease.person.as_str(), &stored_json(&note), &ms(*now)],
    )
    .await?;
    // A late effect of the leaver's last call has to be found by whoever has the member then.
    let unclear_until = own.marks.unclear_until.max(leaver.marks.unclear_until);
    let marks = Marks { suspend: leaver.marks.suspend, delete: leaver.marks.delete, unclear_until, ..own.marks };
    admit::write_marks(db, lease, &marks).await?;
    let member_id = leaver.member_id.or(own.member_id);
    db.change_one(
        "UPDATE assignments SET member_id = $2, groups = $3 WHERE okta_user_id = $1",
        &[&lease.person.as_str(), &member_id.as_ref().map(|id| id.as_str()), &stored_json(&leaver.groups)],
    )
    .await?;
    Ok(TakeOver::Done { member_id, marks, groups: leaver.groups })
}
