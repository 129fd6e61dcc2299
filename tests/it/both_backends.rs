//! SCIM and the Directory API at once: SCIM keeps the account, the Directory API places and deletes it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const DAY: Duration = Duration::from_secs(86_400);
const EMAIL: &str = "person1@sandbox.example";
const BOTH: &str = "[lineworks]\nbackend = 'scim'\nclient_id = 'sandbox'";

fn placed() -> Value {
    let mut user = user(1);
    user["organizations"] = json!([{"levelId": "externalKey:staff", "orgUnits": [{"orgUnitId": "externalKey:sales"}]}]);
    user["employeeNumber"] = "1001".into();
    user["userName"]["phoneticLastName"] = "ヤマダ".into();
    user
}

async fn requests(app: &TestApp, operation: &str) -> u64 {
    app.stats().await["requests"][operation].as_u64().unwrap_or_default()
}

async fn starts_with_taro() -> TestApp {
    let app = TestApp::with(BOTH).await;
    let answer = app.assign("00uTARO", placed()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]), (200, &Value::Null), "{answer:?}");
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn scim_creates_and_the_directory_api_places() {
    let app = starts_with_taro().await;
    let member = app.member(EMAIL).await.expect("created");
    assert_eq!((&member["scimExternalId"], &member["employeeNumber"]), (&json!("00uTARO"), &json!("1001")));
    assert_eq!(member["userName"]["phoneticLastName"], "ヤマダ");
    assert_eq!(member["userExternalKey"], "00uTARO", "the root key went with the organizations");
    let unit = &member["organizations"][0]["orgUnits"][0];
    assert!(unit["orgUnitId"].is_string(), "{member}");
    for (operation, times) in
        [("scim.users.create", 1), ("users.patch", 1), ("users.create", 0), ("scim.users.patch", 0)]
    {
        assert_eq!(requests(&app, operation).await, times, "{operation}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_is_suspended_by_scim_and_deleted_by_the_directory_api_and_a_rehire_takes_it_back() {
    for hidden in ["404", "200"] {
        let app = starts_with_taro().await;
        app.switch(json!({ "scimGetInGrace": hidden })).await;
        let answer = app.unassign("00uTARO", "").await;
        assert_eq!(answer.body["reason"]["code"], "deletion_planned", "{answer:?}");
        assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], true);
        app.advance(7 * DAY + Duration::from_secs(60)).await;
        app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
        app.row_when("00uTARO", |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
        assert_eq!(requests(&app, "users.delete").await, 1);
        let answer = app.assign("00uTARO", placed()).await;
        let row = app.row_in("00uTARO", "settled").await;
        assert_eq!((answer.status.as_u16(), &row["reason"]["code"]), (200, &json!("member_restored")), "{answer:?}");
        let member = app.member(EMAIL).await.expect("there");
        assert_eq!((&member["isDeleted"], &member["isSuspended"]), (&json!(false), &json!(false)), "{hidden}");
        assert_eq!(app.stats().await["membersEverCreated"], 1);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_both_parts_goes_to_both_and_of_one_to_one() {
    let app = starts_with_taro().await;
    let mut changed = placed();
    changed["nickName"] = "たろ".into();
    assert_eq!(app.assign("00uTARO", changed.clone()).await.status, 200);
    assert_eq!((requests(&app, "scim.users.patch").await, requests(&app, "users.patch").await), (1, 1));
    changed["task"] = "営業".into();
    assert_eq!(app.assign("00uTARO", changed.clone()).await.status, 200);
    assert_eq!((requests(&app, "scim.users.patch").await, requests(&app, "users.patch").await), (1, 2));
    changed["task"] = "経理".into();
    changed["nickName"] = "やま".into();
    assert_eq!(app.assign("00uTARO", changed).await.status, 200);
    assert_eq!((requests(&app, "scim.users.patch").await, requests(&app, "users.patch").await), (2, 3));
    let member = app.member(EMAIL).await.expect("there");
    assert_eq!((&member["task"], &member["nickName"]), (&json!("経理"), &json!("やま")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_directory_shows_protects_a_member() {
    let app = starts_with_taro().await;
    app.by_hand(EMAIL, json!({"isAdministrator": true})).await;
    let answer = app.unassign("00uTARO", "").await;
    let reason = (&answer.body["state"], &answer.body["reason"]["code"]);
    assert_eq!(reason, (&json!("held"), &json!("member_is_administrator")), "{answer:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_scim_token_pauses_the_directory_api_too() {
    let app = starts_with_taro().await;
    app.sandbox("scim-token", json!({"action": "revoke"})).await;
    app.put_without_waiting("00uTARO", json!({"user": user(1)})).await;
    app.lineworks_when(|status| status["paused"][0]["code"] == "scim_token_refused").await;
    let row = app.row_in("00uTARO", "waiting").await;
    assert_eq!(row["reason"]["code"], "scim_token_refused", "nobody is parked for it");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_in_its_grace_comes_back_whichever_api_hides_it() {
    for (scim, directory) in [("200", "404"), ("404", "404"), ("200", "410")] {
        let app = starts_with_taro().await;
        app.switch(json!({ "scimGetInGrace": scim, "getInGrace": directory })).await;
        app.unassign("00uTARO", "").await;
        app.advance(7 * DAY + Duration::from_secs(60)).await;
        app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
        app.row_when("00uTARO", |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
        let answer = app.assign("00uTARO", placed()).await;
        let row = app.row_in("00uTARO", "settled").await;
        assert_eq!((answer.status.as_u16(), &row["reason"]["code"]), (200, &json!("member_restored")), "{answer:?}");
        let member = app.member(EMAIL).await.expect("there");
        assert_eq!(
            (&member["isDeleted"], &member["isSuspended"]),
            (&json!(false), &json!(false)),
            "{scim} {directory}"
        );
        app.finish().await;
    }
}
