//! The state of the fake Okta, and the one place where events are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use uuid::Uuid;

use super::access::Access;
use super::credentials::OktaCredentials;
use super::directory::Directory;
use super::event::{Draft, Event};
use super::hook::Hook;
use super::ids;
use super::log::Log;
use super::outbox::Outbox;
use super::rate::Rates;
use super::stats::Stats;
use super::switches::{OktaSwitches, TargetOrder};

/// Everything the fake Okta knows.
pub(crate) struct Org {
    pub(super) switches: OktaSwitches,
    pub(super) directory: Directory,
    pub(super) log: Log,
    pub(super) access: Access,
    pub(super) rates: Rates,
    pub(super) stats: Stats,
    /// By id.
    pub(super) hooks: BTreeMap<String, Hook>,
    pub(super) outbox: Outbox,
    /// Tells the sender that there is something to look at.
    pub(super) wake: Arc<Notify>,
    /// Decides by chance, the same way for the same seed.
    pub(super) chance: fastrand::Rng,
    credentials: OktaCredentials,
}

/// Events of one action, which have one transaction.
pub(super) struct Action {
    job: bool,
    transaction: String,
}

impl Action {
    /// An administrator or a call did it.
    pub(super) fn web() -> Self {
        Self { job: false, transaction: ids::secret(27) }
    }

    /// A background run did it.
    pub(super) fn job() -> Self {
        Self { job: true, transaction: ids::new("gam") }
    }
}

impl Org {
    /// An org with one app and nobody in it.
    pub(crate) fn new(credentials: OktaCredentials, now: Timestamp) -> Self {
        let switches = OktaSwitches::default();
        let mut org = Self {
            chance: fastrand::Rng::with_seed(switches.seed),
            switches,
            directory: Directory::default(),
            log: Log::default(),
            access: Access::new(&credentials),
            rates: Rates::default(),
            stats: Stats::default(),
            hooks: BTreeMap::new(),
            outbox: Outbox::default(),
            wake: Arc::default(),
            credentials,
        };
        org.seed_app(now);
        org
    }

    /// Forgets everything but the switches: people, events, tokens, hooks, keys that were issued later.
    pub(crate) fn reset(&mut self, now: Timestamp) {
        let (switches, wake) = (self.switches.clone(), self.wake.clone());
        *self = Self { wake, ..Self::new(self.credentials.clone(), now) };
        self.set_switches(switches);
    }

    /// Sets the switches; a new seed starts chance afresh.
    pub(super) fn set_switches(&mut self, switches: OktaSwitches) {
        self.chance = fastrand::Rng::with_seed(switches.seed);
        self.switches = switches;
    }

    fn seed_app(&mut self, now: Timestamp) {
        let id = self.credentials.app_id.clone();
        self.directory.apps.insert(id.clone(), super::change::new_app(id, "LINE WORKS".to_owned(), now));
    }

    /// Says yes in `percent` of 100 cases.
    pub(super) fn happens(&mut self, percent: u8) -> bool {
        percent > 0 && self.chance.u8(0..100) < percent
    }

    /// Writes the events of an action in the order given.
    pub(super) fn write(&mut self, now: Timestamp, action: &Action, drafts: Vec<Draft>) {
        for draft in drafts {
            self.write_late(now, now, action, draft);
        }
    }

    /// Writes the events of an action in any order, as when one departure ends many assignments.
    pub(super) fn write_in_any_order(&mut self, now: Timestamp, action: &Action, mut drafts: Vec<Draft>) {
        self.chance.shuffle(&mut drafts);
        self.write(now, action, drafts);
    }

    /// Writes one event that was published at one moment and is persisted at another, or later still.
    pub(super) fn write_late(&mut self, published: Timestamp, now: Timestamp, action: &Action, mut draft: Draft) {
        if let Some(targets) = &mut draft.targets {
            match self.switches.target_order {
                TargetOrder::Documented => {}
                TargetOrder::Reversed => targets.reverse(),
                TargetOrder::Shuffled => self.chance.shuffle(targets),
            }
        }
        let late = match self.happens(self.switches.log_late_percent) {
            true => SignedDuration::from_secs(i64::from(self.switches.log_late_seconds)),
            false => SignedDuration::ZERO,
        };
        let mut event = Event {
            seq: self.log.len() + 1,
            uuid: Uuid::new_v4().to_string(),
            published,
            persisted: now + late,
            hooks: Vec::new(),
            draft,
            job: action.job,
            transaction: action.transaction.clone(),
        };
        self.enqueue(&mut event);
        self.log.write(event);
    }
}
