//! A PostgreSQL database that takes no writes, for whatever reason: every call is turned away in the way its caller
//! understands, nothing acknowledged is lost, and the program goes on by itself. (The same of SQLite's file: `crash`.)
//!
//! Each test has a cluster of its own.

use std::ops::Range;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::support::cluster::{Cluster, Stop};
use crate::support::postgres::Database;
use crate::support::process::{Program, Site};
use crate::support::{Answer, ReadAnswer, membership, user};

/// A database has this long to come back, and the program to notice.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program and the cluster that its ledger is in.
struct Bench {
    site: Site,
    program: Program,
    cluster: Cluster,
    /// Of the cluster.
    _folder: TempDir,
}

impl Bench {
    async fn new(for_initdb: &[&str]) -> Self {
        let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open_to_all).tempdir().expect("a temporary folder");
        let cluster = Cluster::make(&folder.path().join("postgres"), for_initdb);
        cluster.start();
        cluster.end_with(std::process::id(), Some(folder.path()));
        let site = Site::on_database(Database::of(&cluster)).await;
        let program = site.start().await;
        Self { site, program, cluster, _folder: folder }
    }

    async fn put(&self, person: u32) -> Answer {
        let request = self.site.card(&self.program, Method::PUT, &format!("00uPERSON{person}"));
        let body = json!({"user": user(person), "eventId": format!("card-{person}")});
        request.header("Prefer", "wait=0").json(&body).answer().await
    }

    /// Delivers events of people of the hook's own.
    async fn deliver(&self, events: Range<u32>) -> u16 {
        let event = |n: u32| {
            let (person, email) = (format!("00uHOOKED{}", n % 50), format!("hooked{}@sandbox.example", n % 50));
            membership(true, &person, &email, &format!("hook-{n}"), "2026-04-01T00:00:00.000Z")
        };
        self.site.hook(&self.program, events.map(event).collect()).answer().await.status.as_u16()
    }

    fn told_to_come_again(&self, card: &Answer) {
        assert_eq!(card.status, 429, "{card:?}");
        assert!(card.headers.contains_key("retry-after") && card.body["code"] == "not_now", "{card:?}");
    }

    async fn is_turned_away(&self) {
        let card = self.put(999).await;
        self.told_to_come_again(&card);
        assert_eq!(self.deliver(900_000..900_010).await, 503, "{}", self.program.log());
        assert_eq!(self.site.look(&self.program, "/livez").await.status, 200);
    }

    /// The same where the database does not even answer questions, or says that it is read-only.
    async fn is_away(&self) {
        self.is_turned_away().await;
        assert_eq!(self.site.look(&self.program, "/readyz").await.status, 503);
    }

    /// Cards are taken in again, and what was told is done.
    async fn goes_on(&self, person: u32) {
        let deadline = Instant::now() + PATIENCE;
        while self.put(person).await.status != 202 {
            assert!(Instant::now() < deadline, "it does not go on\n{}", self.program.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.site.wait_until_all_is_done(&self.program, PATIENCE).await;
        assert!(self.site.member(&format!("00uPERSON{person}")).await.is_some());
    }

    /// Stops the program: these were acknowledged, and what was turned away is nowhere.
    async fn has_stored(self, events: i64) {
        assert_eq!(self.program.stop().await, Some(0));
        let keyed = "SELECT count(*) FROM events WHERE event_key IS NOT NULL";
        assert_eq!(self.site.query(keyed), events);
        assert_eq!(self.site.query(&format!("{keyed} AND (event_key = 'card-999' OR event_key LIKE 'hook-9000%')")), 0);
        assert_eq!(self.site.query("SELECT count(*) FROM assignments WHERE state <> 'settled'"), 0);
        let stats = self.site.stats().await;
        assert_eq!(stats["violationCount"], 0, "{stats:#}");
        drop(self.site);
        self.cluster.stop(Stop::Immediate);
    }
}

/// No file of the database may grow beyond a megabyte; those of its log are as large from the start.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_turns_every_call_away_and_goes_on_when_there_is_space() {
    let bench = Bench::new(&["--wal-segsize=1"]).await;
    assert_eq!(bench.put(1).await.status, 202);
    bench.site.wait_until_all_is_done(&bench.program, PATIENCE).await;
    bench.cluster.limit_files(&(1 << 20).to_string());
    let mut stored = 0;
    while bench.deliver(stored..stored + 100).await == 204 {
        stored += 100;
        assert!(stored < 50_000, "the database is never full");
    }
    // The last pages are filled by single events and cards, until there is room for neither; room that a refused write left
    // behind is found now and then.
    let mut cards = 0;
    let refused = loop {
        let (hook, card) = (bench.deliver(stored..stored + 1).await, bench.put(100 + cards).await);
        stored += u32::from(hook == 204);
        cards += u32::from(card.status == 202);
        if hook != 204 && card.status != 202 {
            break (hook, card);
        }
        assert!(cards < 800, "the database is never full");
    };
    assert_eq!(refused.0, 503, "{}", bench.program.log());
    bench.told_to_come_again(&refused.1);
    assert_eq!(bench.site.look(&bench.program, "/livez").await.status, 200);
    bench.cluster.limit_files("unlimited");
    bench.goes_on(2).await;
    assert_eq!(bench.deliver(stored..stored + 100).await, 204);
    bench.site.wait_until_all_is_done(&bench.program, PATIENCE).await;
    bench.has_stored(i64::from(stored + cards) + 102).await;
}

/// As a managed database does when its disk is nearly full, and as a standby is before and after a fail-over.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_became_read_only_turns_every_call_away_until_it_can_be_written_again() {
    let bench = Bench::new(&[]).await;
    assert_eq!(bench.put(1).await.status, 202);
    bench.site.wait_until_all_is_done(&bench.program, PATIENCE).await;
    bench.cluster.stop(Stop::Fast);
    bench.cluster.touch("standby.signal");
    bench.cluster.start();
    bench.is_away().await;
    bench.cluster.control(&["promote", "-w"]);
    bench.goes_on(2).await;

    bench.cluster.stop(Stop::Fast);
    bench.cluster.start_with(&["default_transaction_read_only=on"]);
    bench.is_away().await;
    bench.cluster.stop(Stop::Fast);
    bench.cluster.start();
    bench.goes_on(3).await;
    bench.has_stored(3).await;
}

/// Away when the program starts: it ends with a text, for whatever starts it again. Away for longer than a lease while a call
/// to LINE WORKS is under way: what came of the call is written down when the database is back, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_long_is_waited_for() {
    let bench = Bench::new(&[]).await;
    bench.site.fault(json!({"operation": "users.create", "kind": "slow", "delayMs": 800, "times": 1})).await;
    assert_eq!(bench.put(1).await.status, 202);
    let deadline = Instant::now() + PATIENCE;
    while bench.site.stats().await["requests"]["users.create"].is_null() {
        assert!(Instant::now() < deadline, "nobody was worked on\n{}", bench.program.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.cluster.stop(Stop::Immediate);
    let gone = Instant::now();
    let another = bench.site.run(&["serve"]);
    assert_ne!(another.code, Some(0));
    assert!(another.said.contains("refused"), "{}", another.said);
    while gone.elapsed() < Duration::from_secs(36) {
        bench.is_away().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    bench.cluster.start();
    bench.goes_on(2).await;
    let stats = bench.site.stats().await;
    assert_eq!((&stats["requests"]["users.create"], &stats["membersEverCreated"]), (&json!(2), &json!(2)), "{stats:#}");
    bench.has_stored(2).await;
}
