//! The ledger's contract, one function per case, against `Store` alone: every adapter keeps it.
//!
//! An adapter joins with a `Bench` that opens it on something that outlives the process, and a line of `contract!`.
//! What only one adapter can show (its files, its migrations) is in a file of its own.

mod admission;
mod claims;
mod learnt;
mod org;
mod questions;
mod receiving;
mod rehires;
mod released;
mod runs;
mod sqlite;
mod statuses;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use okta_lineworks::domain::assignment::{Assignment, State, StateName};
use okta_lineworks::domain::event::{Event, EventKind, ProfileWish, Receipt, Source, UnassignPolicy};
use okta_lineworks::domain::ids::OktaUserId;
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::profile::{Profile, ProfileRules};
use okta_lineworks::domain::step::StepKind;
use okta_lineworks::ledger::{
    Admission, Admitted, ClaimRequest, Claimed, Incoming, Lease, Limits, OperatorWord, Settlement, Store,
};
use okta_lineworks::lineworks::Operation;
use serde_json::json;

/// How long a lease lasts here.
const LEASE: Duration = Duration::from_secs(30);
/// How long a call of a dead process may still take effect.
const GRACE: Duration = Duration::from_secs(10);
/// 1 call a second, 10 at once, 3 destructive steps an hour.
const LIMITS: Limits = Limits { per_minute: 60, burst: 10, destructive_per_hour: 3 };

/// The mildest policy, where which one is in force makes no difference.
const SUSPEND: UnassignPolicy = UnassignPolicy::Suspend;

/// One ledger of one adapter, which can be opened again and again, each time by another owner.
trait Bench {
    fn open(&self, now: Timestamp) -> Arc<dyn Store>;
}

/// Makes one test of every case for one adapter.
macro_rules! contract {
    ($bench:expr; $($part:ident: $($case:ident),+;)+) => {
        $(mod $part {
            $(#[tokio::test]
            async fn $case() {
                super::super::$part::$case(&$bench).await;
            })+
        })+
    };
}
use contract;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("in range")
}

fn at_ms(ms: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(ms)
}

fn id(person: &str) -> OktaUserId {
    person.parse().expect("an id")
}

fn event(kind: EventKind, person: &str, second: i64) -> Event {
    Event {
        person: id(person),
        key: None,
        kind,
        source: Source::Card,
        caller: "test".into(),
        occurred: at(second),
        arrived: at(second),
        profile: None,
        policy: None,
    }
}

fn profile(email: &str) -> Option<ProfileWish> {
    let user = json!({"email": email, "userName": {"lastName": "山田"}});
    Some(ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("valid")))
}

/// A profile as a hook's event carries it.
fn thin(login: &str) -> Option<ProfileWish> {
    Some(ProfileWish::Valid(Profile::from_hook(login, Some("山田"), &ProfileRules::OPEN).expect("valid")))
}

/// Shorter words for what nearly every case does.
trait Verbs {
    async fn take_in(&self, event: Event) -> Receipt;
    async fn assign(&self, person: &str, second: i64) -> Receipt;
    async fn unassign(&self, person: &str, second: i64) -> Receipt;
    async fn row(&self, person: &str) -> Assignment;
    async fn claim_all(&self, second: i64) -> Vec<Claimed>;
    async fn claim_one(&self, person: &str, second: i64) -> Claimed;
    async fn settle_in(&self, claimed: &Claimed, state: State, second: i64) -> bool;
    async fn hold(&self, person: &str, cause: Cause, second: i64);
    async fn say(&self, person: &str, kind: EventKind, second: i64) -> okta_lineworks::ledger::Heard;
}

impl Verbs for dyn Store + '_ {
    async fn take_in(&self, event: Event) -> Receipt {
        self.accept(vec![Incoming::Event(event)]).await.expect("accepted").remove(0)
    }

    async fn assign(&self, person: &str, second: i64) -> Receipt {
        self.take_in(event(EventKind::Assigned, person, second)).await
    }

    async fn unassign(&self, person: &str, second: i64) -> Receipt {
        self.take_in(event(EventKind::Unassigned, person, second)).await
    }

    async fn row(&self, person: &str) -> Assignment {
        self.assignment(&id(person)).await.expect("readable").expect("there is one")
    }

    async fn claim_all(&self, second: i64) -> Vec<Claimed> {
        self.claim(request(100, 100, second)).await.expect("claimed")
    }

    async fn claim_one(&self, person: &str, second: i64) -> Claimed {
        let claimed = self.claim_all(second).await;
        claimed.into_iter().find(|it| it.lease.person == id(person)).expect("is due")
    }

    async fn settle_in(&self, claimed: &Claimed, state: State, second: i64) -> bool {
        self.settle(&claimed.lease, settlement(&claimed.assignment, state, second)).await.expect("written")
    }

    async fn hold(&self, person: &str, cause: Cause, second: i64) {
        let claimed = self.claim_one(person, second).await;
        let state = State::Held { reason: Reason::of(cause), steps: vec![StepKind::Suspend] };
        assert!(self.settle_in(&claimed, state, second).await);
    }

    async fn say(&self, person: &str, kind: EventKind, second: i64) -> okta_lineworks::ledger::Heard {
        let word = OperatorWord { person: id(person), kind, caller: "admin".into(), now: at(second) };
        self.hear(word).await.expect("heard")
    }
}

fn request(limit: usize, joiners: usize, second: i64) -> ClaimRequest {
    ClaimRequest { limit, joiners, now: at(second), lease: LEASE, grace: GRACE }
}

/// A run that changed nothing but the state.
fn settlement(row: &Assignment, state: State, second: i64) -> Settlement {
    Settlement {
        revision: row.revision,
        state,
        member_id: row.member_id.clone(),
        external_key: row.external_key.clone(),
        marks: row.marks,
        groups: row.groups.clone(),
        yielded_to: row.yielded_to.clone(),
        learnt: None,
        okta: Vec::new(),
        failures: 0,
        steps: Vec::new(),
        calls: Vec::new(),
        started: at(second),
        ended: at(second),
    }
}

fn settled() -> State {
    State::Settled { look_again: None, note: None }
}

fn waiting(until: i64) -> State {
    State::Waiting { until: at(until), reason: Reason::of(Cause::LineWorksFailing) }
}

/// A call of a joiner that takes nothing away.
fn call(operation: Operation, now: Timestamp) -> Admission {
    Admission {
        operation,
        leaving: false,
        intent: None,
        approved: false,
        revision: 1,
        now,
        lease: LEASE,
        grace: GRACE,
        limits: LIMITS,
    }
}

/// A leaver's suspension.
fn suspension(marks: Marks, second: i64) -> Admission {
    let intent = Some((StepKind::Suspend, marks));
    Admission { leaving: true, intent, ..call(Operation::SuspendMember, at(second)) }
}

async fn admit(store: &dyn Store, lease: &Lease, admission: Admission) -> Admitted {
    store.admit(lease, admission).await.expect("answered")
}

fn people(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|it| it.lease.person.as_str()).collect()
}

fn state_of(row: &Assignment) -> StateName {
    row.state.name()
}
