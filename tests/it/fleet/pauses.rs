//! What one replica finds everybody must wait for, all of them wait for, until one finds that it is over.

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{ReadAnswer, TestApp, membership, user};

const FIVE_MINUTES: Duration = Duration::from_secs(301);
const DIRECTORY: &str = "[unassign]\npolicy = 'suspend'";
const SCIM: &str = "[lineworks]\nbackend = 'scim'\n[unassign]\npolicy = 'suspend'";
const ORG: &str = "[okta]\nclient_id = 'sandbox'\ncall_timeout = '1s'\ncatch_up = false\n";

async fn joins(app: &TestApp, n: u32) {
    let answer = app.put_without_waiting(&format!("00uPERSON{n}"), json!({"user": user(n)})).await;
    assert_eq!(answer.status, 202);
}

async fn requests(app: &TestApp) -> u64 {
    let requests = app.stats().await["requests"].clone();
    requests.as_object().expect("counts").values().filter_map(Value::as_u64).sum()
}

async fn creates(app: &TestApp) -> u64 {
    app.stats().await["requests"]["users.create"].as_u64().unwrap_or_default()
}

async fn waits_for_a_seat(app: &TestApp) -> Value {
    app.lineworks_when(|status| status["paused"][0]["code"] == "no_seat_left").await
}

async fn is_waiting(app: &TestApp, n: u32) {
    let waits = |row: &Value| row["state"] == "waiting" && row["reason"]["code"] == "no_seat_left";
    app.row_when(&format!("00uPERSON{n}"), waits).await;
}

