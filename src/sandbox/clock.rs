//! The sandbox's clock: real time plus whatever a rehearsal has added to it.
//!
//! Token lives, quota windows and the seven days' grace all run on it, so that a test can let a week pass in one call.
//! It is the only place of the sandbox that reads the computer's clock.

use jiff::{SignedDuration, Timestamp};

/// Real time moved by an offset that only grows, until the sandbox is reset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: SignedDuration,
}

impl Clock {
    /// The moment it is in the sandbox.
    pub(crate) fn now(&self) -> Timestamp {
        Self::real_now().checked_add(self.offset).unwrap_or(Timestamp::MAX)
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

    /// How far the sandbox is ahead of real time.
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset.as_secs()
    }
}
