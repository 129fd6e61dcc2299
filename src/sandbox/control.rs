//! The sandbox's own endpoints below `/_sandbox`: switches, faults, clock, tokens, statistics, journal.
//!
//! For whoever rehearses, not for clients of LINE WORKS; there is no login, so the sandbox belongs on the loopback
//! interface. Errors are JSON with one text that says what would be right. Members are in `control_members`.

use std::collections::HashMap;

use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::control_groups;
use super::control_members;
use super::credentials;
use super::faults::Fault;
use super::okta;
use super::placement::Place;
use super::reply::Reply;
use super::switches::changed;
use super::world::{Shared, World};

/// What the control endpoints are, for whoever asks for another.
const ENDPOINTS: &str = "GET, POST credentials; GET, PATCH switches; POST reset; GET, POST members; GET, PATCH, DELETE members/{member}; \
     GET, POST groups; GET, POST clock; GET, POST, DELETE faults; POST tokens/kill; POST scim-token; GET stats; GET journal; GET, POST placement; okta/…";

/// A control request that makes no sense.
#[derive(Debug)]
pub(crate) struct ControlError {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl ControlError {
    pub(crate) fn new(status: u16, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }
}

/// Answers a control request; `path` is what follows `/_sandbox/`.
pub(crate) fn handle(shared: &Shared, call: &Call, path: &str) -> Reply {
    answer(shared, call, path).unwrap_or_else(|error| Reply::json(error.status, json!({ "error": error.text })))
}

fn answer(shared: &Shared, call: &Call, path: &str) -> Result<Reply, ControlError> {
    if (call.method.as_str(), path) == ("POST", "credentials") {
        // Making a key takes its time: nobody else waits for it.
        return Ok(Reply::json(200, reissue(shared, call)?));
    }
    if let Some(path) = path.strip_prefix("okta/") {
        return okta::control(shared, call, path);
    }
    let mut world = shared.world();
    if let Some(member) = path.strip_prefix("members/") {
        return control_members::one(&mut world, call, member);
    }
    let value = match (call.method.as_str(), path) {
        ("GET", "credentials") => credentials(shared, &world),
        ("GET", "switches") => to_json(&world.switches),
        ("PATCH", "switches") => switch(&mut world, call)?,
        ("POST", "reset") => {
            world.reset();
            shared.flights.forget_most();
            json!({})
        }
        ("GET", "members") => control_members::all(&world),
        ("POST", "members") => return control_members::seed(&mut world, call),
        ("GET", "groups") => control_groups::all(&world),
        ("POST", "groups") => control_groups::add(&mut world, call)?,
        ("GET", "clock") => clock(&world),
        ("POST", "clock") => advance(&mut world, call)?,
        ("GET", "faults") => json!({ "faults": world.faults.all() }),
        ("POST", "faults") => add_faults(&mut world, call)?,
        ("DELETE", "faults") => {
            world.faults.clear();
            json!({ "faults": [] })
        }
        ("POST", "tokens/kill") => {
            world.tokens.kill_all();
            json!({})
        }
        ("POST", "scim-token") => scim_token(&mut world, call)?,
        ("GET", "stats") => stats(shared, &world),
        ("GET", "journal") => journal(&world, call)?,
        ("GET", "placement") => json!({ "placement": world.placement.all() }),
        ("POST", "placement") => place(&mut world, call)?,
        _ => {
            let text = format!("there is no {} /_sandbox/{path}; there are: {ENDPOINTS}", call.method);
            return Err(ControlError::new(404, text));
        }
    };
    Ok(Reply::json(200, value))
}

/// Reads a control request's JSON body.
pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, ControlError> {
    serde_json::from_slice(&call.body)
        .map_err(|error| ControlError::new(400, format!("the body cannot be used: {error}")))
}

fn to_json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("a plain struct with text keys is always JSON")
}

/// What was made at the start, with the SCIM token that was issued last.
fn credentials(shared: &Shared, world: &World) -> Value {
    let mut credentials = to_json(&shared.app.credentials);
    credentials["scimToken"] = json!(world.scim_token.text());
    credentials
}

/// What the console does with a provisioning app's token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", tag = "action", deny_unknown_fields)]
enum TokenAction {
    Issue,
    Revoke,
}

