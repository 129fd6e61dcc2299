//! LINE WORKS' bad days: whatever it answers to whichever call, in the end one member is there in the right state, and
//! meanwhile people see why it takes time.
//!
//! Backoff is long here and the clock is moved over it, so that a wait is seen and costs nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const SLOW_RETRIES: &str = r#"
[lineworks]
call_timeout = "400ms"
[converge]
retry_first = "20s"
retry_longest = "20s"
[unassign]
allow_call_policy = true
max_per_hour = 1000
"#;

const FAILING: Option<&str> = Some("lineworks_failing");
const UNREACHABLE: Option<&str> = Some("lineworks_unreachable");
const LIMITED: Option<&str> = Some("lineworks_rate_limited");
/// It heals within the run: there is nothing to see.
const AT_ONCE: Option<&str> = None;

/// What goes wrong once with a call that changes something, and the cause that is shown meanwhile.
fn writes() -> Vec<(Value, Option<&'static str>)> {
    vec![
        (json!({"kind": "status", "status": 500}), FAILING),
        (json!({"kind": "status", "status": 503}), FAILING),
        (json!({"kind": "code99"}), Some("lineworks_unexpected_error")),
        (json!({"kind": "garbage"}), FAILING),
        (json!({"kind": "closeBefore"}), UNREACHABLE),
        (json!({"kind": "hang"}), UNREACHABLE),
        (json!({"kind": "tooManyRequests"}), LIMITED),
        // The effect is there, only the answer is lost: the next read shows it.
        (json!({"kind": "closeAfter"}), AT_ONCE),
        (json!({"kind": "hangAfter"}), AT_ONCE),
        (json!({"kind": "unauthorized"}), AT_ONCE),
        (json!({"kind": "redirect"}), AT_ONCE),
        (json!({"kind": "slow", "delayMs": 50}), AT_ONCE),
    ]
}

/// The same for a read, which has no effect that could be in doubt.
fn reads() -> Vec<(Value, Option<&'static str>)> {
    let no_effect = |kind: &str| ["closeAfter", "hangAfter"].contains(&kind);
    let mut reads = writes();
    for (fault, shown) in &mut reads {
        if no_effect(fault["kind"].as_str().expect("a word")) {
            *shown = UNREACHABLE;
        }
    }
    reads.push((json!({"kind": "empty"}), FAILING));
    reads
}

fn person(n: usize) -> String {
    format!("00uPERSON{n}")
}

fn profile(n: usize, nick_name: &str) -> Value {
    let mut user = user(u32::try_from(n).expect("few"));
    user["nickName"] = json!(nick_name);
    json!({ "user": user })
}

async fn strike(app: &TestApp, operation: &str, fault: &Value) {
    let mut fault = fault.clone();
    (fault["operation"], fault["times"]) = (json!(operation), json!(1));
    app.fault(fault).await;
}

