//! What a run read from Okta becomes the facts, but for what an event said later.

use jiff::Timestamp;
use okta_lineworks::domain::assignment::{Assignment, Membership, OktaStatus};
use okta_lineworks::domain::event::{EventKind, ProfileWish, Source, UnassignPolicy};
use okta_lineworks::domain::learnt::Learnt;
use okta_lineworks::domain::marks::{Intent, Marks};
use okta_lineworks::ledger::{Claimed, OktaRecord, Settlement, Store};

use super::{Bench, Verbs, at, event, id, profile, settled, settlement, state_of};
use okta_lineworks::domain::assignment::StateName;
use okta_lineworks::domain::outcome::Cause;

fn learnt(assigned: bool, second: i64) -> Learnt {
    Learnt { at: at(second), is_shown: true, assigned, status: OktaStatus::Active, profile: None }
}

async fn settle_with(store: &dyn Store, claimed: &Claimed, learnt: Learnt, second: i64) -> Assignment {
    let okta = vec![OktaRecord::from(&learnt)];
    let run = settlement(&claimed.assignment, settled(), second);
    let run = Settlement { learnt: Some(learnt), okta, ..run };
    assert!(store.settle(&claimed.lease, run).await.expect("written"));
    store.row(claimed.lease.person.as_str()).await
}

fn membership(row: &Assignment) -> (Membership, Timestamp, Source) {
    let fact = row.facts.membership.as_ref().expect("known");
    (fact.value, fact.occurred, fact.source)
}

fn login(row: &Assignment) -> Option<&str> {
    row.facts.usable_profile().map(|profile| profile.email().as_str())
}

pub async fn what_okta_said_is_kept_with_the_run(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.take_in(super::Event { profile: profile("hook@x.example"), ..event(EventKind::Assigned, "00uA", 0) }).await;
    let claimed = store.claim_one("00uA", 1).await;
    let said = Learnt { profile: profile("okta@x.example"), status: OktaStatus::Suspended, ..learnt(true, 5) };
    let row = settle_with(&*store, &claimed, said.clone(), 6).await;
    assert_eq!(membership(&row), (Membership::Assigned, at(5), Source::Okta));
    let status = row.facts.status.as_ref().expect("known");
    assert_eq!((status.value, status.occurred, status.source), (OktaStatus::Suspended, at(5), Source::Okta));
    assert_eq!((login(&row), row.facts.okta_read), (Some("okta@x.example"), Some(at(5))));
    let attempts = store.history(&id("00uA")).await.expect("readable").attempts;
    assert_eq!(attempts[0].okta, [OktaRecord::from(&said)]);
    assert_eq!(
        (attempts[0].okta[0].membership.as_str(), attempts[0].okta[0].status.as_str()),
        ("assigned", "suspended")
    );
}

pub async fn okta_wins_over_all_the_run_knew_whatever_its_time(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.unassign("00uA", 100).await;
    let claimed = store.claim_one("00uA", 101).await;
    let row = settle_with(&*store, &claimed, learnt(true, 90), 102).await;
    assert_eq!(membership(&row), (Membership::Assigned, at(100), Source::Okta), "its time never goes back");
    assert_eq!(state_of(&row), StateName::Settled);
}

pub async fn of_what_came_during_the_run_the_newest_stands(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (person, occurred, stands) in [("00uA", 50, Source::Okta), ("00uB", 51, Source::Card)] {
        store.assign(person, 0).await;
        let claimed = store.claim_one(person, 1).await;
        store.unassign(person, occurred).await;
        let row = settle_with(&*store, &claimed, learnt(true, 50), 60).await;
        assert_eq!((membership(&row).2, state_of(&row)), (stands, StateName::Due), "{person}");
        assert_eq!(store.claim_one(person, 60).await.assignment.revision, 2, "looked at again anyway");
    }
}

pub async fn whom_okta_shows_as_gone_is_a_leaver_and_keeps_the_last_profile(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    settle_with(&*store, &claimed, Learnt { profile: profile("okta@x.example"), ..learnt(true, 5) }, 6).await;
    store.assign("00uA", 7).await;
    let claimed = store.claim_one("00uA", 7).await;
    let row = settle_with(&*store, &claimed, learnt(false, 8), 9).await;
    assert_eq!((membership(&row).0, login(&row)), (Membership::Unassigned(None), Some("okta@x.example")));
    store.say("00uA", EventKind::Retry, 10).await;
    let leavers = store.claim(super::ClaimRequest { joiners: 0, ..super::request(1, 0, 10) }).await.expect("claimed");
    assert_eq!(leavers.len(), 1, "no joiner");
}

pub async fn a_named_policy_stays_while_okta_agrees(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let policy = Some(UnassignPolicy::Suspend);
    store.take_in(super::Event { policy, ..event(EventKind::Unassigned, "00uA", 0) }).await;
    let claimed = store.claim_one("00uA", 1).await;
    let row = settle_with(&*store, &claimed, learnt(false, 5), 6).await;
    assert_eq!(membership(&row).0, Membership::Unassigned(policy));
    for assigned in [true, false] {
        store.say("00uA", EventKind::Retry, 7).await;
        let claimed = store.claim_one("00uA", 7).await;
        settle_with(&*store, &claimed, learnt(assigned, 8), 9).await;
    }
    assert_eq!(membership(&store.row("00uA").await).0, Membership::Unassigned(None), "it was about the former removal");
}

