//! Org units: their shape, their tree, their keys, and the pace of writes.

use serde_json::{Value, json};

use super::{Answer, Stranger};

fn unit(stranger: &Stranger, name: &str) -> Value {
    json!({"domainId": stranger.domain(), "orgUnitName": name, "displayOrder": 1})
}

/// Lets the second pass that lies between two writes.
async fn create(stranger: &Stranger, body: Value) -> Answer {
    stranger.pass(1).await;
    stranger.post("/orgunits", body).await
}

async fn id_of(stranger: &Stranger, body: Value) -> String {
    let answer = create(stranger, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["orgUnitId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_unit_is_created_read_changed_and_deleted() {
    let stranger = Stranger::of_the_directory().await;
    let mut body = unit(&stranger, "Support (a&b)");
    body["orgUnitExternalKey"] = json!("support 1");
    body["parentOrgUnitId"] = json!("externalKey:eng");
    let answer = create(&stranger, body.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json;
    assert_eq!((&made["parentOrgUnitId"], &made["parentExternalKey"]), (&json!("orgunit1-eng"), &json!("eng")));
    assert_eq!((&made["visible"], &made["useMessage"], &made["email"]), (&json!(true), &json!(false), &Value::Null));
    let path = "/orgunits/externalKey%3Asupport%201";
    assert_eq!(stranger.get(path).await.json, made);

    let changed = stranger.patch(path, json!({"description": "Second line", "visible": false})).await.json;
    assert_eq!((&changed["description"], &changed["visible"]), (&json!("Second line"), &json!(false)));
    stranger.put(path, body.clone()).await.is_refused(400, "MISSING_PARAMETER");
    body["email"] = json!("support@sandbox.example");
    let replaced = stranger.put(path, body.clone()).await.json;
    assert_eq!((&replaced["description"], &replaced["visible"]), (&Value::Null, &json!(true)), "PUT wipes");
    assert_eq!(replaced["orgUnitId"], made["orgUnitId"]);

    assert_eq!(stranger.delete(path).await.status, 204);
    for answer in [stranger.get(path).await, stranger.delete(path).await, stranger.put(path, body).await] {
        answer.is_refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn every_property_has_its_limit() {
    let stranger = Stranger::of_the_directory().await;
    stranger.switch(json!({"quotaPerMinute": 1000})).await;
    let path = format!("/orgunits/{}", id_of(&stranger, unit(&stranger, "limits")).await);
    let long = |length| "a".repeat(length);
    let login = |length| format!("{}@sandbox.example", long(length));
    let aliases = |count: usize| json!(vec![login(3); count]);
    let table = [
        ("orgUnitName", json!(long(100)), json!(long(101))),
        ("orgUnitName", json!("!@&()-_+[]{},./ 東京"), json!("a#b")),
        ("orgUnitName", json!("a"), json!("of admin-ng")),
        ("orgUnitName", json!("a"), Value::Null),
        ("orgUnitExternalKey", json!(long(100)), json!(long(101))),
        ("orgUnitExternalKey", Value::Null, json!("a/b")),
        ("displayOrder", json!(1), json!(0)),
        ("displayOrder", json!(2_147_483_647), json!(2_147_483_648_u64)),
        ("displayOrder", json!(3), json!("3")),
        ("description", json!(long(160)), json!(long(161))),
        ("email", json!(login(64)), json!(login(65))),
        ("email", json!(login(2)), json!(login(1))),
        ("email", json!(login(3)), json!("abc@elsewhere.example")),
        ("email", json!(login(3)), Value::Null),
        ("aliasEmails", aliases(20), aliases(21)),
        ("visible", json!(false), json!("no")),
        ("useFolder", json!(true), json!(1)),
        ("domainId", json!(stranger.domain()), json!(7)),
        ("domainId", json!(stranger.domain()), json!(stranger.second().id)),
        ("parentOrgUnitId", json!("externalKey:eng"), json!("externalKey:nobody")),
        ("parentOrgUnitId", Value::Null, json!(5)),
    ];
    for (property, good, bad) in table {
        let answer = stranger.patch(&path, json!({ property: good })).await;
        assert_eq!(answer.status, 200, "{property} = {good}: {}", answer.text);
        let answer = stranger.patch(&path, json!({ property: bad })).await;
        assert_eq!(answer.status, 400, "{property} = {bad} passed");
        assert!(answer.json["description"].as_str().expect("a text").starts_with(property), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_unit_needs_domain_name_and_display_order_but_no_name_of_its_own() {
    let stranger = Stranger::of_the_directory().await;
    for required in ["domainId", "orgUnitName", "displayOrder"] {
        let mut body = unit(&stranger, "needs");
        body.as_object_mut().unwrap().remove(required);
        let answer = create(&stranger, body).await;
        let text = &answer.is_refused(400, "MISSING_PARAMETER").json["description"];
        assert_eq!(text, &json!(format!("{required} is required.")));
    }
    let first = id_of(&stranger, unit(&stranger, "Twin")).await;
    assert_ne!(first, id_of(&stranger, unit(&stranger, "Twin")).await, "names may repeat");
    let mut body = unit(&stranger, "Key");
    body["orgUnitExternalKey"] = json!("eng");
    create(&stranger, body.clone()).await.is_refused(409, "ALREADY_EXIST");
    body["domainId"] = json!(stranger.second().id);
    assert_eq!(create(&stranger, body).await.status, 201, "keys are of a domain");
}

#[tokio::test]
async fn an_address_belongs_to_one_unit_or_member() {
    let stranger = Stranger::of_the_directory().await;
    stranger.create("someone").await;
    let with = |email: &str| {
        let mut body = unit(&stranger, "mail");
        body["email"] = json!(email);
        body
    };
    create(&stranger, with("someone@sandbox.example")).await.is_refused(409, "ALREADY_EXIST");
    assert_eq!(create(&stranger, with("team@sandbox.example")).await.status, 201);
    create(&stranger, with("team@sandbox.example")).await.is_refused(409, "ALREADY_EXIST");
}

#[tokio::test]
async fn units_hang_at_most_nine_deep_and_never_below_themselves() {
    let stranger = Stranger::of_the_directory().await;
    let mut line = vec![id_of(&stranger, unit(&stranger, "level 1")).await];
    for level in 2..=9 {
        let mut body = unit(&stranger, &format!("level {level}"));
        body["parentOrgUnitId"] = json!(line.last());
        line.push(id_of(&stranger, body).await);
    }
    let mut tenth = unit(&stranger, "level 10");
    tenth["parentOrgUnitId"] = json!(line.last());
    create(&stranger, tenth).await.is_refused(400, "LIMIT_EXCEEDED");

    let to = |parent: Value| json!({"parentOrgUnitId": parent, "displayOrder": 2});
    let move_path = |id: &str| format!("/orgunits/{id}/move");
    stranger.post(&move_path(&line[0]), to(json!(line[4]))).await.is_refused(400, "INVALID_PARAMETER");
    stranger.post(&move_path(&line[0]), to(json!("orgunit1-eng"))).await.is_refused(400, "LIMIT_EXCEEDED");
    let moved = stranger.post(&move_path(&line[4]), to(Value::Null)).await;
    assert_eq!((moved.status, &moved.json["parentOrgUnitId"]), (200, &Value::Null));
    assert_eq!(moved.json["displayOrder"], 2);
    let answer = stranger.post(&move_path(&line[0]), to(json!("orgunit1-eng"))).await;
    assert_eq!(answer.status, 200, "now it is short enough: {}", answer.text);
    for missing in ["parentOrgUnitId", "displayOrder"] {
        let mut body = to(Value::Null);
        body.as_object_mut().unwrap().remove(missing);
        let answer = stranger.post(&move_path(&line[0]), body).await;
        assert!(answer.is_refused(400, "MISSING_PARAMETER").text.contains(missing));
    }
}

#[tokio::test]
async fn a_list_is_of_one_domain_and_cannot_be_searched() {
    let stranger = Stranger::of_the_directory().await;
    let mut body = unit(&stranger, "Elsewhere");
    body["domainId"] = json!(stranger.second().id);
    body["parentOrgUnitId"] = json!("externalKey:eng");
    create(&stranger, body.clone()).await.is_refused(400, "INVALID_PARAMETER");
    body["parentOrgUnitId"] = Value::Null;
    let id = id_of(&stranger, body).await;
    let page = stranger.get("/orgunits?count=1&orgUnitName=Sales").await.json;
    assert_eq!(page["orgUnits"][0]["orgUnitName"], "Engineering", "the parameter is not known");
    let cursor = page["responseMetaData"]["nextCursor"].as_str().expect("there is more").replace('+', "%2B");
    let page = stranger.get(&format!("/orgunits?count=1&cursor={cursor}")).await.json;
    assert_eq!(page["orgUnits"][0]["orgUnitName"], "Sales");
    assert_eq!(page["responseMetaData"]["nextCursor"], Value::Null);
    let page = stranger.get(&format!("/orgunits?domainId={}", stranger.second().id)).await.json;
    assert_eq!((page["orgUnits"].as_array().unwrap().len(), &page["orgUnits"][0]["orgUnitId"]), (1, &json!(id)));
    for wrong in ["count=0", "cursor=abc", "domainId=7"] {
        stranger.get(&format!("/orgunits?{wrong}")).await.is_refused(400, "INVALID_PARAMETER");
    }
    assert_eq!(stranger.get("/orgunits?count=101").await.json["orgUnits"], json!([]));
    assert_eq!(stranger.violations().await, ["countOver100"]);
}

/// A person whose organisation is this one, in these units.
fn placed(stranger: &Stranger, name: &str, unit: &str, is_manager: bool) -> Value {
    let mut body = stranger.person(name);
    body["organizations"] = json!([{"domainId": stranger.domain(), "primary": true,
        "orgUnits": [{"orgUnitId": unit, "primary": true, "isManager": is_manager, "useTeamFeature": false}]}]);
    body
}

#[tokio::test]
async fn members_belong_to_units_and_a_unit_has_one_manager() {
    let stranger = Stranger::of_the_directory().await;
    let id = id_of(&stranger, unit(&stranger, "Team")).await;
    for (name, is_manager) in [("first", true), ("second", true), ("gone", false)] {
        let answer = stranger.post("/users", placed(&stranger, name, &id, is_manager)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    stranger.delete("/users/externalKey:key-gone").await;
    let page = stranger.get(&format!("/orgunits/{id}/members")).await.json;
    let shown: Vec<_> =
        page["members"].as_array().unwrap().iter().map(|one| (&one["userExternalKey"], &one["isManager"])).collect();
    assert_eq!(shown, [(&json!("key-first"), &json!(false)), (&json!("key-second"), &json!(true))]);
    assert_eq!((&page["members"][0]["visible"], &page["members"][0]["useTeamFeature"]), (&json!(true), &json!(false)));
    stranger.get("/orgunits/nobody/members").await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_unit_in_use_is_deleted_by_switch_only() {
    let stranger = Stranger::of_the_directory().await;
    let top = id_of(&stranger, unit(&stranger, "Top")).await;
    let mut below = unit(&stranger, "Below");
    below["parentOrgUnitId"] = json!(top);
    let below = id_of(&stranger, below).await;
    let path = format!("/orgunits/{top}");
    stranger.delete(&path).await.is_refused(400, "BAD_REQUEST");
    stranger.post("/users", placed(&stranger, "inside", &below, false)).await;
    stranger.delete(&format!("/orgunits/{below}")).await.is_refused(400, "BAD_REQUEST");
    stranger.switch(json!({"deleteInUse": "accept"})).await;
    assert_eq!(stranger.delete(&path).await.status, 204);
    stranger.get(&format!("/orgunits/{below}")).await.is_refused(404, "NOT_FOUND");
    let user = stranger.get("/users/externalKey:key-inside").await.json;
    assert_eq!(user["organizations"][0]["orgUnits"], json!([]));
}

#[tokio::test]
async fn external_keys_are_set_in_bulk_all_or_nothing() {
    let stranger = Stranger::of_the_directory().await;
    let keys = |list: Value| stranger.post("/orgunits/external-keys", json!({ "orgUnits": list }));
    let swap = json!([{"id": "orgunit1-eng", "externalKey": "sales"}, {"id": "orgunit2-sales", "externalKey": "eng"}]);
    assert_eq!(keys(swap).await.status, 204);
    assert_eq!(stranger.get("/orgunits/externalKey:eng").await.json["orgUnitName"], "Sales");
    let half = json!([{"id": "orgunit1-eng", "externalKey": null}, {"id": "nobody", "externalKey": "x"}]);
    keys(half).await.is_refused(404, "NOT_FOUND");
    keys(json!([{"id": "orgunit1-eng", "externalKey": "eng"}])).await.is_refused(409, "ALREADY_EXIST");
    assert_eq!(stranger.get("/orgunits/externalKey:sales").await.status, 200, "nothing was changed");
    assert_eq!(keys(json!([{"id": "orgunit1-eng", "externalKey": null}])).await.status, 204);
    let ids = async |query: &str| -> Vec<Value> {
        let page = stranger.get(&format!("/orgunits/external-keys{query}")).await.json;
        page["orgUnits"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    assert_eq!(ids("").await.len(), 2);
    assert_eq!(ids("?hasExternalKey=false").await, ["orgunit1-eng"]);
    assert_eq!(ids("?hasExternalKey=true").await, ["orgunit2-sales"]);
}

#[tokio::test]
async fn writes_of_one_domain_are_a_second_apart_or_counted_or_refused() {
    let stranger = Stranger::of_the_directory().await;
    let write = || stranger.patch("/orgunits/orgunit1-eng", json!({"visible": true}));
    assert_eq!(write().await.status, 200);
    assert_eq!(stranger.post("/orgunits", unit(&stranger, "Fast")).await.status, 201);
    assert_eq!(stranger.violations().await, ["orgUnitPace"]);
    stranger.switch(json!({"refuseOrgUnitPace": true})).await;
    stranger.pass(1).await;
    assert_eq!(write().await.status, 200);
    stranger.post("/orgunits", unit(&stranger, "Faster")).await.is_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(stranger.violations().await.len(), 2);
    stranger.pass(1).await;
    assert_eq!(write().await.status, 200);
    let mut elsewhere = unit(&stranger, "Elsewhere");
    elsewhere["domainId"] = json!(stranger.second().id);
    assert_eq!(stranger.post("/orgunits", elsewhere).await.status, 201, "another domain");
    assert_eq!(stranger.get("/orgunits").await.status, 200, "a read");
    assert_eq!(stranger.violations().await.len(), 2);
}

#[tokio::test]
async fn two_unit_writes_at_once_break_the_pace() {
    let stranger = Stranger::of_the_directory().await;
    stranger.switch(json!({"refuseOrgUnitPace": true})).await;
    stranger.fault(json!({"operation": "orgunits.patch", "kind": "slow", "delayMs": 1000})).await;
    let path = "/orgunits/orgunit1-eng";
    let (first, second) = tokio::join!(stranger.patch(path, json!({"visible": true})), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stranger.pass(2).await;
        stranger.patch(path, json!({"visible": true})).await
    });
    assert_eq!((first.status, second.status), (200, 429));
}

#[tokio::test]
async fn reads_and_writes_of_units_need_their_scopes() {
    let mut stranger = Stranger::start().await;
    for (scope, read, write) in [
        ("user", 403, 403),
        ("orgunit.read", 200, 403),
        ("directory.read", 200, 403),
        ("orgunit", 200, 200),
        ("directory", 200, 200),
        ("group", 403, 403),
    ] {
        stranger.pass(1).await;
        stranger.token = stranger.new_token(scope).await;
        assert_eq!(stranger.get("/orgunits").await.status, read, "{scope}");
        let written = stranger.patch("/orgunits/orgunit1-eng", json!({"visible": true})).await;
        assert_eq!(written.status, write, "{scope}");
    }
}
