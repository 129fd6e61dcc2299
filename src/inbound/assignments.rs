//! The card's door: `PUT` says a person has the app, `DELETE` that they lost it, `GET` asks how it stands.
//!
//! A call is stored first and then, if its `Prefer` header lets it, waited for: LINE WORKS' side is the workers' part
//! and is only watched from here. Whatever the outcome, what was answered with 2xx or 422 is on disk.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret;
use serde_json::json;

use super::caller::{Caller, Role};
use super::card_request::{AssignBody, UnassignQuery, parse_key, parse_person, preferred_wait, refuse_another_app};
use super::problem::{Answer, Code, Problem, answer, field_errors};
use super::view::{self, Outcome};
use super::{CARD_LIMIT, Doors};
use crate::domain::assignment::{Assignment, State};
use crate::domain::event::{Event, EventKind, ProfileWish, Receipt, Source, Verdict};
use crate::domain::ids::OktaUserId;
use crate::domain::profile::Profile;
use crate::handover::Waiting;
use crate::ledger::Incoming;

/// A raw body, read only after the caller may send one.
pub(super) struct RawBody(Payload);

impl actix_web::FromRequest for RawBody {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(RawBody(payload.take())))
    }
}

impl RawBody {
    pub(super) fn into_payload(self) -> Payload {
        self.0
    }
}

/// `PUT /v1/assignments/{oktaUserId}`
pub(super) async fn put(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(assign(&doors, &request, &person, body).await)
}

async fn assign(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, body) = doors.card(request, body, &[Role::Card]).await?;
    let wait = preferred_wait(request)?;
    let wish = AssignBody::parse(&body)?;
    let arrived = doors.clock.now();
    let mut faults = Vec::new();
    let person = parse_person(person, &mut faults);
    let key = parse_key(wish.event_id.as_deref(), &mut faults);
    let occurred = doors.occurred(wish.occurred_at.as_deref(), arrived, &mut faults);
    refuse_another_app(wish.app_id.as_deref(), doors.settings.app_id.as_deref(), &mut faults);
    let (Some(person), Some(key), Some(occurred), true) = (person, key, occurred, faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };
    let profile = match wish.user {
        Some(user) => Some(match Profile::parse(&user, &doors.settings.rules) {
            Ok(profile) => ProfileWish::Valid(profile),
            Err(fields) => ProfileWish::Refused { fields, thin: false },
        }),
        None => wish.app_user.and_then(|names| doors.thin(names.user_name.as_deref(), names.display_name.as_deref())),
    };
    // What an event alone says may be refused and not needed: Okta may be asked for the rest. Then the run decides.
    let refused = match &profile {
        Some(ProfileWish::Refused { fields, thin: false }) => Some(fields.clone()),
        _ => None,
    };
    let event = Event {
        person,
        key,
        kind: EventKind::Assigned,
        source: Source::Card,
        caller: caller.name().to_owned(),
        occurred,
        arrived,
        profile,
        policy: None,
    };
    let person = event.person.clone();
    // Before the wish is stored: the member may be there before the answer to that is.
    let handover = doors.settings.handover.as_ref().filter(|_| !wait.is_zero());
    let password = match handover {
        Some(handover) => Some(handover.wait(&person, wait).await),
        None => None,
    };
    let receipt = doors.accept(event).await?;
    match refused {
        // Kept as membership, and its caller hears of every bad field at once; unless it changed nothing.
        Some(fields) if receipt.verdict.changes_facts() => {
            Err(Problem::of(Code::ProfileRefused).with_errors(field_errors(&fields)))
        }
        _ => doors.watch(&person, receipt, wait, password).await,
    }
}

/// `DELETE /v1/assignments/{oktaUserId}`
pub(super) async fn delete(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(unassign(&doors, &request, &person, body).await)
}

async fn unassign(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, body) = doors.card(request, body, &[Role::Card]).await?;
    if !body.is_empty() {
        return Err(Problem::of(Code::BodyNotAllowed));
    }
    let wait = preferred_wait(request)?;
    let arrived = doors.clock.now();
    let mut faults = Vec::new();
    let query = UnassignQuery::parse(request.query_string(), &mut faults);
    let person = parse_person(person, &mut faults);
    let key = parse_key(query.event_id.as_deref(), &mut faults);
    let occurred = doors.occurred(query.occurred_at.as_deref(), arrived, &mut faults);
    let policy = doors.policy(query.policy.as_deref(), &mut faults);
    refuse_another_app(query.app_id.as_deref(), doors.settings.app_id.as_deref(), &mut faults);
    let (Some(person), Some(key), Some(occurred), Some(policy), true) =
        (person, key, occurred, policy, faults.is_empty())
    else {
        return Err(Problem::fields(faults));
    };
    let event = Event {
        person,
        key,
        kind: EventKind::Unassigned,
        source: Source::Card,
        caller: caller.name().to_owned(),
        occurred,
        arrived,
        profile: None,
        policy,
    };
    let person = event.person.clone();
    let receipt = doors.accept(event).await?;
    doors.watch(&person, receipt, wait, None).await
}

