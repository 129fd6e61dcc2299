//! The plan, cell by cell: the table of `docs/architecture.md` as text, the rules around it, and what must hold for
//! every situation there is.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::assignment::Ruling::{Approved, Rejected};
use crate::domain::event::ProfileWish;
use crate::domain::marks::Intent;
use crate::domain::policy::GroupPolicy;
use crate::domain::profile::ProfileRules;

const DAY: Duration = Duration::from_secs(86_400);
const DELETE_AFTER: Duration = Duration::from_secs(7 * 86_400);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).expect("in range")
}

fn now() -> Timestamp {
    at(0)
}

fn ago(span: Duration) -> Timestamp {
    now().checked_sub(SignedDuration::try_from(span).expect("in range")).expect("in range")
}

/// One situation in owned pieces; a test changes what it is about.
#[derive(Debug, Clone)]
struct Case {
    desired: Desired,
    member: Option<Member>,
    ownership: Ownership,
    marks: Marks,
    ruling: Option<Ruling>,
    rests_on_absence: bool,
    restored: bool,
    may_be_hidden: bool,
    sent: Vec<String>,
    groups: Vec<Reference>,
    is_new: bool,
    policy: Policy,
}

impl Case {
    fn plan(&self) -> Plan {
        plan(&Situation {
            person: &"00uTARO".parse().expect("an id"),
            desired: &self.desired,
            seen: self.member.as_ref().map(|member| Seen { member, ownership: &self.ownership }),
            marks: &self.marks,
            ruling: self.ruling.as_ref(),
            rests_on_absence: self.rests_on_absence,
            restored: self.restored,
            may_be_hidden: self.may_be_hidden,
            sent: &self.sent,
            groups: &self.groups,
            is_new: self.is_new,
            domain_id: 7,
            policy: &self.policy,
            now: now(),
        })
    }

    /// The plan in a few words.
    fn words(&self) -> String {
        let names = |steps: &[StepKind]| steps.iter().map(|step| step.as_str()).collect::<Vec<_>>().join("+");
        match self.plan() {
            Plan::Do(step) => step.kind().as_str().to_owned(),
            Plan::Settle { note: None, look_again: None } => "settled".to_owned(),
            Plan::Settle { note, .. } => note.map_or("again".to_owned(), |note| note.cause.code().to_owned()),
            Plan::Hold { reason, steps } => format!("held {}: {}", names(&steps), reason.cause.code()),
            Plan::Park(reason) => format!("parked: {}", reason.cause.code()),
        }
    }

    fn look_again(&self) -> Option<Timestamp> {
        match self.plan() {
            Plan::Settle { look_again, .. } => look_again,
            other => panic!("not settled: {other:?}"),
        }
    }
}

fn wish(last_name: &str) -> ProfileWish {
    let user = json!({"email": "taro@example.com", "userName": {"lastName": last_name}});
    ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("valid"))
}

fn active() -> Desired {
    Desired::Active(Some(wish("山田")))
}

fn unassigned(policy: UnassignPolicy) -> Desired {
    Desired::Unassigned { policy }
}

fn member(condition: Condition) -> Member {
    let attributes = json!({"email": "taro@example.com", "userName": {"lastName": "前田"}});
    Member {
        id: "m-1".parse().expect("an id"),
        external_key: Some("00uTARO".into()),
        email: "Taro@example.com".into(),
        condition,
        is_administrator: false,
        attributes: attributes.as_object().expect("an object").clone(),
    }
}

fn policy() -> Policy {
    Policy {
        adopt: Adopt::WhenNoExternalKey,
        lift_foreign: false,
        unassign: UnassignPolicy::SuspendThenDelete,
        delete_after: DELETE_AFTER,
        protected: vec!["boss@example.com".into()],
        managed_fields: None,
        groups: GroupPolicy::default(),
    }
}

fn our_doing() -> Option<Intent> {
    Some(Intent { at: ago(DAY), confirmed: true })
}

