//! Apps, users and assignments: what the API shows of what an administrator does, and the events that writes.

use reqwest::Method;
use serde_json::{Value, json};

use super::{APP, Visitor};

#[tokio::test]
async fn an_assignment_is_shown_with_the_user_and_ends_as_404() {
    let visitor = Visitor::start().await;
    let app = visitor.get(&format!("/api/v1/apps/{APP}")).await;
    assert_eq!((app.status, &app.json["id"], &app.json["status"]), (200, &json!(APP), &json!("ACTIVE")));
    assert_eq!(visitor.get("/api/v1/apps/0oaOTHER").await.code(), "E0000007");

    visitor.person("00u1").await;
    let path = format!("/api/v1/apps/{APP}/users/00u1");
    let body = json!({"userName": "one", "profile": {"department": "Sales", "gone": null}});
    visitor.control(Method::PATCH, &format!("apps/{APP}/users/00u1"), body).await;
    let plain = visitor.get(&path).await;
    assert_eq!(plain.json["id"], "00u1");
    assert_eq!(plain.json["scope"], "USER");
    assert_eq!(plain.json["credentials"]["userName"], "one");
    assert_eq!(plain.json["profile"]["department"], "Sales");
    assert_eq!(plain.json["profile"]["firstName"], "F00u1");
    assert_eq!(plain.json["_embedded"], Value::Null);
    let whole = visitor.get(&format!("{path}?expand=user")).await;
    assert_eq!(whole.json["_embedded"]["user"]["profile"]["login"], "00u1@people.example");
    assert_eq!(whole.json["_embedded"]["user"]["status"], "ACTIVE");
    assert_eq!(visitor.get(&format!("{path}?expand=group")).await.code(), "E0000001");

    // Nulls are written out, or left out.
    let members = |answer: &Value| (answer.get("externalId").is_some(), answer["profile"].get("gone").is_some());
    assert_eq!(members(&whole.json), (true, true));
    visitor.switch(json!({"nullMembers": "omitted"})).await;
    assert_eq!(members(&visitor.get(&path).await.json), (false, false));

    visitor.control(Method::DELETE, &format!("apps/{APP}/users/00u1"), Value::Null).await;
    let ended = visitor.get(&path).await;
    assert_eq!((ended.status, ended.code()), (404, "E0000007"));
    assert_eq!(
        visitor.events().await,
        [
            "user.lifecycle.create",
            "user.lifecycle.activate",
            "application.user_membership.add",
            "application.user_membership.change_username",
            "application.user_membership.update",
            "application.user_membership.update",
            "application.user_membership.remove",
        ]
    );
}

#[tokio::test]
async fn a_user_is_found_by_id_and_login_but_a_login_with_a_slash_only_by_id() {
    let visitor = Visitor::start().await;
    visitor.post("users", json!({"id": "00u1", "login": "a/b@people.example"})).await;
    visitor.post("users", json!({"id": "00u2", "login": "C@people.example"})).await;
    for (name, status) in
        [("00u1", 200), ("a%2Fb@people.example", 404), ("c%40people.example", 200), ("00u3", 404), ("a/b", 404)]
    {
        assert_eq!(visitor.get(&format!("/api/v1/users/{name}")).await.status, status, "{name}");
    }
    let twice = visitor.try_control(Method::POST, "users", json!({"login": "c@people.example"})).await;
    assert_eq!(twice.status, 409, "{twice:?}");
}

#[tokio::test]
async fn a_list_is_paged_by_links_in_both_forms() {
    let visitor = Visitor::start().await;
    for n in 0..5 {
        visitor.person(&format!("00u{n}")).await;
    }
    for form in ["separate", "joined"] {
        visitor.switch(json!({"linkLines": form})).await;
        let mut next = Some(format!("/api/v1/apps/{APP}/users?limit=2&expand=user"));
        let mut seen = Vec::new();
        while let Some(path) = next {
            let page = visitor.get(&path).await;
            let lines = page.headers.get_all("link").iter().count();
            assert_eq!(page.link("self").is_some(), lines > 0);
            next = page.link("next");
            assert_eq!(lines, if form == "separate" && next.is_some() { 2 } else { 1 });
            for item in page.json.as_array().expect("a list") {
                assert_eq!(item["id"], item["_embedded"]["user"]["id"]);
                seen.push(item["id"].as_str().expect("an id").to_owned());
            }
        }
        assert_eq!(seen, ["00u0", "00u1", "00u2", "00u3", "00u4"], "{form}");
    }
    let found = visitor.get(&format!("/api/v1/apps/{APP}/users?q=f00u3")).await;
    assert_eq!(found.json.as_array().expect("a list").len(), 1);
    for bad in ["limit=0", "limit=501", "limit=x", "after=x"] {
        assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}/users?{bad}")).await.code(), "E0000001", "{bad}");
    }
    // The next page may be said to be elsewhere, where no credential must go.
    visitor.switch(json!({"nextHost": "other"})).await;
    let page = visitor.get(&format!("/api/v1/apps/{APP}/users?limit=2")).await;
    assert!(page.link("next").expect("a link").starts_with("http://localhost:"), "{page:?}");
}

