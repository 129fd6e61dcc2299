//! One side of a copy: a ledger nobody else may open while the copy has it.

use std::time::Duration;

use super::super::postgres::side::Database;
use super::super::sqlite::side::File;
use super::super::{OpenError, Place, Standing};
use super::CopyError;
use super::mark::{Mark, Marks};
use super::tables::Table;
use super::value::Row;

/// A ledger that is copied from or to.
pub(super) enum Side {
    Sqlite(File),
    Postgres(Box<Database>),
}

/// Passes a call on to whichever database it is. A file is worked on right here: nothing else runs beside a copy.
macro_rules! either {
    ($side:expr, $it:ident => $file:expr, $database:expr) => {
        match $side {
            Side::Sqlite($it) => $file.map_err(|cause| CopyError::failed($it.path(), cause)),
            Side::Postgres($it) => $database.await.map_err(|cause| CopyError::failed($it.path(), cause)),
        }
    };
}

impl Side {
    /// Takes the ledger for this process alone. A target is made and brought up to date, a source stays as it is.
    pub(super) async fn take(place: &Place, is_target: bool) -> Result<(Self, Standing), OpenError> {
        Ok(match place {
            Place::Sqlite(path) => {
                let (file, standing) = File::take(path, is_target)?;
                (Side::Sqlite(file), standing)
            }
            Place::Postgres(address) => {
                let (database, standing) = Database::take(address, is_target).await?;
                (Side::Postgres(Box::new(database)), standing)
            }
        })
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Side::Sqlite(file) => file.path(),
            Side::Postgres(database) => database.path(),
        }
    }

    /// Whether nobody but this copy is there, as far as the database can tell: asked before the last word.
    pub(super) async fn is_alone(&self) -> Result<bool, CopyError> {
        match self {
            // The lock of the file says so.
            Side::Sqlite(_) => Ok(true),
            Side::Postgres(it) => it.is_alone().await.map_err(|cause| CopyError::failed(it.path(), cause)),
        }
    }

    /// The clock the ledger's moments are by, in Unix milliseconds.
    pub(super) async fn now_ms(&self) -> Result<i64, CopyError> {
        either!(self, it => it.now_ms(), it.now_ms())
    }

    pub(super) async fn marks(&self) -> Result<Marks, CopyError> {
        either!(self, it => it.marks(), it.marks())
    }

    /// Leaves this mark and none of the other two.
    pub(super) async fn mark(&mut self, name: &'static str, mark: &Mark) -> Result<(), CopyError> {
        either!(self, it => it.mark(name, mark), it.mark(name, mark))
    }

    /// Takes every mark away.
    pub(super) async fn unmark(&mut self) -> Result<(), CopyError> {
        either!(self, it => it.unmark(), it.unmark())
    }

    /// Takes every row away and leaves the mark of a copy into it, in one transaction.
    pub(super) async fn empty(&mut self, mark: &Mark) -> Result<(), CopyError> {
        either!(self, it => it.empty(mark), it.empty(mark))
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, CopyError> {
        either!(self, it => it.count(table), it.count(table))
    }

    /// The last row's key, if there is any row.
    pub(super) async fn last(&self, table: &Table) -> Result<Option<Row>, CopyError> {
        either!(self, it => it.last(table), it.last(table))
    }

    /// At most so many rows after this key, in its order.
    pub(super) async fn page(&self, table: &Table, after: Option<&Row>, most: i64) -> Result<Vec<Row>, CopyError> {
        either!(self, it => it.page(table, after, most), it.page(table, after, most))
    }

    /// Adds rows; all of them or none.
    pub(super) async fn add(&mut self, table: &Table, rows: &[Row]) -> Result<(), CopyError> {
        either!(self, it => it.add(table, rows), it.add(table, rows))
    }

    /// The target's last step, in one transaction: new numbers continue after the highest, whoever may have a call on its
    /// way (`unclear_after`: by the source's clock) waits for `grace` from now, and the mark goes away.
    pub(super) async fn finish(&mut self, unclear_after_ms: i64, grace: Duration) -> Result<(), CopyError> {
        either!(self, it => it.finish(unclear_after_ms, grace), it.finish(unclear_after_ms, grace))
    }
}
