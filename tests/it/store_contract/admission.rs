//! What a call passes on its way out: the slot, the cap, the intent.

use std::time::Duration;

use okta_lineworks::domain::event::EventKind;
use okta_lineworks::domain::marks::{Intent, Marks};
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::ledger::{Admission, Admitted, Claimed, Store};
use okta_lineworks::lineworks::{Operation, Quota};

use super::{Bench, Verbs, admit, at, at_ms, call, settled, suspension};

const READ: Operation = Operation::GetMember;

async fn working(store: &dyn Store, person: &str) -> Claimed {
    store.assign(person, 0).await;
    store.claim_one(person, 0).await
}

/// How many calls pass at this moment.
async fn pass(store: &dyn Store, claimed: &Claimed, admission: &Admission) -> u32 {
    let mut passed = 0;
    while admit(store, &claimed.lease, admission.clone()).await == Admitted::Go {
        passed += 1;
    }
    passed
}

fn leaver(admission: Admission) -> Admission {
    Admission { leaving: true, ..admission }
}

pub async fn a_burst_passes_and_then_the_sustained_pace(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 10);
    let next = admit(&*store, &claimed.lease, leaver(call(READ, at(0)))).await;
    assert_eq!(next, Admitted::Until(at(1)), "one a second");
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at_ms(999)))).await, 0);
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(3)))).await, 3);
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(3600)))).await, 10, "never more than the burst");
}

pub async fn every_operation_has_slots_of_its_own_and_they_outlive_a_restart(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 10);
    assert_eq!(pass(&*store, &claimed, &leaver(call(Operation::CreateMember, at(0)))).await, 10);
    drop(store);
    let store = bench.open(at(0));
    let claimed = store.claim_one("00uA", 40).await;
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(2)))).await, 2);
}

pub async fn an_empty_bucket_is_filled_again_after_the_clock_was_set_back(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(3600)))).await, 10);
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 0, "none is lent");
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(3)))).await, 3);
}

pub async fn joiners_leave_a_reserve_to_leavers(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    assert_eq!(pass(&*store, &claimed, &call(READ, at(0))).await, 9, "a tenth of the burst stays");
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 1);
    assert_eq!(admit(&*store, &claimed.lease, call(READ, at(0))).await, Admitted::Until(at(2)));
    assert_eq!(admit(&*store, &claimed.lease, leaver(call(READ, at(0)))).await, Admitted::Until(at(1)));
}

pub async fn nothing_passes_before_the_reset_lineworks_named(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    let none_left = Quota { remaining: 0, reset: Duration::from_secs(34) };
    store.learn_quota(READ, none_left, at(0)).await.expect("written");
    for admission in [call(READ, at(1)), leaver(call(READ, at(33)))] {
        assert_eq!(admit(&*store, &claimed.lease, admission).await, Admitted::Until(at(34)));
    }
    let shorter = Quota { remaining: 0, reset: Duration::from_secs(3) };
    store.learn_quota(READ, shorter, at(10)).await.expect("written");
    let now = leaver(call(READ, at(20)));
    assert_eq!(admit(&*store, &claimed.lease, now).await, Admitted::Until(at(34)), "the later reset counts");
    assert_eq!(admit(&*store, &claimed.lease, leaver(call(READ, at(34)))).await, Admitted::Go);
    assert_eq!(admit(&*store, &claimed.lease, call(Operation::PatchMember, at(1))).await, Admitted::Go);
}

pub async fn the_bucket_is_corrected_down_and_never_up(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    let left = |remaining| Quota { remaining, reset: Duration::from_secs(60) };
    store.learn_quota(READ, left(4), at(0)).await.expect("written");
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 4);
    store.learn_quota(READ, left(19), at(0)).await.expect("written");
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 0);
}

pub async fn a_clock_that_jumps_back_lends_no_slots(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let claimed = working(&*store, "00uA").await;
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(100)))).await, 10);
    assert_eq!(pass(&*store, &claimed, &leaver(call(READ, at(0)))).await, 0);
}

