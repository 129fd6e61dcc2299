//! Events and operators' words come in.

use okta_lineworks::domain::assignment::{Ruling, State, StateName};
use okta_lineworks::domain::event::{Event, EventKind, Source, Verdict};
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::step::StepKind;
use okta_lineworks::ledger::{Heard, IgnoredEvent, Incoming};

use super::{Bench, Verbs, at, event, id, profile, settled, state_of};

pub async fn every_event_but_a_duplicate_raises_the_revision(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let keyed =
        |kind, key: &str, second| Event { key: Some(key.parse().expect("a key")), ..event(kind, "00uA", second) };
    let first = store.take_in(keyed(EventKind::Assigned, "e-1", 5)).await;
    assert_eq!((first.verdict, first.revision), (Verdict::New, 1));
    let again = store.take_in(keyed(EventKind::Assigned, "e-1", 5)).await;
    assert_eq!((again.verdict, again.revision), (Verdict::Duplicate, 1));
    let late = store.take_in(keyed(EventKind::Unassigned, "e-0", 1)).await;
    assert_eq!((late.verdict, late.revision), (Verdict::Superseded, 2));
    let same_wish = store.take_in(keyed(EventKind::Assigned, "e-2", 6)).await;
    assert_eq!((same_wish.verdict, same_wish.revision), (Verdict::New, 3));
    let other_kind = store.take_in(keyed(EventKind::Unassigned, "e-2", 7)).await;
    assert_eq!((other_kind.verdict, other_kind.revision), (Verdict::New, 4));
}

pub async fn a_duplicate_that_carries_more_is_merged(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let bare = Event { key: Some("e-1".parse().expect("a key")), ..event(EventKind::Assigned, "00uA", 5) };
    store.take_in(bare.clone()).await;
    let rich = Event { profile: profile("taro@example.com"), ..bare };
    let merged = store.take_in(rich.clone()).await;
    assert_eq!((merged.verdict, merged.revision), (Verdict::Merged, 2));
    assert!(store.row("00uA").await.facts.profile.is_some());
    assert_eq!(store.take_in(rich).await.verdict, Verdict::Duplicate);
    let history = store.history(&id("00uA")).await.expect("readable");
    assert_eq!((history.events.len(), history.events[0].times_seen), (1, 3));
}

pub async fn the_same_key_for_another_person_is_another_event(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let of = |person| Event { key: Some("e-1".parse().expect("a key")), ..event(EventKind::Assigned, person, 5) };
    assert_eq!(store.take_in(of("00uA")).await.verdict, Verdict::New);
    assert_eq!(store.take_in(of("00uB")).await.verdict, Verdict::New);
}

pub async fn what_was_ignored_is_kept_once_and_judged_anew(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let ignored = || {
        Incoming::Ignored(IgnoredEvent {
            person: Some(id("00uA")),
            key: Some("e-1".parse().expect("a key")),
            kind: "assigned".into(),
            note: "not understood yet".into(),
            source: Source::Hook,
            caller: "hook".into(),
            occurred: at(5),
            arrived: at(5),
        })
    };
    for _ in 0..2 {
        let receipts = store.accept(vec![ignored()]).await.expect("accepted");
        assert_eq!((receipts[0].verdict, receipts[0].revision), (Verdict::Ignored, 0));
    }
    assert!(store.assignment(&id("00uA")).await.expect("readable").is_none(), "it makes no row");
    let understood = Event { key: Some("e-1".parse().expect("a key")), ..event(EventKind::Assigned, "00uA", 5) };
    assert_eq!(store.take_in(understood).await.verdict, Verdict::New);
    let history = store.history(&id("00uA")).await.expect("readable").events;
    let seen: Vec<_> = history.iter().map(|it| (it.verdict.as_str(), it.times_seen)).collect();
    assert_eq!(seen, [("new", 1), ("ignored", 2)]);
}

pub async fn what_was_accepted_is_there_after_a_restart(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.take_in(Event { profile: profile("taro@example.com"), ..event(EventKind::Assigned, "00uA", 5) }).await;
    let before = store.row("00uA").await;
    drop(store);
    let store = bench.open(at(60));
    assert_eq!(store.row("00uA").await, before);
    assert_eq!(store.claim_all(60).await.len(), 1);
}

pub async fn an_event_makes_the_row_due_whatever_its_state(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let parked = State::Parked { reason: Reason::of(Cause::LoginTaken) };
    let held = State::Held { reason: Reason::of(Cause::CapReached), steps: vec![StepKind::Suspend], look_again: None };
    for (second, state) in [(10, settled()), (20, super::waiting(9_999)), (30, held), (40, parked)] {
        let claimed = store.claim_one("00uA", second).await;
        store.settle_in(&claimed, state, second).await;
        assert!(store.claim_all(second + 1).await.is_empty());
        store.assign("00uA", second + 2).await;
        let row = store.row("00uA").await;
        assert_eq!((state_of(&row), row.state.reason()), (StateName::Due, None));
    }
}

pub async fn a_retry_raises_the_revision_of_whatever_state(bench: &dyn Bench) {
    let store = bench.open(at(0));
    assert_eq!(store.say("00uA", EventKind::Retry, 0).await, Heard::Unknown);
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    store.settle_in(&claimed, State::Parked { reason: Reason::of(Cause::LoginTaken) }, 1).await;
    assert_eq!(store.say("00uA", EventKind::Retry, 2).await, Heard::Due(2));
    assert_eq!(store.claim_one("00uA", 3).await.assignment.revision, 2);
    let history = store.history(&id("00uA")).await.expect("readable");
    assert_eq!((history.events[0].kind.as_str(), history.events[0].caller.as_str()), ("retry", "admin"));
}

pub async fn a_ruling_is_in_force_for_its_revision_only(bench: &dyn Bench) {
    for (word, ruling) in
        [(EventKind::Approve, Ruling::Approved(vec![StepKind::Suspend])), (EventKind::Reject, Ruling::Rejected)]
    {
        let (store, person) = (bench.open(at(0)), if word == EventKind::Approve { "00uA" } else { "00uB" });
        store.unassign(person, 0).await;
        store.hold(person, Cause::CapReached, 1).await;
        assert_eq!(store.say(person, word, 2).await, Heard::Due(2));
        assert_eq!(store.row(person).await.ruling, Some(ruling));
        store.unassign(person, 3).await;
        assert_eq!(store.row(person).await.ruling, None, "a newer event makes it void");
    }
}

pub async fn only_what_is_held_and_approvable_can_be_approved(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    assert_eq!(store.say("00uA", EventKind::Approve, 0).await, Heard::NotHeld(StateName::Due));
    for (n, cause) in [(1, Cause::Administrator), (2, Cause::Protected), (3, Cause::NotOurs)] {
        store.hold("00uA", cause, n).await;
        assert_eq!(store.say("00uA", EventKind::Approve, n).await, Heard::NotApprovable(Reason::of(cause)));
        assert_eq!(state_of(&store.row("00uA").await), StateName::Held, "nothing changed");
        assert!(matches!(store.say("00uA", EventKind::Reject, n).await, Heard::Due(_)), "but it may be rejected");
    }
    store.hold("00uA", Cause::SuspendedByOther, 4).await;
    assert!(matches!(store.say("00uA", EventKind::Approve, 5).await, Heard::Due(_)));
}
