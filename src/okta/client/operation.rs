//! What this program asks Okta for: a name for each kind of request, and the scope it needs.

use serde::Serialize;

/// A kind of request to Okta; the name is a label of metrics and log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "&'static str")]
pub enum Operation {
    /// `POST /oauth2/v1/token`
    Token,
    /// `GET /api/v1/apps/{appId}`
    App,
    /// `GET /api/v1/apps/{appId}/users/{userId}`
    AppUser,
    /// `GET /api/v1/apps/{appId}/users`
    AppUsers,
    /// `GET /api/v1/users/{id}`
    User,
    /// `GET /api/v1/users` for a login the path cannot carry.
    FindUser,
    /// `GET /api/v1/logs`
    Logs,
    /// `GET /api/v1/eventHooks`
    EventHooks,
    /// `POST`, `PUT` below `/api/v1/eventHooks`, without the verification
    ChangeEventHook,
    /// `POST /api/v1/eventHooks/{id}/lifecycle/verify`
    VerifyEventHook,
}

impl Operation {
    /// The name, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Token => "token",
            Operation::App => "app",
            Operation::AppUser => "app_user",
            Operation::AppUsers => "app_users",
            Operation::User => "user",
            Operation::FindUser => "find_user",
            Operation::Logs => "logs",
            Operation::EventHooks => "event_hooks",
            Operation::ChangeEventHook => "change_event_hook",
            Operation::VerifyEventHook => "verify_event_hook",
        }
    }

    /// The scope it needs (Okta API, the scopes of each operation); none for the token itself.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Operation::Token => None,
            Operation::App | Operation::AppUser | Operation::AppUsers => Some("okta.apps.read"),
            Operation::User | Operation::FindUser => Some("okta.users.read"),
            Operation::Logs => Some("okta.logs.read"),
            Operation::EventHooks => Some("okta.eventHooks.read"),
            Operation::ChangeEventHook | Operation::VerifyEventHook => Some("okta.eventHooks.manage"),
        }
    }

    /// The API whose limit it counts towards, as Okta's rate limits are by path.
    pub(crate) fn api(self) -> &'static str {
        match self {
            Operation::Token => "token",
            Operation::App | Operation::AppUser | Operation::AppUsers => "apps",
            Operation::User | Operation::FindUser => "users",
            Operation::Logs => "logs",
            Operation::EventHooks | Operation::ChangeEventHook | Operation::VerifyEventHook => "event_hooks",
        }
    }

    /// Whether these scopes, separated by spaces, let it pass; `manage` holds `read`.
    pub(crate) fn is_allowed_by(self, granted: &str) -> bool {
        let Some(needed) = self.scope() else { return true };
        let wider = needed.strip_suffix(".read").map(|of| format!("{of}.manage"));
        granted.split_whitespace().any(|scope| scope == needed || wider.as_deref() == Some(scope))
    }

    /// Whether "not found" is an answer to it, and not a fault.
    pub(crate) fn may_be_absent(self) -> bool {
        matches!(self, Operation::App | Operation::AppUser | Operation::User)
    }
}

impl From<Operation> for &'static str {
    fn from(operation: Operation) -> Self {
        operation.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manage_holds_read_and_nothing_else_does() {
        assert!(Operation::App.is_allowed_by("okta.users.read okta.apps.read"));
        assert!(Operation::App.is_allowed_by("okta.apps.manage"));
        assert!(!Operation::App.is_allowed_by("okta.users.manage okta.apps.readme"));
        assert!(!Operation::VerifyEventHook.is_allowed_by("okta.eventHooks.read"));
        assert!(Operation::Token.is_allowed_by(""));
    }
}
