//! The access token's way into the ledger and back: sealed, and bound to what it was issued for.
//!
//! What was kept for another token endpoint, app, account, scope or key counts as absent. While keys are replaced a
//! token sealed with any of them opens. A ledger that fails is logged and worked around: tokens are cheap, stopping
//! is not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use crate::lineworks::access_token::AccessToken;
use crate::lineworks::assertion::Signer;
use crate::lineworks::sealing::Sealer;

/// The vault is the ledger's; a ledger slower than this is as good as down.
const VAULT_PATIENCE: Duration = Duration::from_secs(5);

/// Why the vault did not load or store.
#[derive(Debug, thiserror::Error)]
#[error("the ledger's token vault failed")]
pub struct VaultError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// Where the sealed token is kept between restarts and for other replicas: one value, the last one stored.
pub trait TokenVault: Send + Sync {
    /// What was stored last; `None` (or an empty value) when there is nothing.
    ///
    /// # Errors
    /// The ledger cannot be read.
    fn load(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>>;

    /// Replaces what is stored. An empty value means: forget it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>>;
}

/// What is sealed into the vault.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    issued_at_ms: i64,
    expires_at_ms: i64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

/// Where one token is kept; without a vault, nowhere.
pub(crate) struct Shelf {
    vault: Option<Arc<dyn TokenVault>>,
    token_url: Url,
    scope: String,
}

impl Shelf {
    pub(crate) fn new(vault: Option<Arc<dyn TokenVault>>, token_url: Url, scope: String) -> Self {
        Self { vault, token_url, scope }
    }

    /// The kept token, if it was issued for us and one of these keys opens it.
    pub(crate) async fn load(&self, signers: &[Arc<Signer>]) -> Option<AccessToken> {
        let vault = self.vault.as_ref()?;
        let sealed = match timeout(VAULT_PATIENCE, vault.load()).await {
            Ok(Ok(sealed)) => sealed.filter(|sealed| !sealed.is_empty())?,
            Ok(Err(error)) => {
                tracing::warn!(error = %error.0, "the kept access token cannot be loaded; going on without");
                return None;
            }
            Err(_) => {
                tracing::warn!("the kept access token takes too long to load; going on without");
                return None;
            }
        };
        let open = |signer: &Arc<Signer>| Sealer::new(&signer.sealing_key()).open(&self.binding(signer), &sealed);
        let text = signers.iter().find_map(open)?;
        let mut kept: Kept = serde_json::from_slice(&text).ok()?;
        let issued_at = Timestamp::from_millisecond(kept.issued_at_ms).ok()?;
        let expires_at = Timestamp::from_millisecond(kept.expires_at_ms).ok()?;
        Some(AccessToken::new(std::mem::take(&mut kept.token).into(), issued_at, expires_at))
    }

    /// Keeps the token, sealed with this key.
    pub(crate) async fn keep(&self, token: &AccessToken, signer: &Signer) {
        let kept = Kept {
            token: token.secret().expose_secret().to_owned(),
            issued_at_ms: token.issued_at().as_millisecond(),
            expires_at_ms: token.expires_at().as_millisecond(),
        };
        let text = Zeroizing::new(serde_json::to_vec(&kept).expect("texts and numbers are JSON"));
        let sealer = Sealer::new(&signer.sealing_key());
        self.store(sealer.seal(&self.binding(signer), &text).unwrap_or_default()).await;
    }

    /// Keeps nothing any more.
    pub(crate) async fn clear(&self) {
        self.store(Vec::new()).await;
    }

    async fn store(&self, sealed: Vec<u8>) {
        let Some(vault) = &self.vault else { return };
        match timeout(VAULT_PATIENCE, vault.store(sealed)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error.0, "the access token cannot be kept; it stays in memory"),
            Err(_) => tracing::warn!("the access token takes too long to keep; it stays in memory"),
        }
    }

    fn binding(&self, signer: &Signer) -> Vec<u8> {
        let issued_for =
            [self.token_url.as_str(), signer.client_id(), signer.service_account(), &self.scope, signer.fingerprint()];
        serde_json::to_vec(&issued_for).expect("an array of texts is JSON")
    }
}
