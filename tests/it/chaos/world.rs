//! The world of one run: the processes, the clock they share, the networks between them, and the test's own memory.
//!
//! Everything is in one folder, which is kept when a run fails.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::book::Book;
use super::replicas::Replica;
use super::schedule::{LATE_MS, Schedule};
use super::{Ledger, Plan};
use crate::support::ahead::Ahead;
use crate::support::cluster::{Cluster, Stop};
use crate::support::postgres::Database;
use crate::support::process::{Program, Site, client};
use crate::support::{Answer, ReadAnswer, install_crypto};

/// What the configuration says beside the usual: a lease lasts 30 s then, and the grace after it 2 s.
/// The bucket is small, so that people are in the middle of their runs, waiting for a slot, whenever something happens.
const SETTINGS: &str = "[lineworks]\ncall_timeout = '2s'\n[pacing]\nper_minute = 240\nburst = 60\n\
     [log]\nformat = 'json'\nfilter = 'info'\n";
/// Calls of one kind a minute that LINE WORKS takes: what a full bucket and a minute's filling are together. One bucket per
/// process would be three times as much.
const QUOTA: u32 = 300;
/// Longer than a lease and its grace.
pub const LEASE_OVER: Duration = Duration::from_secs(34);
/// How long everything there is may take.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct World {
    pub(super) plan: Plan,
    pub(super) schedule: Schedule,
    pub(super) book: Book,
    pub(super) site: Site,
    pub(super) replicas: Vec<Replica>,
    /// Who takes calls, and where.
    pub(super) addresses: RwLock<Vec<Option<String>>>,
    pub(super) cluster: Option<Cluster>,
    /// Whoever does something to PostgreSQL holds it.
    pub(super) database: tokio::sync::Mutex<Option<Database>>,
    pub(super) ahead: Ahead,
    /// What every clock is ahead of the real time, in seconds.
    ahead_seconds: AtomicI64,
    tally: Mutex<BTreeMap<&'static str, u64>>,
    /// From when to when something was done to a process or a network, on the clock of all.
    pub(super) disturbed: Mutex<Vec<(Timestamp, Timestamp)>>,
    /// When a replica that had stood still past its lease went on, on the clock of all.
    pub(super) woken: Mutex<Vec<Timestamp>>,
    sandbox: Program,
    folder: PathBuf,
}

impl World {
    /// Everything is there, and nobody has the app.
    pub(super) async fn begin(plan: Plan, schedule: Schedule) -> Self {
        install_crypto();
        let mut folder = tempfile::Builder::new()
            .prefix(&format!("okta-lineworks-chaos-{}-", plan.seed))
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .expect("a temporary folder");
        // It goes when all went well.
        folder.disable_cleanup(true);
        let path = folder.path().to_owned();
        println!("logs and databases are in {}, and stay there when the run fails", path.display());
        let ahead = Ahead::build(&path);
        let (cluster, database) = match plan.ledger {
            Ledger::Sqlite => (None, None),
            Ledger::Postgres => {
                let cluster = Cluster::make(&path.join("postgres"), &[]).with_environment(ahead.environment(0));
                cluster.start();
                cluster.end_with(std::process::id(), None);
                let database = Database::of(&cluster);
                (Some(cluster), Some(database))
            }
        };
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.envs(ahead.environment(0));
        let http = client();
        let sandbox = Program::sandbox(command, path.join("sandbox.log"), &http).await;
        let site = Site::beside(&sandbox, folder, None, SETTINGS).await;
        let mut replicas = Vec::new();
        for number in 0..plan.replicas() {
            replicas.push(Replica::new(number, database.as_ref()).await);
        }
        let begin = okta_lineworks::clock::Clock::system().now() - SignedDuration::from_hours(1);
        let world = Self {
            plan,
            book: Book::of(&schedule.wishes, begin),
            schedule,
            site,
            addresses: RwLock::new(vec![None; replicas.len()]),
            replicas,
            cluster,
            database: tokio::sync::Mutex::new(database),
            ahead,
            ahead_seconds: AtomicI64::new(0),
            tally: Mutex::default(),
            disturbed: Mutex::default(),
            woken: Mutex::default(),
            sandbox,
            folder: path,
        };
        let window = if plan.seed.is_multiple_of(2) { "fixed" } else { "sliding" };
        world.expect(Method::PATCH, "switches", json!({"quotaPerMinute": QUOTA, "rateWindow": window})).await;
        for number in 0..world.replicas.len() {
            world.start(number).await;
        }
        world
    }

    /// Ends a run that went well.
    pub(super) async fn end(&self) {
        for number in 0..self.replicas.len() {
            self.stop(number).await;
        }
        // Dropped while its server runs.
        drop(self.database.lock().await.take());
        if let Some(cluster) = &self.cluster {
            cluster.stop(Stop::Fast);
        }
        self.sandbox.kill_now();
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }

    // --- what happens ------------------------------------------------------------------------------------------------

