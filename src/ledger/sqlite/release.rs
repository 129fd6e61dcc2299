//! People who wait for something that concerns all of them are due when it is over.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::rows::ms;
use super::threads::Outcome;
use crate::domain::outcome::Cause;

/// Makes people who wait for this cause due, but none before an unclear call of theirs has had its time.
pub(super) fn release_waiting(db: &Connection, cause: Cause, at_most: usize, now: Timestamp) -> Outcome<usize> {
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let released = db
        .prepare_cached(
            "UPDATE assignments SET state = 'due', reason = NULL, next_at = max(?2, coalesce(unclear_until, 0)), \
             updated_at = ?2 WHERE okta_user_id IN (SELECT okta_user_id FROM assignments WHERE state = 'waiting' \
             AND json_extract(reason, '$.cause') = ?1 ORDER BY updated_at, okta_user_id LIMIT ?3)",
        )?
        .execute(params![cause.code(), ms(now), at_most])?;
    Ok(released)
}

/// Makes everybody who is held for this cause due.
pub(super) fn release_held(db: &Connection, cause: Cause, now: Timestamp) -> Outcome<usize> {
    let released = db
        .prepare_cached(
            "UPDATE assignments SET state = 'due', reason = NULL, held_steps = NULL, \
             next_at = max(?2, coalesce(unclear_until, 0)), updated_at = ?2 \
             WHERE state = 'held' AND json_extract(reason, '$.cause') = ?1",
        )?
        .execute(params![cause.code(), ms(now)])?;
    Ok(released)
}