/// `GET /v1/assignments/{oktaUserId}`; an admin also gets the history.
pub(super) async fn get(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(show(&doors, &request, &person, body).await)
}

async fn show(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, _) = doors.card(request, body, &[Role::Admin, Role::Card]).await?;
    let mut faults = Vec::new();
    let Some(person) = parse_person(person, &mut faults) else { return Err(Problem::fields(faults)) };
    let Some(row) = doors.store.assignment(&person).await? else {
        return Err(Problem::of(Code::UnknownAssignment));
    };
    let view = view::assignment(&row, doors.settings.unassign);
    if caller.role() != Role::Admin {
        return Ok(HttpResponse::Ok().json(view));
    }
    let history = doors.store.history(&person).await?;
    Ok(HttpResponse::Ok().json(view::with_history(view, &history)))
}

impl Doors {
    /// The caller of a card's call, by bearer secret or by signature, and the body.
    async fn card(
        &self,
        request: &HttpRequest,
        body: RawBody,
        roles: &[Role],
    ) -> Result<(Caller, actix_web::web::Bytes), Problem> {
        let callers = &self.settings.callers;
        if !callers.card_door_is_open() && roles == [Role::Card] {
            return Err(Problem::of(Code::NotFound));
        }
        let bearer = callers.bearer(request, roles).await?;
        let body = self.body(request, body.into_payload(), CARD_LIMIT).await?;
        let caller = match bearer {
            Some(caller) => caller,
            None => callers.signer(request, &body, self.clock.now()).await?,
        };
        Ok((caller, body))
    }

    /// The little an Okta event says of somebody, as a profile; none without a user name.
    pub(super) fn thin(&self, user_name: Option<&str>, display_name: Option<&str>) -> Option<ProfileWish> {
        Some(match Profile::from_hook(user_name?, display_name, &self.settings.rules) {
            Ok(profile) => ProfileWish::Valid(profile),
            Err(fields) => ProfileWish::Refused { fields, thin: true },
        })
    }

    /// Stores the event; it is on disk when this returns.
    async fn accept(&self, event: Event) -> Result<Receipt, Problem> {
        let receipts = self.store.accept(vec![Incoming::Event(event)]).await?;
        let receipt = receipts.into_iter().next().ok_or_else(|| Problem::of(Code::Internal))?;
        self.settings.metrics.were_late(u64::from(receipt.late));
        Ok(receipt)
    }

    /// Watches until LINE WORKS matches the wish, somebody must act, or the wait is over. A copy of an event may have
    /// been applied long ago: how that stands is told also without a wait.
    /// A first password, if it waits for one, goes out with the answer that says all is done.
    async fn watch(
        &self,
        person: &OktaUserId,
        receipt: Receipt,
        wait: Duration,
        password: Option<Waiting>,
    ) -> Result<HttpResponse, Problem> {
        let Receipt { verdict, revision, .. } = receipt;
        if wait.is_zero() && verdict != Verdict::Duplicate {
            return Ok(view::stored(person, revision, json!(verdict)));
        }
        let password = password.filter(|_| verdict != Verdict::Duplicate);
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let settled = self.store.wake().settled(person);
            let row = self.store.assignment(person).await?.ok_or_else(|| Problem::of(Code::Internal))?;
            let in_time = tokio::time::timeout_at(deadline, std::future::pending::<()>());
            if is_decided(&row, revision) {
                return self.outcome(&row, revision, verdict, password.as_ref()).await;
            }
            tokio::select! {
                _ = settled => {}
                _ = in_time => return self.outcome(&row, revision, verdict, None).await,
                () = self.stopping.cancelled() => return self.outcome(&row, revision, verdict, None).await,
            }
        }
    }

    async fn outcome(
        &self,
        row: &Assignment,
        revision: u64,
        verdict: Verdict,
        password: Option<&Waiting>,
    ) -> Result<HttpResponse, Problem> {
        let is_done = row.applied_revision >= revision && !matches!(row.state, State::Parked { .. });
        let password = match password.filter(|_| is_done) {
            Some(waiting) => waiting.take().await,
            None => None,
        };
        let mut extra = vec![("verdict", json!(verdict))];
        extra.extend(password.iter().map(|password| ("initialPassword", json!(password.expose_secret()))));
        match view::outcome(row, revision, &extra, self.settings.unassign) {
            Outcome::Answer(mut response) => {
                if password.is_some() {
                    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                }
                Ok(response)
            }
            Outcome::Parked(problem) => Err(problem),
        }
    }
}

/// Whether waiting longer can change nothing without a new event or a human.
fn is_decided(row: &Assignment, revision: u64) -> bool {
    match row.state {
        State::Parked { .. } | State::Held { .. } => true,
        State::Settled { .. } | State::Due | State::Running | State::Waiting { .. } => row.applied_revision >= revision,
    }
}
