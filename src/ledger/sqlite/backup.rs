//! A backup of the file while a service works on it.
//!
//! SQLite copies its pages inside one reading transaction, so that the copy is the ledger of one moment, and no write has
//! to wait. The copy is checked before it gets its name: it is whole or not there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::super::copy::tables::TABLES;
use super::{connect, migrate};

/// Pages copied between two words about how far it is: 16 MiB.
const STEP: i32 = 4_096;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no ledger.
    #[error("the ledger {0} cannot be read: there is no such file")]
    Missing(PathBuf),
    /// There is something of that name.
    #[error("{0} exists already; choose another name, or replace it with --force")]
    Exists(PathBuf),
    /// The ledger's own files.
    #[error("{0} belongs to the ledger itself; choose another name")]
    Itself(PathBuf),
    /// The copy is not whole.
    #[error("the backup is not whole and was thrown away: {0}; look at the disk, and run it again")]
    Unsound(String),
    /// SQLite said no.
    #[error("the ledger cannot be backed up: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be written.
    #[error("{path} cannot be written: {cause}")]
    Write {
        /// The backup, or its folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// What was backed up.
#[derive(Debug)]
pub struct BackedUp {
    /// How large the file is.
    pub bytes: u64,
    /// The rows of each table, compared with the ledger's at that moment.
    pub rows: Vec<(&'static str, u64)>,
}

/// Backs the ledger up into a file that only its owner can read. `progress` is told how many of so many pages are there.
///
/// # Errors
/// Says what to do; then there is no new file.
pub fn backup(
    ledger: &Path,
    to: &Path,
    replace: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BackedUp, BackupError> {
    if !ledger.exists() {
        return Err(BackupError::Missing(ledger.to_owned()));
    }
    if is_part_of(ledger, to) {
        return Err(BackupError::Itself(to.to_owned()));
    }
    if !replace && to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |cause| BackupError::Write { path, cause }
    };
    // Readable for its owner only, and gone if anything goes wrong.
    let file = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder).map_err(unwritable(folder))?;
    let source = connect(ledger, true)?;
    // From here on the source does not change for this connection, however much is written.
    source.execute_batch("BEGIN")?;
    let wanted = count(&source)?;
    let mut copy = Connection::open(file.path())?;
    copy_pages(&source, &mut copy, progress)?;
    source.execute_batch("COMMIT")?;
    check(&copy, &wanted)?;
    copy.close().map_err(|(_, error)| error)?;
    file.as_file().sync_all().map_err(unwritable(to))?;
    let persisted = if replace { file.persist(to) } else { file.persist_noclobber(to) };
    let file = persisted.map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
        _ => BackupError::Write { path: to.to_owned(), cause: error.error },
    })?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable(folder))?;
    let bytes = file.metadata().map_err(unwritable(to))?.len();
    Ok(BackedUp { bytes, rows: wanted })
}

/// Whether a name is that of the ledger or of one of the files beside it.
fn is_part_of(ledger: &Path, to: &Path) -> bool {
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    ["", "-wal", "-shm", ".lock"].iter().any(|ending| {
        let mut name = ledger.as_os_str().to_owned();
        name.push(ending);
        same(Path::new(&name), to)
    })
}

fn copy_pages(
    source: &Connection,
    copy: &mut Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let pages = Backup::new(source, copy)?;
    loop {
        let step = pages.step(STEP)?;
        let (of, left) = (pages.progress().pagecount, pages.progress().remaining);
        progress(u64::try_from(of - left).unwrap_or_default(), u64::try_from(of).unwrap_or_default());
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Another process moves its journal into the file at this moment.
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The rows of every table; tables this ledger has not yet are left out.
fn count(db: &Connection) -> rusqlite::Result<Vec<(&'static str, u64)>> {
    let mut rows = Vec::new();
    for table in TABLES {
        if migrate::has_table(db, table.name)? {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            rows.push((table.name, db.query_row(&sql, [], |row| row.get(0))?));
        }
    }
    Ok(rows)
}

fn check(copy: &Connection, wanted: &[(&'static str, u64)]) -> Result<(), BackupError> {
    // One file, without a journal beside it; the service makes its own when it opens it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(BackupError::Unsound(verdict));
    }
    let there = count(copy)?;
    if there != wanted {
        return Err(BackupError::Unsound(format!("it has {there:?} and not {wanted:?}")));
    }
    Ok(())
}
