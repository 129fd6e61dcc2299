//! Promise 2: the newest wish wins however events arrive: twice, late, at the same moment, in the middle of a run.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, membership, user};

const EMAIL: &str = "person1@sandbox.example";

/// The given second of a morning long past.
fn at(second: u32) -> String {
    format!("2026-04-01T00:00:{second:02}.000Z")
}

/// `PUT` of person 1 with this key at this second.
async fn add(app: &TestApp, key: &str, second: u32) -> crate::support::Answer {
    app.put("00uA", json!({"user": user(1), "eventId": key, "occurredAt": at(second)})).await
}

/// `DELETE` of person 1 with this key at this second.
async fn remove(app: &TestApp, key: &str, second: u32) -> crate::support::Answer {
    app.unassign("00uA", &format!("eventId={key}&occurredAt={}", at(second))).await
}

/// The hook's word on person 1.
async fn hear(app: &TestApp, added: bool, key: &str, second: u32) {
    let answer = app.deliver(vec![membership(added, "00uA", EMAIL, key, &at(second))]).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// What became of the events, newest first.
async fn verdicts(app: &TestApp) -> Vec<String> {
    let events = app.events("00uA").await;
    events.iter().map(|event| event["verdict"].as_str().expect("a word").to_owned()).collect()
}

/// Whether LINE WORKS has person 1 as a usable member.
async fn is_active(app: &TestApp) -> bool {
    let member = app.member("00uA").await.expect("exists");
    member["isSuspended"] == false && member["isDeleted"] == false
}

/// The row once every event so far is applied.
async fn applied(app: &TestApp) -> Value {
    app.row_when("00uA", |row| row["state"] == "settled" && row["appliedRevision"] == row["revision"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_five_times_through_both_doors_makes_one_member() {
    let app = TestApp::start().await;
    hear(&app, true, "e-1", 1).await;
    app.row_in("00uA", "settled").await;
    let merged = add(&app, "e-1", 1).await;
    assert_eq!((merged.status.as_u16(), &merged.body["verdict"]), (200, &json!("merged")));
    let again = add(&app, "e-1", 1).await;
    assert_eq!((&again.body["verdict"], &again.body["revision"]), (&json!("duplicate"), &json!(2)));
    hear(&app, true, "e-1", 1).await;
    hear(&app, true, "e-1", 1).await;
    let events = app.events("00uA").await;
    assert_eq!((events.len(), &events[0]["timesSeen"]), (1, &json!(5)));
    assert_eq!(events[0]["note"], "a later copy carried a profile");
    assert_eq!(app.member("00uA").await.expect("exists")["userName"]["lastName"], "山田", "the card's names");
    assert_eq!(app.stats().await["membersEverCreated"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_arrive_at_once_count_once() {
    let app = TestApp::start().await;
    let copies = (0..20).map(|_| add(&app, "e-1", 1));
    for answer in futures_util::future::join_all(copies).await {
        assert_eq!((answer.status.as_u16(), &answer.body["revision"]), (200, &json!(1)), "{answer:?}");
    }
    assert_eq!(app.events("00uA").await[0]["timesSeen"], 20);
    assert_eq!(app.stats().await["membersEverCreated"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_asks_for_a_milder_policy_is_merged() {
    let app = TestApp::start().await;
    add(&app, "e-1", 1).await;
    hear(&app, false, "e-2", 2).await;
    assert_eq!(applied(&app).await["reason"]["code"], "deletion_planned");
    let answer = app.unassign("00uA", &format!("eventId=e-2&occurredAt={}&policy=suspend", at(2))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["verdict"]), (200, &json!("merged")));
    assert_eq!(answer.body["desired"]["policy"], "suspend");
    hear(&app, false, "e-2", 2).await;
    let row = applied(&app).await;
    assert_eq!((&row["desired"]["policy"], &row["lookAgainAt"]), (&json!("suspend"), &Value::Null), "no deletion");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_word_of_the_same_moment_does_not_take_the_policy_away() {
    let app = TestApp::start().await;
    add(&app, "e-1", 1).await;
    app.unassign("00uA", &format!("occurredAt={}&policy=suspend", at(2))).await;
    hear(&app, false, "e-2", 2).await;
    let row = applied(&app).await;
    assert_eq!((&row["desired"]["policy"], &row["lookAgainAt"]), (&json!("suspend"), &Value::Null), "no deletion");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_key_for_two_people_is_two_events() {
    let app = TestApp::start().await;
    for (n, person) in [(1, "00uA"), (2, "00uB")] {
        let answer = app.put(person, json!({"user": user(n), "eventId": "e-1"})).await;
        assert_eq!((answer.status.as_u16(), &answer.body["verdict"]), (200, &json!("new")), "{answer:?}");
    }
    assert_eq!(app.members().await.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_for_an_assignment_and_its_end_is_two_events() {
    let app = TestApp::start().await;
    add(&app, "e-1", 1).await;
    let answer = remove(&app, "e-1", 2).await;
    assert_eq!((&answer.body["verdict"], &answer.body["membership"]["value"]), (&json!("new"), &json!("unassigned")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_assignment_does_not_bring_a_leaver_back() {
    let app = TestApp::start().await;
    remove(&app, "e-2", 2).await;
    let late = add(&app, "e-1", 1).await;
    // Its profile is news, its membership is not.
    assert_eq!((late.status.as_u16(), &late.body["membership"]["value"]), (200, &json!("unassigned")));
    hear(&app, true, "e-0", 0).await;
    applied(&app).await;
    assert_eq!(verdicts(&app).await, ["superseded", "new", "new"]);
    assert!(app.members().await.is_empty());
    let newer = add(&app, "e-3", 3).await;
    assert_eq!((newer.status.as_u16(), &newer.body["desired"]["kind"]), (200, &json!("active")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_removal_does_not_touch_somebody_who_came_back() {
    let app = TestApp::start().await;
    add(&app, "e-1", 1).await;
    add(&app, "e-3", 3).await;
    hear(&app, false, "e-2", 2).await;
    remove(&app, "e-0", 0).await;
    applied(&app).await;
    assert_eq!(verdicts(&app).await, ["superseded", "superseded", "new", "new"]);
    assert!(is_active(&app).await);
    assert_eq!(app.stats().await["writes"].as_object().map(|writes| writes.contains_key("users.suspend")), Some(false));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_equal_times_the_later_arrival_wins_and_the_history_says_so() {
    let app = TestApp::start().await;
    add(&app, "e-1", 5).await;
    let answer = remove(&app, "e-2", 5).await;
    assert_eq!(
        (&answer.body["verdict"], &answer.body["membership"]["value"]),
        (&json!("equal_time"), &json!("unassigned"))
    );
    hear(&app, true, "e-3", 5).await;
    assert_eq!(applied(&app).await["membership"]["value"], "assigned");
    assert_eq!(verdicts(&app).await, ["equal_time", "equal_time", "new"]);
    assert!(is_active(&app).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_lands_during_a_run_is_applied_afterwards() {
    let app = TestApp::with("[lineworks]\ncall_timeout = \"5s\"").await;
    app.fault(json!({"operation": "users.create", "kind": "slow", "delayMs": 1500, "times": 1})).await;
    let body = json!({"user": user(1), "eventId": "e-1", "occurredAt": at(1)});
    app.put_without_waiting("00uA", body).await;
    app.row_in("00uA", "running").await;
    let answer = remove(&app, "e-2", 2).await;
    assert_eq!((answer.status.as_u16(), &answer.body["appliedRevision"]), (200, &json!(2)));
    assert_eq!(app.member("00uA").await.expect("exists")["isSuspended"], true);
    let attempts = app.row("00uA").await["history"]["attempts"].clone();
    let revisions: Vec<_> = attempts.as_array().expect("runs").iter().map(|run| run["revision"].as_u64()).collect();
    assert_eq!(revisions, [Some(2), Some(1)]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_going_and_coming_back_while_line_works_is_down_makes_one_active_member() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    for (second, word) in [(1, "add"), (2, "remove"), (3, "add")] {
        let body = json!({"user": user(1), "eventId": format!("e-{second}"), "occurredAt": at(second)});
        let answer = match word {
            "add" => app.put_without_waiting("00uA", body).await,
            _ => {
                let query = format!("00uA?eventId=e-2&occurredAt={}", at(second));
                crate::support::ReadAnswer::answer(app.card(Method::DELETE, &query).header("Prefer", "wait=0")).await
            }
        };
        assert_eq!(answer.status, 202, "{answer:?}");
        app.row_in("00uA", "waiting").await;
    }
    assert!(app.members().await.is_empty());
    app.heal().await;
    applied(&app).await;
    assert_eq!(app.members().await.len(), 1);
    assert!(is_active(&app).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hooks_names_never_replace_a_cards() {
    let app = TestApp::start().await;
    add(&app, "e-1", 1).await;
    hear(&app, true, "e-2", 2).await;
    applied(&app).await;
    assert_eq!(app.member("00uA").await.expect("exists")["userName"]["lastName"], "山田");
    remove(&app, "e-3", 3).await;
    hear(&app, true, "e-4", 4).await;
    applied(&app).await;
    let member = app.member("00uA").await.expect("exists");
    assert_eq!((&member["userName"]["firstName"], &member["isSuspended"]), (&json!("太郎1"), &json!(false)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hooks_later_word_leaves_a_cards_profile_to_create_the_member_with() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "users.get", "kind": "status", "status": 503})).await;
    let body = json!({"user": user(1), "eventId": "e-1", "occurredAt": at(1)});
    app.put_without_waiting("00uA", body).await;
    app.row_in("00uA", "waiting").await;
    hear(&app, true, "e-2", 2).await;
    app.heal().await;
    applied(&app).await;
    assert_eq!(app.member("00uA").await.expect("exists")["userName"]["lastName"], "山田");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_profile_that_comes_late_does_not_spoil_the_newer_one() {
    let app = TestApp::start().await;
    add(&app, "e-2", 2).await;
    let late = json!({"user": {"email": "nonsense"}, "eventId": "e-1", "occurredAt": at(1)});
    let answer = app.put("00uA", late).await;
    assert_eq!((answer.status.as_u16(), &answer.body["verdict"]), (200, &json!("superseded")), "nothing to correct");
    assert!(is_active(&app).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_told_how_the_person_stands_by_now() {
    let app = TestApp::start().await;
    let refused = json!({"user": {"email": "nonsense"}, "eventId": "e-1", "occurredAt": at(1)});
    app.put("00uA", refused.clone()).await.problem(422, "profile_refused");
    let again = app.put("00uA", refused.clone()).await;
    again.problem(422, "profile_refused");
    assert_eq!(again.faults().first().map(|(field, _)| *field), Some("user.email"));
    add(&app, "e-2", 2).await;
    let mended = app.put_without_waiting("00uA", refused).await;
    assert_eq!((mended.status.as_u16(), &mended.body["verdict"]), (200, &json!("duplicate")));
    assert_eq!(mended.body["state"], "settled");
    app.finish().await;
}
