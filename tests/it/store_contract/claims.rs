//! Leases: who may work on whom, and who no longer may.

use okta_lineworks::domain::assignment::StateName;
use okta_lineworks::domain::event::EventKind;
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::ledger::{Admitted, Heard};
use okta_lineworks::lineworks::Operation;

use super::{Bench, Verbs, admit, at, call, id, people, request, settled, state_of, suspension, waiting};

pub async fn leavers_go_first_then_the_longest_due(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uJOINS1", 1).await;
    store.assign("00uJOINS2", 2).await;
    store.unassign("00uLEAVES2", 4).await;
    store.unassign("00uLEAVES1", 3).await;
    let claimed = store.claim(request(3, 3, 5)).await.expect("claimed");
    assert_eq!(people(&claimed), ["00uLEAVES1", "00uLEAVES2", "00uJOINS1"]);
    assert_eq!(people(&store.claim_all(5).await), ["00uJOINS2"], "the others are taken");
}

pub async fn joiners_have_a_limit_of_their_own(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for n in 0..4 {
        store.assign(&format!("00uJOINS{n}"), n).await;
    }
    store.unassign("00uLEAVES", 9).await;
    let claimed = store.claim(request(4, 2, 10)).await.expect("claimed");
    assert_eq!(people(&claimed), ["00uLEAVES", "00uJOINS0", "00uJOINS1"]);
    assert!(store.claim(request(4, 0, 10)).await.expect("claimed").is_empty());
}

pub async fn nobody_is_claimed_before_their_time(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    store.settle_in(&claimed, waiting(100), 1).await;
    assert!(store.claim_all(99).await.is_empty());
    assert_eq!(store.next_due().await.expect("readable"), Some(at(100)));
    assert_eq!(store.claim_all(100).await.len(), 1);
}

pub async fn a_row_at_work_here_is_never_claimed_again(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    assert_eq!(store.claim_all(0).await.len(), 1);
    store.assign("00uA", 1).await;
    assert_eq!(state_of(&store.row("00uA").await), StateName::Running);
    assert!(store.claim_all(3600).await.is_empty(), "even when the clock jumps an hour ahead");
    assert_eq!(store.next_due().await.expect("readable"), None, "and it is no reason to look again");
}

pub async fn a_lost_lease_touches_nothing(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let lost = store.claim_one("00uA", 0).await;
    drop(store);
    let store = bench.open(at(0));
    let mine = store.claim_one("00uA", 40).await;
    let before = store.row("00uA").await;
    for admission in [call(Operation::GetMember, at(41)), suspension(Marks::default(), 41)] {
        assert_eq!(admit(&*store, &lost.lease, admission).await, Admitted::LeaseLost);
    }
    assert!(!store.settle_in(&lost, settled(), 41).await);
    store.abandon(&lost.lease).await.expect("answered");
    assert_eq!(store.row("00uA").await, before);
    assert!(store.history(&id("00uA")).await.expect("readable").attempts.is_empty());
    assert!(store.settle_in(&mine, settled(), 42).await, "the one who has it goes on");
    assert!(!store.settle_in(&mine, settled(), 43).await, "and settles once");
    assert_eq!(admit(&*store, &mine.lease, call(Operation::GetMember, at(43))).await, Admitted::LeaseLost);
}

pub async fn a_call_renews_the_lease(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    assert_eq!(admit(&*store, &claimed.lease, call(Operation::GetMember, at(25))).await, Admitted::Go);
    store.abandon(&claimed.lease).await.expect("written");
    assert!(store.claim_all(64).await.is_empty(), "25 s, and 30 s of lease, and 10 s of grace");
    assert_eq!(store.claim_all(65).await.len(), 1);
}

pub async fn an_abandoned_person_is_taken_over_after_lease_and_grace(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let broken = store.claim_one("00uA", 0).await;
    store.abandon(&broken.lease).await.expect("written");
    store.assign("00uA", 1).await;
    assert!(store.claim_all(39).await.is_empty());
    assert_eq!(store.next_due().await.expect("readable"), Some(at(40)));
    let taken_over = store.claim_one("00uA", 40).await;
    assert!(!store.settle_in(&broken, settled(), 41).await);
    assert!(store.settle_in(&taken_over, settled(), 41).await);
}

pub async fn an_operators_word_waits_for_a_run_in_progress(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    assert_eq!(store.say("00uA", EventKind::Retry, 1).await, Heard::Due(2));
    assert!(store.claim_all(2).await.is_empty());
    store.settle_in(&claimed, settled(), 3).await;
    assert_eq!(store.claim_one("00uA", 3).await.assignment.revision, 2);
}
