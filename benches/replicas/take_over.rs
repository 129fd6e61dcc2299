//! A replica ends in the middle of a call; how long until another one has its person.
//!
//! Killed (SIGKILL) or stopped (SIGSTOP) programs make no difference to the others: both are seen by the lease alone. All
//! pairs run at the same time. Moments are those of the ledger, by the database's clock, which is this machine's.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use okta_lineworks::clock::Clock;
use okta_lineworks::sandbox::Sandbox;
use serde_json::{Value, json};

use super::support::load::{email, person};
use super::support::postgres::Database;
use super::support::server::{self, ADMIN, CARD, Server, Site};
use super::support::{Fallible, median};

/// `lineworks.call_timeout`: the one setting the time follows from; 10 s is the default.
const CALL_TIMEOUTS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(3)];
/// How long LINE WORKS takes for each call, so that the end comes in the middle of one.
const LATENCY: Duration = Duration::from_millis(2000);
/// How long the other replica has.
const PATIENCE: Duration = Duration::from_secs(150);

/// Seconds from the end of a replica to the other's run, and to the end of that.
struct Taken {
    begun: f64,
    settled: f64,
}

/// Ends so many programs in each of the two ways, for each of the time-outs.
pub fn report(ends: usize) -> Fallible<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("from the end of a replica to the next run for its person, {ends} of each, calls of {LATENCY:?}");
    for call_timeout in CALL_TIMEOUTS {
        for (what, signal) in [("killed", "KILL"), ("stopped", "STOP")] {
            let pairs = (0..ends).map(|_| one(call_timeout, signal));
            let taken = runtime.block_on(futures_util::future::try_join_all(pairs))?;
            let mut begun: Vec<f64> = taken.iter().map(|it| it.begun).collect();
            begun.sort_by(f64::total_cmp);
            println!(
                "  call_timeout {call_timeout:?}, {what}: {:.1} to {:.1} s, median {:.1} s; its run takes {:.1} s",
                begun[0],
                begun[begun.len() - 1],
                median(begun.clone()),
                median(taken.iter().map(|it| it.settled - it.begun).collect()),
            );
        }
    }
    println!("  broken rules, such as two calls for one person at a time: none");
    Ok(())
}

/// One pair of replicas.
async fn one(call_timeout: Duration, signal: &str) -> Fallible<Taken> {
    let sandbox = Sandbox::start(server::options()?).await?;
    let (site, database) = (Site::of(&sandbox, call_timeout)?, Database::new());
    let bench = Bench { sandbox: sandbox.url().to_owned(), http: client()?, clock: Clock::system() };
    let victim = start(&site, &database).await?;
    // The access token is there before anything is timed.
    bench.put(&victim, 0).await?;
    bench.until(&victim, 0, "settled").await?;
    bench.latency(LATENCY).await?;
    bench.put(&victim, 1).await?;
    bench.until(&victim, 1, "running").await?;
    let heir = start(&site, &database).await?;
    tokio::time::sleep(LATENCY.mul_f64(fastrand::f64())).await;
    victim.signal(signal)?;
    let ended = bench.clock.now();
    bench.latency(Duration::ZERO).await?;
    let row = bench.until(&heir, 1, "settled").await?;
    victim.signal("CONT").ok();
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.broke_no_rule().await?;
    let since = |moment: &Value| -> Fallible<f64> {
        Ok(moment.as_str().ok_or("no moment")?.parse::<Timestamp>()?.duration_since(ended).as_secs_f64())
    };
    let last = &row["history"]["attempts"][0];
    Ok(Taken { begun: since(&last["startedAt"])?, settled: since(&last["endedAt"])? })
}

fn client() -> Fallible<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(40)).build()?)
}

/// A start waits for its first answer, and must not hold up the other pairs.
async fn start(site: &Site, database: &Database) -> Fallible<Server> {
    tokio::task::block_in_place(|| site.start(&database.url()))
}

struct Bench {
    sandbox: String,
    http: reqwest::Client,
    clock: Clock,
}

impl Bench {
    async fn latency(&self, latency: Duration) -> Fallible<()> {
        let switches = json!({"latencyMs": latency.as_millis()});
        let request = self.http.patch(format!("{}/_sandbox/switches", self.sandbox)).json(&switches);
        Ok(request.send().await?.error_for_status().map(drop)?)
    }

    async fn put(&self, server: &Server, n: u64) -> Fallible<()> {
        let user = json!({"email": email(n), "userName": {"lastName": "海野", "firstName": "花子"}});
        let url = format!("http://{}/v1/assignments/{}", server.address, person(n));
        let request = self.http.put(url).bearer_auth(CARD).header("Prefer", "wait=0").json(&json!({ "user": user }));
        Ok(request.send().await?.error_for_status().map(drop)?)
    }

    async fn until(&self, server: &Server, n: u64, state: &str) -> Fallible<Value> {
        let (began, url) = (Instant::now(), format!("http://{}/v1/assignments/{}", server.address, person(n)));
        loop {
            let row: Value = self.http.get(&url).bearer_auth(ADMIN).send().await?.json().await?;
            if row["state"] == state {
                return Ok(row);
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("after {PATIENCE:?} the person is not {state}: {row}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn broke_no_rule(&self) -> Fallible<()> {
        let stats: Value = self.http.get(format!("{}/_sandbox/stats", self.sandbox)).send().await?.json().await?;
        if stats["violationCount"] == 0 { Ok(()) } else { Err(format!("broken rules: {}", stats["violations"]).into()) }
    }
}
