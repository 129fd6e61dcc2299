//! What an answer of Okta's API means. Pure.
//!
//! `errorCode` decides, since it alone is stable; the status only where there is none. A page of something in between
//! (a proxy, a captive portal) never says anything about a person, an app or our rights.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::error::{OktaError, Said};
use super::operation::Operation;
use super::rate::{self, Limited};
use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::clean;

/// A code or an id is a word; anything longer is something else.
const LONGEST_WORD: usize = 64;

/// An answer that came as a whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// As wished; the body is still to be read.
    Done,
    /// Okta says there is no such thing, of what may be absent.
    Absent,
    /// A DPoP proof is to be made with the nonce that came along; the error is for when that does not help.
    Nonce(OktaError),
    /// The credentials are not accepted.
    Unauthorized(OktaError),
    /// They are, but do not reach this far.
    Forbidden(OktaError),
    /// 429.
    Limited(Limited, OktaError),
    /// Anything else.
    Failed(OktaError),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireError {
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_id: Option<String>,
    #[serde(default)]
    error_summary: Option<String>,
    #[serde(default)]
    error_causes: Option<Vec<WireCause>>,
    /// The other shape, of the authorization server and of `WWW-Authenticate`.
    #[serde(default)]
    error: Option<String>,
    #[serde(default, rename = "error_description")]
    error_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCause {
    #[serde(default)]
    error_summary: Option<String>,
}

impl Said {
    /// What an error says; nothing of a body that is not Okta's.
    pub(crate) fn of(status: u16, body: &[u8]) -> Self {
        let wire: WireError = serde_json::from_slice(body).unwrap_or_default();
        let word = |text: Option<String>| {
            let is_word = |text: &String| {
                (1..=LONGEST_WORD).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
            };
            text.filter(is_word)
        };
        let causes = wire.error_causes.into_iter().flatten().filter_map(|cause| cause.error_summary);
        let summary = wire.error_summary.or(wire.error_description);
        let texts: Vec<String> = summary.into_iter().chain(causes).filter(|text| !text.trim().is_empty()).collect();
        Said {
            status,
            code: word(wire.error_code).or_else(|| word(wire.error)),
            id: word(wire.error_id),
            text: (!texts.is_empty()).then(|| clean(&texts.join(": "))),
        }
    }

    /// What of it may be in the log: status, code and id.
    pub(crate) fn detail(&self) -> String {
        let code = self.code.as_deref().unwrap_or("no code of Okta's");
        let id = self.id.as_deref().map(|id| format!(", errorId {id}")).unwrap_or_default();
        format!("HTTP {}, {code}{id}", self.status)
    }
}

/// Judges an answer to `operation`. `granted` are the scopes the token has, where that is known.
pub(crate) fn judge(operation: Operation, answer: &Answer, granted: Option<&str>, now: Timestamp) -> Verdict {
    let Answer { status, headers, body } = answer;
    let status = *status;
    if (200..300).contains(&status) {
        return Verdict::Done;
    }
    let said = Said::of(status, body);
    let detail = format!("{}: {}", operation.as_str(), said.detail());
    let challenge = Challenge::of(headers);
    let code = said.code.as_deref().unwrap_or_default();
    let failing = |after: Option<Duration>| Verdict::Failed(OktaError::unreachable(detail.clone(), after));
    if status == 401 && (challenge.has("use_dpop_nonce") || headers.contains_key("dpop-nonce")) {
        return Verdict::Nonce(OktaError::untrusted(Cause::OktaUnauthorized, detail));
    }
    match (status, code) {
        (429, _) | (_, "E0000047") => {
            let limited = rate::limited(headers, now);
            Verdict::Limited(limited, OktaError::limited(detail, limited.wait()))
        }
        (300..=399, _) => Verdict::Failed(OktaError::unreachable(
            format!(
                "{detail}: a redirection, which is not followed; compare okta.org_url with the address of your org"
            ),
            None,
        )),
        // Okta API error codes: invalid session, authentication failed, invalid token.
        (401, _) | (_, "E0000004" | "E0000011") if is_oktas(&said, &challenge, body) => {
            Verdict::Unauthorized(OktaError::untrusted(Cause::OktaUnauthorized, detail))
        }
        (403, _) | (_, "E0000006") if is_oktas(&said, &challenge, body) => {
            Verdict::Forbidden(forbidden(operation, detail, &challenge, &said, granted))
        }
        (404 | 410, "E0000007") if operation.may_be_absent() => Verdict::Absent,
        (400..=499, "E0000007") if !is_person(operation) => {
            Verdict::Failed(OktaError::Refused { reason: reason(detail), said: Box::new(said) })
        }
        (400..=499, _) if said.code.is_some() && !matches!(status, 404 | 408) => {
            Verdict::Failed(OktaError::Refused { reason: reason(detail), said: Box::new(said) })
        }
        _ => failing(rate::retry_after(headers, now)),
    }
}

fn reason(detail: String) -> Reason {
    Reason::with(Cause::OktaUnreachable, detail)
}

/// Whether it is about one person or the app, where a 404 must never be guessed at.
fn is_person(operation: Operation) -> bool {
    operation.may_be_absent() || operation == Operation::FindUser
}

/// Whether Okta itself said so: in its own words, in the header, or without any.
fn is_oktas(said: &Said, challenge: &Challenge, body: &[u8]) -> bool {
    said.code.is_some() || !challenge.0.is_empty() || body.trim_ascii().is_empty()
}

/// Tells a scope that was not granted from an admin role that is missing. Okta says the first in `WWW-Authenticate`;
/// where that is missing, a scope that is not among those of the token is the reason, else it is the role
/// (Okta docs, service app: both must be granted; E0000006 for a missing role).
fn forbidden(
    operation: Operation,
    detail: String,
    challenge: &Challenge,
    said: &Said,
    granted: Option<&str>,
) -> OktaError {
    let needed = challenge.scope().or_else(|| operation.scope().map(ToOwned::to_owned)).unwrap_or_default();
    let not_granted = granted.is_some_and(|granted| !operation.is_allowed_by(granted));
    let insufficient = challenge.has("insufficient_scope") || said.code.as_deref() == Some("insufficient_scope");
    if insufficient || not_granted {
        return OktaError::untrusted(Cause::OktaScopeMissing, format!("scope {needed}; {detail}"));
    }
    OktaError::untrusted(Cause::OktaRoleMissing, detail)
}

/// The `WWW-Authenticate` headers.
struct Challenge(String);

impl Challenge {
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|line| line.to_str().ok());
        Self(lines.collect::<Vec<_>>().join(", "))
    }

    /// Whether its `error` is this word.
    fn has(&self, error: &str) -> bool {
        self.parameter("error").is_some_and(|found| found == error)
    }

    /// The scope it names, if it is one or more of Okta's.
    fn scope(&self) -> Option<String> {
        let scope = self.parameter("scope")?;
        let is_scope =
            |word: &str| word.starts_with("okta.") && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        (!scope.is_empty() && scope.len() < 200 && scope.split(' ').all(is_scope)).then(|| scope.to_owned())
    }

    /// The value of a parameter, in quotes or not.
    fn parameter(&self, name: &str) -> Option<&str> {
        let pieces: Vec<&str> = self.0.split('"').collect();
        let is_it = |text: &str| {
            let last = text.rsplit([',', ' ']).next().and_then(|word| word.strip_suffix('='));
            last.is_some_and(|last| last.eq_ignore_ascii_case(name))
        };
        let quoted = pieces.chunks_exact(2).find(|pair| is_it(pair[0])).map(|pair| pair[1]);
        let bare = || {
            let mut words = pieces.iter().step_by(2).flat_map(|outside| outside.split([',', ' ']));
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
        };
        quoted.or_else(bare)
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
