//! Every type of event Okta sends, through the hook's door to LINE WORKS, without access to Okta and with it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{APP_ID, TestApp, membership};

/// An org nobody answers for: enough to know that events are no more than reasons to look.
const WITH_ACCESS: &str = "[okta]\norg_url = \"http://127.0.0.1:9\"\napi_token = \"nobody\"\ncatch_up = false";

fn moment(minute: u32) -> String {
    format!("2026-04-01T00:{minute:02}:00.000Z")
}

/// Something about a person, of whatever app.
fn about_a_person(kind: &str, person: &str, minute: u32) -> Value {
    json!({
        "uuid": format!("{kind}-{minute}"), "published": moment(minute), "eventType": kind,
        "outcome": {"result": "SUCCESS"},
        "target": [{"id": person, "type": "User", "alternateId": "who@sandbox.example", "displayName": "佐藤 花子"}],
    })
}

/// Something about the app, or a group that has it.
fn about_the_app(kind: &str, minute: u32) -> Value {
    json!({
        "uuid": format!("{kind}-{minute}"), "published": moment(minute), "eventType": kind,
        "target": [
            {"id": "00gSALES", "type": "UserGroup", "alternateId": "unknown", "displayName": "Sales"},
            {"id": APP_ID, "type": "AppInstance", "alternateId": "LINE WORKS", "displayName": "LINE WORKS"},
        ],
    })
}

fn add(person: &str, minute: u32) -> Value {
    membership(
        true,
        person,
        &format!("{person}@sandbox.example").to_lowercase(),
        &format!("a-{minute}"),
        &moment(minute),
    )
}

fn remove(person: &str, minute: u32) -> Value {
    let login = format!("{person}@sandbox.example").to_lowercase();
    membership(false, person, &login, &format!("r-{minute}"), &moment(minute))
}