async fn assign(app: &TestApp, n: usize) {
    let answer = app.put(&person(n), profile(n, "Taro")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn unassign(app: &TestApp, n: usize, policy: &str) {
    let answer = app.unassign(&person(n), &format!("policy={policy}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Follows a person through the bad day: what is shown, and that it is settled once the wait is over.
async fn comes_through(app: &TestApp, n: usize, revision: u64, shown: Option<&str>, fault: &Value) {
    if let Some(shown) = shown {
        let row = app.row_in(&person(n), "waiting").await;
        assert_eq!(row["reason"]["code"], shown, "{fault}: {row:#}");
        app.advance(Duration::from_secs(21)).await;
    }
    let row = app.row_when(&person(n), |row| row["state"] == "settled" && row["appliedRevision"] == revision).await;
    let causes: Vec<_> = row["history"]["attempts"].as_array().expect("a list").iter().map(|it| &it["state"]).collect();
    let waited = causes.iter().filter(|state| **state == "waiting").count();
    assert_eq!(waited, usize::from(shown.is_some()), "{fault}: {row:#}");
}

async fn member(app: &TestApp, n: usize) -> Value {
    app.member(&person(n)).await.expect("is there")
}

/// Nobody was created twice, and no two calls for one person were ever under way together.
async fn ends_well(app: TestApp, people: usize) {
    let stats = app.stats().await;
    let created = stats["createdPerEmail"].as_object().expect("an object");
    assert_eq!(created.len(), people);
    assert!(created.values().all(|times| times == 1), "{created:?}");
    assert_eq!(stats["maxConcurrentWritesPerMember"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_created_once_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = [writes(), vec![(json!({"kind": "empty"}), FAILING)]].concat();
    for (n, (fault, shown)) in days.iter().enumerate() {
        strike(&app, "users.create", fault).await;
        app.put_without_waiting(&person(n), profile(n, "Taro")).await;
        comes_through(&app, n, 1, *shown, fault).await;
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_is_repeated() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = reads();
    for (n, (fault, shown)) in days.iter().enumerate() {
        strike(&app, "users.get", fault).await;
        app.put_without_waiting(&person(n), profile(n, "Taro")).await;
        comes_through(&app, n, 1, *shown, fault).await;
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_arrives_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = writes();
    for (n, (fault, shown)) in days.iter().enumerate() {
        assign(&app, n).await;
        strike(&app, "users.patch", fault).await;
        app.put_without_waiting(&person(n), profile(n, "Jiro")).await;
        comes_through(&app, n, 2, *shown, fault).await;
        assert_eq!(member(&app, n).await["nickName"], "Jiro");
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_is_suspended_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = writes();
    for (n, (fault, shown)) in days.iter().enumerate() {
        assign(&app, n).await;
        strike(&app, "users.suspend", fault).await;
        app.card(reqwest::Method::DELETE, &person(n)).header("Prefer", "wait=0").send().await.expect("an answer");
        comes_through(&app, n, 2, *shown, fault).await;
        assert_eq!(member(&app, n).await["isSuspended"], true);
        let row = app.row(&person(n)).await;
        assert_eq!(row["reason"]["code"], "deletion_planned", "it is known to be our doing: {row:#}");
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehire_is_resumed_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = writes();
    for (n, (fault, shown)) in days.iter().enumerate() {
        assign(&app, n).await;
        unassign(&app, n, "suspend").await;
        strike(&app, "users.unsuspend", fault).await;
        app.put_without_waiting(&person(n), profile(n, "Taro")).await;
        comes_through(&app, n, 3, *shown, fault).await;
        assert_eq!(member(&app, n).await["isSuspended"], false);
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_comes_through_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = writes();
    for (n, (fault, shown)) in days.iter().enumerate() {
        assign(&app, n).await;
        strike(&app, "users.delete", fault).await;
        let delete = app.card(reqwest::Method::DELETE, &format!("{}?policy=delete", person(n)));
        delete.header("Prefer", "wait=0").send().await.expect("an answer");
        comes_through(&app, n, 2, *shown, fault).await;
        assert_eq!(member(&app, n).await["isDeleted"], true);
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_taken_back_on_every_bad_day() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let days = writes();
    for (n, (fault, shown)) in days.iter().enumerate() {
        assign(&app, n).await;
        unassign(&app, n, "delete").await;
        strike(&app, "users.undelete", fault).await;
        app.put_without_waiting(&person(n), profile(n, "Taro")).await;
        comes_through(&app, n, 3, *shown, fault).await;
        assert_eq!(member(&app, n).await["isDeleted"], false);
    }
    ends_well(app, days.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_fail_run_after_run_while_reads_work_name_the_likely_setting() {
    let app = TestApp::with(SLOW_RETRIES).await;
    let body = json!({"code": "INTERNAL_SERVER_ERROR", "description": "Unexpected provisioning error"});
    app.fault(json!({"operation": "users.create", "kind": "status", "status": 500, "body": body})).await;
    app.put_without_waiting("00uA", json!({ "user": user(1) })).await;
    for (failures, cause) in [(1, "lineworks_failing"), (2, "lineworks_failing"), (3, "edits_locked")] {
        let attempts = |row: &Value| row["history"]["attempts"].as_array().map_or(0, Vec::len);
        let row = app.row_when("00uA", |row| row["state"] == "waiting" && attempts(row) == failures).await;
        assert_eq!(row["reason"]["code"], cause, "after {failures}");
        app.advance(Duration::from_secs(61)).await;
    }
    app.heal().await;
    app.advance(Duration::from_secs(61)).await;
    app.row_in("00uA", "settled").await;
    app.finish().await;
}
