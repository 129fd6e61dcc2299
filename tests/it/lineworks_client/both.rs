//! Both APIs at once: each capability goes where the table says, and two pictures become one.

use okta_lineworks::domain::ids::{ExternalKey, MemberId};
use okta_lineworks::domain::member::{Condition, Member};
use okta_lineworks::domain::reference::Reference;
use okta_lineworks::lineworks::backends::{Api, Capability, TABLE};
use okta_lineworks::lineworks::both::Both;
use okta_lineworks::lineworks::{ApiError, Hints, MemberApi, NewMember};
use serde_json::{Value, json};

use super::counterpart::{Answer, Counterpart, OpenGate, Setup};
use super::scim::{list, profile, scim, user};

fn id() -> MemberId {
    "user-1".parse().expect("an id")
}

fn key() -> ExternalKey {
    "00u1hanako".parse().expect("a key")
}

async fn start() -> (Counterpart, Both, OpenGate) {
    let works = Counterpart::start().await;
    let client = Setup::default().client(&works);
    let (scim, _) = scim(&works.url);
    (works, Both::new(scim, client.directory), client.gate)
}

fn in_directory(more: Value) -> Answer {
    let mut user = json!({"userId": "user-1", "email": "hanako@example.jp", "userExternalKey": "theirs"});
    user.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Answer::new(200, user)
}

async fn find(both: &Both, gate: &OpenGate) -> Result<Option<Member>, ApiError> {
    let (id, key) = (id(), key());
    let hints =
        Hints { member_id: Some(&id), external_key: Some(&key), former_key: None, email: Some("hanako@example.jp") };
    both.find(&hints, gate).await
}

/// A column of the table.
type Column = fn(&Capability) -> Option<Api>;

/// The API of a request's path.
fn api(line: &str) -> Api {
    if line.contains(" /scim/v2/") { Api::Scim } else { Api::Directory }
}

fn capability(what: &str) -> Capability {
    *TABLE.iter().find(|row| row.what.starts_with(what)).unwrap_or_else(|| panic!("no capability {what}"))
}

#[tokio::test]
async fn every_step_goes_where_the_table_says() {
    let (works, both, gate) = start().await;
    let (alone, _) = scim(&works.url);
    let directory = Setup::default().client(&works).directory;
    let apis: [(&dyn MemberApi, Column); 3] =
        [(&directory, |row| row.directory), (&alone, |row| row.scim), (&both, |row| row.both)];
    let (id, key, group) = (id(), key(), Reference::parse("g-1"));
    for (members, column) in apis {
        let check = async |what: &str, call: futures_util::future::BoxFuture<'_, bool>| {
            works.answers([Answer::new(200, user("user-1", "hanako@example.jp"))]);
            let before = works.lines().len();
            let done = call.await;
            let went: Vec<Api> = works.lines()[before..].iter().map(|line| api(line)).collect();
            let expected: Vec<Api> = column(&capability(what)).into_iter().collect();
            assert_eq!((went, done), (expected.clone(), !expected.is_empty()), "{what}");
            if expected.is_empty() {
                works.take_answers();
            }
        };
        check("Suspend", Box::pin(async { members.suspend(&id, &gate).await.is_ok() })).await;
        check("Resume", Box::pin(async { members.resume(&id, &gate).await.is_ok() })).await;
        check("Delete", Box::pin(async { members.delete(&id, &gate).await.is_ok() })).await;
        check("Take a deletion back", Box::pin(async { members.undelete(&id, &gate).await.is_ok() })).await;
        check("Put our key", Box::pin(async { members.adopt(&id, &key, &gate).await.is_ok() })).await;
        check("Groups", Box::pin(async { members.join_group(&id, &group, &gate).await.is_ok() })).await;
        check("Groups", Box::pin(async { members.leave_group(&id, &group, &gate).await.is_ok() })).await;
        let basic = profile(json!({"nickName": "はな"}));
        let new = NewMember { profile: &basic, key: &key, domain_id: 1, password: None };
        check("Create", Box::pin(async { members.create(new, &gate).await.is_ok() })).await;
        let there = profile(json!({})).create_properties(1);
        let basic = basic.difference(&there, 1);
        check("Login, name", Box::pin(async { members.update(&id, &basic, &key, &gate).await.is_ok() })).await;
        let (further, _) = members.within_reach(&profile(json!({"employeeNumber": "7"})));
        let further = further.difference(&there, 1);
        let update = async { !further.is_empty() && members.update(&id, &further, &key, &gate).await.is_ok() };
        check("Org unit", Box::pin(update)).await;
    }
}

