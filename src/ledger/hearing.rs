//! What an operator's word makes of a person's row, for every adapter.

use super::{Heard, OperatorWord};
use crate::domain::assignment::{Assignment, Ruling, State};
use crate::domain::event::{Event, EventKind, Source, UnassignPolicy};
use crate::domain::plan::is_approvable;

/// A word that is taken in: it raises the revision, and a ruling is in force for that revision only.
pub(super) struct Taken {
    pub(super) revision: u64,
    pub(super) leaving: bool,
    pub(super) ruling: Option<Ruling>,
    pub(super) event: Event,
}

impl Taken {
    /// What the word does to this row.
    ///
    /// # Errors
    /// The answer to a word that cannot be taken in.
    pub(super) fn of(row: &Assignment, said: &OperatorWord) -> Result<Self, Heard> {
        let steps = match (&row.state, said.kind) {
            (_, EventKind::Retry) => Vec::new(),
            (State::Held { reason, .. }, EventKind::Approve) if !is_approvable(reason.cause) => {
                return Err(Heard::NotApprovable(reason.clone()));
            }
            (State::Held { steps, .. }, _) => steps.clone(),
            (state, _) => return Err(Heard::NotHeld(state.name())),
        };
        let event = Event {
            person: said.person.clone(),
            key: None,
            kind: said.kind,
            source: Source::Operator,
            caller: said.caller.clone(),
            occurred: said.now,
            arrived: said.now,
            profile: None,
            policy: None,
        };
        Ok(Self {
            revision: row.revision + 1,
            // Which policy is in force makes no difference here.
            leaving: row.facts.desired(UnassignPolicy::Suspend).is_none_or(|desired| desired.is_leaving()),
            ruling: Ruling::said_by(said.kind, steps),
            event,
        })
    }
}
