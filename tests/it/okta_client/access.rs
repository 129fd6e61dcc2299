//! Who the client is to Okta: tokens that are shared, renewed and lost; keys and tokens replaced in their files; what is
//! missing, told apart.

use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::okta::client::{Access, OktaError};
use reqwest::Method;
use serde_json::{Value, json};

use super::{APP, Org, SCOPES, cause, detail, fixed, id, in_file};

#[tokio::test]
async fn one_token_serves_everybody_who_asks_at_once() {
    let org = Org::with_people().await;
    let client = org.client();
    let person = id("00u1");
    let reads = (0..20).map(|_| client.app_user(&person));
    for read in futures_util::future::join_all(reads).await {
        assert_eq!(read.expect("read").value.map(|it| it.id), Some(person.clone()));
    }
    let stats = org.stats().await;
    assert_eq!((&stats["tokensIssued"], &stats["tokenRequestsWhileValid"]), (&json!(1), &json!(0)));
    assert_eq!(client.authenticate().await.expect("granted").as_deref().map(|it| it.split(' ').count()), Some(3));
    let metrics = org.metrics();
    assert!(metrics.contains(r#"okta_lineworks_okta_requests_total{operation="token",status="2xx"} 1"#), "{metrics}");
    assert!(
        metrics.contains(r#"okta_lineworks_okta_requests_total{operation="app_user",status="2xx"} 20"#),
        "{metrics}"
    );
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends_and_after_it_was_taken_away() {
    let org = Org::with_people().await;
    let client = org.client();
    client.app().await.expect("read");
    org.advance(3299).await;
    client.app().await.expect("read");
    assert_eq!(org.stats().await["tokensIssued"], 1);
    org.advance(2).await;
    client.app().await.expect("read");
    let stats = org.stats().await;
    assert_eq!(stats["tokensIssued"], 2);
    assert_eq!(stats["answers"]["okta.apps.get"]["401"], Value::Null, "none ended under way: {stats:#}");
    org.access(json!({"killTokens": true})).await;
    client.app().await.expect("asked once more with another token");
    assert_eq!(org.stats().await["tokensIssued"], 3);
    org.fault(json!({"operation": "okta.apps.get", "kind": "unauthorized"})).await;
    let error = client.app().await.expect_err("refused");
    assert_eq!(cause(&error), Cause::OktaUnauthorized);
    assert!(detail(&error).contains("E0000011") && detail(&error).contains("errorId"), "{error}");
    assert_eq!(org.stats().await["tokensIssued"], 4, "once more, and not again and again");
}

#[tokio::test]
async fn every_kind_of_key_is_taken_as_pem_and_as_jwk() {
    let org = Org::start().await;
    for algorithm in ["RS256", "ES256"] {
        let key = org.control(Method::POST, "okta/keys", json!({"algorithm": algorithm, "keepOld": true})).await;
        let pem = (key["privateKey"].as_str().expect("a key").to_owned(), key["keyId"].as_str().map(ToOwned::to_owned));
        for (text, key_id) in [pem, (key["privateJwk"].to_string(), None)] {
            let client = org.client_with(Access::ServiceApp {
                client_id: org.credentials().client_id.clone(),
                private_key: fixed(&text),
                key_id,
                scope: SCOPES.to_owned(),
            });
            assert!(client.app().await.expect("let in").is_some_and(|app| app.is_active()), "{algorithm}");
        }
    }
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_key_replaced_in_its_file_is_taken_up_when_the_old_one_is_refused() {
    let org = Org::start().await;
    let file = org.file("okta-key", &org.credentials().private_key);
    let client = org.client_with(Access::ServiceApp {
        client_id: org.credentials().client_id.clone(),
        private_key: in_file(&file),
        key_id: Some(org.credentials().key_id.clone()),
        scope: SCOPES.to_owned(),
    });
    client.app().await.expect("let in");
    let key = org.control(Method::POST, "okta/keys", json!({"algorithm": "RS256"})).await;
    org.access(json!({"killTokens": true})).await;
    let error = client.app().await.expect_err("the file is as it was");
    assert_eq!(cause(&error), Cause::OktaUnauthorized);
    assert!(detail(&error).contains("invalid_client") && detail(&error).contains("not by a key"), "{error}");

    org.file("okta-key", "not a key");
    org.advance(6).await;
    assert_eq!(cause(&client.app().await.expect_err("no key")), Cause::OktaUnauthorized);
    org.file("okta-key", &key["privateJwk"].to_string());
    org.advance(6).await;
    client.app().await.expect("let in with the new key, which has a kid of its own");
}

#[tokio::test]
async fn an_api_token_replaced_in_its_file_is_taken_up_when_the_old_one_is_refused() {
    let org = Org::with_people().await;
    let file = org.file("okta-token", &org.credentials().api_token);
    let client = org.client_with(Access::Token(in_file(&file)));
    assert_eq!(client.authenticate().await.expect("nothing to ask"), None);
    assert!(client.app_user(&id("00u1")).await.expect("let in").value.is_some());
    let fresh = org.control(Method::POST, "okta/api-token", json!({"action": "issue"})).await;
    assert_eq!(cause(&client.app().await.expect_err("refused")), Cause::OktaUnauthorized);
    org.file("okta-token", fresh["apiToken"].as_str().expect("a token"));
    client.app().await.expect("let in");
    let shown = format!("{client:?}");
    assert!(!shown.contains(&org.credentials().api_token), "{shown}");
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_scope_nobody_granted_is_named_and_counts_as_soon_as_it_is() {
    let org = Org::with_people().await;
    org.access(json!({"revoke": ["okta.logs.read"]})).await;
    let client = org.client();
    let error = client.app().await.expect_err("no token");
    assert_eq!(cause(&error), Cause::OktaScopeMissing);
    assert!(detail(&error).contains(SCOPES), "{error}");
    assert!(matches!(error, OktaError::Untrusted { .. }));
    let asked = org.stats().await["answers"]["okta.token"]["400"].clone();
    assert_eq!(client.app().await.expect_err("the same answer"), error);
    assert_eq!(org.stats().await["answers"]["okta.token"]["400"], asked, "not asked again at once");
    org.access(json!({"grant": ["okta.logs.read"]})).await;
    org.advance(6).await;
    client.app().await.expect("granted");

    // Taken back while a token is in use: the API says so, and names it.
    org.access(json!({"revoke": ["okta.apps.read"]})).await;
    let error = client.app().await.expect_err("refused");
    assert_eq!(cause(&error), Cause::OktaScopeMissing);
    assert!(detail(&error).contains("okta.apps.read"), "{error}");
    org.access(json!({"grant": ["okta.apps.read"]})).await;
    client.app().await.expect("granted again");
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_missing_role_is_told_from_a_missing_scope() {
    let org = Org::with_people().await;
    let client = org.client();
    org.access(json!({"role": "none"})).await;
    for error in [
        client.app().await.expect_err("refused"),
        client.app_user(&id("00u1")).await.expect_err("refused"),
        org.token_client().app().await.expect_err("refused"),
    ] {
        assert_eq!(cause(&error), Cause::OktaRoleMissing, "{error}");
        assert!(detail(&error).contains("E0000006"), "{error}");
    }
    org.access(json!({"role": {"apps": ["0oaOTHER"]}})).await;
    assert_eq!(client.app().await.expect("read"), None, "a narrowed role does not see the app");
    assert_eq!(client.app_user(&id("00u1")).await.expect("read").value, None, "nor who is in it");
    org.switch(json!({"narrowedAnswer": "403"})).await;
    assert_eq!(cause(&client.app().await.expect_err("refused")), Cause::OktaRoleMissing);
    org.access(json!({"role": "full"})).await;
    assert_eq!(client.app().await.expect("read").map(|app| app.id).as_deref(), Some(APP));
}
