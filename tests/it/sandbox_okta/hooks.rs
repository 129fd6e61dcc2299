//! The event-hook API: registering, the verification call, and what each change does to a hook.

use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver};
use super::{APP, Visitor};

const HOOKS: &str = "/api/v1/eventHooks";

fn asked(uri: &str) -> Value {
    json!({
        "name": "members",
        "events": {"type": "EVENT_TYPE", "items": ["application.user_membership.add"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {
            "uri": uri,
            "headers": [{"key": "X-Other", "value": "more"}],
            "authScheme": {"type": "HEADER", "key": "authorization", "value": "the secret"},
        }},
    })
}

impl Visitor {
    /// A write with the API token; null sends no body.
    async fn write(&self, method: Method, path: &str, body: Value) -> super::Answer {
        let request = self.http.request(method, self.url(path));
        let request = request.header("Authorization", format!("SSWS {}", self.credentials().api_token));
        self.send(if body.is_null() { request.header("Content-Length", "0") } else { request.json(&body) }).await
    }

    async fn lifecycle(&self, id: &str, what: &str) -> super::Answer {
        self.write(Method::POST, &format!("{HOOKS}/{id}/lifecycle/{what}"), Value::Null).await
    }
}

#[tokio::test]
async fn a_hook_gets_nothing_until_it_answered_its_challenge() {
    let (visitor, receiver) = (Visitor::start().await, Receiver::start());
    let made = visitor.write(Method::POST, HOOKS, asked(&receiver.uri)).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!((&made.json["status"], &made.json["verificationStatus"]), (&json!("ACTIVE"), &json!("UNVERIFIED")));
    let scheme = &made.json["channel"]["config"]["authScheme"];
    assert_eq!(scheme, &json!({"type": "HEADER", "key": "authorization"}), "the secret never comes back");
    let id = made.json["id"].as_str().expect("an id").to_owned();
    visitor.person("00u1").await;

    // One more try, then the answer to the administrator.
    receiver.answer(&[Answer::Status(500), Answer::WrongChallenge]);
    let refused = visitor.lifecycle(&id, "verify").await;
    assert_eq!((refused.status, refused.code()), (400, "E0000001"));
    assert_eq!(refused.json["errorSummary"], "Api validation failed: eventHook");
    receiver.answer(&[Answer::Status(204), Answer::Challenge]);
    let verified = visitor.lifecycle(&id, "verify").await;
    assert_eq!((verified.status, &verified.json["verificationStatus"]), (200, &json!("VERIFIED")), "{verified:?}");
    let requests = receiver.after(4).await;
    assert!(requests.iter().all(|request| request.method == "GET"), "nothing was sent before: {requests:#?}");
    let headers = &requests[3].headers;
    assert_eq!(headers["authorization"], "the secret");
    assert_eq!((headers["x-other"].as_str(), headers["user-agent"].as_str()), ("more", "Okta-Integrations"));
    assert!(!headers["x-okta-verification-challenge"].is_empty() && !headers["x-okta-request-id"].is_empty());

    visitor.person("00u2").await;
    assert_eq!(receiver.after(5).await[4].types(), ["application.user_membership.add"]);
    // Off, it gets nothing; on again, it does, without another challenge.
    assert_eq!(visitor.lifecycle(&id, "deactivate").await.json["status"], "INACTIVE");
    visitor.person("00u3").await;
    assert_eq!(visitor.lifecycle(&id, "activate").await.json["status"], "ACTIVE");
    visitor.person("00u4").await;
    let last = receiver.after(6).await.remove(5);
    assert!(last.body.to_string().contains("00u4") && !last.body.to_string().contains("00u3"));
}

#[tokio::test]
async fn a_receiver_that_is_too_slow_is_not_verified() {
    let (visitor, receiver) = (Visitor::start().await, Receiver::start());
    visitor.switch(json!({"hookTimeoutMs": 100})).await;
    let made = visitor.write(Method::POST, HOOKS, asked(&receiver.uri)).await;
    receiver.answer(&[Answer::After(1500, 200), Answer::After(1500, 200)]);
    let refused = visitor.lifecycle(made.json["id"].as_str().expect("an id"), "verify").await;
    assert_eq!(refused.code(), "E0000001");
}

#[tokio::test]
async fn changing_the_channel_makes_it_unverified_and_deleting_needs_it_inactive() {
    let (visitor, receiver) = (Visitor::start().await, Receiver::start());
    let made = visitor.write(Method::POST, HOOKS, asked(&receiver.uri)).await;
    let id = made.json["id"].as_str().expect("an id").to_owned();
    let path = format!("{HOOKS}/{id}");
    receiver.answer(&[Answer::Challenge]);
    visitor.lifecycle(&id, "verify").await;
    let mut new = asked(&receiver.uri);
    new["events"]["items"] = json!(["application.user_membership.remove"]);
    let kept = visitor.write(Method::PUT, &path, new.clone()).await;
    assert_eq!(kept.json["verificationStatus"], "VERIFIED");
    assert_eq!(kept.json["events"]["items"], new["events"]["items"]);
    new["channel"]["config"]["uri"] = json!(format!("{}/other", receiver.uri));
    assert_eq!(visitor.write(Method::PUT, &path, new).await.json["verificationStatus"], "UNVERIFIED");
    let list = visitor.get(HOOKS).await;
    assert_eq!(list.json.as_array().map(Vec::len), Some(1));
    assert_eq!(visitor.get(&path).await.json["id"], id.as_str());

    assert_eq!(visitor.write(Method::DELETE, &path, Value::Null).await.code(), "E0000001");
    visitor.lifecycle(&id, "deactivate").await;
    assert_eq!(visitor.write(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(visitor.get(&path).await.code(), "E0000007");
    assert_eq!(visitor.lifecycle(&id, "verify").await.code(), "E0000007");
}

#[tokio::test]
async fn a_filter_keeps_what_is_of_one_app_and_previews_do_not_care() {
    let (visitor, receiver) = (Visitor::start().await, Receiver::start());
    visitor.post("apps", json!({"id": "0oaSECOND"})).await;
    let mut hook = asked(&receiver.uri);
    let expression = "event.target.?[type eq 'AppInstance' && id eq '0oaSECOND'].size()>0";
    hook["events"]["filter"] = json!({"type": "EXPRESSION_LANGUAGE", "eventFilterMap": [
        {"event": "application.user_membership.add", "condition": {"expression": expression}}]});
    let made = visitor.write(Method::POST, HOOKS, hook).await;
    let id = made.json["id"].as_str().expect("an id").to_owned();
    receiver.answer(&[Answer::Challenge]);
    visitor.lifecycle(&id, "verify").await;
    visitor.person("00u1").await;
    visitor.post("apps/0oaSECOND/users", json!({"user": "00u1"})).await;
    let delivery = receiver.after(2).await.remove(1);
    assert_eq!(delivery.types().len(), 1);
    assert!(delivery.body.to_string().contains("0oaSECOND") && !delivery.body.to_string().contains(APP));
    visitor.post("hook/preview", json!({"eventType": "application.user_membership.add"})).await;
    receiver.after(3).await;
}

#[tokio::test]
async fn what_cannot_be_registered() {
    let visitor = Visitor::start().await;
    let good = asked("https://receiver.example/hook");
    let change = |path: &str, value: Value| {
        let mut hook = good.clone();
        *hook.pointer_mut(path).expect("it is there") = value;
        hook
    };
    let config = "/channel/config";
    for bad in [
        change(&format!("{config}/uri"), json!("http://receiver.example/hook")),
        change(&format!("{config}/uri"), json!("receiver")),
        change(&format!("{config}/authScheme/type"), json!("BASIC")),
        change(&format!("{config}/authScheme/value"), Value::Null),
        change("/channel/version", json!("2.0")),
        change("/events/type", json!("FLOW_EVENT")),
        change("/events/items", json!([])),
        change("/events/items", json!(["application.user_membership.change_username"])),
        change(
            "/events",
            json!({"type": "EVENT_TYPE", "items": ["user.lifecycle.create"], "filter":
            {"type": "EXPRESSION_LANGUAGE", "eventFilterMap": [
                {"event": "user.lifecycle.create", "condition": {"expression": "true"}}]}}),
        ),
        change("/name", Value::Null),
    ] {
        let answer = visitor.write(Method::POST, HOOKS, bad.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, "E0000001"), "{bad}");
    }
    assert_eq!(visitor.write(Method::POST, HOOKS, good.clone()).await.status, 200);
    assert_eq!(visitor.write(Method::POST, HOOKS, good).await.code(), "E0000001", "the name is taken");
}
