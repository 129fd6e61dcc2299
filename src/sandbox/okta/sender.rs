//! The event-hook sender and the verification call: real HTTP with Okta's manners.
//!
//! A receiver has three seconds. A 5xx or no answer in time is tried once more, a 4xx is final, a redirect is not
//! followed; what failed is written in the System Log as `event_hook.delivery` and never sent again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::event::Draft;
use super::hook::Channel;
use super::ids::{self, moment};
use super::org::Action;
use super::outbox::Batch;
use super::route::Task;
use super::switches::{EventIdSpelling, NullMembers, OktaSwitches, OtherSuccess};
use super::{directory, event};
use crate::sandbox::world::Shared;

/// What an answer means.
enum Verdict {
    Delivered,
    TryAgain,
    Final,
}

/// Sends what is due until it is aborted.
pub(crate) async fn send_for_ever(shared: Arc<Shared>) {
    let wake = shared.world().okta.wake.clone();
    let mut under_way = JoinSet::new();
    loop {
        let (batches, next) = shared.world().okta.take_due(Instant::now());
        for batch in batches {
            under_way.spawn(deliver(shared.clone(), batch));
        }
        while under_way.try_join_next().is_some() {}
        let sleep = async {
            match next {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wake.notified() => {}
            () = sleep => {}
        }
    }
}

/// The client of all deliveries; made when first needed, since a sandbox without hooks needs none.
fn client(shared: &Shared) -> &Client {
    shared.okta_http.get_or_init(|| {
        Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .expect("a client without settings that can be wrong")
    })
}

fn with_channel(mut request: RequestBuilder, channel: &Channel, switches: &OktaSwitches) -> RequestBuilder {
    for (name, value) in channel.headers.iter().chain(&channel.secret) {
        request = request.header(name, value);
    }
    request.header(ACCEPT, "application/json").timeout(Duration::from_millis(switches.hook_timeout_ms))
}

async fn deliver(shared: Arc<Shared>, batch: Batch) {
    let (switches, now) = {
        let world = shared.world();
        (world.okta.switches.clone(), world.clock.now())
    };
    let source = format!("http://127.0.0.1:{}/api/v1/eventHooks/{}", shared.ports.http, batch.hook.id);
    let mut events: Vec<Value> = batch.events.iter().map(|waiting| waiting.payload.clone()).collect();
    if switches.null_members == NullMembers::Omitted {
        events.iter_mut().for_each(directory::without_nulls);
    }
    let mut body = json!({
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": source,
        "data": { "events": events },
        "eventTime": moment(now),
        "contentType": "application/json",
    });
    let name = match switches.event_id_spelling {
        EventIdSpelling::EventId => "eventId",
        EventIdSpelling::EventID => "eventID",
    };
    body[name] = json!(uuid::Uuid::new_v4().to_string());
    let mut tries = 0;
    let (delivered, status) = loop {
        tries += 1;
        shared.world().okta.outbox.requests += 1;
        let mut request = with_channel(client(&shared).post(&batch.hook.channel.uri), &batch.hook.channel, &switches);
        if switches.hook_request_id {
            request = request.header("X-Okta-Request-Id", ids::secret(27));
        }
        let answer = request.header(CONTENT_TYPE, "application/json").body(body.to_string()).send().await;
        let status = answer.ok().map(|answer| answer.status().as_u16());
        match verdict(status, &switches) {
            Verdict::Delivered => break (true, status),
            Verdict::TryAgain if tries == 1 => {
                shared.world().okta.outbox.retried += 1;
                tokio::time::sleep(Duration::from_millis(switches.hook_retry_gap_ms)).await;
            }
            Verdict::TryAgain | Verdict::Final => break (false, status),
        }
    };
    let mut world = shared.world();
    let now = world.clock.now();
    let okta = &mut world.okta;
    okta.outbox.in_flight = okta.outbox.in_flight.saturating_sub(1);
    let outcome = if delivered { "delivered" } else { "lost" };
    batch.events.iter().for_each(|waiting| okta.outbox.note(waiting, outcome, tries, status));
    if !delivered {
        let target = json!({ "id": batch.hook.id, "type": "EventHook", "alternateId": "unknown",
            "displayName": batch.hook.name, "detailEntry": null });
        let mut draft = Draft::new("event_hook.delivery", vec![target]);
        draft.result = "FAILURE";
        draft.reason = Some(status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}")));
        okta.write(now, &Action::job(), vec![draft]);
    }
}

fn verdict(status: Option<u16>, switches: &OktaSwitches) -> Verdict {
    match status {
        Some(200 | 204) => Verdict::Delivered,
        Some(200..300) if switches.hook_other_2xx == OtherSuccess::Delivered => Verdict::Delivered,
        None | Some(500..) => Verdict::TryAgain,
        Some(400..500) if switches.hook_retries_4xx => Verdict::TryAgain,
        Some(_) => Verdict::Final,
    }
}

/// Puts the one-time question to a hook that is to be verified, before the verification takes effect.
pub(super) async fn challenge(shared: &Shared, task: &Task) {
    let (hook, switches) = {
        let world = shared.world();
        (world.okta.hooks.get(task.name(0)).cloned(), world.okta.switches.clone())
    };
    let Some(hook) = hook else { return };
    let mut verified = false;
    for _ in 0..2 {
        let challenge = ids::secret(32);
        let request = with_channel(client(shared).get(&hook.channel.uri), &hook.channel, &switches)
            .header(USER_AGENT, "Okta-Integrations")
            .header("X-Okta-Request-Id", ids::secret(27))
            .header("x-okta-verification-challenge", &challenge);
        let answer = match request.send().await {
            Ok(answer) if answer.status().as_u16() == 200 => answer.json::<Value>().await.ok(),
            _ => None,
        };
        verified = answer.is_some_and(|answer| answer["verification"] == challenge);
        if verified {
            break;
        }
    }
    // Nobody else sets it: a task belongs to one call.
    let _ = task.verified.set(verified);
}

/// Sends a made-up event, as the Preview tab does; says to how many hooks.
pub(super) fn preview(shared: &Shared, kind: &str) -> usize {
    let mut world = shared.world();
    let payload = event::preview(kind, world.clock.now());
    world.okta.enqueue_preview(kind, &payload)
}
