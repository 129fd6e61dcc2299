//! The way of one vendor call: admission, quota, overlap, fault, effect, journal.
//!
//! A call runs in a task of its own, so that an effect happens whether or not the client still waits, as with a real
//! service. Only the answer goes with the client; a fault that has no effect ends when the client goes away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::call::{Call, REDIRECTED};
use super::faults::{Fault, Kind};
use super::flight::Flight;
use super::quota::Standing;
use super::records::{Entry, Rule};
use super::reply::{Body, Refusal, Reply};
use super::route::{self, Lookup, Operation, Route};
use super::token::{self, Presented};
use super::users;
use super::world::Shared;

const READ_SCOPES: [&str; 4] = ["user", "user.read", "directory", "directory.read"];
const WRITE_SCOPES: [&str; 2] = ["user", "directory"];

/// What a call is after.
enum Errand {
    Token,
    Users(Route),
}

impl Errand {
    fn find(call: &Call) -> Option<Self> {
        if call.path == "/oauth2/v2.0/token" {
            return (call.method == "POST").then_some(Self::Token);
        }
        route::find(&call.method, &call.path).map(Self::Users)
    }

    fn operation(&self) -> Operation {
        match self {
            Self::Token => Operation::Token,
            Self::Users(route) => route.operation,
        }
    }
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
    if call.path.starts_with("/v1.0/users/externalKey:") {
        let text = "a slash in the external key is not encoded";
        shared.world().accuse(call, Rule::NotUrlEncoded, None, text);
    }
    Refusal::no_such_api().into()
}

