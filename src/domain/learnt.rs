//! What a run learnt from Okta about one person, and what it makes of the facts.
//!
//! Events are only the reason to look; what was read counts for the run, whatever they said and in whatever order. How it
//! is kept beside events that come meanwhile is the ledger's part (newest wins).

use jiff::{SignedDuration, Timestamp};

use super::assignment::{Fact, Facts, Membership, OktaStatus};
use super::event::{ProfileWeight, ProfileWish, Source};

/// How long after an event Okta's answer may still be the one from before it: nothing is known of how soon all of Okta
/// shows a change, and its `Date` is in whole seconds.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// What Okta said about one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// When, on Okta's clock.
    pub at: Timestamp,
    /// Whether Okta shows the person at all: if not, nobody knows by this reading alone whether they were deleted or are
    /// merely out of the admin role's reach.
    pub is_shown: bool,
    /// Whether the person has the app.
    pub assigned: bool,
    /// The person's status.
    pub status: OktaStatus,
    /// The attributes to be, as Okta and a card make them; none: those that were known stay.
    pub profile: Option<ProfileWish>,
}

/// How an event stands beside what Okta says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They say the same, or no event said anything.
    Same,
    /// Okta says otherwise.
    Otherwise {
        /// The event has only just happened: Okta may not show it everywhere yet.
        fresh: bool,
    },
}

impl Facts {
    /// The facts with what was learnt in place of what was known. A policy that a removal named stays with the removal,
    /// also where Okta shows that a little later.
    #[must_use]
    pub fn with_learnt(&self, learnt: &Learnt) -> Facts {
        let membership = match (learnt.assigned, self.membership.as_ref().map(|fact| fact.value)) {
            (true, _) => Membership::Assigned,
            (false, Some(Membership::Unassigned(policy))) => Membership::Unassigned(policy),
            (false, _) => Membership::Unassigned(self.named_policy),
        };
        let mut facts = Facts {
            membership: Some(read_fact(membership, self.membership.as_ref(), learnt.at)),
            status: Some(read_fact(learnt.status, self.status.as_ref(), learnt.at)),
            okta_read: Some(learnt.at),
            ..self.clone()
        };
        if let Some(wish) = &learnt.profile {
            facts.okta_profile = Some(wish.clone());
        }
        facts
    }

    /// Whether it is known, apart from Okta not showing the person, that they are to have no member: an event told of it,
    /// or an earlier reading in which Okta showed the person. What a comparison of lists found rests on Okta not showing
    /// somebody, too. Who got the app later than that has come back.
    pub fn tell_of_a_removal(&self) -> bool {
        let is_own_word = |source| !matches!(source, Source::Sweep | Source::Reconcile);
        let Some(membership) = &self.membership else { return false };
        let is_deactivated = |fact: &Fact<OktaStatus>| {
            fact.value == OktaStatus::Deactivated && is_own_word(fact.source) && fact.occurred >= membership.occurred
        };
        match membership.value {
            Membership::Unassigned(_) if is_own_word(membership.source) => true,
            Membership::Unassigned(_) | Membership::Assigned => self.status.as_ref().is_some_and(is_deactivated),
        }
    }

    /// The facts where Okta cannot be asked any more: what it said counts until a call carries a newer profile.
    #[must_use]
    pub fn without_okta(mut self) -> Facts {
        let is_newer = |fact: &Fact<ProfileWish>| self.okta_read.is_none_or(|read| fact.occurred > read);
        if self.profile.as_ref().is_some_and(is_newer) {
            self.okta_profile = None;
        }
        self
    }

    /// What a card carried of a profile; what a hook's names make counts for nothing beside Okta's own attributes.
    pub fn carried(&self) -> Option<&ProfileWish> {
        let carried = self.profile.as_ref().map(|fact| &fact.value);
        carried.filter(|wish| wish.weight() == ProfileWeight::Full)
    }

    /// Whether Okta says the same as the newest event.
    pub fn agreement(&self, learnt: &Learnt) -> Agreement {
        let event = self.membership.as_ref().filter(|fact| fact.source != Source::Okta);
        let differs = event.filter(|fact| (fact.value == Membership::Assigned) != learnt.assigned);
        let status = self.status.as_ref().filter(|fact| fact.source != Source::Okta);
        let status = status.filter(|fact| fact.value != learnt.status && learnt.assigned);
        let newest = differs.map(|fact| fact.occurred).max(status.map(|fact| fact.occurred));
        match newest {
            None => Agreement::Same,
            Some(occurred) => Agreement::Otherwise { fresh: learnt.at.duration_since(occurred) < FRESH },
        }
    }
}

