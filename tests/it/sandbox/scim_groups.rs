//! SCIM's groups, and the groups an administrator makes by hand.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::join;

use super::Stranger;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const TOKYO: &str = "/Groups/group002-tokyo";

/// A group without members.
pub(super) fn group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name })
}

fn group_of(name: &str, members: Value) -> Value {
    json!({ "schemas": [GROUP], "displayName": name, "members": members })
}

impl Stranger {
    async fn user_id(&self, name: &str) -> String {
        self.scim_create(name).await.trim_start_matches("/Users/").to_owned()
    }

    /// The ids of a group's members as SCIM shows them.
    async fn members_of(&self, path: &str) -> Vec<String> {
        let group = self.scim_get(path).await.json;
        let members = group["members"].as_array().expect("a list").clone();
        members.iter().map(|member| member["value"].as_str().expect("an id").to_owned()).collect()
    }

    async fn group_by_hand(&self, group: Value) -> Value {
        let answer = self.control(Method::POST, "groups", group).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }
}

#[tokio::test]
async fn a_group_is_created_read_and_removed() {
    let stranger = Stranger::start().await;
    let id = stranger.user_id("taro").await;
    let members = json!([{"value": id}, {"value": "group002-tokyo", "type": "GROUP"}, {"value": id, "type": "USER"}]);
    let answer = stranger.scim(Method::POST, "/Groups", group_of("営業", members)).await;
    let created = &answer.is_ok(StatusCode::CREATED).json;
    let path = format!("/Groups/{}", created["id"].as_str().unwrap());
    let base = format!("{}/scim/v2", stranger.sandbox.url());
    assert_eq!((&created["schemas"], &created["displayName"]), (&json!([GROUP]), &json!("営業")));
    assert_eq!(
        created["members"],
        json!([
            {"value": id, "type": "USER", "display": "Testertaro", "$ref": format!("{base}/Users/{id}")},
            {"value": "group002-tokyo", "type": "GROUP", "display": "東京オフィス", "$ref": format!("{base}{TOKYO}")},
        ])
    );
    assert_eq!(
        (&created["meta"]["resourceType"], &created["meta"]["location"]),
        (&json!("Group"), &json!(format!("{base}{path}")))
    );
    assert_eq!(answer.header("location"), created["meta"]["location"].as_str());
    assert_eq!(stranger.scim_get(&path).await.json, *created);
    assert_eq!(stranger.scim_get(&format!("{path}?excludedAttributes=members")).await.json.get("members"), None);
    let answer = stranger.scim(Method::DELETE, &path, Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    stranger.scim_get(&path).await.is_scim_error(404, "");
    stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(404, "");
    assert_eq!(stranger.scim_get(&format!("/Users/{id}")).await.status, 200);
}

#[tokio::test]
async fn lists_have_internal_and_dynamic_groups_but_no_external_ones() {
    let stranger = Stranger::start().await;
    stranger.group_by_hand(json!({"name": "Rule", "id": "g-dynamic", "kind": "dynamic"})).await;
    stranger.group_by_hand(json!({"name": "Partners", "id": "g-external", "kind": "external"})).await;
    let page = stranger.scim_get("/Groups").await.json;
    let names: Vec<_> =
        page["Resources"].as_array().unwrap().iter().map(|group| group["displayName"].clone()).collect();
    assert_eq!(
        (names, &page["totalResults"]),
        (vec![json!("Everyone"), json!("東京オフィス"), json!("Rule")], &json!(3))
    );
    let found = stranger.scim_get("/Groups?filter=displayName%20eq%20%22EVERYONE%22").await.json;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!("group001-everyone")));
    assert!(found["Resources"][0]["members"].is_array());
    let thin = stranger.scim_get("/Groups?excludedAttributes=members&startIndex=2&count=1").await.json;
    assert_eq!((&thin["itemsPerPage"], thin["Resources"][0].get("members")), (&json!(1), None));
    let none = stranger.scim_get("/Groups?filter=displayName%20eq%20%22Partners%22").await.json;
    assert_eq!(none["totalResults"], 0);
    stranger.scim_get("/Groups?filter=id%20eq%20%22x%22").await.is_scim_error(400, "invalidFilter");
    stranger.scim_get("/Groups?count=200").await;
    assert_eq!(stranger.violations().await, ["unsupportedFilter", "countOver100"]);
    stranger.scim_get("/Groups/g-external").await.is_scim_error(404, "");
    stranger.scim_get("/Groups/externalKey:everyone").await.is_scim_error(404, "");
    assert_eq!(stranger.scim_get("/Groups/g-dynamic").await.status, 200);
}

