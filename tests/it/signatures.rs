//! Signed calls: the signature covers timestamp, method, target and body, and is good for 300 seconds either way.
//!
//! The published test vectors are held to the service, to these tests' own signer and to `docs/signing.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{ReadAnswer, SIGNING, TestApp, sign, user};

const TARGET: &str = "/v1/assignments/00uA";

/// A test vector as `docs/signing.md` publishes it; the secret and the timestamp are the same in all of them.
struct Vector {
    method: Method,
    target: &'static str,
    body: &'static str,
    hex: &'static str,
}

const VECTOR_SECRET: &str = "correct horse battery staple";
const VECTOR_TIMESTAMP: &str = "2026-04-01T09:00:00.000Z";

const VECTORS: [Vector; 3] = [
    Vector {
        method: Method::PUT,
        target: "/v1/assignments/00u1a2b3c4d5e6f7g8h9",
        body: r#"{"eventId":"e-1","user":{"email":"hanako@example.com","userName":{"lastName":"佐藤"}}}"#,
        hex: "aa0e4bfa61d0c00e97151a5747be148aa4a5e53ded4a4f39969fac6dec9fd460",
    },
    Vector {
        method: Method::DELETE,
        target: "/v1/assignments/00u1a2b3c4d5e6f7g8h9?eventId=e-2&occurredAt=2026-04-01T18%3A00%3A00%2B09%3A00",
        body: "",
        hex: "7a53b9a4f359616b4b2d1b8ea3dd054545d310894d647fd17c17971b4eef6cfb",
    },
    Vector {
        method: Method::GET,
        target: "/v1/assignments/00u1a2b3c4d5e6f7g8h9",
        body: "",
        hex: "16e64b15b17ad89563cc3991786b4cb09060f6fb255d8b7e908c1c838e7f8e55",
    },
];

