//! What the event hook lost is found: in the fake Okta's System Log, and by comparing its list with the ledger.
//!
//! The hook is down in all of these: nothing is delivered unless a test delivers it.

use std::sync::Arc;
use std::time::Duration;

use okta_lineworks::domain::profile::ProfileRules;
use okta_lineworks::ledger::Store;
use okta_lineworks::ledger::sqlite::SqliteStore;
use okta_lineworks::lineworks::http_client;
use okta_lineworks::metrics::Metrics;
use okta_lineworks::okta::catch_up::{self, CatchUp};
use okta_lineworks::okta::client::{Access, Given, OktaClient, OktaSettings};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{APP_ID, ReadAnswer, TestApp};

/// The fake Okta is asked; a pass every minute.
const ORG: &str = "[okta]\norg_url = \"{sandbox}\"\ncatch_up_every = \"1m\"\ncatch_up_overlap = \"1h\"";
const MINUTE: Duration = Duration::from_secs(61);
/// Turns that are enough for a cursor to be doubted, with some to spare.
const DOUBTFUL: u32 = 6;
const DAY: Duration = Duration::from_secs(86_400);

/// A running service that has read the log once.
async fn started() -> TestApp {
    let app = TestApp::with(ORG).await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    app
}

/// `/readyz`, as far as it is about catching up, once it satisfies the condition.
async fn until(app: &TestApp, condition: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let status = app.request(Method::GET, "/readyz").answer().await.body["catchUp"].clone();
        if condition(&status) {
            return status;
        }
        assert!(tokio::time::Instant::now() < deadline, "still not so after 20 s: {status:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The time for one pass goes by, and the pass with it.
async fn pass(app: &TestApp) {
    let before = until(app, |_| true).await["lastPassAt"].clone();
    app.advance(MINUTE).await;
    until(app, |it| it["lastPassAt"] != before).await;
}

/// Somebody is hired: a person in Okta, with the app.
async fn hire(app: &TestApp, person: &str) {
    let made = app.sandbox("okta/users", hired(person)).await;
    assert_eq!(made.status, 201, "{made:?}");
}

fn hired(person: &str) -> Value {
    let login = format!("{person}@sandbox.example").to_lowercase();
    json!({"id": person, "login": login, "profile": {"firstName": "花子", "lastName": "佐藤"}, "assign": {}})
}

/// Somebody loses the app.
async fn unassign(app: &TestApp, person: &str) {
    let address = format!("{}/_sandbox/okta/apps/{APP_ID}/users/{person}", app.sandbox_url);
    let answer = app.http.delete(address).answer().await;
    assert!(answer.status.is_success(), "{answer:?}");
}

async fn okta_switch(app: &TestApp, switches: Value) {
    let request = app.http.patch(format!("{}/_sandbox/okta/switches", app.sandbox_url)).json(&switches);
    let answer = request.answer().await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// Every event Okta has written.
async fn log(app: &TestApp) -> Vec<Value> {
    let answer = app.http.get(format!("{}/_sandbox/okta/log", app.sandbox_url)).answer().await;
    answer.body.as_array().expect("a list").clone()
}

/// A number of `/metrics`.
async fn metric(app: &TestApp, name: &str) -> u64 {
    let text = app.admin(Method::GET, "/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("okta_lineworks_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().expect("a number")
}

async fn is_unknown(app: &TestApp, person: &str) {
    app.admin(Method::GET, &format!("/v1/assignments/{person}")).await.problem(404, "unknown_assignment");
}

fn by_hand(app: &TestApp, sql: &str) {
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("a ledger");
    ledger.execute_batch(sql).expect("valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unassignment_the_hook_lost_is_found() {
    let app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    unassign(&app, "00uA").await;
    pass(&app).await;
    app.member_when("00uA", |member| member["isSuspended"] == true).await;
    let events = app.events("00uA").await;
    let told = events.iter().find(|it| it["kind"] == "unassigned").expect("it is in the history");
    assert_eq!(told["source"], "system_log");
    assert!(told["note"].as_str().is_some_and(|note| note.contains("no hook or card had delivered it")), "{told}");
    assert!(metric(&app, "events_found_by_catch_up_total").await >= 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hook_brings_after_all_was_late_and_not_lost() {
    let app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    let found = metric(&app, "events_found_by_catch_up_total").await;
    let log = log(&app).await;
    let add = log.iter().find(|it| it["eventType"] == "application.user_membership.add").expect("it was written");
    let before = app.row("00uA").await["revision"].clone();
    for _ in 0..2 {
        assert_eq!(app.deliver(vec![add.clone()]).await.status, 204);
    }
    assert_eq!(app.row("00uA").await["revision"], before, "known already");
    assert_eq!(metric(&app, "events_late_total").await, 1);
    // And what the hook brought first is neither.
    unassign(&app, "00uA").await;
    let remove = self::log(&app).await.last().expect("written").clone();
    assert_eq!(app.deliver(vec![remove]).await.status, 204);
    pass(&app).await;
    assert_eq!(metric(&app, "events_found_by_catch_up_total").await, found);
    assert_eq!(metric(&app, "events_late_total").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_user_name_no_hook_can_tell_of_is_found_and_not_counted_as_lost() {
    let app = started().await;
    okta_switch(&app, json!({"userNameChange": "alone"})).await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    let found = metric(&app, "events_found_by_catch_up_total").await;
    let address = format!("{}/_sandbox/okta/apps/{APP_ID}/users/00uA", app.sandbox_url);
    app.http.patch(address).json(&json!({"userName": "new@sandbox.example"})).answer().await;
    pass(&app).await;
    app.member_when("new@sandbox.example", |member| member["userExternalKey"] == "00uA").await;
    assert_eq!(metric(&app, "events_found_by_catch_up_total").await, found);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_service_was_down_is_found_at_its_start() {
    let mut app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    app.stop().await;
    unassign(&app, "00uA").await;
    app.start_again().await;
    app.member_when("00uA", |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_reading_begins_now_or_where_it_is_told_to() {
    for (since, found) in [(None, false), (Some(3600), true)] {
        let mut app = TestApp::start().await;
        hire(&app, "00uA").await;
        app.stop().await;
        app.since = since.map(|ago| app.clock.now() - jiff::SignedDuration::from_secs(ago));
        app.set(ORG);
        app.advance(MINUTE).await;
        app.start_again().await;
        until(&app, |it| it["lastPassAt"].is_string()).await;
        if found {
            app.row_in("00uA", "settled").await;
        } else {
            is_unknown(&app, "00uA").await;
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn since_is_of_no_use_once_the_log_was_read() {
    let mut app = TestApp::start().await;
    hire(&app, "00uA").await;
    app.advance(MINUTE).await;
    app.restart_with(ORG).await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    app.stop().await;
    app.since = Some(app.clock.now() - jiff::SignedDuration::from_hours(24));
    app.start_again().await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    is_unknown(&app, "00uA").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_are_read_in_pages_each_once() {
    let app = started().await;
    // Each is activated and gets the app: 1,500 events that count.
    let people: Vec<Value> = (0..750).map(|n| hired(&format!("00uP{n:03}"))).collect();
    assert_eq!(app.sandbox("okta/users", people.into()).await.status, 201);
    pass(&app).await;
    let counts = app.admin(Method::GET, "/v1/assignments?limit=1").await.body["counts"].clone();
    let rows: u64 = counts.as_object().expect("an object").values().filter_map(Value::as_u64).sum();
    assert_eq!(rows, 750, "{counts}");
    for person in ["00uP000", "00uP749"] {
        let events = app.events(person).await;
        assert!(events.iter().all(|it| it["timesSeen"] == 1), "{events:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_stored_before_a_crash_counts_once() {
    let mut app = started().await;
    app.stop().await;
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("a ledger");
    let sql = "SELECT value FROM singletons WHERE name = 'okta_log_cursor'";
    let cursor: Vec<u8> = ledger.query_row(sql, [], |row| row.get(0)).expect("there is one");
    drop(ledger);
    hire(&app, "00uA").await;
    app.start_again().await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    let before = app.row_in("00uA", "settled").await;
    app.stop().await;
    // As after a crash between the page and the cursor.
    let ledger = rusqlite::Connection::open(app.folder().join("ledger.db")).expect("a ledger");
    ledger.execute("UPDATE singletons SET value = ?1 WHERE name = 'okta_log_cursor'", [cursor]).expect("written");
    drop(ledger);
    app.start_again().await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    let row = app.row("00uA").await;
    assert_eq!((&row["revision"], &row["state"]), (&before["revision"], &json!("settled")));
    let add = app.events("00uA").await.into_iter().find(|it| it["kind"] == "assigned").expect("it is there");
    assert_eq!(add["timesSeen"], 2, "it was read again");
    assert_eq!(metric(&app, "events_found_by_catch_up_total").await, 0, "and found only once");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_cursor_is_replaced_by_the_time_with_an_overlap() {
    let app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    okta_switch(&app, json!({"logCursorLifeSeconds": 5})).await;
    unassign(&app, "00uA").await;
    pass(&app).await;
    app.member_when("00uA", |member| member["isSuspended"] == true).await;
    okta_switch(&app, json!({"logCursorLifeSeconds": null})).await;
    pass(&app).await;
    assert_eq!(until(&app, |_| true).await["working"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_fails_without_a_word_of_oktas_is_doubted_after_some_tries() {
    let mut app = started().await;
    app.stop().await;
    // A 404 that is not in Okta's words may be anybody's: it is tried again, and then another way.
    let nowhere = format!("{}/nowhere", app.sandbox_url);
    by_hand(
        &app,
        &format!(
            "UPDATE singletons SET value = CAST(json_set(CAST(value AS TEXT), '$.next', '{nowhere}') AS BLOB) \
             WHERE name = 'okta_log_cursor'"
        ),
    );
    hire(&app, "00uA").await;
    app.start_again().await;
    assert_eq!(until(&app, |it| it["working"] == false).await["lastFailure"]["code"], "okta_unreachable");
    for _ in 0..DOUBTFUL {
        app.advance(MINUTE).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until(&app, |it| it["working"] == true).await;
    app.row_in("00uA", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_okta_does_not_show_any_more_is_a_gap_and_is_compared() {
    let mut app = started().await;
    hire(&app, "00uGHOST").await;
    pass(&app).await;
    app.row_in("00uGHOST", "settled").await;
    app.stop().await;
    unassign(&app, "00uGHOST").await;
    okta_switch(&app, json!({"logCursorLifeSeconds": 5})).await;
    app.advance(DAY * 200).await;
    app.start_again().await;
    let status = until(&app, |it| it["lastSweepAt"].is_string()).await;
    assert_eq!(status["working"], true, "{status}");
    let reason = &app.events("00uGHOST").await[0];
    assert_eq!((&reason["kind"], &reason["source"]), (&json!("changed"), &json!("sweep")));
    app.member_when("00uGHOST", |member| member["isSuspended"] == true).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_of_which_no_event_is_left_is_found_by_comparing() {
    let mut app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    app.stop().await;
    assert_eq!(app.sandbox("okta/users/00uA/suspend", Value::Null).await.status, 200);
    okta_switch(&app, json!({"logCursorLifeSeconds": 5})).await;
    app.advance(DAY * 200).await;
    app.start_again().await;
    app.member_when("00uA", |member| member["isSuspended"] == true).await;
    let row = app.row_in("00uA", "settled").await;
    assert_eq!(row["history"]["events"][0]["source"], "sweep", "{row:#}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listed_without_having_the_app_gets_no_row_and_whoever_had_it_is_looked_at() {
    let app = started().await;
    for person in ["00uA", "00uB"] {
        hire(&app, person).await;
    }
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    app.row_in("00uB", "settled").await;
    by_hand(&app, "DELETE FROM assignments WHERE okta_user_id = '00uB'");
    let body = json!([
        {"id": "00uA", "status": "DEPROVISIONED"}, {"id": "00uB", "status": "UNASSIGNED"},
    ]);
    app.fault(json!({"operation": "okta.appUsers.list", "kind": "status", "status": 200, "body": body})).await;
    let before = app.row("00uA").await["revision"].as_u64().expect("a number");
    app.advance(DAY).await;
    app.row_when("00uA", |row| row["revision"].as_u64() > Some(before)).await;
    until(&app, |it| it["lastSweepAt"].is_string()).await;
    is_unknown(&app, "00uB").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_stops_neither_the_log_nor_a_comparison() {
    let app = started().await;
    for person in ["00uA", "00uB", "00uC"] {
        hire(&app, person).await;
    }
    pass(&app).await;
    for person in ["00uA", "00uB", "00uC"] {
        app.row_in(person, "settled").await;
    }
    let rot = "UPDATE assignments SET membership_policy = 'rot' WHERE okta_user_id = '00uB'";
    by_hand(&app, &format!("PRAGMA ignore_check_constraints = ON; {rot}"));
    // One event alone, of that very person.
    unassign(&app, "00uB").await;
    pass(&app).await;
    assert_eq!(until(&app, |_| true).await["working"], true);
    // And behind it in the list.
    by_hand(&app, "UPDATE assignments SET membership = 'unassigned' WHERE okta_user_id IN ('00uA', '00uC')");
    app.advance(DAY).await;
    until(&app, |it| it["lastSweepAt"].is_string()).await;
    for person in ["00uA", "00uC"] {
        let row = app.row_when(person, |row| row["membership"]["value"] == "assigned").await;
        assert_eq!(row["history"]["events"][0]["source"], "sweep", "{row:#}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_okta_that_finds_the_time_too_old_is_asked_for_less() {
    let app = started().await;
    hire(&app, "00uA").await;
    let refused = |code: &str| {
        let body = json!({"errorCode": code, "errorSummary": "no", "errorLink": code, "errorId": "x",
            "errorCauses": []});
        json!({"operation": "okta.logs.list", "kind": "status", "status": 400, "body": body, "times": 1})
    };
    app.fault(refused("E0000001")).await;
    app.fault(refused("E0000053")).await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    until(&app, |it| it["lastSweepAt"].is_string()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_okta_stores_late_is_found() {
    let app = started().await;
    okta_switch(&app, json!({"logLatePercent": 100, "logLateSeconds": 600})).await;
    hire(&app, "00uLATE").await;
    okta_switch(&app, json!({"logLatePercent": 0})).await;
    app.advance(Duration::from_secs(2)).await;
    hire(&app, "00uSOON").await;
    pass(&app).await;
    app.row_in("00uSOON", "settled").await;
    is_unknown(&app, "00uLATE").await;
    app.advance(Duration::from_secs(600)).await;
    app.row_in("00uLATE", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_shown_and_work_resumes_by_itself() {
    let app = started().await;
    let change = |change: Value| app.http.patch(format!("{}/_sandbox/okta/access", app.sandbox_url)).json(&change);
    let answer = change(json!({"revoke": ["okta.logs.read"], "killTokens": true})).answer().await;
    assert!(answer.status.is_success(), "{answer:?}");
    app.advance(MINUTE).await;
    let status = until(&app, |it| it["working"] == false).await;
    assert_eq!(status["lastFailure"]["code"], "okta_scope_missing", "{status}");
    hire(&app, "00uA").await;
    let answer = change(json!({"grant": ["okta.logs.read"]})).answer().await;
    assert!(answer.status.is_success(), "{answer:?}");
    app.advance(2 * MINUTE).await;
    until(&app, |it| it["working"] == true).await;
    app.row_in("00uA", "settled").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_narrowed_role_hides_is_found_when_it_sees_the_app_again() {
    let app = started().await;
    let role = |role: Value| app.http.patch(format!("{}/_sandbox/okta/access", app.sandbox_url)).json(&role);
    for (narrowed, code) in [("404", "okta_app_not_found"), ("403", "okta_role_missing")] {
        okta_switch(&app, json!({ "narrowedAnswer": narrowed })).await;
        assert!(role(json!({"role": {"apps": ["0oaANOTHER"]}})).answer().await.status.is_success());
        let person = format!("00uHIDDEN{narrowed}");
        hire(&app, &person).await;
        app.advance(MINUTE).await;
        let status = until(&app, |it| it["working"] == false).await;
        assert_eq!(status["lastFailure"]["code"], code, "{status}");
        assert!(role(json!({"role": "full"})).answer().await.status.is_success());
        app.advance(2 * MINUTE).await;
        until(&app, |it| it["working"] == true).await;
        app.row_in(&person, "settled").await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_event_and_a_day_each_bring_a_comparison() {
    let mut app = TestApp::start().await;
    hire(&app, "00uBEFORE").await;
    app.advance(MINUTE).await;
    app.restart_with(ORG).await;
    until(&app, |it| it["lastPassAt"].is_string()).await;
    assert_eq!(until(&app, |_| true).await["lastSweepAt"], Value::Null, "not at the first start");
    is_unknown(&app, "00uBEFORE").await;
    let published = app.clock.now().to_string();
    let group = json!({
        "uuid": "g-1", "published": published, "eventType": "group.application_assignment.add",
        "target": [{"id": "00gSALES", "type": "UserGroup"}, {"id": APP_ID, "type": "AppInstance"}],
    });
    assert_eq!(app.deliver(vec![group]).await.status, 204);
    pass(&app).await;
    let first = until(&app, |it| it["lastSweepAt"].is_string()).await["lastSweepAt"].clone();
    let row = app.row_when("00uBEFORE", |_| true).await;
    assert_eq!(row["history"]["events"][0]["source"], "sweep");
    pass(&app).await;
    assert_eq!(until(&app, |_| true).await["lastSweepAt"], first, "one reason, one comparison");
    app.advance(DAY).await;
    until(&app, |it| it["lastSweepAt"] != first).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_okta_stops_showing_is_held_by_one_comparison_and_looked_at_when_listed_again() {
    let app = started().await;
    hire(&app, "00uA").await;
    pass(&app).await;
    app.row_in("00uA", "settled").await;
    let role = async |role: Value| {
        let request = app.http.patch(format!("{}/_sandbox/okta/access", app.sandbox_url));
        assert!(request.json(&json!({ "role": role })).answer().await.status.is_success());
    };
    let a_day_later = async || {
        let before = until(&app, |_| true).await["lastSweepAt"].clone();
        app.advance(DAY + MINUTE).await;
        until(&app, |it| it["lastSweepAt"] != before).await;
    };
    role(json!({"people": []})).await;
    a_day_later().await;
    let held = app.row_in("00uA", "held").await;
    let newest = &held["history"]["events"][0]["source"];
    assert_eq!((&held["reason"]["code"], newest), (&json!("okta_person_not_shown"), &json!("sweep")), "{held:#}");
    a_day_later().await;
    let known = app.row_in("00uA", "held").await;
    assert_eq!(known["revision"], held["revision"], "that is known: {known:#}");
    role(json!("full")).await;
    a_day_later().await;
    let row = app.row_in("00uA", "settled").await;
    assert_eq!(row["reason"], json!(null), "{row:#}");
    assert_eq!(app.member("00uA").await.expect("is there")["isSuspended"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_has_the_duty_is_waited_for() {
    let app = started().await;
    let until_ms = (app.clock.now() + jiff::SignedDuration::from_secs(150)).as_millisecond();
    by_hand(&app, &format!("INSERT OR REPLACE INTO duties VALUES ('system_log', 'another', {until_ms})"));
    hire(&app, "00uA").await;
    app.advance(MINUTE).await;
    until(&app, |it| it["elsewhere"] == true).await;
    is_unknown(&app, "00uA").await;
    app.advance(2 * MINUTE).await;
    app.row_in("00uA", "settled").await;
    assert_eq!(until(&app, |_| true).await["elsewhere"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn catch_up_is_not_there_where_it_is_off_or_there_is_no_org() {
    for settings in ["", "[okta]\norg_url = \"{sandbox}\"\ncatch_up = false"] {
        let app = TestApp::with(settings).await;
        assert_eq!(app.request(Method::GET, "/readyz").answer().await.body["catchUp"], Value::Null);
        app.finish().await;
    }
}

/// Two processes over one ledger, as far as SQLite lets them: two pollers, one store.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_pollers_one_reads() {
    let app = TestApp::start().await;
    let people: Vec<Value> = (0..150).map(|n| hired(&format!("00uP{n:03}"))).collect();
    assert_eq!(app.sandbox("okta/users", people.into()).await.status, 201);
    okta_switch(&app, json!({"latencyMs": 200})).await;
    app.clock.advance(jiff::SignedDuration::from_secs(2));
    let token =
        app.http.get(format!("{}/_sandbox/credentials", app.sandbox_url)).answer().await.body["okta"]["apiToken"]
            .as_str()
            .expect("a token")
            .to_owned();
    let file = app.folder().join("shared.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file, app.clock.now(), Duration::ZERO).expect("opens"));
    let stopping = CancellationToken::new();
    let (mut statuses, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let catch_up = poller(&app, &token, &store);
        statuses.push(catch_up.status());
        tasks.push(tokio::spawn(catch_up.run_until(stopping.clone())));
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !statuses.iter().any(|it| it.now().last_pass.is_some()) {
        assert!(tokio::time::Instant::now() < deadline, "nobody read the log: {statuses:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stopping.cancel();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert!(statuses.iter().any(|it| it.now().elsewhere), "the other saw that: {statuses:?}");
    for n in [0, 75, 149] {
        let person = format!("00uP{n:03}").parse().expect("an id");
        let events = store.history(&person).await.expect("readable").events;
        assert!(!events.is_empty() && events.iter().all(|it| it.times_seen == 1), "{events:?}");
    }
    app.finish().await;
}

fn poller(app: &TestApp, token: &str, store: &Arc<dyn Store>) -> CatchUp {
    let metrics = Arc::new(Metrics::default());
    let settings = OktaSettings {
        org_url: app.sandbox_url.parse().expect("a URL"),
        access: Access::Token(Given { secret: token.into(), read_again: None }),
        app_id: APP_ID.to_owned(),
        call_timeout: Duration::from_secs(5),
        metrics: Arc::clone(&metrics),
    };
    let okta = OktaClient::new(settings, http_client().expect("a client"), app.clock.clone()).expect("good access");
    let settings = catch_up::Settings {
        every: Duration::from_secs(60),
        overlap: Duration::from_secs(3600),
        call_timeout: Duration::from_secs(5),
        rules: ProfileRules::OPEN,
        since: Some(app.clock.now() - jiff::SignedDuration::from_hours(1)),
    };
    CatchUp::new(Arc::clone(store), Arc::new(okta), settings, app.clock.clone(), metrics)
}
