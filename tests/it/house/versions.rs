//! Two versions of the program beside each other, as a rolling upgrade has them: a later one's migration is applied by
//! hand while this one serves.

use std::time::Duration;

use serde_json::Value;

use super::{assign, id, unassign};
use crate::support::process::{Program, Site};

/// What a later version might add: a column, a column with a default, a table.
const EXPAND: &str = "ALTER TABLE assignments ADD COLUMN invented TEXT; \
     ALTER TABLE events ADD COLUMN invented TEXT NOT NULL DEFAULT '[]'; \
     ALTER TABLE attempts ADD COLUMN invented TEXT; CREATE TABLE inventions (name TEXT PRIMARY KEY)";

/// Applies a migration this program does not know; programs can work with it since the schema of this number.
fn apply(site: &Site, sql: &str, works_since: Option<i64>) {
    let number = newest(site) + 1;
    let since = works_since.map_or_else(|| "NULL".to_owned(), |since| since.to_string());
    let note =
        format!("INSERT INTO ledger_migrations (number, name, works_since) VALUES ({number}, 'invented', {since})");
    let version = if site.is_on_postgres() { String::new() } else { format!("; PRAGMA user_version = {number}") };
    site.change(&format!("{sql}; {note}{version}"));
}

fn newest(site: &Site) -> i64 {
    site.query("SELECT CAST(max(number) AS BIGINT) FROM ledger_migrations")
}

fn lines<'l>(log: &'l str, text: &'l str) -> impl Iterator<Item = &'l str> {
    log.lines().filter(move |line| line.contains(text))
}

const AHEAD: &str = "newer than this program, which can work with it";

async fn an_older_program_works_on(site: Site) {
    let program = site.start().await;
    let known = newest(&site);
    assign(&site, &program, 1).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    apply(&site, EXPAND, Some(known));
    everything_works(&site, &program).await;
    assert_eq!(lines(&program.log(), AHEAD).count(), 0, "it need not even notice");
    assert_eq!(program.stop().await, Some(0));

    let again = site.start().await;
    assign(&site, &again, 3).await;
    everything_works(&site, &again).await;
    assert_eq!(lines(&again.log(), AHEAD).count(), 1, "{}", again.log());
    assert_eq!(again.stop().await, Some(0));
    let said = site.run(&["migrate"]);
    assert_eq!(said.code, Some(0), "{}", said.said);
    assert!(said.said.contains(&format!("has schema {}; this program knows {known}", known + 1)), "{}", said.said);
    assert_eq!(newest(&site), known + 1, "nothing was applied");
}

/// Events come in, people are worked on, and questions are answered.
async fn everything_works(site: &Site, program: &Program) {
    assign(site, program, 2).await;
    unassign(site, program, 1).await;
    site.wait_until_all_is_done(program, Duration::from_secs(30)).await;
    let row = site.row(program, &id(1)).await;
    assert_eq!(row["state"], "settled", "{row:#}");
    assert!(row["history"]["events"].as_array().is_some_and(|events| events.len() >= 2), "{row:#}");
    assert!(row["history"]["attempts"].as_array().is_some_and(|runs| !runs.is_empty()), "{row:#}");
    for path in ["/v1/assignments", "/v1/events"] {
        assert_eq!(site.look(program, path).await.status, 200, "{path}");
    }
    assert_eq!(site.member(&id(2)).await.map(|it| it["isDeleted"].clone()), Some(Value::Bool(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_works_on_with_a_schema_that_only_grew() {
    an_older_program_works_on(Site::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_works_on_with_a_schema_that_only_grew() {
    an_older_program_works_on(Site::on_postgres().await).await;
}

/// A migration that took something away, or that says nothing about older programs.
async fn an_older_program_is_refused(site: Site, works_since: impl Fn(i64) -> Option<i64>) {
    let program = site.start().await;
    assign(&site, &program, 1).await;
    assert_eq!(program.stop().await, Some(0));
    let known = newest(&site);
    apply(&site, "CREATE TABLE inventions (name TEXT PRIMARY KEY)", works_since(known));
    for command in [&["serve"][..], &["migrate"], &["migrate", "--check"]] {
        let refused = site.run(command);
        assert_eq!(refused.code, Some(1), "{command:?}: {}", refused.said);
        let numbers = format!("has the number {}, this program knows up to {known}", known + 1);
        assert!(refused.said.contains(&numbers), "{command:?}: {}", refused.said);
        assert!(refused.said.contains("run the newer version, or restore a backup"), "{}", refused.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_shrank_is_refused() {
    an_older_program_is_refused(Site::new().await, |known| Some(known + 1)).await;
    an_older_program_is_refused(Site::on_postgres().await, |known| Some(known + 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_nothing_is_said_about_is_refused() {
    an_older_program_is_refused(Site::new().await, |_| None).await;
    an_older_program_is_refused(Site::on_postgres().await, |_| None).await;
}

async fn migrate_makes_the_tables(site: Site) {
    let would = site.run(&["migrate", "--check"]);
    assert_eq!(would.code, Some(5), "{}", would.said);
    assert!(would.said.contains("would be made: schema"), "{}", would.said);
    let did = site.run(&["migrate"]);
    assert_eq!(did.code, Some(0), "{}", did.said);
    assert!(did.said.contains("was made: schema"), "{}", did.said);
    for command in [&["migrate"][..], &["migrate", "--check"]] {
        let again = site.run(command);
        assert_eq!(again.code, Some(0), "{}", again.said);
        assert!(again.said.contains("is up to date: schema"), "{}", again.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_says_from_where_to_where() {
    migrate_makes_the_tables(Site::new().await).await;
    migrate_makes_the_tables(Site::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_do_not_trip_over_each_other() {
    let site = Site::on_postgres().await;
    let mut replicas = [site.spawn(), site.spawn(), site.spawn()];
    for replica in &mut replicas {
        replica.wait_until_it_serves(&site.http, "http").await;
    }
    let made: usize = replicas.iter().map(|it| lines(&it.log(), "0001_ledger").count()).sum();
    assert_eq!(made, 1, "one made the tables");
    assert_eq!(site.query("SELECT count(*) FROM ledger_migrations"), newest(&site));
}
