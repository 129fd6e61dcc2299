//! Makes LINE WORKS match the wishes: claims people who are due and runs each one to its end.
//!
//! `worker` is the claim loop, `person` one run for one person, with its parts `ownership` (whose the member is), `step`
//! (one step) and `ending`; `gate` is what every call passes on its way out, `placing`, `groups` and `first_password` what
//! is particular to those, `truth` what Okta says of the person, `retry` when to come again, `pause` what nobody tries for a while, `absent`
//! how loudly is said whom Okta does not show. Nothing here but the last is remembered between runs: what a run must know is in the ledger.

mod absent;
mod ending;
mod first_password;
mod gate;
mod groups;
mod ownership;
mod pause;
mod person;
mod placing;
mod retry;
mod step;
mod truth;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::domains::Domains;
use crate::domain::key::KeyTemplate;
use crate::domain::policy::Policy;
use crate::domain::profile::ProfileRules;
use crate::handover::Handover;
use crate::ledger::pauses::Pauses;
use crate::ledger::{Limits, Store};
use crate::lineworks::MemberApi;
use crate::metrics::Metrics;
use crate::okta::truth::Truth;

pub use retry::Backoff;

/// How the work is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// People worked on at the same time.
    pub workers: usize,
    /// The administrator's decisions.
    pub policy: Policy,
    /// The domains members live in.
    pub domains: Domains,
    /// What a profile must have; the doors' own rules.
    pub rules: ProfileRules,
    /// Whether the LINE WORKS domain signs in through an identity provider.
    pub sso: bool,
    /// The external key of a member of ours.
    pub key: KeyTemplate,
    /// How calls are spread over time.
    pub limits: Limits,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// When to come again after a transient failure.
    pub backoff: Backoff,
    /// How long the history is kept.
    pub keep_history: Duration,
    /// Whether new members get a first password made here.
    pub makes_passwords: bool,
    /// Where a waiting card's call gets that password, if it may have it.
    pub handover: Option<Arc<Handover>>,
    /// Where calls and runs are counted.
    pub metrics: Arc<Metrics>,
}

impl Settings {
    /// How long a lease lasts from its last call: several calls' time, so that no call outlasts it.
    fn lease(&self) -> Duration {
        (self.call_timeout * 4).max(Duration::from_secs(30))
    }
}

/// The workers.
pub struct Converge {
    store: Arc<dyn Store>,
    members: Arc<dyn MemberApi>,
    truth: Option<Arc<dyn Truth>>,
    settings: Settings,
    clock: Clock,
    pauses: Arc<Pauses>,
    absent: absent::Absent,
}

impl Converge {
    /// Workers over this ledger and this LINE WORKS. Without `truth` the facts are what events carry. `pauses` is what all
    /// parts of the process, and the other replicas, wait for.
    pub fn new(
        store: Arc<dyn Store>,
        members: Arc<dyn MemberApi>,
        truth: Option<Arc<dyn Truth>>,
        settings: Settings,
        clock: Clock,
        pauses: Arc<Pauses>,
    ) -> Self {
        Self { store, members, truth, settings, clock, pauses, absent: absent::Absent::default() }
    }
}
