//! `POST /v1/lineworks/token`: an access token for another program, so that it needs no private key of its own.
//!
//! It is never the service's own token: it has scopes, a cache and a place in the ledger of its own. That it was handed
//! out is on disk before the answer leaves; a ledger that cannot be written gives no token. What may go well by itself
//! soon is 429, because that is all an Okta Workflows card repeats; what waits for a human is 503, so that a flow goes
//! on to its error handling instead of repeating, and every other client still knows that it is not at fault.

use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;

use super::caller::Role;
use super::problem::{Answer, Code, FieldProblem, Problem, answer};
use super::{Doors, view};
use crate::domain::event::Source;
use crate::domain::outcome::Cause;
use crate::ledger::NotedEvent;
use crate::lineworks::TokenError;
use crate::lineworks::token::TokenCache;

/// How the audit calls it.
const HANDED_OUT: &str = "token_handed_out";
/// What is left of a token's life when it is handed out, at least: a flow must have time to use it.
const LEAST_LIFE: SignedDuration = SignedDuration::from_mins(1);
/// The pause asked for when LINE WORKS names none.
const PAUSE: Duration = Duration::from_secs(10);

/// `POST /v1/lineworks/token`
pub(super) async fn hand_out(doors: Data<Doors>, request: HttpRequest) -> Answer {
    answer(token(&doors, &request).await)
}

async fn token(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let Some(tokens) = &doors.settings.broker else { return Err(Problem::of(Code::NotFound)) };
    let caller = match doors.settings.callers.bearer(request, &[Role::Broker]).await? {
        Some(caller) => caller,
        None => return Err(Problem::of(Code::Unauthorized)),
    };
    if was_rejected(request.query_string())? {
        drop_rejected(tokens, doors.clock.now()).await;
    }
    let token = tokens.access_token_for(doors.clock.now(), LEAST_LIFE).await.map_err(|error| none(&error))?;
    let now = doors.clock.now();
    let (expires_at, caller) = (token.expires_at(), caller.name());
    let note = format!("{}; expires at {expires_at}", tokens.scope());
    let event =
        NotedEvent { kind: HANDED_OUT, source: Source::Broker, caller: caller.to_owned(), at: now, note: Some(note) };
    doors.store.note(event).await?;
    doors.settings.metrics.handed_out_token(caller);
    tracing::info!(request_id = super::request_id(request), caller, "an access token was handed out");
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({
        "accessToken": token.secret().expose_secret(),
        "tokenType": "Bearer",
        "expiresIn": expires_at.duration_since(now).as_secs().max(0),
        "expiresAt": expires_at,
        "scope": tokens.scope(),
    })))
}

/// `?rejected=true`: LINE WORKS answered 401 to the token the caller was given.
fn was_rejected(query: &str) -> Result<bool, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    let mut rejected = false;
    for (name, value) in pairs {
        if name != "rejected" || !["true", "false"].contains(&value.as_str()) {
            let unknown =
                FieldProblem::unknown(&name, "use rejected=true or nothing", "rejected=true のみ指定できます");
            return Err(Problem::fields(vec![unknown]));
        }
        rejected = value == "true";
    }
    Ok(rejected)
}

/// Gives the token up, unless it is so new that the caller cannot mean this one: a flow that asks in a circle gets one
/// new token a minute.
async fn drop_rejected(tokens: &TokenCache, now: Timestamp) {
    if let Ok(token) = tokens.access_token_for(now, LEAST_LIFE).await
        && now.duration_since(token.issued_at()) >= LEAST_LIFE
    {
        tokens.drop_if_current(token.generation()).await;
    }
}

fn none(error: &TokenError) -> Problem {
    let cause = error.reason.cause;
    let passes = matches!(
        cause,
        Cause::LineWorksUnreachable | Cause::LineWorksFailing | Cause::RateLimited | Cause::LedgerUnavailable
    );
    let code = if passes { Code::NoTokenNow } else { Code::NoToken };
    let (english, japanese) = (cause.english(), cause.japanese());
    Problem::of(code)
        .detail(format!("{} {}", english.title, english.todo), format!("{}{}", japanese.title, japanese.todo))
        .retry_after(error.after.unwrap_or(PAUSE))
        .with("cause", view::reason(&error.reason))
}
