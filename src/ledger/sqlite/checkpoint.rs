//! Moves the journal into the file beside the writer, so that no caller waits for it.
//!
//! In a large ledger nearly every event touches pages of its own, so that moving 16 MiB of journal takes tens of
//! milliseconds; as part of a commit (SQLite's own way) that is what everybody behind it waits for. Here a thread of
//! its own moves what there is; the writer only takes the last, short step, since SQLite begins the journal anew just
//! when all of it has been moved at the moment somebody writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

/// What is written in this time is moved together: pages that are written often are moved once.
const GATHERING: Duration = Duration::from_millis(100);
/// From so many pages on the journal is to begin anew: 16 MiB.
const LONG: i64 = 4_000;
/// So many pages the writer may move in passing.
const SHORT: i64 = 200;
/// How often what came meanwhile is moved, too, before the writer takes the last step whatever it is.
const TURNS: usize = 4;

/// The thread that moves the journal.
pub(super) struct Checkpoints {
    written: Option<mpsc::SyncSender<()>>,
    /// Nothing is ever sent: its end is what is waited for.
    open: Option<mpsc::Sender<()>>,
    nearly_done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread on a connection of its own. Without one, SQLite's own checkpoints do it all.
    pub(super) fn start(connection: rusqlite::Result<Connection>) -> Self {
        let (written, waiting) = mpsc::sync_channel(1);
        let (open, closed) = mpsc::channel::<()>();
        let nearly_done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&nearly_done);
        let thread = connection.inspect_err(|error| tracing::warn!(%error, "the writer moves its journal itself")).ok();
        let thread = thread.map(|connection| {
            let work = move || {
                while waiting.recv().is_ok() {
                    if closed.recv_timeout(GATHERING) != Err(mpsc::RecvTimeoutError::Timeout) {
                        return;
                    }
                    match move_all(&connection) {
                        Ok(is_long) => seen.store(is_long, Ordering::Release),
                        // The writer meets the same trouble, and says so.
                        Err(error) => tracing::debug!(%error, "the journal was not moved into the ledger"),
                    }
                }
            };
            let thread = std::thread::Builder::new().name("ledger-journal".to_owned());
            thread.spawn(work).expect("the system lets a process start its threads at start")
        });
        Self { written: Some(written), open: Some(open), nearly_done, thread }
    }

    /// The writer has committed on this connection.
    pub(super) fn written(&self, connection: &Connection) {
        if self.nearly_done.swap(false, Ordering::Acquire)
            && let Err(error) = passive(connection)
        {
            tracing::debug!(%error, "the journal goes on");
        }
        if let Some(written) = &self.written {
            // One that waits is enough.
            let _ = written.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        (self.written, self.open) = (None, None);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that moves the ledger's journal broke");
        }
    }
}

/// Moves what there is, and, once the journal is long enough to begin anew, what came meanwhile; whether it is.
fn move_all(connection: &Connection) -> rusqlite::Result<bool> {
    let mut length = passive(connection)?;
    for _ in 0..TURNS {
        let known = length;
        if length < LONG {
            return Ok(false);
        }
        length = passive(connection)?;
        if length - known < SHORT {
            break;
        }
    }
    Ok(length >= LONG)
}

/// Moves what can be moved without keeping anybody waiting; the length of the journal, in pages.
fn passive(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get("log"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;
    use std::time::Instant;

    use super::*;

    fn open(path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        let sql = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF";
        connection.execute_batch(sql).map(|()| connection)
    }

    /// How often the journal began anew: a number in its head, <https://www.sqlite.org/fileformat2.html#walformat>.
    fn beginnings(path: &Path) -> u32 {
        let mut head = [0; 16];
        let mut journal = std::fs::File::open(path.with_extension("db-wal")).expect("there is a journal");
        journal.read_exact(&mut head).expect("it has a head");
        u32::from_be_bytes(head[12..].try_into().expect("four bytes"))
    }

    #[test]
    fn the_journal_of_a_writer_that_never_rests_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        let writer = open(&path).expect("opens");
        writer.execute_batch("CREATE TABLE rows (value BLOB)").expect("makes a table");
        let first = beginnings(&path);
        let checkpoints = Checkpoints::start(open(&path));
        let began = Instant::now();
        let mut written = 0_u64;
        while beginnings(&path) < first + 2 {
            writer.execute("INSERT INTO rows VALUES (zeroblob(200000))", []).expect("writes");
            written += 1;
            checkpoints.written(&writer);
            assert!(began.elapsed() < Duration::from_secs(30), "the journal only grows: {written} rows");
        }
        drop(checkpoints);
        let kept: u64 = writer.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).expect("reads");
        assert_eq!(kept, written);
    }

    #[test]
    fn without_a_connection_the_writer_goes_on_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = open(&folder.path().join("ledger.db")).expect("opens");
        let checkpoints = Checkpoints::start(Err(rusqlite::Error::InvalidQuery));
        writer.execute_batch("CREATE TABLE rows (value BLOB)").expect("makes a table");
        checkpoints.written(&writer);
    }
}
