//! The Directory API beyond the plain member calls: which task a method and a path ask for, and what scope it needs.
//!
//! One row per operation of the vendor's pages (org units, levels, positions, user types, groups, and the members'
//! lesser calls). Literal segments come before `{…}` in the table, so `external-keys` is never taken for an id.

use crate::sandbox::route::decode;

/// One operation of this part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Task {
    Members(MemberTask),
    Units(UnitTask),
    Class(Class, ClassTask),
    Groups(GroupTask),
}

/// The members' lesser calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum MemberTask {
    SetKeys,
    ListKeys,
    Move,
    SetLeave,
    ClearLeave,
    AddAlias,
    RemoveAlias,
    ForceLogout,
}

/// What can be done with org units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum UnitTask {
    List,
    Create,
    SetKeys,
    ListKeys,
    Get,
    Put,
    Patch,
    Delete,
    Move,
    Members,
}

/// What a member can be classed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    Level,
    Position,
    UserType,
}

/// What can be done with a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ClassTask {
    List,
    Create,
    Enable,
    Disable,
    SetKeys,
    Get,
    Put,
    Patch,
    Delete,
}

/// What can be done with groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum GroupTask {
    List,
    Create,
    SetKeys,
    ListKeys,
    Get,
    Members,
    AddMember,
    RemoveMember,
    Administrators,
    AddAdministrator,
    RemoveAdministrator,
}

/// A row of the table.
struct Row {
    name: &'static str,
    method: &'static str,
    /// Below `/v1.0`.
    path: &'static str,
    /// Any one of these is enough.
    scopes: &'static [&'static str],
    task: Task,
}

const fn row(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    task: Task,
) -> Row {
    Row { name, method, path, scopes, task }
}

const USER: &[&str] = &["user", "directory"];
const DIRECTORY: &[&str] = &["directory"];
const DIRECTORY_READ: &[&str] = &["directory", "directory.read"];
const UNIT: &[&str] = &["orgunit", "directory"];
const UNIT_READ: &[&str] = &["orgunit", "orgunit.read", "directory", "directory.read"];
const GROUP: &[&str] = &["group", "directory"];
const GROUP_READ: &[&str] = &["group", "group.read", "directory", "directory.read"];

const fn members(task: MemberTask) -> Task {
    Task::Members(task)
}

const fn level(task: ClassTask) -> Task {
    Task::Class(Class::Level, task)
}

const fn position(task: ClassTask) -> Task {
    Task::Class(Class::Position, task)
}

const fn user_type(task: ClassTask) -> Task {
    Task::Class(Class::UserType, task)
}

