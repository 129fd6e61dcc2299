//! Brings the database up to date: one replica at a time, each migration in a transaction of its own.

use std::time::Duration;

use tokio_postgres::Client;

use super::connect::said;

/// Every migration that was ever shipped, in order: the numbers and names of SQLite's.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_ledger", include_str!("../../../migrations/postgres/0001_ledger.sql")),
    ("0002_groups_and_rehires", include_str!("../../../migrations/postgres/0002_groups_and_rehires.sql")),
    ("0003_events_of_nobody", include_str!("../../../migrations/postgres/0003_events_of_nobody.sql")),
    ("0004_okta_truth", include_str!("../../../migrations/postgres/0004_okta_truth.sql")),
    ("0005_okta_in_attempts", include_str!("../../../migrations/postgres/0005_okta_in_attempts.sql")),
];

/// The lock all replicas take before they look; any number that is ours.
const LOCK: i64 = 0x6f6c_7765_6469_7231;
/// How long all migrations together may take, the wait for another replica's included.
const PATIENCE: Duration = Duration::from_secs(600);

/// Why a database cannot be this program's ledger.
pub(super) enum Unfit {
    /// A newer program has been here.
    Newer,
    /// Something else, in words.
    Because(String),
}

impl From<tokio_postgres::Error> for Unfit {
    fn from(error: tokio_postgres::Error) -> Self {
        Unfit::Because(said(&error))
    }
}

/// Checks that the server can hold a ledger, and applies what is missing.
pub(super) async fn migrate(client: &Client) -> Result<(), Unfit> {
    let migrated = tokio::time::timeout(PATIENCE, async {
        check_server(client).await?;
        client.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0").await?;
        client.query("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
        let outcome = apply(client).await;
        client.query("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
        client.batch_execute("SET lock_timeout = '5s'; SET statement_timeout = '8s'").await?;
        outcome
    });
    migrated.await.unwrap_or_else(|_| {
        Err(Unfit::Because("its migrations did not end within 10 minutes; does another process hold a lock?".into()))
    })
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

async fn apply(client: &Client) -> Result<(), Unfit> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS ledger_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, \
             applied_at TIMESTAMPTZ NOT NULL DEFAULT now())",
        )
        .await?;
    let newest: i32 =
        client.query_one("SELECT coalesce(max(number), 0) FROM ledger_migrations", &[]).await?.try_get(0)?;
    let known = usize::try_from(newest).unwrap_or(usize::MAX);
    if known > MIGRATIONS.len() {
        return Err(Unfit::Newer);
    }
    for (number, (name, sql)) in (1..).zip(MIGRATIONS).skip(known) {
        let number: i32 = number;
        let noted = format!("INSERT INTO ledger_migrations (number, name) VALUES ({number}, '{name}')");
        let applied = client.batch_execute(&format!("BEGIN; {sql}; {noted}; COMMIT")).await;
        if let Err(error) = applied {
            // The connection is inside the broken transaction until told otherwise.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(Unfit::Because(format!("migration {name} failed: {}", said(&error))));
        }
        tracing::info!(migration = name, "the ledger was brought up to date");
    }
    Ok(())
}
