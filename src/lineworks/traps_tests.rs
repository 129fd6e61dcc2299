//! The table is held to itself (no row hides behind another), to the judges, and to the causes.

use super::*;
use crate::lineworks::ApiError;
use crate::lineworks::answer::{Body, Verdict, judge};
use crate::lineworks::grant;

/// Causes no answer of LINE WORKS leads to by this table, and why.
const WITHOUT_A_ROW: &[(Cause, &str)] = &[
    (Cause::ProfileRefused, "ours: refused before anything is sent"),
    (Cause::ProfileMissing, "ours: there is nothing to send"),
    (Cause::ExternalKeyUnavailable, "ours: there is nothing to send"),
    (Cause::MemberHasForeignKey, "from what a read showed"),
    (Cause::MemberOfAnother, "from what a read and the ledger showed"),
    (Cause::MemberPassedOn, "from what a read and the ledger showed"),
    (Cause::FormerOwnerBusy, "ours: nothing is sent"),
    (Cause::MemberRestored, "from what a read showed"),
    (Cause::DomainChange, "from what a read showed"),
    (Cause::PlacementUnknown, "from lists, and from what an answer about a group is about"),
    (Cause::PlacementAmbiguous, "from lists"),
    (Cause::FieldsBeyondScim, "ours: SCIM has no place for them"),
    (Cause::ScimTokenRefused, "a 401 with the long-lived token: its own part makes this of it"),
    (Cause::LeaverNotFound, "ours: there is nothing to ask by"),
    (Cause::AdoptionOff, "from what a read showed and the configuration"),
    (Cause::SuspendedByOther, "from what a read showed"),
    (Cause::DeletedByOther, "from what a read showed"),
    (Cause::NotConverging, "from reads that do not show what was accepted"),
    (Cause::CapReached, "ours: nothing is sent"),
    (Cause::NotOurs, "from what a read showed"),
    (Cause::Administrator, "from what a read showed"),
    (Cause::Protected, "ours: nothing is sent"),
    (Cause::Rejected, "an operator's word"),
    (Cause::DeletionPlanned, "ours: a plan"),
    (Cause::MemberPending, "from what a read showed"),
    (Cause::FieldsKept, "from reads that do not show what was accepted"),
    (Cause::LineWorksUnreachable, "there is no answer"),
    (Cause::Paced, "ours: nothing is sent"),
    (Cause::OktaPersonNotShown, "Okta's, not LINE WORKS'"),
    (Cause::OktaUnreachable, "Okta's, not LINE WORKS'"),
    (Cause::OktaRateLimited, "Okta's, not LINE WORKS'"),
    (Cause::OktaUnauthorized, "Okta's, not LINE WORKS'"),
    (Cause::OktaScopeMissing, "Okta's, not LINE WORKS'"),
    (Cause::OktaRoleMissing, "Okta's, not LINE WORKS'"),
    (Cause::OktaAppNotFound, "Okta's, not LINE WORKS'"),
    (Cause::OktaAppInactive, "Okta's, not LINE WORKS'"),
    (Cause::OktaAppGone, "Okta's, not LINE WORKS'"),
    (Cause::OktaSaysOtherwise, "Okta's, not LINE WORKS'"),
    (Cause::LedgerUnavailable, "ours: the ledger's"),
    (Cause::LedgerRowUnreadable, "ours: the ledger's"),
    (Cause::TokenRefused, "a refusal without a word that means anything: the general rule"),
];

/// An answer as the row describes it.
fn example(trap: &Trap) -> (u16, Body) {
    let words: Vec<&str> = trap.texts.iter().map(|group| group[0]).collect();
    let (code, text) = (trap.codes.first().copied(), format!("says {}", words.join(" ")));
    let body = match (trap.place, code) {
        (_, Some("99")) => serde_json::json!({"returnCode": "99", "returnMessage": text}),
        (Place::Token, code) => serde_json::json!({"error": code, "error_description": text}),
        (Place::Api, code) => serde_json::json!({"code": code, "description": text}),
    };
    (trap.status.0.max(trap.status.1.min(400)), Body::parse(body.to_string().as_bytes()))
}

