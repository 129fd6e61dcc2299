//! SCIM's PUT, PATCH and DELETE of users.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;
use super::scim::{user, user_with};

/// The user as SCIM shows it.
async fn shown(stranger: &Stranger, path: &str) -> Value {
    stranger.scim_get(path).await.json
}

/// The same person in the Directory.
async fn member(stranger: &Stranger, path: &str) -> Value {
    stranger.get(&path.replace("/Users", "/users")).await.json
}

#[tokio::test]
async fn a_put_replaces_what_scim_reaches_and_keeps_the_rest() {
    let stranger = Stranger::start().await;
    let mut body = stranger.person("kept");
    let whole = json!({"levelId": "externalKey:staff", "telephone": "1", "nickName": "Nick", "location": "Osaka",
        "locale": "ko_KR", "timeZone": "Asia/Seoul", "searchable": false, "employeeNumber": "77",
        "privateEmail": "k@home.example", "aliasEmails": ["kk@sandbox.example"],
        "messenger": {"protocol": "LINE", "messengerId": "k"},
        "userName": {"lastName": "Old", "firstName": "Name", "phoneticLastName": "オ"}});
    body.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
    body["organizations"] = json!([{"domainId": body["domainId"], "primary": true,
        "levelId": "externalKey:staff", "orgUnits": [{"orgUnitId": "externalKey:eng", "primary": true}]}]);
    let created = stranger.post("/users", body).await;
    let path = format!("/Users/{}", created.json["userId"].as_str().expect("an id"));
    let mut put = user("kept");
    put["name"] = json!({"familyName": "New"});
    put.as_object_mut().unwrap().remove("emails");
    let answer = stranger.scim(Method::PUT, &path, put).await;
    assert_eq!((answer.status, &answer.json["externalId"]), (200, &json!("ext-kept")), "{}", answer.text);
    assert_eq!(answer.json, shown(&stranger, &path).await);
    let after = member(&stranger, &path).await;
    let name = json!({"lastName": "New", "firstName": null, "phoneticLastName": "オ", "phoneticFirstName": null});
    assert_eq!(after["userName"], name);
    for (cleared, default) in [
        ("telephone", Value::Null),
        ("nickName", Value::Null),
        ("privateEmail", Value::Null),
        ("messenger", Value::Null),
        ("aliasEmails", json!([])),
        ("locale", json!("ja_JP")),
        ("timeZone", json!("Asia/Tokyo")),
    ] {
        assert_eq!(after[cleared], default, "{cleared}");
    }
    for kept in ["organizations", "location", "searchable", "employeeNumber", "userExternalKey"] {
        assert_eq!(after[kept], created.json[kept], "{kept}");
    }
    let without_name = user_with("kept", json!({"userName": null}));
    stranger.scim(Method::PUT, &path, without_name).await.is_scim_error(400, "invalidValue");
    stranger.scim(Method::PUT, &path, json!({})).await.is_scim_error(400, "invalidSyntax");
    let nobody = stranger.scim(Method::PUT, "/Users/nobody", user("x")).await;
    nobody.is_scim_error(404, "");
}

#[tokio::test]
async fn deactivating_suspends_in_three_ways_and_activating_lifts_it() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("sleepy").await;
    for way in ["put", "patch", "delete"] {
        match way {
            "put" => {
                let body = user_with("sleepy", json!({"active": false}));
                assert_eq!(stranger.scim(Method::PUT, &path, body).await.json["active"], false);
            }
            "patch" => {
                let operations = json!([{"op": "replace", "path": "active", "value": false}]);
                assert_eq!(stranger.operate(&path, operations).await.json["active"], false);
            }
            _ => {
                let answer = stranger.scim(Method::DELETE, &path, Value::Null).await;
                assert_eq!((answer.status, answer.text.as_str()), (204, ""));
                let again = stranger.scim(Method::DELETE, &path, Value::Null).await;
                assert_eq!(again.status, 204);
            }
        }
        let suspended = member(&stranger, &path).await;
        assert_eq!((&suspended["isSuspended"], &suspended["suspendedReason"]), (&json!(true), &json!("MASTER")));
        assert_eq!(suspended["isDeleted"], false, "SCIM deletes nobody");
        let silent = user_with("sleepy", json!({"active": null}));
        assert_eq!(stranger.scim(Method::PUT, &path, silent).await.json["active"], false, "nothing was said of it");
        let operations = json!([{"op": "replace", "path": "active", "value": true}]);
        assert_eq!(stranger.operate(&path, operations).await.json["active"], true);
        assert_eq!(member(&stranger, &path).await["isSuspended"], false);
    }
    stranger.act(path.trim_start_matches("/Users/"), "suspend").await;
    let answer = stranger.scim(Method::PUT, &path, user("sleepy")).await;
    assert_eq!(answer.json["active"], true, "whoever suspended it");
}

