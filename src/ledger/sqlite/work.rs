//! The workers' side: claim a person, be admitted to each call, settle the run.
//!
//! A lease is a number on the row: whoever claims raises it, and every later write names it, so a worker that lost
//! its person touches nothing. Everything runs inside the writer's transaction and may be run twice.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::bucket::{Bucket, CORRECTING};
use super::super::settling::StateColumns;
use super::super::{Admission, Admitted, ClaimRequest, Claimed, Lease, Limits, Settlement, StoreError};
use super::learnt;
use super::org;
use super::rows::{ASSIGNMENT, assignment, moment, ms, stored_json, word};
use super::threads::{Failure, Outcome};
use crate::domain::assignment::State;
use crate::domain::marks::{Intent, Marks};
use crate::domain::outcome::Cause;
use crate::domain::step::StepKind;
use crate::lineworks::{Operation, Quota};

const HOUR_MS: i64 = 3_600_000;

/// Gives the people of processes that died back, once their last call can have no more effect.
pub(super) fn release_the_dead(db: &Connection, now: Timestamp, grace: Duration) -> rusqlite::Result<usize> {
    let from = ms(now) + millis(grace);
    db.execute("UPDATE assignments SET next_at = min(next_at, ?1), unclear_until = ?1 WHERE state = 'running'", [from])
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Claims people who are due: leavers first, the longest due first. A row that this very process has is left alone,
/// whatever the clock says.
pub(super) fn claim(db: &Connection, owner: &str, request: &ClaimRequest) -> Outcome<Vec<Claimed>> {
    let mut people: Vec<String> = Vec::new();
    for leaving in [true, false] {
        let left = request.limit.saturating_sub(people.len());
        let room = if leaving { left } else { left.min(request.joiners) };
        if room == 0 {
            continue;
        }
        let mut statement = db.prepare_cached(
            "SELECT okta_user_id FROM assignments WHERE leaving = ?1 AND next_at <= ?2 \
             AND (state <> 'running' OR lease_owner IS NOT ?3) ORDER BY next_at LIMIT ?4",
        )?;
        let found =
            statement.query_map(params![leaving, ms(request.now), owner, room], |row| row.get::<_, String>(0))?;
        for person in found {
            people.push(person?);
        }
    }
    let mut claimed = Vec::with_capacity(people.len());
    for person in people {
        match claim_one(db, owner, request, &person) {
            Ok(one) => claimed.push(one),
            Err(Failure::Row(error)) => set_aside(db, request, &person, &error)?,
            Err(failure) => return Err(failure),
        }
    }
    Ok(claimed)
}

/// One unreadable row must not keep everybody else waiting: it is looked at again in an hour.
fn set_aside(db: &Connection, request: &ClaimRequest, person: &str, error: &StoreError) -> Outcome<()> {
    tracing::error!(%error, okta_user_id = person, "a row of the ledger cannot be read; it is left alone for an hour");
    db.prepare_cached(
        "UPDATE assignments SET next_at = ?2, state = 'due', lease_owner = NULL WHERE okta_user_id = ?1",
    )?
    .execute(params![person, ms(request.now) + HOUR_MS])?;
    Ok(())
}

fn claim_one(db: &Connection, owner: &str, request: &ClaimRequest, person: &str) -> Outcome<Claimed> {
    let until = ms(request.now) + millis(request.lease);
    let sql = format!(
        "UPDATE assignments SET state = 'running', lease_owner = ?2, lease_number = lease_number + 1, \
         lease_until = ?3, next_at = ?4, updated_at = ?5, yielded_to = CASE WHEN leaving THEN yielded_to END \
         WHERE okta_user_id = ?1 RETURNING lease_number, {ASSIGNMENT}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![person, owner, until, until + millis(request.grace), ms(request.now)])?;
    let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let assignment = assignment(row)?;
    let lease = Lease { person: assignment.person.clone(), number: row.get("lease_number")? };
    Ok(Claimed { assignment, lease })
}

/// Whether this process still has the person.
pub(super) fn is_held(db: &Connection, owner: &str, lease: &Lease) -> Outcome<bool> {
    Ok(db
        .prepare_cached(
            "SELECT count(*) FROM assignments WHERE okta_user_id = ?1 AND lease_owner = ?2 AND lease_number = ?3 \
             AND state = 'running'",
        )?
        .query_row(params![lease.person.as_str(), owner, lease.number], |row| row.get(0))?)
}

/// Admits a call or says why not; see [`super::super::Store::admit`].
pub(super) fn admit(db: &Connection, owner: &str, lease: &Lease, admission: &Admission) -> Outcome<Admitted> {
    if !is_held(db, owner, lease)? {
        return Ok(Admitted::LeaseLost);
    }
    renew(db, lease, admission)?;
    if let Some((step, _)) = &admission.intent
        && step.is_destructive()
        && !admission.approved
        && org::app_is_gone(db)?
    {
        return Ok(Admitted::OktaAppGone);
    }
    if let Some((step, _)) = &admission.intent
        && over_the_cap(db, lease, admission, *step)?
    {
        return Ok(Admitted::CapReached);
    }
    if let Some(at) = take_slot(db, admission)? {
        return Ok(Admitted::Until(at));
    }
    if let Some((step, marks)) = &admission.intent {
        write_marks(db, lease, marks)?;
        if step.is_destructive() {
            db.prepare_cached(
                "INSERT INTO destructive_steps (okta_user_id, revision, step, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                lease.person.as_str(),
                admission.revision,
                step.as_str(),
                ms(admission.now)
            ])?;
        }
    }
    Ok(Admitted::Go)
}

fn renew(db: &Connection, lease: &Lease, admission: &Admission) -> Outcome<()> {
    let until = ms(admission.now) + millis(admission.lease);
    db.prepare_cached("UPDATE assignments SET lease_until = ?2, next_at = ?3 WHERE okta_user_id = ?1")?
        .execute(params![lease.person.as_str(), until, until + millis(admission.grace)])?;
    Ok(())
}

/// Whether the rolling hour has no room for this step. A step that was let through once stays let through for its
/// revision, so that trying it again costs nothing.
fn over_the_cap(db: &Connection, lease: &Lease, admission: &Admission, step: StepKind) -> Outcome<bool> {
    if admission.approved || !step.is_destructive() {
        return Ok(false);
    }
    let let_through: bool = db
        .prepare_cached(
            "SELECT count(*) FROM destructive_steps WHERE okta_user_id = ?1 AND revision = ?2 AND step = ?3",
        )?
        .query_row(params![lease.person.as_str(), admission.revision, step.as_str()], |row| row.get(0))?;
    if let_through {
        return Ok(false);
    }
    let used: u32 = db
        .prepare_cached("SELECT count(*) FROM destructive_steps WHERE at > ?1")?
        .query_row([ms(admission.now) - HOUR_MS], |row| row.get(0))?;
    Ok(used >= admission.limits.destructive_per_hour)
}

fn bucket(db: &Connection, operation: Operation, limits: Limits, now: i64) -> Outcome<Bucket> {
    let stored = db
        .prepare_cached("SELECT tokens, filled_at, paused_until FROM pacing WHERE operation = ?1")?
        .query_row([operation.as_str()], |row| Ok(Bucket::stored(row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(stored.map_or_else(|| Bucket::full(limits, now), |bucket| bucket.refilled(limits, now)))
}

/// Takes a slot; returns the moment of the next one when there is none now.
fn take_slot(db: &Connection, admission: &Admission) -> Outcome<Option<Timestamp>> {
    let (limits, now) = (admission.limits, ms(admission.now));
    let bucket = bucket(db, admission.operation, limits, now)?;
    match bucket.take(admission.leaving, limits, now) {
        Err(next) => {
            if bucket.was_set_back {
                store_bucket(db, admission.operation, bucket)?;
            }
            Ok(Some(moment(next)?))
        }
        Ok(left) => {
            store_bucket(db, admission.operation, left)?;
            Ok(None)
        }
    }
}

fn store_bucket(db: &Connection, operation: Operation, bucket: Bucket) -> Outcome<()> {
    let Bucket { tokens, filled_at, paused_until, .. } = bucket;
    db.prepare_cached(
        "INSERT INTO pacing (operation, tokens, filled_at, paused_until) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (operation) DO UPDATE SET tokens = ?2, filled_at = ?3, paused_until = ?4",
    )?
    .execute(params![operation.as_str(), tokens, filled_at, paused_until])?;
    Ok(())
}

/// Corrects a bucket by what LINE WORKS said.
pub(super) fn learn_quota(db: &Connection, operation: Operation, quota: Quota, now: Timestamp) -> Outcome<()> {
    let now = ms(now);
    let corrected = bucket(db, operation, CORRECTING, now)?.corrected(quota, now);
    store_bucket(db, operation, corrected)
}

pub(super) fn write_marks(db: &Connection, lease: &Lease, marks: &Marks) -> Outcome<()> {
    let at = |intent: Option<Intent>| intent.map(|intent| ms(intent.at));
    let confirmed = |intent: Option<Intent>| intent.is_some_and(|intent| intent.confirmed);
    db.prepare_cached(
        "UPDATE assignments SET suspend_intent_at = ?2, suspend_confirmed = ?3, delete_intent_at = ?4, \
         delete_confirmed = ?5, unclear_until = ?6 WHERE okta_user_id = ?1",
    )?
    .execute(params![
        lease.person.as_str(),
        at(marks.suspend),
        confirmed(marks.suspend),
        at(marks.delete),
        confirmed(marks.delete),
        marks.unclear_until.map(ms)
    ])?;
    Ok(())
}

/// Takes the owner off the row: whoever claims it when its lease and the grace are over goes on with it.
pub(super) fn abandon(db: &Connection, owner: &str, lease: &Lease) -> Outcome<()> {
    db.prepare_cached(
        "UPDATE assignments SET lease_owner = NULL, unclear_until = next_at WHERE okta_user_id = ?1 \
         AND lease_owner = ?2 AND lease_number = ?3 AND state = 'running'",
    )?
    .execute(params![lease.person.as_str(), owner, lease.number])?;
    Ok(())
}

/// Records a run. The row is due again when its revision has grown meanwhile.
pub(super) fn settle(db: &Connection, owner: &str, lease: &Lease, settlement: &Settlement) -> Outcome<bool> {
    let current: Option<u64> = db
        .prepare_cached(
            "SELECT revision FROM assignments WHERE okta_user_id = ?1 AND lease_owner = ?2 AND lease_number = ?3 \
             AND state = 'running'",
        )?
        .query_row(params![lease.person.as_str(), owner, lease.number], |row| row.get(0))
        .optional()?;
    let Some(current) = current else { return Ok(false) };
    let overtaken = current > settlement.revision || was_held_in_vain(db, &settlement.state)?;
    write_state(db, lease, settlement, overtaken)?;
    write_marks(db, lease, &settlement.marks)?;
    if !overtaken {
        // An event that arrived meanwhile may have ended the count towards a deletion; then the next run starts it.
        db.prepare_cached("UPDATE assignments SET unassigned_seen_at = ?2 WHERE okta_user_id = ?1")?
            .execute(params![lease.person.as_str(), settlement.marks.unassigned_seen.map(ms)])?;
    }
    if let Some(learnt) = &settlement.learnt {
        learnt::write(db, lease, learnt, overtaken)?;
    }
    write_member(db, lease, settlement)?;
    write_attempt(db, lease, settlement)?;
    Ok(true)
}

/// The app came back between the moment a run was told that it is gone and this one.
fn was_held_in_vain(db: &Connection, state: &State) -> Outcome<bool> {
    match state {
        State::Held { reason, .. } if reason.cause == Cause::OktaAppGone => Ok(!org::app_is_gone(db)?),
        _ => Ok(false),
    }
}

fn write_state(db: &Connection, lease: &Lease, settlement: &Settlement, overtaken: bool) -> Outcome<()> {
    let columns = StateColumns::of(settlement, overtaken);
    db.prepare_cached(
        "UPDATE assignments SET state = ?2, next_at = ?3, reason = ?4, held_steps = ?5, \
         applied_revision = max(applied_revision, coalesce(?6, 0)), failures = ?7, updated_at = ?8, \
         lease_owner = NULL, lease_until = NULL WHERE okta_user_id = ?1",
    )?
    .execute(params![
        lease.person.as_str(),
        columns.name.as_str(),
        columns.next_at,
        columns.reason,
        columns.held_steps,
        columns.applied,
        settlement.failures,
        ms(settlement.ended),
    ])?;
    Ok(())
}

/// A member id belongs to one assignment at most: taking it here takes it from the other row.
fn write_member(db: &Connection, lease: &Lease, settlement: &Settlement) -> Outcome<()> {
    let member_id = settlement.member_id.as_ref().map(|id| id.as_str());
    if member_id.is_some() {
        db.prepare_cached("UPDATE assignments SET member_id = NULL WHERE member_id = ?1 AND okta_user_id <> ?2")?
            .execute(params![member_id, lease.person.as_str()])?;
    }
    db.prepare_cached(
        "UPDATE assignments SET member_id = ?2, external_key = ?3, groups = ?4, yielded_to = ?5, \
         former_logins = CASE WHEN ?2 IS NULL THEN former_logins ELSE '[]' END WHERE okta_user_id = ?1",
    )?
    .execute(params![
        lease.person.as_str(),
        member_id,
        settlement.external_key.as_ref().map(|key| key.as_str()),
        stored_json(&settlement.groups),
        settlement.yielded_to.as_ref().map(|person| person.as_str()),
    ])?;
    Ok(())
}

fn write_attempt(db: &Connection, lease: &Lease, settlement: &Settlement) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO attempts (okta_user_id, revision, lease_number, started_at, ended_at, state, reason, steps, \
         calls, okta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        lease.person.as_str(),
        settlement.revision,
        lease.number,
        ms(settlement.started),
        ms(settlement.ended),
        word(settlement.state.name()),
        settlement.state.reason().map(stored_json),
        stored_json(&settlement.steps),
        stored_json(&settlement.calls),
        stored_json(&settlement.okta),
    ])?;
    Ok(())
}

/// Writes a value there is one of.
pub(super) fn save(db: &Connection, name: &str, value: &[u8], now: Timestamp) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO singletons (name, value, updated_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (name) DO UPDATE SET value = ?2, updated_at = ?3",
    )?
    .execute(params![name, value, ms(now)])?;
    Ok(())
}

/// Writes a value there is one of, or takes it away, if it still is what it was.
pub(super) fn replace(
    db: &Connection,
    name: &str,
    was: Option<&[u8]>,
    is: Option<&[u8]>,
    now: Timestamp,
) -> Outcome<bool> {
    let changed = match (was, is) {
        (None, Some(is)) => db
            .prepare_cached("INSERT OR IGNORE INTO singletons (name, value, updated_at) VALUES (?1, ?2, ?3)")?
            .execute(params![name, is, ms(now)])?,
        (Some(was), Some(is)) => db
            .prepare_cached("UPDATE singletons SET value = ?3, updated_at = ?4 WHERE name = ?1 AND value = ?2")?
            .execute(params![name, was, is, ms(now)])?,
        (Some(was), None) => {
            db.prepare_cached("DELETE FROM singletons WHERE name = ?1 AND value = ?2")?.execute(params![name, was])?
        }
        (None, None) => return Ok(super::read::load(db, name)?.is_none()),
    };
    Ok(changed == 1)
}

/// Forgets a few old rows of the history. Ids grow with time, so only the oldest are looked at.
pub(super) fn prune(db: &Connection, before: Timestamp) -> Outcome<usize> {
    let before = ms(before);
    let events = db
        .prepare_cached(
            "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT 500) AND arrived_at < ?1",
        )?
        .execute([before])?;
    let attempts = db
        .prepare_cached(
            "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts ORDER BY id LIMIT 500) AND ended_at < ?1",
        )?
        .execute([before])?;
    let steps = db
        .prepare_cached(
            "DELETE FROM destructive_steps WHERE (okta_user_id, revision, step) IN \
             (SELECT okta_user_id, revision, step FROM destructive_steps WHERE at < ?1 LIMIT 500)",
        )?
        .execute([before])?;
    Ok(events + attempts + steps)
}
