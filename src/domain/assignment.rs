//! One person's row: the three facts, what is desired from them, and where the work on it stands.
//!
//! `Heads::receive` is the whole rule of order: newest wins per fact, however events arrive. Storing the result,
//! raising the revision and recognising duplicates is the ledger's part.

use jiff::Timestamp;
use serde::Serialize;

use super::event::{Event, EventKind, ProfileWeight, ProfileWish, Source, UnassignPolicy, Verdict};
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

impl OktaStatus {
    /// The word in the database, the API and the CLI.
    pub fn as_str(self) -> &'static str {
        match self {
            OktaStatus::Active => "active",
            OktaStatus::Suspended => "suspended",
            OktaStatus::Deactivated => "deactivated",
        }
    }
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
    pub fn desired(&self, configured: UnassignPolicy) -> Option<Desired> {
        let membership = self.membership.as_ref()?;
        let status = self.status.as_ref().map_or(OktaStatus::Active, |fact| fact.value);
        Some(match (membership.value, status) {
            (Membership::Unassigned(policy), _) => Desired::Unassigned { policy: policy.unwrap_or(configured) },
            (Membership::Assigned, OktaStatus::Deactivated) => Desired::Unassigned { policy: configured },
            (Membership::Assigned, OktaStatus::Suspended) => Desired::Suspended,
            (Membership::Assigned, OktaStatus::Active) => Desired::Active(self.wished().cloned()),
        })
    }
}

/// The heads of the facts: all that must be known of a row to receive an event, without reading its profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads {
    /// Has the app or not, and since when that is the newest word.
    pub membership: Option<(Membership, Timestamp)>,
    /// Okta status.
    pub status: Option<OktaStatus>,
    /// How much of a profile is known, and since when.
    pub profile: Option<(ProfileWeight, Timestamp)>,
}

/// What receiving an event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    /// What became of the event.
    pub verdict: Verdict,
    /// Its membership is the newest word.
    pub takes_membership: bool,
    /// Its profile says more than what is known.
    pub takes_profile: bool,
}

impl Heads {
    /// Takes an event in and says what it changes. Newest wins per fact; at equal times the later arrival wins, but a
    /// removal that names no policy leaves the one that another removal of the very same moment named.
    ///
    /// Operators' words say nothing about the facts and leave them as they are.
    pub fn receive(&mut self, event: &Event) -> Reception {
        let Some(mut value) = Membership::said_by(event) else {
            return Reception { verdict: Verdict::New, takes_membership: false, takes_profile: false };
        };
        if let (Membership::Unassigned(None), Some((Membership::Unassigned(named), known))) = (value, self.membership)
            && event.occurred == known
        {
            value = Membership::Unassigned(named);
        }
        let (takes_membership, conflict) = match self.membership {
            Some((_, known)) if event.occurred < known => (false, false),
            Some((other, known)) => (true, event.occurred == known && other != value),
            None => (true, false),
        };
        if takes_membership {
            self.membership = Some((value, event.occurred));
        }
        let takes_profile = self.receive_profile(event);
        let verdict = match (conflict, takes_membership || takes_profile) {
            (true, _) => Verdict::EqualTime,
            (false, true) => Verdict::New,
            (false, false) => Verdict::Superseded,
        };
        Reception { verdict, takes_membership, takes_profile }
    }

    /// Takes an event in that came before, at the same moment, with `carried` of a profile: only what it carries more
    /// counts.
    pub fn receive_again(&mut self, event: &Event, carried: ProfileWeight) -> Reception {
        let takes_profile = event.weight() > carried && self.receive_profile(event);
        let takes_membership = self.receive_policy(event);
        let verdict = if takes_profile || takes_membership { Verdict::Merged } else { Verdict::Duplicate };
        Reception { verdict, takes_membership, takes_profile }
    }

    /// A hook's copy of a removal names no policy; a card's may, and comes second as often as first.
    fn receive_policy(&mut self, event: &Event) -> bool {
        let takes = event.kind == EventKind::Unassigned
            && event.policy.is_some()
            && self.membership == Some((Membership::Unassigned(None), event.occurred));
        if takes {
            self.membership = Some((Membership::Unassigned(event.policy), event.occurred));
        }
        takes
    }

    /// A card's profile stands above one made from a hook's names, whatever their times.
    fn receive_profile(&mut self, event: &Event) -> bool {
        let weight = event.weight();
        let takes = weight != ProfileWeight::None
            && self
                .profile
                .is_none_or(|(known, occurred)| weight > known || (weight == known && event.occurred >= occurred));
        if takes {
            self.profile = Some((weight, event.occurred));
        }
        takes
    }

    /// Whether the newest word is that the person has the app.
    pub fn is_assigned(&self) -> bool {
        matches!(self.membership, Some((Membership::Assigned, _)))
    }

    /// Whether the wish takes something away: such work goes first.
    pub fn is_leaving(&self) -> bool {
        !self.is_assigned() || self.status.is_some_and(|status| status != OktaStatus::Active)
    }
}

