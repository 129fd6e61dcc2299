//! Whether Okta's word can be had at all: how the last readings went, and what everybody waits for.
//!
//! A wrong app id, a deactivated app or rights that are missing make every word about every person worthless. That is
//! everybody's, on every replica: one alarm when it begins, one line when it ends. Meanwhile nobody is asked about, but for one
//! try when it is time; whoever comes to the same replica during that try waits for its outcome.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::truth::Unread;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::pauses::{Pauses, Topic};
use crate::lineworks::ContactStatus;
use crate::lineworks::status::Paused;

/// So many people in a row that the admin role does not reach are no exceptions any more.
const TOO_MANY: usize = 3;

/// The time between two tries.
const TRIAL: Duration = Duration::from_secs(60);

/// How things stand with Okta.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// The last readings.
    pub contact: ContactStatus,
    /// Why all work waits, if it does.
    pub paused: Option<Paused>,
}

/// Takes note of how readings went.
#[derive(Debug, Default)]
pub(super) struct Trust {
    state: Mutex<Inner>,
    /// What the whole fleet waits for.
    pauses: Arc<Pauses>,
    /// Held by the one of this process who tries after a pause.
    trial: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Inner {
    contact: ContactStatus,
    /// Whom the admin role did not reach since somebody could last be read.
    out_of_reach: HashSet<OktaUserId>,
}

/// The right to ask; during a trial nobody else has it.
#[derive(Debug)]
pub(super) struct Admission<'a>(
    #[expect(dead_code, reason = "held, not read")] Option<tokio::sync::MutexGuard<'a, ()>>,
);

impl Trust {
    /// Waits and goes on together with everybody who has these pauses.
    pub(super) fn sharing(pauses: Arc<Pauses>) -> Self {
        Self { pauses, ..Self::default() }
    }