/// An ordinary member of ours that was seen just now for the first time.
fn case(desired: Desired, condition: Condition) -> Case {
    let marks = Marks::default().observe(&desired, Some(condition), now());
    Case {
        desired,
        member: Some(member(condition)),
        ownership: Ownership::Ours,
        marks,
        ruling: None,
        rests_on_absence: false,
        restored: false,
        may_be_hidden: false,
        sent: Vec::new(),
        groups: Vec::new(),
        is_new: false,
        policy: policy(),
    }
}

/// The same, when the suspension and the deletion were our doing.
fn by_us(desired: Desired, condition: Condition) -> Case {
    let mut case = case(desired, condition);
    case.marks = Marks { suspend: our_doing(), delete: our_doing(), ..case.marks };
    case
}

// --- the table -------------------------------------------------------------------------------------------------------

/// What a column of the table stands for.
fn column(name: &str, desired: Desired) -> Case {
    match name {
        "absent" => Case { member: None, ..case(desired, Condition::Active) },
        "active" => case(desired, Condition::Active),
        "on leave" => case(desired, Condition::OnLeave),
        "pending" => case(desired, Condition::Pending),
        "suspended by us" => by_us(desired, Condition::Suspended),
        "suspended by other" => case(desired, Condition::Suspended),
        "deleted by us" => by_us(desired, Condition::Deleted),
        "deleted by other" => case(desired, Condition::Deleted),
        other => panic!("no such column: {other}"),
    }
}

fn row(name: &str) -> Desired {
    match name {
        "active" => active(),
        "suspended" => Desired::Suspended,
        "unassigned, suspend" => unassigned(UnassignPolicy::Suspend),
        "unassigned, suspend_then_delete" => unassigned(UnassignPolicy::SuspendThenDelete),
        "unassigned, delete" => unassigned(UnassignPolicy::Delete),
        other => panic!("no such row: {other}"),
    }
}

/// Walks through a table of plans: the head names the columns, every line a wish and the plan in each column.
fn holds(table: &str, change: impl Fn(&mut Case)) {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let head = cells(lines.next().expect("a head"));
    let mut walked = 0;
    for line in lines.map(cells) {
        for (name, expected) in head.iter().zip(&line).skip(1) {
            let mut case = column(name, row(&line[0]));
            change(&mut case);
            assert_eq!(&case.words(), expected, "wish: {}; member: {name}", line[0]);
            walked += 1;
        }
    }
    assert!(walked >= head.len() - 1, "the table was read");
}

#[test]
fn every_cell_of_the_table_holds() {
    let table = "
        wish                            | absent  | active  | on leave | pending
        active                          | create  | update  | update   | update
        suspended                       | settled | suspend | suspend  | member_pending
        unassigned, suspend             | settled | suspend | suspend  | member_pending
        unassigned, suspend_then_delete | settled | suspend | suspend  | deletion_planned
        unassigned, delete              | settled | delete  | delete   | delete
    ";
    holds(table, |_| ());
    let table = "
        wish                            | suspended by us  | suspended by other                     | deleted by us | deleted by other
        active                          | resume           | parked: suspended_by_someone_else      | undelete      | parked: deleted_by_someone_else
        suspended                       | settled          | settled                                | settled       | settled
        unassigned, suspend             | settled          | settled                                | settled       | settled
        unassigned, suspend_then_delete | deletion_planned | held delete: suspended_by_someone_else | settled       | settled
        unassigned, delete              | delete           | held delete: suspended_by_someone_else | settled       | settled
    ";
    holds(table, |_| ());
}

#[test]
fn once_the_delay_is_over_the_member_is_deleted() {
    let table = "
        wish                            | active  | pending        | suspended by us | suspended by other                     | deleted by us
        suspended                       | suspend | member_pending | settled         | settled                                | settled
        unassigned, suspend             | suspend | member_pending | settled         | settled                                | settled
        unassigned, suspend_then_delete | suspend | delete         | delete          | held delete: suspended_by_someone_else | settled
    ";
    holds(table, |case| case.marks.unassigned_seen = Some(ago(DELETE_AFTER)));
}

