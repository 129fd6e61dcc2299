//! The card's door: sizes, shapes, times and waits, and an answer to each mistake that says what to do.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Body, Method};
use serde_json::json;

use crate::support::{Answer, CARD, ReadAnswer, TestApp, user};

const LIMIT: usize = 256 * 1024;
const REQUIRED: &str = "[inbound]\nevent_time = \"required\"";

/// `PUT` with these bytes.
async fn send(app: &TestApp, body: impl Into<Body>) -> Answer {
    app.card(Method::PUT, "00uA").body(body).answer().await
}

/// A moment this many seconds from now.
fn from_now(app: &TestApp, seconds: i64) -> Timestamp {
    app.clock.now() + SignedDuration::from_secs(seconds)
}

/// Nothing came of it: no assignment, no event.
async fn assert_nothing_stored(app: &TestApp) {
    let answer = app.admin(Method::GET, "/v1/assignments").await;
    assert_eq!(answer.body["assignments"], json!([]));
}

/// An object of exactly this many bytes, with a field nobody knows.
fn object_of(bytes: usize) -> String {
    let frame = r#"{"x":""}"#;
    format!(r#"{{"x":"{}"}}"#, "y".repeat(bytes - frame.len()))
}

// --- sizes -------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_256_kib_is_read_and_one_byte_more_is_not() {
    let app = TestApp::start().await;
    let read = send(&app, object_of(LIMIT)).await;
    read.problem(422, "invalid_request");
    assert_eq!(read.faults(), [("x", "unknown_field")]);
    for _ in 0..10 {
        send(&app, object_of(LIMIT + 1)).await.problem(413, "payload_too_large");
    }
    assert_nothing_stored(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_measured_as_it_comes() {
    let app = TestApp::start().await;
    let chunked = |bytes: usize| {
        let head = format!("PUT /v1/assignments/00uA HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CARD}\r\n");
        let body = object_of(bytes);
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{bytes:x}\r\n{body}\r\n0\r\n\r\n")
    };
    app.raw(chunked(LIMIT).as_bytes()).await.problem(422, "invalid_request");
    app.raw(chunked(LIMIT + 1).as_bytes()).await.problem(413, "payload_too_large");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_given_up() {
    let app = TestApp::with("[server]\nrequest_timeout = \"1s\"").await;
    let head = format!("PUT /v1/assignments/00uA HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CARD}\r\n");
    let half = format!("{head}Content-Length: 100\r\n\r\n{{\"user\":");
    app.raw(half.as_bytes()).await.problem(408, "request_timeout");
    let half = format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\n{{}}");
    app.raw(half.as_bytes()).await.problem(408, "request_timeout");
    assert_nothing_stored(&app).await;
    app.finish().await;
}

// --- shapes ------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_object_is_refused_with_the_place_it_breaks_at() {
    let app = TestApp::start().await;
    let cases = [
        ("", "empty"),
        ("{\"user\": {\n  \"email\": \"a@b", "line 2, column 15"),
        ("{\"user\": }", "line 1, column 10"),
        ("[]", "not an object"),
        ("\"text\"", "not an object"),
        ("{} {}", "line 1, column 4"),
        ("user=taro&email=x", "line 1, column 1"),
    ];
    for (body, detail) in cases {
        let answer = send(&app, body).await;
        let said = answer.problem(400, "malformed_json")["detail"].as_str().expect("a text");
        assert!(said.contains(detail), "{body}: {said}");
    }
    send(&app, b"{\"a\": \"\xff\"}".to_vec()).await.problem(400, "malformed_json");
    send(&app, "[".repeat(10_000)).await.problem(400, "malformed_json");
    assert_nothing_stored(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_around_the_profile_is_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({"users": {}, "eventID": "e", "user": "taro", "eventId": 7, "occurredAt": true});
    let answer = app.put("00uA", body).await;
    answer.problem(422, "invalid_request");
    let mut faults = answer.faults();
    faults.sort_unstable();
    let expected = [
        ("eventID", "unknown_field"),
        ("eventId", "wrong_type"),
        ("occurredAt", "wrong_type"),
        ("user", "wrong_type"),
        ("users", "unknown_field"),
    ];
    assert_eq!(faults, expected);
    assert!(answer.text.contains("did you mean eventId?") && answer.text.contains("did you mean user?"));
    let strange = app.put("00uA", json!({"department": "sales"})).await;
    let message = strange.body["errors"][0]["message"].as_str().expect("a text");
    assert_eq!(message, "there is no such field; there are user, appUser, appId, eventId, occurredAt");
    let answer = app.put("00uA", json!({"eventId": "two words", "occurredAt": "noon"})).await;
    assert_eq!(answer.faults(), [("eventId", "bad_format"), ("occurredAt", "bad_format")]);
    assert_nothing_stored(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_profile_names_every_field_keeps_the_membership_and_is_mended_by_a_second_put() {
    let app = TestApp::start().await;
    let bad = json!({
        "email": "no-address-here", "userName": {"lastName": "佐|藤"}, "telephone": "call me",
        "nickName": 12, "hireDate": "yesterday", "departmnt": "sales",
    });
    let answer = app.put("00uA", json!({"user": bad, "eventId": "e-1"})).await;
    answer.problem(422, "profile_refused");
    let mut named: Vec<&str> = answer.faults().iter().map(|(field, _)| *field).collect();
    named.sort_unstable();
    let expected =
        ["user.departmnt", "user.email", "user.hireDate", "user.nickName", "user.telephone", "user.userName.lastName"];
    assert_eq!(named, expected);
    for value in ["no-address-here", "佐|藤", "call me", "yesterday", "sales"] {
        assert!(!answer.text.contains(value), "{value} is echoed: {}", answer.text);
    }
    let row = app.row_in("00uA", "parked").await;
    assert_eq!((&row["reason"]["code"], &row["membership"]["value"]), (&json!("profile_refused"), &json!("assigned")));
    let card = app.card(Method::GET, "00uA").answer().await;
    assert_eq!(card.body["reason"]["fields"].as_array().map(Vec::len), Some(6));
    assert!(app.members().await.is_empty());

    let answer = app.put("00uA", json!({"user": user(1), "eventId": "e-2"})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")));
    assert_eq!(app.members().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_line_works_is_told_apart_from_a_refused_profile() {
    let app = TestApp::start().await;
    let refused = json!({"code": "INVALID_PARAMETER", "description": "nope"});
    app.fault(json!({"operation": "users.create", "kind": "status", "status": 400, "body": refused})).await;
    let answer = app.assign("00uA", user(1)).await;
    let body = answer.problem(422, "lineworks_refused");
    assert_eq!(body["assignment"]["state"], "parked");
    assert!(body["detail"].as_str().expect("a text").contains("INVALID_PARAMETER"), "{}", answer.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_takes_its_words_from_the_query_alone() {
    let app = TestApp::start().await;
    let with_body = app.card(Method::DELETE, "00uA").body("{}").answer().await;
    with_body.problem(400, "body_not_allowed");
    let answer = app.unassign("00uA", "eventid=e-1&polcy=suspend&policy=never").await;
    answer.problem(422, "invalid_request");
    assert_eq!(answer.faults(), [("eventid", "unknown_field"), ("polcy", "unknown_field"), ("policy", "unknown")]);
    assert_nothing_stored(&app).await;
    assert_eq!(app.unassign("00uA", "eventId=&occurredAt=&policy=").await.status, 200, "empty is absent");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_chooses_a_milder_policy_and_a_harsher_one_only_where_allowed() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    let answer = app.unassign("00uA", "policy=delete").await;
    answer.problem(422, "invalid_request");
    assert_eq!(answer.faults(), [("policy", "not_allowed")]);
    let answer = app.unassign("00uA", "policy=suspend").await;
    assert_eq!(answer.body["desired"], json!({"kind": "unassigned", "policy": "suspend"}));
    assert!(answer.body["lookAgainAt"].is_null(), "no deletion is planned: {}", answer.text);
    app.finish().await;

    let app = TestApp::with("[unassign]\npolicy = \"suspend\"\nallow_call_policy = true").await;
    app.assign("00uA", user(1)).await;
    assert_eq!(app.unassign("00uA", "policy=delete").await.status, 200);
    assert_eq!(app.member("00uA").await.expect("in grace")["isDeleted"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_no_okta_user_id() {
    let app = TestApp::start().await;
    for wrong in ["taro@example.com", "a%20b", "00u%2F..", "%FF", &"x".repeat(65)] {
        for method in [Method::PUT, Method::DELETE, Method::GET] {
            let body = if method == Method::PUT { "{}" } else { "" };
            let answer = app.card(method.clone(), wrong).body(body).answer().await;
            answer.problem(422, "invalid_request");
            assert_eq!(answer.faults(), [("oktaUserId", "bad_format")], "{method} {wrong}");
            assert!(!answer.text.contains("taro"), "echoed: {}", answer.text);
        }
    }
    assert_nothing_stored(&app).await;
    app.finish().await;
}

// --- times -------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn occurred_at_has_an_offset_and_lies_at_most_five_minutes_ahead() {
    let app = TestApp::with(REQUIRED).await;
    let put = async |occurred: &str| app.put("00uA", json!({"user": user(1), "occurredAt": occurred})).await;
    for (ahead, code) in [(9 * 3600, "in_the_future"), (302, "in_the_future")] {
        let answer = put(&from_now(&app, ahead).to_string()).await;
        answer.problem(422, "invalid_request");
        assert_eq!(answer.faults(), [("occurredAt", code)]);
    }
    let without_offset = from_now(&app, 0).to_string().replace('Z', "");
    for bad in [without_offset.as_str(), "2026-04-01", "1775034000", ""] {
        assert_eq!(put(bad).await.faults(), [("occurredAt", "bad_format")], "{bad}");
    }
    assert_nothing_stored(&app).await;
    assert_eq!(put(&from_now(&app, 240).to_string()).await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plus_that_was_not_escaped_in_the_query_is_understood() {
    let app = TestApp::with(REQUIRED).await;
    for (n, plus) in [(1, "+"), (2, "%2B"), (3, "%20")] {
        let query = format!("occurredAt=2026-04-01T18:00:00.120{plus}09:00");
        assert_eq!(app.unassign(&format!("00u{n}"), &query).await.status, 200, "{query}");
        let row = app.row(&format!("00u{n}")).await;
        assert_eq!(row["membership"]["occurredAt"], "2026-04-01T09:00:00.12Z");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn occurred_at_is_required_unless_the_arrival_counts() {
    let app = TestApp::with(REQUIRED).await;
    let put = app.assign("00uA", user(1)).await;
    put.problem(422, "invalid_request");
    assert_eq!(put.faults(), [("occurredAt", "missing")]);
    assert_eq!(app.unassign("00uA", "").await.faults(), [("occurredAt", "missing")]);
    assert_nothing_stored(&app).await;
    app.finish().await;
}

// --- answers -----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_405_and_a_wrong_path_404_everywhere() {
    let app = TestApp::start().await;
    let wrong = [
        (Method::POST, "/v1/assignments/00uA", "DELETE, GET, PUT"),
        (Method::PATCH, "/v1/assignments/00uA", "DELETE, GET, PUT"),
        (Method::PUT, "/v1/assignments", "GET"),
        (Method::GET, "/v1/assignments/00uA/retry", "POST"),
        (Method::PUT, "/v1/okta/events", "GET, POST"),
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::DELETE, "/readyz", "GET, HEAD"),
    ];
    for (method, target, allowed) in wrong {
        let answer = app.request(method, target).answer().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.headers["allow"], allowed, "{target}");
    }
    for target in ["/", "/v1", "/v1/assignments/", "/v1/assignments/00uA/retry/now", "/v2/assignments/00uA", "/%FF"] {
        app.request(Method::GET, target).answer().await.problem(404, "not_found");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_carries_the_callers_request_id_when_it_is_a_decent_one() {
    let app = TestApp::start().await;
    let ask = async |name: &str, id: &str| {
        let answer = app.card(Method::GET, "00uNOBODY").header(name, id).answer().await;
        answer.problem(404, "unknown_assignment")["requestId"].as_str().expect("an id").to_owned()
    };
    assert_eq!(ask("X-Request-Id", "flow-42_a").await, "flow-42_a");
    assert_eq!(ask("X-Okta-Request-Id", "reqABCDEFGH").await, "reqABCDEFGH");
    for bad in ["short", "with space in it", &"x".repeat(65)] {
        let made = ask("X-Request-Id", bad).await;
        assert!(made.parse::<uuid::Uuid>().is_ok(), "{bad}: {made}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_waits_as_long_as_it_prefers() {
    let app = TestApp::start().await;
    let answer = app.put_without_waiting("00uA", json!({ "user": user(1) })).await;
    assert_eq!((answer.status.as_u16(), &answer.body["verdict"]), (202, &json!("new")));
    assert_eq!(answer.headers["location"], "/v1/assignments/00uA");
    app.row_in("00uA", "settled").await;

    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    let prefer = |value: &str| app.card(Method::PUT, "00uB").header("Prefer", value).json(&json!({ "user": user(2) }));
    let answer = prefer("respond-async, wait=1").answer().await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(
        (&answer.headers["location"], &answer.headers["retry-after"]),
        (&"/v1/assignments/00uB".parse().expect("a value"), &"5".parse().expect("a value"),)
    );
    app.heal().await;
    app.row_in("00uB", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preference_that_cannot_be_read_stores_nothing() {
    let app = TestApp::start().await;
    for bad in ["wait=soon", "wait=-1", "wait=1.5", "wait=", "handling=strict, wait=x"] {
        let put = app.card(Method::PUT, "00uA").header("Prefer", bad).json(&json!({ "user": user(1) }));
        let answer = put.answer().await;
        answer.problem(422, "invalid_request");
        assert_eq!(answer.faults(), [("Prefer", "bad_format")], "{bad}");
    }
    assert_nothing_stored(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_card_is_answered_when_the_service_stops() {
    let mut app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    let put = app.card(Method::PUT, "00uA").header("Prefer", "wait=25").json(&json!({ "user": user(1) }));
    let waiting = tokio::spawn(put.answer());
    app.row_when("00uA", |row| row["state"] == "waiting").await;
    app.stop().await;
    let answer = waiting.await.expect("no panic");
    assert_eq!(answer.status, 202, "it is stored: {answer:?}");
    assert_eq!((&answer.body["oktaUserId"], &answer.body["revision"]), (&json!("00uA"), &json!(1)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_may_ask_with_head() {
    let app = TestApp::start().await;
    for path in ["/livez", "/readyz"] {
        let answer = app.http.head(format!("{}{path}", app.url)).answer().await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{path}");
    }
    app.finish().await;
}
