//! SCIM calls go the way of all calls: quota, overlaps, faults, journal, violations.

use std::time::Duration;

use okta_lineworks::sandbox::Switches;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::join;

use super::Stranger;
use super::scim::{user, user_with};

#[tokio::test]
async fn each_operation_has_its_quota_and_tells_it() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"quotaPerMinute": 2})).await;
    stranger.get("/users").await;
    for left in ["1", "0"] {
        let answer = stranger.scim_get("/Users").await;
        assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), (Some("2"), Some(left)));
    }
    let over = stranger.scim_get("/Users").await;
    over.is_scim_error(429, "");
    assert!(over.header("ratelimit-reset").is_some());
    assert_eq!(stranger.scim_get("/Groups").await.status, 200, "counted apart");
    assert_eq!(stranger.get("/users").await.status, 200, "counted apart");
    assert_eq!(stranger.violations().await, ["quota"]);
    stranger.pass(60).await;
    assert_eq!(stranger.scim_get("/Users").await.status, 200);
}

#[tokio::test]
async fn every_operation_has_its_name_in_statistics_journal_and_faults() {
    let stranger = Stranger::start().await;
    for (resource, body) in [("Users", user("named")), ("Groups", super::scim_groups::group("Named"))] {
        let created = stranger.scim(Method::POST, &format!("/{resource}"), body.clone()).await;
        let path = format!("/{resource}/{}", created.json["id"].as_str().expect("an id"));
        stranger.scim_get(&format!("/{resource}")).await;
        stranger.scim_get(&path).await;
        stranger.scim(Method::PUT, &path, body).await;
        stranger.operate(&path, json!([])).await;
        stranger.scim(Method::DELETE, &path, Value::Null).await;
    }
    let verbs = ["create", "list", "get", "put", "patch", "delete"];
    let names: Vec<String> =
        ["users", "groups"].iter().flat_map(|what| verbs.map(|verb| format!("scim.{what}.{verb}"))).collect();
    let journal = stranger.journal().await;
    let told: Vec<_> = journal.iter().skip(1).map(|entry| entry["operation"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, names);
    let member = &journal[1];
    assert!(member["memberId"].is_string() && member["path"] == "/scim/v2/Users", "{member}");
    let stats = stranger.stats().await;
    for name in &names {
        assert_eq!(stats["requests"][name], 1, "{name}");
        stranger.fault(json!({"operation": name, "kind": "slow", "delayMs": 0})).await;
    }
    let id = member["memberId"].as_str().unwrap();
    assert_eq!((&stats["writes"][id], &stats["createdPerEmail"]["named@sandbox.example"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn writes_of_both_apis_for_one_member_overlap() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("busy").await;
    stranger.switch(json!({"latencyMs": 300})).await;
    let nick = json!([{"op": "replace", "path": "nickName", "value": "a"}]);
    let by_email = "/users/busy%40sandbox.example";
    let (one, two, read) = join!(
        stranger.operate(&path, nick),
        stranger.patch(by_email, json!({"nickName": "b"})),
        stranger.scim_get(&path)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!((statuses, read.status), ([200, 409], 200));
    let (one, two) =
        join!(stranger.scim(Method::POST, "/Users", user("twin")), stranger.post("/users", stranger.person("twin")));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(stranger.violations().await, ["overlap", "overlap"]);
    assert_eq!(stranger.stats().await["maxConcurrentWritesPerMember"], 2);
}

#[tokio::test]
async fn every_kind_of_fault_strikes_scim() {
    let stranger = Stranger::start().await;
    let create = || stranger.scim(Method::POST, "/Users", user("f1"));
    let fault = async |kind: &str, delay: u64| {
        let fault = json!({"operation": "scim.users.create", "kind": kind, "delayMs": delay, "times": 1});
        stranger.fault(fault).await;
    };
    for (kind, status) in [("status", 500), ("hang", 503), ("unauthorized", 401), ("tooManyRequests", 429)] {
        fault(kind, 10).await;
        create().await.is_scim_error(status, "");
    }
    fault("code99", 0).await;
    let answer = create().await;
    assert_eq!((answer.status, &answer.json["returnCode"]), (500, &json!("99")));
    for kind in ["garbage", "empty"] {
        fault(kind, 0).await;
        let answer = create().await;
        assert_eq!((answer.status, &answer.json), (200, &Value::Null), "{kind}");
    }
    fault("redirect", 0).await;
    let answer = create().await;
    let target = answer.header("location").expect("a target").to_owned();
    assert!(answer.status == 307 && target.contains("/scim/v2/Users"), "{target}");
    assert_eq!(stranger.scim_get("/Users").await.json["totalResults"], 0, "none of them had an effect");

    let again = stranger.http.post(target).bearer_auth(&stranger.sandbox.credentials().scim_token);
    assert_eq!(again.json(&user("f1")).send().await.unwrap().status(), 201);
    for (kind, name) in [("slow", "f2"), ("hangAfter", "f3"), ("lateEffect", "f4")] {
        fault(kind, 20).await;
        assert_eq!(stranger.scim(Method::POST, "/Users", user(name)).await.status, 201, "{kind}");
    }
    for (kind, name) in [("closeBefore", "f5"), ("closeAfter", "f6")] {
        fault(kind, 0).await;
        let token = stranger.sandbox.credentials().scim_token.clone();
        let request = stranger.scim_request(Method::POST, "/Users", &user(name), &token);
        assert!(request.send().await.is_err(), "{kind}");
    }
    assert_eq!(stranger.scim_get("/Users").await.json["totalResults"], 5, "all but f5");
    assert!(stranger.violations().await.is_empty());
}

#[tokio::test]
async fn a_late_effect_happens_though_the_client_has_gone() {
    let stranger = Stranger::start().await;
    let path = stranger.scim_create("late").await;
    let fault = json!({"operation": "scim.users.delete", "kind": "lateEffect", "delayMs": 300, "times": 1});
    stranger.fault(fault).await;
    let token = stranger.sandbox.credentials().scim_token.clone();
    let request = stranger.scim_request(Method::DELETE, &path, &Value::Null, &token);
    assert!(request.timeout(Duration::from_millis(100)).send().await.unwrap_err().is_timeout());
    assert_eq!(stranger.scim_get(&path).await.json["active"], true, "not yet");
    stranger.patch(&path.replace("/U", "/u"), json!({"nickName": "a"})).await.is_refused(409, "CONFLICT");
    let start = std::time::Instant::now();
    while stranger.scim_get(&path).await.json["active"] == true {
        assert!(start.elapsed() < Duration::from_secs(10), "it never happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn strict_refuses_every_violation() {
    let stranger = Stranger::with(Switches { refuse_overlap: false, ..Switches::default() }, true).await;
    let path = stranger.scim_create("strict").await;
    stranger.scim_get("/Users?count=101").await.is_scim_error(400, "invalidValue");
    stranger.scim_get("/Groups?count=101").await.is_scim_error(400, "invalidValue");
    stranger.scim_get("/Users?filter=active%20eq%20true").await.is_scim_error(400, "invalidFilter");
    stranger.scim_get("/Users/%FF").await.is_scim_error(400, "invalidValue");
    stranger.scim_get("/Groups/%25zz").await.is_scim_error(404, "");
    let bad_name = user_with("bad", json!({"nickName": "a\u{7}"}));
    stranger.scim(Method::POST, "/Users", bad_name).await.is_scim_error(400, "invalidValue");
    let inactive = user_with("inactive", json!({"active": false}));
    stranger.scim(Method::POST, "/Users", inactive).await.is_scim_error(400, "invalidValue");
    stranger.switch(json!({"latencyMs": 200})).await;
    let nick = || stranger.operate(&path, json!([{"op": "replace", "path": "nickName", "value": "a"}]));
    let (one, two) = join!(nick(), nick());
    assert!([one.status, two.status].contains(&409));
    let rules = ["countOver100", "countOver100", "unsupportedFilter", "notUrlEncoded", "forbiddenCharacter"];
    assert_eq!(stranger.violations().await, [&rules[..], &["inactiveOnCreate", "overlap"]].concat());
}
