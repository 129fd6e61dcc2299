//! The token endpoint: one happy path, every refusal, and what a token can do.

use okta_lineworks::sandbox::{Plan, Switches};
use serde_json::{Value, json};

use super::{GRANT_TYPE, Stranger, open, unix_now};

#[tokio::test]
async fn a_signed_assertion_gets_a_token_in_the_documented_shape() {
    let stranger = Stranger::start().await;
    let answer = stranger.ask_token(&stranger.form("user orgunit")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["token_type"], "Bearer");
    assert_eq!(answer.json["expires_in"], "86400");
    assert_eq!(answer.json["scope"], "user orgunit");
    assert!(answer.json["refresh_token"].is_string());
    let token = answer.json["access_token"].as_str().unwrap();
    assert!(['+', '/', '='].iter().all(|letter| token.contains(*letter)));
}

#[tokio::test]
async fn every_wrong_form_field_is_refused_in_oauths_shape() {
    let stranger = Stranger::start().await;
    let table = [
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_secret", "wrong", 401, "invalid_client"),
        ("assertion", "no.jwt.here", 400, "invalid_grant"),
        ("assertion", "", 400, "invalid_grant"),
        ("scope", "user mail", 400, "invalid_scope"),
        ("scope", "user,orgunit", 400, "invalid_scope"),
        ("scope", "", 400, "invalid_scope"),
    ];
    for (field, value, status, error) in table {
        let answer = stranger.ask_token(&stranger.form_with(field, value)).await;
        assert_eq!((answer.status, &answer.json["error"]), (status, &json!(error)), "{field}");
        assert!(answer.json["error_description"].is_string());
    }
    let answer = stranger.ask_token(&stranger.form_with("scope", "user mail")).await;
    assert_eq!(answer.json["error_description"], "Request scope is not valid.");
}

