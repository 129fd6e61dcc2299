//! The SCIM side of the fake LINE WORKS: `/scim/v2/Users` and `/scim/v2/Groups`, over the members and groups the
//! Directory API has as well.
//!
//! ```text
//!  route ─► (pipeline: token, quota, overlap, fault) ─► users / groups ─► attributes, patch ─► sandbox::rules ─► world
//! ```
//!
//! Written from the vendor's SCIM pages; what they leave to RFC 7643 and 7644 is done as these say, and what nobody
//! says has a switch. `ServiceProviderConfig`, `Schemas`, `ResourceTypes`, `Bulk`, `.search` and `Me` are not on the
//! vendor's pages and do not exist here.

mod attributes;
mod filter;
mod groups;
mod list;
mod patch;
mod path;
mod reply;
pub(crate) mod route;
pub(crate) mod switches;
pub(crate) mod token;
mod users;

use super::call::Call;
use super::errand::Subject;
use super::groups::name_key;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::route::Lookup;
use super::switches::Switches;
use super::world::World;
use reply::ScimError;
use route::{Resource, Route};

/// Performs one operation. Refused operations change nothing.
pub(crate) fn perform(world: &mut World, call: &Call, route: &Route) -> Reply {
    let answer = check_id(world, call, route).and_then(|()| match route.operation.resource {
        Resource::Users => users::perform(world, call, route),
        Resource::Groups => groups::perform(world, call, route),
    });
    let reply = answer.unwrap_or_else(|error| error.reply(&world.switches));
    if let (true, Some(member)) = (route.operation.is_write(), &reply.member) {
        *world.records.writes.entry(member.id.clone()).or_insert(0) += 1;
    }
    reply
}

/// A refusal that comes before the operation, in SCIM's shape.
pub(crate) fn refuse(refusal: Refusal, switches: &Switches) -> Reply {
    ScimError::from(refusal).reply(switches)
}

/// Whom a write changes; members go by the names the Directory API has for them, too.
pub(crate) fn subject(world: &World, call: &Call, route: &Route) -> Option<Subject> {
    let sent = |name: &str| reply::body(call).ok().and_then(|body| body.get(name)?.as_str().map(str::to_owned));
    match (route.operation.resource, &route.id) {
        _ if !route.operation.is_write() => None,
        (Resource::Users, Some(id)) => Some(Subject::Member(vec![Lookup::Id(id.clone())])),
        (Resource::Users, None) => Some(Subject::Member(sent("userName").map(Lookup::Email).into_iter().collect())),
        (Resource::Groups, Some(id)) => Some(Subject::Group(world.groups.keys(id))),
        (Resource::Groups, None) => {
            Some(Subject::Group(sent("displayName").iter().map(|name| name_key(name)).collect()))
        }
    }
}

/// Looks at how the resource is named before anything is done.
fn check_id(world: &mut World, call: &Call, route: &Route) -> Result<(), ScimError> {
    let Some(why) = route.badly_encoded else {
        return Ok(());
    };
    let lookup = route.id.clone().map(Lookup::Id);
    world.accuse(call, Rule::NotUrlEncoded, lookup.as_ref(), why);
    match world.strict {
        true => Err(ScimError::invalid_value("id", "It must be URL-encoded.")),
        false => Ok(()),
    }
}
