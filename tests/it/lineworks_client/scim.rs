//! Every answer of SCIM taken for what it is, and every call sent as LINE WORKS wants it.

use std::sync::Arc;
use std::time::Duration;

use okta_lineworks::clock::Clock;
use okta_lineworks::domain::ids::{ExternalKey, MemberId};
use okta_lineworks::domain::member::{Condition, Member};
use okta_lineworks::domain::outcome::{Cause, Reason};
use okta_lineworks::domain::profile::{Difference, Profile, ProfileRules};
use okta_lineworks::domain::reference::Reference;
use okta_lineworks::lineworks::scim::{Scim, ScimSettings, ScimToken};
use okta_lineworks::lineworks::{ApiError, Hints, MemberApi, NewMember, Operation, http_client};
use serde_json::{Value, json};

use super::counterpart::{Answer, Counterpart, OpenGate};

/// A client of the counterpart and its gate.
struct Client {
    scim: Scim,
    token: Arc<ScimToken>,
    gate: OpenGate,
}

/// SCIM at this address.
pub fn scim(url: &str) -> (Scim, Arc<ScimToken>) {
    // Fails only when another test of this binary was faster.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let token = Arc::new(ScimToken::new("scim-token".into(), None));
    let settings = ScimSettings { api_url: url.parse().expect("a URL"), call_timeout: Duration::from_millis(500) };
    let http = http_client().expect("a client");
    (Scim::new(settings, Arc::clone(&token), http, Clock::system()), token)
}

async fn start() -> (Counterpart, Client) {
    let works = Counterpart::start().await;
    let (scim, token) = scim(&works.url);
    (works, Client { scim, token, gate: OpenGate::default() })
}

fn id() -> MemberId {
    "user-1".parse().expect("an id")
}

fn key() -> ExternalKey {
    "00u1hanako".parse().expect("a key")
}

/// A SCIM user with this id and login.
pub fn user(id: &str, login: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id, "externalId": "00u1hanako",
        "userName": login, "active": true, "name": {"familyName": "山田", "givenName": "花子"},
    })
}

/// A list with these users.
pub fn list(users: Vec<Value>) -> Answer {
    Answer::new(200, json!({"totalResults": users.len(), "Resources": users}))
}

/// RFC 7644's error.
fn error(status: u16, kind: Option<&str>, detail: &str) -> Answer {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(), "detail": detail});
    if let Some(kind) = kind {
        body["scimType"] = kind.into();
    }
    Answer::new(status, body)
}

/// A profile with this besides name and login.
pub fn profile(more: Value) -> Profile {
    let mut user = json!({"email": "hanako@example.jp", "userName": {"lastName": "山田", "firstName": "花子"}});
    user.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Profile::parse(&user, &ProfileRules::OPEN).expect("a profile")
}

async fn find(client: &Client, id: Option<&MemberId>, email: Option<&str>) -> Result<Option<Member>, ApiError> {
    let key = key();
    let hints = Hints { member_id: id, external_key: Some(&key), former_key: None, email };
    client.scim.find(&hints, &client.gate).await
}

async fn create(client: &Client) -> Result<Option<Member>, ApiError> {
    let (profile, key) = (profile(json!({"cellPhone": "090-1", "privateEmail": "h@home.example"})), key());
    let new = NewMember { profile: &profile, key: &key, domain_id: 1, password: None };
    client.scim.create(new, &client.gate).await
}

fn is_later(outcome: &Result<Option<Member>, ApiError>, cause: Cause) -> bool {
    matches!(outcome, Err(ApiError::TryLater { reason, .. }) if reason.cause == cause)
}

#[tokio::test]
async fn a_member_is_looked_for_by_id_then_by_login() {
    let (works, client) = start().await;
    works.answers([error(404, None, "User not found."), list(vec![user("user-9", "A+b@example.jp")])]);
    let member = find(&client, Some(&id()), Some("a+b@example.jp")).await.expect("read").expect("found");
    assert_eq!((member.id.as_str(), member.external_key.as_deref()), ("user-9", Some("00u1hanako")));
    let expected = ["GET /scim/v2/Users/user-1", "GET /scim/v2/Users?filter=userName+eq+%22a%2Bb%40example.jp%22"];
    assert_eq!(works.lines(), expected);
    assert_eq!(works.bearers(), ["scim-token", "scim-token"]);
    let passed = client.gate.passed.lock().expect("unpoisoned").clone();
    assert_eq!(passed, [Operation::ScimGetUser, Operation::ScimFindUser]);
}

