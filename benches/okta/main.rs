//! What Okta costs and what its hook's losses cost: the time from an event to the member, requests to Okta for every
//! 1,000 events, and events lost in 1,000 while the program is killed at random.
//!
//! ```text
//!  this process:  the service ◄─► the sandbox as Okta (log, hook) and as LINE WORKS; clocks run faster where it says so
//!  for the kills: the program as a process of its own, killed with SIGKILL, beside the same sandbox
//! ```
//!
//! Run it with `cargo bench --bench okta`; `BENCH_PEOPLE` is how many people there are in each part (1000).

mod killed;
mod service;

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use service::{Bench, Okta};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Single people timed through the hook.
const TIMED: u64 = 100;
/// Goes by after each of them, so that nobody waits for the pace that `pacing` sets.
const PACE: Duration = Duration::from_secs(5);
/// How fast the clocks run where minutes are waited for.
const RATE: u32 = 30;
/// `okta.catch_up_every`, as it is by default.
const EVERY: Duration = Duration::from_secs(300);
/// Passes during which people are timed through catch-up.
const PASSES: u32 = 8;

#[tokio::main]
async fn main() -> Fallible<()> {
    // `cargo test --all-targets` comes here without it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "a benchmark is set from outside")]
    let people = std::env::var("BENCH_PEOPLE").map_or(Ok(1000), |text| text.parse::<u64>())?;
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "no cryptography")?;
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("{build} build");
    through_the_hook().await?;
    through_catch_up().await?;
    requests(people).await?;
    killed::report(people).await
}

/// One person after the other, in real time, and the hook sends at once.
async fn through_the_hook() -> Fallible<()> {
    let bench =
        Bench::start("[okta]\nclient_id = 'sandbox'\ncatch_up = false\n[unassign]\nmax_per_hour = 100000\n").await?;
    bench.okta.hook(&bench.url, "sandbox-hook").await?;
    bench.okta.switch(json!({"hookBatchMs": 0})).await?;
    bench.okta.hire(0..TIMED).await?;
    bench.until_done().await?;
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for n in 0..TIMED {
        let began = Instant::now();
        bench.okta.assign(n).await?;
        bench.until_member(n, |member| member["isSuspended"] == false).await?;
        joined.push(began.elapsed().as_secs_f64());
        bench.advance(PACE).await?;
    }
    for n in 0..TIMED {
        let began = Instant::now();
        bench.okta.unassign(n).await?;
        bench.until_member(n, |member| member["isSuspended"] == true).await?;
        left.push(began.elapsed().as_secs_f64());
        bench.advance(PACE).await?;
    }
    println!("from an event to the member, through the hook, one after the other");
    show("joiners", joined, 1000.0, "ms");
    show("leavers", left, 1000.0, "ms");
    bench.broke_no_rule().await
}

/// People join at any moment, and the hook delivers nothing.
async fn through_catch_up() -> Fallible<()> {
    let bench = Bench::start("[okta]\nclient_id = 'sandbox'\n").await?;
    bench.okta.hire(0..TIMED).await?;
    bench.until_done().await?;
    bench.until_read().await?;
    let before = bench.okta.requests().await?;
    bench.run_at(RATE).await?;
    let began = bench.clock.now();
    let whole = EVERY * PASSES / RATE;
    let (mut waiting, mut took) = (Vec::new(), Vec::new());
    for n in 0..TIMED {
        let next = tokio::time::Instant::now() + whole / u32::try_from(TIMED)?;
        waiting.push((n, bench.clock.now()));
        bench.okta.assign(n).await?;
        while tokio::time::Instant::now() < next {
            bench.note_the_seen(&mut waiting, &mut took).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    while !waiting.is_empty() {
        bench.note_the_seen(&mut waiting, &mut took).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let minutes = bench.clock.now().duration_since(began).as_secs_f64() / 60.0;
    println!(
        "from an event to the member, through catch-up every {} min, clocks at {RATE} times",
        EVERY.as_secs() / 60
    );
    show("joiners", took, 1.0, "s");
    let after = bench.okta.requests().await?;
    let reads = after["okta.logs.list"].as_u64().unwrap_or(0) - before["okta.logs.list"].as_u64().unwrap_or(0);
    println!("  requests for the System Log: {reads} in {minutes:.0} min");
    bench.broke_no_rule().await
}

/// Everybody at once, through the hook; an event for each.
async fn requests(people: u64) -> Fallible<()> {
    let settings = "[okta]\nclient_id = 'sandbox'\ncatch_up = false\n[unassign]\nmax_per_hour = 100000\n";
    let bench = Bench::start(settings).await?;
    bench.okta.hire(0..people).await?;
    bench.until_done().await?;
    bench.okta.hook(&bench.url, "sandbox-hook").await?;
    bench.run_at(RATE).await?;
    println!("requests to Okta for {people} events, all at once, clocks at {RATE} times");
    for what in ["joiners", "profile changes", "leavers"] {
        let (before, events) = (bench.okta.requests().await?, bench.okta.delivered().await?);
        for n in 0..people {
            match what {
                "joiners" => bench.okta.assign(n).await?,
                "leavers" => bench.okta.unassign(n).await?,
                _ => bench.okta.change(n, json!({"employeeNumber": "7"})).await?,
            }
        }
        bench.until_done().await?;
        let (after, events) = (bench.okta.requests().await?, bench.okta.delivered().await? - events);
        show_requests(what, events, &before, &after);
    }
    bench.broke_no_rule().await
}

/// What was asked in between, for every 1,000 events.
fn show_requests(what: &str, events: u64, before: &Value, after: &Value) {
    let mut all = 0;
    let mut shown = Vec::new();
    for (operation, count) in after.as_object().into_iter().flatten() {
        let count = count.as_u64().unwrap_or(0) - before[operation].as_u64().unwrap_or(0);
        if count > 0 && operation.starts_with("okta.") {
            all += count;
            shown.push(format!("{operation} {:.0}", per_thousand(count, events)));
        }
    }
    println!("  {what:<16} {:>6.0} for 1,000 of {events} events: {}", per_thousand(all, events), shown.join(", "));
}

fn per_thousand(count: u64, events: u64) -> f64 {
    count as f64 * 1000.0 / events.max(1) as f64
}

/// Median, 95th percentile and the longest.
fn show(who: &str, mut times: Vec<f64>, factor: f64, unit: &str) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize] * factor;
    println!("  {who}: p50 {:.1} {unit}, p95 {:.1} {unit}, max {:.1} {unit}", at(0.5), at(0.95), at(1.0));
}

/// A person's id in Okta, and the external key of the member.
fn person(n: u64) -> String {
    format!("00uPERSON{n:05}")
}

/// The org, for both halves of this benchmark.
async fn told(okta: &Okta, method: reqwest::Method, path: &str, body: Value) -> Fallible<Value> {
    let request = okta.http.request(method, format!("{}/_sandbox/{path}", okta.url));
    let request = if body.is_null() { request } else { request.json(&body) };
    Ok(request.send().await?.error_for_status()?.json().await?)
}
