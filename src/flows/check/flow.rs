//! Flow bodies: an event flow has two cards, and everything else is in the inline flow inside the second.

use std::collections::BTreeSet;

use serde_json::Value;

use super::view::{Card, cards, is_uuid, text};
use super::{Place, Report, card, link, promise};

/// What every body has.
const MEMBERS: [&str; 10] = [
    "uuid",
    "tree",
    "methods",
    "model",
    "orderings",
    "security_level",
    "log",
    "group",
    "connector_method_meta",
    "monitor_flo",
];

pub(super) fn check(id: &str, flow: &Value, file: &Value, seen: &mut BTreeSet<String>, report: &mut Report) {
    let place = Place { flow: text(flow, "/name"), ..Place::default() };
    let body = &flow["data"];
    report.when(place.flow.is_empty(), place.field("name"), "a flow has no name");
    report.when(text(body, "/uuid") != id, place.field("uuid"), "it differs from the flow's id");
    report.when(!body["id"].is_null(), place.field("id"), "the id inside a flow of its own must be null");
    let group = text(body, "/group");
    let unknown = file.pointer(&format!("/data/groups/{group}")).is_none();
    report.when(unknown, place.field("group"), "it is no folder of this file");
    frame(body, place, report);
    scope(body, file, place, seen, report);

    let outer = cards(body);
    let event = outer.iter().find(|card| card.model()["webhookList"] == true);
    let each = outer.iter().find(|card| card.key() == "asyncEach");
    let (Some(event), Some(each), 2) = (event, each, outer.len()) else {
        let what =
            "a flow on an event has two cards: the event and For Each; all others are in the flow inside For Each";
        return report.add(place, format!("{what}; this has {}", outer.len()));
    };
    event_card(*event, *each, place, report);
    for_each(*each, file, place, seen, report);
}

/// What an event card must say besides what every card must.
fn event_card(event: Card<'_>, each: Card<'_>, place: Place<'_>, report: &mut Report) {
    let place = place.card(event.title());
    let condition = serde_json::json!({ "where": ["headers"], "key": "x-okta-verification-challenge" });
    let model = event.model();
    report.when(model["webhook"] != true, place.field("webhook"), "it must be true: the card is an event hook");
    let wrong = model["webhookConditions"] != condition;
    report.when(wrong, place.field("webhookConditions"), "it must name the header of Okta's verification");
    let list = each.input("list").map(|field| text(field, "/id")).unwrap_or_default();
    let linked = event.pins().iter().any(|(output, card, link)| {
        let from = event.outputs().find(|(id, _)| id == output).map(|(_, field)| text(field, "/key"));
        from == Some("collection") && *card == each.id() && text(link, "/input") == list
    });
    report.when(!linked, place.field("collection"), "the events must be linked to the list of For Each");
}

fn for_each(each: Card<'_>, file: &Value, place: Place<'_>, seen: &mut BTreeSet<String>, report: &mut Report) {
    let there = place.card(each.title());
    let concurrency = each.input("concurrency").and_then(|field| field.pointer("/value/data")?.as_u64());
    let fine = concurrency.is_some_and(|number| (1..=200).contains(&number));
    report.when(!fine, there.field("concurrency"), "it must be 1 to 200");
    let inline = each.input("flo").and_then(|field| field.pointer("/value/data")).unwrap_or(&Value::Null);
    if inline["methods"].as_array().is_none_or(Vec::is_empty) {
        return report.add(there.field("flo"), "there must be an inline flow with cards in it");
    }
    let id = text(inline, "/uuid");
    report.when(!is_uuid(id), there.field("uuid"), "the inline flow's id is not a UUID of version 4");
    report.when(text(inline, "/id") != id, there.field("id"), "the inline flow's id and uuid differ");
    let level = text(inline, "/security_level");
    report.when(level != "high", there.field("security_level"), "it must be \"high\" in an inline flow");
    report.when(!inline["group"].is_null(), there.field("group"), "it must be null in an inline flow");
    report.when(
        inline["log"] != false,
        there.field("log"),
        "the inline flow must not keep personal data in the history",
    );
    frame(inline, place, report);
    scope(inline, file, place, seen, report);
    let starts = cards(inline).first().is_some_and(|card| card.key() == "callable");
    report.when(!starts, there.field("flo"), "the inline flow must begin with the hidden start card (callable)");
    promise::check(inline, place, report);
}

fn frame(body: &Value, place: Place<'_>, report: &mut Report) {
    for member in MEMBERS {
        report.when(body.get(member).is_none(), place.field(member), "the flow lacks it");
    }
}

/// Every rule about the cards of one body.
fn scope(body: &Value, file: &Value, place: Place<'_>, seen: &mut BTreeSet<String>, report: &mut Report) {
    let all = cards(body);
    for one in &all {
        card::check(*one, file, place, seen, report);
    }
    link::check(body, &all, place, report);
}
