//! Whose member it is, and who may be taken anything away: what is not ours is left alone, and says so.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, membership, user};

const EMAIL: &str = "person1@sandbox.example";
const WEEK: Duration = Duration::from_secs(7 * 86_400 + 60);

async fn member(app: &TestApp) -> Value {
    app.member(EMAIL).await.expect("exists")
}

async fn writes(app: &TestApp) -> u64 {
    let stats = app.stats().await;
    stats["writes"].as_object().expect("an object").values().filter_map(Value::as_u64).sum()
}

fn is_held(answer: &Answer, cause: &str) {
    let (state, code) = (&answer.body["state"], &answer.body["reason"]["code"]);
    assert_eq!((answer.status.as_u16(), state, code), (202, &json!("held"), &json!(cause)), "{answer:?}");
}

/// A parked assignment answers 422; what it waits for is in its row.
async fn is_parked(app: &TestApp, answer: &Answer, cause: &str) -> String {
    assert_eq!(answer.status, 422, "{answer:?}");
    let row = app.row("00uTARO").await;
    assert_eq!((&row["state"], &row["reason"]["code"]), (&json!("parked"), &json!(cause)), "{row:#}");
    row["reason"]["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_by_hand_is_deleted_only_when_approved_and_after_the_delay() {
    let app = TestApp::with_taro("").await;
    app.by_hand(EMAIL, json!({"isSuspended": true})).await;
    let answer = app.unassign("00uTARO", "").await;
    is_held(&answer, "suspended_by_someone_else");
    assert_eq!(answer.body["heldSteps"], json!(["delete"]));
    app.advance(WEEK).await;
    assert_eq!(app.row("00uTARO").await["state"], "held", "it waits for as long as nobody decides");
    assert_eq!(app.admin(Method::POST, "/v1/assignments/00uTARO/approve").await.status, 202);
    app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    app.row_in("00uTARO", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_before_the_delay_is_over_waits_for_it() {
    let app = TestApp::with_taro("").await;
    app.by_hand(EMAIL, json!({"isSuspended": true})).await;
    app.unassign("00uTARO", "").await;
    app.admin(Method::POST, "/v1/assignments/00uTARO/approve").await;
    let row = app.row_in("00uTARO", "settled").await;
    assert_eq!(row["reason"]["code"], "deletion_planned");
    assert_eq!(member(&app).await["isDeleted"], false);
    app.advance(WEEK).await;
    app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehire_lifts_our_suspension_and_no_other() {
    let app = TestApp::with_taro("").await;
    app.unassign("00uTARO", "").await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    assert_eq!(member(&app).await["isSuspended"], false);
    app.by_hand(EMAIL, json!({"isSuspended": true})).await;
    is_held(&app.unassign("00uTARO", "").await, "suspended_by_someone_else");
    let answer = app.assign("00uTARO", user(1)).await;
    is_parked(&app, &answer, "suspended_by_someone_else").await;
    assert_eq!(member(&app).await["isSuspended"], true);
    app.by_hand(EMAIL, json!({"isSuspended": false})).await;
    app.admin(Method::POST, "/v1/assignments/00uTARO/retry").await;
    app.row_in("00uTARO", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_by_hand_meets_the_wish_and_is_not_taken_back() {
    let app = TestApp::with_taro("").await;
    app.by_hand(EMAIL, json!({"isDeleted": true})).await;
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")));
    let answer = app.assign("00uTARO", user(1)).await;
    is_parked(&app, &answer, "deleted_by_someone_else").await;
    assert_eq!(member(&app).await["isDeleted"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_decisions_are_lifted_where_that_is_configured() {
    let app = TestApp::with_taro("[assign]\nlift_foreign_suspension = true").await;
    for change in [json!({"isSuspended": true}), json!({"isDeleted": true})] {
        app.by_hand(EMAIL, change).await;
        assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
        let member = member(&app).await;
        assert_eq!((&member["isSuspended"], &member["isDeleted"]), (&json!(false), &json!(false)));
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_held_and_nobody_can_approve_it() {
    let app = TestApp::with_taro("").await;
    app.by_hand(EMAIL, json!({"isAdministrator": true})).await;
    is_held(&app.unassign("00uTARO", "").await, "member_is_administrator");
    let answer = app.admin(Method::POST, "/v1/assignments/00uTARO/approve").await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (409, &json!("not_approvable")), "{answer:?}");
    assert_eq!(member(&app).await["isSuspended"], false);
    app.by_hand(EMAIL, json!({"isAdministrator": false})).await;
    app.admin(Method::POST, "/v1/assignments/00uTARO/retry").await;
    app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protected_are_held_by_e_mail_and_by_id() {
    let settings = "[unassign]\nprotected = ['Person1@sandbox.example', '00uHANAKO']";
    let app = TestApp::with_taro(settings).await;
    app.assign("00uHANAKO", user(2)).await;
    is_held(&app.unassign("00uTARO", "").await, "member_is_protected");
    is_held(&app.unassign("00uHANAKO", "").await, "member_is_protected");
    let answer = app.admin(Method::POST, "/v1/assignments/00uTARO/approve").await;
    assert_eq!(answer.status, 409);
    assert_eq!(app.stats().await["members"]["active"], 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_a_key_is_adopted_and_brought_up_to_date() {
    let app = TestApp::start().await;
    app.seed(json!({"email": EMAIL})).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let member = member(&app).await;
    assert_eq!((&member["userExternalKey"], &member["userName"]["lastName"]), (&json!("00uTARO"), &json!("山田")));
    assert_eq!(app.stats().await["requests"]["users.create"], Value::Null);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_adopted_where_that_is_off() {
    let app = TestApp::with("[lineworks]\nadopt = 'never'").await;
    app.seed(json!({"email": EMAIL})).await;
    let answer = app.assign("00uTARO", user(1)).await;
    is_parked(&app, &answer, "adoption_off").await;
    assert_eq!(writes(&app).await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_is_shown_and_replaced_only_where_that_is_configured() {
    for (adopt, replaced) in [("when_no_external_key", false), ("replace_foreign_key", true)] {
        let app = TestApp::with(&format!("[lineworks]\nadopt = '{adopt}'")).await;
        app.seed(json!({"email": EMAIL, "userExternalKey": "HR-7"})).await;
        let answer = app.assign("00uTARO", user(1)).await;
        match replaced {
            true => assert_eq!(answer.status, 200),
            false => {
                let detail = is_parked(&app, &answer, "member_has_foreign_key").await;
                assert!(detail.contains("HR-7") && detail.contains("00uTARO"), "{detail}");
            }
        }
        let key = if replaced { "00uTARO" } else { "HR-7" };
        assert_eq!(member(&app).await["userExternalKey"], key);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_of_another_assignment_is_never_taken_over() {
    let app = TestApp::with("[lineworks]\nadopt = 'replace_foreign_key'").await;
    app.assign("00uHANAKO", user(1)).await;
    let answer = app.assign("00uTARO", user(1)).await;
    let detail = is_parked(&app, &answer, "member_of_another_assignment").await;
    assert!(detail.contains("00uHANAKO"), "{detail}");
    let answer = app.unassign("00uTARO", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]["code"]), (200, &json!("member_passed_on")));
    let member = member(&app).await;
    assert_eq!((&member["userExternalKey"], &member["isSuspended"]), (&json!("00uHANAKO"), &json!(false)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_alone_suspends_nobody() {
    let app = TestApp::with("[lineworks]\nadopt = 'never'").await;
    app.seed(json!({"email": EMAIL})).await;
    app.assign("00uTARO", user(1)).await;
    is_held(&app.unassign("00uTARO", "").await, "member_not_ours");
    app.by_hand(EMAIL, json!({"isSuspended": true})).await;
    app.admin(Method::POST, "/v1/assignments/00uTARO/retry").await;
    app.row_when("00uTARO", |row| row["state"] == "held" && row["revision"] == 3).await;
    app.advance(WEEK).await;
    assert_eq!(app.row("00uTARO").await["reason"]["code"], "member_not_ours");
    assert_eq!(writes(&app).await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_unknown_who_leaves_is_settled() {
    let app = TestApp::start().await;
    let answer = app.unassign("00uNOBODY", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")));
    assert_eq!(writes(&app).await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_key_was_changed_by_hand_is_ours_no_more() {
    let app = TestApp::with_taro("").await;
    app.by_hand(EMAIL, json!({"userExternalKey": "HR-7"})).await;
    is_held(&app.unassign("00uTARO", "").await, "member_not_ours");
    let answer = app.assign("00uTARO", user(1)).await;
    is_parked(&app, &answer, "member_has_foreign_key").await;
    assert_eq!(member(&app).await["isSuspended"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_over_the_profile_tells_a_leaver_nobody_ever_saw_join() {
    let app = TestApp::with("[lineworks]\nexternal_key = \"{email}\"").await;
    app.seed(json!({"email": EMAIL, "userExternalKey": EMAIL})).await;
    let now = app.clock.now().to_string();
    app.deliver(vec![membership(false, "00uTARO", EMAIL, "e-1", &now)]).await;
    let row = app.row_in("00uTARO", "settled").await;
    assert_eq!(row["reason"]["code"], "deletion_planned");
    assert_eq!(member(&app).await["isSuspended"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_is_not_taken_for_gone_when_the_key_cannot_be_made() {
    let app = TestApp::with("[lineworks]\nexternal_key = \"{email}\"").await;
    app.seed(json!({"email": EMAIL, "userExternalKey": EMAIL})).await;
    is_held(&app.unassign("00uTARO", "").await, "leaver_cannot_be_found");
    assert_eq!(app.admin(Method::POST, "/v1/assignments/00uTARO/approve").await.status, 409);
    assert_eq!(app.admin(Method::POST, "/v1/assignments/00uTARO/reject").await.status, 202);
    let row = app.row_in("00uTARO", "settled").await;
    assert_eq!(row["reason"]["code"], "rejected_by_operator");
    app.finish().await;
}

/// A joiner nobody knows is looked for by e-mail only. Should the key be taken under another e-mail, LINE WORKS says so,
/// and then every way is tried.
#[tokio::test(flavor = "multi_thread")]
async fn our_member_under_another_e_mail_is_found_when_a_create_is_refused() {
    for (style, readable) in [("409", true), ("409", false), ("400", true), ("400", false)] {
        let app = TestApp::start().await;
        app.switch(json!({"duplicateStyle": style, "duplicateReadable": readable})).await;
        app.seed(json!({"email": "former.name@sandbox.example", "userExternalKey": "00uTARO"})).await;
        assert_eq!(app.assign("00uTARO", user(1)).await.status, 200, "{style} {readable}");
        assert_eq!(member(&app).await["userExternalKey"], "00uTARO", "renamed, not made anew");
        let stats = app.stats().await;
        assert_eq!((&stats["membersEverCreated"], &stats["requests"]["users.create"]), (&json!(0), &json!(1)));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_create_is_not_sent_twice_in_a_run() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "users.create", "kind": "status", "status": 400})).await;
    let answer = app.assign("00uTARO", user(1)).await;
    is_parked(&app, &answer, "lineworks_refused").await;
    assert_eq!(app.stats().await["requests"]["users.create"], 1);
    app.finish().await;
}

/// What we remember of our own doing is about one member: another one under the same e-mail is as it was found.
#[tokio::test(flavor = "multi_thread")]
async fn another_member_of_the_same_e_mail_is_not_brought_back() {
    for (change, cause) in [
        (json!({"isSuspended": true}), "suspended_by_someone_else"),
        (json!({"isDeleted": true}), "deleted_by_someone_else"),
    ] {
        for person in ["00uTARO", "00uAGAIN"] {
            let app = TestApp::with_taro("[unassign]\npolicy = 'delete'").await;
            app.by_hand(EMAIL, json!({"isSuspended": false})).await;
            app.unassign("00uTARO", "").await;
            app.row_in("00uTARO", "settled").await;
            app.advance(WEEK + WEEK).await;
            app.seed(json!({"email": EMAIL})).await;
            app.by_hand(EMAIL, change.clone()).await;
            let answer = app.assign(person, user(1)).await;
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (422, &json!(cause)), "{person} {answer:?}");
            app.finish().await;
        }
    }
}

/// The row of whoever holds the member's key cannot be read: the other one waits, and does not spin.
#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_row_of_somebody_else_makes_the_asker_wait_and_not_spin() {
    let app = TestApp::with_taro("[converge]\nretry_first = '1h'\nretry_longest = '1h'").await;
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("opens");
    let unreadable = "UPDATE assignments SET profile = '{}' WHERE okta_user_id = '00uTARO'";
    assert_eq!(ledger.execute(unreadable, []).expect("written"), 1);
    let answer = app.put_without_waiting("00uJIRO", serde_json::json!({"user": user(1)})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let row = app.row_in("00uJIRO", "waiting").await;
    assert_eq!(row["reason"]["code"], "ledger_row_unreadable", "{row:#}");
    assert_eq!(row["history"]["attempts"].as_array().map(Vec::len), Some(1));
    let mended = "UPDATE assignments SET profile = NULL, profile_weight = 0 WHERE okta_user_id = '00uTARO'";
    ledger.execute(mended, []).expect("written");
    app.advance(std::time::Duration::from_secs(3601)).await;
    assert_eq!(app.row_in("00uJIRO", "parked").await["reason"]["code"], "member_of_another_assignment");
    app.finish().await;
}
