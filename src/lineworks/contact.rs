//! When LINE WORKS was last of use, and what went wrong last: what `/readyz` and the admin page show.
//!
//! Both the token endpoint and the API report here. An answer about one person (refused, not found, a pause asked
//! for) is good contact; no answer, nonsense and refused credentials are not.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::ApiError;

/// What the last contacts with LINE WORKS were.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactStatus {
    /// When LINE WORKS last answered as it should.
    pub last_success: Option<Timestamp>,
    /// When and why it last did not. Older than `last_success`: it is over.
    pub last_failure: Option<(Timestamp, Reason)>,
}

/// Takes note of contacts.
#[derive(Debug, Default)]
pub(crate) struct Contact(Mutex<ContactStatus>);

impl Contact {
    pub(crate) fn status(&self) -> ContactStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn succeeded(&self, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last_success = Some(at);
    }

    pub(crate) fn failed(&self, at: Timestamp, reason: Reason) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last_failure = Some((at, reason));
    }

    /// Takes note of a call that did not simply succeed.
    pub(crate) fn ended(&self, at: Timestamp, error: &ApiError) {
        match error {
            ApiError::TryLater { reason, .. } | ApiError::Unclear(reason)
                if !matches!(reason.cause, Cause::RateLimited | Cause::NoSeatLeft) =>
            {
                self.failed(at, reason.clone());
            }
            ApiError::Refused(reason) if matches!(reason.cause, Cause::ScopeMissing | Cause::AccountNotAllowed) => {
                self.failed(at, reason.clone());
            }
            ApiError::TryLater { .. } | ApiError::Unclear(_) | ApiError::ReadAgain(_) | ApiError::Refused(_) => {
                self.succeeded(at);
            }
            ApiError::Blocked(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_a_person_is_good_contact_and_refused_credentials_are_not() {
        let contact = Contact::default();
        let at = Timestamp::UNIX_EPOCH;
        contact.ended(at, &ApiError::Refused(Reason::of(Cause::LineWorksRefused)));
        assert_eq!(contact.status(), ContactStatus { last_success: Some(at), last_failure: None });
        contact.ended(at, &ApiError::Refused(Reason::of(Cause::ScopeMissing)));
        assert_eq!(contact.status().last_failure, Some((at, Reason::of(Cause::ScopeMissing))));
        contact.ended(at, &ApiError::Unclear(Reason::of(Cause::LineWorksUnreachable)));
        assert_eq!(contact.status().last_failure, Some((at, Reason::of(Cause::LineWorksUnreachable))));
    }
}
