//! The database's clock is the clock of all replicas.
//!
//! Leases, pauses and planned moments are written by one replica and judged by another, so they must agree on the time.
//! The program's `Clock` follows the database's: it is measured when the ledger is opened, every few seconds, and inside
//! every transaction that gives or renews a lease; in between the system's steady clock counts, which does not jump. A
//! replica whose own clock is wrong, or jumps, does not even notice.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::hands::{Db, Outcome};
use crate::clock::Clock;

/// The database's clock, in Unix microseconds.
pub(super) const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us";

/// Keeps the program's clock with the database's.
#[derive(Debug)]
pub(super) struct Time {
    clock: Clock,
    /// When the first measurement was made, by the clock itself.
    begun: Mutex<Option<Timestamp>>,
    stepped: Mutex<Option<Instant>>,
}

impl Time {
    /// Nothing is measured yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, begun: Mutex::default(), stepped: Mutex::default() }
    }

    /// The first measurement. A step is the fault of this machine's clock.
    pub(super) fn begin(&self, database_us: i64, asked: Instant) {
        if let Some(step) = self.clock.follow(database_us, asked) {
            tracing::warn!(
                seconds = step.as_secs(),
                "this machine's clock and the database's differ; the database's counts"
            );
        }
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
    }

    /// A measurement; returns by how much the time known so far was wrong.
    pub(super) fn measured(&self, database_us: i64, asked: Instant) -> SignedDuration {
        let Some(step) = self.clock.follow(database_us, asked) else { return SignedDuration::ZERO };
        tracing::warn!(seconds = step.as_secs(), "the database's clock is not where it was expected; it counts");
        *self.stepped.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        step
    }

    /// Whether leases of others may be judged: not for a while after a step, since they may have been given under
    /// another time, and not by somebody who came so lately as not to know of a step.
    pub(super) fn is_steady(&self, now: Timestamp, lease: Duration) -> bool {
        let stepped = *self.stepped.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let known_for = begun.map_or(SignedDuration::ZERO, |begun| now.duration_since(begun));
        Duration::try_from(known_for).is_ok_and(|known_for| known_for >= lease)
            && stepped.is_none_or(|at| at.elapsed() >= lease)
    }

    /// Reads the database's clock beside other work on the same connection.
    pub(super) async fn ask(db: &Db) -> Outcome<i64> {
        let row = db.row(NOW, &[]).await?;
        Ok(row.map(|row| row.try_get("now_us")).transpose()?.unwrap_or_default())
    }
}
