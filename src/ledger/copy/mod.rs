//! Moving house: everything a ledger holds goes to another one, SQLite or PostgreSQL.
//!
//! Both sides belong to this process alone while it runs. Rows go over in the order of their keys, some thousand in one
//! transaction, so a copy that was killed goes on where it stopped. In the end both sides are counted, what is not mere
//! history is compared row by row, and the source is marked as moved. See `mark` for what keeps two services from serving
//! from both, and docs/ledger.md for what an administrator is told.

mod error;
pub(in crate::ledger) mod mark;
mod side;
pub mod tables;
pub(in crate::ledger) mod value;

use std::time::Duration;

use jiff::Timestamp;

use super::{OpenError, Place};
use mark::{BEGUN, INTO, MOVED, Mark, Marks};
use side::Side;
use tables::{TABLES, Table};
use value::Checksum;

pub use error::CopyError;

/// Rows in one transaction.
const BATCH: i64 = 5_000;

/// Who is told how far it is.
pub trait Progress {
    /// This many of so many rows of a table are there.
    fn copied(&mut self, table: &'static str, rows: u64, of: u64);
    /// This many of so many rows of a table are compared.
    fn compared(&mut self, table: &'static str, rows: u64, of: u64);
}

/// What a table holds on both sides, in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The table.
    pub table: &'static str,
    /// Its rows, the same number on both sides.
    pub rows: u64,
    /// SHA-256 over all of them, in hex, the same on both sides; none where only the rows are counted.
    pub checksum: Option<String>,
}

/// A copy that came to its end.
#[derive(Debug)]
pub struct Copied {
    /// What was compared, table by table.
    pub verified: Vec<Verified>,
    /// Whether an earlier copy was gone on with.
    pub went_on: bool,
    /// How far the target's clock is ahead of the source's, in milliseconds.
    pub clock_ahead_ms: i64,
}

/// Copies a ledger. `grace` is how long a call of a process that is gone may still take effect; `replace` lets go of what
/// a target holds that was moved away or has part of another copy.
///
/// # Errors
/// Says what to do; nothing is switched over unless the whole copy is there.
pub async fn copy(
    from: &Place,
    to: &Place,
    grace: Duration,
    replace: bool,
    progress: &mut dyn Progress,
) -> Result<Copied, CopyError> {
    if from.shown() == to.shown() {
        return Err(CopyError::Same);
    }
    let (mut source, standing) = Side::take(from, false).await?;
    if standing.found != standing.known {
        return Err(CopyError::OtherSchema { path: source.path().to_owned(), standing });
    }
    let (mut target, standing) = Side::take(to, true).await?;
    if standing.found > standing.known {
        return Err(CopyError::OtherSchema { path: target.path().to_owned(), standing });
    }
    let course = course(&source, &target, replace).await?;
    if course == Course::Begin {
        begin(&mut source, &mut target).await?;
    }
    if course != Course::Finish {
        carry(&source, &mut target, progress).await?;
    }
    let verified = verify(&source, &target, progress).await?;
    let (source_now, target_now) = (source.now_ms().await?, target.now_ms().await?);
    close(&mut source, source_now).await?;
    target.finish(source_now, grace).await?;
    let went_on = course != Course::Begin;
    Ok(Copied { verified, went_on, clock_ahead_ms: target_now - source_now })
}

/// Marks the source as moved. Whoever connects from now on is refused; whoever is connected already is seen.
async fn close(source: &mut Side, now_ms: i64) -> Result<(), CopyError> {
    let Some(begun) = source.marks().await?.begun else { return Ok(()) };
    source.mark(MOVED, &Mark { at: moment(now_ms), ..begun.clone() }).await?;
    if source.is_alone().await? {
        return Ok(());
    }
    source.mark(BEGUN, &begun).await?;
    Err(CopyError::NotAlone { path: source.path().to_owned() })
}

/// Takes the marks of a copy off a ledger that was moved away, so that it may be served from again; where it had gone.
///
/// # Errors
/// It was not moved away, or cannot be had.
pub async fn reopen(place: &Place) -> Result<Option<String>, CopyError> {
    let (mut side, _) = Side::take(place, false).await?;
    let marks = side.marks().await?;
    if let Some(Mark { from, .. }) = marks.into {
        return Err(OpenError::HalfCopied { path: side.path().to_owned(), from }.into());
    }
    let Some(moved) = marks.moved else { return Ok(None) };
    side.unmark().await?;
    Ok(Some(moved.to))
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Course {
    Begin,
    GoOn,
    /// The source is marked; the target needs its last step only.
    Finish,
}

async fn course(source: &Side, target: &Side, replace: bool) -> Result<Course, CopyError> {
    let (of_source, of_target) = (source.marks().await?, target.marks().await?);
    let is = |mark: &Option<Mark>, copy: &str| mark.as_ref().is_some_and(|mark| mark.copy == copy);
    if let Some(moved) = of_source.moved {
        if is(&of_target.into, &moved.copy) {
            return Ok(Course::Finish);
        }
        let Mark { to, at, .. } = moved;
        let from = source.path().to_owned();
        return Err(if to == target.path() {
            CopyError::Done { from, to, at }
        } else {
            OpenError::Moved { path: from, to, at }.into()
        });
    }
    of_source.let_serve(source.path())?;
    if let Some(begun) = &of_source.begun
        && is(&of_target.into, &begun.copy)
    {
        return Ok(Course::GoOn);
    }
    may_begin(source, target, &of_target, replace).await?;
    Ok(Course::Begin)
}

/// Whether the target is empty, or may be emptied.
async fn may_begin(source: &Side, target: &Side, marks: &Marks, replace: bool) -> Result<(), CopyError> {
    let path = target.path().to_owned();
    let what = match (&marks.into, &marks.moved) {
        // What is left of a copy from the same ledger, from which somebody served since.
        (Some(into), _) if into.from == source.path() => return Ok(()),
        (Some(into), _) => format!("has part of a copy from {}", into.from),
        (None, Some(moved)) => format!("was moved to {} at {}, and has its rows still", moved.to, moved.at),
        (None, None) => return is_empty(target).await,
    };
    if replace { Ok(()) } else { Err(CopyError::Replace { path, what }) }
}

async fn is_empty(target: &Side) -> Result<(), CopyError> {
    for table in TABLES {
        let rows = target.count(table).await?;
        if rows > 0 {
            return Err(CopyError::NotEmpty { path: target.path().to_owned(), table: table.name, rows });
        }
    }
    Ok(())
}

/// Marks both sides; the source first, so that a target never has a mark whose copy nobody knows.
async fn begin(source: &mut Side, target: &mut Side) -> Result<(), CopyError> {
    let mark = Mark {
        copy: uuid::Uuid::new_v4().to_string(),
        from: source.path().to_owned(),
        to: target.path().to_owned(),
        at: moment(source.now_ms().await?),
    };
    source.mark(BEGUN, &mark).await?;
    match is_empty(target).await {
        Ok(()) => target.mark(INTO, &mark).await,
        Err(_) => target.empty(&mark).await,
    }
}

async fn carry(source: &Side, target: &mut Side, progress: &mut dyn Progress) -> Result<(), CopyError> {
    for table in TABLES {
        let of = source.count(table).await?;
        let mut last = target.last(table).await?;
        let mut rows = if last.is_some() { target.count(table).await? } else { 0 };
        loop {
            progress.copied(table.name, rows, of);
            let mut page = source.page(table, last.as_ref(), BATCH).await?;
            if page.is_empty() {
                break;
            }
            target.add(table, &page).await?;
            rows += u64::try_from(page.len()).unwrap_or(u64::MAX);
            last = page.pop().map(|mut row| {
                row.truncate(table.key);
                row
            });
        }
    }
    Ok(())
}

async fn verify(source: &Side, target: &Side, progress: &mut dyn Progress) -> Result<Vec<Verified>, CopyError> {
    let mut verified = Vec::new();
    for table in TABLES {
        let (rows, there) = (source.count(table).await?, target.count(table).await?);
        if rows != there {
            let (from, to) = (format!("{rows} rows"), format!("{there}"));
            return Err(CopyError::Unequal { table: table.name, from, to });
        }
        let checksum =
            if table.is_history { None } else { Some(compare(source, target, table, rows, progress).await?) };
        verified.push(Verified { table: table.name, rows, checksum });
    }
    Ok(verified)
}

/// The checksum both sides have.
async fn compare(
    source: &Side,
    target: &Side,
    table: &'static Table,
    of: u64,
    progress: &mut dyn Progress,
) -> Result<String, CopyError> {
    let mut sums = Vec::new();
    for side in [source, target] {
        let (mut sum, mut last, mut rows) = (Checksum::default(), None, 0);
        loop {
            progress.compared(table.name, rows, of);
            let mut page = side.page(table, last.as_ref(), BATCH).await?;
            page.iter().for_each(|row| sum.add(row));
            rows += u64::try_from(page.len()).unwrap_or(u64::MAX);
            let Some(mut row) = page.pop() else { break };
            row.truncate(table.key);
            last = Some(row);
        }
        sums.push(sum.hex());
    }
    if sums[0] != sums[1] {
        let [from, to] = [0, 1].map(|at: usize| format!("the checksum {}", sums[at]));
        return Err(CopyError::Unequal { table: table.name, from, to });
    }
    Ok(sums.swap_remove(0))
}
