//! `POST /v1/reconcile` compares Okta with LINE WORKS, `POST /v1/reconcile/apply` applies what an operator chose of it.
//!
//! Both answer a stream of JSON objects, one a line (NDJSON): `progress`, then `finding` or `applied`, and one `summary`,
//! `done` or `failed` at the end. A stream without such an end broke off, and nothing may be concluded from it.

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::assignments::RawBody;
use super::problem::{Answer, Code, FieldProblem, Problem, answer};
use super::{Doors, view};
use crate::domain::event::AHEAD;
use crate::reconcile::compare::Person;
use crate::reconcile::finding::{Finding, Kind};
use crate::reconcile::{Applied, Apply, ApplyError, Failure, Input, Line, Phase, Reconcile, Truth, export};

/// An export, in bytes: some 100,000 people.
const LIMIT: usize = 16 * 1024 * 1024;

/// `POST /v1/reconcile`, with an export as `text/csv` or, with access to Okta's API, without a body
pub(super) async fn compare(doors: Data<Doors>, request: HttpRequest, body: RawBody) -> Answer {
    answer(begin(doors, &request, body).await)
}

async fn begin(doors: Data<Doors>, request: &HttpRequest, body: RawBody) -> Result<HttpResponse, Problem> {
    doors.admin(request).await?;
    let reconcile = doors.reconcile()?;
    let body = doors.body(request, body.into_payload(), LIMIT).await?;
    let input = match body.is_empty() {
        true => {
            needs_okta(reconcile)?;
            Input::Okta
        }
        false => Input::Export(people(reconcile, &body, &columns(request.query_string())?)?),
    };
    let running = reconcile.begin().await?.ok_or_else(|| Problem::of(Code::ReconcileRunning))?;
    let (sender, lines) = mpsc::channel(64);
    let stopping = doors.stopping.clone();
    tokio::spawn(async move {
        if let Some(reconcile) = &doors.reconcile {
            tokio::select! {
                () = reconcile.run(input, sender) => {}
                () = stopping.cancelled() => {}
                () = running.lost() => {}
            }
        }
        running.give_back().await;
    });
    Ok(streamed(lines, |line: Line| as_json(&line)))
}

/// The body of an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choice {
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    people: Option<Vec<crate::domain::ids::OktaUserId>>,
    #[serde(default)]
    extras: Vec<String>,
    #[serde(default)]
    csv: Option<String>,
    #[serde(default)]
    columns: String,
    #[serde(default)]
    exported_at: Option<Timestamp>,
}

/// `POST /v1/reconcile/apply`
pub(super) async fn apply(doors: Data<Doors>, request: HttpRequest, body: RawBody) -> Answer {
    answer(begin_to_apply(doors, &request, body).await)
}

async fn begin_to_apply(doors: Data<Doors>, request: &HttpRequest, body: RawBody) -> Result<HttpResponse, Problem> {
    let caller = doors.admin(request).await?;
    let reconcile = doors.reconcile()?;
    let body = doors.body(request, body.into_payload(), LIMIT).await?;
    let choice: Choice = serde_json::from_slice(&body).map_err(|_| {
        Problem::of(Code::MalformedJson).detail(
            "It takes kinds (missing, onboard, different), people, extras, csv, columns and exportedAt.",
            "kinds(missing、onboard、different)、people、extras、csv、columns、exportedAt を指定できます。",
        )
    })?;
    let truth = truth(&doors, reconcile, &choice)?;
    let running = reconcile.begin().await?.ok_or_else(|| Problem::of(Code::ReconcileRunning))?;
    let apply = Apply {
        truth,
        kinds: choice.kinds,
        people: choice.people.map(|people| people.into_iter().collect()),
        extras: choice.extras,
        caller: caller.name().to_owned(),
    };
    let (sender, lines) = mpsc::channel::<Value>(64);
    tokio::spawn(async move {
        if let Some(reconcile) = &doors.reconcile {
            tokio::select! {
                () = work(&doors, reconcile, apply, &sender) => {}
                () = running.lost() => {}
            }
        }
        running.give_back().await;
    });
    Ok(streamed(lines, |line: Value| line))
}

async fn work(doors: &Doors, reconcile: &Reconcile, apply: Apply, out: &mpsc::Sender<Value>) {
    let (sender, mut progress) = mpsc::channel(8);
    let tell = async {
        while let Some(line) = progress.recv().await {
            if out.send(as_json(&line)).await.is_err() {
                break;
            }
        }
        drop(progress);
    };
    let applying = async {
        let sender = sender;
        reconcile.apply(apply, &sender).await
    };
    let applied = tokio::select! {
        (applied, ()) = async { tokio::join!(applying, tell) } => applied,
        () = doors.stopping.cancelled() => return,
    };
    for line in ended(applied) {
        if out.send(line).await.is_err() {
            return;
        }
    }
}

