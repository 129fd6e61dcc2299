//! Where a member sits, by name: looked up in LINE WORKS, never guessed, and org units made only where that is wanted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const SCOPE: &str = "[lineworks]\nscope = \"user orgunit directory.read\"\n";
const CREATES: &str = "[lineworks]\nscope = \"user orgunit\"\n[placement]\ncreate_org_units = true\n";

fn placed(n: u32, organization: Value) -> Value {
    let mut user = user(n);
    user["organizations"] = json!([organization]);
    user
}

fn in_unit(n: u32, name: &str) -> Value {
    placed(n, json!({"orgUnits": [{"orgUnitId": format!("name:{name}")}]}))
}

async fn unit_of(app: &TestApp, key: &str) -> Value {
    app.member(key).await.expect("exists")["organizations"][0]["orgUnits"][0]["orgUnitId"].clone()
}

async fn units_named(app: &TestApp, name: &str) -> usize {
    app.listed("placement").await.iter().filter(|place| place["kind"] == "orgUnit" && place["name"] == name).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_placed_by_names_and_follows_them() {
    let app = TestApp::with(SCOPE).await;
    let mut wish = placed(
        1,
        json!({"levelId": "name:Manager", "orgUnits": [{"orgUnitId": "name:sales", "positionId": "name: Lead "}]}),
    );
    wish["userTypeId"] = json!("name:Regular");
    let answer = app.assign("00uA", wish.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    let member = app.member("00uA").await.expect("exists");
    let organization = &member["organizations"][0];
    assert_eq!(organization["levelId"], "level002-manager");
    assert_eq!(organization["orgUnits"][0]["orgUnitId"], "orgunit2-sales", "whatever the case");
    assert_eq!(organization["orgUnits"][0]["positionId"], "position2-lead");
    assert_eq!(member["userTypeId"], "usertype1-regular");

    wish["organizations"][0]["orgUnits"][0]["orgUnitId"] = json!("name:Engineering");
    assert_eq!(app.assign("00uA", wish.clone()).await.status, 200);
    assert_eq!(unit_of(&app, "00uA").await, "orgunit1-eng");
    app.assign("00uA", wish).await;
    let stats = app.stats().await;
    assert_eq!(stats["requests"]["orgunits.list"], 1, "the list is kept: {stats:#}");
    assert_eq!(stats["requests"]["users.patch"], 1, "the third wish was met already: {stats:#}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_on_the_last_page_is_found_however_the_list_ends() {
    for end in ["null", "missing", "empty", "noObject"] {
        let app = TestApp::with(SCOPE).await;
        app.switch(json!({"endCursor": end})).await;
        for n in 0..120 {
            app.make("placement", json!({"kind": "orgUnit", "id": format!("u-{n}"), "name": format!("Team {n}")}))
                .await;
        }
        let answer = app.assign("00uA", in_unit(1, "Team 119")).await;
        assert_eq!(answer.status, 200, "{end}: {}", answer.text);
        assert_eq!(unit_of(&app, "00uA").await, "u-119", "{end}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_parks_with_the_nearest_and_a_retry_sees_what_was_made_since() {
    let app = TestApp::with("[lineworks]\nscope = \"user orgunit\"\n[placement]\ncache_for = \"1s\"").await;
    let answer = app.assign("00uA", in_unit(1, "Salse")).await;
    let body = answer.problem(422, "placement_unknown");
    assert!(body["detail"].as_str().expect("a text").contains("Sales"), "{}", answer.text);
    assert!(app.members().await.is_empty(), "nobody is created without a place");
    assert_eq!(units_named(&app, "Salse").await, 0, "and no org unit for a slip of the pen");
    app.make("placement", json!({"kind": "orgUnit", "id": "u-9", "name": "Salse"})).await;
    app.advance(std::time::Duration::from_secs(6)).await;
    app.admin(reqwest::Method::POST, "/v1/assignments/00uA/retry").await;
    app.row_in("00uA", "settled").await;
    assert_eq!(unit_of(&app, "00uA").await, "u-9");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_two_org_units_parks_with_both() {
    let app = TestApp::with(SCOPE).await;
    let second = json!({"kind": "orgUnit", "id": "u-9", "name": "Sales", "parentId": "orgunit1-eng"});
    app.make("placement", second).await;
    let answer = app.assign("00uA", in_unit(1, "Sales")).await;
    let detail = answer.problem(422, "placement_ambiguous")["detail"].as_str().expect("a text").to_owned();
    for part in ["orgunit2-sales (externalKey:sales)", "u-9 (no external key) in Engineering"] {
        assert!(detail.contains(part), "{detail}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_that_is_off_parks_and_says_where_it_is_switched_on() {
    let app = TestApp::with(SCOPE).await;
    app.switch(json!({"usePosition": false, "useLevel": false})).await;
    let by_name = placed(1, json!({"levelId": "name:Manager"}));
    app.assign("00uA", by_name).await.problem(422, "placement_feature_off");
    let by_id = placed(2, json!({"orgUnits": [{"orgUnitId": "externalKey:sales", "positionId": "position2-lead"}]}));
    let answer = app.assign("00uB", by_id).await;
    let body = answer.problem(422, "placement_feature_off");
    assert!(body["detail"].as_str().expect("a text").contains("usePosition"), "{}", answer.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_of_the_domain_the_member_is_in() {
    let settings = "[lineworks]\nscope = \"user orgunit\"\ndomains = { \"any\" = 1 }";
    let app = TestApp::with(settings).await;
    let second = app.second_domain().await;
    let place = json!({"kind": "orgUnit", "id": "u-9", "name": "Sales", "domainId": second});
    app.make("placement", place).await;
    let mut wish = in_unit(1, "Sales");
    assert_eq!(app.assign("00uA", wish.clone()).await.status, 200);
    wish["email"] = json!("person1@sub.sandbox.example");
    let answer = app.assign("00uB", wish).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(unit_of(&app, "00uA").await, "orgunit2-sales");
    assert_eq!(unit_of(&app, "00uB").await, "u-9");
    app.finish().await;
}

// --- org units on demand ---------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn joiners_of_one_new_org_unit_make_exactly_one() {
    let app = TestApp::with(CREATES).await;
    app.switch(json!({"latencyMs": 30})).await;
    let joins = (1..=6).map(|n| {
        let (app, person) = (&app, format!("00uP{n}"));
        async move { app.assign(&person, in_unit(n, "新規事業部")).await }
    });
    for answer in futures_util::future::join_all(joins).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(units_named(&app, "新規事業部").await, 1);
    let mut units = BTreeSet::new();
    for n in 1..=6 {
        units.insert(unit_of(&app, &format!("00uP{n}")).await.to_string());
    }
    assert_eq!(units.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_org_units_are_made_one_by_one_a_second_apart() {
    let app = TestApp::with(CREATES).await;
    app.switch(json!({"refuseOrgUnitPace": true})).await;
    let joins = (1..=4).map(|n| {
        let (app, person) = (&app, format!("00uP{n}"));
        async move { app.assign(&person, in_unit(n, &format!("第{n}部"))).await }
    });
    for answer in futures_util::future::join_all(joins).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    for n in 1..=4 {
        assert_eq!(units_named(&app, &format!("第{n}部")).await, 1);
    }
    let requests = app.stats().await["requests"].clone();
    assert_eq!(requests["orgunits.create"], 4, "none was refused for its pace: {requests:#}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_unit_whose_create_was_not_answered_is_not_made_twice() {
    for kind in ["closeAfter", "hangAfter"] {
        let app = TestApp::with(CREATES).await;
        app.fault(json!({"operation": "orgunits.create", "kind": kind, "times": 1, "delayMs": 3000})).await;
        let answers = futures_util::future::join_all((1..=3).map(|n| {
            let (app, person) = (&app, format!("00uP{n}"));
            async move { app.assign(&person, in_unit(n, "新規事業部")).await }
        }))
        .await;
        for answer in answers {
            assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
        }
        assert_eq!(units_named(&app, "新規事業部").await, 1, "{kind}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_org_unit_is_made_where_the_configuration_says() {
    let app = TestApp::with(&format!("{CREATES}create_org_units_under = \"externalKey:sales\"")).await;
    assert_eq!(app.assign("00uA", in_unit(1, "西日本")).await.status, 200);
    let places = app.listed("placement").await;
    let made = places.iter().find(|place| place["name"] == "西日本").expect("made");
    assert_eq!((&made["parentId"], &made["displayOrder"]), (&json!("orgunit2-sales"), &json!(2)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_org_unit_is_made_for_a_profile_whose_other_names_mean_nothing() {
    let app = TestApp::with(&CREATES.replace("user orgunit", "user orgunit directory.read")).await;
    let units = json!([{"orgUnitId": "name:西日本", "positionId": "name:Laed"}]);
    app.assign("00uA", placed(1, json!({ "orgUnits": units }))).await.problem(422, "placement_unknown");
    assert_eq!(units_named(&app, "西日本").await, 0);
    app.finish().await;
}
