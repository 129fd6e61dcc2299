//! A leaver's member goes on to the assignment of somebody who came back with a new Okta id.

use okta_lineworks::domain::assignment::StateName;
use okta_lineworks::domain::event::{Event, EventKind};
use okta_lineworks::domain::marks::{Intent, Marks};
use okta_lineworks::ledger::{Settlement, Store, TakeOver};

use super::{Bench, Verbs, at, event, id, profile, settled, settlement, state_of, waiting};

const LOGIN: &str = "hanako@sandbox.example";

fn deleted_at(second: i64) -> Marks {
    let done = Some(Intent { at: at(second), confirmed: true });
    Marks { suspend: done, delete: done, ..Marks::default() }
}

/// `00uOLD` has left; we put its member `m-1` into a group and deleted it.
async fn has_left(store: &dyn Store, marks: Marks) {
    store.take_in(Event { profile: profile(LOGIN), ..event(EventKind::Assigned, "00uOLD", 0) }).await;
    store.unassign("00uOLD", 1).await;
    let claimed = store.claim_one("00uOLD", 1).await;
    let run = settlement(&claimed.assignment, settled(), 2);
    let groups = vec!["externalKey:sales".to_owned()];
    let run = Settlement { member_id: "m-1".parse().ok(), external_key: "00uOLD".parse().ok(), marks, groups, ..run };
    assert!(store.settle(&claimed.lease, run).await.expect("written"));
}

async fn taken(store: &dyn Store, claimed: &okta_lineworks::ledger::Claimed, second: i64) -> TakeOver {
    store.take_over(&claimed.lease, &id("00uOLD"), at(second)).await.expect("written")
}

pub async fn a_leavers_member_goes_on_with_all_that_is_remembered(bench: &dyn Bench) {
    let store = bench.open(at(0));
    has_left(&*store, deleted_at(2)).await;
    store.assign("00uNEW", 3).await;
    let claimed = store.claim_one("00uNEW", 3).await;
    let expected = TakeOver::Done {
        member_id: "m-1".parse().ok(),
        marks: deleted_at(2),
        groups: vec!["externalKey:sales".to_owned()],
    };
    // The second time is after a crash in between: nothing of it is lost.
    for _ in 0..2 {
        assert_eq!(taken(&*store, &claimed, 4).await, expected);
        let (new, old) = (store.row("00uNEW").await, store.row("00uOLD").await);
        assert_eq!((new.member_id, new.marks), ("m-1".parse().ok(), deleted_at(2)));
        assert_eq!((old.member_id, old.external_key, old.marks), (None, None, Marks::default()));
        assert_eq!((old.groups, old.yielded_to), (Vec::new(), Some(id("00uNEW"))));
        assert_eq!((old.state.name(), old.applied_revision), (StateName::Settled, 2));
    }
}

pub async fn a_leaver_at_work_or_unclear_is_not_taken_over(bench: &dyn Bench) {
    let store = bench.open(at(0));
    has_left(&*store, Marks { unclear_until: Some(at(20)), ..Marks::default() }).await;
    store.assign("00uNEW", 3).await;
    let claimed = store.claim_one("00uNEW", 3).await;
    assert_eq!(taken(&*store, &claimed, 19).await, TakeOver::Busy);
    store.unassign("00uOLD", 18).await;
    let old = store.claim_one("00uOLD", 20).await;
    assert_eq!(taken(&*store, &claimed, 21).await, TakeOver::Busy);
    store.settle_in(&old, waiting(99), 21).await;
    // Its effect may come very late: whoever has the member now looks once more.
    let TakeOver::Done { marks, .. } = taken(&*store, &claimed, 22).await else { panic!("nobody is at work") };
    assert_eq!((marks.unclear_until, store.row("00uNEW").await.marks), (Some(at(20)), marks));
}

pub async fn nobody_is_taken_over_who_is_assigned_or_by_a_lost_lease(bench: &dyn Bench) {
    let store = bench.open(at(0));
    has_left(&*store, Marks::default()).await;
    store.assign("00uNEW", 3).await;
    let claimed = store.claim_one("00uNEW", 3).await;
    store.assign("00uOLD", 4).await;
    assert_eq!(taken(&*store, &claimed, 5).await, TakeOver::Refused);
    store.unassign("00uOLD", 5).await;
    store.settle_in(&claimed, settled(), 6).await;
    assert_eq!(taken(&*store, &claimed, 7).await, TakeOver::Refused);
    let old = store.row("00uOLD").await;
    assert_eq!((state_of(&old), old.yielded_to), (StateName::Due, None));
}

/// Whatever became of that run: a process that dies in it settles nothing.
pub async fn who_is_assigned_again_has_yielded_nothing_once_worked_on(bench: &dyn Bench) {
    let store = bench.open(at(0));
    has_left(&*store, Marks::default()).await;
    store.assign("00uNEW", 3).await;
    let claimed = store.claim_one("00uNEW", 3).await;
    assert!(matches!(taken(&*store, &claimed, 4).await, TakeOver::Done { .. }));
    store.unassign("00uOLD", 5).await;
    assert_eq!(store.claim_one("00uOLD", 5).await.assignment.yielded_to, Some(id("00uNEW")), "still a leaver");
    store.assign("00uOLD", 6).await;
    drop(store);
    let store = bench.open(at(7));
    assert_eq!(store.claim_one("00uOLD", 99).await.assignment.yielded_to, None);
    store.unassign("00uOLD", 100).await;
    assert_eq!(store.row("00uOLD").await.yielded_to, None);
}

pub async fn a_deleted_member_is_found_by_its_login(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let found = async |login: &str, except: &str| {
        store.deleted_with_login(login, &id(except)).await.expect("readable").map(|person| person.to_string())
    };
    has_left(&*store, deleted_at(2)).await;
    assert_eq!(found(LOGIN, "00uNEW").await.as_deref(), Some("00uOLD"));
    assert_eq!(found(LOGIN, "00uOLD").await, None, "the asker itself");
    assert_eq!(found("taro@sandbox.example", "00uNEW").await, None);
    store.assign("00uOLD", 5).await;
    assert_eq!(found(LOGIN, "00uNEW").await, None, "is assigned again");
}
