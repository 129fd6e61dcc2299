//! An event hook: what it is called with, which events it wants, and what the API shows of it.
//!
//! The secret is write-only. Changing the channel makes a hook unverified, and an unverified one gets nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::OktaError;
use super::event::{Event, is_eligible};
use super::expression::Expression;
use super::ids::moment;

/// The most event types of one hook (documented).
const MOST_TYPES: usize = 300;

/// A registered hook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) channel: Channel,
    pub(super) types: Vec<String>,
    pub(super) filter: Value,
    pub(super) conditions: BTreeMap<String, Expression>,
    pub(super) active: bool,
    pub(super) verified: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// Where deliveries go, and the headers they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) uri: String,
    pub(super) headers: Vec<(String, String)>,
    /// Name and value of the header with the secret.
    pub(super) secret: Option<(String, String)>,
}

#[derive(Deserialize)]
struct Asked {
    name: String,
    description: Option<String>,
    channel: AskedChannel,
    events: AskedEvents,
}

#[derive(Deserialize)]
struct AskedChannel {
    r#type: String,
    version: String,
    config: AskedConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskedConfig {
    uri: String,
    #[serde(default)]
    headers: Vec<AskedHeader>,
    auth_scheme: Option<AskedScheme>,
}

#[derive(Deserialize)]
struct AskedHeader {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct AskedScheme {
    r#type: String,
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct AskedEvents {
    r#type: String,
    items: Vec<String>,
    filter: Option<AskedFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskedFilter {
    r#type: String,
    event_filter_map: Vec<AskedCondition>,
}

#[derive(Deserialize)]
struct AskedCondition {
    event: String,
    condition: AskedExpression,
}

#[derive(Deserialize)]
struct AskedExpression {
    expression: String,
}

fn refused(cause: impl Into<String>) -> OktaError {
    OktaError::validation("eventHook", cause)
}

impl Hook {
    /// Reads what a POST or PUT asks for. `old` is what it replaces, which keeps its secret if none is given.
    pub(super) fn read(body: &[u8], id: String, old: Option<&Hook>, now: Timestamp) -> Result<Self, OktaError> {
        let asked: Value = serde_json::from_slice(body).map_err(|_| refused("the body is not JSON"))?;
        let raw_filter = asked["events"]["filter"].clone();
        let asked: Asked = serde_json::from_value(asked).map_err(|error| refused(error.to_string()))?;
        let channel = channel(asked.channel, old)?;
        let conditions = events(&asked.events)?;
        let kept = old.filter(|old| old.channel == channel);
        Ok(Self {
            id,
            name: asked.name,
            description: asked.description,
            channel,
            types: asked.events.items,
            filter: raw_filter,
            conditions,
            active: old.is_none_or(|old| old.active),
            verified: kept.is_some_and(|old| old.verified),
            created: old.map_or(now, |old| old.created),
            updated: now,
        })
    }

    /// Whether it gets this event now.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let kind = event.draft.kind.as_str();
        self.active
            && self.verified
            && is_eligible(kind)
            && self.types.iter().any(|wanted| wanted == kind)
            && self.conditions.get(kind).is_none_or(|condition| condition.passes(event))
    }

    /// The event hook object of the API, without the secret.
    pub(super) fn to_json(&self, base: &str) -> Value {
        let headers: Vec<Value> =
            self.channel.headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let scheme = self.channel.secret.as_ref().map(|(key, _)| json!({ "type": "HEADER", "key": key }));
        let link = format!("{base}/api/v1/eventHooks/{}", self.id);
        let post = |what: &str| json!({ "href": format!("{link}/lifecycle/{what}"), "hints": { "allow": ["POST"] } });
        json!({
            "id": self.id,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "verificationStatus": if self.verified { "VERIFIED" } else { "UNVERIFIED" },
            "name": self.name,
            "description": self.description,
            "created": moment(self.created),
            "createdBy": "00uADMIN000000000001",
            "lastUpdated": moment(self.updated),
            "events": { "type": "EVENT_TYPE", "items": self.types, "filter": self.filter },
            "channel": { "type": "HTTP", "version": "1.0.0", "config": {
                "uri": self.channel.uri, "headers": headers, "method": "POST", "authScheme": scheme,
            } },
            "_links": { "self": { "href": link }, "verify": post("verify"), "deactivate": post("deactivate") },
        })
    }
}

fn channel(asked: AskedChannel, old: Option<&Hook>) -> Result<Channel, OktaError> {
    if asked.r#type != "HTTP" || asked.version != "1.0.0" {
        return Err(refused("channel: type HTTP and version 1.0.0"));
    }
    check_uri(&asked.config.uri).map_err(refused)?;
    let secret = match asked.config.auth_scheme {
        None => None,
        Some(scheme) if scheme.r#type != "HEADER" => return Err(refused("authScheme: type HEADER")),
        Some(AskedScheme { key, value: Some(value), .. }) => Some((key, value)),
        Some(AskedScheme { key, value: None, .. }) => {
            let known = old.and_then(|old| old.channel.secret.clone()).filter(|(old, _)| *old == key);
            Some(known.ok_or_else(|| refused("authScheme: a value is needed"))?)
        }
    };
    let headers = asked.config.headers.into_iter().map(|header| (header.key, header.value)).collect();
    Ok(Channel { uri: asked.config.uri, headers, secret })
}

/// HTTPS is required (documented); a rehearsal on this computer may do without.
pub(super) fn check_uri(uri: &str) -> Result<(), &'static str> {
    let Ok(url) = reqwest::Url::parse(uri) else { return Err("uri: it is no URL") };
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) | ("http", Some("127.0.0.1" | "localhost" | "[::1]")) => Ok(()),
        _ => Err("uri: it must begin with https://"),
    }
}

fn events(asked: &AskedEvents) -> Result<BTreeMap<String, Expression>, OktaError> {
    if asked.r#type != "EVENT_TYPE" || asked.items.is_empty() || asked.items.len() > MOST_TYPES {
        return Err(refused("events: type EVENT_TYPE and 1 to 300 items"));
    }
    if let Some(kind) = asked.items.iter().find(|kind| !is_eligible(kind)) {
        return Err(refused(format!("events: {kind} is not eligible for event hooks")));
    }
    let mut conditions = BTreeMap::new();
    let Some(filter) = &asked.filter else { return Ok(conditions) };
    if filter.r#type != "EXPRESSION_LANGUAGE" {
        return Err(refused("filter: type EXPRESSION_LANGUAGE"));
    }
    for entry in &filter.event_filter_map {
        if !asked.items.contains(&entry.event) {
            return Err(refused("filter: its event is not one of the hook's"));
        }
        let expression = Expression::parse(&entry.condition.expression).ok_or_else(|| refused("filter: expression"))?;
        if conditions.insert(entry.event.clone(), expression).is_some() {
            return Err(refused("filter: one expression for each event type"));
        }
    }
    Ok(conditions)
}
