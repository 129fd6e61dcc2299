//! LINE WORKS does what was asked, but long after the call was given up: no second call overlaps with it, and what it
//! left behind is found and put right.
//!
//! A call is given up after 400 ms here, and nothing starts for 800 ms after that. An effect after 1 s falls into that
//! pause, one after 1.5 s comes later than anybody waits.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const QUICK_CALLS: &str = r#"
[lineworks]
call_timeout = "400ms"
"#;

const IN_THE_PAUSE: u64 = 1_000;
const AFTER_THE_PAUSE: u64 = 1_500;
const MINUTE: Duration = Duration::from_secs(62);

async fn start() -> TestApp {
    TestApp::with(QUICK_CALLS).await
}

async fn late(app: &TestApp, operation: &str, after_ms: u64) {
    app.fault(json!({"operation": operation, "kind": "lateEffect", "delayMs": after_ms, "times": 1})).await;
}

async fn assign_and_go_on(app: &TestApp) {
    app.put_without_waiting("00uTARO", json!({ "user": user(1) })).await;
}

async fn unassign_and_go_on(app: &TestApp) {
    let request = app.card(reqwest::Method::DELETE, "00uTARO").header("Prefer", "wait=0");
    assert_eq!(request.send().await.expect("an answer").status(), 202);
}

async fn given_up(app: &TestApp) {
    let row = app.row_in("00uTARO", "waiting").await;
    assert_eq!(row["reason"]["code"], "lineworks_unreachable");
}

async fn settled_at(app: &TestApp, revision: u64) -> Value {
    app.row_when("00uTARO", |row| row["state"] == "settled" && row["appliedRevision"] == revision).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_made_late_is_made_once() {
    let app = start().await;
    late(&app, "users.create", IN_THE_PAUSE).await;
    assign_and_go_on(&app).await;
    given_up(&app).await;
    settled_at(&app, 1).await;
    let stats = app.stats().await;
    assert_eq!((&stats["membersEverCreated"], &stats["requests"]["users.create"]), (&json!(1), &json!(1)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_a_read_did_not_show_is_not_made_again() {
    let app = start().await;
    for (n, style) in [(1, "409"), (2, "400")] {
        app.switch(json!({ "duplicateStyle": style })).await;
        let person = format!("00uPERSON{n}");
        app.assign(&person, user(n)).await;
        let absent = json!({"code": "NOT_FOUND", "description": "User not found."});
        app.fault(json!({"operation": "users.get", "kind": "status", "status": 404, "body": absent, "times": 3})).await;
        let mut other = user(n);
        other["nickName"] = json!("Taro");
        let answer = app.assign(&person, other).await;
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
        assert_eq!(app.member(&person).await.expect("exists")["nickName"], "Taro");
    }
    assert_eq!(app.stats().await["membersEverCreated"], 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_arrives_starts_a_call_beside_one_that_may_still_work() {
    let app = start().await;
    late(&app, "users.create", IN_THE_PAUSE).await;
    assign_and_go_on(&app).await;
    given_up(&app).await;
    assign_and_go_on(&app).await;
    app.admin(reqwest::Method::POST, "/v1/assignments/00uTARO/retry").await;
    settled_at(&app, 3).await;
    let stats = app.stats().await;
    assert_eq!((&stats["membersEverCreated"], &stats["requests"]["users.create"]), (&json!(1), &json!(1)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_pause() {
    let mut app = start().await;
    late(&app, "users.create", IN_THE_PAUSE).await;
    assign_and_go_on(&app).await;
    given_up(&app).await;
    app.restart().await;
    assign_and_go_on(&app).await;
    settled_at(&app, 2).await;
    assert_eq!(app.stats().await["requests"]["users.create"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_suspension_is_ours_and_a_rehire_meanwhile_lifts_it() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    late(&app, "users.suspend", IN_THE_PAUSE).await;
    unassign_and_go_on(&app).await;
    given_up(&app).await;
    assign_and_go_on(&app).await;
    settled_at(&app, 3).await;
    assert_eq!(app.member("00uTARO").await.expect("exists")["isSuspended"], false);
    assert_eq!(app.stats().await["requests"]["users.unsuspend"], 1, "it had come, and was taken back");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_that_lands_after_a_rehire_is_found_a_minute_later() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    late(&app, "users.suspend", AFTER_THE_PAUSE).await;
    unassign_and_go_on(&app).await;
    given_up(&app).await;
    assign_and_go_on(&app).await;
    let row = settled_at(&app, 3).await;
    assert!(row["lookAgainAt"].is_string(), "{row:#}");
    app.member_when("00uTARO", |member| member["isSuspended"] == true).await;
    app.advance(MINUTE).await;
    app.member_when("00uTARO", |member| member["isSuspended"] == false).await;
    app.row_when("00uTARO", |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_made_after_the_person_left_is_found_a_minute_later() {
    let app = start().await;
    late(&app, "users.create", AFTER_THE_PAUSE).await;
    assign_and_go_on(&app).await;
    given_up(&app).await;
    unassign_and_go_on(&app).await;
    let row = settled_at(&app, 2).await;
    assert!(row["memberId"].is_null() && row["lookAgainAt"].is_string(), "{row:#}");
    app.member_when("00uTARO", |member| member["isSuspended"] == false).await;
    app.advance(MINUTE).await;
    app.member_when("00uTARO", |member| member["isSuspended"] == true).await;
    app.row_when("00uTARO", |row| row["reason"]["code"] == "deletion_planned").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_accepted_without_effect_is_tried_again() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    for (revision, operation) in [(2, "users.suspend"), (3, "users.unsuspend")] {
        app.fault(json!({"operation": operation, "kind": "empty", "times": 1})).await;
        match operation {
            "users.suspend" => unassign_and_go_on(&app).await,
            _ => assign_and_go_on(&app).await,
        }
        let row = settled_at(&app, revision).await;
        let attempts = row["history"]["attempts"].as_array().expect("a list");
        assert_eq!(attempts[1]["reason"]["code"], "not_converging", "{attempts:#?}");
        assert_eq!(app.member("00uTARO").await.expect("exists")["isSuspended"], operation == "users.suspend");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lineworks_never_shows_is_parked() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    app.fault(json!({"operation": "users.suspend", "kind": "empty"})).await;
    unassign_and_go_on(&app).await;
    let row = app.row_in("00uTARO", "parked").await;
    assert_eq!(row["reason"]["code"], "not_converging");
    assert_eq!(app.stats().await["requests"]["users.suspend"], 4, "the first and three more, not without end");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_lineworks_keeps_as_it_is_is_said_and_not_sent_without_end() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    app.fault(json!({"operation": "users.patch", "kind": "empty"})).await;
    let mut other = user(1);
    other["nickName"] = json!("Taro");
    let answer = app.assign("00uTARO", other).await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]["code"]), (200, &json!("fields_kept_by_lineworks")));
    assert_eq!(answer.body["reason"]["detail"], "nickName");
    assert_eq!(app.stats().await["requests"]["users.patch"], 1);
    app.finish().await;
}
