//! Okta statuses come in, in any order, also before anybody knows of the person.

use okta_lineworks::domain::assignment::{OktaStatus, StateName};
use okta_lineworks::domain::event::{Event, EventKind, Receipt, Source, Verdict};
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::ledger::{Settlement, Store};

use super::{Bench, Verbs, at, event, id, profile, settled, settlement, state_of};

fn by_hook(kind: EventKind, person: &str, key: &str, second: i64) -> Event {
    Event { key: Some(key.parse().expect("a key")), source: Source::Hook, ..event(kind, person, second) }
}

async fn hear(store: &dyn Store, kind: EventKind, person: &str, second: i64) -> Receipt {
    store.take_in(by_hook(kind, person, &format!("e-{second}"), second)).await
}

async fn status(store: &dyn Store, person: &str) -> Option<(OktaStatus, i64)> {
    let fact = store.row(person).await.facts.status;
    fact.map(|fact| (fact.value, fact.occurred.duration_since(at(0)).as_secs()))
}

pub async fn the_newest_status_stands_and_every_one_raises_the_revision(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 1).await;
    let suspended = hear(&*store, EventKind::Suspended, "00uA", 10).await;
    assert_eq!((suspended.verdict, suspended.revision), (Verdict::New, 2));
    let late = hear(&*store, EventKind::Activated, "00uA", 5).await;
    assert_eq!((late.verdict, late.revision), (Verdict::Superseded, 3));
    assert_eq!(status(&*store, "00uA").await, Some((OktaStatus::Suspended, 10)));
    let again = hear(&*store, EventKind::Suspended, "00uA", 10).await;
    assert_eq!((again.verdict, again.revision), (Verdict::Duplicate, 3));
    hear(&*store, EventKind::Deactivated, "00uA", 11).await;
    assert_eq!(status(&*store, "00uA").await, Some((OktaStatus::Deactivated, 11)));
    let row = store.row("00uA").await;
    assert_eq!(row.facts.status.map(|fact| fact.source), Some(Source::Hook));
    assert_eq!(row.facts.membership.map(|fact| fact.occurred), Some(at(1)), "the membership is another fact");
}

pub async fn a_status_makes_the_row_due_among_those_who_leave(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (person, kind) in [("00uJOINS", EventKind::Activated), ("00uLEAVES", EventKind::Suspended)] {
        store.assign(person, 0).await;
        let claimed = store.claim_one(person, 1).await;
        store.settle_in(&claimed, settled(), 1).await;
        hear(&*store, kind, person, 2).await;
        assert_eq!(state_of(&store.row(person).await), StateName::Due);
    }
    let claimed = store.claim_all(3).await;
    assert_eq!(super::people(&claimed), ["00uLEAVES", "00uJOINS"]);
}

pub async fn a_status_of_somebody_unknown_makes_no_row_and_counts_once_there_is_one(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (kind, second) in [(EventKind::Activated, 20), (EventKind::Suspended, 30), (EventKind::Changed, 40)] {
        for _ in 0..2 {
            let receipt = hear(&*store, kind, "00uA", second).await;
            assert_eq!((receipt.verdict, receipt.revision), (Verdict::Ignored, 0));
        }
    }
    assert!(store.assignment(&id("00uA")).await.expect("readable").is_none());
    store.assign("00uA", 10).await;
    assert_eq!(status(&*store, "00uA").await, Some((OktaStatus::Suspended, 30)));
    assert!(store.claim_one("00uA", 50).await.assignment.facts.desired(super::SUSPEND).expect("known").is_leaving());
    let history = store.history(&id("00uA")).await.expect("readable").events;
    let told: Vec<_> = history.iter().map(|it| (it.kind.as_str(), it.verdict.as_str(), it.times_seen)).collect();
    let wanted = [("assigned", "new", 1), ("changed", "ignored", 2), ("suspended", "new", 2), ("activated", "new", 2)];
    assert_eq!(told, wanted);
    let copy = hear(&*store, EventKind::Suspended, "00uA", 30).await;
    assert_eq!((copy.verdict, copy.revision), (Verdict::Duplicate, 1), "it counted already");
    let late = hear(&*store, EventKind::Deactivated, "00uA", 25).await;
    assert_eq!((late.verdict, late.revision), (Verdict::Superseded, 2), "a late arrival is older");
}

pub async fn who_is_active_again_is_not_on_the_way_to_a_deletion(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (person, back, counts) in [("00uA", EventKind::Activated, false), ("00uB", EventKind::Changed, true)] {
        store.assign(person, 0).await;
        hear(&*store, EventKind::Deactivated, person, 1).await;
        let claimed = store.claim_one(person, 2).await;
        let marks = Marks { unassigned_seen: Some(at(2)), ..claimed.assignment.marks };
        let run = Settlement { marks, ..settlement(&claimed.assignment, settled(), 2) };
        assert!(store.settle(&claimed.lease, run).await.expect("written"));
        hear(&*store, back, person, 3).await;
        assert_eq!(store.row(person).await.marks.unassigned_seen.is_some(), counts, "{person}");
    }
}

pub async fn a_change_raises_the_revision_and_a_thin_profile_never_stands_above_a_full_one(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.take_in(Event { profile: profile("taro@example.com"), ..event(EventKind::Assigned, "00uA", 1) }).await;
    let before = store.row("00uA").await.facts;
    let bare = hear(&*store, EventKind::Changed, "00uA", 2).await;
    assert_eq!((bare.verdict, bare.revision), (Verdict::New, 2));
    let thin = Event { profile: super::thin("other@example.com"), ..by_hook(EventKind::Changed, "00uA", "e-3", 3) };
    assert_eq!(store.take_in(thin).await.revision, 3);
    assert_eq!(store.row("00uA").await.facts, before);
    store.assign("00uB", 1).await;
    let thin = Event { profile: super::thin("other@example.com"), ..by_hook(EventKind::Changed, "00uB", "e-3", 3) };
    assert_eq!(store.take_in(thin).await.verdict, Verdict::New);
    let profile = store.row("00uB").await.facts.profile.expect("taken");
    assert_eq!((profile.occurred, profile.source), (at(3), Source::Hook));
}

/// Every order of arrival, some of the events twice: the facts are the same, and so is who is worked on.
pub async fn any_order_and_any_copies_end_in_the_same_facts(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let kinds = [
        EventKind::Assigned,
        EventKind::Suspended,
        EventKind::Activated,
        EventKind::Unassigned,
        EventKind::Assigned,
        EventKind::Deactivated,
        EventKind::Suspended,
    ];
    let mut rng = fastrand::Rng::with_seed(7);
    for round in 0..60 {
        let told = &kinds[..rng.usize(2..=kinds.len())];
        let mut order: Vec<usize> = (0..told.len()).chain((0..told.len()).filter(|_| rng.bool())).collect();
        rng.shuffle(&mut order);
        let (disordered, in_order) = (format!("00uD{round}"), format!("00uO{round}"));
        for n in order {
            hear(&*store, told[n], &disordered, n as i64).await;
        }
        for (n, kind) in told.iter().enumerate() {
            hear(&*store, *kind, &in_order, n as i64).await;
        }
        assert_eq!(store.row(&disordered).await.facts, store.row(&in_order).await.facts, "round {round}: {told:?}");
    }
}
