//! What the ledger is asked, and what it forgets.

use okta_lineworks::domain::assignment::StateName;
use okta_lineworks::domain::event::{Event, EventKind, Source};
use okta_lineworks::ledger::{IgnoredEvent, Incoming, ListRequest, NotedEvent, NotedRequest, Store};

use super::{Bench, Verbs, at, event, id, profile, settled, settlement, waiting};

async fn listed(store: &dyn Store, request: ListRequest) -> Vec<String> {
    let request = ListRequest { limit: if request.limit == 0 { 100 } else { request.limit }, ..request };
    store.list(request).await.expect("readable").iter().map(|row| row.person.to_string()).collect()
}

pub async fn a_list_is_ordered_filtered_and_paged(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for person in ["00uC", "00uA", "00uB"] {
        let email = format!("mail-{}@Example.com", &person[3..]);
        store.take_in(Event { profile: profile(&email), ..event(EventKind::Assigned, person, 0) }).await;
    }
    let claimed = store.claim_one("00uB", 1).await;
    let member = settlement(&claimed.assignment, settled(), 1);
    let member = okta_lineworks::ledger::Settlement { member_id: "M-99".parse().ok(), ..member };
    store.settle(&claimed.lease, member).await.expect("written");
    assert_eq!(listed(&*store, ListRequest::default()).await, ["00uA", "00uB", "00uC"]);
    let page = ListRequest { after: Some(id("00uA")), limit: 1, ..ListRequest::default() };
    assert_eq!(listed(&*store, page).await, ["00uB"]);
    let only = |state| ListRequest { state: Some(state), ..ListRequest::default() };
    assert_eq!(listed(&*store, only(StateName::Settled)).await, ["00uB"]);
    assert!(listed(&*store, only(StateName::Parked)).await.is_empty());
    let asked = |text: &str| ListRequest { query: Some(text.into()), ..ListRequest::default() };
    for (text, found) in [("ub", "00uB"), ("L-C@EXAMPLE", "00uC"), ("m-99", "00uB")] {
        assert_eq!(listed(&*store, asked(text)).await, [found], "{text}");
    }
    assert!(listed(&*store, asked("%")).await.is_empty(), "no wildcards");
}

pub async fn a_history_shows_the_newest_first(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for second in 0..3 {
        store.assign("00uA", second).await;
        let claimed = store.claim_one("00uA", second).await;
        store.settle_in(&claimed, settled(), second).await;
    }
    store.assign("00uB", 9).await;
    let history = store.history(&id("00uA")).await.expect("readable");
    let revisions: Vec<_> = history.events.iter().map(|it| it.revision).collect();
    assert_eq!(revisions, [Some(3), Some(2), Some(1)]);
    let attempts: Vec<_> = history.attempts.iter().map(|it| it.revision).collect();
    assert_eq!(attempts, [3, 2, 1]);
}

pub async fn what_is_about_nobody_is_listed_newest_first(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    for second in 1..4 {
        let note = Some(format!("number {second}"));
        let caller = "test".to_owned();
        let event = NotedEvent { kind: "token_handed_out", source: Source::Broker, caller, at: at(second), note };
        store.note(event).await.expect("written");
    }
    let ignored = IgnoredEvent {
        person: None,
        key: None,
        kind: "user.session.start".into(),
        note: "not one of ours".into(),
        source: Source::Hook,
        caller: "test".into(),
        occurred: at(4),
        arrived: at(4),
    };
    store.accept(vec![Incoming::Ignored(ignored)]).await.expect("written");
    let noted = |before, limit| store.noted(NotedRequest { before, limit });
    let page = noted(None, 2).await.expect("readable");
    let kinds: Vec<_> = page.iter().map(|it| (it.kind.as_str(), it.verdict.as_str())).collect();
    assert_eq!(kinds, [("user.session.start", "ignored"), ("token_handed_out", "noted")]);
    assert_eq!((page[1].source.as_str(), page[1].arrived_at), ("broker", at(3)));
    let rest = noted(Some(page[1].number), 9).await.expect("readable");
    let notes: Vec<_> = rest.iter().filter_map(|it| it.note.as_deref()).collect();
    assert_eq!(notes, ["number 2", "number 1"]);
}

