//! How fast events are accepted, next to two floors that do less in the same frame.
//!
//! ```text
//!  this process: load (closed loop, keep-alive, signed 2 KiB PUTs, distinct people), clock, table
//!    ├─ floor 1: actix, verifies the signature, answers
//!    ├─ floor 2: actix, verifies, appends the body to a file, answers after one fdatasync shared by all who wait
//!    └─ service: the real program, whose LINE WORKS takes connections and never says a word
//! ```
//!
//! Each server is a process of its own, so that its CPU time is its own. The three take turns within every round, and
//! ratios are taken within a round, so that a slow minute of the machine slows all of them. Run it with
//! `cargo bench --bench accept`; `BENCH_SECONDS` is the length of one turn (default 4), `BENCH_ROUNDS` how often (3).

mod floor;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use support::load::{Load, Target, Turn};
use support::server::{self, Server, Site};
use support::{Fallible, median, millis, number};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const NAMES: [&str; 3] = ["floor 1: verify", "floor 2: verify, append, sync", "service"];
/// People who wait while LINE WORKS is stalled.
const WAITING: usize = 5_000;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor"] => floor::serve(None),
        ["floor", file] => floor::serve(Some(file.as_ref())),
        // `cargo test --all-targets` comes here without it.
        _ if !arguments.iter().any(|argument| argument == "--bench") => Ok(()),
        _ => measure(),
    }
}

fn measure() -> Fallible<()> {
    let seconds = Duration::from_secs_f64(number("BENCH_SECONDS", 4.0)?);
    let rounds = number("BENCH_ROUNDS", 3.0)? as usize;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let sync = server::sync_time(folder.path())?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores, fdatasync of 4 KiB {:.2} ms, {rounds} rounds of {seconds:?}\n", millis(sync));

    let site = Site::stalled()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = Load::about_new(0);
    let mut under_load: f64 = 0.0;
    for connections in CONNECTIONS {
        let mut turns: [Vec<Turn>; 3] = Default::default();
        for _ in 0..rounds {
            for (contender, turns) in turns.iter_mut().enumerate() {
                // A file of its own for every turn: no company has more people than come in one.
                let file = tempfile::tempdir_in(folder.path())?;
                let server = match contender {
                    0 => Server::floor(None)?,
                    1 => Server::floor(Some(&file.path().join("appended")))?,
                    _ => site.start(&sqlite(file.path(), "ledger"))?,
                };
                turns.push(runtime.block_on(load.turn(&Target::from(&server), connections, seconds))?);
                if contender == 2 {
                    under_load = under_load.max(server.memory()?);
                }
            }
        }
        print_turns(connections, &turns);
    }
    memory(&site, folder.path(), &runtime, &load, under_load)?;
    starts(&site, folder.path())
}

fn print_turns(connections: usize, turns: &[Vec<Turn>; 3]) {
    println!("{connections} connection{}", if connections == 1 { "" } else { "s" });
    println!("  {:<30} {:>9} {:>8} {:>8} {:>12}   rounds", "", "events/s", "p50 ms", "p99 ms", "CPU us/event");
    for (name, turns) in NAMES.iter().zip(turns) {
        let of = |value: fn(&Turn) -> f64| median(turns.iter().map(value).collect());
        let rounds: Vec<String> = turns.iter().map(|turn| format!("{:.0}", turn.rate)).collect();
        println!(
            "  {name:<30} {:>9.0} {:>8.2} {:>8.2} {:>12.1}   {}",
            of(|turn| turn.rate),
            of(|turn| turn.p50_ms),
            of(|turn| turn.p99_ms),
            of(|turn| turn.cpu_us),
            rounds.join(" "),
        );
    }
    for floor in [0, 1] {
        let of = |value: fn(&Turn) -> f64| {
            median(turns[2].iter().zip(&turns[floor]).map(|(service, floor)| value(service) / value(floor)).collect())
        };
        let (rate, cpu) = (of(|turn| turn.rate), of(|turn| turn.cpu_us));
        println!("  service / floor {}: {rate:.2} of the throughput, {cpu:.2} of the CPU per event", floor + 1);
    }
    println!();
}

fn memory(site: &Site, folder: &Path, runtime: &tokio::runtime::Runtime, load: &Load, under_load: f64) -> Fallible<()> {
    let server = site.start(&sqlite(folder, "stalled"))?;
    let idle = server.memory()?;
    runtime.block_on(load.send(&server, 16, WAITING))?;
    std::thread::sleep(Duration::from_secs(1));
    let stalled = server.memory()?;
    let (cpu, asked) = (server.cpu()?, Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    let share = (server.cpu()? - cpu).as_secs_f64() / asked.elapsed().as_secs_f64();
    println!("memory (resident): idle {idle:.1} MiB, at most {under_load:.1} MiB after a turn of the load above,");
    println!("  LINE WORKS stalled and {WAITING} people due {stalled:.1} MiB, {:.1} % of a core", share * 100.0);
    Ok(())
}

fn starts(site: &Site, folder: &Path) -> Fallible<()> {
    let mut times = Vec::new();
    for n in 0..5 {
        let asked = Instant::now();
        let server = site.start(&sqlite(folder, &format!("start-{n}")))?;
        times.push(millis(asked.elapsed()));
        drop(server);
    }
    println!("start to first 200: {:.0} ms", median(times));
    Ok(())
}

fn sqlite(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).with_extension("db").display())
}
