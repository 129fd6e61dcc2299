//! Every switch of SCIM changes what it says.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;
use super::scim::{user, user_with};

#[tokio::test]
async fn errors_come_in_three_shapes() {
    let stranger = Stranger::start().await;
    stranger.scim_get("/Users/nobody").await.is_scim_error(404, "");
    stranger.switch(json!({"scimErrorBody": "code"})).await;
    stranger.scim_get("/Users/nobody").await.is_refused(404, "NOT_FOUND");
    stranger.scim_get("/Nothing").await.is_refused(404, "NOT_FOUND");
    stranger.scim_with(Method::GET, "/Users", Value::Null, "x").await.is_refused(401, "UNAUTHORIZED");
    stranger.switch(json!({"scimErrorBody": "empty"})).await;
    for (path, token, status) in [("/Users/nobody", None, 404), ("/Nothing", None, 404), ("/Users", Some("x"), 401)] {
        let token = token.unwrap_or(&stranger.sandbox.credentials().scim_token);
        let answer = stranger.scim_with(Method::GET, path, Value::Null, token).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{path}");
    }
}

#[tokio::test]
async fn a_taken_name_is_409_or_400_and_readable_or_not() {
    let stranger = Stranger::start().await;
    stranger.create("taken").await;
    let again =
        || stranger.scim(Method::POST, "/Users", user_with("taken", json!({"userName": "TAKEN@sandbox.example"})));
    assert!(again().await.is_scim_error(409, "uniqueness").text.contains("userName is duplicated"));
    stranger.switch(json!({"scimDuplicateStatus": 400})).await;
    assert!(again().await.is_scim_error(400, "invalidValue").text.contains("userName"));
    stranger.switch(json!({"duplicateReadable": false})).await;
    assert!(!again().await.is_scim_error(400, "invalidValue").text.contains("userName"));
    stranger.switch(json!({"scimDuplicateStatus": "409"})).await;
    let path = stranger.scim_create("other").await;
    let operations = json!([{"op": "replace", "path": "userName", "value": "taken@sandbox.example"}]);
    stranger.operate(&path, operations).await.is_scim_error(409, "uniqueness");
    stranger.scim(Method::PUT, &path, user("taken")).await.is_scim_error(409, "uniqueness");
    assert_eq!(stranger.scim(Method::PUT, &path, user("other")).await.status, 200, "its own name is free");
}

#[tokio::test]
async fn an_external_id_may_have_to_be_unique() {
    let stranger = Stranger::start().await;
    stranger.scim_create("first").await;
    let twin = |name: &str| user_with(name, json!({"externalId": "ext-first"}));
    assert_eq!(stranger.scim(Method::POST, "/Users", twin("second")).await.status, 201);
    stranger.switch(json!({"scimExternalIdUnique": true})).await;
    stranger.scim(Method::POST, "/Users", twin("third")).await.is_scim_error(409, "uniqueness");
    let path = stranger.scim_create("fourth").await;
    stranger.scim(Method::PUT, &path, twin("fourth")).await.is_scim_error(409, "uniqueness");
    assert_eq!(stranger.scim(Method::PUT, &path, user("fourth")).await.status, 200);
    for name in ["fifth", "sixth"] {
        let without = user_with(name, json!({"externalId": null}));
        assert_eq!(stranger.scim(Method::POST, "/Users", without).await.status, 201, "none is no duplicate");
    }
}

#[tokio::test]
async fn lists_spell_their_key_as_switched() {
    let stranger = Stranger::start().await;
    for (setting, other) in [("Resources", "resources"), ("resources", "Resources")] {
        stranger.switch(json!({ "scimResources": setting })).await;
        for path in ["/Users", "/Groups"] {
            let page = stranger.scim_get(path).await.json;
            assert!(page[setting].is_array() && page.get(other).is_none(), "{setting} {path}");
        }
    }
}

