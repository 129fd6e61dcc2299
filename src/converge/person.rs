//! One run for one person: read, plan, take a step, read again, until LINE WORKS matches or somebody must wait.
//!
//! The run holds the person's lease, so its calls never overlap with another run's. It ends in a `State` for the
//! ledger, or in nothing when the lease was lost. After a call whose outcome is unclear it reads, and writes no
//! more: the effect may still come. Whose the member is, is told in `ownership`; a step is taken in `step`; what an
//! error or a plan without a step makes of the run is in `ending`.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ending::{Ending, held, unchanged};
use super::gate::RunGate;
use super::truth::Said;
use super::{Converge, Settings};
use crate::clock::Clock;
use crate::domain::assignment::{Assignment, Desired, Ruling};
use crate::domain::event::ProfileWish;
use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::marks::Marks;
use crate::domain::member::{Condition, Member, Ownership};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::plan::{Plan, Seen, Situation, looks_again, plan};
use crate::domain::reference::Reference;
use crate::domain::step::{Step, StepKind};
use crate::ledger::pauses::Pauses;
use crate::ledger::{Claimed, StepRecord, Store};
use crate::lineworks::{ApiError, Hints, MemberApi};
use crate::okta::truth::Truth;

/// Steps about the member itself that one run takes at most; no honest plan needs more.
const MAX_STEPS: usize = 10;

/// What is learnt and remembered during a run.
pub(super) struct Run<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) members: &'a dyn MemberApi,
    pub(super) settings: &'a Settings,
    pub(super) clock: &'a Clock,
    pub(super) gate: &'a RunGate<'a>,
    /// Who says what is true; none: the facts are what events carry.
    pub(super) truth: Option<&'a dyn Truth>,
    pub(super) stopping: &'a CancellationToken,
    /// What Okta said in this run.
    pub(super) okta: Said,
    pub(super) pauses: &'a Pauses,
    pub(super) assignment: &'a Assignment,
    pub(super) desired: Desired,
    /// What the backend cannot carry of the wish.
    pub(super) beyond: Vec<String>,
    pub(super) domain_id: i64,
    pub(super) wanted_key: Result<ExternalKey, Reason>,
    pub(super) member_id: Option<MemberId>,
    pub(super) external_key: Option<ExternalKey>,
    pub(super) marks: Marks,
    /// The groups this program put the member into, as they are stored.
    pub(super) groups: Vec<String>,
    /// Groups that this run could not take the member out of, and does not try again.
    pub(super) stuck: Vec<Reference>,
    /// What an administrator should know of it.
    pub(super) note: Option<Reason>,
    /// The names in the wish were replaced by ids.
    pub(super) is_placed: bool,
    pub(super) sent: Vec<String>,
    pub(super) steps: Vec<StepRecord>,
    pub(super) contradicted: Vec<StepKind>,
    pub(super) unclear: Option<Reason>,
    /// LINE WORKS would not create the member in this run, perhaps because it is there already.
    pub(super) not_created: Option<ApiError>,
}

impl Converge {
    /// Runs one person to the end and records it.
    pub(super) async fn run(&self, claimed: Claimed, stopping: &CancellationToken) {
        let started = self.clock.now();
        let Claimed { assignment, lease } = claimed;
        let (assignment, okta) = match self.with_truth(assignment, stopping).await {
            Ok(known) => known,
            Err((assignment, unheard)) => return self.record_unheard(&assignment, &lease, unheard, started).await,
        };
        let Some(desired) = assignment.facts.desired(self.settings.policy.unassign) else {
            // Nothing is known about membership: there is nothing to do until something is.
            let settlement = unchanged(&assignment, started, self.clock.now());
            return self.record(&lease, settlement, None).await;
        };
        let gate = RunGate::new(self, &lease, assignment.revision, desired.is_leaving(), stopping);
        let mut run = Run::new(self, &assignment, desired, okta, &gate, stopping);
        let ending = run.converge().await;
        match run.okta.ends(ending, self.clock.now()) {
            Ending::Abandoned => {
                tracing::warn!(okta_user_id = %lease.person, "the lease was lost; another worker has this person");
            }
            Ending::State { state, failed } => {
                let waits_for = state.reason().map(|reason| reason.cause);
                let before = assignment.said_before.as_ref().map(|reason| reason.cause);
                self.record(&lease, run.settlement(state, failed, started), before).await;
                self.release_latecomer(waits_for).await;
            }
        }
    }
}

impl<'a> Run<'a> {
    fn new(
        converge: &'a Converge,
        assignment: &'a Assignment,
        desired: Desired,
        okta: Said,
        gate: &'a RunGate<'a>,
        stopping: &'a CancellationToken,
    ) -> Self {
        let settings = &converge.settings;
        let (desired, beyond) = within_reach(desired, converge.members.as_ref());
        let domain_id = desired.profile().and_then(|profile| settings.domains.of(profile.email()));
        Self {
            store: &converge.store,
            members: converge.members.as_ref(),
            settings,
            clock: &converge.clock,
            gate,
            truth: converge.truth.as_deref(),
            stopping,
            okta,
            pauses: &converge.pauses,
            wanted_key: settings.key.key_for(&assignment.person, assignment.facts.usable_profile()),
            assignment,
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
        }
    }

    async fn converge(&mut self) -> Ending {
        if let Some(reason) = self.obstacle() {
            return Ending::parked(reason);
        }
        if let (Some(person), true) = (&self.assignment.yielded_to, self.desired.is_leaving()) {
            let note = Reason::with(Cause::MemberPassedOn, format!("taken over by {person}"));
            return self.settle(None, Some(note));
        }
        if self.assignment.ruling == Some(Ruling::Rejected) && self.desired.is_leaving() {
            return self.settle(None, Some(Reason::of(Cause::Rejected)));
        }
        let mut answered = None;
        while self.steps_about_the_member() < MAX_STEPS {
            match self.round(answered).await {
                Ok(seen) => answered = seen,
                Err(ending) => return ending,
            }
        }
        Ending::parked(Reason::of(Cause::NotConverging))
    }

