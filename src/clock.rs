//! Time as an argument: the only place that reads the wall clock.
//!
//! The sandbox, the tests and the benchmarks move a clock of their own, or let it run faster, instead of waiting; what
//! must not follow a jumping wall clock (leases, time-outs) uses tokio's monotonic `Instant` and not this.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Tells the time, to the millisecond.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    pace: Arc<RwLock<Pace>>,
    moved: Arc<Notify>,
}

/// How the shown time follows from the wall clock's: `ahead`, and since `from` the wall's steps times `rate`.
#[derive(Debug, Clone, Copy)]
struct Pace {
    ahead_us: i64,
    from_us: i64,
    rate: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { ahead_us: 0, from_us: 0, rate: 1 }
    }
}

impl Pace {
    fn shown(self, wall_us: i64) -> i64 {
        let faster = wall_us.saturating_sub(self.from_us).saturating_mul(i64::from(self.rate - 1));
        wall_us.saturating_add(self.ahead_us).saturating_add(faster)
    }
}

impl Clock {
    /// The system's wall clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now, cut to whole milliseconds: what the ledger stores.
    pub fn now(&self) -> Timestamp {
        let pace = *self.pace.read().unwrap_or_else(PoisonError::into_inner);
        let shown_ms = pace.shown(wall_us()).div_euclid(1000);
        Timestamp::from_millisecond(shown_ms).unwrap_or(Timestamp::MAX)
    }

    /// How long it really takes until this clock shows a moment; nothing if it is past.
    pub fn until(&self, moment: Timestamp) -> Duration {
        let rate = self.pace.read().unwrap_or_else(PoisonError::into_inner).rate;
        Duration::try_from(moment.duration_since(self.now())).unwrap_or(Duration::ZERO) / rate
    }

    /// Moves this clock and all its clones ahead (or back), and tells whoever sleeps until a moment.
    pub fn advance(&self, by: SignedDuration) {
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let mut pace = self.pace.write().unwrap_or_else(PoisonError::into_inner);
        pace.ahead_us = pace.ahead_us.saturating_add(by_us);
        drop(pace);
        self.moved.notify_waiters();
    }

    /// Lets this clock and all its clones run so many times as fast as the wall clock, at least once, from now on.
    pub fn run_at(&self, rate: u32) {
        let mut pace = self.pace.write().unwrap_or_else(PoisonError::into_inner);
        let wall_us = wall_us();
        *pace = Pace { ahead_us: pace.shown(wall_us) - wall_us, from_us: wall_us, rate: rate.max(1) };
        drop(pace);
        self.moved.notify_waiters();
    }

    /// Resolves when the clock is moved by hand after this call; the system's clock never is. Ask before reading the
    /// time, so that no move goes unnoticed.
    pub fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }
}

fn wall_us() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
    Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faster_pace_goes_on_from_what_was_shown() {
        let slow = Pace { ahead_us: 5, from_us: 100, rate: 1 };
        assert_eq!((slow.shown(100), slow.shown(160)), (105, 165));
        let fast = Pace { rate: 10, ..slow };
        assert_eq!((fast.shown(100), fast.shown(160)), (105, 705));
    }

    #[test]
    fn a_moment_comes_sooner_on_a_faster_clock() {
        let clock = Clock::system();
        clock.run_at(1000);
        let left = clock.until(clock.now() + SignedDuration::from_secs(1000));
        assert!(left <= Duration::from_secs(1) && left > Duration::from_millis(100), "{left:?}");
        assert_eq!(clock.until(Timestamp::UNIX_EPOCH), Duration::ZERO);
    }
}