    /// Lets somebody ask.
    ///
    /// # Errors
    /// All wait; it is not time to try yet, or another replica does.
    pub(super) async fn enter(&self, now: impl Fn() -> Timestamp) -> Result<Admission<'_>, Unread> {
        if self.pauses.get(Topic::Okta).is_none() {
            return Ok(Admission(None));
        }
        let trial = self.trial.lock().await;
        // Whoever had it before may have found out.
        self.refuse_while_paused(now())?;
        if self.pauses.try_now(Topic::Okta, now(), TRIAL).await {
            return Ok(Admission(Some(trial)));
        }
        // It is over, or another replica was quicker.
        self.refuse_while_paused(now()).map(|()| Admission(None))
    }

    fn refuse_while_paused(&self, now: Timestamp) -> Result<(), Unread> {
        match self.pauses.get(Topic::Okta).filter(|pause| now < pause.try_at()) {
            Some(pause) => {
                let after = Duration::try_from(pause.try_at().duration_since(now)).unwrap_or_default();
                Err(Unread::Untrusted { reason: pause.reason, after })
            }
            None => Ok(()),
        }
    }

    /// Takes note of how a reading went.
    pub(super) async fn heard<T>(&self, outcome: &Result<T, Unread>, now: Timestamp) {
        match outcome {
            Ok(_) => {
                {
                    let mut inner = self.inner();
                    inner.contact.last_success = Some(now);
                    inner.out_of_reach.clear();
                }
                if self.pauses.end(Topic::Okta, None, now).await {
                    tracing::info!("Okta can be asked again; those who waited go on");
                }
            }
            // Okta is there, and asks for a pause.
            Err(Unread::TryLater { reason, .. }) if reason.cause == Cause::OktaRateLimited => {}
            Err(Unread::TryLater { reason, .. }) => self.inner().contact.last_failure = Some((now, reason.clone())),
            Err(Unread::Untrusted { reason, after }) => {
                self.inner().contact.last_failure = Some((now, reason.clone()));
                if self.pauses.begin(Topic::Okta, reason, None, now, *after).await {
                    let advice = reason.cause.english();
                    tracing::error!(
                        cause = reason.cause.code(),
                        detail = reason.detail,
                        "all work waits for Okta: {} {}",
                        advice.title,
                        advice.todo
                    );
                }
            }
        }
    }

    /// Whether it is this person's own that our admin role does not reach them: with many in a row it is everybody's.
    pub(super) fn is_theirs_alone(&self, person: &OktaUserId) -> bool {
        let mut inner = self.inner();
        if inner.out_of_reach.len() < TOO_MANY {
            inner.out_of_reach.insert(person.clone());
        }
        inner.out_of_reach.len() < TOO_MANY
    }

    /// Why nobody is asked about at this moment; nothing once it is time to try.
    pub(super) fn paused(&self, now: Timestamp) -> Option<Reason> {
        self.pauses.get(Topic::Okta).filter(|pause| now < pause.try_at()).map(|pause| pause.reason)
    }

    /// How things stand.
    pub(super) fn standing(&self) -> Standing {
        let contact = self.inner().contact.clone();
        Standing { contact, paused: self.pauses.get(Topic::Okta).map(|pause| pause.shown()) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("in range")
    }

    fn untrusted(cause: Cause) -> Result<(), Unread> {
        Err(Unread::Untrusted { reason: Reason::of(cause), after: Duration::from_secs(60) })
    }

    async fn may_ask(trust: &Trust, second: i64) -> bool {
        trust.enter(|| at(second)).await.is_ok()
    }

    #[tokio::test]
    async fn one_tries_when_the_pause_is_over_and_a_success_ends_it() {
        let trust = Trust::default();
        assert!(may_ask(&trust, 0).await && trust.paused(at(0)).is_none());
        trust.heard(&untrusted(Cause::OktaAppNotFound), at(0)).await;
        assert!(!may_ask(&trust, 59).await && trust.paused(at(59)).is_some());
        assert!(trust.paused(at(60)).is_none(), "it is time");
        let trial = trust.enter(|| at(60)).await.expect("the first");
        trust.heard(&untrusted(Cause::OktaAppNotFound), at(61)).await;
        drop(trial);
        assert!(!may_ask(&trust, 62).await);
        assert_eq!(trust.standing().paused.map(|paused| paused.since), Some(at(0)));
        trust.heard(&Ok(()), at(130)).await;
        assert!(may_ask(&trust, 130).await && trust.standing().paused.is_none());
    }

    #[tokio::test]
    async fn those_who_come_during_a_trial_go_by_its_outcome() {
        for (outcome, may) in [(untrusted(Cause::OktaRoleMissing), false), (Ok(()), true)] {
            let trust = Trust::default();
            trust.heard(&untrusted(Cause::OktaRoleMissing), at(0)).await;
            let trial = trust.enter(|| at(60)).await.expect("the first");
            let second = trust.enter(|| at(61));
            tokio::pin!(second);
            assert!(futures_util::poll!(&mut second).is_pending());
            trust.heard(&outcome, at(61)).await;
            drop(trial);
            assert_eq!(second.await.is_ok(), may);
        }
    }

    #[tokio::test]
    async fn an_operator_lets_one_try_before_its_time() {
        let trust = Trust::default();
        trust.heard(&untrusted(Cause::OktaUnauthorized), at(0)).await;
        assert!(!may_ask(&trust, 1).await);
        trust.pauses.let_one_try(at(1)).await;
        assert!(trust.paused(at(1)).is_none() && may_ask(&trust, 1).await);
        assert!(!may_ask(&trust, 2).await, "one, and no more");
        assert!(trust.standing().paused.is_some(), "it is not over for that");
    }

    #[tokio::test]
    async fn one_or_two_people_out_of_reach_are_their_own_matter_and_a_third_is_everybodys() {
        let trust = Trust::default();
        let theirs = |id: &str| trust.is_theirs_alone(&id.parse().expect("an id"));
        assert!(theirs("00uA") && theirs("00uA") && theirs("00uA") && theirs("00uB"));
        trust.heard(&Ok(()), at(0)).await;
        assert!(theirs("00uA") && theirs("00uB"), "somebody else was read in between");
        assert!(!theirs("00uC") && !theirs("00uA") && !theirs("00uD"));
        trust.heard(&Ok(()), at(1)).await;
        assert!(theirs("00uC"));
    }

    #[tokio::test]
    async fn a_limit_is_no_failure_and_a_silence_pauses_nobody() {
        let trust = Trust::default();
        let later = |cause| Err::<(), _>(Unread::TryLater { reason: Reason::of(cause), after: None });
        trust.heard(&later(Cause::OktaRateLimited), at(0)).await;
        assert_eq!(trust.standing(), Standing::default());
        trust.heard(&later(Cause::OktaUnreachable), at(1)).await;
        assert_eq!(trust.standing().contact.last_failure, Some((at(1), Reason::of(Cause::OktaUnreachable))));
        assert!(trust.paused(at(1)).is_none());
    }
}
