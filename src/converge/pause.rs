//! Pauses: work that would fail for everybody alike is not tried by everybody.
//!
//! Two things are known to be so. LINE WORKS accepts no call at all (the backend says so, [`MemberApi::paused`]): then
//! nobody is claimed. And the contract has no seat left: then only creates wait, and one person tries every five minutes.
//! Whoever waits for a pause is parked by none of it, and is due at once when it ends. Nothing here outlives the process;
//! after a restart the first create finds out anew.
//!
//! [`MemberApi::paused`]: crate::lineworks::MemberApi::paused

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Converge;
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::Store;
use crate::lineworks::ApiError;
use crate::lineworks::status::Paused;

/// How often somebody tries whether there is a seat again.
const PROBE: SignedDuration = SignedDuration::from_mins(5);
/// How long the others wait, unless the pause ends before.
pub(super) const OTHERS: Duration = Duration::from_secs(3600);

/// The pauses of this process.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<Option<NoSeat>>);

/// LINE WORKS takes no more members.
#[derive(Debug, Clone)]
struct NoSeat {
    reason: Reason,
    since: Timestamp,
    next_probe: Timestamp,
    /// The next one who comes may try.
    may_try: bool,
}

/// Whether a failure is everybody's and counts against nobody.
pub(super) fn is_everybodys(cause: Cause) -> bool {
    matches!(cause, Cause::ScimTokenRefused | Cause::NoSeatLeft)
}

impl Pauses {
    /// What is paused, for people to see.
    pub fn shown(&self) -> Option<Paused> {
        self.state().as_ref().map(|it| Paused { reason: it.reason.clone(), since: it.since })
    }

    /// Whether a create may be tried.
    ///
    /// # Errors
    /// There is no seat, and it is somebody else's turn to see whether that has changed.
    pub(super) fn may_create(&self) -> Result<(), ApiError> {
        let mut state = self.state();
        let Some(pause) = state.as_mut() else { return Ok(()) };
        if std::mem::take(&mut pause.may_try) {
            return Ok(());
        }
        Err(ApiError::TryLater { reason: pause.reason.clone(), after: Some(OTHERS) })
    }

    /// Takes note of what became of a create; says whether those who wait may go on.
    pub(super) fn created<T>(&self, outcome: &Result<T, ApiError>, now: Timestamp) -> bool {
        match outcome {
            Ok(_) => {
                let ended = self.state().take().is_some();
                if ended {
                    tracing::info!("LINE WORKS takes members again; those who waited go on");
                }
                ended
            }
            Err(ApiError::TryLater { reason, .. }) if reason.cause == Cause::NoSeatLeft => {
                self.begin(reason, now);
                false
            }
            Err(_) => false,
        }
    }

    /// An operator says that it is worth a try: the next who comes may.
    pub fn let_one_try(&self) {
        if let Some(pause) = self.state().as_mut() {
            pause.may_try = true;
        }
    }

    fn begin(&self, reason: &Reason, now: Timestamp) {
        let mut state = self.state();
        if state.is_some() {
            return;
        }
        let next_probe = now.checked_add(PROBE).unwrap_or(Timestamp::MAX);
        *state = Some(NoSeat { reason: reason.clone(), since: now, next_probe, may_try: false });
        let advice = reason.cause.english();
        tracing::error!(detail = reason.detail, "{} {}", advice.title, advice.todo);
    }

    /// Whether it is time for somebody to try; the next who comes may.
    fn is_time_to_probe(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(pause) = state.as_mut().filter(|pause| now >= pause.next_probe) else { return false };
        pause.next_probe = now.checked_add(PROBE).unwrap_or(Timestamp::MAX);
        pause.may_try = true;
        true
    }

    fn state(&self) -> MutexGuard<'_, Option<NoSeat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Converge {
    /// What is paused at the moment.
    pub fn pauses(&self) -> Arc<Pauses> {
        Arc::clone(&self.pauses)
    }

    /// After a start nobody knows of a pause: whoever waited for one is due.
    pub(super) async fn release_all(&self) {
        for cause in [Cause::ScimTokenRefused, Cause::NoSeatLeft] {
            release(&self.store, cause, usize::MAX, self.clock.now()).await;
        }
    }

    /// Lets one of those who wait for a seat try, when it is time.
    pub(super) async fn probe_for_a_seat(&self) {
        let now = self.clock.now();
        if self.pauses.is_time_to_probe(now) {
            release(&self.store, Cause::NoSeatLeft, 1, now).await;
        }
    }

    /// Somebody may have been written down as waiting for a seat after those who waited were let go.
    pub(super) async fn release_latecomer(&self, waits_for: Option<Cause>) {
        if waits_for == Some(Cause::NoSeatLeft) && self.pauses.shown().is_none() {
            release(&self.store, Cause::NoSeatLeft, usize::MAX, self.clock.now()).await;
        }
    }
}

/// Makes people who wait for this cause due.
pub(super) async fn release(store: &Arc<dyn Store>, cause: Cause, at_most: usize, now: Timestamp) {
    if let Err(error) = store.release_waiting(cause, at_most, now).await {
        tracing::error!(%error, cause = cause.code(), "those who wait for this are taken up later");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("in range")
    }

    fn no_seat() -> Result<(), ApiError> {
        Err(ApiError::TryLater { reason: Reason::of(Cause::NoSeatLeft), after: None })
    }

    #[test]
    fn one_create_is_tried_every_five_minutes_and_a_success_ends_the_pause() {
        let pauses = Pauses::default();
        assert!(pauses.may_create().is_ok() && !pauses.is_time_to_probe(at(0)));
        assert!(!pauses.created(&no_seat(), at(0)));
        assert!(pauses.may_create().is_err() && !pauses.is_time_to_probe(at(299)));
        assert!(pauses.is_time_to_probe(at(300)) && !pauses.is_time_to_probe(at(301)));
        assert!(pauses.may_create().is_ok(), "the prober");
        assert!(pauses.may_create().is_err(), "everybody else");
        assert!(!pauses.created(&no_seat(), at(302)));
        assert_eq!(pauses.shown().map(|pause| pause.since), Some(at(0)));
        assert!(pauses.is_time_to_probe(at(600)) && pauses.may_create().is_ok());
        assert!(pauses.created(&Ok(()), at(601)) && !pauses.created(&Ok(()), at(602)));
        assert!(pauses.may_create().is_ok() && pauses.shown().is_none());
    }

    #[test]
    fn an_operator_lets_one_try_before_its_time() {
        let pauses = Pauses::default();
        pauses.let_one_try();
        assert!(!pauses.created(&no_seat(), at(0)) && pauses.may_create().is_err());
        pauses.let_one_try();
        assert!(pauses.may_create().is_ok() && pauses.may_create().is_err());
        assert!(!pauses.is_time_to_probe(at(299)) && pauses.is_time_to_probe(at(300)));
    }

    #[test]
    fn another_failure_of_a_create_says_nothing_about_seats() {
        let pauses = Pauses::default();
        let refused: Result<(), ApiError> = Err(ApiError::Refused(Reason::of(Cause::LineWorksRefused)));
        assert!(!pauses.created(&refused, at(0)) && pauses.shown().is_none());
    }
}
