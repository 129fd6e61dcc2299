//! How the real program stops: what is in hand is finished, what waits is answered, and the exit code says who ended
//! first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::process::{Program, Site};
use crate::support::{Answer, ReadAnswer, user};

/// Sends cards that wait 20 seconds for their outcome; returns once all of them are stored.
async fn waiting_cards(site: &Arc<Site>, program: &Program, count: u32) -> Vec<tokio::task::JoinHandle<Answer>> {
    let card = |n: u32| {
        let request = site.card(program, Method::PUT, &format!("00uPERSON{n}")).header("Prefer", "wait=20");
        let request = request.json(&json!({"user": user(n), "eventId": format!("e-{n}")}));
        tokio::spawn(async move { request.answer().await })
    };
    let cards = (0..count).map(card).collect();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let states = site.look(program, "/readyz").await.body["queue"]["states"].clone();
        let stored: u64 = states.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
        if stored == u64::from(count) {
            return cards;
        }
        assert!(Instant::now() < deadline, "only {states}\n{}", program.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_every_call_and_gives_every_person_back() {
    let site = Arc::new(Site::new().await);
    site.latency(Duration::from_millis(400)).await;
    let mut program = site.start().await;
    let cards = waiting_cards(&site, &program, 30).await;
    let asked = Instant::now();
    program.terminate();
    for card in cards {
        let answer = card.await.expect("no call is cut off");
        assert!([200, 202].contains(&answer.status.as_u16()), "{answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(2), "answered after {:?}", asked.elapsed());
    }
    assert_eq!(program.ended().await, Some(0), "{}", program.log());
    assert!(asked.elapsed() < Duration::from_secs(4), "ended after {:?}", asked.elapsed());
    assert_eq!(site.query("SELECT count(*) FROM events"), 30);
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'running'"), 0);
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE lease_owner IS NOT NULL"), 0);

    // Nobody waits for a lease: the next life goes on at once.
    site.latency(Duration::ZERO).await;
    let program = site.start().await;
    site.wait_until_all_is_done(&program, Duration::from_secs(20)).await;
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["members"]["active"]), (&json!(0), &json!(30)), "{stats:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_hold_a_stop_up() {
    let site = Site::new().await;
    let mut program = site.start().await;
    assert_eq!(site.look(&program, "/livez").await.status, 200);
    let asked = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(2), "ended after {:?}", asked.elapsed());
}

/// A LINE WORKS that does not answer, a call to it under way, and a card that waits for it.
async fn stuck(shutdown_timeout: &str) -> (Arc<Site>, Program) {
    let settings = format!("[server]\nshutdown_timeout = '{shutdown_timeout}'\n[lineworks]\ncall_timeout = '30s'");
    let site = Arc::new(Site::with(&settings).await);
    site.fault(json!({"operation": "users.get", "kind": "hang"})).await;
    let program = site.start().await;
    waiting_cards(&site, &program, 1).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while site.stats().await["requests"]["users.get"].as_u64() < Some(1) {
        assert!(Instant::now() < deadline, "LINE WORKS was never called\n{}", program.log());
    }
    (site, program)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_ends_a_stop_that_hangs() {
    let (site, mut program) = stuck("1s").await;
    let asked = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await, Some(3), "{}", program.log());
    assert!((1.0..4.0).contains(&asked.elapsed().as_secs_f64()), "ended after {:?}", asked.elapsed());
    drop(site);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_stop_at_once() {
    let (site, mut program) = stuck("5m").await;
    program.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await, Some(4), "{}", program.log());
    assert!(asked.elapsed() < Duration::from_secs(2), "ended after {:?}", asked.elapsed());
    drop(site);
}

/// What a proxy sees of a replica that is restarted: not ready, and no call is turned away before it has looked.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_a_drain_time_is_not_ready_and_takes_calls_until_it_is_over() {
    let site = Site::with("[server]\ndrain_time = '3s'").await;
    let mut program = site.start().await;
    assert_eq!(site.look(&program, "/readyz").await.status, 200);
    let asked = Instant::now();
    program.terminate();
    let said = loop {
        let answer = site.look(&program, "/readyz").await;
        if answer.status == 503 {
            break answer.body;
        }
        assert!(asked.elapsed() < Duration::from_secs(2), "still ready: {answer:?}");
    };
    assert_eq!((&said["status"], &said["ledger"]["writable"]), (&json!("stopping"), &json!(true)), "{said}");
    assert_eq!(site.look(&program, "/livez").await.status, 200);
    // It is stored, and done after the next start: nobody waits for it here.
    let card =
        site.card(&program, Method::PUT, "00uLATE").header("Prefer", "wait=20").json(&json!({ "user": user(1) }));
    assert_eq!(card.answer().await.status, 202);
    assert_eq!(program.ended().await, Some(0), "{}", program.log());
    assert!(asked.elapsed() >= Duration::from_secs(3), "ended after {:?}", asked.elapsed());
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'due'"), 1);
}
