//! What is true of the person of a run, read from Okta: at its beginning, and again right before anything is taken away.
//!
//! What was read counts for this run, whatever events said. Without an answer nothing is called at LINE WORKS: the person
//! waits. A contradiction that is minutes old may be Okta's own delay: nothing is taken away on its account, and it is
//! looked at again.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ending::{Ending, after};
use super::person::Run;
use super::{Converge, Settings};
use crate::domain::assignment::{Assignment, Desired, Facts, State};
use crate::domain::event::ProfileWish;
use crate::domain::learnt::{Agreement, Learnt};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{FieldError, Profile, ProfileRules};
use crate::ledger::OktaRecord;
use crate::okta::truth::{Observed, Truth, Unread};

/// When a person is looked at again whose newest event Okta does not show yet.
const SOON: Duration = Duration::from_secs(60);

/// What Okta said in a run.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The last word that may become the facts; none where Okta cannot be asked, or does not show the person.
    learnt: Option<Learnt>,
    /// Each of its words, for the history.
    records: Vec<OktaRecord>,
    /// It says otherwise than an event that has only just happened.
    contradicts_now: bool,
    /// That the person left is concluded only from Okta not showing them, and no operator said that it is so.
    pub(super) rests_on_absence: bool,
    /// What people should know of it.
    pub(super) note: Option<Reason>,
}

/// Why a run goes on without Okta's word, which is: not at all.
pub(super) enum Unheard {
    /// Okta does not say.
    Unread(Unread),
    /// The service is stopping.
    Stopping,
}

impl Said {
    /// What is written with the run.
    pub(super) fn into_written(self) -> (Option<Learnt>, Vec<OktaRecord>) {
        (self.learnt, self.records)
    }

    /// How a run ends whose reading may be from before what has just happened: nobody is asked for help on its account.
    pub(super) fn ends(&self, ending: Ending, now: Timestamp) -> Ending {
        match ending {
            Ending::State { state: State::Held { .. } | State::Parked { .. }, .. } if self.contradicts_now => {
                let reason = Reason::of(Cause::OktaSaysOtherwise);
                Ending::in_state(State::Waiting { until: after(now, SOON), reason })
            }
            ending => ending,
        }
    }

    /// When to look again, should Okta be late.
    pub(super) fn look_again(&self, now: Timestamp) -> Option<Timestamp> {
        self.contradicts_now.then(|| after(now, SOON))
    }

    fn hear(&mut self, learnt: &Learnt) {
        self.records.push(OktaRecord::from(learnt));
        if learnt.is_shown {
            self.learnt = Some(learnt.clone());
        }
    }
}

impl Converge {
    /// The assignment as Okta has it now; as the ledger has it, where Okta cannot be asked.
    ///
    /// # Errors
    /// Okta's word cannot be had, so nothing may be done.
    pub(super) async fn with_truth(
        &self,
        assignment: Assignment,
        stopping: &CancellationToken,
    ) -> Result<(Assignment, Said), (Assignment, Unheard)> {
        let Some(truth) = &self.truth else {
            let facts = assignment.facts.without_okta();
            return Ok((Assignment { facts, ..assignment }, Said::default()));
        };
        let learnt = match ask(truth.as_ref(), &assignment, &self.settings.rules, stopping).await {
            Ok(learnt) => learnt,
            Err(unheard) => return Err((assignment, unheard)),
        };
        let policy = self.settings.policy.unassign;
        let agreement = assignment.facts.agreement(&learnt);
        let facts = assignment.facts.with_learnt(&learnt);
        let (before, now) = (assignment.facts.desired(policy), facts.desired(policy));
        let is_absent = !learnt.is_shown && !assignment.facts.tell_of_a_removal();
        let ruling = assignment.ruling.filter(|_| is_absent || may_be_ruled_on(before.as_ref(), now.as_ref()));
        let in_force = now.as_ref().and_then(Desired::policy).unwrap_or(policy);
        let is_confirmed = ruling.as_ref().is_some_and(|ruling| ruling.confirms_a_removal(in_force));
        let otherwise = Reason::of(Cause::OktaSaysOtherwise);
        let said_before = assignment.said_before.clone().filter(|reason| reason.cause == otherwise.cause);
        let mut said = Said {
            contradicts_now: agreement == Agreement::Otherwise { fresh: true },
            rests_on_absence: is_absent && !is_confirmed,
            note: match agreement {
                _ if is_absent && !is_confirmed => Some(Reason::of(Cause::OktaPersonNotShown)),
                Agreement::Same => said_before,
                Agreement::Otherwise { .. } => Some(otherwise),
            },
            ..Said::default()
        };
        said.hear(&learnt);
        if is_absent && is_confirmed {
            // With the operator's word it is a fact like any other.
            said.learnt = Some(learnt);
        }
        Ok((Assignment { facts, ruling, ..assignment }, said))
    }

