//! LINE WORKS as this program sees it: one trait, `MemberApi`, that every backend implements.
//!
//! A call goes through the `Gate` first (lease, pacing and, for a destructive step, the recorded intent), then over
//! HTTP, and comes back as "what do we do next". What an answer means is decided here; when to try again and what
//! to tell people is the worker's part.

mod access_token;
mod address;
mod answer;
mod api;
pub mod assertion;
pub mod backends;
mod bearer;
pub mod both;
mod contact;
pub mod credentials;
pub mod directory;
mod grant;
mod limits;
mod listing;
mod operation;
pub mod password;
mod places;
mod roll;
mod rotating;
pub mod rotation;
pub mod scim;
mod sealing;
mod shelf;
pub mod status;
pub mod token;
pub mod traps;
mod user_object;

pub(crate) use address::{segment, under};
pub(crate) use answer::clean;
pub(crate) use api::describe;
pub use api::http_client;
pub use contact::ContactStatus;
pub use grant::TokenError;
pub use operation::Operation;
pub use places::PlaceSettings;
pub use roll::{MemberPage, RollCursor};
pub(crate) use traps::of_lasting;

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{Difference, Profile};
use crate::domain::reference::Reference;
use crate::lineworks::status::Paused;

/// How long the effect of a call without an answer is waited for, from the moment it was given up.
pub fn echo(call_timeout: Duration) -> Duration {
    call_timeout * 2
}

/// The same for a call whose process died: it may just have begun, so first the time in which it would have been given up.
pub fn last_echo(call_timeout: Duration) -> Duration {
    call_timeout + echo(call_timeout)
}

/// Why the gate let a call not pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Blocked {
    /// The operation has no slot before this moment.
    Until(Timestamp),
    /// The lease on the person is lost: start nothing, record nothing.
    LeaseLost,
    /// The step is over the hourly cap.
    CapReached,
    /// The app is gone in Okta: nobody is suspended or deleted because of that.
    OktaAppGone,
    /// The ledger cannot be written at the moment.
    LedgerDown,
    /// The service is stopping.
    Stopping,
}

/// What LINE WORKS' rate-limit headers said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls left in the window.
    pub remaining: u32,
    /// Time until the window resets.
    pub reset: Duration,
}

/// One HTTP call, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// The operation.
    pub operation: Operation,
    /// The HTTP status; none when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// LINE WORKS' error code, if it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What every call passes on its way out, and reports to on its way back.
pub trait Gate: Send + Sync {
    /// Waits for a slot and makes sure the lease outlasts the call. Every single HTTP call passes here first.
    ///
    /// # Errors
    /// Says why no call may start now.
    fn pass(&self, operation: Operation) -> BoxFuture<'_, Result<(), Blocked>>;

    /// Takes note of a finished call and of what the rate-limit headers said.
    fn finished(&self, call: CallRecord, quota: Option<Quota>) -> BoxFuture<'_, ()>;
}

/// What is known to find a member by, tried in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct Hints<'a> {
    /// The member id the ledger remembers.
    pub member_id: Option<&'a MemberId>,
    /// The external key it should carry.
    pub external_key: Option<&'a ExternalKey>,
    /// The external key it was last seen with, when that differs.
    pub former_key: Option<&'a ExternalKey>,
    /// The login e-mail.
    pub email: Option<&'a str>,
}

/// Nothing of a person is known that LINE WORKS can be asked for: that nobody is found says nothing then.
pub(crate) fn nothing_to_find_by() -> ApiError {
    ApiError::Refused(Reason::of(Cause::LeaverNotFound))
}

/// What a member is created from.
#[derive(Debug, Clone, Copy)]
pub struct NewMember<'a> {
    /// The wish.
    pub profile: &'a Profile,
    /// The external key it will carry.
    pub key: &'a ExternalKey,
    /// The domain of the tenant it belongs to.
    pub domain_id: i64,
    /// Its first password, where this program makes one; `Debug` does not show it.
    pub password: Option<&'a SecretString>,
}

/// What to do about a call that did not simply succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The gate let it not pass; nothing was sent.
    Blocked(Blocked),
    /// It had no effect (or was a read): try later, not before `after` when LINE WORKS named a time.
    TryLater {
        /// Why.
        reason: Reason,
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// It may have had its effect: read before anything else.
    Unclear(Reason),
    /// It had no effect because the member is not what we thought (409, a duplicate, a wrong state): read and plan
    /// again. If that leads nowhere, a human must look at this reason.
    ReadAgain(Reason),
    /// Refused for good: a human must change something.
    Refused(Reason),
}

/// Calls to one LINE WORKS tenant, one member at a time. The caller holds the lease on the person.
pub trait MemberApi: Send + Sync {
    /// Finds the member; `None` when LINE WORKS shows none under any hint.
    ///
    /// # Errors
    /// Never `Unclear`: reading changes nothing.
    fn find<'a>(&'a self, hints: &'a Hints<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>>;

    /// The wish with every `name:…` in it replaced by the id LINE WORKS has for it.
    ///
    /// # Errors
    /// `Refused` when a name means nothing or more than one thing.
    fn resolve<'a>(
        &'a self,
        profile: &'a Profile,
        domain_id: i64,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Profile, ApiError>>;

    /// Creates the member. The answer's own picture of it is returned when it is complete.
    fn create<'a>(&'a self, new: NewMember<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>>;

    /// Changes what differs; the root external key goes with it where LINE WORKS wants it to.
    fn update<'a>(
        &'a self,
        id: &'a MemberId,
        difference: &'a Difference,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>>;

    /// Puts our external key on a member that exists already.
    fn adopt<'a>(
        &'a self,
        id: &'a MemberId,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>>;

    /// Suspends the member.
    fn suspend<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Lifts the suspension.
    fn resume<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Deletes the member; LINE WORKS can restore it for seven days, without its talk data.
    fn delete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Takes the deletion back.
    fn undelete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Members as LINE WORKS lists them, 100 at most; `cursor` is where a former page says that the next one begins.
    /// Nothing may be concluded from who is missing: lists lag behind, and an empty page may be a fault.
    fn list<'a>(
        &'a self,
        cursor: Option<&'a RollCursor>,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<MemberPage, ApiError>>;

    /// Puts the member into a group; one that is in it already is done.
    fn join_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Takes the member out of a group; one that is not in it is done.
    fn leave_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>>;

    /// The part of a profile this backend can carry, and the names of what it cannot.
    fn within_reach(&self, profile: &Profile) -> (Profile, Vec<String>) {
        (profile.clone(), Vec::new())
    }

    /// Why no call goes out at the moment, for anybody.
    fn paused(&self) -> Option<Paused> {
        None
    }
}
