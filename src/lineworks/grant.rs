//! What the token endpoint's answer means: a token with its life, or why there is none. Pure.
//!
//! Whatever goes wrong here, nobody's person is at fault, so every error makes work wait and none parks anybody.
//! The endpoint has three error shapes (OAuth, `returnCode`, and what a proxy makes up) and undocumented statuses;
//! the `error` word decides, the status only where there is no word.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::ApiError;
use crate::lineworks::answer::{Body, Said};
use crate::lineworks::traps::{self, Next, Trap};

/// A refusal is asked about again after this long: a scope saved minutes ago heals by itself.
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);
/// The shorter of the two lives the Developer Console offers, taken when the answer does not tell.
const ASSUMED_LIFE: SignedDuration = SignedDuration::from_secs(3600);

/// What was granted.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) token: SecretString,
    pub(crate) life: SignedDuration,
}

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("no access token from LINE WORKS ({}{})", .reason.cause.code(), .reason.detail.as_deref().map(|detail| format!(", {detail}")).unwrap_or_default())]
pub struct TokenError {
    /// Why; its cause is one of those that wait.
    pub reason: Reason,
    /// How long to wait at least.
    pub after: Option<Duration>,
}

impl TokenError {
    pub(crate) fn refused(cause: Cause, detail: String) -> Self {
        Self { reason: Reason::with(cause, detail), after: Some(REFUSAL_PAUSE) }
    }

    /// Whether other credentials might do better: the endpoint refused them, or refused without saying what.
    pub(crate) fn is_about_the_credentials(&self) -> bool {
        matches!(
            self.reason.cause,
            Cause::TokenClientRefused
                | Cause::TokenAssertionRefused
                | Cause::TokenAssertionLife
                | Cause::AccountNotAllowed
                | Cause::TokenRefused
                | Cause::UnexpectedError
        )
    }

    pub(crate) fn unreachable(detail: String) -> Self {
        Self { reason: Reason::with(Cause::LineWorksUnreachable, detail), after: None }
    }

    fn failing(detail: String, after: Option<Duration>) -> Self {
        Self { reason: Reason::with(Cause::LineWorksFailing, detail), after }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        ApiError::TryLater { reason: error.reason, after: error.after }
    }
}

/// Judges the answer to a token request; `after` is the pause its headers ask for.
pub(crate) fn judge(status: u16, body: &Body, after: Option<Duration>) -> Result<Granted, TokenError> {
    let said = Said::of(body);
    let detail = format!("token request: {}", said.detail(status));
    if let Body::Object(object) = body
        && (200..300).contains(&status)
        && let Some(token) = object.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())
    {
        return Ok(Granted { token: token.into(), life: life(object) });
    }
    Err(match traps::of_token(status, &said) {
        Some(Trap { means, next: Next::Later, .. }) => TokenError { reason: Reason::with(*means, detail), after },
        Some(trap) => TokenError::refused(trap.means, detail),
        None => by_status(status, body, detail, after),
    })
}

/// What holds without words.
fn by_status(status: u16, body: &Body, detail: String, after: Option<Duration>) -> TokenError {
    match status {
        407 => TokenError { reason: Reason::with(Cause::LineWorksUnreachable, detail), after },
        400..=499 if status != 408 && *body != Body::Garbage => TokenError::refused(Cause::TokenRefused, detail),
        200..=299 if matches!(body, Body::Object(object) if object.contains_key("error") || object.contains_key("returnCode")) => {
            TokenError::refused(Cause::TokenRefused, detail)
        }
        _ => TokenError::failing(detail, after),
    }
}

