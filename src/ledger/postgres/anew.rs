//! Status events that came before their person had an assignment are judged when the first one is made.
//!
//! Okta's events come in any order: a suspension may arrive before the first word that the person has the app. It was
//! kept as ignored, in the ledger or in this very batch, and must not be lost.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::super::notes::COUNTS;
use super::super::rows::{Reading, moment, word};
use super::events::{EventRow, Ignored};
use super::hands::{Db, Outcome};
use crate::domain::event::{Event, EventKind, Source, Verdict};
use crate::domain::heads::Heads;

/// Ignored status events of these people, in the order in which they are judged.
pub(super) const FIND: &str = "SELECT id, okta_user_id, kind, event_key, source, occurred_at FROM events \
     WHERE okta_user_id = ANY($1) AND verdict = 'ignored' AND kind IN ('suspended', 'activated', 'deactivated') \
     ORDER BY occurred_at, id";

/// Where an ignored event is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// In the ledger, under this number.
    Stored(i64),
    /// In this batch, the so-manieth of the ignored ones.
    Here(usize),
}

/// A status event that did not count when it came.
#[derive(Debug, Clone)]
pub(super) struct Former {
    pub(super) kept: Kept,
    pub(super) key: Option<String>,
    pub(super) kind: EventKind,
    pub(super) source: Source,
    pub(super) occurred: Timestamp,
}

/// One that counts from now on, with what became of it.
pub(super) struct Counts {
    pub(super) former: Former,
    pub(super) verdict: Verdict,
}

fn kind(text: &str) -> Option<EventKind> {
    let kinds = [EventKind::Suspended, EventKind::Activated, EventKind::Deactivated];
    kinds.into_iter().find(|known| word(known) == text)
}

fn source(text: &str) -> Option<Source> {
    let sources = [Source::Hook, Source::SystemLog, Source::Card];
    sources.into_iter().find(|known| word(known) == text)
}

impl Former {
    /// One that is in the ledger, with whom it is about; nothing if this program cannot judge it.
    pub(super) fn stored(row: &Row) -> Outcome<Option<(String, Self)>> {
        let reading = Reading::of(row, "events", "id")?;
        let (named, from): (String, String) = (reading.plain("kind")?, reading.plain("source")?);
        let (Some(kind), Some(source)) = (kind(&named), source(&from)) else { return Ok(None) };
        let former = Self {
            kept: Kept::Stored(reading.plain("id")?),
            key: reading.plain("event_key")?,
            kind,
            source,
            occurred: moment(reading.plain("occurred_at")?)?,
        };
        Ok(Some((reading.plain("okta_user_id")?, former)))
    }

    /// One that came earlier in this batch.
    pub(super) fn here(index: usize, ignored: &Ignored) -> Option<Self> {
        let event = &ignored.event;
        let kind = kind(&event.kind)?;
        [Source::Hook, Source::SystemLog, Source::Card].contains(&event.source).then(|| Self {
            kept: Kept::Here(index),
            key: event.key.as_ref().map(ToString::to_string),
            kind,
            source: event.source,
            occurred: event.occurred,
        })
    }
}

/// Receives the status events of somebody whose row is about to be made; gives what became of each, and the source of the
/// newest status.
pub(super) fn judge(mut formers: Vec<Former>, first: &Event, heads: &mut Heads) -> (Vec<Counts>, Option<Source>) {
    formers.sort_by_key(|former| former.occurred);
    let (mut told, mut counts) = (None, Vec::new());
    for former in formers {
        let Former { kind, source, occurred, .. } = former;
        let event = Event { kind, source, occurred, profile: None, policy: None, ..first.clone() };
        let newest = heads.receive_status(&event);
        if newest.is_taken() {
            told = Some(source);
        }
        let verdict = if newest.is_taken() { Verdict::New } else { Verdict::Superseded };
        counts.push(Counts { former, verdict });
    }
    (counts, told)
}

impl Counts {
    /// Writes that a stored one counts.
    pub(super) async fn write(&self, db: &Db) -> Outcome<()> {
        let Kept::Stored(id) = self.former.kept else { return Ok(()) };
        db.change_one(
            "UPDATE events SET verdict = $2, revision = 1, note = $3 WHERE id = $1",
            &[&id, &self.verdict.as_str(), &COUNTS],
        )
        .await
    }

    /// The row of one that came in this batch.
    pub(super) fn row(&self, ignored: &Ignored) -> EventRow {
        EventRow {
            verdict: self.verdict.as_str(),
            revision: Some(1),
            note: Some(COUNTS.to_owned()),
            ..EventRow::ignored(&ignored.event, ignored.times)
        }
    }
}
