//! One run for one person: read, plan, take a step, read again, until LINE WORKS matches or somebody must wait.
//!
//! The run holds the person's lease, so its calls never overlap with another run's. It ends in a `State` for the
//! ledger, or in nothing when the lease was lost. After a call whose outcome is unclear it reads, and writes no
//! more: the effect may still come.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::gate::{IntendedStep, RunGate};
use super::pause::{self, Pauses};
use super::{Converge, Settings};
use crate::clock::Clock;
use crate::domain::assignment::{Assignment, Desired, Intent, Marks, Ruling, State, StateName};
use crate::domain::event::ProfileWish;
use crate::domain::ids::{ExternalKey, MemberId, OktaUserId};
use crate::domain::member::{Condition, Holder, Member, Ownership};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::plan::{Adopt, Plan, Seen, Situation, Step, StepKind, plan};
use crate::domain::reference::Reference;
use crate::ledger::{Claimed, Settlement, StepRecord, Store, StoreError, TakeOver};
use crate::lineworks::{ApiError, Blocked, Hints, MemberApi, NewMember, of_lasting};

/// Steps one run takes at most; no honest plan needs more.
const MAX_STEPS: usize = 10;
/// Runs that may end in "LINE WORKS says otherwise" before a human must look.
const CONTRADICTIONS: u32 = 3;

/// How the history calls a step that LINE WORKS accepted.
pub(super) const DONE: &str = "done";

/// How a run ends.
pub(super) enum Ending {
    /// In this state; a transient failure counts towards the backoff.
    State { state: State, failed: bool },
    /// Without a word: the lease is somebody else's.
    Abandoned,
}

impl Ending {
    fn in_state(state: State) -> Self {
        Ending::State { state, failed: false }
    }
}

/// What is learnt and remembered during a run.
pub(super) struct Run<'a> {
    store: &'a Arc<dyn Store>,
    pub(super) members: &'a dyn MemberApi,
    pub(super) settings: &'a Settings,
    clock: &'a Clock,
    pub(super) gate: &'a RunGate<'a>,
    pauses: &'a Pauses,
    pub(super) assignment: &'a Assignment,
    pub(super) desired: Desired,
    /// What the backend cannot carry of the wish.
    beyond: Vec<String>,
    pub(super) domain_id: i64,
    pub(super) wanted_key: Result<ExternalKey, Reason>,
    member_id: Option<MemberId>,
    external_key: Option<ExternalKey>,
    marks: Marks,
    /// The groups this program put the member into, as they are stored.
    pub(super) groups: Vec<String>,
    /// Groups that this run could not take the member out of, and does not try again.
    pub(super) stuck: Vec<Reference>,
    /// What an administrator should know of it.
    pub(super) note: Option<Reason>,
    /// The names in the wish were replaced by ids.
    pub(super) is_placed: bool,
    sent: Vec<String>,
    pub(super) steps: Vec<StepRecord>,
    contradicted: Vec<StepKind>,
    pub(super) unclear: Option<Reason>,
    /// LINE WORKS would not create the member in this run, perhaps because it is there already.
    not_created: Option<ApiError>,
}

