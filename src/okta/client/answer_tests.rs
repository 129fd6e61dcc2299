use reqwest::header::HeaderValue;
use serde_json::json;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time")
}

fn error(code: &str) -> String {
    json!({"errorCode": code, "errorSummary": "Not for jane@example.com", "errorLink": code, "errorId": "oaeX-1",
        "errorCauses": [{"errorSummary": "because"}]})
    .to_string()
}

fn answer(status: u16, body: &str, www: Option<&'static str>) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some(www) = www {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(www));
    }
    Answer { status, headers, body: body.as_bytes().to_vec() }
}

/// What comes of an answer, in a word.
fn word(verdict: Verdict) -> String {
    let of = |error: &OktaError| {
        let code = error.reason().cause.code();
        match error {
            OktaError::TryLater { .. } => format!("later {code}"),
            OktaError::Untrusted { .. } => format!("untrusted {code}"),
            OktaError::Refused { .. } => "refused".to_owned(),
        }
    };
    match verdict {
        Verdict::Done => "done".into(),
        Verdict::Absent => "absent".into(),
        Verdict::Nonce(_) => "nonce".into(),
        Verdict::Unauthorized(error) | Verdict::Forbidden(error) | Verdict::Failed(error) => of(&error),
        Verdict::Limited(Limited::Rate(_), _) => "rate".into(),
        Verdict::Limited(Limited::Concurrency(_), _) => "concurrency".into(),
    }
}

fn judged(operation: Operation, status: u16, body: &str) -> String {
    word(judge(operation, &answer(status, body, None), None, now()))
}

#[test]
fn the_error_code_decides() {
    use Operation::{App, AppUser, AppUsers, ChangeEventHook, Logs, User};
    let table = [
        (AppUser, 200, "{}", "done"),
        (AppUser, 404, "E0000007", "absent"),
        (App, 404, "E0000007", "absent"),
        (User, 404, "E0000007", "absent"),
        (AppUsers, 404, "E0000007", "refused"),
        (Logs, 404, "E0000007", "refused"),
        (AppUser, 404, "E0000008", "later okta_unreachable"),
        (AppUser, 401, "E0000011", "untrusted okta_unauthorized"),
        (AppUser, 401, "E0000004", "untrusted okta_unauthorized"),
        (AppUser, 400, "E0000011", "untrusted okta_unauthorized"),
        (AppUser, 403, "E0000006", "untrusted okta_role_missing"),
        (AppUser, 403, "E0000005", "untrusted okta_role_missing"),
        (AppUser, 403, "E0000999", "untrusted okta_role_missing"),
        (AppUser, 429, "E0000047", "rate"),
        (Logs, 400, "E0000053", "refused"),
        (Logs, 400, "E0000031", "refused"),
        (ChangeEventHook, 400, "E0000001", "refused"),
        (AppUser, 500, "E0000009", "later okta_unreachable"),
        (AppUser, 503, "E0000010", "later okta_unreachable"),
    ];
    for (operation, status, code, wanted) in table {
        assert_eq!(judged(operation, status, &error(code)), wanted, "{operation:?} {status} {code}");
    }
}

#[test]
fn a_page_of_something_in_between_says_nothing() {
    for status in [301, 302, 307, 400, 401, 403, 404, 407, 408, 410, 418, 451, 500, 502, 503, 504] {
        let said = judged(Operation::AppUser, status, "<html>no</html>");
        assert_eq!(said, "later okta_unreachable", "{status}");
    }
    assert_eq!(judged(Operation::AppUser, 404, ""), "later okta_unreachable", "absence needs Okta's own word");
    assert_eq!(judged(Operation::AppUser, 404, r#"{"message":"no route"}"#), "later okta_unreachable");
}

#[test]
fn a_missing_scope_and_a_missing_role_are_told_apart() {
    let insufficient = r#"Bearer authorization_uri="http://x/a,b", realm="http://x", scope="okta.users.read okta.apps.read", error="insufficient_scope", error_description="scope=\"no\"""#;
    let forbidden = |body: &str, www: Option<&'static str>, granted: Option<&str>| {
        let Verdict::Forbidden(error) = judge(Operation::AppUser, &answer(403, body, www), granted, now()) else {
            panic!("not forbidden: {body} {www:?}");
        };
        (error.reason().cause, error.reason().detail.clone().unwrap_or_default())
    };
    let (cause, detail) = forbidden(&error("E0000006"), Some(insufficient), Some("okta.apps.read"));
    assert_eq!(cause, Cause::OktaScopeMissing);
    assert!(detail.contains("okta.users.read okta.apps.read") && detail.contains("errorId oaeX-1"), "{detail}");
    let (cause, _) = forbidden("", Some("DPoP error=insufficient_scope"), None);
    assert_eq!(cause, Cause::OktaScopeMissing, "without a body, without quotes");
    let (cause, detail) = forbidden(&error("E0000006"), None, Some("okta.users.read"));
    assert_eq!(cause, Cause::OktaScopeMissing, "the token has no scope for this");
    assert!(detail.contains("scope okta.apps.read"), "{detail}");
    assert_eq!(forbidden(&error("E0000006"), None, Some("okta.apps.read")).0, Cause::OktaRoleMissing);
    assert_eq!(forbidden(&error("E0000006"), None, None).0, Cause::OktaRoleMissing, "an API token");
    assert_eq!(forbidden(r#"{"error":"insufficient_scope"}"#, None, None).0, Cause::OktaScopeMissing);
}

#[test]
fn a_nonce_is_wanted_where_the_401_brings_one_or_asks_for_one() {
    let asks = answer(401, "", Some(r#"DPoP error="use_dpop_nonce", error_description="x""#));
    assert_eq!(word(judge(Operation::App, &asks, None, now())), "nonce");
    let mut brings = answer(401, &error("E0000011"), None);
    brings.headers.insert("dpop-nonce", HeaderValue::from_static("n"));
    assert_eq!(word(judge(Operation::App, &brings, None, now())), "nonce");
    let other = answer(401, "", Some(r#"DPoP error="invalid_token""#));
    assert_eq!(word(judge(Operation::App, &other, None, now())), "untrusted okta_unauthorized");
}

#[test]
fn only_code_and_id_are_for_the_log() {
    let said = Said::of(403, error("E0000006").as_bytes());
    assert_eq!(said.detail(), "HTTP 403, E0000006, errorId oaeX-1");
    assert_eq!(said.text.as_deref(), Some("Not for [e-mail]: because"));
    let strange = json!({"errorCode": "a b <x>", "errorId": "x".repeat(65)}).to_string();
    assert_eq!(Said::of(400, strange.as_bytes()).detail(), "HTTP 400, no code of Okta's");
}
