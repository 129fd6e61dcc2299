//! Two replicas on one database: nobody is worked on twice, no limit is passed, nothing that was acknowledged is lost.
//!
//! Here each replica is a store of its own, opened on the same database; only adapters that allow that have these cases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use okta_lineworks::domain::assignment::{Membership, StateName};
use okta_lineworks::domain::event::{Event, EventKind, Receipt, Verdict};
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::ledger::{Admission, Admitted, Claimed, Incoming, Settlement, Store, StoreError, TakeOver};
use okta_lineworks::lineworks::{Operation, Quota};

use super::{
    Bench, LIMITS, Verbs, admit, at, at_ms, call, event, id, people, profile, request, settled, settlement, state_of,
    suspension, waiting,
};

type Replica = Arc<dyn Store>;

fn two(bench: &dyn Bench) -> [Replica; 2] {
    [bench.open(at(0)), bench.open(at(0))]
}

fn keyed(kind: EventKind, person: &str, key: &str, second: i64) -> Event {
    Event { key: Some(key.parse().expect("a key")), ..event(kind, person, second) }
}

/// Runs these at the same time, each in a task of its own.
async fn at_once<T: Send + 'static>(all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = all.into_iter().map(tokio::spawn).collect();
    join_all(tasks).await.into_iter().map(|task| task.expect("no panic")).collect()
}

pub async fn nobody_is_claimed_twice(bench: &dyn Bench) {
    let replicas = two(bench);
    let everybody: BTreeSet<String> = (0..60).map(|n| format!("00uP{n:02}")).collect();
    let events = everybody.iter().map(|person| Incoming::Event(event(EventKind::Assigned, person, 0))).collect();
    replicas[0].accept(events).await.expect("stored");
    let hands = (0..8).map(|n| {
        let store = Arc::clone(&replicas[n % 2]);
        async move {
            let mut mine: Vec<Claimed> = Vec::new();
            // Whoever is locked by others is passed over, so an empty answer is not the end yet.
            for _ in 0..30 {
                mine.extend(store.claim(request(3, 3, 1)).await.expect("claimed"));
            }
            mine
        }
    });
    let claimed: Vec<Claimed> = at_once(hands).await.into_iter().flatten().collect();
    let found: BTreeSet<String> = claimed.iter().map(|it| it.lease.person.to_string()).collect();
    assert_eq!((claimed.len(), found), (60, everybody));
    assert!(claimed.iter().all(|it| it.lease.number == 1));
}

pub async fn a_dead_replicas_people_are_taken_over_after_lease_and_grace(bench: &dyn Bench) {
    let [dead, alive] = two(bench);
    dead.assign("00uA", 0).await;
    let first = dead.claim_one("00uA", 0).await;
    drop(dead);
    alive.assign("00uA", 6).await;
    assert!(alive.claim_all(39).await.is_empty(), "30 s of lease and 10 s of grace");
    assert_eq!(alive.next_due().await.expect("readable"), Some(at(40)));
    let second = alive.claim_one("00uA", 40).await;
    assert!(second.lease.number > first.lease.number);
    assert_eq!(second.assignment.marks.second_look(), Some(at(100)), "and it is looked at once more");
}

pub async fn whoever_was_taken_over_touches_nothing(bench: &dyn Bench) {
    let [slow, quick] = two(bench);
    slow.unassign("00uA", 0).await;
    let lost = slow.claim_one("00uA", 0).await;
    assert!(quick.claim_all(39).await.is_empty());
    let mine = quick.claim_one("00uA", 40).await;
    let before = quick.row("00uA").await;
    for admission in [call(Operation::GetMember, at(41)), suspension(Marks::default(), 41)] {
        assert_eq!(admit(&*slow, &lost.lease, admission).await, Admitted::LeaseLost);
    }
    assert!(!slow.settle_in(&lost, settled(), 41).await);
    slow.abandon(&lost.lease).await.expect("answered");
    let taken = slow.take_over(&lost.lease, &id("00uB"), at(41)).await.expect("answered");
    assert_eq!(taken, TakeOver::Refused);
    assert_eq!(quick.row("00uA").await, before);
    assert!(quick.settle_in(&mine, settled(), 42).await);
}

