//! The System Log: what was written, and the two ways to read it.
//!
//! Polling reads in the order in which events were persisted, which need not be that of `published`, and never ends: the
//! next link is there on an empty page, too. A bounded request reads by `published` and ends.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::error::OktaError;
use super::event::Event;
use super::filter::Filter;

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The oldest `since` that is taken (documented).
const OLDEST: SignedDuration = SignedDuration::from_hours(180 * 24);
/// The most events on a page (documented), and how many there are unless asked.
const MOST: usize = 1000;
const USUAL: usize = 100;

/// Where an event stands in the order of a list: by time, then by writing.
type Place = (Timestamp, u64);

#[derive(Debug, Default)]
pub(super) struct Log {
    events: Vec<Event>,
}

/// What a page was asked for.
struct Question {
    polling: bool,
    descending: bool,
    since: Timestamp,
    until: Timestamp,
    after: Option<Place>,
    limit: usize,
    filter: Option<Filter>,
    words: Vec<String>,
}

/// A page, and the cursor for the next one if there is any.
pub(super) struct Page {
    pub(super) events: Vec<Value>,
    pub(super) next: Option<String>,
}

impl Log {
    pub(super) fn write(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Every event, in the order of writing.
    pub(super) fn all(&self) -> &[Event] {
        &self.events
    }

    /// Answers `GET /api/v1/logs`. `sees` says whether the caller may see an event, `cursor_life` how old a cursor may be.
    pub(super) fn page(
        &self,
        query: &HashMap<String, String>,
        now: Timestamp,
        cursor_life: Option<u32>,
        sees: impl Fn(&Event) -> bool,
    ) -> Result<Page, OktaError> {
        let question = Question::read(query, now, cursor_life)?;
        let place = |event: &Event| match question.polling {
            true => (event.persisted, event.seq),
            false => (event.published, event.seq),
        };
        let mut found: Vec<(Place, &Event)> = self
            .events
            .iter()
            .filter(|event| event.persisted <= now && event.published >= question.since)
            .filter(|event| question.polling || event.published < question.until)
            .map(|event| (place(event), event))
            .collect();
        found.sort_by_key(|(place, _)| *place);
        if question.descending {
            found.reverse();
        }
        let passed = |place: Place| {
            question.after.is_none_or(|after| if question.descending { place < after } else { place > after })
        };
        let mut events = Vec::new();
        let (mut last, mut more) = (question.after, false);
        for (place, event) in found.into_iter().filter(|(place, event)| passed(*place) && sees(event)) {
            let shown = event.to_log();
            if !question.wants(&shown) {
                continue;
            }
            if events.len() == question.limit {
                more = true;
                break;
            }
            events.push(shown);
            last = Some(place);
        }
        let next = match (question.polling, more) {
            (true, true) => last,
            // Whatever is persisted from now on stands behind this place.
            (true, false) if question.limit > 0 => Some((now - SignedDuration::from_nanos(1), u64::MAX)).max(last),
            (true, false) => last.or(Some((question.since, 0))),
            (false, true) => last,
            (false, false) => None,
        };
        Ok(Page { events, next: next.map(|place| cursor(now, question.polling, question.since, place)) })
    }
}

impl Question {
    fn read(query: &HashMap<String, String>, now: Timestamp, cursor_life: Option<u32>) -> Result<Self, OktaError> {
        if query.contains_key("since") && query.contains_key("after") {
            return Err(OktaError::validation("since", "since and after exclude each other"));
        }
        let moment = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => text
                .parse::<Timestamp>()
                .map(Some)
                .map_err(|_| OktaError::validation(name, format!("{name}: it is no ISO 8601 time"))),
        };
        let (since, until) = (moment("since")?, moment("until")?);
        let descending = match query.get("sortOrder").map(String::as_str) {
            None | Some("ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => return Err(OktaError::validation("sortOrder", "sortOrder: ASCENDING or DESCENDING")),
        };
        let polling = until.is_none() && !descending;
        let until = until.unwrap_or(now);
        if since.is_some_and(|since| now.duration_since(since) > OLDEST) {
            return Err(OktaError::too_old());
        }
        let limit = match query.get("limit").map(|text| text.parse::<usize>()) {
            None => USUAL,
            Some(Ok(limit)) if limit <= MOST => limit,
            Some(_) => return Err(OktaError::validation("limit", "limit: 0 to 1000")),
        };
        let filter = query.get("filter").map(|text| Filter::parse(text)).transpose().map_err(OktaError::filter)?;
        let words: Vec<String> =
            query.get("q").map(|q| q.split_whitespace().map(str::to_lowercase).collect()).unwrap_or_default();
        if words.len() > 10 || words.iter().any(|word| word.chars().count() > 40) {
            return Err(OktaError::validation("q", "q: up to 10 keywords of 40 characters"));
        }
        let mut question = Self {
            polling,
            descending,
            since: since.unwrap_or(until - WEEK),
            until,
            after: None,
            limit,
            filter,
            words,
        };
        if let Some(text) = query.get("after") {
            question.go_on(text, now, cursor_life)?;
        }
        Ok(question)
    }

    /// Goes on where a cursor says.
    fn go_on(&mut self, text: &str, now: Timestamp, life: Option<u32>) -> Result<(), OktaError> {
        let refused = |why: &str| OktaError::validation("after", format!("after: {why}"));
        let (issued, polling, since, place) = read_cursor(text).ok_or_else(|| refused("it is no cursor"))?;
        if polling != self.polling {
            return Err(refused("it is a cursor of another kind of request"));
        }
        if life.is_some_and(|life| now.duration_since(issued).as_secs() >= i64::from(life)) {
            return Err(refused("the cursor is too old"));
        }
        self.since = since;
        self.after = Some(place);
        Ok(())
    }

    fn wants(&self, event: &Value) -> bool {
        let found = self.words.is_empty() || {
            let text = event.to_string().to_lowercase();
            self.words.iter().all(|word| text.contains(word))
        };
        found && self.filter.as_ref().is_none_or(|filter| filter.passes(event))
    }
}

/// An opaque text for a place in a list.
fn cursor(issued: Timestamp, polling: bool, since: Timestamp, (time, seq): Place) -> String {
    let (issued, since, time) = (issued.as_nanosecond(), since.as_nanosecond(), time.as_nanosecond());
    URL_SAFE_NO_PAD.encode(format!("{issued} {polling} {since} {time} {seq}"))
}

fn read_cursor(text: &str) -> Option<(Timestamp, bool, Timestamp, Place)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = text.split(' ');
    let issued = moment(parts.next()?)?;
    let polling = parts.next()?.parse().ok()?;
    let since = moment(parts.next()?)?;
    let time = moment(parts.next()?)?;
    let seq = parts.next()?.parse().ok()?;
    Some((issued, polling, since, (time, seq)))
}

fn moment(nanoseconds: &str) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanoseconds.parse().ok()?).ok()
}