#[tokio::test]
async fn a_departure_writes_a_removal_for_every_app_in_no_fixed_order() {
    let visitor = Visitor::start().await;
    visitor.post("apps", json!({"id": "0oaSECOND"})).await;
    visitor.switch(json!({"seed": 7})).await;
    let mut orders = std::collections::BTreeSet::new();
    for n in 0..12 {
        let id = format!("00u{n}");
        visitor.person(&id).await;
        visitor.post("apps/0oaSECOND/users", json!({"user": id})).await;
        let before = visitor.events().await.len();
        visitor.post(&format!("users/{id}/deactivate"), Value::Null).await;
        let written = visitor.events().await.split_off(before);
        let mut sorted = written.clone();
        sorted.sort();
        let removal = "application.user_membership.remove";
        assert_eq!(sorted, [removal, removal, "user.lifecycle.deactivate"]);
        orders.insert(written);
        assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}/users/{id}")).await.status, 404);
        assert_eq!(visitor.get(&format!("/api/v1/users/{id}")).await.json["status"], "DEPROVISIONED");
    }
    assert!(orders.len() > 1, "{orders:?}");
    let log = visitor.control(Method::GET, "log", Value::Null).await;
    let last: Vec<&Value> = log.as_array().expect("a list").iter().rev().take(3).collect();
    assert!(last.iter().all(|event| event["transaction"] == last[0]["transaction"]), "{last:#?}");
}

#[tokio::test]
async fn a_group_brings_its_app_by_jobs_and_takes_it_away_from_those_without_another_way() {
    let visitor = Visitor::start().await;
    for id in ["00u1", "00u2"] {
        visitor.post("users", json!({"id": id, "login": format!("{id}@people.example")})).await;
    }
    visitor.post("groups", json!({"id": "00g1", "name": "Sales", "members": ["00u1", "00u2"]})).await;
    visitor.post(&format!("apps/{APP}/users"), json!({"user": "00u1"})).await;
    let before = visitor.events().await.len();
    visitor.post(&format!("apps/{APP}/groups"), json!({"group": "00g1"})).await;
    let log = visitor.control(Method::GET, "log", Value::Null).await;
    let written: Vec<_> = log.as_array().expect("a list")[before..]
        .iter()
        .map(|event| {
            (event["eventType"].as_str().expect("a type"), event["transaction"]["type"].as_str().expect("a type"))
        })
        .collect();
    assert_eq!(written, [("group.application_assignment.add", "WEB"), ("application.user_membership.add", "JOB")]);
    let scope = async |id: &str| visitor.get(&format!("/api/v1/apps/{APP}/users/{id}")).await.json["scope"].clone();
    assert_eq!((scope("00u1").await, scope("00u2").await), (json!("USER"), json!("GROUP")));

    // After a departure and a return only what came through the group is back.
    visitor.post("users/00u2/deactivate", Value::Null).await;
    visitor.post("users/00u2/reactivate", Value::Null).await;
    assert_eq!(scope("00u2").await, json!("GROUP"));

    visitor.control(Method::DELETE, &format!("apps/{APP}/groups/00g1"), Value::Null).await;
    assert_eq!((scope("00u1").await, scope("00u2").await), (json!("USER"), Value::Null));
    let left = visitor.events().await;
    assert_eq!(left[left.len() - 2..], ["group.application_assignment.remove", "application.user_membership.remove"]);

    // Who joins a group gets its apps, who leaves loses them.
    visitor.post(&format!("apps/{APP}/groups"), json!({"group": "00g1"})).await;
    visitor.control(Method::DELETE, "groups/00g1/members/00u2", Value::Null).await;
    assert_eq!(scope("00u2").await, Value::Null);
    visitor.post("groups/00g1/members", json!({"user": "00u2"})).await;
    assert_eq!(scope("00u2").await, json!("GROUP"));
    visitor.control(Method::DELETE, "groups/00g1", Value::Null).await;
    assert_eq!((scope("00u1").await, scope("00u2").await), (json!("USER"), Value::Null));
}

