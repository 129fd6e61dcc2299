//! A duty that is held while something goes on: renewed in the background, given back at the end.
//!
//! Two who ask for the same duty are two, also in one process. When the process dies the duty ends by itself within `LEASE`.
//! A process that slept may find that it lost the duty: then `lost` resolves, and whatever goes on under it must end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Store, StoreError};
use crate::clock::Clock;

/// How long a duty outlasts its last renewal.
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
    let holder = uuid::Uuid::new_v4().to_string();
    if !store.take_duty(name, &holder, clock.now(), LEASE).await? {
        return Ok(None);
    }
    let (store, clock, lost) = (Arc::clone(store), clock.clone(), CancellationToken::new());
    let renewing = renew(Arc::clone(&store), clock.clone(), name, holder.clone(), lost.clone());
    Ok(Some(Held { store, clock, name, holder, renewing: tokio::spawn(renewing), lost }))
}

async fn renew(store: Arc<dyn Store>, clock: Clock, name: &'static str, holder: String, lost: CancellationToken) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        match store.take_duty(name, &holder, clock.now(), LEASE).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(duty = name, "another process has this duty by now; what is going on here ends");
                return lost.cancel();
            }
            Err(error) => tracing::warn!(%error, duty = name, "a duty cannot be renewed at the moment"),
        }
    }
}

impl Held {
    /// Resolves when somebody else has the duty.
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
