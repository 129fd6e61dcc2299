//! Creating, reading, listing, replacing and patching members.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;

#[tokio::test]
async fn a_new_member_comes_back_whole() {
    let stranger = Stranger::start().await;
    let answer = stranger.post("/users", stranger.person("whole")).await;
    assert_eq!(answer.status, 201);
    let user = answer.json;
    for flag in ["isAdministrator", "isPending", "isSuspended", "isDeleted", "isAwaiting"] {
        assert_eq!(user[flag], false, "{flag}");
    }
    for empty in ["nickName", "telephone", "messenger", "suspendedReason", "activationDate"] {
        assert_eq!(user.get(empty), Some(&Value::Null), "{empty}");
    }
    assert_eq!(user["aliasEmails"], json!([]));
    assert_eq!(user["searchable"], true);
    assert_eq!(user["leaveOfAbsence"]["isLeaveOfAbsence"], false);
    let organization = &user["organizations"][0];
    assert_eq!(organization["email"], user["email"]);
    assert_eq!((&organization["primary"], &organization["orgUnits"]), (&json!(true), &json!([])));
    assert!(user.get("plainTextName").is_some(), "one property nobody documented");
}

#[tokio::test]
async fn a_member_is_found_by_id_login_and_external_key() {
    let stranger = Stranger::start().await;
    let id = stranger.create("found").await;
    for name in [id.as_str(), "found%40sandbox.example", "externalKey%3Akey-found", "externalKey:key-found"] {
        let answer = stranger.get(&format!("/users/{name}")).await;
        assert_eq!((answer.status, &answer.json["userId"]), (200, &json!(id)), "{name}");
    }
    assert_eq!(stranger.violations().await, Vec::<String>::new());
    stranger.get("/users/nobody%40sandbox.example").await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn not_every_id_is_a_uuid() {
    let stranger = Stranger::start().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(stranger.create(&format!("id-{number}")).await);
    }
    let valid = ids.iter().filter(|id| id.parse::<uuid::Uuid>().is_ok()).count();
    assert_eq!(valid, 2, "{ids:?}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_no_api() {
    let stranger = Stranger::start().await;
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::DELETE, "/users"),
        (Method::GET, "/users/"),
        (Method::GET, "/users/a/b/c"),
        (Method::POST, "/users/a/promote"),
    ] {
        let answer = stranger.call(method, path, None).await;
        answer.is_refused(404, "NOT_FOUND");
        assert_eq!(answer.json["description"], "Api not exists");
    }
}

#[tokio::test]
async fn a_taken_email_is_reported_before_a_taken_key() {
    let stranger = Stranger::start().await;
    stranger.create("taken").await;
    let answer = stranger.post("/users", stranger.person("taken")).await;
    answer.is_refused(409, "ALREADY_EXIST");
    assert!(answer.text.contains("email is duplicated"), "{}", answer.text);

    let mut body = stranger.person("other");
    body["userExternalKey"] = json!("key-taken");
    let answer = stranger.post("/users", body).await;
    assert!(answer.is_refused(409, "ALREADY_EXIST").text.contains("userExternalKey"));

    let other = stranger.create("third").await;
    let body = json!({"email": "taken@sandbox.example"});
    stranger.patch(&format!("/users/{other}"), body).await.is_refused(409, "ALREADY_EXIST");
}

#[tokio::test]
async fn put_wipes_what_is_left_out() {
    let stranger = Stranger::start().await;
    let id = stranger.create("put").await;
    let path = format!("/users/{id}");
    stranger.patch(&path, json!({"telephone": "03-1111-2222", "nickName": "P"})).await;
    let mut body = stranger.person("put");
    body["nickName"] = json!("Q");
    let answer = stranger.call(Method::PUT, &path, Some(body.clone())).await;
    assert_eq!(answer.status, 200);
    assert_eq!((&answer.json["telephone"], &answer.json["nickName"]), (&Value::Null, &json!("Q")));
    for required in ["domainId", "email", "userName", "userExternalKey"] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(required);
        let answer = stranger.call(Method::PUT, &path, Some(body)).await;
        assert!(answer.is_refused(400, "MISSING_PARAMETER").text.contains(required));
    }
}

