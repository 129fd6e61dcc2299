//! What every call to LINE WORKS passes on its way out: lease, pacing, intent, all in one commit of the ledger.
//!
//! A gate belongs to one run. A short wait for a slot is waited out here with the lease renewed; a long one ends the
//! run. No call starts unless the lease outlasts it, measured on a clock that does not jump.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Converge, Settings};
use crate::clock::Clock;
use crate::domain::marks::Marks;
use crate::domain::step::StepKind;
use crate::ledger::{Admission, Admitted, Lease, Limits, Store};
use crate::lineworks::{Blocked, CallRecord, Gate, Operation, Quota};

/// The longest wait for a slot inside a run.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);
/// The window LINE WORKS counts in, for a 429 that does not say when it resets.
const WINDOW: Duration = Duration::from_secs(60);
/// Remaining calls below which the ledger's bucket is corrected.
const SCARCE: u32 = 20;

/// The gate of one run.
pub(super) struct RunGate<'a> {
    store: &'a Arc<dyn Store>,
    settings: &'a Settings,
    clock: &'a Clock,
    pub(super) lease: &'a Lease,
    leaving: bool,
    revision: u64,
    stopping: &'a CancellationToken,
    step: Mutex<Option<IntendedStep>>,
    calls: Mutex<Vec<CallRecord>>,
}

/// The step whose writing call is about to pass.
#[derive(Debug, Clone)]
pub(super) struct IntendedStep {
    /// Which step.
    pub(super) kind: StepKind,
    /// What to remember before it.
    pub(super) marks: Marks,
    /// Whether an operator let it pass the cap.
    pub(super) approved: bool,
}

impl<'a> RunGate<'a> {
    /// The gate of the run that has this lease.
    pub(super) fn new(
        converge: &'a Converge,
        lease: &'a Lease,
        revision: u64,
        leaving: bool,
        stopping: &'a CancellationToken,
    ) -> Self {
        let Converge { store, settings, clock, .. } = converge;
        let (step, calls) = (Mutex::default(), Mutex::default());
        Self { store, settings, clock, lease, leaving, revision, stopping, step, calls }
    }

    /// Says which step the next writing call is for.
    pub(super) fn intend(&self, step: Option<IntendedStep>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// The calls made so far.
    pub(super) fn calls(&self) -> Vec<CallRecord> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn admission(&self, operation: Operation) -> Admission {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let step = step.filter(|_| !operation.is_read());
        Admission {
            operation,
            leaving: self.leaving,
            approved: step.as_ref().is_some_and(|step| step.approved),
            intent: step.map(|step| (step.kind, step.marks)),
            revision: self.revision,
            now: self.clock.now(),
            lease: self.settings.lease(),
            grace: self.settings.call_timeout,
            limits: pace(operation, self.settings.limits),
        }
    }

    async fn pass_when_free(&self, operation: Operation) -> Result<(), Blocked> {
        loop {
            if self.stopping.is_cancelled() {
                return Err(Blocked::Stopping);
            }
            let (asked, moved) = (Instant::now(), self.clock.moved());
            let admitted = self.store.admit(self.lease, self.admission(operation)).await;
            match admitted {
                Ok(Admitted::Go) if asked.elapsed() < self.settings.call_timeout => return Ok(()),
                // The process slept while it asked: the lease may be over, so it is asked for again.
                Ok(Admitted::Go) => {}
                Ok(Admitted::Until(at)) => self.wait_until(at, moved).await?,
                Ok(Admitted::CapReached) => return Err(Blocked::CapReached),
                Ok(Admitted::OktaAppGone) => return Err(Blocked::OktaAppGone),
                Ok(Admitted::LeaseLost) => return Err(Blocked::LeaseLost),
                Err(error) => {
                    tracing::error!(%error, "no call to LINE WORKS starts while the ledger cannot be written");
                    return Err(Blocked::LedgerDown);
                }
            }
        }
    }

    async fn wait_until(&self, at: Timestamp, moved: Notified<'_>) -> Result<(), Blocked> {
        if at.duration_since(self.clock.now()) > PATIENCE {
            return Err(Blocked::Until(at));
        }
        let wait = self.clock.until(at);
        tokio::select! {
            () = self.stopping.cancelled() => Err(Blocked::Stopping),
            () = moved => Ok(()),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    async fn take_note(&self, call: CallRecord, quota: Option<Quota>) {
        self.settings.metrics.called(call.operation.as_str(), call.status);
        let limited = call.status == Some(429);
        let learned = match quota {
            Some(quota) if limited => Some(Quota { remaining: 0, ..quota }),
            Some(quota) if quota.remaining < SCARCE => Some(quota),
            None if limited => Some(Quota { remaining: 0, reset: WINDOW }),
            _ => None,
        };
        let operation = call.operation;
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        if let Some(quota) = learned
            && let Err(error) = self.store.learn_quota(operation, quota, self.clock.now()).await
        {
            tracing::warn!(%error, operation = operation.as_str(), "the rate limit LINE WORKS named could not be stored");
        }
    }
}

/// Org units are to be written one by one, with at least a second in between (LINE WORKS Directory API,
/// orgunit-update-patch): the slots are a little further apart, since calls do not all travel equally fast.
fn pace(operation: Operation, limits: Limits) -> Limits {
    match operation {
        Operation::CreateOrgUnit => Limits { per_minute: limits.per_minute.min(50), burst: 1, ..limits },
        _ => limits,
    }
}

impl Gate for RunGate<'_> {
    fn pass(&self, operation: Operation) -> BoxFuture<'_, Result<(), Blocked>> {
        Box::pin(self.pass_when_free(operation))
    }

    fn finished(&self, call: CallRecord, quota: Option<Quota>) -> BoxFuture<'_, ()> {
        Box::pin(self.take_note(call, quota))
    }
}
