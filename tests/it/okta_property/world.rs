//! The world of one schedule: the two sandboxes, the program in its lives, the clocks of all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Hook, Variant};
use crate::support::ahead::Ahead;
use crate::support::door::Door;
use crate::support::process::{HOOK, Program, Site};
use crate::support::{Answer, ReadAnswer};

/// How long a person who left stays suspended.
const DELETE_AFTER: &str = "1d";
/// Longer than any call of a dead program can still take effect (the faults' longest delay, and the latency).
const ECHO: Duration = Duration::from_millis(2000);
/// How long the program may take to do everything there is.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct World {
    pub(super) site: Site,
    pub(super) variant: Variant,
    pub(super) rng: Rng,
    pub(super) program: Option<Program>,
    pub(super) tally: BTreeMap<&'static str, u64>,
    /// Who had the app, and was active, from which moment on.
    pub(super) entitled: Vec<(Timestamp, BTreeSet<String>)>,
    /// Whether the app is off at this moment.
    pub(super) app_is_off: bool,
    /// Sandbox and program think it is this many seconds later than it is.
    ahead: u64,
    clock: Ahead,
    door: Door,
}

impl World {
    /// Everything is there, nobody is hired yet, and the System Log was read once.
    pub(super) async fn begin(variant: Variant, rng: Rng) -> Self {
        let site = Site::new().await;
        let cap = variant.cap;
        let okta = if variant.asks { site.okta_access() } else { String::new() };
        site.configure(&format!(
            "[okta]\n{okta}call_timeout = '1s'\ncatch_up_every = '10s'\n\
             [unassign]\ndelete_after = '{DELETE_AFTER}'\nmax_per_hour = {cap}\n\
             [lineworks]\ncall_timeout = '1s'\n[log]\nformat = 'json'\nfilter = 'info'\n"
        ));
        let (clock, door) = (Ahead::build(site.folder()), Door::open().await);
        let (tally, program) = (BTreeMap::new(), None);
        let mut world =
            Self { site, variant, rng, program, tally, entitled: Vec::new(), app_is_off: false, ahead: 0, clock, door };
        world.sender_has_its_habits().await;
        world.start().await;
        world.until_all_is_done().await;
        world
    }

    async fn sender_has_its_habits(&mut self) {
        let (loss, timeout) = if self.variant.hook == Hook::Faithful { (0, 20_000) } else { (20, 1_000) };
        let habits = json!({
            "rateLimitPerMinute": 1_000_000, "hookLossPercent": loss, "hookDuplicatePercent": 25, "hookDisorder": true,
            "hookJitterMs": 150, "hookBatchMs": 15, "hookTimeoutMs": timeout, "hookRetryGapMs": 30,
            "targetOrder": "shuffled", "inactiveAppUsers": if self.rng.bool() { "hidden" } else { "shown" },
            "userNameChange": self.rng.choice(["update", "removeAndAdd"]).filter(|_| self.variant.asks).unwrap_or("update"),
        });
        self.expect(Method::PATCH, "okta/switches", habits).await;
        if self.variant.hook != Hook::Silent {
            let uri = format!("{}/v1/okta/events", self.door.url);
            self.expect(Method::POST, "okta/hook", json!({"uri": uri, "secret": HOOK})).await;
        }
    }

    // --- the sandboxes -----------------------------------------------------------------------------------------------