/// A replica that renews in time keeps its person, whatever the others try.
pub async fn a_renewed_lease_is_nobody_elses(bench: &dyn Bench) {
    let [mine, other] = two(bench);
    mine.assign("00uA", 0).await;
    let claimed = mine.claim_one("00uA", 0).await;
    for second in (0..300).step_by(25) {
        assert_eq!(admit(&*mine, &claimed.lease, call(Operation::GetMember, at(second))).await, Admitted::Go);
        assert!(other.claim_all(second + 39).await.is_empty());
    }
    assert!(mine.settle_in(&claimed, settled(), 300).await);
}

pub async fn the_cap_holds_for_all_together(bench: &dyn Bench) {
    let replicas = two(bench);
    let leavers = (0..12).map(|n| Incoming::Event(event(EventKind::Unassigned, &format!("00uP{n:02}"), 0)));
    replicas[0].accept(leavers.collect()).await.expect("stored");
    let first = replicas[0].claim(request(6, 6, 1)).await.expect("claimed");
    let second = replicas[1].claim(request(6, 6, 1)).await.expect("claimed");
    let of = |replica: usize, claimed: Vec<Claimed>| {
        let store = Arc::clone(&replicas[replica]);
        claimed.into_iter().map(move |it| {
            let store = Arc::clone(&store);
            async move { admit(&*store, &it.lease, suspension(Marks::default(), 2)).await }
        })
    };
    let answers = at_once(of(0, first).chain(of(1, second))).await;
    let went = answers.iter().filter(|it| **it == Admitted::Go).count();
    let held = answers.iter().filter(|it| **it == Admitted::CapReached).count();
    assert_eq!((went, held), (3, 9), "{answers:?}");
}

pub async fn the_quota_is_kept_by_all_together(bench: &dyn Bench) {
    let replicas = two(bench);
    let joiners = (0..8).map(|n| Incoming::Event(event(EventKind::Assigned, &format!("00uP{n}"), 0)));
    replicas[0].accept(joiners.collect()).await.expect("stored");
    let mut hands = Vec::new();
    for replica in &replicas {
        for claimed in replica.claim(request(4, 4, 0)).await.expect("claimed") {
            let store = Arc::clone(replica);
            hands.push(async move {
                let mut went = 0;
                for round in 0..20 {
                    let leaver = Admission { leaving: true, ..call(Operation::GetMember, at_ms(round)) };
                    went += u32::from(admit(&*store, &claimed.lease, leaver).await == Admitted::Go);
                }
                went
            });
        }
    }
    assert_eq!(hands.len(), 8);
    let went: u32 = at_once(hands).await.into_iter().sum();
    assert_eq!(went, LIMITS.burst, "a burst, whoever asks");
    let claimed = replicas[1].claim(request(1, 1, 0)).await.expect("claimed");
    assert!(claimed.is_empty());
}

pub async fn what_lineworks_said_counts_for_all(bench: &dyn Bench) {
    let [told, other] = two(bench);
    told.assign("00uA", 0).await;
    let claimed = other.claim_one("00uA", 0).await;
    let none_left = Quota { remaining: 0, reset: Duration::from_secs(20) };
    told.learn_quota(Operation::GetMember, none_left, at(0)).await.expect("written");
    let answer = admit(&*other, &claimed.lease, call(Operation::GetMember, at(1))).await;
    assert_eq!(answer, Admitted::Until(at(20)));
}

