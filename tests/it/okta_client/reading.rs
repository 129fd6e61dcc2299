//! What is read: people, the app, pages, the System Log; and what bad answers are taken for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::okta::client::{Access, LogQuery, OktaError};
use reqwest::Method;
use serde_json::{Value, json};

use super::{APP, Org, cause, detail, fixed, id, url};

#[tokio::test]
async fn a_person_comes_with_the_assignment_the_user_and_oktas_own_time() {
    let org = Org::with_people().await;
    let client = org.token_client();
    org.control(Method::POST, "clock", json!({"advanceSeconds": 7200})).await;
    let read = client.app_user(&id("00u1")).await.expect("read");
    let ahead = read.at.duration_since(org.clock.now());
    assert!((ahead - SignedDuration::from_secs(7200)).abs() < SignedDuration::from_secs(30), "{ahead:?}");
    let person = read.value.expect("has the app");
    assert_eq!(person.user_name.as_deref(), Some("00u1@people.example"));
    let user = person.user.expect("expanded");
    assert_eq!((user.status.as_str(), &user.profile["lastName"]), ("ACTIVE", &json!("L")));
    org.switch(json!({"nullMembers": "omitted"})).await;
    assert!(client.app_user(&id("00u1")).await.expect("read").value.is_some());
    assert_eq!(client.app_user(&id("00uNOBODY")).await.expect("read").value, None);
    org.control(Method::DELETE, &format!("okta/apps/{APP}"), Value::Null).await;
    assert_eq!(client.app_user(&id("00u1")).await.expect("read").value, None);
    assert_eq!(client.app().await.expect("read"), None, "which is why");
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_any_login() {
    let org = Org::start().await;
    let logins =
        ["plain@people.example", "a+b%41 c@people.example", "with/slash@people.example", "\"q\\uote/\"", "山田"];
    for (index, login) in logins.iter().enumerate() {
        org.person(&format!("00u{index}"), login).await;
    }
    let client = org.client();
    for (index, login) in logins.iter().enumerate() {
        let user_id = id(&format!("00u{index}"));
        for name in [login, user_id.as_str()] {
            let found = client.user(name).await.expect("read").map(|user| user.id);
            assert_eq!(found.as_ref(), Some(&user_id), "{name}");
        }
    }
    for nobody in ["nobody@people.example", "no/body", "00uNOBODY"] {
        assert_eq!(client.user(nobody).await.expect("read"), None, "{nobody}");
    }
    for trick in ["", "..", "."] {
        assert!(matches!(client.user(trick).await, Err(OktaError::Refused { .. })), "{trick:?}");
    }
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn pages_follow_their_links_in_both_forms_and_never_to_another_host() {
    let org = Org::start().await;
    for n in 0..5 {
        org.person(&format!("00u{n}"), &format!("{n}@people.example")).await;
    }
    let client = org.client();
    let first = url(&format!("{}/api/v1/apps/{APP}/users?limit=2&expand=user", org.sandbox.url()));
    for form in ["separate", "joined"] {
        org.switch(json!({"linkLines": form})).await;
        let (mut next, mut seen) = (Some(first.clone()), Vec::new());
        while let Some(url) = next {
            let page = client.app_users(Some(url)).await.expect("a page");
            seen.extend(page.items.into_iter().map(|it| (it.id.to_string(), it.user.is_some())));
            next = page.next;
        }
        assert_eq!(seen, (0..5).map(|n| (format!("00u{n}"), true)).collect::<Vec<_>>());
    }
    let whole = client.app_users(None).await.expect("a page");
    assert_eq!((whole.items.len(), whole.next), (5, None));
    assert_eq!(client.any_app_user().await.expect("one"), Some(id("00u0")));

    org.switch(json!({"nextHost": "other"})).await;
    let before = org.stats().await["requests"].clone();
    let error = client.app_users(Some(first)).await.expect_err("the next page is elsewhere");
    assert!(matches!(error, OktaError::Refused { .. }) && detail(&error).contains("not okta.org_url"), "{error}");
    let stored = url("https://evil.example/api/v1/logs?after=x");
    let error = client.logs(LogQuery::Next(stored)).await.expect_err("not the org's");
    assert!(detail(&error).contains("evil.example"), "{error}");
    let asked = org.stats().await["requests"].as_u64().zip(before.as_u64()).map(|(now, before)| now - before);
    assert_eq!(asked, Some(1), "the first page alone");
}

#[tokio::test]
async fn the_log_goes_on_where_it_ended_and_says_which_place_it_refuses() {
    let org = Org::with_people().await;
    let client = org.client();
    let filter = Some("eventType eq \"application.user_membership.add\" and target.id eq \"0oaSANDBOX\"".to_owned());
    let since = org.clock.now() - SignedDuration::from_mins(5);
    let page = client.logs(LogQuery::Since { since, filter: filter.clone() }).await.expect("a page");
    assert_eq!(page.events.len(), 2);
    let event: Value = serde_json::from_str(page.events[0].get()).expect("an event");
    assert_eq!(event["eventType"], "application.user_membership.add");
    let empty = client.logs(LogQuery::Next(page.next.expect("always"))).await.expect("a page");
    assert_eq!(empty.events.len(), 0);
    org.person("00u3", "3@people.example").await;
    let next = empty.next.expect("also with an empty page");
    let page = client.logs(LogQuery::Next(next.clone())).await.expect("a page");
    assert_eq!(page.events.len(), 1, "only what is new");

    org.switch(json!({"logCursorLifeSeconds": 60})).await;
    org.advance(61).await;
    let error = client.logs(LogQuery::Next(next)).await.expect_err("too old a cursor");
    assert!(matches!(error, OktaError::Refused { .. }) && !error.is_since_too_old(), "{error:?}");
    let since = org.clock.now() - SignedDuration::from_hours(181 * 24);
    let error = client.logs(LogQuery::Since { since, filter }).await.expect_err("too long ago");
    assert!(error.is_since_too_old() && detail(&error).contains("E0000053"), "{error:?}");
    let bad =
        LogQuery::Since { since: Timestamp::UNIX_EPOCH.max(org.clock.now()), filter: Some("published gt 1".into()) };
    assert!(matches!(client.logs(bad).await, Err(OktaError::Refused { .. })));
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_says_nothing_about_the_person() {
    let org = Org::with_people().await;
    let way_in = Access::Token(fixed(&org.credentials().api_token));
    let client = org.client_of(org.sandbox.url(), way_in, Duration::from_secs(3));
    let page = "<html>not here</html>";
    let kinds = [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 503, "body": page}),
        json!({"kind": "status", "status": 401, "body": page}),
        json!({"kind": "status", "status": 403, "body": page}),
        json!({"kind": "status", "status": 404, "body": page}),
        json!({"kind": "status", "status": 404, "body": {"message": "no route"}}),
        json!({"kind": "status", "status": 200, "body": {"id": "00uSOMEBODYELSE", "status": "ACTIVE"}}),
        json!({"kind": "garbage"}),
        json!({"kind": "empty"}),
        json!({"kind": "closeBefore"}),
        json!({"kind": "closeAfter"}),
        json!({"kind": "redirect"}),
        json!({"kind": "hang", "delayMs": 6000}),
    ];
    for mut fault in kinds {
        fault["operation"] = json!("okta.appUsers.get");
        fault["times"] = json!(1);
        let before = org.stats().await["requests"].as_u64().expect("a number");
        org.fault(fault.clone()).await;
        let error = client.app_user(&id("00u1")).await.expect_err("no answer to go by");
        assert!(matches!(error, OktaError::TryLater { .. }), "{fault}: {error:?}");
        assert_eq!(cause(&error), Cause::OktaUnreachable, "{fault}");
        assert!(!detail(&error).contains("00u1"), "{error}");
        let asked = org.stats().await["requests"].as_u64().expect("a number") - before;
        // What hangs is counted when it ends.
        let is_once = asked == 1 || (asked == 0 && fault["kind"] == "hang");
        assert!(is_once, "{fault}: {asked} requests; no redirect is followed, nothing is repeated");
        org.control(Method::DELETE, "faults", Value::Null).await;
    }
    client.app_user(&id("00u1")).await.expect("read");
    let way_in = Access::Token(fixed(&org.credentials().api_token));
    let nowhere = org.client_of("http://127.0.0.1:1", way_in, Duration::from_secs(3));
    assert_eq!(cause(&nowhere.app_user(&id("00u1")).await.expect_err("nobody listens")), Cause::OktaUnreachable);
}
