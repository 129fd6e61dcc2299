//! Policies, planned deletions and rehires within LINE WORKS' seven days of grace, whatever its undocumented sides are.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const EMAIL: &str = "person1@sandbox.example";
const DAY: Duration = Duration::from_secs(86_400);

async fn flags(app: &TestApp) -> (bool, bool) {
    let member = app.member(EMAIL).await.expect("exists");
    let flag = |name: &str| member[name].as_bool().expect("a flag");
    (flag("isSuspended"), flag("isDeleted"))
}

const DELETE: &str = "[unassign]\npolicy = 'delete'";

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_suspend_leaves_it_at_that() {
    let app = TestApp::with_taro("[unassign]\npolicy = 'suspend'").await;
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]), (200, &Value::Null));
    app.advance(30 * DAY).await;
    assert_eq!(flags(&app).await, (true, false));
    assert!(app.row("00uTARO").await["lookAgainAt"].is_null());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_delete_deletes_at_once_and_a_rehire_takes_it_back() {
    let app = TestApp::with_taro(DELETE).await;
    assert_eq!(app.unassign("00uTARO", "").await.status, 200);
    assert_eq!(flags(&app).await, (false, true));
    let answer = app.assign("00uTARO", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    assert_eq!(flags(&app).await, (false, false));
    assert_eq!(app.stats().await["membersEverCreated"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_choose_a_milder_policy() {
    let app = TestApp::with_taro(DELETE).await;
    assert_eq!(app.unassign("00uTARO", "policy=suspend").await.status, 200);
    assert_eq!(flags(&app).await, (true, false));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_assignment_calls_a_planned_deletion_off() {
    let app = TestApp::with_taro("").await;
    app.unassign("00uTARO", "").await;
    app.advance(6 * DAY).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    app.advance(2 * DAY).await;
    assert_eq!(flags(&app).await, (false, false));
    app.unassign("00uTARO", "").await;
    app.advance(6 * DAY).await;
    assert_eq!(app.row("00uTARO").await["reason"]["code"], "deletion_planned", "the count began anew");
    assert_eq!(flags(&app).await, (true, false));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_undelete_brings_back_the_member_is_in_use_in_the_end() {
    for returns in ["asBefore", "active", "suspended"] {
        let app = TestApp::with_taro("").await;
        app.switch(json!({ "undeleteReturns": returns })).await;
        app.unassign("00uTARO", "").await;
        app.advance(7 * DAY + Duration::from_secs(60)).await;
        app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
        app.row_when("00uTARO", |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
        let answer = app.assign("00uTARO", user(1)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{returns}: {answer:?}");
        assert_eq!(flags(&app).await, (false, false), "{returns}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehire_whose_deleted_member_is_not_shown_is_undeleted_by_the_id_we_remember() {
    for style in [json!({"getInGrace": "404"}), json!({"getInGrace": "410", "undeleteReturns": "suspended"})] {
        let app = TestApp::with_taro(DELETE).await;
        app.switch(style).await;
        assert_eq!(app.unassign("00uTARO", "").await.status, 200);
        assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
        assert_eq!(flags(&app).await, (false, false));
        assert_eq!(app.stats().await["requests"]["users.create"], 1, "nobody was created anew");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehire_after_the_grace_is_created_anew_even_if_we_still_hope() {
    let app = TestApp::with_taro(DELETE).await;
    app.switch(json!({"getInGrace": "404"})).await;
    assert_eq!(app.unassign("00uTARO", "").await.status, 200);
    app.advance(7 * DAY + Duration::from_secs(60)).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let requests = app.stats().await["requests"].clone();
    assert_eq!((&requests["users.undelete"], &requests["users.create"]), (&json!(1), &json!(2)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_somebody_else_deleted_and_lineworks_hides_is_parked_and_heals_after_the_grace() {
    for style in [json!({"getInGrace": "404"}), json!({"getInGrace": "410", "duplicateStyle": "400"})] {
        let app = TestApp::start().await;
        app.seed(json!({"email": EMAIL, "userExternalKey": "somebody"})).await;
        app.by_hand(EMAIL, json!({"isDeleted": true})).await;
        app.switch(style).await;
        let answer = app.assign("00uTARO", user(1)).await;
        let row = app.row_in("00uTARO", "parked").await;
        assert_eq!(row["reason"]["code"], "login_taken", "{answer:?}");
        assert!(app.stats().await["requests"]["users.create"].as_u64().expect("a count") <= 10, "it ends");
        app.advance(8 * DAY).await;
        app.admin(reqwest::Method::POST, "/v1/assignments/00uTARO/retry").await;
        app.row_in("00uTARO", "settled").await;
        assert_eq!(flags(&app).await, (false, false));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_codes_of_an_absent_member_are_understood() {
    let app = TestApp::start().await;
    app.switch(json!({"missingUserCode": "USER_NOT_EXIST"})).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_sends_what_differs_and_nothing_when_nothing_does() {
    for switches in [json!({"patchAnswers": "empty204"}), json!({"patchObjects": "replace"})] {
        let app = TestApp::with_taro("").await;
        app.switch(switches).await;
        let revision = |member: &Value| member["_revision"].clone();
        let before = app.member(EMAIL).await.expect("exists");
        assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
        assert_eq!(revision(&app.member(EMAIL).await.expect("exists")), revision(&before), "nothing to do");
        let mut other = user(1);
        other["userName"]["lastName"] = json!("前田");
        assert_eq!(app.assign("00uTARO", other).await.status, 200);
        let member = app.member(EMAIL).await.expect("exists");
        assert_eq!(member["userName"]["lastName"], "前田");
        assert_eq!(member["userName"]["firstName"], "太郎1", "what was not changed is still there");
        let attempts = app.row("00uTARO").await["history"]["attempts"].clone();
        assert_eq!(attempts[0]["steps"][0]["fields"], json!(["userName"]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_take_the_root_external_key_with_them() {
    let app = TestApp::start().await;
    app.switch(json!({"requireRootExternalKey": true})).await;
    let placed = |unit: &str| {
        let mut user = user(1);
        user["organizations"] = json!([{"primary": true, "orgUnits": [{"orgUnitId": unit, "primary": true}]}]);
        user
    };
    for (unit, id) in [("externalKey:eng", "orgunit1-eng"), ("externalKey:sales", "orgunit2-sales")] {
        let answer = app.assign("00uTARO", placed(unit)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["reason"]), (200, &Value::Null), "{answer:?}");
        let member = app.member(EMAIL).await.expect("exists");
        assert_eq!(member["organizations"][0]["orgUnits"][0]["orgUnitId"], id);
        assert_eq!(member["userExternalKey"], "00uTARO");
    }
    app.finish().await;
}

// --- single sign-on is off: a member who never signed in -------------------------------------------------------------

async fn starts_with_pending_taro(settings: &str) -> TestApp {
    let app = TestApp::with(&format!("[lineworks]\nsso = false\n{settings}")).await;
    app.switch(json!({"sso": false})).await;
    let mut invited = user(1);
    invited["privateEmail"] = json!("taro@home.example");
    assert_eq!(app.assign("00uTARO", invited).await.status, 200);
    assert_eq!(app.member(EMAIL).await.expect("exists")["isPending"], true);
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_leaver_is_suspended_as_soon_as_they_sign_in() {
    let app = starts_with_pending_taro("[unassign]\npolicy = 'suspend'").await;
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]["code"]), (200, &json!("member_pending")));
    app.by_hand(EMAIL, json!({"isPending": false})).await;
    app.advance(DAY + Duration::from_secs(60)).await;
    app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_leaver_is_looked_at_daily_and_deleted_after_the_delay() {
    let app = starts_with_pending_taro("").await;
    assert_eq!(app.unassign("00uTARO", "").await.body["reason"]["code"], "deletion_planned");
    for day in 1..=6 {
        app.advance(DAY).await;
        app.row_when("00uTARO", |row| row["history"]["attempts"].as_array().expect("a list").len() >= 2 + day).await;
        assert_eq!(flags(&app).await, (false, false));
    }
    app.advance(DAY + Duration::from_secs(60)).await;
    app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    app.finish().await;
}
