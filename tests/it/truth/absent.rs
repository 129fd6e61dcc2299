//! Somebody Okta does not show at all: deleted there, or merely out of the reach of a narrowed admin role. On that account
//! alone nothing is taken away; with an event, an earlier reading or an operator's word it is.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{EMAIL, ORG, Org, TARO, said};
use crate::support::program::Serving;
use crate::support::{ReadAnswer, TestApp, install_crypto, membership};

const HOUR: Duration = Duration::from_secs(3601);
const WEEK: Duration = Duration::from_secs(7 * 86_400 + 61);
const DELETED: [&str; 3] =
    ["application.user_membership.remove", "user.lifecycle.deactivate", "user.lifecycle.delete.initiated"];

impl Org {
    /// The role of the program covers these people alone, and of the others Okta says this.
    async fn narrow_to(&self, people: &[&str], answer: &str) {
        self.okta(Method::PATCH, "switches", json!({ "narrowedAnswer": answer })).await;
        self.okta(Method::PATCH, "access", json!({"role": {"people": people}})).await;
    }

    async fn widen(&self) {
        self.okta(Method::PATCH, "access", json!({"role": "full"})).await;
    }

    async fn delete(&self, person: &str) {
        self.okta(Method::DELETE, &format!("users/{person}"), Value::Null).await;
    }

    async fn is_held(&self, steps: Value) -> Value {
        let row = self.app.row_in(TARO, "held").await;
        assert_eq!((&row["reason"]["code"], &row["heldSteps"]), (&json!("okta_person_not_shown"), &steps), "{row:#}");
        assert!(row["lookAgainAt"].is_string() && row["desired"].is_null(), "{row:#}");
        assert_eq!(said(&row), [("unassigned", "not_shown")]);
        row
    }

