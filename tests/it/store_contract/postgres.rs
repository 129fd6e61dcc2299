//! PostgreSQL keeps the contract; and what only a server that several replicas share can show.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use okta_lineworks::clock::Clock;
use okta_lineworks::domain::event::{EventKind, Source, Verdict};
use okta_lineworks::ledger::postgres::{Address, Encryption, PostgresStore};
use okta_lineworks::ledger::{IgnoredEvent, Incoming, NotedRequest, OpenError, Store, StoreError};

use super::{Bench, Verbs, at, event, every_case, id, people, settled};
use crate::support::postgres::{Database, wait};

struct Server(Database);

impl Server {
    fn new() -> Self {
        Self(Database::new())
    }
}

impl Bench for Server {
    fn open(&self, now: Timestamp) -> Arc<dyn Store> {
        crate::support::install_crypto();
        let (address, clock) = (self.0.address(), Clock::system());
        // A little earlier: the cases say to the second when they claim.
        clock.advance(now.duration_since(clock.now()) - SignedDuration::from_secs(1));
        Arc::new(wait(async { PostgresStore::open(&address, 4, &clock).await.expect("opens") }))
    }
}

every_case!(super::Server::new());

super::contract! {
    super::Server::new();
    replicas:
        nobody_is_claimed_twice,
        a_dead_replicas_people_are_taken_over_after_lease_and_grace,
        whoever_was_taken_over_touches_nothing,
        a_renewed_lease_is_nobody_elses,
        the_cap_holds_for_all_together,
        the_quota_is_kept_by_all_together,
        what_lineworks_said_counts_for_all,
        one_persons_events_at_two_replicas_are_all_counted,
        an_event_at_two_replicas_at_once_counts_once,
        a_waiter_at_another_replica_is_told,
        a_leaver_is_taken_over_by_one_only,
        a_release_wakes_each_once;
}

