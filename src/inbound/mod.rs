//! The doors: everything that comes in over HTTP, from the raw bytes to an event in the ledger.
//!
//! The order at each door is fixed: size, caller, parse, accept, answer. Nothing of a request is parsed or looked up
//! before its caller is known, and nothing is acknowledged before it is on disk. Handlers hold no connection; they
//! reach the ledger through its bounded queue.

mod admin;
mod assignments;
pub mod caller;
mod card_request;
mod events;
mod field_problem;
mod health;
mod members;
mod okta_events;
pub mod problem;
mod reconcile;
mod scrape;
mod token;
mod view;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{FromRequest, HttpMessage, HttpRequest, Route, guard};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::event::UnassignPolicy;
use crate::domain::profile::ProfileRules;
use crate::handover::Handover;
use crate::ledger::Store;
use crate::ledger::pauses::Pauses;
use crate::lineworks::MemberApi;
use crate::lineworks::status::LineWorksStatus;
use crate::lineworks::token::TokenCache;
use crate::metrics::Metrics;
use crate::okta::catch_up;
use crate::okta::trust::Standing;
use crate::reconcile::Reconcile;
use caller::Callers;
use problem::{Code, Problem};

/// A card's body, in bytes.
const CARD_LIMIT: usize = 256 * 1024;
/// A hook's body, in bytes: a batch of 100 events.
const HOOK_LIMIT: usize = 1024 * 1024;

/// Where the time of occurrence comes from when a card does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// It must say it.
    Required,
    /// Its arrival counts.
    Arrival,
}

/// What the doors need to know.
pub struct Settings {
    /// Who may call.
    pub callers: Callers,
    /// Whether a card must say when something occurred.
    pub event_time: EventTime,
    /// The Okta app instance whose membership counts.
    pub app_id: Option<String>,
    /// Whether Okta can be asked for the truth: then an event is a reason to look, and no more.
    pub asks_okta: bool,
    /// What a profile must have.
    pub rules: ProfileRules,
    /// Where the first password of a new member is handed over, if callers may have it.
    pub handover: Option<Arc<Handover>>,
    /// The configured policy.
    pub unassign: UnassignPolicy,
    /// Whether a call may choose a harsher policy than the configured one.
    pub allow_call_policy: bool,
    /// How long a request's body may take to arrive.
    pub request_timeout: Duration,
    /// Sustained calls a minute to LINE WORKS, for estimates.
    pub per_minute: u32,
    /// Tokens for other programs; none: that door is closed.
    pub broker: Option<Arc<TokenCache>>,
    /// What a monitoring system asks for.
    pub metrics: Arc<Metrics>,
}

/// What every handler works with.
pub struct Doors {
    store: Arc<dyn Store>,
    clock: Clock,
    settings: Settings,
    lineworks: Box<dyn Fn() -> LineWorksStatus + Send + Sync>,
    /// How things stand with Okta; none: it is not asked.
    okta: Option<Box<dyn Fn() -> Standing + Send + Sync>>,
    members: Arc<dyn MemberApi>,
    /// How catch-up stands, where there is one.
    catch_up: Option<Arc<catch_up::Status>>,
    /// When LINE WORKS was last asked for a page of its members; held while it is.
    last_page: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    /// What all wait for: an operator's retry lets one try.
    pauses: Arc<Pauses>,
    /// Compares Okta with LINE WORKS.
    reconcile: Option<Arc<Reconcile>>,
    stopping: CancellationToken,
}

