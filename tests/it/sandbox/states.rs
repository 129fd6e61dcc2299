//! Suspend, delete, grace, undelete: what may follow what.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Stranger;

/// Seven days.
const GRACE: u64 = 7 * 24 * 3600;

/// Lets time pass, and gets a new token when the old one died of it.
async fn pass(stranger: &mut Stranger, seconds: u64) {
    stranger.pass(seconds).await;
    stranger.token = stranger.new_token("user").await;
}

#[tokio::test]
async fn suspend_and_unsuspend_a_member_in_use() {
    let stranger = Stranger::start().await;
    let id = stranger.create("pause").await;
    stranger.act(&id, "suspend").await.is_ok(StatusCode::NO_CONTENT);
    let user = stranger.get(&format!("/users/{id}")).await.json;
    assert_eq!((&user["isSuspended"], &user["suspendedReason"]), (&json!(true), &json!("MASTER")));
    stranger.act(&id, "suspend").await.is_refused(400, "BAD_REQUEST");
    stranger.act(&id, "unsuspend").await.is_ok(StatusCode::NO_CONTENT);
    stranger.act(&id, "unsuspend").await.is_refused(400, "BAD_REQUEST");
    let user = stranger.get(&format!("/users/{id}")).await.json;
    assert_eq!((&user["isSuspended"], user["suspendedReason"].is_null()), (&json!(false), true));
    stranger.act("nobody", "suspend").await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_pending_or_awaiting_member_cannot_be_suspended() {
    let stranger = Stranger::start().await;
    let seed = json!({"email": "wait@sandbox.example", "isPending": true});
    let id = stranger.control(Method::POST, "members", seed).await.json["userId"].clone();
    stranger.act(id.as_str().unwrap(), "suspend").await.is_refused(400, "BAD_REQUEST");
    let mut body = stranger.person("later");
    body["activationDate"] = json!("2090-01-01T00:00:00Z");
    let user = stranger.post("/users", body).await.json;
    assert_eq!(user["isAwaiting"], true);
    let id = user["userId"].as_str().unwrap();
    stranger.act(id, "suspend").await.is_refused(400, "BAD_REQUEST");
}

#[tokio::test]
async fn an_administrator_is_neither_suspended_nor_deleted() {
    let stranger = Stranger::start().await;
    let id = stranger.create("chief").await;
    let flag = json!({"isAdministrator": true});
    stranger.control(Method::PATCH, &format!("members/{id}"), flag).await;
    stranger.act(&id, "suspend").await.is_refused(400, "BAD_REQUEST");
    stranger.delete(&format!("/users/{id}")).await.is_refused(400, "BAD_REQUEST");
    stranger.delete(&format!("/users/{id}/forcedelete")).await.is_refused(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_deleted_member_stays_seven_days_and_can_come_back() {
    let mut stranger = Stranger::start().await;
    let id = stranger.create("leaver").await;
    let path = format!("/users/{id}");
    stranger.act(&id, "undelete").await.is_refused(400, "BAD_REQUEST");
    stranger.delete(&path).await.is_ok(StatusCode::NO_CONTENT);
    stranger.patch(&path, json!({"nickName": "x"})).await.is_refused(400, "BAD_REQUEST");
    stranger.delete(&path).await.is_refused(400, "BAD_REQUEST");
    pass(&mut stranger, GRACE - 60).await;
    assert_eq!(stranger.get(&path).await.json["isDeleted"], true);
    let back = stranger.act(&id, "undelete").await;
    assert_eq!((back.status, &back.json["isDeleted"]), (200, &json!(false)));
    let members = stranger.control(Method::GET, "members", json!(null)).await.json;
    assert_eq!(members[0]["_talkDataLost"], true, "undelete does not bring the talks back");
}

#[tokio::test]
async fn after_the_grace_the_member_is_gone_and_its_names_are_free() {
    let mut stranger = Stranger::start().await;
    let id = stranger.create("gone").await;
    stranger.delete(&format!("/users/{id}")).await;
    stranger.post("/users", stranger.person("gone")).await.is_refused(409, "ALREADY_EXIST");
    pass(&mut stranger, GRACE).await;
    stranger.get(&format!("/users/{id}")).await.is_refused(404, "NOT_FOUND");
    stranger.act(&id, "undelete").await.is_refused(404, "NOT_FOUND");
    let new = stranger.create("gone").await;
    assert_ne!(new, id);
    assert_eq!(stranger.stats().await["createdPerEmail"]["gone@sandbox.example"], 2);
}

#[tokio::test]
async fn a_suspended_member_comes_back_suspended() {
    let stranger = Stranger::start().await;
    let id = stranger.create("asleep").await;
    stranger.act(&id, "suspend").await;
    stranger.delete(&format!("/users/{id}")).await.is_ok(StatusCode::NO_CONTENT);
    assert_eq!(stranger.act(&id, "undelete").await.json["isSuspended"], true);
}

#[tokio::test]
async fn forcedelete_works_and_is_held_against_the_caller() {
    let stranger = Stranger::start().await;
    let id = stranger.create("forced").await;
    stranger.delete(&format!("/users/{id}/forcedelete")).await.is_ok(StatusCode::NO_CONTENT);
    stranger.get(&format!("/users/{id}")).await.is_refused(404, "NOT_FOUND");
    assert_eq!(stranger.violations().await, ["forcedelete"]);
    stranger.create("forced").await;
}
