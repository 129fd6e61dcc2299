//! Calls per operation and minute, as LINE WORKS counts them: per tenant, in fixed windows of 60 seconds.
//!
//! A window opens with the first call of an operation and runs on the sandbox's clock. (The documents leave open whether
//! the window is fixed or sliding; the limits and header names are on the vendor's rate-limit page.)

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::reply::Reply;
use super::route::Operation;
use super::switches::HeaderSpelling;

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Quota {
    windows: HashMap<Operation, Window>,
}

#[derive(Debug)]
struct Window {
    opened: Timestamp,
    used: u32,
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
    pub(crate) fn count(&mut self, operation: Operation, limit: u32, now: Timestamp) -> Standing {
        let window = self.windows.entry(operation).or_insert(Window { opened: now, used: 0 });
        if now.duration_since(window.opened) >= WINDOW {
            *window = Window { opened: now, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        let left = WINDOW - now.duration_since(window.opened);
        Standing { used: window.used, limit, reset_seconds: (left.as_millis() + 999).div_euclid(1000) as i64 }
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
