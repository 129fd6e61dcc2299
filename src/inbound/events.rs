//! `GET /v1/events`: what the ledger keeps about nobody in particular, for an administrator. Newest first.
//!
//! Tokens that were handed out, and events of the hook that name nobody. What is about a person is in that person's
//! history.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::Doors;
use super::problem::{Answer, FieldProblem, Problem, answer};
use crate::ledger::NotedRequest;

/// Events on one page at most.
const PAGE: usize = 100;

/// `GET /v1/events?cursor=…&limit=…`
pub(super) async fn list(doors: Data<Doors>, request: HttpRequest) -> Answer {
    answer(page(&doors, &request).await)
}

async fn page(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    doors.admin(request).await?;
    let wanted = noted_request(request.query_string())?;
    let mut events = doors.store.noted(NotedRequest { limit: wanted.limit + 1, ..wanted }).await?;
    let more = events.len() > wanted.limit;
    events.truncate(wanted.limit);
    let cursor = events.last().filter(|_| more).map(|event| event.number.to_string());
    Ok(HttpResponse::Ok().json(json!({"events": events, "nextCursor": cursor})))
}

fn noted_request(query: &str) -> Result<NotedRequest, Problem> {
    let mut request = NotedRequest { before: None, limit: PAGE };
    let mut faults = Vec::new();
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "cursor" => match value.parse::<i64>() {
                Ok(before @ 1..) => request.before = Some(before),
                _ => faults.push(FieldProblem::cursor()),
            },
            "limit" => match value.parse::<usize>() {
                Ok(limit @ 1..=PAGE) => request.limit = limit,
                _ => faults.push(FieldProblem::limit()),
            },
            _ => faults.push(FieldProblem::unknown(
                &name,
                "use cursor or limit",
                "cursor、limit のいずれかを使用してください",
            )),
        }
    }
    if faults.is_empty() { Ok(request) } else { Err(Problem::fields(faults)) }
}
