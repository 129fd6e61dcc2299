//! Rates, concurrency, faults, and the rules whose breaking is counted.

use std::time::Duration;

use okta_lineworks::sandbox::Rule;
use reqwest::Method;
use serde_json::{Value, json};

use super::signing::SCOPES;
use super::{APP, Visitor, client};

#[tokio::test]
async fn every_answer_counts_down_and_a_429_says_when() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    visitor.switch(json!({"rateLimitPerMinute": 3})).await;
    let path = "/api/v1/users/00u1";
    for left in ["2", "1", "0"] {
        let answer = visitor.get(path).await;
        assert_eq!((answer.status, answer.header("x-rate-limit-remaining")), (200, left));
        assert_eq!(answer.header("x-rate-limit-limit"), "3");
    }
    assert_eq!(visitor.get("/api/v1/logs").await.status, 200, "another API has its own bucket");
    let refused = visitor.get(path).await;
    assert_eq!((refused.status, refused.code(), refused.header("retry-after")), (429, "E0000047", ""));
    assert_eq!((refused.header("x-rate-limit-limit"), refused.header("x-rate-limit-remaining")), ("3", "0"));
    let reset: i64 = refused.header("x-rate-limit-reset").parse().expect("epoch seconds");
    // Both by the sandbox's clock, which need not be ours.
    visitor.advance(30).await;
    visitor.switch(json!({"retryAfter": true})).await;
    let later = visitor.get(path).await;
    assert_eq!(later.status, 429);
    let date = jiff::fmt::rfc2822::parse(later.header("date")).expect("a date").timestamp().as_second();
    let wait = reset - date;
    assert!((1..=31).contains(&wait), "{wait}");
    assert_eq!(later.header("retry-after"), wait.to_string());
    assert_eq!(visitor.broken().await, ["oktaImpatient"]);
    visitor.advance(31).await;
    assert_eq!(visitor.get(path).await.status, 200);
}

#[tokio::test]
async fn too_many_calls_at_once_are_refused_with_a_limit_of_zero() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    visitor.switch(json!({"concurrentLimit": 1})).await;
    visitor.fault(json!({"operation": "okta.users.get", "kind": "slow", "delayMs": 3000, "times": 1})).await;
    let (slow, crowded) = tokio::join!(visitor.get("/api/v1/users/00u1"), async {
        while visitor.send(visitor.http.get(visitor.url("/_sandbox/stats"))).await.json["requests"]["okta.users.get"]
            != 1
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        visitor.get(&format!("/api/v1/apps/{APP}")).await
    });
    assert_eq!(slow.status, 200);
    assert_eq!((crowded.status, crowded.code()), (429, "E0000047"));
    assert_eq!((crowded.header("x-rate-limit-limit"), crowded.header("x-rate-limit-remaining")), ("0", "0"));
    assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}")).await.status, 200);
}

#[tokio::test]
async fn faults_are_asked_for_as_for_line_works_and_counted_by_status() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let path = "/api/v1/users/00u1";
    for (fault, status, code) in [
        (json!({"kind": "status", "status": 503}), 503, "E0000009"),
        (json!({"kind": "unauthorized"}), 401, "E0000011"),
        (json!({"kind": "tooManyRequests"}), 429, "E0000047"),
        (json!({"kind": "status", "status": 404}), 404, "E0000007"),
    ] {
        let mut fault = fault;
        fault["operation"] = json!("okta.users.get");
        fault["times"] = json!(1);
        visitor.fault(fault.clone()).await;
        let answer = visitor.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{fault}");
        assert_eq!(visitor.get(path).await.status, 200, "{fault}");
    }
    visitor.fault(json!({"operation": "okta.users.get", "kind": "closeBefore", "times": 1})).await;
    let request = visitor.http.get(visitor.url(path)).header("Authorization", "SSWS x");
    // Not let in, so the fault does not strike.
    assert_eq!(visitor.send(request).await.status, 401);
    let token = format!("SSWS {}", visitor.credentials().api_token);
    assert!(visitor.http.get(visitor.url(path)).header("Authorization", token).send().await.is_err());
    let stats = visitor.stats().await;
    let wanted = json!({"200": 4, "401": 2, "404": 1, "429": 1, "503": 1, "none": 1});
    assert_eq!(stats["answers"]["okta.users.get"], wanted);
    assert_eq!(stats["requests"], 10);
}