async fn run(
    shared: &Arc<Shared>,
    call: &Call,
    errand: &Errand,
    epoch: u64,
    client: &mut oneshot::Receiver<()>,
) -> Reply {
    let standing = match admit(shared, call, errand) {
        Ok(standing) => standing,
        Err(reply) => return reply,
    };
    let spelling = shared.world().switches.header_spelling;
    let flight = match take_off(shared, call, errand) {
        Ok(flight) => flight,
        Err(refusal) => return with_standing(refusal.into(), standing, spelling),
    };
    let (latency, fault) = {
        let mut world = shared.world();
        let fault = world.faults.strike(errand.operation(), call.is_redirected());
        (world.switches.latency_ms, fault)
    };
    pause(latency).await;
    let work = Work { shared, call, errand, epoch };
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
fn admit(shared: &Shared, call: &Call, errand: &Errand) -> Result<Option<Standing>, Reply> {
    let operation = errand.operation();
    let mut world = shared.world();
    *world.records.requests.entry(operation.name()).or_insert(0) += 1;
    if operation == Operation::Token {
        return Ok(None);
    }
    let now = world.clock.now();
    let bearer = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let scopes = match world.tokens.present(bearer, now) {
        Presented::Unknown => {
            return Err(Refusal::unauthorized("Malformed authentication token").into());
        }
        Presented::Dead => return Err(Refusal::unauthorized("Expired authentication token").into()),
        Presented::Good(scopes) => scopes,
    };
    let limit = world.switches.quota();
    let standing = world.quota.count(operation, limit, now);
    let spelling = world.switches.header_spelling;
    if standing.is_over() {
        let text = format!("more than {limit} calls of {} in a minute", operation.name());
        world.accuse(call, Rule::Quota, None, &text);
        let refusal = Refusal::new(429, "TOO_MANY_REQUESTS", "API rate limit exceeded");
        return Err(standing.write(refusal.into(), spelling));
    }
    let accepted: &[&str] = match operation.is_write() {
        true => &WRITE_SCOPES,
        false => &READ_SCOPES,
    };
    if !scopes.iter().any(|scope| accepted.contains(&scope.as_str())) {
        let refusal = Refusal::new(403, "FORBIDDEN", "The token has no scope for this API.");
        return Err(standing.write(refusal.into(), spelling));
    }
    Ok(Some(standing))
}

/// Starts a write, and refuses it if another one is under way for the same person.
fn take_off(shared: &Shared, call: &Call, errand: &Errand) -> Result<Option<Flight>, Refusal> {
    let Errand::Users(route) = errand else {
        return Ok(None);
    };
    if !route.operation.is_write() {
        return Ok(None);
    }
    let lookups = match &route.lookup {
        Some(lookup) => vec![lookup.clone()],
        None => named_in(call),
    };
    let mut world = shared.world();
    let (flight, overlaps) = shared.flights.start(world.person(&lookups));
    if overlaps {
        let text = "another write for the same member is under way";
        world.accuse(call, Rule::Overlap, lookups.first(), text);
        if world.switches.refuse_overlap || world.strict {
            return Err(Refusal::new(409, "CONFLICT", "Another request for the same user is being processed."));
        }
    }
    Ok(Some(flight))
}

/// Whom a create is about.
fn named_in(call: &Call) -> Vec<Lookup> {
    let body = call.json_object().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    text("email").map(Lookup::Email).into_iter().chain(text("userExternalKey").map(Lookup::ExternalKey)).collect()
}

fn with_standing(reply: Reply, standing: Option<Standing>, spelling: super::switches::HeaderSpelling) -> Reply {
    match standing {
        Some(standing) => standing.write(reply, spelling),
        None => reply,
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Waits, but no longer than the client does.
async fn pause_with(client: &mut oneshot::Receiver<()>, ms: u64) {
    tokio::select! {
        () = pause(ms) => {}
        _ = client => {}
    }
}

/// An admitted call.
struct Work<'a> {
    shared: &'a Shared,
    call: &'a Call,
    errand: &'a Errand,
    epoch: u64,
}

impl Work<'_> {
    /// Does what was asked, now. After a reset it is too late.
    fn effect(&self) -> Reply {
        let mut world = self.shared.world();
        if world.epoch != self.epoch {
            return Refusal::new(503, "SERVICE_UNAVAILABLE", "The sandbox was reset.").into();
        }
        match self.errand {
            Errand::Users(route) => users::perform(&mut world, self.call, route).unwrap_or_else(Reply::from),
            Errand::Token => {
                let world = &mut *world;
                let form = self.call.form();
                let app = &self.shared.app;
                token::answer(app, &mut world.tokens, &world.switches, &world.clock, form.as_ref())
            }
        }
    }

    async fn go_wrong(&self, fault: &Fault, flight: Option<Flight>, client: &mut oneshot::Receiver<()>) -> Reply {
        let delay = fault.delay_ms();
        match fault.kind {
            Kind::Status => status_reply(fault, 500),
            Kind::Garbage => Reply::text(200, "<html>this is no JSON</html>"),
            Kind::Empty => Reply::empty(200),
            Kind::Hang => {
                pause_with(client, delay).await;
                status_reply(fault, 503)
            }
            Kind::HangAfter => {
                let reply = self.effect();
                pause_with(client, delay).await;
                reply
            }
            Kind::CloseBefore => Reply::cut(),
            Kind::CloseAfter => {
                let reply = self.effect();
                Reply { cut: true, ..reply }
            }
            Kind::LateEffect => {
                pause(delay).await;
                let reply = self.effect();
                drop(flight);
                pause_with(client, delay).await;
                reply
            }
            Kind::Slow => {
                pause(delay).await;
                self.effect()
            }
            Kind::Redirect => self.redirect(),
            Kind::Code99 => token::unexpected(match self.errand {
                Errand::Token => 400,
                Errand::Users(_) => 500,
            }),
            Kind::Unauthorized => Refusal::unauthorized("Expired authentication token").into(),
            Kind::TooManyRequests => Refusal::new(429, "TOO_MANY_REQUESTS", "API rate limit exceeded").into(),
        }
    }

    /// 307 to the same place by the host's other name, which HTTP libraries take for another host.
    fn redirect(&self) -> Reply {
        let other = match self.call.host.starts_with("localhost") {
            true => "127.0.0.1",
            false => "localhost",
        };
        let port = self.shared.port;
        let mut query = self.call.query.clone();
        if !query.is_empty() {
            query.push('&');
        }
        let path = &self.call.path;
        let target = format!("http://{other}:{port}{path}?{query}{REDIRECTED}");
        Reply::empty(307).with_header("Location", target)
    }
}

fn status_reply(fault: &Fault, default: u16) -> Reply {
    let status = fault.status.unwrap_or(default);
    match &fault.body {
        Some(Value::String(text)) => Reply::text(status, text),
        Some(value) => Reply::json(status, value.clone()),
        None => {
            let code = match status {
                503 => "SERVICE_UNAVAILABLE",
                429 => "TOO_MANY_REQUESTS",
                500.. => "INTERNAL_SERVER_ERROR",
                _ => "BAD_REQUEST",
            };
            Reply {
                body: Body::Json(json!({ "code": code, "description": "A fault was asked for." })),
                ..Reply::empty(status)
            }
        }
    }
}
