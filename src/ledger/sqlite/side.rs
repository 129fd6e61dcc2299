//! A file as one side of a copy (`ledger::copy`): read and written table by table, outside of any service.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql, params, params_from_iter};

use super::super::copy::mark::{BEGUN, INTO, MOVED, Mark, Marks, VOID};
use super::super::copy::tables::{Kind, TABLES, Table};
use super::super::copy::value::{Row, Said, Value};
use super::super::{OpenError, Standing};
use super::migrate;
use super::work::millis;
use crate::clock::Clock;

/// A ledger's file that this process alone has.
pub(in crate::ledger) struct File {
    path: String,
    db: Connection,
    // Let go of after the connection.
    _lock: std::fs::File,
}

type Outcome<T> = Result<T, Said>;

impl From<rusqlite::Error> for Said {
    fn from(error: rusqlite::Error) -> Self {
        Said(error.to_string())
    }
}

impl File {
    /// Takes the file's lock. A target is made if it is not there, and brought up to date.
    pub(in crate::ledger) fn take(path: &Path, is_target: bool) -> Result<(Self, Standing), OpenError> {
        // Absolute, since it is read elsewhere: in the mark of the other ledger.
        let shown = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        if !is_target && !path.exists() {
            return Err(OpenError::Unusable { path: shown, cause: "there is no such file".to_owned() });
        }
        let lock = super::lock(path)?;
        super::private_file(path).map_err(|cause| super::cannot_open(path, &cause))?;
        let mut db = super::connect(path, false).map_err(|cause| super::unusable(&shown, &cause))?;
        let standing = if is_target { migrate::migrate(&mut db, &shown)? } else { migrate::standing(&db, &shown)? };
        Ok((Self { path: shown, db, _lock: lock }, standing))
    }

    pub(in crate::ledger) fn path(&self) -> &str {
        &self.path
    }

    /// This machine's clock, in Unix milliseconds.
    #[expect(clippy::unused_self, reason = "the other side asks its server")]
    pub(in crate::ledger) fn now_ms(&self) -> Outcome<i64> {
        Ok(Clock::system().now().as_millisecond())
    }

    pub(in crate::ledger) fn marks(&self) -> Outcome<Marks> {
        marks(&self.db)
    }

    pub(in crate::ledger) fn mark(&mut self, name: &'static str, mark: &Mark) -> Outcome<()> {
        let tx = self.db.transaction()?;
        forget_marks(&tx)?;
        write_mark(&tx, name, mark)?;
        Ok(tx.commit()?)
    }

    pub(in crate::ledger) fn unmark(&mut self) -> Outcome<()> {
        forget_marks(&self.db)
    }

    pub(in crate::ledger) fn empty(&mut self, mark: &Mark) -> Outcome<()> {
        let tx = self.db.transaction()?;
        for table in TABLES {
            tx.execute(&format!("DELETE FROM {}", table.name), [])?;
        }
        write_mark(&tx, INTO, mark)?;
        Ok(tx.commit()?)
    }

    pub(in crate::ledger) fn count(&self, table: &Table) -> Outcome<u64> {
        Ok(self.db.query_row(&table.count(), [], |row| row.get(0))?)
    }

    pub(in crate::ledger) fn last(&self, table: &Table) -> Outcome<Option<Row>> {
        let mut statement = self.db.prepare_cached(&table.last())?;
        let mut rows = statement.query([])?;
        rows.next()?.map(|row| read(row, &table.columns[..table.key])).transpose()
    }

