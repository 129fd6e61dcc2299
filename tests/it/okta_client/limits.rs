//! Rate limits: the reserve, a 429 by rate, a 429 by concurrency.

use std::time::Duration;

use okta_lineworks::domain::outcome::Cause;
use serde_json::{Value, json};

use super::{Org, after, cause, id};

#[tokio::test]
async fn the_last_requests_of_a_window_are_left_to_the_org() {
    let org = Org::with_people().await;
    org.switch(json!({"rateLimitPerMinute": 40})).await;
    let client = org.token_client();
    for _ in 0..38 {
        client.app().await.expect("read");
    }
    let error = client.app_user(&id("00u1")).await.expect_err("two of forty are left");
    assert_eq!(cause(&error), Cause::OktaRateLimited);
    let wait = after(&error).expect("says how long");
    assert!(wait > Duration::from_secs(5) && wait < Duration::from_secs(63), "{wait:?}");
    client.user("00u1").await.expect("another API has a window of its own");
    let stats = org.stats().await;
    assert_eq!(stats["answers"]["okta.apps.get"]["200"], 38, "{stats:#}");
    assert_eq!(stats["answers"]["okta.appUsers.get"], Value::Null, "it was not sent");
    org.advance(63).await;
    client.app_user(&id("00u1")).await.expect("the window has reset");
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn a_short_429_is_waited_out_and_a_long_one_is_the_callers() {
    let org = Org::with_people().await;
    let client = org.token_client();
    org.fault(json!({"operation": "okta.apps.get", "kind": "tooManyRequests", "delayMs": 1000, "times": 1})).await;
    client.app().await.expect("waited and asked again");
    org.fault(json!({"operation": "okta.apps.get", "kind": "tooManyRequests", "delayMs": 30000, "times": 1})).await;
    let error = client.app().await.expect_err("too long to wait");
    assert_eq!(cause(&error), Cause::OktaRateLimited);
    let wait = after(&error).expect("says how long");
    assert!((Duration::from_secs(28)..Duration::from_secs(33)).contains(&wait), "{wait:?}");
    let before = org.stats().await["requests"].clone();
    assert_eq!(cause(&client.app().await.expect_err("still")), Cause::OktaRateLimited);
    assert_eq!(org.stats().await["requests"], before, "nothing is sent before the reset");
    org.advance(33).await;
    client.app().await.expect("read");
}

#[tokio::test]
async fn retry_after_is_honoured_where_it_comes() {
    let org = Org::with_people().await;
    org.switch(json!({"rateLimitPerMinute": 1, "retryAfter": true})).await;
    let client = org.token_client();
    client.app().await.expect("read");
    let error = org.token_client().app().await.expect_err("another client does not know of the first");
    let wait = after(&error).expect("says how long");
    assert!((Duration::from_secs(50)..Duration::from_secs(63)).contains(&wait), "{wait:?}");
}

#[tokio::test]
async fn too_many_at_once_thin_out_by_themselves() {
    let org = Org::with_people().await;
    org.switch(json!({"concurrentLimit": 1, "latencyMs": 300})).await;
    let client = org.token_client();
    let person = id("00u1");
    let (one, two) = tokio::join!(client.app(), client.app_user(&person));
    assert!(one.expect("read").is_some() && two.expect("read").value.is_some());
    let stats = org.stats().await.to_string();
    assert!(stats.contains("\"429\":"), "they met: {stats}");

    org.switch(json!({"concurrentLimit": 0, "latencyMs": 0})).await;
    let error = client.app().await.expect_err("it never thins out");
    assert_eq!(cause(&error), Cause::OktaRateLimited);
    assert!(after(&error).is_some_and(|wait| wait < Duration::from_secs(10)), "{error:?}");
    org.switch(json!({"concurrentLimit": 75})).await;
    client.app().await.expect("no window was closed");
}