async fn deliver(app: &TestApp, events: Vec<Value>) {
    let answer = app.deliver(events).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// The codes of what is paused.
async fn paused(app: &TestApp) -> Vec<String> {
    let ready = app.request(Method::GET, "/readyz").send().await.expect("an answer");
    let body: Value = ready.json().await.expect("JSON");
    let paused = body["lineworks"]["paused"].as_array().expect("a list").iter();
    paused.map(|it| it["code"].as_str().expect("a code").to_owned()).collect()
}

async fn suspended_when(app: &TestApp, person: &str, wanted: bool) {
    app.member_when(person, |member| member["isSuspended"] == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_and_its_end_reach_the_member() {
    let app = TestApp::start().await;
    deliver(&app, vec![add("00uA", 1)]).await;
    app.row_in("00uA", "settled").await;
    deliver(&app, vec![about_a_person("user.lifecycle.suspend", "00uA", 2)]).await;
    suspended_when(&app, "00uA", true).await;
    let row = app.row_in("00uA", "settled").await;
    assert_eq!((&row["oktaStatus"]["value"], &row["desired"]["kind"]), (&json!("suspended"), &json!("suspended")));
    deliver(&app, vec![about_a_person("user.lifecycle.unsuspend", "00uA", 3)]).await;
    suspended_when(&app, "00uA", false).await;
    deliver(&app, vec![about_a_person("user.lifecycle.deactivate", "00uA", 4)]).await;
    suspended_when(&app, "00uA", true).await;
    assert_eq!(app.row_in("00uA", "settled").await["desired"]["kind"], "unassigned");
    deliver(&app, vec![about_a_person("user.lifecycle.reactivate", "00uA", 5)]).await;
    suspended_when(&app, "00uA", false).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_that_comes_before_the_person_is_not_lost() {
    let app = TestApp::start().await;
    deliver(&app, vec![about_a_person("user.lifecycle.suspend", "00uA", 9)]).await;
    app.admin(Method::GET, "/v1/assignments/00uA").await.problem(404, "unknown_assignment");
    deliver(&app, vec![add("00uA", 8)]).await;
    let row = app.row_in("00uA", "settled").await;
    assert_eq!((&row["oktaStatus"]["value"], app.members().await.len()), (&json!("suspended"), 0));
    deliver(&app, vec![about_a_person("user.lifecycle.unsuspend", "00uA", 7)]).await;
    assert_eq!(app.row_in("00uA", "settled").await["oktaStatus"]["value"], "suspended", "older than that");
    deliver(&app, vec![about_a_person("user.lifecycle.unsuspend", "00uA", 10)]).await;
    app.member_when("00uA", |_| true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_okta_changes_nothing() {
    let app = TestApp::start().await;
    deliver(&app, vec![add("00uA", 1)]).await;
    let before = app.row_in("00uA", "settled").await;
    let mut failed = about_a_person("user.lifecycle.suspend", "00uA", 2);
    failed["outcome"]["result"] = "FAILURE".into();
    deliver(&app, vec![failed]).await;
    let row = app.row("00uA").await;
    assert_eq!((&row["revision"], &row["state"]), (&before["revision"], &json!("settled")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_in_the_app_is_a_thin_profile() {
    let app = TestApp::start().await;
    deliver(&app, vec![add("00uA", 1)]).await;
    app.row_in("00uA", "settled").await;
    let mut renamed = add("00uA", 2);
    renamed["eventType"] = "application.user_membership.update".into();
    renamed["target"][0]["alternateId"] = "hanako@sandbox.example".into();
    deliver(&app, vec![renamed.clone()]).await;
    app.member_when("00uA", |member| member["email"] == "hanako@sandbox.example").await;
    let full = json!({"email": "takahashi@sandbox.example", "userName": {"lastName": "高橋", "firstName": "花子"}});
    assert_eq!(app.assign("00uA", full).await.status, 200);
    renamed["uuid"] = "later".into();
    renamed["published"] = "2026-04-02T00:00:00.000Z".into();
    deliver(&app, vec![renamed]).await;
    let row = app.row_in("00uA", "settled").await;
    assert_eq!(row["history"]["events"][0]["verdict"], "superseded", "never above a card's");
    assert_eq!(app.member("00uA").await.expect("exists")["email"], "takahashi@sandbox.example");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_access_what_carries_nothing_is_ignored_and_says_why() {
    let app = TestApp::start().await;
    deliver(&app, vec![add("00uA", 1)]).await;
    let before = app.row_in("00uA", "settled").await;
    let events = vec![
        about_a_person("user.account.update_profile", "00uA", 2),
        about_the_app("group.application_assignment.add", 3),
        about_the_app("group.application_assignment.add", 3),
    ];
    deliver(&app, events).await;
    let row = app.row("00uA").await;
    assert_eq!(row["revision"], before["revision"]);
    let event = &row["history"]["events"][0];
    assert_eq!(event["verdict"], "ignored");
    assert!(event["note"].as_str().is_some_and(|note| note.contains("okta.org_url")), "{event}");
    let nobody = app.admin(Method::GET, "/v1/events").await.body["events"].clone();
    assert_eq!((&nobody[0]["verdict"], &nobody[0]["timesSeen"]), (&json!("ignored"), &json!(2)), "{nobody}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_goes_away_takes_nobody_with_it() {
    let app = TestApp::with("[unassign]\nmax_per_hour = 100").await;
    let people: Vec<String> = (0..12).map(|n| format!("00uP{n}")).collect();
    deliver(&app, people.iter().enumerate().map(|(n, it)| add(it, n as u32)).collect()).await;
    for person in &people {
        app.row_in(person, "settled").await;
    }
    let gone = ["application.lifecycle.deactivate", "application.lifecycle.delete"].map(|it| about_the_app(it, 30));
    let mut batch: Vec<Value> = people.iter().enumerate().map(|(n, it)| remove(it, 31 + n as u32)).collect();
    batch.extend(gone);
    deliver(&app, batch).await;
    for person in &people {
        let row = app.row_in(person, "held").await;
        assert_eq!(row["reason"]["code"], "okta_app_gone", "{row}");
    }
    assert_eq!(paused(&app).await, ["okta_app_gone"]);
    let metrics = app.admin(Method::GET, "/metrics").await.text;
    assert!(metrics.contains("okta_lineworks_paused{cause=\"okta_app_gone\"} 1"), "{metrics}");
    assert!(app.members().await.iter().all(|member| member["isSuspended"] == false));
    // One may go: an operator says so.
    let approved = app.admin(Method::POST, "/v1/assignments/00uP0/approve").await;
    assert_eq!(approved.status, 202, "{approved:?}");
    suspended_when(&app, "00uP0", true).await;
    // An older word that it is active changes nothing, the newer one does: all are judged anew.
    deliver(&app, vec![about_the_app("application.lifecycle.activate", 29)]).await;
    assert_eq!(app.row("00uP1").await["state"], "held");
    deliver(&app, vec![add("00uP1", 50), about_the_app("application.lifecycle.activate", 51)]).await;
    assert!(paused(&app).await.is_empty());
    for person in &people[2..] {
        suspended_when(&app, person, true).await;
    }
    assert_eq!(app.row_in("00uP1", "settled").await["desired"]["kind"], "active");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_access_every_event_about_somebody_known_is_a_reason_to_look() {
    let app = TestApp::with(WITH_ACCESS).await;
    deliver(&app, vec![add("00uA", 1)]).await;
    let events = [
        about_a_person("user.account.update_profile", "00uA", 2),
        about_a_person("user.lifecycle.suspend", "00uA", 3),
        about_a_person("user.lifecycle.unsuspend", "00uA", 4),
    ];
    for (n, event) in events.into_iter().enumerate() {
        let known = app.row("00uA").await["revision"].as_u64().expect("a number");
        deliver(&app, vec![event.clone(), event]).await;
        assert_eq!(app.row("00uA").await["revision"], known + 1, "event {n}");
    }
    deliver(&app, vec![about_a_person("user.account.update_profile", "00uNOBODY", 5)]).await;
    app.admin(Method::GET, "/v1/assignments/00uNOBODY").await.problem(404, "unknown_assignment");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_access_words_about_the_app_are_history_and_hold_nobody() {
    let app = TestApp::with(WITH_ACCESS).await;
    deliver(
        &app,
        vec![
            about_the_app("group.application_assignment.remove", 2),
            about_the_app("application.lifecycle.deactivate", 3),
        ],
    )
    .await;
    assert!(!paused(&app).await.contains(&"okta_app_gone".to_owned()));
    let nobody = app.admin(Method::GET, "/v1/events").await.body["events"].clone();
    let kept: Vec<_> = nobody.as_array().expect("a list").iter().map(|it| it["verdict"].as_str()).collect();
    assert_eq!(kept, [Some("noted"), Some("noted")], "{nobody}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn access_to_okta_ends_what_an_event_without_it_began() {
    let mut app = TestApp::start().await;
    deliver(&app, vec![about_the_app("application.lifecycle.deactivate", 3)]).await;
    assert_eq!(paused(&app).await, ["okta_app_gone"]);
    app.restart().await;
    assert_eq!(paused(&app).await, ["okta_app_gone"], "it outlives a restart");
    app.restart_with(WITH_ACCESS).await;
    assert!(!paused(&app).await.contains(&"okta_app_gone".to_owned()), "Okta says what is true");
    app.finish().await;
}
