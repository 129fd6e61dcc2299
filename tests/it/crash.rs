//! Nothing acknowledged is lost: the real program is killed with SIGKILL at any moment, and its disk fills up.
//!
//! The order of one person's events is known here, and which of them were acknowledged; what LINE WORKS has in the
//! end must be the wish of the newest acknowledged one, or of a later one that was stored without its answer.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::process::{Program, Site};
use crate::support::{ReadAnswer, membership, user};

const PEOPLE: u32 = 20;
const HANDS: u32 = 4;
const ROUNDS: u64 = 32;

/// One event that was sent: its place in time, what it says, and whether its 2xx was seen.
#[derive(Debug, Clone)]
struct Sent {
    key: String,
    person: u32,
    occurred: Timestamp,
    assigned: bool,
    acknowledged: bool,
}

/// Sends events about its own people, one call after the other, as long as the program answers.
struct Hand {
    site: Arc<Site>,
    url: String,
    number: u32,
    rng: Rng,
    time: Arc<AtomicI64>,
}

fn person_id(person: u32) -> String {
    format!("00uPERSON{person:02}")
}

impl Hand {
    async fn work(mut self, program: Arc<Program>) -> Vec<Sent> {
        let mut sent = Vec::new();
        loop {
            let batch = self.rng.u8(0..4) == 0;
            let events: Vec<Sent> = (0..if batch { 8 } else { 1 }).map(|_| self.event()).collect();
            let request = if batch {
                let event = |event: &Sent| {
                    let email = format!("person{}@sandbox.example", event.person);
                    let occurred = event.occurred.to_string();
                    membership(event.assigned, &person_id(event.person), &email, &event.key, &occurred)
                };
                self.site.hook(&program, events.iter().map(event).collect())
            } else {
                self.card(&program, &events[0])
            };
            let acknowledged = request.send().await.is_ok_and(|answer| answer.status().is_success());
            sent.extend(events.into_iter().map(|event| Sent { acknowledged, ..event }));
            if !acknowledged {
                return sent;
            }
            tokio::time::sleep(Duration::from_millis(self.rng.u64(0..40))).await;
        }
    }

    /// An event of one of this hand's people, later than every event before it.
    fn event(&mut self) -> Sent {
        let person = self.number + HANDS * self.rng.u32(0..PEOPLE / HANDS);
        let at = self.time.fetch_add(1, Ordering::Relaxed);
        Sent {
            key: format!("event-{at}"),
            person,
            occurred: Timestamp::from_millisecond(at).expect("in range"),
            assigned: self.rng.u8(0..5) < 3,
            acknowledged: false,
        }
    }

