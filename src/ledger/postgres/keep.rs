//! People who go on together, values there is one of, duties one process has at a time, and history that is forgotten.

use std::time::Duration;

use jiff::Timestamp;

use super::super::rows::ms;
use super::hands::{Db, Outcome};
use super::work::millis;
use crate::domain::outcome::Cause;

/// Makes people who wait for this cause due, but none before an unclear call of theirs has had its time. Whoever is
/// being written at this moment is passed over: an event or another replica makes them due.
pub(super) async fn release_waiting(db: &Db, (cause, at_most, now): &(Cause, usize, Timestamp)) -> Outcome<usize> {
    let at_most = i64::try_from(*at_most).unwrap_or(i64::MAX);
    let released = db
        .change(
            "WITH picked AS MATERIALIZED (SELECT okta_user_id AS picked_id FROM assignments WHERE state = 'waiting' \
             AND reason::json ->> 'cause' = $1 ORDER BY updated_at, okta_user_id LIMIT $3 FOR UPDATE SKIP LOCKED) \
             UPDATE assignments SET state = 'due', reason = NULL, next_at = greatest($2, unclear_until), \
             updated_at = $2 FROM picked WHERE okta_user_id = picked_id",
            &[&cause.code(), &ms(*now), &at_most],
        )
        .await?;
    Ok(usize::try_from(released).unwrap_or(usize::MAX))
}

/// A value there is one of.
pub(super) async fn load(db: &Db, name: &str) -> Outcome<Option<Vec<u8>>> {
    let row = db.row("SELECT value FROM singletons WHERE name = $1", &[&name]).await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

/// Writes a value there is one of.
pub(super) async fn save(db: &Db, (name, value, now): &(&'static str, Vec<u8>, Timestamp)) -> Outcome<()> {
    db.change_one(
        "INSERT INTO singletons (name, value, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = $2, updated_at = $3",
        &[name, value, &ms(*now)],
    )
    .await
}

/// What a value is to become, if it still is what it was.
pub(super) struct Replacement {
    pub(super) name: String,
    pub(super) was: Option<Vec<u8>>,
    pub(super) is: Option<Vec<u8>>,
    pub(super) now: Timestamp,
}

/// Writes a value there is one of, or takes it away, if it still is what it was.
pub(super) async fn replace(db: &Db, asked: &Replacement) -> Outcome<bool> {
    let Replacement { name, was, is, now } = asked;
    let changed = match (was, is) {
        (None, Some(is)) => {
            let sql = "INSERT INTO singletons (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            db.change(sql, &[name, is, &ms(*now)]).await?
        }
        (Some(was), Some(is)) => {
            let sql = "UPDATE singletons SET value = $3, updated_at = $4 WHERE name = $1 AND value = $2";
            db.change(sql, &[name, was, is, &ms(*now)]).await?
        }
        (Some(was), None) => db.change("DELETE FROM singletons WHERE name = $1 AND value = $2", &[name, was]).await?,
        (None, None) => return Ok(load(db, name).await?.is_none()),
    };
    Ok(changed == 1)
}

/// What a duty is asked for with: its name, by whom, now, and for how long.
pub(super) type DutyAsked = (&'static str, String, Timestamp, Duration);

/// Takes or renews a duty; `false` when somebody else has it.
pub(super) async fn take_duty(db: &Db, (name, holder, now, lease): &DutyAsked) -> Outcome<bool> {
    let until = ms(*now).saturating_add(millis(*lease));
    let taken = db
        .change(
            "INSERT INTO duties (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) \
             DO UPDATE SET holder = $2, until = $3 WHERE duties.holder = $2 OR duties.until <= $4",
            &[name, holder, &until, &ms(*now)],
        )
        .await?;
    Ok(taken == 1)
}

/// Gives a duty back.
pub(super) async fn release_duty(db: &Db, (name, holder): &(&'static str, String)) -> Outcome<()> {
    db.change("DELETE FROM duties WHERE name = $1 AND holder = $2", &[name, holder]).await.map(drop)
}

/// Forgets a few old rows of the history. Ids grow with time, so only the oldest are looked at. What another replica
/// has in its hands is passed over.
pub(super) async fn prune(db: &Db, before: &Timestamp) -> Outcome<usize> {
    let before = ms(*before);
    let mut forgotten = 0;
    // A card that waits for a first password waits for seconds: what is older lost its process.
    db.change(
        "DELETE FROM singletons WHERE starts_with(name, 'first_password:') \
         AND updated_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 3600000",
        &[],
    )
    .await?;
    for sql in [
        "WITH oldest AS MATERIALIZED (SELECT id FROM events ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED) \
         DELETE FROM events USING oldest WHERE events.id = oldest.id AND arrived_at < $1",
        "WITH oldest AS MATERIALIZED (SELECT id FROM attempts ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED) \
         DELETE FROM attempts USING oldest WHERE attempts.id = oldest.id AND ended_at < $1",
        "WITH oldest AS MATERIALIZED (SELECT ctid AS place FROM destructive_steps WHERE at < $1 LIMIT 500 \
         FOR UPDATE SKIP LOCKED) DELETE FROM destructive_steps USING oldest WHERE ctid = place",
    ] {
        forgotten += db.change(sql, &[&before]).await?;
    }
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}
