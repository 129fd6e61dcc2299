//! Who this program is to Okta: what goes into the `Authorization` header of a request.
//!
//! One of two ways in: an API token (SSWS), or a service app whose access tokens `token` asks for. A secret in a file
//! is read again when it is refused. Nothing here prints a secret.

use std::fmt;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::error::OktaError;
use super::live::Live;
use super::token::TokenCache;
use super::{Call, OktaClient};
use crate::domain::outcome::Cause;
pub use crate::lineworks::credentials::Given;

/// Who this program is to Okta.
pub enum Access {
    /// An API token (SSWS).
    Token(Given),
    /// An API service app that signs with its private key (`private_key_jwt`).
    ServiceApp {
        /// Its client id.
        client_id: String,
        /// Its private key: PEM (RSA or EC) or JWK.
        private_key: Given,
        /// The key's id (`kid`), where the key does not say it itself.
        key_id: Option<String>,
        /// The scopes asked for, separated by one space.
        scope: String,
    },
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Token(_) => "Access::Token",
            Access::ServiceApp { .. } => "Access::ServiceApp",
        })
    }
}

/// What is configured cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {what}")]
pub struct UnusableAccess {
    /// Where it is configured.
    pub key: &'static str,
    /// What is wrong with it, and what to do.
    pub what: String,
}

/// What one request is let in with.
pub(super) struct Pass {
    /// Marked as sensitive.
    pub(super) authorization: HeaderValue,
    /// The DPoP proof that goes with it.
    pub(super) proof: Option<HeaderValue>,
    /// The scopes it has, where that is known.
    granted: Option<Arc<str>>,
    generation: u64,
}

impl Pass {
    pub(super) fn granted(&self) -> Option<&str> {
        self.granted.as_deref()
    }
}

/// Where passes come from.
pub(super) enum Door {
    Token(Live<HeaderValue>),
    App(Box<TokenCache>),
}

impl Door {
    pub(super) fn new(access: Access, org_url: &Url) -> Result<Self, UnusableAccess> {
        match access {
            Access::Token(given) => {
                let key = "okta.api_token";
                let live = Live::new(key, given, Box::new(|token| header("SSWS", token)));
                live.map(Door::Token).map_err(|what| UnusableAccess { key, what })
            }
            Access::ServiceApp { client_id, private_key, key_id, scope } => {
                TokenCache::new(client_id, private_key, key_id, scope, org_url).map(|cache| Door::App(Box::new(cache)))
            }
        }
    }

    /// What this request is let in with.
    pub(super) async fn pass(&self, client: &OktaClient, call: &Call, deadline: Instant) -> Result<Pass, OktaError> {
        match self {
            Door::Token(live) => {
                let (authorization, generation) = live.current();
                Ok(Pass { authorization, proof: None, granted: None, generation })
            }
            Door::App(cache) => {
                let token = cache.token(client, deadline).await?;
                let proof = token.is_dpop.then(|| {
                    cache.prover().for_api(&call.method, &call.url, token.secret.expose_secret(), client.now())
                });
                let scheme = if token.is_dpop { "DPoP" } else { "Bearer" };
                let authorization = header(scheme, &token.secret)
                    .map_err(|_| OktaError::unreachable("Okta gave an access token that no header can carry", None))?;
                Ok(Pass { authorization, proof, granted: token.granted, generation: token.generation })
            }
        }
    }

    /// Okta did not take this pass: whether another one can be had.
    pub(super) async fn renew(&self, pass: &Pass) -> bool {
        match self {
            Door::Token(live) => live.changed_since(pass.generation).await,
            Door::App(cache) => {
                cache.drop_if_current(pass.generation).await;
                true
            }
        }
    }

    /// Okta took the pass and found a scope missing: one that is granted meanwhile is only in the next token.
    pub(super) async fn forget(&self, pass: &Pass, error: &OktaError) {
        if let Door::App(cache) = self
            && error.reason().cause == Cause::OktaScopeMissing
        {
            cache.drop_if_current(pass.generation).await;
        }
    }

    /// Takes note of a DPoP nonce the API sent.
    pub(super) fn noted(&self, headers: &HeaderMap) {
        if let Door::App(cache) = self {
            cache.prover().noted_by_api(headers);
        }
    }

    /// Makes sure that there is a token, and gives the scopes Okta granted with it, where that is known.
    pub(super) async fn granted(&self, client: &OktaClient, deadline: Instant) -> Result<Option<String>, OktaError> {
        match self {
            Door::Token(_) => Ok(None),
            Door::App(cache) => {
                let token = cache.token(client, deadline).await?;
                Ok(token.granted.as_deref().map(ToOwned::to_owned))
            }
        }
    }
}

/// The header with the token, marked so that no HTTP library prints it.
fn header(scheme: &str, token: &SecretString) -> Result<HeaderValue, String> {
    let header = HeaderValue::try_from(format!("{scheme} {}", token.expose_secret()));
    let mut header =
        header.map_err(|_| "has characters that an HTTP header cannot carry; copy the token again".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_print_and_one_with_a_line_break_is_refused() {
        let header = header("SSWS", &"t0ken".into()).expect("a header");
        assert_eq!(header, "SSWS t0ken");
        assert!(!format!("{header:?}").contains("t0ken"));
        let refusal = super::header("SSWS", &"two\nlines".into()).expect_err("refused");
        assert!(!refusal.contains("lines"), "{refusal}");
    }
}
