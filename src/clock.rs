//! Time as an argument: the only place that reads the wall clock.
//!
//! The sandbox and the tests move a clock of their own instead of waiting; what must not follow a jumping wall
//! clock (leases, time-outs) uses tokio's monotonic `Instant` and not this.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Tells the time, to the millisecond.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
    moved: Arc<Notify>,
}

impl Clock {
    /// The system's wall clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now, cut to whole milliseconds: what the ledger stores.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
        let now = Timestamp::now();
        let now_ms = now.as_millisecond().saturating_add(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::from_millisecond(now_ms).unwrap_or(now)
    }

    /// Moves this clock and all its clones ahead (or back), and tells whoever sleeps until a moment.
    pub fn advance(&self, by: SignedDuration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(by_ms, Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// Resolves when the clock is moved by hand after this call; the system's clock never is. Ask before reading the
    /// time, so that no move goes unnoticed.
    pub fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }
}
