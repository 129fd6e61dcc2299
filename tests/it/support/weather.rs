//! What LINE WORKS does wrong in the tests that let things go wrong by chance.

use std::ops::Range;

use fastrand::Rng;
use serde_json::{Value, json};

/// The operations on members that may fail; the token endpoint is no part of them.
pub const OF_MEMBERS: [&str; 7] =
    ["users.create", "users.get", "users.patch", "users.suspend", "users.unsuspend", "users.delete", "users.undelete"];

/// A fault of some calls; with unclear outcomes or only such that nobody doubts. What comes late takes so many ms.
pub fn fault(rng: &mut Rng, operation: &str, unclear: bool, late_ms: Range<u64>) -> Value {
    let late = rng.u64(late_ms);
    let mut fault = match rng.u8(0..10) {
        0 => json!({"kind": "status", "status": 500}),
        1 => json!({"kind": "status", "status": 503}),
        2 => json!({"kind": "closeBefore"}),
        3 if unclear => json!({"kind": "closeAfter"}),
        4..7 if unclear => json!({"kind": "lateEffect", "delayMs": late}),
        7 if unclear => json!({"kind": "hangAfter", "delayMs": late}),
        8 => json!({"kind": "tooManyRequests", "delayMs": 1500}),
        9 => json!({"kind": "unauthorized"}),
        _ => json!({"kind": "slow", "delayMs": 300}),
    };
    fault["operation"] = json!(operation);
    fault["times"] = json!(rng.u32(1..4));
    fault["skip"] = json!(rng.u32(0..3));
    fault
}
