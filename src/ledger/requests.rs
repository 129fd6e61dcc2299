//! What the doors and the workers ask of the ledger, and what it answers: plain values, in the order of an event's way.

use std::time::Duration;

use jiff::Timestamp;

use super::history::{OktaRecord, StepRecord};
use super::org::OrgEvent;
use crate::domain::assignment::{Assignment, State, StateName};
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::ids::{EventKey, ExternalKey, MemberId, OktaUserId};
use crate::domain::learnt::Learnt;
use crate::domain::marks::Marks;
use crate::domain::outcome::Reason;
use crate::domain::step::StepKind;
use crate::lineworks::{CallRecord, Operation};

/// What a door hands in.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// An event this program acts on.
    Event(Event),
    /// An event about nobody in particular.
    Org(OrgEvent),
    /// Anything else that came through the door: kept as history, judged anew when it comes again.
    Ignored(IgnoredEvent),
}

/// An event that says nothing this program acts on, reduced to what is needed to explain it later.
#[derive(Debug, Clone)]
pub struct IgnoredEvent {
    /// Whom it names, if anybody.
    pub person: Option<OktaUserId>,
    /// Its key, if it has a usable one.
    pub key: Option<EventKey>,
    /// Okta's event type, or a word for what it was.
    pub kind: String,
    /// Why it was ignored.
    pub note: String,
    /// The door.
    pub source: Source,
    /// The name of the secret the caller showed.
    pub caller: String,
    /// When it occurred, if it says so; else when it arrived.
    pub occurred: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
}

/// Something worth keeping that is about nobody in particular.
#[derive(Debug, Clone)]
pub struct NotedEvent {
    /// What it was, in one word.
    pub kind: &'static str,
    /// The door.
    pub source: Source,
    /// The name of the secret the caller showed.
    pub caller: String,
    /// When it happened.
    pub at: Timestamp,
    /// What else there is to say; never a secret.
    pub note: Option<String>,
}

/// A page of what is kept about nobody in particular.
#[derive(Debug, Clone, Copy)]
pub struct NotedRequest {
    /// Only what is older than this one.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: usize,
}

/// The right to work on one person. A higher number has taken the person over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Whom.
    pub person: OktaUserId,
    /// Which claim this is.
    pub number: i64,
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRequest {
    /// How many people at most.
    pub limit: usize,
    /// How many of them may be joiners; the rest of the room is kept for leavers.
    pub joiners: usize,
    /// Now.
    pub now: Timestamp,
    /// How long the lease lasts without a call.
    pub lease: Duration,
    /// How long after the end of the lease somebody else may take the person over.
    pub grace: Duration,
}

/// A person a worker has.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row as it was when claimed.
    pub assignment: Assignment,
    /// The right to work on it.
    pub lease: Lease,
}

/// How calls to LINE WORKS are spread over time, and how many destructive steps an hour may see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Sustained calls a minute, per operation.
    pub per_minute: u32,
    /// Calls that may come at once, per operation.
    pub burst: u32,
    /// Destructive steps an hour.
    pub destructive_per_hour: u32,
}

/// What a worker asks before each call.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The operation about to be called.
    pub operation: Operation,
    /// A leaver may use the last slots, a joiner leaves some.
    pub leaving: bool,
    /// The destructive step the call is for, with the marks to remember before it.
    pub intent: Option<(StepKind, Marks)>,
    /// Whether an operator let the step pass the cap.
    pub approved: bool,
    /// The revision the step belongs to.
    pub revision: u64,
    /// Now.
    pub now: Timestamp,
    /// How long the lease is to last from now.
    pub lease: Duration,
    /// How long after the end of the lease somebody else may take the person over.
    pub grace: Duration,
    /// The limits in force.
    pub limits: Limits,
}

/// The ledger's answer to a worker about to call.
#[derive(Debug, Clone, PartialEq)]
pub enum Admitted {
    /// Call now: the lease is renewed, the slot is taken, the intent is on disk.
    Go,
    /// No slot before this moment.
    Until(Timestamp),
    /// The destructive step is over the hourly cap.
    CapReached,
    /// An event said that the app is gone in Okta: no destructive step passes that no operator approved.
    OktaAppGone,
    /// The lease is lost.
    LeaseLost,
}

/// What a run leaves behind.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The revision that was claimed.
    pub revision: u64,
    /// Where the work stands now.
    pub state: State,
    /// The member as last seen.
    pub member_id: Option<MemberId>,
    /// Its external key as last seen or set by us.
    pub external_key: Option<ExternalKey>,
    /// Our own doing with it.
    pub marks: Marks,
    /// The groups this program put it into.
    pub groups: Vec<String>,
    /// Who took this leaver's member over.
    pub yielded_to: Option<OktaUserId>,
    /// What Okta said last in this run, if it was asked: the facts from now on, but for those an event told that came
    /// meanwhile and occurred later.
    pub learnt: Option<Learnt>,
    /// What Okta said, each time it was asked, for the history.
    pub okta: Vec<OktaRecord>,
    /// Transient failures in a row.
    pub failures: u32,
    /// Steps taken, with their outcome, for the history.
    pub steps: Vec<StepRecord>,
    /// The calls made.
    pub calls: Vec<CallRecord>,
    /// When the run began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

/// What became of taking a leaver's member over.
#[derive(Debug, Clone, PartialEq)]
pub enum TakeOver {
    /// It is this assignment's, with what was remembered of our own doing with it and the groups it was put into.
    Done {
        /// Its id, if it is known.
        member_id: Option<MemberId>,
        /// Our own doing, as this assignment's row has it now.
        marks: Marks,
        /// The groups.
        groups: Vec<String>,
    },
    /// The leaver is being worked on, or a call of theirs may still have its effect.
    Busy,
    /// The other assignment is no leaver's any more, or our own lease is lost.
    Refused,
}

/// What a list asks for.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Only this state.
    pub state: Option<StateName>,
    /// Only people whose id, login or member id contains this.
    pub query: Option<String>,
    /// Only people after this one (the list is ordered by Okta user id).
    pub after: Option<OktaUserId>,
    /// At most this many.
    pub limit: usize,
}

/// How much there is of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// People per state.
    pub states: Vec<(StateName, u64)>,
    /// People a worker could take right now.
    pub due_now: u64,
}

/// An operator's word, and what it needs to be right.
#[derive(Debug, Clone)]
pub struct OperatorWord {
    /// About whom.
    pub person: OktaUserId,
    /// `Retry`, `Approve` or `Reject`.
    pub kind: EventKind,
    /// The name of the admin secret.
    pub caller: String,
    /// Now.
    pub now: Timestamp,
}

/// What became of an operator's word.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The row is due again, at this revision.
    Due(u64),
    /// There is no such assignment.
    Unknown,
    /// Nothing is held; the state is this.
    NotHeld(StateName),
    /// What is held cannot be approved.
    NotApprovable(Reason),
}
