//! Two writes in flight for one member.

use reqwest::Method;
use serde_json::json;
use tokio::join;

use super::Stranger;

#[tokio::test]
async fn overlapping_writes_are_refused_and_counted() {
    let stranger = Stranger::start().await;
    let id = stranger.create("busy").await;
    stranger.switch(json!({"latencyMs": 300})).await;
    let (path, by_key) = (format!("/users/{id}"), "/users/externalKey:key-busy");
    let (one, two) =
        join!(stranger.patch(&path, json!({"nickName": "a"})), stranger.patch(by_key, json!({"nickName": "b"})),);
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let stats = stranger.stats().await;
    assert_eq!(stats["maxConcurrentWritesPerMember"], 2);
    assert_eq!(stats["violations"][0]["rule"], "overlap");
    assert_eq!(stats["violations"][0]["member"], id);
}

#[tokio::test]
async fn two_creates_of_one_person_overlap_by_email_or_key() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"latencyMs": 300, "refuseOverlap": false})).await;
    let mut other = stranger.person("other");
    other["userExternalKey"] = json!("key-twin");
    let (one, two) = join!(stranger.post("/users", stranger.person("twin")), stranger.post("/users", other),);
    assert_eq!([one.status, two.status].iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(stranger.violations().await, ["overlap"], "counted, though not refused");
}

#[tokio::test]
async fn writes_for_different_members_and_reads_do_not_overlap() {
    let stranger = Stranger::start().await;
    let id = stranger.create("quiet").await;
    stranger.switch(json!({"latencyMs": 200})).await;
    let path = format!("/users/{id}");
    let (one, two, three) = join!(
        stranger.patch(&path, json!({"nickName": "a"})),
        stranger.get(&path),
        stranger.post("/users", stranger.person("another")),
    );
    assert_eq!([one.status, two.status, three.status], [200, 200, 201]);
    assert!(stranger.violations().await.is_empty());
    assert_eq!(stranger.stats().await["maxConcurrentWritesPerMember"], 1);
}

#[tokio::test]
async fn a_late_effect_is_in_flight_until_it_happens() {
    let stranger = Stranger::start().await;
    stranger.fault(json!({"operation": "users.create", "kind": "lateEffect", "delayMs": 400, "times": 1})).await;
    let request = stranger.request(Method::POST, "/users", Some(stranger.person("late")));
    let given_up = request.timeout(std::time::Duration::from_millis(100)).send().await;
    assert!(given_up.unwrap_err().is_timeout());
    stranger.post("/users", stranger.person("late")).await.is_refused(409, "CONFLICT");
    assert_eq!(stranger.violations().await, ["overlap"]);
}

#[tokio::test]
async fn a_hanging_write_ends_when_its_client_goes_away() {
    let stranger = Stranger::start().await;
    stranger.fault(json!({"operation": "users.create", "kind": "hang", "times": 1})).await;
    let request = stranger.request(Method::POST, "/users", Some(stranger.person("hung")));
    let given_up = request.timeout(std::time::Duration::from_millis(100)).send().await;
    assert!(given_up.unwrap_err().is_timeout());
    let start = std::time::Instant::now();
    while stranger.journal().await.len() < 2 {
        assert!(start.elapsed().as_secs() < 10, "the sandbox still waits");
    }
    assert_eq!(stranger.journal().await[1]["status"], json!(null));
    stranger.create("hung").await;
    assert!(stranger.violations().await.is_empty());
}

#[tokio::test]
async fn a_late_effect_has_landed_before_its_answer() {
    let stranger = Stranger::start().await;
    stranger.fault(json!({"operation": "users.create", "kind": "lateEffect", "delayMs": 500, "times": 1})).await;
    let (created, patched) = join!(stranger.post("/users", stranger.person("landed")), async {
        let path = "/users/externalKey:key-landed";
        while stranger.get(path).await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stranger.patch(path, json!({"nickName": "a"})).await
    });
    assert_eq!((created.status, patched.status), (201, 200));
    assert!(stranger.violations().await.is_empty());
}
