//! One access token for everybody, for as long as it lives; and nobody is parked for want of one.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, user};

/// How every access token of the sandbox begins.
const TOKEN_START: &str = "+/+/";

fn person(n: u32) -> String {
    format!("00uPERSON{n}")
}

async fn assign_at_once(app: &TestApp, people: std::ops::Range<u32>) {
    let calls = people.map(|n| async move { app.assign(&person(n), user(n)).await });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_at_once_need_one_token() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "token", "kind": "slow", "delayMs": 100})).await;
    assign_at_once(&app, 0..20).await;
    assert_eq!(app.token_requests().await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_dies_early_is_replaced_once_and_nobody_waits() {
    let app = TestApp::start().await;
    assign_at_once(&app, 0..1).await;
    app.sandbox("tokens/kill", json!({})).await;
    assign_at_once(&app, 1..9).await;
    assert_eq!(app.token_requests().await, 2);
    for n in 0..9 {
        let row = app.row(&person(n)).await;
        assert_eq!(row["history"]["attempts"].as_array().expect("a list").len(), 1, "{row:#}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_outlives_a_restart_and_is_not_to_be_read_in_the_ledger() {
    let mut app = TestApp::start().await;
    assign_at_once(&app, 0..1).await;
    app.restart().await;
    assign_at_once(&app, 1..2).await;
    assert_eq!(app.token_requests().await, 1);
    for entry in std::fs::read_dir(app.folder()).expect("a folder") {
        let path = entry.expect("readable").path();
        let bytes = std::fs::read(&path).expect("readable");
        let found = bytes.windows(TOKEN_START.len()).any(|part| part == TOKEN_START.as_bytes());
        assert!(!found, "a token in {}", path.display());
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_life_is_over() {
    let app = TestApp::start().await;
    for (n, expires_in) in [(0, "string"), (1, "number")] {
        app.switch(json!({"expiresIn": expires_in, "accessTokenLifeSeconds": 3600})).await;
        app.advance(Duration::from_secs(86_400)).await;
        let before = app.token_requests().await;
        assign_at_once(&app, 10 * n..10 * n + 1).await;
        app.advance(Duration::from_secs(3_600 - 370)).await;
        assign_at_once(&app, 10 * n + 1..10 * n + 2).await;
        assert_eq!(app.token_requests().await, before + 1, "{expires_in}: it still lives");
        app.advance(Duration::from_secs(20)).await;
        assign_at_once(&app, 10 * n + 2..10 * n + 3).await;
        assert_eq!(app.token_requests().await, before + 2, "{expires_in}: before its end, not after a refusal");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_may_end_the_older_one() {
    let app = TestApp::start().await;
    app.switch(json!({"newTokenKillsOlder": true})).await;
    assign_at_once(&app, 0..4).await;
    app.sandbox("tokens/kill", json!({})).await;
    assign_at_once(&app, 4..12).await;
    assert_eq!(app.token_requests().await, 2, "the callers do not end each other's tokens");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_free_plan_says_so_and_heals_by_itself() {
    let app = TestApp::start().await;
    app.switch(json!({"plan": "free"})).await;
    app.put_without_waiting(&person(1), json!({ "user": user(1) })).await;
    let row = app.row_in(&person(1), "waiting").await;
    assert_eq!(row["reason"]["code"], "token_scope_refused");
    assert!(row["reason"]["todo"].as_str().expect("a text").contains("Free plan"), "{row:#}");
    app.switch(json!({"plan": "advanced"})).await;
    app.advance(Duration::from_secs(61)).await;
    app.row_in(&person(1), "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_day_of_the_token_endpoint_parks_nobody() {
    let app = TestApp::with("[converge]\nretry_first = '20s'\nretry_longest = '20s'").await;
    let days = [
        (json!({"kind": "status", "status": 500}), "lineworks_failing"),
        (json!({"kind": "code99"}), "lineworks_unexpected_error"),
        (json!({"kind": "garbage"}), "lineworks_failing"),
        (json!({"kind": "empty"}), "lineworks_failing"),
        (json!({"kind": "closeBefore"}), "lineworks_unreachable"),
        (json!({"kind": "hang"}), "lineworks_unreachable"),
        (json!({"kind": "tooManyRequests"}), "lineworks_rate_limited"),
    ];
    for (n, (fault, cause)) in (0..).zip(days) {
        app.advance(Duration::from_secs(86_400)).await;
        let mut fault: Value = fault;
        (fault["operation"], fault["times"]) = (json!("token"), json!(1));
        app.fault(fault.clone()).await;
        app.put_without_waiting(&person(n), json!({ "user": user(n) })).await;
        let row = app.row_in(&person(n), "waiting").await;
        assert_eq!(row["reason"]["code"], cause, "{fault}");
        app.advance(Duration::from_secs(61)).await;
        app.row_in(&person(n), "settled").await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_rejected_one_after_another_are_not_asked_for_without_end() {
    let app = TestApp::with("[converge]\nworkers = 2").await;
    app.fault(json!({"operation": "users.get", "kind": "unauthorized"})).await;
    for n in 0..12 {
        app.put_without_waiting(&person(n), json!({ "user": user(n) })).await;
    }
    for n in 0..12 {
        let row = app.row_in(&person(n), "waiting").await;
        assert_eq!(row["reason"]["code"], "access_token_rejected");
    }
    assert_eq!(app.token_requests().await, 2, "the first, and one in its place");
    app.heal().await;
    app.advance(Duration::from_secs(61)).await;
    for n in 0..12 {
        app.row_in(&person(n), "settled").await;
    }
    assert_eq!(app.admin(Method::GET, "/v1/assignments?state=parked").await.body["assignments"], json!([]));
    app.finish().await;
}