#[tokio::test]
async fn scim_says_whose_it_is_and_the_directory_completes_the_picture() {
    let (works, both, gate) = start().await;
    let scim_user = user("user-1", "hanako@example.jp");
    let directory = in_directory(json!({
        "isAdministrator": true, "isPending": true, "employeeNumber": "7",
        "userName": {"lastName": "old", "phoneticLastName": "ヤマダ"},
    }));
    works.answers([Answer::new(200, scim_user), directory]);
    let member = find(&both, &gate).await.expect("read").expect("found");
    assert_eq!(works.lines(), ["GET /scim/v2/Users/user-1", "GET /v1.0/users/user-1"]);
    assert_eq!((member.external_key.as_deref(), member.condition), (Some("00u1hanako"), Condition::Pending));
    assert!(member.is_administrator);
    let name = json!({"lastName": "山田", "firstName": "花子", "phoneticLastName": "ヤマダ"});
    assert_eq!((&member.attributes["userName"], &member.attributes["employeeNumber"]), (&name, &json!("7")));
}

#[tokio::test]
async fn whom_only_scim_shows_is_in_its_grace_if_inactive_and_else_no_picture() {
    let (works, both, gate) = start().await;
    let mut inactive = user("user-1", "hanako@example.jp");
    inactive["active"] = false.into();
    works.answers([Answer::new(200, inactive), Answer::error(404, "USER_NOT_EXIST", "x")]);
    let member = find(&both, &gate).await.expect("read").expect("found");
    assert_eq!((member.condition, member.external_key.as_deref()), (Condition::Deleted, Some("00u1hanako")));
    for half in [Answer::error(404, "USER_NOT_EXIST", "x"), Answer::new(500, "")] {
        works.answers([Answer::new(200, user("user-1", "hanako@example.jp")), half]);
        assert!(matches!(find(&both, &gate).await, Err(ApiError::TryLater { .. })), "half a picture is none");
    }
}

#[tokio::test]
async fn whom_scim_hides_is_found_by_the_directory_and_is_ours_only_with_our_key() {
    let (works, both, gate) = start().await;
    for (there, expected) in [("theirs", None), ("00u1hanako", Some("00u1hanako"))] {
        works.answers([
            Answer::new(404, ""),
            list(Vec::new()),
            in_directory(json!({"isDeleted": true, "userExternalKey": there})),
        ]);
        let member = find(&both, &gate).await.expect("read").expect("found");
        assert_eq!((member.condition, member.external_key.as_deref()), (Condition::Deleted, expected));
    }
    assert!(!works.lines().iter().any(|line| line.contains("externalKey:")), "its keys are not SCIM's");
}

#[tokio::test]
async fn a_create_with_more_than_scim_can_carry_is_read_again() {
    let (works, both, gate) = start().await;
    let created = || Answer::new(201, user("user-1", "hanako@example.jp"));
    works.answers([created(), created()]);
    let key = key();
    for (more, is_whole) in [(json!({"nickName": "はな"}), true), (json!({"employeeNumber": "7"}), false)] {
        let profile = profile(more);
        let new = NewMember { profile: &profile, key: &key, domain_id: 1, password: None };
        assert_eq!(both.create(new, &gate).await.expect("created").is_some(), is_whole);
    }
}

#[tokio::test]
async fn an_update_with_both_parts_is_two_calls_scim_first() {
    let (works, both, gate) = start().await;
    works.answers([Answer::new(204, ""), Answer::new(204, "")]);
    let wish = profile(json!({
        "nickName": "はな", "organizations": [{"orgUnits": [{"orgUnitId": "sales"}]}],
        "userName": {"lastName": "山田", "firstName": "花子", "phoneticLastName": "ヤマダ"},
    }));
    let there = profile(json!({})).create_properties(1);
    assert_eq!(both.update(&id(), &wish.difference(&there, 1), &key(), &gate).await, Ok(None));
    assert_eq!(works.lines(), ["PATCH /scim/v2/Users/user-1", "PATCH /v1.0/users/user-1"]);
    let sent = works.seen();
    assert_eq!(sent[0].json()["Operations"], json!([{"op": "replace", "path": "nickName", "value": "はな"}]));
    let body = sent[1].json();
    let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["organizations", "userExternalKey", "userName"]);
    assert_eq!(body["userExternalKey"], "00u1hanako", "the root key goes with the organizations");
    assert_eq!(body["userName"]["lastName"], "山田", "a PATCH may replace the whole name");
}

#[tokio::test]
async fn the_second_half_of_an_update_that_fails_is_said() {
    let (works, both, gate) = start().await;
    works.answers([Answer::new(204, ""), Answer::error(400, "BAD_REQUEST", "employeeNumber")]);
    let wish = profile(json!({"nickName": "はな", "employeeNumber": "7"}));
    let there = profile(json!({})).create_properties(1);
    let outcome = both.update(&id(), &wish.difference(&there, 1), &key(), &gate).await;
    assert!(matches!(outcome, Err(ApiError::Refused(_))));
}
