//! The event-hook sender against a real receiver: envelope, batches, retries, losses, duplicates, previews.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver};
use super::{APP, Visitor};

/// A visitor with a hook for everything.
async fn hooked() -> (Visitor, Receiver) {
    let (visitor, receiver) = (Visitor::start().await, Receiver::start());
    set_up(&visitor, &receiver, json!({})).await;
    (visitor, receiver)
}

async fn set_up(visitor: &Visitor, receiver: &Receiver, more: Value) {
    let mut body = json!({"uri": receiver.uri, "secret": "the secret"});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    visitor.post("hook", body).await;
}

async fn stats(visitor: &Visitor) -> Value {
    visitor.control(Method::GET, "hook/stats", Value::Null).await
}

/// The stats once nothing is under way.
async fn settled(visitor: &Visitor) -> Value {
    for _ in 0..1000 {
        let stats = stats(visitor).await;
        if stats["pending"] == 0 && stats["inFlight"] == 0 {
            return stats;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the sender does not come to rest: {:#}", stats(visitor).await);
}

#[tokio::test]
async fn a_delivery_has_the_documented_envelope_and_headers() {
    let (visitor, receiver) = hooked().await;
    set_up(&visitor, &receiver, json!({"header": "X-Key", "headers": {"X-Other": "more"}})).await;
    visitor.person("00u1").await;
    let request = receiver.after(1).await.remove(0);
    assert_eq!(request.method, "POST");
    for (name, value) in [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("x-key", "the secret"),
        ("x-other", "more"),
    ] {
        assert_eq!(request.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!request.headers.contains_key("x-okta-request-id"));
    let body = &request.body;
    assert_eq!((&body["eventType"], &body["eventTypeVersion"]), (&json!("com.okta.event_hook"), &json!("1.0")));
    assert_eq!((&body["cloudEventsVersion"], &body["contentType"]), (&json!("0.1"), &json!("application/json")));
    assert!(body["source"].as_str().is_some_and(|source| source.ends_with("/api/v1/eventHooks/whoSANDBOX")), "{body}");
    assert!(body["eventId"].is_string() && body["eventTime"].is_string(), "{body}");
    let kinds = ["user.lifecycle.create", "user.lifecycle.activate", "application.user_membership.add"];
    assert_eq!(request.types(), kinds, "events close together are one request");
    let event = &body["data"]["events"][2];
    assert!(event["client"]["ipChain"].is_array() && event.get("request").is_none(), "{event:#}");
    assert_eq!(event.get("insertionTimestamp"), Some(&Value::Null));
    let roles: Vec<_> = event["target"].as_array().expect("targets").iter().map(|it| it["type"].clone()).collect();
    assert_eq!(roles, ["AppUser", "AppInstance", "User"]);

    // The same event is in the System Log, which says which hooks it was meant for.
    let log = visitor.get("/api/v1/logs").await.json;
    assert_eq!(log[2]["uuid"], event["uuid"]);
    assert_eq!(log[2]["debugContext"]["debugData"]["targetEventHookIds"], "whoSANDBOX");

    visitor.switch(json!({"eventIdSpelling": "eventID", "hookRequestId": true, "nullMembers": "omitted"})).await;
    visitor.post("users/00u1/suspend", Value::Null).await;
    let request = receiver.after(2).await.remove(1);
    assert!(request.body["eventID"].is_string() && request.body.get("eventId").is_none());
    assert!(request.headers.contains_key("x-okta-request-id"));
    assert_eq!(request.body["data"]["events"][0].get("insertionTimestamp"), None);
}

#[tokio::test]
async fn only_types_a_hook_can_have_and_has_asked_for_are_sent() {
    let (visitor, receiver) = hooked().await;
    let wanted = "application.user_membership.update";
    set_up(&visitor, &receiver, json!({"events": [wanted, "user.lifecycle.suspend"]})).await;
    visitor.person("00u1").await;
    visitor.control(Method::PATCH, &format!("apps/{APP}/users/00u1"), json!({"userName": "new"})).await;
    visitor.control(Method::DELETE, "users/00u1", Value::Null).await;
    assert_eq!(receiver.after(1).await[0].types(), [wanted]);
    assert_eq!(settled(&visitor).await["byType"], json!({wanted: {"delivered": 1}}));
    // Not eligible at all.
    for kind in ["application.user_membership.change_username", "user.lifecycle.delete.completed"] {
        let body = json!({"uri": receiver.uri, "events": [kind]});
        assert_eq!(visitor.try_control(Method::POST, "hook", body).await.status, 400, "{kind}");
    }
}

#[tokio::test]
async fn a_payload_has_a_hundred_events_at_most() {
    let (visitor, receiver) = hooked().await;
    visitor.post("hook/pause", Value::Null).await;
    let people: Vec<Value> =
        (0..60).map(|n| json!({"id": format!("00u{n:03}"), "login": format!("{n}@x.example")})).collect();
    visitor.post("users", json!(people)).await;
    assert_eq!(stats(&visitor).await["pending"], 120);
    visitor.post("hook/resume", Value::Null).await;
    let mut sizes: Vec<usize> = receiver.after(2).await.iter().map(|request| request.uuids().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 100]);
    let stats = settled(&visitor).await;
    assert_eq!((&stats["delivered"], &stats["requests"], &stats["lost"]), (&json!(120), &json!(2), &json!(0)));

    // Smaller ones, if it is said.
    visitor.switch(json!({"hookBatchMost": 1})).await;
    visitor.post("hook/pause", Value::Null).await;
    visitor.post("users/00u000/suspend", Value::Null).await;
    visitor.post("users/00u000/unsuspend", Value::Null).await;
    visitor.post("hook/resume", Value::Null).await;
    assert_eq!(receiver.after(4).await[3].uuids().len(), 1);
    // What is gathered for long is one delivery of two actions.
    visitor.switch(json!({"hookBatchMost": 100, "hookBatchMs": 3_600_000})).await;
    visitor.post("users/00u000/suspend", Value::Null).await;
    visitor.post("users/00u000/unsuspend", Value::Null).await;
    let gathered = visitor.post("hook/flush", Value::Null).await;
    assert_eq!(gathered["pending"], 2);
    assert_eq!(receiver.after(5).await[4].uuids().len(), 2);
}

#[tokio::test]
async fn what_each_answer_means() {
    use Answer::{After, Status};
    let (visitor, receiver) = hooked().await;
    visitor.switch(json!({"hookTimeoutMs": 1500, "hookRetryGapMs": 10})).await;
    visitor.person("00u1").await;
    receiver.after(1).await;
    let mut requests = 1;
    let mut suspended = false;
    for (answers, tries, delivered) in [
        (&[Status(200)][..], 1, true),
        (&[Status(204)], 1, true),
        (&[Status(202)], 1, true),
        (&[Status(503), Status(204)], 2, true),
        (&[Status(500), Status(500)], 2, false),
        (&[After(6000, 204), Status(204)], 2, true),
        (&[After(6000, 204), After(6000, 204)], 2, false),
        (&[Status(400)], 1, false),
        (&[Status(429)], 1, false),
        (&[Status(307)], 1, false),
    ] {
        receiver.answer(answers);
        visitor.post(&format!("users/00u1/{}", if suspended { "unsuspend" } else { "suspend" }), Value::Null).await;
        suspended = !suspended;
        requests += tries;
        let all = receiver.after(requests).await;
        if tries == 2 {
            assert_eq!(all[requests - 1].body, all[requests - 2].body, "the retry is the same delivery");
        }
        let stats = settled(&visitor).await;
        let last = stats["events"].as_array().and_then(|events| events.last()).expect("an event").clone();
        assert_eq!(last["outcome"], if delivered { "delivered" } else { "lost" }, "{answers:?}");
        assert_eq!(last["tries"], tries, "{answers:?}");
    }
    let failures = visitor.events().await.iter().filter(|kind| *kind == "event_hook.delivery").count();
    assert_eq!(failures, 5);
    assert_eq!(receiver.received().len(), requests, "a failed delivery is no event for the hook");

    visitor.switch(json!({"hookOther2xx": "lost", "hookRetries4xx": true})).await;
    receiver.answer(&[Status(202), Status(429), Status(204)]);
    visitor.post("users/00u1/suspend", Value::Null).await;
    receiver.after(requests + 1).await;
    settled(&visitor).await;
    visitor.post("users/00u1/unsuspend", Value::Null).await;
    receiver.after(requests + 3).await;
    let stats = settled(&visitor).await;
    let outcomes: Vec<_> =
        stats["events"].as_array().expect("a list").iter().rev().take(2).map(|it| it["outcome"].clone()).collect();
    assert_eq!(outcomes, ["delivered", "lost"]);
}

#[tokio::test]
async fn events_are_lost_by_order_while_the_hook_is_down_and_by_chance() {
    let (visitor, receiver) = hooked().await;
    visitor.post("hook/drop", json!({"next": 2})).await;
    visitor.person("00u1").await;
    assert_eq!(receiver.after(1).await[0].types(), ["application.user_membership.add"]);
    visitor.post("hook/pause", json!({"lose": true})).await;
    visitor.post("users/00u1/suspend", Value::Null).await;
    visitor.post("hook/resume", Value::Null).await;
    visitor.post("users/00u1/unsuspend", Value::Null).await;
    assert_eq!(receiver.after(2).await[1].types(), ["user.lifecycle.unsuspend"]);
    assert_eq!(settled(&visitor).await["lost"], 3);
    assert!(visitor.events().await.contains(&"user.lifecycle.suspend".to_owned()), "the log has what was lost");

    // The same seed loses the same events.
    let mut lost = Vec::new();
    for _ in 0..2 {
        visitor.post("reset", Value::Null).await;
        visitor.switch(json!({"hookLossPercent": 50, "seed": 42})).await;
        set_up(&visitor, &receiver, json!({})).await;
        for n in 0..10 {
            visitor.person(&format!("00u{n}")).await;
        }
        let stats = settled(&visitor).await;
        assert_eq!(stats["lost"].as_u64().expect("a count") + stats["delivered"].as_u64().expect("a count"), 30);
        let log = visitor.control(Method::GET, "log", Value::Null).await;
        let gone: BTreeSet<&str> = stats["events"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|event| event["outcome"] == "lost")
            .filter_map(|event| event["uuid"].as_str())
            .collect();
        let places: Vec<usize> = log
            .as_array()
            .expect("a list")
            .iter()
            .enumerate()
            .filter(|(_, event)| event["uuid"].as_str().is_some_and(|uuid| gone.contains(uuid)))
            .map(|(place, _)| place)
            .collect();
        assert!((5..26).contains(&places.len()), "{places:?}");
        lost.push(places);
    }
    assert_eq!(lost[0], lost[1]);
}

#[tokio::test]
async fn a_duplicate_comes_in_another_delivery_with_the_same_uuid() {
    let (visitor, receiver) = hooked().await;
    visitor.switch(json!({"hookDuplicatePercent": 100})).await;
    visitor.person("00u1").await;
    let requests = receiver.after(2).await;
    assert_eq!(requests[0].uuids(), requests[1].uuids());
    assert_ne!(requests[0].body["eventId"], requests[1].body["eventId"]);
    assert_eq!(settled(&visitor).await["duplicates"], 3);
}

#[tokio::test]
async fn events_come_late_and_in_any_order() {
    let (visitor, receiver) = hooked().await;
    let people: Vec<Value> =
        (0..20).map(|n| json!({"id": format!("00u{n:03}"), "login": format!("{n}@x.example")})).collect();
    visitor.switch(json!({"hookDisorder": true})).await;
    visitor.post("users", json!(people)).await;
    let sent = receiver.after(1).await.remove(0).uuids();
    let log = visitor.get("/api/v1/logs").await.json;
    let written: Vec<String> =
        log.as_array().expect("a list").iter().map(|it| it["uuid"].as_str().expect("a uuid").to_owned()).collect();
    assert_ne!(sent, written);
    assert_eq!(BTreeSet::from_iter(&sent), BTreeSet::from_iter(&written));

    // An hour's delay is over at once when somebody flushes.
    visitor.switch(json!({"hookDisorder": false, "hookDelayMs": 3_600_000, "hookJitterMs": 1000})).await;
    visitor.post("users/00u001/suspend", Value::Null).await;
    assert_eq!(stats(&visitor).await["pending"], 1);
    visitor.post("hook/flush", Value::Null).await;
    assert_eq!(receiver.after(2).await[1].types(), ["user.lifecycle.suspend"]);
}

#[tokio::test]
async fn a_preview_has_neither_target_nor_actor() {
    let (visitor, receiver) = hooked().await;
    visitor.switch(json!({"hookLossPercent": 100})).await;
    let sent = visitor.post("hook/preview", json!({"eventType": "application.user_membership.add"})).await;
    assert_eq!(sent["hooks"], 1);
    let request = receiver.after(1).await.remove(0);
    let event = &request.body["data"]["events"][0];
    assert_eq!(event["eventType"], "application.user_membership.add");
    for name in ["target", "actor", "debugContext"] {
        assert_eq!(event.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!((&event["outcome"]["result"], &event["transaction"]["type"]), (&json!("Success"), &Value::Null));
    assert!(event["displayMessage"].as_str().is_some_and(|text| text.ends_with('.')));
    assert!(visitor.events().await.is_empty(), "the log has none of it");
}