#[test]
fn a_policy_that_lifts_foreign_decisions_brings_everybody_back() {
    let table = "
        wish                            | suspended by other                     | deleted by other
        active                          | resume                                 | undelete
        suspended                       | settled                                | settled
        unassigned, suspend_then_delete | held delete: suspended_by_someone_else | settled
    ";
    holds(table, |case| case.policy.lift_foreign = true);
}

#[test]
fn a_member_that_is_as_wished_is_settled() {
    for condition in [Condition::Active, Condition::Pending, Condition::OnLeave] {
        let desired = Desired::Active(Some(wish("前田")));
        assert_eq!(case(desired, condition).words(), "settled");
    }
}

#[test]
fn without_a_usable_profile_nobody_is_touched() {
    let refused = ProfileWish::Refused { fields: Vec::new(), thin: false };
    for condition in [Condition::Active, Condition::Suspended, Condition::Deleted] {
        assert_eq!(by_us(Desired::Active(None), condition).words(), "parked: profile_missing");
        let desired = Desired::Active(Some(refused.clone()));
        assert_eq!(by_us(desired, condition).words(), "parked: profile_refused");
    }
}

#[test]
fn what_lineworks_keeps_after_it_was_sent_is_not_sent_again() {
    let mut case = case(active(), Condition::Active);
    case.sent = vec!["userName".into()];
    assert_eq!(case.words(), "fields_kept_by_lineworks");
    assert_eq!(case.look_again(), None);
    case.sent = vec!["nickName".into()];
    assert_eq!(case.words(), "update");
}

// --- whose it is -----------------------------------------------------------------------------------------------------

fn another() -> Ownership {
    Ownership::Another("00uHANAKO".parse().expect("an id"))
}

fn former() -> Ownership {
    Ownership::Former("00uHANAKO".parse().expect("an id"))
}

#[test]
fn whose_member_it_is_decides_whether_it_is_adopted() {
    let foreign = || Ownership::Foreign("HR-7".into());
    let table = [
        (Ownership::Ours, ["update", "update", "update"]),
        (Ownership::Nobodys, ["parked: adoption_off", "adopt", "adopt"]),
        (foreign(), ["parked: member_has_foreign_key", "parked: member_has_foreign_key", "adopt"]),
        (former(), ["parked: adoption_off", "adopt", "adopt"]),
        (another(), ["parked: member_of_another_assignment"; 3]),
    ];
    let ways = [Adopt::Never, Adopt::WhenNoExternalKey, Adopt::ReplaceForeignKey];
    for (ownership, expected) in table {
        for (adopt, expected) in ways.into_iter().zip(expected) {
            let case = case(active(), Condition::Active);
            let case = Case { ownership: ownership.clone(), policy: Policy { adopt, ..policy() }, ..case };
            assert_eq!(case.words(), expected, "{ownership:?}, {adopt:?}");
        }
    }
}

#[test]
fn adopting_lifts_no_foreign_suspension_by_itself() {
    let mut case = case(active(), Condition::Suspended);
    case.ownership = Ownership::Nobodys;
    assert_eq!(case.words(), "parked: suspended_by_someone_else");
    case.policy.lift_foreign = true;
    assert_eq!(case.words(), "adopt", "first it becomes ours, then it is resumed");
    case.member = Some(member(Condition::Deleted));
    assert_eq!(case.words(), "undelete", "a deleted member takes no key before it is back");
}

#[test]
fn a_foreign_key_is_shown_beside_the_wanted_person() {
    let case = Case { ownership: Ownership::Foreign("HR-7".into()), ..case(active(), Condition::Active) };
    let Plan::Park(reason) = case.plan() else { panic!("{}", case.words()) };
    let detail = reason.detail.expect("both keys");
    assert!(detail.contains("HR-7") && detail.contains("00uTARO"), "{detail}");
}