/// The same person's events through both doors at once: the revision counts each once, the newest word stands.
pub async fn one_persons_events_at_two_replicas_are_all_counted(bench: &dyn Bench) {
    let replicas = two(bench);
    for round in 0..10 {
        let person = format!("00uR{round}");
        let events: Vec<Event> = (0..16)
            .map(|n| {
                let kind = if n % 2 == 0 { EventKind::Assigned } else { EventKind::Unassigned };
                keyed(kind, &person, &format!("e-{round}-{n}"), i64::from(n))
            })
            .collect();
        let mut order: Vec<usize> = (0..events.len()).collect();
        fastrand::shuffle(&mut order);
        let sent = order.into_iter().enumerate().map(|(n, place)| {
            let (store, event) = (Arc::clone(&replicas[n % 2]), events[place].clone());
            async move { store.take_in(event).await }
        });
        let receipts = at_once(sent).await;
        let revisions: BTreeSet<u64> = receipts.iter().map(|it| it.revision).collect();
        assert_eq!(revisions, (1..=16).collect(), "each event has a revision of its own");
        let row = replicas[0].row(&person).await;
        assert_eq!(row.revision, 16);
        let membership = row.facts.membership.expect("there are words");
        assert_eq!((membership.value, membership.occurred), (Membership::Unassigned(None), at(15)));
    }
}

/// A copy of the same event at both replicas at once: one counts.
pub async fn an_event_at_two_replicas_at_once_counts_once(bench: &dyn Bench) {
    let replicas = two(bench);
    for round in 0..20 {
        let person = format!("00uR{round}");
        if round % 2 == 0 {
            replicas[0].assign(&person, 0).await;
        }
        let before = u64::from(round % 2 == 0);
        let event = keyed(EventKind::Unassigned, &person, "e-1", 5);
        let sent = (0..6).map(|n| {
            let (store, event) = (Arc::clone(&replicas[n % 2]), event.clone());
            async move { store.take_in(event).await }
        });
        let receipts = at_once(sent).await;
        let of = |verdict| receipts.iter().filter(|it: &&Receipt| it.verdict == verdict).count();
        assert_eq!((of(Verdict::New), of(Verdict::Duplicate)), (1, 5), "{receipts:?}");
        assert_eq!(replicas[1].row(&person).await.revision, before + 1);
        let history = replicas[1].history(&id(&person)).await.expect("readable").events;
        assert_eq!(history[0].times_seen, 6);
    }
}

/// Eight hands give in events of the same forty people, in any order, while others claim, settle and ask for more.
pub async fn many_at_once_never_lock_each_other_out(bench: &dyn Bench) {
    let replicas = [bench.open(at(0)), bench.open(at(0)), bench.open(at(0))];
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let hands = (0..8_u64).map(|hand| {
        let store = Arc::clone(&replicas[usize::try_from(hand).expect("small") % 3]);
        async move {
            let mut rng = Rng::with_seed(seed + hand);
            let mut sent: BTreeMap<String, u64> = BTreeMap::new();
            for round in 0..12 {
                let mut people: Vec<u32> = (0..40).collect();
                rng.shuffle(&mut people);
                let events: Vec<Incoming> = people
                    .into_iter()
                    .take(rng.usize(1..25))
                    .map(|n| {
                        let person = format!("00uP{n:02}");
                        *sent.entry(person.clone()).or_default() += 1;
                        let kind = if rng.bool() { EventKind::Assigned } else { EventKind::Unassigned };
                        let key = format!("{hand}-{round}-{n}");
                        let email = profile(&format!("p{n}@example.com"));
                        Incoming::Event(Event { profile: email, ..keyed(kind, &person, &key, rng.i64(0..1000)) })
                    })
                    .collect();
                store.accept(events).await.expect("accepted");
            }
            sent
        }
    });
    let workers = (0..3_usize).map(|hand| {
        let store = Arc::clone(&replicas[hand]);
        async move {
            for _ in 0..15 {
                for claimed in store.claim(request(6, 6, 2_000)).await.expect("claimed") {
                    let run = settlement(&claimed.assignment, settled(), 2_000);
                    // Some find their member with somebody else.
                    let number = fastrand::u32(0..6);
                    let run = Settlement { member_id: format!("m-{number}").parse().ok(), ..run };
                    assert!(store.settle(&claimed.lease, run).await.expect("written"));
                }
                store.release_waiting(Cause::NoSeatLeft, 5, at(2_000)).await.expect("written");
                store.say("00uP07", EventKind::Retry, 2_000).await;
            }
        }
    });
    let (sent, ()) = tokio::join!(at_once(hands), async {
        at_once(workers).await;
    });
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (person, times) in sent.into_iter().flatten() {
        *expected.entry(person).or_default() += times;
    }
    for (person, times) in expected.into_iter().filter(|(person, _)| person != "00uP07") {
        assert_eq!(replicas[0].row(&person).await.revision, times, "{person}");
    }
}

