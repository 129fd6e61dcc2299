//! Names looked up in LINE WORKS' lists, org units made on demand, groups joined and left: every call and every answer.

use std::sync::Arc;
use std::time::Duration;

use okta_lineworks::domain::ids::MemberId;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::domain::profile::{Profile, ProfileRules};
use okta_lineworks::domain::reference::Reference;
use okta_lineworks::lineworks::{ApiError, MemberApi, Operation, PlaceSettings};
use serde_json::{Value, json};

use super::counterpart::{Answer, Client, Counterpart, Setup, start};

const DOMAIN: i64 = 300_123_456;

fn profile(organization: Value) -> Profile {
    let user = json!({
        "email": "hanako@example.jp", "userName": {"lastName": "山田"}, "organizations": [organization],
    });
    Profile::parse(&user, &ProfileRules::OPEN).expect("a profile")
}

fn in_unit(name: &str) -> Profile {
    profile(json!({"orgUnits": [{"orgUnitId": format!("name:{name}")}]}))
}

fn unit(id: impl Into<Value>, name: &str) -> Value {
    json!({"orgUnitId": id.into(), "orgUnitName": name, "orgUnitExternalKey": null, "displayOrder": 7, "somethingNew": {}})
}

fn page(units: Vec<Value>, next: Value) -> Answer {
    Answer::new(200, json!({"orgUnits": units, "responseMetaData": {"nextCursor": next}}))
}

async fn resolve(client: &Client, profile: &Profile) -> Result<Value, ApiError> {
    let placed = client.directory.resolve(profile, DOMAIN, &client.gate).await?;
    Ok(json!(placed)["user"]["organizations"][0].clone())
}

async fn unit_of(client: &Client, name: &str) -> Result<Value, ApiError> {
    resolve(client, &in_unit(name)).await.map(|placed| placed["orgUnits"][0]["orgUnitId"].clone())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, ApiError>, cause: Cause) -> String {
    match outcome {
        Err(ApiError::Refused(reason)) if reason.cause == cause => reason.detail.expect("says more"),
        other => panic!("{other:?}"),
    }
}

fn creating(works: &Counterpart) -> Client {
    let places = PlaceSettings {
        create_org_units: true,
        create_org_units_under: Some("externalKey:company".into()),
        ..Setup::default().places
    };
    Setup { places, ..Setup::default() }.client(works)
}

#[tokio::test]
async fn every_page_is_read_and_the_list_is_kept() {
    let (works, client) = start().await;
    let cursor = "kBhFZjtIFJKDiX1rE78+/g==";
    works.answers([
        page(vec![unit("u-1", "営業")], json!(cursor)),
        page(vec![unit(1_234_567_890_123_456_789_i64, " 開発 ")], json!("")),
    ]);
    assert_eq!(unit_of(&client, "開発").await, Ok(json!("1234567890123456789")));
    assert_eq!(unit_of(&client, "営業").await, Ok(json!("u-1")));
    let expected = [
        "GET /v1.0/orgunits?domainId=300123456&count=100",
        "GET /v1.0/orgunits?domainId=300123456&count=100&cursor=kBhFZjtIFJKDiX1rE78%2B%2Fg%3D%3D",
    ];
    assert_eq!(works.lines(), expected, "read once, page by page");
    client.clock.advance(jiff::SignedDuration::from_secs(601));
    works.answers([page(vec![unit("u-2", "営業")], json!(null))]);
    assert_eq!(unit_of(&client, "営業").await, Ok(json!("u-2")), "the list was too old");
}

