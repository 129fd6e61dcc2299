//! When to come again: exponential backoff with jitter, up to an hour, for as long as it lasts. Pure.

use std::time::Duration;

/// The bounds of the waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// About the wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `failures` failures in a row (1 or more). `jitter` is in 0..1: the wait is between half of
    /// the step and the whole of it, so that people who failed together do not come again together.
    pub fn wait(&self, failures: u32, jitter: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let step = self.first.saturating_mul(1 << doublings).min(self.longest);
        step.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(3600) };

    #[test]
    fn waits_grow_and_end_at_the_longest() {
        assert_eq!(BACKOFF.wait(1, 1.0), Duration::from_secs(2));
        assert_eq!(BACKOFF.wait(4, 1.0), Duration::from_secs(16));
        assert_eq!(BACKOFF.wait(20, 1.0), Duration::from_secs(3600));
        assert_eq!(BACKOFF.wait(u32::MAX, 1.0), Duration::from_secs(3600));
    }

    #[test]
    fn jitter_takes_up_to_half_away() {
        assert_eq!(BACKOFF.wait(2, 0.0), Duration::from_secs(2));
        assert_eq!(BACKOFF.wait(2, 1.0), Duration::from_secs(4));
    }
}