pub async fn a_waiter_at_another_replica_is_told(bench: &dyn Bench) {
    let [here, there] = two(bench);
    here.assign("00uA", 0).await;
    there.wake().due().await;
    let claimed = there.claim_one("00uA", 0).await;
    let bell = here.wake().settled(&id("00uA"));
    there.settle_in(&claimed, settled(), 1).await;
    tokio::time::timeout(Duration::from_secs(20), bell).await.expect("in time").expect("rings");
    assert_eq!(state_of(&here.row("00uA").await), StateName::Settled);
}

pub async fn a_leaver_is_taken_over_by_one_only(bench: &dyn Bench) {
    let replicas = two(bench);
    for round in 0..10 {
        let (old, new) = (format!("00uOLD{round}"), [format!("00uNEWA{round}"), format!("00uNEWB{round}")]);
        replicas[0].assign(&old, 0).await;
        replicas[0].unassign(&old, 1).await;
        let claimed = replicas[0].claim_one(&old, 1).await;
        let member = Settlement {
            member_id: format!("m-{round}").parse().ok(),
            ..settlement(&claimed.assignment, settled(), 2)
        };
        assert!(replicas[0].settle(&claimed.lease, member).await.expect("written"));
        let mut hands = Vec::new();
        for (replica, person) in replicas.iter().zip(&new) {
            replica.assign(person, 3).await;
            let claimed = replica.claim_one(person, 3).await;
            let (store, old) = (Arc::clone(replica), id(&old));
            hands.push(async move { store.take_over(&claimed.lease, &old, at(4)).await.expect("answered") });
        }
        let outcomes = at_once(hands).await;
        let with_member = outcomes.iter().filter(|it| matches!(it, TakeOver::Done { member_id: Some(_), .. })).count();
        assert_eq!(with_member, 1, "{outcomes:?}");
        for (replica, person) in replicas.iter().zip(&new) {
            let row = replica.row(person).await;
            assert_eq!(state_of(&row), StateName::Running);
        }
        for (replica, person) in replicas.iter().zip(&new) {
            // Nobody is left at work for the next round.
            let row = replica.row(person).await;
            let lease = okta_lineworks::ledger::Lease { person: id(person), number: 1 };
            replica.settle(&lease, settlement(&row, waiting(9_999), 5)).await.expect("written");
        }
    }
}

pub async fn a_release_wakes_each_once(bench: &dyn Bench) {
    let replicas = two(bench);
    for n in 0..10 {
        let person = format!("00uP{n}");
        replicas[0].assign(&person, 0).await;
        let claimed = replicas[0].claim_one(&person, 0).await;
        assert!(replicas[0].settle_in(&claimed, waiting(9_999), 1).await);
    }
    let hands = (0..10).map(|n| {
        let store = Arc::clone(&replicas[n % 2]);
        async move { store.release_waiting(Cause::LineWorksFailing, 1, at(10)).await.expect("written") }
    });
    let released: usize = at_once(hands).await.into_iter().sum();
    let due: Vec<Claimed> = replicas[0].claim_all(11).await;
    assert_eq!(due.len(), released, "{:?}", people(&due));
    assert!((1..=10).contains(&released));
}

/// What a replica says when its database is gone.
pub async fn is_unavailable(store: &dyn Store) {
    let refused = store.accept(vec![Incoming::Event(event(EventKind::Assigned, "00uZ", 0))]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.claim(request(1, 1, 0)).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.load("thing").await, Err(StoreError::Unavailable(_))));
}