#[tokio::test]
async fn dynamic_and_external_groups_cannot_be_changed() {
    let stranger = Stranger::start().await;
    for kind in ["dynamic", "external"] {
        stranger.group_by_hand(json!({"name": kind, "id": kind, "kind": kind})).await;
        let path = format!("/Groups/{kind}");
        stranger.scim(Method::PUT, &path, group("New")).await.is_scim_error(403, "");
        let operations = json!([{"op": "replace", "path": "displayName", "value": "New"}]);
        stranger.operate(&path, operations).await.is_scim_error(403, "");
        stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(403, "");
    }
    let all = stranger.control(Method::GET, "groups", Value::Null).await.json["groups"].clone();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Everyone", "東京オフィス", "dynamic", "external"]);
}

#[tokio::test]
async fn a_name_is_needed_and_unique_in_any_letter_case() {
    let stranger = Stranger::start().await;
    stranger.group_by_hand(json!({"name": "Partners", "kind": "external"})).await;
    for wrong in [Value::Null, json!(""), json!(" "), json!(7), json!("x".repeat(101))] {
        let body = json!({"schemas": [GROUP], "displayName": wrong});
        stranger.scim(Method::POST, "/Groups", body).await.is_scim_error(400, "invalidValue");
    }
    stranger.scim(Method::POST, "/Groups", json!({"displayName": "x"})).await.is_scim_error(400, "invalidSyntax");
    for taken in ["everyone", "PARTNERS"] {
        stranger.scim(Method::POST, "/Groups", group(taken)).await.is_scim_error(409, "uniqueness");
        stranger.scim(Method::PUT, TOKYO, group(taken)).await.is_scim_error(409, "uniqueness");
        let operations = json!([{"op": "replace", "path": "displayName", "value": taken}]);
        stranger.operate(TOKYO, operations).await.is_scim_error(409, "uniqueness");
    }
    stranger.switch(json!({"scimDuplicateStatus": "400"})).await;
    stranger.scim(Method::POST, "/Groups", group("Everyone")).await.is_scim_error(400, "invalidValue");
    let own = stranger.scim(Method::PUT, "/Groups/group001-everyone", group("EVERYONE")).await;
    assert_eq!((own.status, &own.json["displayName"]), (200, &json!("EVERYONE")));
    assert_eq!(stranger.scim(Method::POST, "/Groups", group(&"x".repeat(100))).await.status, 201);
}

