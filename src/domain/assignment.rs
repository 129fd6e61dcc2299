//! One person's row: the three facts, what is desired from them, and where the work on it stands.
//!
//! How events make the facts is in `heads`.

use jiff::Timestamp;
use serde::Serialize;

use super::event::{EventKind, ProfileWish, Source, UnassignPolicy};
use super::ids::{ExternalKey, MemberId, OktaUserId};
use super::marks::Marks;
use super::outcome::{Cause, Reason};
use super::profile::Profile;
use super::step::StepKind;

/// A value with the moment it was true and the door it came through.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<T> {
    /// What was said.
    pub value: T,
    /// When it occurred.
    pub occurred: Timestamp,
    /// Where it came from.
    pub source: Source,
}

/// Whether the person has the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Has it.
    Assigned,
    /// Lost it; perhaps with a policy of its own.
    Unassigned(Option<UnassignPolicy>),
}

/// The person's status in Okta, as far as it matters to an account elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OktaStatus {
    /// Can sign in.
    Active,
    /// Suspended for a while.
    Suspended,
    /// Deactivated: as good as unassigned.
    Deactivated,
}

/// The three facts, kept apart. What a reading of Okta makes of them is told in [`super::learnt`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Has the app or not.
    pub membership: Option<Fact<Membership>>,
    /// Okta status.
    pub status: Option<Fact<OktaStatus>>,
    /// The attributes, as calls carried them.
    pub profile: Option<Fact<ProfileWish>>,
    /// The attributes as Okta had them when it was last read, with what a card carried laid over them. Stands above
    /// `profile`.
    pub okta_profile: Option<ProfileWish>,
    /// When Okta was last read, on Okta's clock.
    pub okta_read: Option<Timestamp>,
    /// The policy of a removal that Okta did not show yet when it was read: it is the removal's once Okta does.
    pub named_policy: Option<UnassignPolicy>,
}

/// What should be, computed from the facts.
#[derive(Debug, Clone, PartialEq)]
pub enum Desired {
    /// A usable member; `None` when no profile is known yet.
    Active(Option<ProfileWish>),
    /// A suspended member.
    Suspended,
    /// No member, after the policy.
    Unassigned {
        /// The policy in force for this person.
        policy: UnassignPolicy,
    },
}

impl Desired {
    /// The profile to build or keep, if it is usable.
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Desired::Active(Some(wish)) => wish.valid(),
            _ => None,
        }
    }

    /// The policy in force, of somebody who is to have no member.
    pub fn policy(&self) -> Option<UnassignPolicy> {
        match self {
            Desired::Unassigned { policy } => Some(*policy),
            Desired::Active(_) | Desired::Suspended => None,
        }
    }

    /// Why an active member cannot be had, whatever LINE WORKS has: no profile, or a refused one.
    pub fn obstacle(&self) -> Option<Reason> {
        match self {
            Desired::Active(None) => Some(Reason::of(Cause::ProfileMissing)),
            Desired::Active(Some(ProfileWish::Refused { fields, .. })) => Some(Reason::refused_fields(fields.clone())),
            Desired::Active(Some(ProfileWish::Valid(_))) | Desired::Suspended | Desired::Unassigned { .. } => None,
        }
    }

    /// Whether this takes something away: such work goes first.
    pub fn is_leaving(&self) -> bool {
        !matches!(self, Desired::Active(_))
    }
}

impl Facts {
    /// The profile that counts, if LINE WORKS can take it; also for somebody who is leaving.
    pub fn usable_profile(&self) -> Option<&Profile> {
        let okta = self.okta_profile.as_ref().and_then(ProfileWish::valid);
        okta.or_else(|| self.profile.as_ref().and_then(|fact| fact.value.valid()))
    }

    /// The attributes that count.
    pub fn wished(&self) -> Option<&ProfileWish> {
        self.okta_profile.as_ref().or_else(|| self.profile.as_ref().map(|fact| &fact.value))
    }

    /// What should be. Unassigned or deactivated beats suspended beats active; `None` while membership is unknown.
    ///
    /// Okta takes every app from whom it deactivates: who got the app after that was reactivated, though no event said so.
    pub fn desired(&self, configured: UnassignPolicy) -> Option<Desired> {
        let membership = self.membership.as_ref()?;
        let is_over = |status: &&Fact<OktaStatus>| {
            status.value == OktaStatus::Deactivated
                && status.source != Source::Okta
                && membership.value == Membership::Assigned
                && membership.occurred > status.occurred
        };
        let status = self.status.as_ref().filter(|status| !is_over(status));
        let status = status.map_or(OktaStatus::Active, |fact| fact.value);
        Some(match (membership.value, status) {
            (Membership::Unassigned(policy), _) => Desired::Unassigned { policy: policy.unwrap_or(configured) },
            (Membership::Assigned, OktaStatus::Deactivated) => Desired::Unassigned { policy: configured },
            (Membership::Assigned, OktaStatus::Suspended) => Desired::Suspended,
            (Membership::Assigned, OktaStatus::Active) => Desired::Active(self.wished().cloned()),
        })
    }
}

