//! The ledger's contract, one function per case, against `Store` alone: every adapter keeps it.
//!
//! An adapter joins with a `Bench` that opens it on something that outlives the process, and a line of `contract!`.
//! What only one adapter can show (its files, its migrations) is in a file of its own.

mod admission;
mod claims;
mod learnt;
mod org;
mod postgres;
mod questions;
mod receiving;
mod rehires;
mod released;
mod replicas;
mod runs;
mod sqlite;
mod statuses;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use okta_lineworks::domain::assignment::{Assignment, State, StateName};
use okta_lineworks::domain::event::{Event, EventKind, ProfileWish, Receipt, Source, UnassignPolicy};
use okta_lineworks::domain::ids::OktaUserId;
use okta_lineworks::domain::marks::Marks;
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::profile::{Profile, ProfileRules};
use okta_lineworks::domain::step::StepKind;
use okta_lineworks::ledger::{
    Admission, Admitted, ClaimRequest, Claimed, Incoming, Lease, Limits, OperatorWord, Settlement, Store,
};
use okta_lineworks::lineworks::Operation;
use serde_json::json;
use sha2::{Digest, Sha256};

/// How long a lease lasts here.
const LEASE: Duration = Duration::from_secs(30);
/// How long a call of a dead process may still take effect.
const GRACE: Duration = Duration::from_secs(10);
/// 1 call a second, 10 at once, 3 destructive steps an hour.
const LIMITS: Limits = Limits { per_minute: 60, burst: 10, destructive_per_hour: 3 };

/// The mildest policy, where which one is in force makes no difference.
const SUSPEND: UnassignPolicy = UnassignPolicy::Suspend;

/// One ledger of one adapter, which can be opened again and again, each time by another owner.
trait Bench {
    fn open(&self, now: Timestamp) -> Arc<dyn Store>;
}

/// Makes one test of each of these cases for one adapter.
macro_rules! contract {
    ($bench:expr; $($part:ident: $($case:ident),+;)+) => {
        $(mod $part {
            $(#[tokio::test]
            async fn $case() {
                super::super::$part::$case(&$bench).await;
            })+
        })+
    };
}
use contract;

/// Every case there is, for one adapter.
macro_rules! every_case {
    ($bench:expr) => {
        super::contract! {
            $bench;
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
                a_duty_has_one_holder_until_its_time_is_over,
                a_value_is_replaced_only_while_it_is_what_it_was;
            claims:
                leavers_go_first_then_the_longest_due,
                joiners_have_a_limit_of_their_own,
                nobody_is_claimed_before_their_time,
                a_row_at_work_here_is_never_claimed_again,
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
                a_deactivated_persons_deleted_member_is_found_by_the_login_okta_had,
                whoever_has_the_app_again_after_a_deactivation_is_no_leaver_whose_member_goes_on;
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
                an_empty_bucket_is_filled_again_after_the_clock_was_set_back,
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
                history_is_forgotten_in_small_steps,
                who_waits_for_a_person_is_told_when_the_run_ends;
        }
    };
}
use every_case;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("in range")
}

fn at_ms(ms: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(ms)
}

fn id(person: &str) -> OktaUserId {
    person.parse().expect("an id")
}

fn event(kind: EventKind, person: &str, second: i64) -> Event {
    Event {
        person: id(person),
        key: None,
        kind,
        source: Source::Card,
        caller: "test".into(),
        occurred: at(second),
        arrived: at(second),
        profile: None,
        policy: None,
    }
}

fn profile(email: &str) -> Option<ProfileWish> {
    let user = json!({"email": email, "userName": {"lastName": "山田"}});
    Some(ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("valid")))
}

/// A profile as a hook's event carries it.
fn thin(login: &str) -> Option<ProfileWish> {
    Some(ProfileWish::Valid(Profile::from_hook(login, Some("山田"), &ProfileRules::OPEN).expect("valid")))
}

/// Shorter words for what nearly every case does.
trait Verbs {
    async fn take_in(&self, event: Event) -> Receipt;
    async fn assign(&self, person: &str, second: i64) -> Receipt;
    async fn unassign(&self, person: &str, second: i64) -> Receipt;
    async fn row(&self, person: &str) -> Assignment;
    async fn claim_all(&self, second: i64) -> Vec<Claimed>;
    async fn claim_one(&self, person: &str, second: i64) -> Claimed;
    async fn settle_in(&self, claimed: &Claimed, state: State, second: i64) -> bool;
    async fn hold(&self, person: &str, cause: Cause, second: i64);
    async fn say(&self, person: &str, kind: EventKind, second: i64) -> okta_lineworks::ledger::Heard;
}

