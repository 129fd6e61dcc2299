//! What the sandbox remembers of its callers: the journal of calls, the violations, the counts.
//!
//! No bodies and no tokens are kept. Only a bounded number of entries stays, the counts go on.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// Entries of the journal and violations that are kept.
const KEPT: usize = 100_000;

/// One call as it went.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// Counts up from 1 in the order in which calls ended.
    pub(crate) n: u64,
    /// Arrival, on the sandbox's clock.
    pub(crate) at: Timestamp,
    /// None for a path that is no operation.
    pub(crate) operation: Option<&'static str>,
    pub(crate) method: String,
    pub(crate) path: String,
    /// None when the connection was closed, or the client had gone away.
    pub(crate) status: Option<u16>,
    pub(crate) member_id: Option<String>,
    pub(crate) external_key: Option<String>,
    pub(crate) duration_ms: u64,
    /// The rules it broke.
    pub(crate) rules: Vec<Rule>,
}

/// A rule that was broken.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) member: Option<String>,
    pub(crate) description: String,
    pub(crate) time: Timestamp,
}

/// The enum of rules, with the list of all of them.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident,)*) => {
        /// The rules whose breaking is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// Every one of them.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule,)*];
        }
    };
}

rules! {
    /// Two writes for one member in flight.
    Overlap,
    /// More calls than the window allows.
    Quota,
    /// A character the reference forbids.
    ForbiddenCharacter,
    /// A page of more than 100.
    CountOver100,
    /// The member was destroyed without grace.
    Forcedelete,
    /// The member in the path is not properly URL-encoded.
    NotUrlEncoded,
    /// `organizations` without the root `userExternalKey`, while that switch is on.
    NoRootExternalKey,
    /// Two writes of org units of one domain within a second, or at once.
    OrgUnitPace,
    /// A filter LINE WORKS does not have.
    UnsupportedFilter,
    /// A SCIM user that is not active from the start.
    InactiveOnCreate,
    /// Okta: a credential in the address of a call.
    OktaCredentialInUrl,
    /// Okta: a call without a `User-Agent`.
    OktaNoUserAgent,
    /// Okta: a token that is bound to a key, sent as Bearer.
    OktaBearerOfDpopToken,
    /// Okta: a call before the reset that a 429 named.
    OktaImpatient,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    journal: VecDeque<Entry>,
    calls: u64,
    violations: Vec<Violation>,
    violation_count: u64,
    /// Calls per operation.
    pub(crate) requests: BTreeMap<&'static str, u64>,
    /// Writes that took effect, per member id.
    pub(crate) writes: BTreeMap<String, u64>,
    /// Successful creates per e-mail.
    pub(crate) created: BTreeMap<String, u64>,
}

impl Records {
    /// Keeps a call; its number is given here.
    pub(crate) fn keep(&mut self, mut entry: Entry) {
        self.calls += 1;
        entry.n = self.calls;
        if self.journal.len() == KEPT {
            self.journal.pop_front();
        }
        self.journal.push_back(entry);
    }

    /// Keeps a violation.
    pub(crate) fn accuse(&mut self, violation: Violation) {
        tracing::warn!(
            rule = ?violation.rule,
            method = %violation.method,
            "a rule was broken: {}",
            violation.description
        );
        self.violation_count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(violation);
        }
    }

    /// Calls that ended after call number `n`.
    pub(crate) fn after(&self, n: u64) -> Vec<&Entry> {
        self.journal.iter().filter(|entry| entry.n > n).collect()
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub(crate) fn violation_count(&self) -> u64 {
        self.violation_count
    }

    /// Successful creates for one e-mail.
    pub(crate) fn created_count(&self, email: &str) -> u64 {
        self.created.get(email).copied().unwrap_or(0)
    }
}
