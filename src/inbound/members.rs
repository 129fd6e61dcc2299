//! `GET /v1/members`: who LINE WORKS has and which key each carries, for an administrator, for instance before the first
//! people are assigned. It looks and changes nothing.

use std::time::Duration;

use actix_web::web::{Data, Query};
use actix_web::{Either, HttpRequest, HttpResponse};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::problem::{Code, FieldProblem, Problem};
use super::{Doors, view};
use crate::domain::member::{Condition, Member};
use crate::lineworks::{ApiError, Blocked, CallRecord, Gate, Operation, Quota, RollCursor};

/// The time between two pages: an administrator's looking must leave LINE WORKS' quota to the work.
const PACE: Duration = Duration::from_millis(500);

/// `GET /v1/members?cursor=…`
pub(super) async fn list(doors: Data<Doors>, request: HttpRequest) -> Either<HttpResponse, Problem> {
    match page(&doors, &request).await {
        Ok(response) => Either::Left(response),
        Err(problem) => Either::Right(problem),
    }
}

async fn page(doors: &Doors, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    doors.admin(request).await?;
    let cursor = cursor(request.query_string())?;
    let mut last = doors.last_page.lock().await;
    if let Some(last) = *last {
        tokio::time::sleep_until(last + PACE).await;
    }
    let page = doors.members.list(cursor.as_ref(), &Counting(doors)).await;
    *last = Some(tokio::time::Instant::now());
    let page = page.map_err(not_read)?;
    let members: Vec<Value> = page.members.iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(json!({"members": members, "nextCursor": page.next.map(|next| next.to_string())})))
}

fn cursor(query: &str) -> Result<Option<RollCursor>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    let mut cursor = None;
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        match (name.as_str(), RollCursor::parse(&value)) {
            ("cursor", Some(read)) => cursor = Some(read),
            ("cursor", None) => return Err(Problem::fields(vec![FieldProblem::cursor()])),
            _ => {
                let unknown = FieldProblem::unknown(&name, "use cursor", "cursor を使用してください");
                return Err(Problem::fields(vec![unknown]));
            }
        }
    }
    Ok(cursor)
}

fn shown(member: &Member) -> Value {
    let condition = match member.condition {
        Condition::Active => "active",
        Condition::Pending => "pending",
        Condition::Suspended => "suspended",
        Condition::Inactive => "inactive",
        Condition::OnLeave => "on_leave",
        Condition::Deleted => "deleted",
    };
    json!({
        "memberId": member.id, "login": member.email, "externalKey": member.external_key,
        "condition": condition, "isAdministrator": member.is_administrator,
    })
}

fn not_read(error: ApiError) -> Problem {
    match error {
        ApiError::TryLater { reason, after } => {
            let problem = Problem::of(Code::MembersNotRead).with("cause", view::reason(&reason));
            problem.retry_after(after.unwrap_or(Duration::from_secs(10)))
        }
        ApiError::Unclear(reason) | ApiError::ReadAgain(reason) | ApiError::Refused(reason) => {
            Problem::of(Code::MembersNotRead).with("cause", view::reason(&reason))
        }
        ApiError::Blocked(_) => Problem::of(Code::MembersNotRead),
    }
}

/// A gate without a person or a step: it is always open, and counts.
struct Counting<'a>(&'a Doors);

impl Gate for Counting<'_> {
    fn pass(&self, _: Operation) -> BoxFuture<'_, Result<(), Blocked>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn finished(&self, call: CallRecord, _: Option<Quota>) -> BoxFuture<'_, ()> {
        self.0.settings.metrics.called(call.operation.as_str(), call.status);
        Box::pin(std::future::ready(()))
    }
}
