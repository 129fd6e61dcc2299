//! Keeps the SCIM token alive and known: a task of its own beside the workers.
//!
//! It takes a new token from its file, probes with a harmless read (daily to keep the token from dying of disuse, every
//! minute while LINE WORKS refuses it), warns of its end, remembers its last use in the ledger, and lets the work go on
//! when the token is good again. It writes nothing to LINE WORKS.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::token::{Kept, Probing, ScimToken};
use super::{ScimSettings, one_page};
use crate::clock::Clock;
use crate::domain::outcome::Cause;
use crate::ledger::Store;
use crate::lineworks::api::Api;
use crate::lineworks::{ApiError, Blocked, CallRecord, Gate, Operation, Quota};

/// The ledger's name for what is remembered of the token.
const KEPT: &str = "scim_token";
/// How often the file is looked at, and everything else here.
const LOOK: Duration = Duration::from_secs(2);
/// A token is used once in this time at least; it dies after 90 days without.
const QUIET: SignedDuration = SignedDuration::from_hours(24);
/// How long one replica has to use the token, and to write that down, before another one does.
const TURN: Duration = Duration::from_secs(60);
/// How often the last use is written down.
const SAVE: SignedDuration = SignedDuration::from_hours(1);

/// The keeper of one token.
pub struct Keeper {
    token: Arc<ScimToken>,
    api: Api,
    clock: Clock,
    holder: String,
}

/// What the keeper did last, and when.
#[derive(Default)]
struct Rounds {
    probed: Option<Timestamp>,
    saved: Option<(Kept, Timestamp)>,
}

impl Keeper {
    /// A keeper that probes where the backend works.
    pub fn new(settings: ScimSettings, token: Arc<ScimToken>, http: reqwest::Client, clock: Clock) -> Self {
        let probing = Arc::new(Probing(Arc::clone(&token)));
        let api = Api::new(settings.api_url, settings.call_timeout, probing, http, clock.clone());
        Self { token, api, clock, holder: uuid::Uuid::new_v4().to_string() }
    }

    /// Reads one user, whoever it is: the least that uses the token.
    ///
    /// # Errors
    /// As any read.
    pub async fn probe(&self) -> Result<(), ApiError> {
        self.api.call(&Open, &one_page(self.api.base())).await.map(|_| ())
    }

    /// Works until `stopping` is cancelled.
    pub async fn run_until(self, store: Arc<dyn Store>, stopping: CancellationToken) {
        self.recall(&store).await;
        let mut rounds = Rounds::default();
        while !stopping.is_cancelled() {
            let moved = self.clock.moved();
            tokio::select! {
                () = stopping.cancelled() => break,
                () = self.look(&mut rounds, &store) => {}
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = moved => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.remember(&mut rounds, &store, SignedDuration::ZERO).await;
        if let Err(error) = store.release_duty(KEPT, &self.holder).await {
            tracing::debug!(%error, "the turn to use the SCIM token ends by itself");
        }
    }

    async fn look(&self, rounds: &mut Rounds, store: &Arc<dyn Store>) {
        let token = Arc::clone(&self.token);
        let is_new = tokio::task::spawn_blocking(move || token.read_again()).await.unwrap_or(false);
        let now = self.clock.now();
        let last = rounds.probed.max(self.token.last_use());
        let is_quiet = last.is_none_or(|last| now.duration_since(last) >= QUIET);
        let is_quiet = is_quiet && self.is_quiet_everywhere(store, now).await;
        if is_new || is_quiet || self.token.may_probe(now).await {
            rounds.probed = Some(now);
            let worked = self.probe().await.is_ok();
            // Another replica may have waited with another token: whom it let wait this one can help.
            if worked && (self.token.resume(now).await || is_new) {
                release(store, self.clock.now()).await;
            }
        }
        if self.token.would_warn(now) {
            // Another replica may have said it.
            self.recall(store).await;
        }
        self.token.warn_of_the_end(self.clock.now());
        self.remember(rounds, store, SAVE).await;
    }

    /// Whether no other replica has used the token either, and it is this one that does.
    async fn is_quiet_everywhere(&self, store: &Arc<dyn Store>, now: Timestamp) -> bool {
        let turn = store.take_duty(KEPT, &self.holder, now, TURN).await;
        if matches!(turn, Ok(false)) {
            return false;
        }
        self.recall(store).await;
        self.token.last_use().is_none_or(|last| now.duration_since(last) >= QUIET)
    }

    async fn recall(&self, store: &Arc<dyn Store>) {
        match store.load(KEPT).await {
            Ok(kept) => {
                if let Some(kept) = kept.and_then(|kept| serde_json::from_slice(&kept).ok()) {
                    self.token.recall(&kept);
                }
            }
            Err(error) => tracing::warn!(%error, "the last use of the SCIM token cannot be read"),
        }
    }

    /// Writes down what there is to know, at most once in `every`.
    async fn remember(&self, rounds: &mut Rounds, store: &Arc<dyn Store>, every: SignedDuration) {
        let now = self.clock.now();
        let Some(kept) = self.token.to_keep() else { return };
        let is_known = rounds
            .saved
            .as_ref()
            .is_some_and(|(known, at)| *known == kept || (known.is_like(&kept) && now.duration_since(*at) < every));
        if is_known {
            return;
        }
        // A later use by another replica stays.
        self.recall(store).await;
        let Some(kept) = self.token.to_keep() else { return };
        match store.save(KEPT, serde_json::to_vec(&kept).unwrap_or_default(), now).await {
            Ok(()) => rounds.saved = Some((kept, now)),
            Err(error) => tracing::warn!(%error, "the last use of the SCIM token cannot be written down"),
        }
    }
}

/// Those who wait for the token are due now.
async fn release(store: &Arc<dyn Store>, now: Timestamp) {
    match store.release_waiting(Cause::ScimTokenRefused, usize::MAX, now).await {
        Ok(people) => tracing::info!(people, "the work that waited for the SCIM token goes on"),
        Err(error) => tracing::error!(%error, "those who wait for the SCIM token are taken up later"),
    }
}

/// A gate that is always open: the keeper has no person, no lease and no step, and one call a minute at most.
struct Open;

impl Gate for Open {
    fn pass(&self, _: Operation) -> BoxFuture<'_, Result<(), Blocked>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn finished(&self, _: CallRecord, _: Option<Quota>) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