impl Converge {
    /// Runs one person to the end and records it.
    pub(super) async fn run(&self, claimed: Claimed, stopping: &CancellationToken) {
        let started = self.clock.now();
        let Claimed { assignment, lease } = claimed;
        let configured = self.settings.policy.unassign;
        let gate = RunGate {
            store: &self.store,
            settings: &self.settings,
            clock: &self.clock,
            lease: &lease,
            leaving: assignment.facts.desired(configured).is_some_and(|desired| desired.is_leaving()),
            revision: assignment.revision,
            stopping,
            step: Mutex::new(None),
            calls: Mutex::new(Vec::new()),
        };
        let Some(desired) = assignment.facts.desired(configured) else {
            // Nothing is known about membership: there is nothing to do until something is.
            let settlement = untouched(&assignment, started, self.clock.now());
            return self.record(&lease, settlement).await;
        };
        let (desired, beyond) = within_reach(desired, self.members.as_ref());
        let domain_id = desired.profile().and_then(|profile| self.settings.domains.of(profile.email()));
        let mut run = Run {
            store: &self.store,
            members: self.members.as_ref(),
            settings: &self.settings,
            clock: &self.clock,
            gate: &gate,
            pauses: &self.pauses,
            wanted_key: self.settings.key.key_for(&assignment.person, assignment.facts.usable_profile()),
            assignment: &assignment,
            desired,
            beyond,
            domain_id: domain_id.unwrap_or_default(),
            member_id: assignment.member_id.clone(),
            external_key: assignment.external_key.clone(),
            marks: assignment.marks,
            groups: assignment.groups.clone(),
            stuck: Vec::new(),
            note: None,
            is_placed: false,
            sent: Vec::new(),
            steps: Vec::new(),
            contradicted: Vec::new(),
            unclear: None,
            not_created: None,
        };
        let ending = run.converge().await;
        let (state, failed) = match ending {
            Ending::Abandoned => {
                tracing::warn!(okta_user_id = %lease.person, "the lease was lost; another worker has this person");
                return;
            }
            Ending::State { state, failed } => (state, failed),
        };
        let settlement = Settlement {
            revision: assignment.revision,
            failures: if failed { assignment.failures.saturating_add(1) } else { 0 },
            state,
            member_id: run.member_id,
            external_key: run.external_key,
            marks: run.marks,
            groups: run.groups,
            yielded_to: assignment.yielded_to.clone().filter(|_| run.desired.is_leaving()),
            steps: run.steps,
            calls: gate.calls(),
            started,
            ended: self.clock.now(),
        };
        let waits_for = settlement.state.reason().map(|reason| reason.cause);
        self.record(&lease, settlement).await;
        self.release_latecomer(waits_for).await;
    }

