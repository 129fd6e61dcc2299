//! What the ledger remembers of one person, as it is shown: the events that came in and the runs that were made.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::learnt::Learnt;
use crate::domain::outcome::Reason;
use crate::domain::step::StepKind;
use crate::lineworks::CallRecord;

/// One step of a run, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What was done.
    pub step: StepKind,
    /// How it ended: `done`, `unclear`, `refused`, `later`, `read_again`.
    pub outcome: String,
    /// The properties an update sent; the group that was joined or left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What Okta said in a run, as the history keeps it: words, and nothing about the person beyond them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaRecord {
    /// When, on Okta's clock.
    pub read_at: Timestamp,
    /// Whether the person has the app: `assigned` or `unassigned`.
    pub membership: String,
    /// The person's status: `active`, `suspended` or `deactivated`; `not_shown` of somebody Okta does not show at all.
    pub status: String,
}

impl From<&Learnt> for OktaRecord {
    fn from(learnt: &Learnt) -> Self {
        let membership = if learnt.assigned { "assigned" } else { "unassigned" };
        let status = if learnt.is_shown { learnt.status.as_str() } else { "not_shown" };
        Self { read_at: learnt.at, membership: membership.to_owned(), status: status.to_owned() }
    }
}

/// One event, as the history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// Its number; later ones have higher numbers.
    #[serde(skip)]
    pub number: i64,
    /// The kind, or Okta's event type for an ignored one.
    pub kind: String,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The door.
    pub source: String,
    /// The name of the caller's secret.
    pub caller: String,
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// What became of it.
    pub verdict: String,
    /// The revision it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// How often it came.
    pub times_seen: u64,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One run, as the history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// The revision it worked on.
    pub revision: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The state it left.
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What Okta said, each time it was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub okta: Vec<OktaRecord>,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// The calls.
    pub calls: Vec<CallRecord>,
}

/// One person's history, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct History {
    /// What happened in Okta.
    pub events: Vec<EventRecord>,
    /// What was done in LINE WORKS.
    pub attempts: Vec<AttemptRecord>,
}
