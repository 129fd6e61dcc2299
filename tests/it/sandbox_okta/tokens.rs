//! The two ways in: the API token, and the service app with its assertions, scopes and role.

use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

use super::signing::{Key, SCOPES, now, unique};
use super::{APP, Visitor};

const USERS: &str = "/api/v1/users/00u1";

#[tokio::test]
async fn the_api_token_opens_everything_until_it_is_revoked() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    assert_eq!(visitor.get(USERS).await.status, 200);
    for wrong in ["SSWS wrong", "SSWS", "Bearer wrong", "Basic YTpi", ""] {
        let answer = visitor.call_as(wrong, Method::GET, USERS).await;
        assert_eq!((answer.status, answer.code()), (401, "E0000011"), "{wrong}");
    }
    let new = visitor.post("api-token", json!({"action": "issue"})).await;
    assert_eq!(visitor.get(USERS).await.status, 401, "the old one is dead");
    let new = format!("SSWS {}", new["apiToken"].as_str().expect("a token"));
    assert_eq!(visitor.call_as(&new, Method::GET, USERS).await.status, 200);
    visitor.post("api-token", json!({"action": "revoke"})).await;
    assert_eq!(visitor.call_as(&new, Method::GET, USERS).await.status, 401);
}

#[tokio::test]
async fn keys_of_both_kinds_are_taken_also_as_jwk_and_rotated() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let token = visitor.token(SCOPES).await;
    assert_eq!(visitor.bearer(&token, USERS).await.status, 200);

    let first = visitor.first_key();
    let second = visitor.new_key(Algorithm::RS256, true).await;
    for key in [&first, &second] {
        assert_eq!(visitor.ask(key, SCOPES).await.status, 200);
        let unnamed = Key { id: None, ..key.clone() };
        let refused = visitor.ask(&unnamed, SCOPES).await;
        assert_eq!(
            (refused.status, &refused.json["error"]),
            (401, &json!("invalid_client")),
            "several keys need a kid"
        );
    }
    let swapped = Key { id: second.id.clone(), ..first.clone() };
    assert_eq!(visitor.ask(&swapped, SCOPES).await.status, 401);
    let third = visitor.new_key(Algorithm::RS256, false).await;
    assert_eq!(visitor.ask(&second, SCOPES).await.status, 401, "it was replaced");
    assert_eq!(visitor.ask(&Key { id: None, ..third.clone() }, SCOPES).await.status, 200, "one key needs no kid");
    for algorithm in [Algorithm::RS384, Algorithm::RS512] {
        assert_eq!(visitor.ask(&Key { algorithm, ..third.clone() }, SCOPES).await.status, 200);
    }

    // A key of one's own, registered by its public half; its private half is refused.
    let own = visitor.new_key(Algorithm::ES256, true).await;
    let mut public = own.public();
    public["kid"] = json!("mine");
    visitor.post("keys", json!({"publicJwk": public})).await;
    assert_eq!(visitor.ask(&Key { id: Some("mine".to_owned()), ..own }, SCOPES).await.status, 200);
    for kind in ["RS256", "ES256"] {
        let made = visitor.post("keys", json!({"algorithm": kind})).await;
        let jwk = &made["privateJwk"];
        assert_eq!(jwk["kid"], made["keyId"]);
        assert!(jwk["d"].is_string(), "{jwk}");
        let refused = visitor.try_control(Method::POST, "keys", json!({"publicJwk": jwk})).await;
        assert_eq!(refused.status, 400);
    }
}

