//! The access token's way into the ledger and back: sealed, and bound to what it was issued for.
//!
//! What was kept for another token endpoint, app, account, scope or key counts as absent. While keys are replaced a
//! token sealed with any of them opens. Nothing is ever taken out of it: a token that LINE WORKS rejects gives way to the
//! next one, so two replicas cannot throw away each other's. What the token endpoint refused lies beside the token for a few
//! seconds, for the other replicas.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use zeroize::{Zeroize, Zeroizing};

use crate::lineworks::access_token::AccessToken;
use crate::lineworks::assertion::Signer;
use crate::lineworks::credentials::Credentials;
use crate::lineworks::grant::TokenError;
use crate::lineworks::sealing::Sealer;

/// The vault is the ledger's; a ledger slower than this is as good as down.
pub(crate) const VAULT_PATIENCE: Duration = Duration::from_secs(5);
/// The pause before a ledger that several replicas share is told again what it did not take.
const AGAIN: Duration = Duration::from_millis(200);

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

    /// Replaces what is stored.
    ///
    /// # Errors
    /// The ledger cannot be written.
    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>>;

    /// What replicas of this program agree by on who asks; none: nobody else uses this vault.
    fn turns(&self) -> Option<&dyn Turns> {
        None
    }
}

/// Whose turn it is to ask for the next token, and what became of it if it was none.
pub trait Turns: Send + Sync {
    /// Takes the turn, or renews it, for so long; `false` while another replica has it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    fn take(&self, lease: Duration) -> BoxFuture<'_, Result<bool, VaultError>>;

    /// Gives the turn back. If that fails it ends by itself.
    fn give_back(&self) -> BoxFuture<'_, ()>;

    /// The last failure that was stored, sealed.
    ///
    /// # Errors
    /// The ledger cannot be read.
    fn load_failure(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>>;

    /// Stores a failure, sealed.
    ///
    /// # Errors
    /// The ledger cannot be written.
    fn store_failure(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>>;
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

    /// What replicas agree by; none: nobody else uses this vault.
    pub(crate) fn turns(&self) -> Option<&dyn Turns> {
        self.vault.as_ref().and_then(|vault| vault.turns())
    }

    /// The kept token, if it was issued for us and one of these keys opens it.
    pub(crate) async fn load(&self, signers: &[Arc<Signer>]) -> Option<AccessToken> {
        let vault = self.vault.as_ref()?;
        let sealed = loaded(vault.load()).await?;
        let open = |signer: &Arc<Signer>| signer.sealer().open(&self.binding(signer), &sealed);
        let text = signers.iter().find_map(open)?;
        let mut kept: Kept = serde_json::from_slice(&text).ok()?;
        let issued_at = Timestamp::from_millisecond(kept.issued_at_ms).ok()?;
        let expires_at = Timestamp::from_millisecond(kept.expires_at_ms).ok()?;
        Some(AccessToken::new(std::mem::take(&mut kept.token).into(), issued_at, expires_at))
    }

    /// Keeps the token, sealed with this key. Where replicas share the vault a ledger that is away for a moment is told again:
    /// a token the others do not see is asked for twice.
    pub(crate) async fn keep(&self, token: &AccessToken, signer: &Signer) {
        let Some(vault) = &self.vault else { return };
        let kept = Kept {
            token: token.secret().expose_secret().to_owned(),
            issued_at_ms: token.issued_at().as_millisecond(),
            expires_at_ms: token.expires_at().as_millisecond(),
        };
        let text = Zeroizing::new(serde_json::to_vec(&kept).expect("texts and numbers are JSON"));
        let sealed = signer.sealer().seal(&self.binding(signer), &text).unwrap_or_default();
        let stored = async {
            loop {
                match vault.store(sealed.clone()).await {
                    Err(error) if vault.turns().is_some() => tracing::debug!(error = %error.0, "not kept yet"),
                    stored => return stored,
                }
                sleep(AGAIN).await;
            }
        };
        match timeout(VAULT_PATIENCE, stored).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error.0, "the access token cannot be kept; it stays in memory"),
            Err(_) => tracing::warn!("the access token takes too long to keep; it stays in memory"),
        }
    }

    /// The last failure another replica told of, with these very credentials, and when it ended.
    pub(crate) async fn load_failure(&self, credentials: &Credentials) -> Option<(Timestamp, TokenError)> {
        let sealed = loaded(self.turns()?.load_failure()).await?;
        let (sealer, binding) = self.of_failures(credentials)?;
        serde_json::from_slice(&sealer.open(&binding, &sealed)?).ok()
    }

    /// Tells the other replicas of a failure. If that fails, one more of them asks.
    pub(crate) async fn keep_failure(&self, failure: &(Timestamp, TokenError), credentials: &Credentials) {
        let (Some(turns), Some((sealer, binding))) = (self.turns(), self.of_failures(credentials)) else { return };
        let text = serde_json::to_vec(failure).expect("a moment, a reason and a pause are JSON");
        let Some(sealed) = sealer.seal(&binding, &text) else { return };
        if !matches!(timeout(VAULT_PATIENCE, turns.store_failure(sealed)).await, Ok(Ok(()))) {
            tracing::debug!("the other replicas are not told that there is no access token");
        }
    }

    /// A refusal says nothing of other credentials than those that were refused.
    fn of_failures(&self, credentials: &Credentials) -> Option<(Sealer, Vec<u8>)> {
        let newest = credentials.signers().into_iter().next()?;
        let binding = [self.binding(&newest).as_slice(), credentials.print().as_slice()].concat();
        Some((newest.sealer(), binding))
    }

    fn binding(&self, signer: &Signer) -> Vec<u8> {
        let issued_for =
            [self.token_url.as_str(), signer.client_id(), signer.service_account(), &self.scope, signer.fingerprint()];
        serde_json::to_vec(&issued_for).expect("an array of texts is JSON")
    }
}

/// What the vault has, if it has anything and says so in time.
async fn loaded(asked: BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>>) -> Option<Vec<u8>> {
    match timeout(VAULT_PATIENCE, asked).await {
        Ok(Ok(sealed)) => sealed.filter(|sealed| !sealed.is_empty()),
        Ok(Err(error)) => {
            tracing::warn!(error = %error.0, "the kept access token cannot be loaded; going on without");
            None
        }
        Err(_) => {
            tracing::warn!("the kept access token takes too long to load; going on without");
            None
        }
    }
}
