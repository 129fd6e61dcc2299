//! What administrators and the org's own jobs do to people, apps and assignments, with the events each change writes.
//!
//! One departure writes many events in no fixed order; which, and as WEB or JOB, is as the reference has it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::directory::{App, AppUser, User};
use super::event::Draft;
use super::ids;
use super::org::{Action, Org};
use super::switches::UserNameChange;

/// What somebody wants to know about a change that cannot be made.
pub(super) type Refused = String;

/// An assignment as it is asked for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Assigning {
    pub(super) user_name: Option<String>,
    pub(super) profile: Option<Map<String, Value>>,
    pub(super) status: Option<String>,
}

pub(super) fn new_app(id: String, label: String, now: Timestamp) -> App {
    App { id, label, active: true, created: now, updated: now, users: Default::default(), groups: Default::default() }
}

impl Org {
    /// Makes a person; the login must be free.
    pub(super) fn create_user(
        &mut self,
        now: Timestamp,
        id: Option<String>,
        profile: Map<String, Value>,
        status: Option<String>,
    ) -> Result<String, Refused> {
        let id = id.unwrap_or_else(|| ids::new(ids::USER));
        let status = status.unwrap_or_else(|| "ACTIVE".to_owned());
        let user = User { id, status, profile, created: now, updated: now, status_changed: now };
        if user.login().is_empty() {
            return Err("a user needs a login".to_owned());
        }
        if self.directory.users.contains_key(&user.id) || self.directory.login_is_taken(user.login(), None) {
            return Err("another user has this id or login".to_owned());
        }
        let mut drafts = vec![Draft::user("user.lifecycle.create", &user)];
        if user.status == "ACTIVE" {
            drafts.push(Draft::user("user.lifecycle.activate", &user));
        }
        let id = user.id.clone();
        self.directory.users.insert(id.clone(), user);
        self.write(now, &Action::web(), drafts);
        Ok(id)
    }

    /// Changes attributes of a person; null takes one away.
    pub(super) fn change_user(&mut self, now: Timestamp, id: &str, changes: Map<String, Value>) -> Result<(), Refused> {
        let login = changes.get("login").and_then(Value::as_str);
        if login.is_some_and(|login| self.directory.login_is_taken(login, Some(id))) {
            return Err("another user has this login".to_owned());
        }
        let user = self.directory.users.get_mut(id).ok_or("there is no such user")?;
        let changed = merge(&mut user.profile, changes);
        user.updated = now;
        let mut draft = Draft::user("user.account.update_profile", user);
        draft.debug.insert("changedAttributes".to_owned(), json!(changed.join(",")));
        self.write(now, &Action::web(), vec![draft]);
        Ok(())
    }

    fn set_status(&mut self, now: Timestamp, id: &str, from: &[&str], to: &str) -> Result<User, Refused> {
        let user = self.directory.users.get_mut(id).ok_or("there is no such user")?;
        if !from.contains(&user.status.as_str()) {
            return Err(format!("the user is {}, not {}", user.status, from.join(" or ")));
        }
        user.status = to.to_owned();
        (user.updated, user.status_changed) = (now, now);
        Ok(user.clone())
    }

    pub(super) fn suspend(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        let user = self.set_status(now, id, &["ACTIVE"], "SUSPENDED")?;
        self.write(now, &Action::web(), vec![Draft::user("user.lifecycle.suspend", &user)]);
        Ok(())
    }

    pub(super) fn unsuspend(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        let user = self.set_status(now, id, &["SUSPENDED"], "ACTIVE")?;
        self.write(now, &Action::web(), vec![Draft::user("user.lifecycle.unsuspend", &user)]);
        Ok(())
    }

