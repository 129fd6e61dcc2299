//! What workers, pages and health checks ask of a ledger, small against large.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use okta_lineworks::clock::Clock;
use okta_lineworks::domain::assignment::StateName;
use okta_lineworks::ledger::postgres::PostgresStore;
use okta_lineworks::ledger::sqlite::SqliteStore;
use okta_lineworks::ledger::{ClaimRequest, ListRequest, NotedRequest, Store};

use super::fill::Ledger;
use super::support::load::person;
use super::support::server::{ADMIN, Server};
use super::support::{Fallible, median, millis};

/// Each question is asked so often; the median counts.
const TIMES: usize = 9;

/// Asks through the store, without a program; a claim and a step of forgetting change the ledger.
pub async fn through_the_store(small: &Ledger, large: &Ledger) -> Fallible<()> {
    let clock = Clock::system();
    let mut columns = Vec::new();
    for ledger in [small, large] {
        columns.push(ask(open(ledger, &clock).await?.as_ref(), &clock).await?);
    }
    println!("  {:<34} {:>9} {:>9}", "through the store, ms", "small", "large");
    for ((name, small), (_, large)) in columns[0].iter().zip(&columns[1]) {
        println!("  {name:<34} {small:>9.2} {large:>9.2}");
    }
    Ok(())
}

async fn open(ledger: &Ledger, clock: &Clock) -> Fallible<Arc<dyn Store>> {
    Ok(match ledger {
        Ledger::File(file) => Arc::new(SqliteStore::open(file, clock.now(), Duration::ZERO)?),
        Ledger::Postgres(database) => Arc::new(PostgresStore::open(&database.address_over_tcp(), 4, clock).await?),
    })
}

async fn ask(store: &dyn Store, clock: &Clock) -> Fallible<Vec<(&'static str, f64)>> {
    let now = clock.now();
    let page = |state, query: Option<&str>| ListRequest {
        state,
        query: query.map(str::to_owned),
        limit: 101,
        ..ListRequest::default()
    };
    let claim = |n: usize| ClaimRequest {
        limit: 1,
        joiners: 1,
        now: now + SignedDuration::from_millis(n as i64),
        lease: Duration::from_secs(60),
        grace: Duration::from_secs(10),
    };
    let (day, anybody) = (SignedDuration::from_hours(24), person(7).parse()?);
    let mut times = Vec::new();
    macro_rules! asked {
        ($name:literal, |$n:pat_param| $what:expr) => {{
            let mut took = Vec::new();
            for $n in 0..TIMES {
                let began = Instant::now();
                $what.await?;
                took.push(millis(began.elapsed()));
            }
            times.push(($name, median(took)));
        }};
    }
    asked!("one person", |_| store.assignment(&anybody));
    asked!("one person's history", |_| store.history(&anybody));
    asked!("tally (health, metrics, pages)", |_| store.tally(now));
    asked!("next due", |_| store.next_due());
    asked!("a page", |_| store.list(page(None, None)));
    asked!("a page of those who wait", |_| store.list(page(Some(StateName::Waiting), None)));
    asked!("a page of those who are parked", |_| store.list(page(Some(StateName::Parked), None)));
    asked!("a page of those who are due", |_| store.list(page(Some(StateName::Due), None)));
    asked!("a page of those at work (nobody)", |_| store.list(page(Some(StateName::Running), None)));
    asked!("a page of a search, found often", |_| store.list(page(None, Some("person0000"))));
    asked!("a page of a search, found never", |_| store.list(page(None, Some("nobody-at-all"))));
    asked!("events of nobody", |_| store.noted(NotedRequest { before: None, limit: 100 }));
    asked!("claim", |n| store.claim(claim(n)));
    asked!("forget, nothing to forget", |_| store.prune(now - day));
    asked!("forget one step", |_| store.prune(now + day));
    Ok(times)
}

/// Asks through the program's doors.
pub async fn through_the_doors(servers: &[Server]) -> Fallible<()> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
    println!("  {:<34} {:>9} {:>9}", "through HTTP, ms", "small", "large");
    for path in ["/livez", "/readyz", "/metrics", "/v1/assignments", "/v1/events"] {
        let mut columns = Vec::new();
        for server in servers {
            let mut took = Vec::new();
            for _ in 0..TIMES {
                let began = Instant::now();
                let asked = http.get(format!("http://{}{path}", server.address)).bearer_auth(ADMIN);
                asked.send().await?.bytes().await?;
                took.push(millis(began.elapsed()));
            }
            columns.push(median(took));
        }
        println!("  {path:<34} {:>9.2} {:>9.2}", columns[0], columns[1]);
    }
    Ok(())
}
