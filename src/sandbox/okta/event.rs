//! Events: what happened, to whom, in the form of the System Log and in that of a hook's delivery.
//!
//! Which types a hook can have, and which targets each has in which order, is from the event-type catalogue and the
//! captures; where nothing was captured the layout of the nearest relative is used.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::directory::{App, AppUser, Group, User};
use super::ids::moment;

/// One event in the log.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Counts up in the order of writing.
    pub(super) seq: u64,
    pub(super) uuid: String,
    pub(super) published: Timestamp,
    /// When the log shows it.
    pub(super) persisted: Timestamp,
    pub(super) draft: Draft,
    pub(super) job: bool,
    pub(super) transaction: String,
    /// The hooks it was meant for.
    pub(super) hooks: Vec<String>,
}

/// What is known of an event before it is written.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) kind: String,
    /// None: the member is null.
    pub(super) targets: Option<Vec<Value>>,
    pub(super) debug: Map<String, Value>,
    pub(super) result: &'static str,
    pub(super) reason: Option<String>,
}

impl Draft {
    pub(super) fn new(kind: &str, targets: Vec<Value>) -> Self {
        Self { kind: kind.to_owned(), targets: Some(targets), debug: Map::new(), result: "SUCCESS", reason: None }
    }

    /// `application.user_membership.*`: AppUser, AppInstance, User.
    pub(super) fn membership(what: &str, app: &App, app_user: &AppUser, user: &User) -> Self {
        let kind = format!("application.user_membership.{what}");
        let name_in_app = target("AppUser", &app_user.assignment_id, &app_user.user_name, &user.display_name());
        let mut draft = Self::new(&kind, vec![name_in_app, app_target(app), user_target(user)]);
        draft.debug.insert("appname".to_owned(), json!("sandbox_lineworks"));
        draft
    }

    /// `user.*`: the user alone.
    pub(super) fn user(kind: &str, user: &User) -> Self {
        Self::new(kind, vec![user_target(user)])
    }

    /// `application.lifecycle.*`: the app alone.
    pub(super) fn app(kind: &str, app: &App) -> Self {
        Self::new(kind, vec![app_target(app)])
    }

    /// `group.application_assignment.*`: UserGroup, AppInstance.
    pub(super) fn group_app(what: &str, group: &Group, app: &App) -> Self {
        let kind = format!("group.application_assignment.{what}");
        let mut draft = Self::new(&kind, vec![group_target(group), app_target(app)]);
        draft.debug.insert("groupAppAssignmentId".to_owned(), json!(format!("{}-{}", group.id, app.id)));
        draft
    }

    /// `group.lifecycle.*`: the group alone.
    pub(super) fn group(kind: &str, group: &Group) -> Self {
        Self::new(kind, vec![group_target(group)])
    }

    /// `group.user_membership.*`: User, UserGroup.
    pub(super) fn group_member(what: &str, user: &User, group: &Group) -> Self {
        Self::new(&format!("group.user_membership.{what}"), vec![user_target(user), group_target(group)])
    }
}

fn target(kind: &str, id: &str, alternate: &str, name: &str) -> Value {
    json!({ "id": id, "type": kind, "alternateId": alternate, "displayName": name, "detailEntry": null })
}

fn app_target(app: &App) -> Value {
    target("AppInstance", &app.id, &app.label, &app.label)
}

fn user_target(user: &User) -> Value {
    target("User", &user.id, user.login(), &user.display_name())
}

fn group_target(group: &Group) -> Value {
    target("UserGroup", &group.id, "unknown", &group.name)
}

impl Event {
    /// The ids of the app instances among the targets.
    pub(super) fn apps(&self) -> impl Iterator<Item = &str> {
        let apps = self.draft.targets.iter().flatten().filter(|target| target["type"] == "AppInstance");
        apps.filter_map(|target| target["id"].as_str())
    }

    /// The form of the System Log.
    pub(super) fn to_log(&self) -> Value {
        let mut debug = self.draft.debug.clone();
        if !self.job {
            debug.insert("requestUri".to_owned(), json!("/api/v1/sandbox"));
        }
        if !self.hooks.is_empty() {
            debug.insert("targetEventHookIds".to_owned(), json!(self.hooks.join(",")));
        }
        let mut event = self.common(Value::Object(debug));
        event["request"] = match self.job {
            true => json!({ "ipChain": [] }),
            false => json!({ "ipChain": [ip()] }),
        };
        event
    }

