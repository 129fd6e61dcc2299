//! What a monitoring system reads, over HTTP.

use reqwest::Method;
use serde_json::json;

use crate::support::{ADMIN, CARD, ReadAnswer, TestApp, user};

const BROKER: &str = "[broker]\nsecrets = [{ name = 'calendar', value = 'broker-secret' }]\nscope = 'user.read'";

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_follow_what_happens() {
    let app = TestApp::with(BROKER).await;
    let before = app.admin(Method::GET, "/metrics").await;
    assert!(!before.text.contains("last_success_age_seconds{"), "LINE WORKS was not asked yet: {}", before.text);
    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    app.put("00uB", json!({"user": {"email": "nonsense"}})).await.problem(422, "profile_refused");
    app.row_in("00uB", "parked").await;
    let token = app.request(Method::POST, "/v1/lineworks/token").bearer_auth("broker-secret").answer().await;
    assert_eq!(token.status, 200);
    let answer = app.admin(Method::GET, "/metrics").await;
    assert_eq!(answer.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for line in [
        "okta_lineworks_people{state=\"settled\"} 1",
        "okta_lineworks_people{state=\"parked\"} 1",
        "okta_lineworks_people{state=\"held\"} 0",
        "okta_lineworks_people_due{} 0",
        "okta_lineworks_calls_total{operation=\"create_member\",status=\"2xx\"} 1",
        "okta_lineworks_attempts_total{outcome=\"settled\"} 1",
        "okta_lineworks_token_requests_total{for=\"service\",outcome=\"granted\"} 1",
        "okta_lineworks_token_requests_total{for=\"broker\",outcome=\"granted\"} 1",
        "okta_lineworks_tokens_handed_out_total{caller=\"calendar\"} 1",
        "okta_lineworks_ledger_writable 1",
    ] {
        assert!(answer.text.lines().any(|it| it == line), "{line} is not in\n{}", answer.text);
    }
    assert!(answer.text.contains("okta_lineworks_last_success_age_seconds{} "), "{}", answer.text);
    assert!(answer.text.ends_with("# EOF\n"));
    assert!(!answer.text.contains("00uA") && !answer.text.contains("sandbox.example"), "nobody is named");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_reads_them() {
    let app = TestApp::start().await;
    app.request(Method::GET, "/metrics").answer().await.problem(401, "unauthorized");
    app.request(Method::GET, "/metrics").bearer_auth(CARD).answer().await.problem(401, "unauthorized");
    app.request(Method::POST, "/metrics").bearer_auth(ADMIN).answer().await.problem(405, "method_not_allowed");
    app.finish().await;
}
