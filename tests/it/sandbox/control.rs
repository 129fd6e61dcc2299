//! The sandbox's own endpoints.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;

#[tokio::test]
async fn credentials_are_shown() {
    let stranger = Stranger::start().await;
    let shown = stranger.control(Method::GET, "credentials", Value::Null).await.json;
    assert_eq!(shown, serde_json::to_value(stranger.sandbox.credentials()).unwrap());
    assert!(shown["scopes"].as_array().unwrap().contains(&json!("user")));
}

#[tokio::test]
async fn members_are_seeded_changed_and_removed_by_hand() {
    let stranger = Stranger::start().await;
    let seed = json!({"email": "seed@sandbox.example", "userExternalKey": "s/1", "isSuspended": true,
        "suspendedReason": "LOGIN_FAIL", "leaveOfAbsence": {"isLeaveOfAbsence": true}});
    let user = stranger.control(Method::POST, "members", seed.clone()).await;
    assert_eq!(user.status, 201);
    assert_eq!((&user.json["suspendedReason"], &user.json["_createdCount"]), (&json!("LOGIN_FAIL"), &json!(0)));
    assert_eq!(user.json["leaveOfAbsence"]["isLeaveOfAbsence"], true);
    assert_eq!(stranger.control(Method::POST, "members", seed).await.status, 409);

    let body = json!({"isSuspended": false, "userExternalKey": null, "userName": {"firstName": "F"}});
    let path = "members/externalKey:s%2F1";
    let user = stranger.control(Method::PATCH, path, body).await.json;
    assert_eq!((&user["userExternalKey"], &user["userName"]["lastName"]), (&Value::Null, &json!("seed")));
    assert_eq!(stranger.control(Method::PATCH, path, json!({})).await.status, 404);

    let path = "members/seed%40sandbox.example";
    assert_eq!(stranger.control(Method::DELETE, path, Value::Null).await.status, 200);
    assert_eq!(stranger.control(Method::GET, "members", Value::Null).await.json, json!([]));
}

#[tokio::test]
async fn statistics_count_what_happened() {
    let stranger = Stranger::start().await;
    let id = stranger.create("count").await;
    let other = stranger.create("other").await;
    stranger.act(&id, "suspend").await;
    stranger.delete(&format!("/users/{other}")).await;
    stranger.create("third").await;
    let stats = stranger.stats().await;
    assert_eq!((&stats["tokenRequests"], &stats["tokensIssued"]), (&json!(1), &json!(1)));
    assert_eq!(stats["requests"]["users.create"], 3);
    assert_eq!(stats["members"], json!({"active": 1, "suspended": 1, "pending": 0, "deleted": 1}));
    assert_eq!((&stats["membersEverCreated"], &stats["violationCount"]), (&json!(3), &json!(0)));
    assert_eq!(stats["createdPerEmail"]["count@sandbox.example"], 1);
    assert_eq!(stats["writes"][&id], 2);
}

#[tokio::test]
async fn the_journal_tells_calls_without_bodies_or_tokens() {
    let stranger = Stranger::start().await;
    let id = stranger.create("told").await;
    stranger.get("/users/nobody").await;
    stranger.get("/users?cursor=x%2By").await;
    let answer = stranger.control(Method::GET, "journal?after=1", Value::Null).await;
    let entries = answer.json.as_array().unwrap();
    assert_eq!(entries.len(), 3, "the token request was the first");
    let first = &entries[0];
    assert_eq!((&first["n"], &first["operation"], &first["status"]), (&json!(2), &json!("users.create"), &json!(201)));
    assert_eq!((&first["memberId"], &first["externalKey"]), (&json!(id), &json!("key-told")));
    assert_eq!((&first["method"], &first["path"]), (&json!("POST"), &json!("/v1.0/users")));
    assert!(first["at"].is_string() && first["durationMs"].is_u64());
    assert_eq!((&entries[1]["status"], &entries[2]["path"]), (&json!(404), &json!("/v1.0/users")));
    assert!(!answer.text.contains(&stranger.token) && !answer.text.contains("Tester"));
}

