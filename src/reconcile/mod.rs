//! Okta's assignments against LINE WORKS' members: what is missing, extra, different or unmanaged.
//!
//! `run` reads the three sides (Okta or an export of it, the ledger, LINE WORKS) to their ends and `compare` compares
//! them; nothing changes. What an operator then chooses is applied as events in the usual order (`apply`): whoever is
//! worked on is read again first, with all the caps and holds there are. If one side cannot be read to its end, nothing
//! is compared: whom a torn list lacks is not missing.

mod apply;
mod books;
pub mod compare;
pub mod export;
pub mod finding;
mod run;

#[cfg(test)]
mod compare_tests;

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::profile::ProfileRules;
use crate::ledger::duty::{self, Held};
use crate::ledger::{Store, StoreError};
use crate::lineworks::MemberApi;
use crate::metrics::Metrics;
use crate::okta::client::OktaClient;
use crate::okta::mapping::Mapping;
use compare::Judgement;

pub use apply::{Applied, Apply, ApplyError, Change, Truth};
pub use run::{Failure, Input, Line, Phase, Progress};

/// The name of the duty.
const DUTY: &str = "reconcile";

/// What a comparison works with.
pub struct Reconcile {
    /// The ledger.
    pub store: Arc<dyn Store>,
    /// LINE WORKS.
    pub members: Arc<dyn MemberApi>,
    /// Okta; none: the people come from an export.
    pub okta: Option<Arc<OktaClient>>,
    /// How a person becomes a wish.
    pub mapping: Arc<Mapping>,
    /// What a profile must have.
    pub rules: ProfileRules,
    /// What is right.
    pub judgement: Judgement,
    /// The time.
    pub clock: Clock,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
}

impl Reconcile {
    /// The right to compare: one comparison at a time for all replicas; none while another one runs.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn begin(&self) -> Result<Option<Held>, StoreError> {
        duty::hold(&self.store, &self.clock, DUTY).await
    }
}
