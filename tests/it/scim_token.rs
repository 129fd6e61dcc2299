//! The long-lived SCIM token: kept alive, watched to its end, and replaced without a restart.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, user};

const DAY: Duration = Duration::from_secs(86_400);
const EMAIL: &str = "person1@sandbox.example";
const ALONE: &str = "[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'";
const IN_A_FILE: &str = "[lineworks]\nbackend = 'scim'\nauth_url = '{sandbox}'\napi_url = '{sandbox}'\n\
                         scim_token = { file = '{folder}/scim-token' }\n[unassign]\npolicy = 'suspend'";

async fn requests(app: &TestApp) -> u64 {
    let requests = app.stats().await["requests"].clone();
    requests.as_object().expect("counts").values().filter_map(Value::as_u64).sum()
}

async fn is_paused(app: &TestApp) -> Value {
    app.lineworks_when(|status| !status["scimToken"]["refusedSince"].is_null()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_pauses_all_work_and_a_new_one_in_the_file_ends_the_pause_by_itself() {
    let app = TestApp::with(IN_A_FILE).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let new = app.issue_scim_token().await;
    app.put_without_waiting("00uJIRO", json!({"user": user(2)})).await;
    let status = is_paused(&app).await;
    let paused = &status["paused"][0];
    assert_eq!((&paused["code"], &status["working"]), (&json!("scim_token_refused"), &json!(false)), "{status}");
    assert!(paused["todo"].as_str().is_some_and(|todo| todo.contains("Developer Console")), "{status}");
    app.row_when("00uJIRO", |row| row["state"] == "waiting").await;
    // Everybody waits, a leaver too, and nothing goes out.
    let before = requests(&app).await;
    app.card(Method::DELETE, "00uTARO").header("Prefer", "wait=0").send().await.expect("an answer");
    app.put_without_waiting("00uSABURO", json!({"user": user(3)})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(requests(&app).await, before, "no call goes out in the pause");
    assert_eq!(app.row("00uTARO").await["state"], "due");
    std::fs::write(app.scim_token_file(), &new).expect("the folder is ours");
    app.row_in("00uJIRO", "settled").await;
    app.row_in("00uSABURO", "settled").await;
    app.row_in("00uTARO", "settled").await;
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], true);
    let status = app.lineworks_when(|status| status["scimToken"]["refusedSince"].is_null()).await;
    assert_eq!((&status["paused"], &status["working"]), (&json!([]), &json!(true)), "{status}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_works_again_is_found_within_a_minute() {
    let app = TestApp::with(ALONE).await;
    // The keeper has asked once, so that it is the person who runs into the refusal.
    app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    app.fault(json!({"operation": "*", "kind": "unauthorized"})).await;
    app.put_without_waiting("00uTARO", json!({"user": user(1)})).await;
    is_paused(&app).await;
    app.row_in("00uTARO", "waiting").await;
    app.heal().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(app.row("00uTARO").await["state"], "waiting", "nobody asked yet");
    app.advance(Duration::from_secs(61)).await;
    app.row_in("00uTARO", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_90_days_from_its_last_use_and_is_used_daily() {
    let app = TestApp::with(ALONE).await;
    let status = app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    let token = &status["scimToken"];
    assert_eq!((&token["basis"], &token["refusedSince"]), (&json!("last_use"), &Value::Null), "{status}");
    assert!(token["daysLeft"].as_i64().is_some_and(|days| days >= 89), "{status}");
    let end = token["expiresAt"].clone();
    let before = app.stats().await["requests"]["scim.users.list"].as_u64().expect("the keeper asked at the start");
    app.advance(DAY).await;
    app.lineworks_when(|status| status["scimToken"]["expiresAt"] != end).await;
    assert_eq!(app.stats().await["requests"]["scim.users.list"], before + 1, "one harmless read");
    app.advance(DAY / 2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(app.stats().await["requests"]["scim.users.list"], before + 1, "and no more than it needs");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_outlives_a_restart() {
    let mut app = TestApp::with(ALONE).await;
    let status = app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    let asked = app.stats().await["requests"]["scim.users.list"].clone();
    app.restart().await;
    let again = app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    assert_eq!(again["scimToken"]["expiresAt"], status["scimToken"]["expiresAt"]);
    assert_eq!(app.stats().await["requests"]["scim.users.list"], asked, "no need to ask");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_tells_its_own_end_and_is_watched_to_it() {
    let app = TestApp::with(IN_A_FILE).await;
    app.switch(json!({"scimTokenForm": "jwt"})).await;
    let jwt = app.issue_scim_token().await;
    std::fs::write(app.scim_token_file(), &jwt).expect("the folder is ours");
    let status = app.lineworks_when(|status| status["scimToken"]["basis"] == "exp").await;
    let end = status["scimToken"]["expiresAt"].clone();
    app.advance(61 * DAY).await;
    let status = app.lineworks_when(|status| status["scimToken"]["daysLeft"] == 28).await;
    assert_eq!(status["scimToken"]["expiresAt"], end, "no use puts it off");
    app.advance(29 * DAY).await;
    let status = is_paused(&app).await;
    assert_eq!(status["scimToken"]["daysLeft"], 0, "{status}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_before_the_end_of_the_old_one_is_taken_without_a_gap() {
    let app = TestApp::with(IN_A_FILE).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let new = app.issue_scim_token().await;
    // The file is there before the first refusal: the call itself takes it up.
    std::fs::write(app.scim_token_file(), &new).expect("the folder is ours");
    assert_eq!(app.assign("00uJIRO", user(2)).await.status, 200);
    let status = app.lineworks_when(|_| true).await;
    assert_eq!((&status["paused"], &status["scimToken"]["refusedSince"]), (&json!([]), &Value::Null));
    app.finish().await;
}

/// The moment the last use was written down, as the ledger has it.
fn written(app: &TestApp) -> i64 {
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("opens");
    let sql = "SELECT updated_at FROM singletons WHERE name = 'scim_token'";
    ledger.query_row(sql, [], |row| row.get(0)).expect("was written")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_written_down_once_an_hour_at_most() {
    let app = TestApp::with(ALONE).await;
    app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let first = written(&app);
    let status = app.lineworks_when(|_| true).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    app.lineworks_when(|now| now["scimToken"]["expiresAt"] != status["scimToken"]["expiresAt"]).await;
    // The keeper looks when the clock moves, and finds that it is not time yet.
    app.advance(Duration::from_secs(1800)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(written(&app), first);
    app.advance(Duration::from_secs(1900)).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while written(&app) == first {
        assert!(tokio::time::Instant::now() < deadline, "not written after an hour");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.finish().await;
}
