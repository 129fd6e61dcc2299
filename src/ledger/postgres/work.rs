//! The workers' side: claim people, and let go of one whose run broke off.
//!
//! A lease is a number on the row: whoever claims raises it, and every later write names it, so a worker that lost
//! its person touches nothing. Rows somebody else has locked at this moment are passed over, not waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::rows::{ASSIGNMENT, assignment, ms};
use super::super::{ClaimRequest, Claimed, Lease, StoreError};
use super::hands::{Db, Outcome};
use super::time::Time;

const HOUR_MS: i64 = 3_600_000;

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// What a claim needs to know.
pub(super) struct Claim {
    pub(super) owner: String,
    pub(super) time: Arc<Time>,
    pub(super) request: ClaimRequest,
}

/// Claims people who are due: leavers first, the longest due first. A row that this very process has is left alone,
/// whatever the clock says; one of another process is taken over when its lease and the grace are over, and looked at
/// once more later, since that process's last call may have its effect as late as that.
pub(super) async fn claim(db: &Db, claim: &Claim) -> Outcome<Vec<Claimed>> {
    let (request, asked) = (&claim.request, Instant::now());
    let takes_over = claim.time.is_steady(request.now, request.lease + request.grace);
    let database_us = Time::ask(db).await?;
    if !claim.time.measured(database_us, asked).is_zero() {
        // The request's "now" is wrong. The next one will be right.
        return Ok(Vec::new());
    }
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT okta_user_id AS picked_id, next_at AS due_at, state AS former \
         FROM assignments WHERE leaving = $1 AND next_at <= $2 \
         AND (state <> 'running' OR ($3 AND lease_owner IS DISTINCT FROM $4)) \
         ORDER BY next_at LIMIT $5 FOR UPDATE SKIP LOCKED) \
         UPDATE assignments SET state = 'running', lease_owner = $4, lease_number = lease_number + 1, \
         lease_until = $6, next_at = $7, updated_at = $2, yielded_to = CASE WHEN leaving THEN yielded_to END, \
         unclear_until = CASE WHEN former = 'running' THEN greatest(unclear_until, due_at) ELSE unclear_until END \
         FROM picked WHERE okta_user_id = picked_id RETURNING due_at, lease_number, {ASSIGNMENT}"
    );
    let now = ms(request.now);
    let until = now + millis(request.lease);
    let next_at = until + millis(request.grace);
    let mut claimed = Vec::new();
    for leaving in [true, false] {
        let left = request.limit.saturating_sub(claimed.len());
        let room = if leaving { left } else { left.min(request.joiners) };
        if room == 0 {
            continue;
        }
        let room = i64::try_from(room).unwrap_or(i64::MAX);
        let mut rows = db.rows(&sql, &[&leaving, &now, &takes_over, &claim.owner, &room, &until, &next_at]).await?;
        rows.sort_by_key(|row| row.try_get::<_, i64>("due_at").unwrap_or_default());
        for row in &rows {
            let number = row.try_get("lease_number")?;
            match assignment(row) {
                Ok(assignment) => {
                    let lease = Lease { person: assignment.person.clone(), number };
                    claimed.push(Claimed { assignment, lease });
                }
                Err(error) => set_aside(db, now, row.try_get("okta_user_id")?, &error).await?,
            }
        }
    }
    Ok(claimed)
}

/// One unreadable row must not keep everybody else waiting: it is looked at again in an hour.
async fn set_aside(db: &Db, now: i64, person: &str, error: &StoreError) -> Outcome<()> {
    tracing::error!(%error, okta_user_id = person, "a row of the ledger cannot be read; it is left alone for an hour");
    db.change_one(
        "UPDATE assignments SET next_at = $2, state = 'due', lease_owner = NULL WHERE okta_user_id = $1",
        &[&person, &(now + HOUR_MS)],
    )
    .await
}

/// What every write under a lease names.
pub(super) struct Mine<T> {
    pub(super) owner: String,
    pub(super) lease: Lease,
    pub(super) what: T,
}

/// Locks the row of a lease while it is ours; its revision, or nothing when it is lost.
pub(super) const HELD: &str = "SELECT revision FROM assignments WHERE okta_user_id = $1 AND lease_owner = $2 \
     AND lease_number = $3 AND state = 'running' FOR UPDATE";

/// Takes the owner off the row: whoever claims it when its lease and the grace are over goes on with it.
pub(super) async fn abandon(db: &Db, mine: &Mine<()>) -> Outcome<()> {
    let Mine { owner, lease, .. } = mine;
    db.change(
        "UPDATE assignments SET lease_owner = NULL, unclear_until = next_at WHERE okta_user_id = $1 \
         AND lease_owner = $2 AND lease_number = $3 AND state = 'running'",
        &[&lease.person.as_str(), owner, &lease.number],
    )
    .await?;
    Ok(())
}
