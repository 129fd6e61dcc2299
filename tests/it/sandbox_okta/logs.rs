//! The System Log: polling that never ends, bounded requests that do, filters, late events, refused cursors.

use serde_json::{Value, json};

use super::{APP, Answer, Visitor};

fn types(page: &Answer) -> Vec<&str> {
    assert_eq!(page.status, 200, "{page:?}");
    let events = page.json.as_array().expect("a list").iter();
    events.map(|event| event["eventType"].as_str().expect("a type")).collect()
}

const START: &str = "/api/v1/logs?sortOrder=ASCENDING&limit=2";

#[tokio::test]
async fn polling_goes_on_for_ever_and_misses_nothing() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let first = visitor.get(START).await;
    assert_eq!(types(&first), ["user.lifecycle.create", "user.lifecycle.activate"]);
    let second = visitor.get(&first.link("next").expect("a next link")).await;
    assert_eq!(types(&second), ["application.user_membership.add"]);
    let empty = visitor.get(&second.link("next").expect("a next link")).await;
    assert!(types(&empty).is_empty());
    let again = visitor.get(&empty.link("next").expect("there is always one")).await;
    assert!(types(&again).is_empty());
    visitor.post("users/00u1/suspend", Value::Null).await;
    let later = visitor.get(&again.link("next").expect("there is always one")).await;
    assert_eq!(types(&later), ["user.lifecycle.suspend"]);
    let event = &later.json[0];
    assert_eq!((&event["outcome"]["result"], &event["transaction"]["type"]), (&json!("SUCCESS"), &json!("WEB")));
    assert_eq!(event["target"][0]["id"], "00u1");
    assert!(event["request"]["ipChain"].is_array() && event["client"].get("ipChain").is_none(), "{event:#}");
}

#[tokio::test]
async fn what_is_persisted_late_comes_late_by_polling_and_in_order_when_bounded() {
    let visitor = Visitor::start().await;
    visitor.switch(json!({"logLatePercent": 100, "logLateSeconds": 30})).await;
    visitor.person("00u1").await;
    visitor.switch(json!({"logLatePercent": 0})).await;
    visitor.post("users/00u1/suspend", Value::Null).await;
    let early = visitor.get("/api/v1/logs").await;
    assert_eq!(types(&early), ["user.lifecycle.suspend"]);
    visitor.advance(31).await;
    let late = visitor.get(&early.link("next").expect("a next link")).await;
    let joined = ["user.lifecycle.create", "user.lifecycle.activate", "application.user_membership.add"];
    assert_eq!(types(&late), joined);
    assert!(late.json[0]["published"].as_str() < early.json[0]["published"].as_str());
    // From the beginning: in the order of persistence.
    assert_eq!(types(&visitor.get("/api/v1/logs").await)[0], "user.lifecycle.suspend");

    let until = "2100-01-01T00:00:00Z";
    let since = early.json[0]["published"].as_str().expect("a time").split('T').next().expect("a day");
    let bounded = visitor.get(&format!("/api/v1/logs?since={since}T00:00:00Z&until={until}&limit=3")).await;
    assert_eq!(types(&bounded), joined);
    let rest = visitor.get(&bounded.link("next").expect("there is more")).await;
    assert_eq!(types(&rest), ["user.lifecycle.suspend"]);
    assert_eq!(rest.link("next"), None, "the last page has none");
    let descending = visitor.get("/api/v1/logs?sortOrder=DESCENDING&limit=1").await;
    assert_eq!(types(&descending), ["user.lifecycle.suspend"]);
}

#[tokio::test]
async fn a_filter_keeps_what_is_of_one_app() {
    let visitor = Visitor::start().await;
    visitor.post("apps", json!({"id": "0oaSECOND"})).await;
    visitor.person("00u1").await;
    visitor.post("apps/0oaSECOND/users", json!({"user": "00u1"})).await;
    let count = async |filter: &str| {
        let url = reqwest::Url::parse_with_params(&visitor.url("/api/v1/logs"), [("filter", filter)]).expect("a URL");
        let page = visitor.get(url.as_str()).await;
        let next = page.link("next").map(|next| next.contains("filter="));
        if page.status == 200 {
            assert_eq!(next, Some(true), "the filter goes on");
        }
        (page.status, page.json.as_array().map_or(0, Vec::len))
    };
    let add = r#"eventType eq "application.user_membership.add""#;
    assert_eq!(count(add).await, (200, 2));
    assert_eq!(count(&format!(r#"({add} or eventType eq "x") and target.id eq "{APP}""#)).await, (200, 1));
    assert_eq!(count(r#"eventType sw "user.lifecycle.""#).await, (200, 2));
    assert_eq!(count(r#"published gt "2026-01-01T00:00:00Z""#).await.0, 400);
    assert_eq!(count("eventType eq add").await.0, 400);
    assert_eq!(types(&visitor.get("/api/v1/logs?q=0oasecond%20membership").await), ["application.user_membership.add"]);
}

#[tokio::test]
async fn what_the_log_refuses() {
    let visitor = Visitor::start().await;
    let next = visitor.get("/api/v1/logs").await.link("next").expect("a next link");
    for bad in
        ["limit=1001", "limit=-1", "sortOrder=UP", "since=yesterday", "after=x", "since=2026-01-01T00:00:00Z&after=x"]
    {
        assert_eq!(visitor.get(&format!("/api/v1/logs?{bad}")).await.code(), "E0000001", "{bad}");
    }
    let old = visitor.get("/api/v1/logs?since=2020-01-01T00:00:00Z").await;
    assert_eq!((old.status, old.code()), (400, "E0000053"));
    assert_eq!(visitor.get("/api/v1/logs?limit=0").await.status, 200);

    visitor.switch(json!({"logCursorLifeSeconds": 60})).await;
    assert_eq!(visitor.get(&next).await.status, 200);
    visitor.advance(61).await;
    let refused = visitor.get(&next).await;
    assert_eq!((refused.status, refused.code()), (400, "E0000001"));
    assert_eq!(visitor.get("/api/v1/logs").await.status, 200, "a fresh start works");
}

#[tokio::test]
async fn targets_come_in_any_order_and_events_can_be_written_by_hand() {
    let visitor = Visitor::start().await;
    let order = async || {
        let log = visitor.get("/api/v1/logs?limit=1000").await.json;
        let targets = log.as_array().expect("a list").last().expect("an event")["target"].clone();
        targets
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| it["type"].as_str().expect("a type").to_owned())
            .collect::<Vec<_>>()
    };
    visitor.person("00u1").await;
    assert_eq!(order().await, ["AppUser", "AppInstance", "User"]);
    visitor.switch(json!({"targetOrder": "reversed"})).await;
    visitor.person("00u2").await;
    assert_eq!(order().await, ["User", "AppInstance", "AppUser"]);
    visitor.switch(json!({"targetOrder": "shuffled"})).await;
    let mut orders = std::collections::BTreeSet::new();
    for n in 3..15 {
        visitor.person(&format!("00u{n}")).await;
        orders.insert(order().await);
    }
    assert!(orders.len() > 2, "{orders:?}");

    visitor.post("log", json!({"eventType": "user.session.end", "secondsAgo": 2400})).await;
    let log = visitor.get("/api/v1/logs?limit=1000").await.json;
    let last = log.as_array().expect("a list").last().expect("an event").clone();
    assert_eq!((&last["eventType"], &last["target"]), (&json!("user.session.end"), &Value::Null));
}
