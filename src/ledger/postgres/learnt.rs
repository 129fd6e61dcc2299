//! What a run read from Okta becomes the facts, in the transaction that records the run.
//!
//! Okta was asked after everything the run knew had arrived, so its word replaces that. Of an event that came during the
//! run nobody knows which was first but by their times: the later one stands, and the row is due again anyway.

use super::super::Lease;
use super::super::rows::{ms, stored_profile, word};
use super::hands::{Db, Outcome};
use crate::domain::event::{ProfileWish, Source};
use crate::domain::learnt::Learnt;

/// Before the login becomes another one: a create that was begun under it may have made a member that nobody has seen
/// yet, and SCIM finds members by login only. `$next` stands for the new login.
pub(super) fn former_logins(next: &str) -> String {
    format!(
        "CASE WHEN a.login <> {next} AND a.member_id IS NULL AND a.lease_number > 0 \
         AND jsonb_array_length(a.former_logins::jsonb) < 10 AND NOT a.former_logins::jsonb ? a.login \
         THEN (a.former_logins::jsonb || to_jsonb(a.login))::text ELSE a.former_logins END"
    )
}

/// Writes what was learnt; `overtaken` says that events came during the run. The row is locked.
///
/// A ruling on held steps was said about the wish as it was then: when membership or status is another one now, it is
/// void, as after an event; nobody rules on a member that is to be in use. The policy of a removal that Okta does not show yet is kept until Okta is read once more.
pub(super) async fn write(db: &Db, lease: &Lease, learnt: &Learnt, overtaken: bool) -> Outcome<()> {
    let (person, at, source) = (lease.person.as_str(), ms(learnt.at), word(Source::Okta));
    let membership = if learnt.assigned { "assigned" } else { "unassigned" };
    let status = learnt.status.as_str();
    db.change(
        "UPDATE assignments SET \
         ruling = CASE WHEN membership IS NOT DISTINCT FROM $2 AND coalesce(status, 'active') = $3 \
         AND NOT ($2 = 'assigned' AND $3 = 'active') THEN ruling END, \
         membership_policy = CASE WHEN $2 = 'unassigned' OR membership_source IS DISTINCT FROM $5 \
         THEN membership_policy END, \
         unassigned_seen_at = CASE WHEN $2 = 'assigned' AND $3 <> 'deactivated' THEN NULL \
         ELSE unassigned_seen_at END, \
         membership = $2, membership_at = greatest(membership_at, $4), membership_source = $5 \
         WHERE okta_user_id = $1 AND (NOT $6 OR coalesce(membership_at, $4) <= $4)",
        &[&person, &membership, &status, &at, &source, &overtaken],
    )
    .await?;
    db.change(
        "UPDATE assignments SET status = $2, status_at = greatest(status_at, $3), status_source = $4 \
         WHERE okta_user_id = $1 AND (NOT $5 OR coalesce(status_at, $3) <= $3)",
        &[&person, &status, &at, &source, &overtaken],
    )
    .await?;
    let login = learnt.profile.as_ref().and_then(ProfileWish::valid).map(|profile| profile.email().as_str());
    // A removal that a hook told of may have brought another login: of a leaver the last one Okta had counts.
    let sql = format!(
        "UPDATE assignments AS a SET former_logins = {}, okta_profile = coalesce($2, okta_profile), \
         login = coalesce($3, okta_profile::json #>> '{{valid,user,email}}', login), okta_read_at = $4, \
         leaving = membership IS DISTINCT FROM 'assigned' OR coalesce(status, 'active') <> 'active' \
         WHERE okta_user_id = $1",
        former_logins("$3")
    );
    db.change_one(&sql, &[&person, &learnt.profile.as_ref().map(stored_profile), &login, &at]).await
}