    /// Ends all assignments of a person: as many removals as there were, and the deactivation among them.
    pub(super) fn deactivate(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        let anything = ["ACTIVE", "SUSPENDED", "STAGED", "PROVISIONED", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"];
        let user = self.set_status(now, id, &anything, "DEPROVISIONED")?;
        let mut drafts = vec![Draft::user("user.lifecycle.deactivate", &user)];
        for app in self.directory.apps.values_mut() {
            if let Some(app_user) = app.users.remove(id) {
                drafts.push(Draft::membership("remove", app, &app_user, &user));
            }
        }
        self.write_in_any_order(now, &Action::web(), drafts);
        Ok(())
    }

    /// Brings a person back; what came through groups comes back on its own, by jobs, and nothing else does.
    pub(super) fn reactivate(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        let user = self.set_status(now, id, &["DEPROVISIONED"], "ACTIVE")?;
        self.write(now, &Action::web(), vec![Draft::user("user.lifecycle.reactivate", &user)]);
        let groups: Vec<String> =
            self.directory.groups.values().filter(|group| group.members.contains(id)).map(|it| it.id.clone()).collect();
        for group in groups {
            self.join_apps_of(now, &group, id);
        }
        Ok(())
    }

    /// Removes a person for good; one who is not deactivated is deactivated first.
    pub(super) fn delete_user(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        if self.directory.users.get(id).is_some_and(|user| user.status != "DEPROVISIONED") {
            self.deactivate(now, id)?;
        }
        let user = self.directory.users.remove(id).ok_or("there is no such user")?;
        for group in self.directory.groups.values_mut() {
            group.members.remove(id);
        }
        self.write(now, &Action::web(), vec![Draft::user("user.lifecycle.delete.initiated", &user)]);
        self.write(now, &Action::job(), vec![Draft::user("user.lifecycle.delete.completed", &user)]);
        Ok(())
    }

    /// Assigns an app to a person.
    pub(super) fn assign(&mut self, now: Timestamp, app: &str, user: &str, asked: Assigning) -> Result<(), Refused> {
        let user = self.directory.users.get(user).ok_or("there is no such user")?.clone();
        let app = self.directory.apps.get_mut(app).ok_or("there is no such app")?;
        if user.status == "DEPROVISIONED" {
            return Err("the user is deactivated".to_owned());
        }
        if let Some(there) = app.users.get_mut(&user.id) {
            if there.direct {
                return Err("the user has this app already".to_owned());
            }
            // From the group to the person: Okta writes a change, not a second assignment.
            there.direct = true;
            there.updated = now;
            let draft = Draft::membership("update", app, &app.users[&user.id].clone(), &user);
            self.write(now, &Action::web(), vec![draft]);
            return Ok(());
        }
        let mut app_user = new_app_user(&user, now);
        app_user.direct = true;
        app_user.user_name = asked.user_name.unwrap_or(app_user.user_name);
        app_user.status = asked.status.unwrap_or(app_user.status);
        merge(&mut app_user.profile, asked.profile.unwrap_or_default());
        let draft = Draft::membership("add", app, &app_user, &user);
        app.users.insert(user.id.clone(), app_user);
        self.write(now, &Action::web(), vec![draft]);
        Ok(())
    }

    /// Takes an app from a person, with all the groups it came through.
    pub(super) fn unassign(&mut self, now: Timestamp, app: &str, user: &str) -> Result<(), Refused> {
        let app = self.directory.apps.get_mut(app).ok_or("there is no such app")?;
        let app_user = app.users.remove(user).ok_or("the user does not have this app")?;
        let user = self.directory.users.get(user).ok_or("there is no such user")?;
        let draft = Draft::membership("remove", app, &app_user, user);
        self.write(now, &Action::web(), vec![draft]);
        Ok(())
    }

    /// Changes an assignment's user name, profile or status.
    pub(super) fn change_app_user(
        &mut self,
        now: Timestamp,
        app: &str,
        user: &str,
        asked: Assigning,
    ) -> Result<(), Refused> {
        let user = self.directory.users.get(user).ok_or("there is no such user")?.clone();
        let app = self.directory.apps.get_mut(app).ok_or("there is no such app")?;
        let app_user = app.users.get_mut(&user.id).ok_or("the user does not have this app")?;
        let renamed = asked.user_name.as_ref().is_some_and(|name| *name != app_user.user_name);
        let has_profile = asked.profile.is_some();
        app_user.user_name = asked.user_name.unwrap_or(app_user.user_name.clone());
        app_user.status = asked.status.unwrap_or(app_user.status.clone());
        merge(&mut app_user.profile, asked.profile.unwrap_or_default());
        app_user.updated = now;
        let app_user = app_user.clone();
        let draft = |what: &str| Draft::membership(what, app, &app_user, &user);
        let mut drafts = Vec::new();
        if renamed {
            drafts.push(draft("change_username"));
            match self.switches.user_name_change {
                UserNameChange::Alone => {}
                UserNameChange::Update => drafts.push(draft("update")),
                UserNameChange::RemoveAndAdd => drafts.extend([draft("remove"), draft("add")]),
            }
        }
        if has_profile {
            drafts.push(draft("update"));
        }
        self.write(now, &Action::web(), drafts);
        Ok(())
    }

    /// Makes a further app.
    pub(super) fn create_app(&mut self, now: Timestamp, id: Option<String>, label: String) -> Result<String, Refused> {
        let id = id.unwrap_or_else(|| ids::new(ids::APP));
        if self.directory.apps.contains_key(&id) {
            return Err("another app has this id".to_owned());
        }
        let app = new_app(id.clone(), label, now);
        let draft = Draft::app("application.lifecycle.create", &app);
        self.directory.apps.insert(id.clone(), app);
        self.write(now, &Action::web(), vec![draft]);
        Ok(id)
    }

    /// Turns an app on or off; its assignments stay.
    pub(super) fn set_app_active(&mut self, now: Timestamp, id: &str, active: bool) -> Result<(), Refused> {
        let app = self.directory.apps.get_mut(id).ok_or("there is no such app")?;
        app.active = active;
        app.updated = now;
        let kind = if active { "application.lifecycle.activate" } else { "application.lifecycle.deactivate" };
        let draft = Draft::app(kind, app);
        self.write(now, &Action::web(), vec![draft]);
        Ok(())
    }

    /// Deletes an app with all its assignments.
    pub(super) fn delete_app(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        let app = self.directory.apps.remove(id).ok_or("there is no such app")?;
        let mut drafts = vec![Draft::app("application.lifecycle.delete", &app)];
        if self.switches.app_delete_writes_removals {
            for app_user in app.users.values() {
                let user = self.directory.users.get(&app_user.user_id);
                drafts.extend(user.map(|user| Draft::membership("remove", &app, app_user, user)));
            }
        }
        self.write_in_any_order(now, &Action::web(), drafts);
        Ok(())
    }
}

/// An assignment with what the person's profile gives.
pub(super) fn new_app_user(user: &User, now: Timestamp) -> AppUser {
    let taken = ["email", "firstName", "lastName"];
    let profile = user.profile.iter().filter(|(name, _)| taken.contains(&name.as_str()));
    AppUser {
        assignment_id: ids::new(ids::ASSIGNMENT),
        user_id: user.id.clone(),
        user_name: user.login().to_owned(),
        profile: profile.map(|(name, value)| (name.clone(), value.clone())).collect(),
        status: "ACTIVE".to_owned(),
        direct: false,
        groups: Default::default(),
        created: now,
        updated: now,
    }
}

/// Sets what is given, and says what changed by that.
fn merge(profile: &mut Map<String, Value>, changes: Map<String, Value>) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, value) in changes {
        if profile.get(&name) != Some(&value) {
            changed.push(name.clone());
        }
        profile.insert(name, value);
    }
    changed
}
