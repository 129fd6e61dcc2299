//! What a comparison finds: one entry per person or member that is not simply as it should be.
//!
//! A finding names people by id and login and properties by name; it never holds the value of an attribute.

use serde::{Deserialize, Serialize};

use crate::domain::assignment::StateName;
use crate::domain::ids::{MemberId, OktaUserId};
use crate::domain::profile::FieldError;

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has the app; LINE WORKS has no member.
    Missing,
    /// Has the app; the member carries no key of ours yet, or the ledger does not know the person.
    Onboard,
    /// Has the app; the member is not as it should be.
    Different,
    /// Has the app; the profile has fields LINE WORKS refuses.
    Refused,
    /// Has the app; the member carries a key that is not this person's.
    Foreign,
    /// Has the app, as a list without Okta user ids says; nobody in the ledger has this login.
    NeedsId,
    /// Has not got the app; a member, or a row of the ledger, says otherwise.
    Extra,
    /// Has lost the app, and the service is at it.
    Leaving,
    /// A member nobody in Okta's list matches, without a key of ours. It is never touched.
    Unmanaged,
}

impl Kind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Kind; 9] = [
        Kind::Missing,
        Kind::Onboard,
        Kind::Different,
        Kind::Refused,
        Kind::Foreign,
        Kind::NeedsId,
        Kind::Extra,
        Kind::Leaving,
        Kind::Unmanaged,
    ];

    /// The word in the API, the CLI and the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Onboard => "onboard",
            Kind::Different => "different",
            Kind::Refused => "refused",
            Kind::Foreign => "foreign",
            Kind::NeedsId => "needs_id",
            Kind::Extra => "extra",
            Kind::Leaving => "leaving",
            Kind::Unmanaged => "unmanaged",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

macro_rules! notes {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What else there is to know about a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Note { $($(#[$doc])* $name,)* }

        impl Note {
            /// Every note.
            pub const ALL: &'static [Note] = &[$(Note::$name,)*];

            /// The word in the API, the CLI and the document.
            pub fn as_str(self) -> &'static str {
                match self { $(Note::$name => $word,)* }
            }
        }
    };
}

notes! {
    /// The member carries no external key.
    NoKey = "no_key";
    /// The ledger has no row of this person.
    NotInLedger = "not_in_ledger";
    /// The ledger's newest word is that the person lost the app.
    LedgerSaysUnassigned = "ledger_says_unassigned";
    /// Suspended by this program.
    SuspendedByUs = "suspended_by_us";
    /// Suspended, and not by this program.
    SuspendedByOthers = "suspended_by_others";
    /// Deleted, and in its seven days of grace.
    Deleted = "deleted";
    /// Suspended in Okta, while the member is in use.
    SuspendedInOkta = "suspended_in_okta";
    /// Deactivated in Okta.
    DeactivatedInOkta = "deactivated_in_okta";
    /// A super administrator of LINE WORKS.
    Administrator = "administrator";
    /// On the list of those who are never suspended or deleted.
    Protected = "protected";
    /// The key belongs to another assignment.
    AnotherAssignment = "another_assignment";
    /// This person's second member.
    SecondMember = "second_member";
    /// The list has people without an Okta user id; this may be one of them.
    MayBeWithoutId = "may_be_without_id";
}

/// One person or member that is not simply as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// Whom, if known.
    pub okta_user_id: Option<OktaUserId>,
    /// The login: the wished one, else the member's.
    pub login: Option<String>,
    /// The member, if there is one.
    pub member_id: Option<MemberId>,
    /// The key it carries.
    pub external_key: Option<String>,
    /// The properties that differ, by name.
    pub fields: Vec<String>,
    /// What else there is to know.
    pub notes: Vec<Note>,
    /// Where the work on the person stands.
    pub state: Option<StateName>,
    /// Why, by its code.
    pub cause: Option<String>,
    /// The refused fields.
    pub errors: Vec<FieldError>,
}

/// How much there is of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// People with the app.
    pub people: usize,
    /// Members LINE WORKS showed.
    pub members: usize,
    /// Rows of the ledger.
    pub rows: usize,
    /// People whose member is as it should be.
    pub same: usize,
    /// Findings by kind.
    pub found: std::collections::BTreeMap<String, usize>,
}
