//! Runs the statements: every piece of work in a task of its own on the runtime that has the connections.
//!
//! Whoever asked may go away at any moment (a caller hangs up, a time-out strikes): the piece of work goes on to its end
//! in its task, and the connection goes back whole. Everything has a time limit, and a connection that answered
//! nothing in time is thrown away. A piece of work may be run again when nothing of it can have been committed.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use futures_util::future::{self, BoxFuture};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::super::StoreError;
use super::connect::{CONNECT, Connector, said};

/// Pieces of work that may wait for a connection; beyond that the ledger is busy.
const WAITING: usize = 2048;
/// How long a piece of work waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one transaction may take.
const TRANSACTION: Duration = Duration::from_secs(10);
/// How often a piece of work is tried.
const TRIES: u32 = 8;

/// A failure inside a piece of work.
#[derive(Debug)]
pub(super) enum Failure {
    /// PostgreSQL said no.
    Postgres(tokio_postgres::Error),
    /// The database cannot be reached, or does not answer.
    Unreachable(String),
    /// A row is not what it should be.
    Row(StoreError),
    /// Another replica was quicker: what was read is no longer so. Reading again helps.
    Overtaken,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::Postgres(error)
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
            Failure::Postgres(error) => StoreError::Unavailable(said(&error)),
            Failure::Unreachable(what) => StoreError::Unavailable(what),
            Failure::Row(error) => error,
            Failure::Overtaken => StoreError::Unavailable("too many others wrote the same at once".to_owned()),
        }
    }
}

impl Failure {
    /// Whether the same work may succeed at once: it met others, and nothing of it is committed.
    fn passes(&self) -> bool {
        match self {
            Failure::Overtaken => true,
            Failure::Postgres(error) => error.code().is_some_and(|code| {
                [&SqlState::T_R_DEADLOCK_DETECTED, &SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::UNIQUE_VIOLATION]
                    .contains(&code)
            }),
            Failure::Unreachable(_) | Failure::Row(_) => false,
        }
    }

    /// Whether it is about this piece of work, and not about the database as a whole.
    pub(super) fn is_of_the_piece(&self) -> bool {
        match self {
            Failure::Row(_) => true,
            // Class 22: a value the database cannot take; 23: a rule of a table.
            Failure::Postgres(error) => {
                error.code().is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("23"))
            }
            Failure::Unreachable(_) | Failure::Overtaken => false,
        }
    }
}

pub(super) type Outcome<T> = Result<T, Failure>;
/// Work on a connection with what it needs to know.
pub(super) type Work<C, T> = for<'w> fn(&'w Db, &'w C) -> BoxFuture<'w, Outcome<T>>;

/// A connection somebody has.
pub(super) struct Db {
    client: Object,
}

impl Db {
    /// Makes statements known to the server, so that the same statements asked together afterwards run in their order.
    pub(super) async fn know(&self, statements: &[&'static str]) -> Outcome<()> {
        for sql in statements {
            self.statement(sql).await?;
        }
        Ok(())
    }

    async fn statement(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        self.client.prepare_cached(sql).await
    }

    /// All rows of the answer.
    pub(super) async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<Vec<Row>> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// The one row of the answer, if there is any.
    pub(super) async fn row(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<Option<Row>> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query_opt(&statement, params).await?)
    }

