//! Where the System Log is read on: a cursor in the ledger, and where to begin without one that Okta takes. Pure.
//!
//! Okta's own cursor (`next`) is opaque and may be refused one day. Beside it stand the time of the newest event seen
//! and how far the log was read, from which reading can begin anew, a little before; what comes twice by that is
//! recognised by its uuid.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::okta::client::LogQuery;

/// The name it is kept under.
pub(super) const CURSOR: &str = "okta_log_cursor";
/// Okta takes no `since` further back than this (`E0000053`; Okta API, System Log).
const OLDEST: SignedDuration = SignedDuration::from_hours(180 * 24);
/// Where reading begins instead, a day inside of that.
const REACHABLE: SignedDuration = SignedDuration::from_hours(179 * 24);

/// Where to read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cursor {
    /// Okta's own address of the next page.
    pub(super) next: Option<String>,
    /// The filter it was asked with: with another one the address is of no use.
    pub(super) filter: String,
    /// When the newest event seen was published.
    pub(super) last_published: Option<Timestamp>,
    /// Up to when the log is known to be read.
    pub(super) read_until: Timestamp,
    /// When this was written.
    pub(super) at: Timestamp,
    /// The process that wrote it.
    pub(super) by: String,
}

/// Where a reading from a moment on begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// The moment.
    pub(super) since: Timestamp,
    /// What Okta does not show any more lies between this moment and that one.
    pub(super) gap_from: Option<Timestamp>,
}

impl Cursor {
    /// Nothing was read yet.
    pub(super) fn first(filter: &str, since: Timestamp, now: Timestamp) -> Self {
        let (filter, by) = (filter.to_owned(), String::new());
        Self { next: None, filter, last_published: None, read_until: since, at: now, by }
    }

    /// Whether no page was read yet.
    pub(super) fn is_first(&self) -> bool {
        self.by.is_empty()
    }

    /// The request that goes on where the cursor stands, if Okta's own address can be used.
    pub(super) fn goes_on(&self, filter: &str) -> Option<LogQuery> {
        let next = self.next.as_ref().filter(|_| self.filter == filter)?;
        next.parse().ok().map(LogQuery::Next)
    }

    /// Where to begin when Okta's own address cannot be used: before the newest event seen. Where there is none, or none
    /// within reach, what is left is how far the log was read.
    pub(super) fn begins_anew(&self, overlap: Duration, now: Timestamp) -> Beginning {
        let seen = self.last_published.map(|seen| begin(before(seen.min(self.read_until), overlap), now));
        let read = begin(before(self.read_until, overlap), now);
        seen.filter(|seen| seen.gap_from.is_none()).unwrap_or(read)
    }

    /// The cursor after a page: `newest` is when its newest event was published, none for an empty page.
    pub(super) fn after(
        self,
        filter: &str,
        next: Option<&Url>,
        newest: Option<Timestamp>,
        asked: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            next: next.map(Url::to_string),
            filter: filter.to_owned(),
            last_published: newest.max(self.last_published),
            // An empty page: everything that Okta has stored until it was asked.
            read_until: newest.map_or(asked, |newest| newest.min(asked)).max(self.read_until),
            at: now,
            ..self
        }
    }
}

/// A beginning that Okta takes.
pub(super) fn begin(since: Timestamp, now: Timestamp) -> Beginning {
    if now.duration_since(since) < OLDEST {
        return Beginning { since, gap_from: None };
    }
    reachable(since, now)
}

/// The earliest beginning that Okta takes, instead of one it does not.
pub(super) fn reachable(since: Timestamp, now: Timestamp) -> Beginning {
    Beginning { since: now.checked_sub(REACHABLE).unwrap_or(since), gap_from: Some(since) }
}

fn before(moment: Timestamp, overlap: Duration) -> Timestamp {
    let overlap = SignedDuration::try_from(overlap).unwrap_or(SignedDuration::MAX);
    moment.checked_sub(overlap).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("in range")
    }

    fn url() -> Url {
        "https://example.okta.com/api/v1/logs?after=x".parse().expect("a URL")
    }

    #[test]
    fn reading_goes_on_at_oktas_address_unless_the_filter_is_another() {
        let cursor = Cursor::first("a", at(0), at(0)).after("a", Some(&url()), Some(at(5)), at(9), at(10));
        assert_eq!(cursor.goes_on("a"), Some(LogQuery::Next(url())));
        assert_eq!(cursor.goes_on("b"), None);
        assert_eq!(Cursor::first("a", at(0), at(0)).goes_on("a"), None);
    }

    #[test]
    fn it_begins_anew_before_the_newest_event_seen_or_before_where_it_began() {
        let first = Cursor::first("a", at(0), at(7));
        assert_eq!(first.begins_anew(HOUR, at(7)).since, at(-3600));
        let read = first.after("a", Some(&url()), Some(at(5000)), at(9000), at(9000)).after(
            "a",
            Some(&url()),
            None,
            at(9500),
            at(9500),
        );
        assert_eq!((read.read_until, read.last_published), (at(9500), Some(at(5000))));
        assert_eq!(read.begins_anew(HOUR, at(9600)), Beginning { since: at(1400), gap_from: None });
        let quiet = Cursor { read_until: at(200 * DAY), ..read };
        let since = at(200 * DAY - 3600);
        assert_eq!(quiet.begins_anew(HOUR, at(200 * DAY)), Beginning { since, gap_from: None }, "nothing was missed");
    }

    #[test]
    fn a_page_out_of_order_takes_nothing_back() {
        let cursor = Cursor::first("a", at(0), at(0)).after("a", Some(&url()), Some(at(50)), at(90), at(90));
        let late = cursor.after("a", Some(&url()), Some(at(20)), at(95), at(95));
        assert_eq!((late.last_published, late.read_until), (Some(at(50)), at(50)));
    }

    #[test]
    fn what_lies_180_days_back_is_a_gap_and_reading_begins_at_179() {
        let since = at(0);
        assert_eq!(begin(since, at(180 * DAY - 1)), Beginning { since, gap_from: None });
        let wanted = Beginning { since: at(DAY), gap_from: Some(since) };
        assert_eq!(begin(since, at(180 * DAY)), wanted);
    }

    #[test]
    fn it_is_kept_as_json() {
        let cursor = Cursor::first("a", at(0), at(0)).after("a", Some(&url()), Some(at(5)), at(9), at(10));
        let stored = serde_json::to_vec(&cursor).expect("serialises");
        assert_eq!(serde_json::from_slice::<Cursor>(&stored).expect("reads"), cursor);
    }
}
