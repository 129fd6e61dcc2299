//! The administrator's decisions, as far as a plan follows them.
//!
//! Caps and pacing are no part of it: they are counted at the moment of a call, in the ledger.

use std::time::Duration;

use super::event::UnassignPolicy;
use super::reference::Reference;

/// When a member that exists already is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// Never.
    Never,
    /// When it carries no external key.
    WhenNoExternalKey,
    /// Also when it carries a key that no assignment of ours has.
    ReplaceForeignKey,
}

/// The administrator's decisions the plan follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// When a member that exists already is taken over.
    pub adopt: Adopt,
    /// Whether a new assignment lifts a suspension or deletion that somebody else decided.
    pub lift_foreign: bool,
    /// What a lost app means, unless a call chose a milder policy.
    pub unassign: UnassignPolicy,
    /// The delay between suspension and deletion.
    pub delete_after: Duration,
    /// E-mails, Okta user ids and member ids that are never suspended or deleted; the service account is one.
    pub protected: Vec<String>,
    /// The properties that are kept as wished after creation; none: all that a profile carries.
    pub managed_fields: Option<Vec<String>>,
    /// The groups members are put into.
    pub groups: GroupPolicy,
}

impl Policy {
    /// Whether this property of a member is kept as wished after creation.
    pub fn manages(&self, property: &str) -> bool {
        self.managed_fields.as_ref().is_none_or(|managed| managed.iter().any(|name| name == property))
    }
}

/// The groups this program may put members into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupPolicy {
    /// Everybody with the app is in these.
    pub everybody: Vec<Reference>,
    /// A profile may name these, and a member is taken out of them when it no longer does.
    pub managed: Vec<Reference>,
}
