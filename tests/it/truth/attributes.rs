//! The member is made of Okta's own attributes, with what a card carried in front of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{EMAIL, LONG_AGO, Org, TARO};
use crate::support::APP_ID;

/// Somebody with these attributes and this user name in the app.
async fn joins_as(org: &Org, login: &str, user_name: &str, profile: Value) {
    let assign = json!({"userName": user_name});
    org.okta(Method::POST, "users", json!({"id": TARO, "login": login, "profile": profile, "assign": assign})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_okta_reaches_the_member_by_a_mere_reason_to_look() {
    let org = Org::with_taro("").await;
    org.okta(Method::PATCH, &format!("users/{TARO}"), json!({"profile": {"employeeNumber": "E-1"}})).await;
    let app_profile = json!({"profile": {"lastName": "前田", "location": "三田"}});
    org.okta(Method::PATCH, &format!("apps/{APP_ID}/users/{TARO}"), app_profile).await;
    org.look_again(TARO).await;
    let member = org.app.member_when(EMAIL, |member| member["userName"]["lastName"] == "前田").await;
    let seen = (&member["location"], &member["employeeNumber"], &member["userName"]["firstName"]);
    assert_eq!(seen, (&json!("三田"), &json!("E-1"), &json!("太郎1")));
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_card_carries_stands_before_okta_and_the_rest_is_oktas() {
    let org = Org::with_taro("").await;
    let profile = json!({"profile": {"employeeNumber": "E-1", "lastName": "Yamada"}});
    org.okta(Method::PATCH, &format!("users/{TARO}"), profile).await;
    let sent = json!({"email": EMAIL, "userName": {"lastName": "山田"}, "location": "本社"});
    assert_eq!(org.app.assign(TARO, sent).await.status, 200);
    let member = org.app.member(EMAIL).await.expect("exists");
    let seen = (&member["userName"]["lastName"], &member["employeeNumber"], &member["location"]);
    assert_eq!(seen, (&json!("山田"), &json!("E-1"), &json!("本社")));
    org.okta(Method::PATCH, &format!("users/{TARO}"), json!({"profile": {"employeeNumber": "E-2"}})).await;
    org.look_again(TARO).await;
    let member = org.app.member_when(EMAIL, |member| member["employeeNumber"] == "E-2").await;
    assert_eq!(member["userName"]["lastName"], "山田", "the card's word stays");
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_refused_stays_refused_until_one_is_right() {
    let org = Org::with_taro("").await;
    let answer = org.app.assign(TARO, json!({"email": "no address", "userName": {"lastName": "前田"}})).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let row = org.app.row_in(TARO, "parked").await;
    assert_eq!(row["reason"]["code"], "profile_refused");
    let answer = org.app.assign(TARO, json!({"email": EMAIL, "userName": {"lastName": "前田"}})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(org.app.member(EMAIL).await.expect("exists")["userName"]["lastName"], "前田");
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hooks_names_count_for_nothing_beside_oktas_own() {
    let org = Org::start().await;
    org.joins(TARO, 1).await;
    // The event's display name is another one, and its user name, too.
    org.tell(true, TARO, LONG_AGO).await;
    let member = org.app.member_when(EMAIL, |_| true).await;
    assert_eq!((&member["userName"]["lastName"], &member["userName"]["firstName"]), (&json!("山田"), &json!("太郎1")));
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_last_name_is_a_member_all_the_same() {
    let org = Org::start().await;
    joins_as(&org, EMAIL, EMAIL, json!({"firstName": "太郎"})).await;
    let answer = org.app.put(TARO, json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(org.app.member(EMAIL).await.expect("exists")["userName"]["firstName"], "太郎");
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_that_is_no_login_is_parked_by_field_and_heals_in_okta() {
    let org = Org::start().await;
    joins_as(&org, "taro", "sales/taro@sandbox.example", json!({"firstName": "太郎", "lastName": "山田"})).await;
    let answer = org.app.put(TARO, json!({})).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let row = org.app.row_in(TARO, "parked").await;
    assert_eq!(
        (&row["reason"]["code"], &row["reason"]["fields"][0]["field"]),
        (&json!("profile_refused"), &json!("user.email"))
    );
    assert_eq!(org.calls("users.create").await, 0);
    let name = json!({"userName": EMAIL});
    org.okta(Method::PATCH, &format!("apps/{APP_ID}/users/{TARO}"), name).await;
    org.look_again(TARO).await;
    org.app.member_when(EMAIL, |member| member["userExternalKey"] == TARO).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_with_a_slash_in_it_is_asked_for_by_id() {
    let org = Org::start().await;
    joins_as(&org, "sales/taro@sandbox.example", EMAIL, json!({"firstName": "太郎", "lastName": "山田"})).await;
    assert_eq!(org.app.put(TARO, json!({})).await.status, 200);
    org.unassign(TARO).await;
    org.look_again(TARO).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_who_was_never_worked_on_is_found_by_what_okta_said_last() {
    let org = Org::with("[lineworks]\nexternal_key = '{employeeNumber}'").await;
    let profile = json!({"firstName": "太郎", "lastName": "山田", "employeeNumber": "E-7"});
    joins_as(&org, EMAIL, EMAIL, profile).await;
    assert_eq!(org.app.put(TARO, json!({})).await.status, 200);
    assert_eq!(org.app.member(EMAIL).await.expect("exists")["userExternalKey"], "E-7");
    org.unassign(TARO).await;
    org.look_again(TARO).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    assert_eq!(org.row_at_rest(TARO).await["login"], EMAIL);
    org.finish().await;
}
