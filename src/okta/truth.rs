//! What is true of one person, read from Okta just now.
//!
//! Events are only the reason to look. Somebody counts as unassigned only when Okta has just shown the very app as
//! active and does not show this person in it; everything else that is missing says nothing about the person.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::assignment::OktaStatus;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::Reason;
use crate::domain::profile::FieldError;

/// What Okta said about one person. Holds personal data.
#[derive(Clone, PartialEq)]
pub struct Observed {
    /// When Okta said so, on Okta's own clock (the answer's `Date`), so that it can be compared with `published`.
    pub at: Timestamp,
    /// Whether Okta shows the person at all. One who was deleted, and perhaps one whom the admin role does not cover, is
    /// not shown: then the rest says what would be true of somebody who was deleted.
    pub is_shown: bool,
    /// Whether the person has the app.
    pub assigned: bool,
    /// The person's status.
    pub status: OktaStatus,
    /// The wished attributes as the mapping makes them: a `user` object in the words of the LINE WORKS Directory API,
    /// not checked yet; or the fields the mapping cannot make. None when the person is not assigned.
    pub user: Option<Result<Value, Vec<FieldError>>>,
}

/// Why Okta could not be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Unread {
    /// It does not answer, is limiting us, or answers nonsense: later, after this long at least, if it said so.
    TryLater {
        /// Why.
        reason: Reason,
        /// How long Okta asked us to wait.
        after: Option<Duration>,
    },
    /// What it says of the app or of our own rights makes its word about any person worthless: everybody waits, and an
    /// alarm says why.
    Untrusted {
        /// Why; its advice says what a human must do.
        reason: Reason,
        /// When it is tried again.
        after: Duration,
    },
}

/// Whoever can say what is true.
pub trait Truth: Send + Sync {
    /// Asks Okta for one person. Never answers from memory.
    fn read<'a>(&'a self, person: &'a OktaUserId) -> BoxFuture<'a, Result<Observed, Unread>>;

    /// Why nobody's truth can be had at the moment, if so: until the next try is due, nobody need be claimed.
    fn paused(&self) -> Option<Reason>;
}