#[test]
fn only_a_member_with_our_key_is_suspended_or_deleted() {
    for ownership in [Ownership::Nobodys, Ownership::Foreign("HR-7".into())] {
        let held = |desired, condition| Case { ownership: ownership.clone(), ..by_us(desired, condition) }.words();
        let active = held(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Active);
        assert_eq!(active, "held suspend: member_not_ours");
        assert_eq!(held(Desired::Suspended, Condition::Active), "held suspend: member_not_ours");
        let suspended = held(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Suspended);
        assert_eq!(suspended, "held delete: member_not_ours", "said at once, not when the delay is over");
        for condition in [Condition::Active, Condition::Pending, Condition::Suspended] {
            assert_eq!(held(unassigned(UnassignPolicy::Delete), condition), "held delete: member_not_ours");
        }
    }
}

#[test]
fn a_leaver_has_nothing_to_do_with_a_member_that_is_somebody_elses() {
    for ownership in [another(), former()] {
        for desired in [UnassignPolicy::Suspend, UnassignPolicy::SuspendThenDelete, UnassignPolicy::Delete] {
            for condition in [Condition::Active, Condition::Pending, Condition::Suspended, Condition::Deleted] {
                let case = Case { ownership: ownership.clone(), ..by_us(unassigned(desired), condition) };
                assert_eq!(case.words(), "member_passed_on", "{ownership:?} {desired:?} {condition:?}");
            }
        }
    }
}

#[test]
fn a_member_brought_back_is_settled_with_what_is_lost_said() {
    let mut case = case(active(), Condition::Active);
    case.sent = vec!["userName".into()];
    case.restored = true;
    assert_eq!(case.words(), "fields_kept_by_lineworks", "what needs a look comes first");
    case.member.as_mut().expect("there is one").attributes =
        json!({"email": "taro@example.com", "userName": {"lastName": "山田"}}).as_object().expect("an object").clone();
    assert_eq!(case.words(), "member_restored");
}

#[test]
fn administrators_are_held() {
    let mut case = case(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Active);
    case.member.as_mut().expect("there is one").is_administrator = true;
    assert_eq!(case.words(), "held suspend: member_is_administrator");
    case.desired = active();
    assert_eq!(case.words(), "update", "an administrator may still be kept up to date");
}

#[test]
fn the_protected_are_named_by_e_mail_person_or_member_id() {
    for entry in ["taro@EXAMPLE.com", "00uTARO", "m-1"] {
        let mut case = case(unassigned(UnassignPolicy::Delete), Condition::Active);
        case.policy.protected.push(entry.into());
        assert_eq!(case.words(), "held delete: member_is_protected", "{entry}");
    }
    let near_miss = ["taro", "00utaro", "m-10", ""];
    let mut case = case(unassigned(UnassignPolicy::Delete), Condition::Active);
    case.policy.protected.extend(near_miss.map(str::to_owned));
    assert_eq!(case.words(), "delete");
}

// --- rulings ---------------------------------------------------------------------------------------------------------

#[test]
fn an_approved_deletion_of_a_foreign_suspension_still_waits_its_time() {
    let mut case = case(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Suspended);
    case.ruling = Some(Approved(vec![StepKind::Suspend]));
    assert_eq!(case.words(), "held delete: suspended_by_someone_else", "another step was approved");
    case.ruling = Some(Approved(vec![StepKind::Delete]));
    assert_eq!(case.words(), "deletion_planned");
    case.marks.unassigned_seen = Some(ago(DELETE_AFTER));
    assert_eq!(case.words(), "delete");
    case.desired = active();
    assert_eq!(case.words(), "parked: suspended_by_someone_else", "nobody approved a resumption");
}

