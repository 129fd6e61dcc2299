//! The cards every flow on an Okta event begins with.
//!
//! An event flow has exactly two cards of its own: the event, and For Each. What the console shows as the flow is an inline
//! flow inside For Each; it begins with a hidden card (`callable`) that has the event's outputs. Parts of such an output,
//! like the id of the user, come out of a hidden card, too (`expand`).

use serde_json::{Map, Value, json};

use super::card::Card;
use super::catalogue::{self, Kind};
use super::field::{Field, Side};
use super::ids;

/// The group the event's outputs are shown in.
const OUTPUT: &str = "Output";
/// Stands where the administrator writes the id of the app. It is no id: until it is replaced, nothing happens. An
/// empty one might mean every app there is.
const NO_APP: &str = "0oaPutTheIdOfYourAppHere";
/// What the pick lists hold while the app is given by its id.
const BY_ID: &str = "-- Enter App Instance ID --";

/// What an event names of a person or an app.
fn named() -> Value {
    let parts = ["ID", "Alternate ID", "Display Name", "Type"];
    let parts: Map<String, Value> = parts.iter().map(|part| ((*part).to_owned(), one("string".into()))).collect();
    parts.into()
}

fn one(kind: Value) -> Value {
    json!({ "type": kind, "collection": false })
}

/// The outputs of both events, with their types.
fn outputs() -> Vec<(&'static str, Value)> {
    let text = || Value::from("string");
    vec![
        ("Date and Time", text()),
        ("Message", text()),
        ("Event ID", text()),
        ("Event Type", text()),
        ("Event Time", text()),
        ("Version", text()),
        ("Admin", named()),
        ("Okta User", named()),
        ("Application User", named()),
        ("Application", named()),
        ("UUID", text()),
        ("Event Details", "object".into()),
        ("Headers", "object".into()),
        ("Source", text()),
        ("Debug Context", json!({ "Debug Data": one("object".into()) })),
    ]
}

/// The type of the list of events.
fn events() -> Value {
    let outputs: Map<String, Value> = outputs().into_iter().map(|(name, kind)| (name.to_owned(), one(kind))).collect();
    json!({ OUTPUT: one(outputs.into()) })
}

/// The two cards of the flow itself: the event card, and For Each around `inner`.
pub(super) fn outer(kind: Kind, flow: &str, connection: &str, inner: &Value) -> [Card; 2] {
    let mut event = Card::new(kind.clone(), &[flow, "event"], kind.name);
    event.connection = Some(connection.to_owned());
    event.receives = true;
    for option in options() {
        event.add(Side::Input, option);
    }
    let list =
        Field::new("collection", events(), json!([])).list().meta("forceHide", false).meta("displayname", "list");
    let list = event.add(Side::Output, Field { shown_as_list: true, ..list });
    let execution = Field::new("execution_id", "string", Value::Null).group("context");
    event.add(Side::Output, execution.meta("displayname", "Execution ID"));

    let name = "For Each - Ignore Errors";
    let kind = catalogue::kind("List > For Each - Ignore Errors").expect("it is in the catalogue");
    let mut each = Card::new(kind, &[flow, "each"], name);
    let events = Field::new("list", events(), Value::Null).list().available(json!(["*"])).required();
    let events = each.add(Side::Input, events);
    let inner = Field::new("flo", "flo", inner.clone()).required().meta("displayname", "Helper Flow");
    each.add(Side::Input, inner);
    let one_at_a_time = Field::new("concurrency", "number", json!(1)).bare().required();
    each.add(Side::Input, one_at_a_time.meta("max", 200).meta("min", 1));
    event.pin(&list, &each.id, &events, false);
    [event, each]
}

/// The options of the event card: which app.
fn options() -> Vec<Field> {
    let option = |key, data: &str, shown: &str| {
        Field { flags: "p", ..Field::new(key, "string", data.into()) }
            .group("parameters")
            .checked()
            .meta("displayname", shown)
    };
    let choice = |operation: &str, key: &str, value: &str| json!({ "channel": "okta", "operation": operation, "key": key, "value": value });
    let yes_no = json!([{ "label": "Yes", "value": "Yes" }, { "label": "No", "value": "No" }]);
    let hidden = |key, kind: &str, data: Value| Field::new(key, kind, data).checked().meta("forceHide", true);
    vec![
        option("useId", "Yes", "Use App Instance ID?")
            .meta("type", "list")
            .meta("choices", yes_no)
            .meta("dependencies", json!([]))
            .meta("optional", false)
            .meta("ordering", 0),
        option("app", BY_ID, "Application")
            .meta("type", "dynamic")
            .meta("method", choice("getActiveApplications", "name", "name"))
            .meta("dependencies", json!(["useId"]))
            .meta("drives", json!(["instance"]))
            .meta("optional", false)
            .meta("ordering", 1),
        option("instance", BY_ID, "Application Instance")
            .meta("type", "dynamic")
            .meta("method", choice("getAppInstances", "label", "id"))
            .meta("dependencies", json!(["app"]))
            .meta("optional", false)
            .meta("ordering", 2),
        option("appId", NO_APP, "App Instance ID").meta("type", "string").meta("optional", true).meta("ordering", 3),
        hidden("type", "string", json!("invoke")),
        hidden("data", "object", json!({})),
    ]
}

/// The hidden first card of the inline flow: it has the event's outputs.
pub(super) fn start(flow: &str, event: &str) -> Card {
    let kind = catalogue::kind("Flow Control > Helper Flow").expect("it is in the catalogue");
    let mut start = Card::new(kind, &[flow, "start"], event);
    for side in [Side::Input, Side::Output] {
        let execution = Field::new("execution_id", "string", Value::Null).group("context");
        start.add(side, execution.meta("displayname", "Execution ID"));
        for (name, kind) in outputs() {
            start.add(side, Field::new(name, kind, Value::Null).group(OUTPUT));
        }
    }
    start
}

/// The hidden card that takes parts out of one of the event's outputs; none when that output has no parts.
pub(super) fn expand(flow: &str, start: &mut Card, output: &str, parts: &[&str]) -> Option<Card> {
    let source = start.output(output)?.clone();
    let known = source.kind.as_object()?;
    let kind = catalogue::kind("Object > Expand").expect("it is in the catalogue");
    // Its name is the id of the card it belongs to.
    let mut expand = Card::new(kind, &[flow, "expand", output], &start.id);
    let of = |field: Field| field.meta("srcMethodId", start.id.as_str()).meta("srcOutputId", source.id.as_str());
    let object = expand.add(Side::Input, of(Field::new("object", source.kind.clone(), json!({})).required()));
    for part in parts.iter().filter(|part| known.contains_key(**part)) {
        let group = ids::short(&["group", &expand.id, part]);
        let key = of(Field::new("key", "string", json!([part])).list().group(&group)).meta("path", json!([part]));
        expand.add(Side::Output, Field { shown_as_list: true, ..key });
        let value = of(Field::new("value", "string", Value::Null).group(&group)).meta("path", json!([part]));
        expand.add(Side::Output, value);
    }
    start.pin(&source.id, &expand.id, &object, false);
    Some(expand)
}
