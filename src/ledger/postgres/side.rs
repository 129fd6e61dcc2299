//! A database as one side of a copy (`ledger::copy`): read and written table by table, outside of any service.
//!
//! Every service holds `SERVING` shared, in the session it listens with; a copy holds it alone. A service whose session
//! was lost at that moment is found by its other connections, and whatever connects later is refused by the mark.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::super::copy::mark::{BEGUN, INTO, MOVED, Mark, Marks, VOID};
use super::super::copy::tables::{Kind, TABLES, Table};
use super::super::copy::value::{Row, Said, Value};
use super::super::{OpenError, Standing};
use super::connect::{Address, Connector, said};
use super::migrate;
use super::time::NOW;
use super::work::millis;

/// The lock every service has a share of; any number that is ours.
pub(super) const SERVING: i64 = 0x6f6c_7765_7365_7276;

/// A ledger's database that this process alone has.
pub(in crate::ledger) struct Database {
    path: String,
    client: Client,
    moving: JoinHandle<()>,
}

impl Drop for Database {
    fn drop(&mut self) {
        self.moving.abort();
    }
}

type Outcome<T> = Result<T, Said>;

impl From<Error> for Said {
    fn from(error: Error) -> Self {
        Said(said(&error))
    }
}

impl Database {
    /// Takes the database's lock. A target's tables are made, and brought up to date.
    pub(in crate::ledger) async fn take(address: &Address, is_target: bool) -> Result<(Self, Standing), OpenError> {
        let path = address.shown();
        let unusable = |cause: Said| OpenError::Unusable { path: address.shown(), cause: cause.0 };
        let (client, moving) = Connector::new(address)?.connect(None).await.map_err(|error| unusable(error.into()))?;
        let database = Self { path: path.clone(), client, moving };
        if !database.lock().await.map_err(unusable)? || !database.is_alone().await.map_err(unusable)? {
            return Err(OpenError::InUse { path });
        }
        let standing = if is_target {
            migrate::migrate(&database.client, address).await?
        } else {
            migrate::standing(&database.client, address).await?
        };
        database.without_limits().await.map_err(unusable)?;
        Ok((database, standing))
    }

    async fn lock(&self) -> Outcome<bool> {
        self.client.batch_execute("SET application_name = 'okta-lineworks ledger copy'").await?;
        Ok(self.client.query_one("SELECT pg_try_advisory_lock($1)", &[&SERVING]).await?.try_get(0)?)
    }

    /// Work on millions of rows takes its time.
    async fn without_limits(&self) -> Outcome<()> {
        let sql = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET work_mem = '32MB'";
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Whether no service is connected.
    pub(in crate::ledger) async fn is_alone(&self) -> Outcome<bool> {
        let sql = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'okta-lineworks' AND pid <> pg_backend_pid()";
        Ok(self.client.query_one(sql, &[]).await?.try_get(0)?)
    }

    pub(in crate::ledger) fn path(&self) -> &str {
        &self.path
    }

    /// The server's clock, in Unix milliseconds.
    pub(in crate::ledger) async fn now_ms(&self) -> Outcome<i64> {
        let us: i64 = self.client.query_one(NOW, &[]).await?.try_get(0)?;
        Ok(us / 1_000)
    }

    pub(in crate::ledger) async fn marks(&self) -> Outcome<Marks> {
        marks(&self.client).await
    }

    pub(in crate::ledger) async fn mark(&mut self, name: &'static str, mark: &Mark) -> Outcome<()> {
        let tx = self.client.transaction().await?;
        tx.execute(FORGET_MARKS, &[&BEGUN, &MOVED, &INTO]).await?;
        tx.execute(WRITE_MARK, &[&name, &mark.stored(), &mark.at.as_millisecond()]).await?;
        Ok(tx.commit().await?)
    }

    pub(in crate::ledger) async fn unmark(&mut self) -> Outcome<()> {
        forget_marks(&self.client).await
    }

    pub(in crate::ledger) async fn empty(&mut self, mark: &Mark) -> Outcome<()> {
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        let tx = self.client.transaction().await?;
        tx.batch_execute(&format!("TRUNCATE {} RESTART IDENTITY", names.join(", "))).await?;
        tx.execute(WRITE_MARK, &[&INTO, &mark.stored(), &mark.at.as_millisecond()]).await?;
        Ok(tx.commit().await?)
    }

    pub(in crate::ledger) async fn count(&self, table: &Table) -> Outcome<u64> {
        let rows: i64 = self.client.query_one(&table.count(), &[]).await?.try_get(0)?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    pub(in crate::ledger) async fn last(&self, table: &Table) -> Outcome<Option<Row>> {
        let row = self.client.query_opt(&table.last(), &[]).await?;
        row.map(|row| read(&row, &table.columns[..table.key])).transpose()
    }

    pub(in crate::ledger) async fn page(&self, table: &Table, after: Option<&Row>, most: i64) -> Outcome<Vec<Row>> {
        let mut given: Vec<Parameter<'_>> = after.into_iter().flatten().zip(table.columns).map(parameter).collect();
        given.push(Box::new(most));
        let given: Vec<&(dyn ToSql + Sync)> = given.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&table.page('$', after.is_none()), &given).await?;
        rows.iter().map(|row| read(row, table.columns)).collect()
    }

    /// By `COPY`, which is a transaction of its own.
    pub(in crate::ledger) async fn add(&mut self, table: &Table, rows: &[Row]) -> Outcome<()> {
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, table.names());
        let types: Vec<Type> = table.columns.iter().map(|(_, kind)| type_of(*kind)).collect();
        let writer = BinaryCopyInWriter::new(self.client.copy_in(&sql).await?, &types);
        let mut writer = std::pin::pin!(writer);
        for row in rows {
            writer.as_mut().write_raw(row.iter().zip(table.columns).map(parameter)).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    pub(in crate::ledger) async fn finish(&mut self, unclear_after_ms: i64, grace: Duration) -> Outcome<()> {
        let until = self.now_ms().await?.saturating_add(millis(grace));
        let tx = self.client.transaction().await?;
        tx.execute(
            "UPDATE assignments SET unclear_until = greatest(unclear_until, $1), \
             next_at = CASE WHEN next_at IS NOT NULL THEN greatest(next_at, $1) END \
             WHERE state = 'running' OR unclear_until > $2",
            &[&until, &unclear_after_ms],
        )
        .await?;
        for table in ["events", "attempts"] {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) \
                 FROM {table}"
            );
            tx.query_one(&sql, &[]).await?;
        }
        tx.execute(FORGET_MARKS, &[&BEGUN, &MOVED, &INTO]).await?;
        tx.commit().await?;
        // The planner knows nothing of rows that came all at once. If this fails the server does it by itself later.
        let _ = self.client.batch_execute("ANALYZE").await;
        Ok(())
    }
}

