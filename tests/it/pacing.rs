//! LINE WORKS' quota is kept whatever comes at once, and a leaver overtakes a queue of joiners.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ReadAnswer, TestApp, membership, user};

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

async fn requests(app: &TestApp) -> Value {
    app.stats().await["requests"].clone()
}

/// Lets time pass in steps, each only when nothing goes on any more, until this many are settled; returns how long it
/// took.
async fn until_settled(app: &TestApp, people: u32, step: Duration) -> Duration {
    let (mut passed, started) = (Duration::ZERO, tokio::time::Instant::now());
    while counts(app).await["settled"].as_u64().unwrap_or_default() < u64::from(people) {
        assert!(started.elapsed() < Duration::from_secs(30), "still {}", counts(app).await);
        let before = requests(app).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        if requests(app).await == before {
            app.advance(step).await;
            passed += step;
        }
    }
    passed
}

/// A quarter of LINE WORKS' numbers: 60 calls a minute, and settings that keep to them as the defaults keep to 240.
pub const QUARTER: &str = "[pacing]\nper_minute = 30\nburst = 30";

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_never_exceeded_however_many_come_at_once() {
    fifty_come_at_once(TestApp::with(QUARTER).await).await;
}

pub async fn fifty_come_at_once(app: TestApp) {
    app.switch(json!({"quotaPerMinute": 60})).await;
    all_join(&app, 50).await;
    let took = until_settled(&app, 50, Duration::from_secs(4)).await;
    assert!(took >= Duration::from_secs(40), "50 reads and creates at 30 a minute: it was paced, {took:?}");
    assert_eq!(requests(&app).await["users.get"], 50, "one read for each, by e-mail");
    assert_eq!(app.stats().await["membersEverCreated"], 50);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_quota_than_configured_is_learnt_from_the_headers() {
    for spelling in ["ssed", "used"] {
        let app = TestApp::with("[converge]\nworkers = 2").await;
        app.switch(json!({"quotaPerMinute": 30, "headerSpelling": spelling})).await;
        all_join(&app, 25).await;
        until_settled(&app, 25, Duration::from_secs(10)).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_429_nothing_of_that_kind_is_called_before_the_window_resets() {
    let with_its_reset = json!({"kind": "tooManyRequests", "delayMs": 30_000});
    let with_calls_left = json!({"kind": "status", "status": 429});
    for mut fault in [with_its_reset, with_calls_left] {
        let app = TestApp::start().await;
        (fault["operation"], fault["times"]) = (json!("users.create"), json!(1));
        app.fault(fault).await;
        app.put_without_waiting(&person(0), json!({ "user": user(0) })).await;
        let row = app.row_in(&person(0), "waiting").await;
        assert_eq!(row["reason"]["code"], "lineworks_rate_limited");
        app.put_without_waiting(&person(1), json!({ "user": user(1) })).await;
        assert_eq!(app.row_in(&person(1), "waiting").await["reason"]["code"], "paced");
        assert_eq!(requests(&app).await["users.create"], 1);
        app.advance(Duration::from_secs(61)).await;
        app.row_in(&person(0), "settled").await;
        app.row_in(&person(1), "settled").await;
        app.finish().await;
    }
}

/// 20 reads at once and then one every three seconds: three joiners wait for theirs with a worker each. The fourth
/// worker and the last two reads are the leaver's.
#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_overtakes_a_queue_of_joiners() {
    let app = TestApp::with("[converge]\nworkers = 4\n[pacing]\nper_minute = 20\nburst = 20").await;
    app.assign("00uTARO", user(999)).await;
    app.switch(json!({"latencyMs": 20})).await;
    all_join(&app, 60).await;
    until_settled(&app, 8, Duration::ZERO).await;
    let leave = app.card(Method::DELETE, "00uTARO").header("Prefer", "wait=3").answer().await;
    assert_eq!((leave.status.as_u16(), &leave.body["reason"]["code"]), (200, &json!("deletion_planned")), "{leave:?}");
    assert_eq!(app.member("00uTARO").await.expect("exists")["isSuspended"], true);
    let settled = counts(&app).await["settled"].as_u64().expect("a count");
    assert!(settled < 25, "the joiners still wait: {settled}");
    app.finish().await;
}
