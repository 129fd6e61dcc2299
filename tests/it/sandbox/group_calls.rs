//! Groups by the Directory API.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;

async fn ids(stranger: &Stranger, path: &str, list: &str, id: &str) -> Vec<Value> {
    let page = stranger.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.json[list].as_array().expect("a list").iter().map(|one| one[id].clone()).collect()
}

/// The body of a group with one administrator.
async fn group(stranger: &Stranger, name: &str) -> Value {
    let administrator = stranger.create(&format!("chief-{name}")).await;
    json!({"domainId": stranger.domain(), "groupName": name, "groupExternalKey": format!("key {name}"),
        "administrators": [{"userId": administrator}],
        "members": [{"id": format!("externalKey:key-chief-{name}"), "type": "USER"}, {"id": "orgunit1-eng", "type": "ORGUNIT"}]})
}

#[tokio::test]
async fn a_group_is_created_read_and_listed() {
    let stranger = Stranger::of_the_directory().await;
    let body = group(&stranger, "new").await;
    let answer = stranger.post("/groups", body.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json;
    assert_eq!((&made["groupName"], &made["administrators"]), (&body["groupName"], &body["administrators"]));
    assert_eq!(
        made["members"][0],
        json!({"id": body["administrators"][0]["userId"], "type": "USER",
        "externalKey": "key-chief-new"})
    );
    assert_eq!(made["members"][1], json!({"id": "orgunit1-eng", "externalKey": "eng", "type": "ORGUNIT"}));
    for name in [made["groupId"].as_str().unwrap(), "externalKey%3Akey%20new"] {
        assert_eq!(stranger.get(&format!("/groups/{name}")).await.json, made);
    }
    assert_eq!(ids(&stranger, "/groups", "groups", "groupName").await, ["Everyone", "東京オフィス", "new"]);
    let page = stranger.get("/groups?count=2").await.json;
    assert!(page["responseMetaData"]["nextCursor"].is_string());
    let other = format!("/groups?domainId={}", stranger.second().id);
    assert_eq!(ids(&stranger, &other, "groups", "groupId").await, Vec::<Value>::new());
    stranger.get("/groups/nobody").await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_new_group_needs_all_four_and_a_name_and_key_of_its_own() {
    let stranger = Stranger::of_the_directory().await;
    let body = group(&stranger, "four").await;
    for required in ["domainId", "groupName", "administrators", "members"] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(required);
        let answer = stranger.post("/groups", body).await;
        assert!(answer.is_refused(400, "MISSING_PARAMETER").text.contains(required));
    }
    for (property, wrong, status) in [
        ("domainId", json!(stranger.second().id), 400),
        ("groupName", json!("a".repeat(101)), 400),
        ("groupName", json!("admin-ng"), 400),
        ("groupName", json!("EVERYONE"), 409),
        ("groupExternalKey", json!("everyone"), 409),
        ("groupExternalKey", json!("a/b"), 400),
        ("administrators", json!([]), 400),
        ("administrators", json!([{"userId": "nobody"}]), 404),
        ("administrators", json!([{}]), 400),
        ("members", json!([{"id": "nobody", "type": "USER"}]), 404),
        ("members", json!([{"id": "nobody", "type": "ORGUNIT"}]), 404),
        ("members", json!([{"id": "nobody", "type": "GROUP"}]), 404),
    ] {
        let mut body = body.clone();
        body[property] = wrong.clone();
        assert_eq!(stranger.post("/groups", body).await.status, status, "{property} = {wrong}");
    }
    assert_eq!(ids(&stranger, "/groups", "groups", "groupId").await.len(), 2, "nothing was made");
}

#[tokio::test]
async fn members_come_once_and_go_with_their_type() {
    let stranger = Stranger::of_the_directory().await;
    let user = stranger.create("member").await;
    let path = "/groups/externalKey:tokyo/members";
    for entry in [
        json!({"id": user, "type": "USER"}),
        json!({"id": "orgunit2-sales", "type": "ORGUNIT"}),
        json!({"id": "group001-everyone", "type": "GROUP"}),
    ] {
        let answer = stranger.post(path, entry.clone()).await;
        assert_eq!((answer.status, &answer.json), (201, &entry));
        stranger.post(path, entry).await.is_refused(409, "ALREADY_EXIST");
    }
    stranger.post(path, json!({"id": "externalKey:key-member", "type": "USER"})).await.is_refused(409, "ALREADY_EXIST");
    for (wrong, status) in [
        (json!({"id": user}), 400),
        (json!({"type": "USER"}), 400),
        (json!({"id": user, "type": "user"}), 400),
        (json!({"id": "group002-tokyo", "type": "GROUP"}), 400),
        (json!({"id": user, "type": "GROUP"}), 404),
    ] {
        assert_eq!(stranger.post(path, wrong.clone()).await.status, status, "{wrong}");
    }
    stranger.post("/groups/nobody/members", json!({"id": user, "type": "USER"})).await.is_refused(404, "NOT_FOUND");
    assert_eq!(ids(&stranger, path, "members", "type").await, ["USER", "ORGUNIT", "GROUP"]);
    let page = stranger.get(&format!("{path}?count=1")).await.json;
    assert!(page["responseMetaData"]["nextCursor"].is_string());

    let one = format!("{path}/{user}");
    let answer = stranger.delete(&one).await;
    assert_eq!(answer.is_refused(400, "MISSING_PARAMETER").json["description"], "type is required.");
    stranger.delete(&format!("{one}?type=PERSON")).await.is_refused(400, "INVALID_PARAMETER");
    stranger.delete(&format!("{one}?type=GROUP")).await.is_refused(404, "NOT_FOUND");
    assert_eq!(stranger.delete(&format!("{path}/externalKey%3Akey-member?type=USER")).await.status, 204);
    stranger.delete(&format!("{one}?type=USER")).await.is_refused(404, "NOT_FOUND");
    assert_eq!(ids(&stranger, path, "members", "type").await, ["ORGUNIT", "GROUP"]);
}

#[tokio::test]
async fn a_deleted_member_is_in_no_group() {
    let stranger = Stranger::of_the_directory().await;
    let user = stranger.create("leaver").await;
    let path = "/groups/externalKey:tokyo/members";
    stranger.post(path, json!({"id": user, "type": "USER"})).await;
    stranger.delete(&format!("/users/{user}")).await;
    assert_eq!(ids(&stranger, path, "members", "id").await, Vec::<Value>::new());
    stranger.post(path, json!({"id": user, "type": "USER"})).await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn administrators_come_once_and_go() {
    let stranger = Stranger::of_the_directory().await;
    let user = stranger.create("keeper").await;
    let path = "/groups/externalKey:tokyo/administrators";
    assert_eq!(stranger.post(path, json!({"userId": user})).await.status, 201);
    stranger.post(path, json!({"userId": user})).await.is_refused(409, "ALREADY_EXIST");
    stranger.post(path, json!({"userId": "nobody"})).await.is_refused(404, "NOT_FOUND");
    stranger.post(path, json!({})).await.is_refused(400, "MISSING_PARAMETER");
    assert_eq!(ids(&stranger, path, "administrators", "userId").await, [user.as_str()]);
    assert_eq!(stranger.delete(&format!("{path}/{user}")).await.status, 204);
    stranger.delete(&format!("{path}/{user}")).await.is_refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn external_and_dynamic_groups_are_not_for_this_api() {
    let stranger = Stranger::of_the_directory().await;
    let user = stranger.create("out").await;
    for kind in ["external", "dynamic"] {
        let seed = json!({"name": kind, "id": kind, "kind": kind, "members": [{"id": user, "type": "USER"}]});
        assert_eq!(stranger.control(Method::POST, "groups", seed).await.status, 200);
        let one = format!("/groups/{kind}");
        stranger.get(&one).await.is_refused(403, "FORBIDDEN");
        stranger.get(&format!("{one}/members")).await.is_refused(403, "FORBIDDEN");
        let member = json!({"id": user, "type": "USER"});
        stranger.post(&format!("{one}/members"), member).await.is_refused(403, "FORBIDDEN");
        stranger.delete(&format!("{one}/members/{user}?type=USER")).await.is_refused(403, "FORBIDDEN");
        stranger.post(&format!("{one}/administrators"), json!({"userId": user})).await.is_refused(403, "FORBIDDEN");
    }
    assert_eq!(ids(&stranger, "/groups", "groups", "groupId").await.len(), 2);
}

#[tokio::test]
async fn external_keys_of_groups_are_set_and_listed() {
    let stranger = Stranger::of_the_directory().await;
    let keys = |list: Value| stranger.post("/groups/external-keys", json!({ "groups": list }));
    assert_eq!(keys(json!([{"id": "group002-tokyo", "externalKey": "office"}])).await.status, 204);
    assert_eq!(stranger.get("/groups/externalKey:office").await.json["groupId"], "group002-tokyo");
    keys(json!([{"id": "group002-tokyo", "externalKey": "everyone"}])).await.is_refused(409, "ALREADY_EXIST");
    keys(json!([{"id": "nobody", "externalKey": "x"}])).await.is_refused(404, "NOT_FOUND");
    assert_eq!(keys(json!([{"id": "group002-tokyo", "externalKey": null}])).await.status, 204);
    let without = ids(&stranger, "/groups/external-keys?hasExternalKey=false", "groups", "id").await;
    assert_eq!(without, ["group002-tokyo"]);
}

#[tokio::test]
async fn two_writes_of_one_group_must_not_overlap() {
    let stranger = Stranger::of_the_directory().await;
    let (one, two) = (stranger.create("one").await, stranger.create("two").await);
    stranger.switch(json!({"latencyMs": 200})).await;
    let path = "/groups/externalKey:tokyo/members";
    let add = |id: &str| stranger.post(path, json!({"id": id, "type": "USER"}));
    let (first, second) = tokio::join!(add(&one), add(&two));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(stranger.violations().await, ["overlap"]);
}

#[tokio::test]
async fn reading_and_writing_need_a_group_scope() {
    let mut stranger = Stranger::start().await;
    let user = stranger.create("scoped").await;
    for (scope, read, write) in
        [("user", 403, 403), ("group.read", 200, 403), ("directory.read", 200, 403), ("group", 200, 201)]
    {
        stranger.token = stranger.new_token(scope).await;
        assert_eq!(stranger.get("/groups").await.status, read, "{scope}");
        let added = stranger.post("/groups/group002-tokyo/members", json!({"id": user, "type": "USER"})).await;
        assert_eq!(added.status, write, "{scope}");
    }
}