#[tokio::test]
async fn an_administrator_cannot_be_deactivated() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("boss").await;
    let by_hand = path.replace("/Users/", "members/");
    stranger.control(Method::PATCH, &by_hand, json!({"isAdministrator": true})).await;
    stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(400, "invalidValue");
    let operations = json!([{"op": "replace", "path": "active", "value": false}]);
    stranger.operate(&path, operations).await.is_scim_error(400, "invalidValue");
    assert_eq!(shown(&stranger, &path).await["active"], true);
}

#[tokio::test]
async fn operations_are_done_in_order_and_all_or_none() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("order").await;
    let operations = json!([
        {"op": "replace", "path": "nickName", "value": "a"}, {"op": "remove", "path": "nickName"},
        {"op": "add", "path": "nickName", "value": "b"}, {"op": "replace", "path": "name.givenName", "value": "G"},
        {"op": "replace", "path": "userName", "value": "Ordered@sandbox.example"},
        {"op": "replace", "path": "externalId", "value": "e2"}, {"op": "add", "path": "timezone", "value": "Asia/Seoul"},
        {"op": "add", "path": "preferredLanguage", "value": "zh-TW"},
    ]);
    let user = stranger.operate(&path, operations).await.json;
    assert_eq!((&user["nickName"], &user["name"]["givenName"]), (&json!("b"), &json!("G")));
    assert_eq!((&user["name"]["familyName"], &user["externalId"]), (&json!("Tester"), &json!("e2")));
    assert_eq!((&user["userName"], &user["timezone"]), (&json!("ordered@sandbox.example"), &json!("Asia/Seoul")));
    let before = member(&stranger, &path).await;
    assert_eq!(before["locale"], "zh_TW");
    let half = json!([{"op": "replace", "path": "nickName", "value": "c"},
        {"op": "replace", "path": "active", "value": false}, {"op": "replace", "path": "timezone", "value": "Mars"}]);
    stranger.operate(&path, half).await.is_scim_error(400, "invalidValue");
    assert_eq!(member(&stranger, &path).await, before);
    let removed = json!([{"op": "remove", "path": "externalId"}, {"op": "remove", "path": "preferredLanguage"},
        {"op": "remove", "path": "name.givenName"}]);
    let user = stranger.operate(&path, removed).await.json;
    assert_eq!((&user["externalId"], &user["preferredLanguage"]), (&Value::Null, &json!("ja-JP")));
    assert_eq!(user["name"], json!({"familyName": "Tester", "givenName": null}));
}