fn scim_token(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    match body(call)? {
        TokenAction::Issue => {
            let (form, now) = (world.switches.scim_token_form, world.clock.now());
            Ok(json!({ "scimToken": world.scim_token.issue(form, now) }))
        }
        TokenAction::Revoke => {
            world.scim_token.revoke();
            Ok(json!({}))
        }
    }
}

fn switch(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let changes: Map<String, Value> = body(call)?;
    world.switches = changed(&world.switches, &changes).map_err(|text| ControlError::new(400, text))?;
    Ok(to_json(&world.switches))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reissue {
    reissue: Issued,
    #[serde(default)]
    keep_old: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Issued {
    PrivateKey,
    ClientSecret,
}

/// Issues a new key or secret as the Developer Console does, and shows it.
fn reissue(shared: &Shared, call: &Call) -> Result<Value, ControlError> {
    let Reissue { reissue, keep_old } = body(call)?;
    match reissue {
        Issued::PrivateKey => {
            let (private_key, public_key) =
                credentials::new_key().map_err(|error| ControlError::new(500, error.to_string()))?;
            shared.app.add_key(public_key, keep_old);
            Ok(json!({ "privateKey": private_key }))
        }
        Issued::ClientSecret => {
            let secret = credentials::new_secret();
            shared.app.add_secret(secret.clone(), keep_old);
            Ok(json!({ "clientSecret": secret }))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: Option<u32>,
    /// How many times as fast as real time it runs from now on.
    rate: Option<u32>,
}

fn advance(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let Advance { advance_seconds, rate } = body(call)?;
    if advance_seconds.is_none() && rate.is_none() {
        return Err(ControlError::new(400, "give advanceSeconds or rate"));
    }
    world.clock.advance(advance_seconds.unwrap_or(0));
    if let Some(rate) = rate {
        world.clock.run_at(rate);
    }
    let now = world.clock.now();
    world.members.sweep(now);
    Ok(clock(world))
}

fn clock(world: &World) -> Value {
    json!({ "now": world.clock.now(), "offsetSeconds": world.clock.offset_seconds() })
}

fn add_faults(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let given: Value = body(call)?;
    let list = match given {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut faults = Vec::new();
    for fault in list {
        let fault: Fault = serde_json::from_value(fault)
            .map_err(|error| ControlError::new(400, format!("the fault cannot be used: {error}")))?;
        if fault.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(ControlError::new(400, "a fault's status must be 200 to 599"));
        }
        faults.push(fault);
    }
    for fault in faults {
        world.faults.add(fault);
    }
    Ok(json!({ "faults": world.faults.all() }))
}

fn place(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let place: Place = body(call)?;
    world.placement.add(place);
    Ok(json!({ "placement": world.placement.all() }))
}

fn journal(world: &World, call: &Call) -> Result<Value, ControlError> {
    let query = Query::<HashMap<String, String>>::from_query(&call.query)
        .map_err(|error| ControlError::new(400, error.to_string()))?;
    let after = match query.get("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| ControlError::new(400, "after must be a number"))?,
    };
    Ok(json!(world.records.after(after)))
}

fn stats(shared: &Shared, world: &World) -> Value {
    let records = &world.records;
    let (mut active, mut suspended, mut pending, mut deleted) = (0, 0, 0, 0);
    for member in world.members.all() {
        match (member.deleted_at, member.suspended, member.pending) {
            (Some(_), _, _) => deleted += 1,
            (None, true, _) => suspended += 1,
            (None, false, true) => pending += 1,
            (None, false, false) => active += 1,
        }
    }
    json!({
        "tokenRequests": records.requests.get("token").copied().unwrap_or(0),
        "tokensIssued": world.tokens.count,
        "requests": records.requests,
        "writes": records.writes,
        "violations": records.violations(),
        "violationCount": records.violation_count(),
        "members": { "active": active, "suspended": suspended, "pending": pending, "deleted": deleted },
        "membersEverCreated": records.created.values().sum::<u64>(),
        "createdPerEmail": records.created,
        "maxConcurrentWritesPerMember": shared.flights.most(),
    })
}
