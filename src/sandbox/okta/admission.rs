//! The way of one Okta call: rate, concurrency, credential, scope, role, then a fault or the answer, and the counting.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use super::access::Role;
use super::error::OktaError;
use super::proof;
use super::rate::{self, Standing};
use super::route::{OktaOperation, Task};
use super::sender;
use crate::sandbox::call::Call;
use crate::sandbox::effect::{Work, pause};
use crate::sandbox::errand::Errand;
use crate::sandbox::faults::Kind;
use crate::sandbox::pipeline::Open;
use crate::sandbox::records::Rule;
use crate::sandbox::reply::Reply;
use crate::sandbox::world::{Shared, World};

/// Names of query parameters that carry a credential somewhere.
const CREDENTIALS: [&str; 7] =
    ["access_token", "api_token", "token", "client_assertion", "client_secret", "authorization", "dpop"];

/// Serves one call.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    call: &Call,
    errand: &Errand,
    task: &Task,
    epoch: u64,
    client: &mut oneshot::Receiver<()>,
) -> Reply {
    let (_open, count) = Open::one(&shared.open_okta_calls);
    let (reply, standing) = answer(shared, call, errand, task, epoch, count, client).await;
    let mut world = shared.world();
    let now = world.clock.now();
    if world.epoch == epoch {
        world.okta.stats.count(task.operation, (!reply.cut).then_some(reply.status));
    }
    let reply = match world.okta.switches.retry_after && reply.status == 429 {
        true => {
            let wait = (standing.reset_second() - now.as_second()).max(1);
            reply.with_header("Retry-After", wait.to_string())
        }
        false => reply,
    };
    rate::with_date(standing.write(reply), now)
}

async fn answer(
    shared: &Arc<Shared>,
    call: &Call,
    errand: &Errand,
    task: &Task,
    epoch: u64,
    open_calls: u32,
    client: &mut oneshot::Receiver<()>,
) -> (Reply, Standing) {
    let (standing, admitted, latency, switches) = {
        let mut world = shared.world();
        let (standing, admitted) = admit(&mut world, call, task, open_calls);
        (standing, admitted, world.okta.switches.latency_ms, world.switches.clone())
    };
    if let Err(refused) = admitted {
        return (refused.into(), standing);
    }
    let fault = shared.world().faults.strike(errand.operation(), call.is_redirected());
    pause(latency).await;
    if task.operation == OktaOperation::HookVerify {
        sender::challenge(shared, task).await;
    }
    let work = Work { shared, call, errand, epoch, switches: &switches };
    match fault {
        None => (work.effect(), standing),
        Some(fault) => {
            let standing = match fault.kind {
                Kind::TooManyRequests => {
                    let wait = SignedDuration::from_millis(i64::try_from(fault.delay_ms()).unwrap_or(i64::MAX));
                    standing.exhausted(shared.world().clock.now() + wait)
                }
                _ => standing,
            };
            (work.go_wrong(&fault, None, client).await, standing)
        }
    }
}

fn admit(world: &mut World, call: &Call, task: &Task, open_calls: u32) -> (Standing, Result<(), OktaError>) {
    let now = world.clock.now();
    *world.records.requests.entry(task.operation.name()).or_insert(0) += 1;
    let limit = world.okta.switches.rate_limit_per_minute;
    let standing = world.okta.rates.count(task.operation.bucket(), limit, now);
    if standing.impatient {
        world.accuse(call, Rule::OktaImpatient, None, "a call before the reset that a 429 named");
    }
    if standing.is_over() {
        return (standing, Err(OktaError::too_many()));
    }
    if open_calls > world.okta.switches.concurrent_limit {
        return (standing.crowded(now), Err(OktaError::too_many()));
    }
    let admitted = manners(world, call).and_then(|()| match task.operation {
        OktaOperation::Token => Ok(()),
        _ => may(world, call, task, now),
    });
    (standing, admitted)
}

/// What every call owes: no credential in its address, and a name for itself.
fn manners(world: &mut World, call: &Call) -> Result<(), OktaError> {
    let has_length = call.header("content-length").is_some() || call.header("transfer-encoding").is_some();
    if matches!(call.method.as_str(), "POST" | "PUT") && !has_length {
        return Err(OktaError::length_required());
    }
    let named = call.query.split('&').any(|part| {
        let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
        CREDENTIALS.contains(&name.as_str())
    });
    if named || world.okta.access.is_secret_in(&call.query) || world.okta.access.is_secret_in(&call.path) {
        world.accuse(call, Rule::OktaCredentialInUrl, None, "a credential stands in the address");
        if world.strict {
            return Err(OktaError::validation("request", "a credential stands in the address"));
        }
    }
    if call.header("user-agent").is_none_or(str::is_empty) {
        world.accuse(call, Rule::OktaNoUserAgent, None, "the call has no User-Agent");
        if world.strict {
            return Err(OktaError::validation("request", "the call has no User-Agent"));
        }
    }
    Ok(())
}

/// Whether the credential opens this operation.
fn may(world: &mut World, call: &Call, task: &Task, now: Timestamp) -> Result<(), OktaError> {
    let (scheme, credential) =
        call.authorization.as_deref().and_then(|header| header.split_once(' ')).ok_or(OktaError::invalid_token())?;
    if scheme.eq_ignore_ascii_case("SSWS") {
        match &world.okta.access.api_token {
            Some(token) if token == credential => {}
            _ => return Err(OktaError::invalid_token()),
        }
    } else {
        let scopes = bearer(world, call, scheme, credential, now)?;
        let wanted = task.operation.scopes();
        if !wanted.iter().any(|scope| scopes.iter().any(|has| has == scope)) {
            let scope = wanted.first().copied().unwrap_or_default();
            return Err(OktaError::insufficient_scope(&call.host, scope, &call.path));
        }
    }
    match world.okta.access.role {
        Role::None => Err(OktaError::forbidden()),
        Role::Full | Role::Apps(_) | Role::People(_) => Ok(()),
    }
}

/// The scopes of an access token that is good, and still granted.
fn bearer(
    world: &mut World,
    call: &Call,
    scheme: &str,
    credential: &str,
    now: Timestamp,
) -> Result<Vec<String>, OktaError> {
    let challenge = |scheme: &str, error: &str| {
        OktaError::invalid_token().with_header("WWW-Authenticate", format!("{scheme} error=\"{error}\""))
    };
    let access = &mut world.okta.access;
    let Some(token) = access.token(credential, now).cloned() else {
        return Err(challenge(scheme, "invalid_token"));
    };
    match (&token.bound_to, scheme.to_ascii_lowercase().as_str()) {
        (None, "bearer") => {}
        (Some(key), "dpop") => {
            proof::check_call(access, call, credential, key, now)
                .map_err(|_| challenge("DPoP", "invalid_dpop_proof"))?;
        }
        (Some(_), "bearer") => {
            let text = "a token that is bound to a key was sent as Bearer";
            world.accuse(call, Rule::OktaBearerOfDpopToken, None, text);
            return Err(challenge("DPoP", "invalid_token"));
        }
        _ => return Err(challenge("Bearer", "invalid_token")),
    }
    let granted = &world.okta.access.granted;
    Ok(token.scopes.into_iter().filter(|scope| granted.contains(scope)).collect())
}
