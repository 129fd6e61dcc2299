//! What the switches of the Directory API, the tokens and the tenant can be set to.
//!
//! Beside `switches`, which says what each of them decides and what its default is.

use serde::{Deserialize, Serialize};

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
