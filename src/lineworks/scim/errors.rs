//! What SCIM says when it does not do it, as far as that differs from the Directory API. Pure.
//!
//! Which shape LINE WORKS gives its SCIM errors is not documented. RFC 7644's own is told from others here; codes,
//! texts and what they mean are read in `answer`, together with the shapes of the Directory API.

use serde_json::{Map, Value};

use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::ApiError;

/// `schemas` names the error schema, or there are `status` and `detail` or `scimType` (RFC 7644, section 3.12).
pub(crate) fn is_error(object: &Map<String, Value>) -> bool {
    let mut schemas = object.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let named = schemas.any(|schema| schema.ends_with(":Error"));
    named || (object.contains_key("status") && (object.contains_key("detail") || object.contains_key("scimType")))
}

/// A refused change of `active`: the member may be in another state than we thought, so it is looked at first.
pub(super) fn about_a_condition(error: ApiError) -> ApiError {
    match error {
        ApiError::Refused(reason) if reason.cause == Cause::LineWorksRefused => ApiError::ReadAgain(reason),
        ApiError::ReadAgain(reason) => ApiError::ReadAgain(Reason { cause: Cause::LineWorksRefused, ..reason }),
        error => error,
    }
}

/// Whether a refusal of a group says that the member is in it already, or is not in it (RFC 7644, `noTarget`).
pub(super) fn is_done_already(error: &ApiError) -> bool {
    let ApiError::Refused(reason) = error else { return false };
    let detail = reason.detail.as_deref().unwrap_or_default().to_lowercase();
    ["notarget", "uniqueness", "already", "duplicat", "conflict", "http 409"].iter().any(|word| detail.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shape_of_rfc_7644_is_told_from_others() {
        let error = |body: Value| is_error(body.as_object().expect("an object"));
        assert!(error(json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"})));
        assert!(error(json!({"status": "409", "scimType": "uniqueness"})));
        assert!(error(json!({"status": 404, "detail": "User not found."})));
        assert!(!error(json!({"code": "NOT_FOUND", "description": "x"})));
        assert!(!error(json!({"status": 404, "error": "Not Found", "path": "/scim/v2/Users/x"})), "a web server's own");
        assert!(!error(json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u"})));
    }

    #[test]
    fn a_refused_condition_is_read_again() {
        let refused = ApiError::Refused(Reason::of(Cause::LineWorksRefused));
        let again = ApiError::ReadAgain(Reason::of(Cause::LineWorksRefused));
        assert_eq!(about_a_condition(refused), again);
        assert_eq!(about_a_condition(ApiError::ReadAgain(Reason::of(Cause::LoginTaken))), again);
        let scope = ApiError::Refused(Reason::of(Cause::ScopeMissing));
        assert_eq!(about_a_condition(scope.clone()), scope);
    }
}