    /// Looks, plans and takes the step, starting from the member as the last answer showed it, if it did. `Ok` goes on in
    /// the same way; `Err` ends the run.
    async fn round(&mut self, answered: Option<Member>) -> Result<Option<Member>, Ending> {
        let (member, ownership) = self.look(answered).await?;
        if ownership == Some(Ownership::Ours) {
            self.confirm_password().await;
        }
        match self.plan_with_places(member.as_ref(), ownership.as_ref()).await? {
            Plan::Do(step) => self.follow(step, member.as_ref()).await,
            Plan::Settle { look_again, note } => Err(self.settle(look_again, note)),
            Plan::Hold { reason, steps } => {
                let look_again = looks_again(reason.cause, self.clock.now());
                Err(held(reason, steps, look_again))
            }
            Plan::Park(reason) => Err(Ending::parked(reason)),
        }
    }

    /// What stands in the way whatever LINE WORKS has: then it need not be asked.
    fn obstacle(&self) -> Option<Reason> {
        let outside = self.desired.profile().map(|profile| profile.outside_of(&self.settings.domains));
        let outside = outside.filter(|fields| !fields.is_empty()).map(Reason::refused_fields);
        let key = self.wanted_key.as_ref().err().filter(|_| matches!(self.desired, Desired::Active(_)));
        self.desired.obstacle().or(outside).or_else(|| key.cloned())
    }

    /// The member and whose it is; one that a leaver had goes on to this person first.
    async fn look(&mut self, answered: Option<Member>) -> Result<(Option<Member>, Option<Ownership>), Ending> {
        let member = match answered {
            Some(member) => Some(member),
            None => self.find().await.map_err(|error| self.give_up(error, None))?,
        };
        if member.as_ref().is_none_or(|member| member.condition == Condition::Deleted) {
            self.look_for_a_deleted_one().await?;
        }
        let ownership = self.judge(member.as_ref()).await?;
        if let Some(Ownership::Former(person)) = &ownership {
            self.take_over(person).await?;
        }
        self.forget_another(member.as_ref());
        Ok((member.map(|member| self.resolved(member)), ownership))
    }

    async fn find(&self) -> Result<Option<Member>, ApiError> {
        let wanted = self.wanted_key.as_ref().ok().filter(|_| !self.is_new_here());
        let former = self.external_key.as_ref().filter(|former| Some(*former) != wanted);
        let email = self.assignment.facts.usable_profile().map(|profile| profile.email().as_str());
        let hints = Hints { member_id: self.member_id.as_ref(), external_key: wanted, former_key: former, email };
        match self.members.find(&hints, self.gate).await? {
            Some(member) => Ok(Some(member)),
            None => self.find_by_a_former_login().await,
        }
    }

    /// A create without a clear answer may have made the member under a login that the person had then. It counts only
    /// with our key on it: anybody may have that login by now.
    async fn find_by_a_former_login(&self) -> Result<Option<Member>, ApiError> {
        let Ok(wanted) = &self.wanted_key else { return Ok(None) };
        if self.member_id.is_some() {
            return Ok(None);
        }
        for login in &self.assignment.former_logins {
            let hints = Hints { member_id: None, external_key: None, former_key: None, email: Some(login) };
            let found = self.members.find(&hints, self.gate).await?;
            let ours = found.filter(|member| member.external_key.as_deref() == Some(wanted.as_str()));
            if ours.is_some() {
                return Ok(ours);
            }
        }
        Ok(None)
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

    /// The member with a condition the plan can work with.
    fn resolved(&self, member: Member) -> Member {
        let condition = member.condition.resolved(self.settings.sso, self.marks.suspend.is_some());
        Member { condition, ..member }
    }

    /// The plan, with ids for the places that its step sends.
    async fn plan_with_places(
        &mut self,
        member: Option<&Member>,
        ownership: Option<&Ownership>,
    ) -> Result<Plan, Ending> {
        let plan = self.plan(member, ownership);
        if !matches!(&plan, Plan::Do(step) if self.needs_places(step)) {
            return Ok(plan);
        }
        self.place().await.map_err(|error| self.give_up(error, None))?;
        Ok(self.plan(member, ownership))
    }

    /// Takes note of what was seen, and plans.
    fn plan(&mut self, member: Option<&Member>, ownership: Option<&Ownership>) -> Plan {
        let now = self.clock.now();
        self.marks = self.marks.observe(&self.desired, member.map(|member| member.condition), now);
        if self.okta.rests_on_absence {
            // Nothing counts towards a deletion before the person is known to have left.
            self.marks.unassigned_seen = None;
        }
        self.forget_groups_of_the_gone(member);
        if ownership == Some(&Ownership::Ours) {
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
            rests_on_absence: self.okta.rests_on_absence,
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

    /// Takes the step, unless this run knows already that it leads nowhere.
    async fn follow(&mut self, step: Step, member: Option<&Member>) -> Result<Option<Member>, Ending> {
        if self.was_accepted(step.kind()) {
            return Err(self.give_up(ApiError::ReadAgain(Reason::of(Cause::NotConverging)), None));
        }
        if step.kind() == StepKind::Create
            && let Some(error) = self.not_created.take()
        {
            return Err(self.give_up(error, Some(StepKind::Create)));
        }
        match self.unclear.take() {
            Some(reason) => Err(self.wait_for_the_effect(reason)),
            None => self.take(step, member).await,
        }
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