#[tokio::test]
async fn every_kind_of_place_is_looked_up_where_it_is_listed() {
    let (works, client) = start().await;
    let user = json!({
        "email": "hanako@example.jp", "userName": {"lastName": "山田"}, "userTypeId": "name:正社員",
        "organizations": [
            {"domainId": 7, "levelId": "name:部長", "orgUnits": [{"orgUnitId": "u-1", "positionId": "name:課長"}]},
        ],
    });
    let profile = Profile::parse(&user, &ProfileRules::OPEN).expect("a profile");
    works.answers([
        Answer::new(200, json!({"userTypes": [{"userTypeId": "t-1", "userTypeName": "正社員"}]})),
        Answer::new(200, json!({"levels": [{"levelId": "l-1", "levelName": "部長"}], "responseMetaData": {}})),
        Answer::new(200, json!({"positions": [{"positionId": "p-1", "positionName": "課長"}]})),
    ]);
    let placed = json!(client.directory.resolve(&profile, DOMAIN, &client.gate).await.expect("placed"));
    assert_eq!(placed["user"]["userTypeId"], "t-1");
    let organization = &placed["user"]["organizations"][0];
    assert_eq!((&organization["levelId"], &organization["orgUnits"][0]["positionId"]), (&json!("l-1"), &json!("p-1")));
    let expected = [
        "GET /v1.0/directory/user-types?domainId=300123456",
        "GET /v1.0/directory/levels?domainId=7",
        "GET /v1.0/directory/positions?domainId=7",
    ];
    assert_eq!(works.lines(), expected);
}

#[tokio::test]
async fn a_profile_without_names_costs_no_call() {
    let (works, client) = start().await;
    let by_key = profile(json!({"levelId": "l-1", "orgUnits": [{"orgUnitId": "externalKey:sales"}]}));
    assert_eq!(client.directory.resolve(&by_key, DOMAIN, &client.gate).await, Ok(by_key));
    assert!(works.seen().is_empty());
}

#[tokio::test]
async fn an_unknown_name_is_looked_for_once_more_in_a_list_that_is_not_fresh() {
    let (works, client) = start().await;
    works.answers([page(vec![unit("u-1", "営業一部")], json!(null))]);
    let detail = refused(unit_of(&client, "営業部").await, Cause::PlacementUnknown);
    assert!(detail.contains("営業一部"), "{detail}");
    assert_eq!(works.seen().len(), 1, "the list was fresh");
    client.clock.advance(jiff::SignedDuration::from_secs(6));
    works.answers([page(vec![unit("u-1", "営業一部"), unit("u-2", "営業部")], json!(null))]);
    assert_eq!(unit_of(&client, "営業部").await, Ok(json!("u-2")));
    assert_eq!(works.seen().len(), 2);
}

#[tokio::test]
async fn what_is_refused_makes_a_list_that_is_not_of_this_minute_doubtful() {
    let (works, client) = start().await;
    let refusal = || Answer::error(400, "INVALID_PARAMETER", "orgUnitId is invalid.");
    works.answers([page(vec![unit("u-1", "営業")], json!(null)), refusal()]);
    assert_eq!(unit_of(&client, "営業").await, Ok(json!("u-1")));
    let difference = in_unit("営業").difference(&serde_json::Map::new(), DOMAIN);
    let key = "00uA".parse().expect("a key");
    client.directory.update(&id(), &difference, &key, &client.gate).await.expect_err("refused");
    assert_eq!(unit_of(&client, "営業").await, Ok(json!("u-1")), "it was read just now");
    client.clock.advance(jiff::SignedDuration::from_secs(61));
    works.answers([refusal(), page(vec![unit("u-2", "営業")], json!(null))]);
    client.directory.update(&id(), &difference, &key, &client.gate).await.expect_err("refused");
    assert_eq!(unit_of(&client, "営業").await, Ok(json!("u-2")), "the unit was made anew since");
}

#[tokio::test]
async fn a_name_of_two_is_refused_with_both() {
    let (works, client) = start().await;
    works.answers([page(vec![unit("u-1", "Sales"), unit("u-2", "Sales"), unit("u-3", "SALES")], json!(null))]);
    let detail = refused(unit_of(&client, "Sales").await, Cause::PlacementAmbiguous);
    assert!(detail.contains("u-1") && detail.contains("u-2") && !detail.contains("u-3"), "{detail}");
    assert_eq!(unit_of(&client, "SALES").await, Ok(json!("u-3")));
}

