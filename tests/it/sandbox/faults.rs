//! Every kind of fault, and how often it strikes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Stranger};

/// A sandbox whose next create fails in this way.
async fn with_create_fault(kind: &str, more: Value) -> Stranger {
    let stranger = Stranger::start().await;
    let mut fault = json!({"operation": "users.create", "kind": kind, "times": 1});
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stranger.fault(fault).await;
    stranger
}

async fn exists(stranger: &Stranger) -> bool {
    stranger.get("/users/externalKey:key-f%31").await.status == 200
}

async fn create(stranger: &Stranger) -> Answer {
    stranger.post("/users", stranger.person("f1")).await
}

#[tokio::test]
async fn status_answers_without_effect() {
    let stranger = with_create_fault("status", json!({"status": 503})).await;
    create(&stranger).await.is_refused(503, "SERVICE_UNAVAILABLE");
    assert!(!exists(&stranger).await);
    assert_eq!(create(&stranger).await.status, 201, "once only");

    let body = json!({"operation": "users.get", "kind": "status", "status": 418, "body": {"a": 1}});
    stranger.fault(body).await;
    let answer = stranger.get("/users/x").await;
    assert_eq!((answer.status, &answer.json), (418, &json!({"a": 1})));
    assert!(answer.header("ratelimit-ssed").is_some());
}

#[tokio::test]
async fn garbage_and_empty_are_200_without_sense() {
    let stranger = with_create_fault("garbage", json!({})).await;
    let answer = create(&stranger).await;
    assert_eq!((answer.status, &answer.json), (200, &Value::Null));
    stranger.fault(json!({"operation": "users.create", "kind": "empty", "times": 1})).await;
    let answer = create(&stranger).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert!(!exists(&stranger).await);
}

#[tokio::test]
async fn a_closed_connection_is_a_transport_error() {
    for (kind, effect) in [("closeBefore", false), ("closeAfter", true)] {
        let stranger = with_create_fault(kind, json!({})).await;
        let request = stranger.request(Method::POST, "/users", Some(stranger.person("f1")));
        let error = request.send().await.expect_err("no answer at all");
        assert!(error.is_request() && !error.is_timeout(), "{kind}: {error:?}");
        assert_eq!(exists(&stranger).await, effect, "{kind}");
        let stats = stranger.stats().await;
        assert_eq!(stats["requests"]["users.create"], 1, "the HTTP library did not retry");
    }
}

#[tokio::test]
async fn hang_has_no_effect_and_hang_after_has_it_at_once() {
    for (kind, status, effect) in [("hang", 503, false), ("hangAfter", 201, true)] {
        let stranger = with_create_fault(kind, json!({"delayMs": 300})).await;
        let start = Instant::now();
        let (answer, there) = tokio::join!(create(&stranger), async {
            tokio::time::sleep(Duration::from_millis(120)).await;
            exists(&stranger).await
        });
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!((answer.status, there), (status, effect), "{kind}");
    }
}

#[tokio::test]
async fn a_late_effect_happens_though_the_client_has_gone() {
    let stranger = with_create_fault("lateEffect", json!({"delayMs": 300})).await;
    let request = stranger.request(Method::POST, "/users", Some(stranger.person("f1")));
    let error = request.timeout(Duration::from_millis(100)).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert!(!exists(&stranger).await, "not yet");
    let start = Instant::now();
    while !exists(&stranger).await {
        assert!(start.elapsed() < Duration::from_secs(10), "it never happened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stranger.stats().await["createdPerEmail"]["f1@sandbox.example"], 1);
}

#[tokio::test]
async fn slow_is_only_slow() {
    let stranger = with_create_fault("slow", json!({"delayMs": 200})).await;
    let start = Instant::now();
    assert_eq!(create(&stranger).await.status, 201);
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_redirect_names_the_other_host_and_wants_the_token_again() {
    let stranger = with_create_fault("redirect", json!({})).await;
    let answer = create(&stranger).await;
    assert_eq!(answer.status, 307);
    let target = answer.header("location").unwrap().to_owned();
    assert!(target.starts_with("http://localhost:"), "{target}");
    let body = stranger.person("f1");
    let without = stranger.http.post(&target).json(&body).send().await.unwrap();
    Answer::read(without).await.is_refused(401, "UNAUTHORIZED");
    let with = stranger.http.post(&target).bearer_auth(&stranger.token).json(&body);
    assert_eq!(with.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn code_99_unauthorized_and_too_many_requests_have_their_shapes() {
    let stranger = with_create_fault("code99", json!({})).await;
    let answer = create(&stranger).await;
    assert_eq!((answer.status, &answer.json["returnCode"]), (500, &json!("99")));
    stranger.fault(json!({"operation": "token", "kind": "code99", "times": 1})).await;
    let answer = stranger.ask_token(&stranger.form("user")).await;
    assert_eq!((answer.status, &answer.json["returnMessage"]), (400, &json!("UnexpectedError")));

    stranger.fault(json!({"operation": "*", "kind": "unauthorized", "times": 1})).await;
    create(&stranger).await.is_refused(401, "UNAUTHORIZED");
    let fault = json!({"operation": "*", "kind": "tooManyRequests", "delayMs": 3000, "times": 1});
    stranger.fault(fault).await;
    let answer = create(&stranger).await;
    answer.is_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(answer.header("ratelimit-reset"), Some("3"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert!(stranger.violations().await.is_empty(), "a fault is not the caller's");
}

#[tokio::test]
async fn skip_and_times_are_counted_down() {
    let stranger = Stranger::start().await;
    let fault = json!({"operation": "users.list", "kind": "status", "status": 500, "times": 2, "skip": 1});
    stranger.fault(json!([fault])).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(stranger.get("/users").await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    let shown = stranger.control(Method::GET, "faults", Value::Null).await.json;
    assert_eq!((&shown["faults"][0]["times"], &shown["faults"][0]["skip"]), (&json!(0), &json!(0)));
    let cleared = stranger.control(Method::DELETE, "faults", Value::Null).await.json;
    assert_eq!(cleared["faults"], json!([]));
}
