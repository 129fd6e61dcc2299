//! What becomes of an admitted call: its effect, whole and at once, or what a fault makes of it.
//!
//! An effect does not ask whether the client still waits; a fault without effect ends when the client goes away. Who is
//! let in, and what is counted before, is in `pipeline`.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::call::{Call, REDIRECTED};
use super::errand::Errand;
use super::faults::{Fault, Kind};
use super::flight::Flight;
use super::reply::{Refusal, Reply};
use super::switches::Switches;
use super::token;
use super::world::Shared;

pub(crate) async fn pause(ms: u64) {
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
pub(crate) struct Work<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) call: &'a Call,
    pub(crate) errand: &'a Errand,
    pub(crate) epoch: u64,
    /// As they were when the call came.
    pub(crate) switches: &'a Switches,
}

impl Work<'_> {
    /// Does what was asked, now. After a reset it is too late.
    pub(crate) fn effect(&self) -> Reply {
        let mut world = self.shared.world();
        if world.epoch != self.epoch {
            return self.refuse(503, "SERVICE_UNAVAILABLE", "The sandbox was reset.");
        }
        self.errand.perform(&mut world, self.shared, self.call)
    }

    /// Does what the fault wants in place of, before or after the effect.
    pub(crate) async fn go_wrong(
        &self,
        fault: &Fault,
        flight: Option<Flight>,
        client: &mut oneshot::Receiver<()>,
    ) -> Reply {
        let delay = fault.delay_ms();
        match fault.kind {
            Kind::Status => self.status(fault, 500),
            Kind::Garbage => Reply::text(200, "<html>this is no JSON</html>"),
            Kind::Empty => Reply::empty(200),
            Kind::Hang => {
                pause_with(client, delay).await;
                self.status(fault, 503)
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
                Errand::Token | Errand::Revoke => 400,
                _ => 500,
            }),
            Kind::Unauthorized => self.refuse(401, "UNAUTHORIZED", "Expired authentication token"),
            Kind::TooManyRequests => self.refuse(429, "TOO_MANY_REQUESTS", "API rate limit exceeded"),
        }
    }

    /// 307 to the same place by the host's other name, which HTTP libraries take for another host.
    fn redirect(&self) -> Reply {
        let other = match self.call.host.starts_with("localhost") {
            true => "127.0.0.1",
            false => "localhost",
        };
        let ports = self.shared.ports;
        let (scheme, port) = match (self.call.secure, ports.https) {
            (true, Some(https)) => ("https", https),
            _ => ("http", ports.http),
        };
        let mut query = self.call.query.clone();
        if !query.is_empty() {
            query.push('&');
        }
        let path = &self.call.path;
        let target = format!("{scheme}://{other}:{port}{path}?{query}{REDIRECTED}");
        Reply::empty(307).with_header("Location", target)
    }

    /// The status and body that were asked for, or an error in the shape of the API that was called.
    fn status(&self, fault: &Fault, default: u16) -> Reply {
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
                self.refuse(status, code, "A fault was asked for.")
            }
        }
    }

    fn refuse(&self, status: u16, code: &'static str, description: &str) -> Reply {
        self.errand.refuse(Refusal::new(status, code, description), self.switches)
    }
}
