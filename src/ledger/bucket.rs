//! The arithmetic of pacing, for every adapter: a bucket of calls per LINE WORKS operation, refilled over time.

use super::requests::Limits;
use crate::lineworks::Quota;

/// The share of a burst that joiners leave to leavers.
const RESERVED_SHARE: f64 = 0.1;
/// Clocks of several replicas differ a little; what is further back is a clock that was set.
const SMALL_DIFFERENCE_MS: i64 = 60_000;

/// A bucket as it is at some moment: `tokens` calls may go out at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    /// Calls that may go out.
    pub(super) tokens: f64,
    /// Up to when it is filled, in Unix milliseconds.
    pub(super) filled_at: i64,
    /// No call before this moment.
    pub(super) paused_until: Option<i64>,
    /// The clock was set back since it was stored: it is stored anew also when nothing is taken, to be filled from now on.
    pub(super) was_set_back: bool,
}

impl Bucket {
    /// A bucket as it was stored.
    pub(super) fn stored(tokens: f64, filled_at: i64, paused_until: Option<i64>) -> Self {
        Self { tokens, filled_at, paused_until, was_set_back: false }
    }

    /// A bucket nobody has used yet.
    pub(super) fn full(limits: Limits, now: i64) -> Self {
        Self::stored(f64::from(limits.burst), now, None)
    }

    /// A stored bucket, refilled until now. A clock that went back lends nothing, and what was filled already is not
    /// filled again. After a clock was set back far, filling and pauses go on from now: what was planned under the other time
    /// would keep an operation waiting for as long as the clock was wrong.
    pub(super) fn refilled(self, limits: Limits, now: i64) -> Self {
        let elapsed = (now - self.filled_at).max(0) as f64;
        let tokens = (self.tokens + elapsed * per_ms(limits)).min(f64::from(limits.burst));
        let ahead = self.filled_at.saturating_sub(now);
        let was_set_back = ahead > SMALL_DIFFERENCE_MS;
        let (filled_at, shift) = if was_set_back { (now, ahead) } else { (now.max(self.filled_at), 0) };
        let paused_until = self.paused_until.map(|until| until.saturating_sub(shift)).filter(|until| *until > now);
        Self { tokens, filled_at, paused_until, was_set_back }
    }

    /// Takes a slot out of a refilled bucket; else the moment of the next one.
    pub(super) fn take(self, leaving: bool, limits: Limits, now: i64) -> Result<Self, i64> {
        if let Some(until) = self.paused_until {
            return Err(until);
        }
        let reserved = if leaving { 0.0 } else { (f64::from(limits.burst) * RESERVED_SHARE).floor() };
        let missing = reserved + 1.0 - self.tokens;
        if missing > 0.0 {
            return Err(now + (missing / per_ms(limits)).ceil().max(1.0) as i64);
        }
        Ok(Self { tokens: self.tokens - 1.0, ..self })
    }

    /// Corrects a refilled bucket by what LINE WORKS said: nothing left means a pause until the reset.
    pub(super) fn corrected(self, quota: Quota, now: i64) -> Self {
        let reset = i64::try_from(quota.reset.as_millis()).unwrap_or(i64::MAX / 4);
        let paused_until = (quota.remaining == 0).then(|| now + reset);
        let tokens = self.tokens.min(f64::from(quota.remaining));
        Self { tokens, paused_until: paused_until.max(self.paused_until), ..self }
    }
}

/// What is assumed of a bucket that is only corrected: it is never filled beyond what LINE WORKS said.
pub(super) const CORRECTING: Limits = Limits { per_minute: 1, burst: u32::MAX, destructive_per_hour: 0 };

fn per_ms(limits: Limits) -> f64 {
    f64::from(limits.per_minute) / 60_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { per_minute: 60, burst: 10, destructive_per_hour: 0 };

    /// How many slots are taken in a minute by two replicas in turn, one of which is this much ahead.
    fn slots_in_a_minute(ahead_ms: i64) -> u32 {
        let mut stored = Bucket { tokens: 0.0, ..Bucket::full(LIMITS, 0) };
        let mut taken = 0;
        for round in 0..600 {
            let now = round * 100 + if round % 2 == 0 { ahead_ms } else { 0 };
            if let Ok(bucket) = stored.refilled(LIMITS, now).take(true, LIMITS, now) {
                stored = bucket;
                taken += 1;
            }
        }
        taken
    }

    #[test]
    fn replicas_whose_clocks_differ_a_little_lend_no_slots() {
        assert!(slots_in_a_minute(0).abs_diff(60) <= 1);
        assert!(slots_in_a_minute(900) <= 61, "{}", slots_in_a_minute(900));
    }

    #[test]
    fn a_pause_lasts_no_longer_because_the_clock_was_set_back() {
        let hour = 3_600_000;
        let paused = Bucket::stored(5.0, hour, Some(hour + 30_000)).refilled(LIMITS, 0);
        assert_eq!((paused.paused_until, paused.was_set_back), (Some(30_000), true));
    }
}
