//! The ledger: what was acknowledged, what is wanted, what was done. The only place that outlives the process.
//!
//! `Store` is all that the doors and the workers know of it. A promise of the whole program hangs on two of its
//! methods: `accept` returns only after the events are on disk, and `settle` writes only while the lease is ours.
//! No method waits for the network while it holds the database.

mod bucket;
pub mod change;
pub mod copy;
pub mod duty;
mod hearing;
mod history;
mod notes;
pub mod org;
pub mod pauses;
mod place;
pub mod postgres;
mod requests;
mod rows;
mod schema;
mod settling;
pub mod sqlite;
pub mod vault;
pub mod wake;

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::assignment::Assignment;
use crate::domain::event::Receipt;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::Cause;
use crate::lineworks::{Operation, Quota};

pub use history::{AttemptRecord, EventRecord, History, OktaRecord, StepRecord};
pub use place::Place;
pub use requests::{
    Admission, Admitted, ClaimRequest, Claimed, Heard, IgnoredEvent, Incoming, Lease, Limits, ListRequest, NotedEvent,
    NotedRequest, OperatorWord, Settlement, TakeOver, Tally,
};
pub use schema::Standing;

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
        /// The database file, or the database's address without its password.
        path: String,
    },
    /// The database was made by a newer program, and this one cannot work with it.
    #[error(
        "the ledger {path} was written by a newer okta-lineworks: its schema has the number {found}, this program knows \
         up to {known} and cannot work with it; run the newer version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The database file, or the database's address without its password.
        path: String,
        /// The number of its schema.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// Tables must be made or changed, and the database's user may not.
    #[error(
        "the ledger {path} is not up to date, and the database user {user} may not make or change tables; run \
         `okta-lineworks migrate` once with a user that may (the owner of the tables), then start again; which rights \
         each of the two needs is in docs/ledger.md"
    )]
    MayNotMigrate {
        /// The database's address without its password.
        path: String,
        /// The role.
        user: String,
    },
    /// It was copied to another place, which is in use since.
    #[error(
        "the ledger {path} was moved to {to} at {at}; point `ledger.url` there. To serve from here again, stop \
         everything that serves from there and run `okta-lineworks ledger reopen`"
    )]
    Moved {
        /// The database file, or the database's address without its password.
        path: String,
        /// Where it went.
        to: String,
        /// When, in ISO 8601.
        at: Timestamp,
    },
    /// A copy into it was begun and has not ended.
    #[error(
        "the ledger {path} holds part of a copy from {from}; run the same `okta-lineworks ledger copy` again: it goes on \
         where it stopped"
    )]
    HalfCopied {
        /// The database file, or the database's address without its password.
        path: String,
        /// Where the copy comes from.
        from: String,
    },
    /// The file cannot be made or opened.
    #[error("the ledger {path} cannot be opened: {cause}")]
    Unusable {
        /// The database file, or the database's address without its password.
        path: String,
        /// What the system said.
        cause: String,
    },
}

/// A future of the store.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Where everything is kept.
pub trait Store: Send + Sync {
    /// Whether other processes may work on this ledger at the same time.
    fn is_shared(&self) -> bool;

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
    fn load(&self, name: &str) -> Answer<'_, Option<Vec<u8>>>;

    /// Writes a value there is one of; returns once it is on disk.
    fn save(&self, name: &'static str, value: Vec<u8>, now: Timestamp) -> Answer<'_, ()>;

    /// Writes a value there is one of, or takes it away, if it still is what it was; else `false`, and nothing changed.
    /// Workers look when it did.
    fn replace(&self, name: &str, was: Option<Vec<u8>>, is: Option<Vec<u8>>, now: Timestamp) -> Answer<'_, bool>;

    /// Takes a duty that only one process has at a time, for so long; whoever has it already renews it.
    fn take_duty(&self, name: &'static str, holder: &str, now: Timestamp, lease: Duration) -> Answer<'_, bool>;

    /// Gives a duty back; nothing happens when somebody else has it.
    fn release_duty(&self, name: &'static str, holder: &str) -> Answer<'_, ()>;

    /// Forgets events and runs that ended before this moment, a small number at a time; returns how many.
    fn prune(&self, before: Timestamp) -> Answer<'_, usize>;

    /// Who waits for what.
    fn wake(&self) -> &wake::Wake;
}