pub async fn a_named_policy_outlives_one_reading_that_does_not_show_the_removal_yet(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let policy = Some(UnassignPolicy::Suspend);
    for (person, readings, named) in [("00uA", 1, policy), ("00uB", 2, None)] {
        store.take_in(super::Event { policy, ..event(EventKind::Unassigned, person, 0) }).await;
        for _ in 0..readings {
            let claimed = store.claim_one(person, 7).await;
            let row = settle_with(&*store, &claimed, learnt(true, 5), 6).await;
            assert_eq!(membership(&row).0, Membership::Assigned);
            store.say(person, EventKind::Retry, 7).await;
        }
        let claimed = store.claim_one(person, 7).await;
        let gone = claimed.assignment.facts.with_learnt(&learnt(false, 8));
        assert_eq!(gone.membership.map(|fact| fact.value), Some(Membership::Unassigned(named)), "{person}");
        let row = settle_with(&*store, &claimed, learnt(false, 8), 9).await;
        assert_eq!(membership(&row).0, Membership::Unassigned(named), "{person}");
    }
    // Whoever gets the app anew has left no removal behind.
    store.take_in(super::Event { policy, ..event(EventKind::Unassigned, "00uC", 0) }).await;
    let claimed = store.claim_one("00uC", 1).await;
    settle_with(&*store, &claimed, learnt(true, 5), 6).await;
    store.assign("00uC", 8).await;
    assert_eq!(store.row("00uC").await.facts.named_policy, None);
}

pub async fn a_ruling_is_void_once_okta_says_otherwise(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (person, assigned) in [("00uA", false), ("00uB", true)] {
        store.unassign(person, 0).await;
        store.hold(person, Cause::CapReached, 1).await;
        store.say(person, EventKind::Approve, 2).await;
        let claimed = store.claim_one(person, 3).await;
        assert!(claimed.assignment.ruling.is_some());
        let row = settle_with(&*store, &claimed, learnt(assigned, 4), 5).await;
        assert_eq!(row.ruling.is_none(), assigned, "{person}");
    }
}

pub async fn the_count_towards_a_deletion_ends_when_okta_shows_the_person_again(bench: &dyn Bench) {
    let store = bench.open(at(0));
    let cases = [
        ("00uA", true, OktaStatus::Active, false),
        ("00uB", true, OktaStatus::Deactivated, true),
        ("00uC", false, OktaStatus::Active, true),
    ];
    for (person, assigned, status, counts) in cases {
        store.unassign(person, 0).await;
        let claimed = store.claim_one(person, 1).await;
        let marks = Marks {
            suspend: Some(Intent { at: at(1), confirmed: true }),
            unassigned_seen: Some(at(1)),
            ..Marks::default()
        };
        let said = Learnt { status, ..learnt(assigned, 4) };
        let run = Settlement { marks, learnt: Some(said), ..settlement(&claimed.assignment, settled(), 5) };
        assert!(store.settle(&claimed.lease, run).await.expect("written"));
        assert_eq!(store.row(person).await.marks.unassigned_seen.is_some(), counts, "{person}");
    }
}

pub async fn what_an_earlier_run_said_is_known_until_an_event_comes(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    assert_eq!(claimed.assignment.said_before, None);
    let note = okta_lineworks::domain::outcome::Reason::of(Cause::OktaSaysOtherwise);
    let state =
        okta_lineworks::domain::assignment::State::Settled { look_again: Some(at(5)), note: Some(note.clone()) };
    store.settle_in(&claimed, state.clone(), 2).await;
    let claimed = store.claim_one("00uA", 5).await;
    assert_eq!(claimed.assignment.said_before, Some(note));
    store.settle_in(&claimed, state, 6).await;
    store.assign("00uA", 7).await;
    assert_eq!(store.claim_one("00uA", 8).await.assignment.said_before, None);
}

pub async fn a_deactivated_persons_deleted_member_is_found_by_the_login_okta_had(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 1).await;
    let okta: Option<ProfileWish> = profile("okta@x.example");
    settle_with(&*store, &claimed, Learnt { profile: okta, ..learnt(true, 4) }, 5).await;
    // The event of the removal knows another login.
    let hook = super::Event { profile: profile("hook@x.example"), ..event(EventKind::Unassigned, "00uA", 6) };
    store.take_in(hook).await;
    let claimed = store.claim_one("00uA", 6).await;
    let said = Learnt { status: OktaStatus::Deactivated, ..learnt(true, 7) };
    let marks = Marks { delete: Some(Intent { at: at(1), confirmed: true }), ..Marks::default() };
    let run = settlement(&claimed.assignment, settled(), 8);
    let run = Settlement { marks, learnt: Some(said), member_id: "m-1".parse().ok(), ..run };
    assert!(store.settle(&claimed.lease, run).await.expect("written"));
    let found = store.deleted_with_login("okta@x.example", &id("00uB")).await.expect("readable");
    assert_eq!(found, Some(id("00uA")));
}

pub async fn whoever_has_the_app_again_after_a_deactivation_is_no_leaver_whose_member_goes_on(bench: &dyn Bench) {
    let store = bench.open(at(0));
    // Who got the app after the deactivation, and who had it before.
    for (person, login, assigned, gone) in
        [("00uA", "first@x.example", 9, false), ("00uB", "second@x.example", 3, true)]
    {
        store.take_in(super::Event { profile: profile(login), ..event(EventKind::Assigned, person, 2) }).await;
        store.take_in(event(EventKind::Deactivated, person, 4)).await;
        let claimed = store.claim_one(person, 5).await;
        let marks = Marks { delete: Some(Intent { at: at(5), confirmed: true }), ..Marks::default() };
        let member_id = format!("m-{person}").parse().ok();
        let run = Settlement { marks, member_id, ..settlement(&claimed.assignment, settled(), 6) };
        assert!(store.settle(&claimed.lease, run).await.expect("written"));
        store.assign(person, assigned).await;
        let found = store.deleted_with_login(login, &id("00uNEW")).await.expect("readable");
        assert_eq!(found.is_some(), gone, "{person}");
    }
}
