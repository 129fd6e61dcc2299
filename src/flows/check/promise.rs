//! What the calls of this project's flows must keep, beyond the format.
//!
//! The service recognises a repetition by the event's own UUID and a late event by the event's own moment. Taken from
//! anything else (the delivery, the run, a constant), two events look like one, or a late one like a new one. And no
//! secret is ever in a file.

use serde_json::Value;

use super::view::{Card, cards, entries, text};
use super::{Place, Report};

/// Where a value comes from, seen through cards that only pass it on.
#[derive(Debug, PartialEq)]
enum Origin<'a> {
    /// An output of the event.
    Event(&'a str),
    /// A member of an object that is an output of the event.
    Member(&'a str, &'a str),
    /// A field of an Assign card, or any other output.
    Other(&'a str, &'a str),
    /// Nothing is linked.
    Written,
}

pub(super) fn check(inline: &Value, place: Place<'_>, report: &mut Report) {
    let all = cards(inline);
    let calls: Vec<Card<'_>> =
        all.iter().copied().filter(|card| text(card.json, "/parents/channel/key") == "httpfunctions").collect();
    report.when(calls.is_empty(), place, "no card calls the service");
    for call in calls {
        one_call(call, &all, place.card(call.title()), report);
    }
    facts(&all, place, report);
    addresses(&all, place, report);
    for card in &all {
        secrets(*card, place.card(card.title()), report);
    }
}

fn one_call(call: Card<'_>, all: &[Card<'_>], place: Place<'_>, report: &mut Report) {
    let filled = |key: &str| {
        let field = call.input(key);
        let linked = field.is_some_and(|field| origin(text(field, "/id"), all) != Origin::Written);
        let written = field.and_then(|field| field.pointer("/value/data"));
        linked
            || written.is_some_and(|data| !matches!(data, Value::Null) && *data != "" && *data != serde_json::json!({}))
    };
    let linked_url = call.input("URL").is_some_and(|field| origin(text(field, "/id"), all) != Origin::Written);
    report.when(!linked_url, place.field("URL"), "it must be linked: the address is said in one place only");
    match call.input("Method").map(|field| text(field, "/value/data")) {
        Some("PUT") => report.when(!filled("Body"), place.field("Body"), "a PUT needs a body"),
        Some("DELETE") => report.when(filled("Body"), place.field("Body"), "the service refuses a DELETE with a body"),
        _ => report.add(place.field("Method"), "it must be PUT or DELETE"),
    }
}

/// `eventId`, `occurredAt` and `appId`: there, and from where they must come.
fn facts(all: &[Card<'_>], place: Place<'_>, report: &mut Report) {
    for (fact, wanted) in [
        ("eventId", Origin::Event("UUID")),
        ("occurredAt", Origin::Member("Event Details", "published")),
        ("appId", Origin::Event("Application")),
    ] {
        let mut found = false;
        for card in all {
            for id in carriers(*card, fact) {
                found = true;
                let came = origin(id, all);
                let came_right = came == wanted || (fact == "appId" && came == Origin::Member("Application", "ID"));
                let from = match &wanted {
                    Origin::Member(output, member) => format!("\"{output}\", path \"{member}\""),
                    Origin::Event("Application") => "\"Application\" > \"ID\"".to_owned(),
                    Origin::Event(output) | Origin::Other(output, _) => format!("\"{output}\""),
                    Origin::Written => String::new(),
                };
                let what = format!("it must come from the event's {from}, and nothing else");
                report.when(!came_right, place.card(card.title()).field(fact), what);
            }
        }
        report.when(!found, place.field(fact), "no card says it; the service needs it");
    }
}

/// The fields of a card that carry this fact: a field of that name, or `fact={{{name}}}` in a text.
fn carriers<'a>(card: Card<'a>, fact: &str) -> Vec<&'a str> {
    let mut ids: Vec<&str> = Vec::new();
    if card.key() == "construct" {
        ids.extend(card.input(fact).map(|field| text(field, "/id")));
    }
    if card.key() == "compose" {
        let whole = card.input("_text_").map(|field| text(field, "/value/data")).unwrap_or_default();
        for (at, named) in whole.match_indices(fact) {
            let Some(rest) = whole[at + named.len()..].strip_prefix('=') else { continue };
            let name = rest.strip_prefix("{{{").and_then(|rest| Some(rest.split_once("}}}")?.0));
            ids.push(name.and_then(|name| card.input(name)).map(|field| text(field, "/id")).unwrap_or_default());
        }
    }
    ids
}

