//! Calls per operation and minute.

use reqwest::Method;
use serde_json::json;

use super::Stranger;

#[tokio::test]
async fn every_answer_says_where_the_quota_stands() {
    let stranger = Stranger::start().await;
    stranger.get("/users").await;
    let answer = stranger.get("/users").await;
    assert_eq!(answer.header("ratelimit-ssed"), Some("2"));
    assert_eq!(answer.header("ratelimit-used"), Some("2"));
    assert_eq!(answer.header("ratelimit-limit"), Some("240"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("238"));
    let reset: u64 = answer.header("ratelimit-reset").unwrap().parse().unwrap();
    assert!((55..=60).contains(&reset), "{reset}");
    let refused = stranger.get("/users/nobody").await;
    assert_eq!(refused.header("ratelimit-ssed"), Some("1"), "each operation has its own");
}

#[tokio::test]
async fn one_call_too_many_is_429_until_the_window_resets() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"quotaPerMinute": 2})).await;
    assert_eq!(stranger.get("/users").await.status, 200);
    assert_eq!(stranger.get("/users").await.status, 200);
    let answer = stranger.get("/users").await;
    answer.is_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(answer.json["description"], "API rate limit exceeded");
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert_eq!(answer.header("retry-after"), None);
    assert_eq!(stranger.violations().await, ["quota"]);
    assert_eq!(stranger.get("/users/x").await.status, 404, "another operation goes on");
    stranger.pass(60).await;
    assert_eq!(stranger.get("/users").await.status, 200);
}

#[tokio::test]
async fn a_call_without_a_good_token_is_not_counted() {
    let mut stranger = Stranger::start().await;
    let good = std::mem::replace(&mut stranger.token, "bad".to_owned());
    stranger.call(Method::GET, "/users", None).await;
    stranger.token = good;
    assert_eq!(stranger.get("/users").await.header("ratelimit-ssed"), Some("1"));
}

#[tokio::test]
async fn the_window_slides_by_switch() {
    for (setting, status) in [("fixed", 200), ("sliding", 429)] {
        let stranger = Stranger::start().await;
        stranger.switch(json!({"quotaPerMinute": 2, "rateWindow": setting})).await;
        stranger.get("/users").await;
        stranger.pass(40).await;
        stranger.get("/users").await;
        let refused = stranger.get("/users").await;
        let reset: u64 = refused.header("ratelimit-reset").unwrap().parse().unwrap();
        assert!((10..=20).contains(&reset), "{setting}: {reset}");
        stranger.pass(20).await;
        assert_eq!(stranger.get("/users").await.status, 200, "{setting}");
        assert_eq!(stranger.get("/users").await.status, status, "{setting}");
    }
}
