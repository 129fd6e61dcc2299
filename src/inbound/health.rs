//! `/livez`: the process answers. `/readyz`: the ledger can be written, and how things stand with LINE WORKS and Okta.
//!
//! A service that stops says 503 for `server.drain_time` before it closes its door, so that a proxy leaves it out in time.
//! A LINE WORKS or an Okta that is down does not make the service unready: events are still taken, which is its first duty.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Doors;
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::StoreError;
use crate::ledger::org::app_gone_since;
use crate::lineworks::ContactStatus;
use crate::lineworks::status::{LineWorksStatus, Paused};
use crate::okta::catch_up::Progress;

impl Doors {
    /// How things stand with LINE WORKS, and what else nobody does at the moment.
    pub(super) async fn status(&self) -> LineWorksStatus {
        let mut status = (self.lineworks)();
        match app_gone_since(&*self.store).await {
            Ok(Some(since)) => status.paused.push(Paused { reason: Reason::of(Cause::OktaAppGone), since }),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "whether the Okta app is gone cannot be read"),
        }
        status
    }

    /// Whether the ledger can be written: a write is really made.
    pub(super) async fn writes(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store.save("readiness", now.as_millisecond().to_string().into_bytes(), now).await
    }
}

/// `GET /livez`
pub(super) async fn live(_: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

/// `GET /readyz`: 200, or 503 when the ledger cannot be written (a write is really made) or the service is stopping.
pub(super) async fn ready(doors: Data<Doors>) -> HttpResponse {
    let now = doors.clock.now();
    let written = doors.writes(now).await;
    let lineworks = lineworks(&doors.status().await);
    let queue = match doors.store.tally(now).await {
        Ok(tally) => {
            let states: Map<String, Value> =
                tally.states.iter().map(|(state, count)| (state.as_str().to_owned(), json!(count))).collect();
            // A joiner takes one read and one write, each from a bucket of its own.
            let seconds = tally.due_now.saturating_mul(60) / u64::from(doors.settings.per_minute.max(1));
            json!({"dueNow": tally.due_now, "doneInAboutSeconds": seconds, "states": states})
        }
        Err(_) => Value::Null,
    };
    let (mut response, mut body) = match written {
        Ok(()) if doors.stopping.is_cancelled() => {
            let body = json!({"status": "stopping", "ledger": {"writable": true}});
            (HttpResponse::ServiceUnavailable(), body)
        }
        Ok(()) => (HttpResponse::Ok(), json!({"status": "ready", "ledger": {"writable": true}})),
        Err(error) => {
            tracing::error!(%error, "not ready: the ledger cannot be written");
            let (todo, todo_ja) = match doors.store.is_shared() {
                false => {
                    ("look at the disk's free space and permissions", "ディスクの空き容量と権限を確認してください")
                }
                true => (
                    "look whether PostgreSQL runs and can be reached, and at its disk's free space; the log names the cause",
                    "PostgreSQL が動作していて接続できるか、そのディスクの空き容量を確認してください(原因はログに出力されます)",
                ),
            };
            let ledger = json!({"writable": false, "todo": todo, "todoJa": todo_ja});
            (HttpResponse::ServiceUnavailable(), json!({"status": "not ready", "ledger": ledger}))
        }
    };
    body["lineworks"] = lineworks;
    body["queue"] = queue;
    if let Some(okta) = &doors.okta {
        let standing = okta();
        let paused: Vec<Paused> = standing.paused.into_iter().collect();
        body["okta"] = contacts(&standing.contact, &paused);
    }
    if let Some(status) = &doors.catch_up {
        body["catchUp"] = catch_up(&status.now(), now);
    }
    response.json(body)
}

fn lineworks(status: &LineWorksStatus) -> Value {
    let mut shown = contacts(&status.contact, &status.paused);
    if let Some(token) = status.scim_token {
        shown["scimToken"] = json!(token);
    }
    shown
}

/// The last contacts with one of the two sides, and what waits for it.
fn contacts(contact: &ContactStatus, paused: &[Paused]) -> Value {
    let failure = contact.last_failure.as_ref().map(|(at, reason)| described(reason, "at", at));
    let working = match (&contact.last_success, &contact.last_failure) {
        (Some(success), Some((failure, _))) => Some(success > failure),
        (Some(_), None) => Some(true),
        (None, Some(_)) => Some(false),
        (None, None) => None,
    };
    let paused: Vec<Value> = paused.iter().map(|paused| described(&paused.reason, "since", &paused.since)).collect();
    json!({"working": working, "lastSuccessAt": contact.last_success, "lastFailure": failure, "paused": paused})
}

fn catch_up(progress: &Progress, now: Timestamp) -> Value {
    let behind = progress.read_until.map(|until| now.duration_since(until).as_secs().max(0));
    json!({
        "working": progress.failure.is_none(), "elsewhere": progress.elsewhere, "lastPassAt": progress.last_pass,
        "behindSeconds": behind, "lastSweepAt": progress.last_sweep, "gapFrom": progress.gap_from,
        "lastFailure": progress.failure.as_ref().map(|(at, reason)| described(reason, "since", at)),
    })
}

/// A reason with its advice and its moment.
fn described(reason: &Reason, moment: &str, at: &Timestamp) -> Value {
    let (english, japanese) = (reason.cause.english(), reason.cause.japanese());
    json!({moment: at, "code": reason.cause.code(), "title": english.title, "todo": english.todo,
        "titleJa": japanese.title, "todoJa": japanese.todo, "detail": reason.detail})
}
