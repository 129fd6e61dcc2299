//! Everything the sandbox knows, under one lock: members, tokens, quota, faults, records, switches, clock.
//!
//! The lock is held for the length of one decision or one effect, never across a wait, so that effects happen whole and
//! one after the other however many calls are open.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::app::App;
use super::call::Call;
use super::clock::Clock;
use super::credentials::SandboxDomain;
use super::directory::Pace;
use super::faults::Faults;
use super::flight::Flights;
use super::groups::Groups;
use super::member::{Member, Members, View};
use super::okta::Org;
use super::placement::Placement;
use super::quota::Quota;
use super::records::{Records, Rule, Violation};
use super::reply::Refusal;
use super::route::Lookup;
use super::scim::token::ScimToken;
use super::switches::Switches;
use super::token::Tokens;

/// Where the sandbox listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https: Option<u16>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) flights: Flights,
    /// Writes to groups, kept apart so that the most writes for one member stays a number about members.
    pub(crate) group_flights: Flights,
    /// Where the sandbox listens.
    pub(crate) ports: Ports,
    /// Vendor calls under way.
    pub(crate) open_calls: Arc<AtomicU32>,
    /// Okta's calls under way.
    pub(crate) open_okta_calls: Arc<AtomicU32>,
    /// What the fake Okta calls its hooks with.
    pub(crate) okta_http: OnceLock<reqwest::Client>,
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn new(app: App, ports: Ports, switches: Switches, strict: bool) -> Self {
        let world = World {
            domain_id: app.credentials.domain_id,
            domains: app.credentials.domains.clone(),
            strict,
            switches,
            epoch: 0,
            clock: Clock::default(),
            members: Members::default(),
            groups: Groups::new(Clock::real_now()),
            tokens: Tokens::default(),
            scim_token: ScimToken::starting(&app.credentials.scim_token, Clock::real_now()),
            quota: Quota::default(),
            faults: Faults::default(),
            records: Records::default(),
            placement: Placement::default(),
            pace: Pace::default(),
            okta: Org::new(app.credentials.okta.clone(), Clock::real_now()),
        };
        Self {
            app,
            flights: Flights::default(),
            group_flights: Flights::default(),
            ports,
            open_calls: Arc::default(),
            open_okta_calls: Arc::default(),
            okta_http: OnceLock::new(),
            world: Mutex::new(world),
        }
    }

    /// The world as it is now: whoever's grace is over has gone.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = world.clock.now();
        world.members.sweep(now);
        world
    }
}

/// The state of the fake LINE WORKS.
pub(crate) struct World {
    /// The main domain's.
    pub(crate) domain_id: i64,
    /// All of the tenant's domains, the main one first.
    pub(crate) domains: Vec<SandboxDomain>,
    /// Refuse whatever is a violation.
    pub(crate) strict: bool,
    pub(crate) switches: Switches,
    /// Counts resets, so that what was under way before one has no effect after it.
    pub(crate) epoch: u64,
    pub(crate) clock: Clock,
    pub(crate) members: Members,
    pub(crate) groups: Groups,
    pub(crate) tokens: Tokens,
    pub(crate) scim_token: ScimToken,
    pub(crate) quota: Quota,
    pub(crate) faults: Faults,
    pub(crate) records: Records,
    pub(crate) placement: Placement,
    /// When org units were last written.
    pub(crate) pace: Pace,
    /// The fake Okta beside it.
    pub(crate) okta: Org,
}

impl World {
    /// Forgets everything but the switches and what members can be placed in.
    pub(crate) fn reset(&mut self) {
        self.epoch += 1;
        self.clock = Clock::default();
        self.members = Members::default();
        self.groups = Groups::new(self.clock.now());
        self.tokens = Tokens::default();
        self.scim_token.reset(self.clock.now());
        self.quota = Quota::default();
        self.faults = Faults::default();
        self.records = Records::default();
        self.pace = Pace::default();
        self.okta.reset(self.clock.now());
    }

    /// The domain a list is of: the one named, or the main one, which the app is registered in.
    pub(crate) fn asked_domain(&self, query: &HashMap<String, String>) -> Result<i64, Refusal> {
        match query.get("domainId") {
            None => Ok(self.domain_id),
            Some(text) => self
                .domains
                .iter()
                .map(|domain| domain.id)
                .find(|id| id.to_string() == *text)
                .ok_or_else(|| Refusal::invalid("domainId", "It is not a domain of the tenant.")),
        }
    }

    /// What members' answers are made with.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            placement: &self.placement,
            domains: &self.domains,
            protocol: self.switches.messenger_protocol,
            now: self.clock.now(),
        }
    }

    /// The member with this id, which was found a moment ago under the same lock.
    pub(crate) fn member(&self, user_id: &str) -> &Member {
        let member = self.members.find(&Lookup::Id(user_id.to_owned()));
        member.expect("the member was found a moment ago, under the same lock")
    }

    /// Records that a call broke a rule.
    pub(crate) fn accuse(&mut self, call: &Call, rule: Rule, lookup: Option<&Lookup>, text: &str) {
        let member = lookup.map(|lookup| match self.members.find(lookup) {
            Some(member) => member.user_id.clone(),
            None => match lookup {
                Lookup::Id(text) | Lookup::Email(text) | Lookup::ExternalKey(text) => text.clone(),
            },
        });
        call.breaks(rule);
        self.records.accuse(Violation {
            rule,
            method: call.method.clone(),
            path: call.path.clone(),
            member,
            description: text.to_owned(),
            time: self.clock.now(),
        });
    }

    /// The names one person goes by, for noticing overlaps: those of the member, if it exists, and what was sent.
    pub(crate) fn person(&self, lookups: &[Lookup]) -> Vec<String> {
        let mut keys = Vec::new();
        for lookup in lookups {
            keys.push(match lookup {
                Lookup::Id(id) => format!("id:{id}"),
                Lookup::Email(email) => format!("email:{}", email.to_lowercase()),
                Lookup::ExternalKey(key) => format!("externalKey:{key}"),
            });
            if let Some(member) = self.members.find(lookup) {
                keys.push(format!("id:{}", member.user_id));
                keys.push(format!("email:{}", member.email().to_lowercase()));
                keys.extend(member.external_key().map(|key| format!("externalKey:{key}")));
            }
        }
        keys.sort();
        keys.dedup();
        keys
    }
}
