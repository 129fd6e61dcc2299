//! What connects cards: links from outputs to inputs, and the order in which cards run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::view::{Card, entries, members, text};
use super::{Place, Report};

pub(super) fn check(body: &Value, cards: &[Card<'_>], place: Place<'_>, report: &mut Report) {
    let by_id: BTreeMap<&str, Card<'_>> = cards.iter().map(|card| (card.id(), *card)).collect();
    let before = orderings(body, &by_id, place, report);
    let mut linked: BTreeMap<&str, usize> = BTreeMap::new();
    for card in cards {
        let place = place.card(card.title());
        for (output, target, link) in card.pins() {
            pin(*card, output, target, link, &by_id, place, report);
            *linked.entry(text(link, "/input")).or_default() += 1;
            let runs_before = reaches(&before, card.id(), target);
            let what = format!("it is linked to \"{}\", which does not run after this card", name(&by_id, target));
            report.when(by_id.contains_key(target) && !runs_before, place.field(output_name(*card, output)), what);
        }
        if card.key() == "expand" {
            expand(*card, &by_id, place, report);
        }
    }
    for card in cards {
        let place = place.card(card.title());
        for (id, field) in card.inputs() {
            fed(field, linked.get(id.as_str()).copied().unwrap_or(0), place.field(text(field, "/key")), report);
        }
    }
}

/// An input is linked once, or filled; what must be there is there.
fn fed(field: &Value, links: usize, place: Place<'_>, report: &mut Report) {
    let data = &field["value"]["data"];
    let is_empty = match data {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    report.when(links > 1, place, "two links lead into it");
    report.when(links > 0 && !is_empty, place, "it is linked and filled as well; a linked field is empty");
    report.when(links == 0 && is_empty && field["required"] == true, place, "it must be filled or linked");
}

fn pin(
    card: Card<'_>,
    output: &str,
    target: &str,
    link: &Value,
    by_id: &BTreeMap<&str, Card<'_>>,
    place: Place<'_>,
    report: &mut Report,
) {
    let place = place.field(output_name(card, output));
    let Some((_, source)) = card.outputs().find(|(id, _)| id.as_str() == output) else {
        return report.add(place, format!("a link comes from \"{output}\", which is no output of the card"));
    };
    report.when(source["_used"] != true, place, "it is linked and not marked as used");
    let Some(target) = by_id.get(target) else {
        return report.add(place, format!("a link leads to \"{target}\", which is no card of this flow"));
    };
    let input = text(link, "/input");
    let Some((_, input)) = target.inputs().find(|(id, _)| id.as_str() == input) else {
        return report.add(place, format!("a link leads to \"{input}\", which is no field of \"{}\"", target.title()));
    };
    // The cards in between have types of their own; only what would be lost on the way is looked at.
    let (from, to) = (&source["value"]["type"], &input["value"]["type"]);
    let transform = &link["transform"];
    let as_text = transform.pointer(&format!("/{output}/convert")).and_then(Value::as_str) == Some("stringify");
    let is_text = |kind: &Value| kind == "string";
    let is_object = |kind: &Value| kind == "object" || kind.is_object();
    let lost = is_object(from) && is_text(to) && target.key() != "construct" && !as_text;
    report.when(
        lost,
        place,
        format!("an object is linked to the text \"{}\" as it is; hand it over as text", text(input, "/key")),
    );
    if !transform.is_null() {
        let named = members(transform, "").all(|(id, how)| id == output && text(how, "/dest") == output);
        report.when(!named, place, "the link's transform names another output");
    }
    let lists = (source["value"]["collection"] == true, input["value"]["collection"] == true);
    report.when(lists.0 != lists.1, place, "a list is linked to what is none, or the other way round");
}

/// Reads the order, and gives for each card those that run right after it.
fn orderings<'a>(
    body: &'a Value,
    by_id: &BTreeMap<&str, Card<'_>>,
    place: Place<'_>,
    report: &mut Report,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut after: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut selves, mut later) = (BTreeSet::new(), BTreeSet::new());
    let place = place.field("orderings");
    for (id, pair) in members(body, "/orderings") {
        let [Some(from), Some(to)] = [0, 1].map(|index| entries(pair, "").get(index).and_then(Value::as_str)) else {
            report.add(place, format!("\"{id}\" is not a pair of cards"));
            continue;
        };
        for one in [from, to] {
            let unknown = !by_id.contains_key(one);
            report.when(unknown, place, format!("\"{id}\" names \"{one}\", which is no card of this flow"));
        }
        if from == to {
            selves.insert(from);
        } else {
            after.entry(from).or_default().insert(to);
            later.insert(to);
        }
    }
    for (id, card) in by_id {
        let place = place.card(card.title());
        let is_expand = card.key() == "expand";
        let what = "a card that takes an object apart (expand) must run after itself; all exports have that";
        report.when(is_expand && !selves.contains(id), place, what);
        report.when(!is_expand && selves.contains(id), place, "only expand runs after itself");
    }
    let firsts: Vec<&str> = by_id.keys().copied().filter(|id| !later.contains(id)).collect();
    if firsts.len() != 1 {
        let titles: Vec<&str> = firsts.iter().map(|id| name(by_id, id)).collect();
        report.add(place, format!("one card must be the first, and these are: {titles:?}"));
    }
    for (id, card) in by_id {
        let in_a_circle = after.get(id).is_some_and(|next| next.iter().any(|next| reaches(&after, next, id)));
        report.when(in_a_circle, place.card(card.title()), "it runs after itself, in a circle");
    }
    after
}

