//! Each kind of damage is found, and the message names flow, card and field.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::check;
use crate::flows::folders;

/// The folder with bearer secret (0) or signature (1).
fn folder(index: usize) -> Value {
    static BUILT: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let folders = folders().expect("the sources are right");
        folders.iter().map(|folder| serde_json::from_str(&folder.contents).expect("JSON")).collect()
    });
    BUILT[index].clone()
}

/// A flow of a folder by its name.
fn flow<'a>(file: &'a mut Value, name: &str) -> &'a mut Value {
    let flows = file["data"]["flos"].as_object_mut().expect("flows");
    &mut flows.values_mut().find(|flow| flow["name"] == name).expect("the flow")["data"]
}

/// The flow inside For Each.
fn inline(flow: &mut Value) -> &mut Value {
    let each = card(flow, "For Each - Ignore Errors");
    &mut input(each, "flo")["value"]["data"]
}

/// A card of a body by its title; a hidden one by its key.
fn card<'a>(body: &'a mut Value, title: &str) -> &'a mut Value {
    let cards = body["methods"].as_array_mut().expect("cards");
    let is_it = |card: &&mut Value| card["node"]["data"]["name"] == title || card["node"]["key"] == title;
    cards.iter_mut().find(is_it).unwrap_or_else(|| panic!("no card {title}"))
}

fn field<'a>(card: &'a mut Value, side: &str, key: &str) -> &'a mut Value {
    let fields = card["node"]["model"][side]["data"].as_object_mut().expect("fields");
    fields.values_mut().find(|field| field["key"] == key).unwrap_or_else(|| panic!("no field {key}"))
}

fn input<'a>(card: &'a mut Value, key: &str) -> &'a mut Value {
    field(card, "inputs", key)
}

/// The step of the flow *Assign* with this title.
fn step<'a>(file: &'a mut Value, title: &str) -> &'a mut Value {
    card(inline(flow(file, "Assign")), title)
}

/// The same in the flow *Assign (signed)*.
fn signed<'a>(file: &'a mut Value, title: &str) -> &'a mut Value {
    card(inline(flow(file, "Assign (signed)")), title)
}

/// The first link that leaves a card.
fn link(card: &mut Value) -> &mut Value {
    let targets = card["pins"].as_object_mut().expect("pins").values_mut().next().expect("a link");
    &mut targets.as_object_mut().expect("cards").values_mut().next().expect("a card")[0]
}

