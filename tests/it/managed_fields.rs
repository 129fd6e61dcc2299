//! `lineworks.managed_fields`: what is kept as Okta has it, and what people may change in LINE WORKS.

use serde_json::json;

use crate::support::{TestApp, user};

#[tokio::test(flavor = "multi_thread")]
async fn only_managed_properties_are_set_back_and_the_others_keep_what_somebody_entered() {
    let app = TestApp::with("[lineworks]\nmanaged_fields = [\"email\", \"userName\", \"task\"]").await;
    let mut wish = user(1);
    wish["nickName"] = json!("Taro");
    wish["task"] = json!("営業");
    app.assign("00uA", wish.clone()).await;
    let member = app.member("00uA").await.expect("exists");
    assert_eq!((&member["nickName"], &member["task"]), (&json!("Taro"), &json!("営業")), "all is set at creation");

    app.by_hand("person1@sandbox.example", json!({"nickName": "たろちゃん", "task": "休憩"})).await;
    wish["nickName"] = json!("Taro-san");
    assert_eq!(app.assign("00uA", wish).await.status, 200);
    let member = app.member("00uA").await.expect("exists");
    assert_eq!((&member["nickName"], &member["task"]), (&json!("たろちゃん"), &json!("営業")));
    let row = app.row("00uA").await;
    assert_eq!(row["history"]["attempts"][0]["steps"][0]["fields"], json!(["task"]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_everything_a_profile_carries_is_kept() {
    let app = TestApp::start().await;
    let mut wish = user(1);
    wish["nickName"] = json!("Taro");
    app.assign("00uA", wish.clone()).await;
    app.by_hand("person1@sandbox.example", json!({"nickName": "たろちゃん", "task": "休憩"})).await;
    app.assign("00uA", wish).await;
    let member = app.member("00uA").await.expect("exists");
    assert_eq!((&member["nickName"], &member["task"]), (&json!("Taro"), &json!("休憩")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmanaged_org_unit_is_not_looked_up_for_an_update() {
    let settings = "[lineworks]\nscope = \"user orgunit.read\"\nmanaged_fields = [\"email\", \"userName\"]";
    let app = TestApp::with(settings).await;
    let mut wish = user(1);
    wish["organizations"] = json!([{"orgUnits": [{"orgUnitId": "name:Sales"}]}]);
    app.assign("00uA", wish.clone()).await;
    assert_eq!(
        app.member("00uA").await.expect("exists")["organizations"][0]["orgUnits"][0]["orgUnitId"],
        "orgunit2-sales"
    );
    wish["organizations"][0]["orgUnits"][0]["orgUnitId"] = json!("name:gone since");
    wish["userName"]["lastName"] = json!("海野");
    assert_eq!(app.assign("00uA", wish).await.status, 200, "a name that no longer exists stops nothing");
    let member = app.member("00uA").await.expect("exists");
    assert_eq!(member["userName"]["lastName"], "海野");
    assert_eq!(member["organizations"][0]["orgUnits"][0]["orgUnitId"], "orgunit2-sales");
    app.finish().await;
}
