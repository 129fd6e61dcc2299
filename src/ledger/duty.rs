//! A duty that is held while something goes on: renewed in the background, given back at the end.
//!
//! Two who ask for the same duty are two, also in one process. When the process dies the duty ends by itself.
//! A process that slept, or could not reach the ledger for that long, has lost the duty: then `lost` resolves, and whatever
//! goes on under it must end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Store, StoreError};
use crate::clock::Clock;

/// The duty to make org units. The last call under it may still have its effect when its holder is gone, so it is free
/// only after that time, also where all other duties end with the process.
pub const ORG_UNITS: &str = "org_units";

/// How long a duty outlasts its last renewal, at least.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(8);

/// A duty somebody has.
pub struct Held {
    store: Arc<dyn Store>,
    clock: Clock,
    name: &'static str,
    holder: String,
    renewing: JoinHandle<()>,
    lost: CancellationToken,
}

/// Takes the duty; nothing while somebody else has it.
///
/// # Errors
/// The ledger cannot be written.
pub async fn hold(store: &Arc<dyn Store>, clock: &Clock, name: &'static str) -> Result<Option<Held>, StoreError> {
    hold_for(store, clock, name, LEASE, RENEWAL).await
}

/// The same, of a duty whose calls may have their effect for as long as `echo` after their holder died: nobody else has
/// it before that.
///
/// # Errors
/// The ledger cannot be written.
pub async fn hold_through(
    store: &Arc<dyn Store>,
    clock: &Clock,
    name: &'static str,
    echo: Duration,
) -> Result<Option<Held>, StoreError> {
    hold_for(store, clock, name, LEASE.max(echo + RENEWAL), RENEWAL).await
}

async fn hold_for(
    store: &Arc<dyn Store>,
    clock: &Clock,
    name: &'static str,
    lease: Duration,
    every: Duration,
) -> Result<Option<Held>, StoreError> {
    let holder = uuid::Uuid::new_v4().to_string();
    let asked = Instant::now();
    if !store.take_duty(name, &holder, clock.now(), lease).await? {
        return Ok(None);
    }
    let (store, clock, lost) = (Arc::clone(store), clock.clone(), CancellationToken::new());
    let renewal =
        Renewal { store: Arc::clone(&store), clock: clock.clone(), name, holder: holder.clone(), lease, every };
    let renewing = tokio::spawn(renewal.go_on(asked + lease, lost.clone()));
    Ok(Some(Held { store, clock, name, holder, renewing, lost }))
}

struct Renewal {
    store: Arc<dyn Store>,
    clock: Clock,
    name: &'static str,
    holder: String,
    lease: Duration,
    every: Duration,
}

impl Renewal {
    /// Renews the duty until it is lost: to somebody else, or because it could not be renewed before it ended.
    async fn go_on(self, mut ends: Instant, lost: CancellationToken) {
        let Self { store, clock, name, holder, lease, every } = self;
        loop {
            tokio::time::sleep(every).await;
            let asked = Instant::now();
            let renewed = tokio::time::timeout_at(ends, store.take_duty(name, &holder, clock.now(), lease)).await;
            match renewed {
                Ok(Ok(true)) => ends = asked + lease,
                Ok(Ok(false)) => {
                    tracing::warn!(duty = name, "another process has this duty by now; what is going on here ends");
                    return lost.cancel();
                }
                Ok(Err(error)) if Instant::now() < ends => {
                    tracing::warn!(%error, duty = name, "a duty cannot be renewed at the moment");
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(duty = name, "a duty could not be renewed in time; what is going on here ends");
                    return lost.cancel();
                }
            }
        }
    }
}

impl Held {
    /// Resolves when somebody else has the duty, or may have it.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Gives it back.
    pub async fn give_back(self) {
        self.renewing.abort();
        if let Err(error) = self.store.release_duty(self.name, &self.holder).await {
            tracing::debug!(%error, duty = self.name, "a duty ends by itself");
        }
    }

    /// Lets nobody have it before so much time is over.
    pub async fn leave_for(self, quiet: Duration) {
        self.renewing.abort();
        if let Err(error) = self.store.take_duty(self.name, &self.holder, self.clock.now(), quiet).await {
            tracing::debug!(%error, duty = self.name, "a duty ends a little early or late");
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever goes away without a word leaves a duty that ends by itself.
        self.renewing.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sqlite::SqliteStore;

    fn opened(path: &std::path::Path, clock: &Clock) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(path, clock.now(), Duration::ZERO).expect("opens"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_duty_is_nobody_elses_before_the_last_call_of_a_dead_holder_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let store = opened(&folder.path().join("ledger.db"), &clock);
        let echo = Duration::from_secs(60);
        let held = hold_through(&store, &clock, "a duty", echo).await.expect("works").expect("nobody has it");
        // It dies right before it would have renewed the duty, in the middle of a call.
        drop(held);
        let died = clock.now() + RENEWAL;
        let taken = async |at| store.take_duty("a duty", "another", at, LEASE).await.expect("works");
        assert!(!taken(died + echo - Duration::from_secs(1)).await);
        assert!(taken(died + echo).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_duty_that_cannot_be_renewed_is_lost_when_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        let clock = Clock::system();
        let store = opened(&path, &clock);
        let (lease, every) = (Duration::from_secs(2), Duration::from_millis(100));
        let held = hold_for(&store, &clock, "a duty", lease, every).await.expect("works").expect("nobody has it");
        assert!(tokio::time::timeout(lease + every, held.lost()).await.is_err(), "it is renewed");
        let broken = rusqlite::Connection::open(&path).expect("opens");
        broken.execute_batch("DROP TABLE duties").expect("drops it");
        tokio::time::timeout(Duration::from_secs(20), held.lost()).await.expect("it ends");
    }
}
