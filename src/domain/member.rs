//! What LINE WORKS has for a person, as one read showed it, and whose it is.

use serde_json::{Map, Value};

use super::ids::{ExternalKey, MemberId, OktaUserId};

/// The condition a member is in. On leave is a condition of its own but is treated as active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// In use.
    Active,
    /// Created, but never signed in (or not to be used yet).
    Pending,
    /// Suspended, by us or by somebody else: LINE WORKS does not say.
    Suspended,
    /// On leave of absence.
    OnLeave,
    /// Deleted, and restorable for seven days.
    Deleted,
    /// Not in use, and SCIM does not say why: suspended, or never signed in. See [`Condition::resolved`].
    Inactive,
}

impl Condition {
    /// What an inactive member is, from what we know ourselves. With single sign-on nobody is pending. Without it a
    /// member we did not suspend has most likely never signed in; who suspended it by hand is taken for that too.
    #[must_use]
    pub fn resolved(self, sso: bool, suspended_by_us: bool) -> Self {
        match self {
            Condition::Inactive if sso || suspended_by_us => Condition::Suspended,
            Condition::Inactive => Condition::Pending,
            known => known,
        }
    }
}

/// A member as one read showed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// LINE WORKS' own id.
    pub id: MemberId,
    /// The external key as it stands there; it may be anybody's.
    pub external_key: Option<String>,
    /// The login id.
    pub email: String,
    /// The condition it is in.
    pub condition: Condition,
    /// A super administrator (LINE WORKS shows only those).
    pub is_administrator: bool,
    /// Every property in the Directory API's names.
    pub attributes: Map<String, Value>,
}

impl Member {
    /// The domain of the tenant it is in, if the answer says so.
    pub fn domain_id(&self) -> Option<i64> {
        self.attributes.get("domainId").and_then(Value::as_i64)
    }
}

/// Whose a member is, judged by the external key this very read showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// It carries this assignment's key.
    Ours,
    /// It carries no key.
    Nobodys,
    /// It carries a key no assignment of ours has.
    Foreign(String),
    /// It carries the key of another assignment.
    Another(OktaUserId),
    /// It carries the key of an assignment whose person has lost the app: most often the same human with a new Okta id.
    Former(OktaUserId),
}

/// The other assignment that has a member's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Whose it is.
    pub person: OktaUserId,
    /// Its person has lost the app.
    pub is_leaving: bool,
    /// It gave its member up for this assignment.
    pub yielded: bool,
}

impl Ownership {
    /// Judges a member: `wanted` is the key this assignment should carry (if it can be made), `remembered` the one last seen or set by
    /// us, `holder` the other assignment that has the member's key, if any. Two assignments may want the same key where it
    /// is made from the e-mail or employee number, so the holder counts before the key itself.
    pub fn judge(
        member: &Member,
        wanted: Option<&ExternalKey>,
        remembered: Option<&ExternalKey>,
        holder: Option<Holder>,
    ) -> Self {
        let Some(key) = member.external_key.as_deref().filter(|key| !key.is_empty()) else {
            return Ownership::Nobodys;
        };
        let is_wanted = wanted.is_some_and(|wanted| wanted.as_str() == key);
        match holder {
            Some(holder) if holder.yielded && !is_wanted => Ownership::Nobodys,
            Some(holder) if !holder.yielded && holder.is_leaving => Ownership::Former(holder.person),
            Some(holder) if !holder.yielded => Ownership::Another(holder.person),
            _ if is_wanted => Ownership::Ours,
            _ if remembered.is_some_and(|known| known.as_str() == key) => Ownership::Ours,
            _ => Ownership::Foreign(key.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_member_is_suspended_with_sso_or_by_our_doing_and_else_pending() {
        for (sso, ours, expected) in [
            (true, false, Condition::Suspended),
            (true, true, Condition::Suspended),
            (false, true, Condition::Suspended),
            (false, false, Condition::Pending),
        ] {
            assert_eq!(Condition::Inactive.resolved(sso, ours), expected, "sso {sso}, ours {ours}");
            assert_eq!(Condition::Active.resolved(sso, ours), Condition::Active);
        }
    }
}
