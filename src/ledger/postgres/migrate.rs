//! Brings the database up to date: one replica at a time, each migration in a transaction of its own; notes of each who
//! can work with it. Where nothing is missing nothing is made, so that a role with rights on rows alone can serve.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::super::OpenError;
use super::super::schema::{self, Applied, MIGRATIONS, Standing};
use super::connect::{Address, said};

/// The lock all replicas take before they look; any number that is ours.
const LOCK: i64 = 0x6f6c_7765_6469_7231;
/// How long all migrations together may take, the wait for another replica's included.
const PATIENCE: Duration = Duration::from_secs(600);

/// Why a database cannot be this program's ledger.
enum Unfit {
    /// In words that name the ledger already.
    Said(OpenError),
    /// The role may not make or change tables.
    MayNot,
    /// Something else, in words.
    Because(String),
}

impl From<tokio_postgres::Error> for Unfit {
    fn from(error: tokio_postgres::Error) -> Self {
        let hint = if is_denied(&error) { "; the database user needs rights on rows, see docs/ledger.md" } else { "" };
        Unfit::Because(format!("{}{hint}", said(&error)))
    }
}

fn is_denied(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

/// The same for a statement that makes or changes tables.
fn while_making(what: &str, error: &tokio_postgres::Error) -> Unfit {
    if is_denied(error) { Unfit::MayNot } else { Unfit::Because(format!("{what} failed: {}", said(error))) }
}

/// Checks that the server can hold a ledger, and applies what is missing; says where the database stood before.
pub(super) async fn migrate(client: &Client, address: &Address) -> Result<Standing, OpenError> {
    let migrated = tokio::time::timeout(PATIENCE, async {
        check_server(client).await?;
        client.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0").await?;
        client.query("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
        let outcome = apply(client, address).await;
        client.query("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
        client.batch_execute("SET lock_timeout = '5s'; SET statement_timeout = '8s'").await?;
        outcome
    });
    let late =
        || Unfit::Because("its migrations did not end within 10 minutes; does another process hold a lock?".into());
    migrated.await.unwrap_or_else(|_| Err(late())).map_err(|unfit| in_words(unfit, address))
}

/// Where the database stands; nothing is changed.
pub(super) async fn standing(client: &Client, address: &Address) -> Result<Standing, OpenError> {
    let looked = async {
        check_server(client).await?;
        read(client, address).await
    };
    looked.await.map_err(|unfit| in_words(unfit, address))
}

fn in_words(unfit: Unfit, address: &Address) -> OpenError {
    match unfit {
        Unfit::Said(error) => error,
        Unfit::MayNot => OpenError::MayNotMigrate { path: address.shown(), user: address.user.clone() },
        Unfit::Because(cause) => OpenError::Unusable { path: address.shown(), cause },
    }
}

async fn check_server(client: &Client) -> Result<(), Unfit> {
    let sql = "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), \
         current_setting('server_encoding'), current_setting('fsync') = 'on'";
    let row = client.query_one(sql, &[]).await?;
    let (number, version, encoding, syncs): (i64, String, String, bool) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    if number < 130_000 {
        return Err(Unfit::Because(format!("the server is PostgreSQL {version}; 13 or newer is needed")));
    }
    if encoding != "UTF8" {
        return Err(Unfit::Because(format!("the database's encoding is {encoding}; make one with ENCODING 'UTF8'")));
    }
    if !syncs {
        tracing::warn!("the PostgreSQL server runs with fsync = off: a power cut may lose what was acknowledged");
    }
    Ok(())
}

/// Whether there is a table of this name.
pub(super) async fn has_table(client: &Client, name: &str) -> Result<bool, tokio_postgres::Error> {
    client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await?.try_get(0)
}

async fn read(client: &Client, address: &Address) -> Result<Standing, Unfit> {
    let mut applied = Vec::new();
    if has_table(client, "ledger_migrations").await? {
        // The first ledgers have no column `works_since`; read through JSON, it is then empty.
        let sql = "SELECT number, (to_jsonb(it) ->> 'works_since')::integer FROM ledger_migrations AS it";
        for row in client.query(sql, &[]).await? {
            let (number, since): (i32, Option<i32>) = (row.try_get(0)?, row.try_get(1)?);
            let works_since = since.and_then(|since| u32::try_from(since).ok());
            applied.push(Applied { number: u32::try_from(number).unwrap_or(u32::MAX), works_since });
        }
    }
    let found = applied.iter().map(|it| it.number).max().unwrap_or(0);
    schema::judge(&address.shown(), found, &applied).map_err(Unfit::Said)
}

async fn apply(client: &Client, address: &Address) -> Result<Standing, Unfit> {
    let before = read(client, address).await?;
    if !before.is_behind() {
        return Ok(before);
    }
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS ledger_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, \
             works_since INTEGER, applied_at TIMESTAMPTZ NOT NULL DEFAULT now()); \
             ALTER TABLE ledger_migrations ADD COLUMN IF NOT EXISTS works_since INTEGER",
        )
        .await
        .map_err(|error| while_making("making ledger_migrations", &error))?;
    let known = usize::try_from(before.found).unwrap_or(usize::MAX);
    for (number, migration) in (1_u32..).zip(MIGRATIONS).skip(known) {
        let (name, sql) = (migration.name, migration.postgres);
        let since = migration.works_since.map_or_else(|| "NULL".to_owned(), |since| since.to_string());
        let noted =
            format!("INSERT INTO ledger_migrations (number, name, works_since) VALUES ({number}, '{name}', {since})");
        let applied = client.batch_execute(&format!("BEGIN; {sql}; {noted}; COMMIT")).await;
        if let Err(error) = applied {
            // The connection is inside the broken transaction until told otherwise.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(while_making(&format!("migration {name}"), &error));
        }
        tracing::info!(migration = name, "the ledger was brought up to date");
    }
    Ok(before)
}
