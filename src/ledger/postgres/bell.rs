//! Wake-ups between replicas, over `LISTEN` and `NOTIFY`, on a connection of their own.
//!
//! A wake-up is a hint, never the truth. It is sent after its commit and without waiting for the disk: inside the
//! transaction it would let only one commit of the whole server through at a time. When the connection breaks it is made
//! anew, and every few seconds whoever waits here looks without having been told. On the same occasion the database's clock is
//! measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Notification};
use tokio_util::sync::CancellationToken;

use super::super::wake::Wake;
use super::connect::{CONNECT, Connector, said};
use super::side::SERVING;
use super::time::{NOW, Time};
use crate::domain::ids::OktaUserId;

/// The channel of all replicas of one database.
const CHANNEL: &str = "okta_lineworks";
/// How often whoever waits looks without a hint, and the clock is measured.
const LOOK: Duration = Duration::from_secs(3);
/// How long the database has for a hint.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the first hint waits for others: a burst of events then costs the database a hint and not one each.
const GATHER: Duration = Duration::from_millis(10);
/// Hints that may wait; more are not worth keeping.
const WAITING: usize = 1024;

/// What the other replicas are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ring {
    /// Somebody may be due.
    Due,
    /// A run for this person has ended.
    Settled(OktaUserId),
}

/// The way to the other replicas.
pub(super) struct Bell {
    rings: mpsc::Sender<Ring>,
}

/// What the task of the bell has.
pub(super) struct Ringer {
    pub(super) connector: Connector,
    pub(super) wake: Arc<Wake>,
    pub(super) time: Arc<Time>,
    pub(super) owner: String,
    pub(super) closing: CancellationToken,
}

/// A connection that listens.
pub(super) struct Line {
    client: Client,
    moving: JoinHandle<()>,
    notices: mpsc::Receiver<Notification>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.moving.abort();
    }
}

impl Line {
    /// Connects; nothing is heard before `listen`.
    pub(super) async fn connect(connector: &Connector) -> Result<Self, String> {
        let (heard, notices) = mpsc::channel(WAITING);
        let connected = timeout(CONNECT * 2, connector.connect(Some(heard))).await;
        let (client, moving) =
            connected.map_err(|_| "no answer within 10 s".to_owned())?.map_err(|error| said(&error))?;
        Ok(Self { client, moving, notices })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Takes this service's share of the lock that says somebody serves; `false` while a copy has it alone.
    pub(super) async fn shares(&self) -> Result<bool, String> {
        let sql = "SELECT pg_try_advisory_lock_shared($1)";
        let row = self.answered(self.client.query_one(sql, &[&SERVING])).await?;
        row.try_get(0).map_err(|error| said(&error))
    }

    /// Listens from now on. What is sent on this connection is a hint and waits for no disk.
    pub(super) async fn listen(&self) -> Result<(), String> {
        let sql = format!("LISTEN {CHANNEL}; SET synchronous_commit = off");
        self.answered(self.client.batch_execute(&sql)).await
    }

    /// Measures the database's clock: what it showed, and when that was asked.
    pub(super) async fn clock(&self) -> Result<(i64, Instant), String> {
        let asked = Instant::now();
        let row = self.answered(self.client.query_one(NOW, &[])).await?;
        Ok((row.try_get("now_us").map_err(|error| said(&error))?, asked))
    }

    async fn tell(&self, texts: &[String]) -> Result<(), String> {
        let sql = "SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text";
        let texts: [(&(dyn ToSql + Sync), Type); 2] = [(&CHANNEL, Type::TEXT), (&texts, Type::TEXT_ARRAY)];
        self.answered(self.client.query_typed(sql, &texts)).await.map(drop)
    }

    async fn answered<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, String> {
        let answer = timeout(ANSWER, asked).await.map_err(|_| "no answer within 5 s".to_owned())?;
        answer.map_err(|error| said(&error))
    }
}

impl Bell {
    /// Starts the task on a line that listens.
    pub(super) fn start(ringer: Ringer, line: Line, runtime: &Handle) -> Self {
        let (rings, waiting) = mpsc::channel(WAITING);
        runtime.spawn(ringer.ring_until_closed(line, waiting));
        Self { rings }
    }

    /// Tells the other replicas, some time soon.
    pub(super) fn ring(&self, ring: Ring) {
        // A hint that finds no room is none.
        let _ = self.rings.try_send(ring);
    }
}

impl Ringer {
    async fn ring_until_closed(self, line: Line, mut waiting: mpsc::Receiver<Ring>) {
        let mut line = Some(line);
        while !self.closing.is_cancelled() {
            let broken = match line.take() {
                Some(line) => self.serve(line, &mut waiting).await,
                None => self.reconnect().await.map(|fresh| line = Some(fresh)),
            };
            if let Err(error) = broken {
                tracing::warn!(error, "wake-ups between replicas pause; everybody looks by themselves meanwhile");
                self.look();
                tokio::select! {
                    () = self.closing.cancelled() => {}
                    () = sleep(Duration::from_secs(1)) => {}
                }
            }
        }
    }

    async fn reconnect(&self) -> Result<Line, String> {
        let line = Line::connect(&self.connector).await?;
        if !line.shares().await? {
            return Err("a copy has the ledger".to_owned());
        }
        line.listen().await?;
        tracing::info!("wake-ups between replicas work again");
        self.look();
        Ok(line)
    }

    /// Whoever waits here looks.
    fn look(&self) {
        self.wake.ring_due();
        self.wake.ring_everybody();
    }

    async fn serve(&self, mut line: Line, waiting: &mut mpsc::Receiver<Ring>) -> Result<(), String> {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return Ok(()),
                notice = line.notices.recv() => match notice {
                    Some(notice) => self.hear(notice.payload()),
                    None => return Err("the connection ended".to_owned()),
                },
                Some(first) = waiting.recv() => {
                    sleep(GATHER).await;
                    let mut rings = vec![first];
                    while rings.len() < WAITING && let Ok(next) = waiting.try_recv() {
                        if !rings.contains(&Ring::Due) || next != Ring::Due {
                            rings.push(next);
                        }
                    }
                    let texts: Vec<String> = rings.iter().map(|ring| self.text(ring)).collect();
                    line.tell(&texts).await?;
                }
                _ = look.tick() => {
                    let (database_us, asked) = line.clock().await?;
                    self.time.measured(database_us, asked);
                    self.wake.ring_everybody();
                }
            }
        }
    }

    fn text(&self, ring: &Ring) -> String {
        match ring {
            Ring::Due => format!("{} due", self.owner),
            Ring::Settled(person) => format!("{} settled {person}", self.owner),
        }
    }

    fn hear(&self, text: &str) {
        let mut words = text.split(' ');
        let from = words.next();
        if from == Some(&self.owner) {
            // Those who wait here were told at once.
            return;
        }
        match (words.next(), words.next().map(str::parse::<OktaUserId>)) {
            (Some("due"), None) => self.wake.ring_due(),
            (Some("settled"), Some(Ok(person))) => {
                self.wake.ring_settled(&person);
                self.wake.ring_due();
            }
            // A newer program may say more.
            _ => {}
        }
    }
}
