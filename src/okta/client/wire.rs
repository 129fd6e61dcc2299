//! The wire shapes of Okta's API, and what of them this program reads.
//!
//! Members may be null or left out and lists may grow new words (Okta API, core), so only ids are insisted on. A list
//! with an entry that has no usable id is not understood as a whole: nobody may look absent because of it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::AppInstance;
use super::hooks::EventHook;
use crate::domain::ids::OktaUserId;
use crate::okta::person::{AppUser, User};

/// What an answer's body is read as.
pub(crate) trait FromWire: Sized {
    /// The shape in the JSON.
    type Wire: DeserializeOwned;
    /// None where an id is missing or not usable.
    fn from_wire(wire: Self::Wire) -> Option<Self>;
}

/// Reads one object.
pub(crate) fn one<T: FromWire>(body: &[u8]) -> Option<T> {
    T::from_wire(serde_json::from_slice(body).ok()?)
}

/// Reads a list, as a whole or not at all.
pub(crate) fn list<T: FromWire>(body: &[u8]) -> Option<Vec<T>> {
    let wire: Vec<T::Wire> = serde_json::from_slice(body).ok()?;
    wire.into_iter().map(T::from_wire).collect()
}

#[derive(Deserialize)]
pub(crate) struct WireUser {
    id: OktaUserId,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    profile: Option<Map<String, Value>>,
}

impl FromWire for User {
    type Wire = WireUser;

    fn from_wire(wire: WireUser) -> Option<Self> {
        Some(Self { id: wire.id, status: wire.status.unwrap_or_default(), profile: wire.profile.unwrap_or_default() })
    }
}

#[derive(Deserialize)]
pub(crate) struct WireAppUser {
    id: OktaUserId,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    credentials: Option<WireCredentials>,
    #[serde(default)]
    profile: Option<Map<String, Value>>,
    #[serde(default, rename = "_embedded")]
    embedded: Option<WireEmbedded>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCredentials {
    #[serde(default)]
    user_name: Option<String>,
}

#[derive(Deserialize)]
struct WireEmbedded {
    #[serde(default)]
    user: Option<WireUser>,
}

impl FromWire for AppUser {
    type Wire = WireAppUser;

    fn from_wire(wire: WireAppUser) -> Option<Self> {
        let user = wire.embedded.and_then(|embedded| embedded.user).and_then(User::from_wire);
        // Whose profile it is must be certain.
        if user.as_ref().is_some_and(|user| user.id != wire.id) {
            return None;
        }
        Some(Self {
            id: wire.id,
            status: wire.status.unwrap_or_default(),
            user_name: wire.credentials.and_then(|credentials| credentials.user_name),
            profile: wire.profile.unwrap_or_default(),
            user,
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct WireApp {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

impl FromWire for AppInstance {
    type Wire = WireApp;

    fn from_wire(wire: WireApp) -> Option<Self> {
        Some(Self { id: wire.id, status: wire.status.unwrap_or_default(), label: wire.label.unwrap_or_default() })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireHook {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    verification_status: Option<String>,
    #[serde(default)]
    events: Option<WireEvents>,
    #[serde(default)]
    channel: Option<WireChannel>,
}

#[derive(Deserialize)]
struct WireEvents {
    #[serde(default)]
    items: Option<Vec<String>>,
    #[serde(default)]
    filter: Option<Value>,
}

#[derive(Deserialize)]
struct WireChannel {
    #[serde(default)]
    config: Option<WireConfig>,
}

#[derive(Deserialize)]
struct WireConfig {
    #[serde(default)]
    uri: Option<String>,
}

impl FromWire for EventHook {
    type Wire = WireHook;

    fn from_wire(wire: WireHook) -> Option<Self> {
        let (items, filter) = wire.events.map(|events| (events.items, events.filter)).unwrap_or_default();
        Some(Self {
            id: wire.id,
            name: wire.name.unwrap_or_default(),
            status: wire.status.unwrap_or_default(),
            verification_status: wire.verification_status.unwrap_or_default(),
            url: wire.channel.and_then(|channel| channel.config).and_then(|config| config.uri).unwrap_or_default(),
            events: items.unwrap_or_default(),
            filter,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn app_user(value: &Value) -> Option<AppUser> {
        one(value.to_string().as_bytes())
    }

    #[test]
    fn what_is_null_or_missing_is_no_fault_and_a_missing_id_is() {
        let bare = app_user(&json!({"id": "00uA", "unheardOf": [1]})).expect("read");
        assert_eq!((bare.status.as_str(), bare.user_name, bare.user), ("", None, None));
        let nulls = json!({"id": "00uA", "status": null, "credentials": null, "profile": null, "_embedded": null});
        assert_eq!(app_user(&nulls).map(|it| it.profile.len()), Some(0));
        let slip = json!({"id": "00uA", "credentials\"": {"userName": "x"}});
        assert_eq!(app_user(&slip).expect("read").user_name, None);
        for bad in [json!({"status": "ACTIVE"}), json!({"id": ""}), json!({"id": 7}), json!([]), json!("x")] {
            assert!(app_user(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_user_behind_an_assignment_is_the_same_person_or_nobody_is_understood() {
        let with = |id: &str| {
            let user = json!({"id": id, "status": "SUSPENDED", "profile": {"login": "a@example.com"}});
            app_user(
                &json!({"id": "00uA", "status": "ACTIVE", "credentials": {"userName": "a"}, "_embedded": {"user": user}}),
            )
        };
        let same = with("00uA").expect("read");
        assert_eq!(same.user_name.as_deref(), Some("a"));
        assert_eq!(same.user.map(|user| user.status).as_deref(), Some("SUSPENDED"));
        assert!(with("00uB").is_none());
    }

    #[test]
    fn a_list_is_understood_as_a_whole_or_not_at_all() {
        let good = json!([{"id": "00uA"}, {"id": "00uB"}]).to_string();
        assert_eq!(list::<AppUser>(good.as_bytes()).map(|list| list.len()), Some(2));
        let bad = json!([{"id": "00uA"}, {"status": "ACTIVE"}]).to_string();
        assert!(list::<AppUser>(bad.as_bytes()).is_none());
        assert!(list::<AppUser>(b"{}").is_none());
    }
}