    pub(in crate::ledger) fn page(&self, table: &Table, after: Option<&Row>, most: i64) -> Outcome<Vec<Row>> {
        let mut statement = self.db.prepare_cached(&table.page('?', after.is_none()))?;
        let given = after.into_iter().flatten().cloned().chain([Value::Integer(most)]);
        let mut rows = statement.query(params_from_iter(given))?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            page.push(read(row, table.columns)?);
        }
        Ok(page)
    }

    pub(in crate::ledger) fn add(&mut self, table: &Table, rows: &[Row]) -> Outcome<()> {
        let tx = self.db.transaction()?;
        let places = vec!["?"; table.columns.len()].join(", ");
        let mut insert =
            tx.prepare_cached(&format!("INSERT INTO {} ({}) VALUES ({places})", table.name, table.names()))?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
        drop(insert);
        Ok(tx.commit()?)
    }

    pub(in crate::ledger) fn finish(&mut self, unclear_after_ms: i64, grace: Duration) -> Outcome<()> {
        let until = self.now_ms()?.saturating_add(millis(grace));
        let tx = self.db.transaction()?;
        tx.execute(
            "UPDATE assignments SET unclear_until = max(coalesce(unclear_until, 0), ?1), next_at = max(next_at, ?1) \
             WHERE state = 'running' OR unclear_until > ?2",
            [until, unclear_after_ms],
        )?;
        forget_marks(&tx)?;
        Ok(tx.commit()?)
    }
}

/// A ledger that was moved away, or has half a copy, is not served from. A copy from here that was begun and has not
/// ended is void from now on.
pub(super) fn refuse_copies(db: &Connection, path: &str) -> Result<(), OpenError> {
    let unusable = |cause: Said| OpenError::Unusable { path: path.to_owned(), cause: cause.0 };
    if !migrate::has_table(db, "singletons").map_err(|error| unusable(error.into()))? {
        return Ok(());
    }
    let marks = marks(db).map_err(unusable)?;
    marks.let_serve(path)?;
    if marks.begun.is_some() {
        forget_marks(db).map_err(unusable)?;
        tracing::warn!("{VOID}");
    }
    Ok(())
}

fn marks(db: &Connection) -> Outcome<Marks> {
    let mut marks = Marks::default();
    let mut statement = db.prepare("SELECT name, value FROM singletons WHERE name IN (?1, ?2, ?3)")?;
    let mut rows = statement.query([BEGUN, MOVED, INTO])?;
    while let Some(row) = rows.next()? {
        marks.take(&row.get::<_, String>(0)?, &row.get::<_, Vec<u8>>(1)?)?;
    }
    Ok(marks)
}

fn write_mark(db: &Connection, name: &'static str, mark: &Mark) -> Outcome<()> {
    let sql = "INSERT INTO singletons (name, value, updated_at) VALUES (?1, ?2, ?3)";
    db.execute(sql, params![name, mark.stored(), mark.at.as_millisecond()])?;
    Ok(())
}

fn forget_marks(db: &Connection) -> Outcome<()> {
    db.execute("DELETE FROM singletons WHERE name IN (?1, ?2, ?3)", [BEGUN, MOVED, INTO])?;
    Ok(())
}

fn read(row: &rusqlite::Row<'_>, columns: &[(&'static str, Kind)]) -> Outcome<Row> {
    let mut values = Vec::with_capacity(columns.len());
    for (at, (name, kind)) in columns.iter().enumerate() {
        values.push(match (row.get_ref(at)?, kind) {
            (ValueRef::Null, _) => Value::Null,
            (ValueRef::Integer(it), Kind::Flag) => Value::Flag(it != 0),
            (ValueRef::Integer(it), Kind::Integer) => Value::Integer(it),
            (ValueRef::Real(it), Kind::Real) => Value::Real(it),
            (ValueRef::Blob(it), Kind::Bytes) => Value::Bytes(it.to_vec()),
            (ValueRef::Text(it), Kind::Text) => {
                let text = std::str::from_utf8(it).map_err(|_| Said(format!("a text in {name} is not UTF-8")))?;
                // The one character PostgreSQL cannot store.
                Value::Text(text.replace('\0', "\u{fffd}"))
            }
            _ => return Err(Said(format!("a value in {name} is not what the column is for"))),
        });
    }
    Ok(values)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ToSqlOutput::Borrowed;
        Ok(match self {
            Value::Null => Borrowed(ValueRef::Null),
            Value::Integer(it) => Borrowed(ValueRef::Integer(*it)),
            Value::Real(it) => Borrowed(ValueRef::Real(*it)),
            Value::Flag(it) => Borrowed(ValueRef::Integer(i64::from(*it))),
            Value::Text(it) => Borrowed(ValueRef::Text(it.as_bytes())),
            Value::Bytes(it) => Borrowed(ValueRef::Blob(it)),
        })
    }
}
