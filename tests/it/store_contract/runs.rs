//! What a run leaves behind.

use okta_lineworks::domain::assignment::{Assignment, State, StateName};
use okta_lineworks::domain::event::{Event, EventKind};
use okta_lineworks::domain::marks::{Intent, Marks};
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::step::StepKind;
use okta_lineworks::ledger::{Claimed, Settlement, StepRecord, Store};
use okta_lineworks::lineworks::{CallRecord, Operation};

use super::{Bench, Verbs, at, event, id, profile, settled, settlement, state_of, waiting};

async fn settle_as(store: &dyn Store, claimed: &Claimed, change: impl FnOnce(&mut Settlement), second: i64) {
    let mut settlement = settlement(&claimed.assignment, settled(), second);
    change(&mut settlement);
    assert!(store.settle(&claimed.lease, settlement).await.expect("written"));
}

fn stands(row: &Assignment) -> (StateName, u64, u64) {
    (state_of(row), row.revision, row.applied_revision)
}

pub async fn a_run_is_kept_with_all_it_did(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    let step = StepRecord { step: StepKind::Create, outcome: "done".into(), fields: Vec::new() };
    let call = CallRecord { operation: Operation::CreateMember, status: Some(201), code: None, duration_ms: 12 };
    let mark = Some(Intent { at: at(1), confirmed: true });
    let marks = Marks { suspend: mark, delete: mark, unassigned_seen: Some(at(1)), unclear_until: Some(at(9)) };
    let change = |run: &mut Settlement| {
        (run.steps, run.calls, run.marks) = (vec![step.clone()], vec![call.clone()], marks);
        (run.member_id, run.external_key) = ("m-1".parse().ok(), "00uA".parse().ok());
    };
    settle_as(&*store, &claimed, change, 2).await;
    let row = store.row("00uA").await;
    assert_eq!((stands(&row), row.marks), ((StateName::Settled, 1, 1), marks));
    assert_eq!((row.member_id.expect("kept").as_str(), row.external_key.expect("kept").as_str()), ("m-1", "00uA"));
    let attempts = store.history(&id("00uA")).await.expect("readable").attempts;
    assert_eq!((attempts.len(), attempts[0].revision, attempts[0].state.as_str()), (1, 1, "settled"));
    assert_eq!((&attempts[0].steps, &attempts[0].calls), (&vec![step], &vec![call]));
}

pub async fn a_revision_that_grew_during_the_run_is_due_again(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let held = State::Held { reason: Reason::of(Cause::CapReached), steps: vec![StepKind::Suspend], look_again: None };
    let parked = State::Parked { reason: Reason::of(Cause::LoginTaken) };
    for (n, state) in [settled(), waiting(9_999), held, parked].into_iter().enumerate() {
        let person = format!("00uA{n}");
        store.assign(&person, 0).await;
        let claimed = store.claim_one(&person, 1).await;
        store.unassign(&person, 2).await;
        store.settle_in(&claimed, state, 3).await;
        let row = store.row(&person).await;
        assert_eq!((stands(&row).0, row.revision), (StateName::Due, 2));
        assert_eq!(store.claim_one(&person, 3).await.assignment.revision, 2);
    }
}

pub async fn only_a_settled_run_applies_its_revision(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    store.settle_in(&claimed, waiting(2), 1).await;
    assert_eq!(stands(&store.row("00uA").await), (StateName::Waiting, 1, 0));
    let claimed = store.claim_one("00uA", 2).await;
    store.settle_in(&claimed, settled(), 3).await;
    assert_eq!(stands(&store.row("00uA").await), (StateName::Settled, 1, 1));
}

/// Nothing may start while a call without a clear outcome may still have its effect: not an event, not an operator,
/// not the revision that grew, not a run that was given back.
pub async fn nothing_cuts_the_pause_after_an_unclear_call(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let states = [waiting(5), State::Due, settled(), State::Parked { reason: Reason::of(Cause::LoginTaken) }];
    for (n, state) in states.into_iter().enumerate() {
        let person = format!("00uA{n}");
        store.assign(&person, 0).await;
        let claimed = store.claim_one(&person, 1).await;
        if n % 2 == 0 {
            store.assign(&person, 2).await;
        }
        let change = |run: &mut Settlement| (run.state, run.marks.unclear_until) = (state, Some(at(20)));
        settle_as(&*store, &claimed, change, 3).await;
        assert!(store.claim_all(19).await.is_empty(), "{person}, by itself");
        store.unassign(&person, 4).await;
        store.say(&person, EventKind::Retry, 5).await;
        assert!(store.claim_all(19).await.is_empty(), "{person}");
        store.claim_one(&person, 20).await;
    }
}

pub async fn a_new_assignment_ends_the_count_towards_a_deletion(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    settle_as(&*store, &claimed, |run| run.marks.unassigned_seen = Some(at(1)), 1).await;
    store.unassign("00uA", 2).await;
    assert_eq!(store.row("00uA").await.marks.unassigned_seen, Some(at(1)), "the same wish again");
    let claimed = store.claim_one("00uA", 3).await;
    store.assign("00uA", 4).await;
    store.unassign("00uA", 5).await;
    settle_as(&*store, &claimed, |run| run.marks.unassigned_seen = Some(at(1)), 6).await;
    assert_eq!(store.row("00uA").await.marks.unassigned_seen, None, "also when it came during a run");
}

pub async fn a_member_belongs_to_one_assignment(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for person in ["00uA", "00uB"] {
        store.assign(person, 0).await;
        let claimed = store.claim_one(person, 1).await;
        settle_as(&*store, &claimed, |run| run.member_id = "m-1".parse().ok(), 1).await;
    }
    assert_eq!(store.row("00uA").await.member_id, None, "it moved");
    assert_eq!(store.row("00uB").await.member_id.expect("has it").as_str(), "m-1");
}

pub async fn former_logins_are_kept_until_a_member_is_known(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let with_login = |second| {
        let login = format!("login{second}@sandbox.example");
        Event { profile: profile(&login), ..event(EventKind::Assigned, "00uA", second) }
    };
    store.take_in(with_login(0)).await;
    store.take_in(with_login(1)).await;
    assert!(store.row("00uA").await.former_logins.is_empty(), "nobody can have made a member yet");
    let claimed = store.claim_one("00uA", 2).await;
    for second in [3, 4, 4, 5] {
        store.take_in(with_login(second)).await;
    }
    store.settle_in(&claimed, waiting(6), 6).await;
    let kept = ["login1@sandbox.example", "login3@sandbox.example", "login4@sandbox.example"];
    assert_eq!(store.row("00uA").await.former_logins, kept);
    let claimed = store.claim_one("00uA", 7).await;
    settle_as(&*store, &claimed, |run| run.member_id = "m-1".parse().ok(), 8).await;
    store.take_in(with_login(9)).await;
    assert!(store.row("00uA").await.former_logins.is_empty(), "the member is known by its id");
}

pub async fn failures_are_counted_as_the_run_says(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    settle_as(&*store, &claimed, |run| (run.failures, run.state) = (4, waiting(2)), 1).await;
    assert_eq!(store.claim_one("00uA", 2).await.assignment.failures, 4);
}
