//! A tenant with several domains: each login in its own, none outside, and nobody moved behind an administrator's back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, membership, user};

/// The names do not matter: with `domains`, a rehearsal gets all the sandbox has.
const DOMAINS: &str = "[lineworks]\ndomains = { \"any\" = 1 }";

fn at(domain: &str) -> Value {
    let mut user = user(1);
    user["email"] = json!(format!("person1@{domain}"));
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn each_member_is_created_in_the_domain_of_its_e_mail() {
    let app = TestApp::with(DOMAINS).await;
    for (person, domain) in [("00uA", "sandbox.example"), ("00uB", "sub.sandbox.example")] {
        let answer = app.assign(person, at(domain)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    }
    assert_eq!(app.member("00uB").await.expect("exists")["domainId"], app.second_domain().await);
    assert_ne!(app.member("00uA").await.expect("exists")["domainId"], app.second_domain().await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_outside_is_refused_at_both_doors_with_the_domains_there_are() {
    let app = TestApp::with(DOMAINS).await;
    let answer = app.assign("00uA", at("elsewhere.example")).await;
    answer.problem(422, "profile_refused");
    assert_eq!(answer.faults(), [("user.email", "not_allowed")]);
    assert!(answer.text.contains("sandbox.example, sub.sandbox.example") && !answer.text.contains("elsewhere"));
    let now = app.clock.now().to_string();
    app.deliver(vec![membership(true, "00uB", "hanako@elsewhere.example", "e-1", &now)]).await;
    let row = app.row_in("00uB", "parked").await;
    assert_eq!(row["reason"]["fields"][0]["field"], "user.email");
    assert!(app.members().await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_that_moved_to_another_domain_parks_until_the_member_is_moved_by_hand() {
    let app = TestApp::with(DOMAINS).await;
    app.assign("00uA", at("sandbox.example")).await;
    let answer = app.assign("00uA", at("sub.sandbox.example")).await;
    let body = answer.problem(422, "domain_change");
    let second = app.second_domain().await.to_string();
    assert!(body["detail"].as_str().expect("a text").contains(&second), "{}", answer.text);
    assert_eq!(app.member("00uA").await.expect("exists")["email"], "person1@sandbox.example", "nothing was written");
    assert!(app.stats().await["requests"]["users.patch"].is_null());
    assert_eq!(app.unassign("00uA", "policy=suspend").await.status, 200, "whoever leaves is suspended all the same");
    assert_eq!(app.member("00uA").await.expect("exists")["isSuspended"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_login_that_is_in_no_domain_any_more_parks_as_refused() {
    let mut app = TestApp::start().await;
    let busy = json!({"operation": "users.get", "kind": "status", "status": 503});
    app.fault(busy).await;
    app.put_without_waiting("00uA", json!({"user": at("elsewhere.example")})).await;
    app.row_in("00uA", "waiting").await;
    app.heal().await;
    app.restart_with(DOMAINS).await;
    app.admin(Method::POST, "/v1/assignments/00uA/retry").await;
    let row = app.row_in("00uA", "parked").await;
    assert_eq!(
        (&row["reason"]["code"], &row["reason"]["fields"][0]["field"]),
        (&json!("profile_refused"), &json!("user.email"))
    );
    assert!(app.stats().await["requests"]["users.create"].is_null());
    app.finish().await;
}