pub async fn a_tally_counts_people_per_state(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for person in ["00uA", "00uB", "00uC"] {
        store.assign(person, 0).await;
    }
    assert_eq!(store.tally(at(0)).await.expect("readable").due_now, 3);
    let claimed = store.claim_all(0).await;
    store.settle_in(&claimed[0], settled(), 1).await;
    store.settle_in(&claimed[1], waiting(10), 1).await;
    let tally = store.tally(at(5)).await.expect("readable");
    let count = |name| tally.states.iter().find(|(state, _)| *state == name).map_or(0, |(_, count)| *count);
    assert_eq!(tally.due_now, 0);
    let counts = [StateName::Settled, StateName::Waiting, StateName::Running, StateName::Due].map(count);
    assert_eq!(counts, [1, 1, 1, 0]);
    assert_eq!(store.tally(at(10)).await.expect("readable").due_now, 1);
}

pub async fn the_earliest_moment_is_what_falls_due_next(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let next = async || store.next_due().await.expect("readable");
    assert_eq!(next().await, None);
    for (person, until) in [("00uA", 300), ("00uB", 200)] {
        store.assign(person, 0).await;
        let claimed = store.claim_one(person, 0).await;
        store.settle_in(&claimed, waiting(until), 1).await;
    }
    assert_eq!(next().await, Some(at(200)));
    store.claim_one("00uB", 200).await;
    assert_eq!(next().await, Some(at(300)), "a row at work here is left out");
}

pub async fn a_key_has_one_holder_whoever_asks(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    let run = settlement(&claimed.assignment, settled(), 0);
    let run = okta_lineworks::ledger::Settlement { external_key: "HR-7".parse().ok(), ..run };
    store.settle(&claimed.lease, run).await.expect("written");
    store.assign("00uB", 0).await;
    let holder = async |key: &str, except: &str| store.holder_of_key(key, &id(except)).await.expect("readable");
    assert_eq!(holder("HR-7", "00uB").await, Some(id("00uA")));
    assert_eq!(holder("HR-7", "00uA").await, None, "the asker itself");
    assert_eq!(holder("HR-8", "00uB").await, None);
    assert_eq!(holder("00uB", "00uA").await, Some(id("00uB")), "a person's own id, even before the first run");
}

pub async fn what_there_is_one_of_is_replaced(bench: &dyn Bench) {
    let store = bench.open(at(0));
    assert_eq!(store.load("thing").await.expect("readable"), None);
    for value in [vec![1, 0, 255], Vec::new()] {
        store.save("thing", value.clone(), at(0)).await.expect("written");
        assert_eq!(store.load("thing").await.expect("readable"), Some(value));
    }
    assert_eq!(store.load("other").await.expect("readable"), None);
}

pub async fn old_history_is_forgotten_and_nobody_with_it(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for second in [0, 1_000] {
        store.assign("00uA", second).await;
        let claimed = store.claim_one("00uA", second).await;
        store.settle_in(&claimed, settled(), second).await;
    }
    let before = store.row("00uA").await;
    assert_eq!(store.prune(at(1_000)).await.expect("written"), 2, "one event and one run");
    assert_eq!(store.prune(at(1_000)).await.expect("written"), 0);
    let history = store.history(&id("00uA")).await.expect("readable");
    assert_eq!((history.events.len(), history.attempts.len()), (1, 1));
    assert_eq!(store.row("00uA").await, before);
}

/// What was ignored goes as well.
pub async fn history_is_forgotten_in_small_steps(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let ignored = |n: u32| {
        Incoming::Ignored(IgnoredEvent {
            person: Some(id("00uA")),
            key: Some(format!("e-{n}").parse().expect("a key")),
            kind: "user.odd".into(),
            note: "not ours".into(),
            source: Source::Hook,
            caller: "test".into(),
            occurred: at(0),
            arrived: at(0),
        })
    };
    store.accept((0..600).map(ignored).collect()).await.expect("stored");
    for forgotten in [500, 100, 0] {
        assert_eq!(store.prune(at(1)).await.expect("written"), forgotten);
    }
}

pub async fn who_waits_for_a_person_is_told_when_the_run_ends(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    store.wake().due().await;
    let claimed = store.claim_one("00uA", 0).await;
    let (bell, mut other) = (store.wake().settled(&id("00uA")), store.wake().settled(&id("00uB")));
    store.settle_in(&claimed, settled(), 1).await;
    bell.await.expect("rings");
    assert!(other.try_recv().is_err(), "nobody else is woken");
}
