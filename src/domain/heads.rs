//! The rule of order: an event is received by the heads of the facts, and the newest word wins per fact, however events
//! arrive. Storing the result, raising the revision and recognising duplicates is the ledger's part.

use jiff::Timestamp;

use super::assignment::{Membership, OktaStatus};
use super::event::{Event, EventKind, ProfileWeight, Verdict};

/// The heads of the facts: all that must be known of a row to receive an event, without reading its profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads {
    /// Has the app or not, and since when that is the newest word.
    pub membership: Option<(Membership, Timestamp)>,
    /// Okta status, and since when that is the newest word.
    pub status: Option<(OktaStatus, Timestamp)>,
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
    /// Its Okta status is the newest word.
    pub takes_status: bool,
    /// Its profile says more than what is known.
    pub takes_profile: bool,
}

impl Heads {
    /// Takes an event in and says what it changes. Newest wins per fact; at equal times the later arrival wins, but a
    /// removal that names no policy leaves the one that another removal of the very same moment named.
    ///
    /// Operators' words say nothing about the facts and leave them as they are; so does a change that carries none.
    pub fn receive(&mut self, event: &Event) -> Reception {
        let membership = self.receive_membership(event);
        let status = self.receive_status(event);
        let takes_profile = self.receive_profile(event);
        let says_nothing = membership == Newest::Unsaid && status == Newest::Unsaid && event.profile.is_none();
        let taken = membership.is_taken() || status.is_taken() || takes_profile;
        let verdict = if membership == Newest::OfTwo || status == Newest::OfTwo {
            Verdict::EqualTime
        } else if taken || says_nothing {
            Verdict::New
        } else {
            Verdict::Superseded
        };
        let (takes_membership, takes_status) = (membership.is_taken(), status.is_taken());
        Reception { verdict, takes_membership, takes_status, takes_profile }
    }

    fn receive_membership(&mut self, event: &Event) -> Newest {
        let Some(mut value) = Membership::said_by(event) else { return Newest::Unsaid };
        if let (Membership::Unassigned(None), Some((Membership::Unassigned(named), known))) = (value, self.membership)
            && event.occurred == known
        {
            value = Membership::Unassigned(named);
        }
        take_newest(&mut self.membership, value, event.occurred)
    }

    /// Takes in what an event says of the Okta status, if anything.
    pub fn receive_status(&mut self, event: &Event) -> Newest {
        match OktaStatus::said_by(event.kind) {
            Some(value) => take_newest(&mut self.status, value, event.occurred),
            None => Newest::Unsaid,
        }
    }

    /// Takes an event in that came before, at the same moment, with `carried` of a profile: only what it carries more
    /// counts.
    pub fn receive_again(&mut self, event: &Event, carried: ProfileWeight) -> Reception {
        let takes_profile = event.weight() > carried && self.receive_profile(event);
        let takes_membership = self.receive_policy(event);
        let verdict = if takes_profile || takes_membership { Verdict::Merged } else { Verdict::Duplicate };
        Reception { verdict, takes_membership, takes_status: false, takes_profile }
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
        self.is_unassigned() || self.status.is_some_and(|(status, _)| status == OktaStatus::Suspended)
    }

    /// Whether the wish is that there be no member. Who got the app after a deactivation was reactivated.
    pub fn is_unassigned(&self) -> bool {
        match (self.membership, self.status) {
            (Some((Membership::Assigned, got)), Some((OktaStatus::Deactivated, since))) => got <= since,
            (Some((Membership::Assigned, _)), _) => false,
            _ => true,
        }
    }
}

/// What became of one fact of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// The event does not speak of it.
    Unsaid,
    /// A newer word is known.
    No,
    /// It is the newest word.
    Yes,
    /// It is the later of two different words of the very same moment.
    OfTwo,
}

impl Newest {
    /// Whether it is the newest word now.
    pub fn is_taken(self) -> bool {
        matches!(self, Newest::Yes | Newest::OfTwo)
    }
}

/// Newest wins; at equal times the later arrival does.
fn take_newest<T: PartialEq>(head: &mut Option<(T, Timestamp)>, value: T, occurred: Timestamp) -> Newest {
    let newest = match head {
        Some((_, known)) if occurred < *known => return Newest::No,
        Some((other, known)) if occurred == *known && *other != value => Newest::OfTwo,
        Some(_) | None => Newest::Yes,
    };
    *head = Some((value, occurred));
    newest
}

