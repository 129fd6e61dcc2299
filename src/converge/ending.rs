//! How a run ends: in a state, for how long, with which note; and how that is written down.
//!
//! Who retries what is decided here: a transient failure waits, a contradiction is read again a few times, and only what
//! a human must change is parked.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::absent::Say;
use super::person::Run;
use super::truth::Unheard;
use super::{Converge, pause};
use crate::domain::assignment::{Assignment, State, StateName};
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::step::StepKind;
use crate::ledger::{Lease, Settlement, StoreError};
use crate::lineworks::{ApiError, Blocked, echo, of_lasting};

/// Runs that may end in "LINE WORKS says otherwise" before a human must look.
const CONTRADICTIONS: u32 = 3;

/// How a run ends.
pub(super) enum Ending {
    /// In this state; a transient failure counts towards the backoff.
    State { state: State, failed: bool },
    /// Without a word: the lease is somebody else's.
    Abandoned,
}

impl Ending {
    pub(super) fn in_state(state: State) -> Self {
        Ending::State { state, failed: false }
    }

    pub(super) fn parked(reason: Reason) -> Self {
        Ending::in_state(State::Parked { reason })
    }
}

impl Run<'_> {
    pub(super) fn settle(&self, look_again: Option<Timestamp>, note: Option<Reason>) -> Ending {
        let looks = [look_again, self.marks.second_look(), self.okta.look_again(self.clock.now())];
        let look_again = looks.into_iter().flatten().min();
        let note = note.or_else(|| self.note.clone()).or_else(|| self.okta.note.clone()).or_else(|| {
            (!self.beyond.is_empty()).then(|| Reason::with(Cause::FieldsBeyondScim, self.beyond.join(", ")))
        });
        Ending::in_state(State::Settled { look_again, note })
    }

    /// The read after an unclear call does not show its effect: it may still come, so nothing is written before the
    /// call's time is over twice.
    ///
    /// Reads work then, and the write does not: what lasts for some runs has a likely cause.
    pub(super) fn wait_for_the_effect(&self, reason: Reason) -> Ending {
        let write = self.gate.calls().into_iter().rfind(|call| !call.operation.is_read());
        let cause = write.and_then(|write| of_lasting(&write, self.failures())).unwrap_or(reason.cause);
        let reason = Reason { cause, ..reason };
        self.retry_later(reason, echo(self.settings.call_timeout))
    }

    /// Ends the run on an error.
    pub(super) fn give_up(&self, error: ApiError, step: Option<StepKind>) -> Ending {
        match error {
            ApiError::TryLater { reason, after } if pause::is_everybodys(reason.cause) => {
                Ending::in_state(self.waiting(reason, after.unwrap_or(pause::OTHERS)))
            }
            ApiError::TryLater { reason, after } => self.retry_later(reason, after.unwrap_or(Duration::ZERO)),
            ApiError::Unclear(reason) => self.retry_later(reason, echo(self.settings.call_timeout)),
            ApiError::ReadAgain(reason) if self.assignment.failures < CONTRADICTIONS => {
                self.retry_later(reason, Duration::ZERO)
            }
            ApiError::Refused(reason) if reason.cause == Cause::LeaverNotFound => held(reason, Vec::new(), None),
            ApiError::ReadAgain(reason) | ApiError::Refused(reason) => Ending::parked(reason),
            ApiError::Blocked(Blocked::LeaseLost) => Ending::Abandoned,
            ApiError::Blocked(Blocked::Until(at)) => {
                Ending::in_state(State::Waiting { until: at, reason: Reason::of(Cause::Paced) })
            }
            ApiError::Blocked(Blocked::CapReached) => held(Reason::of(Cause::CapReached), step, None),
            ApiError::Blocked(Blocked::OktaAppGone) => held(Reason::of(Cause::OktaAppGone), step, None),
            ApiError::Blocked(Blocked::LedgerDown | Blocked::Stopping) => Ending::in_state(State::Due),
        }
    }

    /// Waits after a transient failure, longer from run to run.
    pub(super) fn retry_later(&self, reason: Reason, at_least: Duration) -> Ending {
        let wait = self.settings.backoff.wait(self.failures(), fastrand::f64()).max(at_least);
        Ending::State { state: self.waiting(reason, wait), failed: true }
    }

    fn waiting(&self, reason: Reason, wait: Duration) -> State {
        State::Waiting { until: after(self.clock.now(), wait), reason }
    }

    /// Transient failures in a row, should this run end in one.
    pub(super) fn failures(&self) -> u32 {
        failures(self.assignment)
    }

    /// The ledger did not answer a question; the row it could not read may be somebody else's.
    pub(super) fn ledger_is_down(&self, error: &StoreError) -> Ending {
        tracing::error!(%error, okta_user_id = %self.assignment.person, "the ledger cannot be used");
        let reason = match error {
            StoreError::BadRow { .. } => Reason::with(Cause::LedgerRowUnreadable, error.to_string()),
            StoreError::Busy | StoreError::Unavailable(_) => Reason::of(Cause::LedgerUnavailable),
        };
        self.retry_later(reason, Duration::ZERO)
    }

    /// What the run leaves behind.
    pub(super) fn settlement(self, state: State, failed: bool, started: Timestamp) -> Settlement {
        let assignment = self.assignment;
        let failures = if failed { self.failures() } else { 0 };
        let (learnt, okta) = self.okta.into_written();
        Settlement {
            state,
            failures,
            learnt,
            okta,
            member_id: self.member_id,
            external_key: self.external_key,
            marks: self.marks,
            groups: self.groups,
            yielded_to: assignment.yielded_to.clone().filter(|_| self.desired.is_leaving()),
            steps: self.steps,
            calls: self.gate.calls(),
            ..unchanged(assignment, started, self.clock.now())
        }
    }
}

