//! What a run's end means for the columns of its row, for every adapter.

use super::requests::Settlement;
use super::rows::{ms, stored_json};
use crate::domain::assignment::{State, StateName};

/// The columns of the work after a run.
pub(super) struct StateColumns {
    pub(super) name: StateName,
    pub(super) next_at: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) held_steps: Option<String>,
    /// The revision LINE WORKS matches now, if it matches one.
    pub(super) applied: Option<u64>,
}

impl StateColumns {
    /// What the settlement says, or a row that is due again where newer events came during the run.
    pub(super) fn of(settlement: &Settlement, overtaken: bool) -> Self {
        // No next call while an unclear one may still have its effect.
        let earliest = settlement.marks.unclear_until.map_or(settlement.ended, |until| until.max(settlement.ended));
        let applied = matches!(settlement.state, State::Settled { .. }).then_some(settlement.revision);
        if overtaken {
            let next_at = Some(ms(earliest));
            return Self { name: StateName::Due, next_at, reason: None, held_steps: None, applied };
        }
        let (next_at, held_steps) = match &settlement.state {
            State::Settled { look_again, .. } => (look_again.map(ms), None),
            State::Due | State::Running => (Some(ms(earliest)), None),
            State::Waiting { until, .. } => (Some(ms(earliest.max(*until))), None),
            State::Held { steps, look_again, .. } => (look_again.map(ms), Some(stored_json(steps))),
            State::Parked { .. } => (None, None),
        };
        let reason = settlement.state.reason().map(stored_json);
        Self { name: settlement.state.name(), next_at, reason, held_steps, applied }
    }
}
