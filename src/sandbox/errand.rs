//! What a call is after, and what that means for its way: which operation counts it, whom it changes, how it is refused.
//!
//! Every API the sandbox serves has one variant here. What the operations do is in the modules of the APIs.

use serde_json::Value;

use super::call::Call;
use super::directory::{self, GroupTask, Request, Task};
use super::groups;
use super::okta;
use super::reply::{Refusal, Reply};
use super::route::{self, Lookup, Operation, Route};
use super::scim;
use super::switches::{EditLock, Switches};
use super::tls;
use super::token;
use super::users;
use super::world::{Shared, World};

/// What a call is after.
pub(crate) enum Errand {
    Token,
    Users(Route),
    Revoke,
    Directory(Request),
    Scim(scim::route::Route),
    Okta(okta::Task),
}

/// Whom a write changes; two writes to one subject must not overlap.
pub(crate) enum Subject {
    /// A member, by every name the call has for it.
    Member(Vec<Lookup>),
    /// A group, by the keys of `Groups::keys` or `groups::name_key`.
    Group(Vec<String>),
    /// The org units of a domain, which are written one by one and slowly.
    OrgUnits(i64),
}

impl Errand {
    /// None for a path that no API has.
    pub(crate) fn find(call: &Call) -> Option<Self> {
        match (call.method.as_str(), call.path.as_str()) {
            _ if !tls::serves(&call.host, &call.path) => None,
            ("POST", "/oauth2/v2.0/token") => Some(Self::Token),
            ("POST", "/oauth2/v2.0/revoke") => Some(Self::Revoke),
            (method, path) => match directory::find(method, path) {
                Some(request) => Some(Self::Directory(request)),
                None if okta::is_okta(path) => okta::find(method, path).map(Self::Okta),
                None if scim::route::is_scim(path) => scim::route::find(method, path).map(Self::Scim),
                None => route::find(method, path).map(Self::Users),
            },
        }
    }

    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Token => Operation::Token,
            Self::Users(route) => route.operation,
            Self::Revoke => Operation::Revoke,
            Self::Directory(request) => Operation::Directory(request.task),
            Self::Scim(route) => Operation::Scim(route.operation),
            Self::Okta(task) => Operation::Okta(task.operation),
        }
    }

    /// Whom the call changes; None if it only reads.
    pub(crate) fn subject(&self, call: &Call, world: &World) -> Option<Subject> {
        match self {
            _ if !self.operation().is_write() => None,
            Self::Token | Self::Revoke | Self::Okta(_) => None,
            Self::Scim(route) => scim::subject(world, call, route),
            Self::Users(route) => Some(Subject::Member(match &route.lookup {
                Some(lookup) => vec![lookup.clone()],
                None => named_in(call),
            })),
            Self::Directory(request) => match request.task {
                Task::Members(_) if request.name().is_empty() => None,
                Task::Members(_) => Some(Subject::Member(vec![Lookup::parse(request.name())])),
                Task::Units(_) => Some(Subject::OrgUnits(directory::unit_domain(world, call, request))),
                Task::Groups(GroupTask::Create) => {
                    let body = call.json_object().unwrap_or_default();
                    let name = body.get("groupName").and_then(Value::as_str).unwrap_or_default();
                    Some(Subject::Group(vec![groups::name_key(name)]))
                }
                Task::Groups(_) if !request.name().is_empty() => {
                    Some(Subject::Group(world.groups.keys(request.name())))
                }
                Task::Groups(_) | Task::Class(..) => None,
            },
        }
    }

    /// A refusal in the shape of the API that was called.
    pub(crate) fn refuse(&self, refusal: Refusal, switches: &Switches) -> Reply {
        match self {
            Self::Token | Self::Revoke | Self::Users(_) | Self::Directory(_) => refusal.into(),
            Self::Scim(_) => scim::refuse(refusal, switches),
            Self::Okta(_) => okta::refuse(refusal),
        }
    }

    /// Does what was asked, now.
    pub(crate) fn perform(&self, world: &mut World, shared: &Shared, call: &Call) -> Reply {
        if self.operation().is_write()
            && let Some(refusal) = locked(world.switches.edit_lock)
        {
            return self.refuse(refusal, &world.switches);
        }
        match self {
            Self::Users(route) => users::perform(world, call, route).unwrap_or_else(Reply::from),
            Self::Scim(route) => scim::perform(world, call, route),
            Self::Token => {
                let form = call.form();
                token::answer(&shared.app, &mut world.tokens, &world.switches, &world.clock, form.as_ref())
            }
            Self::Revoke => {
                let form = call.form();
                token::revoke(&shared.app, &mut world.tokens, &world.switches, form.as_ref())
            }
            Self::Directory(request) => directory::perform(world, call, request),
            Self::Okta(task) => okta::perform(world, shared, call, task),
        }
    }
}

/// The console's restriction on edits (a provisioning vendor met it as a 500; what the API really says is not recorded).
fn locked(lock: EditLock) -> Option<Refusal> {
    match lock {
        EditLock::Off => None,
        EditLock::InternalServerError => Some(Refusal::new(500, "INTERNAL_SERVER_ERROR", "Internal server error.")),
        EditLock::Forbidden => Some(Refusal::new(403, "FORBIDDEN", "Edits are restricted by the administrator.")),
    }
}

/// Whom a create is about.
fn named_in(call: &Call) -> Vec<Lookup> {
    let body = call.json_object().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    text("email").map(Lookup::Email).into_iter().chain(text("userExternalKey").map(Lookup::ExternalKey)).collect()
}
