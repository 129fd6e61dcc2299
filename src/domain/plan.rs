//! What to do next for one person: a pure function of what is desired, what LINE WORKS has, the policy and now.
//!
//! The plan is one step at a time: after every step the member is read and planned again. The table is in
//! `docs/architecture.md`; the tests below walk through every cell of it. Caps and pacing are not decided here but
//! at the moment of the call, in the ledger.

use jiff::{SignedDuration, Timestamp};

use super::assignment::{Desired, Ruling};
use super::event::UnassignPolicy;
use super::ids::OktaUserId;
use super::marks::Marks;
use super::member::{Condition, Member, Ownership};
use super::membership;
use super::outcome::{Cause, Reason};
use super::policy::{Adopt, Policy};
use super::profile::Profile;
use super::reference::Reference;
use super::step::{Step, StepKind};

/// How often a member that cannot be suspended yet is looked at again.
const PENDING_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// How often a person is looked at again whom Okta did not show.
const ABSENT_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Take this step, then read and plan again.
    Do(Step),
    /// LINE WORKS matches the wish.
    Settle {
        /// When to look again.
        look_again: Option<Timestamp>,
        /// What an administrator should know.
        note: Option<Reason>,
    },
    /// An operator must decide.
    Hold {
        /// Why.
        reason: Reason,
        /// What would be done.
        steps: Vec<StepKind>,
    },
    /// A human must change something.
    Park(Reason),
}

/// A member together with whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The member; its condition is resolved ([`Condition::resolved`]), else inactive counts as suspended.
    pub member: &'a Member,
    /// Whose it is.
    pub ownership: &'a Ownership,
}

/// Everything the plan looks at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Whose assignment it is.
    pub person: &'a OktaUserId,
    /// What should be.
    pub desired: &'a Desired,
    /// What LINE WORKS has; `None` when there is no such member.
    pub seen: Option<Seen<'a>>,
    /// What we remember of our own doing, after [`Marks::observe`].
    pub marks: &'a Marks,
    /// An operator's word on this revision.
    pub ruling: Option<&'a Ruling>,
    /// That the person left is concluded only from Okta not showing them: perhaps they are merely out of reach.
    pub rests_on_absence: bool,
    /// Whether this run took a deletion back: people should know what LINE WORKS does not bring back with it.
    pub restored: bool,
    /// LINE WORKS shows no member, but may hide one of ours that it could still restore: its id is known, we deleted it
    /// within its grace, and no undelete was refused in this run.
    pub may_be_hidden: bool,
    /// Properties already sent in this run: LINE WORKS keeps its own values for those that still differ.
    pub sent: &'a [String],
    /// The groups this program put the member into, as far as this run may still take it out of them.
    pub groups: &'a [Reference],
    /// No run has settled since the member was created.
    pub is_new: bool,
    /// The domain of the tenant the member belongs to; 0 where no call carries one.
    pub domain_id: i64,
    /// The administrator's decisions.
    pub policy: &'a Policy,
    /// Now.
    pub now: Timestamp,
}

/// Says what to do next.
pub fn plan(situation: &Situation<'_>) -> Plan {
    if situation.ruling == Some(&Ruling::Rejected) && situation.desired.is_leaving() {
        return settled_with(Reason::of(Cause::Rejected));
    }
    match (situation.desired, situation.seen) {
        (Desired::Active(_), seen) => plan_active(situation, seen),
        (Desired::Suspended | Desired::Unassigned { .. }, None) => settled(),
        // Somebody else's, whatever becomes of this person.
        (Desired::Suspended | Desired::Unassigned { .. }, Some(seen)) if is_anothers(seen.ownership) => {
            settled_with(Reason::of(Cause::MemberPassedOn))
        }
        (Desired::Suspended, Some(seen)) => plan_suspended(situation, seen),
        (Desired::Unassigned { policy }, Some(seen)) => match policy {
            UnassignPolicy::Suspend => leave_groups_at_rest(situation, seen, plan_suspended(situation, seen)),
            UnassignPolicy::SuspendThenDelete => plan_suspend_then_delete(situation, seen),
            UnassignPolicy::Delete => plan_delete(situation, seen),
        },
    }
}

fn is_anothers(ownership: &Ownership) -> bool {
    matches!(ownership, Ownership::Another(_) | Ownership::Former(_))
}

fn plan_active(situation: &Situation<'_>, seen: Option<Seen<'_>>) -> Plan {
    let Some(profile) = situation.desired.profile() else {
        return Plan::Park(situation.desired.obstacle().unwrap_or(Reason::of(Cause::ProfileMissing)));
    };
    let Some(Seen { member, ownership }) = seen else {
        let step = if situation.may_be_hidden { Step::Undelete } else { Step::Create(Box::new(profile.clone())) };
        return Plan::Do(step);
    };
    if let Some(reason) = refuse_to_touch(situation, ownership) {
        return Plan::Park(reason);
    }
    if let Some(reason) = refuse_to_bring_back(situation, member).or_else(|| refuse_to_move(situation, member)) {
        return Plan::Park(reason);
    }
    match member.condition {
        _ if *ownership != Ownership::Ours && member.condition != Condition::Deleted => Plan::Do(Step::Adopt),
        Condition::Suspended | Condition::Inactive => Plan::Do(Step::Resume),
        Condition::Deleted => Plan::Do(Step::Undelete),
        Condition::Active | Condition::Pending | Condition::OnLeave => plan_update(situation, profile, member),
    }
}

