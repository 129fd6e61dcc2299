//! Moving house: from a file into a database and back, with kills in the middle.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use okta_lineworks::clock::Clock;
use okta_lineworks::ledger::copy::tables::TABLES;
use okta_lineworks::ledger::postgres::PostgresStore;
use okta_lineworks::ledger::{Store, StoreError};
use serde_json::json;

use super::{assign, id, unassign};
use crate::support::postgres::{Database, wait};
use crate::support::process::{Finished, Program, Site};

fn file_of(site: &Site) -> String {
    format!("sqlite:{}", site.ledger().display())
}

fn move_house(site: &Site, from: &str, to: &str, more: &[&str]) -> Finished {
    site.run(&[&["ledger", "copy", "--from", from, "--to", to][..], more].concat())
}

fn serve_from(site: &Site, url: &str) {
    site.configure(&format!("[ledger]\nurl = '{url}'"));
}

// --- there and back ------------------------------------------------------------------------------------------------

/// Lets a call hang whose effect nobody knows, and kills the program in the middle of it.
async fn killed_in_the_middle_of_a_call(site: &Site, program: Program, n: u32) {
    site.fault(json!({"operation": "users.suspend", "kind": "hangAfter"})).await;
    unassign(site, &program, n).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.member(&id(n)).await.expect("exists")["isSuspended"] != true {
        assert!(Instant::now() < deadline, "never suspended\n{}", program.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    program.kill();
    site.heal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_into_a_database_and_back() {
    let (site, database) = (Site::new().await, Database::new());
    let (file, url) = (file_of(&site), database.url());
    let program = site.start().await;
    for n in 0..30 {
        assign(&site, &program, n).await;
    }
    site.wait_until_all_is_done(&program, Duration::from_secs(60)).await;
    killed_in_the_middle_of_a_call(&site, program, 3).await;
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'running'"), 1);
    let newest = site.query("SELECT max(id) FROM events");

    let begun = Clock::system().now().as_millisecond();
    let moved = move_house(&site, &file, &url, &[]);
    assert_eq!(moved.code, Some(0), "{}", moved.said);
    assert!(moved.said.contains("30 rows on both sides  sha256"), "{}", moved.said);
    assert!(!moved.said.contains("a pass"), "no password is shown: {}", moved.said);
    let late = format!(
        "SELECT count(*) FROM assignments WHERE state = 'running' AND unclear_until >= {0} AND next_at >= {0}",
        begun + 3_000
    );
    assert_eq!(database.query(&late), 1, "nobody goes near a call that may be on its way for three call time-outs");
    let refused = site.run(&["serve"]);
    assert_eq!(refused.code, Some(1), "{}", refused.said);
    assert!(refused.said.contains("was moved to postgres://"), "{}", refused.said);
    assert!(refused.said.contains("ledger reopen"), "{}", refused.said);
    let again = move_house(&site, &file, &url, &[]);
    assert_eq!(again.code, Some(1));
    assert!(again.said.contains("already"), "{}", again.said);

    serve_from(&site, &url);
    let program = site.start().await;
    assign(&site, &program, 30).await;
    unassign(&site, &program, 4).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(90)).await;
    assert_eq!(site.row(&program, &id(3)).await["state"], "settled");
    assert_eq!(site.member(&id(4)).await.expect("exists")["isSuspended"], true);
    let in_use = move_house(&site, &url, "sqlite:nowhere.db", &[]);
    assert!(in_use.code == Some(1) && in_use.said.contains("in use"), "{}", in_use.said);
    assert_eq!(program.stop().await, Some(0));
    let first_new = database.query(&format!("SELECT min(id) FROM events WHERE id > {newest}"));
    assert_eq!(first_new, newest + 1, "numbers continue");

    // And back, into a new file; the old one may be replaced, since it was moved away.
    let not_empty = move_house(&site, &url, &file, &[]);
    assert!(not_empty.code == Some(1) && not_empty.said.contains("--replace"), "{}", not_empty.said);
    let back = move_house(&site, &url, &file, &["--replace"]);
    assert_eq!(back.code, Some(0), "{}", back.said);
    serve_from(&site, &file);
    let program = site.start().await;
    assign(&site, &program, 31).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(60)).await;
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(site.query("SELECT count(*) FROM assignments"), 32);
    serve_from(&site, &url);
    assert!(site.run(&["serve"]).said.contains("was moved to"));
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["membersEverCreated"]), (&json!(0), &json!(32)), "{stats:#}");
    assert_eq!(stats["tokenRequests"].as_u64().unwrap_or(1), 1, "the sealed token came along");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_use_or_with_something_else_in_it_is_not_touched() {
    let (site, database) = (Site::new().await, Database::new());
    let (file, url) = (file_of(&site), database.url());
    let program = site.start().await;
    assign(&site, &program, 1).await;
    let refused = move_house(&site, &file, &url, &[]);
    assert!(refused.code == Some(1) && refused.said.contains("in use"), "the source: {}", refused.said);
    assert_eq!(program.stop().await, Some(0));

    serve_from(&site, &url);
    let other = site.start().await;
    let refused = move_house(&site, &file, &url, &["--replace"]);
    assert!(refused.code == Some(1) && refused.said.contains("in use"), "the target: {}", refused.said);
    assign(&site, &other, 2).await;
    assert_eq!(other.stop().await, Some(0));
    for more in [&[][..], &["--replace"]] {
        let refused = move_house(&site, &file, &url, more);
        assert!(refused.code == Some(1) && refused.said.contains("not of this copy"), "{}", refused.said);
    }
    assert_eq!(database.query("SELECT count(*) FROM assignments"), 1);
    serve_from(&site, &file);
    let program = site.start().await;
    assert_eq!(program.stop().await, Some(0), "the source may be served from as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_moved_by_mistake_is_opened_again() {
    let (site, database) = (Site::new().await, Database::new());
    let program = site.start().await;
    assign(&site, &program, 1).await;
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(move_house(&site, &file_of(&site), &database.url(), &[]).code, Some(0));
    // As a kill between the two last steps leaves it.
    let mark = &site.texts("SELECT CAST(value AS TEXT) FROM singletons WHERE name = 'copy_moved'")[0];
    database.run(&format!("INSERT INTO singletons VALUES ('copy_into', convert_to('{mark}', 'UTF8'), 1)"));
    let finished = move_house(&site, &file_of(&site), &database.url(), &[]);
    assert!(finished.code == Some(0) && finished.said.contains("was gone on with"), "{}", finished.said);
    let asked = site.run(&["ledger", "reopen"]);
    assert!(asked.code == Some(1) && asked.said.contains("--yes"), "{}", asked.said);
    let opened = site.run(&["ledger", "reopen", "--yes"]);
    assert!(opened.code == Some(0) && opened.said.contains("never serve from postgres://"), "{}", opened.said);
    let program = site.start().await;
    assert_eq!(program.stop().await, Some(0));
}

// --- interrupted ---------------------------------------------------------------------------------------------------

fn spawn_move(site: &Site, from: &str, to: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_okta-lineworks"))
        .args(["ledger", "copy", "--from", from, "--to", to, "--config"])
        .arg(site.file())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// A run that somebody else writes down at this moment keeps the copy from writing its own.
const BLOCK: &str = "INSERT INTO attempts (id, okta_user_id, revision, lease_number, started_at, ended_at, state, steps, \
     calls) VALUES (1, 'x', 1, 1, 1, 1, 'settled', '[]', '[]')";

/// Begins a copy and kills it when the events are there and the runs are not.
async fn killed_in_the_middle(site: &Site, database: &Database, events: i64) {
    assert_eq!(site.run(&["migrate", "--ledger", &database.url()]).code, Some(0));
    let block = database.hold(BLOCK);
    let mut copy = spawn_move(site, &file_of(site), &database.url());
    let deadline = Instant::now() + Duration::from_secs(60);
    while database.query("SELECT count(*) FROM events") < events {
        assert!(Instant::now() < deadline, "the events never came over");
        assert!(copy.try_wait().expect("can be asked").is_none(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    copy.kill().expect("it can be killed");
    copy.wait().expect("it is gone");
    drop(block);
    let there = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'okta-lineworks ledger copy'";
    while database.query(there) > 0 {
        assert!(Instant::now() < deadline, "the server never noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A ledger with a member, and more history than goes over in one transaction.
async fn filled() -> Site {
    let site = Site::new().await;
    let program = site.start().await;
    assign(&site, &program, 1).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    assert_eq!(program.stop().await, Some(0));
    site.change(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12000) \
         INSERT INTO events (okta_user_id, kind, event_key, source, caller, occurred_at, arrived_at, verdict) \
         SELECT '00uMANY', 'assigned', 'k' || n, 'hook', 'te' || char(0) || 'st', 1, 1, 'new' FROM numbers",
    );
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_goes_on_where_it_stopped() {
    let (site, database) = (filled().await, Database::new());
    killed_in_the_middle(&site, &database, site.query("SELECT count(*) FROM events")).await;
    serve_from(&site, &database.url());
    let refused = site.run(&["serve"]);
    assert!(refused.code == Some(1) && refused.said.contains("part of a copy from"), "{}", refused.said);
    serve_from(&site, &file_of(&site));
    let transactions = "SELECT count(DISTINCT xmin::text) FROM events";
    let before = database.query(transactions);
    let done = move_house(&site, &file_of(&site), &database.url(), &[]);
    assert_eq!(done.code, Some(0), "{}", done.said);
    assert!(done.said.contains("was gone on with"), "{}", done.said);
    assert_eq!(database.query(transactions), before, "what was there was not sent again");
    for table in TABLES.iter().filter(|table| table.name != "singletons") {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        assert_eq!(database.query(&sql), site.query(&sql), "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_source_was_served_from_meanwhile_begins_anew() {
    let (site, database) = (filled().await, Database::new());
    killed_in_the_middle(&site, &database, site.query("SELECT count(*) FROM events")).await;
    let program = site.start().await;
    assert!(program.log().contains("a copy of this ledger was begun and is void"), "{}", program.log());
    unassign(&site, &program, 1).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    assert_eq!(program.stop().await, Some(0));
    let done = move_house(&site, &file_of(&site), &database.url(), &[]);
    assert_eq!(done.code, Some(0), "{}", done.said);
    assert!(!done.said.contains("was gone on with"), "{}", done.said);
    let unassigned = "SELECT count(*) FROM assignments WHERE membership = 'unassigned'";
    assert_eq!((database.query(unassigned), site.query(unassigned)), (1, 1));
}

/// A replica that was cut off while its ledger was moved must not write there when it comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_comes_back_to_a_ledger_that_was_moved_writes_nothing() {
    crate::support::install_crypto();
    let database = Database::new();
    let address = database.address();
    let store = wait(async { PostgresStore::open(&address, 2, &Clock::system()).await.expect("opens") });
    let now = Clock::system().now();
    store.save("x", vec![1], now).await.expect("writes");
    database.run("INSERT INTO singletons (name, value, updated_at) VALUES ('copy_moved', '{}', 1)");
    database.cut_connections();
    let refused = store.save("x", vec![2], now).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("moved away")), "{refused:?}");
}

/// Where nothing else is configured, on an administrator's own machine perhaps.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_named_needs_no_other_configuration() {
    let (folder, database) = (tempfile::tempdir().expect("a temporary folder"), Database::new());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        let output = command.current_dir(folder.path()).args(arguments).output().expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let refused = run(&["migrate"]);
    assert_eq!(refused.0, Some(2), "which ledger? {}", refused.1);
    let target = database.url();
    for arguments in [
        &["migrate", "--ledger", "sqlite:one.db"][..],
        &["ledger", "backup", "--ledger", "sqlite:one.db", "--to", "two.db"],
        &["ledger", "copy", "--from", "sqlite:one.db", "--to", &target],
        &["ledger", "reopen", "--ledger", "sqlite:one.db", "--yes"],
    ] {
        let done = run(arguments);
        assert_eq!(done.0, Some(0), "{arguments:?}: {}", done.1);
    }
}
