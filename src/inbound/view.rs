//! An assignment as the API, the CLI and an Okta flow see it.

use actix_web::HttpResponse;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use serde_json::{Value, json};

use super::problem::{Problem, field_errors};
use crate::domain::assignment::{Assignment, Desired, Membership, State};
use crate::domain::event::UnassignPolicy;
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::History;

/// The JSON of an assignment. `configured` is the policy in force for those that name none.
pub(super) fn assignment(row: &Assignment, configured: UnassignPolicy) -> Value {
    // Of whom Okta does not show nobody knows what should be.
    let is_unknown = row.state.reason().is_some_and(|reason| reason.cause == Cause::OktaPersonNotShown);
    let mut view = json!({
        "oktaUserId": row.person,
        "state": row.state.name(),
        "revision": row.revision,
        "appliedRevision": row.applied_revision,
        "desired": row.facts.desired(configured).as_ref().filter(|_| !is_unknown).map(desired),
        "membership": row.facts.membership.as_ref().map(|fact| json!({
            "value": match fact.value { Membership::Assigned => "assigned", Membership::Unassigned(_) => "unassigned" },
            "occurredAt": fact.occurred,
            "source": fact.source,
        })),
        "login": row.facts.usable_profile().map(|it| it.email().as_str()),
        "memberId": row.member_id,
        "externalKey": row.external_key,
        "reason": row.state.reason().map(reason),
        "updatedAt": row.updated,
    });
    if let Some(status) = &row.facts.status {
        view["oktaStatus"] =
            json!({"value": status.value.as_str(), "occurredAt": status.occurred, "source": status.source});
    }
    match &row.state {
        State::Settled { look_again: Some(at), .. } => view["lookAgainAt"] = json!(at),
        State::Waiting { until, .. } => view["nextTryAt"] = json!(until),
        State::Held { steps, look_again, .. } => {
            view["heldSteps"] = json!(steps);
            if let Some(at) = look_again {
                view["lookAgainAt"] = json!(at);
            }
        }
        _ => {}
    }
    if let Some(at) = row.facts.okta_read {
        view["oktaReadAt"] = json!(at);
    }
    view
}

/// With what happened and what was done; the reason of a run looks like the reason of the row.
pub(super) fn with_history(mut view: Value, history: &History) -> Value {
    view["history"] = json!(history);
    for (index, attempt) in history.attempts.iter().enumerate() {
        if let Some(why) = &attempt.reason {
            view["history"]["attempts"][index]["reason"] = reason(why);
        }
    }
    view
}

fn desired(desired: &Desired) -> Value {
    match desired {
        Desired::Active(_) => json!({"kind": "active"}),
        Desired::Suspended => json!({"kind": "suspended"}),
        Desired::Unassigned { policy } => json!({"kind": "unassigned", "policy": policy}),
    }
}

/// Why, with what to do.
pub(super) fn reason(reason: &Reason) -> Value {
    let (english, japanese) = (reason.cause.english(), reason.cause.japanese());
    let mut view = json!({
        "code": reason.cause.code(),
        "title": english.title,
        "todo": english.todo,
        "titleJa": japanese.title,
        "todoJa": japanese.todo,
    });
    if let Some(detail) = &reason.detail {
        view["detail"] = json!(detail);
    }
    if !reason.fields.is_empty() {
        view["fields"] = field_errors(&reason.fields).into();
    }
    view
}

/// The answer to a call that made the wish `revision`: 200 when LINE WORKS matches it, 422 when a human must change
/// something, 202 while it is on its way or held.
pub(super) fn outcome(row: &Assignment, revision: u64, extra: &[(&str, Value)], configured: UnassignPolicy) -> Outcome {
    let mut view = assignment(row, configured);
    for (name, value) in extra {
        view[*name] = value.clone();
    }
    match &row.state {
        State::Parked { reason } => Outcome::Parked(Problem::parked(reason, view)),
        _ if row.applied_revision >= revision => Outcome::Answer(HttpResponse::Ok().json(view)),
        _ => Outcome::Answer(accepted(row, view)),
    }
}

/// Either way of answering a card.
pub(super) enum Outcome {
    /// 200 or 202.
    Answer(HttpResponse),
    /// 422.
    Parked(Problem),
}

fn accepted(row: &Assignment, view: Value) -> HttpResponse {
    let mut response = HttpResponse::Accepted();
    response.insert_header((LOCATION, format!("/v1/assignments/{}", row.person)));
    if !matches!(row.state, State::Held { .. }) {
        response.insert_header((RETRY_AFTER, "5"));
    }
    response.json(view)
}

/// The answer to a call that does not wait: what is certain is that it is on disk.
pub(super) fn stored(person: &crate::domain::ids::OktaUserId, revision: u64, verdict: Value) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/v1/assignments/{person}")))
        .json(json!({"oktaUserId": person, "state": "due", "revision": revision, "verdict": verdict}))
}
