//! The first password of a member that is created here: made for the create, handed to a waiting call, then forgotten.
//!
//! A create whose answer is lost may still have its effect. So the password stays in the person's box, a second try uses
//! the same one, and it is given out only when the member is seen and can have no other.

use secrecy::SecretString;

use super::person::Run;
use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::Profile;
use crate::lineworks::{ApiError, NewMember, password};

/// A password for one create.
struct FirstPassword {
    password: SecretString,
    /// It went out with an earlier create that had no clear outcome.
    was_sent: bool,
    /// An earlier create without a clear outcome may have carried another one.
    has_rival: bool,
}

impl Run<'_> {
    /// Creates the member, with a password where this program makes it.
    pub(super) async fn create(&self, profile: &Profile) -> Result<Option<Member>, ApiError> {
        let key = self.wanted_key.clone().map_err(ApiError::Refused)?;
        let first = self.first_password().await?;
        let password = first.as_ref().map(|first| &first.password);
        let new = NewMember { profile, key: &key, domain_id: self.domain_id, password };
        let outcome = self.create_with_a_seat(new).await;
        self.hand_over(first.as_ref(), &outcome).await;
        outcome
    }

    /// The password to create the member with, if this program makes it.
    async fn first_password(&self) -> Result<Option<FirstPassword>, ApiError> {
        if !self.settings.makes_passwords {
            return Ok(None);
        }
        let person = &self.assignment.person;
        if let Some(handover) = &self.settings.handover
            && let Some(password) = handover.pending(person).await
        {
            return Ok(Some(FirstPassword { password, was_sent: true, has_rival: false }));
        }
        let no_randomness = |_| ApiError::TryLater {
            reason: Reason::with(Cause::LineWorksFailing, "this machine has no randomness for a password"),
            after: None,
        };
        let password = password::generate().map_err(no_randomness)?;
        if let Some(handover) = &self.settings.handover {
            handover.put(person, &password).await;
        }
        let has_rival = self.assignment.marks.unclear_until.is_some();
        Ok(Some(FirstPassword { password, was_sent: false, has_rival }))
    }

    /// Decides from the create's outcome whether the password in the box is, may be or is not the member's.
    async fn hand_over(&self, first: Option<&FirstPassword>, outcome: &Result<Option<Member>, ApiError>) {
        let (Some(first), Some(handover)) = (first, &self.settings.handover) else { return };
        let person = &self.assignment.person;
        match outcome {
            Ok(_) => handover.confirm(person).await,
            Err(ApiError::Unclear(_)) if !first.has_rival => {}
            // This time nothing was done, but the earlier try may have been.
            Err(_) if first.was_sent => {}
            Err(_) => handover.discard(person).await,
        }
    }

    /// The member is there and ours: a password that still lies in the box went out with the create that made it.
    pub(super) async fn confirm_password(&self) {
        if let Some(handover) = &self.settings.handover {
            handover.confirm(&self.assignment.person).await;
        }
    }
}