#[tokio::test]
async fn every_claim_of_an_assertion_is_checked() {
    let visitor = Visitor::start().await;
    let key = visitor.first_key();
    for (name, value) in [
        ("aud", json!("http://127.0.0.1/oauth2/v1/token")),
        ("aud", json!(visitor.sandbox.url())),
        ("iss", json!("somebody")),
        ("sub", json!("somebody")),
        ("exp", json!((now() + 300).to_string())),
        ("exp", json!(now() - 1)),
        ("exp", json!(now() + 3700)),
        ("exp", Value::Null),
    ] {
        let mut claims = visitor.claims();
        claims[name] = value.clone();
        let refused = visitor.ask_with(&visitor.form(key.sign(&claims), SCOPES), None).await;
        assert_eq!((refused.status, &refused.json["error"]), (401, &json!("invalid_client")), "{name} {value}");
        assert!(refused.json["error_description"].is_string());
    }
    // What may be left out, and what may not be used twice.
    let mut claims = visitor.claims();
    claims.as_object_mut().expect("an object").retain(|name, _| name != "jti" && name != "iat");
    let form = visitor.form(key.sign(&claims), SCOPES);
    for _ in 0..2 {
        assert_eq!(visitor.ask_with(&form, None).await.status, 200);
    }
    let form = visitor.form(key.sign(&visitor.claims()), SCOPES);
    assert_eq!(visitor.ask_with(&form, None).await.status, 200);
    assert_eq!(visitor.ask_with(&form, None).await.status, 401, "the jti was used");
    let symmetric = Key { algorithm: Algorithm::HS256, ..key.clone() };
    assert_eq!(visitor.ask(&symmetric, SCOPES).await.status, 401);
    assert_eq!(visitor.ask_with(&visitor.form("a.b.c".to_owned(), SCOPES), None).await.status, 401);

    for (name, value, error) in [
        ("grant_type", "authorization_code", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "okta.apps.read okta.groups.read", "invalid_scope"),
        ("client_assertion_type", "jwt", "invalid_client"),
    ] {
        let mut form = visitor.form(key.sign(&visitor.claims()), SCOPES);
        form.iter_mut().filter(|(field, _)| *field == name).for_each(|(_, old)| *old = value.to_owned());
        assert_eq!(visitor.ask_with(&form, None).await.json["error"], error, "{name}={value}");
    }
    let mut form = visitor.form(key.sign(&visitor.claims()), SCOPES);
    form.push(("client_secret", "secret".to_owned()));
    assert_eq!(visitor.ask_with(&form, None).await.json["error"], "invalid_client");
    let json = visitor.http.post(visitor.token_url()).json(&json!({"grant_type": "client_credentials"}));
    assert_eq!(visitor.send(json).await.json["error"], "invalid_request");
    assert_eq!(visitor.stats().await["tokensIssued"], 3);
}

#[tokio::test]
async fn a_token_ends_and_early_requests_are_counted() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let token = visitor.token(SCOPES).await;
    visitor.advance(3599).await;
    assert_eq!(visitor.bearer(&token, USERS).await.status, 200);
    visitor.advance(2).await;
    let over = visitor.bearer(&token, USERS).await;
    assert_eq!((over.status, over.code()), (401, "E0000011"));
    assert_eq!(visitor.stats().await["tokenRequestsWhileValid"], 0);
    let token = visitor.token(SCOPES).await;
    visitor.token(SCOPES).await;
    assert_eq!(visitor.stats().await["tokenRequestsWhileValid"], 1);
    visitor.control(Method::PATCH, "access", json!({"killTokens": true})).await;
    assert_eq!(visitor.bearer(&token, USERS).await.status, 401);
    visitor.switch(json!({"accessTokenLifeSeconds": 10})).await;
    let answer = visitor.ask(&visitor.first_key(), SCOPES).await;
    assert_eq!((&answer.json["expires_in"], &answer.json["token_type"]), (&json!(10), &json!("Bearer")));
}

