//! Clocks that jump by an hour, ahead and back, while the program works: a replica's own, the database's, and the one of the
//! machine with a SQLite file. Nobody is taken away from who works on them, nobody is deleted before their time by more than
//! the clock jumped, and nothing stands still for longer than a lease.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::support::ahead::Ahead;
use crate::support::cluster::{Cluster, Stop};
use crate::support::postgres::Database;
use crate::support::process::{Program, Site};
use crate::support::{ReadAnswer, user};

const HOUR: i64 = 3_600;
/// Longer than a lease and its grace, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// The delay before a deletion is longer than any jump here, and the wait after a failure long enough to jump in it.
const SETTINGS: &str = "[unassign]\ndelete_after = '3h'\n[converge]\nretry_first = '8s'\nretry_longest = '8s'\n";

/// Programs whose wall clock the test moves.
struct Bench {
    site: Site,
    clock: Ahead,
    programs: Vec<Program>,
}

impl Bench {
    async fn new(database: Option<Database>, clock: Ahead, programs: usize) -> Self {
        let site = match database {
            Some(database) => Site::on_database(database).await,
            None => Site::new().await,
        };
        site.configure(SETTINGS);
        let mut bench = Self { site, clock, programs: Vec::new() };
        for _ in 0..programs {
            bench.start().await;
        }
        bench
    }

    /// One more program, with the clock that jumps.
    async fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.envs(self.clock.environment(0));
        let mut program = self.site.spawn_as(command, &[]);
        program.wait_until_it_serves(&self.site.http, "http").await;
        self.programs.push(program);
    }

    async fn tell(&self, method: Method, person: &str, n: u32) {
        let is_put = method == Method::PUT;
        let card = self.site.card(&self.programs[0], method, person).header("Prefer", "wait=0");
        let card = if is_put { card.json(&json!({ "user": user(n) })) } else { card };
        let answer = card.answer().await;
        assert_eq!(answer.status, 202, "{answer:?}\n{}", self.programs[0].log());
    }

    /// Asks the ledger itself: what the program counts is what falls due within an hour, by a clock that jumps here.
    async fn until_all_is_done(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.site.query("SELECT count(*) FROM assignments WHERE state IN ('due', 'running', 'waiting')") > 0 {
            assert!(Instant::now() < deadline, "not done after {PATIENCE:?}\n{}", self.programs[0].log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Somebody left some time ago, and is suspended.
    async fn somebody_left(&self) {
        self.tell(Method::PUT, "00uLEAVER", 1).await;
        self.until_all_is_done().await;
        self.tell(Method::DELETE, "00uLEAVER", 1).await;
        self.until_all_is_done().await;
        assert_eq!(self.site.member("00uLEAVER").await.expect("exists")["isSuspended"], true);
    }

    /// The clock jumps while somebody waits after a failure and another one's call to LINE WORKS is under way; both are done
    /// soon after.
    async fn jumps_to(&mut self, ahead: i64, n: u32) {
        let (busy, waiting) = (format!("00uBUSY{n}"), format!("00uWAITING{n}"));
        self.site.fault(json!({"operation": "users.get", "kind": "status", "status": 503, "times": 1})).await;
        self.tell(Method::PUT, &waiting, n).await;
        let deadline = Instant::now() + PATIENCE;
        while self.site.row(&self.programs[0], &waiting).await["state"] != "waiting" {
            assert!(Instant::now() < deadline, "nobody was worked on\n{}", self.programs[0].log());
        }
        self.site.fault(json!({"operation": "users.create", "kind": "slow", "delayMs": 900, "times": 1})).await;
        let before = self.creates().await;
        self.tell(Method::PUT, &busy, n + 1).await;
        while self.creates().await == before {
            assert!(Instant::now() < deadline, "nobody was worked on\n{}", self.programs[0].log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.clock.set(ahead);
        // Somebody who came right now knows of no jump.
        self.start_another_if_it_may().await;
        self.until_all_is_done().await;
        for person in [&busy, &waiting] {
            assert!(self.site.member(person).await.is_some(), "{person} at {ahead}");
        }
        let leaver = self.site.member("00uLEAVER").await.expect("exists");
        assert_eq!((&leaver["isSuspended"], &leaver["isDeleted"]), (&json!(true), &json!(false)), "at {ahead}");
    }

    async fn creates(&self) -> u64 {
        self.site.stats().await["requests"]["users.create"].as_u64().unwrap_or(0)
    }

    async fn start_another_if_it_may(&mut self) {
        if self.programs.len() > 1 {
            self.start().await;
        }
    }

    /// Every claim ended in a record: nobody was taken away from whoever worked on them.
    async fn no_lease_was_stolen(mut self) {
        for program in self.programs.drain(..) {
            assert_eq!(program.stop().await, Some(0));
        }
        let stolen =
            "SELECT CAST((SELECT sum(lease_number) FROM assignments) - (SELECT count(*) FROM attempts) AS BIGINT)";
        assert_eq!(self.site.query(stolen), 0);
        let stats = self.site.stats().await;
        assert_eq!(stats["violationCount"], 0, "{stats:#}");
    }
}

fn folder() -> TempDir {
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    tempfile::Builder::new().permissions(open_to_all).tempdir().expect("a temporary folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replicas_own_clock_may_jump_as_it_likes() {
    let folder = folder();
    let mut bench = Bench::new(Some(Database::new()), Ahead::build(folder.path()), 2).await;
    bench.somebody_left().await;
    bench.jumps_to(HOUR, 10).await;
    bench.jumps_to(-HOUR, 20).await;
    bench.no_lease_was_stolen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_databases_clock_may_jump_by_an_hour() {
    let folder = folder();
    let clock = Ahead::build(folder.path());
    let cluster = Cluster::make(&folder.path().join("postgres"), &[]).with_environment(clock.environment(0));
    cluster.start();
    cluster.end_with(std::process::id(), None);
    let mut bench = Bench::new(Some(Database::of(&cluster)), clock, 2).await;
    bench.somebody_left().await;
    bench.jumps_to(HOUR, 10).await;
    bench.jumps_to(0, 20).await;
    bench.no_lease_was_stolen().await;
    cluster.stop(Stop::Immediate);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_machine_with_a_file_may_jump_by_an_hour() {
    let folder = folder();
    let mut bench = Bench::new(None, Ahead::build(folder.path()), 1).await;
    bench.somebody_left().await;
    bench.jumps_to(HOUR, 10).await;
    bench.jumps_to(0, 20).await;
    bench.no_lease_was_stolen().await;
}