#[tokio::test]
async fn a_hit_by_id_ends_the_search_and_an_inactive_one_is_not_taken_for_active() {
    let (works, client) = start().await;
    let mut inactive = user("user-1", "other@example.jp");
    inactive["active"] = false.into();
    works.answers([Answer::new(200, inactive)]);
    let member = find(&client, Some(&id()), Some("hanako@example.jp")).await.expect("read").expect("found");
    assert_eq!((member.condition, works.seen().len()), (Condition::Inactive, 1));
}

#[tokio::test]
async fn nobody_is_found_in_every_shape_of_an_empty_list() {
    let (works, client) = start().await;
    for empty in [json!({"totalResults": 0}), json!({"totalResults": 0, "resources": []}), json!({"Resources": []})] {
        works.answers([Answer::new(200, empty)]);
        assert_eq!(find(&client, None, Some("hanako@example.jp")).await, Ok(None));
    }
    works.answers([list(vec![user("user-9", "somebody@example.jp")])]);
    assert_eq!(find(&client, None, Some("hanako@example.jp")).await, Ok(None), "another login is somebody else");
    let unknown = ApiError::Refused(Reason::of(Cause::LeaverNotFound));
    assert_eq!(find(&client, None, None).await, Err(unknown), "that nobody was looked for says nothing");
}

#[tokio::test]
async fn a_list_that_says_nothing_or_too_much_is_asked_for_again() {
    let (works, client) = start().await;
    let two = vec![user("user-1", "hanako@example.jp"), user("user-2", "hanako@example.jp")];
    for unreadable in [
        list(two),
        Answer::new(200, json!({"totalResults": 1})),
        Answer::new(200, json!({"totalResults": 1, "Resources": [{"userName": "hanako@example.jp"}]})),
        Answer::new(200, ""),
        error(404, None, "not here"),
        Answer::error(404, "NOT_FOUND", "x"),
        error(200, None, "odd"),
    ] {
        works.answers([unreadable.clone()]);
        let outcome = find(&client, None, Some("hanako@example.jp")).await;
        assert!(is_later(&outcome, Cause::LineWorksFailing), "{unreadable:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn every_shape_of_a_404_says_that_nobody_is_under_an_id_but_no_stray_page_does() {
    let (works, client) = start().await;
    let empty = || list(Vec::new());
    for absent in [error(404, None, "x"), Answer::error(404, "USER_NOT_EXIST", "x"), Answer::new(404, "")] {
        works.answers([absent.clone(), empty()]);
        assert_eq!(find(&client, Some(&id()), Some("hanako@example.jp")).await, Ok(None), "{absent:?}");
    }
    works.answers([Answer::new(404, "<html>not here</html>")]);
    assert!(is_later(&find(&client, Some(&id()), None).await, Cause::LineWorksFailing));
    // Without a login to look for, a list shows that it was SCIM that said so.
    works.answers([Answer::new(404, ""), Answer::new(404, "")]);
    assert!(is_later(&find(&client, Some(&id()), None).await, Cause::LineWorksFailing));
    works.answers([Answer::new(404, ""), empty()]);
    assert_eq!(find(&client, Some(&id()), None).await, Ok(None));
    assert_eq!(works.lines().last().map(String::as_str), Some("GET /scim/v2/Users?startIndex=1&count=1"));
}

#[tokio::test]
async fn a_create_is_active_and_carries_our_key() {
    let (works, client) = start().await;
    works.answers([Answer::new(201, user("user-1", "hanako@example.jp"))]);
    let member = create(&client).await.expect("created").expect("shown");
    assert_eq!((member.id, member.condition), (id(), Condition::Active));
    let sent = works.seen().remove(0);
    assert_eq!(sent.line, "POST /scim/v2/Users");
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "externalId": "00u1hanako", "active": true,
        "userName": "hanako@example.jp", "name": {"familyName": "山田", "givenName": "花子"},
        "emails": [{"type": "other", "value": "h@home.example"}],
        "phoneNumbers": [{"type": "mobile", "value": "090-1"}],
    });
    assert_eq!(sent.json(), expected);
}