    /// Everything of the schedule, each at its time.
    pub(super) async fn let_it_happen(self: &Arc<Self>) {
        let (begin, mut all) = (Instant::now(), JoinSet::new());
        for (n, (at, call)) in self.schedule.calls.iter().cloned().enumerate() {
            let (this, rng) = (Arc::clone(self), Rng::with_seed(self.plan.seed ^ (n as u64) << 20));
            all.spawn(async move {
                tokio::time::sleep_until(begin + at).await;
                this.call(call, rng).await;
            });
        }
        for (at, deed) in self.schedule.deeds.iter().cloned() {
            let this = Arc::clone(self);
            all.spawn(async move {
                tokio::time::sleep_until(begin + at).await;
                this.do_it(deed).await;
            });
        }
        while let Some(done) = all.join_next().await {
            done.expect("no fault of the test's own");
        }
    }

    pub(super) fn count(&self, what: &'static str) {
        self.count_more(what, 1);
    }

    pub(super) fn count_more(&self, what: &'static str, times: u64) {
        *self.tally.lock().expect("nobody panics with it").entry(what).or_default() += times;
    }

    pub(super) fn counted(&self, what: &str) -> u64 {
        self.tally.lock().expect("nobody panics with it").get(what).copied().unwrap_or(0)
    }

    pub(super) fn tally(&self) -> String {
        format!("{:?}\nanswers: {:?}", self.tally.lock().expect("nobody panics with it"), self.book.answers())
    }

    // --- the sandbox -------------------------------------------------------------------------------------------------

    /// Says something to a control endpoint of the sandbox that cannot be refused.
    pub(super) async fn expect(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.site.http.request(method, format!("{}/_sandbox/{path}", self.site.sandbox_url()));
        let answer: Answer = if body.is_null() { request.answer().await } else { request.json(&body).answer().await };
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    // --- time --------------------------------------------------------------------------------------------------------

    /// So many seconds go by at once: for LINE WORKS, for the database, for the program.
    pub(super) fn time_goes_by(&self, seconds: u32) {
        let before = self.ahead_seconds.fetch_add(i64::from(seconds), Ordering::Relaxed);
        self.ahead.set(before + i64::from(seconds));
    }

    /// The time of all.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead_seconds.load(Ordering::Relaxed));
        okta_lineworks::clock::Clock::system().now() + ahead
    }

    /// Something was done to a process or a network, from then on and until now.
    pub(super) fn was_disturbed(&self, begin: Timestamp) {
        self.disturbed.lock().expect("nobody panics with it").push((begin, self.now()));
    }

    // --- the end -----------------------------------------------------------------------------------------------------

    /// Nothing fails any more, everything is up, and there is time for what waits.
    pub(super) async fn calm_down(&self) {
        let faults = self.expect(Method::GET, "faults", Value::Null).await;
        for fault in faults["faults"].as_array().expect("a list").iter().filter(|it| it["kind"] == "unauthorized") {
            self.count_more("401 that did not strike", fault["times"].as_u64().expect("a number"));
        }
        self.expect(Method::DELETE, "faults", Value::Null).await;
        self.expect(Method::PATCH, "switches", json!({"latencyMs": 0})).await;
        // What is late has its effect before minutes go by at once.
        tokio::time::sleep(Duration::from_millis(LATE_MS.end)).await;
        self.until_all_is_done().await;
        // Who had an unclear outcome is looked at once more a minute later.
        for _ in 0..2 {
            self.time_goes_by(61);
            self.until_all_is_done().await;
        }
    }

    /// Whoever left is deleted now.
    pub(super) async fn the_delay_goes_by(&self) {
        for _ in 0..2 {
            self.time_goes_by(3_700);
            self.until_all_is_done().await;
        }
    }

    /// Nobody is due, at work or waiting. Minutes of quota go by meanwhile, but not while everybody who is left is at work:
    /// somebody whose process died is taken over by a replica that saw no clock jump for as long as a lease lasts.
    async fn until_all_is_done(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut quiet = 0;
        for looks in 1.. {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let ready = self.look("/readyz").await;
            let states = &ready["queue"]["states"];
            let [due, waiting, running] =
                ["due", "waiting", "running"].map(|state| states[state].as_u64().unwrap_or(0));
            let left = due + waiting + running;
            // Replicas look at the database's clock every few seconds: who fell due by its last move is counted only then.
            quiet = if left == 0 && ready["queue"]["dueNow"] == 0 { quiet + 1 } else { 0 };
            if quiet > 8 {
                return;
            }
            assert!(Instant::now() < deadline, "still so after {PATIENCE:?}: {ready:#}\n{}", self.tally());
            if due + waiting > 0 && u32::is_multiple_of(looks, 3) {
                self.time_goes_by(60);
            }
        }
    }

    /// What an operator is told by some replica.
    pub(super) async fn look(&self, target: &str) -> Value {
        let url = self.any_replica(&mut Rng::new()).expect("all are up");
        self.site.look_at(&url, target).await.body
    }
}
