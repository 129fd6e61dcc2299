//! What only one of the fleet does at a time, and what another one does when that one dies.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::process::Site;
use crate::support::{ADMIN, ReadAnswer, TestApp, user};

const COMPARISON: &str = "[okta]\nclient_id = 'sandbox'\ncatch_up = false";

async fn compares(app: &TestApp) -> StatusCode {
    let request = app.http.post(format!("{}/v1/reconcile", app.url)).bearer_auth(ADMIN);
    request.send().await.expect("an answer").status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_at_one_replica_is_known_to_the_others_and_over_with_its_process() {
    let fleet: [TestApp; 2] = TestApp::fleet(COMPARISON).await;
    fleet[0].fault(json!({"operation": "users.list", "kind": "slow", "delayMs": 600})).await;
    let first = fleet[0].http.post(format!("{}/v1/reconcile", fleet[0].url)).bearer_auth(ADMIN).send().await;
    let first = first.expect("an answer");
    assert_eq!(compares(&fleet[1]).await, 409, "it runs elsewhere");
    assert_eq!(compares(&fleet[0]).await, 409, "and here");
    let told = first.text().await.expect("a stream");
    assert!(told.contains("summary"), "{told}");
    let deadline = Instant::now() + Duration::from_secs(20);
    while compares(&fleet[1]).await != 200 {
        assert!(Instant::now() < deadline, "the end is never known");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // One whose process died ends by itself.
    let until_ms = (fleet[0].clock.now() + jiff::SignedDuration::from_secs(30)).as_millisecond();
    fleet[0].database().run(&format!(
        "INSERT INTO duties VALUES ('reconcile', 'dead', {until_ms}) \
         ON CONFLICT (name) DO UPDATE SET holder = 'dead', until = {until_ms}"
    ));
    assert_eq!(compares(&fleet[1]).await, 409);
    fleet[0].advance(Duration::from_secs(31)).await;
    assert_eq!(compares(&fleet[1]).await, 200);
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_forgotten_by_one_and_a_soft_stop_gives_that_duty_back() {
    let site = Site::on_postgres().await;
    let holders = "SELECT count(*) FROM duties WHERE name = 'prune'";
    let [one, other] = [site.start().await, site.start().await];
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.query(holders) == 0 {
        assert!(Instant::now() < deadline, "nobody ever forgets\n{}", one.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(one.stop().await, Some(0));
    assert_eq!(other.stop().await, Some(0));
    assert_eq!(site.query("SELECT count(*) FROM duties"), 0, "every duty is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_log_is_read_on_by_another_when_its_reader_is_killed() {
    let site = Site::on_postgres().await;
    site.configure(&format!("[okta]\n{}catch_up_every = '30s'\ncall_timeout = '1s'\n", site.okta_access()));
    let victim = site.start().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.query("SELECT count(*) FROM singletons WHERE name = 'okta_swept'") == 0 {
        assert!(Instant::now() < deadline, "it never read the log\n{}", victim.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    victim.kill();
    // As if it had died while it read.
    let in_8_s = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 8000";
    site.change(&format!(
        "INSERT INTO duties SELECT 'system_log', 'dead', {in_8_s} ON CONFLICT (name) DO UPDATE SET until = {in_8_s}"
    ));
    let profile = json!({"firstName": "太郎", "lastName": "山田"});
    let hired = json!({"id": "00uTARO", "login": "person1@sandbox.example", "profile": profile, "assign": {}});
    let made = site.http.post(format!("{}/_sandbox/okta/users", site.sandbox_url())).json(&hired).answer().await;
    assert!(made.status.is_success(), "{made:?}");
    let heir = site.start().await;
    let deadline = Instant::now() + Duration::from_secs(90);
    while site.member("00uTARO").await.is_none() {
        assert!(Instant::now() < deadline, "nobody read on\n{}", heir.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(heir.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_waits_at_one_replica_is_told_of_the_work_of_the_other() {
    let settings =
        |workers: u32| format!("[converge]\nworkers = {workers}\nretry_first = '100ms'\nretry_longest = '400ms'");
    let mut fleet: [TestApp; 2] = TestApp::fleet(&settings(2)).await;
    fleet[1].restart_with(&settings(16)).await;
    fleet[0].switch(json!({"latencyMs": 150})).await;
    let cards = (0..12).map(|n| {
        let app = &fleet[0];
        async move {
            app.card(Method::PUT, &format!("00uPERSON{n}"))
                .header("Prefer", "wait=25")
                .json(&json!({"user": user(n)}))
                .answer()
                .await
        }
    });
    for answer in futures_util::future::join_all(cards).await {
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    }
    for app in fleet {
        app.finish().await;
    }
}
