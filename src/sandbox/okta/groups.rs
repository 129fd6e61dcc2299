//! Groups: giving one an app gives it to everybody in it, by jobs that run afterwards.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::change::{Refused, new_app_user};
use super::directory::Group;
use super::event::Draft;
use super::ids;
use super::org::{Action, Org};

impl Org {
    /// Makes a group with people in it.
    pub(super) fn create_group(
        &mut self,
        now: Timestamp,
        id: Option<String>,
        name: String,
        members: Vec<String>,
    ) -> Result<String, Refused> {
        let id = id.unwrap_or_else(|| ids::new(ids::GROUP));
        if self.directory.groups.contains_key(&id) {
            return Err("another group has this id".to_owned());
        }
        if members.iter().any(|user| !self.directory.users.contains_key(user)) {
            return Err("one of the members does not exist".to_owned());
        }
        let group = Group { id: id.clone(), name, members: BTreeSet::new() };
        let draft = Draft::group("group.lifecycle.create", &group);
        self.directory.groups.insert(id.clone(), group);
        self.write(now, &Action::web(), vec![draft]);
        for user in members {
            self.join_group(now, &id, &user)?;
        }
        Ok(id)
    }

    /// Puts a person in a group, who then gets its apps.
    pub(super) fn join_group(&mut self, now: Timestamp, group: &str, user: &str) -> Result<(), Refused> {
        let person = self.directory.users.get(user).ok_or("there is no such user")?;
        let there = self.directory.groups.get_mut(group).ok_or("there is no such group")?;
        if !there.members.insert(user.to_owned()) {
            return Err("the user is in the group already".to_owned());
        }
        let draft = Draft::group_member("add", person, there);
        self.write(now, &Action::web(), vec![draft]);
        self.join_apps_of(now, group, user);
        Ok(())
    }

    /// Takes a person out of a group, who then loses the apps that came through it alone.
    pub(super) fn leave_group(&mut self, now: Timestamp, group: &str, user: &str) -> Result<(), Refused> {
        let person = self.directory.users.get(user).ok_or("there is no such user")?;
        let there = self.directory.groups.get_mut(group).ok_or("there is no such group")?;
        if !there.members.remove(user) {
            return Err("the user is not in the group".to_owned());
        }
        let draft = Draft::group_member("remove", person, there);
        self.write(now, &Action::web(), vec![draft]);
        let apps: Vec<String> = self.apps_of(group);
        for app in apps {
            self.lose(now, &app, group, user);
        }
        Ok(())
    }

    /// Removes a group; its apps go with it.
    pub(super) fn delete_group(&mut self, now: Timestamp, id: &str) -> Result<(), Refused> {
        for app in self.apps_of(id) {
            self.take_app_from_group(now, &app, id)?;
        }
        let group = self.directory.groups.remove(id).ok_or("there is no such group")?;
        let draft = Draft::group("group.lifecycle.delete", &group);
        self.write(now, &Action::web(), vec![draft]);
        Ok(())
    }

    /// Gives a group an app; each member's assignment follows by a job.
    pub(super) fn give_app_to_group(&mut self, now: Timestamp, app: &str, group: &str) -> Result<(), Refused> {
        let there = self.directory.groups.get(group).ok_or("there is no such group")?;
        let app = self.directory.apps.get_mut(app).ok_or("there is no such app")?;
        if !app.groups.insert(group.to_owned()) {
            return Err("the group has this app already".to_owned());
        }
        let draft = Draft::group_app("add", there, app);
        let members: Vec<String> = there.members.iter().cloned().collect();
        self.write(now, &Action::web(), vec![draft]);
        for user in members {
            self.join_apps_of(now, group, &user);
        }
        Ok(())
    }

    /// Takes an app from a group; who has it through this group alone loses it, by a job.
    pub(super) fn take_app_from_group(&mut self, now: Timestamp, app_id: &str, group: &str) -> Result<(), Refused> {
        let there = self.directory.groups.get(group).ok_or("there is no such group")?;
        let app = self.directory.apps.get_mut(app_id).ok_or("there is no such app")?;
        if !app.groups.remove(group) {
            return Err("the group does not have this app".to_owned());
        }
        let draft = Draft::group_app("remove", there, app);
        let members: Vec<String> = app.users.keys().cloned().collect();
        self.write(now, &Action::web(), vec![draft]);
        for user in members {
            self.lose(now, app_id, group, &user);
        }
        Ok(())
    }

    fn apps_of(&self, group: &str) -> Vec<String> {
        self.directory.apps.values().filter(|app| app.groups.contains(group)).map(|app| app.id.clone()).collect()
    }

    /// Gives a person the apps of a group, by jobs.
    pub(super) fn join_apps_of(&mut self, now: Timestamp, group: &str, user: &str) {
        let Some(person) = self.directory.users.get(user).filter(|user| user.status != "DEPROVISIONED").cloned() else {
            return;
        };
        let mut drafts = Vec::new();
        for app in self.directory.apps.values_mut().filter(|app| app.groups.contains(group)) {
            let is_new = !app.users.contains_key(user);
            let app_user = app.users.entry(user.to_owned()).or_insert_with(|| new_app_user(&person, now));
            app_user.groups.insert(group.to_owned());
            if is_new {
                let app_user = app_user.clone();
                drafts.push(Draft::membership("add", app, &app_user, &person));
            }
        }
        self.write(now, &Action::job(), drafts);
    }

    /// Ends what a person has of an app through a group, and the assignment if nothing is left of it.
    fn lose(&mut self, now: Timestamp, app: &str, group: &str, user: &str) {
        let Some(app) = self.directory.apps.get_mut(app) else { return };
        let Some(app_user) = app.users.get_mut(user) else { return };
        let came_through = app_user.groups.remove(group);
        if !came_through || app_user.direct || !app_user.groups.is_empty() {
            return;
        }
        let Some(app_user) = app.users.remove(user) else { return };
        let Some(person) = self.directory.users.get(user) else { return };
        let draft = Draft::membership("remove", app, &app_user, person);
        self.write(now, &Action::job(), vec![draft]);
    }
}
