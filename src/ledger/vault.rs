//! Where the sealed access tokens lie between restarts: one value each in the ledger. Where several processes share the
//! ledger it also says whose turn it is to ask for the next one: a duty of the same name.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Store, StoreError};
use crate::clock::Clock;
use crate::lineworks::token::{TokenVault, Turns, VaultError};

/// One of the tokens that are kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    token: &'static str,
    failure: &'static str,
}

/// The service's own token.
pub const OWN: Kept = Kept { token: "access_token", failure: "access_token_failure" };
/// The token that is handed out to others.
pub const BROKER: Kept = Kept { token: "broker_access_token", failure: "broker_access_token_failure" };

/// The ledger as a vault for one token.
pub struct LedgerVault {
    store: Arc<dyn Store>,
    clock: Clock,
    names: Kept,
    holder: String,
}

impl LedgerVault {
    /// The vault for this token in this ledger.
    pub fn new(store: Arc<dyn Store>, clock: Clock, names: Kept) -> Self {
        Self { store, clock, names, holder: uuid::Uuid::new_v4().to_string() }
    }

    async fn save(&self, name: &'static str, sealed: Vec<u8>) -> Result<(), VaultError> {
        self.store.save(name, sealed, self.clock.now()).await.map_err(failed)
    }
}

fn failed(error: StoreError) -> VaultError {
    VaultError(error.into())
}

impl TokenVault for LedgerVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(async { self.store.load(self.names.token).await.map_err(failed) })
    }

    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(self.save(self.names.token, sealed))
    }

    fn turns(&self) -> Option<&dyn Turns> {
        self.store.is_shared().then_some(self)
    }
}

impl Turns for LedgerVault {
    fn take(&self, lease: Duration) -> BoxFuture<'_, Result<bool, VaultError>> {
        let now = self.clock.now();
        Box::pin(async move { self.store.take_duty(self.names.token, &self.holder, now, lease).await.map_err(failed) })
    }

    fn give_back(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Err(error) = self.store.release_duty(self.names.token, &self.holder).await {
                tracing::debug!(%error, "the turn to ask for an access token ends by itself");
            }
        })
    }

    fn load_failure(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(async { self.store.load(self.names.failure).await.map_err(failed) })
    }

    fn store_failure(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(self.save(self.names.failure, sealed))
    }
}
