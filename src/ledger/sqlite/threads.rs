//! The threads that run SQLite: one writer that commits in groups, a few readers.
//!
//! The writer takes everything that is waiting (at most `BATCH`), runs it in one transaction, commits once, and only
//! then answers. When the batch fails as a whole, each piece is run again in a transaction of its own, so that one
//! bad piece spoils nothing but itself; pieces are therefore written to be run twice. No async code ever holds a
//! connection.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc as async_mpsc, oneshot};

use super::super::StoreError;
use super::checkpoint::Checkpoints;

/// Pieces in one transaction at most.
const BATCH: usize = 256;
/// Pieces that may wait; beyond that the ledger is busy.
const WAITING: usize = 2048;

/// A failure inside a piece of work.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite said no.
    Sqlite(rusqlite::Error),
    /// A row is not what it should be.
    Row(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Row(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sqlite(error) => StoreError::Unavailable(error.to_string()),
            Failure::Row(error) => error,
        }
    }
}

pub(super) type Outcome<T> = Result<T, Failure>;

trait Piece: Send {
    fn run(&mut self, db: &Connection) -> Outcome<()>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Asked<F, T> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Piece for Asked<F, T>
where
    F: FnMut(&Connection) -> Outcome<T> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection) -> Outcome<()> {
        self.result = Some((self.work)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Asked { work, result, reply } = *self;
        // Before the answer, so that whoever asked is the last to hold what it shares with the work.
        drop(work);
        let not_run = || StoreError::Unavailable("the piece of work was not run".to_owned());
        // Whoever asked may have gone; what was committed stays committed.
        let _ = reply.send(committed.and_then(|()| result.ok_or_else(not_run)));
    }
}

fn ask<F, T>(work: F) -> (Box<dyn Piece>, oneshot::Receiver<Result<T, StoreError>>)
where
    F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Asked { work, result: None, reply }), answer)
}

fn broken() -> StoreError {
    StoreError::Unavailable("a fault of this program; see the log".to_owned())
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the ledger is closed".to_owned())
}

/// The way to the writer thread.
pub(super) struct Writer {
    queue: Option<async_mpsc::Sender<Box<dyn Piece>>>,
    thread: Option<JoinHandle<()>>,
}

/// Waits until everything handed in is written and the journal is moved into the file.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the ledger's writer broke");
        }
    }
}

impl Writer {
    /// Starts the thread. `reopen` makes a new connection when the old one is beyond repair.
    pub(super) fn start(
        connection: Connection,
        reopen: impl Fn() -> rusqlite::Result<Connection> + Send + 'static,
    ) -> Self {
        let (queue, waiting) = async_mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || write_in_groups(connection, reopen, waiting))
            .expect("the system lets a process start its threads at start");
        Self { queue: Some(queue), thread: Some(thread) }
    }

    fn queue(&self) -> Result<&async_mpsc::Sender<Box<dyn Piece>>, StoreError> {
        self.queue.as_ref().ok_or_else(stopped)
    }

    /// Runs the work in the next transaction; waits for room.
    pub(super) async fn write<F, T>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
        T: Send + 'static,
    {
        let (piece, answer) = ask(work);
        self.queue()?.send(piece).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs the work in the next transaction; busy when there is no room.
    pub(super) async fn try_write<F, T>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
        T: Send + 'static,
    {
        let (piece, answer) = ask(work);
        self.queue()?.try_send(piece).map_err(|error| match error {
            async_mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            async_mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }
}

fn write_in_groups(
    mut connection: Connection,
    reopen: impl Fn() -> rusqlite::Result<Connection>,
    mut waiting: async_mpsc::Receiver<Box<dyn Piece>>,
) {
    let mut batch: Vec<Box<dyn Piece>> = Vec::with_capacity(BATCH);
    let mut refusals = Refusals::default();
    let checkpoints = Checkpoints::start(reopen());
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        let together = in_transaction(&connection, &mut batch);
        if together.is_ok() {
            for piece in batch.drain(..) {
                piece.answer(Ok(()));
            }
            checkpoints.written(&connection);
            continue;
        }
        for piece in batch.drain(..) {
            let mut alone = [piece];
            let outcome = in_transaction(&connection, &mut alone).map_err(StoreError::from);
            if let Err(error) = &outcome {
                refusals.say(error);
            }
            let [piece] = alone;
            piece.answer(outcome);
        }
        if !connection.is_autocommit() {
            match reopen() {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the ledger cannot be reopened"),
            }
        }
    }
    drop(checkpoints);
    // The last word: a copy of the one file is then a whole copy of the ledger.
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the journal stays beside the ledger; keep both files together");
    }
}

