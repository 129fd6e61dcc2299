//! The people, apps, assignments and groups of the org, and how the API shows them.
//!
//! Only holds and shows; what a change means, and which events it writes, is in `change`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ids::moment;

/// Everything in the org.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) users: BTreeMap<String, User>,
    pub(super) apps: BTreeMap<String, App>,
    pub(super) groups: BTreeMap<String, Group>,
}

/// A person in Okta.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) profile: Map<String, Value>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) status_changed: Timestamp,
}

/// An app instance.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) active: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// By the id of the user.
    pub(super) users: BTreeMap<String, AppUser>,
    /// The groups that have the app.
    pub(super) groups: BTreeSet<String>,
}

/// An assignment.
#[derive(Debug, Clone)]
pub(super) struct AppUser {
    pub(super) assignment_id: String,
    pub(super) user_id: String,
    pub(super) user_name: String,
    pub(super) profile: Map<String, Value>,
    pub(super) status: String,
    /// Assigned to the person, not only through groups.
    pub(super) direct: bool,
    /// The groups it comes through.
    pub(super) groups: BTreeSet<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// A group of people.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) members: BTreeSet<String>,
}

impl Directory {
    /// A person by id, or by login in any letter case. A login with a slash in it works only by id (documented).
    pub(super) fn user(&self, name: &str) -> Option<&User> {
        if let Some(user) = self.users.get(name) {
            return Some(user);
        }
        if name.contains('/') {
            return None;
        }
        self.users.values().find(|user| user.login().eq_ignore_ascii_case(name))
    }

    /// True if another person has this login.
    pub(super) fn login_is_taken(&self, login: &str, except: Option<&str>) -> bool {
        self.users.values().any(|user| user.login().eq_ignore_ascii_case(login) && Some(user.id.as_str()) != except)
    }
}

impl User {
    pub(super) fn login(&self) -> &str {
        self.profile.get("login").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn display_name(&self) -> String {
        let part = |name: &str| self.profile.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", part("firstName"), part("lastName"));
        name.trim().to_owned()
    }

    /// The user object of the API.
    pub(super) fn to_json(&self, base: &str) -> Value {
        let link = format!("{base}/api/v1/users/{}", self.id);
        json!({
            "id": self.id,
            "status": self.status,
            "created": moment(self.created),
            "activated": moment(self.created),
            "statusChanged": moment(self.status_changed),
            "lastLogin": null,
            "lastUpdated": moment(self.updated),
            "passwordChanged": null,
            "type": { "id": "otySANDBOX0000000001" },
            "profile": self.profile,
            "credentials": { "provider": { "type": "OKTA", "name": "OKTA" } },
            "_links": { "self": { "href": link } },
        })
    }
}

impl App {
    /// The app object of the API.
    pub(super) fn to_json(&self, base: &str) -> Value {
        let link = format!("{base}/api/v1/apps/{}", self.id);
        json!({
            "id": self.id,
            "name": "sandbox_lineworks",
            "label": self.label,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "lastUpdated": moment(self.updated),
            "created": moment(self.created),
            "features": [],
            "signOnMode": "SAML_2_0",
            "visibility": { "autoSubmitToolbar": false, "appLinks": {} },
            "settings": { "notes": { "admin": null, "enduser": null } },
            "_links": { "self": { "href": link }, "users": { "href": format!("{link}/users") } },
        })
    }
}

impl AppUser {
    /// The app user object of the API, with the user in it if asked.
    pub(super) fn to_json(&self, base: &str, app: &str, user: Option<&User>) -> Value {
        let mut shown = json!({
            // Of the user, not of the assignment.
            "id": self.user_id,
            "externalId": null,
            "created": moment(self.created),
            "lastUpdated": moment(self.updated),
            "scope": self.scope(),
            "status": self.status,
            "statusChanged": moment(self.updated),
            "passwordChanged": null,
            "syncState": "DISABLED",
            "lastSync": null,
            "credentials": { "userName": self.user_name },
            "profile": self.profile,
            "_links": {
                "app": { "href": format!("{base}/api/v1/apps/{app}") },
                "user": { "href": format!("{base}/api/v1/users/{}", self.user_id) },
            },
        });
        if let Some(group) = self.groups.first().filter(|_| !self.direct) {
            shown["_links"]["group"] = json!({ "href": format!("{base}/api/v1/groups/{group}") });
        }
        if let Some(user) = user {
            shown["_embedded"] = json!({ "user": user.to_json(base) });
        }
        shown
    }

    /// `USER` if it was assigned to the person, else `GROUP`.
    pub(super) fn scope(&self) -> &'static str {
        if self.direct { "USER" } else { "GROUP" }
    }
}

/// Takes the members out that are null, all the way down.
pub(super) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, member| !member.is_null());
            object.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
