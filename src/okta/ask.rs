//! The truth about one person, from the org's own API: assignment, status and attributes.
//!
//! Which words of Okta's mean what is one table here and in `docs/okta.md`. That somebody is not in the app is believed
//! only after the very app has been seen active and the person's own record was not withheld: a wrong app id, a deleted
//! app and a narrowed admin role look just like an assignment that ended.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::client::{Dated, OktaClient, OktaError};
use super::mapping::Mapping;
use super::person::{AppUser, User};
use super::trust::{Standing, Trust};
use super::truth::{Observed, Truth, Unread};
use crate::clock::Clock;
use crate::domain::assignment::OktaStatus;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::{Cause, Reason};
use crate::ledger::pauses::Pauses;

/// How soon an app that is not there or not active is asked for again.
const APP_PAUSE: std::time::Duration = std::time::Duration::from_secs(60);

/// Asks one org about the people of one app.
pub struct AskOkta {
    client: Arc<OktaClient>,
    mapping: Arc<Mapping>,
    trust: Trust,
    clock: Clock,
}

impl AskOkta {
    /// Asks through this client; attributes are made by this mapping. `pauses` is what the whole fleet waits for.
    pub fn new(client: Arc<OktaClient>, mapping: Arc<Mapping>, clock: Clock, pauses: Arc<Pauses>) -> Self {
        Self { client, mapping, trust: Trust::sharing(pauses), clock }
    }

    /// How things stand with Okta, as far as people were asked about.
    pub fn standing(&self) -> Standing {
        self.trust.standing()
    }

    async fn ask(&self, person: &OktaUserId) -> Result<Observed, Unread> {
        let Dated { at, value } = match self.client.app_user(person).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.refused(person, error).await),
        };
        match value {
            Some(app_user) if is_assigned(&app_user.status) => self.assigned(at, app_user).await,
            ended => self.unassigned(at, person, ended.is_some()).await,
        }
    }

    async fn assigned(&self, at: Timestamp, mut app_user: AppUser) -> Result<Observed, Unread> {
        if app_user.user.is_none() {
            app_user.user = self.user(&app_user.id).await?;
        }
        let Some(user) = &app_user.user else {
            // Of a person who is gone there is no assignment either: one of the two answers is wrong.
            return Err(later("the person behind an assignment is not shown"));
        };
        let status = status(Some(&app_user), Some(user));
        Ok(Observed { at, is_shown: true, assigned: true, status, user: Some(self.mapping.user(&app_user)) })
    }

    /// Nobody is taken for unassigned before the app was seen active, after the assignment was seen missing, or ended
    /// where Okta still shows it.
    async fn unassigned(&self, at: Timestamp, person: &OktaUserId, is_ended: bool) -> Result<Observed, Unread> {
        match self.client.app().await? {
            None => return Err(untrusted(Cause::OktaAppNotFound, self.client.app_id().to_owned())),
            Some(app) if !app.is_active() => {
                let detail = format!("{}, status {}", app.id, clean(&app.status));
                return Err(untrusted(Cause::OktaAppInactive, detail));
            }
            Some(_) => {}
        }
        // A role that covers only some people is refused here, or shows nobody.
        let user = self.user(person).await?;
        let is_shown = is_ended || user.is_some();
        Ok(Observed { at, is_shown, assigned: false, status: status(None, user.as_ref()), user: None })
    }

    async fn user(&self, person: &OktaUserId) -> Result<Option<User>, Unread> {
        match self.client.user(person.as_str()).await {
            Ok(user) => Ok(user),
            Err(error) => Err(self.refused(person, error).await),
        }
    }

    /// Whom a refusal concerns. Where the app may be seen, and only one or two people may not, it is theirs: nobody else
    /// waits for them.
    async fn refused(&self, person: &OktaUserId, error: OktaError) -> Unread {
        if error.reason().cause != Cause::OktaRoleMissing {
            return error.into();
        }
        match self.client.app().await {
            Ok(Some(_)) if self.trust.is_theirs_alone(person) => {
                Unread::TryLater { reason: error.reason().clone(), after: Some(APP_PAUSE) }
            }
            _ => error.into(),
        }
    }
}