async fn finish(fleet: impl IntoIterator<Item = TestApp>) {
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_seat_is_found_out_once_outlives_its_finder_and_is_tried_once_for_all() {
    let mut fleet: [TestApp; 3] = TestApp::fleet(DIRECTORY).await;
    let full = json!({"code": "LIMIT_EXCEEDED", "description": "too many"});
    fleet[0].fault(json!({"operation": "users.create", "kind": "status", "status": 403, "body": full})).await;
    joins(&fleet[0], 1).await;
    for app in &fleet {
        waits_for_a_seat(app).await;
    }
    for n in 2..=4 {
        joins(&fleet[n as usize % 3], n).await;
    }
    for n in 1..=4 {
        is_waiting(&fleet[0], n).await;
    }
    assert_eq!(creates(&fleet[0]).await, 1, "one has tried for all");

    // Every replica is stopped and started again: each may try once, and none forgets.
    for app in &mut fleet {
        app.restart().await;
        waits_for_a_seat(app).await;
    }
    let tried = creates(&fleet[0]).await;
    assert!(tried <= 1 + 3, "a start lets one try: {tried}");
    fleet[0].advance(FIVE_MINUTES).await;
    for n in 1..=4 {
        is_waiting(&fleet[0], n).await;
    }
    let before = creates(&fleet[0]).await;
    fleet[0].heal().await;
    fleet[0].advance(FIVE_MINUTES).await;
    for n in 1..=4 {
        fleet[1].row_in(&format!("00uPERSON{n}"), "settled").await;
    }
    assert!(before <= tried + 2, "one tries every five minutes: {before} after {tried}");
    for app in &fleet {
        app.lineworks_when(|status| status["paused"] == json!([])).await;
    }
    finish(fleet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_retry_to_one_replica_lets_one_try_for_all() {
    let fleet: [TestApp; 2] = TestApp::fleet(DIRECTORY).await;
    fleet[0].switch(json!({"seats": 0})).await;
    for n in 1..=3 {
        joins(&fleet[0], n).await;
        is_waiting(&fleet[0], n).await;
    }
    waits_for_a_seat(&fleet[1]).await;
    fleet[0].switch(json!({"seats": 100})).await;
    fleet[1].admin(Method::POST, "/v1/assignments/00uPERSON2/retry").await;
    for n in 1..=3 {
        fleet[0].row_in(&format!("00uPERSON{n}"), "settled").await;
    }
    finish(fleet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_scim_token_stops_every_replica_and_one_asks_for_all() {
    let fleet: [TestApp; 2] = TestApp::fleet(SCIM).await;
    for app in &fleet {
        app.lineworks_when(|status| status["scimToken"]["daysLeft"].is_number()).await;
    }
    fleet[0].fault(json!({"operation": "*", "kind": "unauthorized"})).await;
    joins(&fleet[0], 1).await;
    for app in &fleet {
        app.lineworks_when(|status| !status["scimToken"]["refusedSince"].is_null()).await;
    }
    let before = requests(&fleet[0]).await;
    joins(&fleet[1], 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fleet[1].row("00uPERSON2").await["state"], "due", "nobody is claimed");
    assert_eq!(requests(&fleet[0]).await, before, "no call goes out in the pause");
    fleet[0].advance(Duration::from_secs(61)).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while requests(&fleet[0]).await == before {
        assert!(tokio::time::Instant::now() < deadline, "nobody ever asked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Every keeper looks again within seconds.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(requests(&fleet[0]).await, before + 1, "one asks for all");
    fleet[0].heal().await;
    fleet[0].advance(Duration::from_secs(61)).await;
    for n in 1..=2 {
        fleet[0].row_in(&format!("00uPERSON{n}"), "settled").await;
    }
    for app in &fleet {
        app.lineworks_when(|status| status["scimToken"]["refusedSince"].is_null()).await;
    }
    finish(fleet).await;
}

async fn okta(app: &TestApp, path: &str) {
    let answer = app.http.post(format!("{}/_sandbox/okta/{path}", app.sandbox_url)).answer().await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// A hook event about somebody, at this replica.
async fn tell(app: &TestApp, n: u32) {
    let (person, email) = (format!("00uPERSON{n}"), format!("person{n}@sandbox.example"));
    let key = uuid::Uuid::new_v4().to_string();
    let answer = app.deliver(vec![membership(true, &person, &email, &key, "2026-05-01T00:00:00.000Z")]).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn asked(app: &TestApp) -> Value {
    app.stats().await["requests"]["okta.appUsers.get"].clone()
}

async fn okta_when(app: &TestApp, paused: &Value) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let okta = app.request(Method::GET, "/readyz").answer().await.body["okta"].clone();
        if &okta["paused"][0]["code"] == paused {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "still {okta:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_okta_that_cannot_be_trusted_stops_every_replica_until_one_finds_it_mended() {
    let fleet: [TestApp; 2] = TestApp::fleet(ORG).await;
    for n in 1..=2 {
        let profile = json!({"firstName": format!("太郎{n}"), "lastName": "山田"});
        let login = format!("person{n}@sandbox.example");
        let hired = json!({"id": format!("00uPERSON{n}"), "login": login, "profile": profile, "assign": {}});
        assert!(fleet[0].sandbox("okta/users", hired).await.status.is_success());
    }
    fleet[0].switch(json!({})).await;
    let hidden = json!({"inactiveAppUsers": "hidden"});
    let switches = format!("{}/_sandbox/okta/switches", fleet[0].sandbox_url);
    assert!(fleet[0].http.patch(switches).json(&hidden).answer().await.status.is_success());
    okta(&fleet[0], "apps/0oaSANDBOX/deactivate").await;
    tell(&fleet[0], 1).await;
    for app in &fleet {
        okta_when(app, &json!("okta_app_inactive")).await;
    }
    let before = asked(&fleet[0]).await;
    tell(&fleet[1], 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(asked(&fleet[0]).await, before, "nobody is asked about at the other replica");
    assert_eq!(fleet[1].row("00uPERSON2").await["state"], "due");
    okta(&fleet[0], "apps/0oaSANDBOX/activate").await;
    fleet[1].admin(Method::POST, "/v1/assignments/00uPERSON2/retry").await;
    fleet[0].row_in("00uPERSON2", "settled").await;
    for app in &fleet {
        okta_when(app, &Value::Null).await;
    }
    fleet[0].advance(Duration::from_secs(61)).await;
    fleet[0].row_in("00uPERSON1", "settled").await;
    finish(fleet).await;
}