fn ended(applied: Result<Applied, ApplyError>) -> Vec<Value> {
    match applied {
        Ok(Applied { changes, no_extras }) => {
            let applied = |it: &crate::reconcile::Change| {
                json!({"applied": {
                    "kind": it.finding.kind, "oktaUserId": it.finding.okta_user_id, "login": it.finding.login,
                    "verdict": it.verdict, "hasTheApp": it.verdict.is_none(),
                }})
            };
            let stored = changes.iter().filter(|change| change.verdict.is_some()).count();
            let mut lines: Vec<Value> = changes.iter().map(applied).collect();
            lines.push(json!({"done": {"applied": stored, "noExtras": no_extras}}));
            lines
        }
        Err(ApplyError::NotCompared(Some(line))) => vec![as_json(&line)],
        Err(ApplyError::NotCompared(None)) => Vec::new(),
        Err(ApplyError::Okta(error)) => vec![json!({"failed": {
            "phase": Phase::Okta, "read": 0, "applied": 0, "cause": view::reason(error.reason()),
        }})],
        Err(ApplyError::Ledger(applied, error)) => {
            tracing::warn!(%error, applied, "a comparison was applied in part");
            vec![json!({"failed": {"phase": Phase::Ledger, "read": 0, "applied": applied, "cause": null}})]
        }
    }
}

fn truth(doors: &Doors, reconcile: &Reconcile, choice: &Choice) -> Result<Truth, Problem> {
    let Some(csv) = &choice.csv else {
        needs_okta(reconcile)?;
        return Ok(Truth::Okta);
    };
    let people = people(reconcile, csv.as_bytes(), &choice.columns)?;
    match choice.exported_at {
        Some(at) if at.duration_since(doors.clock.now()) <= AHEAD => Ok(Truth::Export(at, people)),
        Some(_) => Err(Problem::fields(vec![FieldProblem::new(
            "exportedAt",
            "out_of_range",
            "lies in the future; send the moment the export was made",
            "未来の日時です。エクスポートした日時を送信してください",
        )])),
        None => Err(Problem::fields(vec![FieldProblem::new(
            "exportedAt",
            "missing",
            "send the moment the export was made: anything newer stands above it",
            "エクスポートした日時を送信してください(それより新しい情報が優先されます)",
        )])),
    }
}

impl Doors {
    fn reconcile(&self) -> Result<&Reconcile, Problem> {
        self.reconcile.as_deref().ok_or_else(|| Problem::of(Code::NotFound))
    }
}

fn needs_okta(reconcile: &Reconcile) -> Result<(), Problem> {
    if reconcile.okta.is_some() { Ok(()) } else { Err(Problem::of(Code::NoOktaAccess)) }
}

fn columns(query: &str) -> Result<String, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
    let mut columns = String::new();
    for (name, value) in pairs {
        match name.as_str() {
            "columns" => columns = value,
            _ => {
                return Err(Problem::fields(vec![FieldProblem::unknown(
                    &name,
                    "use columns",
                    "columns を使用してください",
                )]));
            }
        }
    }
    Ok(columns)
}

fn people(reconcile: &Reconcile, csv: &[u8], columns: &str) -> Result<Vec<Person>, Problem> {
    export::read(csv, columns, &reconcile.rules).map_err(|faults| {
        let field = |it: export::Fault| FieldProblem::new(it.place, "bad_format", it.message, it.message_ja);
        Problem::fields(faults.into_iter().map(field).collect())
    })
}

fn as_json(line: &Line) -> Value {
    match line {
        Line::Progress(progress) => json!({ "progress": progress }),
        Line::Finding(finding) => json!({ "finding": shown(finding) }),
        Line::Summary(summary) => json!({ "summary": summary }),
        Line::Failed(Failure { at, reason }) => json!({"failed": {
            "phase": at.phase, "read": at.read, "applied": 0, "cause": reason.as_ref().map(view::reason),
        }}),
    }
}

fn shown(finding: &Finding) -> Value {
    let mut shown = json!(finding);
    shown["errors"] = super::problem::field_errors(&finding.errors).into();
    shown
}

/// An answer that goes out line by line, as they come.
fn streamed<T: 'static>(lines: mpsc::Receiver<T>, shown: fn(T) -> Value) -> HttpResponse {
    let lines = stream::unfold(lines, move |mut lines| async move {
        let line = lines.recv().await?;
        Some((Ok::<_, actix_web::Error>(Bytes::from(format!("{}\n", shown(line)))), lines))
    });
    HttpResponse::Ok().content_type("application/x-ndjson").streaming(Box::pin(lines))
}
