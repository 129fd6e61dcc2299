//! Access tokens for other programs: their own token, their own door, and every use in the ledger.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ADMIN, Answer, CARD, HOOK, ReadAnswer, SIGNING, TestApp, membership, program, user};

const SECRET: &str = "broker-secret";
const BROKER: &str = "[broker]\nsecrets = [{ name = 'calendar', value = 'broker-secret' }]\nscope = 'user.read'";

async fn ask(app: &TestApp) -> Answer {
    app.request(Method::POST, "/v1/lineworks/token").bearer_auth(SECRET).answer().await
}

async fn token(app: &TestApp) -> String {
    let answer = ask(app).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["accessToken"].as_str().expect("a token").to_owned()
}

async fn events(app: &TestApp, query: &str) -> Answer {
    let answer = app.admin(Method::GET, &format!("/v1/events{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_with_all_a_flow_needs_and_is_never_the_services_own() {
    let app = TestApp::with(BROKER).await;
    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    let answer = ask(&app).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!((&answer.body["tokenType"], &answer.body["scope"]), (&json!("Bearer"), &json!("user.read")));
    let left = answer.body["expiresIn"].as_i64().expect("a number");
    assert!((86_300..=86_400).contains(&left), "{left}");
    assert!(answer.body["expiresAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{answer:?}");
    let bearer = answer.body["accessToken"].as_str().expect("a token");
    let member = format!("{}/v1.0/users/person1@sandbox.example", app.sandbox_url);
    assert_eq!(app.http.get(&member).bearer_auth(bearer).answer().await.status, 200, "it reads");
    let write = app.http.patch(&member).bearer_auth(bearer).json(&json!({"nickName": "x"})).answer().await;
    assert_eq!(write.status, 403, "it does not write: it is not the service's own");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_serves_everybody_and_outlives_a_restart() {
    let mut app = TestApp::with(BROKER).await;
    app.fault(json!({"operation": "token", "kind": "slow", "delayMs": 100})).await;
    let tokens = futures_util::future::join_all((0..8).map(|_| token(&app))).await;
    assert!(tokens.iter().all(|other| *other == tokens[0]));
    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    assert_eq!(app.token_requests().await, 2, "one for the others, one for the service");
    app.restart().await;
    assert_eq!(token(&app).await, tokens[0]);
    assert_eq!(app.assign("00uB", user(2)).await.status, 200);
    assert_eq!(app.token_requests().await, 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_a_minute_left_or_is_a_new_one() {
    let app = TestApp::with(BROKER).await;
    app.switch(json!({"accessTokenLifeSeconds": 300})).await;
    let first = token(&app).await;
    app.advance(Duration::from_secs(200)).await;
    assert_eq!(token(&app).await, first);
    app.advance(Duration::from_secs(45)).await;
    let answer = ask(&app).await;
    assert_ne!(answer.body["accessToken"], first.as_str());
    assert!(answer.body["expiresIn"].as_i64().is_some_and(|left| left >= 60), "{answer:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_line_works_ended_is_replaced_when_the_flow_says_so_once_a_minute() {
    let app = TestApp::with(BROKER).await;
    let rejected = || async {
        let request = app.request(Method::POST, "/v1/lineworks/token?rejected=true").bearer_auth(SECRET);
        request.answer().await.body["accessToken"].as_str().expect("a token").to_owned()
    };
    let first = token(&app).await;
    assert_eq!(rejected().await, first, "too new to be the one that is meant");
    app.advance(Duration::from_secs(61)).await;
    let second = rejected().await;
    assert_ne!(second, first);
    assert_eq!((rejected().await, token(&app).await), (second.clone(), second));
    assert_eq!(app.token_requests().await, 2);
    let wrong = app.request(Method::POST, "/v1/lineworks/token?scope=user").bearer_auth(SECRET).answer().await;
    wrong.problem(422, "invalid_request");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_doors_secret_opens_it_and_its_secret_opens_no_other_door() {
    let app = TestApp::with(BROKER).await;
    for secret in [CARD, SIGNING, HOOK, ADMIN, "wrong", ""] {
        let request = app.request(Method::POST, "/v1/lineworks/token").bearer_auth(secret);
        request.answer().await.problem(401, "unauthorized");
    }
    app.request(Method::POST, "/v1/lineworks/token").answer().await.problem(401, "unauthorized");
    let others = [
        (Method::GET, "/v1/assignments/00uA"),
        (Method::GET, "/v1/assignments"),
        (Method::POST, "/v1/assignments/00uA/retry"),
        (Method::POST, "/v1/okta/events"),
        (Method::GET, "/v1/events"),
        (Method::GET, "/metrics"),
    ];
    for (method, target) in others {
        app.request(method, target).bearer_auth(SECRET).answer().await.problem(401, "unauthorized");
    }
    app.request(Method::GET, "/v1/lineworks/token")
        .bearer_auth(SECRET)
        .answer()
        .await
        .problem(405, "method_not_allowed");
    assert_eq!(app.token_requests().await, 0);
    app.finish().await;
    let closed = TestApp::start().await;
    ask(&closed).await.problem(404, "not_found");
    closed.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_429_for_the_card_to_repeat_and_what_waits_for_a_human_is_503() {
    let settings = BROKER.replace("user.read", "group");
    let app = TestApp::with(&settings).await;
    app.fault(json!({"operation": "token", "kind": "status", "status": 500, "times": 1})).await;
    let answer = ask(&app).await;
    let cause = &answer.problem(429, "no_token_now")["cause"];
    assert_eq!(cause["code"], "lineworks_failing");
    assert!(answer.headers["retry-after"].to_str().is_ok_and(|seconds| seconds != "0"));
    app.advance(Duration::from_secs(61)).await;
    app.switch(json!({"plan": "free"})).await;
    let answer = ask(&app).await;
    let cause = &answer.problem(503, "no_token")["cause"];
    assert_eq!(cause["code"], "token_scope_refused");
    assert!(cause["todoJa"].as_str().is_some_and(|text| text.contains("フリープラン")), "{cause}");
    assert!(cause["todo"].as_str().is_some_and(|text| text.contains("`broker.scope`")), "{cause}");
    assert!(cause["detail"].as_str().is_some_and(|text| text.ends_with(" (asked for: group)")), "{cause}");
    assert_eq!(answer.headers["retry-after"], "60");
    assert_eq!(events(&app, "").await.body["events"], json!([]), "nothing was handed out");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_written_gives_no_token() {
    let app = TestApp::with(BROKER).await;
    token(&app).await;
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("opens");
    ledger.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let answer = ask(&app).await;
    answer.problem(429, "not_now");
    assert!(!answer.text.contains("accessToken"), "{answer:?}");
    ledger.execute_batch("ROLLBACK").expect("unlocks");
    token(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_use_is_on_the_list_of_events_about_nobody() {
    let app = TestApp::with(BROKER).await;
    let secret = app.folder().join("admin");
    std::fs::write(&secret, ADMIN).expect("the folder is ours");
    let arguments = ["events", "--limit", "1", "--url", &app.url, "--admin-secret-file", &secret.display().to_string()];
    let printed = async || String::from_utf8(program::run(&arguments).await.stdout).expect("UTF-8");
    assert_eq!(printed().await, "nothing yet\n");
    let mut nobody = membership(true, "00uX", "x@sandbox.example", "e-1", "2026-04-01T00:00:00.000Z");
    nobody["target"] = json!([]);
    app.deliver(vec![nobody]).await;
    let tokens = [token(&app).await, token(&app).await, token(&app).await];
    let answer = events(&app, "").await;
    assert!(!answer.text.contains(&tokens[0]), "never the token itself");
    let list = answer.body["events"].as_array().expect("a list");
    let seen: Vec<_> = list.iter().map(|it| (word(&it["kind"]), word(&it["source"]), word(&it["caller"]))).collect();
    let handed = ("token_handed_out", "broker", "calendar");
    assert_eq!(seen[..3], [handed; 3], "newest first");
    assert_eq!((seen.len(), seen[3].1), (4, "hook"), "{answer:?}");
    let (mut cursor, mut pages) = (String::new(), 0);
    loop {
        let page = events(&app, &format!("?limit=2&cursor={cursor}")).await;
        assert_eq!(page.body["events"].as_array().map(Vec::len), Some(2));
        pages += 1;
        let Some(next) = page.body["nextCursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(pages, 2);
    let wrong = app.admin(Method::GET, "/v1/events?limit=101&cursor=x&sort=up").await;
    wrong.problem(422, "invalid_request");
    assert_eq!(wrong.faults(), [("limit", "out_of_range"), ("cursor", "bad_format"), ("sort", "unknown_field")]);
    let printed = printed().await;
    assert!(printed.lines().count() == 1 && printed.contains("token_handed_out   by broker (calendar)"), "{printed}");
    app.finish().await;
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