impl Doors {
    /// The doors of a service over this ledger; `lineworks` tells how things stand with LINE WORKS,
    /// `members` is asked only to list them.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        settings: Settings,
        members: Arc<dyn MemberApi>,
        lineworks: impl Fn() -> LineWorksStatus + Send + Sync + 'static,
    ) -> Self {
        let (lineworks, pauses) = (Box::new(lineworks), Arc::default());
        let (last_page, stopping) = (tokio::sync::Mutex::default(), CancellationToken::new());
        let (okta, reconcile, catch_up) = (None, None, None);
        Self { store, clock, settings, lineworks, okta, members, catch_up, last_page, pauses, reconcile, stopping }
    }

    /// What tells how things stand with Okta, where it is asked.
    #[must_use]
    pub fn with_okta(mut self, standing: Option<impl Fn() -> Standing + Send + Sync + 'static>) -> Self {
        self.okta = standing.map(|standing| Box::new(standing) as _);
        self
    }

    /// What the workers wait for.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Arc<Pauses>) -> Self {
        self.pauses = pauses;
        self
    }

    /// Opens the door of the comparison.
    #[must_use]
    pub fn with_reconcile(mut self, reconcile: Reconcile) -> Self {
        self.reconcile = Some(Arc::new(reconcile));
        self
    }

    /// Shows how catch-up stands.
    #[must_use]
    pub fn with_catch_up(mut self, status: Option<Arc<catch_up::Status>>) -> Self {
        self.catch_up = status;
        self
    }

    /// Answers every call that waits for an outcome now: the service is stopping.
    pub fn stop_waiting(&self) {
        self.stopping.cancel();
    }

    /// Every route of the service.
    pub fn routes(self: &Arc<Self>, service: &mut ServiceConfig) {
        service.app_data(web::Data::from(Arc::clone(self)));
        service.service(
            web::resource("/v1/assignments/{person}")
                .route(web::put().to(assignments::put))
                .route(web::delete().to(assignments::delete))
                .route(web::get().to(assignments::get))
                .default_service(others("DELETE, GET, PUT")),
        );
        service.service(
            web::resource("/v1/assignments/{person}/{word}")
                .route(web::post().to(admin::say))
                .default_service(others("POST")),
        );
        service
            .service(web::resource("/v1/assignments").route(web::get().to(admin::list)).default_service(others("GET")));
        service.service(
            web::resource("/v1/okta/events")
                .route(web::get().to(okta_events::verify))
                .route(web::post().to(okta_events::deliver))
                .default_service(others("GET, POST")),
        );
        service.service(
            web::resource("/v1/lineworks/token").route(web::post().to(token::hand_out)).default_service(others("POST")),
        );
        for (path, route) in [
            ("/v1/reconcile", web::post().to(reconcile::compare)),
            ("/v1/reconcile/apply", web::post().to(reconcile::apply)),
        ] {
            service.service(web::resource(path).route(route).default_service(others("POST")));
        }
        for (path, route) in [
            ("/v1/events", web::get().to(events::list)),
            ("/v1/members", web::get().to(members::list)),
            ("/metrics", web::get().to(scrape::metrics)),
        ] {
            service.service(web::resource(path).route(route).default_service(others("GET")));
        }
        // Some monitors ask with HEAD.
        let asked = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        for (path, route) in [("/livez", asked().to(health::live)), ("/readyz", asked().to(health::ready))] {
            service.service(web::resource(path).route(route).default_service(others("GET, HEAD")));
        }
        service.default_service(web::to(unknown_path));
    }

    /// Reads the body, as far as the limit and the time allow.
    async fn body(&self, request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, Problem> {
        let mut payload = payload;
        let payload = web::Payload::from_request(request, &mut payload).await;
        let payload = payload.map_err(|_| Problem::of(Code::BodyUnreadable))?;
        let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok());
        if declared.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
            return Err(too_large(limit));
        }
        match tokio::time::timeout(self.settings.request_timeout, payload.to_bytes_limited(limit)).await {
            Err(_) => Err(Problem::of(Code::RequestTimeout)),
            Ok(Err(_)) => Err(too_large(limit)),
            Ok(Ok(Err(_))) => Err(Problem::of(Code::BodyUnreadable)),
            Ok(Ok(Ok(body))) => Ok(body),
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::of(Code::PayloadTooLarge)
        .detail(format!("The limit is {limit} bytes."), format!("上限は {limit} バイトです。"))
}

/// The answer to every method but the allowed ones.
fn others(allowed: &'static str) -> Route {
    web::to(move || std::future::ready(Problem::method_not_allowed(allowed)))
}

async fn unknown_path() -> Problem {
    Problem::of(Code::NotFound)
}

/// The id that an answer and its log line share: the caller's own, when it is a decent one, else a new one.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    if let Some(known) = request.extensions().get::<RequestId>() {
        return known.0.clone();
    }
    let given = ["x-request-id", "x-okta-request-id"]
        .into_iter()
        .filter_map(|name| request.headers().get(name)?.to_str().ok())
        .find(|id| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    let id = given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    id
}

#[derive(Clone)]
struct RequestId(String);
