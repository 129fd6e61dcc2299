//! The main promises with the ledger in PostgreSQL, and with two replicas of the real program on one database.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::door::Door;
use crate::support::process::{Program, Site};
use crate::support::{ReadAnswer, TestApp, membership, user};
use crate::{caps, main_job, pacing};

#[tokio::test(flavor = "multi_thread")]
async fn a_card_creates_the_member_and_a_hook_takes_it_away() {
    main_job::the_main_job(TestApp::on_postgres("").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_who_leave_at_once_twenty_are_suspended_and_ten_are_held() {
    caps::thirty_leave_at_once(TestApp::on_postgres(caps::MANY).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_never_exceeded_however_many_come_at_once() {
    pacing::fifty_come_at_once(TestApp::on_postgres(pacing::QUARTER).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_there_after_a_restart() {
    let mut app = TestApp::on_postgres("").await;
    app.fault(json!({"operation": "users.create", "kind": "status", "status": 503})).await;
    app.put_without_waiting("00uTARO", json!({ "user": user(1) })).await;
    app.row_in("00uTARO", "waiting").await;
    app.restart().await;
    app.heal().await;
    app.row_in("00uTARO", "settled").await;
    assert!(app.member("00uTARO").await.is_some());
    app.finish().await;
}

async fn put(site: &Site, program: &Program, n: u32) -> u16 {
    let body = json!({"user": user(n), "eventId": format!("card-{n}")});
    let request = site.card(program, Method::PUT, &format!("00uPERSON{n}")).header("Prefer", "wait=0").json(&body);
    request.answer().await.status.as_u16()
}

/// A card asks one replica, the other does the work: the card is told without a poll of its own.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work_and_nobody_is_created_twice() {
    let site = Site::on_postgres().await;
    site.latency(Duration::from_millis(20)).await;
    let replicas = [site.start().await, site.start().await];
    for n in 0..40 {
        let status = put(&site, &replicas[usize::try_from(n % 2).expect("small")], n).await;
        assert_eq!(status, 202);
        // Okta's hook tells the other replica of the same person.
        let other = &replicas[usize::try_from((n + 1) % 2).expect("small")];
        let (person, email) = (format!("00uPERSON{n}"), format!("person{n}@sandbox.example"));
        let occurred = okta_lineworks::clock::Clock::system().now().to_string();
        let event = membership(true, &person, &email, &format!("hook-{n}"), &occurred);
        assert_eq!(site.hook(other, vec![event]).answer().await.status.as_u16(), 204);
    }
    site.wait_until_all_is_done(&replicas[0], Duration::from_secs(60)).await;
    let waiting = site.card(&replicas[0], Method::PUT, "00uPERSON40").json(&json!({ "user": user(40) }));
    let answer = waiting.answer().await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["membersEverCreated"]), (&json!(0), &json!(41)), "{stats:#}");
    let runs = |owner: &str| site.query(&format!("SELECT count(*) FROM attempts WHERE {owner}"));
    assert!(runs("TRUE") >= 41);
    for replica in replicas {
        assert_eq!(replica.stop().await, Some(0));
    }
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state <> 'settled'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_people_of_a_killed_replica_are_taken_over_by_the_other() {
    let site = Site::on_postgres().await;
    let victim = site.start().await;
    site.latency(Duration::from_millis(900)).await;
    for n in 0..6 {
        assert_eq!(put(&site, &victim, n).await, 202);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.query("SELECT count(*) FROM assignments WHERE state = 'running'") == 0 {
        assert!(Instant::now() < deadline, "nobody was ever worked on\n{}", victim.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    victim.kill();
    site.latency(Duration::ZERO).await;
    let heir = site.start().await;
    site.wait_until_all_is_done(&heir, Duration::from_secs(90)).await;
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["membersEverCreated"]), (&json!(0), &json!(6)), "{stats:#}");
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'settled'"), 6);
    assert!(site.query("SELECT count(*) FROM assignments WHERE lease_number > 1") > 0, "somebody was taken over");
    assert_eq!(heir.stop().await, Some(0));
}

/// What no lease can prevent: a replica stands still while it sends, is taken over, and the call it was sending arrives
/// after that. It is one call, and its effect is found and undone by the look that follows every take-over.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_froze_inside_a_send_does_one_late_call_which_is_put_right() {
    let (site, door) = (Site::on_postgres().await, Door::open().await);
    door.leads_to(site.sandbox_url());
    site.configure(&format!("[lineworks]\napi_url = '{}'\ncall_timeout = '2s'", door.url));
    let frozen = site.start().await;
    let put = async |program: &Program, level: u32, wait: u32| {
        let mut user = user(1);
        user["employeeNumber"] = level.to_string().into();
        let body = json!({"user": user, "eventId": format!("level-{level}")});
        let wait = format!("wait={wait}");
        site.card(program, Method::PUT, "00uPERSON1").header("Prefer", wait).json(&body).answer().await.status.as_u16()
    };
    assert_eq!(put(&frozen, 1, 20).await, 200);
    door.hold_from("PATCH ");
    assert_eq!(put(&frozen, 2, 0).await, 202);
    door.is_held().await;
    frozen.pause();

    site.configure("[lineworks]\ncall_timeout = '2s'");
    let heir = site.start().await;
    assert_eq!(put(&heir, 3, 0).await, 202);
    site.wait_until_all_is_done(&heir, Duration::from_secs(90)).await;
    let number = async || site.member("00uPERSON1").await.expect("is there")["employeeNumber"].clone();
    assert_eq!(number().await, "3");
    let look = "SELECT count(*) FROM assignments WHERE next_at - extract(epoch FROM now()) * 1000 BETWEEN 0 AND 70000";
    assert_eq!(site.query(look), 1, "somebody looks again within about a minute");

    door.hold(false);
    let deadline = Instant::now() + Duration::from_secs(30);
    while number().await != "2" {
        assert!(Instant::now() < deadline, "the late call never came\n{}", frozen.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    frozen.wake();
    site.change("UPDATE assignments SET next_at = extract(epoch FROM now()) * 1000");
    while number().await != "3" {
        assert!(Instant::now() < deadline, "the late call stayed\n{}", heir.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["membersEverCreated"]), (&json!(0), &json!(1)), "{stats:#}");
    assert_eq!(
        stats["requests"]["users.patch"], 3,
        "one of each, the late one, and the one that put it right: {stats:#}"
    );
    for replica in [frozen, heir] {
        assert_eq!(replica.stop().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_ends_the_start_with_a_text_that_helps() {
    let site = Site::on_postgres().await;
    site.configure("[ledger]\nurl = 'postgres://somebody:hunter2@127.0.0.1:1/ledger'");
    let finished = site.run(&["serve"]);
    assert_ne!(finished.code, Some(0));
    let said = &finished.said;
    assert!(said.contains("postgres://somebody@127.0.0.1:1/ledger") && said.contains("refused"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
