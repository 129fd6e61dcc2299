//! The ledger on SQLite: one file, one process, exactly one writer.
//!
//! `threads` runs the statements: a writer thread that commits what is waiting in one transaction (group commit, so
//! that durability costs one fsync per batch and not per request) and a few reader threads. `accept` receives
//! events, `anew` and `org` are parts of that, `work` is the workers' side, `learnt` writes what a run read from Okta,
//! `release` lets people go on together, `duties` says who does what only one may do, `read` answers questions, `rows`
//! turns rows into domain values. `migrate` brings the tables up to date, `backup` copies the file while it is in use,
//! `side` moves a ledger to another database.

mod accept;
mod anew;
pub mod backup;
mod checkpoint;
mod columns;
mod duties;
mod learnt;
mod migrate;
mod org;
mod read;
mod rehire;
mod release;
pub(super) mod side;
mod threads;
mod work;

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::rows;
use super::schema::{self, Standing};
use super::wake::Wake;
use super::{
    Admission, Admitted, Answer, ClaimRequest, Claimed, EventRecord, Heard, History, Incoming, Lease, ListRequest,
    NotedEvent, NotedRequest, OpenError, OperatorWord, Settlement, Store, TakeOver, Tally,
};
use crate::domain::assignment::Assignment;
use crate::domain::event::Receipt;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::Cause;
use crate::lineworks::{Operation, Quota};
use threads::{Reader, Writer};

/// How many answers the service reads at the same time.
const READERS: usize = 2;

/// The ledger in one SQLite file.
pub struct SqliteStore {
    owner: String,
    writer: Writer,
    reader: Reader,
    wake: Wake,
    _lock: File,
}

impl SqliteStore {
    /// Opens the ledger, making it if it is not there, and brings it up to date.
    ///
    /// `grace` is how long a call of a process that died may still take effect: its people wait that long.
    ///
    /// # Errors
    /// Says when the file is in use, too new, or cannot be made.
    pub fn open(path: &Path, now: Timestamp, grace: Duration) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        private_file(path).map_err(|cause| cannot_open(path, &cause))?;
        let owner = uuid::Uuid::new_v4().to_string();
        let shown = path.display().to_string();
        let unusable = |cause| unusable(&shown, &cause);
        let mut connection = connect(path, false).map_err(unusable)?;
        side::refuse_copies(&connection, &shown)?;
        migrate::migrate(&mut connection, &shown)?;
        work::release_the_dead(&connection, now, grace).map_err(unusable)?;
        duties::release_the_dead(&connection, now, grace).map_err(unusable)?;
        let reading = PathBuf::from(path);
        let reader = Reader::start(READERS, move || connect(&reading, true)).map_err(unusable)?;
        let writing = PathBuf::from(path);
        let writer = Writer::start(connection, move || connect(&writing, false));
        Ok(Self { owner, writer, reader, wake: Wake::default(), _lock: lock })
    }
}

/// One process per file: the lock dies with the process, so whoever gets it knows that the former one is gone.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = private_file(Path::new(&name)).map_err(|cause| cannot_open(path, &cause))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.display().to_string() }),
        Err(TryLockError::Error(cause)) => Err(cannot_open(path, &cause)),
    }
}

/// Opens a file, making it readable for nobody else if it is not there: the ledger holds personal data. SQLite gives
/// its journal the same permissions.
fn private_file(path: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(false).write(true).mode(0o600).open(path)
}

fn connect(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    if !read_only {
        // WAL with FULL: a commit is on disk when it returns. The journal is moved beside it (`checkpoint`); at 64 MiB
        // by whoever writes, should that fail.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 16000; PRAGMA temp_store = MEMORY;",
        )?;
    }
    // In KiB, and only as much as the file has. Every event of a large ledger looks at pages of its own.
    let cache = if read_only { -16_000 } else { -64_000 };
    connection.pragma_update(None, "cache_size", cache)?;
    Ok(connection)
}

/// Where the file stands; nothing is made or changed.
pub(super) fn standing(path: &Path) -> Result<Standing, OpenError> {
    if !path.exists() {
        return schema::judge(&path.display().to_string(), 0, &[]);
    }
    let shown = path.display().to_string();
    let connection = connect(path, true).map_err(|cause| unusable(&shown, &cause))?;
    migrate::standing(&connection, &shown)
}

/// Makes the file, or brings it up to date, while no service has it; where it stood before.
pub(super) fn migrate_alone(path: &Path) -> Result<Standing, OpenError> {
    let _lock = lock(path)?;
    private_file(path).map_err(|cause| cannot_open(path, &cause))?;
    let shown = path.display().to_string();
    let mut connection = connect(path, false).map_err(|cause| unusable(&shown, &cause))?;
    migrate::migrate(&mut connection, &shown)
}

fn unusable(path: &str, cause: &rusqlite::Error) -> OpenError {
    OpenError::Unusable { path: path.to_owned(), cause: cause.to_string() }
}

fn cannot_open(path: &Path, cause: &std::io::Error) -> OpenError {
    OpenError::Unusable { path: path.display().to_string(), cause: cause.to_string() }
}

impl Store for SqliteStore {
    fn is_shared(&self) -> bool {
        false
    }

    fn accept(&self, events: Vec<Incoming>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(async move {
            // Texts are made and memory is given back here, by many, and not by the one writer.
            let arrivals: Arc<[accept::Arrival]> = events.into_iter().map(Into::into).collect();
            let given = Arc::clone(&arrivals);
            let receipts = self.writer.try_write(move |tx| accept::accept(tx, &given)).await?;
            self.wake.ring_due();
            Ok(receipts)
        })
    }

