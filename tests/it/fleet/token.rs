//! One access token for the whole fleet, for as long as it lives.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::process::Site;
use crate::support::{ReadAnswer, TestApp, user};

fn person(n: u32) -> String {
    format!("00uPERSON{n}")
}

/// One person joins at each replica at the same moment.
async fn join_everywhere(fleet: &[TestApp], first: u32) {
    let calls = (first..).zip(fleet).map(|(n, app)| async move { app.assign(&person(n), user(n)).await });
    for answer in join_all(calls).await {
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_asks_once_at_the_start_once_at_the_end_of_a_life_and_once_after_an_early_death() {
    let fleet: [TestApp; 3] = TestApp::fleet("").await;
    fleet[0].fault(json!({"operation": "token", "kind": "slow", "delayMs": 300})).await;
    join_everywhere(&fleet, 0).await;
    assert_eq!(fleet[0].token_requests().await, 1, "all start at once");

    fleet[0].advance(Duration::from_secs(86_400)).await;
    join_everywhere(&fleet, 10).await;
    assert_eq!(fleet[0].token_requests().await, 2, "its life was over for all at once");

    fleet[0].sandbox("tokens/kill", json!({})).await;
    join_everywhere(&fleet, 20).await;
    assert_eq!(fleet[0].token_requests().await, 3, "it was killed early");
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_replica_takes_the_fleets_token() {
    let mut fleet: [TestApp; 2] = TestApp::fleet("").await;
    join_everywhere(&fleet, 0).await;
    fleet[1].restart().await;
    join_everywhere(&fleet, 10).await;
    assert_eq!(fleet[0].token_requests().await, 1);
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_whole_fleets() {
    let fleet: [TestApp; 3] = TestApp::fleet("").await;
    fleet[0].fault(json!({"operation": "token", "kind": "status", "status": 401})).await;
    let joins = (0..).zip(&fleet).map(|(n, app)| async move {
        app.put_without_waiting(&person(n), json!({"user": user(n)})).await;
    });
    join_all(joins).await;
    for n in 0..3 {
        let row = fleet[0].row_in(&person(n), "waiting").await;
        assert_eq!(row["reason"]["code"], "token_refused", "{row:#}");
    }
    assert_eq!(fleet[0].token_requests().await, 1);
    fleet[0].heal().await;
    fleet[0].advance(Duration::from_secs(61)).await;
    for n in 0..3 {
        fleet[1].row_in(&person(n), "settled").await;
    }
    assert_eq!(fleet[0].token_requests().await, 2);
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_replica_that_asks_is_killed_another_one_asks_in_its_place() {
    let site = Site::on_postgres().await;
    let victim = site.start().await;
    site.fault(json!({"operation": "token", "kind": "slow", "delayMs": 800})).await;
    let body = json!({ "user": user(1) });
    let answer = site.card(&victim, Method::PUT, &person(1)).header("Prefer", "wait=0").json(&body).answer().await;
    assert_eq!(answer.status, 202);
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.query("SELECT count(*) FROM duties WHERE name = 'access_token'") == 0 {
        assert!(Instant::now() < deadline, "nobody ever asked\n{}", victim.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    victim.kill();
    site.heal().await;
    let heir = site.start().await;
    assert_eq!(site.query("SELECT count(*) FROM duties WHERE name = 'access_token'"), 1, "the turn is the dead one's");
    // The killed one's person is taken over much later; another one waits for the turn alone.
    let join = site.card(&heir, Method::PUT, &person(2)).header("Prefer", "wait=25").json(&json!({"user": user(2)}));
    let answer = join.answer().await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}\n{}", heir.log());
    let asked = site.stats().await["tokenRequests"].as_u64().expect("a count");
    assert!(asked <= 2, "the killed one and its heir: {asked}");
    assert_eq!(heir.stop().await, Some(0));
}
