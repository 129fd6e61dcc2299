//! Membership and status are Okta's, read for each run and again right before something is taken away.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{EMAIL, LONG_AGO, ORG, Org, TARO, said};
use crate::support::{TestApp, user};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn a_put_without_a_user_makes_the_member_that_okta_describes() {
    for way_in in [ORG, "[okta]\napi_token = 'sandbox'\ncatch_up = false\n"] {
        let org = Org { app: TestApp::with(way_in).await };
        org.joins(TARO, 1).await;
        let answer = org.app.put(TARO, json!({})).await;
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
        let member = org.app.member(EMAIL).await.expect("exists");
        assert_eq!(member["userName"]["lastName"], "山田");
        let row = org.app.row(TARO).await;
        assert_eq!((&row["membership"]["value"], &row["membership"]["source"]), (&json!("assigned"), &json!("okta")));
        assert!(row["oktaReadAt"].is_string() && row["reason"].is_null(), "{row:#}");
        assert_eq!(said(&row), [("assigned", "active")]);
        org.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_access_nothing_is_asked_and_nothing_is_said_of_okta() {
    let app = TestApp::with_taro("").await;
    let row = app.row("00uTARO").await;
    assert!(row["oktaReadAt"].is_null() && row["history"]["attempts"][0]["okta"].is_null(), "{row:#}");
    let ready = app.request(Method::GET, "/readyz").send().await.expect("an answer").text().await.expect("a body");
    assert!(!ready.contains("\"okta\""), "{ready}");
    app.finish().await;
}

/// What events say of somebody, right or wrong: true for "has the app". Some come twice.
const STORIES: [&[bool]; 5] = [&[true], &[false], &[false, true], &[true, false, true, false], &[false, false]];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_events_say_in_whatever_order_somebody_with_the_app_keeps_the_member() {
    let org = Org::with_taro("").await;
    for story in STORIES {
        for (n, added) in story.iter().enumerate() {
            org.tell(*added, TARO, &format!("2026-05-01T00:00:{:02}.000Z", 30 - n)).await;
        }
        let row = org.row_at_rest(TARO).await;
        assert_eq!((&row["state"], &row["membership"]["value"]), (&json!("settled"), &json!("assigned")), "{story:?}");
        assert_eq!(said(&row), [("assigned", "active")], "{story:?}");
    }
    assert!(org.is_in_use(EMAIL).await);
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_events_say_whoever_is_gone_or_suspended_in_okta_is_suspended() {
    let cases = [
        ("unassigned", ("unassigned", "active")),
        ("suspend", ("assigned", "suspended")),
        ("deactivate", ("unassigned", "deactivated")),
    ];
    for (what, expected) in cases {
        for story in STORIES {
            let org = Org::with_taro("").await;
            match what {
                "unassigned" => org.unassign(TARO).await,
                lifecycle => org.lifecycle(TARO, lifecycle).await,
            }
            for (n, added) in story.iter().enumerate() {
                org.tell(*added, TARO, &format!("2026-05-01T00:00:{:02}.000Z", 30 - n)).await;
            }
            let member = org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
            assert_eq!(member["isDeleted"], false);
            let row = org.row_at_rest(TARO).await;
            assert_eq!((&row["state"], said(&row)[0]), (&json!("settled"), expected), "{what} {story:?}: {row:#}");
            assert_eq!(org.calls("users.suspend").await, 1, "{what} {story:?}");
            org.finish().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_in_okta_ends_with_it() {
    let org = Org::with_taro("").await;
    org.lifecycle(TARO, "suspend").await;
    org.look_again(TARO).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.row_at_rest(TARO).await;
    org.lifecycle(TARO, "unsuspend").await;
    org.look_again(TARO).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == false).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_no_reason_to_suspend_takes_nothing_away() {
    for status in ["LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "STAGED", "PROVISIONED"] {
        let org = Org::start().await;
        let profile = json!({"firstName": "太郎", "lastName": "山田"});
        let person = json!({"id": TARO, "login": EMAIL, "profile": profile, "status": status, "assign": {}});
        org.okta(Method::POST, "users", person).await;
        assert_eq!(org.app.put(TARO, json!({})).await.status, 200, "{status}");
        org.tell(false, TARO, LONG_AGO).await;
        let row = org.row_at_rest(TARO).await;
        assert_eq!((&row["state"], said(&row)), (&json!("settled"), vec![("assigned", "active")]), "{status}");
        org.assert_nothing_was_taken_away().await;
        org.finish().await;
    }
}

/// LINE WORKS takes its time to show the member, so that Okta can change its mind within a run.
const SLOW: &str = "[lineworks]\ncall_timeout = '10s'";

#[tokio::test(flavor = "multi_thread")]
async fn okta_is_asked_again_right_before_a_suspension() {
    let org = Org::with_taro(SLOW).await;
    org.unassign(TARO).await;
    let asked = org.calls("okta.users.get").await;
    org.app.fault(json!({"operation": "users.get", "kind": "slow", "delayMs": 3000, "times": 1})).await;
    org.look_again(TARO).await;
    while org.calls("okta.users.get").await == asked {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    org.assign(TARO).await;
    let row =
        org.app.row_when(TARO, |row| row["history"]["attempts"].as_array().is_some_and(|all| all.len() == 3)).await;
    let words = |attempt: &Value| -> Vec<String> {
        let okta = attempt["okta"].as_array().into_iter().flatten();
        okta.map(|it| it["membership"].as_str().expect("a word").to_owned()).collect()
    };
    let attempts = &row["history"]["attempts"];
    assert_eq!(
        (&attempts[1]["state"], words(&attempts[1])),
        (&json!("due"), vec!["unassigned".into(), "assigned".into()])
    );
    assert_eq!((&attempts[0]["state"], words(&attempts[0])), (&json!("settled"), vec!["assigned".into()]));
    assert!(org.is_in_use(EMAIL).await);
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_that_falls_silent_right_before_a_suspension_stops_it() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    // The reading at the beginning passes, the one before the step does not.
    org.app.fault(json!({"operation": "okta.appUsers.get", "kind": "status", "status": 503, "skip": 1})).await;
    org.look_again(TARO).await;
    let row = org.app.row_in(TARO, "waiting").await;
    assert_eq!(row["reason"]["code"], "okta_unreachable", "{row:#}");
    org.assert_nothing_was_taken_away().await;
    org.app.heal().await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_app_again_before_the_planned_deletion_keeps_the_member_though_the_event_is_lost() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    org.tell(false, TARO, "2026-05-01T00:00:00.000Z").await;
    org.app.row_when(TARO, |row| row["reason"]["code"] == "deletion_planned").await;
    org.app.advance(6 * DAY).await;
    org.assign(TARO).await;
    org.app.advance(DAY + Duration::from_secs(61)).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == false).await;
    let row = org.row_at_rest(TARO).await;
    assert_eq!((&row["state"], said(&row)), (&json!("settled"), vec![("assigned", "active")]));
    assert_eq!(org.calls("users.delete").await, 0);
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_still_gone_is_deleted_after_the_delay_and_okta_was_asked_right_before() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    org.look_again(TARO).await;
    org.app.row_when(TARO, |row| row["reason"]["code"] == "deletion_planned").await;
    org.app.advance(7 * DAY + Duration::from_secs(61)).await;
    org.app.member_when(EMAIL, |member| member["isDeleted"] == true).await;
    let row = org.app.row_when(TARO, |row| row["history"]["attempts"][0]["steps"][0]["step"] == "delete").await;
    assert_eq!(said(&row), [("unassigned", "active"), ("unassigned", "active")]);
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_step_is_not_taken_from_somebody_who_has_the_app_again() {
    let org = Org::with_taro("[unassign]\nmax_per_hour = 1").await;
    org.joins("00uJIRO", 2).await;
    assert_eq!(org.app.put("00uJIRO", json!({})).await.status, 200);
    for person in [TARO, "00uJIRO"] {
        org.unassign(person).await;
        org.look_again(person).await;
        org.row_at_rest(person).await;
    }
    org.app.row_in("00uJIRO", "held").await;
    org.assign("00uJIRO").await;
    let answer = org.app.admin(Method::POST, "/v1/assignments/00uJIRO/approve").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    org.app.row_in("00uJIRO", "settled").await;
    assert!(org.is_in_use("person2@sandbox.example").await);
    assert_eq!(org.calls("users.suspend").await, 1, "Taro's alone");
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_access_is_taken_away_from_the_configuration_calls_count_again() {
    let mut org = Org::with_taro("").await;
    org.app.restart_with("").await;
    let mut other = user(1);
    other["userName"]["lastName"] = json!("前田");
    assert_eq!(org.app.assign(TARO, other).await.status, 200);
    assert_eq!(org.app.member(EMAIL).await.expect("exists")["userName"]["lastName"], "前田");
    assert_eq!(org.app.unassign(TARO, "").await.status, 200);
    assert_eq!(org.calls("users.suspend").await, 1);
    org.finish().await;
}