#[tokio::test]
async fn a_page_that_is_not_understood_is_no_empty_list() {
    let (works, client) = start().await;
    let endless = || page(vec![], json!("again"));
    works.answers([
        Answer::new(200, json!({"responseMetaData": {}})),
        Answer::new(200, ""),
        Answer::error(404, "NOT_FOUND", "x"),
        endless(),
        endless(),
    ]);
    for _ in 0..4 {
        let error = unit_of(&client, "営業").await.expect_err("not understood");
        assert!(
            matches!(&error, ApiError::TryLater { reason, .. } if reason.cause == Cause::LineWorksFailing),
            "{error:?}"
        );
    }
    assert_eq!(works.seen().len(), 5, "a cursor that comes again is not followed");
}

#[tokio::test]
async fn a_feature_that_is_off_is_told_apart() {
    let (works, client) = start().await;
    works.answers([Answer::error(400, "BAD_REQUEST", "usePosition is false.")]);
    let wish = profile(json!({"orgUnits": [{"orgUnitId": "u-1", "positionId": "name:課長"}]}));
    let detail = refused(resolve(&client, &wish).await, Cause::PlacementFeatureOff);
    assert!(detail.contains("usePosition"), "{detail}");
}

// --- org units on demand ---------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_missing_org_unit_is_made_after_a_second_look_and_then_known() {
    let works = Counterpart::start().await;
    let client = creating(&works);
    let list = || page(vec![unit("u-1", "営業")], json!(null));
    works.answers([list(), list(), Answer::new(201, unit("u-9", "開発"))]);
    assert_eq!(unit_of(&client, "開発").await, Ok(json!("u-9")));
    assert_eq!(unit_of(&client, "開発").await, Ok(json!("u-9")));
    let seen = works.seen();
    let expected =
        json!({"domainId": DOMAIN, "orgUnitName": "開発", "displayOrder": 8, "parentOrgUnitId": "externalKey:company"});
    assert_eq!((seen.len(), seen[2].line.as_str(), seen[2].json()), (3, "POST /v1.0/orgunits", expected));
}

#[tokio::test]
async fn an_empty_list_is_no_reason_to_make_anything() {
    let works = Counterpart::start().await;
    let client = creating(&works);
    works.answers([page(vec![], json!(null)), page(vec![], json!(null))]);
    let detail = refused(unit_of(&client, "開発").await, Cause::PlacementUnknown);
    assert!(detail.contains("none at all"), "{detail}");
    assert!(works.lines().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn several_who_need_the_same_new_org_unit_make_one() {
    let works = Counterpart::start().await;
    let client = Arc::new(creating(&works));
    let list = || page(vec![unit("u-1", "営業")], json!(null));
    works.answers([list(), list(), Answer::new(201, unit("u-9", "開発"))]);
    let joiners = (0..5).map(|_| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { unit_of(&client, "開発").await })
    });
    for joiner in joiners.collect::<Vec<_>>() {
        assert_eq!(joiner.await.expect("no panic"), Ok(json!("u-9")));
    }
    let posts = works.lines().into_iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!((posts, works.seen().len()), (1, 3));
}

