//! The main job: a person gets the app and has a LINE WORKS account; loses it and is suspended, later deleted.

use std::time::Duration;

use crate::support::{TestApp, membership, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_card_creates_the_member_and_a_hook_takes_it_away() {
    the_main_job(TestApp::start().await).await;
}

pub async fn the_main_job(app: TestApp) {
    let answer = app.assign("00uTARO", user(1)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["state"], "settled");
    let member = app.member("00uTARO").await.expect("exists");
    assert_eq!(member["userName"]["lastName"], "山田");

    let now = app.clock.now().to_string();
    let answer = app.deliver(vec![membership(false, "00uTARO", "person1@sandbox.example", "e-2", &now)]).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let row = app.row_when("00uTARO", |row| row["state"] == "settled" && row["appliedRevision"] == 2).await;
    assert_eq!(row["reason"]["code"], "deletion_planned");
    assert_eq!(app.member("00uTARO").await.expect("exists")["isSuspended"], true);

    app.advance(Duration::from_secs(7 * 86_400 - 60)).await;
    assert_eq!(app.member("00uTARO").await.expect("exists")["isDeleted"], false);
    app.advance(Duration::from_secs(120)).await;
    app.row_when("00uTARO", |row| row["reason"].is_null() && row["state"] == "settled").await;
    assert_eq!(app.member("00uTARO").await.expect("in grace")["isDeleted"], true);
    assert_eq!(app.stats().await["tokenRequests"], 2, "the first one had died by the end of the week");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_alone_creates_a_member_from_login_and_display_name() {
    let app = TestApp::start().await;
    let now = app.clock.now().to_string();
    app.deliver(vec![membership(true, "00uHANAKO", "hanako@sandbox.example", "e-1", &now)]).await;
    app.row_in("00uHANAKO", "settled").await;
    let member = app.member("hanako@sandbox.example").await.expect("exists");
    assert_eq!(member["userName"]["lastName"], "佐藤 花子");
    assert_eq!(member["userExternalKey"], "00uHANAKO");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_leaves_the_whole_ledger_in_its_one_file() {
    let mut app = TestApp::start().await;
    app.assign("00uTARO", user(1)).await;
    app.stop().await;
    let journal = std::fs::metadata(app.folder().join("ledger.db-wal")).map_or(0, |file| file.len());
    assert_eq!(journal, 0, "the journal is moved into the file");
    app.finish().await;
}
