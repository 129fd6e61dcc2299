//! Catch-up: finds what the event hook lost, in Okta's System Log and in the list of the app's users.
//!
//! At the start and at an interval the log is read from where the last pass ended, page by page (`pass`); each page
//! goes through the same `wire` and `intake` as a hook's delivery, is on disk before the cursor (`cursor`) moves, and
//! what came before is recognised by its uuid. Daily, and whenever there is a reason, the list is compared with the
//! ledger (`sweep`). One process does it at a time: whoever has the duty.

mod cursor;
mod pass;
mod status;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::profile::ProfileRules;
use crate::ledger::{Store, StoreError};
use crate::metrics::Metrics;
use crate::okta::client::{OktaClient, OktaError};
use crate::okta::meaning;

pub use status::{Progress, Status};

/// The name of the duty.
const DUTY: &str = "system_log";
/// The first pause after a failure; it doubles, up to the interval between two passes.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// How much longer than its calls the duty lasts.
const SPARE: Duration = Duration::from_secs(30);
/// Events in one transaction: as many as in a hook's delivery, so that nobody waits long behind them.
const BATCH: usize = 100;

/// How catching up is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time between two passes.
    pub every: Duration,
    /// How far a pass goes back where Okta's cursor cannot be used.
    pub overlap: Duration,
    /// The time a call to Okta may take.
    pub call_timeout: Duration,
    /// What a profile must have.
    pub rules: ProfileRules,
    /// Where the first reading of this ledger begins; none: now.
    pub since: Option<Timestamp>,
}

/// The one who catches up.
pub struct CatchUp {
    store: Arc<dyn Store>,
    okta: Arc<OktaClient>,
    settings: Settings,
    clock: Clock,
    metrics: Arc<Metrics>,
    status: Arc<Status>,
    filter: String,
    holder: String,
}

/// Why a turn ended before its time.
#[derive(Debug)]
enum Stop {
    /// Okta could not be asked.
    Okta(OktaError),
    /// The ledger could not be used.
    Ledger(StoreError),
    /// Another process has the duty.
    Elsewhere,
    /// The service is stopping.
    Stopping,
}

impl From<OktaError> for Stop {
    fn from(error: OktaError) -> Self {
        Stop::Okta(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Ledger(error)
    }
}

impl CatchUp {
    /// Catches up this ledger with this org.
    pub fn new(
        store: Arc<dyn Store>,
        okta: Arc<OktaClient>,
        settings: Settings,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        let filter = meaning::log_filter(okta.app_id());
        let holder = uuid::Uuid::new_v4().to_string();
        Self { store, okta, settings, clock, metrics, status: Arc::default(), filter, holder }
    }

    /// Where the first reading of this ledger begins.
    pub fn begin_at(&mut self, since: Timestamp) {
        self.settings.since = Some(since);
    }

    /// How it stands.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// Catches up until `stopping` is cancelled.
    pub async fn run_until(self, stopping: CancellationToken) {
        let mut failures = 0;
        let mut due = self.clock.now();
        loop {
            let moved = self.clock.moved();
            if self.clock.now() >= due {
                let outcome = self.turn(failures, &stopping).await;
                failures = if matches!(outcome, Err(Stop::Okta(_) | Stop::Ledger(_))) { failures + 1 } else { 0 };
                due = after(self.clock.now(), self.pause(outcome, failures));
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = moved => {}
                () = tokio::time::sleep(self.clock.until(due)) => {}
            }
        }
        self.give_back().await;
    }

    /// One pass over the log, and a comparison when one is due.
    async fn turn(&self, failures: u32, stopping: &CancellationToken) -> Result<(), Stop> {
        self.take_duty(stopping).await?;
        self.pass(failures, stopping).await?;
        self.sweep_if_due(stopping).await?;
        self.status.works();
        self.give_back().await;
        Ok(())
    }

    /// How long until the next turn.
    fn pause(&self, outcome: Result<(), Stop>, failures: u32) -> Duration {
        let backoff = RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.settings.every);
        match outcome {
            Ok(()) | Err(Stop::Stopping) => self.settings.every,
            Err(Stop::Elsewhere) => self.settings.every.min(self.lease()),
            Err(Stop::Ledger(error)) => {
                tracing::warn!(%error, "catch-up waits for the ledger");
                backoff
            }
            Err(Stop::Okta(error)) => {
                let now = self.clock.now();
                match error {
                    OktaError::TryLater { reason, after } => {
                        self.status.failed(now, &reason, false);
                        backoff.max(after.unwrap_or_default())
                    }
                    OktaError::Untrusted { reason, after } => {
                        self.status.failed(now, &reason, true);
                        backoff.max(after)
                    }
                    OktaError::Refused { reason, .. } => {
                        self.status.failed(now, &reason, true);
                        self.settings.every
                    }
                }
            }
        }
    }

    /// Takes the duty or renews it: before each call, so that nobody else begins while one is under way.
    async fn take_duty(&self, stopping: &CancellationToken) -> Result<(), Stop> {
        if stopping.is_cancelled() {
            return Err(Stop::Stopping);
        }
        let ours = self.store.take_duty(DUTY, &self.holder, self.clock.now(), self.lease()).await?;
        if self.status.note_elsewhere(!ours) && !ours {
            tracing::info!(
                seconds_at_most = self.lease().as_secs(),
                "another process reads Okta's System Log, or one was ended by force while it did; this one goes on when it is done"
            );
        }
        if ours { Ok(()) } else { Err(Stop::Elsewhere) }
    }

    async fn give_back(&self) {
        if let Err(error) = self.store.release_duty(DUTY, &self.holder).await {
            tracing::debug!(%error, "the duty to catch up ends by itself");
        }
    }

    fn lease(&self) -> Duration {
        self.settings.call_timeout * 2 + SPARE
    }

    /// A call to Okta, given up when the service stops.
    async fn ask<T>(
        &self,
        stopping: &CancellationToken,
        call: impl Future<Output = Result<T, OktaError>>,
    ) -> Result<T, Stop> {
        self.take_duty(stopping).await?;
        tokio::select! {
            () = stopping.cancelled() => Err(Stop::Stopping),
            answer = call => Ok(answer?),
        }
    }
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
