//! The sender by hand: a hook that needs no registration, pauses, losses, previews, statistics.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{body_or_default, unknown};
use super::event::{ELIGIBLE, is_eligible};
use super::hook::{Channel, Hook, check_uri};
use super::outbox::Paused;
use super::{paging, sender};
use crate::sandbox::call::Call;
use crate::sandbox::control::{ControlError, body};
use crate::sandbox::reply::Reply;
use crate::sandbox::world::Shared;

/// The id of the hook that is set up here.
const ID: &str = "whoSANDBOX";

/// A hook as it is set up: active and verified at once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetUp {
    uri: String,
    /// Name of the header with the secret; `Authorization` unless given.
    header: Option<String>,
    secret: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Event types; every eligible one unless given.
    events: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Pause {
    #[serde(default)]
    lose: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drop {
    next: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Preview {
    event_type: String,
}

/// Answers a request about `hook`; `parts` is what follows it.
pub(super) fn handle(shared: &Shared, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
    if let ("POST", ["preview"]) = (call.method.as_str(), parts) {
        let Preview { event_type } = body(call)?;
        return Ok(Reply::json(200, json!({ "hooks": sender::preview(shared, &event_type) })));
    }
    let mut world = shared.world();
    let now = world.clock.now();
    let okta = &mut world.okta;
    match (call.method.as_str(), parts) {
        ("GET", []) => {
            let base = paging::base(call);
            let hooks: Vec<Value> = okta.hooks.values().map(|hook| hook.to_json(&base)).collect();
            return Ok(Reply::json(200, Value::Array(hooks)));
        }
        ("POST", []) => {
            let hook = set_up(body(call)?, now)?;
            okta.hooks.insert(ID.to_owned(), hook);
        }
        ("DELETE", []) => {
            okta.hooks.remove(ID);
        }
        ("GET", ["stats"]) => {}
        ("POST", ["pause"]) => {
            let Pause { lose } = body_or_default(call)?;
            okta.outbox.paused = Some(if lose { Paused::Loses } else { Paused::Keeps });
        }
        ("POST", ["resume"]) => okta.outbox.paused = None,
        ("POST", ["drop"]) => {
            let Drop { next } = body(call)?;
            okta.outbox.drop_next = next;
        }
        ("POST", ["flush"]) => okta.outbox.flush(),
        _ => return Err(unknown(call, &format!("hook/{}", parts.join("/")))),
    }
    okta.wake.notify_one();
    Ok(Reply::json(200, okta.outbox.stats()))
}

fn set_up(given: SetUp, now: jiff::Timestamp) -> Result<Hook, ControlError> {
    check_uri(&given.uri).map_err(|text| ControlError::new(400, text))?;
    let types = given.events.unwrap_or_else(|| ELIGIBLE.into_iter().map(str::to_owned).collect());
    if let Some(kind) = types.iter().find(|kind| !is_eligible(kind)) {
        return Err(ControlError::new(400, format!("no hook can have {kind}")));
    }
    let header = given.header.unwrap_or_else(|| "Authorization".to_owned());
    Ok(Hook {
        id: ID.to_owned(),
        name: "set up by hand".to_owned(),
        description: None,
        channel: Channel {
            uri: given.uri,
            headers: given.headers.into_iter().collect(),
            secret: given.secret.map(|secret| (header, secret)),
        },
        types,
        filter: Value::Null,
        conditions: BTreeMap::new(),
        active: true,
        verified: true,
        created: now,
        updated: now,
    })
}