fn operation(deed: Deed) -> Operation {
    match deed {
        Deed::Anything | Deed::Reading => Operation::GetMember,
        Deed::Writing | Deed::Naming => Operation::PatchMember,
        Deed::Creating => Operation::CreateMember,
    }
}

fn cause_of(verdict: Verdict) -> Option<Cause> {
    match verdict {
        Verdict::Done(_) | Verdict::Absent | Verdict::Failed(ApiError::Blocked(_)) => None,
        Verdict::Unauthorized(reason) | Verdict::Forbidden(reason) => Some(reason.cause),
        Verdict::Failed(
            ApiError::TryLater { reason, .. }
            | ApiError::Unclear(reason)
            | ApiError::ReadAgain(reason)
            | ApiError::Refused(reason),
        ) => Some(reason.cause),
    }
}

#[test]
fn every_row_is_found_and_the_judge_says_its_cause() {
    for trap in TRAPS.iter().filter(|trap| trap.counts_at_once()) {
        let (status, body) = example(trap);
        let said = Said::of(&body);
        let (found, judged) = match trap.place {
            Place::Token => {
                let error = grant::judge(status, &body, None).expect_err("no token");
                (of_token(status, &said), Some(error.reason.cause))
            }
            Place::Api => {
                let operation = operation(trap.deed);
                (of_api(operation, status, &said), cause_of(judge(operation, status, body, None)))
            }
        };
        assert!(found.is_some_and(|found| std::ptr::eq(found, trap)), "{trap:?} hides behind {found:?}");
        assert_eq!(judged, Some(trap.means), "{trap:?}");
    }
}

#[test]
fn no_row_makes_anybody_absent() {
    for trap in TRAPS.iter().filter(|trap| trap.place == Place::Api) {
        let (status, body) = example(trap);
        assert_ne!(judge(Operation::GetMember, status, body, None), Verdict::Absent, "{trap:?}");
    }
    let denied = Body::parse(br#"{"code":"ACCESS_DENIED","description":"Access is denied."}"#);
    for status in [400, 403, 404, 410] {
        assert_ne!(judge(Operation::GetMember, status, denied.clone(), None), Verdict::Absent, "{status}");
    }
}

#[test]
fn a_write_that_fails_for_long_is_named_and_nothing_else_is() {
    let call = |operation, status, code: &str| CallRecord {
        operation,
        status: Some(status),
        code: Some(code.to_owned()),
        duration_ms: 1,
    };
    let write = call(Operation::PatchMember, 500, "INTERNAL_SERVER_ERROR");
    assert_eq!(of_lasting(&write, 2), None);
    assert_eq!(of_lasting(&write, 3), Some(Cause::EditsLocked));
    assert_eq!(of_lasting(&call(Operation::GetMember, 500, "INTERNAL_SERVER_ERROR"), 9), None);
    assert_eq!(of_lasting(&call(Operation::PatchMember, 503, "SERVICE_UNAVAILABLE"), 9), None);
}

#[test]
fn every_cause_has_a_row_or_a_reason_to_have_none() {
    for cause in Cause::ALL {
        let rows = TRAPS.iter().filter(|trap| trap.means == *cause).count();
        let note = WITHOUT_A_ROW.iter().find(|(without, _)| without == cause);
        assert!((rows > 0) != note.is_some(), "{}: {rows} rows, {note:?}", cause.code());
        assert!(note.is_none_or(|(_, why)| !why.is_empty()));
        for advice in [cause.english(), cause.japanese()] {
            assert!(!advice.title.is_empty() && !advice.todo.is_empty(), "{}", cause.code());
        }
    }
}
