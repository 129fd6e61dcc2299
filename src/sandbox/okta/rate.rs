//! Calls per API and minute, and what the answers say about them.
//!
//! A window opens with the first call and lasts a minute of the sandbox's clock. `X-Rate-Limit-Reset` is an epoch second
//! of that clock, as is the `Date` of every answer.

use std::collections::HashMap;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

use crate::sandbox::reply::Reply;

const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// How long after a 429 calls may still come that were under way already.
const GRACE: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Rates {
    windows: HashMap<&'static str, Window>,
}

#[derive(Debug)]
struct Window {
    opened: Timestamp,
    used: u32,
    refused: Option<Timestamp>,
}

/// Where an API stands after one more call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(super) limit: u32,
    pub(super) used: u32,
    pub(super) reset: Timestamp,
    /// The caller was told to wait, and did not.
    pub(super) impatient: bool,
}

impl Rates {
    /// Counts one call.
    pub(super) fn count(&mut self, bucket: &'static str, limit: u32, now: Timestamp) -> Standing {
        let new = || Window { opened: now, used: 0, refused: None };
        let window = self.windows.entry(bucket).or_insert_with(new);
        if now.duration_since(window.opened) >= WINDOW {
            *window = new();
        }
        window.used = window.used.saturating_add(1);
        let is_over = window.used > limit;
        let impatient = is_over && window.refused.is_some_and(|refused| now.duration_since(refused) > GRACE);
        if is_over {
            window.refused.get_or_insert(now);
        }
        Standing { limit, used: window.used, reset: window.opened + WINDOW, impatient }
    }
}

impl Standing {
    /// True if this call was one too many.
    pub(super) fn is_over(&self) -> bool {
        self.used > self.limit
    }

    /// A standing in which nothing is left until `reset`.
    pub(super) fn exhausted(self, reset: Timestamp) -> Self {
        Self { used: self.limit, reset, ..self }
    }

    /// As after too many calls at once: a limit of 0, of which 0 remain; the reset is only a suggestion.
    pub(super) fn crowded(self, now: Timestamp) -> Self {
        Self { limit: 0, used: 0, reset: now + SignedDuration::from_secs(1), ..self }
    }

    /// Puts the documented headers on an answer.
    pub(super) fn write(self, reply: Reply) -> Reply {
        let remaining = self.limit.saturating_sub(self.used);
        reply
            .with_header("X-Rate-Limit-Limit", self.limit.to_string())
            .with_header("X-Rate-Limit-Remaining", remaining.to_string())
            .with_header("X-Rate-Limit-Reset", self.reset_second().to_string())
    }

    /// The first whole second in which calls are taken again.
    pub(super) fn reset_second(&self) -> i64 {
        self.reset.as_second() + i64::from(self.reset.subsec_nanosecond() > 0)
    }
}

/// The sandbox's clock as a `Date`.
pub(super) fn with_date(reply: Reply, now: Timestamp) -> Reply {
    match DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        Ok(date) => reply.with_header("Date", date),
        Err(_) => reply,
    }
}
