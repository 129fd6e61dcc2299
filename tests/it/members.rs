//! Who LINE WORKS has, for an administrator to look at: all pages, whichever API, whatever the end looks like.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CARD, TestApp, user};

const SCIM: &str = "[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'";
const BOTH: &str = "[lineworks]\nbackend = 'scim'\nclient_id = 'sandbox'";

/// Every page, one after the other.
async fn all(app: &TestApp) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let url = format!("{}/v1/members", app.url);
        let request = app.http.get(url).query(&[("cursor", &cursor)]).bearer_auth(crate::support::ADMIN);
        let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        pages.push(page["members"].as_array().unwrap_or_else(|| panic!("no page: {page:#}")).clone());
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return pages,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_there_through_either_api_whatever_the_end_looks_like() {
    for settings in ["", SCIM, BOTH] {
        let app = TestApp::with(settings).await;
        assert_eq!(app.assign("00uTARO", user(999)).await.status, 200);
        for n in 0..120 {
            app.seed(json!({"email": format!("member{n}@sandbox.example")})).await;
        }
        for end in ["null", "missing", "empty", "noObject"] {
            app.switch(
                json!({"endCursor": end, "scimResources": if end == "null" { "resources" } else { "Resources" }}),
            )
            .await;
            let pages = all(&app).await;
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 21], "{settings} {end}");
            let mut logins: Vec<&str> =
                pages.iter().flatten().map(|it| it["login"].as_str().expect("a text")).collect();
            logins.sort_unstable();
            logins.dedup();
            assert_eq!(logins.len(), 121);
        }
        let ours = all(&app).await.concat().into_iter().find(|it| it["login"] == "person999@sandbox.example");
        let ours = ours.expect("listed");
        assert_eq!((&ours["externalKey"], &ours["condition"]), (&json!("00uTARO"), &json!("active")));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_domain_of_the_tenant_is_listed() {
    let app = TestApp::with("[lineworks]\ndomains = { 'any.example' = 1 }").await;
    app.assign("00uTARO", user(1)).await;
    let mut other = user(2);
    other["email"] = json!("hanako@sub.sandbox.example");
    assert_eq!(app.assign("00uHANAKO", other).await.status, 200);
    let pages = all(&app).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1], "a page for each domain: {pages:#?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_says_why_and_is_never_an_empty_one() {
    let app = TestApp::start().await;
    for fault in [
        json!({"kind": "status", "status": 503}),
        json!({"kind": "garbage"}),
        json!({"kind": "status", "status": 200, "body": {"responseMetaData": {"nextCursor": null}}}),
        json!({"kind": "status", "status": 200, "body": {"users": [{"email": "nobody@sandbox.example"}]}}),
    ] {
        let mut fault = fault;
        fault["operation"] = json!("users.list");
        app.fault(fault).await;
        let answer = app.admin(Method::GET, "/v1/members").await;
        answer.problem(503, "members_not_read");
        assert!(answer.body["cause"]["code"].is_string(), "{}", answer.text);
        app.heal().await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_may_look_and_only_with_a_cursor_of_ours() {
    let app = TestApp::start().await;
    let url = format!("{}/v1/members", app.url);
    assert_eq!(app.http.get(&url).bearer_auth(CARD).send().await.expect("an answer").status(), 401);
    for query in ["cursor=x", "limit=5"] {
        let answer = app.admin(Method::GET, &format!("/v1/members?{query}")).await;
        answer.problem(422, "invalid_request");
    }
    assert_eq!(app.admin(Method::GET, "/v1/members?cursor=7.").await.body["members"], json!([]));
    app.finish().await;
}
