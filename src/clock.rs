//! Time as an argument: the only place that reads the wall clock.
//!
//! The sandbox, the tests and the benchmarks move a clock of their own, or let it run faster, instead of waiting; what
//! must not follow a jumping wall clock (leases, time-outs) uses tokio's monotonic `Instant` and not this. Replicas that
//! share a database follow its clock (`follow`), so that they agree on the time whatever their own clocks say.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Tells the time, to the millisecond.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    pace: Arc<RwLock<Pace>>,
    base: Arc<RwLock<Base>>,
    moved: Arc<Notify>,
}

/// How far a followed clock may be off before this one steps to it: more than a measurement is ever wrong by, and far
/// less than any lease lasts. Small differences stay, so that the time shown does not go back and forth.
const TOLERANCE_US: i64 = 500_000;

/// What the shown time is counted from.
#[derive(Debug, Clone, Copy, Default)]
enum Base {
    /// The system's wall clock.
    #[default]
    Wall,
    /// Another clock, which showed this at that moment; from there on the system's steady clock counts, which does not
    /// jump.
    Followed { us: i64, at: Instant },
}

impl Base {
    fn now_us(self) -> i64 {
        match self {
            Base::Wall => wall_us(),
            Base::Followed { us, at } => us.saturating_add(micros(at.elapsed())),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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
        let shown_ms = pace.shown(self.base_us()).div_euclid(1000);
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
        let wall_us = self.base_us();
        *pace = Pace { ahead_us: pace.shown(wall_us) - wall_us, from_us: wall_us, rate: rate.max(1) };
        drop(pace);
        self.moved.notify_waiters();
    }

    fn base_us(&self) -> i64 {
        let base = *self.base.read().unwrap_or_else(PoisonError::into_inner);
        base.now_us()
    }

    /// Follows another clock, which showed `other_us` (Unix microseconds) at some moment between `asked` and now. From
    /// the first time on the wall clock is not looked at any more. Returns the step that was made, if one was needed;
    /// what was moved by hand stays moved.
    pub fn follow(&self, other_us: i64, asked: Instant) -> Option<SignedDuration> {
        let mut base = self.base.write().unwrap_or_else(PoisonError::into_inner);
        let now_us = base.now_us();
        let then_us = now_us.saturating_sub(micros(asked.elapsed()));
        let step_us = if other_us > now_us.saturating_add(TOLERANCE_US) {
            other_us.saturating_sub(now_us)
        } else if other_us < then_us.saturating_sub(TOLERANCE_US) {
            other_us.saturating_sub(then_us)
        } else {
            0
        };
        if step_us != 0 || matches!(*base, Base::Wall) {
            *base = Base::Followed { us: now_us.saturating_add(step_us), at: Instant::now() };
        }
        drop(base);
        if step_us == 0 {
            return None;
        }
        self.moved.notify_waiters();
        Some(SignedDuration::from_micros(step_us))
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

    #[test]
    fn a_followed_clock_is_believed_when_it_is_far_off_and_only_then() {
        let clock = Clock::system();
        let asked = Instant::now();
        assert_eq!(clock.follow(wall_us() + 200_000, asked), None, "a little off");
        let wall = || Timestamp::from_microsecond(wall_us()).expect("in range");
        assert!(clock.now().duration_since(wall()).abs() < SignedDuration::from_millis(200), "it did not step");
        for hour_us in [3_600_000_000, -3_600_000_000] {
            let step = clock.follow(clock.base_us() + hour_us, Instant::now()).expect("a step");
            assert!((step.as_micros() - i128::from(hour_us)).abs() < 1_000_000, "{step:?}");
        }
        assert!(clock.now().duration_since(wall()).abs() < SignedDuration::from_secs(2), "an hour ahead and back");
    }

    #[test]
    fn what_was_moved_by_hand_stays_moved_when_a_clock_is_followed() {
        let clock = Clock::system();
        clock.advance(SignedDuration::from_hours(24));
        clock.follow(wall_us() + 7_200_000_000, Instant::now());
        let ahead = clock.now().duration_since(Timestamp::from_microsecond(wall_us()).expect("in range"));
        assert!((ahead - SignedDuration::from_hours(26)).abs() < SignedDuration::from_secs(2), "{ahead:?}");
    }

    #[test]
    fn a_slow_answer_is_no_reason_to_step() {
        let clock = Clock::system();
        let asked = Instant::now().checked_sub(Duration::from_secs(30)).expect("the machine runs for longer");
        assert_eq!(clock.follow(wall_us() - 29_000_000, asked), None, "read soon after it was asked for");
    }
}