#[test]
fn of_whom_okta_does_not_show_nothing_is_taken_on_that_account_alone() {
    use Condition::{Active, Deleted, OnLeave, Pending, Suspended};
    use UnassignPolicy::{Delete, Suspend, SuspendThenDelete};
    let rows = [
        (Suspend, vec![Active, OnLeave], "held suspend: okta_person_not_shown"),
        (Suspend, vec![Suspended, Deleted], "settled"),
        (Suspend, vec![Pending], "member_pending"),
        (SuspendThenDelete, vec![Active, OnLeave], "held suspend+delete: okta_person_not_shown"),
        (SuspendThenDelete, vec![Suspended, Pending], "held delete: okta_person_not_shown"),
        (Delete, vec![Active, OnLeave, Pending, Suspended], "held delete: okta_person_not_shown"),
        (Delete, vec![Deleted], "settled"),
    ];
    for (leaving, conditions, expected) in rows {
        for condition in conditions {
            let mut case = Case { rests_on_absence: true, ..case(unassigned(leaving), condition) };
            case.groups = vec![Reference::parse("externalKey:sales")];
            case.marks = Marks { suspend: our_doing(), unassigned_seen: Some(ago(2 * DELETE_AFTER)), ..case.marks };
            assert_eq!(case.words(), expected, "{leaving:?} {condition:?}");
            case.member = None;
            assert_eq!(case.words(), "settled", "there is nothing to take away");
        }
    }
    assert_eq!(looks_again(Cause::OktaPersonNotShown, at(0)), Some(at(3600)));
    assert_eq!(looks_again(Cause::CapReached, at(0)), None);
}

#[test]
fn no_approval_is_asked_for_what_would_not_be_done_anyway() {
    for leaving in [UnassignPolicy::SuspendThenDelete, UnassignPolicy::Delete] {
        let mut case = case(unassigned(leaving), Condition::Suspended);
        case.member.as_mut().expect("there is one").is_administrator = true;
        assert_eq!(case.words(), "held delete: member_is_administrator");
        case.ruling = Some(Approved(vec![StepKind::Delete]));
        assert_eq!(case.words(), "held delete: member_is_administrator", "an approval changes nothing");
    }
    let may_be = [Cause::SuspendedByOther, Cause::CapReached, Cause::OktaAppGone, Cause::OktaPersonNotShown];
    assert!(may_be.into_iter().all(is_approvable));
    let never = [Cause::NotOurs, Cause::Administrator, Cause::Protected];
    assert!(!never.into_iter().any(is_approvable));
}

#[test]
fn a_rejection_leaves_a_leaver_alone_and_stops_no_joiner() {
    for condition in [Condition::Active, Condition::Pending, Condition::Suspended] {
        let mut case = by_us(unassigned(UnassignPolicy::Delete), condition);
        case.ruling = Some(Rejected);
        assert_eq!(case.words(), "rejected_by_operator");
    }
    let joiner = Case { ruling: Some(Rejected), ..by_us(active(), Condition::Suspended) };
    assert_eq!(joiner.words(), "resume");
}

// --- when ------------------------------------------------------------------------------------------------------------

#[test]
fn the_deletion_counts_from_when_the_member_was_first_seen_at_rest() {
    let mut case = by_us(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Suspended);
    assert_eq!(case.look_again(), Some(at(7 * 86_400)));
    case.marks.unassigned_seen = Some(ago(6 * DAY));
    assert_eq!(case.look_again(), Some(at(86_400)));
    case.marks.unassigned_seen = Some(ago(DELETE_AFTER - Duration::from_millis(1)));
    assert_eq!(case.words(), "deletion_planned", "a millisecond before");
}

#[test]
fn a_pending_member_is_looked_at_daily_because_it_may_sign_in() {
    let mut case = case(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Pending);
    assert_eq!(case.look_again(), Some(at(86_400)));
    case.marks.unassigned_seen = Some(ago(DELETE_AFTER - DAY / 2));
    assert_eq!(case.look_again(), Some(at(43_200)), "the deletion comes first");
    case.desired = Desired::Suspended;
    assert_eq!(case.look_again(), Some(at(86_400)));
}

#[test]
fn a_delay_beyond_all_time_never_ends() {
    let mut case = by_us(unassigned(UnassignPolicy::SuspendThenDelete), Condition::Suspended);
    case.policy.delete_after = Duration::MAX;
    assert_eq!(case.look_again(), Some(Timestamp::MAX));
}

// --- for every situation ---------------------------------------------------------------------------------------------

