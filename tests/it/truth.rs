//! With access to the org, what Okta says counts, whatever events said; what it does not say takes nothing from anybody.

mod absent;
mod attributes;
mod contradictions;
mod outages;
mod readings;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{APP_ID, Answer, ReadAnswer, TestApp, membership};

/// The fake Okta is asked with a signed key; nothing else reads it.
const ORG: &str = "[okta]\nclient_id = 'sandbox'\ncall_timeout = '1s'\ncatch_up = false\n";
const TARO: &str = "00uTARO";
const EMAIL: &str = "person1@sandbox.example";
/// Long before anything these tests do.
const LONG_AGO: &str = "2026-04-01T00:00:00.000Z";

/// The service with access to the fake Okta, and people in it.
struct Org {
    app: TestApp,
}

impl Org {
    async fn start() -> Self {
        Self::with("").await
    }

    async fn with(settings: &str) -> Self {
        Self { app: TestApp::with(&format!("{ORG}{settings}")).await }
    }

    /// Taro has the app in Okta, and is a member.
    async fn with_taro(settings: &str) -> Self {
        let org = Self::with(settings).await;
        org.joins(TARO, 1).await;
        org.tell(true, TARO, LONG_AGO).await;
        org.app.row_in(TARO, "settled").await;
        assert!(org.is_in_use(EMAIL).await);
        org
    }

    /// Changes something in Okta by hand.
    async fn okta(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.app.http.request(method, format!("{}/_sandbox/okta/{path}", self.app.sandbox_url));
        let answer = if body.is_null() { request.answer().await } else { request.json(&body).answer().await };
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    }

    /// A person who has the app; no event reaches the service.
    async fn joins(&self, person: &str, n: u32) {
        let login = format!("person{n}@sandbox.example");
        let profile = json!({"firstName": format!("太郎{n}"), "lastName": "山田"});
        self.okta(Method::POST, "users", json!({"id": person, "login": login, "profile": profile, "assign": {}})).await;
    }

    async fn assign(&self, person: &str) {
        self.okta(Method::POST, &format!("apps/{APP_ID}/users"), json!({"user": person})).await;
    }

    async fn unassign(&self, person: &str) {
        self.okta(Method::DELETE, &format!("apps/{APP_ID}/users/{person}"), Value::Null).await;
    }

    /// `suspend`, `unsuspend`, `deactivate` or `reactivate`.
    async fn lifecycle(&self, person: &str, what: &str) {
        self.okta(Method::POST, &format!("users/{person}/{what}"), Value::Null).await;
    }

    /// Delivers an event about a membership, true or not.
    async fn tell(&self, added: bool, person: &str, occurred: &str) {
        let key = uuid::Uuid::new_v4().to_string();
        let answer = self.app.deliver(vec![membership(added, person, EMAIL, &key, occurred)]).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// A reason to look that says nothing.
    async fn look_again(&self, person: &str) {
        let answer = self.app.admin(Method::POST, &format!("/v1/assignments/{person}/retry")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }

    /// The row once no run is due or going on, and this revision was looked at.
    async fn row_at_rest(&self, person: &str) -> Value {
        self.app.row_when(person, |row| !["due", "running"].contains(&row["state"].as_str().unwrap_or("due"))).await
    }

    async fn is_in_use(&self, email: &str) -> bool {
        let member = self.app.member(email).await;
        member.is_some_and(|it| it["isSuspended"] == false && it["isDeleted"] == false)
    }

    /// How often LINE WORKS was asked for this.
    async fn calls(&self, operation: &str) -> u64 {
        self.app.stats().await["requests"][operation].as_u64().unwrap_or(0)
    }

    /// Nobody was ever suspended or deleted, not even in vain.
    async fn assert_nothing_was_taken_away(&self) {
        for operation in ["users.suspend", "users.delete", "users.forcedelete"] {
            assert_eq!(self.calls(operation).await, 0, "{operation}");
        }
    }

    async fn readyz(&self) -> Value {
        self.app.request(Method::GET, "/readyz").answer().await.body
    }

    async fn minutes_pass(&self, minutes: u64) {
        self.app.advance(std::time::Duration::from_secs(minutes * 60 + 1)).await;
    }

    async fn finish(self) {
        self.app.finish().await;
    }
}

/// What Okta said in the newest run.
fn said(row: &Value) -> Vec<(&str, &str)> {
    let records = row["history"]["attempts"][0]["okta"].as_array().into_iter().flatten();
    records.map(|it| (it["membership"].as_str().expect("a word"), it["status"].as_str().expect("a word"))).collect()
}