    /// How a run ends that never began.
    pub(super) fn unheard(&self, unheard: Unheard, failures: u32) -> Ending {
        ending(unheard, &self.settings, self.clock.now(), failures)
    }
}

impl Run<'_> {
    /// Makes sure, right before something is taken away, that it is still to be.
    ///
    /// # Errors
    /// Okta says otherwise now, or does not say: the run ends without the call.
    pub(super) async fn ask_again(&mut self) -> Result<(), Ending> {
        let Some(truth) = self.truth else { return Ok(()) };
        if self.okta.contradicts_now {
            let until = after(self.clock.now(), SOON);
            return Err(Ending::in_state(State::Waiting { until, reason: Reason::of(Cause::OktaSaysOtherwise) }));
        }
        let asked = ask(truth, self.assignment, &self.settings.rules, self.stopping).await;
        let learnt = asked.map_err(|unheard| ending(unheard, self.settings, self.clock.now(), self.failures()))?;
        let facts = self.assignment.facts.with_learnt(&learnt);
        self.okta.hear(&learnt);
        if facts.desired(self.settings.policy.unassign).as_ref() == Some(&self.desired) {
            return Ok(());
        }
        tracing::info!(okta_user_id = %self.assignment.person, "Okta says otherwise now; planned anew");
        Err(Ending::in_state(State::Due))
    }
}

async fn ask(
    truth: &dyn Truth,
    assignment: &Assignment,
    rules: &ProfileRules,
    stopping: &CancellationToken,
) -> Result<Learnt, Unheard> {
    let answer = tokio::select! {
        biased;
        () = stopping.cancelled() => return Err(Unheard::Stopping),
        answer = truth.read(&assignment.person) => answer,
    };
    answer.map(|observed| learn(observed, &assignment.facts, rules)).map_err(Unheard::Unread)
}

/// An operator ruled on what was wished then, and nobody rules on a member that is to be in use.
fn may_be_ruled_on(before: Option<&Desired>, now: Option<&Desired>) -> bool {
    now.is_some_and(Desired::is_leaving) && before.map(std::mem::discriminant) == now.map(std::mem::discriminant)
}

/// What is everybody's counts against nobody, and is tried again when the pause is over.
fn ending(unheard: Unheard, settings: &Settings, now: Timestamp, failures: u32) -> Ending {
    match unheard {
        Unheard::Stopping => Ending::in_state(State::Due),
        Unheard::Unread(Unread::Untrusted { reason, after: pause }) => {
            Ending::in_state(State::Waiting { until: after(now, pause), reason })
        }
        Unheard::Unread(Unread::TryLater { reason, after: at_least }) => {
            let backoff = settings.backoff.wait(failures, fastrand::f64());
            let until = after(now, backoff.max(at_least.unwrap_or_default()));
            Ending::State { state: State::Waiting { until, reason }, failed: true }
        }
    }
}

fn learn(observed: Observed, facts: &Facts, rules: &ProfileRules) -> Learnt {
    let Observed { at, is_shown, assigned, status, user } = observed;
    Learnt { at, is_shown, assigned, status, profile: user.map(|user| wish(user, facts.carried(), rules)) }
}

/// Okta's attributes with a card's in front of them. What a card got wrong stays so until a card says it right.
fn wish(user: Result<Value, Vec<FieldError>>, carried: Option<&ProfileWish>, rules: &ProfileRules) -> ProfileWish {
    let made = match (carried, user) {
        (Some(refused @ ProfileWish::Refused { .. }), _) => return refused.clone(),
        (Some(ProfileWish::Valid(card)), Ok(user)) => card.laid_over(&user, rules),
        (Some(ProfileWish::Valid(card)), Err(fields)) if card.carries_all(&fields) => Ok(card.clone()),
        (_, Err(fields)) => Err(fields),
        (None, Ok(user)) => Profile::parse(&user, rules),
    };
    match made {
        Ok(profile) => ProfileWish::Valid(profile),
        Err(fields) => ProfileWish::Refused { fields, thin: false },
    }
}

#[cfg(test)]
#[path = "truth_tests.rs"]
mod tests;
