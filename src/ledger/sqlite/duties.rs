//! Duties: what only one process does at a time, such as reading Okta's System Log.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::super::duty;
use super::rows::ms;
use super::threads::Outcome;
use super::work::millis;

/// Takes or renews a duty; `false` when somebody else has it.
pub(super) fn take(db: &Connection, name: &str, holder: &str, now: Timestamp, lease: Duration) -> Outcome<bool> {
    let taken = db
        .prepare_cached(
            "INSERT INTO duties (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) \
             DO UPDATE SET holder = ?2, until = ?3 WHERE holder = ?2 OR until <= ?4",
        )?
        .execute(params![name, holder, ms(now).saturating_add(millis(lease)), ms(now)])?;
    Ok(taken == 1)
}

/// Whoever opens the file is alone with it: the duties are those of processes that are gone. One whose last call may still
/// have its effect ends when that is over.
pub(super) fn release_the_dead(db: &Connection, now: Timestamp, grace: Duration) -> rusqlite::Result<()> {
    db.execute("DELETE FROM duties WHERE name <> ?1", [duty::ORG_UNITS])?;
    db.execute("UPDATE duties SET until = min(until, ?1)", [ms(now).saturating_add(millis(grace))])?;
    Ok(())
}

/// Gives a duty back.
pub(super) fn release(db: &Connection, name: &str, holder: &str) -> Outcome<()> {
    db.prepare_cached("DELETE FROM duties WHERE name = ?1 AND holder = ?2")?.execute(params![name, holder])?;
    Ok(())
}
