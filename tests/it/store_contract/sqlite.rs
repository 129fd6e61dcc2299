//! SQLite on a real file keeps the contract; and what only a file can show.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use okta_lineworks::domain::event::{EventKind, Source, Verdict};
use okta_lineworks::ledger::duty::ORG_UNITS;
use okta_lineworks::ledger::sqlite::SqliteStore;
use okta_lineworks::ledger::{Incoming, ListRequest, OpenError, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Bench, GRACE, Verbs, at, event, every_case, id, people};

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    fn by_hand(&self, sql: &str) {
        Connection::open(self.path()).expect("a database").execute_batch(sql).expect("valid");
    }
}

impl Bench for File {
    fn open(&self, now: Timestamp) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path(), now, GRACE).expect("opens"))
    }
}

every_case!(super::File::new());

/// Whoever opens the file knows that the former process is gone, and waits for its last call only.
#[tokio::test]
async fn the_people_of_a_dead_process_are_free_after_the_grace() {
    let file = File::new();
    let store = file.open(at(0));
    store.assign("00uA", 0).await;
    let first = store.claim_one("00uA", 0).await;
    drop(store);
    let store = file.open(at(5));
    store.assign("00uA", 6).await;
    assert!(store.claim_all(14).await.is_empty(), "its last call may still have its effect");
    let second = store.claim_one("00uA", 15).await;
    assert!(second.lease.number > first.lease.number);
    assert_eq!(second.assignment.marks.second_look(), Some(at(75)), "and it is looked at once more");
}

/// An org unit whose maker died may still come into being.
#[tokio::test]
async fn nobody_makes_org_units_before_the_last_call_of_the_former_maker_is_over() {
    let file = File::new();
    let take = async |store: &dyn Store, holder, second| {
        store.take_duty(ORG_UNITS, holder, at(second), Duration::from_secs(60)).await.expect("answered")
    };
    let store = file.open(at(0));
    assert!(take(&*store, "maker", 0).await);
    drop(store);
    let store = file.open(at(5));
    assert!(!take(&*store, "next", 14).await, "it may still have its effect");
    assert!(take(&*store, "next", 15).await);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_set_aside_and_names_its_place() {
    let file = File::new();
    let store = file.open(at(0));
    store.assign("00uBAD", 0).await;
    store.assign("00uGOOD", 0).await;
    file.by_hand(
        "UPDATE assignments SET profile = '{', profile_at = 1, profile_source = 'card' WHERE okta_user_id = '00uBAD'",
    );
    assert_eq!(people(&store.claim_all(1).await), ["00uGOOD"], "it keeps nobody else waiting");
    assert!(store.claim_all(3_600).await.is_empty(), "and is left alone for an hour");
    let error = store.assignment(&id("00uBAD")).await.expect_err("unreadable");
    let StoreError::BadRow { table, column, key } = &error else { panic!("{error}") };
    assert_eq!((*table, *column, key.as_str()), ("assignments", "profile", "00uBAD"));
    let listed = store.list(ListRequest { limit: 10, ..ListRequest::default() }).await;
    assert!(matches!(listed, Err(StoreError::BadRow { .. })));
    file.by_hand("UPDATE assignments SET profile = NULL WHERE okta_user_id = '00uBAD'");
    assert_eq!(people(&store.claim_all(3_601).await), ["00uBAD"], "mended, it goes on");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_spoil_a_batch() {
    let file = File::new();
    let store = file.open(at(0));
    store.assign("00uBAD", 0).await;
    file.by_hand("UPDATE assignments SET profile_weight = 7 WHERE okta_user_id = '00uBAD'");
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

#[tokio::test]
async fn the_files_are_readable_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let store = file.open(at(0));
    store.assign("00uTARO", 0).await;
    for part in ["", "-wal", "-shm", ".lock"] {
        let path = format!("{}{part}", file.path().display());
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let file = File::new();
    let store = file.open(at(0));
    let refused = SqliteStore::open(&file.path(), at(0), GRACE).err().expect("refused");
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("ledger.db"), "it names the file: {refused}");
    drop(store);
    file.open(at(0));
}

#[tokio::test]
async fn a_ledger_of_a_newer_program_is_refused() {
    let file = File::new();
    drop(file.open(at(0)));
    file.by_hand("PRAGMA user_version = 99");
    let refused = SqliteStore::open(&file.path(), at(0), GRACE).err().expect("refused");
    assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_refused() {
    let file = File::new();
    std::fs::write(file.path(), "this is a text that somebody wrote, and no database at all").expect("written");
    let refused = SqliteStore::open(&file.path(), at(0), GRACE).err().expect("refused");
    assert!(matches!(refused, OpenError::Unusable { .. }), "{refused}");
}

/// A migration that was shipped never changes: the ledgers out there would not have the change. The next change is the
/// next file, and its line here.
#[test]
fn every_migration_is_as_it_was_shipped() {
    let shipped = [
        ("0001_ledger.sql", "07ca4ebe5da876f6cb766f403a89c918670585cf7e93b79da034fe988b791fea"),
        ("0002_groups_and_rehires.sql", "9546f40f86e111f625ce293de6cb80d7071416dd66fb7c8724aa81e6c760b861"),
        ("0003_events_of_nobody.sql", "636ac83e4b8b2631d51707e8d8f62bca56dc8e2b63a9808779fbb954e20f2cf6"),
        ("0004_okta_truth.sql", "026eb158393b2060a1253e10c1b8dbbdbe06f9f7b6bb39db10ead02cd8c237b0"),
        ("0005_okta_in_attempts.sql", "ff008cbad2671876c2623edbefce6a23b5e810a2e8773d6e1268bcf0fde914ab"),
    ];
    super::migrations_are_as_shipped("migrations/sqlite", &shipped);
}
