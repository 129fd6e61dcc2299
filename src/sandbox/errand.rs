//! What a call is after, and what that means for its way: which operation counts it, whom it changes, how it is refused.
//!
//! Every API the sandbox serves has one variant here. What the operations do is in the modules of the APIs.

use serde_json::Value;

use super::call::Call;
use super::reply::{Refusal, Reply};
use super::route::{self, Lookup, Operation, Route};
use super::scim;
use super::switches::Switches;
use super::token;
use super::users;
use super::world::{Shared, World};

/// What a call is after.
pub(crate) enum Errand {
    Token,
    Users(Route),
    Scim(scim::route::Route),
}

/// Whom a write changes; two writes to one subject must not overlap.
pub(crate) enum Subject {
    /// A member, by every name the call has for it.
    Member(Vec<Lookup>),
    /// A group, by the keys of `Groups::keys` or `groups::name_key`.
    Group(Vec<String>),
}

impl Errand {
    /// None for a path that no API has.
    pub(crate) fn find(call: &Call) -> Option<Self> {
        if call.path == "/oauth2/v2.0/token" {
            return (call.method == "POST").then_some(Self::Token);
        }
        if scim::route::is_scim(&call.path) {
            return scim::route::find(&call.method, &call.path).map(Self::Scim);
        }
        route::find(&call.method, &call.path).map(Self::Users)
    }

    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Token => Operation::Token,
            Self::Users(route) => route.operation,
            Self::Scim(route) => Operation::Scim(route.operation),
        }
    }

    /// Whom the call changes; None if it only reads.
    pub(crate) fn subject(&self, call: &Call, world: &World) -> Option<Subject> {
        match self {
            _ if !self.operation().is_write() => None,
            Self::Token => None,
            Self::Scim(route) => scim::subject(world, call, route),
            Self::Users(route) => Some(Subject::Member(match &route.lookup {
                Some(lookup) => vec![lookup.clone()],
                None => named_in(call),
            })),
        }
    }

    /// A refusal in the shape of the API that was called.
    pub(crate) fn refuse(&self, refusal: Refusal, switches: &Switches) -> Reply {
        match self {
            Self::Token | Self::Users(_) => refusal.into(),
            Self::Scim(_) => scim::refuse(refusal, switches),
        }
    }

    /// Does what was asked, now.
    pub(crate) fn perform(&self, world: &mut World, shared: &Shared, call: &Call) -> Reply {
        match self {
            Self::Users(route) => users::perform(world, call, route).unwrap_or_else(Reply::from),
            Self::Scim(route) => scim::perform(world, call, route),
            Self::Token => {
                let form = call.form();
                token::answer(&shared.app, &mut world.tokens, &world.switches, &world.clock, form.as_ref())
            }
        }
    }
}

/// Whom a create is about.
fn named_in(call: &Call) -> Vec<Lookup> {
    let body = call.json_object().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    text("email").map(Lookup::Email).into_iter().chain(text("userExternalKey").map(Lookup::ExternalKey)).collect()
}
