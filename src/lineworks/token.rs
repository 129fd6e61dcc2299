//! The access token: asked for once per life, kept in memory and (sealed) in the ledger, shared by all workers.
//!
//! Every caller goes through one lock, so one request serves all that wait, and its failure too. What the ledger
//! holds is used by replicas and after a restart; what was issued for another app, scope or key counts as absent.
//! Replicas ask in turn (`turn`). A ledger of one process that fails is logged and worked around: tokens are cheap, stopping
//! is not.

mod turn;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::domain::outcome::Cause;
pub use crate::lineworks::access_token::AccessToken;
use crate::lineworks::answer::Body;
use crate::lineworks::contact::{Contact, ContactStatus};
use crate::lineworks::credentials::{Candidate, Credentials};
use crate::lineworks::grant::{self, Granted, TokenError};
use crate::lineworks::shelf::Shelf;
pub use crate::lineworks::shelf::{TokenVault, Turns, VaultError};
use crate::lineworks::{address, api, limits, rotation};
use crate::metrics::Metrics;

/// The grant of a signed assertion (RFC 7523; LINE WORKS docs, auth-jwt).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The token endpoint under the auth host (LINE WORKS docs, auth-jwt).
const TOKEN_PATH: &str = "oauth2/v2.0/token";
/// A failure answers everybody who asks within this time.
const FAILURE_KEPT: SignedDuration = SignedDuration::from_secs(5);
/// What a token is asked for with, besides the credentials.
#[derive(Debug)]
pub struct TokenSettings {
    /// The auth host, such as `https://auth.worksmobile.com`; the path is added.
    pub auth_url: Url,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// The time asking for one token may take in all.
    pub timeout: Duration,
    /// Whom the token is for: a word for log and metrics.
    pub purpose: &'static str,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
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

/// The one place access tokens of one scope come from.
pub struct TokenCache {
    settings: TokenSettings,
    token_url: Url,
    credentials: Arc<Credentials>,
    shelf: Shelf,
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
        credentials: Arc<Credentials>,
        vault: Option<Arc<dyn TokenVault>>,
        http: reqwest::Client,
    ) -> Self {
        let scope = settings.scope.split_whitespace().collect::<Vec<_>>().join(" ");
        let settings = TokenSettings { scope, ..settings };
        let token_url = address::under(&settings.auth_url, TOKEN_PATH);
        let shelf = Shelf::new(vault, token_url.clone(), settings.scope.clone());
        let (contact, state) = (Contact::default(), Mutex::default());
        Self { settings, token_url, credentials, shelf, http, contact, state }
    }

    /// The scopes its tokens are asked for, separated by one space.
    pub fn scope(&self) -> &str {
        &self.settings.scope
    }

    /// The access token to use at `now`: the cached one, the vault's, or a new one. Callers that come while a token
    /// is being asked for wait for that answer and share it, also when it is a refusal.
    ///
    /// # Errors
    /// Says why there is none and when to ask again.
    pub async fn access_token(&self, now: Timestamp) -> Result<AccessToken, TokenError> {
        self.access_token_for(now, SignedDuration::ZERO).await
    }

    /// As [`Self::access_token`], with at least this much of its life left, if LINE WORKS gives any that long.
    ///
    /// # Errors
    /// Says why there is none and when to ask again.
    pub async fn access_token_for(&self, now: Timestamp, life: SignedDuration) -> Result<AccessToken, TokenError> {
        let fits = |token: &AccessToken| {
            usable(token.issued_at(), token.expires_at(), now) && token.expires_at().duration_since(now) >= life
        };
        let entered = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(token) = state.cached.as_ref().filter(|token| fits(token)) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = state.failure.as_ref().filter(|failure| self.is_recent(failure, now)) {
            return Err(error.clone());
        }
        let token = match self.kept(&state, &fits).await {
            Some(kept) => kept,
            None => self.ask_in_turn(&mut state, now, entered, &fits).await?,
        };
        state.generation += 1;
        let token = token.numbered(state.generation);
        state.failure = None;
        state.cached = Some(token.clone());
        Ok(token)
    }

    /// The token in the vault, unless LINE WORKS rejected it or it does not fit.
    async fn kept(&self, state: &State, fits: &(dyn Fn(&AccessToken) -> bool + Sync)) -> Option<AccessToken> {
        let kept = self.shelf.load(&self.credentials.signers()).await?;
        let is_rejected = state.rejected.as_ref().is_some_and(|rejected| is_same(rejected, &kept));
        (!is_rejected && fits(&kept)).then_some(kept)
    }

    /// Seals the token with the newest key: after a change of keys, a restart may know that one only. What another
    /// replica put into the vault since is newer than what is at hand here.
    pub async fn seal_anew(&self) {
        let state = self.state.lock().await;
        let kept = self.shelf.load(&self.credentials.signers()).await;
        if let Some(token) = kept.as_ref().or(state.cached.as_ref()) {
            self.keep(token).await;
        }
    }

    /// Drops this token, unless another one took its place already; says whether it did. It is not taken from the vault
    /// again either, where it lies until the next one takes its place.
    pub async fn drop_if_current(&self, generation: u64) -> bool {
        drop_from(&mut *self.state.lock().await, generation)
    }