#[tokio::test]
async fn many_at_once_never_lock_each_other_out() {
    let server = Server::new();
    super::replicas::many_at_once_never_lock_each_other_out(&server).await;
    // The server tells its statistics with a delay.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(server.0.query(deadlocks), 0, "nobody waited in a circle");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_set_aside_and_names_its_place() {
    let server = Server::new();
    let store = server.open(at(0));
    store.assign("00uBAD", 0).await;
    store.assign("00uGOOD", 0).await;
    server.0.run(
        "UPDATE assignments SET profile = '{', profile_at = 1, profile_source = 'card' WHERE okta_user_id = '00uBAD'",
    );
    assert_eq!(people(&store.claim_all(1).await), ["00uGOOD"], "it keeps nobody else waiting");
    assert!(store.claim_all(3_600).await.is_empty(), "and is left alone for an hour");
    let error = store.assignment(&id("00uBAD")).await.expect_err("unreadable");
    let StoreError::BadRow { table, column, key } = &error else { panic!("{error}") };
    assert_eq!((*table, *column, key.as_str()), ("assignments", "profile", "00uBAD"));
    server.0.run("UPDATE assignments SET profile = NULL WHERE okta_user_id = '00uBAD'");
    assert_eq!(people(&store.claim_all(3_601).await), ["00uBAD"], "mended, it goes on");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_spoil_a_batch() {
    let server = Server::new();
    let store = server.open(at(0));
    store.assign("00uBAD", 0).await;
    server.0.run("UPDATE assignments SET profile_weight = 7 WHERE okta_user_id = '00uBAD'");
    let leaving = |person| Incoming::Event(event(EventKind::Unassigned, person, 5));
    let receipts = store.accept(vec![leaving("00uBAD"), leaving("00uGOOD")]).await.expect("stored");
    let verdicts: Vec<Verdict> = receipts.iter().map(|receipt| receipt.verdict).collect();
    assert_eq!(verdicts, [Verdict::Ignored, Verdict::New]);
    let alone = store.accept(vec![leaving("00uBAD")]).await;
    assert!(matches!(alone, Err(StoreError::BadRow { .. })), "alone, its sender is told");
    let read = super::Event { source: Source::SystemLog, ..event(EventKind::Unassigned, "00uBAD", 5) };
    let receipts = store.accept(vec![Incoming::Event(read)]).await.expect("what is read goes on");
    assert_eq!(receipts[0].verdict, Verdict::Ignored);
}

/// SQLite and PostgreSQL differ in this one character; it may come from anywhere.
#[tokio::test]
async fn a_text_with_a_nul_character_is_kept_without_it() {
    let server = Server::new();
    let store = server.open(at(0));
    let ignored = IgnoredEvent {
        person: None,
        key: Some("e-1".parse().expect("a key")),
        kind: "user.\0odd".into(),
        note: "not \0 ours".into(),
        source: Source::Hook,
        caller: "test".into(),
        occurred: at(1),
        arrived: at(1),
    };
    for _ in 0..2 {
        store.accept(vec![Incoming::Ignored(ignored.clone())]).await.expect("stored");
    }
    let kept = store.noted(NotedRequest { before: None, limit: 5 }).await.expect("readable");
    assert_eq!((kept.len(), kept[0].kind.as_str(), kept[0].times_seen), (1, "user.\u{fffd}odd", 2));
}

#[tokio::test]
async fn cut_connections_are_made_anew_and_nothing_is_lost() {
    let server = Server::new();
    let store = server.open(at(0));
    let listening = server.open(at(0));
    store.assign("00uA", 0).await;
    for round in 1..=3_i64 {
        assert!(server.0.cut_connections() > 0);
        let receipt = store.assign("00uA", round).await;
        assert_eq!(receipt.revision, u64::try_from(round).expect("small") + 1);
        assert_eq!(store.row("00uA").await.revision, receipt.revision);
    }
    let claimed = store.claim_one("00uA", 5).await;
    let bell = listening.wake().settled(&id("00uA"));
    store.settle_in(&claimed, settled(), 6).await;
    tokio::time::timeout(Duration::from_secs(20), bell).await.expect("the slow look is the truth").expect("rings");
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_and_comes_back_by_itself() {
    let server = Server::new();
    let store = server.open(at(0));
    store.assign("00uA", 0).await;
    server.0.close();
    super::replicas::is_unavailable(&*store).await;
    server.0.open();
    assert_eq!(store.assign("00uA", 1).await.revision, 2);
}

#[tokio::test]
async fn a_lock_somebody_forgot_is_an_answer_and_no_hang() {
    let server = Server::new();
    let store = server.open(at(0));
    store.assign("00uA", 0).await;
    let forgotten = server.0.hold("SELECT 1 FROM assignments FOR UPDATE");
    let refused = store.accept(vec![Incoming::Event(event(EventKind::Assigned, "00uA", 1))]).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("lock")), "{refused:?}");
    drop(forgotten);
    assert_eq!(store.assign("00uA", 2).await.revision, 2, "nothing of it was stored");
}

#[tokio::test]
async fn replicas_that_start_together_bring_the_tables_up_once() {
    let server = Server::new();
    let stores: Vec<Arc<dyn Store>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| server.open(at(0)))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(stores.len(), 4);
    assert_eq!(server.0.query("SELECT count(*) FROM ledger_migrations"), i64::try_from(SHIPPED.len()).expect("few"));
}

async fn refusal(address: Address) -> OpenError {
    crate::support::install_crypto();
    wait(async move { PostgresStore::open(&address, 2, &Clock::system()).await.err().expect("refused") })
}

