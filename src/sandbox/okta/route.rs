//! Which of Okta's operations a request asks for, and about what.
//!
//! Works on the raw path, so that a login with an encoded slash in it stays one segment.

use std::sync::OnceLock;

use crate::sandbox::route::decode;

/// Okta's operations the sandbox serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum OktaOperation {
    Token,
    AppGet,
    AppUserList,
    AppUserGet,
    UserList,
    UserGet,
    LogList,
    HookCreate,
    HookList,
    HookGet,
    HookReplace,
    HookDelete,
    HookVerify,
    HookActivate,
    HookDeactivate,
}

impl OktaOperation {
    /// Every one of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [
            Self::Token,
            Self::AppGet,
            Self::AppUserList,
            Self::AppUserGet,
            Self::UserList,
            Self::UserGet,
            Self::LogList,
            Self::HookCreate,
            Self::HookList,
            Self::HookGet,
            Self::HookReplace,
            Self::HookDelete,
            Self::HookVerify,
            Self::HookActivate,
            Self::HookDeactivate,
        ]
        .into_iter()
    }

    /// The name in faults, statistics and the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "okta.token",
            Self::AppGet => "okta.apps.get",
            Self::AppUserList => "okta.appUsers.list",
            Self::AppUserGet => "okta.appUsers.get",
            Self::UserList => "okta.users.list",
            Self::UserGet => "okta.users.get",
            Self::LogList => "okta.logs.list",
            Self::HookCreate => "okta.eventHooks.create",
            Self::HookList => "okta.eventHooks.list",
            Self::HookGet => "okta.eventHooks.get",
            Self::HookReplace => "okta.eventHooks.replace",
            Self::HookDelete => "okta.eventHooks.delete",
            Self::HookVerify => "okta.eventHooks.verify",
            Self::HookActivate => "okta.eventHooks.activate",
            Self::HookDeactivate => "okta.eventHooks.deactivate",
        }
    }

    /// The API whose bucket a call draws on.
    pub(super) fn bucket(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::AppGet | Self::AppUserList | Self::AppUserGet => "apps",
            Self::UserList | Self::UserGet => "users",
            Self::LogList => "logs",
            _ => "eventHooks",
        }
    }

    /// The scopes of which one is enough; none for the token endpoint.
    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Token => &[],
            Self::AppGet | Self::AppUserList | Self::AppUserGet => &["okta.apps.read", "okta.apps.manage"],
            Self::UserList | Self::UserGet => &["okta.users.read", "okta.users.manage"],
            Self::LogList => &["okta.logs.read"],
            Self::HookList | Self::HookGet => &["okta.eventHooks.read", "okta.eventHooks.manage"],
            _ => &["okta.eventHooks.manage"],
        }
    }
}

/// An operation with what its path names.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) operation: OktaOperation,
    /// The named parts of the path, decoded.
    pub(super) names: Vec<String>,
    /// Whether the hook answered its challenge; known before a verification takes effect.
    pub(super) verified: OnceLock<bool>,
}

impl Task {
    /// The part of the path that the operation is about.
    pub(super) fn name(&self, position: usize) -> &str {
        self.names.get(position).map(String::as_str).unwrap_or_default()
    }
}

/// True for a path below Okta's.
pub(crate) fn is_okta(path: &str) -> bool {
    path.starts_with("/api/v1/") || path.starts_with("/oauth2/v1/")
}

/// None for a path Okta does not have here.
pub(crate) fn find(method: &str, path: &str) -> Option<Task> {
    use OktaOperation as O;
    if !is_okta(path) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (operation, names): (O, &[&str]) = match (method, parts.as_slice()) {
        ("POST", ["oauth2", "v1", "token"]) => (O::Token, &[]),
        ("GET", ["api", "v1", "logs"]) => (O::LogList, &[]),
        ("GET", ["api", "v1", "users"]) => (O::UserList, &[]),
        ("GET", ["api", "v1", "users", names @ ..]) if names.len() == 1 => (O::UserGet, names),
        ("GET", ["api", "v1", "apps", names @ ..]) if names.len() == 1 => (O::AppGet, names),
        ("GET", ["api", "v1", "apps", app, "users"]) => (O::AppUserList, &[*app]),
        ("GET", ["api", "v1", "apps", app, "users", user]) => (O::AppUserGet, &[*app, *user]),
        ("POST", ["api", "v1", "eventHooks"]) => (O::HookCreate, &[]),
        ("GET", ["api", "v1", "eventHooks"]) => (O::HookList, &[]),
        ("GET", ["api", "v1", "eventHooks", id]) => (O::HookGet, &[*id]),
        ("PUT", ["api", "v1", "eventHooks", id]) => (O::HookReplace, &[*id]),
        ("DELETE", ["api", "v1", "eventHooks", id]) => (O::HookDelete, &[*id]),
        ("POST", ["api", "v1", "eventHooks", id, "lifecycle", "verify"]) => (O::HookVerify, &[*id]),
        ("POST", ["api", "v1", "eventHooks", id, "lifecycle", "activate"]) => (O::HookActivate, &[*id]),
        ("POST", ["api", "v1", "eventHooks", id, "lifecycle", "deactivate"]) => (O::HookDeactivate, &[*id]),
        _ => return None,
    };
    let names: Vec<String> = names.iter().map(|raw| decode(raw).0).collect();
    if names.iter().any(String::is_empty) {
        return None;
    }
    Some(Task { operation, names, verified: OnceLock::new() })
}
