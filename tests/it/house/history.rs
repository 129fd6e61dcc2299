//! What is old is forgotten by the running service, and nobody waits for it.

use std::time::{Duration, Instant};

use super::assign;
use crate::support::process::Site;

const DAY_MS: i64 = 86_400_000;

/// Old events, runs and destructive steps: more than one small step of each.
async fn old_history_goes_while_calls_are_taken(site: Site) {
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    let now = okta_lineworks::clock::Clock::system().now().as_millisecond();
    let old = now - 2 * DAY_MS;
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2600) ";
    site.change(&format!(
        "INSERT INTO events (okta_user_id, kind, event_key, source, caller, occurred_at, arrived_at, verdict) \
         {numbers} SELECT '00uOLD', 'assigned', 'k' || n, 'hook', 'test', {old}, {old}, \
         CASE WHEN n % 2 = 0 THEN 'ignored' ELSE 'new' END FROM numbers; \
         INSERT INTO attempts (okta_user_id, revision, lease_number, started_at, ended_at, state, steps, calls) \
         {numbers} SELECT '00uOLD', 1, 1, {old}, {old}, 'settled', '[]', '[]' FROM numbers; \
         INSERT INTO destructive_steps (okta_user_id, revision, step, at) \
         {numbers} SELECT '00uOLD', n, 'suspend', {old} FROM numbers"
    ));
    site.configure("[ledger]\nkeep_history = '1d'");
    let program = site.start().await;
    for n in 0..10 {
        assign(&site, &program, n).await;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let left = || {
        let tables = [("events", "arrived_at"), ("attempts", "ended_at"), ("destructive_steps", "at")];
        let count = |(table, at): (&str, &str)| format!("(SELECT count(*) FROM {table} WHERE {at} = {old})");
        site.query(&format!("SELECT {}", tables.map(count).join(" + ")))
    };
    while left() > 0 {
        assert!(Instant::now() < deadline, "{} rows are still there\n{}", left(), program.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(site.query("SELECT count(*) FROM events"), 10, "what is new stays");
    assert_eq!(program.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_history_goes_from_a_file() {
    old_history_goes_while_calls_are_taken(Site::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_history_goes_from_a_database() {
    old_history_goes_while_calls_are_taken(Site::on_postgres().await).await;
}
