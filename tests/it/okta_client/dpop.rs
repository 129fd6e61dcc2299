//! DPoP: demanded from the start, demanded in mid-life, nonces that change.

use serde_json::{Value, json};

use super::{Org, id};

#[tokio::test]
async fn an_org_that_demands_dpop_gets_a_proof_with_every_request() {
    let org = Org::with_people().await;
    org.switch(json!({"requireDpop": true})).await;
    let client = org.client();
    for _ in 0..3 {
        assert!(client.app_user(&id("00u1")).await.expect("read").value.is_some());
    }
    client.user("00u1@people.example").await.expect("read");
    let stats = org.stats().await;
    assert_eq!(stats["tokensIssued"], 1);
    assert_eq!(stats["answers"]["okta.token"]["400"], 1, "no proof; the refusal brought the nonce: {stats:#}");
    // The next token is had at once.
    org.advance(3400).await;
    client.app().await.expect("read");
    assert_eq!(org.stats().await["answers"]["okta.token"]["400"], 1);
    // A day later the nonce has changed; the old one is good for three days more, then it is not.
    org.advance(5 * 86_400).await;
    client.app().await.expect("read");
    let stats = org.stats().await;
    assert_eq!((&stats["tokensIssued"], &stats["answers"]["okta.token"]["400"]), (&json!(3), &json!(2)), "{stats:#}");
    assert_eq!(stats["answers"]["okta.apps.get"]["401"], Value::Null, "{stats:#}");
    org.no_rule_was_broken().await;
}

#[tokio::test]
async fn dpop_demanded_in_mid_life_is_taken_up_without_a_restart() {
    let org = Org::with_people().await;
    let client = org.client();
    client.app().await.expect("read, as bearer");
    org.switch(json!({"requireDpop": true})).await;
    client.app().await.expect("the token at hand is still good");
    org.access(json!({"killTokens": true})).await;
    client.app().await.expect("read, with proofs");
    let stats = org.stats().await;
    assert_eq!(
        (&stats["tokensIssued"], &stats["answers"]["okta.apps.get"]["401"]),
        (&json!(2), &json!(1)),
        "{stats:#}"
    );
    // And no longer demanded: proofs go on, which is allowed.
    org.switch(json!({"requireDpop": false})).await;
    org.access(json!({"killTokens": true})).await;
    client.app().await.expect("read");
    org.no_rule_was_broken().await;
}
