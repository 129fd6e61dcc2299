//! The names things go by: ids as newtypes, so that no function takes one for another.
//!
//! Each is made by `parse` (or `FromStr`) at the edge and cannot hold what the rules forbid; inside, they are
//! passed around as they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the id it should be: the rule, in a sentence, never the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadId(pub &'static str);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $rule:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(BadId($rule)) }
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An Okta user id (`00u…`): the person. Never a login, never the `0ua…` id of the assignment.
    OktaUserId,
    "an Okta user id is 1 to 64 letters, digits, - or _, such as 00u1a2b3c4d5e6f7g8h9",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
);

text_id!(
    /// The key of an event: Okta's event `uuid`, or what the caller sent as `eventId`.
    EventKey,
    "an event id is 1 to 200 visible ASCII characters, such as the event's UUID",
    |text| (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

text_id!(
    /// A LINE WORKS member id. Looks like a UUID but is not always one, so nothing but its presence is checked.
    MemberId,
    "a LINE WORKS member id is 1 to 200 characters",
    |text| !text.is_empty() && text.chars().count() <= 200
);

text_id!(
    /// A LINE WORKS `userExternalKey`: at most 100 characters, none of `%`, `\`, `#`, `/`, `?`
    /// (LINE WORKS Directory API, user-create).
    ExternalKey,
    "an external key is 1 to 100 characters without % \\ # / ?",
    |text| !text.is_empty() && text.chars().count() <= 100 && !text.contains(['%', '\\', '#', '/', '?'])
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_okta_user_id_is_not_a_login_or_a_path() {
        assert!("00u1a2b3c4d5e6f7g8h9".parse::<OktaUserId>().is_ok());
        for bad in ["", "taro@example.com", "../../etc", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<OktaUserId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_external_key_keeps_the_vendors_limits() {
        assert!("社員-0001".parse::<ExternalKey>().is_ok());
        assert!("x".repeat(100).parse::<ExternalKey>().is_ok());
        for bad in ["", "a/b", "100%", "a?b", "a#b", "a\\b", &"x".repeat(101)] {
            assert!(bad.parse::<ExternalKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_event_key_has_no_spaces() {
        assert!("1774806f-6c4b-11eb-803d-5907b4615b10".parse::<EventKey>().is_ok());
        assert!("two words".parse::<EventKey>().is_err());
    }
}
