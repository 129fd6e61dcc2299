//! The access token: asked for once per life, kept in memory and (sealed) in the ledger, shared by all workers.
//!
//! Every caller goes through one lock, so one request serves all that wait, and its failure too. What the ledger
//! holds is used by replicas and after a restart; what was issued for another app, scope or key counts as absent.
//! A ledger that fails is logged and worked around: tokens are cheap, stopping is not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use zeroize::{Zeroize, Zeroizing};

use crate::domain::outcome::Cause;
use crate::lineworks::answer::Body;
use crate::lineworks::assertion::Signer;
use crate::lineworks::contact::{Contact, ContactStatus};
use crate::lineworks::grant::{self, Granted, TokenError};
use crate::lineworks::sealing::Sealer;
use crate::lineworks::{address, api, limits};

/// The grant of a signed assertion (RFC 7523; LINE WORKS docs, auth-jwt).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The token endpoint under the auth host (LINE WORKS docs, auth-jwt).
const TOKEN_PATH: &str = "oauth2/v2.0/token";
/// A failure answers everybody who asks within this time.
const FAILURE_KEPT: SignedDuration = SignedDuration::from_secs(5);
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

/// What a token is asked for with, besides the signer.
#[derive(Debug)]
pub struct TokenSettings {
    /// The auth host, such as `https://auth.worksmobile.com`; the path is added.
    pub auth_url: Url,
    /// The app's client secret.
    pub client_secret: SecretString,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// The time one token request may take in all.
    pub timeout: Duration,
}

/// An access token, and which one it is.
#[derive(Debug, Clone)]
pub struct AccessToken {
    secret: SecretString,
    generation: u64,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl AccessToken {
    /// The token itself.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Which one of this process's tokens it is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When it was asked for.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When its life ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
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

#[derive(Debug, Default)]
struct State {
    cached: Option<AccessToken>,
    generation: u64,
    /// The last failure, and when it ended.
    failure: Option<(Timestamp, TokenError)>,
    /// The token LINE WORKS rejected last: not taken from the vault again.
    rejected: Option<SecretString>,
}

/// The one place access tokens come from.
pub struct TokenCache {
    settings: TokenSettings,
    token_url: Url,
    binding: Vec<u8>,
    signer: Signer,
    sealer: Sealer,
    vault: Option<Arc<dyn TokenVault>>,
    http: reqwest::Client,
    contact: Contact,
    state: Mutex<State>,
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").field("token_url", &self.token_url.as_str()).finish_non_exhaustive()
    }
}

impl TokenCache {
    /// A cache for one app and scope. Without a vault the token lives in memory only.
    pub fn new(
        settings: TokenSettings,
        signer: Signer,
        vault: Option<Arc<dyn TokenVault>>,
        http: reqwest::Client,
    ) -> Self {
        let scope = settings.scope.split_whitespace().collect::<Vec<_>>().join(" ");
        let settings = TokenSettings { scope, ..settings };
        let token_url = address::under(&settings.auth_url, TOKEN_PATH);
        let issued_for =
            [token_url.as_str(), signer.client_id(), signer.service_account(), &settings.scope, signer.fingerprint()];
        let binding = serde_json::to_vec(&issued_for).expect("an array of texts is JSON");
        let sealer = Sealer::new(&signer.sealing_key());
        let (contact, state) = (Contact::default(), Mutex::default());
        Self { settings, token_url, binding, signer, sealer, vault, http, contact, state }
    }

    /// The access token to use at `now`: the cached one, the vault's, or a new one. Callers that come while a token
    /// is being asked for wait for that answer and share it, also when it is a refusal.
    ///
    /// # Errors
    /// Says why there is none and when to ask again.
    pub async fn access_token(&self, now: Timestamp) -> Result<AccessToken, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.cached.as_ref().filter(|token| usable(token.issued_at, token.expires_at, now)) {
            return Ok(token.clone());
        }
        if let Some(error) = self.recent_failure(&state, now) {
            return Err(error);
        }
        let from_vault = self.load().await.filter(|kept| {
            let rejected =
                state.rejected.as_ref().is_some_and(|rejected| rejected.expose_secret() == kept.secret.expose_secret());
            !rejected && usable(kept.issued_at, kept.expires_at, now)
        });
        let token = match from_vault {
            Some(kept) => kept,
            None => self.ask(&mut state, now).await?,
        };
        state.generation += 1;
        let token = AccessToken { generation: state.generation, ..token };
        state.failure = None;
        state.cached = Some(token.clone());
        Ok(token)
    }

    /// Drops this token, in memory and in the vault, unless another one took its place already; says whether it did.
    pub async fn drop_if_current(&self, generation: u64) -> bool {
        let mut state = self.state.lock().await;
        self.drop_from(&mut state, generation).await
    }

    /// As [`Self::drop_if_current`], for a token that was rejected although another one had just been dropped: the
    /// next one is not asked for at once, or every call would ask for one.
    pub(crate) async fn rejected_again(&self, generation: u64, now: Timestamp, error: TokenError) {
        let mut state = self.state.lock().await;
        if self.drop_from(&mut state, generation).await {
            state.failure = Some((now, error));
        }
    }

    /// The last contacts with LINE WORKS, by the token endpoint and the API alike.
    pub fn status(&self) -> ContactStatus {
        self.contact.status()
    }

    pub(crate) fn contact(&self) -> &Contact {
        &self.contact
    }

    async fn drop_from(&self, state: &mut State, generation: u64) -> bool {
        let Some(dropped) = state.cached.take_if(|token| token.generation == generation) else { return false };
        // Another replica may have stored a newer one meanwhile; that one is kept.
        if self.load().await.is_some_and(|kept| kept.secret.expose_secret() == dropped.secret.expose_secret()) {
            self.store(Vec::new()).await;
        }
        state.rejected = Some(dropped.secret);
        true
    }

