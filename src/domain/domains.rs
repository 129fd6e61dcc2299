//! The domains of the LINE WORKS tenant, and which of them a login belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::profile::LoginEmail;

/// The domains of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domains {
    /// Everybody is in this one, whatever the e-mail.
    One(i64),
    /// The part of the e-mail after the `@` (lower case) decides.
    ByEmail(Arc<BTreeMap<String, i64>>),
    /// LINE WORKS finds it by the e-mail: the SCIM API carries no id.
    Unasked,
}

impl Domains {
    /// The id of the domain a login belongs to; none when it belongs to no domain of the tenant. It is 0 where no call
    /// carries an id.
    pub fn of(&self, email: &LoginEmail) -> Option<i64> {
        match self {
            Domains::One(id) => Some(*id),
            Domains::ByEmail(domains) => domains.get(email.domain()).copied(),
            Domains::Unasked => Some(0),
        }
    }

    /// The e-mail domains a login may have; none when any will do.
    pub fn names(&self) -> Option<Vec<&str>> {
        match self {
            Domains::ByEmail(domains) => Some(domains.keys().map(String::as_str).collect()),
            Domains::One(_) | Domains::Unasked => None,
        }
    }

    /// The id of every domain, each once, in order; none where no call carries one.
    pub fn ids(&self) -> Vec<i64> {
        match self {
            Domains::One(id) => vec![*id],
            Domains::ByEmail(domains) => domains.values().copied().collect::<BTreeSet<_>>().into_iter().collect(),
            Domains::Unasked => Vec::new(),
        }
    }
}
