//! The values of the switches that are about SCIM; the switches themselves are with the others.

use serde::{Deserialize, Serialize};

/// Form of the provisioning app's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimTokenForm {
    /// A random text, whose life is extended by use.
    Opaque,
    /// A JWT, which cannot live longer than its `exp`.
    Jwt,
}

/// Shape of SCIM's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimErrorBody {
    /// `{"schemas": […:Error], "status": "404", "scimType": …, "detail": …}`.
    Rfc7644,
    /// `{"code": …, "description": …}`, as the REST API has it.
    Code,
    /// Nothing but the status.
    Empty,
}

/// SCIM's answer to a taken name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScimDuplicateStatus {
    /// 409 `uniqueness`.
    #[serde(rename = "409")]
    Conflict,
    /// 400 `invalidValue`.
    #[serde(rename = "400")]
    BadRequest,
}

/// Key of a SCIM list's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScimResources {
    /// `Resources`.
    #[serde(rename = "Resources")]
    Upper,
    /// `resources`.
    #[serde(rename = "resources")]
    Lower,
}

/// What a SCIM PATCH answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimPatchAnswers {
    /// 200 with the resource.
    User,
    /// 204 with nothing.
    Empty204,
}

/// Whether SCIM shows a member in its grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScimGetInGrace {
    /// 404, and it is in no list.
    #[serde(rename = "404")]
    NotFound,
    /// 200 with `active: false`, and it is in lists.
    #[serde(rename = "200")]
    Ok,
}

/// What `active: true` does to a member who never signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimReactivatePending {
    /// Nothing: the answer is a success, and the member stays inactive.
    Ignore,
    /// 400.
    Refuse,
}
