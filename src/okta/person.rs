//! Somebody as Okta's API shows them: the assignment to the app, and the user behind it.
//!
//! Okta leaves members out at will and adds words to its lists: whatever is not needed is not read, and a status is kept
//! as the text it is (Okta API, Application Users and Users).

use std::fmt;

use serde_json::{Map, Value};

use crate::domain::ids::OktaUserId;

/// An assignment to the app (`GET /api/v1/apps/{appId}/users/{userId}`). Holds personal data; `Debug` shows none.
#[derive(Clone, PartialEq)]
pub struct AppUser {
    /// Whom it is about.
    pub id: OktaUserId,
    /// The assignment's status, such as `ACTIVE` or `PROVISIONED`.
    pub status: String,
    /// The user name in the app (`credentials.userName`).
    pub user_name: Option<String>,
    /// The app's own attributes.
    pub profile: Map<String, Value>,
    /// The user behind it, where the answer has it (`expand=user`).
    pub user: Option<User>,
}

/// A user of the org (`GET /api/v1/users/{id}`). Holds personal data; `Debug` shows none.
#[derive(Clone, PartialEq)]
pub struct User {
    /// The user.
    pub id: OktaUserId,
    /// The user's status, such as `ACTIVE`, `SUSPENDED` or `DEPROVISIONED`.
    pub status: String,
    /// The user's attributes; `login` and `email` are among them.
    pub profile: Map<String, Value>,
}

impl fmt::Debug for AppUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppUser").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}
