//! The long-lived token of SCIM: a value or a file, its end, and the pause while LINE WORKS refuses it.
//!
//! It is issued by hand in the Developer Console, shown once, and dies 90 days after its last use (LINE WORKS docs,
//! scim-long-lived-token); nothing here can renew it. A refusal is nobody's fault whose member is worked on: every call
//! fails fast then, until the keeper's probe succeeds. The token is never logged; a fingerprint stands for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::expiry::{days_between, end_of, fingerprint, mark_before};
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::pauses::{Pauses, Topic};
use crate::lineworks::bearer::{Bearer, Bearers};
use crate::lineworks::contact::Contact;
use crate::lineworks::status::{Basis, Paused, ScimTokenStatus};
use crate::lineworks::{ApiError, ContactStatus};

/// Who runs into the pause comes again after a keeper has probed: one of the fleet does, as often as this.
const PAUSE: Duration = Duration::from_secs(60);

/// Reads the token anew from where it is kept.
///
/// # Errors
/// Why it cannot be read, in a line without the token.
pub type ReadToken = dyn Fn() -> Result<SecretString, String> + Send + Sync;

/// The token, shared by all who call SCIM.
pub struct ScimToken {
    file: Option<Arc<ReadToken>>,
    contact: Contact,
    pauses: Arc<Pauses>,
    state: Mutex<State>,
}

struct State {
    secret: SecretString,
    generation: u64,
    last_use: Option<Timestamp>,
    warned_at_days: Option<i64>,
    file_failed: bool,
}

/// What the ledger remembers of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    fingerprint: String,
    last_use_ms: i64,
    #[serde(default)]
    warned_at_days: Option<i64>,
}

impl Kept {
    /// Whether nothing but the last use is news.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.warned_at_days == other.warned_at_days
    }
}

impl std::fmt::Debug for ScimToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScimToken").field("in_a_file", &self.file.is_some()).finish_non_exhaustive()
    }
}

impl ScimToken {
    /// The token as it was configured; `file` reads it anew if it is in one.
    pub fn new(secret: SecretString, file: Option<Arc<ReadToken>>) -> Self {
        let state = State { secret, generation: 1, last_use: None, warned_at_days: None, file_failed: false };
        Self { file, contact: Contact::default(), pauses: Arc::default(), state: Mutex::new(state) }
    }

    /// The same, waiting and going on together with everybody who has these pauses.
    #[must_use]
    pub fn sharing(self, pauses: Arc<Pauses>) -> Self {
        Self { pauses, ..self }
    }

    /// The last contacts with SCIM.
    pub fn contact_status(&self) -> ContactStatus {
        self.contact.status()
    }

    /// How long the token lives, and whether it is refused.
    pub fn status(&self, now: Timestamp) -> ScimTokenStatus {
        let (expires_at, basis) = self.state().expiry();
        let days_left = expires_at.map(|end| days_between(now, end));
        ScimTokenStatus { expires_at, days_left, basis, refused_since: self.paused().map(|paused| paused.since) }
    }

    /// The pause of all work while the token is refused. A replica that has another one does not wait.
    pub fn paused(&self) -> Option<Paused> {
        let pause = self.pauses.get(Topic::ScimToken)?;
        let is_ours = pause.of.as_ref() == Some(&self.print());
        is_ours.then(|| Paused { reason: Reason::of(Cause::ScimTokenRefused), since: pause.since() })
    }

    /// Whether it is this process's turn to ask with the refused token.
    pub(super) async fn may_probe(&self, now: Timestamp) -> bool {
        self.paused().is_some() && self.pauses.try_now(Topic::ScimToken, now, PAUSE).await
    }

    fn print(&self) -> String {
        fingerprint(&self.state().secret)
    }

    /// Takes the token from its file if it is another one there; says whether it is. Blocks for the file.
    pub(super) fn read_again(&self) -> bool {
        let Some(file) = &self.file else { return false };
        match file() {
            Ok(secret) => self.replace(secret),
            Err(error) => {
                if !std::mem::replace(&mut self.state().file_failed, true) {
                    tracing::warn!(error, "the SCIM token cannot be read anew; going on with the one we have");
                }
                false
            }
        }
    }

    fn replace(&self, secret: SecretString) -> bool {
        let mut state = self.state();
        state.file_failed = false;
        if secret.expose_secret() == state.secret.expose_secret() {
            return false;
        }
        tracing::info!("another SCIM token is in the file; it is taken from now on");
        state.secret = secret;
        state.generation += 1;
        state.last_use = None;
        state.warned_at_days = None;
        true
    }

    /// Ends the pause; says whether there was one.
    pub(super) async fn resume(&self, now: Timestamp) -> bool {
        let ended = self.pauses.end(Topic::ScimToken, Some(&self.print()), now).await;
        if ended {
            tracing::info!("LINE WORKS accepts the SCIM token again; work goes on");
        }
        ended
    }

