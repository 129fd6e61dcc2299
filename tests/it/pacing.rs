//! LINE WORKS' quota is kept whatever comes at once, and a leaver overtakes a queue of joiners.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, membership, user};

fn person(n: u32) -> String {
    format!("00uPERSON{n}")
}

/// Everybody gets the app by one delivery of the hook.
async fn all_join(app: &TestApp, people: u32) {
    let now = app.clock.now().to_string();
    let joins = |n| membership(true, &person(n), &format!("person{n}@sandbox.example"), &format!("e-{n}"), &now);
    assert_eq!(app.deliver((0..people).map(joins).collect()).await.status, 204);
}

async fn counts(app: &TestApp) -> Value {
    app.admin(Method::GET, "/v1/assignments?limit=1").await.body["counts"].clone()
}

/// Lets time pass in steps until this many are settled; returns how long it took.
async fn until_settled(app: &TestApp, people: u32, step: Duration) -> Duration {
    let mut passed = Duration::ZERO;
    while counts(app).await["settled"] != people {
        assert!(passed < Duration::from_secs(3600), "{}", counts(app).await);
        app.advance(step).await;
        tokio::task::yield_now().await;
        passed += step;
    }
    passed
}

/// A quarter of LINE WORKS' numbers: 60 calls a minute, and settings that keep to them as the defaults keep to 240.
const QUARTER: &str = "[pacing]\nper_minute = 30\nburst = 30";

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_never_exceeded_however_many_come_at_once() {
    let app = TestApp::with(QUARTER).await;
    app.switch(json!({"quotaPerMinute": 60})).await;
    all_join(&app, 60).await;
    let took = until_settled(&app, 60, Duration::from_secs(1)).await;
    assert!(took >= Duration::from_secs(60), "two reads each at 30 a minute: it was paced, {took:?}");
    assert_eq!(app.stats().await["membersEverCreated"], 60);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_quota_than_configured_is_learnt_from_the_headers() {
    for spelling in ["ssed", "used"] {
        let app = TestApp::with("[converge]\nworkers = 2").await;
        app.switch(json!({"quotaPerMinute": 30, "headerSpelling": spelling})).await;
        all_join(&app, 25).await;
        until_settled(&app, 25, Duration::from_secs(2)).await;
        let stats = app.stats().await;
        let over = stats["violations"].as_array().expect("a list").len();
        assert_eq!(over, 0, "{spelling}: {:#}", stats["violations"]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_429_nothing_of_that_kind_is_called_before_the_window_resets() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "users.create", "kind": "tooManyRequests", "delayMs": 30_000, "times": 1})).await;
    app.put_without_waiting(&person(0), json!({ "user": user(0) })).await;
    let row = app.row_in(&person(0), "waiting").await;
    assert_eq!(row["reason"]["code"], "lineworks_rate_limited");
    app.put_without_waiting(&person(1), json!({ "user": user(1) })).await;
    assert_eq!(app.row_in(&person(1), "waiting").await["reason"]["code"], "paced");
    assert_eq!(app.stats().await["requests"]["users.create"], 1);
    app.advance(Duration::from_secs(31)).await;
    app.row_in(&person(0), "settled").await;
    app.row_in(&person(1), "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_overtakes_a_queue_of_joiners() {
    let app = TestApp::with("[converge]\nworkers = 4\n[pacing]\nper_minute = 60\nburst = 10").await;
    app.assign("00uTARO", user(999)).await;
    app.switch(json!({"latencyMs": 30})).await;
    all_join(&app, 60).await;
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]["code"]), (200, &json!("deletion_planned")));
    assert_eq!(app.member("00uTARO").await.expect("exists")["isSuspended"], true);
    let settled = counts(&app).await["settled"].as_u64().expect("a count");
    assert!(settled < 30, "the joiners still wait: {settled}");
    app.finish().await;
}
