//! How long a long queue of joiners takes against the quota's ideal, and whether a leaver waits behind it.
//!
//! ```text
//!  this process:  hook batches ─► the service ─► the sandbox, which counts as LINE WORKS does
//!                 both clocks run faster by the same rate; for the leavers they run at 1
//! ```
//!
//! The ideal is what `pacing` allows: the burst at once, then the sustained pace, one create for each joiner. Run it with
//! `cargo bench --bench joiners`; `BENCH_JOINERS` is how many come (10000), `BENCH_RATE` how fast the clocks run (30).

use std::error::Error;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use okta_lineworks::app::{App, Purpose};
use okta_lineworks::cli::stand_ins;
use okta_lineworks::clock::Clock;
use okta_lineworks::config::{self, Sources};
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use okta_lineworks::shutdown::Shutdown;
use reqwest::Method;
use serde_json::{Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// `pacing.per_minute` and `pacing.burst`, as they are by default.
const PER_MINUTE: u64 = 120;
const BURST: u64 = 120;
/// Leavers timed with an empty queue, and again in the middle of the joiners.
const LEAVERS: usize = 9;

#[tokio::main]
async fn main() -> Fallible<()> {
    // `cargo test --all-targets` comes here without it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let joiners = number("BENCH_JOINERS", 10_000)?;
    let rate = u32::try_from(number("BENCH_RATE", 30)?)?;
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "no cryptography")?;
    let bench = Bench::start().await?;
    for n in 0..2 * LEAVERS {
        bench.assign(&leaver(n)).await?;
    }
    let alone = bench.leave(0..LEAVERS).await?;
    // The buckets fill up again.
    bench.advance(Duration::from_secs(120)).await?;
    bench.run_at(rate).await?;
    let started = bench.clock.now();
    bench.all_join(joiners).await?;
    let settled_before = u64::try_from(2 * LEAVERS)?;
    bench.until_settled(settled_before + joiners / 2).await?;
    bench.run_at(1).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let amid = bench.leave(LEAVERS..2 * LEAVERS).await?;
    let waiting = settled_before + joiners - bench.settled().await?;
    bench.run_at(rate).await?;
    bench.until_settled(settled_before + joiners).await?;
    let took = bench.clock.now().duration_since(started);
    bench.report(joiners, rate, took, &alone, &amid, waiting).await
}

fn number(name: &str, default: u64) -> Fallible<u64> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is set from outside")]
    let given = std::env::var(name);
    Ok(given.map_or(Ok(default), |text| text.parse())?)
}

fn leaver(n: usize) -> String {
    format!("00uLEAVER{n}")
}

