//! What an answer of the org's token endpoint means. Pure.
//!
//! The endpoint speaks OAuth (`error`, `error_description`), though an `errorCode` is survived too; the word decides, the
//! status only where there is none.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::answer::Answer;
use super::error::{OktaError, Said};
use super::rate::{self, Limited};
use crate::domain::outcome::Cause;

/// An access token lives so long when the answer does not tell (Okta docs, service app: fixed).
const ASSUMED_LIFE: Duration = Duration::from_secs(3600);
/// No token is believed to live longer.
const LONGEST_LIFE_S: u64 = 24 * 3600;

/// What the token endpoint said.
#[derive(Debug)]
pub(super) enum Grant {
    /// Here it is.
    Granted(Granted),
    /// A DPoP proof is wanted, or one with the nonce that came along.
    Prove(OktaError),
    /// The key or the client is not accepted.
    Refused(OktaError),
    /// 429.
    Limited(Limited, OktaError),
    /// Anything else.
    Failed(OktaError),
}

/// A token, as it was granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: SecretString,
    /// It goes with a proof and `Authorization: DPoP`.
    pub(super) is_dpop: bool,
    pub(super) life: Duration,
    /// The scopes it has, if the answer says so.
    pub(super) scope: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    scope: Option<String>,
}

/// Judges the answer to a request for these scopes.
pub(super) fn judge(answer: &Answer, asked_for: &str, now: Timestamp) -> Grant {
    let Answer { status, headers, body } = answer;
    if (200..300).contains(status) {
        return match serde_json::from_slice::<WireToken>(body) {
            Ok(token) if !token.access_token.is_empty() => Grant::Granted(token.into()),
            _ => Grant::Failed(OktaError::unreachable("token request: an answer that was not understood", None)),
        };
    }
    let said = Said::of(*status, body);
    // Nobody but ourselves is named here, and the text says which part of the assertion is wrong.
    let text = said.text.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let detail = format!("token request: {}{text}", said.detail());
    let refused = |cause| OktaError::untrusted(cause, detail.clone());
    match (*status, said.code.as_deref().unwrap_or_default()) {
        (429, _) | (_, "E0000047") => {
            let limited = rate::limited(headers, now);
            Grant::Limited(limited, OktaError::limited(detail, limited.wait()))
        }
        (_, "use_dpop_nonce" | "invalid_dpop_proof") => Grant::Prove(refused(Cause::OktaUnauthorized)),
        // What Okta says of a scope that nobody granted differs between org versions (UNCONFIRMED which).
        (_, "invalid_scope" | "access_denied" | "consent_required") => Grant::Failed(OktaError::untrusted(
            Cause::OktaScopeMissing,
            format!("scope, one or more of: {asked_for}; {detail}"),
        )),
        (_, "invalid_client" | "unauthorized_client" | "invalid_grant" | "E0000011" | "E0000004") => {
            Grant::Refused(refused(Cause::OktaUnauthorized))
        }
        (_, "temporarily_unavailable" | "server_error") => {
            Grant::Failed(OktaError::unreachable(detail, rate::retry_after(headers, now)))
        }
        (401, code) if !code.is_empty() || body.trim_ascii().is_empty() => {
            Grant::Refused(refused(Cause::OktaUnauthorized))
        }
        (400..=499, code) if !code.is_empty() && *status != 404 => Grant::Failed(refused(Cause::OktaUnauthorized)),
        _ => Grant::Failed(OktaError::unreachable(detail, rate::retry_after(headers, now))),
    }
}

impl From<WireToken> for Granted {
    fn from(wire: WireToken) -> Self {
        let is_dpop = wire.token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("DPoP"));
        let life = wire.expires_in.map_or(ASSUMED_LIFE, |seconds| Duration::from_secs(seconds.min(LONGEST_LIFE_S)));
        let scope = wire.scope.filter(|scope| !scope.trim().is_empty()).map(Arc::from);
        Self { token: wire.access_token.into(), is_dpop, life, scope }
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