#[tokio::test]
async fn suspending_keeps_the_assignment_and_deleting_ends_the_user() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let status = async || visitor.get("/api/v1/users/00u1").await.json["status"].clone();
    visitor.post("users/00u1/suspend", Value::Null).await;
    assert_eq!(status().await, "SUSPENDED");
    assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}/users/00u1")).await.status, 200);
    let again = visitor.try_control(Method::POST, "users/00u1/suspend", Value::Null).await;
    assert_eq!(again.status, 409);
    visitor.post("users/00u1/unsuspend", Value::Null).await;
    visitor.control(Method::PATCH, "users/00u1", json!({"profile": {"lastName": "New", "title": "Boss"}})).await;
    let log = visitor.control(Method::GET, "log", Value::Null).await;
    let last = log.as_array().expect("a list").last().expect("an event").clone();
    assert_eq!(last["debugContext"]["debugData"]["changedAttributes"], "lastName,title");
    visitor.control(Method::DELETE, "users/00u1", Value::Null).await;
    assert_eq!(visitor.get("/api/v1/users/00u1").await.code(), "E0000007");
    let events = visitor.events().await;
    assert_eq!(events[events.len() - 2..], ["user.lifecycle.delete.initiated", "user.lifecycle.delete.completed"]);
    assert!(events.contains(&"user.lifecycle.deactivate".to_owned()));
}

#[tokio::test]
async fn an_app_is_turned_off_on_and_deleted() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    let app = format!("/api/v1/apps/{APP}");
    let users = format!("{app}/users");
    visitor.post(&format!("apps/{APP}/deactivate"), Value::Null).await;
    assert_eq!(visitor.get(&app).await.json["status"], "INACTIVE");
    assert_eq!(visitor.get(&users).await.json.as_array().map(Vec::len), Some(1));
    visitor.switch(json!({"inactiveAppUsers": "hidden"})).await;
    assert_eq!(visitor.get(&users).await.json.as_array().map(Vec::len), Some(0));
    assert_eq!(visitor.get(&format!("{users}/00u1")).await.status, 404);
    visitor.post(&format!("apps/{APP}/activate"), Value::Null).await;
    assert_eq!(visitor.get(&format!("{users}/00u1")).await.status, 200);
    visitor.control(Method::DELETE, &format!("apps/{APP}"), Value::Null).await;
    assert_eq!(visitor.get(&app).await.code(), "E0000007");
    let mut events = visitor.events().await;
    events.drain(..3);
    events[2..].sort();
    assert_eq!(
        events,
        [
            "application.lifecycle.deactivate",
            "application.lifecycle.activate",
            "application.lifecycle.delete",
            "application.user_membership.remove",
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<Vec<_>>()
    );
    // After a reset everything is as at the start.
    visitor.post("reset", Value::Null).await;
    assert_eq!(visitor.get(&app).await.json["status"], "ACTIVE");
    assert!(visitor.events().await.is_empty());

    visitor.switch(json!({"appDeleteWritesRemovals": false})).await;
    visitor.person("00u1").await;
    visitor.control(Method::DELETE, &format!("apps/{APP}"), Value::Null).await;
    assert!(!visitor.events().await.iter().any(|event| event.ends_with("membership.remove")));
}

#[tokio::test]
async fn a_changed_user_name_writes_what_the_switch_says() {
    let visitor = Visitor::start().await;
    visitor.person("00u1").await;
    for (value, wanted) in [
        ("update", &["change_username", "update"][..]),
        ("alone", &["change_username"]),
        ("removeAndAdd", &["change_username", "remove", "add"]),
    ] {
        visitor.switch(json!({"userNameChange": value})).await;
        let before = visitor.events().await.len();
        visitor.control(Method::PATCH, &format!("apps/{APP}/users/00u1"), json!({"userName": value})).await;
        let written = visitor.events().await.split_off(before);
        let wanted: Vec<String> = wanted.iter().map(|it| format!("application.user_membership.{it}")).collect();
        assert_eq!(written, wanted);
        assert_eq!(visitor.get(&format!("/api/v1/apps/{APP}/users/00u1")).await.status, 200);
    }
}
