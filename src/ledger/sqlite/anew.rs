//! Status events that came before their person had an assignment are judged when the first one is made.
//!
//! Okta's events come in any order: a suspension may arrive before the first word that the person has the app. It was
//! kept as ignored, and must not be lost. This is read only when a row is made, never for one that is there.

use rusqlite::{Connection, params};

use super::rows::{moment, word};
use super::threads::Outcome;
use crate::domain::assignment::OktaStatus;
use crate::domain::event::{Event, EventKind, Source, Verdict};
use crate::domain::heads::Heads;

/// The note of an event about somebody without an assignment.
const NO_ASSIGNMENT: &str = "nobody with this id has an assignment; it counts from the moment one is made";
/// The note of one that says something of attributes alone: where Okta can be asked, it is, and else they are not kept of
/// somebody who may never get the app.
const NOTHING_KEPT: &str = "nobody with this id has an assignment; the attributes it carries are not kept";
/// The note of such an event once it counts.
const COUNTS: &str = "it came before this person had an assignment, and counted when one was made";

/// Why an event about somebody without an assignment is ignored.
pub(super) fn note(kind: EventKind) -> &'static str {
    if kind == EventKind::Changed { NOTHING_KEPT } else { NO_ASSIGNMENT }
}

/// The newest status known from before, and what told of it.
pub(super) type Told = Option<(OktaStatus, Source)>;

/// Receives the status events of somebody whose row is about to be made.
pub(super) fn judge(db: &Connection, first: &Event, heads: &mut Heads) -> Outcome<Told> {
    let mut told = None;
    for former in ignored(db, first)? {
        let newest = heads.receive_status(&former.event);
        if newest.is_taken() {
            told = heads.status.map(|(status, _)| (status, former.event.source));
        }
        let verdict = if newest.is_taken() { Verdict::New } else { Verdict::Superseded };
        // The same event may have been kept under another note, too: one copy counts.
        db.prepare_cached("UPDATE OR IGNORE events SET verdict = ?2, revision = 1, note = ?3 WHERE id = ?1")?
            .execute(params![former.id, verdict.as_str(), COUNTS])?;
    }
    Ok(told)
}

struct Former {
    id: i64,
    event: Event,
}

fn ignored(db: &Connection, first: &Event) -> Outcome<Vec<Former>> {
    let mut statement = db.prepare_cached(
        "SELECT id, kind, source, occurred_at FROM events WHERE okta_user_id = ?1 AND verdict = 'ignored' \
         AND kind IN ('suspended', 'activated', 'deactivated') ORDER BY occurred_at, id",
    )?;
    let mut rows = statement.query([first.person.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, source): (String, String) = (row.get(1)?, row.get(2)?);
        let kinds = [EventKind::Suspended, EventKind::Activated, EventKind::Deactivated];
        let Some(kind) = kinds.into_iter().find(|known| word(known) == kind) else { continue };
        let sources = [Source::Hook, Source::SystemLog, Source::Card];
        let Some(source) = sources.into_iter().find(|known| word(known) == source) else { continue };
        let event =
            Event { kind, source, occurred: moment(row.get(3)?)?, profile: None, policy: None, ..first.clone() };
        found.push(Former { id: row.get(0)?, event });
    }
    Ok(found)
}
