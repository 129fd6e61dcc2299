//! What is a setting of the tenant: seats, prohibited words, the edit lock, the password policy, administrators.

use okta_lineworks::sandbox::Switches;
use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;

#[tokio::test]
async fn nobody_comes_in_beyond_the_seats() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"seats": 2})).await;
    let first = stranger.create("first").await;
    stranger.create("second").await;
    let full = || stranger.post("/users", stranger.person("third"));
    let answer = full().await;
    let text = "The number of users exceeds the limit of your plan.";
    assert_eq!(answer.is_refused(403, "LIMIT_EXCEEDED").json["description"], text);
    assert_eq!(stranger.scim(Method::POST, "/Users", super::scim::user("fourth")).await.status, 403);
    stranger.act(&first, "suspend").await;
    full().await.is_refused(403, "LIMIT_EXCEEDED");
    stranger.delete(&format!("/users/{first}")).await;
    assert_eq!(full().await.status, 201, "a deleted member takes no seat");
    stranger.act(&first, "undelete").await.is_refused(403, "LIMIT_EXCEEDED");
    assert_eq!(stranger.get(&format!("/users/{first}")).await.json["isDeleted"], true, "it stays as it was");
    stranger.switch(json!({"seats": null})).await;
    assert_eq!(stranger.act(&first, "undelete").await.status, 200);
}

