//! The promise of several replicas as a whole, on real processes: whatever is killed, paused, restarted or cut, every
//! acknowledged wish is applied, nobody is touched by two calls at once, and no limit is passed.
//!
//! Three replicas of the program, a PostgreSQL cluster of its own, and the strict sandbox, each a process (or several);
//! callers that behave as the vendors' do; everything goes wrong by a schedule that a seed gives. In the end all is calm,
//! and what LINE WORKS has is compared with what was wished. The same on SQLite with one process. docs/proof.md says what
//! this proves and what it cannot see.
//!
//! `CHAOS_SEED=7` repeats a schedule: what is sent, to whom, and what goes wrong when. What meets what depends on the
//! machine too. `CHAOS_PEOPLE`, `CHAOS_SECONDS` and `CHAOS_SEEDS` make runs larger, longer and more; `make chaos` does.

mod book;
mod callers;
mod deeds;
mod replicas;
mod schedule;
mod verdict;
mod world;

use std::sync::Arc;
use std::time::Duration;

use schedule::Schedule;
use world::World;

/// Where the ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ledger {
    Sqlite,
    Postgres,
}

/// One run.
#[derive(Debug, Clone, Copy)]
struct Plan {
    ledger: Ledger,
    seed: u64,
    people: u32,
    /// For how long things happen and go wrong; after that everything is calm.
    chaos: Duration,
}

impl Plan {
    fn replicas(self) -> usize {
        if self.ledger == Ledger::Postgres { 3 } else { 1 }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_on_postgresql_lose_nothing_whatever_happens() {
    for_every_seed(Ledger::Postgres, 240, 75).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_sqlite_loses_nothing_whatever_happens() {
    for_every_seed(Ledger::Sqlite, 160, 40).await;
}

async fn for_every_seed(ledger: Ledger, people: u32, seconds: u64) {
    let people = number("CHAOS_PEOPLE").map_or(people, |given| u32::try_from(given).expect("CHAOS_PEOPLE"));
    let chaos = Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(seconds));
    let seeds = match (number("CHAOS_SEED"), number("CHAOS_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (0..count.unwrap_or(1)).map(|_| fastrand::u64(..1_000_000)).collect(),
    };
    for seed in seeds {
        run(Plan { ledger, seed, people, chaos }).await;
    }
}

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "whoever looks for faults says how long")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

async fn run(plan: Plan) {
    println!("CHAOS_SEED={} {plan:?}", plan.seed);
    let world = Arc::new(World::begin(plan, Schedule::of(plan)).await);
    world.let_it_happen().await;
    world.calm_down().await;
    world.every_acknowledged_event_is_stored().await;
    world.line_works_equals_the_wishes(verdict::Leavers::AreAway).await;
    world.the_delay_goes_by().await;
    world.line_works_equals_the_wishes(verdict::Leavers::AreDeleted).await;
    world.nobody_was_deleted_early().await;
    world.nobody_was_touched_by_two().await;
    world.tokens_were_asked_for_once_per_life().await;
    world.callers_were_answered_as_they_understand();
    world.it_was_a_test().await;
    world.end().await;
}