#[tokio::test]
async fn other_clients_patches_are_taken_or_refused() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("entra").await;
    let capital = json!([{"op": "Replace", "path": "nickName", "value": "a"}]);
    let pathless = json!([{"op": "replace", "value": {"nickName": "b", "name.givenName": "G", "active": false,
        "id": "x", "title": "ignored", "emails": [{"type": "other", "value": "b@home.example"}]}}]);
    assert_eq!(stranger.operate(&path, capital.clone()).await.json["nickName"], "a");
    let user = stranger.operate(&path, pathless.clone()).await.json;
    assert_eq!((&user["nickName"], &user["name"]["givenName"]), (&json!("b"), &json!("G")));
    assert_eq!((&user["active"], &user["emails"][0]["value"]), (&json!(false), &json!("b@home.example")));
    let some = json!([{"op": "Remove", "path": "emails", "value": [{"type": "alias", "value": "none"}]}]);
    assert_eq!(stranger.operate(&path, some).await.json["emails"][0]["value"], "b@home.example");

    stranger.switch(json!({"scimLenientPatch": false})).await;
    stranger.operate(&path, capital).await.is_scim_error(400, "invalidSyntax");
    stranger.operate(&path, pathless).await.is_scim_error(400, "invalidPath");
    let some = json!([{"op": "remove", "path": "emails", "value": [{"type": "alias", "value": "none"}]}]);
    assert_eq!(stranger.operate(&path, some).await.json["emails"], json!([]), "RFC 7644 takes the whole list");
    let plain = json!([{"op": "replace", "path": "nickName", "value": "c"}]);
    assert_eq!(stranger.operate(&path, plain).await.status, 200);
}

#[tokio::test]
async fn a_patch_may_answer_nothing_but_a_put_answers_the_user() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("quiet").await;
    stranger.switch(json!({"scimPatchAnswers": "empty204"})).await;
    let operations = json!([{"op": "replace", "path": "nickName", "value": "n"}]);
    let answer = stranger.operate(&path, operations).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(stranger.scim_get(&path).await.json["nickName"], "n");
    assert_eq!(stranger.scim(Method::PUT, &path, user("quiet")).await.json["userName"], "quiet@sandbox.example");
}

#[tokio::test]
async fn a_deleted_member_is_hidden_but_its_name_is_taken() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("gone").await;
    stranger.delete(&path.replace("/U", "/u")).await;
    let operations = json!([{"op": "replace", "path": "active", "value": true}]);
    stranger.scim_get(&path).await.is_scim_error(404, "");
    stranger.operate(&path, operations.clone()).await.is_scim_error(404, "");
    stranger.scim(Method::PUT, &path, user("gone")).await.is_scim_error(404, "");
    stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(404, "");
    assert_eq!(stranger.scim_get("/Users").await.json["totalResults"], 0);
    stranger.scim(Method::POST, "/Users", user("gone")).await.is_scim_error(409, "uniqueness");

    stranger.switch(json!({"scimGetInGrace": 200})).await;
    let answer = stranger.scim_get(&path).await;
    assert_eq!((answer.status, &answer.json["active"]), (200, &json!(false)));
    assert_eq!(stranger.scim_get("/Users").await.json["totalResults"], 1);
    stranger.operate(&path, operations).await.is_scim_error(400, "invalidValue");
    stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(400, "invalidValue");
    stranger.pass(7 * 86_400).await;
    stranger.scim_get(&path).await.is_scim_error(404, "");
}

#[tokio::test]
async fn activating_a_pending_member_does_nothing_or_is_refused() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"sso": false})).await;
    let path = stranger.scim_create("waiting").await;
    let activate = || stranger.operate(&path, json!([{"op": "replace", "path": "active", "value": true}]));
    let answer = activate().await;
    assert_eq!((answer.status, &answer.json["active"]), (200, &json!(false)));
    let deactivate = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(stranger.operate(&path, deactivate).await.status, 200, "it is inactive already");
    assert_eq!(stranger.get(&path.replace("/U", "/u")).await.json["isSuspended"], false);
    stranger.switch(json!({"scimReactivatePending": "refuse"})).await;
    activate().await.is_scim_error(400, "invalidValue");
    stranger.control(Method::PATCH, &path.replace("/Users/", "members/"), json!({"isPending": false})).await;
    assert_eq!(activate().await.json["active"], true);
}
