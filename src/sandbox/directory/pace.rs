//! The pace of org unit writes: one by one, and at least a second apart, per domain (vendor's orgunit-update-patch page).
//!
//! It is advice, not a counted limit; whoever does not heed it is accused, and refused if the switch says so.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::sandbox::call::Call;
use crate::sandbox::flight::{Flight, Flights};
use crate::sandbox::records::Rule;
use crate::sandbox::reply::Refusal;
use crate::sandbox::world::World;

const APART: SignedDuration = SignedDuration::from_secs(1);

/// When the org units of each domain were last written, and the writes under way.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: HashMap<i64, Timestamp>,
    flights: Flights,
}

/// Starts a write of the domain's org units.
pub(crate) fn keep_pace(world: &mut World, call: &Call, domain_id: i64) -> Result<Flight, Refusal> {
    let now = world.clock.now();
    let (flight, overlaps) = world.pace.flights.start(vec![domain_id.to_string()]);
    let early = world.pace.last.get(&domain_id).is_some_and(|last| now.duration_since(*last) < APART);
    if overlaps || early {
        let text = if overlaps { "another org unit write is under way" } else { "less than a second after the last" };
        world.accuse(call, Rule::OrgUnitPace, None, text);
        if world.switches.refuse_org_unit_pace || world.strict {
            let text = "Org units must be written one by one, at most one per second.";
            return Err(Refusal::new(429, "TOO_MANY_REQUESTS", text));
        }
    }
    world.pace.last.insert(domain_id, now);
    Ok(flight)
}