/// Where what is in this input comes from.
fn origin<'a>(input: &str, all: &[Card<'a>]) -> Origin<'a> {
    let into = |card: &Card<'a>| {
        let pin = card.pins().into_iter().find(|(_, _, link)| text(link, "/input") == input)?;
        card.outputs().find(|(id, _)| id.as_str() == pin.0).map(|(_, field)| (*card, field))
    };
    let Some((card, output)) = all.iter().find_map(into) else { return Origin::Written };
    let field = |key: &str| card.input(key).map(|field| text(field, "/id")).unwrap_or_default();
    match card.key() {
        "callable" => Origin::Event(text(output, "/key")),
        "get" => match origin(field("object"), all) {
            Origin::Event(event) => {
                Origin::Member(event, card.input("path").map(|field| text(field, "/value/data")).unwrap_or_default())
            }
            other => other,
        },
        "expand" => match origin(field("object"), all) {
            Origin::Event(event) => {
                let part = entries(output, "/metadata/path").first().and_then(Value::as_str).unwrap_or_default();
                Origin::Member(event, part)
            }
            other => other,
        },
        "replace" => origin(field("string"), all),
        _ => Origin::Other(card.title(), text(output, "/key")),
    }
}

/// The service's address is written once, into an Assign card that runs first of all.
fn addresses(all: &[Card<'_>], place: Place<'_>, report: &mut Report) {
    let mut found = 0;
    for card in all {
        for (_, field) in card.inputs().filter(|(_, field)| text(field, "/value/data").contains("://")) {
            found += 1;
            let what = "an address stands here; it belongs into the first card alone (Assign)";
            report.when(card.key() != "let", place.card(card.title()).field(text(field, "/key")), what);
        }
    }
    report.when(found != 1, place.field("address"), format!("the address must be written once, and is {found} times"));
}

/// No secret and no fact of a particular event is written into a card.
fn secrets(card: Card<'_>, place: Place<'_>, report: &mut Report) {
    for (_, field) in card.inputs() {
        let place = place.field(text(field, "/key"));
        let data = &field["value"]["data"];
        let name = text(field, "/key").to_lowercase();
        let is_secret_field = ["secret", "password", "token", "authorization"].iter().any(|word| name.contains(word));
        let written = data.as_str().is_some_and(|text| !text.is_empty());
        report.when(is_secret_field && written, place, "a secret is written here; leave it empty in a file");
        report.when(card.key() == "hmac" && name == "key" && written, place, "the key is written here; link it");
        let texts = leaves(data);
        let bearer = texts.iter().any(|text| text.to_lowercase().contains("bearer "));
        report.when(bearer, place, "a bearer secret is written here; it belongs into the connection");
        let headers = data.as_object().into_iter().flatten();
        for (header, _) in headers.filter(|(header, _)| {
            ["authorization", "x-signature", "x-timestamp"].contains(&header.to_lowercase().as_str())
        }) {
            report.add(
                place,
                format!("the header {header} is written here; it belongs into the connection, or is linked"),
            );
        }
        let random = texts.iter().any(|text| looks_random(text));
        report.when(
            random && text(field, "/value/type") != "flo",
            place,
            "this looks like a secret or an id; nothing of the kind belongs into a file",
        );
    }
}

fn leaves(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Object(object) if object.get("methods").is_none() => object.values().flat_map(leaves).collect(),
        Value::Array(list) => list.iter().flat_map(leaves).collect(),
        _ => Vec::new(),
    }
}

/// 20 or more hexadecimal or base64 signs in a row, with a digit among them.
fn looks_random(text: &str) -> bool {
    let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+-_=".contains(c)));
    runs.filter(|run| run.len() >= 20).any(|run| run.chars().filter(char::is_ascii_digit).count() >= 4)
}