pub async fn an_intent_is_on_disk_before_the_call_may_start(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    let marks = Marks { suspend: Some(Intent { at: at(1), confirmed: false }), ..Marks::default() };
    assert_eq!(admit(&*store, &claimed.lease, suspension(marks, 1)).await, Admitted::Go);
    drop(store);
    let store = bench.open(at(2));
    assert_eq!(store.row("00uA").await.marks.suspend, marks.suspend);
}

pub async fn no_intent_is_written_for_a_call_that_may_not_start(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    let pause = Quota { remaining: 0, reset: Duration::from_secs(60) };
    store.learn_quota(Operation::SuspendMember, pause, at(0)).await.expect("written");
    let marks = Marks { suspend: Some(Intent { at: at(1), confirmed: false }), ..Marks::default() };
    assert!(matches!(admit(&*store, &claimed.lease, suspension(marks, 1)).await, Admitted::Until(_)));
    assert_eq!(store.row("00uA").await.marks.suspend, None);
}

/// Lets this many other people be suspended at this second.
async fn suspend_others(store: &dyn Store, count: usize, second: i64) {
    for n in 0..count {
        let person = format!("00uOTHER{second}x{n}");
        store.unassign(&person, second).await;
        let claimed = store.claim_one(&person, second).await;
        assert_eq!(admit(store, &claimed.lease, suspension(Marks::default(), second)).await, Admitted::Go);
        store.settle_in(&claimed, settled(), second).await;
    }
}

pub async fn destructive_steps_have_a_cap_per_rolling_hour(bench: &dyn Bench) {
    let store = bench.open(at(0));
    suspend_others(&*store, 1, 0).await;
    suspend_others(&*store, 2, 1_800).await;
    store.unassign("00uA", 2_000).await;
    let claimed = store.claim_one("00uA", 2_000).await;
    let at_second = async |second| admit(&*store, &claimed.lease, suspension(Marks::default(), second)).await;
    assert_eq!(at_second(2_000).await, Admitted::CapReached);
    assert_eq!(at_second(3_599).await, Admitted::CapReached, "an hour rolls, it does not strike");
    let harmless = leaver(call(Operation::SuspendMember, at(3_599)));
    assert_eq!(admit(&*store, &claimed.lease, harmless).await, Admitted::Go, "a call that takes nothing away");
    assert_eq!(at_second(3_600).await, Admitted::Go);
}

pub async fn a_step_that_is_tried_again_counts_once(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    for second in 0..3 {
        let again = admit(&*store, &claimed.lease, suspension(Marks::default(), second)).await;
        assert_eq!(again, Admitted::Go);
    }
    store.settle_in(&claimed, settled(), 4).await;
    suspend_others(&*store, 2, 5).await;
    store.say("00uA", EventKind::Retry, 6).await;
    let claimed = store.claim_one("00uA", 7).await;
    let next = Admission { revision: claimed.assignment.revision, ..suspension(Marks::default(), 7) };
    assert_eq!(admit(&*store, &claimed.lease, next).await, Admitted::CapReached, "a new revision is a new step");
    let former = suspension(Marks::default(), 8);
    assert_eq!(admit(&*store, &claimed.lease, former).await, Admitted::Go, "what was let through stays so");
}

pub async fn an_approved_step_passes_the_cap(bench: &dyn Bench) {
    let store = bench.open(at(0));
    suspend_others(&*store, 3, 0).await;
    store.unassign("00uA", 1).await;
    store.hold("00uA", Cause::CapReached, 1).await;
    store.say("00uA", EventKind::Approve, 2).await;
    let claimed = store.claim_one("00uA", 3).await;
    let revision = claimed.assignment.revision;
    let step = Admission { revision, ..suspension(Marks::default(), 3) };
    assert_eq!(admit(&*store, &claimed.lease, step.clone()).await, Admitted::CapReached);
    assert_eq!(admit(&*store, &claimed.lease, Admission { approved: true, ..step }).await, Admitted::Go);
}
