//! What every call to LINE WORKS passes: lease renewed, slot taken, cap counted, intent written, all in one commit.
//!
//! The order of locks is the same for all: the person's row, the cap, the operation's bucket. Whoever holds a bucket
//! waits for nothing but the disk.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::super::bucket::{Bucket, CORRECTING};
use super::super::rows::{moment, ms};
use super::super::{Admission, Admitted, Lease, Limits};
use super::hands::{Db, Failure, Outcome};
use super::org;
use super::time::{NOW, Time};
use super::work::{HELD, Mine, millis};
use crate::domain::marks::{Intent, Marks};
use crate::domain::step::StepKind;
use crate::lineworks::{Operation, Quota};

const HOUR_MS: i64 = 3_600_000;
/// The lock under which the cap is counted, for all replicas.
const LOCK_CAP: &str = "SELECT pg_advisory_xact_lock(1869641573, 1667330160)";
const BUCKET: &str = "SELECT tokens, filled_at, paused_until FROM pacing WHERE operation = $1 FOR UPDATE";

/// A worker about to call.
pub(super) struct Asking {
    pub(super) time: Arc<Time>,
    pub(super) admission: Admission,
}

/// Admits a call or says why not; see [`super::super::Store::admit`].
pub(super) async fn admit(db: &Db, mine: &Mine<Asking>) -> Outcome<Admitted> {
    let Mine { owner, lease, what: Asking { time, admission } } = mine;
    let (person, operation, asked) = (lease.person.as_str(), admission.operation.as_str(), Instant::now());
    let destructive = admission.intent.as_ref().map(|(step, _)| *step).filter(|step| step.is_destructive());
    db.know(&[HELD, BUCKET, NOW]).await?;
    let mine: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&person, owner, &lease.number];
    // The lock of the cap stands between the other two.
    let (held, bucket, database_us) = match destructive.filter(|_| !admission.approved) {
        None => try_join3(db.row(HELD, &mine), db.row(BUCKET, &[&operation]), Time::ask(db)).await?,
        Some(_) => {
            let (held, _) = try_join(db.row(HELD, &mine), db.row(LOCK_CAP, &[])).await?;
            let (bucket, database_us) = try_join(db.row(BUCKET, &[&operation]), Time::ask(db)).await?;
            (held, bucket, database_us)
        }
    };
    if held.is_none() {
        return Ok(Admitted::LeaseLost);
    }
    // A "now" that is wrong, of a machine that was asleep, is put right before anything is written with it.
    let now = ms(admission.now).saturating_add(millis_of(time.measured(database_us, asked)));
    renew(db, lease, admission, now).await?;
    if destructive.is_some() && !admission.approved && org::app_is_gone(db).await? {
        return Ok(Admitted::OktaAppGone);
    }
    if let Some(step) = destructive
        && over_the_cap(db, lease, admission, step, now).await?
    {
        return Ok(Admitted::CapReached);
    }
    if let Some(next) = take_slot(db, admission, bucket.as_ref(), now).await? {
        return Ok(Admitted::Until(next));
    }
    if let Some((_, marks)) = &admission.intent {
        write_marks(db, lease, marks).await?;
    }
    if let Some(step) = destructive {
        let revision = i64::try_from(admission.revision).unwrap_or(i64::MAX);
        db.change(
            "INSERT INTO destructive_steps (okta_user_id, revision, step, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            &[&person, &revision, &step.as_str(), &now],
        )
        .await?;
    }
    Ok(Admitted::Go)
}

fn millis_of(step: jiff::SignedDuration) -> i64 {
    i64::try_from(step.as_millis()).unwrap_or_default()
}

async fn renew(db: &Db, lease: &Lease, admission: &Admission, now: i64) -> Outcome<()> {
    let until = now + millis(admission.lease);
    db.change_one(
        "UPDATE assignments SET lease_until = $2, next_at = $3 WHERE okta_user_id = $1",
        &[&lease.person.as_str(), &until, &(until + millis(admission.grace))],
    )
    .await
}

