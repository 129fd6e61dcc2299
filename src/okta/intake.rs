//! What Okta's events become in the ledger, whichever way they came: the event hook's door and the System Log poller
//! both come through here, so that an event means the same either way.

use jiff::Timestamp;

use super::meaning::Meaning;
use super::wire::{AppEvent, OktaEvent, PersonEvent};
use crate::domain::event::{AHEAD, Event, EventKind, ProfileWish, Receipt, Source, Verdict};
use crate::domain::profile::{Profile, ProfileRules};
use crate::ledger::org::{OrgEvent, OrgMark};
use crate::ledger::{IgnoredEvent, Incoming, Store, StoreError};

/// Why an event that carries nothing is ignored where Okta cannot be asked.
const CARRIES_NOTHING: &str =
    "it carries no attributes, and without access to Okta (okta.org_url) nobody can be asked for them";
/// Why a group's event is ignored where Okta cannot be asked.
const PER_PERSON: &str = "Okta sends an event for each person of the group, too; they say who has the app";
/// What is kept of a group's event where Okta can be asked.
const COMPARE: &str = "the app's users in Okta are compared with the ledger";
/// What is kept of an app's event where Okta can be asked.
const OKTA_SAYS: &str = "Okta is asked for what is true of the app and of each person";
/// What is kept where the app is gone and Okta cannot be asked.
const HELD: &str = "suspensions and deletions are held until the app is active again or somebody approves them";
/// What is kept where the app is back and Okta cannot be asked.
const JUDGED_ANEW: &str = "whoever was held because the app was gone is judged anew";

/// How events are taken in.
#[derive(Debug, Clone)]
pub struct Intake<'a> {
    /// What a profile must have.
    pub rules: &'a ProfileRules,
    /// Whether Okta can be asked for the truth.
    pub asks_okta: bool,
    /// The way they came.
    pub source: Source,
    /// The name of the secret the caller showed.
    pub caller: &'a str,
    /// When they arrived.
    pub arrived: Timestamp,
}

impl Intake<'_> {
    /// What the ledger is told of an event.
    pub fn incoming(&self, event: OktaEvent) -> Incoming {
        match event {
            OktaEvent::Person(event) => self.about_a_person(event),
            OktaEvent::App(event) => self.about_the_app(event),
            OktaEvent::Ignored(ignored) => Incoming::Ignored(IgnoredEvent {
                person: ignored.person,
                key: ignored.key,
                kind: ignored.kind,
                note: ignored.note.to_owned(),
                source: self.source,
                caller: self.caller.to_owned(),
                occurred: ignored.published.unwrap_or(self.arrived),
                arrived: self.arrived,
            }),
        }
    }

    fn about_a_person(&self, event: PersonEvent) -> Incoming {
        let kind = match event.meaning {
            Meaning::Assigned => EventKind::Assigned,
            Meaning::Unassigned => EventKind::Unassigned,
            Meaning::Suspended => EventKind::Suspended,
            Meaning::Activated => EventKind::Activated,
            Meaning::Deactivated => EventKind::Deactivated,
            Meaning::AssignmentChanged => EventKind::Changed,
            Meaning::ProfileChanged if self.asks_okta => EventKind::Changed,
            Meaning::ProfileChanged | Meaning::MembersChanged | Meaning::AppBack | Meaning::AppGone => {
                return self.ignored(event, CARRIES_NOTHING);
            }
        };
        let occurred = self.occurred(event.published, event.name);
        // An event knows no more than a login and a name. A removal carries them too: they find a member that was never
        // marked as ours, so that a human hears of it.
        let profile = event.user_name.as_deref().map(|user_name| {
            match Profile::from_hook(user_name, event.display_name.as_deref(), self.rules) {
                Ok(profile) => ProfileWish::Valid(profile),
                Err(fields) => ProfileWish::Refused { fields, thin: true },
            }
        });
        Incoming::Event(Event {
            person: event.person,
            key: Some(event.key),
            kind,
            source: self.source,
            caller: self.caller.to_owned(),
            occurred,
            arrived: self.arrived,
            profile,
            policy: None,
        })
    }

    /// A word from the future would stand above all that follow.
    fn occurred(&self, published: Timestamp, event_type: &str) -> Timestamp {
        if published.duration_since(self.arrived) <= AHEAD {
            return published;
        }
        tracing::warn!(event_type, "an event lies ahead of this clock; its arrival counts instead");
        self.arrived
    }

    fn ignored(&self, event: PersonEvent, note: &'static str) -> Incoming {
        Incoming::Ignored(IgnoredEvent {
            person: Some(event.person),
            key: Some(event.key),
            kind: event.name.to_owned(),
            note: note.to_owned(),
            source: self.source,
            caller: self.caller.to_owned(),
            occurred: event.published,
            arrived: self.arrived,
        })
    }

    fn about_the_app(&self, event: AppEvent) -> Incoming {
        let (mark, note) = match (event.meaning, self.asks_okta) {
            (Meaning::MembersChanged, true) => (OrgMark::SweepWanted, COMPARE),
            (Meaning::AppGone, false) => (OrgMark::AppGone, HELD),
            (Meaning::AppBack, false) => (OrgMark::AppBack, JUDGED_ANEW),
            (_, true) => (OrgMark::Nothing, OKTA_SAYS),
            (_, false) => {
                return Incoming::Ignored(IgnoredEvent {
                    person: None,
                    key: Some(event.key),
                    kind: event.name.to_owned(),
                    note: PER_PERSON.to_owned(),
                    source: self.source,
                    caller: self.caller.to_owned(),
                    occurred: event.published,
                    arrived: self.arrived,
                });
            }
        };
        Incoming::Org(OrgEvent {
            key: Some(event.key),
            kind: event.name.to_owned(),
            mark,
            note,
            source: self.source,
            caller: self.caller.to_owned(),
            occurred: self.occurred(event.published, event.name),
            arrived: self.arrived,
        })
    }
}

/// Stores what came in, in one transaction, and says aloud what everybody should hear of it.
///
/// # Errors
/// Nothing of it is stored.
pub async fn store(store: &dyn Store, incoming: Vec<Incoming>) -> Result<Vec<Receipt>, StoreError> {
    let org: Vec<(usize, OrgMark, String)> = incoming.iter().enumerate().filter_map(org_event).collect();
    let receipts = store.accept(incoming).await?;
    for (at, mark, kind) in org {
        if receipts.get(at).is_some_and(|receipt| receipt.verdict == Verdict::New) {
            say(mark, &kind);
        }
    }
    Ok(receipts)
}

fn org_event((at, incoming): (usize, &Incoming)) -> Option<(usize, OrgMark, String)> {
    match incoming {
        Incoming::Org(event) => Some((at, event.mark, event.kind.clone())),
        Incoming::Event(_) | Incoming::Ignored(_) => None,
    }
}

fn say(mark: OrgMark, event_type: &str) {
    match mark {
        OrgMark::AppGone => {
            let advice = crate::domain::outcome::Cause::OktaAppGone.english();
            tracing::error!(event_type, "{} {}", advice.title, advice.todo);
        }
        OrgMark::AppBack => {
            tracing::info!(
                event_type,
                "the LINE WORKS app is active in Okta; whoever was held because it was gone goes on"
            );
        }
        OrgMark::SweepWanted => {
            tracing::info!(event_type, "a group got or lost the app; its users are compared with the ledger");
        }
        OrgMark::Nothing => {
            tracing::warn!(
                event_type,
                "Okta says that the LINE WORKS app itself was changed; Okta is asked what is true"
            );
        }
    }
}