    /// How many rows were changed.
    pub(super) async fn change(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<u64> {
        let statement = self.statement(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// The same for exactly one row.
    pub(super) async fn change_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Outcome<()> {
        if self.change(sql, params).await? == 1 { Ok(()) } else { Err(Failure::Overtaken) }
    }

    /// Throws the connection away: nobody knows what is still on its way.
    fn discard(self) {
        drop(Object::take(self.client));
    }
}

/// The connections, and those who wait for one.
#[derive(Clone)]
pub(super) struct Hands {
    pool: Pool,
    runtime: Handle,
    waiting: Arc<Semaphore>,
}

impl Hands {
    /// At most so many connections, made when they are needed, on this runtime.
    pub(super) fn new(connector: Connector, connections: usize, runtime: Handle) -> Self {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(tokio_postgres::Config::new(), connector, recycling);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(CONNECT))
            .build()
            .expect("a pool with time-outs has its runtime");
        Self { pool, runtime, waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// Runs the work in a transaction.
    pub(super) async fn write<C, T>(&self, context: C, work: Work<C, T>) -> Result<T, StoreError>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
    {
        let this = self.clone();
        let task = self.runtime.spawn(async move { this.transaction(&context, work).await });
        Ok(task.await.map_err(|_| broken())??)
    }

    /// Asks a question; busy when too many wait.
    pub(super) async fn read<C, T>(&self, context: C, work: Work<C, T>) -> Result<T, StoreError>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
    {
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let this = self.clone();
        let task = self.runtime.spawn(async move {
            let answer = this.question(&context, work).await;
            drop(place);
            answer
        });
        Ok(task.await.map_err(|_| broken())??)
    }

    /// The work in a transaction, again if it may be.
    pub(super) async fn transaction<C, T>(&self, context: &C, work: Work<C, T>) -> Outcome<T> {
        for tried in 1.. {
            let db = self.session().await?;
            let once = timeout(TRANSACTION, one_transaction(&db, context, work)).await;
            let failure = match once {
                Ok(Ok(done)) => return Ok(done),
                Err(_) => {
                    db.discard();
                    return Err(no_answer());
                }
                Ok(Err(Broken::Committing(failure))) => {
                    db.discard();
                    return Err(failure);
                }
                Ok(Err(Broken::Working(failure))) => failure,
            };
            let lost = db.client.is_closed();
            let rolled_back = timeout(PATIENCE, db.client.batch_execute("ROLLBACK")).await;
            if !matches!(rolled_back, Ok(Ok(()))) {
                db.discard();
            }
            if tried >= TRIES || !(lost || failure.passes()) {
                return Err(failure);
            }
            tracing::debug!(?failure, "a write to the ledger is tried again");
        }
        unreachable!("the loop ends by itself")
    }

    async fn question<C, T>(&self, context: &C, work: Work<C, T>) -> Outcome<T> {
        let mut tried = 1;
        loop {
            let db = self.session().await?;
            match timeout(TRANSACTION, work(&db, context)).await {
                Ok(Err(_)) if db.client.is_closed() && tried < TRIES => tried += 1,
                Ok(answer) => return answer,
                Err(_) => {
                    db.discard();
                    return Err(no_answer());
                }
            }
        }
    }

    async fn session(&self) -> Outcome<Db> {
        let client = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Failure::Postgres(error),
            PoolError::Timeout(_) => Failure::Unreachable("no connection to the database within 5 s".to_owned()),
            other => Failure::Unreachable(other.to_string()),
        })?;
        Ok(Db { client })
    }
}

/// Where a transaction broke.
enum Broken {
    /// Before its end was asked for: nothing of it is there.
    Working(Failure),
    /// While it was committed: nobody knows.
    Committing(Failure),
}

async fn one_transaction<C, T>(db: &Db, context: &C, work: Work<C, T>) -> Result<T, Broken> {
    // Sent together: the first statement does not wait for the answer to BEGIN.
    let (begun, done) = future::join(db.client.batch_execute("BEGIN"), work(db, context)).await;
    begun.map_err(|error| Broken::Working(error.into()))?;
    let done = done.map_err(Broken::Working)?;
    match db.client.batch_execute("COMMIT").await {
        Ok(()) => Ok(done),
        // Refused because of others or of a rule; any other error may have come after the commit.
        Err(error) if error.code().is_some_and(is_refusal) => Err(Broken::Working(error.into())),
        Err(error) => Err(Broken::Committing(error.into())),
    }
}

/// Class 23: a rule of a table; 40: others were in the way, but for 40003, which says that nobody knows.
fn is_refusal(code: &SqlState) -> bool {
    *code != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        && (code.code().starts_with("23") || code.code().starts_with("40"))
}

fn no_answer() -> Failure {
    Failure::Unreachable("the database did not answer within 10 s".to_owned())
}

fn broken() -> StoreError {
    StoreError::Unavailable("a fault of this program; see the log".to_owned())
}
