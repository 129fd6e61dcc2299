use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;

use super::*;

fn judged(status: u16, body: &str) -> Grant {
    let answer = Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
    judge(&answer, "okta.apps.read okta.logs.read", Timestamp::UNIX_EPOCH)
}

#[test]
fn a_token_comes_with_its_kind_life_and_scopes() {
    let body = r#"{"token_type":"DPoP","expires_in":1800,"access_token":"t","scope":"okta.apps.read"}"#;
    let Grant::Granted(granted) = judged(200, body) else { panic!("not granted") };
    assert_eq!(granted.token.expose_secret(), "t");
    assert!(granted.is_dpop);
    assert_eq!(granted.life, Duration::from_secs(1800));
    assert_eq!(granted.scope.as_deref(), Some("okta.apps.read"));
    assert!(!format!("{granted:?}").contains("\"t\""), "{granted:?}");
    let Grant::Granted(bare) = judged(200, r#"{"access_token":"t"}"#) else { panic!("not granted") };
    assert_eq!((bare.is_dpop, bare.life, bare.scope), (false, Duration::from_secs(3600), None));
}

#[test]
fn each_error_says_what_to_do_next() {
    let oauth = |error: &str| format!(r#"{{"error":"{error}","error_description":"The client_assertion is odd."}}"#);
    let untrusted = |cause: Cause| format!("untrusted {}", cause.code());
    let table = [
        (400, oauth("use_dpop_nonce"), "prove".to_owned()),
        (400, oauth("invalid_dpop_proof"), "prove".to_owned()),
        (401, oauth("invalid_client"), "refused".to_owned()),
        (400, oauth("unauthorized_client"), "refused".to_owned()),
        (401, r#"{"errorCode":"E0000011"}"#.to_owned(), "refused".to_owned()),
        (401, String::new(), "refused".to_owned()),
        (400, oauth("invalid_scope"), untrusted(Cause::OktaScopeMissing)),
        (403, oauth("access_denied"), untrusted(Cause::OktaScopeMissing)),
        (400, oauth("consent_required"), untrusted(Cause::OktaScopeMissing)),
        (400, oauth("unsupported_grant_type"), untrusted(Cause::OktaUnauthorized)),
        (429, r#"{"errorCode":"E0000047"}"#.to_owned(), "limited".to_owned()),
        (503, oauth("temporarily_unavailable"), "later".to_owned()),
        (500, r#"{"errorCode":"E0000009"}"#.to_owned(), "later".to_owned()),
        (200, "<html>".to_owned(), "later".to_owned()),
        (200, r#"{"access_token":""}"#.to_owned(), "later".to_owned()),
        (401, "<html>".to_owned(), "later".to_owned()),
        (404, r#"{"errorCode":"E0000022"}"#.to_owned(), "later".to_owned()),
    ];
    for (status, body, wanted) in table {
        let found = match judged(status, &body) {
            Grant::Granted(_) => "granted".to_owned(),
            Grant::Prove(_) => "prove".to_owned(),
            Grant::Refused(error) => {
                assert_eq!(error.reason().cause, Cause::OktaUnauthorized, "{body}");
                "refused".to_owned()
            }
            Grant::Limited(..) => "limited".to_owned(),
            Grant::Failed(OktaError::Untrusted { reason, .. }) => untrusted(reason.cause),
            Grant::Failed(_) => "later".to_owned(),
        };
        assert_eq!(found, wanted, "{status} {body}");
    }
}

#[test]
fn a_refusal_says_what_is_wrong_with_the_assertion_and_which_scopes_were_asked_for() {
    let body = r#"{"error":"invalid_scope","error_description":"One of them is not granted."}"#;
    let Grant::Failed(error) = judged(400, body) else { panic!("granted") };
    let detail = error.reason().detail.clone().unwrap_or_default();
    assert!(detail.contains("okta.apps.read okta.logs.read") && detail.contains("not granted"), "{detail}");
}
