//! Every answer of the Directory API taken for what it is, and every call sent as LINE WORKS wants it.

use std::time::Duration;

use okta_lineworks::domain::ids::{ExternalKey, MemberId};
use okta_lineworks::domain::member::Member;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::domain::profile::{Profile, ProfileRules};
use okta_lineworks::lineworks::{ApiError, Blocked, CallRecord, Hints, MemberApi, NewMember, Operation, Quota};
use serde_json::{Map, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::counterpart::{Answer, Client, Counterpart, OpenGate, Setup, start, user};

const SHORT: Duration = Duration::from_millis(300);

fn id() -> MemberId {
    "user-1".parse().expect("an id")
}

fn key() -> ExternalKey {
    "00u1hanako".parse().expect("a key")
}

async fn create(client: &Client) -> Result<Option<Member>, ApiError> {
    let (profile, key) = (profile(), key());
    let new = NewMember { profile: &profile, key: &key, domain_id: 300_123_456, password: None };
    client.directory.create(new, &client.gate).await
}

fn profile() -> Profile {
    let user = json!({
        "email": "hanako@example.jp", "userName": {"lastName": "山田", "firstName": "花子"},
        "privateEmail": "hanako@home.example",
    });
    Profile::parse(&user, &ProfileRules::OPEN).expect("a profile")
}

/// Hints with nothing but a member id.
pub fn by_id() -> Hints<'static> {
    static ID: std::sync::OnceLock<MemberId> = std::sync::OnceLock::new();
    Hints { member_id: Some(ID.get_or_init(id)), external_key: None, former_key: None, email: None }
}

#[tokio::test]
async fn a_member_is_looked_for_by_id_then_keys_then_email() {
    let (works, client) = start().await;
    let (id, key, former) = (id(), "社員 0001".parse().expect("a key"), key());
    let hints = Hints {
        member_id: Some(&id),
        external_key: Some(&key),
        former_key: Some(&former),
        email: Some("a+b@example.jp"),
    };
    assert_eq!(client.directory.find(&hints, &client.gate).await, Ok(None));
    let expected = [
        "GET /v1.0/users/user-1",
        "GET /v1.0/users/externalKey:%E7%A4%BE%E5%93%A1%200001",
        "GET /v1.0/users/externalKey:00u1hanako",
        "GET /v1.0/users/a%2Bb%40example.jp",
    ];
    assert_eq!(works.lines(), expected, "four addresses, no list and so no `count`");
    assert_eq!(*client.gate.passed.lock().expect("unpoisoned"), vec![Operation::GetMember; 4]);
}

#[tokio::test]
async fn a_hit_ends_the_search() {
    let (works, client) = start().await;
    works.answers([Answer::error(404, "USER_NOT_EXIST", "x"), Answer::new(200, user("user-9", "00u1hanako"))]);
    let (id, key) = (id(), key());
    let hints =
        Hints { member_id: Some(&id), external_key: Some(&key), former_key: Some(&key), email: Some("a@example.jp") };
    let member = client.directory.find(&hints, &client.gate).await.expect("read").expect("found");
    assert_eq!(member.id.as_str(), "user-9");
    assert_eq!(works.seen().len(), 2);
    client.directory.find(&hints, &client.gate).await.expect("read");
    assert_eq!(works.seen().len(), 2 + 3, "a former key that is the present one is not asked for twice");
}

#[tokio::test]
async fn a_member_that_cannot_be_read_is_not_taken_for_absent() {
    let (works, client) = start().await;
    let too_long = json!({"userId": "user-1", "email": "hanako@example.jp", "task": "x".repeat(1024 * 1024)});
    let table = [
        (Answer::error(404, "NOT_FOUND", "Api not exists"), None),
        (Answer::new(404, "<html>not here</html>"), Some(Cause::LineWorksFailing)),
        (Answer::new(200, json!({"email": "hanako@example.jp"})), Some(Cause::LineWorksFailing)),
        (Answer::new(200, too_long), Some(Cause::LineWorksFailing)),
        (Answer::error(500, "INTERNAL_SERVER_ERROR", "x"), Some(Cause::LineWorksFailing)),
    ];
    for (answer, waits_for) in table {
        works.answers([answer.clone()]);
        let error = client.directory.find(&by_id(), &client.gate).await.expect_err("not readable");
        match waits_for {
            Some(cause) => assert!(matches!(&error, ApiError::TryLater { reason, .. } if reason.cause == cause)),
            None => assert!(matches!(&error, ApiError::Refused(reason) if reason.cause == Cause::LineWorksRefused)),
        }
    }
}

