//! `--strict` refuses every kind of violation, and the journal says which rule each call broke.

use okta_lineworks::sandbox::{Rule, Switches};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Stranger};

/// Breaks a rule and gives the answer.
async fn break_it(stranger: &Stranger, rule: Rule, id: &str) -> Answer {
    let member = format!("/users/{id}");
    match rule {
        Rule::Overlap => {
            stranger.fault(json!({"operation": "users.patch", "kind": "slow", "delayMs": 1000, "times": 1})).await;
            let (first, second) = tokio::join!(stranger.patch(&member, json!({})), async {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                stranger.patch(&member, json!({})).await
            });
            assert_eq!(first.status, 200, "{}", first.text);
            second
        }
        Rule::Quota => {
            stranger.switch(json!({"quotaPerMinute": 1})).await;
            stranger.get("/users").await;
            let answer = stranger.get("/users").await;
            stranger.switch(json!({"quotaPerMinute": null})).await;
            answer
        }
        Rule::ForbiddenCharacter => stranger.get("/users/externalKey:a%23b").await,
        Rule::CountOver100 => stranger.get("/orgunits?count=101").await,
        Rule::Forcedelete => stranger.delete(&format!("{member}/forcedelete")).await,
        Rule::NotUrlEncoded => stranger.get("/groups/%FF").await,
        Rule::NoRootExternalKey => {
            stranger.switch(json!({"requireRootExternalKey": true})).await;
            let organizations = json!([{"domainId": stranger.domain(), "primary": true}]);
            stranger.patch(&member, json!({ "organizations": organizations })).await
        }
        Rule::OrgUnitPace => {
            let unit = "/orgunits/orgunit1-eng";
            assert_eq!(stranger.patch(unit, json!({"visible": true})).await.status, 200);
            stranger.patch(unit, json!({"visible": true})).await
        }
        Rule::UnsupportedFilter => stranger.scim_get("/Users?filter=nickName%20eq%20%22a%22").await,
        Rule::InactiveOnCreate => {
            let mut body = super::scim::user("inactive");
            body["active"] = json!(false);
            stranger.scim(Method::POST, "/Users", body).await
        }
        other => panic!("{other:?} has no case here yet"),
    }
}

/// The last rule the journal has, and the status of that call.
async fn last_broken(stranger: &Stranger) -> (Value, Value) {
    let journal = stranger.journal().await;
    let entry = journal.iter().rev().find(|entry| entry["rules"] != json!([])).expect("a broken rule");
    (entry["rules"].clone(), entry["status"].clone())
}

#[tokio::test]
async fn every_rule_is_refused_counted_and_in_the_journal() {
    let lenient = Switches { refuse_overlap: false, refuse_org_unit_pace: false, ..Switches::default() };
    // Those of the fake Okta are broken in `sandbox_okta::limits`.
    for rule in Rule::ALL.iter().filter(|rule| !format!("{rule:?}").starts_with("Okta")) {
        let stranger = Stranger::of_the_directory_with(lenient.clone(), true).await;
        let id = stranger.create("strict").await;
        let answer = break_it(&stranger, *rule, &id).await;
        assert!((400..500).contains(&answer.status), "{rule:?} passed: {}", answer.text);
        let name = serde_json::to_value(rule).expect("a name");
        assert_eq!(stranger.violations().await, [name.as_str().unwrap()]);
        assert_eq!(last_broken(&stranger).await, (json!([name]), json!(answer.status)));
        assert_eq!(stranger.get(&format!("/users/{id}")).await.status, 200, "nothing was destroyed");
    }
}

#[tokio::test]
async fn what_breaks_no_rule_has_none_in_the_journal() {
    let stranger = Stranger::start().await;
    stranger.create("fine").await;
    assert!(stranger.journal().await.iter().all(|entry| entry["rules"] == json!([])));
    stranger.call(Method::DELETE, "/users/externalKey:key-fine/forcedelete", None).await;
    assert_eq!(last_broken(&stranger).await, (json!(["forcedelete"]), json!(204)), "counted, not refused");
}
