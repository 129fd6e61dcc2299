//! First passwords without SSO: made here, given to LINE WORKS and at most to the card that waits, and nowhere else.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::lineworks_client::counterpart::{Answer as Said, Counterpart};
use crate::support::program::Serving;
use crate::support::{Answer, CARD, ReadAnswer, TestApp, install_crypto, user};

const ADMIN: &str = "[lineworks]\nsso = false\npassword = \"admin\"";
const RETURNED: &str = "[lineworks]\nsso = false\npassword = \"admin\"\nreturn_password = true";

async fn without_sso(settings: &str) -> TestApp {
    let app = TestApp::with(settings).await;
    app.switch(json!({"sso": false, "passwordPolicy": "specials"})).await;
    app
}

fn password(answer: &Answer) -> String {
    answer.body["initialPassword"].as_str().unwrap_or_else(|| panic!("no password: {}", answer.text)).to_owned()
}

/// Whether a text is in any file of a folder.
fn is_in(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    let mut files = files.filter(|path| path.is_file());
    files.any(|path| std::fs::read(path).expect("readable").windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_needed_only_where_members_are_invited() {
    let app = without_sso("[lineworks]\nsso = false").await;
    let answer = app.assign("00uA", user(1)).await;
    answer.problem(422, "profile_refused");
    assert_eq!(answer.faults(), [("user.privateEmail", "missing")]);
    let mut invited = user(1);
    invited["privateEmail"] = json!("taro@home.example");
    assert_eq!(app.assign("00uA", invited).await.status, 200);
    app.finish().await;

    let app = without_sso(ADMIN).await;
    let answer = app.assign("00uA", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert!(answer.body.get("initialPassword").is_none(), "not unless return_password says so");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waiting_card_gets_the_password_once_and_it_is_stored_nowhere() {
    let mut app = without_sso(RETURNED).await;
    let body = json!({"user": user(1), "eventId": "e-1"});
    let answer = app.put("00uA", body.clone()).await;
    let made = password(&answer);
    assert_eq!((made.len(), &answer.headers["cache-control"]), (16, &"no-store".parse().expect("a value")));
    assert!(!app.put("00uA", body).await.text.contains("initialPassword"), "not to a duplicate");
    assert!(!app.assign("00uA", user(1)).await.text.contains("initialPassword"), "not to the next wish");
    for answer in [app.card(Method::GET, "00uA").answer().await, app.admin(Method::GET, "/v1/assignments/00uA").await] {
        assert!(!answer.text.contains("initialPassword") && !answer.text.contains(&made), "{}", answer.text);
    }
    assert!(is_in(app.folder(), "person1@sandbox.example"), "the ledger can be searched");
    assert!(!is_in(app.folder(), &made), "in the database or its journal");
    app.stop().await;
    assert!(!is_in(app.folder(), &made));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_gets_none() {
    let app = without_sso(RETURNED).await;
    let answer = app.put_without_waiting("00uA", json!({"user": user(1), "eventId": "e-1"})).await;
    assert_eq!(answer.status, 202);
    app.row_in("00uA", "settled").await;
    assert!(!app.put("00uA", json!({"user": user(1), "eventId": "e-1"})).await.text.contains("initialPassword"));
    assert!(!app.assign("00uA", user(1)).await.text.contains("initialPassword"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_waits_longer_than_its_original_gets_none() {
    let app = without_sso(RETURNED).await;
    app.fault(json!({"operation": "users.get", "kind": "status", "status": 503})).await;
    let body = json!({"user": user(1), "eventId": "e-1"});
    let original = app.card(Method::PUT, "00uA").header("Prefer", "wait=2").json(&body);
    let healed = async {
        app.row_in("00uA", "waiting").await;
        tokio::join!(app.put("00uA", body.clone()), async {
            tokio::time::sleep(std::time::Duration::from_millis(2200)).await;
            app.heal().await;
        })
        .0
    };
    let (original, duplicate) = tokio::join!(original.answer(), healed);
    assert_eq!((original.status.as_u16(), duplicate.status.as_u16()), (202, 200), "{}", duplicate.text);
    assert_eq!(duplicate.body["verdict"], "duplicate");
    assert!(duplicate.body.get("initialPassword").is_none(), "{}", duplicate.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_there_already_has_no_password_of_ours() {
    let app = without_sso(RETURNED).await;
    app.seed(json!({"email": "person1@sandbox.example"})).await;
    let answer = app.assign("00uA", user(1)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.body.get("initialPassword").is_none());
    app.finish().await;
}

/// A service over a scripted LINE WORKS, so that what was sent can be compared with what is told.
async fn scripted(works: &Counterpart) -> TestApp {
    TestApp::with(&format!("{RETURNED}\nauth_url = \"{0}\"\napi_url = \"{0}\"\nmanaged_fields = []", works.url)).await
}

fn sent(works: &Counterpart) -> Vec<Value> {
    let posts = works.seen().into_iter().filter(|seen| seen.line == "POST /v1.0/users");
    posts.map(|seen| seen.json()["passwordConfig"].clone()).collect()
}

fn absent() -> Said {
    Said::error(404, "NOT_FOUND", "User not found")
}

fn member() -> Said {
    let member = json!({"userId": "m-1", "userExternalKey": "00uA", "email": "person1@sandbox.example"});
    Said::new(200, member)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_the_one_line_works_was_given_and_must_be_changed() {
    let works = Counterpart::start().await;
    let app = scripted(&works).await;
    works.answers([absent(), member()]);
    let made = password(&app.assign("00uA", user(1)).await);
    let expected = json!({"passwordCreationType": "ADMIN", "password": made, "changePasswordAtNextLogin": true});
    assert_eq!(sent(&works), [expected]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_right_when_the_creates_answer_was_lost() {
    let works = Counterpart::start().await;
    let app = scripted(&works).await;
    // Nothing to see yet, then the member is there.
    works.answers([absent(), Said::new(500, ""), absent(), absent(), member()]);
    let made = password(&app.assign("00uA", user(1)).await);
    assert_eq!(sent(&works).len(), 1);
    assert_eq!(sent(&works)[0]["password"], made);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_try_sends_the_same_password_and_whichever_had_its_effect_is_right() {
    let works = Counterpart::start().await;
    let app = scripted(&works).await;
    let taken = Said::error(409, "ALREADY_EXIST", "userExternalKey is duplicated.");
    let lost = || Said::new(500, "");
    // Two tries without an answer; the second is told that the first had its effect.
    works.answers([absent(), lost(), absent(), absent(), absent(), absent(), taken, member()]);
    let made = password(&app.assign("00uA", user(1)).await);
    let passwords: Vec<Value> = sent(&works).iter().map(|config| config["password"].clone()).collect();
    assert_eq!(passwords, [json!(made), json!(made)]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_nobody_can_be_sure_of_is_not_told() {
    let works = Counterpart::start().await;
    let app = scripted(&works).await;
    // The first try is nobody's: its card does not wait. Which of the two passwords the member has is unknown.
    works.answers([absent(), Said::new(500, "")]);
    app.put_without_waiting("00uA", json!({"user": user(1)})).await;
    app.row_in("00uA", "waiting").await;
    let taken = Said::error(409, "ALREADY_EXIST", "userExternalKey is duplicated.");
    works.answers([absent(), absent(), taken, member()]);
    let answer = app.assign("00uA", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert!(answer.body.get("initialPassword").is_none(), "{}", answer.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_in_the_log_down_to_the_last_detail() {
    let works = Counterpart::start().await;
    let urls = format!("auth_url = \"{0}\"\napi_url = \"{0}\"", works.url);
    let serving = Serving::start(&format!("{RETURNED}\n{urls}\nmanaged_fields = []\n[log]\nfilter = \"trace\"")).await;
    works.answers([absent(), member()]);
    install_crypto();
    let client = reqwest::Client::builder().build().expect("a client");
    let call = client.put(format!("{}/v1/assignments/00uA", serving.url)).bearer_auth(CARD);
    let made = password(&call.json(&json!({"user": user(1)})).answer().await);
    let log = serving.stop().await;
    assert!(log.contains("00uA") && !log.contains(&made), "{log}");
}