/// A fact that was read; never older than the one it replaces, which was known before Okta was asked.
fn read_fact<T>(value: T, known: Option<&Fact<T>>, at: Timestamp) -> Fact<T> {
    Fact { value, occurred: known.map_or(at, |fact| fact.occurred.max(at)), source: Source::Okta }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assignment::Desired;
    use crate::domain::event::UnassignPolicy;
    use crate::domain::profile::{Profile, ProfileRules};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).expect("in range")
    }

    fn learnt(assigned: bool, status: OktaStatus) -> Learnt {
        Learnt { at: at(600), is_shown: true, assigned, status, profile: None }
    }

    fn said(membership: Membership, second: i64) -> Facts {
        let membership = Some(Fact { value: membership, occurred: at(second), source: Source::Hook });
        Facts { membership, ..Facts::default() }
    }

    fn wish(name: &str) -> ProfileWish {
        let user = serde_json::json!({"email": "taro@example.com", "userName": {"lastName": name}});
        ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("valid"))
    }

    #[test]
    fn what_okta_says_counts_whatever_events_said() {
        let policy = UnassignPolicy::SuspendThenDelete;
        let gone = said(Membership::Unassigned(None), 700);
        let back = gone.with_learnt(&Learnt { profile: Some(wish("山田")), ..learnt(true, OktaStatus::Active) });
        assert_eq!(back.desired(policy), Some(Desired::Active(Some(wish("山田")))));
        assert_eq!(back.membership.as_ref().map(|fact| (fact.occurred, fact.source)), Some((at(700), Source::Okta)));
        let suspended = gone.with_learnt(&learnt(true, OktaStatus::Suspended));
        assert_eq!(suspended.desired(policy), Some(Desired::Suspended));
        let left = said(Membership::Assigned, 1).with_learnt(&learnt(false, OktaStatus::Active));
        assert_eq!(left.desired(policy), Some(Desired::Unassigned { policy }));
        assert_eq!(left.membership.map(|fact| fact.occurred), Some(at(600)));
        let unknown = Facts::default().with_learnt(&learnt(true, OktaStatus::Deactivated));
        assert_eq!(unknown.desired(policy), Some(Desired::Unassigned { policy }));
    }

    #[test]
    fn a_policy_that_a_removal_named_stays_and_so_does_a_leavers_last_profile() {
        let mild = said(Membership::Unassigned(Some(UnassignPolicy::Suspend)), 1);
        let known = Facts { okta_profile: Some(wish("山田")), ..mild };
        let left = known.with_learnt(&learnt(false, OktaStatus::Active));
        let policy = UnassignPolicy::Suspend;
        assert_eq!(left.desired(UnassignPolicy::Delete), Some(Desired::Unassigned { policy }));
        assert_eq!(left.usable_profile().map(Profile::display_name).as_deref(), Some("山田"));
    }

    #[test]
    fn a_policy_outlives_one_reading_that_does_not_show_the_removal_yet() {
        let named_policy = Some(UnassignPolicy::Suspend);
        let facts = Facts { named_policy, ..said(Membership::Assigned, 1) };
        let left = facts.with_learnt(&learnt(false, OktaStatus::Active));
        assert_eq!(left.membership.map(|fact| fact.value), Some(Membership::Unassigned(named_policy)));
    }

    #[test]
    fn only_an_event_can_be_contradicted_and_a_fresh_one_is_told_apart() {
        let now = learnt(true, OktaStatus::Active);
        let agreement = |second| said(Membership::Unassigned(None), second).agreement(&now);
        assert_eq!(agreement(299), Agreement::Otherwise { fresh: false });
        assert_eq!(agreement(301), Agreement::Otherwise { fresh: true });
        assert_eq!(agreement(700), Agreement::Otherwise { fresh: true }, "the clocks differ");
        assert_eq!(said(Membership::Assigned, 301).agreement(&now), Agreement::Same);
        assert_eq!(Facts::default().agreement(&now), Agreement::Same);
        let read = said(Membership::Unassigned(None), 301).with_learnt(&learnt(false, OktaStatus::Active));
        assert_eq!(read.agreement(&now), Agreement::Same, "that was Okta's own word");
        let status = Some(Fact { value: OktaStatus::Suspended, occurred: at(590), source: Source::Hook });
        let suspended = Facts { status, ..said(Membership::Assigned, 1) };
        assert_eq!(suspended.agreement(&now), Agreement::Otherwise { fresh: true });
    }

    #[test]
    fn only_a_word_of_its_own_that_nothing_newer_undid_tells_of_a_removal() {
        let (gone, has) = (Membership::Unassigned(None), Membership::Assigned);
        let facts = |membership, source, status: Option<(OktaStatus, i64, Source)>| Facts {
            membership: Some(Fact { value: membership, occurred: at(10), source }),
            status: status.map(|(value, second, source)| Fact { value, occurred: at(second), source }),
            ..Facts::default()
        };
        for source in [Source::Card, Source::Hook, Source::SystemLog, Source::Okta] {
            assert!(facts(gone, source, None).tell_of_a_removal(), "{source:?}");
            assert!(facts(has, Source::Hook, Some((OktaStatus::Deactivated, 10, source))).tell_of_a_removal());
            let came_back = facts(has, source, Some((OktaStatus::Deactivated, 9, source)));
            assert!(!came_back.tell_of_a_removal(), "{source:?}: the app came later");
            assert!(!facts(has, source, Some((OktaStatus::Suspended, 20, source))).tell_of_a_removal());
            assert!(!facts(has, source, None).tell_of_a_removal());
        }
        for source in [Source::Sweep, Source::Reconcile] {
            assert!(!facts(gone, source, None).tell_of_a_removal(), "{source:?} saw no more than that nobody is there");
            let deactivated = Some((OktaStatus::Deactivated, 10, Source::Hook));
            assert!(facts(gone, source, deactivated).tell_of_a_removal());
        }
        assert!(!Facts::default().tell_of_a_removal());
    }

    #[test]
    fn without_access_to_okta_a_newer_call_counts_again() {
        let fact = |second| Some(Fact { value: wish("前田"), occurred: at(second), source: Source::Card });
        let known = |second| Facts {
            profile: fact(second),
            okta_profile: Some(wish("山田")),
            okta_read: Some(at(600)),
            ..Facts::default()
        };
        assert_eq!(known(600).without_okta().wished(), Some(&wish("山田")));
        assert_eq!(known(601).without_okta().wished(), Some(&wish("前田")));
    }
}
