//! Every seat of the contract is taken: creates wait together, everything else goes on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, user};

const FIVE_MINUTES: Duration = Duration::from_secs(301);
const SCIM: &str = "[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'";
const DIRECTORY: &str = "[unassign]\npolicy = 'suspend'";

fn is_waiting(row: &Value) -> bool {
    row["state"] == "waiting" && row["reason"]["code"] == "no_seat_left"
}

async fn joins(app: &TestApp, n: u32) {
    let answer = app.put_without_waiting(&format!("00uPERSON{n}"), json!({"user": user(n)})).await;
    assert_eq!(answer.status, 202);
}

/// The whole story: `create` is the sandbox's name of the operation.
async fn no_seat_is_left(settings: &str, create: &str) {
    let app = TestApp::with(settings).await;
    assert_eq!(app.assign("00uPERSON9", user(9)).await.status, 200);
    let creates = async || app.stats().await["requests"][create].as_u64().unwrap_or_default();
    let before = creates().await;
    let full = json!({"code": "LIMIT_EXCEEDED", "description": "too many"});
    app.fault(json!({"operation": create, "kind": "status", "status": 403, "body": full})).await;
    joins(&app, 1).await;
    app.row_when("00uPERSON1", is_waiting).await;
    let status = app.lineworks_when(|status| status["paused"][0]["code"] == "no_seat_left").await;
    assert_eq!(status["working"], true, "it is the contract and not the connection: {status}");
    for n in 2..=4 {
        joins(&app, n).await;
    }
    for n in 2..=4 {
        app.row_when(&format!("00uPERSON{n}"), is_waiting).await;
    }
    assert_eq!(creates().await - before, 1, "one has tried for all");
    let mut renamed = user(9);
    renamed["nickName"] = "きゅう".into();
    assert_eq!(app.assign("00uPERSON9", renamed).await.status, 200, "changes go on");
    assert_eq!(app.unassign("00uPERSON9", "").await.status, 200, "leavers go on");
    app.advance(FIVE_MINUTES).await;
    app.row_when("00uPERSON1", |row| {
        is_waiting(row) && row["history"]["attempts"].as_array().is_some_and(|it| it.len() == 2)
    })
    .await;
    assert_eq!(creates().await - before, 2, "one tries every five minutes");
    app.heal().await;
    app.advance(FIVE_MINUTES).await;
    for n in 1..=4 {
        app.row_in(&format!("00uPERSON{n}"), "settled").await;
    }
    let status = app.lineworks_when(|status| status["paused"] == json!([])).await;
    assert_eq!(status["paused"], json!([]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_wait_together_with_the_directory_api() {
    no_seat_is_left(DIRECTORY, "users.create").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_wait_together_with_scim() {
    no_seat_is_left(SCIM, "scim.users.create").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_bought_seats_and_says_retry_need_not_wait() {
    let app = TestApp::with(DIRECTORY).await;
    app.switch(json!({"seats": 0})).await;
    for n in 1..=3 {
        joins(&app, n).await;
        app.row_when(&format!("00uPERSON{n}"), is_waiting).await;
    }
    app.switch(json!({"seats": 100})).await;
    app.admin(Method::POST, "/v1/assignments/00uPERSON2/retry").await;
    for n in 1..=3 {
        app.row_in(&format!("00uPERSON{n}"), "settled").await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_a_seat_is_tried_at_once_after_a_restart() {
    let mut app = TestApp::with(DIRECTORY).await;
    let full = json!({"code": "FORBIDDEN", "description": "The number of users of the license is exceeded."});
    app.fault(json!({"operation": "users.create", "kind": "status", "status": 403, "body": full})).await;
    joins(&app, 1).await;
    app.row_when("00uPERSON1", is_waiting).await;
    app.heal().await;
    app.restart().await;
    app.row_in("00uPERSON1", "settled").await;
    app.finish().await;
}
