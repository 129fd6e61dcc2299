//! The event hook's door: Okta's one-time verification, and its deliveries.
//!
//! Okta waits three seconds and retries once, on 5xx and time-outs only: a 4xx loses the events for good. So a batch
//! is stored in one transaction and answered at once; what cannot be understood is recorded as ignored and does not
//! spoil its neighbours; "not now" is a 503.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::assignments::RawBody;
use super::problem::{Answer, Code, Problem, answer};
use super::{Doors, HOOK_LIMIT};
use crate::domain::event::Source;
use crate::ledger::Incoming;
use crate::okta::intake::{self, Intake};
use crate::okta::wire::parse_delivery;

/// The longest challenge that is echoed.
const CHALLENGE: usize = 1024;

/// `GET /v1/okta/events`: the one-time verification. Okta sends the hook's header with it.
pub(super) async fn verify(doors: Data<Doors>, request: HttpRequest) -> Answer {
    answer(echo(&doors, &request).await)
}

async fn echo(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    if !doors.settings.callers.hook_door_is_open() {
        return Err(Problem::of(Code::NotFound));
    }
    doors.settings.callers.hook(request).await?;
    let challenge = request.headers().get("x-okta-verification-challenge").and_then(|value| value.to_str().ok());
    match challenge.filter(|challenge| challenge.len() <= CHALLENGE) {
        Some(challenge) => {
            tracing::info!("Okta verified the event hook");
            Ok(HttpResponse::Ok().json(json!({ "verification": challenge })))
        }
        None => Err(Problem::of(Code::NotFound).detail(
            "Okta's verification carries X-Okta-Verification-Challenge; this request does not.",
            "Okta の検証リクエストには X-Okta-Verification-Challenge が必要です。",
        )),
    }
}

/// `POST /v1/okta/events`: a delivery of 1 to 100 events, answered with an empty 204.
pub(super) async fn deliver(doors: Data<Doors>, request: HttpRequest, body: RawBody) -> Answer {
    let received = receive(&doors, &request, body).await;
    answer(received.map(|()| HttpResponse::NoContent().finish()).map_err(Problem::for_hook))
}

async fn receive(doors: &Doors, request: &HttpRequest, body: RawBody) -> Result<(), Problem> {
    let settings = &doors.settings;
    let (true, Some(app_id)) = (settings.callers.hook_door_is_open(), &settings.app_id) else {
        return Err(Problem::of(Code::NotFound));
    };
    let caller = settings.callers.hook(request).await?;
    let body = doors.body(request, body.into_payload(), HOOK_LIMIT).await?;
    let Some(events) = parse_delivery(&body, app_id) else {
        tracing::warn!(request_id = super::request_id(request), "a delivery was not an Okta event hook's");
        return Err(Problem::of(Code::MalformedJson).detail(
            "It is not an Okta event hook delivery (data.events is missing).",
            "Okta イベントフックの配信ではありません(data.events がありません)。",
        ));
    };
    let intake = Intake {
        rules: &settings.rules,
        asks_okta: settings.asks_okta,
        source: Source::Hook,
        caller: caller.name(),
        arrived: doors.clock.now(),
    };
    let count = events.len();
    let incoming: Vec<Incoming> = events.into_iter().map(|event| intake.incoming(event)).collect();
    let ignored = incoming.iter().filter(|one| matches!(one, Incoming::Ignored(_))).count();
    let receipts = intake::store(&*doors.store, incoming).await?;
    let late = receipts.iter().filter(|receipt| receipt.late).count();
    settings.metrics.were_late(late as u64);
    tracing::info!(request_id = super::request_id(request), count, ignored, late, "an event hook delivery was stored");
    Ok(())
}