/// Takes the links to a field away.
fn unlink(body: &mut Value, input: &str) {
    for card in body["methods"].as_array_mut().expect("cards") {
        for targets in card["pins"].as_object_mut().expect("pins").values_mut() {
            for links in targets.as_object_mut().expect("cards").values_mut() {
                links.as_array_mut().expect("links").retain(|link| link["input"] != input);
            }
        }
    }
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// Links `from` of the event to the field instead of what is linked there.
fn relink(file: &mut Value, event_output: &str, title: &str, key: &str) {
    let body = inline(flow(file, "Assign"));
    let target = card(body, title)["uuid"].as_str().expect("an id").to_owned();
    let input = id_of(input(card(body, title), key));
    unlink(body, &input);
    let start = card(body, "callable");
    let output = field(start, "outputs", event_output);
    output["_used"] = true.into();
    let output = id_of(output);
    start["pins"][output][target] = json!([{ "input": input, "transform": null }]);
}

const CALL: &str = "Call: choose the connection here";
const SERVICE: &str = "Service: put its address here";
const EVENT: &str = "User Assigned to Application";
const EACH: &str = "For Each - Ignore Errors";

/// What is done to a folder, and a message that must come of it.
type Damage = (usize, fn(&mut Value), &'static str);

const DAMAGE: &[Damage] = &[
    // The file.
    (0, |file| file["type"] = "flow".into(), "field \"type\": it must be \"flopack\""),
    (0, |file| file["version"] = "1.4.0".into(), "field \"version\": it must be \"1.5.0\""),
    (0, |file| file["checksum"] = "00".into(), "field \"checksum\": no export of 1.5.0 has one"),
    (0, |file| file["flags"]["looseNulls"] = false.into(), "field \"flags\": they must be the four"),
    (0, |file| file["created"] = "today".into(), "field \"created\": it must be a moment"),
    (0, |file| file["data"]["tables"] = Value::Null, "data.tables is not an object"),
    (0, |file| file["data"]["flos"] = json!({}), "there is no flow in it"),
    (
        0,
        |file| {
            let configs = file["data"]["configs"].as_object_mut().expect("connections");
            configs.values_mut().for_each(|config| config["data"] = json!({ "token": "x" }));
        },
        "card \"Okta\", field \"data\": a connection must be empty: its secrets never travel",
    ),
    // Flows.
    (
        0,
        |file| flow(file, "Assign")["group"] = "elsewhere".into(),
        "flow \"Assign\", field \"group\": it is no folder of this file",
    ),
    (
        0,
        |file| flow(file, "Assign")["uuid"] = "x".into(),
        "flow \"Assign\", field \"uuid\": it differs from the flow's id",
    ),
    (
        0,
        |file| {
            let stray = step(file, "Body").clone();
            flow(file, "Assign")["methods"].as_array_mut().expect("cards").push(stray);
        },
        "flow \"Assign\": a flow on an event has two cards: the event and For Each",
    ),
    (
        0,
        |file| card(flow(file, "Assign"), EVENT)["node"]["model"]["webhookConditions"] = false.into(),
        "flow \"Assign\", card \"User Assigned to Application\", field \"webhookConditions\": it must name the header",
    ),
    (
        0,
        |file| input(card(flow(file, "Assign"), EACH), "concurrency")["value"]["data"] = 0.into(),
        "flow \"Assign\", card \"For Each - Ignore Errors\", field \"concurrency\": it must be 1 to 200",
    ),
    (
        0,
        |file| inline(flow(file, "Assign"))["id"] = Value::Null,
        "flow \"Assign\", card \"For Each - Ignore Errors\", field \"id\": the inline flow's id and uuid differ",
    ),
    (
        0,
        |file| inline(flow(file, "Assign"))["log"] = true.into(),
        "flow \"Assign\", card \"For Each - Ignore Errors\", field \"log\": the inline flow must not keep personal data",
    ),
    (
        0,
        |file| {
            flow(file, "Assign").as_object_mut().expect("a body").remove("connector_method_meta");
        },
        "flow \"Assign\", field \"connector_method_meta\": the flow lacks it",
    ),
    // Cards.
    (
        0,
        |file| step(file, "Body")["uuid"] = "7".into(),
        "flow \"Assign\", card \"Body\", field \"uuid\": \"7\" is not 8 to 12 letters",
    ),
    (
        0,
        |file| {
            let id = step(file, "URL")["uuid"].clone();
            step(file, "Body")["uuid"] = id;
        },
        "card \"URL\", field \"uuid\": the id",
    ),
    (
        0,
        |file| step(file, CALL)["address"] = "root:channels:http:httpfunctions:9.9.9:raw".into(),
        "flow \"Assign\", card \"Call: choose the connection here\", field \"address\": \"root:channels:http:httpfunctions:9.9.9:raw\" is in no published export",
    ),
    (
        0,
        |file| step(file, "URL")["parents"]["version"]["address"] = "root:kernel:string:0.0.2".into(),
        "flow \"Assign\", card \"URL\", field \"parents.version.address\": it must be \"root:kernel:string:0.0.1\"",
    ),
    (
        0,
        |file| step(file, SERVICE)["node"]["model"]["mirrored"] = false.into(),
        "flow \"Assign\", card \"Service: put its address here\", field \"mirrored\": in every export it is true",
    ),
    (
        0,
        |file| {
            step(file, "Body")["node"]["model"].as_object_mut().expect("a model").remove("policy");
        },
        "flow \"Assign\", card \"Body\", field \"policy\": the card lacks it",
    ),
    (
        0,
        |file| step(file, CALL)["node"]["model"]["metadata"]["id"] = Value::Null,
        "flow \"Assign\", card \"Call: choose the connection here\", field \"metadata.id\": a connector's card has a number",
    ),
    (
        0,
        |file| step(file, CALL)["node"]["model"]["config"] = Value::Null,
        "flow \"Assign\", card \"Call: choose the connection here\", field \"config\": it is no connection of this file",
    ),
    (
        0,
        |file| {
            let okta = card(flow(file, "Assign"), EVENT)["node"]["model"]["config"].clone();
            step(file, CALL)["node"]["model"]["config"] = okta;
        },
        "flow \"Assign\", card \"Call: choose the connection here\", field \"config\": it is a connection of \"okta\"",
    ),
    (
        0,
        |file| step(file, CALL)["node"]["model"]["policy"]["error"] = json!({ "type": "finish" }),
        "flow \"Assign\", card \"Call: choose the connection here\", field \"policy\": a call must be made again on status 429",
    ),
    // Fields.
    (
        0,
        |file| field(card(flow(file, "Assign"), EVENT), "outputs", "collection")["value"]["data"] = json!({}),
        "flow \"Assign\", card \"User Assigned to Application\", field \"collection\": a list (collection) holds a list or null",
    ),
    (
        0,
        |file| input(step(file, "Body"), "eventId")["id"] = "aaaaaaaaa".into(),
        "flow \"Assign\", card \"Body\", field \"eventId\": it stands under",
    ),
    (
        0,
        |file| input(step(file, "Body"), "eventId")["value"]["type"] = "text".into(),
        "flow \"Assign\", card \"Body\", field \"eventId\": there is no type \"text\"",
    ),
    (
        0,
        |file| input(step(file, CALL), "Method")["value"]["data"] = "SEND".into(),
        "flow \"Assign\", card \"Call: choose the connection here\", field \"Method\": \"SEND\" is not one of its choices",
    ),
    (
        0,
        |file| input(step(file, "When it happened"), "path")["key"] = "Path".into(),
        "flow \"Assign\", card \"When it happened\", field \"path\": the card lacks this field",
    ),
    (
        0,
        |file| input(step(file, "URL"), "_text_")["value"]["data"] = "{{{nobody-knows}}}".into(),
        "flow \"Assign\", card \"URL\", field \"_text_\": the text has {{{nobody-knows}}}, and there is no such field",
    ),
    (
        0,
        |file| input(step(file, "When it happened"), "path")["value"]["data"] = "".into(),
        "flow \"Assign\", card \"When it happened\", field \"path\": it must be filled or linked",
    ),
    // Links and order.
    (
        0,
        |file| link(step(file, SERVICE))["input"] = "aaaaaaaaa".into(),
        "flow \"Assign\", card \"Service: put its address here\", field \"address\": a link leads to \"aaaaaaaaa\", which is no field of \"URL\"",
    ),
    (
        0,
        |file| {
            let pins = step(file, SERVICE)["pins"].as_object_mut().expect("pins");
            let targets = pins.values_mut().next().expect("a link");
            let links = targets.as_object().expect("cards").values().next().expect("a card").clone();
            *targets = json!({ "aaaaaaaaa": links });
        },
        "flow \"Assign\", card \"Service: put its address here\", field \"address\": a link leads to \"aaaaaaaaa\", which is no card",
    ),
    (
        0,
        |file| {
            let card = step(file, SERVICE);
            let links = card["pins"].as_object().expect("pins").values().next().expect("a link").clone();
            card["pins"] = json!({ "aaaaaaaaa": links });
        },
        "flow \"Assign\", card \"Service: put its address here\", field \"aaaaaaaaa\": a link comes from \"aaaaaaaaa\", which is no output",
    ),
    (
        0,
        |file| {
            field(step(file, SERVICE), "outputs", "address").as_object_mut().expect("a field").remove("_used");
        },
        "flow \"Assign\", card \"Service: put its address here\", field \"address\": it is linked and not marked as used",
    ),
    (
        0,
        |file| link(step(file, "Body"))["transform"] = Value::Null,
        "flow \"Assign\", card \"Body\", field \"output\": an object is linked to the text \"Body\" as it is",
    ),
    (
        0,
        |file| input(step(file, CALL), "URL")["value"]["data"] = "x".into(),
        "flow \"Assign\", card \"Call: choose the connection here\", field \"URL\": it is linked and filled as well",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            let orderings = body["orderings"].as_object_mut().expect("orderings");
            orderings.retain(|_, pair| pair[0] != pair[1]);
        },
        "flow \"Assign\", card \"expand\", field \"orderings\": a card that takes an object apart (expand) must run after itself",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            body["orderings"].as_object_mut().expect("orderings").values_mut().next().expect("one")[1] = "gone".into();
        },
        "flow \"Assign\", field \"orderings\": ",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            let call = card(body, CALL)["uuid"].clone();
            let orderings = body["orderings"].as_object_mut().expect("orderings");
            orderings.retain(|_, pair| pair[1] != call);
        },
        "flow \"Assign\", field \"orderings\": one card must be the first, and these are",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            let (url, service) = (card(body, "URL")["uuid"].clone(), card(body, SERVICE)["uuid"].clone());
            body["orderings"]["aaaaaaaaa"] = json!([url, service]);
        },
        "flow \"Assign\", card \"URL\", field \"orderings\": it runs after itself, in a circle",
    ),
    (
        0,
        |file| step(file, "expand")["node"]["data"]["name"] = "x".into(),
        "flow \"Assign\", card \"expand\", field \"name\": its name must be the id of the card it belongs to",
    ),
    (
        0,
        |file| field(step(file, "expand"), "outputs", "value")["metadata"]["path"] = json!(["Email"]),
        "flow \"Assign\", card \"expand\", field \"Email\": \"Application\" has no such part",
    ),
    // What the calls of this project must keep.
    (
        0,
        |file| relink(file, "Event ID", "Body", "eventId"),
        "flow \"Assign\", card \"Body\", field \"eventId\": it must come from the event's \"UUID\", and nothing else",
    ),
    (
        0,
        |file| relink(file, "Event Time", "Body", "occurredAt"),
        "flow \"Assign\", card \"Body\", field \"occurredAt\": it must come from the event's \"Event Details\", path \"published\"",
    ),
    (
        0,
        |file| input(step(file, "When it happened"), "path")["value"]["data"] = "insertionTimestamp".into(),
        "flow \"Assign\", card \"Body\", field \"occurredAt\": it must come from the event's \"Event Details\"",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            let event_id = id_of(input(card(body, "Body"), "eventId"));
            unlink(body, &event_id);
            input(card(body, "Body"), "eventId")["value"]["data"] = "e-1".into();
        },
        "flow \"Assign\", card \"Body\", field \"eventId\": it must come from the event's \"UUID\"",
    ),
    (
        0,
        |file| input(step(file, "Body"), "occurredAt")["key"] = "occurred".into(),
        "flow \"Assign\", field \"occurredAt\": no card says it",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Unassign"));
            input(card(body, CALL), "Body")["value"]["data"] = "{}".into();
        },
        "flow \"Unassign\", card \"Call: choose the connection here\", field \"Body\": the service refuses a DELETE with a body",
    ),
    (
        0,
        |file| {
            let body = inline(flow(file, "Assign"));
            let url = id_of(input(card(body, CALL), "URL"));
            unlink(body, &url);
            input(card(body, CALL), "URL")["value"]["data"] = "https://lineworks.example.com/".into();
        },
        "flow \"Assign\", card \"Call: choose the connection here\", field \"URL\": it must be linked",
    ),
    (
        0,
        |file| input(step(file, CALL), "Headers")["value"]["data"] = json!({ "Authorization": "Bearer 0123456789" }),
        "flow \"Assign\", card \"Call: choose the connection here\", field \"Headers\": a bearer secret is written here",
    ),
    (
        1,
        |file| {
            input(signed(file, "Service: put its address and the signing secret here"), "signing secret")["value"]["data"] =
                "s3cret".into()
        },
        "flow \"Assign (signed)\", card \"Service: put its address and the signing secret here\", field \"signing secret\": a secret is written here",
    ),
    (
        1,
        |file| input(signed(file, "HMAC"), "key")["value"]["data"] = "s3cret".into(),
        "flow \"Assign (signed)\", card \"HMAC\", field \"key\": the key is written here",
    ),
    (
        1,
        |file| input(signed(file, "Headers"), "Content-Type")["value"]["data"] = "3f1c6c1e00004000800000001".into(),
        "flow \"Assign (signed)\", card \"Headers\", field \"Content-Type\": this looks like a secret or an id",
    ),
];

#[test]
fn each_kind_of_damage_is_found_with_flow_card_and_field() {
    for (index, (number, damage, message)) in DAMAGE.iter().enumerate() {
        let mut file = folder(*number);
        damage(&mut file);
        assert_ne!(file, folder(*number), "damage {index} changes nothing: {message}");
        let found: Vec<String> = check(&file.to_string()).expect("JSON").iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|one| one.starts_with(message) || one.contains(message)),
            "{message}\nfound: {found:#?}"
        );
    }
}

#[test]
fn the_shipped_folders_have_nothing_wrong() {
    for number in [0, 1] {
        assert_eq!(check(&folder(number).to_string()).expect("JSON"), []);
    }
}

#[test]
fn what_is_no_folder_at_all_is_told_and_does_no_harm() {
    assert!(check("not JSON").is_err());
    for rot in
        ["null", "7", "[]", "{}", r#"{"data":{"flos":{"x":7,"y":{"data":{"methods":[null,{"pins":{"a":7}}]}}}}}"#]
    {
        assert!(!check(rot).expect("JSON").is_empty(), "{rot}");
    }
}
