//! The wire shape of Okta's events, in an event hook's delivery and in the System Log, and what of it is understood.
//!
//! Okta promises little: members are null or absent, targets come in any order, unknown types and members appear, and
//! Preview deliveries have no target at all (reference: Okta event hooks, System Log). So each event of a batch is
//! judged alone, everything but `uuid`, `eventType` and `published` is optional, and targets are picked by type. The
//! System Log has the same object with other members around what is read here.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::meaning::{self, About, Meaning};
use crate::domain::ids::{EventKey, OktaUserId};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent {
    uuid: String,
    event_type: String,
    published: String,
    #[serde(default)]
    outcome: Option<Outcome>,
    #[serde(default)]
    target: Option<Vec<Target>>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    result: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    alternate_id: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
}

/// What one event says.
#[derive(Debug, Clone, PartialEq)]
pub enum OktaEvent {
    /// Something about one person.
    Person(PersonEvent),
    /// Something about the app, or a group that has it.
    App(AppEvent),
    /// Nothing this program acts on.
    Ignored(Ignored),
}

/// Something about one person.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonEvent {
    /// Okta's event uuid.
    pub key: EventKey,
    /// Okta's event type.
    pub name: &'static str,
    /// What it says.
    pub meaning: Meaning,
    /// About whom.
    pub person: OktaUserId,
    /// When it occurred.
    pub published: Timestamp,
    /// The user name in the app, if the event has one.
    pub user_name: Option<String>,
    /// The person's full name, if the event has one.
    pub display_name: Option<String>,
}

/// Something about the app, or a group that has it.
#[derive(Debug, Clone, PartialEq)]
pub struct AppEvent {
    /// Okta's event uuid.
    pub key: EventKey,
    /// Okta's event type.
    pub name: &'static str,
    /// What it says.
    pub meaning: Meaning,
    /// When it occurred.
    pub published: Timestamp,
}

/// An event that is kept but not acted on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ignored {
    /// Okta's event uuid, if readable.
    pub key: Option<EventKey>,
    /// Okta's event type, or a word of ours.
    pub kind: String,
    /// Why.
    pub note: &'static str,
    /// Whom it names.
    pub person: Option<OktaUserId>,
    /// When it occurred, if readable.
    pub published: Option<Timestamp>,
}

impl OktaEvent {
    /// When it occurred, if that is readable.
    pub fn published(&self) -> Option<Timestamp> {
        match self {
            OktaEvent::Person(event) => Some(event.published),
            OktaEvent::App(event) => Some(event.published),
            OktaEvent::Ignored(event) => event.published,
        }
    }
}

/// Takes a delivery apart; `None` when it is not one at all. Events of another app than `app_id` are ignored.
pub fn parse_delivery(body: &[u8], app_id: &str) -> Option<Vec<OktaEvent>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    Some(envelope.data.events.into_iter().map(|event| parse_event(event, app_id)).collect())
}

/// Takes one event apart. An event of another app than `app_id` is ignored.
pub fn parse_event(raw: &RawValue, app_id: &str) -> OktaEvent {
    let Ok(event) = serde_json::from_str::<WireEvent>(raw.get()) else {
        return OktaEvent::Ignored(Ignored {
            kind: "unreadable".to_owned(),
            note: "the event has no readable uuid, eventType and published",
            ..Ignored::default()
        });
    };
    understand(&event, app_id).unwrap_or_else(|note| {
        OktaEvent::Ignored(Ignored {
            key: event.uuid.parse().ok(),
            kind: event.event_type.chars().filter(|c| c.is_ascii_graphic()).take(120).collect(),
            note,
            person: event.target("User").and_then(|target| target.id.as_deref()?.parse().ok()),
            published: event.published.parse().ok(),
        })
    })
}

fn understand(event: &WireEvent, app_id: &str) -> Result<OktaEvent, &'static str> {
    let known = meaning::find(&event.event_type).ok_or("this event type says nothing this program acts on")?;
    let (name, meaning) = (known.name, known.meaning);
    let key = event.uuid.parse().map_err(|_| "the event's uuid is not usable as a key")?;
    let published: Timestamp = event.published.parse().map_err(|_| "the event's published is not a time")?;
    let published = Timestamp::from_millisecond(published.as_millisecond()).map_err(|_| "the time is out of range")?;
    if event.target.as_ref().is_none_or(Vec::is_empty) {
        return Err("the event names nobody (a Preview delivery, most likely)");
    }
    if event.failed() {
        return Err("the event says that it did not come about");
    }
    let app = event.target("AppInstance").and_then(|target| target.id.as_deref());
    if meaning.about() != About::Person && app != Some(app_id) {
        return Err("the event is about another app than okta.app_id");
    }
    if meaning.about() == About::App {
        return Ok(OktaEvent::App(AppEvent { key, name, meaning, published }));
    }
    let user = event.target("User").ok_or("the event has no target of type User")?;
    let person = user.id.as_deref().and_then(|id| id.parse().ok()).ok_or("the User target has no usable id")?;
    let app_user = event.target("AppUser").filter(|_| meaning.about() == About::Assignment);
    Ok(OktaEvent::Person(PersonEvent {
        key,
        name,
        meaning,
        person,
        published,
        user_name: app_user.and_then(|target| said(target.alternate_id.as_deref())),
        display_name: said(user.display_name.as_deref())
            .or_else(|| app_user.and_then(|target| said(target.display_name.as_deref()))),
    }))
}

/// A text that says something: Okta writes "unknown" where it has nothing.
fn said(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty() && *text != "unknown").map(str::to_owned)
}