/// Why a member may not become this person's, or `None` when it is or may be adopted.
fn refuse_to_touch(situation: &Situation<'_>, ownership: &Ownership) -> Option<Reason> {
    match (ownership, situation.policy.adopt) {
        (Ownership::Ours, _)
        | (Ownership::Nobodys | Ownership::Former(_), Adopt::WhenNoExternalKey | Adopt::ReplaceForeignKey)
        | (Ownership::Foreign(_), Adopt::ReplaceForeignKey) => None,
        (Ownership::Nobodys | Ownership::Former(_), Adopt::Never) => Some(Reason::of(Cause::AdoptionOff)),
        (Ownership::Foreign(key), Adopt::Never | Adopt::WhenNoExternalKey) => {
            let detail = format!("the member's external key is {key}; wanted for {}", situation.person);
            Some(Reason::with(Cause::MemberHasForeignKey, detail))
        }
        (Ownership::Another(person), _) => {
            Some(Reason::with(Cause::MemberOfAnother, format!("it belongs to {person}")))
        }
    }
}

/// Why a member that somebody else suspended or deleted stays so, or `None` when it may come back.
fn refuse_to_bring_back(situation: &Situation<'_>, member: &Member) -> Option<Reason> {
    let (ours, cause) = match member.condition {
        Condition::Suspended | Condition::Inactive => (situation.marks.suspend.is_some(), Cause::SuspendedByOther),
        Condition::Deleted => (situation.marks.delete.is_some(), Cause::DeletedByOther),
        Condition::Active | Condition::Pending | Condition::OnLeave => return None,
    };
    (!ours && !situation.policy.lift_foreign).then(|| Reason::of(cause))
}

/// Why a member that is in another domain of the tenant than its e-mail is not touched: only LINE WORKS' own relocation
/// moves it, an update cannot.
fn refuse_to_move(situation: &Situation<'_>, member: &Member) -> Option<Reason> {
    let (actual, wished) = (member.domain_id()?, situation.domain_id);
    let sends_domain = ["email", "organizations"].iter().any(|property| situation.policy.manages(property));
    let moves = wished != 0 && actual != wished && sends_domain;
    let detail = || format!("the member is in domain {actual}; its e-mail belongs to domain {wished}");
    moves.then(|| Reason::with(Cause::DomainChange, detail()))
}

fn plan_update(situation: &Situation<'_>, profile: &Profile, member: &Member) -> Plan {
    let policy = situation.policy;
    let difference = profile.difference(&member.attributes, situation.domain_id).keeping(|name| policy.manages(name));
    let sent: Vec<&str> = situation.sent.iter().map(String::as_str).collect();
    let unsent = difference.without(&sent);
    if !unsent.is_empty() {
        return Plan::Do(Step::Update(unsent));
    }
    if let Some(step) = membership::next(profile, policy, situation.groups, situation.is_new) {
        return Plan::Do(step);
    }
    if difference.is_empty() {
        return if situation.restored { settled_with(Reason::of(Cause::MemberRestored)) } else { settled() };
    }
    settled_with(Reason::with(Cause::FieldsKept, difference.fields().join(", ")))
}

/// Suspended in Okta, or unassigned under the mildest policy.
fn plan_suspended(situation: &Situation<'_>, seen: Seen<'_>) -> Plan {
    match seen.member.condition {
        Condition::Active | Condition::OnLeave => take_away(situation, seen, Step::Suspend),
        Condition::Pending => Plan::Settle {
            look_again: Some(later(situation.now, PENDING_INTERVAL)),
            note: Some(Reason::of(Cause::MemberPending)),
        },
        Condition::Suspended | Condition::Inactive | Condition::Deleted => settled(),
    }
}

/// Once the member of somebody who left is at rest, it leaves the groups it was put into. What is deleted soon is not
/// worth the calls, and what is not ours is not touched.
fn leave_groups_at_rest(situation: &Situation<'_>, seen: Seen<'_>, plan: Plan) -> Plan {
    let at_rest = matches!(seen.member.condition, Condition::Suspended | Condition::Pending);
    let may_leave = at_rest && *seen.ownership == Ownership::Ours && !situation.rests_on_absence;
    match situation.groups.first() {
        Some(group) if may_leave => Plan::Do(Step::LeaveGroup(group.clone())),
        _ => plan,
    }
}

fn plan_suspend_then_delete(situation: &Situation<'_>, seen: Seen<'_>) -> Plan {
    match seen.member.condition {
        Condition::Active | Condition::OnLeave => take_away(situation, seen, Step::Suspend),
        Condition::Suspended | Condition::Inactive if needs_approval(situation) => hold_for_approval(situation, seen),
        Condition::Pending | Condition::Suspended | Condition::Inactive => delete_when_due(situation, seen),
        // Whoever deleted it: the wish is met, and there is no step an operator could approve.
        Condition::Deleted => settled(),
    }
}

