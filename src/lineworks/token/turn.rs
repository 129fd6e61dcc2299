//! One replica asks for the next token; the others wait for what becomes of it.
//!
//! Whoever has the turn looks into the vault again before it asks, since another replica may just have put a token there,
//! or a failure. The turn is given back afterwards; when its holder dies it ends by itself and the next one goes on. While a
//! shared ledger is away nobody asks: each replica would ask for itself, and no call to LINE WORKS starts without the ledger.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep, timeout};

use super::{State, TokenCache};
use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::access_token::AccessToken;
use crate::lineworks::grant::TokenError;
use crate::lineworks::shelf::{Turns, VAULT_PATIENCE};

/// How often it is looked whether the other one has a token.
const LOOK: Duration = Duration::from_millis(100);
/// How much longer than the request the turn lasts: the time to put the token into the vault.
const KEEPING: Duration = Duration::from_secs(6);
/// When to come again if the other one has no token yet.
const AGAIN: Duration = Duration::from_secs(1);

impl TokenCache {
    /// Asks for a token and keeps it, or takes what another replica got meanwhile.
    pub(super) async fn ask_in_turn(
        &self,
        state: &mut State,
        now: Timestamp,
        entered: Instant,
        fits: &(dyn Fn(&AccessToken) -> bool + Sync),
    ) -> Result<AccessToken, TokenError> {
        let Some(turns) = self.shelf.turns() else {
            let token = self.ask(state, now).await?;
            self.keep(&token).await;
            return Ok(token);
        };
        let deadline = entered + self.settings.timeout;
        while let Err(why) = self.take_turn(turns).await {
            if Instant::now() >= deadline {
                return Err(why);
            }
            sleep(LOOK).await;
            if let Some(kept) = self.kept(state, fits).await {
                return Ok(kept);
            }
        }
        let waited = SignedDuration::try_from(entered.elapsed()).unwrap_or_default();
        let outcome = self.in_turn(state, now.saturating_add(waited).unwrap_or(now), fits, turns).await;
        if timeout(VAULT_PATIENCE, turns.give_back()).await.is_err() {
            tracing::debug!("the turn to ask for an access token ends by itself");
        }
        outcome
    }

    async fn in_turn(
        &self,
        state: &mut State,
        now: Timestamp,
        fits: &(dyn Fn(&AccessToken) -> bool + Sync),
        turns: &dyn Turns,
    ) -> Result<AccessToken, TokenError> {
        if let Some(kept) = self.kept(state, fits).await {
            return Ok(kept);
        }
        let told = self.shelf.load_failure(&self.credentials).await;
        if let Some(failure) = told.filter(|failure| self.is_recent(failure, now)) {
            let error = failure.1.clone();
            state.failure = Some(failure);
            return Err(error);
        }
        match self.ask(state, now).await {
            // A process that slept while it asked lost its turn: the vault has a newer token by now, or will have.
            Ok(token) => {
                if matches!(timeout(VAULT_PATIENCE, turns.take(KEEPING)).await, Ok(Ok(false))) {
                    tracing::warn!(purpose = self.settings.purpose, "another replica asked for a token meanwhile");
                } else {
                    self.keep(&token).await;
                }
                Ok(token)
            }
            Err(error) => {
                if let Some(failure) = &state.failure {
                    self.shelf.keep_failure(failure, &self.credentials).await;
                }
                Err(error)
            }
        }
    }

    /// Takes the turn; else says what to answer if there is no time left.
    async fn take_turn(&self, turns: &dyn Turns) -> Result<(), TokenError> {
        let lease = self.settings.timeout + KEEPING;
        let (cause, detail) = match timeout(VAULT_PATIENCE, turns.take(lease)).await {
            Ok(Ok(true)) => return Ok(()),
            Ok(Ok(false)) => {
                (Cause::LineWorksUnreachable, "another replica asks for the access token, and has no answer yet")
            }
            Ok(Err(error)) => {
                tracing::warn!(error = %error.0, "no access token is asked for while the ledger is away");
                (Cause::LedgerUnavailable, "no access token is asked for meanwhile")
            }
            Err(_) => {
                tracing::warn!("no access token is asked for while the ledger does not answer");
                (Cause::LedgerUnavailable, "no access token is asked for meanwhile")
            }
        };
        Err(TokenError { reason: Reason::with(cause, detail), after: Some(AGAIN) })
    }
}
