//! How fast Okta may be asked: what its rate-limit headers say, and a reserve that is left to the rest of the org.
//!
//! `X-Rate-Limit-Reset` is a moment on Okta's clock and is compared with the `Date` of the same answer, never with the
//! clock of this machine (Okta docs, rate limits: monitor). A 429 whose Limit and Remaining are both 0 is the limit of
//! simultaneous requests: it passes in moments and its Reset is only a suggestion. `Retry-After` is not documented; it
//! counts where it is sent.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::operation::Operation;

/// A longer pause than this is not believed: a wrong header must not stop the service for a day.
const LONGEST: Duration = Duration::from_secs(3600);
/// The pause after a 429 that does not say how long.
const UNSAID: Duration = Duration::from_secs(30);
/// The pause after too many requests at once; as much again is added at random.
const CONCURRENT: Duration = Duration::from_millis(500);
/// The part of a limit that is left to others: a twentieth, this many requests at most.
const MOST_RESERVED: u64 = 10;

/// What the rate-limit headers of one answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Requests a window has.
    limit: u64,
    /// Requests left in it.
    remaining: u64,
    /// Time until it resets, as of the answer.
    reset: Duration,
}

/// Why a 429 came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limited {
    /// The window is used up: wait until it resets.
    Rate(Duration),
    /// Too many requests at once: a moment.
    Concurrency(Duration),
}

impl Limited {
    /// How long to wait, with jitter, so that not everybody comes back at once.
    pub(crate) fn wait(self) -> Duration {
        let (Limited::Rate(wait) | Limited::Concurrency(wait)) = self;
        match self {
            Limited::Rate(_) => wait + Duration::from_millis(fastrand::u64(..1500)),
            Limited::Concurrency(_) => wait + wait.mul_f64(fastrand::f64()),
        }
    }
}

/// The answer's own time, if it says it.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// What an answer says of its window; `now` is taken for Okta's time only where the answer has none.
pub(crate) fn window(headers: &HeaderMap, now: Timestamp) -> Option<Window> {
    let limit = number(headers, "x-rate-limit-limit")?;
    let remaining = number(headers, "x-rate-limit-remaining")?;
    let reset = i64::try_from(number(headers, "x-rate-limit-reset")?).ok()?;
    let reset = Timestamp::from_second(reset).ok()?.duration_since(date(headers).unwrap_or(now));
    Some(Window { limit, remaining, reset: pause(reset) })
}

/// Why a 429 came, and how long it asks to wait.
pub(crate) fn limited(headers: &HeaderMap, now: Timestamp) -> Limited {
    let window = window(headers, now);
    let asked = retry_after(headers, now);
    match window {
        Some(Window { limit: 0, remaining: 0, .. }) => Limited::Concurrency(asked.unwrap_or(CONCURRENT)),
        Some(window) => Limited::Rate(window.reset.max(asked.unwrap_or_default())),
        None => Limited::Rate(asked.unwrap_or(UNSAID)),
    }
}

/// `Retry-After`: seconds, or a date on Okta's clock.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(seconds) = number(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(pause(at.duration_since(date(headers).unwrap_or(now))))
}

fn pause(until: SignedDuration) -> Duration {
    Duration::try_from(until).unwrap_or_default().min(LONGEST)
}

/// A header that is a whole number; the first one where it came more than once.
fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.split(',').next()?.trim().parse().ok()
}

/// What is left of one window, as far as we know.
#[derive(Debug, Clone, Copy)]
struct Left {
    limit: u64,
    remaining: u64,
    resets_at: Timestamp,
}

/// What is left of each API's window.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<HashMap<&'static str, Left>>);

impl Windows {
    /// Takes one request out of the window.
    ///
    /// # Errors
    /// So few are left that they are for others: how long until the window resets.
    pub(crate) fn take(&self, operation: Operation, now: Timestamp) -> Result<(), Duration> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = windows.get_mut(operation.api()) else { return Ok(()) };
        let wait = pause(left.resets_at.duration_since(now));
        if wait.is_zero() {
            windows.remove(operation.api());
            return Ok(());
        }
        if left.remaining <= reserve(left.limit) {
            return Err(wait);
        }
        left.remaining -= 1;
        Ok(())
    }

    /// Takes note of what an answer says; answers may come out of order, so within one window the lower number counts.
    pub(crate) fn note(&self, operation: Operation, window: Window, now: Timestamp) {
        if window.limit == 0 {
            return;
        }
        let resets_at = now.saturating_add(SignedDuration::try_from(window.reset).unwrap_or_default()).unwrap_or(now);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = windows.get(operation.api()).filter(|left| {
            left.resets_at > now && left.resets_at.duration_since(resets_at).abs() < SignedDuration::from_secs(3)
        });
        let remaining = same.map_or(window.remaining, |left| left.remaining.min(window.remaining));
        windows.insert(operation.api(), Left { limit: window.limit, remaining, resets_at });
    }

    /// Lets nothing out for this long: Okta said 429.
    pub(crate) fn close(&self, operation: Operation, wait: Duration, now: Timestamp) {
        let resets_at = now.saturating_add(SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(now);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.insert(operation.api(), Left { limit: 1, remaining: 0, resets_at });
    }
}

/// How many of a window's requests are left to others.
fn reserve(limit: u64) -> u64 {
    (limit / 20).min(MOST_RESERVED)
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