#[tokio::test]
async fn a_ledger_of_a_newer_program_is_refused() {
    let server = Server::new();
    drop(server.open(at(0)));
    server.0.run("INSERT INTO ledger_migrations (number, name) VALUES (99, 'from the future')");
    let refused = refusal(server.0.address()).await;
    assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
    assert!(refused.to_string().contains(&server.0.name), "{refused}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_a_ledger_is_refused_with_the_reason() {
    let server = Server::new();
    server.0.run("CREATE TABLE assignments (somebody TEXT)");
    let refused = refusal(server.0.address()).await;
    assert!(refused.to_string().contains("0001_ledger") && refused.to_string().contains("exists"), "{refused}");
    let nowhere = Address { database: "no_such_database".into(), ..server.0.address() };
    assert!(refusal(nowhere).await.to_string().contains("no_such_database"));
    let nobody = Address { host: "127.0.0.1".into(), port: 1, ..server.0.address() };
    assert!(refusal(nobody).await.to_string().contains("refused"));
}

#[tokio::test]
async fn no_text_shows_the_password() {
    let server = Server::new();
    let secret = "hunter2-hunter2";
    let wrong = Address { password: Some(secret.to_owned().into()), ..server.0.address_over_tcp() };
    assert!(!format!("{wrong:?}").contains(secret));
    if server.0.authority().is_none() {
        return; // A server of somebody else may believe anybody.
    }
    let refused = refusal(wrong).await;
    let texts = format!("{refused} {refused:?}");
    assert!(texts.contains("password authentication failed") && !texts.contains(secret), "{texts}");
}

#[tokio::test]
async fn a_connection_over_tcp_is_encrypted_and_checked_as_asked_for() {
    let server = Server::new();
    let Some(authority) = server.0.authority() else { return };
    crate::support::install_crypto();
    let over = |encryption, host: &str| Address { host: host.into(), encryption, ..server.0.address_over_tcp() };
    let checked = || Encryption::Checked(Some(authority.clone()));
    for encryption in [Encryption::None, Encryption::Unchecked, checked()] {
        let address = over(encryption.clone(), "localhost");
        let store = wait(async { PostgresStore::open(&address, 2, &Clock::system()).await.expect("opens") });
        let encrypted = server.0.query(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE ssl AND datname = current_database() AND application_name = 'okta-lineworks'",
        );
        assert_eq!(encrypted > 0, encryption != Encryption::None, "{encryption:?}");
        drop(store);
        server.0.cut_connections();
    }
    let refused = refusal(over(Encryption::Checked(None), "localhost")).await.to_string();
    assert!(refused.contains("TLS"), "no authority of the system's: {refused}");
    let refused = refusal(over(checked(), "127.0.0.1")).await.to_string();
    assert!(refused.contains("TLS"), "another name than the certificate's: {refused}");
}

/// A commit must be on disk when it returns, also where the server's administrator thought otherwise for his programs.
#[tokio::test]
async fn a_commit_is_synced_whatever_the_servers_default() {
    let server = Server::new();
    let name = &server.0.name;
    server.0.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    server.0.run(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"));
    let store = server.open(at(0));
    server.0.run(
        "CREATE TABLE seen (word TEXT); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit') || ' ' \
         || current_setting('transaction_isolation')); RETURN NEW; END $$; \
         CREATE TRIGGER see AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION see()",
    );
    store.assign("00uA", 0).await;
    assert_eq!(server.0.query("SELECT count(*) FROM seen WHERE word = 'on read committed'"), 1);
}

/// A migration that was shipped never changes: the ledgers out there would not have the change. The next change is the
/// next file, and its line here.
const SHIPPED: [(&str, &str); 5] = [
    ("0001_ledger.sql", "92574985852eae982e9d3531d2dd53a3ff74a23a736f9a34f811f463ee1018e4"),
    ("0002_groups_and_rehires.sql", "b51610ab1c6fd3b4a06c36c78b4447987e307c61fbb5d1f0e5fb1c68bcaa8b3e"),
    ("0003_events_of_nobody.sql", "636ac83e4b8b2631d51707e8d8f62bca56dc8e2b63a9808779fbb954e20f2cf6"),
    ("0004_okta_truth.sql", "bb9c2da554e16f3c6e419e46b23ba5dab9053bc53e95803d9bdbca5abdd7fafc"),
    ("0005_okta_in_attempts.sql", "ff008cbad2671876c2623edbefce6a23b5e810a2e8773d6e1268bcf0fde914ab"),
];

#[test]
fn every_migration_is_as_it_was_shipped() {
    super::migrations_are_as_shipped("migrations/postgres", &SHIPPED);
}

/// One number means one change, whatever the database.
#[test]
fn both_adapters_have_the_same_migrations() {
    let names = |folder: &str| -> std::collections::BTreeSet<std::ffi::OsString> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").file_name()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
