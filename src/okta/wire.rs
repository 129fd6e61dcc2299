//! The wire shape of Okta's event hook deliveries, and what of it this program understands.
//!
//! Okta promises little: members are null or absent, targets come in any order, unknown types and members appear, and
//! Preview deliveries have no target at all (reference: Okta event hooks, System Log). So each event of a batch is
//! judged alone, everything but `uuid`, `eventType` and `published` is optional, and targets are picked by type.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::ids::{EventKey, OktaUserId};

/// The event types that say who has the app.
const ADD: &str = "application.user_membership.add";
const REMOVE: &str = "application.user_membership.remove";

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
    target: Option<Vec<Target>>,
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

/// What one event of a batch says.
#[derive(Debug, Clone, PartialEq)]
pub enum HookEvent {
    /// Somebody got or lost the app.
    Membership(MembershipEvent),
    /// Nothing this program acts on.
    Ignored(Ignored),
}

/// Somebody got or lost the app.
#[derive(Debug, Clone, PartialEq)]
pub struct MembershipEvent {
    /// Okta's event uuid.
    pub key: EventKey,
    /// Got it, or lost it.
    pub assigned: bool,
    /// Who.
    pub person: OktaUserId,
    /// When it occurred.
    pub published: Timestamp,
    /// The user name in the app, if the event has one.
    pub user_name: Option<String>,
    /// The person's full name, if the event has one.
    pub display_name: Option<String>,
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

/// Takes a delivery apart; `None` when it is not one at all. Events of another app than `app_id` are ignored.
pub fn parse_delivery(body: &[u8], app_id: &str) -> Option<Vec<HookEvent>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    Some(envelope.data.events.into_iter().map(|event| parse_event(event, app_id)).collect())
}

fn parse_event(raw: &RawValue, app_id: &str) -> HookEvent {
    let Ok(event) = serde_json::from_str::<WireEvent>(raw.get()) else {
        return HookEvent::Ignored(Ignored {
            kind: "unreadable".to_owned(),
            note: "the event has no readable uuid, eventType and published",
            ..Ignored::default()
        });
    };
    understand(&event, app_id).unwrap_or_else(|note| {
        HookEvent::Ignored(Ignored {
            key: event.uuid.parse().ok(),
            kind: event.event_type.chars().filter(|c| c.is_ascii_graphic()).take(120).collect(),
            note,
            person: event.target("User").and_then(|target| target.id.as_deref()?.parse().ok()),
            published: event.published.parse().ok(),
        })
    })
}

fn understand(event: &WireEvent, app_id: &str) -> Result<HookEvent, &'static str> {
    let assigned = match event.event_type.as_str() {
        ADD => true,
        REMOVE => false,
        _ => return Err("this event type says nothing this program acts on"),
    };
    let key = event.uuid.parse().map_err(|_| "the event's uuid is not usable as a key")?;
    let published: Timestamp = event.published.parse().map_err(|_| "the event's published is not a time")?;
    if event.target.as_ref().is_none_or(Vec::is_empty) {
        return Err("the event names nobody (a Preview delivery, most likely)");
    }
    let app = event.target("AppInstance").and_then(|target| target.id.as_deref());
    if app != Some(app_id) {
        return Err("the event is about another app than okta.app_id");
    }
    let user = event.target("User").ok_or("the event has no target of type User")?;
    let person = user.id.as_deref().and_then(|id| id.parse().ok()).ok_or("the User target has no usable id")?;
    let app_user = event.target("AppUser");
    Ok(HookEvent::Membership(MembershipEvent {
        key,
        assigned,
        person,
        published: Timestamp::from_millisecond(published.as_millisecond()).map_err(|_| "the time is out of range")?,
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

    fn parse(event: Value) -> HookEvent {
        let body = json!({"eventType": "com.okta.event_hook", "data": {"events": [event]}}).to_string();
        parse_delivery(body.as_bytes(), "0oaAPP").expect("a delivery").remove(0)
    }

    fn note(event: HookEvent) -> &'static str {
        match event {
            HookEvent::Ignored(ignored) => ignored.note,
            HookEvent::Membership(_) => panic!("should be ignored"),
        }
    }

    #[test]
    fn targets_are_picked_by_type_in_any_order() {
        let HookEvent::Membership(event) = parse(event(ADD, targets())) else { panic!("a membership") };
        assert_eq!(event.person.as_str(), "00uHANAKO");
        assert_eq!(event.user_name.as_deref(), Some("hanako.sato@example.com"));
        assert_eq!(event.display_name.as_deref(), Some("佐藤 花子"));
        assert!(event.assigned);
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
