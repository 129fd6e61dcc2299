//! A mass unassignment by mistake stops at the cap, and goes on only where an operator says so.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, membership, user};

pub const MANY: &str = "[unassign]\nmax_per_hour = 20";

fn person(n: u32) -> String {
    format!("00uPERSON{n}")
}

fn leaving(n: u32, occurred: &str) -> Value {
    membership(false, &person(n), &format!("person{n}@sandbox.example"), &format!("left-{n}"), occurred)
}

/// Creates this many members without waiting for each.
async fn starts_with(people: u32, settings: &str) -> TestApp {
    let app = TestApp::with(settings).await;
    create(&app, people).await;
    app
}

async fn create(app: &TestApp, people: u32) {
    for n in 0..people {
        app.put_without_waiting(&person(n), json!({ "user": user(n) })).await;
    }
    until_counted(app, "settled", u64::from(people)).await;
}

async fn until_counted(app: &TestApp, state: &str, count: u64) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let counts = app.admin(Method::GET, "/v1/assignments?limit=1").await.body["counts"].clone();
        if counts[state].as_u64().unwrap_or_default() == count {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "still not {count} {state}: {counts}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn held(app: &TestApp) -> Vec<String> {
    let list = app.admin(Method::GET, "/v1/assignments?state=held").await.body["assignments"].clone();
    let held = list.as_array().expect("a list").iter();
    held.map(|row| {
        assert_eq!((&row["reason"]["code"], &row["heldSteps"]), (&json!("cap_reached"), &json!(["suspend"])));
        row["oktaUserId"].as_str().expect("an id").to_owned()
    })
    .collect()
}

async fn is_suspended(app: &TestApp, person: &str) -> bool {
    app.member(person).await.expect("exists")["isSuspended"] == true
}

async fn say(app: &TestApp, person: &str, word: &str) {
    let answer = app.admin(Method::POST, &format!("/v1/assignments/{person}/{word}")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_who_leave_at_once_twenty_are_suspended_and_ten_are_held() {
    thirty_leave_at_once(TestApp::with(MANY).await).await;
}

pub async fn thirty_leave_at_once(app: TestApp) {
    create(&app, 30).await;
    let now = app.clock.now().to_string();
    app.deliver((0..30).map(|n| leaving(n, &now)).collect()).await;
    until_counted(&app, "held", 10).await;
    until_counted(&app, "settled", 20).await;
    let stats = app.stats().await;
    assert_eq!((&stats["members"]["suspended"], &stats["members"]["active"]), (&json!(20), &json!(10)));
    assert_eq!(stats["requests"]["users.suspend"], 20, "the others were not touched");
    let held = held(&app).await;
    say(&app, &held[0], "approve").await;
    say(&app, &held[1], "reject").await;
    app.member_when(&held[0], |member| member["isSuspended"] == true).await;
    app.row_when(&held[1], |row| row["reason"]["code"] == "rejected_by_operator").await;
    assert!(!is_suspended(&app, &held[1]).await && !is_suspended(&app, &held[2]).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hour_rolls_and_a_retry_is_let_through_then() {
    let app = starts_with(2, "[unassign]\nmax_per_hour = 1").await;
    app.unassign(&person(0), "").await;
    let answer = app.unassign(&person(1), "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]["code"]), (202, &json!("cap_reached")));
    app.advance(Duration::from_secs(3_500)).await;
    say(&app, &person(1), "retry").await;
    app.row_when(&person(1), |row| row["revision"] == 3 && row["state"] == "held").await;
    app.advance(Duration::from_secs(101)).await;
    assert_eq!(app.row(&person(1)).await["state"], "held", "nothing goes on by itself");
    say(&app, &person(1), "retry").await;
    app.member_when(&person(1), |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_event_makes_an_approval_void() {
    // No run of the approved revision is under way when the new event comes.
    let slow = "[converge]\nretry_first = \"20s\"\nretry_longest = \"20s\"";
    let app = starts_with(1, &format!("[unassign]\nmax_per_hour = 0\n{slow}")).await;
    let answer = app.unassign(&person(0), "").await;
    assert_eq!(answer.body["reason"]["code"], "cap_reached", "0 holds all");
    app.fault(json!({"operation": "users.get", "kind": "status", "status": 503})).await;
    say(&app, &person(0), "approve").await;
    app.row_in(&person(0), "waiting").await;
    app.heal().await;
    app.card(Method::DELETE, &person(0)).header("Prefer", "wait=0").send().await.expect("an answer");
    let row = app.row_when(&person(0), |row| row["state"] == "held" && row["revision"] == 4).await;
    assert_eq!(row["reason"]["code"], "cap_reached");
    assert!(!is_suspended(&app, &person(0)).await);
    say(&app, &person(0), "approve").await;
    app.member_when(&person(0), |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_leaver_who_comes_back_is_simply_settled() {
    let app = starts_with(1, "[unassign]\nmax_per_hour = 0").await;
    app.unassign(&person(0), "").await;
    let answer = app.assign(&person(0), user(0)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")));
    let answer = app.admin(Method::POST, &format!("/v1/assignments/{}/approve", person(0))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (409, &json!("not_held")), "{answer:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_and_is_repeated_uses_one_slot_of_the_hour() {
    let app = starts_with(2, "[unassign]\nmax_per_hour = 2").await;
    app.fault(json!({"operation": "users.suspend", "kind": "tooManyRequests", "delayMs": 50, "times": 3})).await;
    for n in 0..2 {
        let answer = app.unassign(&person(n), "").await;
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    }
    assert_eq!(app.stats().await["members"]["suspended"], 2);
    app.finish().await;
}