    fn note(&self, event: NotedEvent) -> Answer<'_, ()> {
        Box::pin(self.writer.try_write(move |tx| accept::note(tx, &event)))
    }

    fn claim(&self, request: ClaimRequest) -> Answer<'_, Vec<Claimed>> {
        let owner = self.owner.clone();
        Box::pin(self.writer.write(move |tx| work::claim(tx, &owner, &request)))
    }

    fn admit(&self, lease: &Lease, admission: Admission) -> Answer<'_, Admitted> {
        let (owner, lease) = (self.owner.clone(), lease.clone());
        Box::pin(self.writer.write(move |tx| work::admit(tx, &owner, &lease, &admission)))
    }

    fn settle(&self, lease: &Lease, settlement: Settlement) -> Answer<'_, bool> {
        let (owner, lease) = (self.owner.clone(), lease.clone());
        Box::pin(async move {
            let person = lease.person.clone();
            let written = self.writer.write(move |tx| work::settle(tx, &owner, &lease, &settlement)).await?;
            self.wake.ring_settled(&person);
            self.wake.ring_due();
            Ok(written)
        })
    }

    fn abandon(&self, lease: &Lease) -> Answer<'_, ()> {
        let (owner, lease) = (self.owner.clone(), lease.clone());
        Box::pin(self.writer.write(move |tx| work::abandon(tx, &owner, &lease)))
    }

    fn learn_quota(&self, operation: Operation, quota: Quota, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.write(move |tx| work::learn_quota(tx, operation, quota, now)))
    }

    fn release_waiting(&self, cause: Cause, at_most: usize, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            let released = self.writer.write(move |tx| release::release_waiting(tx, cause, at_most, now)).await?;
            self.wake.ring_due();
            Ok(released)
        })
    }

    fn hear(&self, word: OperatorWord) -> Answer<'_, Heard> {
        Box::pin(async move {
            let heard = self.writer.write(move |tx| accept::hear(tx, &word)).await?;
            self.wake.ring_due();
            Ok(heard)
        })
    }

    fn assignment(&self, person: &OktaUserId) -> Answer<'_, Option<Assignment>> {
        let person = person.clone();
        Box::pin(self.reader.read(move |db| read::assignment(db, &person)))
    }

    fn history(&self, person: &OktaUserId) -> Answer<'_, History> {
        let person = person.clone();
        Box::pin(self.reader.read(move |db| read::history(db, &person)))
    }

    fn list(&self, request: ListRequest) -> Answer<'_, Vec<Assignment>> {
        Box::pin(self.reader.read(move |db| read::list(db, &request)))
    }

    fn noted(&self, request: NotedRequest) -> Answer<'_, Vec<EventRecord>> {
        Box::pin(self.reader.read(move |db| read::noted(db, request)))
    }

    fn holder_of_key(&self, key: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>> {
        let (key, except) = (key.to_owned(), except.clone());
        Box::pin(self.reader.read(move |db| read::holder_of_key(db, &key, &except)))
    }

    fn deleted_with_login(&self, login: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>> {
        let (login, except) = (login.to_owned(), except.clone());
        Box::pin(self.reader.read(move |db| rehire::deleted_with_login(db, &login, &except)))
    }

    fn take_over(&self, lease: &Lease, from: &OktaUserId, now: Timestamp) -> Answer<'_, TakeOver> {
        let (owner, lease, from) = (self.owner.clone(), lease.clone(), from.clone());
        Box::pin(self.writer.write(move |tx| rehire::take_over(tx, &owner, &lease, &from, now)))
    }

    fn tally(&self, now: Timestamp) -> Answer<'_, Tally> {
        Box::pin(self.reader.read(move |db| read::tally(db, now)))
    }

    fn next_due(&self) -> Answer<'_, Option<Timestamp>> {
        let owner = self.owner.clone();
        Box::pin(self.reader.read(move |db| read::next_due(db, &owner)))
    }

    fn load(&self, name: &str) -> Answer<'_, Option<Vec<u8>>> {
        let name = name.to_owned();
        Box::pin(self.reader.read(move |db| read::load(db, &name)))
    }

    fn save(&self, name: &'static str, value: Vec<u8>, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.write(move |tx| work::save(tx, name, &value, now)))
    }

    fn replace(&self, name: &str, was: Option<Vec<u8>>, is: Option<Vec<u8>>, now: Timestamp) -> Answer<'_, bool> {
        let name = name.to_owned();
        Box::pin(async move {
            let write = move |tx: &Connection| work::replace(tx, &name, was.as_deref(), is.as_deref(), now);
            let replaced = self.writer.write(write).await?;
            self.wake.ring_due();
            Ok(replaced)
        })
    }

    fn take_duty(&self, name: &'static str, holder: &str, now: Timestamp, lease: Duration) -> Answer<'_, bool> {
        let holder = holder.to_owned();
        Box::pin(self.writer.write(move |tx| duties::take(tx, name, &holder, now, lease)))
    }

    fn release_duty(&self, name: &'static str, holder: &str) -> Answer<'_, ()> {
        let holder = holder.to_owned();
        Box::pin(self.writer.write(move |tx| duties::release(tx, name, &holder)))
    }

    fn prune(&self, before: Timestamp) -> Answer<'_, usize> {
        Box::pin(self.writer.write(move |tx| work::prune(tx, before)))
    }

    fn wake(&self) -> &Wake {
        &self.wake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kill cannot tell a commit that was synced from one that was not, a power cut can: so the setting is held here.
    #[test]
    fn a_commit_is_synced_to_disk_before_it_returns() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = connect(&folder.path().join("ledger.db"), false).expect("opens");
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("a number");
        let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a word");
        assert_eq!((synchronous, journal.as_str()), (2, "wal"), "2 is FULL");
    }
}
