//! What Okta says about nobody in particular; what Okta's System Log told of first; duties.

use std::time::Duration;

use okta_lineworks::domain::assignment::{State, StateName};
use okta_lineworks::domain::event::{Event, EventKind, Receipt, Source, Verdict};
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::step::StepKind;
use okta_lineworks::ledger::org::{OrgEvent, OrgMark, SWEEP_WANTED, app_gone_since};
use okta_lineworks::ledger::{Admission, Admitted, Heard, Incoming, NotedRequest, Store};
use okta_lineworks::lineworks::Operation;

use super::{Bench, Verbs, admit, at, call, event, id, state_of, suspension};

fn said(mark: OrgMark, key: &str, second: i64) -> OrgEvent {
    OrgEvent {
        key: Some(key.parse().expect("a key")),
        kind: format!("{mark:?}"),
        mark,
        note: "a note",
        source: Source::Hook,
        caller: "hook".into(),
        occurred: at(second),
        arrived: at(second),
    }
}

async fn say(store: &dyn Store, event: OrgEvent) -> Receipt {
    store.accept(vec![Incoming::Org(event)]).await.expect("accepted").remove(0)
}

async fn gone(store: &dyn Store, key: &str, second: i64) -> Verdict {
    say(store, said(OrgMark::AppGone, key, second)).await.verdict
}

async fn back(store: &dyn Store, key: &str, second: i64) -> Verdict {
    say(store, said(OrgMark::AppBack, key, second)).await.verdict
}

async fn since(store: &dyn Store) -> Option<jiff::Timestamp> {
    app_gone_since(store).await.expect("readable")
}

pub async fn while_the_app_is_gone_nothing_is_taken_away_that_nobody_approved(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    let step = suspension(Marks::default(), 1);
    assert_eq!(admit(&*store, &claimed.lease, step.clone()).await, Admitted::Go);
    assert_eq!(gone(&*store, "e-1", 1).await, Verdict::New);
    assert_eq!(admit(&*store, &claimed.lease, step.clone()).await, Admitted::OktaAppGone, "though it was let through");
    let deletion = Admission { intent: Some((StepKind::Delete, Marks::default())), ..step.clone() };
    assert_eq!(admit(&*store, &claimed.lease, deletion).await, Admitted::OktaAppGone);
    let approved = Admission { approved: true, ..step };
    assert_eq!(admit(&*store, &claimed.lease, approved).await, Admitted::Go);
    assert_eq!(admit(&*store, &claimed.lease, call(Operation::PatchMember, at(2))).await, Admitted::Go);
    drop(store);
    let store = bench.open(at(60));
    assert_eq!(since(&*store).await, Some(at(1)), "it outlives the process");
}

pub async fn the_newest_word_about_the_app_stands_and_begins_once(bench: &dyn Bench) {
    let store = bench.open(at(0));
    assert_eq!(since(&*store).await, None);
    assert_eq!(back(&*store, "e-0", 5).await, Verdict::Superseded, "nobody said it was gone");
    assert_eq!(gone(&*store, "e-1", 4).await, Verdict::Superseded, "older than that");
    assert_eq!(since(&*store).await, None);
    assert_eq!(gone(&*store, "e-2", 10).await, Verdict::New);
    assert_eq!(gone(&*store, "e-3", 11).await, Verdict::Superseded, "gone already: no second alarm");
    assert_eq!(gone(&*store, "e-2", 10).await, Verdict::Duplicate);
    assert_eq!(since(&*store).await, Some(at(10)));
    assert_eq!(back(&*store, "e-4", 9).await, Verdict::Superseded);
    assert_eq!(since(&*store).await, Some(at(10)));
    assert_eq!(back(&*store, "e-5", 12).await, Verdict::New);
    assert_eq!(since(&*store).await, None);
    assert_eq!(gone(&*store, "e-3", 11).await, Verdict::Duplicate, "a copy says nothing again");
    assert_eq!(since(&*store).await, None);
}

pub async fn whoever_was_held_is_due_when_the_app_is_back(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for person in ["00uA", "00uB", "00uCAP"] {
        store.unassign(person, 0).await;
    }
    gone(&*store, "e-1", 1).await;
    let held = |cause| State::Held { reason: Reason::of(cause), steps: vec![StepKind::Suspend], look_again: None };
    let claimed = store.claim_all(2).await;
    let of = |person: &str| claimed.iter().find(|it| it.lease.person == id(person)).expect("claimed");
    store.settle_in(of("00uA"), held(Cause::OktaAppGone), 3).await;
    store.settle_in(of("00uCAP"), held(Cause::CapReached), 3).await;
    assert!(matches!(store.say("00uA", EventKind::Reject, 4).await, Heard::Due(_)), "it may be ruled on");
    let again = store.claim_one("00uA", 5).await;
    store.settle_in(&again, held(Cause::OktaAppGone), 5).await;
    back(&*store, "e-2", 6).await;
    let row = store.row("00uA").await;
    assert_eq!((state_of(&row), row.state.reason()), (StateName::Due, None));
    assert_eq!(state_of(&store.row("00uCAP").await), StateName::Held, "held for something else");
    // B's run was told that the app is gone before it was back, and settles only now.
    store.settle_in(of("00uB"), held(Cause::OktaAppGone), 7).await;
    assert_eq!(state_of(&store.row("00uB").await), StateName::Due);
    assert_eq!(store.claim_all(8).await.len(), 2);
}

