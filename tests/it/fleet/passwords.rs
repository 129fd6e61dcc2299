//! The card that waits gets the first password, whichever replica makes the member.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, user};

fn settings(workers: u32) -> String {
    format!(
        "[lineworks]\nsso = false\npassword = 'admin'\nreturn_password = true\ncall_timeout = '2s'\n\
         [converge]\nworkers = {workers}\nretry_first = '100ms'\nretry_longest = '400ms'"
    )
}

/// How often this replica had LINE WORKS make a member.
async fn creates(app: &TestApp) -> u64 {
    let metrics = app.admin(Method::GET, "/metrics").await.text;
    let lines = metrics.lines().filter(|line| line.contains("operation=\"create_member\"") && line.contains("_calls"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_waiting_card_gets_its_password_whichever_replica_makes_the_member() {
    let mut fleet: [TestApp; 2] = TestApp::fleet(&settings(2)).await;
    fleet[1].restart_with(&settings(16)).await;
    fleet[0].switch(json!({"sso": false, "passwordPolicy": "specials", "latencyMs": 100})).await;
    // All cards ask the replica with two workers; the other one does most of the work.
    let cards = (0..16).map(|n| {
        let app = &fleet[0];
        async move { app.assign(&format!("00uPERSON{n}"), user(n)).await }
    });
    let mut passwords = Vec::new();
    for answer in join_all(cards).await {
        assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
        let password =
            answer.body["initialPassword"].as_str().unwrap_or_else(|| panic!("no password: {}", answer.text));
        passwords.push(password.to_owned());
    }
    assert!(creates(&fleet[1]).await > 0, "the replica nobody asked made none");
    passwords.sort();
    passwords.dedup();
    assert_eq!(passwords.len(), 16, "each has one of its own");
    let again = fleet[1].assign("00uPERSON0", user(0)).await;
    assert!(again.body.get("initialPassword").is_none(), "it is given once: {}", again.text);
    // The boxes go with those who waited, a moment after their answers.
    let left = "SELECT count(*) FROM singletons WHERE name LIKE 'first_password:%'";
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while fleet[0].database().query(left) > 0 {
        assert!(tokio::time::Instant::now() < deadline, "a box was left over");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for app in fleet {
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_on_its_way_through_the_ledger_cannot_be_read_there() {
    let fleet: [TestApp; 2] = TestApp::fleet(&settings(4)).await;
    fleet[0].switch(json!({"sso": false, "passwordPolicy": "specials"})).await;
    // Every value a box ever has is kept beside it.
    fleet[0].database().run(
        "CREATE TABLE seen (value TEXT); CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO seen VALUES (encode(NEW.value, 'escape')); RETURN NEW; END $$; \
         CREATE TRIGGER keep AFTER INSERT OR UPDATE ON singletons FOR EACH ROW EXECUTE FUNCTION keep()",
    );
    let answer = fleet[0].assign("00uPERSON1", user(1)).await;
    let password = answer.body["initialPassword"].as_str().unwrap_or_else(|| panic!("no password: {}", answer.text));
    let count = |condition: String| fleet[0].database().query(&format!("SELECT count(*) FROM seen WHERE {condition}"));
    assert!(count("value LIKE '%\"sealed\"%'".to_owned()) > 0, "it went through the ledger");
    let escaped = password.replace('\'', "''").replace('\\', "\\\\\\\\");
    assert_eq!(count(format!("position('{escaped}' in value) > 0")), 0);
    for app in fleet {
        app.finish().await;
    }
}
