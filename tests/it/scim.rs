//! The whole way with SCIM alone, against the sandbox's SCIM, whatever LINE WORKS leaves undocumented about it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, membership, user};

const EMAIL: &str = "person1@sandbox.example";
const ALONE: &str = "[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'";

async fn start() -> TestApp {
    TestApp::with(ALONE).await
}

/// Every call the history of a person has.
async fn operations(app: &TestApp, person: &str) -> Vec<String> {
    let row = app.row(person).await;
    let attempts = row["history"]["attempts"].as_array().expect("a history").clone();
    let calls = attempts.iter().flat_map(|attempt| attempt["calls"].as_array().expect("calls").clone());
    calls.map(|call| call["operation"].as_str().expect("a name").to_owned()).collect()
}

fn named(nick_name: &str) -> Value {
    let mut user = user(1);
    user["nickName"] = nick_name.into();
    user
}

/// Joins, changes, leaves and comes back.
async fn come_and_go(app: &TestApp) {
    let answer = app.assign("00uTARO", named("たろ")).await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]), (200, &Value::Null), "{answer:?}");
    let member = app.member(EMAIL).await.expect("created");
    assert_eq!((&member["scimExternalId"], &member["nickName"]), (&json!("00uTARO"), &json!("たろ")));
    let mut changed = user(2);
    changed["cellPhone"] = "090-1111-2222".into();
    changed["nickName"] = Value::Null;
    assert_eq!(app.assign("00uTARO", changed).await.status, 200);
    let member = app.member("person2@sandbox.example").await.expect("renamed");
    assert_eq!((&member["cellPhone"], &member["nickName"]), (&json!("090-1111-2222"), &Value::Null));
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], true);
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], false);
    assert_eq!(app.stats().await["membersEverCreated"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_comes_changes_goes_and_comes_back_by_scim_alone() {
    let app = start().await;
    come_and_go(&app).await;
    let operations = operations(&app, "00uTARO").await;
    assert!(operations.iter().all(|operation| operation.starts_with("scim_")), "{operations:?}");
    assert!(app.stats().await["requests"]["users.get"].is_null(), "no Directory API and no access token");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_undocumented_side_of_scim_is_lived_with() {
    for switches in [
        json!({"scimErrorBody": "code"}),
        json!({"scimErrorBody": "empty"}),
        json!({"scimDuplicateStatus": "400"}),
        json!({"scimResources": "resources"}),
        json!({"scimExternalIdUnique": true}),
        json!({"scimLenientPatch": false}),
        json!({"scimPatchAnswers": "empty204"}),
        json!({"scimGetInGrace": "200"}),
    ] {
        let app = start().await;
        app.switch(switches).await;
        come_and_go(&app).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scim_cannot_carry_is_left_out_and_said() {
    let app = start().await;
    let mut whole = user(1);
    whole["employeeNumber"] = "1001".into();
    whole["userName"]["phoneticLastName"] = "ヤマダ".into();
    let answer = app.assign("00uTARO", whole).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    let reason = &answer.body["reason"];
    let fields = "employeeNumber, userName.phoneticLastName";
    assert_eq!((&reason["code"], &reason["detail"]), (&json!("fields_beyond_scim"), &json!(fields)), "{answer:?}");
    assert!(app.member(EMAIL).await.expect("created")["employeeNumber"].is_null());
    let answer = app.unassign("00uTARO", "").await;
    assert!(answer.body["reason"].is_null(), "a leaver needs no fields: {answer:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_member_is_is_judged_by_the_external_id() {
    let app = start().await;
    app.seed(json!({"email": EMAIL})).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200, "nobody's: adopted");
    assert_eq!(app.member(EMAIL).await.expect("there")["scimExternalId"], "00uTARO");
    app.seed(json!({"email": "person2@sandbox.example", "scimExternalId": "HR-7", "userExternalKey": "00uJIRO"})).await;
    let answer = app.assign("00uJIRO", user(2)).await;
    answer.problem(422, "member_has_foreign_key");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_external_id_was_taken_away_is_not_suspended() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    app.by_hand(EMAIL, json!({"scimExternalId": null})).await;
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((&answer.body["state"], &answer.body["reason"]["code"]), (&json!("held"), &json!("member_not_ours")));
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_its_grace_is_taken_and_says_so_in_every_shape() {
    for switches in [
        json!({}),
        json!({"scimErrorBody": "code"}),
        json!({"scimErrorBody": "empty"}),
        json!({"scimDuplicateStatus": "400"}),
    ] {
        let app = start().await;
        app.switch(switches).await;
        app.seed(json!({"email": EMAIL})).await;
        app.by_hand(EMAIL, json!({"isDeleted": true})).await;
        let answer = app.assign("00uTARO", user(1)).await;
        let row = if answer.status == 202 { app.row_in("00uTARO", "parked").await } else { answer.body };
        let code = if row["reason"].is_object() { &row["reason"]["code"] } else { &row["code"] };
        assert_eq!(code, "login_taken", "{row}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_somebody_else_suspended_is_not_resumed() {
    let app = start().await;
    app.assign("00uTARO", user(1)).await;
    app.by_hand(EMAIL, json!({"isSuspended": true})).await;
    app.assign("00uTARO", named("たろ")).await.problem(422, "suspended_by_someone_else");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_single_sign_on_a_new_member_is_pending_and_looked_at_daily() {
    let app = TestApp::with("[lineworks]\nbackend = 'scim'\nsso = false\n[unassign]\npolicy = 'suspend'").await;
    app.switch(json!({"sso": false})).await;
    let mut invited = user(1);
    invited["privateEmail"] = "taro@home.example".into();
    assert_eq!(app.assign("00uTARO", invited.clone()).await.status, 200);
    assert_eq!(app.member(EMAIL).await.expect("created")["isPending"], true);
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!(answer.body["reason"]["code"], "member_pending", "{answer:?}");
    app.by_hand(EMAIL, json!({"isPending": false})).await;
    app.advance(Duration::from_secs(25 * 3600)).await;
    app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    app.row_in("00uTARO", "settled").await;
    assert_eq!(app.assign("00uTARO", invited).await.status, 200);
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], false, "suspended by us, so resumed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_moment_of_scim_creates_nobody_twice() {
    for fault in [
        json!({"kind": "closeAfter"}),
        json!({"kind": "hangAfter", "delayMs": 1500}),
        json!({"kind": "status", "status": 500}),
        json!({"kind": "garbage"}),
        json!({"kind": "tooManyRequests", "delayMs": 300}),
        json!({"kind": "redirect"}),
        json!({"kind": "code99"}),
    ] {
        for operation in ["scim.users.create", "scim.users.list", "scim.users.patch"] {
            let app = start().await;
            let mut fault = fault.clone();
            fault["operation"] = operation.into();
            fault["times"] = 1.into();
            app.fault(fault).await;
            app.put_without_waiting("00uTARO", json!({"user": user(1)})).await;
            app.row_in("00uTARO", "settled").await;
            app.put_without_waiting("00uTARO", json!({"user": named("たろ")})).await;
            app.member_when(EMAIL, |member| member["nickName"] == "たろ").await;
            app.row_in("00uTARO", "settled").await;
            assert_eq!(app.stats().await["membersEverCreated"], 1);
            app.finish().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_made_without_an_answer_is_found_under_the_e_mail_it_was_made_with() {
    let app = TestApp::with(&ALONE.replace("[unassign]", "call_timeout = '400ms'\n[unassign]")).await;
    // Given up after 400 ms; nothing is asked for 800 ms after that.
    let late = json!({"kind": "lateEffect", "operation": "scim.users.create", "delayMs": 1000, "times": 1});
    app.fault(late).await;
    app.put_without_waiting("00uTARO", json!({"user": user(1)})).await;
    app.row_in("00uTARO", "waiting").await;
    // Twice: the member was made under the first of three logins.
    app.put_without_waiting("00uTARO", json!({"user": user(3)})).await;
    app.put_without_waiting("00uTARO", json!({"user": user(2)})).await;
    app.row_in("00uTARO", "settled").await;
    assert!(app.member("person2@sandbox.example").await.is_some(), "renamed");
    assert_eq!(app.stats().await["membersEverCreated"], 1);
    // Somebody else may have the former login from now on.
    assert_eq!(app.assign("00uHANAKO", user(1)).await.status, 200);
    assert_eq!(app.assign("00uTARO", user(4)).await.status, 200);
    let other = app.member(EMAIL).await.expect("another one");
    assert_eq!(other["scimExternalId"], "00uHANAKO");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_made_without_an_answer_is_found_under_the_former_e_mail() {
    let app = TestApp::with(&ALONE.replace("[unassign]", "call_timeout = '400ms'\n[unassign]")).await;
    // Given up after 400 ms; nothing is asked for 800 ms after that.
    let late = json!({"kind": "lateEffect", "operation": "scim.users.create", "delayMs": 1000, "times": 1});
    app.fault(late).await;
    app.put_without_waiting("00uTARO", json!({"user": user(1)})).await;
    app.row_in("00uTARO", "waiting").await;
    app.put_without_waiting("00uTARO", json!({"user": user(2)})).await;
    app.unassign("00uTARO", "").await;
    app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    app.row_in("00uTARO", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_not_there_is_named() {
    let app = TestApp::with(&format!("{ALONE}\n[placement]\ngroups = [\"name:全社員\"]")).await;
    let answer = app.assign("00uTARO", user(1)).await;
    let said = answer.problem(422, "placement_unknown");
    assert_eq!(said["assignment"]["reason"]["detail"], "no group is called \"全社員\"");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_whom_nothing_is_known_of_is_not_taken_for_gone() {
    let app = start().await;
    app.seed(json!({"email": EMAIL, "scimExternalId": "00uTARO"})).await;
    let answer = app.unassign("00uTARO", "").await;
    let reason = (&answer.body["state"], &answer.body["reason"]["code"]);
    assert_eq!(reason, (&json!("held"), &json!("leaver_cannot_be_found")), "{answer:?}");
    // Once the e-mail is known, the leaver is worked on.
    let now = app.clock.now().to_string();
    app.deliver(vec![membership(false, "00uTARO", EMAIL, "e-1", &now)]).await;
    app.row_in("00uTARO", "settled").await;
    assert_eq!(app.member(EMAIL).await.expect("there")["isSuspended"], true);
    app.finish().await;
}