#[tokio::test]
async fn the_grant_type_may_be_encoded_twice() {
    let stranger = Stranger::start().await;
    let twice = GRANT_TYPE.replace(':', "%3A");
    let answer = stranger.ask_token(&stranger.form_with("grant_type", &twice)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn claims_are_checked() {
    let stranger = Stranger::start().await;
    let now = unix_now();
    let table = [
        ("iss", json!("somebody"), "invalid_client"),
        ("sub", json!("other.serviceaccount@sandbox.example"), "invalid_client"),
        ("sub", Value::Null, "invalid_client"),
        ("exp", json!(now - 60 + 3601), "invalid_grant"),
        ("exp", json!(now - 1), "invalid_grant"),
        ("exp", json!((now + 600).to_string()), "invalid_grant"),
        ("iat", json!((now - 60).to_string()), "invalid_grant"),
        ("iat", json!(now + 300), "invalid_grant"),
    ];
    for (name, value, error) in table {
        let mut claims = stranger.claims();
        // The table's own second, or the longest life would be one too few when a second begins in between.
        claims["iat"] = json!(now - 60);
        claims[name] = value.clone();
        let assertion = stranger.sign(&claims);
        let answer = stranger.ask_token(&stranger.form_with("assertion", &assertion)).await;
        assert_eq!(answer.json["error"], error, "{name} = {value}");
    }
}

#[tokio::test]
async fn sixty_minutes_floats_and_other_claims_are_fine() {
    let stranger = Stranger::start().await;
    let mut claims = stranger.claims();
    let issued = unix_now() as f64 - 59.5;
    claims["iat"] = json!(issued);
    claims["exp"] = json!(issued + 3600.0);
    claims["aud"] = json!("https://auth.worksmobile.com/oauth2/v2.0/token");
    let assertion = stranger.sign(&claims);
    let answer = stranger.ask_token(&stranger.form_with("assertion", &assertion)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_signature_of_another_key_or_of_another_kind_is_refused() {
    let stranger = Stranger::start().await;
    let (other, _) = open(Switches::default(), false).await;
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(other.credentials().private_key.as_bytes());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let forged = jsonwebtoken::encode(&header, &stranger.claims(), &key.unwrap()).unwrap();
    let answer = stranger.ask_token(&stranger.form_with("assertion", &forged)).await;
    assert_eq!((answer.status, &answer.json["error"]), (401, &json!("invalid_client")));

    let key = jsonwebtoken::EncodingKey::from_secret(b"secret");
    let header = jsonwebtoken::Header::default();
    let symmetric = jsonwebtoken::encode(&header, &stranger.claims(), &key).unwrap();
    let answer = stranger.ask_token(&stranger.form_with("assertion", &symmetric)).await;
    assert_eq!(answer.json["error"], "invalid_grant");
}

#[tokio::test]
async fn a_request_that_is_no_form_gets_the_third_error_shape() {
    let stranger = Stranger::start().await;
    let url = format!("{}/oauth2/v2.0/token", stranger.sandbox.url());
    let answer = stranger.http.post(url).json(&json!({"grant_type": GRANT_TYPE})).send().await;
    let answer = super::Answer::read(answer.unwrap()).await;
    assert_eq!(answer.json, json!({"returnCode": "99", "returnMessage": "UnexpectedError"}));
}

#[tokio::test]
async fn a_bad_token_is_401_with_a_challenge() {
    let mut stranger = Stranger::start().await;
    stranger.token = "invalid".to_owned();
    let answer = stranger.get("/users").await;
    answer.is_refused(401, "UNAUTHORIZED");
    assert_eq!(answer.json["description"], "Malformed authentication token");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn a_token_ends_with_its_life_and_with_a_kill() {
    let mut stranger = Stranger::start().await;
    stranger.pass(86_399 - 60).await;
    assert_eq!(stranger.get("/users").await.status, 200);
    stranger.pass(61).await;
    stranger.get("/users").await.is_refused(401, "UNAUTHORIZED");

    stranger.token = stranger.new_token("user").await;
    assert_eq!(stranger.get("/users").await.status, 200);
    stranger.control(reqwest::Method::POST, "tokens/kill", Value::Null).await;
    stranger.get("/users").await.is_refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn each_operation_needs_its_scope() {
    let mut stranger = Stranger::start().await;
    let body = stranger.person("scope");
    let table = [
        ("user", 200, 201),
        ("directory", 200, 409),
        ("user.read", 200, 403),
        ("directory.read", 200, 403),
        ("orgunit", 403, 403),
    ];
    for (scope, read, write) in table {
        stranger.token = stranger.new_token(scope).await;
        assert_eq!(stranger.get("/users").await.status, read, "{scope} reads");
        assert_eq!(stranger.post("/users", body.clone()).await.status, write, "{scope} writes");
    }
    let answer = stranger.get("/users").await;
    answer.is_refused(403, "FORBIDDEN");
    assert!(answer.header("www-authenticate").is_some());
}

#[tokio::test]
async fn the_free_plan_has_read_scopes_only() {
    let (sandbox, http) = open(Switches { plan: Plan::Free, ..Switches::default() }, false).await;
    let mut stranger = Stranger { sandbox, http, token: String::new() };
    assert!(!stranger.sandbox.credentials().scopes.contains(&"user".to_owned()));
    let answer = stranger.ask_token(&stranger.form("user")).await;
    assert_eq!(answer.json["error"], "invalid_scope");
    stranger.token = stranger.new_token("user.read").await;
    let answer = stranger.get("/users").await;
    assert_eq!(answer.header("ratelimit-limit"), Some("60"));
    assert_eq!(stranger.post("/users", stranger.person("free")).await.status, 403);
}

#[tokio::test]
async fn the_credentials_do_not_print_their_secrets() {
    let (sandbox, _) = open(Switches::default(), false).await;
    let credentials = sandbox.credentials().clone();
    let printed = format!("{credentials:?} {sandbox:?}");
    assert!(!printed.contains("PRIVATE KEY") && !printed.contains(&credentials.client_secret));
    let written = serde_json::to_value(&credentials).unwrap();
    assert!(written["privateKey"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    sandbox.stop().await;
}

/// A form of the refresh grant.
fn refresh_form(stranger: &Stranger, token: &str) -> Vec<(&'static str, String)> {
    let credentials = stranger.sandbox.credentials();
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", token.to_owned()),
        ("client_id", credentials.client_id.clone()),
        ("client_secret", credentials.client_secret.clone()),
    ]
}

async fn refresh_token(stranger: &Stranger) -> String {
    let answer = stranger.ask_token(&stranger.form("user.read")).await;
    answer.json["refresh_token"].as_str().expect("a refresh token").to_owned()
}

#[tokio::test]
async fn a_refresh_gives_a_new_access_token_with_the_same_scopes() {
    let mut stranger = Stranger::start().await;
    let old = refresh_token(&stranger).await;
    let answer = stranger.ask_token(&refresh_form(&stranger, &old)).await;
    assert_eq!((answer.status, &answer.json["scope"]), (200, &json!("user.read")));
    assert!(answer.json.get("refresh_token").is_none(), "left out, for it stays good");
    stranger.token = answer.json["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stranger.get("/users").await.status, 200);
    stranger.post("/users", json!({})).await.is_refused(403, "FORBIDDEN");

    let answer = stranger.ask_token(&refresh_form(&stranger, "nothing")).await;
    assert_eq!((answer.status, &answer.json["error"]), (400, &json!("invalid_grant")));
    for field in ["client_id", "client_secret"] {
        let mut form = refresh_form(&stranger, &old);
        form.iter_mut().find(|pair| pair.0 == field).unwrap().1 = "wrong".to_owned();
        let answer = stranger.ask_token(&form).await;
        assert_eq!((answer.status, &answer.json["error"]), (401, &json!("invalid_client")));
    }
    stranger.pass(90 * 24 * 3600).await;
    let answer = stranger.ask_token(&refresh_form(&stranger, &old)).await;
    assert_eq!(answer.json["error"], "invalid_grant", "it lives ninety days");
}

#[tokio::test]
async fn rotation_of_the_refresh_token_is_a_switch() {
    let stranger = Stranger::start().await;
    let old = refresh_token(&stranger).await;
    stranger.switch(json!({"refreshToken": "repeat"})).await;
    let answer = stranger.ask_token(&refresh_form(&stranger, &old)).await;
    assert_eq!(answer.json["refresh_token"], old.as_str());
    stranger.switch(json!({"refreshToken": "rotate"})).await;
    let answer = stranger.ask_token(&refresh_form(&stranger, &old)).await;
    let new = answer.json["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    assert_eq!(stranger.ask_token(&refresh_form(&stranger, &old)).await.json["error"], "invalid_grant");
    assert_eq!(stranger.ask_token(&refresh_form(&stranger, &new)).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_dead() {
    let stranger = Stranger::start().await;
    let refresh = refresh_token(&stranger).await;
    let revoke = async |secret: &str, token: Option<&str>| {
        let credentials = stranger.sandbox.credentials();
        let mut form = vec![("client_id", credentials.client_id.as_str()), ("client_secret", secret)];
        form.extend(token.map(|token| ("token", token)));
        let url = format!("{}/oauth2/v2.0/revoke", stranger.sandbox.url());
        super::Answer::read(stranger.http.post(url).form(&form).send().await.expect("an answer")).await
    };
    let secret = stranger.sandbox.credentials().client_secret.clone();
    assert_eq!(revoke("wrong", Some(&stranger.token)).await.json["error"], "invalid_client");
    assert_eq!(revoke(&secret, None).await.json["returnCode"], "99");
    assert_eq!(stranger.get("/users").await.status, 200);
    for token in [stranger.token.as_str(), refresh.as_str(), "unknown"] {
        let answer = revoke(&secret, Some(token)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }
    stranger.get("/users").await.is_refused(401, "UNAUTHORIZED");
    assert_eq!(stranger.ask_token(&refresh_form(&stranger, &refresh)).await.json["error"], "invalid_grant");
    assert_eq!(stranger.stats().await["requests"]["revoke"], 5);
}

#[tokio::test]
async fn scopes_may_be_separated_by_commas_by_switch() {
    let stranger = Stranger::start().await;
    let form = stranger.form("user,orgunit group");
    assert_eq!(stranger.ask_token(&form).await.json["error"], "invalid_scope");
    stranger.switch(json!({"scopeSeparator": "comma"})).await;
    assert_eq!(stranger.ask_token(&form).await.json["scope"], "user orgunit group");
}

#[tokio::test]
async fn the_text_for_an_expired_assertion_is_a_switch() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"expiredAssertionText": "assertion expired"})).await;
    let mut claims = stranger.claims();
    claims["iat"] = json!(unix_now() - 1000);
    claims["exp"] = json!(unix_now() - 10);
    let mut form = stranger.form("user");
    form[0].1 = stranger.sign(&claims);
    assert_eq!(stranger.ask_token(&form).await.json["error_description"], "assertion expired");
}