/// Deletes once the configured delay has passed since the member was first seen at rest.
fn delete_when_due(situation: &Situation<'_>, seen: Seen<'_>) -> Plan {
    let delay = SignedDuration::try_from(situation.policy.delete_after).unwrap_or(SignedDuration::MAX);
    let first_seen = situation.marks.unassigned_seen.unwrap_or(situation.now);
    let planned = later(first_seen, delay);
    if situation.now >= planned {
        return take_away(situation, seen, Step::Delete);
    }
    if let Some(refusal) = refuse_to_take_away(situation, seen, StepKind::Delete) {
        return refusal;
    }
    // A pending member can sign in any day, and is suspended then.
    let look_again = match seen.member.condition {
        Condition::Pending => planned.min(later(situation.now, PENDING_INTERVAL)),
        _ => planned,
    };
    let note = Reason::with(Cause::DeletionPlanned, format!("planned for {planned}"));
    Plan::Settle { look_again: Some(look_again), note: Some(note) }
}

fn plan_delete(situation: &Situation<'_>, seen: Seen<'_>) -> Plan {
    match seen.member.condition {
        Condition::Suspended | Condition::Inactive if needs_approval(situation) => hold_for_approval(situation, seen),
        Condition::Active | Condition::OnLeave | Condition::Pending | Condition::Suspended | Condition::Inactive => {
            take_away(situation, seen, Step::Delete)
        }
        Condition::Deleted => settled(),
    }
}

/// Somebody else suspended the member, and no operator said that it may be deleted all the same.
fn needs_approval(situation: &Situation<'_>) -> bool {
    situation.marks.suspend.is_none() && !approved(situation, StepKind::Delete)
}

/// Asks for approval only of what would then be done.
fn hold_for_approval(situation: &Situation<'_>, seen: Seen<'_>) -> Plan {
    let step = StepKind::Delete;
    refuse_to_take_away(situation, seen, step)
        .unwrap_or_else(|| Plan::Hold { reason: Reason::of(Cause::SuspendedByOther), steps: vec![step] })
}

fn take_away(situation: &Situation<'_>, seen: Seen<'_>, step: Step) -> Plan {
    refuse_to_take_away(situation, seen, step.kind()).unwrap_or(Plan::Do(step))
}

/// Holds a destructive step unless this very read shows our key on an ordinary, unprotected member, and more is known
/// of the removal than that Okta does not show the person.
fn refuse_to_take_away(situation: &Situation<'_>, seen: Seen<'_>, step: StepKind) -> Option<Plan> {
    let cause = if *seen.ownership != Ownership::Ours {
        Cause::NotOurs
    } else if seen.member.is_administrator {
        Cause::Administrator
    } else if is_protected(situation, seen.member) {
        Cause::Protected
    } else if situation.rests_on_absence {
        let reason = Reason::of(Cause::OktaPersonNotShown);
        return Some(Plan::Hold { reason, steps: all_that_follows(situation, step) });
    } else {
        return None;
    };
    Some(Plan::Hold { reason: Reason::of(cause), steps: vec![step] })
}

/// The step and what the policy has for later: an operator who says that somebody left says so of all of it.
fn all_that_follows(situation: &Situation<'_>, step: StepKind) -> Vec<StepKind> {
    match (situation.desired, step) {
        (Desired::Unassigned { policy: UnassignPolicy::SuspendThenDelete }, StepKind::Suspend) => {
            vec![step, StepKind::Delete]
        }
        _ => vec![step],
    }
}

fn is_protected(situation: &Situation<'_>, member: &Member) -> bool {
    situation.policy.protected.iter().any(|entry| {
        entry.eq_ignore_ascii_case(&member.email) || entry == member.id.as_str() || entry == situation.person.as_str()
    })
}

fn approved(situation: &Situation<'_>, step: StepKind) -> bool {
    matches!(situation.ruling, Some(Ruling::Approved(steps)) if steps.contains(&step))
}

fn settled() -> Plan {
    Plan::Settle { look_again: None, note: None }
}

fn settled_with(note: Reason) -> Plan {
    Plan::Settle { look_again: None, note: Some(note) }
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whether an operator can approve what is held for this cause: a cap, somebody else's suspension, an app that went away
/// or a person Okta does not show, yes; a member that is not ours, an administrator or a protected person, never.
pub fn is_approvable(cause: Cause) -> bool {
    matches!(cause, Cause::CapReached | Cause::SuspendedByOther | Cause::OktaAppGone | Cause::OktaPersonNotShown)
}

/// When to look again at what is held for this cause: somebody whom the admin role did not cover is shown again without
/// any event.
pub fn looks_again(cause: Cause, now: Timestamp) -> Option<Timestamp> {
    (cause == Cause::OktaPersonNotShown).then(|| later(now, ABSENT_INTERVAL))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