#[tokio::test]
async fn prohibited_words_are_in_no_login_and_no_name() {
    let stranger = Stranger::start().await;
    let mut body = stranger.person("the-admin-ng-1");
    let answer = stranger.post("/users", body.clone()).await;
    let text = "email contains a prohibited word.";
    assert_eq!(answer.is_refused(400, "INVALID_PARAMETER").json["description"], text);
    body["email"] = json!("fine@sandbox.example");
    body["userName"] = json!({"lastName": "Admin-NG"});
    let answer = stranger.post("/users", body.clone()).await;
    assert!(answer.is_refused(400, "INVALID_PARAMETER").text.contains("userName.lastName contains a prohibited"));
    let path = format!("/users/{}", stranger.create("fine").await);
    for patch in [json!({"nickName": "xadmin-ngx"}), json!({"aliasEmails": ["admin-ng@sandbox.example"]})] {
        assert!(stranger.patch(&path, patch).await.is_refused(400, "INVALID_PARAMETER").text.contains("prohibited"));
    }
    assert!(stranger.violations().await.is_empty(), "nobody can know the list");
    stranger.switch(json!({"prohibitedWords": ["secret"]})).await;
    assert_eq!(stranger.patch(&path, json!({"nickName": "admin-ng"})).await.status, 200);
    stranger.patch(&path, json!({"nickName": "Secret"})).await.is_refused(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn the_edit_lock_stops_every_write_and_no_read() {
    let stranger = Stranger::of_the_directory().await;
    let id = stranger.create("locked").await;
    for (setting, status, code) in [("500", 500, "INTERNAL_SERVER_ERROR"), ("403", 403, "FORBIDDEN")] {
        stranger.switch(json!({ "editLock": setting })).await;
        stranger.post("/users", stranger.person("new")).await.is_refused(status, code);
        stranger.patch(&format!("/users/{id}"), json!({"nickName": "x"})).await.is_refused(status, code);
        stranger.act(&id, "suspend").await.is_refused(status, code);
        stranger.delete(&format!("/users/{id}")).await.is_refused(status, code);
        stranger.patch("/orgunits/orgunit1-eng", json!({"visible": false})).await.is_refused(status, code);
        assert_eq!(stranger.scim(Method::DELETE, &format!("/Users/{id}"), Value::Null).await.status, status);
        stranger.pass(2).await;
        assert_eq!(stranger.get(&format!("/users/{id}")).await.json["isSuspended"], false);
    }
    stranger.switch(json!({"editLock": "off"})).await;
    assert_eq!(stranger.act(&id, "suspend").await.status, 204);
}

#[tokio::test]
async fn the_password_policy_can_want_specials() {
    let stranger = Stranger::with(Switches { sso: false, ..Switches::default() }, false).await;
    let create = async |name: &str, password: &str| {
        let mut body = stranger.person(name);
        body["passwordConfig"] = json!({"passwordCreationType": "ADMIN", "password": password});
        stranger.post("/users", body).await
    };
    assert_eq!(create("one", "Xk7mQ2wZ").await.status, 201);
    stranger.switch(json!({"passwordPolicy": "specials"})).await;
    assert!(create("two", "Xk7mQ2wZ").await.is_refused(400, "INVALID_PARAMETER").text.contains("special"));
    assert_eq!(create("two", "Xk7mQ2w!").await.status, 201);
}

#[tokio::test]
async fn administrators_are_refused_in_two_ways() {
    let stranger = Stranger::start().await;
    let id = stranger.create("chief").await;
    stranger.control(Method::PATCH, &format!("members/{id}"), json!({"isAdministrator": true})).await;
    for (setting, status, code) in [(400, 400, "BAD_REQUEST"), (403, 403, "FORBIDDEN")] {
        stranger.switch(json!({ "administratorRefusal": setting })).await;
        stranger.act(&id, "suspend").await.is_refused(status, code);
        stranger.delete(&format!("/users/{id}")).await.is_refused(status, code);
        stranger.delete(&format!("/users/{id}/forcedelete")).await.is_refused(status, code);
        let body = json!({"organizations": [{"domainId": stranger.domain(), "primary": true}]});
        stranger.post(&format!("/users/{id}/move"), body).await.is_refused(status, code);
    }
}

#[tokio::test]
async fn one_messenger_has_two_names() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("chats").await);
    let messenger = |protocol: &str| json!({"messenger": {"protocol": protocol, "messengerId": "me"}});
    let shown = |answer: &super::Answer| answer.json["messenger"]["protocol"].clone();
    stranger.patch(&path, messenger("TWITTER")).await.is_refused(400, "INVALID_PARAMETER");
    assert_eq!(shown(&stranger.patch(&path, messenger("X")).await), "X");
    stranger.switch(json!({"messengerProtocol": "TWITTER"})).await;
    assert_eq!(shown(&stranger.get(&path).await), "TWITTER");
    for protocol in ["X", "TWITTER"] {
        assert_eq!(shown(&stranger.patch(&path, messenger(protocol)).await), "TWITTER");
    }
    assert_eq!(shown(&stranger.patch(&path, messenger("LINE")).await), "LINE");
}

#[tokio::test]
async fn too_many_calls_at_once_are_429() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"concurrentLimit": 1, "latencyMs": 200})).await;
    let (one, two) = tokio::join!(stranger.get("/users"), stranger.get("/users/nobody"));
    let refused = if one.status == 429 { &one } else { &two };
    refused.is_refused(429, "TOO_MANY_REQUESTS");
    assert!([one.status, two.status].iter().any(|status| *status != 429));
    assert_ne!(stranger.get("/users").await.status, 429, "one after the other");
}

#[tokio::test]
async fn groups_are_set_up_by_hand() {
    let stranger = Stranger::start().await;
    let group = json!({"name": "Made", "id": "group-9", "externalKey": "made",
        "members": [{"id": "orgunit1-eng", "type": "ORGUNIT"}]});
    assert_eq!(stranger.control(Method::POST, "groups", group).await.status, 200);
    let all = stranger.control(Method::GET, "groups", Value::Null).await.json;
    let made = all["groups"].as_array().unwrap().last().unwrap();
    assert_eq!((&made["id"], &made["members"][0]["type"]), (&json!("group-9"), &json!("ORGUNIT")));
    let again = json!({"name": "MADE"});
    assert_eq!(stranger.control(Method::POST, "groups", again).await.status, 409);
}