fn any_desired() -> impl Strategy<Value = Desired> {
    let policies = [UnassignPolicy::Suspend, UnassignPolicy::SuspendThenDelete, UnassignPolicy::Delete];
    let refused = ProfileWish::Refused { fields: Vec::new(), thin: true };
    prop_oneof![
        Just(active()),
        Just(Desired::Active(None)),
        Just(Desired::Active(Some(refused))),
        Just(Desired::Suspended),
        proptest::sample::select(policies.to_vec()).prop_map(unassigned),
    ]
}

fn any_ownership() -> impl Strategy<Value = Ownership> {
    let foreign = Ownership::Foreign("HR-7".into());
    proptest::sample::select(vec![Ownership::Ours, Ownership::Nobodys, foreign, another()])
}

fn any_condition() -> impl Strategy<Value = Condition> {
    use Condition::{Active, Deleted, OnLeave, Pending, Suspended};
    proptest::sample::select(vec![Active, Pending, Suspended, OnLeave, Deleted])
}

fn any_intent() -> impl Strategy<Value = Option<Intent>> {
    let intent = (-2_000_000i64..1_000, any::<bool>());
    proptest::option::of(intent.prop_map(|(second, confirmed)| Intent { at: at(second), confirmed }))
}

prop_compose! {
    fn any_marks()(
        suspend in any_intent(),
        delete in any_intent(),
        seen in proptest::option::of(-2_000_000i64..1_000),
    ) -> Marks {
        Marks { suspend, delete, unassigned_seen: seen.map(at), unclear_until: None }
    }
}

fn any_ruling() -> impl Strategy<Value = Option<Ruling>> {
    proptest::sample::select(vec![
        None,
        Some(Rejected),
        Some(Approved(vec![StepKind::Suspend])),
        Some(Approved(vec![StepKind::Delete])),
        Some(Approved(Vec::new())),
    ])
}

prop_compose! {
    fn any_policy()(
        adopt in proptest::sample::select(vec![Adopt::Never, Adopt::WhenNoExternalKey, Adopt::ReplaceForeignKey]),
        lift_foreign in any::<bool>(),
        protected in proptest::sample::select(vec![None, Some("taro@example.com"), Some("00uTARO"), Some("m-1")]),
        hours in 1u64..1_000,
    ) -> Policy {
        let protected = protected.map(str::to_owned).into_iter().collect();
        Policy { adopt, lift_foreign, delete_after: Duration::from_secs(hours * 3600), protected, ..policy() }
    }
}

prop_compose! {
    fn any_case()(
        desired in any_desired(),
        condition in proptest::option::of(any_condition()),
        is_administrator in any::<bool>(),
        ownership in any_ownership(),
        marks in any_marks(),
        ruling in any_ruling(),
        rests_on_absence in any::<bool>(),
        policy in any_policy(),
        sent in any::<bool>(),
        remembers in proptest::sample::select(vec![Vec::new(), vec![Reference::parse("externalKey:sales")]]),
    ) -> Case {
        let member = condition.map(|condition| Member { is_administrator, ..member(condition) });
        let marks = marks.observe(&desired, condition, now());
        let sent = if sent { vec!["userName".into()] } else { Vec::new() };
        let (groups, may_be_hidden, is_new) = (remembers, false, false);
        Case {
            desired,
            member,
            ownership,
            marks,
            ruling,
            rests_on_absence,
            restored: false,
            may_be_hidden,
            sent,
            groups,
            is_new,
            policy,
        }
    }
}