#[tokio::test]
async fn a_missing_scope_and_a_missing_role_are_told_apart() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let apps_only = visitor.token("okta.apps.read").await;
    assert_eq!(visitor.bearer(&apps_only, &format!("/api/v1/apps/{APP}")).await.status, 200);
    let scope = visitor.bearer(&apps_only, USERS).await;
    assert_eq!(scope.status, 403);
    assert!(scope.header("www-authenticate").contains("error=\"insufficient_scope\""), "{scope:?}");
    assert!(scope.header("www-authenticate").contains("okta.users.read"), "{scope:?}");

    let token = visitor.token(SCOPES).await;
    visitor.control(Method::PATCH, "access", json!({"role": "none"})).await;
    for authorization in [format!("Bearer {token}"), format!("SSWS {}", visitor.credentials().api_token)] {
        let role = visitor.call_as(&authorization, Method::GET, USERS).await;
        assert_eq!((role.status, role.code(), role.header("www-authenticate")), (403, "E0000006", ""));
    }
    visitor.control(Method::PATCH, "access", json!({"role": "full", "revoke": ["okta.users.read"]})).await;
    assert_eq!(visitor.bearer(&token, USERS).await.status, 403);
    assert_eq!(visitor.ask(&visitor.first_key(), SCOPES).await.json["error"], "invalid_scope");
    visitor.control(Method::PATCH, "access", json!({"grant": ["okta.users.read"]})).await;
    assert_eq!(visitor.bearer(&token, USERS).await.status, 200);
}

#[tokio::test]
async fn a_narrowed_role_sees_one_app_and_the_events_of_no_other() {
    let visitor = Visitor::start().await;
    visitor.post("apps", json!({"id": "0oaSECOND"})).await;
    visitor.person("00u1").await;
    let access = visitor.control(Method::PATCH, "access", json!({"role": {"apps": ["0oaSECOND"]}})).await;
    assert_eq!(access["role"], json!({"apps": ["0oaSECOND"]}));
    let app = format!("/api/v1/apps/{APP}");
    for path in [app.clone(), format!("{app}/users"), format!("{app}/users/00u1")] {
        assert_eq!(visitor.get(&path).await.code(), "E0000007", "{path}");
    }
    assert_eq!(visitor.get("/api/v1/apps/0oaSECOND").await.status, 200);
    let log = visitor.get("/api/v1/logs").await.json.to_string();
    assert!(log.contains("user.lifecycle.create") && !log.contains("user_membership"), "{log}");
    visitor.switch(json!({"narrowedAnswer": "403"})).await;
    assert_eq!(visitor.get(&app).await.code(), "E0000006");
}

/// A proof with these claims and this header, good or not.
fn proof_of(key: &Key, proof: &Value, header: &Value) -> String {
    let mut head = jsonwebtoken::Header::new(key.algorithm);
    head.typ = header["typ"].as_str().map(str::to_owned);
    head.jwk = serde_json::from_value(header["jwk"].clone()).ok();
    let pem = key.pem.as_bytes();
    let encoding = jsonwebtoken::EncodingKey::from_ec_pem(pem).expect("a key");
    jsonwebtoken::encode(&head, proof, &encoding).expect("it signs")
}