#[tokio::test]
async fn an_unknown_path_or_switch_is_answered_in_okta_s_way() {
    let visitor = Visitor::start().await;
    for path in ["/api/v1/groups", "/api/v1/apps", "/oauth2/v1/authorize", "/api/v1/users/a/b"] {
        assert_eq!(visitor.get(path).await.code(), "E0000007", "{path}");
    }
    let wrong = visitor.try_control(Method::PATCH, "switches", json!({"nullMember": "omitted"})).await;
    assert!(wrong.json["error"].as_str().is_some_and(|text| text.contains("did you mean 'nullMembers'")), "{wrong:?}");
    let wrong = visitor.try_control(Method::GET, "nothing", Value::Null).await;
    assert_eq!(wrong.status, 404);
    visitor.switch(json!({"latencyMs": 1})).await;
    assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}")).await.status, 200);
    let bare = "POST /api/v1/eventHooks HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\nConnection: close\r\n\r\n";
    let address = visitor.sandbox.url().trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        stream.write_all(bare.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    });
    assert!(answer.await.expect("no panic").starts_with("HTTP/1.1 411 "), "a POST must say how long it is");
}

/// Breaks a rule and gives the status of the answer.
async fn break_it(visitor: &Visitor, rule: Rule) -> u16 {
    let path = "/api/v1/users/00u1";
    let token = format!("SSWS {}", visitor.credentials().api_token);
    match rule {
        Rule::OktaCredentialInUrl => {
            visitor.get(&format!("{path}?x={}", visitor.credentials().api_token)).await;
            visitor.get(&format!("{path}?access_token=x")).await.status
        }
        Rule::OktaNoUserAgent => {
            let bare = reqwest::Client::builder().no_proxy().build().expect("a client");
            visitor.send(bare.get(visitor.url(path)).header("Authorization", token)).await.status
        }
        Rule::OktaImpatient => {
            visitor.switch(json!({"rateLimitPerMinute": 0})).await;
            assert_eq!(visitor.get(path).await.status, 429);
            visitor.advance(2).await;
            let status = visitor.get(path).await.status;
            visitor.switch(json!({"rateLimitPerMinute": 600})).await;
            visitor.advance(61).await;
            status
        }
        other => panic!("{other:?} has no case here yet"),
    }
}

#[test]
fn every_rule_of_okta_has_a_case() {
    let of_okta: Vec<String> =
        Rule::ALL.iter().map(|rule| format!("{rule:?}")).filter(|it| it.starts_with("Okta")).collect();
    let cases = ["OktaCredentialInUrl", "OktaNoUserAgent", "OktaBearerOfDpopToken", "OktaImpatient"];
    assert_eq!(of_okta, cases, "break the new one below, or with the tokens");
}

#[tokio::test]
async fn strict_refuses_what_is_else_only_counted() {
    for strict in [false, true] {
        let visitor = Visitor::with(strict).await;
        visitor.person("00u1").await;
        // The fourth one needs a DPoP token, and is tried with those.
        for (rule, name, count, status) in [
            (Rule::OktaCredentialInUrl, "oktaCredentialInUrl", 2, 400),
            (Rule::OktaNoUserAgent, "oktaNoUserAgent", 1, 400),
            (Rule::OktaImpatient, "oktaImpatient", 1, 429),
        ] {
            let before = visitor.broken().await.len();
            let wanted = if strict || status == 429 { status } else { 200 };
            assert_eq!(break_it(&visitor, rule).await, wanted, "{name}, strict: {strict}");
            assert_eq!(visitor.broken().await[before..], vec![name; count][..], "{name}");
        }
        let before = visitor.broken().await.len();
        visitor.token(SCOPES).await;
        let named = visitor.send(client("somebody").get(visitor.url("/api/v1/logs"))).await;
        assert_eq!(named.status, 401);
        assert_eq!(visitor.broken().await.len(), before, "a healthy client breaks nothing");
    }
}