    /// The clock is read before the lock is waited for, so `now` may lie before the failure's end.
    fn recent_failure(&self, state: &State, now: Timestamp) -> Option<TokenError> {
        let (ended, error) = state.failure.as_ref()?;
        let since = now.duration_since(*ended);
        let oldest = SignedDuration::try_from(self.settings.timeout).unwrap_or(SignedDuration::MAX) + FAILURE_KEPT;
        (since < FAILURE_KEPT && since > -oldest).then(|| error.clone())
    }

    /// Asks LINE WORKS for a token and stores it.
    async fn ask(&self, state: &mut State, now: Timestamp) -> Result<AccessToken, TokenError> {
        let started = Instant::now();
        let answer = self.request(now).await;
        let elapsed = started.elapsed();
        match answer {
            Ok(granted) => {
                tracing::info!(duration_ms = millis(elapsed), "got a LINE WORKS access token");
                self.contact.succeeded(now);
                // `now` was read before the request, so the token ends a little early and never late.
                let expires_at = now.saturating_add(granted.life).unwrap_or(Timestamp::MAX);
                let token = AccessToken { secret: granted.token, generation: 0, issued_at: now, expires_at };
                self.store(self.sealed(&token)).await;
                Ok(token)
            }
            Err(error) => {
                let ended = now.saturating_add(SignedDuration::try_from(elapsed).unwrap_or_default()).unwrap_or(now);
                tracing::warn!(
                    cause = error.reason.cause.code(),
                    detail = error.reason.detail,
                    duration_ms = millis(elapsed),
                    "got no LINE WORKS access token"
                );
                self.contact.failed(ended, error.reason.clone());
                state.failure = Some((ended, error.clone()));
                Err(error)
            }
        }
    }

    async fn request(&self, now: Timestamp) -> Result<Granted, TokenError> {
        let assertion = Zeroizing::new(self.signer.assertion(now));
        let form = [
            ("assertion", assertion.as_str()),
            ("grant_type", GRANT_TYPE),
            ("client_id", self.signer.client_id()),
            ("client_secret", self.settings.client_secret.expose_secret()),
            ("scope", &self.settings.scope),
        ];
        let request = self.http.post(self.token_url.clone()).timeout(self.settings.timeout).form(&form);
        let response = request.send().await.map_err(|error| TokenError::unreachable(api::describe(error)))?;
        let status = response.status().as_u16();
        let after = limits::wait(status, response.headers(), now);
        let body = api::read_body(response).await.map_err(|error| TokenError::unreachable(api::describe(error)))?;
        let body = Body::parse(&body.unwrap_or_else(|| b"too long".to_vec()));
        grant::judge(status, &body, after)
    }

    fn sealed(&self, token: &AccessToken) -> Vec<u8> {
        let kept = Kept {
            token: token.secret.expose_secret().to_owned(),
            issued_at_ms: token.issued_at.as_millisecond(),
            expires_at_ms: token.expires_at.as_millisecond(),
        };
        let text = Zeroizing::new(serde_json::to_vec(&kept).expect("texts and numbers are JSON"));
        self.sealer.seal(&self.binding, &text).unwrap_or_default()
    }

    /// The vault's token, if it was issued for us.
    async fn load(&self) -> Option<AccessToken> {
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
        let text = self.sealer.open(&self.binding, &sealed)?;
        let mut kept: Kept = serde_json::from_slice(&text).ok()?;
        Some(AccessToken {
            secret: std::mem::take(&mut kept.token).into(),
            generation: 0,
            issued_at: Timestamp::from_millisecond(kept.issued_at_ms).ok()?,
            expires_at: Timestamp::from_millisecond(kept.expires_at_ms).ok()?,
        })
    }

    async fn store(&self, sealed: Vec<u8>) {
        let Some(vault) = &self.vault else { return };
        match timeout(VAULT_PATIENCE, vault.store(sealed)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error.0, "the access token cannot be kept; it stays in memory"),
            Err(_) => tracing::warn!("the access token takes too long to keep; it stays in memory"),
        }
    }
}

/// LINE WORKS rejects a token it has just issued: most often another program uses the same app.
pub(crate) fn rejected(detail: String) -> TokenError {
    TokenError::refused(Cause::TokenRejected, detail)
}

/// A token is used until a tenth of its life, at most ten minutes, before its end, so that none ends under way; at
/// least 30 seconds before where half its life allows.
fn usable(issued_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> bool {
    let life = expires_at.duration_since(issued_at);
    let least = SignedDuration::from_secs(30).min(life / 2);
    let margin = (life / 10).min(SignedDuration::from_mins(10)).max(least);
    now < expires_at.saturating_sub(margin).unwrap_or(issued_at)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_after(life_s: i64) -> i64 {
        let (start, end) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(life_s).expect("a time"));
        (0..=life_s)
            .rev()
            .find(|second| usable(start, end, Timestamp::from_second(*second).expect("a time")))
            .map_or(0, |last| last + 1)
    }

    #[test]
    fn a_token_is_used_until_a_margin_before_its_end() {
        assert_eq!(ends_after(86_400), 86_400 - 600, "ten minutes of a day");
        assert_eq!(ends_after(3600), 3600 - 360, "a tenth of an hour");
        assert_eq!(ends_after(120), 120 - 30, "at least half a minute");
        assert_eq!(ends_after(40), 20, "half of a very short life");
        assert_eq!(ends_after(0), 0);
    }
}