    /// As [`Self::drop_if_current`], for a token that was rejected although another one had just been dropped: the
    /// next one is not asked for at once, or every call would ask for one.
    pub(crate) async fn rejected_again(&self, generation: u64, now: Timestamp, error: TokenError) {
        let mut state = self.state.lock().await;
        if drop_from(&mut state, generation) {
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

    /// Whether a failure still answers. The clock is read before the lock and the turn are waited for, so `now` may lie
    /// before the failure's end.
    fn is_recent(&self, (ended, _): &(Timestamp, TokenError), now: Timestamp) -> bool {
        let since = now.duration_since(*ended);
        let oldest = SignedDuration::try_from(self.settings.timeout * 2).unwrap_or(SignedDuration::MAX) + FAILURE_KEPT;
        since < FAILURE_KEPT && since > -oldest
    }

    /// Asks LINE WORKS for a token.
    async fn ask(&self, state: &mut State, now: Timestamp) -> Result<AccessToken, TokenError> {
        let started = Instant::now();
        let answer = self.request_with_any(now).await;
        let elapsed = started.elapsed();
        match answer {
            Ok(granted) => {
                let purpose = self.settings.purpose;
                tracing::info!(purpose, duration_ms = millis(elapsed), "got a LINE WORKS access token");
                self.contact.succeeded(now);
                // `now` was read before the request, so the token ends a little early and never late.
                let expires_at = now.saturating_add(granted.life).unwrap_or(Timestamp::MAX);
                Ok(AccessToken::new(granted.token, now, expires_at))
            }
            Err(mut error) => {
                if error.reason.cause == Cause::TokenScopeRefused {
                    let said = error.reason.detail.unwrap_or_default();
                    error.reason.detail = Some(format!("{said} (asked for: {})", self.settings.scope));
                }
                let advice = error.reason.cause.english();
                let ended = now.saturating_add(SignedDuration::try_from(elapsed).unwrap_or_default()).unwrap_or(now);
                tracing::warn!(
                    purpose = self.settings.purpose,
                    cause = error.reason.cause.code(),
                    detail = error.reason.detail,
                    duration_ms = millis(elapsed),
                    "got no LINE WORKS access token: {} {}",
                    advice.title,
                    advice.todo
                );
                self.contact.failed(ended, error.reason.clone());
                state.failure = Some((ended, error.clone()));
                Err(error)
            }
        }
    }

    /// Tries every candidate in turn as long as the credentials are what is refused; looks at their files once more
    /// before it gives up. The answer that says most is returned: the first refusal, or what is no refusal of them.
    async fn request_with_any(&self, now: Timestamp) -> Result<Granted, TokenError> {
        let deadline = Instant::now() + self.settings.timeout;
        let (mut tried, mut refusal, mut looked) = (Vec::new(), None, false);
        loop {
            let Some(candidate) = self.credentials.candidate(&tried) else {
                if !looked && self.credentials.may_change() {
                    looked = true;
                    rotation::look_again(&self.credentials).await;
                    continue;
                }
                return Err(refusal.expect("there is always a first candidate, and it was refused"));
            };
            let answer = self.request(&candidate, now, deadline).await;
            let outcome = answer.as_ref().map_or_else(|error| error.reason.cause.code(), |_| "granted");
            self.settings.metrics.asked_for_token(self.settings.purpose, outcome);
            match answer {
                Ok(granted) => {
                    self.credentials.accepted(&candidate, tried.is_empty());
                    return Ok(granted);
                }
                Err(error) if error.is_about_the_credentials() => {
                    refusal.get_or_insert(error);
                    tried.push(candidate);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn request(&self, with: &Candidate, now: Timestamp, deadline: Instant) -> Result<Granted, TokenError> {
        let assertion = Zeroizing::new(with.signer.assertion(now));
        let form = [
            ("assertion", assertion.as_str()),
            ("grant_type", GRANT_TYPE),
            ("client_id", with.signer.client_id()),
            ("client_secret", with.client_secret.expose_secret()),
            ("scope", &self.settings.scope),
        ];
        let left = deadline.saturating_duration_since(Instant::now());
        let request = self.http.post(self.token_url.clone()).timeout(left).form(&form);
        let response = request.send().await.map_err(|error| TokenError::unreachable(api::describe(error)))?;
        let status = response.status().as_u16();
        let after = limits::wait(status, response.headers(), now);
        let body = api::read_body(response).await.map_err(|error| TokenError::unreachable(api::describe(error)))?;
        let body = Body::parse(&body.unwrap_or_else(|| b"too long".to_vec()));
        grant::judge(status, &body, after)
    }

    async fn keep(&self, token: &AccessToken) {
        if let Some(newest) = self.credentials.signers().first() {
            self.shelf.keep(token, newest).await;
        }
    }
}

fn drop_from(state: &mut State, generation: u64) -> bool {
    let Some(dropped) = state.cached.take_if(|token| token.generation() == generation) else { return false };
    state.rejected = Some(dropped.secret().clone());
    true
}

fn is_same(secret: &SecretString, token: &AccessToken) -> bool {
    secret.expose_secret() == token.secret().expose_secret()
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
