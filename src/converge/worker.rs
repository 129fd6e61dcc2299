//! The claim loop: takes people who are due, leavers first, and gives each to a task of its own.
//!
//! A wake-up is a hint; the loop also looks by itself at the moment the next row falls due, and every few seconds.
//! On a soft stop it claims no more, and the runs in progress give their people back before their next call.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Converge, pause};
use crate::domain::outcome::Cause;
use crate::ledger::{ClaimRequest, Claimed, Lease};

/// How often the loop looks by itself.
const POLL: Duration = Duration::from_secs(5);
/// How long a wake-up is kept before the loop looks, so that a burst of events costs one look and not one each.
const GATHER: Duration = Duration::from_millis(5);
/// How far the clock may go back before whoever waits is let go on: less is no clock that was set.
const SET_BACK: SignedDuration = SignedDuration::from_secs(60);
/// The name of the duty to forget old history.
const PRUNING: &str = "prune";
/// The pause between two rounds of forgetting old history.
const PRUNE: Duration = Duration::from_secs(3600);
/// The time between two small steps of forgetting.
const PRUNE_PAUSE: Duration = Duration::from_millis(20);

impl Converge {
    /// Works until `stopping` is cancelled and every run has ended.
    pub async fn run_until(self: Arc<Self>, stopping: CancellationToken) {
        let runs = TaskTracker::new();
        let joiners = Arc::new(tokio::sync::Semaphore::new(self.joiners()));
        let everybody = Arc::new(tokio::sync::Semaphore::new(self.settings.workers));
        let freed = Arc::new(tokio::sync::Notify::new());
        self.release_all().await;
        let mut seen = (self.clock.now(), Instant::now());
        while !stopping.is_cancelled() {
            let moved = self.clock.moved();
            seen = self.look_at_the_clock(seen).await;
            self.pauses.look(false).await;
            self.probe_for_a_seat().await;
            // Whom would it help to be claimed while no call goes out?
            let okta_paused = self.truth.as_ref().is_some_and(|truth| truth.paused().is_some());
            let paused = okta_paused || self.members.paused().is_some();
            let free = if paused { 0 } else { everybody.available_permits() };
            let claimed = self.claim(free, joiners.available_permits().min(free)).await;
            let more_may_wait = claimed.len() == free && free > 0;
            for claimed in claimed {
                self.start(claimed, &runs, &everybody, &joiners, &freed, &stopping);
            }
            if !more_may_wait {
                self.wait_for_work(&stopping, &freed, moved).await;
            }
        }
        runs.close();
        runs.wait().await;
    }

    /// A clock that was set back would keep whoever waits for a moment waiting for that much longer: they are due now.
    async fn look_at_the_clock(&self, (shown, at): (Timestamp, Instant)) -> (Timestamp, Instant) {
        let (now, elapsed) = (self.clock.now(), SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX));
        let back = shown.saturating_add(elapsed).unwrap_or(Timestamp::MAX).duration_since(now);
        if back > SET_BACK {
            tracing::warn!(seconds = back.as_secs(), "the clock was set back; nobody waits for a moment named before");
            for cause in Cause::ALL {
                pause::release(&self.store, *cause, usize::MAX, now).await;
            }
        }
        (now, Instant::now())
    }

    /// A quarter of the workers takes leavers only, so that a leaver never waits behind joiners.
    fn joiners(&self) -> usize {
        self.settings.workers - (self.settings.workers / 4).max(1).min(self.settings.workers - 1)
    }

    async fn claim(&self, limit: usize, joiners: usize) -> Vec<Claimed> {
        if limit == 0 {
            return Vec::new();
        }
        let request = ClaimRequest {
            limit,
            joiners,
            now: self.clock.now(),
            lease: self.settings.lease(),
            grace: self.settings.call_timeout,
        };
        match self.store.claim(request).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "nobody can be worked on while the ledger cannot be written");
                tokio::time::sleep(Duration::from_secs(1)).await;
                Vec::new()
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        claimed: Claimed,
        runs: &TaskTracker,
        everybody: &Arc<tokio::sync::Semaphore>,
        joiners: &Arc<tokio::sync::Semaphore>,
        freed: &Arc<tokio::sync::Notify>,
        stopping: &CancellationToken,
    ) {
        let slot = Arc::clone(everybody).try_acquire_owned().ok();
        let assigned = claimed.assignment.facts.desired(self.settings.policy.unassign);
        let joining = assigned.is_some_and(|desired| !desired.is_leaving());
        let joiner_slot = joining.then(|| Arc::clone(joiners).try_acquire_owned().ok()).flatten();
        let (this, freed, stopping) = (Arc::clone(self), Arc::clone(freed), stopping.clone());
        runs.spawn(async move {
            let lease = claimed.lease.clone();
            let run = AssertUnwindSafe(this.run(claimed, &stopping));
            if run.catch_unwind().await.is_err() {
                this.abandon(&lease).await;
            }
            drop((slot, joiner_slot));
            freed.notify_one();
        });
    }

    /// A fault of ours ended a run in its middle: the person is taken over later, as from a process that died.
    async fn abandon(&self, lease: &Lease) {
        tracing::error!(okta_user_id = %lease.person, "a run broke off; this person is taken up again later");
        if let Err(error) = self.store.abandon(lease).await {
            tracing::error!(%error, okta_user_id = %lease.person, "this person stays untouched until a restart");
        }
    }

    async fn wait_for_work(
        &self,
        stopping: &CancellationToken,
        freed: &tokio::sync::Notify,
        moved: tokio::sync::futures::Notified<'_>,
    ) {
        let wait = match self.store.next_due().await {
            Ok(Some(next)) => match self.clock.until(next) {
                // Due already, but no worker is free for it: one that ends rings `freed`.
                Duration::ZERO => Duration::from_secs(1),
                ahead => ahead.min(POLL),
            },
            Ok(None) | Err(_) => POLL,
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = freed.notified() => {}
            () = self.store.wake().due() => tokio::time::sleep(GATHER).await,
            () = moved => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Forgets history that is older than configured, until `stopping` is cancelled: one process does it for all, and
    /// keeps that duty from one round to the next.
    pub async fn prune_until(self: Arc<Self>, stopping: CancellationToken) {
        let holder = uuid::Uuid::new_v4().to_string();
        loop {
            let keep = jiff::SignedDuration::try_from(self.settings.keep_history).unwrap_or(jiff::SignedDuration::MAX);
            let is_ours = self.store.take_duty(PRUNING, &holder, self.clock.now(), PRUNE + POLL).await;
            if let (Ok(true), Ok(before)) = (is_ours, self.clock.now().checked_sub(keep)) {
                // In small steps with room between them: whoever calls must not feel it, and a stop need not wait for it.
                while !stopping.is_cancelled()
                    && let Ok(1..) = self.store.prune(before).await
                {
                    tokio::time::sleep(PRUNE_PAUSE).await;
                }
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(PRUNE) => {}
            }
        }
        if let Err(error) = self.store.release_duty(PRUNING, &holder).await {
            tracing::debug!(%error, "the duty to forget old history ends by itself");
        }
    }
}