/// The service and the sandbox, in this process.
struct Bench {
    http: reqwest::Client,
    url: String,
    sandbox: Sandbox,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Fallible<Self> {
        let options =
            SandboxOptions { listen: "127.0.0.1:0".parse()?, switches: Switches::default(), strict: false, tls: None };
        let sandbox = Sandbox::start(options).await?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let clock = Clock::system();
        let loaded = config::load(&Sources {
            file: None,
            env: vec![("OKTA_LINEWORKS__UNASSIGN__MAX_PER_HOUR".into(), "1000".into())],
            overrides: vec![
                ("server.listen", "127.0.0.1:0".into()),
                ("ledger.url", format!("sqlite:{}", folder.path().join("ledger.db").display())),
            ],
            sandbox: Some(stand_ins(sandbox.url(), sandbox.credentials())),
        })?;
        let app = App::build(&loaded.config, Purpose::Rehearsal, clock.clone()).await?;
        let url = format!("http://{}", app.address());
        tokio::spawn(async move { app.run_until(&Shutdown::default()).await });
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { http, url, sandbox, clock, _folder: folder })
    }

    async fn call(&self, method: Method, path: &str, secret: &str, body: Option<Value>) -> Fallible<Value> {
        let request = self.http.request(method, format!("{}/{path}", self.url)).bearer_auth(secret);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.header("Prefer", "wait=25").send().await?.error_for_status()?;
        let text = answer.text().await?;
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    async fn control(&self, path: &str, body: Value) -> Fallible<()> {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        self.http.post(url).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn stats(&self) -> Fallible<Value> {
        let url = format!("{}/_sandbox/stats", self.sandbox.url());
        Ok(self.http.get(url).send().await?.json().await?)
    }

    async fn run_at(&self, rate: u32) -> Fallible<()> {
        self.control("clock", json!({ "rate": rate })).await?;
        self.clock.run_at(rate);
        Ok(())
    }

    async fn advance(&self, by: Duration) -> Fallible<()> {
        self.control("clock", json!({"advanceSeconds": by.as_secs()})).await?;
        self.clock.advance(SignedDuration::try_from(by)?);
        Ok(())
    }

    async fn assign(&self, person: &str) -> Fallible<()> {
        let email = format!("{}@sandbox.example", person.to_lowercase());
        let user = json!({"email": email, "userName": {"lastName": "山田"}});
        let path = format!("v1/assignments/{person}");
        let row = self.call(Method::PUT, &path, "sandbox-card", Some(json!({ "user": user }))).await?;
        if row["state"] == "settled" { Ok(()) } else { Err(format!("not settled: {row}").into()) }
    }

    /// Each leaves once the one before is suspended; the times from the card's call to its answer.
    async fn leave(&self, leavers: std::ops::Range<usize>) -> Fallible<Vec<Duration>> {
        let mut times = Vec::new();
        for n in leavers {
            let started = Instant::now();
            let row = self.call(Method::DELETE, &format!("v1/assignments/{}", leaver(n)), "sandbox-card", None).await?;
            if row["reason"]["code"] != "deletion_planned" {
                return Err(format!("not suspended: {row}").into());
            }
            times.push(started.elapsed());
        }
        times.sort_unstable();
        Ok(times)
    }

    async fn all_join(&self, people: u64) -> Fallible<()> {
        for batch in (0..people).collect::<Vec<_>>().chunks(100) {
            let published = self.clock.now().to_string();
            let events: Vec<Value> = batch.iter().map(|n| joined(*n, &published)).collect();
            let delivery = json!({"eventType": "com.okta.event_hook", "data": {"events": events}});
            let request = self.http.post(format!("{}/v1/okta/events", self.url)).json(&delivery);
            request.header("Authorization", "sandbox-hook").send().await?.error_for_status()?;
        }
        Ok(())
    }

    async fn settled(&self) -> Fallible<u64> {
        let list = self.call(Method::GET, "v1/assignments?limit=1", "sandbox-admin", None).await?;
        Ok(list["counts"]["settled"].as_u64().unwrap_or_default())
    }

    async fn until_settled(&self, people: u64) -> Fallible<()> {
        while self.settled().await? < people {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn report(
        &self,
        joiners: u64,
        rate: u32,
        took: SignedDuration,
        alone: &[Duration],
        amid: &[Duration],
        waiting: u64,
    ) -> Fallible<()> {
        let stats = self.stats().await?;
        let ideal = Duration::from_secs_f64(joiners.saturating_sub(BURST) as f64 * 60.0 / PER_MINUTE as f64);
        let (took, middle) = (took.as_secs_f64(), LEAVERS / 2);
        println!("{joiners} joiners, clocks at {rate} times");
        println!(
            "  took {:.1} min, the quota's ideal {:.1} min: {:.3}",
            took / 60.0,
            ideal.as_secs_f64() / 60.0,
            ideal.as_secs_f64() / took
        );
        println!("  calls {}", stats["requests"]);
        println!("  members created {}, broken rules {}", stats["membersEverCreated"], stats["violationCount"]);
        println!("  a leaver's time to suspended, median of {LEAVERS} (slowest)");
        println!("    empty queue        {:>6.0} ms ({:.0})", millis(alone[middle]), millis(alone[LEAVERS - 1]));
        println!("    {waiting:>5} joiners wait {:>6.0} ms ({:.0})", millis(amid[middle]), millis(amid[LEAVERS - 1]));
        println!("  memory of service and sandbox together, at most {:.0} MiB", peak_memory()?);
        Ok(())
    }
}

fn joined(n: u64, published: &str) -> Value {
    let email = format!("joiner{n}@sandbox.example");
    json!({
        "uuid": format!("00000000-0000-4000-8000-{n:012}"), "published": published,
        "eventType": "application.user_membership.add",
        "outcome": {"result": "SUCCESS"},
        "target": [
            {"id": format!("00uJOINER{n}"), "type": "User", "alternateId": email, "displayName": "山田 太郎"},
            {"id": "0oaSANDBOX", "type": "AppInstance", "alternateId": "LINE WORKS", "displayName": "LINE WORKS"},
            {"id": format!("0ua{n}"), "type": "AppUser", "alternateId": email, "displayName": "山田 太郎"},
        ],
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The most memory this process ever had, in MiB (`VmHWM` of proc(5)).
fn peak_memory() -> Fallible<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
