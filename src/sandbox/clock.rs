//! The sandbox's clock: real time plus whatever a rehearsal has added to it, or faster.
//!
//! Token lives, quota windows and the seven days' grace all run on it, so that a test can let a week pass in one call.
//! It is the only place of the sandbox that reads the computer's clock.

use jiff::{SignedDuration, Timestamp};

/// Real time moved by an offset that only grows, until the sandbox is reset.
#[derive(Debug)]
pub(crate) struct Clock {
    /// How far it was ahead at `since`.
    offset: SignedDuration,
    since: Timestamp,
    rate: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self { offset: SignedDuration::ZERO, since: Self::real_now(), rate: 1 }
    }
}

impl Clock {
    /// The moment it is in the sandbox.
    pub(crate) fn now(&self) -> Timestamp {
        let real = Self::real_now();
        real.checked_add(self.ahead(real)).unwrap_or(Timestamp::MAX)
    }

    fn ahead(&self, real: Timestamp) -> SignedDuration {
        let faster = i32::try_from(self.rate - 1).unwrap_or(i32::MAX);
        self.offset + real.duration_since(self.since).saturating_mul(faster)
    }

    /// The moment it is outside.
    #[expect(clippy::disallowed_methods, reason = "the sandbox shares nothing with the service, not even its clock")]
    pub(crate) fn real_now() -> Timestamp {
        Timestamp::now()
    }

    /// Lets `seconds` pass at once.
    pub(crate) fn advance(&mut self, seconds: u32) {
        self.offset += SignedDuration::from_secs(i64::from(seconds));
    }

    /// Runs so many times as fast as real time from now on.
    pub(crate) fn run_at(&mut self, rate: u32) {
        let real = Self::real_now();
        *self = Self { offset: self.ahead(real), since: real, rate: rate.max(1) };
    }

    /// How far the sandbox is ahead of real time.
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.ahead(Self::real_now()).as_secs()
    }
}
