//! The event hook's door: Okta's verification, and deliveries in which each event is judged on its own.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{HOOK, ReadAnswer, TestApp, delivery, membership};

const LIMIT: usize = 1024 * 1024;
const MORNING: &str = "2026-04-01T00:00:00.123Z";

/// Person `n` gets the app.
fn added(n: usize) -> Value {
    membership(true, &format!("00u{n:03}"), &format!("p{n}@sandbox.example"), &format!("e-{n}"), MORNING)
}

/// How many people are in this state.
async fn count(app: &TestApp, state: &str) -> u64 {
    let answer = app.admin(Method::GET, "/v1/assignments?limit=1").await;
    answer.body["counts"][state].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_verifies_the_hook_once() {
    let app = TestApp::start().await;
    let challenge = app.hook(Method::GET).header("X-Okta-Verification-Challenge", "Abc-123_~=").answer().await;
    assert_eq!((challenge.status.as_u16(), challenge.body), (200, json!({"verification": "Abc-123_~="})));
    let unknown = app.request(Method::GET, "/v1/okta/events").header("X-Okta-Verification-Challenge", "c");
    unknown.answer().await.problem(401, "unauthorized");
    app.hook(Method::GET).answer().await.problem(404, "not_found");
    let longest = app.hook(Method::GET).header("X-Okta-Verification-Challenge", "c".repeat(1024));
    assert_eq!(longest.answer().await.status, 200);
    let long = app.hook(Method::GET).header("X-Okta-Verification-Challenge", "c".repeat(1025));
    long.answer().await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_batch_of_100_is_applied() {
    // All at once: two reads and a write per person are within a minute's 240.
    let app = TestApp::with("[pacing]\nburst = 240").await;
    let answer = app.deliver((0..100).map(added).collect()).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    for n in 0..100 {
        app.row_in(&format!("00u{n:03}"), "settled").await;
    }
    assert_eq!(app.members().await.len(), 100);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_100_events_are_taken_as_well() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    assert_eq!(app.deliver((0..130).map(added).collect()).await.status, 204);
    let answer = app.admin(Method::GET, "/v1/assignments").await;
    assert_eq!(answer.body["assignments"].as_array().map(Vec::len), Some(100));
    assert_eq!(answer.body["nextCursor"], "00u099");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotten_event_does_not_spoil_its_neighbours() {
    let app = TestApp::start().await;
    let mut bad_id = added(7);
    bad_id["target"][2]["id"] = "not an id".into();
    let mut bad_time = added(8);
    bad_time["published"] = "last Tuesday".into();
    let mut no_login = added(9);
    no_login["target"][0]["alternateId"] = "unknown".into();
    let batch =
        vec![added(1), json!("rot"), json!({"uuid": 7}), Value::Null, bad_id, bad_time, no_login, json!([]), added(2)];
    assert_eq!(app.deliver(batch).await.status, 204);
    for person in ["00u001", "00u002"] {
        app.row_in(person, "settled").await;
    }
    for person in ["00u007", "00u008"] {
        app.admin(Method::GET, &format!("/v1/assignments/{person}")).await.problem(404, "unknown_assignment");
    }
    let row = app.row_in("00u009", "parked").await;
    assert_eq!(row["reason"]["code"], "profile_missing", "a member needs a login");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nulls_and_absent_members_do_no_harm() {
    let app = TestApp::start().await;
    let bare = json!({
        "uuid": "e-1", "eventType": "application.user_membership.add", "published": MORNING,
        "target": [
            {"type": "User", "id": "00u001"},
            {"type": null, "id": null},
            {"type": "AppInstance", "id": "0oaSANDBOX", "alternateId": null},
            {"type": "AppUser", "alternateId": "p1@sandbox.example", "displayName": null},
        ],
    });
    let hook = app.hook(Method::POST).json(&json!({"data": {"events": [bare]}, "eventId": null}));
    assert_eq!(hook.answer().await.status, 204);
    app.row_in("00u001", "settled").await;
    assert_eq!(app.member("00u001").await.expect("exists")["userName"]["lastName"], "p1", "the login has to do");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_and_another_apps_events_change_nothing() {
    let app = TestApp::start().await;
    let (mut preview, mut other) = (added(1), added(2));
    preview["target"] = Value::Null;
    other["target"][1]["id"] = "0oaOTHER".into();
    assert_eq!(app.deliver(vec![preview, other, added(3)]).await.status, 204);
    app.row_in("00u003", "settled").await;
    assert_eq!(app.members().await.len(), 1);
    for person in ["00u001", "00u002"] {
        let answer = app.admin(Method::GET, &format!("/v1/assignments/{person}")).await;
        answer.problem(404, "unknown_assignment");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_type_is_kept_in_the_persons_history_and_raises_nothing() {
    let app = TestApp::start().await;
    app.deliver(vec![added(1)]).await;
    let before = app.row_in("00u001", "settled").await;
    let mut unknown = added(1);
    unknown["eventType"] = "user.session.start".into();
    unknown["uuid"] = "e-other".into();
    for _ in 0..3 {
        assert_eq!(app.deliver(vec![unknown.clone()]).await.status, 204);
    }
    let row = app.row("00u001").await;
    assert_eq!((&row["revision"], &row["state"]), (&before["revision"], &json!("settled")));
    let event = &row["history"]["events"][0];
    assert_eq!((&event["kind"], &event["verdict"]), (&json!("user.session.start"), &json!("ignored")));
    assert_eq!((&event["timesSeen"], row["history"]["events"].as_array().map(Vec::len)), (&json!(3), Some(2)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_from_the_future_counts_from_its_arrival() {
    let app = TestApp::start().await;
    let mut ahead = added(1);
    ahead["published"] = "2099-01-01T00:00:00.000Z".into();
    app.deliver(vec![ahead]).await;
    let row = app.row_in("00u001", "settled").await;
    let occurred: jiff::Timestamp = row["membership"]["occurredAt"].as_str().expect("a moment").parse().expect("one");
    assert!(occurred <= app.clock.now(), "{occurred}");
    let answer = app.unassign("00u001", "").await;
    assert_eq!(answer.body["membership"]["value"], "unassigned", "a later word counts: {}", answer.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_event_is_judged_anew_when_it_comes_again() {
    let mut app = TestApp::with("[okta]\napp_id = \"0oaFORMER\"").await;
    let event = added(1);
    app.deliver(vec![event.clone()]).await;
    assert_eq!(count(&app, "settled").await, 0);
    app.restart_with("").await;
    app.deliver(vec![event.clone()]).await;
    app.row_in("00u001", "settled").await;
    app.deliver(vec![event]).await;
    let events = app.events("00u001").await;
    let judged: Vec<_> = events.iter().map(|it| (it["verdict"].as_str(), it["timesSeen"].as_u64())).collect();
    assert_eq!(judged, [(Some("new"), Some(2)), (Some("ignored"), Some(1))]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_1_mib_is_read_and_one_byte_more_is_not() {
    let app = TestApp::start().await;
    let padded = |bytes: usize| {
        let mut body = delivery(vec![added(1)]).to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        app.request(Method::POST, "/v1/okta/events").header("Authorization", HOOK).body(body)
    };
    for _ in 0..5 {
        padded(LIMIT + 1).answer().await.problem(413, "payload_too_large");
    }
    assert_eq!(padded(LIMIT).answer().await.status, 204);
    app.row_in("00u001", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_delivery_is_refused_whole() {
    let app = TestApp::start().await;
    for body in
        ["", "{}", "[1,2", "null", r#"{"data": {}}"#, r#"{"data": {"events": {}}}"#, r#"{"data": {"events": null}}"#]
    {
        app.hook(Method::POST).body(body).answer().await.problem(400, "malformed_json");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_does_not_come_whole_is_one_okta_tries_again() {
    let app = TestApp::with("[server]\nrequest_timeout = \"1s\"").await;
    let head = format!("POST /v1/okta/events HTTP/1.1\r\nHost: x\r\nAuthorization: {HOOK}\r\n");
    let half = format!("{head}Content-Length: 100\r\n\r\n{{\"data\":");
    app.raw(half.as_bytes()).await.problem(503, "request_timeout");
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nrot\r\n");
    app.raw(broken.as_bytes()).await.problem(503, "body_unreadable");
    app.finish().await;
}
