//! Who may call: each door opens for its own secrets and no others, and a refused caller leaves nothing behind.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{ADMIN, Answer, CARD, HOOK, ReadAnswer, SIGNING, TestApp, sign, user};

const TWO_OF_EACH: &str = r#"
[inbound]
card_secrets = [{ name = "old", value = "card-old" }, { name = "new", value = "card-new" }]
signing_secrets = [{ name = "old", value = "sign-old" }, { name = "new", value = "sign-new" }]
hook_secrets = [{ name = "old", value = "hook-old" }, { name = "new", value = "hook-new" }]
admin_secrets = [{ name = "old", value = "admin-old" }, { name = "new", value = "admin-new" }]
"#;

/// A call at each door, with this in the `Authorization` header.
async fn knock(app: &TestApp, method: Method, target: &str, shown: Option<&str>) -> Answer {
    let mut request = app.request(method, target);
    if let Some(shown) = shown {
        request = request.header("Authorization", shown);
    }
    request.json(&json!({})).answer().await
}

const DOORS: [(Method, &str); 9] = [
    (Method::PUT, "/v1/assignments/00uA"),
    (Method::DELETE, "/v1/assignments/00uA"),
    (Method::GET, "/v1/assignments/00uA"),
    (Method::GET, "/v1/assignments"),
    (Method::POST, "/v1/assignments/00uA/retry"),
    (Method::POST, "/v1/assignments/00uA/approve"),
    (Method::POST, "/v1/assignments/00uA/nonsense"),
    (Method::GET, "/v1/okta/events"),
    (Method::POST, "/v1/okta/events"),
];

#[tokio::test(flavor = "multi_thread")]
async fn doors_stay_shut_without_the_right_secret() {
    let app = TestApp::start().await;
    let wrong = [None, Some("Bearer wrong"), Some(""), Some("Bearer "), Some("Basic c2FuZGJveC1jYXJk")];
    let knocks = DOORS.iter().flat_map(|door| wrong.iter().map(move |shown| (door, *shown)));
    let knocks = knocks.map(|((method, target), shown)| knock(&app, method.clone(), target, shown));
    for answer in join_all(knocks).await {
        answer.problem(401, "unauthorized");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let list = app.admin(Method::GET, "/v1/assignments").await;
    assert_eq!(list.body["assignments"], json!([]), "nothing was stored");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_opens_no_other_door() {
    let started = TestApp::start().await;
    let app = &started;
    let wrong = [
        (Method::PUT, "/v1/assignments/00uA", [ADMIN, HOOK, SIGNING].as_slice()),
        (Method::DELETE, "/v1/assignments/00uA", &[ADMIN, HOOK, SIGNING]),
        (Method::GET, "/v1/assignments/00uA", &[HOOK, SIGNING]),
        (Method::GET, "/v1/assignments", &[CARD, HOOK, SIGNING]),
        (Method::POST, "/v1/assignments/00uA/retry", &[CARD, HOOK, SIGNING]),
        (Method::POST, "/v1/okta/events", &[CARD, ADMIN, SIGNING]),
        (Method::GET, "/v1/okta/events", &[CARD, ADMIN, SIGNING]),
    ];
    let knocks = wrong.iter().flat_map(|(method, target, secrets)| {
        secrets
            .iter()
            .map(async move |secret| knock(app, method.clone(), target, Some(&format!("Bearer {secret}"))).await)
    });
    for answer in join_all(knocks).await {
        answer.problem(401, "unauthorized");
    }
    started.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_secret_does_not_sign_and_a_signature_does_not_decide() {
    let app = TestApp::start().await;
    let target = "/v1/assignments/00uA";
    let timestamp = app.clock.now().to_string();
    for secret in [CARD, ADMIN, HOOK] {
        let signature = sign(secret, &timestamp, "PUT", target, "{}");
        let request = app.request(Method::PUT, target).header("X-Timestamp", &timestamp);
        request.header("X-Signature", signature).body("{}").answer().await.problem(401, "unauthorized");
    }
    app.signed(Method::GET, "/v1/assignments", "", 0).answer().await.problem(401, "unauthorized");
    app.signed(Method::POST, "/v1/assignments/00uA/retry", "", 0).answer().await.problem(401, "unauthorized");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_named_secrets_are_valid_at_once_and_the_history_names_the_one_shown() {
    let app = TestApp::with(TWO_OF_EACH).await;
    for (n, name) in [(1, "old"), (2, "new")] {
        let body = json!({ "user": user(n), "eventId": format!("e-{n}") });
        let card = app.request(Method::PUT, &format!("/v1/assignments/00u{n}")).bearer_auth(format!("card-{name}"));
        assert_eq!(card.json(&body).answer().await.status, 200);
        let admin = app.request(Method::GET, &format!("/v1/assignments/00u{n}")).bearer_auth(format!("admin-{name}"));
        assert_eq!(admin.answer().await.body["history"]["events"][0]["caller"], name);
        let hook = app.request(Method::POST, "/v1/okta/events").header("Authorization", format!("hook-{name}"));
        assert_eq!(hook.json(&json!({"data": {"events": []}})).answer().await.status, 204);
        let (target, timestamp) = (format!("/v1/assignments/00u{n}"), app.clock.now().to_string());
        let signature = sign(&format!("sign-{name}"), &timestamp, "GET", &target, "");
        let signed = app.request(Method::GET, &target).header("X-Timestamp", timestamp);
        assert_eq!(signed.header("X-Signature", signature).answer().await.status, 200);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_secret_may_come_bare_and_a_hooks_secret_as_bearer() {
    let app = TestApp::start().await;
    let bare = app.request(Method::PUT, "/v1/assignments/00uA").header("Authorization", CARD);
    assert_eq!(bare.json(&json!({ "user": user(1) })).answer().await.status, 200);
    let bearer = app.request(Method::POST, "/v1/okta/events").header("Authorization", format!("bearer {HOOK}"));
    assert_eq!(bearer.json(&json!({"data": {"events": []}})).answer().await.status, 204);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hooks_header_is_the_configured_one() {
    let app = TestApp::with("[inbound]\nhook_header = \"X-Hook-Key\"").await;
    let delivery = json!({"data": {"events": []}});
    app.hook(Method::POST).json(&delivery).answer().await.problem(401, "unauthorized");
    let request = app.request(Method::POST, "/v1/okta/events").header("x-hook-key", HOOK);
    assert_eq!(request.json(&delivery).answer().await.status, 204);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_without_secrets_is_closed() {
    let app = TestApp::with("[inbound]\nhook_secrets = []").await;
    app.deliver(Vec::new()).await.problem(404, "not_found");
    app.hook(Method::GET).header("X-Okta-Verification-Challenge", "c").answer().await.problem(404, "not_found");
    app.finish().await;

    let app = TestApp::with("[inbound]\ncard_secrets = []\nsigning_secrets = []").await;
    app.put("00uA", json!({})).await.problem(404, "not_found");
    app.unassign("00uA", "").await.problem(404, "not_found");
    app.signed(Method::PUT, "/v1/assignments/00uA", "{}", 0).answer().await.problem(404, "not_found");
    app.admin(Method::GET, "/v1/assignments/00uA").await.problem(404, "unknown_assignment");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_sees_the_state_but_only_an_admin_the_history() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    let seen = app.card(Method::GET, "00uA").answer().await;
    assert_eq!((seen.status.as_u16(), &seen.body["state"]), (200, &json!("settled")));
    assert!(seen.body.get("history").is_none());
    assert_eq!(app.events("00uA").await.len(), 1);
    app.finish().await;
}
