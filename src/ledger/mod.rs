//! The ledger: what was acknowledged, what is wanted, what was done. The only place that outlives the process.
//!
//! `Store` is all that the doors and the workers know of it. A promise of the whole program hangs on two of its
//! methods: `accept` returns only after the events are on disk, and `settle` writes only while the lease is ours.
//! No method waits for the network while it holds the database.

pub mod sqlite;
pub mod vault;
pub mod wake;

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::assignment::{Assignment, Marks, Ruling, State, StateName};
use crate::domain::event::{Event, EventKind, Receipt, Source, Verdict};
use crate::domain::ids::{EventKey, ExternalKey, MemberId, OktaUserId};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::plan::StepKind;
use crate::lineworks::{CallRecord, Operation, Quota};

/// Why the ledger did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting to be written: not now.
    #[error("the ledger is busy; try again shortly")]
    Busy,
    /// It cannot be written or read at the moment (disk full, no permission, database gone): not now.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
    /// A row holds what this program cannot read.
    #[error("unreadable row in the ledger: table {table}, column {column}, key {key}")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        key: String,
    },
}

/// Why the ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the ledger {path} is in use by another okta-lineworks; stop it first, or choose another `ledger.url`")]
    InUse {
        /// The database file.
        path: String,
    },
    /// The database was made by a newer program.
    #[error("the ledger {path} was written by a newer okta-lineworks; run that version, or restore a backup")]
    Newer {
        /// The database file.
        path: String,
    },
    /// The file cannot be made or opened.
    #[error("the ledger {path} cannot be opened: {cause}")]
    Unusable {
        /// The database file.
        path: String,
        /// What the system said.
        cause: String,
    },
}

/// What a door hands in.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// An event this program acts on.
    Event(Event),
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

/// One step of a run, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What was done.
    pub step: StepKind,
    /// How it ended: `done`, `unclear`, `refused`, `later`, `read_again`.
    pub outcome: String,
    /// The properties an update sent; the group that was joined or left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// One event, as the history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// Its number; later ones have higher numbers.
    #[serde(skip)]
    pub number: i64,
    /// The kind, or Okta's event type for an ignored one.
    pub kind: String,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The door.
    pub source: String,
    /// The name of the caller's secret.
    pub caller: String,
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// What became of it.
    pub verdict: String,
    /// The revision it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// How often it came.
    pub times_seen: u64,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One run, as the history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// The revision it worked on.
    pub revision: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The state it left.
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// The calls.
    pub calls: Vec<CallRecord>,
}

/// One person's history, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct History {
    /// What happened in Okta.
    pub events: Vec<EventRecord>,
    /// What was done in LINE WORKS.
    pub attempts: Vec<AttemptRecord>,
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

/// What a ruling needs beyond the word: the store asks the domain through this.
pub(crate) fn ruling_of(kind: EventKind, steps: Vec<StepKind>) -> Option<Ruling> {
    match kind {
        EventKind::Approve => Some(Ruling::Approved(steps)),
        EventKind::Reject => Some(Ruling::Rejected),
        EventKind::Retry | EventKind::Assigned | EventKind::Unassigned => None,
    }
}

/// A future of the store.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Where everything is kept.
pub trait Store: Send + Sync {
    /// Stores events in one transaction and returns once they are on disk.
    ///
    /// # Errors
    /// `Busy` or `Unavailable`: nothing of the call is stored.
    fn accept(&self, events: Vec<Incoming>) -> Answer<'_, Vec<Receipt>>;

    /// Keeps something that is about nobody in particular, and returns once it is on disk.
    ///
    /// # Errors
    /// `Busy` or `Unavailable`: it is not kept.
    fn note(&self, event: NotedEvent) -> Answer<'_, ()>;

    /// Gives people who are due to a worker, leavers first, and commits the leases at once.
    fn claim(&self, request: ClaimRequest) -> Answer<'_, Vec<Claimed>>;

    /// Renews the lease, takes a slot for the operation, and writes the intent of a destructive step down: all or
    /// nothing, on disk before the call starts.
    fn admit(&self, lease: &Lease, admission: Admission) -> Answer<'_, Admitted>;

    /// Records a run; `false` when the lease was lost and nothing was written.
    fn settle(&self, lease: &Lease, settlement: Settlement) -> Answer<'_, bool>;

    /// Lets go of a person whose run broke off without a word: others may take the person over once the lease and the
    /// grace are over, as from a process that died.
    fn abandon(&self, lease: &Lease) -> Answer<'_, ()>;

    /// Takes note of what LINE WORKS' rate-limit headers said.
    fn learn_quota(&self, operation: Operation, quota: Quota, now: Timestamp) -> Answer<'_, ()>;

    /// Makes at most this many people who wait for this cause due now, the longest waiting first; says how many.
    fn release_waiting(&self, cause: Cause, at_most: usize, now: Timestamp) -> Answer<'_, usize>;

    /// Takes an operator's word in.
    fn hear(&self, word: OperatorWord) -> Answer<'_, Heard>;

    /// One person's row.
    fn assignment(&self, person: &OktaUserId) -> Answer<'_, Option<Assignment>>;

    /// Everything known about what happened to one person, newest first, at most 200 of each kind.
    fn history(&self, person: &OktaUserId) -> Answer<'_, History>;

    /// A page of assignments, ordered by Okta user id.
    fn list(&self, request: ListRequest) -> Answer<'_, Vec<Assignment>>;

    /// What is kept about nobody in particular, newest first.
    fn noted(&self, request: NotedRequest) -> Answer<'_, Vec<EventRecord>>;

    /// The other assignment that has this external key, or whose Okta user id it is, if any.
    fn holder_of_key(&self, key: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>>;

    /// The other assignment with this login whose member we deleted and whose person has lost the app, if any.
    fn deleted_with_login(&self, login: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>>;

    /// Takes the member of a leaver over for the holder of this lease: from then on the leaver's assignment has nothing
    /// to do with it. Doing it twice is the same as once.
    fn take_over(&self, lease: &Lease, from: &OktaUserId, now: Timestamp) -> Answer<'_, TakeOver>;

    /// How much there is of everything.
    fn tally(&self, now: Timestamp) -> Answer<'_, Tally>;

    /// When the earliest row falls due, if any; rows this process has at work are left out.
    fn next_due(&self) -> Answer<'_, Option<Timestamp>>;

    /// Reads a value there is one of.
    fn load(&self, name: &'static str) -> Answer<'_, Option<Vec<u8>>>;

    /// Writes a value there is one of; returns once it is on disk.
    fn save(&self, name: &'static str, value: Vec<u8>, now: Timestamp) -> Answer<'_, ()>;

    /// Forgets events and runs that ended before this moment, a small number at a time; returns how many.
    fn prune(&self, before: Timestamp) -> Answer<'_, usize>;

    /// Who waits for what.
    fn wake(&self) -> &wake::Wake;
}

/// The word a verdict is stored under.
pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::New => "new",
        Verdict::EqualTime => "equal_time",
        Verdict::Superseded => "superseded",
        Verdict::Duplicate => "duplicate",
        Verdict::Merged => "merged",
        Verdict::Ignored => "ignored",
    }
}