    fn card(&self, program: &Program, event: &Sent) -> reqwest::RequestBuilder {
        let (person, key, occurred) = (person_id(event.person), &event.key, event.occurred);
        debug_assert_eq!(self.url, program.url);
        if event.assigned {
            let body = json!({"user": user(event.person), "eventId": key, "occurredAt": occurred});
            return self.site.card(program, Method::PUT, &person).header("Prefer", "wait=0").json(&body);
        }
        let target = format!("{person}?eventId={key}&occurredAt={occurred}");
        self.site.card(program, Method::DELETE, &target).header("Prefer", "wait=0")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_program_is_killed_at_any_moment() {
    is_killed_at_any_moment(Site::new().await, ROUNDS).await;
}

/// Whoever a killed process had at work waits for the end of its lease here, half a minute.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_postgresql_either() {
    is_killed_at_any_moment(Site::on_postgres().await, ROUNDS / 3).await;
}

async fn is_killed_at_any_moment(site: Site, rounds: u64) {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let site = Arc::new(site);
    let time = Arc::new(AtomicI64::new(site_time()));
    let mut sent: Vec<Sent> = Vec::new();
    for round in 0..rounds {
        if round % 3 == 0 && round > 0 {
            site.forget_the_pacing();
        }
        site.latency(Duration::from_millis(rng.u64(5..=30))).await;
        if round % 6 == 5 {
            // Killed while it starts.
            let program = site.spawn();
            tokio::time::sleep(Duration::from_millis(rng.u64(1..150))).await;
            program.kill();
            continue;
        }
        let program = Arc::new(site.start().await);
        let hands: Vec<_> = (0..HANDS)
            .map(|number| {
                let (url, rng) = (program.url.clone(), rng.fork());
                let hand = Hand { site: Arc::clone(&site), url, number, rng, time: Arc::clone(&time) };
                tokio::spawn(hand.work(Arc::clone(&program)))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(rng.u64(5..700))).await;
        program.kill_now();
        for hand in hands {
            sent.extend(hand.await.expect("a hand ends"));
        }
    }
    site.forget_the_pacing();
    let program = site.start().await;
    site.wait_until_all_is_done(&program, Duration::from_secs(90)).await;
    everybody_is_as_wished(&site, &program, &sent, usize::try_from(rounds).expect("few") * 3).await;
    let stats = site.stats().await;
    assert_eq!(stats["violationCount"], 0, "{stats:#}");
    let created = stats["createdPerEmail"].as_object().expect("per e-mail");
    assert!(created.values().all(|times| times.as_u64() <= Some(1)), "{created:?}");
    assert_eq!(program.stop().await, Some(0));
    every_acknowledged_event_is_stored_once(&site, &sent);
}

/// An hour ago, in milliseconds: events of the test lie between then and now.
fn site_time() -> i64 {
    okta_lineworks::clock::Clock::system().now().as_millisecond() - 3_600_000
}

async fn everybody_is_as_wished(site: &Site, program: &Program, sent: &[Sent], least: usize) {
    let mut people: BTreeMap<u32, Vec<&Sent>> = BTreeMap::new();
    for event in sent {
        people.entry(event.person).or_default().push(event);
    }
    let acknowledged = sent.iter().filter(|event| event.acknowledged).count();
    println!("{} events sent, {acknowledged} acknowledged, {} people", sent.len(), people.len());
    assert!(acknowledged > least && acknowledged < sent.len(), "the test did not test: {acknowledged}/{}", sent.len());
    for (person, events) in people {
        let Some(newest) = events.iter().filter(|event| event.acknowledged).max_by_key(|event| event.occurred) else {
            continue;
        };
        let row = site.row(program, &person_id(person)).await;
        let stored: Timestamp =
            row["membership"]["occurredAt"].as_str().and_then(|at| at.parse().ok()).expect("a membership");
        assert!(stored >= newest.occurred, "acknowledged and lost: {newest:?}, but {row:#}");
        let winner = events.iter().find(|event| event.occurred == stored).expect("an event of this test");
        assert_eq!(row["state"], "settled", "{row:#}");
        let member = site.member(&person_id(person)).await;
        match (&member, winner.assigned) {
            (Some(member), true) => {
                assert_eq!((&member["isSuspended"], &member["isDeleted"]), (&json!(false), &json!(false)), "{row:#}");
            }
            (Some(member), false) => assert_eq!(member["isSuspended"], true, "{row:#}"),
            (None, assigned) => assert!(!assigned, "there is no member: {row:#}"),
        }
    }
}

fn every_acknowledged_event_is_stored_once(site: &Site, sent: &[Sent]) {
    for event in sent {
        let stored = site.query(&format!("SELECT count(*) FROM events WHERE event_key = '{}'", event.key));
        let right = if event.acknowledged { stored == 1 } else { stored <= 1 };
        assert!(right, "stored {stored} times: {event:?}");
    }
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'running'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_whose_answer_was_lost_with_the_process_is_known_to_be_ours() {
    let site = Site::new().await;
    let program = site.start().await;
    let put = |program: &Program| site.card(program, Method::PUT, "00uTARO").json(&json!({"user": user(1)}));
    assert_eq!(put(&program).answer().await.status, 200);
    site.fault(json!({"operation": "users.suspend", "kind": "hangAfter"})).await;
    let answer = site.card(&program, Method::DELETE, "00uTARO").header("Prefer", "wait=0").answer().await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let deadline = Instant::now() + Duration::from_secs(5);
    while site.member("00uTARO").await.expect("exists")["isSuspended"] != true {
        assert!(Instant::now() < deadline, "never suspended\n{}", program.log());
    }
    program.kill();
    site.heal().await;

    let program = site.start().await;
    let answer = put(&program).answer().await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    assert_eq!(site.member("00uTARO").await.expect("exists")["isSuspended"], false);
    let row = site.row(&program, "00uTARO").await;
    assert_eq!(row["history"]["attempts"][0]["steps"][0]["step"], "resume", "{row:#}");
    assert_eq!(site.stats().await["violationCount"], 0);
}

/// The program sends this call, whose effect is late, and is killed before it comes.
async fn is_killed_during(site: &Site, operation: &str, person: &str, user: Value) {
    let program = site.start().await;
    // Later than the call is given up (1 s), and in the two seconds that are waited after that.
    site.fault(json!({"operation": operation, "kind": "lateEffect", "delayMs": 2_500, "times": 1})).await;
    let put = site.card(&program, Method::PUT, person).header("Prefer", "wait=0").json(&json!({ "user": user }));
    assert_eq!(put.answer().await.status, 202);
    let deadline = Instant::now() + Duration::from_secs(5);
    while site.stats().await["requests"][operation] != 1 {
        assert!(Instant::now() < deadline, "never asked\n{}", program.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    program.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_effect_of_a_killed_program_meets_no_call_of_the_next_one() {
    let site = Site::new().await;
    is_killed_during(&site, "users.create", "00uTARO", user(1)).await;
    let program = site.start().await;
    site.wait_until_all_is_done(&program, Duration::from_secs(20)).await;
    let stats = site.stats().await;
    assert_eq!(stats["violationCount"], 0, "{stats:#}");
    assert_eq!((&stats["membersEverCreated"], &stats["requests"]["users.create"]), (&json!(1), &json!(1)), "{stats:#}");
}

async fn an_org_unit_of_a_killed_program_is_not_made_again(site: Site) {
    site.configure("[lineworks]\nscope = \"user orgunit\"\n[placement]\ncreate_org_units = true\n");
    let placed = |n| {
        let mut user = user(n);
        user["organizations"] = json!([{"orgUnits": [{"orgUnitId": "name:新規事業部"}]}]);
        user
    };
    is_killed_during(&site, "orgunits.create", "00uTARO", placed(1)).await;
    let program = site.start().await;
    // Somebody else whom nothing keeps waiting needs the very same one.
    let put = site.card(&program, Method::PUT, "00uHANAKO").header("Prefer", "wait=0");
    assert_eq!(put.json(&json!({"user": placed(2)})).answer().await.status, 202);
    site.wait_until_all_is_done(&program, Duration::from_secs(60)).await;
    let stats = site.stats().await;
    assert_eq!((&stats["violationCount"], &stats["requests"]["orgunits.create"]), (&json!(0), &json!(1)), "{stats:#}");
    for person in ["00uTARO", "00uHANAKO"] {
        let row = site.row(&program, person).await;
        assert_eq!(row["state"], "settled", "{row:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_unit_that_may_come_into_being_after_a_kill_is_not_made_again() {
    an_org_unit_of_a_killed_program_is_not_made_again(Site::new().await).await;
}

/// The dead replica's turn lasts for half a minute here.
#[tokio::test(flavor = "multi_thread")]
async fn nor_is_it_on_postgresql() {
    an_org_unit_of_a_killed_program_is_not_made_again(Site::on_postgres().await).await;
}

/// Starts the program so that a file that may not grow is an error to it, and not its end.
fn shielded() -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(env!("CARGO_BIN_EXE_okta-lineworks"));
    shell
}

async fn start_shielded(site: &Site) -> Program {
    let mut program = site.spawn_as(shielded(), &[]);
    program.wait_until_it_serves(&site.http, "http").await;
    program
}

async fn put(site: &Site, program: &Program, person: u32) -> crate::support::Answer {
    let request = site.card(program, Method::PUT, &person_id(person)).header("Prefer", "wait=0");
    request.json(&json!({"user": user(person), "eventId": format!("card-{person}")})).answer().await
}

async fn deliver(site: &Site, program: &Program, people: std::ops::Range<u32>) -> u16 {
    let event = |person: u32| {
        let email = format!("person{person}@sandbox.example");
        membership(true, &person_id(person), &email, &format!("hook-{person}"), "2026-04-01T00:00:00.000Z")
    };
    site.hook(program, people.map(event).collect()).answer().await.status.as_u16()
}

/// While no file may grow beyond this, every call is turned away and says so in the way its caller understands.
async fn is_turned_away(site: &Site, program: &Program, person: u32) {
    let card = put(site, program, person).await;
    assert_eq!((card.status.as_u16(), card.headers["retry-after"].as_bytes()), (429, &b"5"[..]), "{card:?}");
    assert_eq!(card.body["code"], "not_now");
    assert_eq!(deliver(site, program, person..person + 10).await, 503, "{}", program.log());
    assert_eq!(site.look(program, "/readyz").await.status, 503);
    assert_eq!(site.look(program, "/livez").await.status, 200);
    let unknown = site.look(program, &format!("/v1/assignments/{}", person_id(person))).await;
    assert_eq!(unknown.status, 404, "something of a refused call was stored: {unknown:?}");
}

/// The size at which the next frame of the log is written by half. All of the log is moved into the ledger shortly after
/// the last write, and the next one begins it anew.
async fn half_a_frame(site: &Site) -> u64 {
    let wal = site.folder().join("ledger.db-wal");
    assert!(wal.exists(), "the ledger is in WAL mode");
    tokio::time::sleep(Duration::from_secs(1)).await;
    2500
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_turns_every_call_away_and_heals_without_a_restart() {
    let site = Site::new().await;
    let program = start_shielded(&site).await;
    assert_eq!(put(&site, &program, 1).await.status, 202);
    site.wait_until_all_is_done(&program, Duration::from_secs(5)).await;
    // The next frame of the log is written by half; later not one byte is.
    for bytes in [half_a_frame(&site).await, 1] {
        program.limit_files(&bytes.to_string());
        is_turned_away(&site, &program, 30).await;
    }
    let refusals = program.log().matches("the ledger refused a write").count();
    assert!((1..=2).contains(&refusals), "one alarm, not a line per write: {refusals}\n{}", program.log());
    program.limit_files("unlimited");
    let ready = site.look(&program, "/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}\n{}", program.log());
    assert_eq!(put(&site, &program, 30).await.status, 202);
    assert_eq!(deliver(&site, &program, 31..41).await, 204);
    site.wait_until_all_is_done(&program, Duration::from_secs(20)).await;
    assert!(site.member(&person_id(30)).await.is_some());
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(site.query("SELECT count(*) FROM events"), 12);
    assert_eq!(site.query("SELECT count(*) FROM assignments WHERE state = 'settled'"), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_disk_is_full_loses_nothing_acknowledged() {
    let site = Site::new().await;
    let program = start_shielded(&site).await;
    for person in 1..=5 {
        assert_eq!(put(&site, &program, person).await.status, 202);
    }
    program.limit_files(&half_a_frame(&site).await.to_string());
    is_turned_away(&site, &program, 30).await;
    program.kill();

    let program = site.start().await;
    site.wait_until_all_is_done(&program, Duration::from_secs(20)).await;
    for person in 1..=5 {
        assert!(site.member(&person_id(person)).await.is_some(), "{person} was acknowledged and lost");
    }
    assert_eq!(site.stats().await["violationCount"], 0);
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(site.query("SELECT count(*) FROM events"), 5);
}