impl WireEvent {
    /// Whether it tells of an attempt that came to nothing. Preview writes the words in mixed case, and the list is open
    /// (reference: System Log, `outcome.result`).
    fn failed(&self) -> bool {
        let result = self.outcome.as_ref().and_then(|outcome| outcome.result.as_deref()).unwrap_or_default();
        ["FAILURE", "SKIPPED", "DENY"].iter().any(|word| word.eq_ignore_ascii_case(result))
    }

    fn target(&self, kind: &str) -> Option<&Target> {
        self.target.as_ref()?.iter().find(|target| target.kind.as_deref() == Some(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event(kind: &str, target: Value) -> Value {
        json!({"uuid": "6c1c8a52-0001", "eventType": kind, "published": "2026-04-01T00:00:00.123Z", "target": target})
    }

    fn targets() -> Value {
        json!([
            {"type": "AppInstance", "id": "0oaAPP", "alternateId": "LINE WORKS", "detailEntry": null},
            {"type": "User", "id": "00uHANAKO", "alternateId": "hanako@example.com", "displayName": "佐藤 花子"},
            {"type": "AppUser", "id": "0uaX", "alternateId": "hanako.sato@example.com", "displayName": "佐藤 花子"},
        ])
    }

    fn parse(event: Value) -> OktaEvent {
        let body = json!({"eventType": "com.okta.event_hook", "data": {"events": [event]}}).to_string();
        parse_delivery(body.as_bytes(), "0oaAPP").expect("a delivery").remove(0)
    }

    fn note(event: OktaEvent) -> &'static str {
        match event {
            OktaEvent::Ignored(ignored) => ignored.note,
            other => panic!("should be ignored: {other:?}"),
        }
    }

    fn person(event: OktaEvent) -> PersonEvent {
        match event {
            OktaEvent::Person(event) => event,
            other => panic!("should be about a person: {other:?}"),
        }
    }

    const ADD: &str = "application.user_membership.add";
    const REMOVE: &str = "application.user_membership.remove";

    #[test]
    fn targets_are_picked_by_type_in_any_order() {
        let event = person(parse(event(ADD, targets())));
        assert_eq!(event.person.as_str(), "00uHANAKO");
        assert_eq!(event.user_name.as_deref(), Some("hanako.sato@example.com"));
        assert_eq!(event.display_name.as_deref(), Some("佐藤 花子"));
        assert_eq!((event.name, event.meaning), (ADD, Meaning::Assigned));
    }

    #[test]
    fn every_type_of_the_table_is_understood_from_the_targets_it_has() {
        for known in meaning::TABLE {
            let target = match known.meaning.about() {
                About::Assignment => targets(),
                About::Person => json!([{"type": "User", "id": "00uHANAKO", "alternateId": "hanako@example.com"}]),
                About::App => json!([
                    {"type": "UserGroup", "id": "00gX", "alternateId": "unknown"},
                    {"type": "AppInstance", "id": "0oaAPP"},
                ]),
            };
            match parse(event(known.name, target)) {
                OktaEvent::Person(it) => {
                    assert_eq!((it.name, it.meaning, it.person.as_str()), (known.name, known.meaning, "00uHANAKO"));
                    assert_eq!(it.user_name.is_some(), known.meaning.about() == About::Assignment);
                }
                OktaEvent::App(it) => {
                    assert_eq!((it.name, it.meaning), (known.name, known.meaning));
                    assert_eq!(known.meaning.about(), About::App);
                }
                OktaEvent::Ignored(it) => panic!("{}: {}", known.name, it.note),
            }
        }
    }

    #[test]
    fn what_did_not_come_about_is_ignored_and_a_success_in_any_case_is_not() {
        let with = |result: &str| {
            let mut event = event("user.lifecycle.suspend", targets());
            event["outcome"] = json!({"result": result, "reason": null});
            parse(event)
        };
        for result in ["FAILURE", "Skipped"] {
            assert!(note(with(result)).contains("did not come about"), "{result}");
        }
        for result in ["SUCCESS", "Success", "WHATEVER"] {
            person(with(result));
        }
    }

    #[test]
    fn a_group_or_another_app_is_not_taken_for_ours() {
        let group = json!([{"type": "UserGroup", "id": "00gX"}, {"type": "AppInstance", "id": "0oaOTHER"}]);
        assert!(note(parse(event("group.application_assignment.add", group))).contains("another app"));
        let none = json!([{"type": "UserGroup", "id": "00gX"}]);
        assert!(note(parse(event("application.lifecycle.delete", none))).contains("another app"));
    }

    #[test]
    fn a_preview_without_targets_is_ignored() {
        assert!(note(parse(event(ADD, Value::Null))).contains("Preview"));
        let mut absent = event(ADD, Value::Null);
        absent.as_object_mut().expect("object").remove("target");
        assert!(note(parse(absent)).contains("Preview"));
    }

    #[test]
    fn another_app_another_type_and_rot_are_ignored() {
        let mut other = targets();
        other[0]["id"] = "0oaOTHER".into();
        assert!(note(parse(event(REMOVE, other))).contains("another app"));
        assert!(note(parse(event("user.session.start", targets()))).contains("event type"));
        assert!(note(parse(json!({"uuid": 7}))).contains("no readable"));
        assert!(note(parse(json!("rot"))).contains("no readable"));
    }

    #[test]
    fn what_is_no_delivery_is_not_taken_for_an_empty_one() {
        assert_eq!(parse_delivery(b"{}", "0oaAPP"), None);
        assert_eq!(parse_delivery(b"[1,2", "0oaAPP"), None);
        assert_eq!(parse_delivery(br#"{"data":{"events":[]}}"#, "0oaAPP"), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_delivery(&bytes, "0oaAPP");
        }
    }
}
