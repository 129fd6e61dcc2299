//! A fault of ours that ends a run in its middle costs the person time and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use okta_lineworks::clock::Clock;
use okta_lineworks::converge::{Backoff, Converge, Settings};
use okta_lineworks::domain::assignment::{Assignment, StateName};
use okta_lineworks::domain::event::{Event, EventKind, Source, UnassignPolicy};
use okta_lineworks::domain::ids::{ExternalKey, MemberId, OktaUserId};
use okta_lineworks::domain::key::KeyTemplate;
use okta_lineworks::domain::member::Member;
use okta_lineworks::domain::policy::{Adopt, GroupPolicy, Policy};
use okta_lineworks::domain::profile::{Difference, Profile};
use okta_lineworks::domain::reference::Reference;
use okta_lineworks::ledger::sqlite::SqliteStore;
use okta_lineworks::ledger::{Incoming, Limits, Store};
use okta_lineworks::lineworks::{ApiError, Gate, Hints, MemberApi, MemberPage, NewMember, RollCursor};
use tokio_util::sync::CancellationToken;

type Answer<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// A LINE WORKS without members, whose first read breaks the program.
#[derive(Default)]
struct Broken {
    reads: AtomicU32,
}

impl MemberApi for Broken {
    fn find<'a>(&'a self, _: &'a Hints<'a>, _: &'a dyn Gate) -> Answer<'a, Option<Member>> {
        Box::pin(async {
            assert!(self.reads.fetch_add(1, Ordering::SeqCst) > 0, "this run breaks");
            Ok(None)
        })
    }
    fn resolve<'a>(&'a self, _: &'a Profile, _: i64, _: &'a dyn Gate) -> Answer<'a, Profile> {
        unreachable!("nobody joins here")
    }
    fn create<'a>(&'a self, _: NewMember<'a>, _: &'a dyn Gate) -> Answer<'a, Option<Member>> {
        unreachable!("nobody joins here")
    }
    fn update<'a>(
        &'a self,
        _: &'a MemberId,
        _: &'a Difference,
        _: &'a ExternalKey,
        _: &'a dyn Gate,
    ) -> Answer<'a, Option<Member>> {
        unreachable!("nobody is there")
    }
    fn adopt<'a>(&'a self, _: &'a MemberId, _: &'a ExternalKey, _: &'a dyn Gate) -> Answer<'a, Option<Member>> {
        unreachable!("nobody is there")
    }
    fn suspend<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
    fn resume<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
    fn delete<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
    fn undelete<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
    fn list<'a>(&'a self, _: Option<&'a RollCursor>, _: &'a dyn Gate) -> Answer<'a, MemberPage> {
        unreachable!("nobody asks")
    }
    fn join_group<'a>(&'a self, _: &'a MemberId, _: &'a Reference, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
    fn leave_group<'a>(&'a self, _: &'a MemberId, _: &'a Reference, _: &'a dyn Gate) -> Answer<'a, ()> {
        unreachable!("nobody is there")
    }
}

fn settings() -> Settings {
    Settings {
        workers: 2,
        policy: Policy {
            adopt: Adopt::Never,
            lift_foreign: false,
            unassign: UnassignPolicy::Suspend,
            delete_after: Duration::from_secs(86_400),
            protected: Vec::new(),
            managed_fields: None,
            groups: GroupPolicy::default(),
        },
        domains: okta_lineworks::domain::domains::Domains::One(1),
        rules: okta_lineworks::domain::profile::ProfileRules::OPEN,
        sso: true,
        key: KeyTemplate::new("{oktaUserId}"),
        limits: Limits { per_minute: 60, burst: 60, destructive_per_hour: 20 },
        call_timeout: Duration::from_secs(10),
        backoff: Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(60) },
        keep_history: Duration::from_secs(86_400),
        makes_passwords: false,
        handover: None,
        metrics: std::sync::Arc::default(),
    }
}

fn leaves(person: &OktaUserId, clock: &Clock) -> Incoming {
    Incoming::Event(Event {
        person: person.clone(),
        key: None,
        kind: EventKind::Unassigned,
        source: Source::Card,
        caller: "test".into(),
        occurred: clock.now(),
        arrived: clock.now(),
        profile: None,
        policy: None,
    })
}

/// Reads the row until it satisfies the condition.
async fn row_when(store: &dyn Store, person: &OktaUserId, so: impl Fn(&Assignment) -> bool) {
    let look = async {
        loop {
            let row = store.assignment(person).await.expect("readable").expect("is there");
            if so(&row) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.expect("still not so after 20 s");
}

#[tokio::test]
async fn a_run_that_breaks_off_lets_go_of_its_person() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let store = SqliteStore::open(&folder.path().join("ledger.db"), clock.now(), Duration::ZERO).expect("opens");
    let (store, members): (Arc<dyn Store>, _) = (Arc::new(store), Arc::new(Broken::default()));
    let person: OktaUserId = "00uTARO".parse().expect("an id");
    store.accept(vec![leaves(&person, &clock)]).await.expect("accepted");
    let converge =
        Converge::new(Arc::clone(&store), Arc::clone(&members) as _, None, settings(), clock.clone(), Arc::default());
    let stopping = CancellationToken::new();
    let working = tokio::spawn(Arc::new(converge).run_until(stopping.clone()));

    row_when(&*store, &person, |row| row.marks.unclear_until.is_some()).await;
    assert_eq!(members.reads.load(Ordering::SeqCst), 1, "it broke, and is not taken up again at once");
    clock.advance(jiff::SignedDuration::from_secs(51));
    row_when(&*store, &person, |row| row.state.name() == StateName::Settled).await;
    assert_eq!(members.reads.load(Ordering::SeqCst), 2);
    stopping.cancel();
    working.await.expect("no panic");
}
