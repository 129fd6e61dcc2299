//! Whether Okta's word can be had at all: how the last readings went, and what everybody waits for.
//!
//! A wrong app id, a deactivated app or rights that are missing make every word about every person worthless. That is
//! everybody's: one alarm when it begins, one line when it ends. Meanwhile nobody is asked about, but for one try when the
//! pause is over; whoever comes during that try waits for its outcome.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::truth::Unread;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::ContactStatus;
use crate::lineworks::status::Paused;

/// So many people in a row that the admin role does not reach are no exceptions any more.
const TOO_MANY: usize = 3;

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
    standing: Mutex<Inner>,
    /// Held by the one who tries after a pause.
    trial: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Inner {
    contact: ContactStatus,
    pause: Option<Pause>,
    /// Whom the admin role did not reach since somebody could last be read.
    out_of_reach: HashSet<OktaUserId>,
}

#[derive(Debug, Clone)]
struct Pause {
    reason: Reason,
    since: Timestamp,
    until: Timestamp,
}

/// The right to ask; during a trial nobody else has it.
#[derive(Debug)]
pub(super) struct Admission<'a>(
    #[expect(dead_code, reason = "held, not read")] Option<tokio::sync::MutexGuard<'a, ()>>,
);

impl Trust {
    /// Lets somebody ask.
    ///
    /// # Errors
    /// All wait; it is not time to try yet.
    pub(super) async fn enter(&self, now: impl Fn() -> Timestamp) -> Result<Admission<'_>, Unread> {
        if self.inner().pause.is_none() {
            return Ok(Admission(None));
        }
        self.refuse_while_paused(now())?;
        let trial = self.trial.lock().await;
        // Whoever had it before may have found out.
        self.refuse_while_paused(now())?;
        Ok(Admission(self.inner().pause.is_some().then_some(trial)))
    }

    fn refuse_while_paused(&self, now: Timestamp) -> Result<(), Unread> {
        match self.inner().pause.as_ref().filter(|pause| now < pause.until) {
            Some(pause) => {
                let after = Duration::try_from(pause.until.duration_since(now)).unwrap_or_default();
                Err(Unread::Untrusted { reason: pause.reason.clone(), after })
            }
            None => Ok(()),
        }
    }

    /// Takes note of how a reading went.
    pub(super) fn heard<T>(&self, outcome: &Result<T, Unread>, now: Timestamp) {
        let mut inner = self.inner();
        match outcome {
            Ok(_) => {
                inner.contact.last_success = Some(now);
                inner.out_of_reach.clear();
                if inner.pause.take().is_some() {
                    tracing::info!("Okta can be asked again; those who waited go on");
                }
            }
            // Okta is there, and asks for a pause.
            Err(Unread::TryLater { reason, .. }) if reason.cause == Cause::OktaRateLimited => {}
            Err(Unread::TryLater { reason, .. }) => inner.contact.last_failure = Some((now, reason.clone())),
            Err(Unread::Untrusted { reason, after }) => {
                inner.contact.last_failure = Some((now, reason.clone()));
                inner.pause(reason, *after, now);
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

    /// An operator says that it is worth a try before its time.
    pub(super) fn let_one_try(&self) {
        if let Some(pause) = self.inner().pause.as_mut() {
            pause.until = pause.since;
        }
    }

    /// Why nobody is asked about at this moment; nothing once it is time to try.
    pub(super) fn paused(&self, now: Timestamp) -> Option<Reason> {
        self.inner().pause.as_ref().filter(|pause| now < pause.until).map(|pause| pause.reason.clone())
    }

    /// How things stand.
    pub(super) fn standing(&self) -> Standing {
        let inner = self.inner();
        let paused = inner.pause.as_ref().map(|pause| Paused { reason: pause.reason.clone(), since: pause.since });
        Standing { contact: inner.contact.clone(), paused }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn pause(&mut self, reason: &Reason, after: Duration, now: Timestamp) {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(after).unwrap_or(Timestamp::MAX);
        let known = self.pause.as_ref().filter(|pause| pause.reason.cause == reason.cause);
        let since = known.map_or(now, |pause| pause.since);
        if known.is_none() {
            let advice = reason.cause.english();
            tracing::error!(
                cause = reason.cause.code(),
                detail = reason.detail,
                "all work waits for Okta: {} {}",
                advice.title,
                advice.todo
            );
        }
        self.pause = Some(Pause { reason: reason.clone(), since, until });
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
        trust.heard(&untrusted(Cause::OktaAppNotFound), at(0));
        assert!(!may_ask(&trust, 59).await && trust.paused(at(59)).is_some());
        assert!(trust.paused(at(60)).is_none(), "it is time");
        let trial = trust.enter(|| at(60)).await.expect("the first");
        trust.heard(&untrusted(Cause::OktaAppNotFound), at(61));
        drop(trial);
        assert!(!may_ask(&trust, 62).await);
        assert_eq!(trust.standing().paused.map(|paused| paused.since), Some(at(0)));
        trust.heard(&Ok(()), at(130));
        assert!(may_ask(&trust, 130).await && trust.standing().paused.is_none());
    }

    #[tokio::test]
    async fn those_who_come_during_a_trial_go_by_its_outcome() {
        let trust = Trust::default();
        trust.heard(&untrusted(Cause::OktaRoleMissing), at(0));
        for (outcome, may) in [(untrusted(Cause::OktaRoleMissing), false), (Ok(()), true)] {
            let trial = trust.enter(|| at(60)).await.expect("the first");
            let second = trust.enter(|| at(60));
            tokio::pin!(second);
            assert!(futures_util::poll!(&mut second).is_pending());
            trust.heard(&outcome, at(if may { 60 } else { 0 }));
            if !may {
                trust.heard(&outcome, at(30));
            }
            drop(trial);
            assert_eq!(second.await.is_ok(), may);
            trust.heard(&untrusted(Cause::OktaRoleMissing), at(0));
        }
    }

    #[tokio::test]
    async fn an_operator_lets_one_try_before_its_time() {
        let trust = Trust::default();
        trust.let_one_try();
        trust.heard(&untrusted(Cause::OktaUnauthorized), at(0));
        assert!(!may_ask(&trust, 1).await);
        trust.let_one_try();
        assert!(may_ask(&trust, 1).await && trust.paused(at(1)).is_none());
        assert!(trust.standing().paused.is_some(), "it is not over for that");
    }

    #[test]
    fn one_or_two_people_out_of_reach_are_their_own_matter_and_a_third_is_everybodys() {
        let trust = Trust::default();
        let theirs = |id: &str| trust.is_theirs_alone(&id.parse().expect("an id"));
        assert!(theirs("00uA") && theirs("00uA") && theirs("00uA") && theirs("00uB"));
        trust.heard(&Ok(()), at(0));
        assert!(theirs("00uA") && theirs("00uB"), "somebody else was read in between");
        assert!(!theirs("00uC") && !theirs("00uA") && !theirs("00uD"));
        trust.heard(&Ok(()), at(1));
        assert!(theirs("00uC"));
    }

    #[test]
    fn a_limit_is_no_failure_and_a_silence_pauses_nobody() {
        let trust = Trust::default();
        let later = |cause| Err::<(), _>(Unread::TryLater { reason: Reason::of(cause), after: None });
        trust.heard(&later(Cause::OktaRateLimited), at(0));
        assert_eq!(trust.standing(), Standing::default());
        trust.heard(&later(Cause::OktaUnreachable), at(1));
        assert_eq!(trust.standing().contact.last_failure, Some((at(1), Reason::of(Cause::OktaUnreachable))));
        assert!(trust.paused(at(1)).is_none());
    }
}
