//! `GET /metrics`: the numbers for a monitoring system, which shows an admin secret as its bearer token.
//!
//! Counters were raised where things happened; how things stand is looked up now. A ledger that does not answer leaves
//! its numbers out and says so with `ledger_writable`.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use jiff::Timestamp;

use super::Doors;
use super::problem::{Answer, Problem, answer};
use crate::domain::assignment::StateName;
use crate::ledger::Tally;
use crate::metrics::{self, Snapshot};

/// `GET /metrics`
pub(super) async fn metrics(doors: Data<Doors>, request: HttpRequest) -> Answer {
    answer(numbers(&doors, &request).await)
}

async fn numbers(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    doors.admin(request).await?;
    let now = doors.clock.now();
    let tally = doors.store.tally(now).await.ok();
    let lineworks = doors.status().await;
    let okta = doors.okta.as_ref().map(|okta| okta());
    let age = |at: Option<Timestamp>| at.map(|at| now.duration_since(at).as_secs_f64().max(0.0));
    let paused = lineworks.paused.iter().chain(okta.iter().flat_map(|okta| &okta.paused));
    let snapshot = Snapshot {
        people: tally.as_ref().map(by_state),
        due: tally.map(|tally| tally.due_now),
        last_success_age_seconds: age(lineworks.contact.last_success),
        okta_last_success_age_seconds: age(okta.as_ref().and_then(|okta| okta.contact.last_success)),
        catch_up_behind_seconds: doors.catch_up.as_ref().and_then(|it| age(it.now().read_until)),
        scim_token_days_left: lineworks.scim_token.and_then(|token| token.days_left),
        paused: paused.map(|paused| paused.reason.cause.code()).collect(),
        ledger_writable: doors.writes(now).await.is_ok(),
    };
    let text = doors.settings.metrics.text(&snapshot);
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE)).body(text))
}

fn by_state(tally: &Tally) -> Vec<(&'static str, u64)> {
    let count = |state: &StateName| tally.states.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
    // Also those nobody is in, as 0.
    StateName::ALL.iter().map(|state| (state.as_str(), count(state))).collect()
}