/// A signed request with the timestamp written like this.
fn stamped(app: &TestApp, timestamp: &str) -> RequestBuilder {
    let signature = sign(SIGNING, timestamp, "GET", TARGET, "");
    app.request(Method::GET, TARGET).header("X-Timestamp", timestamp).header("X-Signature", signature)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_card_assigns_asks_and_unassigns() {
    let app = TestApp::start().await;
    let body = json!({ "user": user(1) }).to_string();
    assert_eq!(app.signed(Method::PUT, TARGET, &body, 0).answer().await.status, 200);
    assert_eq!(app.signed(Method::GET, TARGET, "", 0).answer().await.body["state"], "settled");
    let target = format!("{TARGET}?eventId=e-2&policy=suspend");
    assert_eq!(app.signed(Method::DELETE, &target, "", 0).answer().await.status, 200);
    let events = app.events("00uA").await;
    assert_eq!((events.len(), &events[0]["caller"]), (2, &json!("sandbox")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_hex_or_base64_and_nothing_else() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    let timestamp = app.clock.now().to_string();
    let hex = sign(SIGNING, &timestamp, "GET", TARGET, "").split_off(3);
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
    let call = |signature: String| {
        app.request(Method::GET, TARGET).header("X-Timestamp", &timestamp).header("X-Signature", signature)
    };
    for good in [format!("v1={hex}"), format!("v1={}", hex.to_uppercase()), format!("v1={}", BASE64.encode(&bytes))] {
        assert_eq!(call(good.clone()).answer().await.status, 200, "{good}");
    }
    for bad in [hex.clone(), format!("v2={hex}"), format!("v1={}", &hex[..62]), "v1=".to_owned(), "v1=é".to_owned()] {
        call(bad).answer().await.problem(401, "unauthorized");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_is_iso_8601_with_an_offset_or_epoch_seconds() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    let now = app.clock.now();
    let tokyo = now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9)));
    let with_offset = tokyo.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string();
    for good in [now.to_string(), with_offset, now.as_second().to_string()] {
        assert_eq!(stamped(&app, &good).answer().await.status, 200, "{good}");
    }
    let without_offset = tokyo.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    for bad in [without_offset, "yesterday".to_owned(), String::new(), "99999999999999999".to_owned()] {
        stamped(&app, &bad).answer().await.problem(401, "unauthorized");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_may_be_300_seconds_off_either_way() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    for seconds in [-299, 0, 299] {
        assert_eq!(app.signed(Method::GET, TARGET, "", seconds).answer().await.status, 200, "{seconds}");
    }
    for seconds in [-301, 302, 86_400] {
        app.signed(Method::GET, TARGET, "", seconds).answer().await.problem(401, "signature_expired");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_on_the_way_is_refused() {
    let app = TestApp::start().await;
    let timestamp = app.clock.now().to_string();
    let (target, body) = (format!("{TARGET}?a=1"), r#"{"eventId":"e-1"}"#);
    let signature = sign(SIGNING, &timestamp, "PUT", &target, body);
    let changed = [
        (Method::PUT, "/v1/assignments/00uB?a=1", body, &timestamp),
        (Method::PUT, "/v1/assignments/00uA?a=2", body, &timestamp),
        (Method::PUT, "/v1/assignments/00uA", body, &timestamp),
        (Method::PUT, "/v1/assignments/00u%41?a=1", body, &timestamp),
        (Method::PUT, &target, r#"{"eventId":"e-2"}"#, &timestamp),
        (Method::PUT, &target, "", &timestamp),
        (Method::DELETE, &target, body, &timestamp),
        (Method::GET, &target, body, &timestamp),
        (Method::PUT, &target, body, &Timestamp::from_second(app.clock.now().as_second()).expect("now").to_string()),
    ];
    for (method, target, body, timestamp) in changed {
        let request = app.request(method, target).header("X-Timestamp", timestamp).header("X-Signature", &signature);
        request.body(body).answer().await.problem(401, "unauthorized");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_signature_is_none() {
    let app = TestApp::start().await;
    let timestamp = app.clock.now().to_string();
    let signature = sign(SIGNING, &timestamp, "GET", TARGET, "");
    let alone = app.request(Method::GET, TARGET).header("X-Signature", &signature);
    alone.answer().await.problem(401, "unauthorized");
    app.request(Method::GET, TARGET).header("X-Timestamp", &timestamp).answer().await.problem(401, "unauthorized");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_accepts_the_published_vectors() {
    let app =
        TestApp::with(&format!("[inbound]\nsigning_secrets = [{{ name = \"v\", value = \"{VECTOR_SECRET}\" }}]")).await;
    let made: Timestamp = VECTOR_TIMESTAMP.parse().expect("a moment");
    app.clock.advance(made.duration_since(app.clock.now()) + SignedDuration::from_secs(60));
    for vector in VECTORS {
        let request = app.request(vector.method, vector.target).header("X-Timestamp", VECTOR_TIMESTAMP);
        let request = request.header("X-Signature", format!("v1={}", vector.hex)).header("Prefer", "wait=0");
        let answer = request.body(vector.body).answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    assert_eq!(app.events("00u1a2b3c4d5e6f7g8h9").await.len(), 2, "one assigned, one unassigned");
    app.finish().await;
}

#[test]
fn the_document_publishes_these_vectors() {
    let document = include_str!("../../docs/signing.md");
    assert!(document.contains(VECTOR_SECRET) && document.contains(VECTOR_TIMESTAMP));
    for Vector { method, target, body, hex } in VECTORS {
        let signature = sign(VECTOR_SECRET, VECTOR_TIMESTAMP, method.as_str(), target, body);
        assert_eq!(signature, format!("v1={hex}"), "{method}");
        let signed = format!("'{VECTOR_TIMESTAMP} {method} {target} {body}'");
        assert!(document.contains(&signed), "the text that is signed for {method}");
        assert!(document.contains(&format!("\n{hex}\n")), "the signature for {method}");
    }
}
