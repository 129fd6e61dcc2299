//! The service app's access token: asked for once per life, kept in memory alone, shared by everybody who asks.
//!
//! Every caller goes through one lock, so one request serves all that wait, and its failure too. Okta demands DPoP or
//! not: this shows here first, and a proof is made from then on.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderValue};
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::OktaClient;
use super::access::{Given, UnusableAccess};
use super::dpop::Prover;
use super::error::OktaError;
use super::grant::{self, Grant, Granted};
use super::key::Signer;
use super::live::Live;
use super::operation::Operation;
use crate::lineworks::under;

/// The grant (RFC 6749, section 4.4).
const GRANT_TYPE: &str = "client_credentials";
/// How the client shows who it is (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The token endpoint of the org server; another authorization server cannot grant Okta's own scopes.
const TOKEN_PATH: &str = "oauth2/v1/token";
/// A failure answers everybody who asks within this time.
const FAILURE_KEPT: SignedDuration = SignedDuration::from_secs(5);
/// A proof, one with a nonce, and one with the next nonce: more is a circle.
const MOST_PROOFS: u32 = 3;

/// An access token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) is_dpop: bool,
    pub(super) granted: Option<Arc<str>>,
    pub(super) generation: u64,
    used_until: Timestamp,
}

#[derive(Default)]
struct State {
    cached: Option<Token>,
    generation: u64,
    failure: Option<(Timestamp, OktaError)>,
}

/// The one place access tokens come from.
pub(super) struct TokenCache {
    scope: String,
    token_url: Url,
    signer: Live<Arc<Signer>>,
    prover: Prover,
    state: Mutex<State>,
}

impl TokenCache {
    /// # Errors
    /// The private key cannot be used.
    pub(super) fn new(
        client_id: String,
        private_key: Given,
        key_id: Option<String>,
        scope: String,
        org_url: &Url,
    ) -> Result<Self, UnusableAccess> {
        let key = "okta.private_key";
        let parse = move |text: &SecretString| {
            Signer::new(&client_id, key_id.as_deref(), text).map(Arc::new).map_err(|error| error.to_string())
        };
        let signer = Live::new(key, private_key, Box::new(parse)).map_err(|what| UnusableAccess { key, what })?;
        let token_url = under(org_url, TOKEN_PATH);
        Ok(Self { scope, token_url, signer, prover: Prover::new(), state: Mutex::default() })
    }

    pub(super) fn prover(&self) -> &Prover {
        &self.prover
    }

    /// The token at hand, or a new one. Callers that come while one is asked for wait for it and share it.
    pub(super) async fn token(&self, client: &OktaClient, deadline: Instant) -> Result<Token, OktaError> {
        let mut state = timeout_at(deadline, self.state.lock())
            .await
            .map_err(|_| OktaError::unreachable("token request: no answer in time", None))?;
        let now = client.now();
        if let Some(token) = state.cached.as_ref().filter(|token| now < token.used_until) {
            return Ok(token.clone());
        }
        if let Some((ended, error)) = &state.failure
            && now.duration_since(*ended).abs() < FAILURE_KEPT
        {
            return Err(error.clone());
        }
        match self.ask(client, deadline).await {
            Ok(granted) => {
                state.generation += 1;
                // `now` was read before the request, so the token ends a little early and never late.
                let token = Token {
                    secret: granted.token,
                    is_dpop: granted.is_dpop,
                    granted: granted.scope,
                    generation: state.generation,
                    used_until: now.saturating_add(usable_for(granted.life)).unwrap_or(now),
                };
                state.failure = None;
                state.cached = Some(token.clone());
                tracing::info!(is_dpop = token.is_dpop, scope = token.granted.as_deref(), "got an Okta access token");
                Ok(token)
            }
            Err(error) => {
                let reason = error.reason();
                // Whoever asked says it aloud, once, with what to do.
                tracing::debug!(cause = reason.cause.code(), detail = reason.detail, "got no Okta access token");
                state.failure = Some((client.now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Drops this token, unless another one took its place already.
    pub(super) async fn drop_if_current(&self, generation: u64) {
        self.state.lock().await.cached.take_if(|token| token.generation == generation);
    }

    async fn ask(&self, client: &OktaClient, deadline: Instant) -> Result<Granted, OktaError> {
        let (mut proofs, mut looked) = (0, false);
        loop {
            client.take_a_place(Operation::Token, deadline).await?;
            let (signer, generation) = self.signer.current();
            let proof = self.prover.for_token(&self.token_url, client.now());
            let answer = client.send(Operation::Token, self.request(client, &signer, proof), deadline).await?;
            let now = client.now();
            self.prover.noted_by_token(&answer.headers);
            client.note_window(Operation::Token, &answer.headers);
            match grant::judge(&answer, &self.scope, now) {
                Grant::Granted(granted) => return Ok(granted),
                Grant::Prove(_) if proofs < MOST_PROOFS => {
                    proofs += 1;
                    self.prover.demand();
                }
                Grant::Refused(error) => {
                    if looked || !self.signer.changed_since(generation).await {
                        return Err(error);
                    }
                    looked = true;
                }
                Grant::Limited(limited, error) => {
                    client.close_window(Operation::Token, limited);
                    return Err(error);
                }
                Grant::Prove(error) | Grant::Failed(error) => return Err(error),
            }
        }
    }

    fn request(&self, client: &OktaClient, signer: &Signer, proof: Option<HeaderValue>) -> reqwest::RequestBuilder {
        let assertion = signer.assertion(self.token_url.as_str(), client.now());
        let form = [
            ("grant_type", GRANT_TYPE),
            ("scope", self.scope.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let request = client.http.post(self.token_url.clone()).header(ACCEPT, "application/json").form(&form);
        match proof {
            Some(proof) => request.header("DPoP", proof),
            None => request,
        }
    }
}

/// A token is used until a tenth of its life, at most five minutes, before its end, so that none ends under way.
fn usable_for(life: Duration) -> SignedDuration {
    let margin = (life / 10).clamp(Duration::from_secs(30).min(life / 2), Duration::from_secs(300));
    SignedDuration::try_from(life - margin).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_until_a_margin_before_its_end() {
        for (life, used) in [(86_400, 86_100), (3600, 3300), (600, 540), (120, 90), (40, 20), (0, 0)] {
            assert_eq!(usable_for(Duration::from_secs(life)).as_secs(), used, "{life}");
        }
    }
}
