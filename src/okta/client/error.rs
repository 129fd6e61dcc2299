//! Why Okta did not answer as it should, as "what do we do next".

use std::time::Duration;

use crate::domain::outcome::{Cause, Reason};
use crate::okta::truth::Unread;

/// A refusal a human must end is asked about again after this long.
pub(crate) const REFUSAL_PAUSE: Duration = Duration::from_secs(60);

/// A request that did not simply succeed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", said_of(self.reason()))]
pub enum OktaError {
    /// It passes by itself: no answer, a fault of Okta's, a rate limit, nonsense.
    TryLater {
        /// Why.
        reason: Reason,
        /// How long to wait at least, if that is known.
        after: Option<Duration>,
    },
    /// Okta does not let this program in, or not this far: a human must change something, for everybody alike.
    Untrusted {
        /// Why; its advice says what to do.
        reason: Reason,
        /// When it is worth another try.
        after: Duration,
    },
    /// Okta understood and refused this very request; the same request is refused again.
    Refused {
        /// Why.
        reason: Reason,
        /// What Okta said.
        said: Box<Said>,
    },
}

/// Title, advice and detail in one line.
fn said_of(reason: &Reason) -> String {
    let advice = reason.cause.english();
    let detail = reason.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{} {}{detail}", advice.title, advice.todo)
}

/// What Okta said in an error (Okta API, the Error object).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The HTTP status; 0 where nothing was asked because it must not be.
    pub status: u16,
    /// Okta's `errorCode`, such as `E0000053`; the only part that is stable.
    pub code: Option<String>,
    /// Okta's `errorId`, which its support asks for.
    pub id: Option<String>,
    /// The texts (`errorSummary` and those of `errorCauses`), without e-mail addresses. Not for the log: they may name
    /// people.
    pub text: Option<String>,
}

impl OktaError {
    /// Why, whatever is to be done about it.
    pub fn reason(&self) -> &Reason {
        match self {
            OktaError::TryLater { reason, .. }
            | OktaError::Untrusted { reason, .. }
            | OktaError::Refused { reason, .. } => reason,
        }
    }

    /// Whether the System Log refused `since` because it lies too far back (`E0000053`; 180 days).
    pub fn is_since_too_old(&self) -> bool {
        matches!(self, OktaError::Refused { said, .. } if said.code.as_deref() == Some("E0000053"))
    }

    /// Okta does not answer, or not as it should.
    pub(crate) fn unreachable(detail: impl Into<String>, after: Option<Duration>) -> Self {
        OktaError::TryLater { reason: Reason::with(Cause::OktaUnreachable, detail), after }
    }

    /// Okta asks for a pause, or would soon.
    pub(crate) fn limited(detail: impl Into<String>, after: Duration) -> Self {
        OktaError::TryLater { reason: Reason::with(Cause::OktaRateLimited, detail), after: Some(after) }
    }

    /// A human must change something.
    pub(crate) fn untrusted(cause: Cause, detail: impl Into<String>) -> Self {
        OktaError::Untrusted { reason: Reason::with(cause, detail), after: REFUSAL_PAUSE }
    }

    /// A request that is not sent, because its address is none of the org's.
    pub(crate) fn astray(detail: impl Into<String>) -> Self {
        OktaError::Refused { reason: Reason::with(Cause::OktaUnreachable, detail), said: Box::default() }
    }
}

impl From<OktaError> for Unread {
    /// A refused read says nothing about the person either: later.
    fn from(error: OktaError) -> Self {
        match error {
            OktaError::TryLater { reason, after } => Unread::TryLater { reason, after },
            OktaError::Untrusted { reason, after } => Unread::Untrusted { reason, after },
            OktaError::Refused { reason, .. } => Unread::TryLater { reason, after: Some(REFUSAL_PAUSE) },
        }
    }
}