proptest! {
    /// Nothing is taken away from anybody who is not ours, is an administrator, is protected, or may stay.
    #[test]
    fn a_destructive_step_needs_our_key_and_an_ordinary_leaver(case in any_case()) {
        if let Plan::Do(step) = case.plan() && step.kind().is_destructive() {
            let member = case.member.as_ref().expect("a member is taken from");
            prop_assert_eq!(&case.ownership, &Ownership::Ours);
            prop_assert!(!member.is_administrator && case.policy.protected.is_empty());
            prop_assert!(case.desired.is_leaving() && !case.rests_on_absence);
            prop_assert_ne!(&case.ruling, &Some(Rejected));
        }
    }

    /// `suspend_then_delete` deletes only what has been at rest for the whole delay.
    #[test]
    fn no_deletion_comes_early(mut case in any_case()) {
        case.desired = unassigned(UnassignPolicy::SuspendThenDelete);
        if matches!(case.plan(), Plan::Do(Step::Delete)) {
            let member = case.member.as_ref().expect("a member is deleted");
            prop_assert!(matches!(member.condition, Condition::Suspended | Condition::Pending));
            let rest = now().duration_since(case.marks.unassigned_seen.expect("was seen at rest"));
            prop_assert!(rest >= SignedDuration::try_from(case.policy.delete_after).expect("in range"));
        }
    }

    /// Only the policies that delete ever delete, and whoever may stay is never made to wait for an approval.
    #[test]
    fn nobody_is_deleted_or_held_without_a_wish_for_it(case in any_case()) {
        let deletes = matches!(
            case.desired,
            Desired::Unassigned { policy: UnassignPolicy::SuspendThenDelete | UnassignPolicy::Delete }
        );
        match case.plan() {
            Plan::Do(Step::Delete) => prop_assert!(deletes),
            Plan::Hold { steps, .. } => {
                prop_assert!(case.desired.is_leaving());
                prop_assert!(!steps.is_empty() && steps.iter().all(|step| step.is_destructive()));
            }
            Plan::Do(_) | Plan::Settle { .. } | Plan::Park(_) => {}
        }
    }

    /// A moment to look again is never in the past, so no row is worked on without end.
    #[test]
    fn looking_again_lies_ahead(case in any_case()) {
        if let Plan::Settle { look_again: Some(at), .. } = case.plan() {
            prop_assert!(at > now());
        }
    }
}

#[test]
fn what_we_deleted_and_cannot_see_is_undeleted_and_only_within_its_grace() {
    let hidden = Case { member: None, may_be_hidden: true, ..case(active(), Condition::Active) };
    assert_eq!(hidden.plan(), Plan::Do(Step::Undelete));
    let deleted = Some(Intent { at: at(0), confirmed: true });
    let marks = Marks { delete: deleted, ..Marks::default() };
    let week = 7 * 86_400;
    assert_eq!(marks.observe(&active(), None, at(week)).delete, deleted);
    assert_eq!(marks.observe(&active(), None, at(week + 86_400)).delete, None);
}

// --- several domains -------------------------------------------------------------------------------------------------

#[test]
fn a_member_in_another_domain_than_its_e_mail_is_left_where_it_is() {
    let table = "
        wish                            | active                | on leave              | pending               | suspended by us       | suspended by other                | deleted by us
        active                          | parked: domain_change | parked: domain_change | parked: domain_change | parked: domain_change | parked: suspended_by_someone_else | parked: domain_change
        suspended                       | suspend               | suspend               | member_pending        | settled               | settled                           | settled
        unassigned, suspend_then_delete | suspend               | suspend               | deletion_planned      | deletion_planned      | held delete: suspended_by_someone_else | settled
    ";
    let moved = |case: &mut Case| {
        case.member.as_mut().expect("there is one").attributes.insert("domainId".into(), 8.into());
    };
    holds(table, moved);
    let mut adopted = case(active(), Condition::Active);
    moved(&mut adopted);
    adopted.ownership = Ownership::Nobodys;
    assert_eq!(adopted.words(), "parked: domain_change", "nothing is written on it");
    adopted.policy.managed_fields = Some(vec!["userName".into()]);
    assert_eq!(adopted.words(), "adopt", "neither its e-mail nor its place is kept in step, so it need not move");
}

#[test]
fn a_member_in_the_domain_of_its_e_mail_is_kept_up_to_date() {
    let mut case = case(active(), Condition::Active);
    case.member.as_mut().expect("there is one").attributes.insert("domainId".into(), 7.into());
    assert_eq!(case.words(), "update");
}

// --- what is kept in step --------------------------------------------------------------------------------------------

#[test]
fn only_managed_properties_are_compared() {
    let mut case = case(active(), Condition::Active);
    case.policy.managed_fields = Some(vec!["email".into()]);
    assert_eq!(case.words(), "settled", "the name differs, and is not managed");
    case.policy.managed_fields = Some(vec!["email".into(), "userName".into()]);
    assert_eq!(case.words(), "update");
}

