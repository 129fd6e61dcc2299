//! One step of a run: what is remembered before it, the call it makes, and what its outcome means for the rest of the run.
//!
//! No step is taken twice because an answer was unclear: what happened is what a read shows.

use jiff::Timestamp;

use super::ending::{Ending, after};
use super::gate::IntendedStep;
use super::pause;
use super::person::Run;
use crate::domain::assignment::Ruling;
use crate::domain::marks::{Intent, Marks};
use crate::domain::member::Member;
use crate::domain::outcome::Cause;
use crate::domain::step::{Step, StepKind};
use crate::ledger::StepRecord;
use crate::lineworks::{ApiError, NewMember, echo};

/// How the history calls a step that LINE WORKS accepted.
const DONE: &str = "done";

impl Run<'_> {
    /// Takes a step. `Ok` goes on, with the member as the answer showed it; `Err` ends the run.
    pub(super) async fn take(&mut self, step: Step, member: Option<&Member>) -> Result<Option<Member>, Ending> {
        let (kind, fields) = (step.kind(), fields_of(&step));
        if kind.is_destructive() {
            self.ask_again().await?;
        }
        let before = self.marks;
        self.marks = marks_before(self.marks, kind, self.clock.now());
        let approved = matches!(&self.assignment.ruling, Some(Ruling::Approved(steps)) if steps.contains(&kind));
        self.gate.intend(Some(IntendedStep { kind, marks: self.marks, approved }));
        let outcome = self.call(&step, member).await;
        self.gate.intend(None);
        let outcome = self.group_outcome(&step, outcome, member);
        self.steps.push(StepRecord { step: kind, outcome: word_for(&outcome).to_owned(), fields: fields.clone() });
        match outcome {
            Ok(seen) => {
                if kind == StepKind::Update {
                    self.sent.extend(fields);
                }
                Ok(seen)
            }
            Err(ApiError::Unclear(reason)) => {
                self.marks.unclear_until = Some(after(self.clock.now(), echo(self.settings.call_timeout)));
                self.unclear = Some(reason);
                Ok(None)
            }
            Err(error @ (ApiError::ReadAgain(_) | ApiError::Refused(_))) if kind == StepKind::Create => {
                // "Taken" is said in many ways, and sometimes not at all: only a read tells.
                self.not_created = Some(error);
                Ok(None)
            }
            Err(ApiError::ReadAgain(reason)) if !self.contradicted.contains(&kind) => {
                tracing::debug!(
                    cause = reason.cause.code(),
                    step = kind.as_str(),
                    "LINE WORKS says otherwise; reading"
                );
                self.marks = before;
                self.contradicted.push(kind);
                Ok(None)
            }
            Err(error) => {
                self.marks = before;
                Err(self.give_up(error, Some(kind)))
            }
        }
    }

    async fn call(&self, step: &Step, member: Option<&Member>) -> Result<Option<Member>, ApiError> {
        if let Step::Create(profile) = step {
            return self.create(profile).await;
        }
        let key = self.wanted_key.as_ref().map_err(|reason| ApiError::Refused(reason.clone()));
        // What LINE WORKS hides is undeleted by the id that is remembered.
        let id = member.map(|member| &member.id).or(self.member_id.as_ref());
        let id = id.expect("the plan takes every step but Create on a member it was shown or remembers");
        match step {
            Step::Create(_) => unreachable!("handled above"),
            Step::Update(difference) => self.members.update(id, difference, key?, self.gate).await,
            Step::Adopt => self.members.adopt(id, key?, self.gate).await,
            Step::Suspend => self.members.suspend(id, self.gate).await.map(|()| None),
            Step::Resume => self.members.resume(id, self.gate).await.map(|()| None),
            Step::Delete => self.members.delete(id, self.gate).await.map(|()| None),
            Step::Undelete => self.members.undelete(id, self.gate).await.map(|()| None),
            Step::JoinGroup(group) => self.members.join_group(id, group, self.gate).await.map(|()| None),
            Step::LeaveGroup(group) => self.members.leave_group(id, group, self.gate).await.map(|()| None),
        }
    }

    /// Creates the member, unless everybody knows that there is no seat for it.
    pub(super) async fn create_with_a_seat(&self, new: NewMember<'_>) -> Result<Option<Member>, ApiError> {
        pause::may_create(self.pauses, self.clock.now()).await?;
        let created = self.members.create(new, self.gate).await;
        let now = self.clock.now();
        if pause::created(self.pauses, &created, now).await {
            pause::release(self.store, Cause::NoSeatLeft, usize::MAX, now).await;
        }
        created
    }

    /// Whether LINE WORKS said in this run that it took this step. What an update sent is looked at field by field, and
    /// each group is remembered.
    pub(super) fn was_accepted(&self, kind: StepKind) -> bool {
        let may_repeat = kind == StepKind::Update || kind.is_about_a_group();
        !may_repeat && self.steps.iter().any(|taken| taken.step == kind && taken.outcome == DONE)
    }

    /// How many steps this run took that were not about a group.
    pub(super) fn steps_about_the_member(&self) -> usize {
        self.steps.iter().filter(|taken| !taken.step.is_about_a_group()).count()
    }

    /// Whether a member that LINE WORKS does not show may be one we deleted, and an undelete is still worth a try.
    pub(super) fn may_be_hidden(&self) -> bool {
        self.member_id.is_some() && self.marks.delete.is_some() && !self.contradicted.contains(&StepKind::Undelete)
    }
}

/// What the history names of a step: the properties an update sends, the group that is joined or left.
fn fields_of(step: &Step) -> Vec<String> {
    match step {
        Step::Update(difference) => difference.fields().into_iter().map(str::to_owned).collect(),
        Step::JoinGroup(group) | Step::LeaveGroup(group) => vec![group.to_string()],
        _ => Vec::new(),
    }
}

/// How the history calls an outcome.
fn word_for<T>(outcome: &Result<T, ApiError>) -> &'static str {
    match outcome {
        Ok(_) => DONE,
        Err(ApiError::Unclear(_)) => "unclear",
        Err(ApiError::Refused(_)) => "refused",
        Err(ApiError::ReadAgain(_)) => "read_again",
        Err(ApiError::TryLater { .. } | ApiError::Blocked(_)) => "later",
    }
}

/// What to remember before a step: an intent for what takes away, and for an undelete that a member which comes
/// back suspended was suspended by us. An answer changes nothing about it: only a read shows the effect, and it may
/// lag behind.
fn marks_before(marks: Marks, step: StepKind, now: Timestamp) -> Marks {
    let intent = Some(Intent { at: now, confirmed: false });
    match step {
        StepKind::Suspend => Marks { suspend: intent, ..marks },
        StepKind::Delete => Marks { delete: intent, ..marks },
        StepKind::Undelete => Marks { suspend: Some(Intent { at: now, confirmed: true }), ..marks },
        StepKind::Create
        | StepKind::Update
        | StepKind::Resume
        | StepKind::Adopt
        | StepKind::JoinGroup
        | StepKind::LeaveGroup => marks,
    }
}