    /// When the token was last used, as far as is known.
    pub(super) fn last_use(&self) -> Option<Timestamp> {
        self.state().last_use
    }

    /// What to keep in the ledger; none before the first use.
    pub(super) fn to_keep(&self) -> Option<Kept> {
        let state = self.state();
        Some(Kept {
            fingerprint: fingerprint(&state.secret),
            last_use_ms: state.last_use?.as_millisecond(),
            warned_at_days: state.warned_at_days,
        })
    }

    /// Takes what the ledger kept, if it is about this very token and a later use of it.
    pub(super) fn recall(&self, kept: &Kept) {
        let mut state = self.state();
        let last_use = Timestamp::from_millisecond(kept.last_use_ms).ok();
        if kept.fingerprint == fingerprint(&state.secret) && state.last_use <= last_use {
            state.last_use = last_use;
            state.warned_at_days = kept.warned_at_days.or(state.warned_at_days);
        }
    }

    /// Whether there is something new to say of the end.
    pub(super) fn would_warn(&self, now: Timestamp) -> bool {
        let state = self.state();
        state.expiry().0.is_some_and(|end| state.is_news(mark_before(end, now)))
    }

    /// Warns when the end is near, once at each mark; says whether it did.
    pub(super) fn warn_of_the_end(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(end) = state.expiry().0 else { return false };
        let left = days_between(now, end);
        let mark = mark_before(end, now);
        let news = state.is_news(mark);
        state.warned_at_days = mark;
        if news {
            tracing::warn!(
                days_left = left,
                expires_at = %end,
                "the SCIM token ends soon; issue a new one in the LINE WORKS Developer Console (provisioning app, SCIM)"
            );
        }
        news
    }

    fn take(&self) -> Bearer {
        let state = self.state();
        let (secret, generation) = (state.secret.clone(), state.generation);
        Bearer { secret, generation, issued_at: Timestamp::MAX }
    }

    /// Whether another token than this one is there by now, in the file at the latest.
    fn has_another(&self, generation: u64) -> bool {
        self.read_again() || self.state().generation != generation
    }

    /// Stops all calls, with one line in the log.
    async fn pause(&self, reason: Reason, now: Timestamp) -> ApiError {
        let reason = Reason { cause: Cause::ScimTokenRefused, ..reason };
        if self.pauses.begin(Topic::ScimToken, &reason, Some(&self.print()), now, PAUSE).await {
            let advice = reason.cause.english();
            tracing::error!(detail = reason.detail, "{} {}", advice.title, advice.todo);
        }
        ApiError::TryLater { reason, after: Some(PAUSE) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_news(&self, mark: Option<i64>) -> bool {
        mark.is_some_and(|mark| self.warned_at_days.is_none_or(|warned| mark < warned))
    }

    fn expiry(&self) -> (Option<Timestamp>, Basis) {
        end_of(&self.secret, self.last_use)
    }
}

impl Bearers for ScimToken {
    fn bearer(&self, _: Timestamp) -> BoxFuture<'_, Result<Bearer, ApiError>> {
        Box::pin(async move {
            match self.paused() {
                Some(paused) => Err(ApiError::TryLater { reason: paused.reason, after: Some(PAUSE) }),
                None => Ok(self.take()),
            }
        })
    }

    fn refused<'a>(
        &'a self,
        bearer: &'a Bearer,
        once_more: bool,
        reason: Reason,
        now: Timestamp,
    ) -> BoxFuture<'a, Option<ApiError>> {
        Box::pin(async move {
            let worth_a_try = self.has_another(bearer.generation) && !once_more;
            if worth_a_try { None } else { Some(self.pause(reason, now).await) }
        })
    }

    fn may_grow<'a>(&'a self, _: &'a Bearer) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }

    fn accepted(&self, now: Timestamp) {
        self.state().last_use = Some(now);
        self.contact.succeeded(now);
    }

    fn contact(&self) -> &Contact {
        &self.contact
    }
}

/// The same token for the keeper's probe, which goes out also during the pause.
#[derive(Debug)]
pub(super) struct Probing(pub(super) Arc<ScimToken>);

impl Bearers for Probing {
    fn bearer(&self, _: Timestamp) -> BoxFuture<'_, Result<Bearer, ApiError>> {
        Box::pin(std::future::ready(Ok(self.0.take())))
    }

    fn refused<'a>(
        &'a self,
        bearer: &'a Bearer,
        once_more: bool,
        reason: Reason,
        now: Timestamp,
    ) -> BoxFuture<'a, Option<ApiError>> {
        self.0.refused(bearer, once_more, reason, now)
    }

    fn may_grow<'a>(&'a self, bearer: &'a Bearer) -> BoxFuture<'a, bool> {
        self.0.may_grow(bearer)
    }

    fn accepted(&self, now: Timestamp) {
        self.0.accepted(now);
    }

    fn contact(&self) -> &Contact {
        &self.0.contact
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