#[tokio::test]
async fn a_taken_login_is_read_again_in_every_shape() {
    let (works, client) = start().await;
    for taken in [
        error(409, Some("uniqueness"), "userName is taken"),
        error(400, Some("uniqueness"), "x"),
        error(400, Some("invalidValue"), "userName is duplicated. It already exists."),
        Answer::error(409, "ALREADY_EXIST", "x"),
        Answer::new(409, ""),
        Answer::new(409, json!({"what": "ever"})),
    ] {
        works.answers([taken.clone()]);
        let outcome = create(&client).await;
        assert!(
            matches!(&outcome, Err(ApiError::ReadAgain(reason)) if reason.cause == Cause::LoginTaken),
            "{taken:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn refusals_faults_and_lost_answers_are_told_apart() {
    let (works, client) = start().await;
    works.answers([error(400, Some("invalidValue"), "nickName is invalid. h@home.example")]);
    let Err(ApiError::Refused(reason)) = create(&client).await else { panic!("refused") };
    assert_eq!(reason.detail.as_deref(), Some("invalidValue: nickName is invalid. [e-mail]"));
    works.answers([Answer::error(403, "FORBIDDEN", "x"), Answer::new(201, ""), Answer::never()]);
    assert!(matches!(create(&client).await, Err(ApiError::Refused(reason)) if reason.cause == Cause::ScopeMissing));
    assert!(matches!(create(&client).await, Err(ApiError::Unclear(_))), "created, but whom?");
    assert!(matches!(create(&client).await, Err(ApiError::Unclear(_))), "no answer in time");
    works.answers([error(500, None, "x"), Answer::new(429, "").with("rateLimit-reset", 34)]);
    assert!(matches!(create(&client).await, Err(ApiError::Unclear(_))));
    let outcome = create(&client).await;
    assert!(matches!(&outcome, Err(ApiError::TryLater { after: Some(after), .. }) if after.as_secs() == 34));
}

#[tokio::test]
async fn no_seat_is_told_from_other_refusals_on_a_create_alone() {
    let (works, client) = start().await;
    for full in [
        Answer::error(403, "LIMIT_EXCEEDED", "x"),
        error(403, None, "The maximum number of users is reached."),
        Answer::error(400, "BAD_REQUEST", "No license left"),
        Answer::error(409, "CONFLICT", "契約の利用人数を超えています"),
    ] {
        works.answers([full.clone(), full.clone()]);
        let outcome = create(&client).await;
        assert!(is_later(&outcome, Cause::NoSeatLeft), "{full:?}: {outcome:?}");
        let changed = client.scim.adopt(&id(), &key(), &client.gate).await;
        assert!(!is_later(&changed, Cause::NoSeatLeft), "{full:?}: {changed:?}");
    }
    works.answers([Answer::error(400, "LIMIT_EXCEEDED", "nickName")]);
    assert!(matches!(create(&client).await, Err(ApiError::Refused(_))), "a property that is too long");
}

#[tokio::test]
async fn steps_are_patches_of_exactly_one_attribute() {
    let (works, client) = start().await;
    works.answers([Answer::new(204, ""), Answer::new(204, ""), Answer::new(200, user("user-1", "hanako@example.jp"))]);
    client.scim.suspend(&id(), &client.gate).await.expect("suspended");
    client.scim.resume(&id(), &client.gate).await.expect("resumed");
    client.scim.adopt(&id(), &key(), &client.gate).await.expect("adopted").expect("shown");
    let operation = |path: &str, value: Value| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": path, "value": value}]})
    };
    let sent: Vec<Value> = works.seen().iter().map(|seen| seen.json()).collect();
    let expected = [
        operation("active", false.into()),
        operation("active", true.into()),
        operation("externalId", "00u1hanako".into()),
    ];
    assert_eq!(sent, expected);
    assert!(works.lines().iter().all(|line| line == "PATCH /scim/v2/Users/user-1"));
}

#[tokio::test]
async fn an_update_without_a_difference_for_scim_calls_nobody() {
    let (works, client) = start().await;
    let member = json!({"email": "hanako@example.jp", "userName": {"lastName": "山田", "firstName": "花子"}});
    let member = member.as_object().expect("an object");
    let update = async |difference: Difference| client.scim.update(&id(), &difference, &key(), &client.gate).await;
    assert_eq!(update(profile(json!({"task": "漁"})).difference(member, 1)).await, Ok(None));
    assert!(works.seen().is_empty());
    works.answers([Answer::new(204, "")]);
    assert_eq!(update(profile(json!({"nickName": "はな"})).difference(member, 1)).await, Ok(None));
    let expected = json!([{"op": "replace", "path": "nickName", "value": "はな"}]);
    assert_eq!(works.seen()[0].json()["Operations"], expected);
}

#[tokio::test]
async fn a_member_that_is_gone_or_in_another_condition_is_read_again() {
    let (works, client) = start().await;
    for answer in
        [error(404, None, "x"), Answer::new(404, ""), error(400, Some("mutability"), "x"), Answer::new(409, "")]
    {
        works.answers([answer.clone()]);
        let outcome = client.scim.suspend(&id(), &client.gate).await;
        assert!(
            matches!(&outcome, Err(ApiError::ReadAgain(reason)) if reason.cause == Cause::LineWorksRefused),
            "{answer:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_307_is_followed_with_the_token_and_the_body() {
    let (works, client) = start().await;
    let other = Counterpart::start().await;
    works.answers([Answer::new(307, "").with("Location", format!("{}/scim/v2/Users/user-1", other.url))]);
    other.answers([Answer::new(204, "")]);
    client.scim.suspend(&id(), &client.gate).await.expect("suspended");
    assert_eq!(
        (other.bearers(), other.lines()),
        (vec!["scim-token".into()], vec!["PATCH /scim/v2/Users/user-1".into()])
    );
}

#[tokio::test]
async fn a_401_stops_every_further_call() {
    let (works, client) = start().await;
    works.answers([Answer::new(401, "")]);
    let outcome = client.scim.suspend(&id(), &client.gate).await;
    assert!(matches!(&outcome, Err(ApiError::TryLater { reason, .. }) if reason.cause == Cause::ScimTokenRefused));
    assert!(is_later(&find(&client, Some(&id()), None).await, Cause::ScimTokenRefused));
    assert_eq!(works.seen().len(), 1, "the second call did not go out");
    assert!(client.scim.paused().is_some() && client.token.contact_status().last_failure.is_some());
}

#[tokio::test]
async fn what_scim_cannot_do_is_refused_without_a_call() {
    let (works, client) = start().await;
    assert!(matches!(client.scim.delete(&id(), &client.gate).await, Err(ApiError::Refused(_))));
    assert!(matches!(client.scim.undelete(&id(), &client.gate).await, Err(ApiError::Refused(_))));
    let key = Reference::parse("externalKey:sales");
    assert!(matches!(client.scim.join_group(&id(), &key, &client.gate).await, Err(ApiError::Refused(_))));
    for dots in [".", ".."] {
        let id = dots.parse().expect("an id");
        assert!(matches!(client.scim.suspend(&id, &client.gate).await, Err(ApiError::Refused(_))));
    }
    assert!(works.seen().is_empty());
}

#[tokio::test]
async fn groups_are_joined_and_left_by_id_and_by_name() {
    let (works, client) = start().await;
    let named = Answer::new(200, json!({"totalResults": 1, "resources": [{"id": "g-2", "displayName": "Sales"}]}));
    works.answers([Answer::new(204, ""), named, Answer::new(200, json!({"id": "g-2"}))]);
    client.scim.join_group(&id(), &Reference::parse("g-1"), &client.gate).await.expect("joined");
    client.scim.leave_group(&id(), &Reference::parse("name:sales"), &client.gate).await.expect("left");
    let expected = [
        "PATCH /scim/v2/Groups/g-1",
        "GET /scim/v2/Groups?filter=displayName+eq+%22sales%22&excludedAttributes=members",
        "PATCH /scim/v2/Groups/g-2",
    ];
    assert_eq!(works.lines(), expected);
    let sent = works.seen();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": "user-1", "type": "USER"}]}]);
    let remove = json!([{"op": "remove", "path": "members[value eq \"user-1\"]"}]);
    assert_eq!((&sent[0].json()["Operations"], &sent[2].json()["Operations"]), (&add, &remove));
}

#[tokio::test]
async fn a_member_who_is_in_or_out_of_a_group_already_is_done_and_a_wrong_name_is_refused() {
    let (works, client) = start().await;
    let group = Reference::parse("g-1");
    works.answers([Answer::new(409, ""), error(409, Some("uniqueness"), "x"), error(400, Some("noTarget"), "x")]);
    for _ in 0..2 {
        client.scim.join_group(&id(), &group, &client.gate).await.expect("is in it");
    }
    client.scim.leave_group(&id(), &group, &client.gate).await.expect("is not in it");
    works.answers([error(403, None, "external groups cannot be changed"), list(Vec::new())]);
    assert!(client.scim.join_group(&id(), &group, &client.gate).await.is_err());
    let named = Reference::parse("name:sales");
    assert!(matches!(client.scim.join_group(&id(), &named, &client.gate).await, Err(ApiError::Refused(_))));
    let two = json!({"totalResults": 2, "Resources": [{"id": "a", "displayName": "Sales"}, {"id": "b", "displayName": "sales"}]});
    works.answers([Answer::new(200, two)]);
    assert!(matches!(client.scim.join_group(&id(), &named, &client.gate).await, Err(ApiError::Refused(_))));
}
