//! Single cards: an attested card in an attested version, whole, with its connection and its error handling.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::view::{Card, is_short, text};
use super::{Place, Report, field};
use crate::flows::catalogue::{self, Kind};

/// What every card's model has.
const MODEL: [&str; 26] = [
    "type",
    "_v",
    "key",
    "executable",
    "displayed",
    "async",
    "cooperative",
    "mirrored",
    "inlined",
    "dependencies",
    "timeout",
    "idempotent",
    "monitor",
    "webhook",
    "webhookList",
    "webhookConditions",
    "mobile",
    "hooks",
    "policy",
    "metadata",
    "meta",
    "config",
    "partnerChannelKeys",
    "inputs",
    "outputs",
    "runtime",
];

pub(super) fn check(card: Card<'_>, file: &Value, place: Place<'_>, seen: &mut BTreeSet<String>, report: &mut Report) {
    let place = place.card(card.title());
    let id = card.id();
    report.when(!is_short(id), place.field("uuid"), format!("\"{id}\" is not 8 to 12 letters, digits, _ or -"));
    report.when(!seen.insert(id.to_owned()), place.field("uuid"), format!("the id \"{id}\" is there twice"));
    address(card, place, report);
    for member in MODEL {
        report.when(card.model().get(member).is_none(), place.field(member), "the card lacks it");
    }
    let kind = catalogue::KINDS.iter().find(|kind| kind.address() == card.address());
    match kind {
        Some(kind) => as_attested(card, kind, place, report),
        None => {
            let what = format!("\"{}\" is in no published export this program knows", card.address());
            report.add(place.field("address"), what);
        }
    }
    connection(card, file, place, report);
    field::check(card, kind, place, seen, report);
}

fn address(card: Card<'_>, place: Place<'_>, report: &mut Report) {
    let channel = text(card.json, "/parents/channel/address");
    let version = text(card.json, "/parents/version/address");
    let number = text(card.json, "/parents/version/key");
    let wanted = format!("{version}:{}", card.key());
    report.when(
        card.address() != wanted,
        place.field("address"),
        format!("it must be \"{wanted}\", of version and key"),
    );
    let wanted = format!("{channel}:{number}");
    report.when(version != wanted, place.field("parents.version.address"), format!("it must be \"{wanted}\""));
    let named = text(card.json, "/parents/version/data/name");
    report.when(named != number, place.field("parents.version.data.name"), format!("it must be \"{number}\""));
    let wrong = text(card.model(), "/key") != card.key();
    report.when(wrong, place.field("key"), "the key of the card and of its model differ");
}

/// What a card of this kind always is.
fn as_attested(card: Card<'_>, kind: &Kind, place: Place<'_>, report: &mut Report) {
    let (model, run) = (card.model(), kind.run);
    let flags: [(&str, Value); 6] = [
        ("executable", run.executable.into()),
        ("async", run.asynchronous.into()),
        ("cooperative", run.cooperative.into()),
        ("mirrored", run.mirrored.into()),
        ("displayed", run.displayed.into()),
        ("timeout", run.timeout.into()),
    ];
    for (name, wanted) in flags {
        report.when(model[name] != wanted, place.field(name), format!("in every export it is {wanted}"));
    }
    if card.is_connector() {
        for (pointer, field) in [
            ("/node/model/metadata/id", "metadata.id"),
            ("/parents/channel/data/id", "parents.channel.data.id"),
            ("/parents/version/data/id", "parents.version.data.id"),
        ] {
            let missing = !card.json.pointer(pointer).is_some_and(Value::is_u64);
            report.when(missing, place.field(field), "a connector's card has a number here");
        }
    }
}

fn connection(card: Card<'_>, file: &Value, place: Place<'_>, report: &mut Report) {
    let place = place.field("config");
    let config = &card.model()["config"];
    if !card.is_connector() {
        return report.when(!config.is_null(), place, "only a connector's card has a connection");
    }
    let module = text(card.json, "/parents/channel/key");
    let known = config.as_str().and_then(|id| file.pointer(&format!("/data/configs/{id}")));
    match known {
        None => report.add(place, "it is no connection of this file"),
        Some(known) if text(known, "/module") != module => {
            let what = format!("it is a connection of \"{}\", and the card is of \"{module}\"", text(known, "/module"));
            report.add(place, what);
        }
        Some(_) => {}
    }
    let policy = card.model().pointer("/policy/error").unwrap_or(&Value::Null);
    let place = place.field("policy");
    if module == "httpfunctions" {
        let wanted =
            json!({ "type": "finish", "delay": [60_000, 180_000], "retry": 3, "retryCondition": "ratelimits" });
        report.when(*policy != wanted, place, "a call must be made again on status 429: three times, then halt");
    } else {
        report.when(text(policy, "/type") != "finish", place, "an error must end the run");
    }
}
