//! The roll of members: who LINE WORKS has, a page at a time, for an administrator to look at.
//!
//! Nothing is concluded from a page: an empty one may be a fault of the other side, so no list ever leads to a step.

use serde_json::{Map, Value};

use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::ApiError;

/// Members on one page; the Directory API answers more with an empty page and no error (docs, user-list).
pub(crate) const PAGE: usize = 100;

/// A page of members.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberPage {
    /// The members, in LINE WORKS' order.
    pub members: Vec<Member>,
    /// Where the next page begins; none at the end.
    pub next: Option<RollCursor>,
}

/// A place in the roll: the how-manieth of the tenant's domains, and LINE WORKS' own cursor within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RollCursor {
    pub(crate) domain: usize,
    /// None: the domain's first page.
    pub(crate) within: Option<String>,
}

impl RollCursor {
    /// Reads what `Display` wrote; none when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (domain, within) = text.split_once('.')?;
        let within = Some(within.to_owned()).filter(|within| !within.is_empty());
        Some(Self { domain: domain.parse().ok()?, within })
    }
}

impl std::fmt::Display for RollCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.domain, self.within.as_deref().unwrap_or_default())
    }
}

/// The members of a page; one that does not say who it is about makes the whole page unreadable.
pub(crate) fn members(
    entries: Vec<Map<String, Value>>,
    read: impl Fn(Map<String, Value>) -> Option<Member>,
) -> Result<Vec<Member>, ApiError> {
    let members: Option<Vec<Member>> = entries.into_iter().map(read).collect();
    members.ok_or_else(|| unreadable("a member without an id or a login"))
}

pub(crate) fn unreadable(what: &str) -> ApiError {
    let detail = format!("the list of members: {what}");
    ApiError::TryLater { reason: Reason::with(Cause::LineWorksFailing, detail), after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (text, domain, within) in [
            ("0.", 0, None),
            ("1.kBhFZjtIFKDiX1rE78vAg==", 1, Some("kBhFZjtIFKDiX1rE78vAg==")),
            ("0.101", 0, Some("101")),
        ] {
            let cursor = RollCursor::parse(text).expect("a cursor");
            assert_eq!((cursor.domain, cursor.within.as_deref()), (domain, within));
            assert_eq!(cursor.to_string(), text);
        }
        for wrong in ["", "x.1", "1", "-1.2"] {
            assert_eq!(RollCursor::parse(wrong), None, "{wrong}");
        }
    }
}
