//! The org's own control endpoints below `/_sandbox/okta/`: switches, reset, statistics, log; people and access apart.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::event::Draft;
use super::org::Action;
use super::{control_access, control_hook, control_people};
use crate::sandbox::call::Call;
use crate::sandbox::control::{self, ControlError};
use crate::sandbox::reply::Reply;
use crate::sandbox::route::decode;
use crate::sandbox::switches::changed;
use crate::sandbox::world::{Shared, World};

/// What the control endpoints are, for whoever asks for another.
const ENDPOINTS: &str = "GET, PATCH switches; POST reset; GET stats; GET, POST log; GET, POST users; \
     GET, PATCH, DELETE users/{user}; POST users/{user}/{suspend, unsuspend, deactivate, reactivate}; GET, POST apps; \
     GET, DELETE apps/{app}; POST apps/{app}/{activate, deactivate}; GET, POST apps/{app}/users; \
     GET, PATCH, DELETE apps/{app}/users/{user}; POST apps/{app}/groups; DELETE apps/{app}/groups/{group}; \
     GET, POST groups; GET, DELETE groups/{group}; POST groups/{group}/members; DELETE groups/{group}/members/{user}; \
     GET, PATCH access; POST keys; POST api-token; GET, POST, DELETE hook; GET hook/stats; \
     POST hook/{pause, resume, drop, flush, preview}";

/// Answers a control request; `path` is what follows `/_sandbox/okta/`.
pub(crate) fn handle(shared: &Shared, call: &Call, path: &str) -> Result<Reply, ControlError> {
    let parts: Vec<String> = path.split('/').map(|part| decode(part).0).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let ("POST", ["keys"]) = (call.method.as_str(), parts.as_slice()) {
        // Making a key takes its time: nobody else waits for it.
        return control_access::new_key(shared, call);
    }
    if let ["hook", rest @ ..] = parts.as_slice() {
        return control_hook::handle(shared, call, rest);
    }
    let mut world = shared.world();
    let now = world.clock.now();
    let value = match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["switches"]) => to_json(&world.okta.switches),
        ("PATCH", ["switches"]) => {
            let changes: Map<String, Value> = control::body(call)?;
            let switches = changed(&world.okta.switches, &changes).map_err(|text| ControlError::new(400, text))?;
            world.okta.set_switches(switches);
            to_json(&world.okta.switches)
        }
        ("POST", ["reset"]) => {
            world.okta.reset(now);
            json!({})
        }
        ("GET", ["stats"]) => stats(&world),
        ("GET", ["log"]) => log(&world),
        ("POST", ["log"]) => {
            write(&mut world, call)?;
            log(&world)
        }
        ("GET", ["access"]) => control_access::show(&world),
        ("PATCH", ["access"]) => control_access::change(&mut world, call)?,
        ("POST", ["api-token"]) => control_access::api_token(&mut world, call)?,
        (_, ["users" | "apps" | "groups", ..]) => return control_people::handle(&mut world, call, &parts),
        _ => return Err(unknown(call, path)),
    };
    Ok(Reply::json(200, value))
}

pub(super) fn unknown(call: &Call, path: &str) -> ControlError {
    let text = format!("there is no {} /_sandbox/okta/{path}; there are: {ENDPOINTS}", call.method);
    ControlError::new(404, text)
}

/// Reads a body that may be missing.
pub(super) fn body_or_default<T: DeserializeOwned + Default>(call: &Call) -> Result<T, ControlError> {
    if call.body.is_empty() { Ok(T::default()) } else { control::body(call) }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("a plain struct with text keys is always JSON")
}

fn stats(world: &World) -> Value {
    let okta = &world.okta;
    json!({
        "answers": okta.stats.to_json(),
        "requests": okta.stats.total(),
        "tokensIssued": okta.access.issued,
        "tokenRequestsWhileValid": okta.access.early_requests,
        "events": okta.log.len(),
    })
}

/// Every event, those included that are not persisted yet.
fn log(world: &World) -> Value {
    let events = world.okta.log.all().iter().map(|event| {
        let mut shown = event.to_log();
        shown["_persisted"] = json!(event.persisted.to_string());
        shown
    });
    Value::Array(events.collect())
}

/// An event written by hand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ByHand {
    event_type: String,
    /// Left out: the member is null.
    target: Option<Vec<Value>>,
    #[serde(default)]
    debug_data: Map<String, Value>,
    #[serde(default)]
    job: bool,
    /// How long ago it was published, in seconds.
    #[serde(default)]
    seconds_ago: i64,
}

fn write(world: &mut World, call: &Call) -> Result<(), ControlError> {
    let given: ByHand = control::body(call)?;
    let mut draft = Draft::new(&given.event_type, Vec::new());
    draft.targets = given.target;
    draft.debug = given.debug_data;
    let action = if given.job { Action::job() } else { Action::web() };
    let now = world.clock.now();
    let published = now - jiff::SignedDuration::from_secs(given.seconds_ago);
    world.okta.write_late(published, now, &action, draft);
    Ok(())
}