#[tokio::test]
async fn a_create_carries_the_key_and_the_invitation_only_without_sso() {
    for sso in [true, false] {
        let works = Counterpart::start().await;
        let client = Setup { sso, ..Setup::default() }.client(&works);
        works.answers([Answer::new(201, user("user-1", "00u1hanako"))]);
        let member = create(&client).await.expect("created");
        assert_eq!(member.expect("shown").id, id());
        let request = works.seen().remove(0);
        let body = request.json();
        assert_eq!(request.line, "POST /v1.0/users");
        assert_eq!((&body["userExternalKey"], &body["domainId"]), (&json!("00u1hanako"), &json!(300_123_456)));
        let invitation = (!sso).then(|| json!({"passwordCreationType": "MEMBER"}));
        assert_eq!(body.get("passwordConfig"), invitation.as_ref());
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_incomplete_is_done_and_whose_answer_is_empty_is_unclear() {
    let (works, client) = start().await;
    works.answers([Answer::new(201, json!({"email": "hanako@example.jp"})), Answer::new(201, "")]);
    assert_eq!(create(&client).await, Ok(None));
    let error = create(&client).await.expect_err("unclear");
    assert!(matches!(error, ApiError::Unclear(_)));
}

#[tokio::test]
async fn updates_and_adoptions_patch_only_what_they_name() {
    let (works, client) = start().await;
    works.answers([Answer::new(204, ""), Answer::new(200, user("user-1", "00u1hanako"))]);
    let difference = profile().difference(&Map::new(), 300_123_456);
    assert_eq!(client.directory.update(&id(), &difference, &key(), &client.gate).await, Ok(None));
    assert!(client.directory.adopt(&id(), &key(), &client.gate).await.expect("adopted").is_some());
    let seen = works.seen();
    assert!(seen.iter().all(|request| request.line == "PATCH /v1.0/users/user-1"));
    assert!(seen[0].json().as_object().is_some_and(|body| body.keys().eq(difference.patch().keys())));
    assert_eq!(seen[1].json(), json!({"userExternalKey": "00u1hanako"}));
}

#[tokio::test]
async fn steps_without_a_body_say_so() {
    let (works, client) = start().await;
    works.answers([204, 204, 200, 204].map(|status| Answer::new(status, "")));
    client.directory.suspend(&id(), &client.gate).await.expect("suspended");
    client.directory.resume(&id(), &client.gate).await.expect("resumed");
    client.directory.undelete(&id(), &client.gate).await.expect("restored");
    client.directory.delete(&id(), &client.gate).await.expect("deleted");
    let expected = [
        "POST /v1.0/users/user-1/suspend",
        "POST /v1.0/users/user-1/unsuspend",
        "POST /v1.0/users/user-1/undelete",
        "DELETE /v1.0/users/user-1",
    ];
    assert_eq!(works.lines(), expected);
    for request in works.seen() {
        let length = request.line.starts_with("POST").then_some("0");
        assert_eq!(
            (request.content_length.as_deref(), request.content_type, request.body.as_str()),
            (length, None, "")
        );
    }
}

#[tokio::test]
async fn the_gate_hears_of_every_call_and_of_the_quota() {
    let (works, client) = start().await;
    let limited = Answer::error(429, "TOO_MANY_REQUESTS", "API rate limit exceeded")
        .with("rateLimit-limit", 240)
        .with("rateLimit-ssed", 240)
        .with("rateLimit-remaining", 0)
        .with("rateLimit-reset", 34);
    works.answers([limited]);
    let error = client.directory.suspend(&id(), &client.gate).await.expect_err("limited");
    assert!(
        matches!(error, ApiError::TryLater { after, reason } if after == Some(Duration::from_secs(34)) && reason.cause == Cause::RateLimited)
    );
    let (call, quota) = client.gate.calls().remove(0);
    let (operation, code) = (Operation::SuspendMember, Some("TOO_MANY_REQUESTS".to_owned()));
    assert_eq!(call, CallRecord { operation, status: Some(429), code, duration_ms: call.duration_ms });
    assert_eq!(quota, Some(Quota { remaining: 0, reset: Duration::from_secs(34) }));
}

#[tokio::test]
async fn a_closed_gate_lets_nothing_out() {
    let (works, client) = start().await;
    let gate = OpenGate { closed: true, ..OpenGate::default() };
    let error = client.directory.delete(&id(), &gate).await.expect_err("blocked");
    assert_eq!(error, ApiError::Blocked(Blocked::LeaseLost));
    assert!(works.seen().is_empty() && gate.calls().is_empty());
}

#[tokio::test]
async fn a_write_without_an_answer_is_unclear_and_a_read_is_tried_later() {
    let works = Counterpart::start().await;
    works.answers([Answer::never(), Answer::never()]);
    let client = Setup { patience: SHORT, ..Setup::default() }.client(&works);
    let error = client.directory.suspend(&id(), &client.gate).await.expect_err("no answer");
    assert!(matches!(error, ApiError::Unclear(reason) if reason.cause == Cause::LineWorksUnreachable));
    let error = client.directory.find(&by_id(), &client.gate).await.expect_err("no answer");
    assert!(matches!(error, ApiError::TryLater { .. }));
    assert!(client.gate.calls().iter().all(|(call, _)| call.status.is_none()), "failed calls are reported too");
    assert!(client.tokens.status().last_failure.is_some());
}

#[tokio::test]
async fn a_write_whose_connection_breaks_is_unclear() {
    let works = Counterpart::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api_url = Some(format!("http://{}", listener.local_addr().expect("an address")));
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let read = connection.read(&mut [0; 1024]).await.expect("a request");
        assert!(read > 0, "the request came");
    });
    let client = Setup { api_url, ..Setup::default() }.client(&works);
    let error = client.directory.delete(&id(), &client.gate).await.expect_err("broken");
    assert!(matches!(error, ApiError::Unclear(_)), "{error:?}");
}

