//! Rows of `events`: new ones all in one statement, copies that came again, and what is kept of ignored ones.

use super::super::notes::note_for;
use super::super::rows::{ms, word};
use super::super::{IgnoredEvent, NotedEvent};
use super::hands::{Db, Outcome};
use super::image::Place;
use crate::domain::event::{Event, ProfileWeight, Verdict};

/// What a lock on an ignored event's key is named by, before the key; no Okta user id begins like this.
pub(super) const IGNORED_NAMES: &str = "ignored:";

/// A row of `events` that is to be written.
#[derive(Default)]
pub(super) struct EventRow {
    pub(super) person: Option<String>,
    pub(super) kind: String,
    pub(super) key: Option<String>,
    pub(super) source: String,
    pub(super) caller: String,
    pub(super) occurred: i64,
    pub(super) arrived: i64,
    pub(super) verdict: &'static str,
    pub(super) revision: Option<i64>,
    pub(super) weight: i64,
    pub(super) times: i64,
    pub(super) note: Option<String>,
}

impl EventRow {
    /// An event that counts.
    pub(super) fn of(event: &Event, verdict: Verdict, revision: u64) -> Self {
        Self {
            person: Some(event.person.to_string()),
            kind: word(event.kind),
            key: event.key.as_ref().map(ToString::to_string),
            source: word(event.source),
            caller: event.caller.clone(),
            occurred: ms(event.occurred),
            arrived: ms(event.arrived),
            verdict: verdict.as_str(),
            revision: i64::try_from(revision).ok(),
            weight: event.weight() as i64,
            times: 1,
            note: note_for(event.source).map(str::to_owned),
        }
    }

    pub(super) fn ignored(event: &IgnoredEvent, times: i64) -> Self {
        Self {
            person: event.person.as_ref().map(ToString::to_string),
            kind: event.kind.clone(),
            key: event.key.as_ref().map(ToString::to_string),
            source: word(event.source),
            caller: event.caller.clone(),
            occurred: ms(event.occurred),
            arrived: ms(event.arrived),
            verdict: Verdict::Ignored.as_str(),
            times,
            note: Some(event.note.clone()),
            ..Self::default()
        }
    }
}

/// Keeps an event that is about nobody in particular.
pub(super) async fn note(db: &Db, event: &NotedEvent) -> Outcome<()> {
    let row = EventRow {
        kind: event.kind.to_owned(),
        source: word(event.source),
        caller: event.caller.clone(),
        occurred: ms(event.at),
        arrived: ms(event.at),
        verdict: "noted",
        times: 1,
        note: event.note.clone(),
        ..EventRow::default()
    };
    insert(db, &[row]).await
}

const INSERT: &str = "INSERT INTO events (okta_user_id, kind, event_key, source, caller, occurred_at, arrived_at, \
     verdict, revision, profile_weight, times_seen, note) SELECT person, kind, event_key, source, caller, occurred_at, \
     arrived_at, verdict, revision, weight, times, note FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
     $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[]) \
     WITH ORDINALITY AS given (person, kind, event_key, source, caller, occurred_at, arrived_at, verdict, revision, \
     weight, times, note, place) ORDER BY place";

/// Writes these rows; their numbers follow their order.
pub(super) async fn insert(db: &Db, rows: &[EventRow]) -> Outcome<()> {
    if rows.is_empty() {
        return Ok(());
    }
    fn column<'r, T>(rows: &'r [EventRow], of: impl Fn(&'r EventRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    db.change(
        INSERT,
        &[
            &column(rows, |row| row.person.as_deref()),
            &column(rows, |row| row.kind.as_str()),
            &column(rows, |row| row.key.as_deref()),
            &column(rows, |row| row.source.as_str()),
            &column(rows, |row| row.caller.as_str()),
            &column(rows, |row| row.occurred),
            &column(rows, |row| row.arrived),
            &column(rows, |row| row.verdict),
            &column(rows, |row| row.revision),
            &column(rows, |row| row.weight),
            &column(rows, |row| row.times),
            &column(rows, |row| row.note.as_deref()),
        ],
    )
    .await?;
    Ok(())
}

/// An event of the ledger that came again, with the weight and the note of what it carried more.
pub(super) struct Again {
    id: i64,
    more: Option<(ProfileWeight, String)>,
}

/// Takes note that a copy came, where the first one is.
pub(super) fn seen_again(
    new: &mut [EventRow],
    again: &mut Vec<Again>,
    place: Place,
    more: Option<(ProfileWeight, String)>,
) {
    match place {
        Place::Stored(id) => again.push(Again { id, more }),
        Place::Here(index) => {
            let row = &mut new[index];
            row.times += 1;
            if let Some((weight, note)) = more {
                row.weight = row.weight.max(weight as i64);
                row.note = Some(note);
            }
        }
    }
}

impl Again {
    pub(super) async fn write(&self, db: &Db) -> Outcome<()> {
        let (weight, note) = match &self.more {
            None => (0, None),
            Some((weight, note)) => (*weight as i64, Some(note)),
        };
        // No row: it was forgotten at this very moment. Read again, it is a new event.
        db.change_one(
            "UPDATE events SET times_seen = times_seen + 1, profile_weight = greatest(profile_weight, $2), \
             note = coalesce($3, note) WHERE id = $1",
            &[&self.id, &weight, &note],
        )
        .await
    }
}

/// An event this program does not act on, and how often it came in this batch.
pub(super) struct Ignored {
    pub(super) event: IgnoredEvent,
    pub(super) times: i64,
}

impl Ignored {
    /// Whether this is the same event, ignored for the same reason.
    pub(super) fn is_same(&self, other: &IgnoredEvent) -> bool {
        let known = &self.event;
        (&known.person, &known.key, &known.kind, &known.note) == (&other.person, &other.key, &other.kind, &other.note)
    }

    /// Keeps it once per key and reason; the lock on its key is had.
    pub(super) async fn write(&self, db: &Db) -> Outcome<()> {
        let (kind, note) = (&self.event.kind, &self.event.note);
        let mut seen = 0;
        if let Some(key) = self.event.key.as_ref().map(|key| key.as_str()) {
            let person = self.event.person.as_ref().map(|person| person.as_str());
            // Said in two ways, since an index knows no "the same or both nothing".
            let sql = match person {
                Some(_) => {
                    "UPDATE events SET times_seen = times_seen + $5 WHERE verdict = 'ignored' AND okta_user_id = $1 \
                     AND kind = $2 AND event_key = $3 AND note = $4"
                }
                None => {
                    "UPDATE events SET times_seen = times_seen + $5 WHERE verdict = 'ignored' \
                     AND okta_user_id IS NULL AND $1::text IS NULL AND kind = $2 AND event_key = $3 AND note = $4"
                }
            };
            seen = db.change(sql, &[&person, kind, &key, note, &self.times]).await?;
        }
        if seen == 0 {
            insert(db, &[EventRow::ignored(&self.event, self.times)]).await?;
        }
        Ok(())
    }
}