impl OktaStatus {
    /// What a kind of event says about the status, if anything.
    pub fn said_by(kind: EventKind) -> Option<OktaStatus> {
        match kind {
            EventKind::Activated => Some(OktaStatus::Active),
            EventKind::Suspended => Some(OktaStatus::Suspended),
            EventKind::Deactivated => Some(OktaStatus::Deactivated),
            EventKind::Assigned
            | EventKind::Unassigned
            | EventKind::Changed
            | EventKind::Retry
            | EventKind::Approve
            | EventKind::Reject => None,
        }
    }

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            OktaStatus::Active => "active",
            OktaStatus::Suspended => "suspended",
            OktaStatus::Deactivated => "deactivated",
        }
    }
}

impl Membership {
    /// What an event says about membership, if anything.
    fn said_by(event: &Event) -> Option<Membership> {
        match event.kind {
            EventKind::Assigned => Some(Membership::Assigned),
            EventKind::Unassigned => Some(Membership::Unassigned(event.policy)),
            EventKind::Suspended
            | EventKind::Activated
            | EventKind::Deactivated
            | EventKind::Changed
            | EventKind::Retry
            | EventKind::Approve
            | EventKind::Reject => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ProfileWish, Source, UnassignPolicy};
    use crate::domain::profile::{Profile, ProfileRules};
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
    fn who_got_the_app_after_a_deactivation_was_reactivated() {
        for order in [[0, 1], [1, 0]] {
            let events = [event(EventKind::Deactivated, 5), event(EventKind::Assigned, 6)];
            let mut heads = Heads::default();
            for n in order {
                heads.receive(&events[n]);
            }
            assert!(!heads.is_unassigned() && !heads.is_leaving());
        }
        let mut heads = Heads::default();
        heads.receive(&event(EventKind::Assigned, 5));
        heads.receive(&event(EventKind::Deactivated, 5));
        assert!(heads.is_unassigned(), "in doubt the deactivation counts");
    }

    #[test]
    fn the_newest_status_wins_and_leaves_the_membership_alone() {
        let mut heads = Heads::default();
        heads.receive(&event(EventKind::Assigned, 1));
        assert_eq!(heads.receive(&event(EventKind::Suspended, 5)).verdict, Verdict::New);
        assert_eq!(heads.receive(&event(EventKind::Activated, 4)).verdict, Verdict::Superseded);
        assert!(heads.is_leaving() && heads.is_assigned() && !heads.is_unassigned());
        assert_eq!(heads.receive(&event(EventKind::Deactivated, 5)).verdict, Verdict::EqualTime);
        assert!(heads.is_unassigned());
        let back = heads.receive(&event(EventKind::Activated, 6));
        assert!(back.takes_status && !back.takes_membership && !back.takes_profile);
        assert_eq!((heads.is_leaving(), heads.status), (false, Some((OktaStatus::Active, at(6)))));
    }

    #[test]
    fn a_change_says_nothing_but_look_again_unless_it_carries_a_profile() {
        let mut heads = Heads::default();
        heads.receive(&Event { profile: Some(full("山田")), ..event(EventKind::Assigned, 1) });
        let before = heads;
        let bare = heads.receive(&event(EventKind::Changed, 5));
        assert_eq!((bare.verdict, heads), (Verdict::New, before));
        let named = heads.receive(&Event { profile: Some(thin("Taro")), ..event(EventKind::Changed, 6) });
        assert_eq!((named.verdict, heads), (Verdict::Superseded, before), "thin, and never above a full one");
        let mut heads = Heads::default();
        heads.receive(&Event { profile: Some(thin("Taro")), ..event(EventKind::Assigned, 1) });
        let renamed = heads.receive(&Event { profile: Some(thin("Jiro")), ..event(EventKind::Changed, 6) });
        assert!(renamed.takes_profile && renamed.verdict == Verdict::New);
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

        /// Whatever the order and however often each comes, the same facts stand (times are distinct here).
        #[test]
        fn the_same_facts_stand_in_any_order(
            kinds in proptest::collection::vec(0_usize..6, 1..14),
            twice in any::<u16>(),
            order in any::<u64>(),
        ) {
            let kinds_of = [
                EventKind::Assigned, EventKind::Unassigned, EventKind::Suspended, EventKind::Activated,
                EventKind::Deactivated, EventKind::Changed,
            ];
            let in_order: Vec<Event> =
                kinds.iter().enumerate().map(|(second, kind)| event(kinds_of[*kind], second as i64)).collect();
            let mut disordered = in_order.clone();
            disordered.extend(in_order.iter().enumerate().filter(|(n, _)| twice >> n & 1 == 1).map(|(_, it)| it.clone()));
            fastrand::Rng::with_seed(order).shuffle(&mut disordered);
            let received = |events: &[Event]| {
                let mut heads = Heads::default();
                for event in events {
                    heads.receive(event);
                }
                heads
            };
            prop_assert_eq!(received(&disordered), received(&in_order));
        }
    }
}