#[tokio::test]
async fn patch_keeps_the_rest_clears_nulls_and_takes_arrays_whole() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("patch").await);
    let organizations = json!([{
        "domainId": stranger.sandbox.credentials().domain_id, "primary": true,
        "orgUnits": [{"orgUnitId": "externalKey:eng", "primary": true, "positionId": "position2-lead"}],
    }]);
    let body = json!({"telephone": "03-1111-2222", "nickName": "P", "organizations": organizations,
        "aliasEmails": ["patch.one@sandbox.example"]});
    let user = stranger.patch(&path, body).await.json;
    let unit = &user["organizations"][0]["orgUnits"][0];
    assert_eq!((&unit["orgUnitExternalKey"], &unit["positionName"]), (&json!("eng"), &json!("Lead")));

    let body = json!({"nickName": null, "aliasEmails": ["patch.two@sandbox.example"]});
    let user = stranger.patch(&path, body).await.json;
    assert_eq!((&user["nickName"], &user["telephone"]), (&Value::Null, &json!("03-1111-2222")));
    assert_eq!(user["aliasEmails"], json!(["patch.two@sandbox.example"]));
    assert_eq!(user["organizations"][0]["orgUnits"][0]["orgUnitName"], "Engineering");
}

#[tokio::test]
async fn a_password_can_be_set_on_creation_only() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("pass").await);
    let config = json!({"passwordCreationType": "ADMIN", "password": "Xk7!mQ2w"});
    let answer = stranger.patch(&path, json!({"passwordConfig": config})).await;
    assert!(answer.is_refused(400, "INVALID_PARAMETER").text.contains("passwordConfig"));
    let mut body = stranger.person("pass");
    body["passwordConfig"] = config;
    let answer = stranger.call(Method::PUT, &path, Some(body)).await;
    answer.is_refused(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let stranger = Stranger::start().await;
    stranger.post("/users", json!(["a"])).await.is_refused(400, "BAD_REQUEST");
    let request = stranger.request(Method::POST, "/users", None).body("{}");
    let answer = super::Answer::read(request.send().await.unwrap()).await;
    answer.is_refused(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_list_is_paged_and_holds_deleted_members() {
    let stranger = Stranger::start().await;
    for number in 0..5 {
        stranger.create(&format!("page-{number}")).await;
    }
    stranger.delete("/users/externalKey:key-page-1").await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut request = stranger.request(Method::GET, "/users?count=2", None);
        if let Some(text) = cursor.as_str() {
            request = request.query(&[("cursor", text)]);
        }
        let page = super::Answer::read(request.send().await.unwrap()).await.json;
        seen.extend(page["users"].as_array().unwrap().clone());
        cursor = page["responseMetaData"]["nextCursor"].clone();
        let Some(text) = cursor.as_str() else { break };
        assert!(text.contains('+') && text.ends_with("=="), "{text}");
    }
    let keys: Vec<_> = seen.iter().map(|user| user["userExternalKey"].as_str().unwrap()).collect();
    assert_eq!(keys, ["key-page-0", "key-page-1", "key-page-2", "key-page-3", "key-page-4"]);
    assert_eq!(seen[1]["isDeleted"], true);
    assert_eq!(cursor, Value::Null);
}

#[tokio::test]
async fn list_parameters_are_checked() {
    let stranger = Stranger::start().await;
    stranger.create("one").await;
    let answer = stranger.get("/users?count=101").await;
    assert_eq!((answer.status, &answer.json["users"]), (200, &json!([])));
    assert_eq!(stranger.violations().await, ["countOver100"]);
    stranger.get("/users?count=10~").await.is_refused(404, "NOT_FOUND");
    for wrong in ["count=0", "cursor=xyz", "domainId=1", "orderBy=AGE", "sortOrder=UP", "searchFilterType=X"] {
        stranger.get(&format!("/users?{wrong}")).await.is_refused(400, "INVALID_PARAMETER");
    }
    let answer = stranger.get("/users?orderBy=NAME&sortOrder=DESCENDING&count=100").await;
    assert_eq!(answer.json["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_encoding_in_the_path_is_noticed() {
    let stranger = Stranger::start().await;
    for path in ["externalKey%253Akey", "key%zz", "%FF", "externalKey:a/b"] {
        assert_eq!(stranger.get(&format!("/users/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(stranger.violations().await, ["notUrlEncoded"; 4]);
    stranger.get("/users/externalKey:a%2Fb").await.is_refused(404, "NOT_FOUND");
    assert_eq!(stranger.violations().await.last().unwrap(), "forbiddenCharacter");
}
