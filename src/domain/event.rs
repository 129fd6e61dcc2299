//! What happened, and when: the immutable events from which every wish is made.
//!
//! An event never becomes a job. It is received by the person's assignment (see `heads`), which
//! keeps the newest word per fact, and is kept as history.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{EventKey, OktaUserId};
use super::profile::{FieldError, Profile};

/// How far ahead of our clock an occurrence may lie: clocks differ by that much, time zones by more.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The door an event came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A card of an Okta Workflows flow, or anything else that calls `/v1/assignments`.
    Card,
    /// An Okta event hook.
    Hook,
    /// Okta's System Log, read by catch-up.
    SystemLog,
    /// A comparison of Okta's list of the app's users with the ledger, made by catch-up.
    Sweep,
    /// A comparison of Okta with LINE WORKS.
    Reconcile,
    /// An administrator's word.
    Operator,
    /// Okta itself, when it was asked.
    Okta,
    /// The door that hands out access tokens; its events are about nobody.
    Broker,
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The person has the app.
    Assigned,
    /// The person lost the app.
    Unassigned,
    /// The person is suspended in Okta.
    Suspended,
    /// The person can sign in to Okta, again or for the first time.
    Activated,
    /// The person is deactivated in Okta, or about to be deleted there.
    Deactivated,
    /// Something about the person changed: a reason to look, with or without a profile.
    Changed,
    /// An operator wants the assignment looked at again.
    Retry,
    /// An operator lets the held steps pass.
    Approve,
    /// An operator refuses the held steps.
    Reject,
}

impl EventKind {
    /// Whether it says who has the app. Only such an event makes an assignment for somebody who has none.
    pub fn is_membership(self) -> bool {
        matches!(self, EventKind::Assigned | EventKind::Unassigned)
    }
}

/// What happens to the member when the person loses the app.
///
/// Ordered by severity, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnassignPolicy {
    /// Suspend, and leave it there.
    Suspend,
    /// Suspend, and delete after the configured delay.
    SuspendThenDelete,
    /// Delete at once. LINE WORKS throws the member's talk data away at that moment.
    Delete,
}

/// The attributes an event carries: usable, or refused with every bad field named.
#[derive(Debug, Clone, PartialEq)]
pub enum ProfileWish {
    /// A profile LINE WORKS can take.
    Valid(Profile),
    /// A profile that was refused; the fields are kept, their values are not.
    Refused {
        /// The bad fields.
        fields: Vec<FieldError>,
        /// It was made from a hook's names.
        thin: bool,
    },
}

impl ProfileWish {
    /// The usable profile, if it is one.
    pub fn valid(&self) -> Option<&Profile> {
        match self {
            ProfileWish::Valid(profile) => Some(profile),
            ProfileWish::Refused { .. } => None,
        }
    }

    /// How much this says: a thin profile (made from a hook's names) less than a card's.
    pub fn weight(&self) -> ProfileWeight {
        match self {
            ProfileWish::Valid(profile) if profile.is_thin() => ProfileWeight::Thin,
            ProfileWish::Refused { thin: true, .. } => ProfileWeight::Thin,
            ProfileWish::Valid(_) | ProfileWish::Refused { .. } => ProfileWeight::Full,
        }
    }
}

/// How much of a profile an event carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileWeight {
    /// No profile at all.
    None = 0,
    /// Only what a hook event knows: the app user name and the display name.
    Thin = 1,
    /// What a card was told to send.
    Full = 2,
}

/// Something that happened to one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whom it is about.
    pub person: OktaUserId,
    /// Its key; without one it cannot be recognised when it comes again.
    pub key: Option<EventKey>,
    /// What it says.
    pub kind: EventKind,
    /// The door it came through.
    pub source: Source,
    /// The name of the secret the caller showed.
    pub caller: String,
    /// When it occurred, in Okta's words: never the time of sending.
    pub occurred: Timestamp,
    /// When it reached us.
    pub arrived: Timestamp,
    /// The attributes it carries.
    pub profile: Option<ProfileWish>,
    /// The policy an unassignment asks for, when milder than the configured one.
    pub policy: Option<UnassignPolicy>,
}

impl Event {
    /// How much of a profile the event carries.
    pub fn weight(&self) -> ProfileWeight {
        self.profile.as_ref().map_or(ProfileWeight::None, ProfileWish::weight)
    }
}

/// What became of an event when it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is the newest word on at least one fact.
    New,
    /// It is newest, and another event of the very same moment said otherwise: the later arrival won.
    EqualTime,
    /// A newer word was known already. The assignment is looked at again all the same.
    Superseded,
    /// It came before and said no more then; nothing changed.
    Duplicate,
    /// It came before, but carries a profile or a policy now that it lacked then.
    Merged,
    /// It says nothing this program acts on.
    Ignored,
}

impl Verdict {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::New => "new",
            Verdict::EqualTime => "equal_time",
            Verdict::Superseded => "superseded",
            Verdict::Duplicate => "duplicate",
            Verdict::Merged => "merged",
            Verdict::Ignored => "ignored",
        }
    }

    /// Whether the event said something new about its person.
    pub fn changes_facts(self) -> bool {
        match self {
            Verdict::New | Verdict::EqualTime | Verdict::Merged => true,
            Verdict::Superseded | Verdict::Duplicate | Verdict::Ignored => false,
        }
    }
}

/// What the sender is told of an event that is safely stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub verdict: Verdict,
    /// The assignment's revision that includes it.
    pub revision: u64,
    /// Okta's System Log told of it before, and this is the first copy from a door: it was late, not lost.
    pub late: bool,
}
