//! The file around the flows: its version, ids, connections, the folder.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::view::{is_uuid, members, text};
use super::{Place, Report, flow};

const MAPS: [&str; 4] = ["flos", "configs", "tables", "groups"];

pub(super) fn check(file: &Value, report: &mut Report) {
    envelope(file, report);
    for name in MAPS {
        let pointer = format!("/data/{name}");
        let what = format!("data.{name} is not an object");
        report.when(!file.pointer(&pointer).is_some_and(Value::is_object), Place::default(), what);
        for (id, entry) in members(file, &pointer) {
            let place = Place { flow: if name == "flos" { text(entry, "/name") } else { "" }, ..Place::default() };
            let place = place.field("id");
            report.when(!is_uuid(id), place, format!("data.{name}: \"{id}\" is not a UUID of version 4"));
            report.when(
                text(entry, "/id") != id,
                place,
                format!("data.{name}: the entry \"{id}\" has another id inside"),
            );
        }
    }
    for (_, config) in members(file, "/data/configs") {
        let place = Place { card: text(config, "/name"), ..Place::default() }.field("data");
        report.when(!config["data"].is_null(), place, "a connection must be empty: its secrets never travel");
        let place = place.field("module");
        report.when(text(config, "/module").is_empty(), place, "a connection must name its connector");
    }
    for (_, group) in members(file, "/data/groups") {
        report.when(text(group, "/data/name").is_empty(), Place::default().field("name"), "the folder has no name");
    }
    // Ids of cards and fields are unique in the whole file, so that a link can mean one thing only.
    let mut seen = BTreeSet::new();
    for (id, flow) in members(file, "/data/flos") {
        flow::check(id, flow, file, &mut seen, report);
    }
    let nothing = members(file, "/data/flos").next().is_none();
    report.when(nothing, Place::default(), "there is no flow in it");
}

fn envelope(file: &Value, report: &mut Report) {
    let top = |field| Place::default().field(field);
    report.when(text(file, "/type") != "flopack", top("type"), "it must be \"flopack\"");
    let version = "it must be \"1.5.0\": older exports have a checksum nobody can make, newer ones were not looked at";
    report.when(text(file, "/version") != "1.5.0", top("version"), version);
    report.when(file.get("checksum").is_some(), top("checksum"), "no export of 1.5.0 has one; leave it out");
    let flags = json!({ "auto-transform": true, "looseBooleans": true, "looseStrings": true, "looseNulls": true });
    report.when(file["flags"] != flags, top("flags"), "they must be the four every export has, all true");
    let created = text(file, "/created").parse::<jiff::Timestamp>().is_ok();
    report.when(!created, top("created"), "it must be a moment, such as 2026-01-01T00:00:00.000Z");
}
