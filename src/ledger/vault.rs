//! Where the sealed access token lies between restarts: one value in the ledger.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Store;
use crate::clock::Clock;
use crate::lineworks::token::{TokenVault, VaultError};

const NAME: &str = "access_token";

/// The ledger as a token vault.
pub struct LedgerVault {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl LedgerVault {
    /// A vault in this ledger.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }
}

impl TokenVault for LedgerVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(async { self.store.load(NAME).await.map_err(|error| VaultError(error.into())) })
    }

    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        let now = self.clock.now();
        Box::pin(async move { self.store.save(NAME, sealed, now).await.map_err(|error| VaultError(error.into())) })
    }
}