#[tokio::test]
async fn a_reset_forgets_everything_but_the_credentials_and_switches() {
    let mut stranger = Stranger::start().await;
    stranger.create("forget").await;
    stranger.get("/users?count=500").await;
    stranger.pass(3600).await;
    stranger.switch(json!({"sso": false})).await;
    stranger.fault(json!({"operation": "*", "kind": "empty"})).await;
    stranger.control(Method::POST, "reset", Value::Null).await;
    assert!(stranger.journal().await.is_empty());
    let stats = stranger.stats().await;
    assert_eq!((&stats["violationCount"], &stats["membersEverCreated"]), (&json!(0), &json!(0)));
    let clock = stranger.control(Method::GET, "clock", Value::Null).await.json;
    assert_eq!(clock["offsetSeconds"], 0);
    stranger.get("/users").await.is_refused(401, "UNAUTHORIZED");
    stranger.token = stranger.new_token("user").await;
    assert_eq!(stranger.get("/users").await.json["users"], json!([]));
    let switches = stranger.control(Method::GET, "switches", Value::Null).await.json;
    assert_eq!(switches["sso"], false);
}

#[tokio::test]
async fn places_can_be_added() {
    let stranger = Stranger::start().await;
    let place = json!({"kind": "orgUnit", "id": "unit-9", "externalKey": "ops", "name": "Operations"});
    let answer = stranger.control(Method::POST, "placement", place).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut body = stranger.person("ops");
    body["organizations"] = json!([{"domainId": body["domainId"], "primary": true,
        "orgUnits": [{"orgUnitId": "externalKey:ops", "primary": true}]}]);
    let user = stranger.post("/users", body).await.json;
    let unit = &user["organizations"][0]["orgUnits"][0];
    assert_eq!((&unit["orgUnitId"], &unit["orgUnitName"]), (&json!("unit-9"), &json!("Operations")));
}

#[tokio::test]
async fn mistakes_get_an_answer_that_helps() {
    let stranger = Stranger::start().await;
    let error = async |method, path: &'static str, body| {
        let answer = stranger.control(method, path, body).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        answer.json["error"].as_str().expect("a text").to_owned()
    };
    assert!(error(Method::GET, "nothing", Value::Null).await.contains("GET credentials"));
    assert!(error(Method::POST, "clock", json!({"seconds": 1})).await.contains("advanceSeconds"));
    let wrong_kind = json!({"operation": "users.get", "kind": "explode"});
    assert!(error(Method::POST, "faults", wrong_kind).await.contains("tooManyRequests"));
    let wrong_operation = json!({"operation": "users.fly", "kind": "slow"});
    assert!(error(Method::POST, "faults", wrong_operation).await.contains("users.unsuspend"));
    let wrong_field = json!({"operation": "*", "kind": "slow", "delay": 1});
    assert!(error(Method::POST, "faults", wrong_field).await.contains("delayMs"));
    assert!(error(Method::POST, "members", json!({})).await.contains("email"));
    assert!(error(Method::GET, "journal?after=x", Value::Null).await.contains("number"));
    assert!(error(Method::POST, "placement", json!({"kind": "planet"})).await.contains("orgUnit"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_on_a_multi_thread_runtime_and_stops_for_good() {
    let stranger = Stranger::start().await;
    let url = format!("{}/_sandbox/credentials", stranger.sandbox.url());
    let own = stranger.sandbox.credentials().client_id.clone();
    stranger.sandbox.stop().await;
    // The server's threads end a moment after it; then connections are refused or reset.
    let gone = async {
        loop {
            match stranger.http.get(&url).send().await {
                Err(error) => return assert!(!error.is_timeout(), "{error:?}"),
                Ok(answer) => match answer.text().await {
                    Ok(text) if text.contains(&own) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                    // The sandbox of another test may have been given the port meanwhile.
                    Ok(_) | Err(_) => return,
                },
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("it does not go on serving");
}

#[tokio::test]
async fn the_page_names_every_operation() {
    let stranger = Stranger::start().await;
    let wrong = json!({"operation": "nothing", "kind": "slow"});
    let answer = stranger.control(Method::POST, "faults", wrong).await;
    let text = answer.json["error"].as_str().expect("a text");
    let (_, names) = text.split_once("there are: ").expect("the operations");
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.md")).expect("readable");
    let (_, page) = page.split_once("## Operations").expect("the section");
    let missing: Vec<&str> =
        names.split(", ").filter(|name| *name != "*" && !page.contains(&format!("`{name}`"))).collect();
    assert!(names.split(", ").count() > 60 && missing.is_empty(), "{missing:?}");
}
