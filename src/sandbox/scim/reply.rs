//! What SCIM says and hears beside the resources: bodies in, error messages out.
//!
//! Errors are those of RFC 7644, section 3.12, unless the switch `scimErrorBody` wants another shape: which one LINE
//! WORKS has is not recorded.

use serde_json::{Map, Value, json};

use super::switches::{ScimDuplicateStatus, ScimErrorBody};
use crate::sandbox::call::Call;
use crate::sandbox::reply::{Refusal, Reply, challenged};
use crate::sandbox::switches::Switches;

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A request SCIM does not fulfil.
#[derive(Debug)]
pub(crate) struct ScimError {
    status: u16,
    code: &'static str,
    /// `scimType` of RFC 7644, table 9.
    kind: Option<&'static str>,
    detail: String,
}

impl ScimError {
    /// 400 with a `scimType`.
    pub(crate) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status: 400, code: "INVALID_PARAMETER", kind: Some(kind), detail: detail.into() }
    }

    /// 400 that names an attribute.
    pub(crate) fn invalid_value(name: &str, why: &str) -> Self {
        Self::bad("invalidValue", format!("{name} is invalid. {why}"))
    }

    /// 404, also for what SCIM does not show.
    pub(crate) fn missing(what: &str) -> Self {
        Self { status: 404, code: "NOT_FOUND", kind: None, detail: format!("{what} not found.") }
    }

    /// 403 for a resource that nobody can change by SCIM.
    pub(crate) fn forbidden(detail: &str) -> Self {
        Self { status: 403, code: "FORBIDDEN", kind: None, detail: detail.to_owned() }
    }

    /// Somebody has this value already; status and readability by switch.
    pub(crate) fn taken(name: &str, switches: &Switches) -> Self {
        let (status, code, kind, vague) = match switches.scim_duplicate_status {
            ScimDuplicateStatus::Conflict => (409, "ALREADY_EXIST", "uniqueness", "Conflict."),
            ScimDuplicateStatus::BadRequest => (400, "BAD_REQUEST", "invalidValue", "Bad request."),
        };
        let detail = match switches.duplicate_readable {
            true => format!("{name} is duplicated. It already exists."),
            false => vague.to_owned(),
        };
        Self { status, code, kind: Some(kind), detail }
    }

    /// In the shape the switch wants.
    pub(crate) fn reply(self, switches: &Switches) -> Reply {
        let reply = match switches.scim_error_body {
            ScimErrorBody::Empty => Reply::empty(self.status),
            ScimErrorBody::Code => Reply::json(self.status, json!({ "code": self.code, "description": self.detail })),
            ScimErrorBody::Rfc7644 => {
                // A string, as RFC 7644 has it.
                let status = self.status.to_string();
                let mut body = json!({ "schemas": [ERROR], "status": status, "detail": self.detail });
                if let Some(kind) = self.kind {
                    body["scimType"] = json!(kind);
                }
                Reply::json(self.status, body)
            }
        };
        challenged(reply)
    }
}

impl From<Refusal> for ScimError {
    fn from(refusal: Refusal) -> Self {
        let kind = (refusal.status == 400).then_some("invalidValue");
        Self { status: refusal.status, code: refusal.code, kind, detail: refusal.description }
    }
}

/// The body as a JSON object. The vendor's pages say `application/json`, RFC 7644 `application/scim+json`.
pub(crate) fn body(call: &Call) -> Result<Map<String, Value>, ScimError> {
    let types = ["application/json", "application/scim+json"];
    if !types.iter().any(|media| call.content_type.starts_with(media)) {
        let text = "The content type must be application/json or application/scim+json.";
        return Err(ScimError::bad("invalidSyntax", text));
    }
    serde_json::from_slice(&call.body).map_err(|_| ScimError::bad("invalidSyntax", "The body is not a JSON object."))
}

/// The body, if its `schemas` name `schema` (required by RFC 7643, section 3).
pub(crate) fn body_of(call: &Call, schema: &str) -> Result<Map<String, Value>, ScimError> {
    let body = body(call)?;
    let named = body.get("schemas").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == schema));
    if !named {
        return Err(ScimError::bad("invalidSyntax", format!("schemas must contain {schema}.")));
    }
    Ok(body)
}

/// Where a resource is, for `meta.location` and the header of a create.
pub(crate) fn location(call: &Call, resource: &str, id: &str) -> String {
    format!("http://{}/scim/v2/{resource}/{id}", call.host)
}
