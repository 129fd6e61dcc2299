//! Which SCIM operation a request asks for, and of which resource.
//!
//! Works on the raw path like the Directory API's: what is not encoded properly is noticed here. `{id}` is the resource
//! id and nothing else; e-mails and external keys name nobody in SCIM (vendor's scim-user-get page).

use crate::sandbox::route::decode;

/// The two resources SCIM has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Resource {
    Users,
    Groups,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Verb {
    Create,
    List,
    Get,
    Put,
    Patch,
    Delete,
}

impl Verb {
    const ALL: [Self; 6] = [Self::Create, Self::List, Self::Get, Self::Put, Self::Patch, Self::Delete];
}

/// One of the twelve operations. Quota is counted for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ScimOperation {
    pub(crate) resource: Resource,
    pub(crate) verb: Verb,
}

impl ScimOperation {
    /// Every one of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Resource::Users, Resource::Groups]
            .into_iter()
            .flat_map(|resource| Verb::ALL.map(|verb| Self { resource, verb }))
    }

    /// The name in faults, statistics and the journal.
    pub(crate) fn name(self) -> &'static str {
        match (self.resource, self.verb) {
            (Resource::Users, Verb::Create) => "scim.users.create",
            (Resource::Users, Verb::List) => "scim.users.list",
            (Resource::Users, Verb::Get) => "scim.users.get",
            (Resource::Users, Verb::Put) => "scim.users.put",
            (Resource::Users, Verb::Patch) => "scim.users.patch",
            (Resource::Users, Verb::Delete) => "scim.users.delete",
            (Resource::Groups, Verb::Create) => "scim.groups.create",
            (Resource::Groups, Verb::List) => "scim.groups.list",
            (Resource::Groups, Verb::Get) => "scim.groups.get",
            (Resource::Groups, Verb::Put) => "scim.groups.put",
            (Resource::Groups, Verb::Patch) => "scim.groups.patch",
            (Resource::Groups, Verb::Delete) => "scim.groups.delete",
        }
    }

    /// True if the operation changes its resource.
    pub(crate) fn is_write(self) -> bool {
        !matches!(self.verb, Verb::List | Verb::Get)
    }
}

/// A request understood.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) operation: ScimOperation,
    /// None for create and list.
    pub(crate) id: Option<String>,
    /// Why the id is not properly URL-encoded.
    pub(crate) badly_encoded: Option<&'static str>,
}

/// True for everything below SCIM's base, also for what does not exist there.
pub(crate) fn is_scim(raw_path: &str) -> bool {
    raw_path.starts_with("/scim/")
}

/// Finds the operation for a method and a raw path; None if SCIM has no such path.
pub(crate) fn find(method: &str, raw_path: &str) -> Option<Route> {
    let path = raw_path.strip_prefix("/scim/v2/")?;
    let (name, raw_id) = match path.split_once('/') {
        Some((name, raw_id)) => (name, Some(raw_id)),
        None => (path, None),
    };
    let resource = match name {
        "Users" => Resource::Users,
        "Groups" => Resource::Groups,
        _ => return None,
    };
    let verb = match (method, raw_id) {
        ("POST", None) => Verb::Create,
        ("GET", None) => Verb::List,
        (_, None | Some("")) => return None,
        ("GET", _) => Verb::Get,
        ("PUT", _) => Verb::Put,
        ("PATCH", _) => Verb::Patch,
        ("DELETE", _) => Verb::Delete,
        _ => return None,
    };
    let decoded = raw_id.map(decode);
    if raw_id.is_some_and(|raw_id| raw_id.contains('/')) {
        return None;
    }
    let badly_encoded = decoded.as_ref().and_then(|(_, why)| *why);
    Some(Route { operation: ScimOperation { resource, verb }, id: decoded.map(|(id, _)| id), badly_encoded })
}