/// Every operation, with the scopes of the vendor's pages.
#[rustfmt::skip]
static TABLE: [Row; 56] = [
    row("users.externalKeys.set", "POST", "/users/external-keys", DIRECTORY, members(MemberTask::SetKeys)),
    row("users.externalKeys.list", "GET", "/users/external-keys", DIRECTORY_READ, members(MemberTask::ListKeys)),
    row("users.move", "POST", "/users/{id}/move", USER, members(MemberTask::Move)),
    row("users.setLeaveOfAbsence", "POST", "/users/{id}/set-leave-of-absence", USER, members(MemberTask::SetLeave)),
    row("users.clearLeaveOfAbsence", "POST", "/users/{id}/clear-leave-of-absence", USER, members(MemberTask::ClearLeave)),
    row("users.aliasEmails.add", "POST", "/users/{id}/alias-emails/{email}", USER, members(MemberTask::AddAlias)),
    row("users.aliasEmails.remove", "DELETE", "/users/{id}/alias-emails/{email}", USER, members(MemberTask::RemoveAlias)),
    row("users.forceLogout", "POST", "/users/{id}/force-logout", USER, members(MemberTask::ForceLogout)),

    row("orgunits.list", "GET", "/orgunits", UNIT_READ, Task::Units(UnitTask::List)),
    row("orgunits.create", "POST", "/orgunits", UNIT, Task::Units(UnitTask::Create)),
    row("orgunits.externalKeys.set", "POST", "/orgunits/external-keys", UNIT, Task::Units(UnitTask::SetKeys)),
    row("orgunits.externalKeys.list", "GET", "/orgunits/external-keys", UNIT_READ, Task::Units(UnitTask::ListKeys)),
    row("orgunits.get", "GET", "/orgunits/{id}", UNIT_READ, Task::Units(UnitTask::Get)),
    row("orgunits.put", "PUT", "/orgunits/{id}", UNIT, Task::Units(UnitTask::Put)),
    row("orgunits.patch", "PATCH", "/orgunits/{id}", UNIT, Task::Units(UnitTask::Patch)),
    row("orgunits.delete", "DELETE", "/orgunits/{id}", UNIT, Task::Units(UnitTask::Delete)),
    row("orgunits.move", "POST", "/orgunits/{id}/move", UNIT, Task::Units(UnitTask::Move)),
    row("orgunits.members", "GET", "/orgunits/{id}/members", UNIT_READ, Task::Units(UnitTask::Members)),

    row("levels.list", "GET", "/directory/levels", DIRECTORY_READ, level(ClassTask::List)),
    row("levels.create", "POST", "/directory/levels", DIRECTORY, level(ClassTask::Create)),
    row("levels.enable", "POST", "/directory/levels/enable", DIRECTORY, level(ClassTask::Enable)),
    row("levels.disable", "POST", "/directory/levels/disable", DIRECTORY, level(ClassTask::Disable)),
    row("levels.externalKeys.set", "POST", "/directory/levels/external-keys", DIRECTORY, level(ClassTask::SetKeys)),
    row("levels.get", "GET", "/directory/levels/{id}", DIRECTORY_READ, level(ClassTask::Get)),
    row("levels.put", "PUT", "/directory/levels/{id}", DIRECTORY, level(ClassTask::Put)),
    row("levels.patch", "PATCH", "/directory/levels/{id}", DIRECTORY, level(ClassTask::Patch)),
    row("levels.delete", "DELETE", "/directory/levels/{id}", DIRECTORY, level(ClassTask::Delete)),

    row("positions.list", "GET", "/directory/positions", DIRECTORY_READ, position(ClassTask::List)),
    row("positions.create", "POST", "/directory/positions", DIRECTORY, position(ClassTask::Create)),
    row("positions.enable", "POST", "/directory/positions/enable", DIRECTORY, position(ClassTask::Enable)),
    row("positions.disable", "POST", "/directory/positions/disable", DIRECTORY, position(ClassTask::Disable)),
    row("positions.externalKeys.set", "POST", "/directory/positions/external-keys", DIRECTORY, position(ClassTask::SetKeys)),
    row("positions.get", "GET", "/directory/positions/{id}", DIRECTORY_READ, position(ClassTask::Get)),
    row("positions.put", "PUT", "/directory/positions/{id}", DIRECTORY, position(ClassTask::Put)),
    row("positions.patch", "PATCH", "/directory/positions/{id}", DIRECTORY, position(ClassTask::Patch)),
    row("positions.delete", "DELETE", "/directory/positions/{id}", DIRECTORY, position(ClassTask::Delete)),

    row("userTypes.list", "GET", "/directory/user-types", DIRECTORY_READ, user_type(ClassTask::List)),
    row("userTypes.create", "POST", "/directory/user-types", DIRECTORY, user_type(ClassTask::Create)),
    row("userTypes.enable", "POST", "/directory/user-types/enable", DIRECTORY, user_type(ClassTask::Enable)),
    row("userTypes.disable", "POST", "/directory/user-types/disable", DIRECTORY, user_type(ClassTask::Disable)),
    row("userTypes.externalKeys.set", "POST", "/directory/user-types/external-keys", DIRECTORY, user_type(ClassTask::SetKeys)),
    row("userTypes.get", "GET", "/directory/user-types/{id}", DIRECTORY_READ, user_type(ClassTask::Get)),
    row("userTypes.put", "PUT", "/directory/user-types/{id}", DIRECTORY, user_type(ClassTask::Put)),
    row("userTypes.patch", "PATCH", "/directory/user-types/{id}", DIRECTORY, user_type(ClassTask::Patch)),
    row("userTypes.delete", "DELETE", "/directory/user-types/{id}", DIRECTORY, user_type(ClassTask::Delete)),

    row("groups.list", "GET", "/groups", GROUP_READ, Task::Groups(GroupTask::List)),
    row("groups.create", "POST", "/groups", GROUP, Task::Groups(GroupTask::Create)),
    row("groups.externalKeys.set", "POST", "/groups/external-keys", GROUP, Task::Groups(GroupTask::SetKeys)),
    row("groups.externalKeys.list", "GET", "/groups/external-keys", GROUP_READ, Task::Groups(GroupTask::ListKeys)),
    row("groups.get", "GET", "/groups/{id}", GROUP_READ, Task::Groups(GroupTask::Get)),
    row("groups.members.list", "GET", "/groups/{id}/members", GROUP_READ, Task::Groups(GroupTask::Members)),
    row("groups.members.add", "POST", "/groups/{id}/members", GROUP, Task::Groups(GroupTask::AddMember)),
    row("groups.members.remove", "DELETE", "/groups/{id}/members/{member}", GROUP, Task::Groups(GroupTask::RemoveMember)),
    row("groups.administrators.list", "GET", "/groups/{id}/administrators", GROUP_READ, Task::Groups(GroupTask::Administrators)),
    row("groups.administrators.add", "POST", "/groups/{id}/administrators", GROUP, Task::Groups(GroupTask::AddAdministrator)),
    row("groups.administrators.remove", "DELETE", "/groups/{id}/administrators/{member}", GROUP, Task::Groups(GroupTask::RemoveAdministrator)),
];

impl Task {
    /// Every one of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.task)
    }

    /// The name in faults, statistics and the journal.
    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    /// The scopes of which one is enough.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        self.row().scopes
    }

    /// True if it changes something.
    pub(crate) fn is_write(self) -> bool {
        self.row().method != "GET"
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.task == self).expect("every task has a row, or it could not be asked for")
    }
}

/// A request understood.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) task: Task,
    /// What stood for each `{…}`, decoded.
    names: Vec<String>,
    /// Why a segment is not properly URL-encoded.
    pub(crate) badly_encoded: Option<&'static str>,
}

impl Request {
    /// What stands for the first `{…}`: the thing itself, by id or `externalKey:…`; empty if the path has none.
    pub(crate) fn name(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }

    /// What stands for the second `{…}`.
    pub(crate) fn second(&self) -> &str {
        self.names.get(1).map(String::as_str).unwrap_or_default()
    }
}

/// Finds the task for a method and a raw path; None if this part of the API has no such path.
pub(crate) fn find(method: &str, raw_path: &str) -> Option<Request> {
    let path = raw_path.strip_prefix("/v1.0/")?;
    TABLE.iter().filter(|row| row.method == method).find_map(|row| {
        let (mut names, mut badly_encoded) = (Vec::new(), None);
        let mut wanted = row.path[1..].split('/');
        for segment in path.split('/') {
            let wanted = wanted.next()?;
            if wanted.starts_with('{') && !segment.is_empty() {
                let (name, wrong) = decode(segment);
                names.push(name);
                badly_encoded = badly_encoded.or(wrong);
            } else if wanted != segment {
                return None;
            }
        }
        wanted.next().is_none().then_some(Request { task: row.task, names, badly_encoded })
    })
}
