//! What the history says about an event beside its facts, in the same words whatever the database.

use super::IgnoredEvent;
use super::rows::word;
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::heads::Reception;

/// The note of an event about somebody without an assignment.
const NO_ASSIGNMENT: &str = "nobody with this id has an assignment; it counts from the moment one is made";
/// The note of one that says something of attributes alone: where Okta can be asked, it is, and else they are not kept of
/// somebody who may never get the app.
const NOTHING_KEPT: &str = "nobody with this id has an assignment; the attributes it carries are not kept";
/// The note of such an event once it counts.
pub(super) const COUNTS: &str = "it came before this person had an assignment, and counted when one was made";
/// The note of an event whose person's row cannot be read.
pub(super) const UNREADABLE: &str = "this person's row in the ledger cannot be read; see the log";
/// The note of an event that Okta's System Log told of first.
const FOUND: &str = "found in Okta's System Log; no hook or card had delivered it by then";
/// The note of such an event once a door delivered it after all.
pub(super) const LATE: &str = "found in Okta's System Log before the hook or card delivered it";
/// The note of an event that comparing made.
const COMPARED: &str = "found by comparing the app's users in Okta with the ledger";

/// Why an event about somebody without an assignment is ignored.
pub(super) fn without_assignment(kind: EventKind) -> &'static str {
    if kind == EventKind::Changed { NOTHING_KEPT } else { NO_ASSIGNMENT }
}

/// What the history says of an event because of where it came from.
pub(super) fn note_for(source: Source) -> Option<&'static str> {
    match source {
        Source::SystemLog => Some(FOUND),
        Source::Sweep => Some(COMPARED),
        Source::Card | Source::Hook | Source::Reconcile | Source::Operator | Source::Okta | Source::Broker => None,
    }
}

/// Whether an event with this note was found in the System Log, and no door has delivered it yet.
pub(super) fn was_found(note: Option<&str>) -> bool {
    note.is_some_and(|note| note.starts_with(FOUND))
}

/// Whether a copy from this source is the first that came through a door, of an event that was found.
pub(super) fn is_late(found: bool, source: Source) -> bool {
    found && matches!(source, Source::Card | Source::Hook)
}

/// The note of an event whose later copy carried more.
pub(super) fn merged(reception: Reception) -> String {
    format!("a later copy carried {}", if reception.takes_profile { "a profile" } else { "a policy" })
}

/// An event that is kept and does not count, for this reason.
pub(super) fn as_ignored(event: &Event, note: &str) -> IgnoredEvent {
    IgnoredEvent {
        person: Some(event.person.clone()),
        key: event.key.clone(),
        kind: word(event.kind),
        note: note.to_owned(),
        source: event.source,
        caller: event.caller.clone(),
        occurred: event.occurred,
        arrived: event.arrived,
    }
}
