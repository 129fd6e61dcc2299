//! Pauses: work that would fail for everybody alike is not tried by everybody, on any replica.
//!
//! Two things are known to be so here. LINE WORKS accepts no call at all (the backend says so, [`MemberApi::paused`]): then
//! nobody is claimed. And the contract has no seat left: then only creates wait, and one person tries every five minutes.
//! Whoever waits for a pause is parked by none of it, and is due at once when it ends. The pauses themselves are the whole
//! fleet's and lie in the ledger (`ledger::pauses`); a start lets one try, whatever the time.
//!
//! [`MemberApi::paused`]: crate::lineworks::MemberApi::paused

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Converge;
use crate::domain::outcome::Cause;
use crate::ledger::Store;
use crate::ledger::pauses::{Pauses, Topic};
use crate::lineworks::ApiError;

/// How often somebody tries whether there is a seat again.
const PROBE: Duration = Duration::from_secs(300);
/// How long the others wait, unless the pause ends before.
pub(super) const OTHERS: Duration = Duration::from_secs(3600);

/// Whether a failure is everybody's and counts against nobody.
pub(super) fn is_everybodys(cause: Cause) -> bool {
    matches!(cause, Cause::ScimTokenRefused | Cause::NoSeatLeft)
}

/// Whether a create may be tried.
///
/// # Errors
/// There is no seat, and it is somebody else's turn to see whether that has changed.
pub(super) async fn may_create(pauses: &Pauses, now: Timestamp) -> Result<(), ApiError> {
    let passed = pauses.pass(Topic::Seat, now).await;
    passed.map_err(|reason| ApiError::TryLater { reason, after: Some(OTHERS) })
}

/// Takes note of what became of a create; says whether those who wait may go on.
pub(super) async fn created<T>(pauses: &Pauses, outcome: &Result<T, ApiError>, now: Timestamp) -> bool {
    match outcome {
        Ok(_) => {
            let ended = pauses.end(Topic::Seat, None, now).await;
            if ended {
                tracing::info!("LINE WORKS takes members again; those who waited go on");
            }
            ended
        }
        Err(ApiError::TryLater { reason, .. }) if reason.cause == Cause::NoSeatLeft => {
            if pauses.begin(Topic::Seat, reason, None, now, PROBE).await {
                let advice = reason.cause.english();
                tracing::error!(detail = reason.detail, "{} {}", advice.title, advice.todo);
            }
            false
        }
        Err(_) => false,
    }
}

impl Converge {
    /// What another process began to wait for may have ended with nobody to tell: whoever waits for what is no pause is
    /// due, and of those who wait for a pause one may try.
    pub(super) async fn release_all(&self) {
        let now = self.clock.now();
        self.pauses.look(true).await;
        self.pauses.let_one_try(now).await;
        if self.members.paused().is_none() {
            release(&self.store, Cause::ScimTokenRefused, usize::MAX, now).await;
        }
        let tries = if self.pauses.get(Topic::Seat).is_some() { 1 } else { usize::MAX };
        release(&self.store, Cause::NoSeatLeft, tries, now).await;
    }

    /// Lets one of those who wait for a seat try, when it is time.
    pub(super) async fn probe_for_a_seat(&self) {
        let now = self.clock.now();
        if self.pauses.try_now(Topic::Seat, now, PROBE).await {
            release(&self.store, Cause::NoSeatLeft, 1, now).await;
        }
    }

    /// Somebody may have been written down as waiting for a seat after those who waited were let go.
    pub(super) async fn release_latecomer(&self, waits_for: Option<Cause>) {
        if waits_for != Some(Cause::NoSeatLeft) {
            return;
        }
        self.pauses.look(false).await;
        if self.pauses.get(Topic::Seat).is_none() {
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
    use crate::domain::outcome::Reason;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("in range")
    }

    fn no_seat() -> Result<(), ApiError> {
        Err(ApiError::TryLater { reason: Reason::of(Cause::NoSeatLeft), after: None })
    }

    async fn may(pauses: &Pauses) -> bool {
        may_create(pauses, at(0)).await.is_ok()
    }

    async fn is_time(pauses: &Pauses, second: i64) -> bool {
        pauses.try_now(Topic::Seat, at(second), PROBE).await
    }

    #[tokio::test]
    async fn one_create_is_tried_every_five_minutes_and_a_success_ends_the_pause() {
        let pauses = Pauses::default();
        assert!(may(&pauses).await && !is_time(&pauses, 0).await);
        assert!(!created(&pauses, &no_seat(), at(0)).await);
        assert!(!may(&pauses).await && !is_time(&pauses, 299).await);
        assert!(is_time(&pauses, 300).await && !is_time(&pauses, 301).await);
        assert!(may(&pauses).await, "the prober");
        assert!(!may(&pauses).await, "everybody else");
        assert!(!created(&pauses, &no_seat(), at(302)).await);
        assert_eq!(pauses.get(Topic::Seat).map(|pause| pause.since()), Some(at(0)));
        assert!(is_time(&pauses, 600).await && may(&pauses).await);
        assert!(created(&pauses, &Ok(()), at(601)).await && !created(&pauses, &Ok(()), at(602)).await);
        assert!(may(&pauses).await && pauses.get(Topic::Seat).is_none());
    }

    #[tokio::test]
    async fn an_operator_lets_one_try_before_its_time() {
        let pauses = Pauses::default();
        pauses.let_one_try(at(0)).await;
        assert!(!created(&pauses, &no_seat(), at(0)).await && !may(&pauses).await);
        pauses.let_one_try(at(1)).await;
        assert!(may(&pauses).await && !may(&pauses).await);
        assert!(!is_time(&pauses, 299).await && is_time(&pauses, 300).await);
    }

    #[tokio::test]
    async fn another_failure_of_a_create_says_nothing_about_seats() {
        let pauses = Pauses::default();
        let refused: Result<(), ApiError> = Err(ApiError::Refused(Reason::of(Cause::LineWorksRefused)));
        assert!(!created(&pauses, &refused, at(0)).await && pauses.get(Topic::Seat).is_none());
    }
}
