//! Whether a large ledger is slower than a small one: accepting, the workers' claims, what pages and health checks ask,
//! and forgetting, on both databases.
//!
//! ```text
//!  this process: fills a small and a large ledger on each database by SQL, in the shape of a row the program wrote
//!    ├─ asks each of them as the program does, through `Store`
//!    └─ load (closed loop, keep-alive, signed 2 KiB PUTs) on the real program on each, in turns
//! ```
//!
//! Before each round what is on the disk is read once, so that how much of it the system had forgotten makes no difference.
//!
//! Run it with `cargo bench --bench large`. `BENCH_PEOPLE` is how many people the large ledger has (1000000), ten events
//! each; `BENCH_SECONDS` the length of one turn (2), `BENCH_ROUNDS` how often (3). `BENCH_DATABASE=1` measures SQLite only,
//! `2` PostgreSQL only. The default needs 12 GB on the disk and some minutes.

mod fill;
mod questions;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::load::{Load, Target, Turn};
use support::server::{Server, Site};
use support::{Fallible, median, number};

use fill::Ledger;

/// People of the small ledger.
const SMALL: u64 = 1_000;
/// Events of each person.
const EVENTS: u64 = 10;
const CONNECTIONS: [usize; 2] = [1, 16];
/// Numbers of new people and new events begin here; ten turns of one load do not come near the next one.
const NEW: u64 = 100_000_000;

fn main() -> Fallible<()> {
    if !support::is_wanted() {
        return Ok(());
    }
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "no cryptography")?;
    let people = number("BENCH_PEOPLE", 1_000_000.0)? as u64;
    let length = Duration::from_secs_f64(number("BENCH_SECONDS", 2.0)?);
    let rounds = number("BENCH_ROUNDS", 3.0)? as usize;
    let only = number("BENCH_DATABASE", 0.0)? as u64;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let site = Site::stalled()?;
    for (number, name) in [(1, "SQLite"), (2, "PostgreSQL")] {
        if only != 0 && only != number {
            continue;
        }
        let mut ledgers = Vec::new();
        for (size, people) in [("small", SMALL), ("large", people)] {
            let file = folder.path().join(format!("{size}.db"));
            let ledger = if number == 1 { Ledger::in_file(&file) } else { Ledger::in_postgres() };
            let began = Instant::now();
            fill::fill(&ledger, &site, people, EVENTS)?;
            println!(
                "{name}, {size}: {people} people, {} events, {:.0} MiB, filled in {:.0} s",
                people * EVENTS,
                ledger.bytes()? as f64 / 1_048_576.0,
                began.elapsed().as_secs_f64()
            );
            ledgers.push((ledger, people));
        }
        let (small, large) = (&ledgers[0].0, &ledgers[1].0);
        runtime.block_on(questions::through_the_store(small, large))?;
        accepted(&ledgers, &site, rounds, length)?;
    }
    Ok(())
}

fn accepted(ledgers: &[(Ledger, u64)], site: &Site, rounds: usize, length: Duration) -> Fallible<()> {
    let servers: Vec<Server> = ledgers.iter().map(|(ledger, _)| site.start(&ledger.url())).collect::<Fallible<_>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(questions::through_the_doors(&servers))?;
    println!("  {:<34} {:>9} {:>9} {:>9} {:>9} {:>7}", "accepting", "small /s", "large /s", "p50 ms", "p99 ms", "time");
    let mut first = NEW;
    for connections in CONNECTIONS {
        for known in [false, true] {
            let mut turns: [Vec<Turn>; 2] = Default::default();
            for _ in 0..rounds {
                ledgers.iter().try_for_each(|(ledger, _)| ledger.warm())?;
                for (((_, people), server), turns) in ledgers.iter().zip(&servers).zip(&mut turns) {
                    first += NEW;
                    let load = if known { Load::about_known(*people, first) } else { Load::about_new(first) };
                    turns.push(runtime.block_on(load.turn(&Target::from(server), connections, length))?);
                }
            }
            let of = |ledger: usize, value: fn(&Turn) -> f64| median(turns[ledger].iter().map(value).collect());
            // The mean time of an event, large against small, within a round.
            let ratio = median(turns[0].iter().zip(&turns[1]).map(|(small, large)| small.rate / large.rate).collect());
            println!(
                "  {:<34} {:>9.0} {:>9.0} {:>9.2} {:>9.2} {ratio:>6.2}x",
                format!("{connections} connections, {} people", if known { "known" } else { "new" }),
                of(0, |turn| turn.rate),
                of(1, |turn| turn.rate),
                of(1, |turn| turn.p50_ms),
                of(1, |turn| turn.p99_ms),
            );
        }
    }
    println!();
    Ok(())
}