/// Transient failures in a row, should the run on this assignment end in one.
fn failures(assignment: &Assignment) -> u32 {
    assignment.failures.saturating_add(1)
}

/// An operator must let these steps pass.
pub(super) fn held(reason: Reason, steps: impl IntoIterator<Item = StepKind>, look_again: Option<Timestamp>) -> Ending {
    Ending::in_state(State::Held { reason, steps: steps.into_iter().collect(), look_again })
}

/// The settlement of a run that found nothing to do and did nothing.
pub(super) fn unchanged(assignment: &Assignment, started: Timestamp, ended: Timestamp) -> Settlement {
    Settlement {
        revision: assignment.revision,
        state: State::Settled { look_again: None, note: None },
        member_id: assignment.member_id.clone(),
        external_key: assignment.external_key.clone(),
        marks: assignment.marks,
        groups: assignment.groups.clone(),
        yielded_to: assignment.yielded_to.clone(),
        learnt: None,
        okta: Vec::new(),
        failures: 0,
        steps: Vec::new(),
        calls: Vec::new(),
        started,
        ended,
    }
}

impl Converge {
    /// Writes a run down that ended before it did anything, since Okta's word could not be had.
    pub(super) async fn record_unheard(
        &self,
        assignment: &Assignment,
        lease: &Lease,
        unheard: Unheard,
        started: Timestamp,
    ) {
        let Ending::State { state, failed } = self.unheard(unheard, failures(assignment)) else { return };
        let failures = if failed { failures(assignment) } else { 0 };
        let settlement = Settlement { state, failures, ..unchanged(assignment, started, self.clock.now()) };
        self.record(lease, settlement, None).await;
    }

    /// Writes a run down, however long that takes. `before` is what the row said until this run: that is not said aloud
    /// again.
    pub(super) async fn record(&self, lease: &Lease, settlement: Settlement, before: Option<Cause>) {
        let (state, reason) = (settlement.state.name(), settlement.state.reason().map(|reason| reason.cause));
        let (cause, is_news) = (reason.map(Cause::code), reason != before);
        let steps: Vec<&str> = settlement.steps.iter().map(|step| step.step.as_str()).collect();
        let duration_ms = settlement.ended.as_millisecond() - settlement.started.as_millisecond();
        let mut is_told = false;
        let settled = loop {
            match self.store.settle(lease, settlement.clone()).await {
                Ok(settled) => break settled,
                Err(error) => {
                    // The calls were made: this must be written down, or the person waits for the lease to end.
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::error!(
                            %error, okta_user_id = %lease.person, "the run cannot be recorded; it is tried every second"
                        );
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        };
        if settled {
            self.settings.metrics.attempted(state.as_str());
        }
        let steps = steps.join(",");
        let (person, state_word) = (&lease.person, state.as_str());
        match state {
            _ if !settled => {
                tracing::warn!(okta_user_id = %person, steps, "the run was not recorded: its lease was lost");
            }
            StateName::Held | StateName::Parked if is_news && self.is_said_of_each(person, reason) => tracing::warn!(
                okta_user_id = %person, state = state_word, cause, steps, duration_ms, "a person needs a human"
            ),
            _ => tracing::info!(
                okta_user_id = %person, state = state_word, cause, steps, duration_ms, "a person was worked on"
            ),
        }
    }
}

impl Converge {
    /// Whether it is a line in the log that this person needs a human; of many for one reason it is said once.
    fn is_said_of_each(&self, person: &OktaUserId, cause: Option<Cause>) -> bool {
        if cause != Some(Cause::OktaPersonNotShown) {
            return true;
        }
        let said = self.absent.note(person, self.clock.now());
        if said == Say::Many {
            let advice = Cause::OktaPersonNotShown.english();
            tracing::error!(
                cause = Cause::OktaPersonNotShown.code(),
                "several people are held within the hour, most likely since the admin role was narrowed: {} {}",
                advice.title,
                advice.todo
            );
        }
        said == Say::Person
    }
}

/// The moment this much later.
pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