const WRITE_MARK: &str = "INSERT INTO singletons (name, value, updated_at) VALUES ($1, $2, $3)";
const FORGET_MARKS: &str = "DELETE FROM singletons WHERE name IN ($1, $2, $3)";

/// A ledger that was moved away, or has half a copy, is not served from. A copy from here that was begun and has not
/// ended is void from now on.
pub(super) async fn refuse_copies(client: &Client, path: &str) -> Result<(), OpenError> {
    let unusable = |cause: Said| OpenError::Unusable { path: path.to_owned(), cause: cause.0 };
    if !migrate::has_table(client, "singletons").await.map_err(|error| unusable(error.into()))? {
        return Ok(());
    }
    let marks = marks(client).await.map_err(unusable)?;
    marks.let_serve(path)?;
    if marks.begun.is_some() {
        forget_marks(client).await.map_err(unusable)?;
        tracing::warn!("{VOID}");
    }
    Ok(())
}

async fn marks(client: &Client) -> Outcome<Marks> {
    let mut marks = Marks::default();
    let sql = "SELECT name, value FROM singletons WHERE name IN ($1, $2, $3)";
    for row in client.query(sql, &[&BEGUN, &MOVED, &INTO]).await? {
        marks.take(row.try_get(0)?, row.try_get(1)?)?;
    }
    Ok(marks)
}

async fn forget_marks(client: &Client) -> Outcome<()> {
    client.execute(FORGET_MARKS, &[&BEGUN, &MOVED, &INTO]).await?;
    Ok(())
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Text => Type::TEXT,
        Kind::Integer => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Flag => Type::BOOL,
        Kind::Bytes => Type::BYTEA,
    }
}

type Parameter<'v> = Box<dyn ToSql + Sync + Send + 'v>;

fn parameter<'v>((value, (_, kind)): (&'v Value, &(&'static str, Kind))) -> Parameter<'v> {
    match (value, kind) {
        (Value::Integer(it), _) => Box::new(it),
        (Value::Real(it), _) => Box::new(it),
        (Value::Flag(it), _) => Box::new(it),
        (Value::Text(it), _) => Box::new(it.as_str()),
        (Value::Bytes(it), _) => Box::new(it.as_slice()),
        (Value::Null, Kind::Text) => Box::new(None::<&str>),
        (Value::Null, Kind::Integer) => Box::new(None::<i64>),
        (Value::Null, Kind::Real) => Box::new(None::<f64>),
        (Value::Null, Kind::Flag) => Box::new(None::<bool>),
        (Value::Null, Kind::Bytes) => Box::new(None::<&[u8]>),
    }
}

fn read(row: &tokio_postgres::Row, columns: &[(&'static str, Kind)]) -> Outcome<Row> {
    let mut values = Vec::with_capacity(columns.len());
    for (at, (_, kind)) in columns.iter().enumerate() {
        let value = match kind {
            Kind::Text => row.try_get::<_, Option<String>>(at)?.map(Value::Text),
            Kind::Integer => row.try_get::<_, Option<i64>>(at)?.map(Value::Integer),
            Kind::Real => row.try_get::<_, Option<f64>>(at)?.map(Value::Real),
            Kind::Flag => row.try_get::<_, Option<bool>>(at)?.map(Value::Flag),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Value::Bytes),
        };
        values.push(value.unwrap_or(Value::Null));
    }
    Ok(values)
}