#[tokio::test]
async fn after_an_unclear_create_nothing_is_made_until_the_list_was_read_again() {
    let works = Counterpart::start().await;
    let client = creating(&works);
    let list = || page(vec![unit("u-1", "営業")], json!(null));
    works.answers([list(), list(), Answer::error(500, "INTERNAL_SERVER_ERROR", "x"), list()]);
    let error = unit_of(&client, "開発").await.expect_err("unclear");
    assert!(matches!(error, ApiError::Unclear(_)), "{error:?}");
    let error = unit_of(&client, "開発").await.expect_err("not yet");
    assert!(matches!(error, ApiError::TryLater { after: Some(after), .. } if after > Duration::from_secs(19)));
    client.clock.advance(jiff::SignedDuration::from_secs(21));
    works.answers([page(vec![unit("u-1", "営業"), unit("u-9", "開発")], json!(null))]);
    assert_eq!(unit_of(&client, "開発").await, Ok(json!("u-9")), "it had its effect");
    assert_eq!(works.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

// --- groups ----------------------------------------------------------------------------------------------------------

fn id() -> MemberId {
    "user-1".parse().expect("an id")
}

async fn join(client: &Client, group: &str) -> Result<(), ApiError> {
    client.directory.join_group(&id(), &Reference::parse(group), &client.gate).await
}

async fn leave(client: &Client, group: &str) -> Result<(), ApiError> {
    client.directory.leave_group(&id(), &Reference::parse(group), &client.gate).await
}

#[tokio::test]
async fn groups_are_joined_and_left_by_id_key_or_name() {
    let (works, client) = start().await;
    let groups =
        json!({"groups": [{"groupId": "g-1", "groupName": "お知らせ"}], "responseMetaData": {"nextCursor": null}});
    works.answers([
        Answer::new(201, json!({"id": "user-1", "type": "USER"})),
        Answer::new(200, groups),
        Answer::new(201, ""),
        Answer::new(204, ""),
        Answer::new(204, ""),
    ]);
    join(&client, "externalKey:every one").await.expect("joined");
    join(&client, "name:お知らせ").await.expect("joined");
    leave(&client, "name:お知らせ").await.expect("left");
    leave(&client, "g-2").await.expect("left");
    let expected = [
        "POST /v1.0/groups/externalKey:every%20one/members",
        "GET /v1.0/groups?domainId=300123456&count=100",
        "POST /v1.0/groups/g-1/members",
        "DELETE /v1.0/groups/g-1/members/user-1?type=USER",
        "DELETE /v1.0/groups/g-2/members/user-1?type=USER",
    ];
    assert_eq!(works.lines(), expected);
    assert_eq!(works.seen()[0].json(), json!({"id": "user-1", "type": "USER"}));
    assert_eq!(client.gate.passed.lock().expect("unpoisoned")[0], Operation::AddGroupMember);
}

#[tokio::test]
async fn what_is_so_already_is_done_and_a_missing_group_is_told_apart() {
    let (works, client) = start().await;
    works.answers([
        Answer::error(409, "ALREADY_EXIST", "id is duplicated. (user-1) It already exists."),
        Answer::error(400, "BAD_REQUEST", "The member already exists."),
        Answer::error(404, "NOT_FOUND", "Member not found."),
        Answer::error(404, "GROUP_MEMBER_NOT_EXIST", "x"),
    ]);
    assert_eq!((join(&client, "g").await, join(&client, "g").await), (Ok(()), Ok(())));
    assert_eq!((leave(&client, "g").await, leave(&client, "g").await), (Ok(()), Ok(())));
    for (code, text) in [("NOT_FOUND", "Group not found."), ("GROUP_NOT_EXIST", "x")] {
        works.answers([Answer::error(404, code, text), Answer::error(404, code, text)]);
        refused(join(&client, "g").await, Cause::PlacementUnknown);
        refused(leave(&client, "g").await, Cause::PlacementUnknown);
    }
    works.answers([Answer::error(404, "NOT_FOUND", "User not found."), Answer::new(404, "<html>not here</html>")]);
    assert!(matches!(join(&client, "g").await, Err(ApiError::ReadAgain(_))), "it is the member that is gone");
    assert!(matches!(leave(&client, "g").await, Err(ApiError::TryLater { .. })), "not LINE WORKS' own words");
}

#[tokio::test]
async fn groups_the_api_cannot_change_are_told_from_a_missing_scope() {
    let (works, client) = start().await;
    works.answers([
        Answer::error(403, "FORBIDDEN", "External and dynamic groups are not available here."),
        Answer::error(403, "FORBIDDEN", "insufficient scope"),
    ]);
    let detail = refused(join(&client, "g").await, Cause::LineWorksRefused);
    assert!(detail.contains("external and dynamic"), "{detail}");
    let detail = refused(join(&client, "g").await, Cause::ScopeMissing);
    assert!(detail.contains("group or directory"), "{detail}");
}
