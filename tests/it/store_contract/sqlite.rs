//! SQLite on a real file keeps the contract; and what only a file can show.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use okta_lineworks::domain::event::{EventKind, Verdict};
use okta_lineworks::ledger::sqlite::SqliteStore;
use okta_lineworks::ledger::{Incoming, ListRequest, OpenError, Store, StoreError};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Bench, GRACE, Verbs, at, contract, event, id, people};

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

contract! {
    super::File::new();
    receiving:
        every_event_but_a_duplicate_raises_the_revision,
        a_duplicate_that_carries_more_is_merged,
        the_same_key_for_another_person_is_another_event,
        what_was_ignored_is_kept_once_and_judged_anew,
        what_was_accepted_is_there_after_a_restart,
        an_event_makes_the_row_due_whatever_its_state,
        a_retry_raises_the_revision_of_whatever_state,
        a_ruling_is_in_force_for_its_revision_only,
        only_what_is_held_and_approvable_can_be_approved;
    statuses:
        the_newest_status_stands_and_every_one_raises_the_revision,
        a_status_makes_the_row_due_among_those_who_leave,
        a_status_of_somebody_unknown_makes_no_row_and_counts_once_there_is_one,
        who_is_active_again_is_not_on_the_way_to_a_deletion,
        a_change_raises_the_revision_and_a_thin_profile_never_stands_above_a_full_one,
        any_order_and_any_copies_end_in_the_same_facts;
    org:
        while_the_app_is_gone_nothing_is_taken_away_that_nobody_approved,
        the_newest_word_about_the_app_stands_and_begins_once,
        whoever_was_held_is_due_when_the_app_is_back,
        what_is_about_nobody_is_kept_once_and_remembered_with_it,
        what_the_log_told_of_first_is_late_once_when_a_door_brings_it,
        a_duty_has_one_holder_until_its_time_is_over;
    claims:
        leavers_go_first_then_the_longest_due,
        joiners_have_a_limit_of_their_own,
        nobody_is_claimed_before_their_time,
        a_row_at_work_here_is_never_claimed_again,
        the_people_of_a_dead_process_are_free_after_the_grace,
        a_lost_lease_touches_nothing,
        a_call_renews_the_lease,
        an_abandoned_person_is_taken_over_after_lease_and_grace,
        an_operators_word_waits_for_a_run_in_progress;
    released:
        those_who_wait_for_a_cause_are_due_when_it_is_over,
        only_as_many_are_released_as_asked_for_and_the_longest_waiting_first,
        a_release_does_not_shorten_the_wait_after_an_unclear_call;
    runs:
        a_run_is_kept_with_all_it_did,
        a_revision_that_grew_during_the_run_is_due_again,
        only_a_settled_run_applies_its_revision,
        nothing_cuts_the_pause_after_an_unclear_call,
        a_new_assignment_ends_the_count_towards_a_deletion,
        a_member_belongs_to_one_assignment,
        former_logins_are_kept_until_a_member_is_known,
        failures_are_counted_as_the_run_says;
    learnt:
        what_okta_said_is_kept_with_the_run,
        okta_wins_over_all_the_run_knew_whatever_its_time,
        of_what_came_during_the_run_the_newest_stands,
        whom_okta_shows_as_gone_is_a_leaver_and_keeps_the_last_profile,
        a_named_policy_stays_while_okta_agrees,
        a_named_policy_outlives_one_reading_that_does_not_show_the_removal_yet,
        a_ruling_is_void_once_okta_says_otherwise,
        the_count_towards_a_deletion_ends_when_okta_shows_the_person_again,
        what_an_earlier_run_said_is_known_until_an_event_comes,
        a_deactivated_persons_deleted_member_is_found_by_the_login_okta_had;
    rehires:
        a_leavers_member_goes_on_with_all_that_is_remembered,
        a_leaver_at_work_or_unclear_is_not_taken_over,
        nobody_is_taken_over_who_is_assigned_or_by_a_lost_lease,
        who_is_assigned_again_has_yielded_nothing_once_worked_on,
        a_deleted_member_is_found_by_its_login;
    admission:
        a_burst_passes_and_then_the_sustained_pace,
        every_operation_has_slots_of_its_own_and_they_outlive_a_restart,
        joiners_leave_a_reserve_to_leavers,
        nothing_passes_before_the_reset_lineworks_named,
        the_bucket_is_corrected_down_and_never_up,
        a_clock_that_jumps_back_lends_no_slots,
        an_intent_is_on_disk_before_the_call_may_start,
        no_intent_is_written_for_a_call_that_may_not_start,
        destructive_steps_have_a_cap_per_rolling_hour,
        a_step_that_is_tried_again_counts_once,
        an_approved_step_passes_the_cap;
    questions:
        a_list_is_ordered_filtered_and_paged,
        a_history_shows_the_newest_first,
        a_tally_counts_people_per_state,
        what_is_about_nobody_is_listed_newest_first,
        the_earliest_moment_is_what_falls_due_next,
        a_key_has_one_holder_whoever_asks,
        what_there_is_one_of_is_replaced,
        old_history_is_forgotten_and_nobody_with_it,
        who_waits_for_a_person_is_told_when_the_run_ends;
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
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let entries = std::fs::read_dir(&folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").file_name()).collect();
    files.sort();
    assert_eq!(files, shipped.map(|(name, _)| name), "every file has its line");
    for (name, pinned) in shipped {
        let digest = Sha256::digest(std::fs::read(folder.join(name)).expect("readable"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, pinned, "{name}");
    }
}