#[tokio::test]
async fn a_write_that_found_no_connection_was_not_sent() {
    let works = Counterpart::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api_url = Some(format!("http://{}", listener.local_addr().expect("an address")));
    drop(listener);
    let client = Setup { api_url, ..Setup::default() }.client(&works);
    let error = client.directory.suspend(&id(), &client.gate).await.expect_err("refused connection");
    assert!(matches!(error, ApiError::TryLater { reason, .. } if reason.cause == Cause::LineWorksUnreachable));
}

#[tokio::test]
async fn a_307_is_followed_with_the_token_and_the_body() {
    let (works, client) = start().await;
    let other = Counterpart::start().await;
    works.answers([Answer::new(307, "").with("Location", format!("{}/v1.0/users/user-1", other.url))]);
    other.answers([
        Answer::new(308, "").with("Location", "/instance2/users/user-1"),
        Answer::new(200, user("user-1", "k")),
    ]);
    assert!(client.directory.adopt(&id(), &key(), &client.gate).await.expect("adopted").is_some());
    assert_eq!(other.lines(), ["PATCH /v1.0/users/user-1", "PATCH /instance2/users/user-1"]);
    assert_eq!(other.bearers(), ["token-1", "token-1"]);
    assert_eq!(other.seen()[1].json(), json!({"userExternalKey": "00u1hanako"}));
    assert_eq!(client.gate.calls().len(), 1, "one call, wherever it went");
}

#[tokio::test]
async fn a_redirect_to_a_stranger_or_in_a_circle_is_not_followed() {
    let (works, client) = start().await;
    for target in ["https://attacker.example/v1.0/users/user-1", "//attacker.example/", "file:///etc/passwd"] {
        works.answers([Answer::new(307, "").with("Location", target)]);
        let error = client.directory.suspend(&id(), &client.gate).await.expect_err("not followed");
        assert!(matches!(error, ApiError::TryLater { reason, .. } if reason.cause == Cause::Redirected));
    }
    let before = works.seen().len();
    works.answers((0..9).map(|_| Answer::new(307, "").with("Location", "/v1.0/users/user-1/suspend")));
    client.directory.suspend(&id(), &client.gate).await.expect_err("a circle");
    assert_eq!(works.seen().len() - before, 4, "the call and three redirects");
}

#[tokio::test]
async fn what_line_works_says_is_kept_without_addresses() {
    let (works, client) = start().await;
    works.answers([Answer::error(400, "BAD_REQUEST", "email is duplicated email.(hanako@example.jp)")]);
    let error = create(&client).await.expect_err("taken");
    let ApiError::ReadAgain(reason) = error else { panic!("read again, not {error:?}") };
    assert_eq!(reason.cause, Cause::LoginTaken);
    assert_eq!(reason.detail.as_deref(), Some("BAD_REQUEST: email is duplicated email.([e-mail])"));
}
