//! The members' lesser calls: keys in bulk, move, leave, further addresses, log-out, and the invitation that runs out.

use okta_lineworks::sandbox::Switches;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Stranger;

#[tokio::test]
async fn external_keys_of_members_are_set_and_listed() {
    let stranger = Stranger::of_the_directory().await;
    let (one, two) = (stranger.create("one").await, stranger.create("two").await);
    let keys = |list: Value| stranger.post("/users/external-keys", json!({ "users": list }));
    let item = |id: &str, key: Value| json!({"id": id, "externalKey": key});
    assert_eq!(keys(json!([item(&one, json!("key-two")), item(&two, json!("key-one"))])).await.status, 204);
    assert_eq!(stranger.get("/users/externalKey:key-two").await.json["userId"], one.as_str());
    keys(json!([item(&one, json!("key-one"))])).await.is_refused(409, "ALREADY_EXIST");
    keys(json!([item("nobody", json!("x"))])).await.is_refused(404, "NOT_FOUND");
    keys(json!([item(&one, Value::Null)])).await.is_refused(400, "MISSING_PARAMETER");
    keys(json!(vec![item(&one, json!("x")); 51])).await.is_refused(400, "INVALID_PARAMETER");
    keys(json!([])).await.is_refused(400, "INVALID_PARAMETER");

    stranger.switch(json!({"sso": false})).await;
    assert_eq!(keys(json!([item(&one, Value::Null)])).await.status, 204, "without single sign-on");
    let page = stranger.get("/users/external-keys?count=1").await.json;
    let shown = json!({"domainId": stranger.domain(), "name": "Testerone", "email": "one@sandbox.example",
        "id": one, "externalKey": null});
    assert_eq!(page["users"], json!([shown]));
    assert!(page["responseMetaData"]["nextCursor"].is_string());
    let page = stranger.get("/users/external-keys?hasExternalKey=true").await.json;
    assert_eq!((page["users"].as_array().unwrap().len(), &page["users"][0]["id"]), (1, &json!(two)));
    let page = stranger.get("/users/external-keys?hasExternalKey=false").await.json;
    assert_eq!(page["users"], json!([shown]));
    stranger.get("/users/external-keys?hasExternalKey=yes").await.is_refused(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn bulk_keys_need_the_directory_scope_and_the_rest_the_users() {
    let mut stranger = Stranger::start().await;
    let id = stranger.create("scoped").await;
    for (scope, keys, logout) in [("user", 403, 200), ("directory.read", 200, 403), ("directory", 200, 200)] {
        stranger.token = stranger.new_token(scope).await;
        assert_eq!(stranger.get("/users/external-keys").await.status, keys, "{scope}");
        assert_eq!(stranger.act(&id, "force-logout").await.status, logout, "{scope}");
    }
    stranger.token = stranger.new_token("directory.read").await;
    let body = json!({"users": [{"id": id, "externalKey": "x"}]});
    stranger.post("/users/external-keys", body).await.is_refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_move_goes_to_another_domain_with_an_address_of_it() {
    let stranger = Stranger::of_the_directory().await;
    let id = stranger.create("mover").await;
    let field = json!([{"customFieldId": "f", "value": "v"}]);
    stranger.patch(&format!("/users/{id}"), json!({"customFields": field, "nickName": "M"})).await;
    let group = "/groups/externalKey:tokyo/members";
    stranger.post(group, json!({"id": id, "type": "USER"})).await;
    let path = format!("/users/{id}/move");
    stranger.post(&path, json!({})).await.is_refused(400, "MISSING_PARAMETER");
    stranger.post(&path, json!({"organizations": []})).await.is_refused(400, "MISSING_PARAMETER");
    let organizations = json!([{"domainId": stranger.second().id, "primary": true, "userExternalKey": "nested"}]);
    let alone = json!({ "organizations": organizations, "preserveGroup": true });
    assert!(stranger.post(&path, alone.clone()).await.is_refused(400, "INVALID_PARAMETER").text.contains("email"));

    let mut body = alone;
    body["email"] = json!("mover@sub.sandbox.example");
    let user = stranger.post(&path, body.clone()).await;
    assert_eq!(user.status, 200, "{}", user.text);
    let user = user.json;
    assert_eq!((&user["domainId"], &user["email"]), (&json!(stranger.second().id), &body["email"]));
    assert_eq!(user["organizations"][0]["organizationName"], "sub.sandbox.example");
    assert_eq!((&user["customFields"], &user["nickName"]), (&json!([]), &json!("M")));
    assert_eq!(user["aliasEmails"], json!(["mover@sandbox.example"]), "the old address stays");
    assert_eq!(user["userExternalKey"], "nested", "that of the primary organisation, if there is none above");
    assert_eq!(stranger.get(group).await.json["members"][0]["id"], id.as_str(), "groups were preserved");

    let back = json!({"organizations": [{"domainId": stranger.domain(), "primary": true, "userExternalKey": "nested"}],
        "userExternalKey": "root", "email": "again@sandbox.example"});
    assert_eq!(stranger.post(&path, back).await.json["userExternalKey"], "root");
    assert_eq!(stranger.get(group).await.json["members"], json!([]));
}

#[tokio::test]
async fn neither_administrators_nor_deleted_members_move() {
    let stranger = Stranger::of_the_directory().await;
    let id = stranger.create("stays").await;
    let path = format!("/users/{id}/move");
    let body = json!({"organizations": [{"domainId": stranger.domain(), "primary": true}]});
    stranger.control(Method::PATCH, &format!("members/{id}"), json!({"isAdministrator": true})).await;
    stranger.post(&path, body.clone()).await.is_refused(400, "BAD_REQUEST");
    stranger.control(Method::PATCH, &format!("members/{id}"), json!({"isAdministrator": false})).await;
    assert_eq!(stranger.post(&path, body.clone()).await.status, 200);
    stranger.delete(&format!("/users/{id}")).await;
    stranger.post(&path, body).await.is_refused(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_move_must_not_overlap_another_write() {
    let stranger = Stranger::of_the_directory().await;
    let id = stranger.create("twice").await;
    stranger.switch(json!({"latencyMs": 200})).await;
    let body = json!({"organizations": [{"domainId": stranger.domain(), "primary": true}]});
    let (path, member) = (format!("/users/{id}/move"), format!("/users/{id}"));
    let (one, two) = tokio::join!(stranger.post(&path, body), stranger.patch(&member, json!({})));
    assert!([one.status, two.status].contains(&409));
}

#[tokio::test]
async fn leave_of_absence_begins_and_ends() {
    let stranger = Stranger::of_the_directory().await;
    let id = stranger.create("away").await;
    let path = format!("/users/{id}/set-leave-of-absence");
    let leave = async || stranger.get(&format!("/users/{id}")).await.json["leaveOfAbsence"].clone();
    let times = json!({"startTime": "2026-01-02T03:04:05+09:00", "endTime": "2026-02-02T03:04:05+09:00"});
    stranger.post(&path, times.clone()).await.is_ok(StatusCode::NO_CONTENT);
    let shown = leave().await;
    assert_eq!((&shown["isLeaveOfAbsence"], &shown["endTime"]), (&json!(true), &times["endTime"]));
    let wrong = json!({"startTime": times["endTime"], "endTime": times["startTime"]});
    stranger.post(&path, wrong).await.is_refused(400, "INVALID_PARAMETER");
    stranger.post(&path, json!({"startTime": "tomorrow"})).await.is_refused(400, "INVALID_PARAMETER");
    stranger.act(&id, "clear-leave-of-absence").await.is_ok(StatusCode::NO_CONTENT);
    assert_eq!(leave().await["isLeaveOfAbsence"], false);
    stranger.act(&id, "clear-leave-of-absence").await.is_refused(400, "BAD_REQUEST");
    stranger.act(&id, "set-leave-of-absence").await.is_ok(StatusCode::NO_CONTENT);
    assert!(leave().await["startTime"].is_string(), "now, if nothing is said");
}

#[tokio::test]
async fn further_addresses_come_and_go() {
    let stranger = Stranger::of_the_directory().await;
    let (id, other) = (stranger.create("named").await, stranger.create("other").await);
    let path = |id: &str, alias: &str| format!("/users/{id}/alias-emails/{alias}%40sandbox.example");
    let add = async |id: &str, alias: &str| stranger.call(Method::POST, &path(id, alias), None).await;
    assert_eq!(add(&id, "alias").await.status, 204);
    assert_eq!(stranger.get(&format!("/users/{id}")).await.json["aliasEmails"], json!(["alias@sandbox.example"]));
    for (whose, taken) in [(&id, "alias"), (&other, "alias"), (&other, "named")] {
        add(whose, taken).await.is_refused(409, "ALREADY_EXIST");
    }
    for wrong in ["x", "Big", "an-admin-ng"] {
        assert_eq!(add(&id, wrong).await.status, 400, "{wrong}");
    }
    stranger.delete(&path(&id, "nobody")).await.is_refused(404, "NOT_FOUND");
    assert_eq!(stranger.delete(&path(&id, "alias")).await.status, 204);
    for number in 0..10 {
        assert_eq!(add(&id, &format!("alias{number}")).await.status, 204);
    }
    add(&id, "alias10").await.is_refused(400, "LIMIT_EXCEEDED");
    stranger.switch(json!({"plan": "free"})).await;
    add(&other, "fine").await.is_refused(403, "FORBIDDEN");
    stranger.delete(&path(&id, "alias0")).await.is_refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_log_out_is_200_for_whoever_exists() {
    let stranger = Stranger::start().await;
    let id = stranger.create("out").await;
    assert_eq!(stranger.act(&id, "force-logout").await.status, 200);
    stranger.act("nobody", "force-logout").await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn an_invitation_runs_out_after_thirty_days_without_a_password() {
    let mut stranger = Stranger::with(Switches { sso: false, ..Switches::default() }, false).await;
    let mut invited = stranger.person("invited");
    invited["privateEmail"] = json!("invited@home.example");
    let mut given = stranger.person("given");
    given["passwordConfig"] = json!({"passwordCreationType": "ADMIN", "password": "Xk7!mQ2w"});
    for body in [invited, given] {
        assert_eq!(stranger.post("/users", body).await.status, 201);
    }
    let expired = async |stranger: &Stranger| {
        let all = stranger.control(Method::GET, "members", Value::Null).await.json;
        let flags: Vec<_> = all.as_array().unwrap().iter().map(|one| one["_pendingExpired"] == true).collect();
        flags
    };
    stranger.pass(30 * 24 * 3600 - 60).await;
    assert_eq!(expired(&stranger).await, [false, false]);
    stranger.pass(60).await;
    assert_eq!(expired(&stranger).await, [true, false], "the other one was given a password");
    stranger.token = stranger.new_token("user").await;
    assert_eq!(stranger.get("/users/externalKey:key-invited").await.json["isPending"], true);
    stranger.control(Method::PATCH, "members/invited@sandbox.example", json!({"isPending": false})).await;
    assert_eq!(expired(&stranger).await, [false, false]);
}
