//! Somebody comes back with a new Okta id: the member goes on to the new assignment, and the old one lets go of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const EMAIL: &str = "person1@sandbox.example";
const DAY: Duration = Duration::from_secs(86_400);

async fn has_left(settings: &str) -> TestApp {
    let app = TestApp::with(settings).await;
    assert_eq!(app.assign("00uOLD", user(1)).await.status, 200);
    assert_eq!(app.unassign("00uOLD", "").await.status, 200);
    app
}

/// The member, unless it is not as it should be for the new person.
async fn is_the_new_persons(app: &TestApp, key: &str) -> Value {
    let row = app.row_in("00uNEW", "settled").await;
    let member = app.member(EMAIL).await.expect("exists");
    assert_eq!(
        (&member["userExternalKey"], &member["isSuspended"], &member["isDeleted"]),
        (&json!(key), &json!(false), &json!(false))
    );
    assert_eq!(row["memberId"], member["userId"]);
    assert_eq!(app.stats().await["membersEverCreated"], 1);
    member
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_leaver_comes_back_with_a_new_okta_id() {
    let app = has_left("").await;
    let answer = app.assign("00uNEW", user(1)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    is_the_new_persons(&app, "00uNEW").await;
    let old = app.row("00uOLD").await;
    assert_eq!((&old["state"], &old["reason"]["code"]), (&json!("settled"), &json!("member_passed_on")));
    assert!(old["lookAgainAt"].is_null() && old["memberId"].is_null(), "{old:#}");
    app.advance(30 * DAY).await;
    app.assign("00uNEW", user(1)).await;
    is_the_new_persons(&app, "00uNEW").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_the_old_id_later_touches_nobody() {
    let app = has_left("").await;
    app.assign("00uNEW", user(1)).await;
    let answer = app.unassign("00uOLD", "").await;
    assert_eq!(answer.body["reason"]["code"], "member_passed_on", "{answer:?}");
    app.admin(reqwest::Method::POST, "/v1/assignments/00uOLD/retry").await;
    app.row_in("00uOLD", "settled").await;
    is_the_new_persons(&app, "00uNEW").await;
    // Both at once are a mistake, and the member stays with who has it.
    assert_eq!(app.assign("00uOLD", user(1)).await.body["code"], "member_of_another_assignment");
    is_the_new_persons(&app, "00uNEW").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_leaver_comes_back_within_the_grace_and_is_told_what_is_lost() {
    for get in ["200", "404", "410"] {
        let app = has_left("").await;
        app.switch(json!({ "getInGrace": get })).await;
        app.advance(7 * DAY + Duration::from_secs(60)).await;
        app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
        app.row_when("00uOLD", |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
        let answer = app.assign("00uNEW", user(1)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["reason"]["code"]),
            (200, &json!("member_restored")),
            "{get} {answer:?}"
        );
        let member = is_the_new_persons(&app, "00uNEW").await;
        assert_eq!(member["_talkDataLost"], true);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_within_the_grace_is_told_what_is_lost_too() {
    let app = has_left("[unassign]\npolicy = 'delete'").await;
    let answer = app.assign("00uOLD", user(1)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["reason"]["code"]),
        (200, &json!("member_restored")),
        "{answer:?}"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_both_ids_want_does_not_make_the_old_one_delete_the_new_ones_member() {
    let app = has_left("[lineworks]\nexternal_key = '{email}'").await;
    assert_eq!(app.assign("00uNEW", user(1)).await.status, 200);
    is_the_new_persons(&app, EMAIL).await;
    app.advance(8 * DAY).await;
    app.admin(reqwest::Method::POST, "/v1/assignments/00uOLD/retry").await;
    app.row_in("00uOLD", "settled").await;
    is_the_new_persons(&app, EMAIL).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_grace_a_new_member_is_made() {
    let app = has_left("[unassign]\npolicy = 'delete'").await;
    app.advance(8 * DAY).await;
    let answer = app.assign("00uNEW", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    assert_eq!(app.stats().await["membersEverCreated"], 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_taken_over_where_adopting_is_off() {
    let app = has_left("[lineworks]\nadopt = 'never'").await;
    let answer = app.assign("00uNEW", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (422, &json!("adoption_off")), "{answer:?}");
    assert_eq!(app.row("00uOLD").await["reason"]["code"], "deletion_planned");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_at_work_is_waited_for() {
    let app = TestApp::start().await;
    assert_eq!(app.assign("00uOLD", user(1)).await.status, 200);
    app.switch(json!({"latencyMs": 300})).await;
    let (left, came) = tokio::join!(app.unassign("00uOLD", ""), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        app.assign("00uNEW", user(1)).await
    });
    assert!(left.status.is_success() && came.status.is_success(), "{left:?} {came:?}");
    is_the_new_persons(&app, "00uNEW").await;
    app.finish().await;
}

/// Who has the app again, but cannot be worked on, is no leaver, though the last word on the status is a deactivation.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_reactivated_without_a_word_keeps_the_deleted_member_and_nobody_spins_for_it() {
    let app = TestApp::with("[unassign]\npolicy = 'delete'").await;
    assert_eq!(app.assign("00uOLD", user(1)).await.status, 200);
    let now = app.clock.now();
    let gone = json!({
        "uuid": "0c5e-1", "eventType": "user.lifecycle.deactivate", "published": now.to_string(),
        "target": [{"type": "User", "id": "00uOLD", "alternateId": EMAIL}],
    });
    assert_eq!(app.deliver(vec![gone]).await.status, 204);
    app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    app.advance(Duration::from_secs(60)).await;
    app.assign("00uOLD", json!({"email": EMAIL, "userName": {"lastName": ""}})).await;
    app.row_in("00uOLD", "parked").await;
    app.assign("00uNEW", user(1)).await;
    let row = app.row_in("00uNEW", "parked").await;
    assert_eq!(row["reason"]["code"], "member_of_another_assignment", "{row:#}");
    app.finish().await;
}
