use reqwest::header::{HeaderName, HeaderValue};

use super::*;

/// 2026-11-18 11:06:40 UTC; the answers' own clock is a minute ahead of ours.
const NOW: i64 = 1_795_000_000;
const THEIRS: &str = "Wed, 18 Nov 2026 11:07:40 GMT";

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

fn limits(limit: &str, remaining: &str, reset: i64) -> HeaderMap {
    let reset = reset.to_string();
    headers(&[
        ("X-Rate-Limit-Limit", limit),
        ("X-Rate-Limit-Remaining", remaining),
        ("X-Rate-Limit-Reset", &reset),
        ("Date", THEIRS),
    ])
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_reset_is_counted_from_the_answers_own_date() {
    let window = window(&limits("600", "12", NOW + 60 + 34), now());
    assert_eq!(window, Some(Window { limit: 600, remaining: 12, reset: s(34) }));
    let past = super::window(&limits("600", "12", NOW), now()).expect("a window");
    assert_eq!(past.reset, s(0), "by Okta's clock it is over");
    let far = super::window(&limits("600", "12", NOW + 999_999), now()).expect("a window");
    assert_eq!(far.reset, s(3600), "no longer than an hour");
    assert_eq!(super::window(&limits("many", "12", NOW), now()), None);
    assert_eq!(super::window(&headers(&[]), now()), None);
}

#[test]
fn a_429_by_rate_waits_until_the_reset_and_one_by_concurrency_for_a_moment() {
    assert_eq!(limited(&limits("600", "0", NOW + 60 + 20), now()), Limited::Rate(s(20)));
    let concurrency = limited(&limits("0", "0", NOW + 60 + 55), now());
    assert_eq!(concurrency, Limited::Concurrency(CONCURRENT), "its reset is no promise");
    assert_eq!(limited(&headers(&[]), now()), Limited::Rate(UNSAID));
    for _ in 0..100 {
        assert!((CONCURRENT..=2 * CONCURRENT).contains(&concurrency.wait()));
        assert!((s(20)..s(22)).contains(&Limited::Rate(s(20)).wait()));
    }
}

#[test]
fn retry_after_counts_where_it_is_sent() {
    let with = |retry_after: &str, mut others: HeaderMap| {
        others.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).expect("a value"));
        limited(&others, now())
    };
    assert_eq!(with("40", limits("600", "0", NOW + 60 + 20)), Limited::Rate(s(40)), "the longer one");
    assert_eq!(with("4", limits("0", "0", NOW)), Limited::Concurrency(s(4)));
    assert_eq!(with("7", headers(&[])), Limited::Rate(s(7)));
    assert_eq!(with("Wed, 18 Nov 2026 11:08:00 GMT", headers(&[("Date", THEIRS)])), Limited::Rate(s(20)));
    assert_eq!(with("soon", headers(&[])), Limited::Rate(UNSAID));
}

#[test]
fn the_last_requests_of_a_window_are_left_to_others() {
    let windows = Windows::default();
    let note = |remaining, reset| windows.note(Operation::Logs, Window { limit: 60, remaining, reset }, now());
    assert_eq!(windows.take(Operation::Logs, now()), Ok(()), "nothing is known yet");
    note(5, s(30));
    assert_eq!(windows.take(Operation::Logs, now()), Ok(()));
    note(5, s(30));
    assert_eq!(windows.take(Operation::Logs, now()), Ok(()), "an answer that came late gives nothing back");
    assert_eq!(windows.take(Operation::Logs, now()), Err(s(30)), "three of sixty are left");
    assert_eq!(windows.take(Operation::App, now()), Ok(()), "another API has a window of its own");
    let later = now() + SignedDuration::from_secs(30);
    assert_eq!(windows.take(Operation::Logs, later), Ok(()), "the window has reset");
}

#[test]
fn a_new_window_counts_afresh() {
    let windows = Windows::default();
    windows.note(Operation::App, Window { limit: 600, remaining: 11, reset: s(1) }, now());
    assert_eq!(windows.take(Operation::App, now()), Ok(()));
    assert_eq!(windows.take(Operation::App, now()), Err(s(1)));
    windows.note(Operation::App, Window { limit: 600, remaining: 599, reset: s(60) }, now());
    assert_eq!(windows.take(Operation::App, now()), Ok(()));
}

#[test]
fn after_a_429_nothing_goes_out_until_it_is_over() {
    let windows = Windows::default();
    windows.close(Operation::AppUser, s(9), now());
    assert_eq!(windows.take(Operation::AppUser, now()), Err(s(9)));
    assert_eq!(windows.take(Operation::App, now()), Err(s(9)), "the same API");
    assert_eq!(windows.take(Operation::AppUser, now() + SignedDuration::from_secs(9)), Ok(()));
}