#[tokio::test]
async fn dpop_binds_a_token_to_a_key_and_every_part_of_a_proof_counts() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    visitor.switch(json!({"requireDpop": true, "dpopNonceLifeSeconds": 3600})).await;
    let app_key = visitor.first_key();
    let key = visitor.new_key(Algorithm::ES256, true).await;
    let head = json!({"typ": "dpop+jwt", "jwk": key.public()});
    let form = || visitor.form(app_key.sign(&visitor.claims()), SCOPES);
    let missing = visitor.ask_with(&form(), None).await;
    assert_eq!((missing.status, &missing.json["error"]), (400, &json!("invalid_dpop_proof")));

    let url = visitor.token_url();
    let proof = |more: Value| {
        let mut proof = json!({"htm": "POST", "htu": url, "iat": now(), "jti": unique()});
        for (name, value) in more.as_object().expect("an object") {
            proof[name] = value.clone();
        }
        proof
    };
    let first = visitor.ask_with(&form(), Some(&proof_of(&key, &proof(json!({})), &head))).await;
    assert_eq!((first.status, &first.json["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = first.header("dpop-nonce").to_owned();
    assert!(!nonce.is_empty());
    let good = proof(json!({"nonce": nonce}));
    for (what, claims, header) in [
        ("typ", good.clone(), json!({"typ": "JWT", "jwk": key.public()})),
        ("jwk", good.clone(), json!({"typ": "dpop+jwt"})),
        ("another key", good.clone(), json!({"typ": "dpop+jwt", "jwk": app_key.public()})),
        ("htm", proof(json!({"nonce": nonce, "htm": "GET"})), head.clone()),
        ("htu", proof(json!({"nonce": nonce, "htu": visitor.sandbox.url()})), head.clone()),
        ("iat", proof(json!({"nonce": nonce, "iat": now() - 3600})), head.clone()),
        ("jti", proof(json!({"nonce": nonce, "jti": null})), head.clone()),
    ] {
        let refused = visitor.ask_with(&form(), Some(&proof_of(&key, &claims, &header))).await;
        assert_eq!(refused.json["error"], "invalid_dpop_proof", "{what}: {refused:?}");
    }
    let used = proof_of(&key, &good, &head);
    let granted = visitor.ask_with(&form(), Some(&used)).await;
    assert_eq!((granted.status, &granted.json["token_type"]), (200, &json!("DPoP")), "{granted:?}");
    assert_eq!(visitor.ask_with(&form(), Some(&used)).await.json["error"], "invalid_dpop_proof", "used before");

    let token = granted.json["access_token"].as_str().expect("a token").to_owned();
    let ath = {
        use base64::Engine as _;
        use sha2::Digest as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(token.as_bytes()))
    };
    let call = |more: Value| {
        let mut proof = json!({"htm": "GET", "htu": visitor.url(USERS), "iat": now(), "jti": unique(), "ath": ath});
        for (name, value) in more.as_object().expect("an object") {
            proof[name] = value.clone();
        }
        proof
    };
    let send = async |scheme: &str, proof: Option<String>| {
        let request = visitor.http.get(visitor.url(USERS)).header("Authorization", format!("{scheme} {token}"));
        visitor.send(proof.into_iter().fold(request, |request, proof| request.header("DPoP", proof))).await
    };
    let fine = proof_of(&key, &call(json!({})), &head);
    assert_eq!(send("DPoP", Some(fine.clone())).await.status, 200);
    let other_head = json!({"typ": "dpop+jwt", "jwk": app_key.public()});
    for (what, proof) in [
        ("used before", Some(fine)),
        ("none", None),
        ("ath", Some(proof_of(&key, &call(json!({"ath": "x"})), &head))),
        ("no ath", Some(proof_of(&key, &call(json!({"ath": null})), &head))),
        ("htu", Some(proof_of(&key, &call(json!({"htu": visitor.url("/api/v1/logs")})), &head))),
        ("another key", Some(proof_of(&app_key, &call(json!({})), &other_head))),
    ] {
        let refused = send("DPoP", proof).await;
        assert_eq!((refused.status, refused.code()), (401, "E0000011"), "{what}");
        assert!(refused.header("www-authenticate").contains("invalid_dpop_proof"), "{what}: {refused:?}");
    }
    assert_eq!(visitor.broken().await, [""; 0]);
    assert_eq!(send("Bearer", None).await.status, 401);
    assert_eq!(visitor.broken().await, ["oktaBearerOfDpopToken"]);

    // A nonce is replaced after its hour and taken for three days more.
    visitor.advance(3601).await;
    let again = proof(json!({"nonce": nonce}));
    let answer = visitor.ask_with(&form(), Some(&proof_of(&key, &again, &head))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(answer.header("dpop-nonce"), nonce);
    visitor.advance(3 * 86_400).await;
    let late = proof(json!({"nonce": nonce}));
    let answer = visitor.ask_with(&form(), Some(&proof_of(&key, &late, &head))).await;
    assert_eq!(answer.json["error"], "use_dpop_nonce");
    // Plain tokens are no DPoP tokens.
    visitor.switch(json!({"requireDpop": false})).await;
    let plain = visitor.token(SCOPES).await;
    assert_eq!(visitor.call_as(&format!("DPoP {plain}"), Method::GET, USERS).await.status, 401);
}