    /// Says something to a control endpoint of the sandbox.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.site.http.request(method, format!("{}/_sandbox/{path}", self.site.sandbox_url()));
        if body.is_null() { request.answer().await } else { request.json(&body).answer().await }
    }

    /// The same, of what cannot be refused.
    pub(super) async fn expect(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// What time it is in the sandbox.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = i64::try_from(self.ahead).expect("in range");
        okta_lineworks::clock::Clock::system().now() + SignedDuration::from_secs(ahead)
    }

    // --- the program -------------------------------------------------------------------------------------------------

    /// Starts the program; nothing happens until it answers.
    pub(super) async fn start(&mut self) {
        let mut program = self.site.spawn_as(self.clock.program(self.ahead), &[]);
        program.wait_until_it_serves(&self.site.http, "http").await;
        self.door.leads_to(&program.url);
        self.program = Some(program);
        self.resume().await;
    }

    /// A life, a short or a long one: things happen while the program works.
    pub(super) async fn live(&mut self) {
        if self.program.is_none() {
            self.start().await;
        }
        for _ in 0..self.rng.u32(3..40) {
            self.something_happens().await;
            let pause = self.rng.u64(2..60);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// The program is killed, most often; sometimes it is stopped as a service is.
    pub(super) async fn die(&mut self) {
        self.suspend_the_sender().await;
        let program = self.program.take().expect("lives");
        if self.rng.u8(0..5) == 0 {
            self.count("stops");
            assert_eq!(program.stop().await, Some(0));
        } else {
            self.count("kills");
            program.kill();
            let cut = self.site.query("SELECT count(*) FROM assignments WHERE state = 'running'");
            *self.tally.entry("runs cut off").or_default() += cut.unsigned_abs();
        }
        if self.rng.u8(0..4) == 0 {
            self.count("kills at the start");
            let program = self.site.spawn_as(self.clock.program(self.ahead), &[]);
            let wait = self.rng.u64(1..250);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            program.kill();
        }
    }

    /// Things go on while the program is down, and most often some minutes go by.
    pub(super) async fn be_down(&mut self) {
        for _ in 0..self.rng.u32(0..8) {
            self.something_happens().await;
        }
        if self.rng.u8(0..3) < 2 {
            let seconds = self.rng.u64(30..1200);
            self.time_goes_by(seconds).await;
        }
        if self.rng.bool() {
            self.site.forget_the_pacing();
        }
        for _ in 0..self.rng.u32(0..4) {
            self.something_happens().await;
        }
    }

    /// Only while the program is down: its clock is set when it is started.
    async fn time_goes_by(&mut self, seconds: u64) {
        assert!(self.program.is_none(), "its clock stands");
        tokio::time::sleep(ECHO).await;
        self.count("moves of the clock");
        self.ahead += seconds;
        self.expect(Method::POST, "clock", json!({"advanceSeconds": seconds})).await;
    }

    /// Whose events must all arrive must not be down while they are sent.
    async fn suspend_the_sender(&self) {
        if self.variant.hook != Hook::Faithful {
            return;
        }
        self.expect(Method::POST, "okta/hook/pause", json!({"lose": false})).await;
        while self.expect(Method::GET, "okta/hook/stats", Value::Null).await["inFlight"] != 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn resume(&self) {
        self.expect(Method::POST, "okta/hook/resume", Value::Null).await;
    }

    // --- the end -----------------------------------------------------------------------------------------------------

    /// Nothing fails any more, everything is up, and there is time for what waits.
    pub(super) async fn calm_down(&mut self) {
        self.nothing_fails_any_more().await;
        for minutes in [20, 10] {
            self.some_more_time(minutes * 60).await;
        }
    }

    /// Nothing changes any more, and this long goes by.
    pub(super) async fn some_more_time(&mut self, seconds: u64) {
        if let Some(program) = self.program.take() {
            self.suspend_the_sender().await;
            program.kill();
        }
        self.time_goes_by(seconds).await;
        self.site.forget_the_pacing();
        self.start().await;
        self.expect(Method::POST, "okta/hook/flush", Value::Null).await;
        self.until_all_is_done().await;
    }

    /// Whoever left is deleted now.
    pub(super) async fn the_delay_goes_by(&mut self) {
        self.some_more_time(25 * 3600).await;
        self.some_more_time(600).await;
    }

    /// The System Log was read to its end in this life, the sender has nothing left, and nobody is due.
    pub(super) async fn until_all_is_done(&self) {
        let program = self.program.as_ref().expect("lives");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let hook = self.expect(Method::GET, "okta/hook/stats", Value::Null).await;
            let ready = self.site.look(program, "/readyz").await.body;
            let read = !self.variant.asks
                || (ready["catchUp"]["working"] == true && ready["catchUp"]["lastPassAt"].is_string());
            let states = &ready["queue"]["states"];
            let left = ["due", "running", "waiting"].iter().filter_map(|state| states[state].as_u64()).sum::<u64>();
            if hook["pending"] == 0 && hook["inFlight"] == 0 && read && left == 0 {
                // What was delivered last may be due from now on.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let after = self.site.look(program, "/readyz").await.body;
                if after["queue"]["states"] == *states {
                    return;
                }
            }
            assert!(Instant::now() < deadline, "still so after {PATIENCE:?}: {ready:#}\n{}", program.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whose events must all arrive has lost none: else the test itself is broken.
    pub(super) async fn the_sender_kept_its_word(&self) {
        let hook = self.expect(Method::GET, "okta/hook/stats", Value::Null).await;
        assert!(self.variant.hook != Hook::Faithful || hook["lost"] == 0, "{hook:#}");
    }

    /// What happened, to see that something did; and that the program was not spared.
    pub(super) async fn tally(&self) -> String {
        let hook = self.expect(Method::GET, "okta/hook/stats", Value::Null).await;
        let requests = self.site.stats().await["requests"].clone();
        let of = |source: &str| self.site.query(&format!("SELECT count(*) FROM events WHERE source = '{source}'"));
        format!(
            "{:?}\nhook: {} delivered, {} lost, {} twice; events by hook {}, by the log {}, by comparing {}; {requests}",
            self.tally,
            hook["delivered"],
            hook["lost"],
            hook["duplicates"],
            of("hook"),
            of("system_log"),
            of("sweep"),
        )
    }
}
