//! People who wait for something that concerns all of them.

use okta_lineworks::domain::assignment::{State, StateName};
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::ledger::Store;

use super::{Bench, Verbs, at, people, settlement, state_of};

/// Lets a person wait for an hour, from this second on.
async fn wait_for(store: &dyn Store, person: &str, cause: Cause, second: i64) {
    store.assign(person, second).await;
    let claimed = store.claim_one(person, second).await;
    let state = State::Waiting { until: at(second + 3600), reason: Reason::of(cause) };
    assert!(store.settle_in(&claimed, state, second).await);
}

pub async fn those_who_wait_for_a_cause_are_due_when_it_is_over(bench: &dyn Bench) {
    let store = bench.open(at(0));
    wait_for(&*store, "00uA", Cause::ScimTokenRefused, 0).await;
    wait_for(&*store, "00uB", Cause::NoSeatLeft, 1).await;
    wait_for(&*store, "00uC", Cause::ScimTokenRefused, 2).await;
    store.assign("00uD", 3).await;
    store.hold("00uD", Cause::ScimTokenRefused, 3).await;
    let released = store.release_waiting(Cause::ScimTokenRefused, usize::MAX, at(10)).await.expect("written");
    assert_eq!(released, 2, "neither who waits for something else nor who is held");
    let row = store.row("00uA").await;
    assert_eq!((state_of(&row), row.state.reason()), (StateName::Due, None));
    assert_eq!(state_of(&store.row("00uB").await), StateName::Waiting);
    let mut claimed = people(&store.claim_all(10).await).join(" ");
    claimed.make_ascii_lowercase();
    assert_eq!(claimed, "00ua 00uc");
}

pub async fn only_as_many_are_released_as_asked_for_and_the_longest_waiting_first(bench: &dyn Bench) {
    let store = bench.open(at(0));
    for (second, person) in ["00uC", "00uA", "00uB"].into_iter().enumerate() {
        wait_for(&*store, person, Cause::NoSeatLeft, i64::try_from(second).expect("small")).await;
    }
    assert_eq!(store.release_waiting(Cause::NoSeatLeft, 1, at(10)).await.expect("written"), 1);
    assert_eq!(people(&store.claim_all(10).await), ["00uC"]);
    assert_eq!(store.release_waiting(Cause::NoSeatLeft, 5, at(11)).await.expect("written"), 2);
    assert_eq!(store.release_waiting(Cause::NoSeatLeft, 5, at(11)).await.expect("written"), 0);
}

pub async fn a_release_does_not_shorten_the_wait_after_an_unclear_call(bench: &dyn Bench) {
    let store = bench.open(at(0));
    store.assign("00uA", 0).await;
    let claimed = store.claim_one("00uA", 0).await;
    let state = State::Waiting { until: at(3600), reason: Reason::of(Cause::ScimTokenRefused) };
    let mut run = settlement(&claimed.assignment, state, 1);
    run.marks.unclear_until = Some(at(60));
    assert!(store.settle(&claimed.lease, run).await.expect("written"));
    store.release_waiting(Cause::ScimTokenRefused, usize::MAX, at(10)).await.expect("written");
    assert!(store.claim_all(59).await.is_empty());
    assert_eq!(people(&store.claim_all(60).await), ["00uA"]);
}