/// A word of Okta's, as far as it may be shown.
fn clean(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

fn untrusted(cause: Cause, detail: String) -> Unread {
    Unread::Untrusted { reason: Reason::with(cause, detail), after: APP_PAUSE }
}

fn later(detail: &str) -> Unread {
    Unread::TryLater { reason: Reason::with(Cause::OktaUnreachable, detail), after: None }
}

/// Whether a person with this status of the assignment has the app (Okta API, Application Users). A word Okta adds later
/// takes nothing away from anybody.
pub(crate) fn is_assigned(status: &str) -> bool {
    !matches!(status, "UNASSIGNED" | "DEPROVISIONED" | "REVOKED")
}

/// The person's status, as far as it matters to an account elsewhere (Okta API, Users and Application Users). Somebody who
/// is locked out, whose password is over or who has yet to sign in loses nothing. A user who is not there was deleted.
pub(crate) fn status(app_user: Option<&AppUser>, user: Option<&User>) -> OktaStatus {
    let of_user = user.map_or("DEPROVISIONED", |user| user.status.as_str());
    let of_assignment = app_user.map(|app_user| app_user.status.as_str());
    match (of_user, of_assignment) {
        ("DEPROVISIONED", _) => OktaStatus::Deactivated,
        ("SUSPENDED", _) | (_, Some("SUSPENDED" | "INACTIVE")) => OktaStatus::Suspended,
        _ => OktaStatus::Active,
    }
}

impl Truth for AskOkta {
    fn read<'a>(&'a self, person: &'a OktaUserId) -> BoxFuture<'a, Result<Observed, Unread>> {
        Box::pin(async move {
            let admission = self.trust.enter(|| self.clock.now()).await?;
            let answer = self.ask(person).await;
            self.trust.heard(&answer, self.clock.now()).await;
            drop(admission);
            answer
        })
    }

    fn paused(&self) -> Option<Reason> {
        self.trust.paused(self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn user(status: &str) -> User {
        User { id: "00uTARO".parse().expect("an id"), status: status.to_owned(), profile: Map::new() }
    }

    fn app_user(status: &str) -> AppUser {
        let id = "00uTARO".parse().expect("an id");
        AppUser { id, status: status.to_owned(), user_name: None, profile: Map::new(), user: None }
    }

    #[test]
    fn only_three_words_mean_that_the_app_is_gone() {
        let gone = ["UNASSIGNED", "DEPROVISIONED", "REVOKED"];
        let there = [
            "ACTIVE",
            "APPROVED",
            "IMPLICIT",
            "IMPORTED",
            "INACTIVE",
            "MATCHED",
            "PENDING",
            "PROVISIONED",
            "STAGED",
            "SUSPENDED",
            "SOMETHING_NEW",
            "",
        ];
        assert!(gone.iter().all(|status| !is_assigned(status)) && there.iter().all(|status| is_assigned(status)));
    }

    #[test]
    fn only_a_suspension_and_a_deactivation_take_away() {
        let seen = |user_status, app_status| status(Some(&app_user(app_status)), Some(&user(user_status)));
        let harmless = ["ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "STAGED", "PROVISIONED", "NEW_WORD"];
        for word in harmless {
            assert_eq!(seen(word, "ACTIVE"), OktaStatus::Active, "{word}");
            assert_eq!(seen(word, "SUSPENDED"), OktaStatus::Suspended, "{word}");
        }
        assert_eq!(seen("SUSPENDED", "ACTIVE"), OktaStatus::Suspended);
        assert_eq!(seen("ACTIVE", "INACTIVE"), OktaStatus::Suspended);
        assert_eq!(seen("DEPROVISIONED", "SUSPENDED"), OktaStatus::Deactivated);
        assert_eq!(status(None, None), OktaStatus::Deactivated, "deleted");
        assert_eq!(status(None, Some(&user("ACTIVE"))), OktaStatus::Active);
    }
}
