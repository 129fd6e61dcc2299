//! Okta's word stands against any event's; one that has only just happened is given a minute.

use jiff::SignedDuration;
use serde_json::json;

use super::{EMAIL, Org, TARO, said};
use crate::support::user;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_removes_somebody_okta_shows_changes_nothing_and_says_why() {
    let org = Org::with_taro("").await;
    let answer = org.app.unassign(TARO, "policy=suspend").await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    assert_eq!(answer.body["reason"]["code"], "okta_says_otherwise");
    assert_eq!(
        (&answer.body["membership"]["value"], &answer.body["desired"]["kind"]),
        (&json!("assigned"), &json!("active"))
    );
    assert!(answer.body["lookAgainAt"].is_string(), "Okta may be late: {answer:?}");
    org.minutes_pass(1).await;
    let row = org.app.row_when(TARO, |row| row["state"] == "settled" && row["lookAgainAt"].is_null()).await;
    assert_eq!((&row["reason"]["code"], said(&row)), (&json!("okta_says_otherwise"), vec![("assigned", "active")]));
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_okta_shows_late_is_found_a_minute_after() {
    let org = Org::with_taro("").await;
    assert_eq!(org.app.unassign(TARO, "").await.body["membership"]["value"], "assigned");
    org.unassign(TARO).await;
    org.minutes_pass(1).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_somebody_okta_does_not_show_makes_no_member() {
    let org = Org::start().await;
    let answer = org.app.assign(TARO, user(1)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["reason"]["code"]),
        (200, &json!("okta_person_not_shown")),
        "{answer:?}"
    );
    assert_eq!(answer.body["desired"], json!(null), "nobody knows");
    assert_eq!((org.app.member(EMAIL).await, org.calls("users.create").await), (None, 0));
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn against_a_fresh_event_nothing_is_taken_away_before_okta_has_said_so_twice() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    let answer = org.app.assign(TARO, user(1)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["reason"]["code"]),
        (202, &json!("okta_says_otherwise")),
        "{answer:?}"
    );
    org.app.row_in(TARO, "waiting").await;
    org.assert_nothing_was_taken_away().await;
    org.minutes_pass(1).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_forty_minutes_late_finds_what_is_true_by_then() {
    let org = Org::with_taro("").await;
    let then = org.app.clock.now() - SignedDuration::from_mins(40);
    org.tell(false, TARO, &then.to_string()).await;
    let row = org.row_at_rest(TARO).await;
    assert_eq!((&row["state"], &row["membership"]["value"]), (&json!("settled"), &json!("assigned")), "{row:#}");
    assert_eq!((&row["reason"], &row["lookAgainAt"]), (&json!(null), &json!(null)), "an older word was no news");
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_note_ends_with_an_event_that_okta_agrees_with() {
    let org = Org::with_taro("").await;
    org.app.unassign(TARO, "").await;
    assert_eq!(org.app.row(TARO).await["reason"]["code"], "okta_says_otherwise");
    let answer = org.app.put(TARO, json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["reason"]), (200, &json!(null)), "{answer:?}");
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_a_call_named_counts_though_okta_shows_the_removal_late() {
    let org = Org::with_taro("[unassign]\npolicy = 'delete'").await;
    org.app.unassign(TARO, "policy=suspend").await;
    org.unassign(TARO).await;
    org.minutes_pass(1).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    assert_eq!(org.calls("users.delete").await, 0);
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_first_word_against_a_fresh_event_nobody_is_asked_for_help() {
    // By SCIM nobody is found without a login, so that a leaver nobody knows is held.
    let org = Org::with("[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'").await;
    let answer = org.app.put(TARO, json!({})).await;
    assert_eq!(answer.body["reason"]["code"], "okta_says_otherwise", "{answer:?}");
    org.app.row_in(TARO, "waiting").await;
    org.joins(TARO, 1).await;
    org.minutes_pass(1).await;
    org.app.row_in(TARO, "settled").await;
    assert!(org.is_in_use(EMAIL).await);
    org.finish().await;
}