impl Membership {
    /// What an event says about membership, if anything.
    fn said_by(event: &Event) -> Option<Membership> {
        match event.kind {
            EventKind::Assigned => Some(Membership::Assigned),
            EventKind::Unassigned => Some(Membership::Unassigned(event.policy)),
            EventKind::Retry | EventKind::Approve | EventKind::Reject => None,
        }
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
    /// The ruling an operator's word makes on these held steps, if it makes one.
    pub fn said_by(word: EventKind, steps: Vec<StepKind>) -> Option<Ruling> {
        match word {
            EventKind::Approve => Some(Ruling::Approved(steps)),
            EventKind::Reject => Some(Ruling::Rejected),
            EventKind::Retry | EventKind::Assigned | EventKind::Unassigned => None,
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
    use crate::domain::profile::ProfileRules;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).expect("in range")
    }

    fn event(kind: EventKind, second: i64) -> Event {
        Event {
            person: "00uTEST".parse().expect("valid"),
            key: None,
            kind,
            source: Source::Card,
            caller: "test".into(),
            occurred: at(second),
            arrived: at(second),
            profile: None,
            policy: None,
        }
    }

    fn thin(name: &str) -> ProfileWish {
        let rules = ProfileRules::OPEN;
        ProfileWish::Valid(Profile::from_hook("taro@example.com", Some(name), &rules).expect("valid"))
    }

    fn full(name: &str) -> ProfileWish {
        let user = serde_json::json!({"email": "taro@example.com", "userName": {"lastName": name}});
        ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("valid"))
    }

    #[test]
    fn a_late_add_after_a_remove_is_superseded() {
        let mut heads = Heads::default();
        assert_eq!(heads.receive(&event(EventKind::Unassigned, 10)).verdict, Verdict::New);
        assert_eq!(heads.receive(&event(EventKind::Assigned, 5)).verdict, Verdict::Superseded);
        assert!(!heads.is_assigned());
    }

    #[test]
    fn at_equal_times_the_later_arrival_wins_and_says_so() {
        let mut heads = Heads::default();
        heads.receive(&event(EventKind::Assigned, 5));
        assert_eq!(heads.receive(&event(EventKind::Unassigned, 5)).verdict, Verdict::EqualTime);
        assert!(!heads.is_assigned());
    }

    #[test]
    fn a_hooks_profile_never_replaces_a_cards() {
        let by_card = Event { profile: Some(full("山田")), ..event(EventKind::Assigned, 5) };
        let by_hook = Event { profile: Some(thin("Taro")), ..event(EventKind::Assigned, 9) };
        for order in [[&by_card, &by_hook], [&by_hook, &by_card]] {
            let mut heads = Heads::default();
            heads.receive(order[0]);
            heads.receive(order[1]);
            assert_eq!(heads.profile.map(|(weight, _)| weight), Some(ProfileWeight::Full));
            assert_eq!(heads.membership.map(|(_, occurred)| occurred), Some(at(9)));
        }
    }

    #[test]
    fn a_duplicate_counts_only_when_it_carries_more() {
        let bare = event(EventKind::Assigned, 5);
        let rich = Event { profile: Some(full("山田")), ..bare.clone() };
        let mut heads = Heads::default();
        heads.receive(&bare);
        assert_eq!(heads.receive_again(&bare, ProfileWeight::None).verdict, Verdict::Duplicate);
        assert_eq!(heads.receive_again(&rich, ProfileWeight::None).verdict, Verdict::Merged);
        assert_eq!(heads.receive_again(&rich, ProfileWeight::Full).verdict, Verdict::Duplicate);
    }

    #[test]
    fn a_removals_policy_counts_from_whichever_copy_names_it() {
        let bare = event(EventKind::Unassigned, 5);
        let mild = Event { policy: Some(UnassignPolicy::Suspend), ..bare.clone() };
        let named = Some((Membership::Unassigned(Some(UnassignPolicy::Suspend)), at(5)));
        for [first, second] in [[&bare, &mild], [&mild, &bare]] {
            let (mut copies, mut neighbours) = (Heads::default(), Heads::default());
            copies.receive(first);
            copies.receive_again(second, ProfileWeight::None);
            neighbours.receive(first);
            neighbours.receive(second);
            assert_eq!((copies.membership, neighbours.membership), (named, named));
        }
        let mut newer = Heads::default();
        newer.receive(&bare);
        newer.receive(&event(EventKind::Unassigned, 6));
        assert_eq!(newer.receive_again(&mild, ProfileWeight::None).verdict, Verdict::Duplicate, "not its moment");
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

    proptest! {
        /// Whatever the order of arrival, the membership with the newest time stands (times are distinct here).
        #[test]
        fn the_newest_membership_wins_in_any_order(
            kinds in proptest::collection::vec(any::<bool>(), 1..12),
            order in any::<u64>(),
        ) {
            let mut events: Vec<Event> = kinds
                .iter()
                .enumerate()
                .map(|(second, assigned)| {
                    let kind = if *assigned { EventKind::Assigned } else { EventKind::Unassigned };
                    event(kind, second as i64)
                })
                .collect();
            let last = *kinds.last().expect("at least one");
            let mut rng = fastrand::Rng::with_seed(order);
            rng.shuffle(&mut events);
            let mut heads = Heads::default();
            for event in &events {
                heads.receive(event);
            }
            prop_assert_eq!(heads.is_assigned(), last);
        }
    }
}