/// The time between two lines about refused writes. While a disk is full every writer comes again each second; a line for
/// each would bury what else the log has to say, and fill the disk.
const QUIET: Duration = Duration::from_secs(60);

/// What is said about refused writes: the first at once, then one line a minute with how many there were.
#[derive(Default)]
struct Refusals {
    said: Option<Instant>,
    unsaid: u64,
}

impl Refusals {
    fn say(&mut self, error: &StoreError) {
        if self.said.is_some_and(|at| at.elapsed() < QUIET) {
            self.unsaid += 1;
            return;
        }
        let more_since_the_last_line = std::mem::take(&mut self.unsaid);
        self.said = Some(Instant::now());
        tracing::error!(
            %error, more_since_the_last_line,
            "the ledger refused a write; its caller is told to come again. Look at the disk's free space and permissions"
        );
    }
}

fn in_transaction(db: &Connection, pieces: &mut [Box<dyn Piece>]) -> Outcome<()> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    // A fault of ours in one piece must not take the one writer from everybody else.
    let run = || pieces.iter_mut().try_for_each(|piece| piece.run(db));
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Failure::Row(broken())));
    let committed = outcome.and_then(|()| Ok(db.prepare_cached("COMMIT")?.execute([]).map(drop)?));
    if committed.is_err() && !db.is_autocommit() {
        // A rollback that fails leaves the connection inside the transaction; the caller then makes a new one.
        if let Err(error) = db.execute_batch("ROLLBACK") {
            tracing::error!(%error, "the ledger cannot roll back");
        }
    }
    committed
}

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reader threads.
pub(super) struct Reader {
    queue: mpsc::SyncSender<Question>,
}

impl Reader {
    /// Starts the threads, each with a read-only connection of its own.
    pub(super) fn start(count: usize, open: impl Fn() -> rusqlite::Result<Connection>) -> rusqlite::Result<Self> {
        let (queue, waiting) = mpsc::sync_channel::<Question>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let connection = open()?;
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name("ledger-reader".to_owned())
                .spawn(move || {
                    loop {
                        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok(question) = next else { return };
                        question(&connection);
                    }
                })
                .expect("the system lets a process start its threads at start");
        }
        Ok(Self { queue })
    }

    /// Asks a question; busy when too many wait.
    pub(super) async fn read<F, T>(&self, question: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |db| {
            // Whoever asked may have gone.
            let _ = reply.send(question(db).map_err(StoreError::from));
        });
        self.queue.try_send(question).map_err(|_| StoreError::Busy)?;
        answer.await.map_err(|_| stopped())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let open = || Connection::open_in_memory();
        let connection = open().expect("memory");
        connection.execute_batch("CREATE TABLE t (x)").expect("a table");
        Writer::start(connection, open)
    }

    #[tokio::test]
    async fn a_piece_that_breaks_spoils_nothing_but_itself() {
        let writer = writer();
        let good = || writer.write(|db: &Connection| Ok(db.execute("INSERT INTO t VALUES (1)", []).map(drop)?));
        let breaks = writer.write(|_: &Connection| -> Outcome<()> { panic!("on purpose") });
        let (before, broken, after) = tokio::join!(good(), breaks, good());
        assert!(before.is_ok() && after.is_ok() && broken.is_err());
        let count = writer.write(|db: &Connection| -> Outcome<i64> {
            Ok(db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
        });
        assert_eq!(count.await.expect("still there"), 2, "each good piece is stored once");
    }
}
