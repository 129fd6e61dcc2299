//! Where the sealed access tokens lie between restarts: one value each in the ledger.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Store;
use crate::clock::Clock;
use crate::lineworks::token::{TokenVault, VaultError};

/// The service's own token.
pub const OWN: &str = "access_token";
/// The token that is handed out to others.
pub const BROKER: &str = "broker_access_token";

/// The ledger as a vault for one token.
pub struct LedgerVault {
    store: Arc<dyn Store>,
    clock: Clock,
    name: &'static str,
}

impl LedgerVault {
    /// The vault of this name in this ledger.
    pub fn new(store: Arc<dyn Store>, clock: Clock, name: &'static str) -> Self {
        Self { store, clock, name }
    }
}

impl TokenVault for LedgerVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(async { self.store.load(self.name).await.map_err(|error| VaultError(error.into())) })
    }

    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        let now = self.clock.now();
        Box::pin(async move { self.store.save(self.name, sealed, now).await.map_err(|error| VaultError(error.into())) })
    }
}
