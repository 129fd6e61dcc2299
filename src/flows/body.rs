//! Flow bodies: the frame around cards, for a flow of its own and for the inline flow inside For Each.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::card::Card;
use super::ids;

/// The parts both kinds of body share. `order` holds pairs of cards: the first runs before the second.
fn frame(id: &str, cards: &[&Card], order: &[(&Card, &Card)]) -> Value {
    let order: BTreeMap<String, [&str; 2]> = order
        .iter()
        .map(|(from, to)| (ids::short(&["order", id, &from.id, &to.id]), [from.id.as_str(), to.id.as_str()]))
        .collect();
    json!({
        "id": null,
        "uuid": id,
        // Written by every export since the console dropped its trees.
        "tree": {
            "id": 2,
            "name": "empty",
            "description": "This flow has been build w/o a tree and uses the newer, async, Addressing module.",
        },
        "methods": cards.iter().map(|card| card.json()).collect::<Vec<_>>(),
        "model": {},
        "orderings": order,
        // Whether the execution history keeps what passes through: personal data, so off until an administrator turns it on.
        "log": false,
        "templateName": null,
        "connector_method_meta": { "inputs": {}, "outputs": {}, "options": {} },
        "monitor_flo": false,
    })
}

/// The inline flow: a start card, the cards of the source in their order, and the hidden cards that take events apart.
pub(super) fn inline(id: &str, start: &Card, steps: &[Card], hidden: &[Card]) -> Value {
    let mut order = Vec::new();
    if let Some(first) = steps.first() {
        order.push((start, first));
        // A hidden card runs after the card it belongs to, before the next one, and, as every export has it, after itself.
        for (index, one) in hidden.iter().enumerate() {
            order.push((start, one));
            order.push((one, first));
            order.extend(hidden[..index].iter().map(|earlier| (one, earlier)));
            order.push((one, one));
        }
    }
    order.extend(steps.windows(2).map(|pair| (&pair[0], &pair[1])));
    let cards: Vec<&Card> = std::iter::once(start).chain(steps).chain(hidden).collect();
    let mut body = frame(id, &cards, &order);
    body["id"] = id.into();
    body["security_level"] = "high".into();
    body["inheritLog"] = false.into();
    body["group"] = Value::Null;
    body
}

/// A flow of its own: an event card and For Each.
pub(super) fn flow(id: &str, group: &str, cards: &[Card; 2]) -> Value {
    let [event, each] = cards;
    let mut body = frame(id, &[event, each], &[(event, each)]);
    body["cron"] = json!({});
    body["security_level"] = Value::Null;
    body["inheritLog"] = true.into();
    body["scheduled"] = false.into();
    body["group"] = group.into();
    body["actionId"] = Value::Null;
    body["display"] = json!({
        "preview": cards.iter().map(preview).collect::<Vec<_>>(),
        "eventConnecterName": event.title,
        "isCallable": false,
        "isPublishable": false,
    });
    body
}

fn preview(card: &Card) -> Value {
    json!({ "module": card.kind.module(), "name": card.kind.key, "kernel": !card.kind.is_connector() })
}
