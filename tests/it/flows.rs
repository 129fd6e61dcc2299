//! The Okta Workflows folders: what is in the repository is what the program makes, it keeps the rules of the format, and
//! run by a model of Workflows it makes members and takes them away again.

use std::path::{Path, PathBuf};
use std::process::Command;

use okta_lineworks::flows::check::check;
use okta_lineworks::flows::folders;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::workflows::{Call, Imported};
use crate::support::{Answer, CARD, ReadAnswer, SIGNING, TestApp, membership, sign};

const PROGRAM: &str = env!("CARGO_BIN_EXE_okta-lineworks");
const PLAIN: &str = "okta-lineworks.folder";
const SIGNED: &str = "okta-lineworks-signed.folder";
const GOT_IT: &str = "2026-04-01T00:00:00.123Z";
const LOST_IT: &str = "2026-04-01T08:00:00.456Z";
const CONFIGURED: &str = "[okta]\napp_id = \"0oaSANDBOX\"";

fn in_repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("flows").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(in_repository(name)).expect("the folder is in the repository")
}

/// The folder after the import, with the service's address and secret in place.
fn imported(app: &TestApp, name: &str) -> Imported {
    let mut imported = Imported::new(&read(name));
    imported.fill("address", &app.url);
    if name == SIGNED {
        imported.fill("signing secret", SIGNING);
        imported.now = jiff::Timestamp::from_second(app.clock.now().as_second()).expect("a moment").to_string();
    }
    imported
}

fn event(added: bool, key: &str, occurred: &str) -> Value {
    membership(added, "00uHANAKO", "hanako@sandbox.example", key, occurred)
}

/// Makes the call as the API Connector would.
async fn send(app: &TestApp, call: &Call) -> Answer {
    let target = call.url.strip_prefix(&app.url).expect("the service's address");
    let method: Method = call.method.parse().expect("a method");
    let mut request = app.request(method, target);
    if call.connection == "okta-lineworks" {
        request = request.header("Authorization", format!("Bearer {CARD}"));
    }
    for (name, value) in &call.headers {
        request = request.header(name, value.as_str().expect("a text"));
    }
    if !call.query.is_empty() {
        request = request.query(&call.query);
    }
    if !call.body.is_empty() {
        request = request.body(call.body.clone());
    }
    request.answer().await
}

#[test]
fn what_is_in_the_repository_is_what_the_program_makes() {
    for folder in folders().expect("the sources are right") {
        let same = read(&folder.file_name) == folder.contents;
        assert!(same, "run: cargo run -- flows build --out flows ({})", folder.file_name);
    }
}

#[test]
fn the_command_line_builds_both_folders_and_finds_nothing_wrong_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("made/on/the/way");
    let out = Command::new(PROGRAM).args(["flows", "build", "--out"]).arg(&folder).output().expect("it runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for name in [PLAIN, SIGNED] {
        let built = folder.join(name);
        assert_eq!(std::fs::read_to_string(&built).expect("built"), read(name));
        let out = Command::new(PROGRAM).args(["flows", "check"]).arg(&built).output().expect("it runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
    let broken = folder.join("broken.folder");
    let text = read(PLAIN).replace("\"retry\": 3", "\"retry\": 0");
    std::fs::write(&broken, text).expect("writable");
    let out = Command::new(PROGRAM).args(["flows", "check"]).arg(&broken).output().expect("it runs");
    assert_eq!(out.status.code(), Some(1));
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        said.contains("wrong: flow \"Assign\", card \"Call: choose the connection here\", field \"policy\": "),
        "{said}"
    );
}

#[test]
fn the_folders_keep_every_rule_of_the_format() {
    for name in [PLAIN, SIGNED] {
        assert_eq!(check(&read(name)).expect("JSON"), []);
    }
}

#[test]
fn a_call_carries_the_events_own_id_and_moment() {
    let assign = Imported::new(&read(PLAIN)).run("Assign", &event(true, "e-1", GOT_IT));
    assert_eq!((assign.method.as_str(), assign.connection.as_str()), ("PUT", "okta-lineworks"));
    assert_eq!(assign.url, "https://lineworks.example.com/v1/assignments/00uHANAKO");
    let body: Value = serde_json::from_str(&assign.body).expect("JSON");
    let names = json!({ "userName": "hanako@sandbox.example", "displayName": "佐藤 花子" });
    assert_eq!(body, json!({ "eventId": "e-1", "occurredAt": GOT_IT, "appId": "0oaSANDBOX", "appUser": names }));
    let unassign = Imported::new(&read(PLAIN)).run("Unassign", &event(false, "e-2", LOST_IT));
    assert_eq!((unassign.method.as_str(), unassign.body.as_str()), ("DELETE", ""));
    let query = json!({ "eventId": "e-2", "occurredAt": LOST_IT, "appId": "0oaSANDBOX" });
    assert_eq!(Value::Object(unassign.query), query);
}

