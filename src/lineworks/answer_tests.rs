//! The table of answers: every documented status and every shape seen in the field, for reads and writes.

use super::*;
use Cause::{
    AccessDenied, AccountNotAllowed, ExternalKeyTaken, LineWorksFailing, LineWorksRefused, LineWorksUnreachable,
    LoginTaken, NoSeatLeft, PlacementFeatureOff, ProhibitedWord, RateLimited, Redirected, ScopeMissing,
    SuperAdministrator, UnexpectedError,
};
use Operation::{CreateMember, DeleteMember, GetMember, PatchMember, SuspendMember, UndeleteMember, UnsuspendMember};

const WRITES: [Operation; 6] =
    [CreateMember, PatchMember, SuspendMember, UnsuspendMember, DeleteMember, UndeleteMember];
const SECONDS_34: Option<Duration> = Some(Duration::from_secs(34));

/// Status, body and the expected verdict.
type Row = (u16, String, (&'static str, Option<Cause>));

/// The verdict in a few words.
fn verdict(operation: Operation, status: u16, body: &str) -> (&'static str, Option<Cause>) {
    match judge(operation, status, Body::parse(body.as_bytes()), SECONDS_34) {
        Verdict::Done(Some(_)) => ("done with a user", None),
        Verdict::Done(None) => ("done", None),
        Verdict::Absent => ("absent", None),
        Verdict::Unauthorized(reason) => ("unauthorized", Some(reason.cause)),
        Verdict::Forbidden(reason) => ("forbidden", Some(reason.cause)),
        Verdict::Failed(ApiError::TryLater { reason, .. }) => ("later", Some(reason.cause)),
        Verdict::Failed(ApiError::Unclear(reason)) => ("unclear", Some(reason.cause)),
        Verdict::Failed(ApiError::ReadAgain(reason)) => ("read again", Some(reason.cause)),
        Verdict::Failed(ApiError::Refused(reason)) => ("refused", Some(reason.cause)),
        Verdict::Failed(ApiError::Blocked(_)) => ("blocked", None),
    }
}

fn code(code: &str, description: &str) -> String {
    serde_json::json!({"code": code, "description": description}).to_string()
}

const HTML: &str = "<html><body>Bad gateway</body></html>";
const RETURN_CODE_99: &str = r#"{"returnCode":"99","returnMessage":"UnexpectedError"}"#;
const USER: &str = r#"{"userId":"user0001","email":"hanako@example.jp"}"#;

#[test]
fn a_read_is_done_absent_later_or_refused() {
    let table: &[Row] = &[
        (200, USER.into(), ("done with a user", None)),
        (200, String::new(), ("later", Some(LineWorksFailing))),
        (200, HTML.into(), ("later", Some(LineWorksFailing))),
        (200, "[1]".into(), ("later", Some(LineWorksFailing))),
        (200, RETURN_CODE_99.into(), ("later", Some(UnexpectedError))),
        (200, code("INTERNAL_SERVER_ERROR", "x"), ("later", Some(LineWorksFailing))),
        (302, String::new(), ("later", Some(Redirected))),
        (400, code("INVALID_PARAMETER", "bad id"), ("refused", Some(LineWorksRefused))),
        (400, RETURN_CODE_99.into(), ("later", Some(UnexpectedError))),
        (400, HTML.into(), ("later", Some(LineWorksFailing))),
        (401, code("UNAUTHORIZED", "Malformed authentication token"), ("unauthorized", Some(Cause::TokenRejected))),
        (401, String::new(), ("unauthorized", Some(Cause::TokenRejected))),
        (403, code("FORBIDDEN", "no scope"), ("forbidden", Some(ScopeMissing))),
        (403, code("ACCESS_DENIED", "Access is denied."), ("forbidden", Some(AccessDenied))),
        (404, code("ACCESS_DENIED", "Access is denied."), ("forbidden", Some(AccessDenied))),
        (403, code("FORBIDDEN", "Not allowed api"), ("forbidden", Some(AccountNotAllowed))),
        (403, String::new(), ("forbidden", Some(ScopeMissing))),
        (403, HTML.into(), ("later", Some(LineWorksFailing))),
        (403, code("LIMIT_EXCEEDED", "too many"), ("refused", Some(LineWorksRefused))),
        (404, code("NOT_FOUND", "user not found"), ("absent", None)),
        (404, code("USER_NOT_EXIST", "x"), ("absent", None)),
        (404, code("NOT_FOUND", "Api not exists"), ("refused", Some(LineWorksRefused))),
        (404, code("DOMAIN_NOT_EXIST", "x"), ("refused", Some(LineWorksRefused))),
        (404, HTML.into(), ("later", Some(LineWorksFailing))),
        (404, String::new(), ("later", Some(LineWorksFailing))),
        (407, HTML.into(), ("later", Some(LineWorksUnreachable))),
        (410, code("DELETED", "x"), ("absent", None)),
        (429, code("TOO_MANY_REQUESTS", "API rate limit exceeded"), ("later", Some(RateLimited))),
        (500, code("INTERNAL_SERVER_ERROR", "x"), ("later", Some(LineWorksFailing))),
        (502, HTML.into(), ("later", Some(LineWorksFailing))),
        (503, code("SERVICE_UNAVAILABLE", "x"), ("later", Some(LineWorksFailing))),
    ];
    for (status, body, expected) in table {
        assert_eq!(verdict(GetMember, *status, body), *expected, "{status} {body}");
    }
}

#[test]
fn every_write_keeps_apart_what_had_no_effect_and_what_may_have_had_one() {
    let table: &[Row] = &[
        (200, HTML.into(), ("unclear", Some(LineWorksFailing))),
        (200, RETURN_CODE_99.into(), ("unclear", Some(UnexpectedError))),
        (302, String::new(), ("unclear", Some(Redirected))),
        (401, code("UNAUTHORIZED", "x"), ("unauthorized", Some(Cause::TokenRejected))),
        (403, code("FORBIDDEN", "x"), ("forbidden", Some(ScopeMissing))),
        (403, HTML.into(), ("later", Some(LineWorksFailing))),
        (404, code("USER_NOT_EXIST", "x"), ("read again", Some(LineWorksRefused))),
        (404, code("NOT_FOUND", "Api not exists"), ("refused", Some(LineWorksRefused))),
        (408, String::new(), ("unclear", Some(LineWorksFailing))),
        (410, code("DELETED", "x"), ("read again", Some(LineWorksRefused))),
        (429, code("TOO_MANY_REQUESTS", "x"), ("later", Some(RateLimited))),
        (500, code("INTERNAL_SERVER_ERROR", "x"), ("unclear", Some(LineWorksFailing))),
        (503, String::new(), ("unclear", Some(LineWorksFailing))),
        (400, RETURN_CODE_99.into(), ("unclear", Some(UnexpectedError))),
    ];
    for operation in WRITES {
        for (status, body, expected) in table {
            assert_eq!(verdict(operation, *status, body), *expected, "{operation:?} {status} {body}");
        }
    }
}

#[test]
fn a_taken_name_is_read_again_in_both_styles() {
    let taken = ("read again", Some(LoginTaken));
    let refused = ("refused", Some(LineWorksRefused));
    let table: &[Row] = &[
        (409, code("ALREADY_EXIST", "x"), taken),
        (409, code("CONFLICT", "x"), taken),
        (409, String::new(), taken),
        (400, code("BAD_REQUEST", "email is duplicated email.(a@example.jp)"), taken),
        (400, code("BAD_REQUEST", "userExternalKey already used"), ("read again", Some(ExternalKeyTaken))),
        (409, code("CONFLICT", "The external key is duplicated."), ("read again", Some(ExternalKeyTaken))),
        (403, code("FORBIDDEN", "A super administrator cannot be changed"), ("refused", Some(SuperAdministrator))),
        (400, code("BAD_REQUEST", "usePosition is false"), ("refused", Some(PlacementFeatureOff))),
        (400, code("USER_ALREADY_EXIST", "x"), taken),
        (400, code("BAD_REQUEST", "orgUnitId does not exist"), refused),
        (400, code("ORGUNIT_NOT_EXIST", "x"), refused),
        (400, code("BAD_REQUEST", "accountId contains NG Word"), ("refused", Some(ProhibitedWord))),
        (
            400,
            r#"{"description":"userExternalKey must be the same as the primary organization's externalKey."}"#.into(),
            refused,
        ),
        (400, r#"{"code":"BAD_REQUEST","message":"email is duplicated email.(x)","domain":"contact"}"#.into(), taken),
        (422, code("X", "x"), refused),
    ];
    for operation in [CreateMember, PatchMember] {
        for (status, body, expected) in table {
            assert_eq!(verdict(operation, *status, body), *expected, "{operation:?} {status} {body}");
        }
    }
}

#[test]
fn no_seat_left_lets_creates_wait_and_nothing_else() {
    let answers = [
        (403, code("LIMIT_EXCEEDED", "x")),
        (403, code("FORBIDDEN", "The number of users exceeds the limit of your plan.")),
        (400, code("BAD_REQUEST", "No license is left")),
    ];
    for (status, body) in answers {
        for operation in [CreateMember, Operation::ScimCreateUser] {
            assert_eq!(verdict(operation, status, &body), ("later", Some(NoSeatLeft)), "{status} {body}");
        }
        assert_ne!(verdict(PatchMember, status, &body).1, Some(NoSeatLeft), "{status} {body}");
    }
}

#[test]
fn a_change_of_condition_that_is_refused_is_read_again() {
    for operation in [SuspendMember, UnsuspendMember, DeleteMember, UndeleteMember] {
        let expected = ("read again", Some(LineWorksRefused));
        assert_eq!(verdict(operation, 400, &code("BAD_REQUEST", "user is not in use")), expected);
        assert_eq!(verdict(operation, 409, &code("CONFLICT", "x")), expected);
        assert_eq!(verdict(operation, 204, ""), ("done", None));
    }
    assert_eq!(verdict(UndeleteMember, 200, USER), ("done with a user", None));
}

#[test]
fn a_create_without_a_user_is_unclear_and_a_patch_may_answer_nothing() {
    assert_eq!(verdict(CreateMember, 201, USER), ("done with a user", None));
    assert_eq!(verdict(CreateMember, 201, r#"{"email":"hanako@example.jp"}"#), ("done with a user", None));
    assert_eq!(verdict(CreateMember, 201, ""), ("unclear", Some(LineWorksFailing)));
    assert_eq!(verdict(PatchMember, 204, ""), ("done", None));
    assert_eq!(verdict(PatchMember, 200, USER), ("done with a user", None));
}

#[test]
fn a_pause_that_was_asked_for_is_handed_on() {
    for (status, body) in [(429, code("TOO_MANY_REQUESTS", "x")), (503, code("SERVICE_UNAVAILABLE", "x"))] {
        let Verdict::Failed(ApiError::TryLater { after, .. }) =
            judge(GetMember, status, Body::parse(body.as_bytes()), SECONDS_34)
        else {
            panic!("{status} waits");
        };
        assert_eq!(after, SECONDS_34);
    }
}

#[test]
fn a_detail_has_the_code_and_the_text_and_nobodys_address() {
    let body = code("BAD_REQUEST", "email is duplicated email.(hanako.y+1@example.co.jp)\n社員キー K-1 <太郎@例え.jp>");
    let said = Said::of(&Body::parse(body.as_bytes()));
    assert_eq!(said.detail(400), "BAD_REQUEST: email is duplicated email.([e-mail]) 社員キー K-1 <[e-mail]>");
    assert_eq!(clean("see users/hanako%40example.jp, please"), "see users/[e-mail], please");
    assert_eq!(clean(&"あ".repeat(400)).chars().count(), 300);
    let no_code = code("hanako@example.jp", "");
    assert_eq!(Said::of(&Body::parse(no_code.as_bytes())).detail(400), "HTTP 400 without a code of LINE WORKS");
    assert_eq!(Said::of(&Body::parse(RETURN_CODE_99.as_bytes())).detail(500), "99: UnexpectedError");
}

#[test]
fn an_answer_that_never_came_is_repeated_for_a_read_and_unclear_for_a_write() {
    assert!(matches!(lost(GetMember, "time-out".into()), ApiError::TryLater { .. }));
    for operation in WRITES {
        assert!(matches!(lost(operation, "time-out".into()), ApiError::Unclear(_)), "{operation:?}");
    }
}
