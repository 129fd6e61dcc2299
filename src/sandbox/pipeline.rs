//! The way of one vendor call: admission, quota, overlap, fault, effect, journal.
//!
//! A call runs in a task of its own, so that an effect happens whether or not the client still waits, as with a real
//! service. Only the answer goes with the client; a fault that has no effect ends when the client goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;

use super::call::Call;
use super::directory;
use super::effect::{Work, pause};
use super::errand::{Errand, Subject};
use super::faults::Kind;
use super::flight::Flight;
use super::okta;
use super::quota::Standing;
use super::records::{Entry, Rule};
use super::reply::{Refusal, Reply};
use super::route::Operation;
use super::scim;
use super::switches::{HeaderSpelling, Plan};
use super::token::Presented;
use super::world::{Shared, World};

/// One call under way; it is over when this is dropped.
pub(crate) struct Open(Arc<AtomicU32>);

impl Open {
    /// Opens one more and says how many there are.
    pub(crate) fn one(open_calls: &Arc<AtomicU32>) -> (Self, u32) {
        let open = Self(open_calls.clone());
        let count = open.0.fetch_add(1, Ordering::Relaxed) + 1;
        (open, count)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that is not let in, and where its operation stands if it was counted.
struct Turned {
    refusal: Refusal,
    standing: Option<Standing>,
}

/// Serves one call and writes it into the journal. `client` closes when the client goes away.
pub(crate) async fn serve(shared: Arc<Shared>, call: Call, mut client: oneshot::Receiver<()>) -> Reply {
    let arrived = Instant::now();
    let (at, epoch) = {
        let world = shared.world();
        (world.clock.now(), world.epoch)
    };
    let errand = Errand::find(&call);
    let operation = errand.as_ref().map(|errand| errand.operation().name());
    let reply = match errand {
        Some(errand) => run(&shared, &call, &errand, epoch, &mut client).await,
        None => unknown(&shared, &call),
    };
    let mut world = shared.world();
    let client_left = matches!(client.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    if world.epoch == epoch {
        world.records.keep(Entry {
            n: 0,
            at,
            rules: call.broken(),
            operation,
            method: call.method,
            path: call.path,
            status: (!reply.cut && !client_left).then_some(reply.status),
            member_id: reply.member.as_ref().map(|member| member.id.clone()),
            external_key: reply.member.as_ref().and_then(|member| member.external_key.clone()),
            duration_ms: u64::try_from(arrived.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
    reply
}

/// A path the API does not have; an external key with a bare slash in it ends up here.
fn unknown(shared: &Shared, call: &Call) -> Reply {
    let names = ["users", "orgunits", "groups", "directory/levels", "directory/positions", "directory/user-types"];
    if names.iter().any(|name| call.path.starts_with(&format!("/v1.0/{name}/externalKey:"))) {
        let text = "a slash in the external key is not encoded";
        shared.world().accuse(call, Rule::NotUrlEncoded, None, text);
    }
    let refusal = Refusal::no_such_api();
    if okta::is_okta(&call.path) {
        return okta::refuse(refusal);
    }
    match scim::route::is_scim(&call.path) {
        true => scim::refuse(refusal, &shared.world().switches),
        false => refusal.into(),
    }
}

async fn run(
    shared: &Arc<Shared>,
    call: &Call,
    errand: &Errand,
    epoch: u64,
    client: &mut oneshot::Receiver<()>,
) -> Reply {
    if let Errand::Okta(task) = errand {
        return okta::run(shared, call, errand, task, epoch, client).await;
    }
    let switches = shared.world().switches.clone();
    let spelling = switches.header_spelling;
    let (_open, count) = Open::one(&shared.open_calls);
    let standing = match admit(shared, call, errand, count) {
        Ok(standing) => standing,
        Err(turned) => return with_standing(errand.refuse(turned.refusal, &switches), turned.standing, spelling),
    };
    let flight = match take_off(shared, call, errand) {
        Ok(flight) => flight,
        Err(refusal) => return with_standing(errand.refuse(refusal, &switches), standing, spelling),
    };
    let fault = shared.world().faults.strike(errand.operation(), call.is_redirected());
    pause(switches.latency_ms).await;
    let work = Work { shared, call, errand, epoch, switches: &switches };
    let standing = match &fault {
        Some(fault) if fault.kind == Kind::TooManyRequests => {
            let seconds = i64::try_from(fault.delay_ms().div_ceil(1000)).unwrap_or(i64::MAX);
            standing.map(|standing| standing.exhausted(seconds))
        }
        _ => standing,
    };
    let reply = match fault {
        None => work.effect(),
        Some(fault) => work.go_wrong(&fault, flight, client).await,
    };
    with_standing(reply, standing, spelling)
}

/// Bearer, scope and quota of a user operation; the token endpoint has none of them.
fn admit(shared: &Shared, call: &Call, errand: &Errand, open_calls: u32) -> Result<Option<Standing>, Turned> {
    let operation = errand.operation();
    let mut world = shared.world();
    *world.records.requests.entry(operation.name()).or_insert(0) += 1;
    if matches!(operation, Operation::Token | Operation::Revoke) {
        return Ok(None);
    }
    let bearer = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let scopes = known(&mut world, errand, bearer).map_err(|refusal| Turned { refusal, standing: None })?;
    let (limit, window, now) = (world.switches.quota(), world.switches.rate_window, world.clock.now());
    let standing = world.quota.count(operation, limit, window, now);
    if standing.is_over() {
        let text = format!("more than {limit} calls of {} in a minute", operation.name());
        world.accuse(call, Rule::Quota, None, &text);
        let refusal = Refusal::new(429, "TOO_MANY_REQUESTS", "API rate limit exceeded");
        return Err(Turned { refusal, standing: Some(standing) });
    }
    if world.switches.concurrent_limit.is_some_and(|most| open_calls > most) {
        let refusal = Refusal::new(429, "TOO_MANY_REQUESTS", "Concurrent access limit exceeded");
        return Err(Turned { refusal, standing: Some(standing) });
    }
    match may(&world, errand, &scopes) {
        true => Ok(Some(standing)),
        false => {
            let refusal = Refusal::new(403, "FORBIDDEN", "The token has no scope for this API.");
            Err(Turned { refusal, standing: Some(standing) })
        }
    }
}

/// The scopes of a token that opens the API that was called; SCIM has a token of its own, without scopes.
fn known(world: &mut World, errand: &Errand, bearer: &str) -> Result<Vec<String>, Refusal> {
    let now = world.clock.now();
    if let Errand::Scim(_) = errand {
        return world.scim_token.present(bearer, now).map(|()| Vec::new()).map_err(Refusal::unauthorized);
    }
    match world.tokens.present(bearer, now) {
        Presented::Unknown => Err(Refusal::unauthorized("Malformed authentication token")),
        Presented::Dead => Err(Refusal::unauthorized("Expired authentication token")),
        Presented::Good(scopes) => Ok(scopes),
    }
}

/// True if the scopes are enough; SCIM is for paid plans only (vendor's scim page).
fn may(world: &World, errand: &Errand, scopes: &[String]) -> bool {
    if let Errand::Scim(_) = errand {
        return world.switches.plan != Plan::Free;
    }
    let accepted = errand.operation().scopes();
    scopes.iter().any(|scope| accepted.contains(&scope.as_str()))
}

/// Starts a write, and refuses it if another one is under way for the same subject.
fn take_off(shared: &Shared, call: &Call, errand: &Errand) -> Result<Option<Flight>, Refusal> {
    let mut world = shared.world();
    let Some(subject) = errand.subject(call, &world) else {
        return Ok(None);
    };
    let ((flight, overlaps), what, lookup) = match &subject {
        Subject::Member(lookups) => (shared.flights.start(world.person(lookups)), "member", lookups.first()),
        Subject::OrgUnits(domain_id) => return directory::keep_pace(&mut world, call, *domain_id).map(Some),
        Subject::Group(keys) => (shared.group_flights.start(keys.clone()), "group", None),
    };
    if overlaps {
        let text = format!("another write for the same {what} is under way");
        world.accuse(call, Rule::Overlap, lookup, &text);
        if world.switches.refuse_overlap || world.strict {
            return Err(Refusal::new(409, "CONFLICT", "Another request for the same resource is being processed."));
        }
    }
    Ok(Some(flight))
}

fn with_standing(reply: Reply, standing: Option<Standing>, spelling: HeaderSpelling) -> Reply {
    match standing {
        Some(standing) => standing.write(reply, spelling),
        None => reply,
    }
}