/// Whether the rolling hour has no room for this step. A step that was let through once stays let through for its
/// revision, so that trying it again costs nothing.
async fn over_the_cap(db: &Db, lease: &Lease, admission: &Admission, step: StepKind, now: i64) -> Outcome<bool> {
    if admission.approved {
        return Ok(false);
    }
    let revision = i64::try_from(admission.revision).unwrap_or(i64::MAX);
    let sql = "SELECT EXISTS (SELECT 1 FROM destructive_steps WHERE okta_user_id = $1 AND revision = $2 \
         AND step = $3) OR (SELECT count(*) FROM destructive_steps WHERE at > $4) < $5 AS has_room";
    let limit = i64::from(admission.limits.destructive_per_hour);
    let row = db.row(sql, &[&lease.person.as_str(), &revision, &step.as_str(), &(now - HOUR_MS), &limit]).await?;
    Ok(!row.map(|row| row.try_get("has_room")).transpose()?.unwrap_or(false))
}

fn stored(row: &Row, limits: Limits, now: i64) -> Outcome<Bucket> {
    let bucket = Bucket::stored(row.try_get("tokens")?, row.try_get("filled_at")?, row.try_get("paused_until")?);
    Ok(bucket.refilled(limits, now))
}

/// Takes a slot; returns the moment of the next one when there is none now.
async fn take_slot(db: &Db, admission: &Admission, row: Option<&Row>, now: i64) -> Outcome<Option<Timestamp>> {
    let limits = admission.limits;
    let bucket = row.map(|row| stored(row, limits, now)).transpose()?;
    let bucket = bucket.unwrap_or_else(|| Bucket::full(limits, now));
    match bucket.take(admission.leaving, limits, now) {
        Err(next) => {
            if bucket.was_set_back {
                store(db, admission.operation, bucket, row.is_none()).await?;
            }
            Ok(Some(moment(next)?))
        }
        Ok(left) => {
            store(db, admission.operation, left, row.is_none()).await?;
            Ok(None)
        }
    }
}

/// Writes a bucket whose row is locked, or makes its row.
async fn store(db: &Db, operation: Operation, bucket: Bucket, is_new: bool) -> Outcome<()> {
    let sql = if is_new {
        "INSERT INTO pacing (operation, tokens, filled_at, paused_until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (operation) DO NOTHING"
    } else {
        "UPDATE pacing SET tokens = $2, filled_at = $3, paused_until = $4 WHERE operation = $1"
    };
    let Bucket { tokens, filled_at, paused_until, .. } = bucket;
    match db.change(sql, &[&operation.as_str(), &tokens, &filled_at, &paused_until]).await? {
        1 => Ok(()),
        // Another replica made the row at the same moment.
        _ => Err(Failure::Overtaken),
    }
}

/// Corrects a bucket by what LINE WORKS said.
pub(super) async fn learn_quota(db: &Db, (operation, quota, now): &(Operation, Quota, Timestamp)) -> Outcome<()> {
    let now = ms(*now);
    let row = db.row(BUCKET, &[&operation.as_str()]).await?;
    let bucket = row.as_ref().map(|row| stored(row, CORRECTING, now)).transpose()?;
    let corrected = bucket.unwrap_or_else(|| Bucket::full(CORRECTING, now)).corrected(*quota, now);
    store(db, *operation, corrected, row.is_none()).await
}

/// Writes what is remembered of our own doing; the row is locked.
pub(super) async fn write_marks(db: &Db, lease: &Lease, marks: &Marks) -> Outcome<()> {
    let at = |intent: Option<Intent>| intent.map(|intent| ms(intent.at));
    let confirmed = |intent: Option<Intent>| intent.is_some_and(|intent| intent.confirmed);
    db.change_one(
        "UPDATE assignments SET suspend_intent_at = $2, suspend_confirmed = $3, delete_intent_at = $4, \
         delete_confirmed = $5, unclear_until = $6 WHERE okta_user_id = $1",
        &[
            &lease.person.as_str(),
            &at(marks.suspend),
            &confirmed(marks.suspend),
            &at(marks.delete),
            &confirmed(marks.delete),
            &marks.unclear_until.map(ms),
        ],
    )
    .await
}
