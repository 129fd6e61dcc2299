//! The Directory API beyond the plain member calls: org units, levels, positions, user types, groups, and the members'
//! lesser calls. All of it works on the same model that member writes are checked against (`placement`, `groups`).
//!
//! Follows the vendor's orgunit, directory-level, directory-position, directory-user-type, group and user pages; where
//! they are silent a switch decides. Tokens, scopes, quota and overlaps were looked at before.

mod classes;
mod groups;
mod keys;
mod members;
mod pace;
mod route;
mod units;

pub(crate) use pace::{Pace, keep_pace};
pub(crate) use route::{GroupTask, Request, Task, find};
pub(crate) use units::domain_of as unit_domain;

use super::call::Call;
use super::placement::{Place, PlacementKind};
use super::reply::{Refusal, Reply};
use super::route::Lookup;
use super::rules::Problem;
use super::switches::Leniency;
use super::users;
use super::world::World;

/// Why something is not done.
enum Stop {
    Refused(Refusal),
    /// The body breaks a rule; a forbidden character is held against the caller.
    Broken(Problem),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Broken(problem)
    }
}

/// Performs one operation. Refused operations change nothing.
pub(crate) fn perform(world: &mut World, call: &Call, request: &Request) -> Reply {
    match answer(world, call, request) {
        Ok(reply) => reply,
        Err(Stop::Refused(refusal)) => refusal.into(),
        Err(Stop::Broken(problem)) => {
            users::accuse(world, call, &problem);
            Refusal::from(&problem).into()
        }
    }
}

fn answer(world: &mut World, call: &Call, request: &Request) -> Result<Reply, Stop> {
    let name = request.name();
    if !name.is_empty() {
        let is_member = matches!(request.task, Task::Members(_));
        users::check_lookup(world, call, request.badly_encoded, &Lookup::parse(name), is_member)?;
    }
    match request.task {
        Task::Members(task) => members::perform(world, call, task, request),
        Task::Units(task) => units::perform(world, call, task, name),
        Task::Class(class, task) => classes::perform(world, call, class, task, name),
        Task::Groups(task) => groups::perform(world, call, task, request),
    }
}

/// 404 for something that is not there.
fn missing(what: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("{what} not found."))
}

/// 409 for a value that another one has.
fn taken(property: &str, value: &str) -> Refusal {
    Refusal::new(409, "ALREADY_EXIST", format!("{property} is duplicated. ({value}) It already exists."))
}

/// Refuses an external key that another place of this kind and domain has.
fn refuse_key(world: &World, property: &str, place: &Place) -> Result<(), Refusal> {
    let Some(key) = place.external_key.as_deref() else {
        return Ok(());
    };
    let domain_id = place.domain_id.unwrap_or(world.domain_id);
    let mut others = world.placement.of(place.kind).filter(|other| other.id != place.id);
    match others.any(|other| other.is_in(domain_id, world.domain_id) && other.external_key.as_deref() == Some(key)) {
        true => Err(taken(property, key)),
        false => Ok(()),
    }
}

/// The properties through which a member refers to a kind of place.
fn reference(kind: PlacementKind) -> &'static str {
    match kind {
        PlacementKind::OrgUnit => "orgUnitId",
        PlacementKind::Level => "levelId",
        PlacementKind::Position => "positionId",
        PlacementKind::UserType => "userTypeId",
        PlacementKind::CustomProperty => "customProperties",
    }
}

/// Takes a place away. If a member is in it the switch decides; whoever was in it is in none then.
fn remove(world: &mut World, kind: PlacementKind, id: &str) -> Result<(), Refusal> {
    let property = reference(kind);
    let in_use = world.members.all().iter().any(|member| member.refers_to(property, id));
    if in_use && world.switches.delete_in_use == Leniency::Refuse {
        return Err(Refusal::bad_request("It is in use."));
    }
    for member in world.members.all_mut() {
        member.forget(property, id);
    }
    world.placement.remove(kind, id);
    Ok(())
}
