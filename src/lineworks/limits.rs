//! What the rate-limit headers of an answer say.
//!
//! LINE WORKS documents `rateLimit-limit`, `-remaining`, `-reset` (seconds) and, on the English and Korean pages,
//! `rateLimit-ssed` for the calls so far (docs, rate-limits); which spelling is sent is not certain, and a proxy may
//! add its own. So every known spelling is read, and nonsense counts as absent.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::lineworks::Quota;

/// The window resets in at most a minute; taken when an answer tells what is left but not until when.
const WINDOW: Duration = Duration::from_secs(60);
/// A longer pause than this is not believed: a wrong header must not stop a person for a day.
const LONGEST_PAUSE_S: f64 = 3600.0;
/// From here on a number of seconds is a moment since 1970 and not a pause.
const EPOCH_FROM_S: f64 = 1_000_000_000.0;

const LIMIT: [&str; 2] = ["ratelimit-limit", "x-ratelimit-limit"];
const REMAINING: [&str; 2] = ["ratelimit-remaining", "x-ratelimit-remaining"];
const USED: [&str; 3] = ["ratelimit-used", "ratelimit-ssed", "x-ratelimit-used"];
const RESET: [&str; 2] = ["ratelimit-reset", "x-ratelimit-reset"];

/// What is left in the window, when the answer tells.
pub(crate) fn quota(headers: &HeaderMap, now: Timestamp) -> Option<Quota> {
    let left = number(headers, &REMAINING)
        .or_else(|| Some((number(headers, &LIMIT)? - number(headers, &USED)?).max(0.0)))
        .filter(|left| (0.0..=f64::from(u32::MAX)).contains(left))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within u32 by the filter above")]
    let remaining = left as u32;
    let reset = number(headers, &RESET).and_then(|seconds| pause(seconds, now)).unwrap_or(WINDOW);
    Some(Quota { remaining, reset })
}

/// How long the answer asks to wait, an hour at most: `Retry-After`, and for a 429 until the window resets. Other
/// answers carry the window's reset too, but it is no pause that they ask for.
pub(crate) fn wait(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset = number(headers, &RESET).filter(|_| status == 429).and_then(|seconds| pause(seconds, now));
    let retry_after = number(headers, &["retry-after"]).and_then(|seconds| pause(seconds, now));
    let retry_at = text(headers, "retry-after")
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .and_then(|at| pause(at.timestamp().duration_since(now).as_secs_f64(), now));
    [reset, retry_after, retry_at].into_iter().flatten().max()
}

fn pause(seconds: f64, now: Timestamp) -> Option<Duration> {
    let seconds = if seconds >= EPOCH_FROM_S { seconds - now.as_duration().as_secs_f64() } else { seconds };
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_PAUSE_S)))
}

/// The first header of these that starts with a number, as in `34`, `34.5` or `240, 240;w=60`.
fn number(headers: &HeaderMap, names: &[&str]) -> Option<f64> {
    names
        .iter()
        .filter_map(|name| text(headers, name)?.split([',', ';']).next()?.trim().parse::<f64>().ok())
        .find(|number| number.is_finite())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_000_000).expect("a time")
    }

    #[test]
    fn every_known_spelling_is_read() {
        let thirty_four = Some(Quota { remaining: 228, reset: Duration::from_secs(34) });
        let full = [("rateLimit-limit", "240"), ("rateLimit-remaining", "228"), ("rateLimit-reset", "34")];
        assert_eq!(quota(&headers(&full), now()), thirty_four);
        let proxied = [("X-RateLimit-Remaining", "228"), ("X-RateLimit-Reset", "1795000034")];
        assert_eq!(quota(&headers(&proxied), now()), thirty_four);
        let misspelt = [("rateLimit-limit", "240"), ("rateLimit-ssed", "12"), ("rateLimit-reset", "34")];
        assert_eq!(quota(&headers(&misspelt), now()), thirty_four);
        let listed = [("ratelimit-remaining", "228"), ("ratelimit-reset", "34, 60;w=60")];
        assert_eq!(quota(&headers(&listed), now()), thirty_four);
    }

    #[test]
    fn nonsense_counts_as_absent() {
        assert_eq!(quota(&headers(&[]), now()), None);
        assert_eq!(quota(&headers(&[("rateLimit-remaining", "many")]), now()), None);
        assert_eq!(quota(&headers(&[("rateLimit-remaining", "-1")]), now()), None);
        let no_reset = Some(Quota { remaining: 3, reset: WINDOW });
        assert_eq!(quota(&headers(&[("rateLimit-remaining", "3"), ("rateLimit-reset", "NaN")]), now()), no_reset);
        assert_eq!(wait(429, &headers(&[("retry-after", "soon"), ("rateLimit-reset", "-5")]), now()), None);
    }

    #[test]
    fn the_longest_wait_counts_and_none_is_longer_than_an_hour() {
        let both = [("rateLimit-reset", "12"), ("Retry-After", "30")];
        assert_eq!(wait(429, &headers(&both), now()), Some(Duration::from_secs(30)));
        let reset = headers(&[("x-ratelimit-reset", "7.5")]);
        assert_eq!(wait(429, &reset, now()), Some(Duration::from_millis(7500)));
        assert_eq!(wait(500, &reset, now()), None, "the window is not what a 500 waits for");
        let date = [("Retry-After", "Wed, 18 Nov 2026 11:07:40 GMT")];
        assert_eq!(wait(503, &headers(&date), now()), Some(Duration::from_secs(60)));
        assert_eq!(wait(503, &headers(&[("Retry-After", "999999")]), now()), Some(Duration::from_secs(3600)));
    }
}