/// `expires_in` comes as a string; documents and clients also know a number.
fn life(answer: &Map<String, Value>) -> SignedDuration {
    let seconds = match answer.get("expires_in") {
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds >= 1.0)
        .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
        .unwrap_or_else(|| {
            tracing::warn!(
                "LINE WORKS does not say how long the access token lives (`expires_in`): an hour is assumed"
            );
            ASSUMED_LIFE
        })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn judged(status: u16, body: &str) -> Result<Granted, TokenError> {
        judge(status, &Body::parse(body.as_bytes()), Some(Duration::from_secs(9)))
    }

    fn life_of(expires_in: &str) -> i64 {
        let body = format!(r#"{{"access_token":"t+/=","token_type":"Bearer","scope":"user"{expires_in}}}"#);
        let granted = judged(200, &body).expect("granted");
        assert_eq!(granted.token.expose_secret(), "t+/=");
        granted.life.as_secs()
    }

    #[test]
    fn the_life_is_a_string_or_a_number_and_an_hour_when_not_told() {
        assert_eq!(life_of(r#","expires_in":"86400""#), 86400);
        assert_eq!(life_of(r#","expires_in":86400"#), 86400);
        assert_eq!(life_of(r#","expires_in":7200.5"#), 7200);
        for not_told in [
            "",
            r#","expires_in":null"#,
            r#","expires_in":"soon""#,
            r#","expires_in":0"#,
            r#","expires_in":"-5""#,
            r#","expires_in":1e300"#,
        ] {
            assert_eq!(life_of(not_told), 3600, "{not_told}");
        }
    }

    #[test]
    fn every_error_shape_has_its_cause_and_every_refusal_waits_a_minute() {
        let oauth = |error: &str| format!(r#"{{"error":"{error}","error_description":"Request is not valid."}}"#);
        let table = [
            (401, oauth("invalid_client"), Cause::TokenClientRefused),
            (400, oauth("invalid_client"), Cause::TokenClientRefused),
            (400, oauth("unauthorized_client"), Cause::TokenClientRefused),
            (400, oauth("invalid_scope"), Cause::TokenScopeRefused),
            (200, oauth("invalid_scope"), Cause::TokenScopeRefused),
            (400, oauth("invalid_grant"), Cause::TokenAssertionRefused),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"exp is over 60 minutes"}"#.into(),
                Cause::TokenAssertionLife,
            ),
            (
                401,
                r#"{"error":"invalid_client","error_description":"no such service account"}"#.into(),
                Cause::AccountNotAllowed,
            ),
            (400, oauth("invalid_request"), Cause::TokenRefused),
            (400, oauth("unsupported_grant_type"), Cause::TokenRefused),
            (400, r#"{"returnCode":"99","returnMessage":"UnexpectedError"}"#.into(), Cause::UnexpectedError),
            (200, r#"{"returnCode":"99","returnMessage":"UnexpectedError"}"#.into(), Cause::UnexpectedError),
            (401, String::new(), Cause::TokenRefused),
            (403, r#"{"code":"FORBIDDEN","description":"x"}"#.into(), Cause::TokenRefused),
        ];
        for (status, body, cause) in table {
            let error = judged(status, &body).expect_err("refused");
            assert_eq!((error.reason.cause, error.after), (cause, Some(Duration::from_secs(60))), "{status} {body}");
        }
    }

    #[test]
    fn a_fault_on_their_side_is_not_a_refusal() {
        let table = [
            (500, r#"{"returnCode":"99","returnMessage":"UnexpectedError"}"#, Cause::LineWorksFailing),
            (503, "", Cause::LineWorksFailing),
            (400, r#"{"error":"temporarily_unavailable"}"#, Cause::LineWorksFailing),
            (200, "", Cause::LineWorksFailing),
            (200, "<html>", Cause::LineWorksFailing),
            (200, r#"{"access_token":""}"#, Cause::LineWorksFailing),
            (200, r#"{"access_token":7}"#, Cause::LineWorksFailing),
            (404, "<html>", Cause::LineWorksFailing),
            (302, "", Cause::Redirected),
            (407, "<html>", Cause::LineWorksUnreachable),
            (429, "", Cause::RateLimited),
        ];
        for (status, body, cause) in table {
            let error = judged(status, body).expect_err("no token");
            assert_eq!((error.reason.cause, error.after), (cause, Some(Duration::from_secs(9))), "{status} {body}");
            assert!(matches!(ApiError::from(error), ApiError::TryLater { .. }));
        }
    }
}