/// Whether `to` runs after `from`, however many cards are between.
fn reaches(after: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(id) = open.pop() {
        for next in after.get(id).into_iter().flatten() {
            if *next == to {
                return true;
            }
            if seen.insert(*next) {
                open.push(next);
            }
        }
    }
    false
}

/// A hidden card that takes one output of another apart: it names both, and its parts come in pairs.
fn expand(card: Card<'_>, by_id: &BTreeMap<&str, Card<'_>>, place: Place<'_>, report: &mut Report) {
    let Some(object) = card.input("object") else {
        return report.add(place.field("object"), "the card lacks this field");
    };
    let place = place.field("object");
    let (source, output) = (text(object, "/metadata/srcMethodId"), text(object, "/metadata/srcOutputId"));
    let Some(source) = by_id.get(source) else {
        return report.add(place, format!("srcMethodId \"{source}\" is no card of this flow"));
    };
    let own_name = text(card.json, "/node/data/name");
    report.when(own_name != source.id(), place.field("name"), "its name must be the id of the card it belongs to");
    let Some((_, output)) = source.outputs().find(|(id, _)| id.as_str() == output) else {
        return report.add(place, format!("srcOutputId \"{output}\" is no output of \"{}\"", source.title()));
    };
    let mut pairs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, field) in card.outputs() {
        let key = text(field, "/key");
        pairs.entry(text(field, "/group")).or_default().push(key);
        let part = entries(field, "/metadata/path").first().and_then(Value::as_str).unwrap_or_default();
        let place = place.field(part);
        let known = output.pointer("/value/type").and_then(|kind| kind.get(part)).is_some();
        report.when(!known, place, format!("\"{}\" has no such part", text(output, "/key")));
        let named = field["value"]["data"] == serde_json::json!([part]) && field["value"]["collection"] == true;
        report.when(key == "key" && !named, place, "the key of a part is a list with its name");
        for (member, wanted) in [("srcMethodId", source.id()), ("srcOutputId", text(output, "/id"))] {
            let wrong = text(field, &format!("/metadata/{member}")) != wanted;
            report.when(wrong, place, format!("its {member} differs from that of \"object\""));
        }
    }
    for keys in pairs.values_mut() {
        keys.sort_unstable();
        report.when(*keys != ["key", "value"], place, "each part has one key and one value, in a group of their own");
    }
}

fn name<'a>(by_id: &BTreeMap<&str, Card<'a>>, id: &'a str) -> &'a str {
    by_id.get(id).map_or(id, |card| card.title())
}

fn output_name<'a>(card: Card<'a>, output: &'a str) -> &'a str {
    card.outputs().find(|(id, _)| id.as_str() == output).map_or(output, |(_, field)| text(field, "/key"))
}
