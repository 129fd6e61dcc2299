//! Calls per operation and minute, as LINE WORKS counts them: per tenant, in windows of 60 seconds.
//!
//! A fixed window opens with the first call of an operation, a sliding one is always the last 60 seconds; both run on the
//! sandbox's clock. (The documents leave open which it is; the limits and header names are on the vendor's page.)

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::reply::Reply;
use super::route::Operation;
use super::switches::{HeaderSpelling, RateWindow};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Quota {
    windows: HashMap<Operation, Window>,
}

/// The calls that count now, oldest first. One that is refused in a sliding window takes no room.
#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<Timestamp>,
}

/// Where one operation stands after one more call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    used: u32,
    limit: u32,
    reset_seconds: i64,
}

impl Quota {
    /// Counts one call.
    pub(crate) fn count(&mut self, operation: Operation, limit: u32, kind: RateWindow, now: Timestamp) -> Standing {
        let calls = &mut self.windows.entry(operation).or_default().calls;
        let is_old = |call: &Timestamp| now.duration_since(*call) >= WINDOW;
        match kind {
            RateWindow::Fixed if calls.front().is_some_and(is_old) => calls.clear(),
            RateWindow::Fixed => {}
            RateWindow::Sliding => calls.retain(|call| !is_old(call)),
        }
        calls.push_back(now);
        let used = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        // When the oldest call stops to count there is room again.
        let oldest = calls.front().copied().unwrap_or(now);
        if kind == RateWindow::Sliding && used > limit {
            calls.pop_back();
        }
        let left = WINDOW - now.duration_since(oldest);
        Standing { used, limit, reset_seconds: (left.as_millis() + 999).div_euclid(1000) as i64 }
    }
}

impl Standing {
    /// True if this call was one too many.
    pub(crate) fn is_over(self) -> bool {
        self.used > self.limit
    }

    /// A standing in which nothing is left for `reset_seconds`.
    pub(crate) fn exhausted(self, reset_seconds: i64) -> Self {
        Self { used: self.limit, reset_seconds, ..self }
    }

    /// Puts the documented headers on an answer.
    pub(crate) fn write(self, reply: Reply, spelling: HeaderSpelling) -> Reply {
        let used = self.used.min(self.limit);
        let reply = match spelling {
            HeaderSpelling::Ssed => reply.with_header("rateLimit-ssed", used.to_string()),
            HeaderSpelling::Used => reply.with_header("rateLimit-used", used.to_string()),
            HeaderSpelling::Both => {
                reply.with_header("rateLimit-ssed", used.to_string()).with_header("rateLimit-used", used.to_string())
            }
        };
        reply
            .with_header("rateLimit-limit", self.limit.to_string())
            .with_header("rateLimit-remaining", (self.limit - used).to_string())
            .with_header("rateLimit-reset", self.reset_seconds.to_string())
    }
}
