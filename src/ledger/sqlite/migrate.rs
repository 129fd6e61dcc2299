//! Brings the file up to date, each migration in a transaction of its own; notes of each who can work with it.

use rusqlite::{Connection, OptionalExtension, params};
use rusqlite_migration::{HookError, M, Migrations};

use super::super::OpenError;
use super::super::schema::{self, Applied, MIGRATIONS, Standing};
use super::unusable;

const NOTES: &str = "CREATE TABLE IF NOT EXISTS ledger_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, \
     works_since INTEGER, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT";

/// Where the file stands.
///
/// # Errors
/// `Newer`, or that the file is no ledger.
pub(super) fn standing(db: &Connection, path: &str) -> Result<Standing, OpenError> {
    let (found, applied) = read(db).map_err(|cause| unusable(path, &cause))?;
    schema::judge(path, found, &applied)
}

fn read(db: &Connection) -> rusqlite::Result<(u32, Vec<Applied>)> {
    let found = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if !has_table(db, "ledger_migrations")? {
        return Ok((found, Vec::new()));
    }
    let mut statement = db.prepare("SELECT number, works_since FROM ledger_migrations")?;
    let applied = statement.query_map([], |row| Ok(Applied { number: row.get(0)?, works_since: row.get(1)? }))?;
    Ok((found, applied.collect::<Result<_, _>>()?))
}

/// Whether there is a table of this name.
pub(super) fn has_table(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(db.query_row(sql, [name], |_| Ok(())).optional()?.is_some())
}

/// Applies what is missing; says where the file stood before.
///
/// # Errors
/// `Newer`, or what could not be done.
pub(super) fn migrate(db: &mut Connection, path: &str) -> Result<Standing, OpenError> {
    let before = standing(db, path)?;
    if before.is_behind() {
        let steps: Migrations<'_> = (1_u32..).zip(MIGRATIONS).map(|(number, it)| step(number, it)).collect();
        steps.to_latest(db).map_err(|error| OpenError::Unusable { path: path.to_owned(), cause: error.to_string() })?;
        tracing::info!(from = before.found, to = before.known, "the ledger was brought up to date");
    }
    Ok(before)
}

fn step(number: u32, migration: &'static schema::Migration) -> M<'static> {
    M::up_with_hook(migration.sqlite, move |tx: &rusqlite::Transaction<'_>| {
        tx.execute_batch(NOTES)?;
        tx.execute(
            "INSERT INTO ledger_migrations (number, name, works_since) VALUES (?1, ?2, ?3)",
            params![number, migration.name, migration.works_since],
        )?;
        Ok::<(), HookError>(())
    })
}