#[test]
fn a_signed_call_is_signed_as_docs_signing_says() {
    let mut folder = Imported::new(&read(SIGNED));
    folder.fill("signing secret", "correct horse battery staple");
    let target = "/v1/assignments/00uHANAKO";
    let assign = folder.run("Assign (signed)", &event(true, "e-1", GOT_IT));
    let signature = |method, target: &str, body: &str| {
        sign("correct horse battery staple", "2026-04-01T09:00:00Z", method, target, body)
    };
    assert_eq!(assign.headers["X-Timestamp"], "2026-04-01T09:00:00Z");
    assert_eq!(assign.headers["X-Signature"], signature("PUT", target, &assign.body));
    let unassign = folder.run("Unassign (signed)", &event(false, "e-2", LOST_IT));
    let query = "eventId=e-2&occurredAt=2026-04-01T08%3A00%3A00.456Z&appId=0oaSANDBOX";
    assert_eq!(unassign.url, format!("https://lineworks.example.com{target}?{query}"));
    assert_eq!(unassign.headers["X-Signature"], signature("DELETE", &format!("{target}?{query}"), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_folders_make_a_member_and_take_it_away() {
    for (name, assign, unassign) in [(PLAIN, "Assign", "Unassign"), (SIGNED, "Assign (signed)", "Unassign (signed)")] {
        let app = TestApp::with(CONFIGURED).await;
        let flows = imported(&app, name);
        let call = flows.run(assign, &event(true, "e-1", GOT_IT));
        let answer = send(&app, &call).await;
        assert_eq!((answer.status.as_u16(), &answer.body["verdict"]), (200, &json!("new")), "{}", answer.text);
        let member = app.member("hanako@sandbox.example").await.expect("made");
        assert_eq!(member["userExternalKey"], "00uHANAKO");
        assert_eq!(member["userName"]["lastName"], "佐藤 花子", "the event does not say which part is which");
        // Two imports are two flows: each event comes twice, and counts once.
        assert_eq!(send(&app, &call).await.body["verdict"], "duplicate");

        let answer = send(&app, &flows.run(unassign, &event(false, "e-2", LOST_IT))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(app.member("hanako@sandbox.example").await.expect("still there")["isSuspended"], true);
        // A delivery that was late: the person lost the app hours ago.
        let late = send(&app, &flows.run(assign, &event(true, "e-0", "2026-03-31T23:00:00Z"))).await;
        assert_eq!(late.body["verdict"], "superseded");
        assert_eq!(app.member("hanako@sandbox.example").await.expect("still there")["isSuspended"], true);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_another_app_is_refused_and_changes_nothing() {
    let app = TestApp::with(CONFIGURED).await;
    let flows = imported(&app, PLAIN);
    for (flow, added) in [("Assign", true), ("Unassign", false)] {
        let mut event = event(added, "e-1", GOT_IT);
        event["target"][1]["id"] = "0oaANOTHER".into();
        let answer = send(&app, &flows.run(flow, &event)).await;
        answer.problem(422, "invalid_request");
        assert_eq!(answer.faults(), [("appId", "another_app")]);
    }
    app.admin(Method::GET, "/v1/assignments/00uHANAKO").await.problem(404, "unknown_assignment");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_says_never_replaces_what_a_card_said() {
    let app = TestApp::with(CONFIGURED).await;
    let flows = imported(&app, PLAIN);
    let user = json!({ "email": "hanako@sandbox.example", "userName": { "lastName": "佐藤", "firstName": "花子" } });
    assert_eq!(app.assign("00uHANAKO", user.clone()).await.status, 200);
    let again = flows.run("Assign", &event(true, "e-1", &app.clock.now().to_string()));
    assert_eq!(send(&app, &again).await.status, 200);
    let member = app.member("hanako@sandbox.example").await.expect("made");
    assert_eq!((&member["userName"]["lastName"], &member["userName"]["firstName"]), (&json!("佐藤"), &json!("花子")));
    // Beside a `user`, of a Read User card for instance, the event's names do not count.
    let both = json!({ "user": user, "appUser": { "userName": "other@sandbox.example", "displayName": "other" } });
    assert_eq!(app.put("00uHANAKO", both).await.status, 200);
    assert_eq!(app.member("other@sandbox.example").await, None);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_user_and_app_id_have_names_and_types() {
    let app = TestApp::start().await;
    let cases = [
        (json!({ "appUser": "hanako" }), ("appUser", "wrong_type")),
        (json!({ "appUser": { "userName": 7 } }), ("appUser.userName", "wrong_type")),
        (json!({ "appUser": { "username": "x" } }), ("username", "unknown_field")),
        (json!({ "appId": 7 }), ("appId", "wrong_type")),
    ];
    for (body, fault) in cases {
        let answer = app.put("00uHANAKO", body).await;
        answer.problem(422, "invalid_request");
        assert_eq!(answer.faults(), [fault]);
    }
    // Okta writes "unknown" where it has nothing: then there is nothing to make a member of.
    let unknown = json!({ "appUser": { "userName": "unknown", "displayName": "unknown" } });
    app.put("00uUNKNOWN", unknown).await.problem(422, "profile_missing");
    // A login that is no e-mail address: nothing can be made of it, and the answer names the field.
    let answer = app.put("00uHANAKO", json!({ "appUser": { "userName": "hanako", "displayName": "花子" } })).await;
    answer.problem(422, "profile_refused");
    app.finish().await;
}
