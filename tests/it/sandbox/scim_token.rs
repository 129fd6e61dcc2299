//! The long-lived token that opens SCIM.

use okta_lineworks::sandbox::{ScimTokenForm, Switches};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Stranger};

const DAY: u64 = 86_400;

impl Stranger {
    async fn token_action(&self, action: &str) -> Value {
        let answer = self.control(Method::POST, "scim-token", json!({ "action": action })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["scimToken"].clone()
    }
}

#[tokio::test]
async fn each_api_has_its_own_token() {
    let stranger = Stranger::start().await;
    assert_eq!(stranger.scim_get("/Users").await.status, 200);
    for token in [stranger.token.as_str(), "invalid", ""] {
        let answer = stranger.scim_with(Method::GET, "/Users", Value::Null, token).await;
        answer.is_scim_error(401, "");
        assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.contains("invalid_token")));
    }
    let scim_token = stranger.sandbox.credentials().scim_token.clone();
    let rest = stranger.http.get(format!("{}/v1.0/users", stranger.sandbox.url())).bearer_auth(&scim_token);
    Answer::read(rest.send().await.unwrap()).await.is_refused(401, "UNAUTHORIZED");
    assert!(!format!("{:?}", stranger.sandbox.credentials()).contains(&scim_token));
    stranger.control(Method::POST, "tokens/kill", Value::Null).await;
    assert_eq!(stranger.scim_get("/Users").await.status, 200, "it is not an access token");
}

#[tokio::test]
async fn an_opaque_token_lives_ninety_days_from_its_last_use() {
    let stranger = Stranger::start().await;
    assert!(!stranger.sandbox.credentials().scim_token.contains('.'));
    for _ in 0..2 {
        stranger.pass(90 * DAY - 60).await;
        assert_eq!(stranger.scim_get("/Users").await.status, 200, "each use extends it");
    }
    stranger.pass(90 * DAY + 1).await;
    stranger.scim_get("/Users").await.is_scim_error(401, "");
}

#[tokio::test]
async fn a_jwt_dies_at_its_exp_whatever_its_use() {
    let switches = Switches { scim_token_form: ScimTokenForm::Jwt, ..Switches::default() };
    let stranger = Stranger::with(switches, false).await;
    let token = stranger.sandbox.credentials().scim_token.clone();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&token).expect("it is a JWT").claims;
    let life = claims["exp"].as_u64().unwrap() - super::unix_now();
    assert!((90 * DAY - 60..=90 * DAY).contains(&life), "{life}");
    stranger.pass(89 * DAY).await;
    assert_eq!(stranger.scim_get("/Users").await.status, 200);
    stranger.pass(DAY).await;
    stranger.scim_get("/Users").await.is_scim_error(401, "");
}

#[tokio::test]
async fn a_token_is_issued_revoked_and_restored_by_hand() {
    let stranger = Stranger::start().await;
    let list = async |token: &Value| {
        let token = token.as_str().expect("a token");
        stranger.scim_with(Method::GET, "/Users", Value::Null, token).await.status
    };
    let first = json!(stranger.sandbox.credentials().scim_token);
    let second = stranger.token_action("issue").await;
    assert_eq!((list(&first).await, list(&second).await), (401, 200), "the old one is dead");
    let shown = stranger.control(Method::GET, "credentials", Value::Null).await.json;
    assert_eq!(shown["scimToken"], second);
    stranger.switch(json!({"scimTokenForm": "jwt"})).await;
    let third = stranger.token_action("issue").await;
    assert_eq!(third.as_str().unwrap().split('.').count(), 3);
    assert_eq!(list(&third).await, 200);
    assert_eq!(stranger.token_action("revoke").await, Value::Null);
    assert_eq!(list(&third).await, 401);
    stranger.control(Method::POST, "reset", Value::Null).await;
    assert_eq!((list(&first).await, list(&third).await), (200, 401));
    let unknown = stranger.control(Method::POST, "scim-token", json!({"action": "lend"})).await;
    assert!(unknown.status == 400 && unknown.text.contains("revoke"), "{}", unknown.text);
}

#[tokio::test]
async fn the_free_plan_has_no_scim() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"plan": "free"})).await;
    for path in ["/Users", "/Groups"] {
        stranger.scim_get(path).await.is_scim_error(403, "");
    }
}
