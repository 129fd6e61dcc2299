//! The operator's door: the list, and the words `retry`, `approve` and `reject`.
//!
//! An operator's word is kept as an event and raises the revision; it never takes part in the order of events.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::caller::{Caller, Role};
use super::problem::{Answer, Code, FieldProblem, Problem, answer};
use super::{Doors, view};
use crate::domain::assignment::StateName;
use crate::domain::event::EventKind;
use crate::domain::ids::OktaUserId;
use crate::ledger::{Heard, ListRequest, OperatorWord};

/// People on one page at most.
const PAGE: usize = 100;

impl Doors {
    /// The administrator who calls.
    pub(super) async fn admin(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        match self.settings.callers.bearer(request, &[Role::Admin]).await? {
            Some(caller) => Ok(caller),
            None => Err(Problem::of(Code::Unauthorized)),
        }
    }
}

/// `GET /v1/assignments?state=…&q=…&cursor=…&limit=…`
pub(super) async fn list(doors: Data<Doors>, request: HttpRequest) -> Answer {
    answer(page(&doors, &request).await)
}

async fn page(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    doors.admin(request).await?;
    let wanted = list_request(request.query_string())?;
    let limit = wanted.limit;
    let mut rows = doors.store.list(ListRequest { limit: limit + 1, ..wanted }).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let cursor = more.then(|| rows.last().map(|row| row.person.to_string())).flatten();
    let assignments: Vec<Value> = rows.iter().map(|row| view::assignment(row, doors.settings.unassign)).collect();
    let tally = doors.store.tally(doors.clock.now()).await?;
    let states: serde_json::Map<String, Value> =
        tally.states.iter().map(|(state, count)| (state.as_str().to_owned(), json!(count))).collect();
    Ok(HttpResponse::Ok().json(json!({"assignments": assignments, "nextCursor": cursor, "counts": states})))
}

fn list_request(query: &str) -> Result<ListRequest, Problem> {
    let mut request = ListRequest { limit: PAGE, ..ListRequest::default() };
    let mut faults = Vec::new();
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "q" => request.query = Some(value),
            "state" => match StateName::parse(&value) {
                Some(state) => request.state = Some(state),
                None => faults.push(FieldProblem::new(
                    "state",
                    "unknown",
                    "use settled, due, running, waiting, held or parked",
                    "settled、due、running、waiting、held、parked のいずれかを指定してください",
                )),
            },
            "cursor" => match value.parse::<OktaUserId>() {
                Ok(after) => request.after = Some(after),
                Err(_) => faults.push(FieldProblem::cursor()),
            },
            "limit" => match value.parse::<usize>() {
                Ok(limit @ 1..=PAGE) => request.limit = limit,
                _ => faults.push(FieldProblem::limit()),
            },
            _ => faults.push(FieldProblem::unknown(
                &name,
                "use state, q, cursor or limit",
                "state、q、cursor、limit のいずれかを使用してください",
            )),
        }
    }
    if faults.is_empty() { Ok(request) } else { Err(Problem::fields(faults)) }
}

/// `POST /v1/assignments/{oktaUserId}/{retry|approve|reject}`
pub(super) async fn say(doors: Data<Doors>, request: HttpRequest, path: Path<(String, String)>) -> Answer {
    let (person, word) = path.into_inner();
    answer(hear(&doors, &request, &person, &word).await)
}

async fn hear(doors: &Doors, request: &HttpRequest, person: &str, word: &str) -> Result<HttpResponse, Problem> {
    let caller = doors.admin(request).await?;
    let kind = match word {
        "retry" => EventKind::Retry,
        "approve" => EventKind::Approve,
        "reject" => EventKind::Reject,
        _ => return Err(Problem::of(Code::NotFound)),
    };
    let person: OktaUserId = person.parse().map_err(|_| Problem::of(Code::UnknownAssignment))?;
    if kind == EventKind::Retry {
        doors.pauses.let_one_try(doors.clock.now()).await;
    }
    let said = OperatorWord { person: person.clone(), kind, caller: caller.name().to_owned(), now: doors.clock.now() };
    match doors.store.hear(said).await? {
        Heard::Due(revision) => {
            tracing::info!(okta_user_id = %person, word, caller = caller.name(), "an operator decided");
            Ok(view::stored(&person, revision, json!("new")))
        }
        Heard::Unknown => Err(Problem::of(Code::UnknownAssignment)),
        Heard::NotHeld(state) => Err(Problem::of(Code::NotHeld).with("state", json!(state))),
        Heard::NotApprovable(reason) => {
            let (english, japanese) = (reason.cause.english(), reason.cause.japanese());
            Err(Problem::of(Code::NotApprovable)
                .detail(format!("{} {}", english.title, english.todo), format!("{}{}", japanese.title, japanese.todo))
                .with("cause", json!(reason.cause.code())))
        }
    }
}