// --- groups ----------------------------------------------------------------------------------------------------------

fn group(key: &str) -> Reference {
    Reference::ExternalKey(key.into())
}

/// A member that is as wished, of a person whose profile names these groups.
fn in_groups(named: Option<&[&str]>, remembered: &[&str]) -> Case {
    let mut user = json!({"email": "taro@example.com", "userName": {"lastName": "前田"}});
    if let Some(named) = named {
        user["groups"] = named.iter().map(|key| group(key).to_string()).collect();
    }
    let profile = Profile::parse(&user, &ProfileRules::OPEN).expect("valid");
    let mut case = case(Desired::Active(Some(ProfileWish::Valid(profile))), Condition::Active);
    case.groups = remembered.iter().map(|key| group(key)).collect();
    case.policy.groups =
        GroupPolicy { everybody: vec![group("everyone")], managed: ["sales", "leads"].map(group).to_vec() };
    case
}

fn step_on(case: &Case) -> String {
    match case.plan() {
        Plan::Do(Step::JoinGroup(group)) => format!("join {group}"),
        Plan::Do(Step::LeaveGroup(group)) => format!("leave {group}"),
        _ => case.words(),
    }
}

#[test]
fn groups_are_joined_and_left_as_wished_and_nothing_else_is_touched() {
    type Row = (Option<&'static [&'static str]>, &'static [&'static str], &'static str);
    let table: [Row; 9] = [
        (None, &[], "join externalKey:everyone"),
        (None, &["everyone"], "settled"),
        (None, &["everyone", "sales"], "settled"),
        (Some(&[]), &["everyone", "sales"], "leave externalKey:sales"),
        (Some(&["sales"]), &["everyone"], "join externalKey:sales"),
        (Some(&["sales"]), &["everyone", "leads"], "join externalKey:sales"),
        (Some(&["sales"]), &["everyone", "sales", "leads"], "leave externalKey:leads"),
        (Some(&["formerly"]), &["everyone"], "settled"),
        (Some(&[]), &["everyone", "formerly"], "settled"),
    ];
    for (named, remembered, expected) in table {
        assert_eq!(step_on(&in_groups(named, remembered)), expected, "{named:?} {remembered:?}");
    }
}

#[test]
fn the_member_itself_comes_before_its_groups() {
    let mut case = in_groups(Some(&["sales"]), &[]);
    case.member.as_mut().expect("there is one").attributes.insert("userName".into(), json!({"lastName": "山田"}));
    assert_eq!(case.words(), "update");
    case.member = None;
    assert_eq!(case.words(), "create");
}

#[test]
fn groups_that_are_not_kept_in_step_count_for_a_new_member_only() {
    let mut case = in_groups(Some(&["sales"]), &["everyone", "leads"]);
    case.policy.managed_fields = Some(vec!["userName".into()]);
    assert_eq!(step_on(&case), "settled");
    case.is_new = true;
    assert_eq!(step_on(&case), "join externalKey:sales");
}

#[test]
fn whoever_left_leaves_the_groups_once_at_rest_and_only_where_nothing_is_deleted() {
    let table = "
        wish                            | active  | pending          | suspended by us  | suspended by other                     | deleted by us
        suspended                       | suspend | member_pending   | settled          | settled                                | settled
        unassigned, suspend             | suspend | leave_group      | leave_group      | leave_group                            | settled
        unassigned, suspend_then_delete | suspend | deletion_planned | deletion_planned | held delete: suspended_by_someone_else | settled
        unassigned, delete              | delete  | delete           | delete           | held delete: suspended_by_someone_else | settled
    ";
    holds(table, |case| case.groups = vec![group("sales")]);
    let mut foreign = by_us(unassigned(UnassignPolicy::Suspend), Condition::Suspended);
    foreign.groups = vec![group("sales")];
    foreign.ownership = Ownership::Nobodys;
    assert_eq!(foreign.words(), "settled", "what is not ours is not touched");
}