#[tokio::test]
async fn items_of_a_list_are_found_by_their_type() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("lists").await;
    let mobile = r#"phoneNumbers[type eq "mobile"]"#;
    let one = async |op: &str, path_in: &str, value: Value| {
        let operation = json!({"op": op, "path": path_in, "value": value});
        stranger.operate(&path, json!([operation])).await
    };
    one("replace", &format!("{mobile}.value"), json!("1")).await.is_scim_error(400, "noTarget");
    one("add", &format!("{mobile}.value"), json!("090-1")).await;
    one("add", "phoneNumbers", json!([{"type": "work", "value": "03-1"}])).await;
    one("replace", mobile, json!({"value": "090-2"})).await;
    let after = member(&stranger, &path).await;
    assert_eq!((&after["cellPhone"], &after["telephone"]), (&json!("090-2"), &json!("03-1")));
    one("add", "phoneNumbers", json!({"type": "mobile", "value": "090-3"})).await;
    assert_eq!(member(&stranger, &path).await["cellPhone"], "090-3", "a member has one of each type");
    one("remove", mobile, Value::Null).await;
    assert_eq!(one("remove", mobile, Value::Null).await.status, 200, "nothing to remove is no mistake");
    let after = member(&stranger, &path).await;
    assert_eq!((&after["cellPhone"], &after["telephone"]), (&Value::Null, &json!("03-1")));
    one("remove", "phoneNumbers", Value::Null).await;
    assert_eq!(member(&stranger, &path).await["telephone"], Value::Null);

    for alias in ["l1@sandbox.example", "l2@sandbox.example"] {
        one("add", "emails", json!([{"type": "alias", "value": alias}])).await;
    }
    one("replace", r#"emails[type eq "other"].value"#, json!("new@home.example")).await;
    one("remove", r#"emails[value eq "l1@sandbox.example"]"#, Value::Null).await;
    let after = member(&stranger, &path).await;
    assert_eq!(
        (&after["privateEmail"], &after["aliasEmails"]),
        (&json!("new@home.example"), &json!(["l2@sandbox.example"]))
    );
    one("replace", "emails", json!([])).await;
    let after = member(&stranger, &path).await;
    assert_eq!((&after["privateEmail"], &after["aliasEmails"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_patch_that_makes_no_sense_is_refused() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("sense").await;
    for (operation, kind) in [
        (json!({"op": "replace", "path": "title", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "nickName.first", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "name.middleName", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails.value", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[primary eq \"x\"]", "value": {}}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"other\"].colour", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "name[type eq \"x\"]", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": 7, "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "displayName", "value": "x"}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "remove", "path": "active"}), "mutability"),
        (json!({"op": "replace", "path": "active"}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
        (json!({"op": "replace", "path": "name", "value": "x"}), "invalidValue"),
        (json!({"op": "add", "path": "emails", "value": ["x"]}), "invalidValue"),
        (json!({"op": "replace", "path": "emails[type eq \"other\"]", "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "value": "x"}), "invalidValue"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "move", "path": "nickName", "value": "x"}), "invalidSyntax"),
    ] {
        let answer = stranger.operate(&path, json!([operation])).await;
        assert_eq!(answer.json["scimType"], kind, "{operation}");
        answer.is_scim_error(400, kind);
    }
    stranger.operate(&path, json!([])).await.is_scim_error(400, "invalidSyntax");
    let body = json!({"Operations": [{"op": "replace", "path": "nickName", "value": "x"}]});
    stranger.scim(Method::PATCH, &path, body).await.is_scim_error(400, "invalidSyntax");
    assert_eq!(shown(&stranger, &path).await["nickName"], Value::Null);
}

#[tokio::test]
async fn what_stays_as_it_is_need_not_meet_the_rules() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("console").await;
    let odd = json!({"timeZone": "Moon", "telephone": "x"});
    stranger.control(Method::PATCH, &path.replace("/Users/", "members/"), odd).await;
    let operations = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(stranger.operate(&path, operations).await.status, 200);
    let operations = json!([{"op": "replace", "path": "timezone", "value": "Sun"}]);
    stranger.operate(&path, operations).await.is_scim_error(400, "invalidValue");
}

#[tokio::test]
async fn a_change_moves_last_modified_and_a_read_does_not() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("dated").await;
    let meta = shown(&stranger, &path).await["meta"].clone();
    assert_eq!(meta["created"], meta["lastModified"]);
    stranger.pass(60).await;
    assert_eq!(shown(&stranger, &path).await["meta"], meta);
    stranger.patch(&path.replace("/U", "/u"), json!({"nickName": "n"})).await;
    let after = shown(&stranger, &path).await["meta"].clone();
    assert_eq!(after["created"], meta["created"]);
    assert!(after["lastModified"].as_str() > meta["lastModified"].as_str(), "by whichever API");
}