    async fn say(&self, word: &str) {
        let answer = self.app.admin(Method::POST, &format!("/v1/assignments/{TARO}/{word}")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }

    /// The hook tells of this, as of a moment from now.
    async fn tells(&self, event_type: &str) {
        let occurred = self.app.clock.now() + SignedDuration::from_secs(1);
        let key = uuid::Uuid::new_v4().to_string();
        let mut event = membership(false, TARO, EMAIL, &key, &occurred.to_string());
        event["eventType"] = json!(event_type);
        if event_type.starts_with("user.") {
            event["target"] = json!([event["target"][2]]);
        }
        assert_eq!(self.app.deliver(vec![event]).await.status, 204);
    }

    async fn is_suspended(&self) {
        self.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    }
}

async fn whoever_is_out_of_reach_keeps_the_member(app: TestApp) {
    let org = Org { app };
    org.joins(TARO, 1).await;
    assert_eq!(org.app.put(TARO, json!({})).await.status, 200);
    org.narrow_to(&["00uNEW"], "404").await;
    org.look_again(TARO).await;
    org.is_held(json!(["suspend", "delete"])).await;
    assert_eq!(org.readyz().await["okta"]["paused"], json!([]));
    org.joins("00uNEW", 9).await;
    assert_eq!(org.app.put("00uNEW", json!({})).await.status, 200, "nobody else waits");
    org.app.advance(HOUR).await;
    org.app.row_when(TARO, |row| row["state"] == "held" && row["history"]["attempts"][2].is_object()).await;
    org.widen().await;
    org.app.advance(HOUR).await;
    let row = org.app.row_in(TARO, "settled").await;
    assert_eq!((&row["reason"], said(&row)), (&json!(null), vec![("assigned", "active")]), "{row:#}");
    assert!(org.is_in_use(EMAIL).await);
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_narrowed_role_does_not_show_is_held_and_goes_on_when_shown_again() {
    whoever_is_out_of_reach_keeps_the_member(TestApp::with(ORG).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_the_ledger_in_postgresql() {
    whoever_is_out_of_reach_keeps_the_member(TestApp::on_postgres(ORG).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_okta_refuses_instead_the_person_waits() {
    let org = Org::with_taro("").await;
    org.narrow_to(&[], "403").await;
    org.look_again(TARO).await;
    let row = org.app.row_in(TARO, "waiting").await;
    assert_eq!(row["reason"]["code"], "okta_role_missing", "{row:#}");
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_of_a_deletion_is_enough_whether_it_comes_before_the_reading_or_after() {
    for event_type in DELETED {
        let before = Org::with_taro("").await;
        before.delete(TARO).await;
        before.tells(event_type).await;
        before.is_suspended().await;
        let row = before.row_at_rest(TARO).await;
        assert_eq!((&row["state"], &row["desired"]["kind"]), (&json!("settled"), &json!("unassigned")), "{event_type}");
        before.app.advance(WEEK).await;
        before.app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
        before.finish().await;

        let after = Org::with_taro("").await;
        after.delete(TARO).await;
        after.look_again(TARO).await;
        after.is_held(json!(["suspend", "delete"])).await;
        after.assert_nothing_was_taken_away().await;
        after.tells(event_type).await;
        after.is_suspended().await;
        after.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_the_events_of_a_deletion_in_any_order_suspend_once() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let org = Org::with_taro("").await;
        org.delete(TARO).await;
        for event in order {
            org.tells(DELETED[event]).await;
        }
        org.is_suspended().await;
        let row = org.row_at_rest(TARO).await;
        assert_eq!(
            (&row["state"], &row["reason"]["code"]),
            (&json!("settled"), &json!("deletion_planned")),
            "{order:?}"
        );
        assert_eq!(org.calls("users.suspend").await, 1, "{order:?}");
        org.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_reading_that_showed_the_removal_is_enough() {
    let org = Org::with_taro("").await;
    org.lifecycle(TARO, "deactivate").await;
    org.look_again(TARO).await;
    org.is_suspended().await;
    org.row_at_rest(TARO).await;
    org.delete(TARO).await;
    org.app.advance(WEEK).await;
    org.app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_says_that_somebody_left_is_asked_once() {
    let org = Org::with_taro("").await;
    org.delete(TARO).await;
    org.look_again(TARO).await;
    org.is_held(json!(["suspend", "delete"])).await;
    // The delay begins with the approval, not with the first look.
    org.app.advance(WEEK).await;
    org.app.row_when(TARO, |row| row["state"] == "held" && row["history"]["attempts"][2].is_object()).await;
    org.say("approve").await;
    org.is_suspended().await;
    let row = org.app.row_in(TARO, "settled").await;
    assert_eq!(
        (&row["reason"]["code"], &row["membership"]["value"]),
        (&json!("deletion_planned"), &json!("unassigned"))
    );
    org.look_again(TARO).await;
    assert_eq!(org.row_at_rest(TARO).await["reason"]["code"], "deletion_planned", "it is a fact by now");
    assert_eq!(org.calls("users.delete").await, 0);
    org.app.advance(WEEK).await;
    org.app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_worth_nothing_once_okta_shows_the_person_again() {
    let org = Org::with_taro("").await;
    org.narrow_to(&[], "404").await;
    org.look_again(TARO).await;
    org.is_held(json!(["suspend", "delete"])).await;
    org.widen().await;
    org.say("approve").await;
    org.app.row_in(TARO, "settled").await;
    org.narrow_to(&[], "404").await;
    org.tells("user.account.update_profile").await;
    org.is_held(json!(["suspend", "delete"])).await;
    org.say("reject").await;
    assert_eq!(org.app.row_in(TARO, "settled").await["reason"]["code"], "rejected_by_operator");
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_got_the_app_again_by_an_event_is_not_taken_for_gone() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    org.tells(DELETED[0]).await;
    org.is_suspended().await;
    org.row_at_rest(TARO).await;
    org.assign(TARO).await;
    org.narrow_to(&[], "404").await;
    org.app.advance(Duration::from_secs(5)).await;
    org.tells("application.user_membership.add").await;
    let row = org.app.row_in(TARO, "waiting").await;
    assert_eq!(row["reason"]["code"], "okta_says_otherwise", "{row:#}");
    org.app.advance(WEEK).await;
    org.is_held(json!(["delete"])).await;
    assert_eq!(org.calls("users.delete").await, 0);
    org.widen().await;
    org.app.advance(HOUR).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == false).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_are_not_shown_are_one_alarm() {
    install_crypto();
    let serving = Serving::start("[okta]\nclient_id = 'sandbox'\ncatch_up = false\n").await;
    let http = reqwest::Client::builder().build().expect("a client");
    let sandbox = serving.sandbox_url();
    let okta = |method: Method, path: &str, body: Value| {
        http.request(method, format!("{sandbox}/_sandbox/okta/{path}")).json(&body)
    };
    let row = |n: u32, path: &str| format!("{}/v1/assignments/00uN{n}{path}", serving.url);
    for n in 0..6 {
        let profile = json!({"firstName": "太郎", "lastName": "山田"});
        let login = format!("person{n}@sandbox.example");
        let person = json!({"id": format!("00uN{n}"), "login": login, "profile": profile, "assign": {}});
        assert!(okta(Method::POST, "users", person).answer().await.status.is_success());
        let card = http.put(row(n, "")).bearer_auth("sandbox-card").json(&json!({}));
        assert_eq!(card.answer().await.status, 200);
    }
    okta(Method::PATCH, "access", json!({"role": {"people": []}})).answer().await;
    for n in 0..6 {
        http.post(row(n, "/retry")).bearer_auth("sandbox-admin").answer().await;
        while http.get(row(n, "")).bearer_auth("sandbox-admin").answer().await.body["state"] != "held" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let log = serving.stop().await;
    assert_eq!(log.matches("several people are held").count(), 1, "{log}");
    assert_eq!(log.matches("a person needs a human").count(), 2, "{log}");
}
