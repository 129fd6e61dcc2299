//! What several replicas on PostgreSQL accept, next to one on SQLite, and how soon others go on with the people of one that
//! died.
//!
//! ```text
//!  this process: load (closed loop, keep-alive, signed 2 KiB PUTs, distinct people), dealt to the replicas in turn
//!    ├─ one program on SQLite, or one, two, three on one PostgreSQL; LINE WORKS never says a word
//!    └─ for the take-over: pairs of programs, each with a sandbox and a database of its own; one of each is ended
//! ```
//!
//! The contenders take turns within every round, each with a new ledger, and ratios are taken within a round. The database
//! is Debian's PostgreSQL as it comes, on this machine, or the one of `TEST_POSTGRES_URL`. Run it with
//! `cargo bench --bench replicas`; `BENCH_SECONDS` is the length of one turn (3), `BENCH_ROUNDS` how often (3), `BENCH_ENDS`
//! how many programs are killed and how many are stopped (10; 0 leaves that part out).

#[path = "../support/mod.rs"]
mod support;
mod take_over;

use std::time::Duration;

use support::load::{Load, Target, Turn};
use support::postgres::Database;
use support::server::{self, Server, Site};
use support::{Fallible, median, millis, number};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How many replicas on PostgreSQL; none: one program on SQLite.
const CONTENDERS: [usize; 4] = [0, 1, 2, 3];

fn main() -> Fallible<()> {
    if !support::is_wanted() {
        return Ok(());
    }
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "no cryptography")?;
    let rounds = number("BENCH_ROUNDS", 3.0)? as usize;
    if rounds > 0 {
        accepted(rounds, Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)?))?;
    }
    let ends = number("BENCH_ENDS", 10.0)? as usize;
    if ends > 0 {
        take_over::report(ends)?;
    }
    Ok(())
}

fn accepted(rounds: usize, length: Duration) -> Fallible<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let sync = server::sync_time(folder.path())?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores for load, programs and database; fdatasync of 4 KiB {:.2} ms", millis(sync));
    println!("{rounds} rounds of {length:?}\n");
    let site = Site::stalled()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = Load::about_new(0);
    let mut memory: f64 = 0.0;
    for connections in CONNECTIONS {
        let mut turns: [Vec<Turn>; CONTENDERS.len()] = Default::default();
        for _ in 0..rounds {
            for (replicas, turns) in CONTENDERS.into_iter().zip(&mut turns) {
                let file = tempfile::tempdir_in(folder.path())?;
                let database = (replicas > 0).then(Database::new);
                let sqlite = || format!("sqlite:{}", file.path().join("ledger.db").display());
                let ledger = database.as_ref().map_or_else(sqlite, Database::url);
                let servers: Vec<Server> =
                    (0..replicas.max(1)).map(|_| site.start(&ledger)).collect::<Fallible<_>>()?;
                let database = database.as_ref().map(server::postmaster).transpose()?;
                let target = Target { servers: &servers, database };
                turns.push(runtime.block_on(load.turn(&target, connections, length))?);
                for server in servers.iter().filter(|_| database.is_some()) {
                    memory = memory.max(server.memory()?);
                }
            }
        }
        print_turns(connections, &turns);
    }
    println!("memory of a replica on PostgreSQL (resident), at most: {memory:.0} MiB\n");
    Ok(())
}

fn print_turns(connections: usize, turns: &[Vec<Turn>; CONTENDERS.len()]) {
    println!("{connections} connection{}", if connections == 1 { "" } else { "s" });
    let columns = ["events/s", "p50 ms", "p99 ms", "CPU us", "database us", "to SQLite"];
    print!("  {:<16}", "");
    columns.iter().for_each(|column| print!(" {column:>11}"));
    println!("   rounds");
    for (replicas, own) in CONTENDERS.into_iter().zip(turns) {
        let name = match replicas {
            0 => "SQLite".to_owned(),
            1 => "PostgreSQL, 1".to_owned(),
            more => format!("            {more}"),
        };
        let of = |value: fn(&Turn) -> f64| median(own.iter().map(value).collect());
        let ratio = median(own.iter().zip(&turns[0]).map(|(it, sqlite)| it.rate / sqlite.rate).collect());
        let rounds: Vec<String> = own.iter().map(|turn| format!("{:.0}", turn.rate)).collect();
        println!(
            "  {name:<16} {:>11.0} {:>11.2} {:>11.2} {:>11.0} {:>11.0} {ratio:>11.2}   {}",
            of(|turn| turn.rate),
            of(|turn| turn.p50_ms),
            of(|turn| turn.p99_ms),
            of(|turn| turn.cpu_us),
            of(|turn| turn.database_us),
            rounds.join(" "),
        );
    }
    println!();
}
