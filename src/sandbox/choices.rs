//! What the switches can be set to; `switches` says what each of them decides and what its default is.

use serde::{Deserialize, Serialize};

/// The plan the tenant pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Plan {
    /// Everything, 240 calls per operation and minute.
    Advanced,
    /// Read scopes only, 60 calls.
    Free,
}

/// Statuses of the token endpoint's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenErrorStatus {
    /// `invalid_client` 401, everything else 400.
    Rfc,
    /// 400 for all.
    All400,
}

/// JSON type of `expires_in`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExpiresIn {
    /// `"86400"`.
    String,
    /// `86400`.
    Number,
}

/// Answer to a taken e-mail or external key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DuplicateStyle {
    /// 409 `ALREADY_EXIST`.
    #[serde(rename = "409")]
    Conflict,
    /// 400 `BAD_REQUEST`.
    #[serde(rename = "400")]
    BadRequest,
}

/// What the last page has for a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndCursor {
    /// `"nextCursor": null`.
    Null,
    /// An empty `responseMetaData`.
    Missing,
    /// `"nextCursor": ""`.
    Empty,
    /// No `responseMetaData` at all.
    NoObject,
}

/// `code` of the 404 for a member that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MissingUserCode {
    /// `NOT_FOUND`.
    NotFound,
    /// `USER_NOT_EXIST`.
    UserNotExist,
}

/// Spelling of the header that counts calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderSpelling {
    /// `rateLimit-ssed`.
    Ssed,
    /// `rateLimit-used`.
    Used,
    /// Both headers.
    Both,
}

/// Answer to reading a member in its grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GetInGrace {
    /// 200 with `isDeleted: true`.
    #[serde(rename = "200")]
    Ok,
    /// 404 as if it were gone.
    #[serde(rename = "404")]
    NotFound,
    /// 410 `DELETED`.
    #[serde(rename = "410")]
    Gone,
}

/// State of a member after undelete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UndeleteReturns {
    /// As it was when it was deleted.
    AsBefore,
    /// In use, even if it was suspended.
    Active,
    /// Suspended, even if it was in use.
    Suspended,
}

/// Whether a doubtful request is refused with 400 or accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Leniency {
    /// 400.
    Refuse,
    /// As if it were in order.
    Accept,
}

/// What PUT and PATCH answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatchAnswers {
    /// 200 with the member.
    User,
    /// 204 with nothing.
    Empty204,
}

/// What happens to an object inside a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatchObjects {
    /// Keys that are not sent stay.
    Merge,
    /// Keys that are not sent are cleared.
    Replace,
}

/// Answer to writes while the console's restriction on edits is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditLock {
    /// It is not on, or does not concern the API.
    #[serde(rename = "off")]
    Off,
    /// 500 `INTERNAL_SERVER_ERROR`, as a provisioning vendor saw it.
    #[serde(rename = "500")]
    InternalServerError,
    /// 403 `FORBIDDEN`.
    #[serde(rename = "403")]
    Forbidden,
}

/// Answer to suspending or deleting an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdministratorRefusal {
    /// 400 `BAD_REQUEST`.
    #[serde(rename = "400")]
    BadRequest,
    /// 403 `FORBIDDEN`.
    #[serde(rename = "403")]
    Forbidden,
}

/// How the minute of the quota runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RateWindow {
    /// From the first call on; then everything is free again at once.
    Fixed,
    /// The last 60 seconds, whenever that is.
    Sliding,
}

/// What the answer to a refresh says about the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefreshToken {
    /// Nothing; the old one stays good.
    Omit,
    /// The old one again.
    Repeat,
    /// A new one; the old one is dead.
    Rotate,
}

/// What may stand between two scopes of a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScopeSeparator {
    /// A space, as documented.
    Space,
    /// A comma as well, as two clients send it.
    Comma,
}

/// The name of one messenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessengerProtocol {
    /// Answers show it; both names are taken.
    Twitter,
    /// Answers show it; `TWITTER` is refused.
    X,
}

/// What a first password must have beside letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PasswordPolicy {
    /// Nothing.
    Default,
    /// A special character.
    Specials,
}
