//! Refusals of the fake Okta: `{errorCode, errorSummary, errorLink, errorId, errorCauses}`.
//!
//! Only the code is stable in earnest, so the texts here are ours where no sample shows them.

use serde_json::{Value, json};

use super::ids;
use crate::sandbox::reply::{Refusal, Reply};

/// A request Okta would not fulfil.
#[derive(Debug, Clone)]
pub(crate) struct OktaError {
    status: u16,
    code: &'static str,
    summary: String,
    causes: Vec<String>,
    headers: Vec<(&'static str, String)>,
}

impl OktaError {
    fn new(status: u16, code: &'static str, summary: impl Into<String>) -> Self {
        Self { status, code, summary: summary.into(), causes: Vec::new(), headers: Vec::new() }
    }

    /// 400 `E0000001`, with what is wrong.
    pub(super) fn validation(of: &str, cause: impl Into<String>) -> Self {
        let mut error = Self::new(400, "E0000001", format!("Api validation failed: {of}"));
        error.causes.push(cause.into());
        error
    }

    /// 400 for a filter that cannot be read.
    pub(super) fn filter(cause: impl Into<String>) -> Self {
        let mut error = Self::new(400, "E0000031", "Invalid search criteria.");
        error.causes.push(cause.into());
        error
    }

    /// 400 `E0000053`, for a `since` of more than 180 days ago.
    pub(super) fn too_old() -> Self {
        Self::new(400, "E0000053", "Bad request. The since parameter is more than 180 days ago.")
    }

    /// 401 `E0000011`.
    pub(super) fn invalid_token() -> Self {
        Self::new(401, "E0000011", "Invalid token provided")
    }

    /// 403 `E0000006`, as for an app without an admin role.
    pub(super) fn forbidden() -> Self {
        Self::new(403, "E0000006", "You do not have permission to perform the requested action")
    }

    /// 403 for a token without the scope.
    pub(super) fn insufficient_scope(host: &str, scope: &str, path: &str) -> Self {
        let challenge = format!(
            "Bearer authorization_uri=\"http://{host}/oauth2/v1/authorize\", realm=\"http://{host}\", scope=\"{scope}\", \
             error=\"insufficient_scope\", error_description=\"The access token provided does not contain the required \
             scopes.\", resource=\"{path}\""
        );
        Self::forbidden().with_header("WWW-Authenticate", challenge)
    }

    /// 404 `E0000007`.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "E0000007", format!("Not found: Resource not found: {what}"))
    }

    /// 411, for a POST or PUT that does not say how long it is.
    pub(super) fn length_required() -> Self {
        Self::new(411, "E0000021", "Content-Length is required")
    }

    /// 429 `E0000047`.
    pub(super) fn too_many() -> Self {
        Self::new(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<OktaError> for Reply {
    fn from(error: OktaError) -> Self {
        let causes: Vec<Value> = error.causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
        let mut reply = Reply::json(
            error.status,
            json!({
                "errorCode": error.code,
                "errorSummary": error.summary,
                "errorLink": error.code,
                "errorId": ids::new("oae"),
                "errorCauses": causes,
            }),
        );
        reply.headers = error.headers;
        reply
    }
}

/// A refusal of the parts that all APIs of the sandbox share, such as faults.
pub(crate) fn refuse(refusal: Refusal) -> Reply {
    let code = match refusal.status {
        401 => return OktaError::invalid_token().into(),
        403 => return OktaError::forbidden().into(),
        429 => return OktaError::too_many().into(),
        404 => "E0000007",
        400..500 => "E0000001",
        _ => "E0000009",
    };
    OktaError::new(refusal.status, code, refusal.description).into()
}
