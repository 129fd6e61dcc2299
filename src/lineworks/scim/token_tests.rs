//! The token's end, its warnings, and what a refusal does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + day * 86_400).expect("in range")
}

fn jwt(exp: &str) -> SecretString {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(&format!(r#"{{"exp":{exp}}}"#))).into()
}

fn opaque() -> ScimToken {
    ScimToken::new("t0ken".into(), None)
}

async fn bearer(token: &ScimToken) -> Bearer {
    token.bearer(at(0)).await.expect("a token")
}

#[test]
fn a_jwt_tells_its_end_and_any_other_token_lives_90_days_from_its_last_use() {
    for exp in [at(40).as_second().to_string(), format!("\"{}\"", at(40).as_second())] {
        let status = ScimToken::new(jwt(&exp), None).status(at(0));
        assert_eq!((status.expires_at, status.days_left, status.basis), (Some(at(40)), Some(40), Basis::Exp));
    }
    let token = opaque();
    assert_eq!((token.status(at(0)).expires_at, token.status(at(0)).basis), (None, Basis::LastUse), "never used");
    token.accepted(at(3));
    assert_eq!(token.status(at(13)).days_left, Some(80));
    assert_eq!(token.status(at(200)).days_left, Some(0), "past is no negative number");
    for no_jwt in ["a.b", "a.b.c", "a.b.c.d"] {
        assert_eq!(ScimToken::new(no_jwt.into(), None).status(at(0)).basis, Basis::LastUse);
    }
    assert_eq!(ScimToken::new(jwt("null"), None).status(at(0)).basis, Basis::LastUse, "a JWT without an end");
}

#[test]
fn the_end_is_warned_of_once_at_each_mark() {
    let token = ScimToken::new(jwt(&at(90).as_second().to_string()), None);
    let warned: Vec<i64> = (0..=91).filter(|day| token.warn_of_the_end(at(*day))).collect();
    assert_eq!(warned, [60, 76, 83, 89], "30, 14, 7 and 1 days before");
}

#[test]
fn a_use_puts_the_warnings_off() {
    let token = opaque();
    token.accepted(at(0));
    assert!(token.warn_of_the_end(at(61)) && !token.warn_of_the_end(at(62)));
    token.accepted(at(62));
    assert!(!token.warn_of_the_end(at(63)) && token.warn_of_the_end(at(62 + 61)), "from the new end on");
}

#[test]
fn what_the_ledger_kept_counts_for_the_same_token_only() {
    let token = opaque();
    assert_eq!(token.to_keep(), None, "nothing is known before the first use");
    token.accepted(at(1));
    assert!(token.warn_of_the_end(at(65)));
    let kept = token.to_keep().expect("used");
    let again = opaque();
    again.recall(&kept);
    assert_eq!(again.last_use(), Some(at(1)));
    assert!(!again.warn_of_the_end(at(65)), "warned before the restart");
    let other = ScimToken::new("other".into(), None);
    other.recall(&kept);
    assert_eq!(other.last_use(), None);
    assert!(!format!("{kept:?} {token:?}").contains("t0ken"));
}

#[tokio::test]
async fn a_refusal_stops_every_call_but_the_probe() {
    let token = Arc::new(opaque());
    let sent = bearer(&token).await;
    let error = token.refused(&sent, false, Reason::of(Cause::TokenRejected), at(0)).await.expect("no other token");
    assert!(matches!(&error, ApiError::TryLater { reason, .. } if reason.cause == Cause::ScimTokenRefused));
    token.refused(&sent, false, Reason::of(Cause::TokenRejected), at(1)).await.expect("a call that was under way");
    assert_eq!(token.paused().map(|paused| paused.since), Some(at(0)), "since the first");
    assert!(matches!(token.bearer(at(2)).await, Err(ApiError::TryLater { .. })));
    assert!(Probing(Arc::clone(&token)).bearer(at(2)).await.is_ok());
    assert!(token.resume(at(2)).await && !token.resume(at(2)).await);
    assert!(token.bearer(at(2)).await.is_ok());
}

#[tokio::test]
async fn a_new_token_in_the_file_is_tried_once_before_the_pause() {
    let file = Arc::new(Mutex::new("t0ken".to_owned()));
    let read = Arc::clone(&file);
    let read: Arc<ReadToken> = Arc::new(move || Ok(read.lock().expect("unpoisoned").clone().into()));
    let token = ScimToken::new("t0ken".into(), Some(read));
    token.accepted(at(0));
    let sent = bearer(&token).await;
    *file.lock().expect("unpoisoned") = "new".to_owned();
    assert_eq!(token.refused(&sent, false, Reason::of(Cause::TokenRejected), at(1)).await, None, "one more try");
    let sent = bearer(&token).await;
    assert_eq!((sent.secret.expose_secret(), token.last_use()), ("new", None), "a new token has no last use");
    assert!(token.refused(&sent, true, Reason::of(Cause::TokenRejected), at(1)).await.is_some());
    assert!(token.paused().is_some());
}

#[test]
fn a_file_that_cannot_be_read_changes_nothing() {
    let read: Arc<ReadToken> = Arc::new(|| Err("gone".to_owned()));
    let token = ScimToken::new("t0ken".into(), Some(read));
    assert!(!token.read_again() && !token.read_again());
    assert_eq!(token.take().secret.expose_secret(), "t0ken");
}
