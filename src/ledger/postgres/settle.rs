//! Records a run, as long as its lease is ours.

use super::super::rows::{ms, stored_json, word};
use super::super::settling::StateColumns;
use super::super::{Lease, Settlement};
use super::columns::clean;
use super::hands::{Db, Failure, Outcome};
use super::work::{HELD, Mine};
use super::{learnt, org};
use crate::domain::assignment::State;
use crate::domain::outcome::Cause;

/// The row of the run, and whoever else has its member: locked in the order of their ids, as everybody locks people.
const LOCK: &str = "SELECT okta_user_id FROM assignments WHERE okta_user_id = $1 OR member_id = $2 \
     ORDER BY okta_user_id FOR UPDATE";

/// Records a run. The row is due again when its revision has grown meanwhile.
pub(super) async fn settle(db: &Db, mine: &Mine<Settlement>) -> Outcome<bool> {
    let Mine { owner, lease, what: settlement } = mine;
    let person = lease.person.as_str();
    let member_id = settlement.member_id.as_ref().map(|id| clean(id.as_str()));
    let member_id = member_id.as_deref();
    let for_the_app = settlement.state.reason().is_some_and(|reason| reason.cause == Cause::OktaAppGone)
        && matches!(settlement.state, State::Held { .. });
    if for_the_app {
        org::hold_mark(db).await?;
    }
    let mut others: Vec<String> = Vec::new();
    if member_id.is_some() {
        let rows = db.rows(LOCK, &[&person, &member_id]).await?;
        others = rows.iter().map(|row| row.try_get("okta_user_id")).collect::<Result<_, _>>()?;
        others.retain(|other| other != person);
    }
    let Some(row) = db.row(HELD, &[&person, owner, &lease.number]).await? else { return Ok(false) };
    let current = u64::try_from(row.try_get::<_, i64>("revision")?).unwrap_or_default();
    // The app may have come back between the moment the run was told that it is gone and this one.
    let overtaken = current > settlement.revision || (for_the_app && !org::app_is_gone(db).await?);
    if member_id.is_some() {
        take_from(db, person, member_id, &others).await?;
    }
    write_row(db, lease, settlement, member_id, overtaken).await?;
    super::admit::write_marks(db, lease, &settlement.marks).await?;
    if let Some(learnt) = &settlement.learnt {
        learnt::write(db, lease, learnt, overtaken).await?;
    }
    write_attempt(db, lease, settlement).await?;
    Ok(true)
}

/// A member id belongs to one assignment at most: taking it here takes it from the other row. Only locked rows are written:
/// whoever waited for another row now might hold what its holder waits for.
async fn take_from(db: &Db, person: &str, member_id: Option<&str>, others: &Vec<String>) -> Outcome<()> {
    let sql = "SELECT 1 FROM assignments WHERE member_id = $1 AND okta_user_id <> $2 AND okta_user_id <> ALL($3)";
    if db.row(sql, &[&member_id, &person, others]).await?.is_some() {
        // It went to somebody else between the look and the lock.
        return Err(Failure::Overtaken);
    }
    if !others.is_empty() {
        let sql = "UPDATE assignments SET member_id = NULL WHERE okta_user_id = ANY($2) AND member_id = $1";
        db.change(sql, &[&member_id, others]).await?;
    }
    Ok(())
}

/// An event that arrived during the run may have ended the count towards a deletion: then the next run starts it.
async fn write_row(
    db: &Db,
    lease: &Lease,
    settlement: &Settlement,
    member_id: Option<&str>,
    overtaken: bool,
) -> Outcome<()> {
    let columns = StateColumns::of(settlement, overtaken);
    let applied = columns.applied.and_then(|revision| i64::try_from(revision).ok());
    let key = settlement.external_key.as_ref().map(|key| clean(key.as_str()));
    db.change_one(
        "UPDATE assignments SET state = $2, next_at = $3, reason = $4, held_steps = $5, \
         applied_revision = greatest(applied_revision, $6), failures = $7, updated_at = $8, \
         lease_owner = NULL, lease_until = NULL, member_id = $9, external_key = $10, groups = $11, yielded_to = $12, \
         former_logins = CASE WHEN $9::text IS NULL THEN former_logins ELSE '[]' END, \
         unassigned_seen_at = CASE WHEN $13 THEN unassigned_seen_at ELSE $14 END WHERE okta_user_id = $1",
        &[
            &lease.person.as_str(),
            &columns.name.as_str(),
            &columns.next_at,
            &columns.reason,
            &columns.held_steps,
            &applied,
            &i64::from(settlement.failures),
            &ms(settlement.ended),
            &member_id,
            &key.as_deref(),
            &stored_json(&settlement.groups),
            &settlement.yielded_to.as_ref().map(|person| person.as_str()),
            &overtaken,
            &settlement.marks.unassigned_seen.map(ms),
        ],
    )
    .await
}

async fn write_attempt(db: &Db, lease: &Lease, settlement: &Settlement) -> Outcome<()> {
    let revision = i64::try_from(settlement.revision).map_err(|_| Failure::Overtaken)?;
    db.change_one(
        "INSERT INTO attempts (okta_user_id, revision, lease_number, started_at, ended_at, state, reason, steps, \
         calls, okta) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &lease.person.as_str(),
            &revision,
            &lease.number,
            &ms(settlement.started),
            &ms(settlement.ended),
            &word(settlement.state.name()),
            &settlement.state.reason().map(stored_json),
            &stored_json(&settlement.steps),
            &stored_json(&settlement.calls),
            &stored_json(&settlement.okta),
        ],
    )
    .await
}