    /// The form of a delivery: `ipChain` stands in `client`, and there is no `request`.
    pub(super) fn to_hook(&self) -> Value {
        let mut event = self.common(Value::Object(self.draft.debug.clone()));
        event["client"]["ipChain"] = if self.job { Value::Null } else { json!([ip()]) };
        event["device"] = Value::Null;
        event["insertionTimestamp"] = Value::Null;
        event
    }

    fn common(&self, debug: Value) -> Value {
        let (actor, client) = match self.job {
            true => (
                target("SystemPrincipal", "0000000000SYSTEM0000", "system@okta.sandbox.example", "Okta System"),
                json!({ "userAgent": null, "zone": null, "device": null, "id": null, "ipAddress": null,
                    "geographicalContext": null }),
            ),
            false => (
                target("User", "00uADMIN000000000001", "admin@okta.sandbox.example", "Sandbox Admin"),
                json!({ "userAgent": { "rawUserAgent": "sandbox", "os": "Unknown", "browser": "UNKNOWN" },
                    "zone": "null", "device": "Unknown", "id": null, "ipAddress": "192.0.2.1",
                    "geographicalContext": null }),
            ),
        };
        json!({
            "uuid": self.uuid,
            "published": moment(self.published),
            "eventType": self.draft.kind,
            "version": "0",
            "displayMessage": self.draft.kind.replace(['.', '_'], " "),
            "severity": "INFO",
            "legacyEventType": null,
            "client": client,
            "actor": actor,
            "outcome": { "result": self.draft.result, "reason": self.draft.reason },
            "target": self.draft.targets,
            "transaction": {
                "type": if self.job { "JOB" } else { "WEB" }, "id": self.transaction, "detail": {},
            },
            "debugContext": { "debugData": debug },
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
                "interface": null, "authenticationStep": 0, "externalSessionId": null,
            },
            "securityContext": { "asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null },
        })
    }
}

fn ip() -> Value {
    json!({ "ip": "192.0.2.1", "geographicalContext": null, "version": "V4", "source": null })
}

/// The made-up event of the Preview tab: no target, no actor, and an outcome in mixed case.
pub(super) fn preview(kind: &str, now: Timestamp) -> Value {
    json!({
        "uuid": uuid::Uuid::new_v4().to_string(),
        "published": moment(now),
        "eventType": kind,
        "version": "0",
        "displayMessage": format!("{}.", kind.replace(['.', '_'], " ")),
        "severity": "INFO",
        "legacyEventType": null,
        "client": { "userAgent": null, "zone": null, "device": "Computer", "id": null, "ipAddress": "192.0.2.1",
            "geographicalContext": null, "ipChain": null },
        "device": null,
        "actor": null,
        "outcome": { "result": "Success", "reason": null },
        "target": null,
        "transaction": { "type": null, "id": "previewTransaction", "detail": null },
        "debugContext": null,
        "authenticationContext": null,
        "securityContext": null,
        "insertionTimestamp": null,
    })
}

/// Every type a hook can have, as far as app provisioning is concerned.
pub(super) const ELIGIBLE: [&str; 33] = [
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "application.user_membership.change_password",
    "group.application_assignment.add",
    "group.application_assignment.remove",
    "group.application_assignment.update",
    "group.user_membership.add",
    "group.user_membership.remove",
    "group.lifecycle.create",
    "group.lifecycle.delete",
    "group.profile.update",
    "user.lifecycle.create",
    "user.lifecycle.activate",
    "user.lifecycle.deactivate",
    "user.lifecycle.reactivate",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.delete.initiated",
    "user.account.update_profile",
    "user.account.update_password",
    "user.session.start",
    "application.provision.user.push",
    "application.provision.user.push_profile",
    "application.provision.user.reactivate",
    "application.provision.user.sync",
    "application.provision.user.import_profile",
    "application.lifecycle.create",
    "application.lifecycle.activate",
    "application.lifecycle.deactivate",
    "application.lifecycle.update",
    "application.lifecycle.delete",
    "app.user_management",
];

/// Whether a hook can have this type.
pub(super) fn is_eligible(kind: &str) -> bool {
    ELIGIBLE.contains(&kind)
}