#[tokio::test]
async fn members_must_exist_and_be_users_or_groups() {
    let stranger = Stranger::start().await;
    let id = stranger.user_id("gone").await;
    stranger.delete(&format!("/users/{id}")).await;
    for wrong in [
        json!([{"value": "nobody"}]),
        json!([{"value": id}]),
        json!([{"value": "group001-everyone", "type": "USER"}]),
        json!([{"value": "externalKey:everyone", "type": "GROUP"}]),
        json!([{"value": "group002-tokyo", "type": "GROUP"}]),
        json!([{"value": "orgunit1-eng", "type": "ORGUNIT"}]),
        json!([{"type": "USER"}]),
        json!(["x"]),
        json!({"value": id}),
    ] {
        let answer = stranger.scim(Method::PUT, TOKYO, group_of("T", wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
        answer.is_scim_error(400, "invalidValue");
    }
    assert_eq!(stranger.scim_get(TOKYO).await.json["displayName"], "東京オフィス");
}

#[tokio::test]
async fn a_put_replaces_the_members_but_org_units_stay() {
    let stranger = Stranger::start().await;
    let (one, two) = (stranger.user_id("one").await, stranger.user_id("two").await);
    let members = json!([{"id": "orgunit1-eng", "type": "ORGUNIT"}, {"id": one, "type": "USER"}]);
    stranger.group_by_hand(json!({"name": "Mixed", "id": "mixed", "members": members})).await;
    assert_eq!(stranger.members_of("/Groups/mixed").await, [one.as_str()], "org units are not shown");
    stranger.scim(Method::PUT, "/Groups/mixed", group_of("Mixed", json!([{"value": two}]))).await;
    assert_eq!(stranger.members_of("/Groups/mixed").await, [two]);
    stranger.scim(Method::PUT, "/Groups/mixed", group("Mixed")).await;
    let remove = json!([{"op": "remove", "path": "members"}]);
    stranger.operate("/Groups/mixed", remove).await.is_ok(StatusCode::OK);
    let all = stranger.control(Method::GET, "groups", Value::Null).await.json["groups"].clone();
    assert_eq!(all[2]["members"], json!([{"id": "orgunit1-eng", "type": "ORGUNIT"}]));
}

#[tokio::test]
async fn a_patch_renames_adds_and_removes() {
    let stranger = Stranger::start().await;
    let (one, two) = (stranger.user_id("one").await, stranger.user_id("two").await);
    let operations = json!([{"op": "replace", "path": "displayName", "value": "T"},
        {"op": "add", "path": "members", "value": [{"value": one, "type": "USER"}, {"value": two}]},
        {"op": "add", "path": "members", "value": {"value": one}}]);
    let answer = stranger.operate(TOKYO, operations).await;
    assert_eq!((answer.status, &answer.json["displayName"]), (200, &json!("T")), "{}", answer.text);
    assert_eq!(stranger.members_of(TOKYO).await.len(), 2, "each once");
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{one}\"]")}]);
    stranger.operate(TOKYO, remove).await;
    assert_eq!(stranger.members_of(TOKYO).await, [two.as_str()]);
    let half = json!([{"op": "remove", "path": "members"},
        {"op": "add", "path": "members", "value": [{"value": "nobody"}]}]);
    stranger.operate(TOKYO, half).await.is_scim_error(400, "invalidValue");
    assert_eq!(stranger.members_of(TOKYO).await, [two.as_str()], "all or nothing");
    for (operation, kind) in [
        (json!({"op": "replace", "path": "members[value eq \"x\"].value", "value": one}), "invalidPath"),
        (json!({"op": "add", "path": "members[value eq \"x\"]", "value": {"value": one}}), "invalidPath"),
        (json!({"op": "replace", "path": "externalId", "value": "x"}), "invalidPath"),
        (json!({"op": "remove", "path": "displayName"}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
    ] {
        stranger.operate(TOKYO, json!([operation])).await.is_scim_error(400, kind);
    }
    // As Entra ID removes members, and as Okta renames a group.
    let entra = json!([{"op": "Remove", "path": "members", "value": [{"value": one}]},
        {"op": "replace", "value": {"id": "group002-tokyo", "displayName": "Okta's"}}]);
    assert_eq!(stranger.operate(TOKYO, entra).await.json["displayName"], "Okta's");
    assert_eq!(stranger.members_of(TOKYO).await, [two.as_str()]);
    stranger.switch(json!({"scimPatchAnswers": "empty204"})).await;
    let replace = json!([{"op": "replace", "path": "members", "value": [{"value": one}]}]);
    assert_eq!(stranger.operate(TOKYO, replace).await.status, 204);
    assert_eq!(stranger.members_of(TOKYO).await, [one]);
}

#[tokio::test]
async fn whoever_is_gone_is_in_no_group() {
    let stranger = Stranger::start().await;
    let id = stranger.user_id("leaver").await;
    let inner = stranger.scim(Method::POST, "/Groups", group("Inner")).await.json["id"].as_str().unwrap().to_owned();
    let members = json!([{"value": id}, {"value": inner, "type": "GROUP"}]);
    stranger.scim(Method::PUT, TOKYO, group_of("T", members)).await;
    stranger.delete(&format!("/users/{id}")).await;
    stranger.scim(Method::DELETE, &format!("/Groups/{inner}"), Value::Null).await;
    assert!(stranger.members_of(TOKYO).await.is_empty());
    let operations = json!([{"op": "replace", "path": "displayName", "value": "Still"}]);
    assert_eq!(stranger.operate(TOKYO, operations).await.status, 200, "they are no hindrance");
}

#[tokio::test]
async fn writes_for_one_group_overlap_and_others_do_not() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"latencyMs": 200})).await;
    let rename = |name: &str| json!([{"op": "replace", "path": "displayName", "value": name}]);
    let (one, two, other, read) = join!(
        stranger.operate(TOKYO, rename("A")),
        stranger.scim(Method::PUT, TOKYO, group("B")),
        stranger.operate("/Groups/group001-everyone", rename("C")),
        stranger.scim_get(TOKYO),
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!((statuses, other.status, read.status), ([200, 409], 200, 200));
    let (one, two) = join!(
        stranger.scim(Method::POST, "/Groups", group("new")),
        stranger.scim(Method::POST, "/Groups", group("NEW"))
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(stranger.violations().await, ["overlap", "overlap"]);
    assert_eq!(stranger.stats().await["maxConcurrentWritesPerMember"], 0, "a group is no member");
}

#[tokio::test]
async fn groups_by_hand_keep_names_and_keys_unique_and_a_reset_forgets_them() {
    let stranger = Stranger::start().await;
    for taken in [json!({"name": "EVERYONE"}), json!({"name": "x", "externalKey": "tokyo"})] {
        assert_eq!(stranger.control(Method::POST, "groups", taken).await.status, 409);
    }
    let wrong = stranger.control(Method::POST, "groups", json!({"name": "x", "kind": "secret"})).await;
    assert!(wrong.status == 400 && wrong.text.contains("dynamic"), "{}", wrong.text);
    let shown = stranger.group_by_hand(json!({"name": "Tokyo", "id": "group002-tokyo", "externalKey": "tokyo"})).await;
    assert_eq!((&shown["name"], &shown["kind"]), (&json!("Tokyo"), &json!("internal")), "in place of the old one");
    stranger.control(Method::POST, "reset", Value::Null).await;
    let all = stranger.control(Method::GET, "groups", Value::Null).await.json["groups"].clone();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Everyone", "東京オフィス"]);
    assert_eq!((&all[0]["id"], &all[0]["externalKey"]), (&json!("group001-everyone"), &json!("everyone")));
}