    async fn record(&self, lease: &crate::ledger::Lease, settlement: Settlement) {
        let (state, cause) = (settlement.state.name(), settlement.state.reason().map(|reason| reason.cause.code()));
        let steps: Vec<&str> = settlement.steps.iter().map(|step| step.step.as_str()).collect();
        let duration_ms = settlement.ended.as_millisecond() - settlement.started.as_millisecond();
        let settled = loop {
            match self.store.settle(lease, settlement.clone()).await {
                Ok(settled) => break settled,
                Err(error) => {
                    // The calls were made: this must be written down, or the person waits for the lease to end.
                    tracing::error!(%error, okta_user_id = %lease.person, "the run cannot be recorded; trying again");
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
            StateName::Held | StateName::Parked => tracing::warn!(
                okta_user_id = %person, state = state_word, cause, steps, duration_ms, "a person needs a human"
            ),
            _ => tracing::info!(
                okta_user_id = %person, state = state_word, cause, steps, duration_ms, "a person was worked on"
            ),
        }
    }
}

/// The settlement of a run that found nothing to do and did nothing.
fn untouched(assignment: &Assignment, started: Timestamp, ended: Timestamp) -> Settlement {
    Settlement {
        revision: assignment.revision,
        state: State::Settled { look_again: None, note: None },
        member_id: assignment.member_id.clone(),
        external_key: assignment.external_key.clone(),
        marks: assignment.marks,
        groups: assignment.groups.clone(),
        yielded_to: assignment.yielded_to.clone(),
        failures: 0,
        steps: Vec::new(),
        calls: Vec::new(),
        started,
        ended,
    }
}

impl Run<'_> {
    async fn converge(&mut self) -> Ending {
        if let Some(reason) = self.obstacle() {
            return Ending::in_state(State::Parked { reason });
        }
        if let (Some(person), true) = (&self.assignment.yielded_to, self.desired.is_leaving()) {
            let note = Reason::with(Cause::MemberPassedOn, format!("taken over by {person}"));
            return self.settle(None, Some(note));
        }
        if self.assignment.ruling == Some(Ruling::Rejected) && self.desired.is_leaving() {
            return self.settle(None, Some(Reason::of(Cause::Rejected)));
        }
        let mut answered = None;
        let mut left = MAX_STEPS;
        while left > 0 {
            let member = match answered.take() {
                Some(member) => Some(member),
                None => match self.find().await {
                    Ok(member) => member,
                    Err(error) => return self.give_up(error, None),
                },
            };
            let is_gone = member.as_ref().is_none_or(|member| member.condition == Condition::Deleted);
            if is_gone && let Err(ending) = self.look_for_a_deleted_one().await {
                return ending;
            }
            let ownership = match self.judge(member.as_ref()).await {
                Ok(ownership) => ownership,
                Err(ending) => return ending,
            };
            if let Some(Ownership::Former(person)) = &ownership
                && let Err(ending) = self.take_over(person).await
            {
                return ending;
            }
            self.forget_another(member.as_ref());
            let member = member.map(|member| self.resolved(member));
            let plan = match self.plan(member.as_ref(), ownership.as_ref()) {
                Plan::Do(step) if self.needs_places(&step) => match self.place().await {
                    Ok(()) => self.plan(member.as_ref(), ownership.as_ref()),
                    Err(error) => return self.give_up(error, None),
                },
                plan => plan,
            };
            if !matches!(&plan, Plan::Do(step) if step.kind().is_about_a_group()) {
                left -= 1;
            }
            match plan {
                Plan::Do(step) if self.was_accepted(step.kind()) => {
                    return self.give_up(ApiError::ReadAgain(Reason::of(Cause::NotConverging)), None);
                }
                Plan::Do(Step::Create(_)) if self.not_created.is_some() => {
                    let error = self.not_created.take().unwrap_or(ApiError::ReadAgain(Reason::of(Cause::LoginTaken)));
                    return self.give_up(error, Some(StepKind::Create));
                }
                Plan::Do(step) => match self.unclear.take() {
                    Some(reason) => return self.wait_for_the_effect(reason),
                    None => match self.take(step, member.as_ref()).await {
                        Ok(seen) => answered = seen,
                        Err(ending) => return ending,
                    },
                },
                Plan::Settle { look_again, note } => return self.settle(look_again, note),
                Plan::Hold { reason, steps } => return Ending::in_state(State::Held { reason, steps }),
                Plan::Park(reason) => return Ending::in_state(State::Parked { reason }),
            }
        }
        Ending::in_state(State::Parked { reason: Reason::of(Cause::NotConverging) })
    }

    /// What stands in the way whatever LINE WORKS has: then it need not be asked.
    fn obstacle(&self) -> Option<Reason> {
        let outside = self.desired.profile().map(|profile| profile.outside_of(&self.settings.domains));
        let outside = outside.filter(|fields| !fields.is_empty()).map(Reason::refused_fields);
        let key = self.wanted_key.as_ref().err().filter(|_| matches!(self.desired, Desired::Active(_)));
        self.desired.obstacle().or(outside).or_else(|| key.cloned())
    }

    /// Whether LINE WORKS said in this run that it took this step. What an update sent is looked at field by field, and
    /// each group is remembered.
    fn was_accepted(&self, kind: StepKind) -> bool {
        let may_repeat = kind == StepKind::Update || kind.is_about_a_group();
        !may_repeat && self.steps.iter().any(|taken| taken.step == kind && taken.outcome == DONE)
    }

    async fn find(&self) -> Result<Option<Member>, ApiError> {
        let wanted = self.wanted_key.as_ref().ok().filter(|_| !self.is_new_here());
        let former = self.external_key.as_ref().filter(|former| Some(*former) != wanted);
        let email = self.assignment.facts.usable_profile().map(|profile| profile.email().as_str());
        let hints = Hints { member_id: self.member_id.as_ref(), external_key: wanted, former_key: former, email };
        self.members.find(&hints, self.gate).await
    }

    /// What is remembered is about one member; of another one with the same e-mail or key nothing is known.
    fn forget_another(&mut self, member: Option<&Member>) {
        let is_another = member.zip(self.member_id.as_ref()).is_some_and(|(member, known)| member.id != *known);
        if is_another {
            self.marks = Marks { unclear_until: self.marks.unclear_until, ..Marks::default() };
            self.groups.clear();
            self.member_id = None;
        }
    }

    /// The member with a condition the plan can work with.
    fn resolved(&self, member: Member) -> Member {
        let condition = member.condition.resolved(self.settings.sso, self.marks.suspend.is_some());
        Member { condition, ..member }
    }

    /// Nobody with this wish was ever looked for or made: the e-mail alone is asked for, half the quota of asking for the
    /// key too. Should a member have the key under another e-mail, LINE WORKS refuses to create a second one, and then
    /// every way is tried.
    fn is_new_here(&self) -> bool {
        matches!(self.desired, Desired::Active(_))
            && self.assignment.applied_revision == 0
            && self.assignment.failures == 0
            && self.assignment.marks == Marks::default()
            && self.member_id.is_none()
            && self.external_key.is_none()
            && self.steps.is_empty()
    }

    /// Whose the member is. A key that is this person's own Okta id is nobody else's; about any other the ledger is asked.
    async fn judge(&self, member: Option<&Member>) -> Result<Option<Ownership>, Ending> {
        let Some(member) = member else { return Ok(None) };
        let (wanted, remembered) = (self.wanted_key.as_ref().ok(), self.external_key.as_ref());
        let key = member.external_key.as_deref().filter(|key| !key.is_empty());
        let holder = match key.filter(|key| *key != self.assignment.person.as_str()) {
            None => None,
            Some(key) => self.holder(key).await.map_err(|error| self.ledger_is_down(&error))?,
        };
        Ok(Some(Ownership::judge(member, wanted, remembered, holder)))
    }

    async fn holder(&self, key: &str) -> Result<Option<Holder>, StoreError> {
        let Some(person) = self.store.holder_of_key(key, &self.assignment.person).await? else { return Ok(None) };
        let row = self.store.assignment(&person).await?;
        let desired = row.as_ref().and_then(|row| row.facts.desired(self.settings.policy.unassign));
        Ok(Some(Holder {
            is_leaving: matches!(desired, Some(Desired::Unassigned { .. })),
            yielded: row.is_some_and(|row| row.yielded_to.as_ref() == Some(&self.assignment.person)),
            person,
        }))
    }

    /// Takes the member of somebody who left over, with what is remembered of our own doing; not for somebody who
    /// leaves too, and not against the administrator's decision.
    async fn take_over(&mut self, from: &OktaUserId) -> Result<(), Ending> {
        if self.desired.is_leaving() || self.settings.policy.adopt == Adopt::Never {
            return Ok(());
        }
        match self.store.take_over(self.gate.lease, from, self.clock.now()).await {
            Ok(TakeOver::Done { member_id, marks, groups }) => {
                tracing::info!(okta_user_id = %self.assignment.person, %from, "took a leaver's member over");
                (self.member_id, self.marks) = (member_id, marks);
                self.groups = groups;
                Ok(())
            }
            Ok(TakeOver::Busy) => Err(self.retry_later(Reason::of(Cause::FormerOwnerBusy), self.settings.call_timeout)),
            Ok(TakeOver::Refused) => Err(Ending::in_state(State::Due)),
            Err(error) => Err(self.ledger_is_down(&error)),
        }
    }

    /// LINE WORKS may hide a member in its grace, or its key: whoever comes back with a new Okta id is then known by the
    /// login of the one we deleted.
    async fn look_for_a_deleted_one(&mut self) -> Result<(), Ending> {
        let Some(profile) = self.desired.profile().filter(|_| self.member_id.is_none()) else { return Ok(()) };
        let found = self.store.deleted_with_login(profile.email().as_str(), &self.assignment.person).await;
        match found.map_err(|error| self.ledger_is_down(&error))? {
            Some(person) => self.take_over(&person).await,
            None => Ok(()),
        }
    }

    fn ledger_is_down(&self, error: &StoreError) -> Ending {
        tracing::error!(%error, okta_user_id = %self.assignment.person, "the ledger cannot be used");
        Ending::in_state(State::Due)
    }

    /// Takes note of what was seen, and plans.
    fn plan(&mut self, member: Option<&Member>, ownership: Option<&Ownership>) -> Plan {
        let now = self.clock.now();
        self.marks = self.marks.observe(&self.desired, member.map(|member| member.condition), now);
        self.forget_groups_of_the_gone(member);
        if ownership == Some(&Ownership::Ours) {
            self.confirm_password();
            self.member_id = member.map(|member| member.id.clone());
            let key = member.and_then(|member| member.external_key.as_deref());
            self.external_key = key.and_then(|key| key.parse().ok());
        }
        let seen = member.zip(ownership).map(|(member, ownership)| Seen { member, ownership });
        let groups = self.remembered();
        plan(&Situation {
            person: &self.assignment.person,
            desired: &self.desired,
            seen,
            marks: &self.marks,
            ruling: self.assignment.ruling.as_ref(),
            restored: self.was_accepted(StepKind::Undelete),
            may_be_hidden: self.may_be_hidden(),
            sent: &self.sent,
            groups: &groups,
            is_new: self.assignment.applied_revision == 0 || self.was_accepted(StepKind::Create),
            domain_id: self.domain_id,
            policy: &self.settings.policy,
            now,
        })
    }

    /// Takes a step. `Ok` goes on, with the member as the answer showed it; `Err` ends the run.
    async fn take(&mut self, step: Step, member: Option<&Member>) -> Result<Option<Member>, Ending> {
        let kind = step.kind();
        let before = self.marks;
        self.marks = marks_before(self.marks, kind, self.clock.now());
        let approved = matches!(&self.assignment.ruling, Some(Ruling::Approved(steps)) if steps.contains(&kind));
        self.gate.intend(Some(IntendedStep { kind, marks: self.marks, approved }));
        let outcome = self.call(&step, member).await;
        self.gate.intend(None);
        let outcome = self.group_outcome(&step, outcome, member);
        let fields: Vec<String> = match &step {
            Step::Update(difference) => difference.fields().into_iter().map(str::to_owned).collect(),
            Step::JoinGroup(group) | Step::LeaveGroup(group) => vec![group.to_string()],
            _ => Vec::new(),
        };
        let word = match &outcome {
            Ok(_) => DONE,
            Err(ApiError::Unclear(_)) => "unclear",
            Err(ApiError::Refused(_)) => "refused",
            Err(ApiError::ReadAgain(_)) => "read_again",
            Err(ApiError::TryLater { .. } | ApiError::Blocked(_)) => "later",
        };
        self.steps.push(StepRecord { step: kind, outcome: word.to_owned(), fields: fields.clone() });
        match outcome {
            Ok(seen) => {
                if kind == StepKind::Update {
                    self.sent.extend(fields);
                }
                Ok(seen)
            }
            Err(ApiError::Unclear(reason)) => {
                self.marks.unclear_until = Some(after(self.clock.now(), self.settings.call_timeout * 2));
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

    fn may_be_hidden(&self) -> bool {
        self.member_id.is_some() && self.marks.delete.is_some() && !self.contradicted.contains(&StepKind::Undelete)
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
        self.pauses.may_create()?;
        let created = self.members.create(new, self.gate).await;
        let now = self.clock.now();
        if self.pauses.created(&created, now) {
            pause::release(self.store, Cause::NoSeatLeft, usize::MAX, now).await;
        }
        created
    }

    fn settle(&self, look_again: Option<Timestamp>, note: Option<Reason>) -> Ending {
        let look_again = match (look_again, self.marks.second_look()) {
            (Some(planned), Some(second)) => Some(planned.min(second)),
            (planned, second) => planned.or(second),
        };
        let note = note.or_else(|| self.note.clone()).or_else(|| {
            (!self.beyond.is_empty()).then(|| Reason::with(Cause::FieldsBeyondScim, self.beyond.join(", ")))
        });
        Ending::in_state(State::Settled { look_again, note })
    }

    /// The read after an unclear call does not show its effect: it may still come, so nothing is written before the
    /// call's time is over twice.
    ///
    /// Reads work then, and the write does not: what lasts for some runs has a likely cause.
    fn wait_for_the_effect(&self, reason: Reason) -> Ending {
        let failures = self.assignment.failures.saturating_add(1);
        let write = self.gate.calls().into_iter().rfind(|call| !call.operation.is_read());
        let cause = write.and_then(|write| of_lasting(&write, failures)).unwrap_or(reason.cause);
        let reason = Reason { cause, ..reason };
        self.retry_later(reason, self.settings.call_timeout * 2)
    }

    /// Ends the run on an error.
    fn give_up(&self, error: ApiError, step: Option<StepKind>) -> Ending {
        match error {
            ApiError::TryLater { reason, after } if pause::is_everybodys(reason.cause) => {
                self.wait(reason, after.unwrap_or(pause::OTHERS))
            }
            ApiError::TryLater { reason, after } => self.retry_later(reason, after.unwrap_or(Duration::ZERO)),
            ApiError::Unclear(reason) => self.retry_later(reason, self.settings.call_timeout * 2),
            ApiError::ReadAgain(reason) if self.assignment.failures < CONTRADICTIONS => {
                self.retry_later(reason, Duration::ZERO)
            }
            ApiError::Refused(reason) if reason.cause == Cause::LeaverNotFound => {
                Ending::in_state(State::Held { reason, steps: Vec::new() })
            }
            ApiError::ReadAgain(reason) | ApiError::Refused(reason) => Ending::in_state(State::Parked { reason }),
            ApiError::Blocked(Blocked::LeaseLost) => Ending::Abandoned,
            ApiError::Blocked(Blocked::Until(at)) => {
                Ending::in_state(State::Waiting { until: at, reason: Reason::of(Cause::Paced) })
            }
            ApiError::Blocked(Blocked::CapReached) => Ending::in_state(State::Held {
                reason: Reason::of(Cause::CapReached),
                steps: step.into_iter().collect(),
            }),
            ApiError::Blocked(Blocked::LedgerDown | Blocked::Stopping) => Ending::in_state(State::Due),
        }
    }

    fn retry_later(&self, reason: Reason, at_least: Duration) -> Ending {
        let failures = self.assignment.failures.saturating_add(1);
        let wait = self.settings.backoff.wait(failures, fastrand::f64()).max(at_least);
        match self.wait(reason, wait) {
            Ending::State { state, .. } => Ending::State { state, failed: true },
            abandoned => abandoned,
        }
    }

    fn wait(&self, reason: Reason, wait: Duration) -> Ending {
        Ending::in_state(State::Waiting { until: after(self.clock.now(), wait), reason })
    }
}

/// The wish as far as the backend can carry it, and the names of what it cannot.
fn within_reach(desired: Desired, members: &dyn MemberApi) -> (Desired, Vec<String>) {
    match desired {
        Desired::Active(Some(ProfileWish::Valid(profile))) => {
            let (profile, beyond) = members.within_reach(&profile);
            (Desired::Active(Some(ProfileWish::Valid(profile))), beyond)
        }
        desired => (desired, Vec::new()),
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

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