/// Where the work on an assignment stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// LINE WORKS matches the wish.
    Settled {
        /// When to look again, such as the moment of a planned deletion.
        look_again: Option<Timestamp>,
        /// What an administrator should know about it.
        note: Option<Reason>,
    },
    /// A worker should take it.
    Due,
    /// A worker has it.
    Running,
    /// A worker takes it again later.
    Waiting {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// An operator must approve the steps.
    Held {
        /// Why.
        reason: Reason,
        /// The steps that were about to be taken.
        steps: Vec<StepKind>,
        /// When to look again, where what it is held for may pass by itself.
        look_again: Option<Timestamp>,
    },
    /// A human must change something.
    Parked {
        /// What.
        reason: Reason,
    },
}

/// The name of a state, as it is stored, shown and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// See [`State::Settled`].
    Settled,
    /// See [`State::Due`].
    Due,
    /// See [`State::Running`].
    Running,
    /// See [`State::Waiting`].
    Waiting,
    /// See [`State::Held`].
    Held,
    /// See [`State::Parked`].
    Parked,
}

impl StateName {
    /// Every state, in the order they are listed to people.
    pub const ALL: [StateName; 6] = [
        StateName::Parked,
        StateName::Held,
        StateName::Waiting,
        StateName::Running,
        StateName::Due,
        StateName::Settled,
    ];

    /// The word in the database, the API and the CLI.
    pub fn as_str(self) -> &'static str {
        match self {
            StateName::Settled => "settled",
            StateName::Due => "due",
            StateName::Running => "running",
            StateName::Waiting => "waiting",
            StateName::Held => "held",
            StateName::Parked => "parked",
        }
    }

    /// The state of that name.
    pub fn parse(word: &str) -> Option<StateName> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }
}

impl State {
    /// Its name.
    pub fn name(&self) -> StateName {
        match self {
            State::Settled { .. } => StateName::Settled,
            State::Due => StateName::Due,
            State::Running => StateName::Running,
            State::Waiting { .. } => StateName::Waiting,
            State::Held { .. } => StateName::Held,
            State::Parked { .. } => StateName::Parked,
        }
    }

    /// Why it is so, if there is more to say.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            State::Settled { note, .. } => note.as_ref(),
            State::Due | State::Running => None,
            State::Waiting { reason, .. } | State::Held { reason, .. } | State::Parked { reason } => Some(reason),
        }
    }
}

/// An operator's word on held steps. It belongs to one revision: a newer event makes it void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The steps may be taken.
    Approved(Vec<StepKind>),
    /// The steps may not be taken.
    Rejected,
}

impl Ruling {
    /// Whether an operator said that this person left, and that all may happen that the policy has for that.
    pub fn confirms_a_removal(&self, policy: UnassignPolicy) -> bool {
        let last = if policy == UnassignPolicy::Suspend { StepKind::Suspend } else { StepKind::Delete };
        matches!(self, Ruling::Approved(steps) if steps.contains(&last))
    }

    /// The ruling an operator's word makes on these held steps, if it makes one.
    pub fn said_by(word: EventKind, steps: Vec<StepKind>) -> Option<Ruling> {
        match word {
            EventKind::Approve => Some(Ruling::Approved(steps)),
            EventKind::Reject => Some(Ruling::Rejected),
            EventKind::Retry
            | EventKind::Assigned
            | EventKind::Unassigned
            | EventKind::Suspended
            | EventKind::Activated
            | EventKind::Deactivated
            | EventKind::Changed => None,
        }
    }
}

/// One person's assignment, as the ledger has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Whose it is.
    pub person: OktaUserId,
    /// What is known.
    pub facts: Facts,
    /// Raised by every accepted event.
    pub revision: u64,
    /// The newest revision that LINE WORKS matched.
    pub applied_revision: u64,
    /// The LINE WORKS member, once known.
    pub member_id: Option<MemberId>,
    /// The external key this program last saw or set on the member.
    pub external_key: Option<ExternalKey>,
    /// Our own doing with the member.
    pub marks: Marks,
    /// The groups this program put the member into, as references ([`super::reference::Reference`]).
    pub groups: Vec<String>,
    /// The Okta user who took this leaver's member over.
    pub yielded_to: Option<OktaUserId>,
    /// Logins the person had, newest last, while a create without a clear answer may have made a member under them.
    pub former_logins: Vec<String>,
    /// Where the work stands.
    pub state: State,
    /// What an earlier run had to say, while another one is going on; an event makes it void.
    pub said_before: Option<Reason>,
    /// The ruling in force for this revision.
    pub ruling: Option<Ruling>,
    /// Runs in a row that ended in a transient failure.
    pub failures: u32,
    /// When the row was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).expect("in range")
    }

    #[test]
    fn deactivated_beats_assigned_and_suspended_beats_active() {
        let fact = |value| Some(Fact { value, occurred: at(1), source: Source::Hook });
        let mut facts = Facts {
            membership: Some(Fact { value: Membership::Assigned, occurred: at(1), source: Source::Card }),
            status: fact(OktaStatus::Suspended),
            ..Facts::default()
        };
        assert_eq!(facts.desired(UnassignPolicy::Suspend), Some(Desired::Suspended));
        facts.status = fact(OktaStatus::Deactivated);
        let policy = UnassignPolicy::Suspend;
        assert_eq!(facts.desired(policy), Some(Desired::Unassigned { policy }));
    }
}