pub async fn what_is_about_nobody_is_kept_once_and_remembered_with_it(bench: &dyn Bench) {
    let store = bench.open(at(0));
    assert_eq!(say(&*store, said(OrgMark::SweepWanted, "e-1", 5)).await.verdict, Verdict::New);
    assert_eq!(say(&*store, said(OrgMark::SweepWanted, "e-1", 9)).await.verdict, Verdict::Duplicate);
    assert_eq!(say(&*store, said(OrgMark::Nothing, "e-1", 9)).await.verdict, Verdict::New, "another type");
    let wanted = store.load(SWEEP_WANTED).await.expect("readable").expect("wanted");
    assert_eq!(wanted, at(5).as_millisecond().to_string().into_bytes(), "a copy wants nothing again");
    let noted = store.noted(NotedRequest { before: None, limit: 10 }).await.expect("readable");
    let kept: Vec<_> = noted.iter().map(|it| (it.kind.as_str(), it.verdict.as_str(), it.times_seen)).collect();
    assert_eq!(kept, [("Nothing", "noted", 1), ("SweepWanted", "noted", 2)]);
    assert_eq!((noted[0].event_id.as_deref(), noted[0].note.as_deref()), (Some("e-1"), Some("a note")));
}

pub async fn what_the_log_told_of_first_is_late_once_when_a_door_brings_it(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let from =
        |source| Event { key: Some("e-1".parse().expect("a key")), source, ..event(EventKind::Assigned, "00uA", 5) };
    let late = async |source| store.take_in(from(source)).await.late;
    assert!(!late(Source::SystemLog).await && !late(Source::SystemLog).await);
    let note = async || store.history(&id("00uA")).await.expect("readable").events[0].note.clone();
    assert!(note().await.is_some_and(|note| note.contains("no hook or card had delivered it")), "{:?}", note().await);
    assert!(late(Source::Hook).await && !late(Source::Hook).await && !late(Source::Card).await);
    assert!(note().await.is_some_and(|note| note.contains("before the hook or card")), "{:?}", note().await);
    let org = |source| OrgEvent { source, ..said(OrgMark::SweepWanted, "e-9", 5) };
    let told = [Source::SystemLog, Source::Hook, Source::Hook];
    let mut late = Vec::new();
    for source in told {
        late.push(say(&*store, org(source)).await.late);
    }
    assert_eq!(late, [false, true, false]);
    let by_hook_first = [Source::Hook, Source::SystemLog, Source::Hook];
    for source in by_hook_first {
        let event = Event { person: id("00uB"), ..from(source) };
        assert!(!store.take_in(event).await.late);
    }
}

pub async fn a_duty_has_one_holder_until_its_time_is_over(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let minute = Duration::from_secs(60);
    let take = async |holder: &str, second| store.take_duty("log", holder, at(second), minute).await.expect("answered");
    assert!(take("one", 0).await && !take("two", 1).await);
    assert!(take("one", 50).await, "renewed");
    assert!(!take("two", 109).await && take("two", 110).await, "over");
    assert!(!take("one", 111).await, "somebody else's by now");
    store.release_duty("log", "one").await.expect("answered");
    assert!(!take("one", 112).await, "only the holder gives it back");
    store.release_duty("log", "two").await.expect("answered");
    assert!(take("one", 113).await);
    assert!(store.take_duty("other", "two", at(113), minute).await.expect("answered"), "another duty");
    let is_shared = store.is_shared();
    drop(store);
    let store = bench.open(at(114));
    // Where nobody else can have the ledger, the duties of whoever had it are nobody's.
    let taken = store.take_duty("log", "two", at(114), minute).await.expect("answered");
    assert_eq!(taken, !is_shared, "it outlives the process where others may go on with it");
}

pub async fn a_value_is_replaced_only_while_it_is_what_it_was(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let replace = async |was: Option<Vec<u8>>, is: Option<Vec<u8>>| {
        let replaced = store.replace("thing", was, is, at(1)).await.expect("answered");
        (replaced, store.load("thing").await.expect("readable"))
    };
    assert_eq!(replace(text("a"), text("b")).await, (false, None), "there is none");
    assert_eq!(replace(None, None).await, (true, None));
    assert_eq!(replace(None, text("a")).await, (true, text("a")));
    assert_eq!(replace(None, text("b")).await, (false, text("a")), "there is one");
    assert_eq!(replace(None, None).await, (false, text("a")));
    assert_eq!(replace(text("b"), text("c")).await, (false, text("a")));
    assert_eq!(replace(text("b"), None).await, (false, text("a")));
    assert_eq!(replace(text("a"), text("b")).await, (true, text("b")));
    store.wake().due().await;
    assert_eq!(replace(text("b"), None).await, (true, None));
}