impl Verbs for dyn Store + '_ {
    async fn take_in(&self, event: Event) -> Receipt {
        self.accept(vec![Incoming::Event(event)]).await.expect("accepted").remove(0)
    }

    async fn assign(&self, person: &str, second: i64) -> Receipt {
        self.take_in(event(EventKind::Assigned, person, second)).await
    }

    async fn unassign(&self, person: &str, second: i64) -> Receipt {
        self.take_in(event(EventKind::Unassigned, person, second)).await
    }

    async fn row(&self, person: &str) -> Assignment {
        self.assignment(&id(person)).await.expect("readable").expect("there is one")
    }

    async fn claim_all(&self, second: i64) -> Vec<Claimed> {
        self.claim(request(100, 100, second)).await.expect("claimed")
    }

    async fn claim_one(&self, person: &str, second: i64) -> Claimed {
        let claimed = self.claim_all(second).await;
        claimed.into_iter().find(|it| it.lease.person == id(person)).expect("is due")
    }

    async fn settle_in(&self, claimed: &Claimed, state: State, second: i64) -> bool {
        self.settle(&claimed.lease, settlement(&claimed.assignment, state, second)).await.expect("written")
    }

    async fn hold(&self, person: &str, cause: Cause, second: i64) {
        let claimed = self.claim_one(person, second).await;
        let state = State::Held { reason: Reason::of(cause), steps: vec![StepKind::Suspend], look_again: None };
        assert!(self.settle_in(&claimed, state, second).await);
    }

    async fn say(&self, person: &str, kind: EventKind, second: i64) -> okta_lineworks::ledger::Heard {
        let word = OperatorWord { person: id(person), kind, caller: "admin".into(), now: at(second) };
        self.hear(word).await.expect("heard")
    }
}

fn request(limit: usize, joiners: usize, second: i64) -> ClaimRequest {
    ClaimRequest { limit, joiners, now: at(second), lease: LEASE, grace: GRACE }
}

/// A run that changed nothing but the state.
fn settlement(row: &Assignment, state: State, second: i64) -> Settlement {
    Settlement {
        revision: row.revision,
        state,
        member_id: row.member_id.clone(),
        external_key: row.external_key.clone(),
        marks: row.marks,
        groups: row.groups.clone(),
        yielded_to: row.yielded_to.clone(),
        learnt: None,
        okta: Vec::new(),
        failures: 0,
        steps: Vec::new(),
        calls: Vec::new(),
        started: at(second),
        ended: at(second),
    }
}

fn settled() -> State {
    State::Settled { look_again: None, note: None }
}

fn waiting(until: i64) -> State {
    State::Waiting { until: at(until), reason: Reason::of(Cause::LineWorksFailing) }
}

/// A call of a joiner that takes nothing away.
fn call(operation: Operation, now: Timestamp) -> Admission {
    Admission {
        operation,
        leaving: false,
        intent: None,
        approved: false,
        revision: 1,
        now,
        lease: LEASE,
        grace: GRACE,
        limits: LIMITS,
    }
}

/// A leaver's suspension.
fn suspension(marks: Marks, second: i64) -> Admission {
    let intent = Some((StepKind::Suspend, marks));
    Admission { leaving: true, intent, ..call(Operation::SuspendMember, at(second)) }
}

async fn admit(store: &dyn Store, lease: &Lease, admission: Admission) -> Admitted {
    store.admit(lease, admission).await.expect("answered")
}

fn people(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|it| it.lease.person.as_str()).collect()
}

fn state_of(row: &Assignment) -> StateName {
    row.state.name()
}

/// Every file of the folder has its line, and its text is what it was.
fn migrations_are_as_shipped(folder: &str, shipped: &[(&str, &str)]) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").file_name()).collect();
    files.sort();
    let names: Vec<_> = shipped.iter().map(|(name, _)| std::ffi::OsString::from(name)).collect();
    assert_eq!(files, names, "every file has its line");
    for (name, pinned) in shipped {
        let digest = Sha256::digest(std::fs::read(folder.join(name)).expect("readable"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, *pinned, "{name}");
    }
}
