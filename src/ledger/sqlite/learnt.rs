//! What a run read from Okta becomes the facts, in the transaction that records the run.
//!
//! Okta was asked after everything the run knew had arrived, so its word replaces that. Of an event that came during the
//! run nobody knows which was first but by their times: the later one stands, and the row is due again anyway.

use rusqlite::{Connection, params};

use super::super::Lease;
use super::accept;
use super::rows::{ms, stored_profile, word};
use super::threads::Outcome;
use crate::domain::event::{ProfileWish, Source};
use crate::domain::learnt::Learnt;

/// Writes what was learnt; `overtaken` says that events came during the run.
///
/// A ruling on held steps was said about the wish as it was then: when membership or status is another one now, it is
/// void, as after an event; nobody rules on a member that is to be in use. The policy of a removal that Okta does not show yet is kept until Okta is read once more.
pub(super) fn write(db: &Connection, lease: &Lease, learnt: &Learnt, overtaken: bool) -> Outcome<()> {
    let (person, at, source) = (lease.person.as_str(), ms(learnt.at), word(Source::Okta));
    let membership = if learnt.assigned { "assigned" } else { "unassigned" };
    db.prepare_cached(
        "UPDATE assignments SET \
         ruling = CASE WHEN membership IS ?2 AND coalesce(status, 'active') = ?3 \
         AND NOT (?2 = 'assigned' AND ?3 = 'active') THEN ruling END, \
         membership_policy = CASE WHEN ?2 = 'unassigned' OR membership_source IS NOT ?5 THEN membership_policy END, \
         unassigned_seen_at = CASE WHEN ?2 = 'assigned' AND ?3 <> 'deactivated' THEN NULL \
         ELSE unassigned_seen_at END, \
         membership = ?2, membership_at = max(coalesce(membership_at, ?4), ?4), membership_source = ?5 \
         WHERE okta_user_id = ?1 AND (NOT ?6 OR coalesce(membership_at, ?4) <= ?4)",
    )?
    .execute(params![person, membership, learnt.status.as_str(), at, source, overtaken])?;
    db.prepare_cached(
        "UPDATE assignments SET status = ?2, status_at = max(coalesce(status_at, ?3), ?3), status_source = ?4 \
         WHERE okta_user_id = ?1 AND (NOT ?5 OR coalesce(status_at, ?3) <= ?3)",
    )?
    .execute(params![person, learnt.status.as_str(), at, source, overtaken])?;
    let login = learnt.profile.as_ref().and_then(ProfileWish::valid).map(|profile| profile.email().as_str());
    accept::remember_login(db, &lease.person, login)?;
    // A removal that a hook told of may have brought another login: of a leaver the last one Okta had counts.
    db.prepare_cached(
        "UPDATE assignments SET okta_profile = coalesce(?2, okta_profile), \
         login = coalesce(?3, json_extract(okta_profile, '$.valid.user.email'), login), \
         okta_read_at = ?4, leaving = membership IS NOT 'assigned' OR coalesce(status, 'active') <> 'active' \
         WHERE okta_user_id = ?1",
    )?
    .execute(params![person, learnt.profile.as_ref().map(stored_profile), login, at])?;
    Ok(())
}
