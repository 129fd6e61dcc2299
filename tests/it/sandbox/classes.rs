//! Levels, positions and user types.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Stranger};

/// Path, prefix of the properties, and the switch of each of the three.
const CLASSES: [(&str, &str, &str); 3] = [
    ("/directory/levels", "level", "useLevel"),
    ("/directory/positions", "position", "usePosition"),
    ("/directory/user-types", "userType", "useUserType"),
];

fn body(stranger: &Stranger, prefix: &str, name: &str) -> Value {
    json!({"domainId": stranger.domain(), "displayOrder": -2, (format!("{prefix}Name")): name,
        (format!("{prefix}ExternalKey")): format!("key-{name}"), "i18nNames": [{"name": "Chef", "language": "en_US"}]})
}

#[tokio::test]
async fn each_is_created_read_changed_and_deleted() {
    let stranger = Stranger::of_the_directory().await;
    for (path, prefix, _) in CLASSES {
        let answer = stranger.post(path, body(&stranger, prefix, "new")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let made = answer.json;
        assert_eq!((&made["displayOrder"], &made["i18nNames"][0]["name"]), (&json!(-2), &json!("Chef")));
        let one = format!("{path}/externalKey:key-new");
        assert_eq!(stranger.get(&one).await.json, made);
        let changed = stranger.patch(&one, json!({(format!("{prefix}Name")): "newer"})).await.json;
        assert_eq!((&changed[format!("{prefix}Name")], &changed["displayOrder"]), (&json!("newer"), &json!(-2)));
        let whole = json!({"domainId": stranger.domain(), "displayOrder": 3, (format!("{prefix}Name")): "put"});
        let id = made[format!("{prefix}Id")].as_str().unwrap();
        let replaced = stranger.put(&one, whole).await.json;
        assert_eq!((&replaced[format!("{prefix}ExternalKey")], &replaced["i18nNames"]), (&Value::Null, &json!([])));
        let page = stranger.get(path).await.json;
        let (_, list) = page.as_object().unwrap().iter().find(|(_, value)| value.is_array()).expect("the list");
        assert_eq!(list.as_array().unwrap().len(), 3, "{page}");
        let one = format!("{path}/{id}");
        assert_eq!(stranger.delete(&one).await.status, 204);
        for answer in [stranger.get(&one).await, stranger.delete(&one).await] {
            answer.is_refused(404, "NOT_FOUND");
        }
    }
    assert!(stranger.violations().await.is_empty());
}

#[tokio::test]
async fn every_property_has_its_limit() {
    let stranger = Stranger::of_the_directory().await;
    stranger.switch(json!({"quotaPerMinute": 1000})).await;
    let long = |length| "a".repeat(length);
    let names = |name: Value, language: &str| json!([{"name": name, "language": language}]);
    let table = [
        ("levels/level001-staff", "levelName", json!(long(100)), json!(long(101))),
        ("levels/level001-staff", "levelName", json!("a"), Value::Null),
        ("levels/level001-staff", "executive", json!(true), json!("yes")),
        ("levels/level001-staff", "levelExternalKey", json!(long(100)), json!("a?b")),
        ("levels/level001-staff", "displayOrder", json!(-1), json!(1.5)),
        ("positions/position1-engineer", "positionName", json!("a/b (c)"), json!("a#b")),
        ("positions/position1-engineer", "positionName", json!(long(100)), json!("")),
        ("positions/position1-engineer", "displayOrder", json!(-2_147_483_648), json!(2_147_483_648_u64)),
        ("positions/position1-engineer", "i18nNames", names(json!("a"), "ko_KR"), names(json!(""), "ko_KR")),
        ("positions/position1-engineer", "i18nNames", json!([]), names(json!("a"), "ko-KR")),
        ("positions/position1-engineer", "i18nNames", json!([]), json!([{"name": "a"}])),
        ("positions/position1-engineer", "domainId", json!(stranger.domain()), json!(stranger.second().id)),
        ("user-types/usertype1-regular", "userTypeCode", json!(format!("a{}", "0_".repeat(24))), json!(long(51))),
        ("user-types/usertype1-regular", "userTypeCode", Value::Null, json!("0a")),
        ("user-types/usertype1-regular", "userTypeCode", json!("A_1"), json!("a-b")),
    ];
    for (path, property, good, bad) in table {
        let path = format!("/directory/{path}");
        let answer = stranger.patch(&path, json!({ property: good })).await;
        assert_eq!((answer.status, &answer.json[property]), (200, &good), "{property}: {}", answer.text);
        let answer = stranger.patch(&path, json!({ property: bad })).await;
        assert_eq!(answer.status, 400, "{property} = {bad} passed");
        assert!(answer.json["description"].as_str().expect("a text").starts_with(property), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_is_required_and_what_is_unique() {
    let stranger = Stranger::of_the_directory().await;
    for (path, prefix, ordered) in [
        ("/directory/levels", "level", true),
        ("/directory/positions", "position", true),
        ("/directory/user-types", "userType", false),
    ] {
        let name = format!("{prefix}Name");
        for (required, is_required) in [("domainId", true), (name.as_str(), true), ("displayOrder", ordered)] {
            let mut body = body(&stranger, prefix, "short");
            body.as_object_mut().unwrap().remove(required);
            let answer = stranger.post(path, body).await;
            assert_eq!(answer.status, if is_required { 400 } else { 201 }, "{required}: {}", answer.text);
        }
        stranger.post(path, body(&stranger, prefix, "once")).await;
        let mut again = body(&stranger, prefix, "once");
        again[format!("{prefix}ExternalKey")] = json!("another");
        assert_eq!(stranger.post(path, again).await.status, if ordered { 409 } else { 201 }, "{path}");
        let mut key = body(&stranger, prefix, "other");
        key[format!("{prefix}ExternalKey")] = json!("key-once");
        stranger.post(path, key.clone()).await.is_refused(409, "ALREADY_EXIST");
        key["domainId"] = json!(stranger.second().id);
        assert_eq!(stranger.post(path, key).await.status, 201, "another domain");
    }
}

#[tokio::test]
async fn what_is_off_is_refused_in_its_api_and_in_members() {
    let stranger = Stranger::of_the_directory().await;
    let user = format!("/users/{}", stranger.create("classed").await);
    let organization = |more: Value| {
        let mut entry = json!({"domainId": stranger.domain(), "primary": true});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"organizations": [entry]})
    };
    let uses = [
        organization(json!({"levelId": "externalKey:staff"})),
        organization(json!({"orgUnits": [{"orgUnitId": "externalKey:eng", "positionId": "externalKey:lead"}]})),
        json!({"userTypeId": "externalKey:regular"}),
    ];
    for ((path, _, switch), using) in CLASSES.into_iter().zip(uses) {
        let refused = |answer: &Answer| {
            let text = &answer.is_refused(400, "BAD_REQUEST").json["description"];
            assert_eq!(text, &json!(format!("{switch} is false.")));
        };
        assert_eq!(stranger.patch(&user, using.clone()).await.status, 200);
        stranger.switch(json!({ switch: false })).await;
        refused(&stranger.get(path).await);
        refused(&stranger.post(path, json!({})).await);
        refused(&stranger.patch(&user, using.clone()).await);
        assert_eq!(stranger.patch(&user, json!({"nickName": "n"})).await.status, 200, "nothing is named");
        assert_eq!(stranger.post(&format!("{path}/enable"), json!({})).await.status, 204);
        assert_eq!(stranger.patch(&user, using).await.status, 200);
        assert_eq!(stranger.post(&format!("{path}/disable"), json!({})).await.status, 204);
        let switches = stranger.control(Method::GET, "switches", Value::Null).await.json;
        assert_eq!(switches[switch], false);
    }
}

#[tokio::test]
async fn what_a_member_has_is_deleted_by_switch_only_and_shown_in_the_member() {
    let stranger = Stranger::of_the_directory().await;
    let user = format!("/users/{}", stranger.create("classed").await);
    stranger.patch("/directory/levels/level001-staff", json!({"executive": true})).await;
    stranger.patch("/directory/user-types/usertype1-regular", json!({"userTypeCode": "REG"})).await;
    let body = json!({"userTypeId": "externalKey:regular", "organizations": [{"domainId": stranger.domain(),
        "primary": true, "levelId": "externalKey:staff",
        "orgUnits": [{"orgUnitId": "externalKey:eng", "positionId": "externalKey:lead"}]}]});
    let shown = stranger.patch(&user, body).await.json;
    assert_eq!((&shown["userTypeCode"], &shown["organizations"][0]["executive"]), (&json!("REG"), &json!(true)));
    let paths = ["levels/level001-staff", "positions/position2-lead", "user-types/usertype1-regular"];
    for path in paths {
        stranger.delete(&format!("/directory/{path}")).await.is_refused(400, "BAD_REQUEST");
    }
    stranger.switch(json!({"deleteInUse": "accept"})).await;
    for path in paths {
        assert_eq!(stranger.delete(&format!("/directory/{path}")).await.status, 204);
    }
    let user = stranger.get(&user).await.json;
    let organization = &user["organizations"][0];
    assert_eq!((&user["userTypeId"], &organization["levelId"]), (&Value::Null, &Value::Null));
    let unit = &organization["orgUnits"][0];
    assert_eq!((&unit["positionId"], &unit["orgUnitId"]), (&Value::Null, &json!("orgunit1-eng")));
}

#[tokio::test]
async fn external_keys_are_set_in_bulk() {
    let stranger = Stranger::of_the_directory().await;
    let domain = stranger.domain();
    for (path, list, one, two) in [
        ("/directory/levels", "levels", "level001-staff", "level002-manager"),
        ("/directory/positions", "positions", "position1-engineer", "position2-lead"),
        ("/directory/user-types", "userTypes", "usertype1-regular", "usertype2-contract"),
    ] {
        let bulk = format!("{path}/external-keys");
        let keys = |items: Value| stranger.post(&bulk, json!({ list: items }));
        let item = |id: &str, key: Value| json!({"domainId": domain, "id": id, "externalKey": key});
        assert_eq!(keys(json!([item(one, json!("a b")), item(two, Value::Null)])).await.status, 204);
        assert_eq!(stranger.get(&format!("{path}/externalKey%3Aa%20b")).await.status, 200);
        keys(json!([item(two, json!("a b"))])).await.is_refused(409, "ALREADY_EXIST");
        keys(json!([item("nobody", json!("x"))])).await.is_refused(404, "NOT_FOUND");
        let elsewhere = json!([{"domainId": domain + 1, "id": one, "externalKey": "x"}]);
        keys(elsewhere).await.is_refused(404, "NOT_FOUND");
        for wrong in [
            json!([]),
            json!(vec![item(one, json!("x")); 51]),
            json!([item(one, json!("x")), item(one, json!("y"))]),
            json!([{"id": one, "externalKey": "x"}]),
            json!([{"domainId": domain, "externalKey": "x"}]),
            json!([{"domainId": domain, "id": one}]),
            json!([item(one, json!("a/b"))]),
            Value::Null,
        ] {
            assert_eq!(keys(wrong.clone()).await.status, 400, "{wrong}");
        }
    }
}

#[tokio::test]
async fn reading_and_writing_need_a_directory_scope() {
    let mut stranger = Stranger::start().await;
    for (scope, read, write) in
        [("user", 403, 403), ("orgunit", 403, 403), ("directory.read", 200, 403), ("directory", 200, 200)]
    {
        stranger.token = stranger.new_token(scope).await;
        for (path, id) in [
            ("/directory/levels", "level001-staff"),
            ("/directory/positions", "position2-lead"),
            ("/directory/user-types", "usertype1-regular"),
        ] {
            assert_eq!(stranger.get(path).await.status, read, "{scope}");
            let written = stranger.patch(&format!("{path}/{id}"), json!({"displayOrder": 1})).await;
            assert_eq!(written.status, write, "{scope}");
        }
    }
}
