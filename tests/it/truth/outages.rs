//! Okta's word cannot be had: nobody is changed, events are taken, and all goes on by itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{EMAIL, LONG_AGO, Org, TARO};
use crate::support::program::{Serving, run};
use crate::support::{ADMIN, APP_ID, ReadAnswer, install_crypto};

/// Something that makes Okta's word worthless, and what mends it; each a method, a path and a body.
type Change = (&'static str, &'static str, Value);

fn broken() -> Vec<(&'static str, Vec<Change>, Vec<Change>)> {
    let access = |body: Value| ("PATCH", "access", body);
    let switch = |body: Value| ("PATCH", "switches", body);
    let others = json!({"role": {"apps": ["0oaOTHER"]}});
    vec![
        ("okta_role_missing", vec![access(json!({"role": "none"}))], vec![access(json!({"role": "full"}))]),
        ("okta_app_not_found", vec![access(others.clone())], vec![access(json!({"role": "full"}))]),
        (
            "okta_role_missing",
            vec![switch(json!({"narrowedAnswer": "403"})), access(others)],
            vec![access(json!({"role": "full"}))],
        ),
        (
            "okta_app_inactive",
            vec![switch(json!({"inactiveAppUsers": "hidden"})), ("POST", "apps/0oaSANDBOX/deactivate", Value::Null)],
            vec![("POST", "apps/0oaSANDBOX/activate", Value::Null)],
        ),
        (
            "okta_app_not_found",
            vec![("DELETE", "apps/0oaSANDBOX", Value::Null)],
            vec![("POST", "apps", json!({"id": APP_ID})), ("POST", "apps/0oaSANDBOX/users", json!({"user": TARO}))],
        ),
        (
            "okta_scope_missing",
            vec![access(json!({"revoke": ["okta.apps.read"], "killTokens": true}))],
            vec![access(json!({"grant": ["okta.apps.read"]}))],
        ),
    ]
}

impl Org {
    async fn change(&self, changes: &[Change]) {
        for (method, path, body) in changes {
            self.okta(method.parse().expect("a method"), path, body.clone()).await;
        }
    }

    /// A refused token is kept for some seconds of real time, so the first minute may not be enough.
    async fn settled_when_minutes_pass(&self, person: &str) -> Value {
        for _ in 0..40 {
            self.minutes_pass(1).await;
            let row = self.app.row(person).await;
            if row["state"] == "settled" {
                return row;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        panic!("still not settled: {:#}", self.app.row(person).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_worth_nothing_takes_nothing_from_anybody_and_heals_by_itself() {
    for (cause, breaks, mends) in broken() {
        let org = Org::with_taro("").await;
        org.change(&breaks).await;
        org.tell(false, TARO, "2026-05-01T00:00:00.000Z").await;
        let row = org.app.row_in(TARO, "waiting").await;
        assert_eq!(row["reason"]["code"], cause, "{row:#}");
        let okta = org.readyz().await["okta"].clone();
        let shown = (&okta["working"], &okta["paused"][0]["code"], &okta["lastFailure"]["code"]);
        assert_eq!(shown, (&json!(false), &json!(cause), &json!(cause)), "{okta:#}");
        assert!(okta["paused"][0]["todo"].is_string() && okta["paused"][0]["todoJa"].is_string(), "{okta:#}");
        let metrics = org.app.admin(Method::GET, "/metrics").await.text;
        assert!(metrics.contains(&format!("okta_lineworks_paused{{cause=\"{cause}\"}} 1")), "{metrics}");
        // The doors are open, and nobody is asked about.
        let asked = org.calls("okta.appUsers.get").await;
        assert_eq!(org.app.put_without_waiting("00uNEW", json!({})).await.status, 202);
        org.tell(false, TARO, "2026-05-01T00:00:01.000Z").await;
        assert_eq!(org.calls("okta.appUsers.get").await, asked, "{cause}");
        org.minutes_pass(1).await;
        org.app.row_when(TARO, |row| row["history"]["attempts"].as_array().is_some_and(|all| all.len() >= 3)).await;
        assert!(org.is_in_use(EMAIL).await, "{cause}");
        org.change(&mends).await;
        let row = org.settled_when_minutes_pass(TARO).await;
        assert_eq!(row["membership"]["value"], "assigned", "{cause}");
        let okta = org.readyz().await["okta"].clone();
        assert_eq!((&okta["working"], &okta["paused"]), (&json!(true), &json!([])), "{okta:#}");
        org.assert_nothing_was_taken_away().await;
        org.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_reach_a_person_is_no_removal() {
    let org = Org::with_taro("").await;
    org.unassign(TARO).await;
    let body = json!({"errorCode": "E0000006", "errorSummary": "no", "errorLink": "E0000006", "errorId": "oae1", "errorCauses": []});
    org.app.fault(json!({"operation": "okta.users.get", "kind": "status", "status": 403, "body": body})).await;
    org.look_again(TARO).await;
    let row = org.app.row_in(TARO, "waiting").await;
    assert_eq!(row["reason"]["code"], "okta_role_missing");
    org.assert_nothing_was_taken_away().await;
    org.app.heal().await;
    org.minutes_pass(1).await;
    org.app.member_when(EMAIL, |member| member["isSuspended"] == true).await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_the_role_does_not_reach_keeps_nobody_else_waiting_and_three_are_an_alarm() {
    let org = Org::with_taro("").await;
    let leavers = [TARO, "00uHANAKO", "00uJIRO"];
    for (n, person) in leavers.iter().enumerate().skip(1) {
        org.joins(person, n as u32 + 1).await;
        assert_eq!(org.app.put(person, json!({})).await.status, 200);
    }
    let body = json!({"errorCode": "E0000006", "errorSummary": "no", "errorLink": "E0000006", "errorId": "oae1", "errorCauses": []});
    org.app.fault(json!({"operation": "okta.users.get", "kind": "status", "status": 403, "body": body})).await;
    org.unassign(TARO).await;
    org.look_again(TARO).await;
    let row = org.app.row_in(TARO, "waiting").await;
    assert_eq!(row["reason"]["code"], "okta_role_missing");
    assert_eq!(org.readyz().await["okta"]["paused"], json!([]));
    // A joiner needs no word about the leaver.
    org.joins("00uNEW", 9).await;
    let answer = org.app.put("00uNEW", json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{answer:?}");
    for person in leavers {
        if person != TARO {
            org.unassign(person).await;
        }
        org.look_again(person).await;
        org.app.row_in(person, "waiting").await;
    }
    let okta = org.readyz().await["okta"].clone();
    assert_eq!(okta["paused"][0]["code"], "okta_role_missing", "{okta:#}");
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_api_token_is_everybodys_and_an_operator_may_try_at_once() {
    let org = Org { app: crate::support::TestApp::with("[okta]\napi_token = 'sandbox'\ncatch_up = false").await };
    org.joins(TARO, 1).await;
    assert_eq!(org.app.put(TARO, json!({})).await.status, 200);
    org.okta(Method::PATCH, "access", json!({"role": "none"})).await;
    org.tell(false, TARO, LONG_AGO).await;
    assert_eq!(org.app.row_in(TARO, "waiting").await["reason"]["code"], "okta_role_missing");
    let file = org.app.folder().join("admin-secret");
    std::fs::write(&file, ADMIN).expect("the folder is ours");
    let reach = ["--url", &org.app.url, "--admin-secret-file", file.to_str().expect("UTF-8")];
    let list = run(&[&["list"], &reach[..]].concat()).await;
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    assert!(list.contains("everybody waits, okta_role_missing: Okta says"), "{list}");
    assert_eq!(list.matches("tab Admin roles").count(), 1, "once, not for each who waits: {list}");
    org.okta(Method::PATCH, "access", json!({"role": "full"})).await;
    org.look_again(TARO).await;
    org.app.row_in(TARO, "settled").await;
    org.okta(Method::POST, "api-token", json!({"action": "revoke"})).await;
    org.tell(false, TARO, "2026-05-01T00:00:00.000Z").await;
    assert_eq!(org.app.row_in(TARO, "waiting").await["reason"]["code"], "okta_unauthorized");
    org.assert_nothing_was_taken_away().await;
    org.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_that_is_slow_broken_or_limiting_is_waited_for_and_nobody_else_is() {
    let faults = [
        (json!({"kind": "status", "status": 500}), "okta_unreachable"),
        (json!({"kind": "status", "status": 404, "body": "<html>not here</html>"}), "okta_unreachable"),
        (json!({"kind": "hang", "delayMs": 3000}), "okta_unreachable"),
        (json!({"kind": "garbage"}), "okta_unreachable"),
        (json!({"kind": "empty"}), "okta_unreachable"),
        (json!({"kind": "closeBefore"}), "okta_unreachable"),
        (json!({"kind": "redirect"}), "okta_unreachable"),
        (json!({"kind": "tooManyRequests", "delayMs": 60_000}), "okta_rate_limited"),
    ];
    for (fault, cause) in faults {
        let org = Org::with_taro("").await;
        let mut all = fault.clone();
        all["operation"] = json!("okta.appUsers.get");
        org.app.fault(all).await;
        org.tell(false, TARO, "2026-05-01T00:00:00.000Z").await;
        let row = org.app.row_in(TARO, "waiting").await;
        assert_eq!(row["reason"]["code"], cause, "{fault}: {row:#}");
        let okta = org.readyz().await["okta"].clone();
        assert_eq!(okta["paused"], json!([]), "{fault}");
        assert_eq!(okta["working"], json!(cause == "okta_rate_limited"), "{fault}: {okta:#}");
        assert_eq!(org.app.put_without_waiting("00uNEW", json!({})).await.status, 202, "{fault}");
        org.app.heal().await;
        org.minutes_pass(2).await;
        let row = org.app.row_in(TARO, "settled").await;
        assert_eq!(row["membership"]["value"], "assigned", "{fault}");
        org.assert_nothing_was_taken_away().await;
        org.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_alarm_says_what_to_do_and_one_line_that_it_is_over() {
    install_crypto();
    let serving = Serving::start("[okta]\nclient_id = 'sandbox'\ncatch_up = false\n").await;
    let http = reqwest::Client::builder().build().expect("a client");
    let sandbox = serving.sandbox_url();
    let okta = |path: &str, body: Value| http.patch(format!("{sandbox}/_sandbox/okta/{path}")).json(&body);
    okta("access", json!({"role": "none"})).answer().await;
    for n in 0..5 {
        let card = http.put(format!("{}/v1/assignments/00uN{n}", serving.url)).bearer_auth("sandbox-card");
        assert_eq!(card.header("Prefer", "wait=0").json(&json!({})).answer().await.status, 202);
    }
    let paused = || async {
        let ready = http.get(format!("{}/readyz", serving.url)).answer().await.body;
        ready["okta"]["paused"].as_array().is_some_and(|paused| !paused.is_empty())
    };
    while !paused().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    okta("access", json!({"role": "full"})).answer().await;
    let retry = http.post(format!("{}/v1/assignments/00uN0/retry", serving.url)).bearer_auth("sandbox-admin");
    assert_eq!(retry.answer().await.status, 202);
    while paused().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let log = serving.stop().await;
    assert_eq!(log.matches("all work waits for Okta").count(), 1, "{log}");
    let alarm = log.lines().find(|line| line.contains("all work waits for Okta")).expect("is there");
    assert!(alarm.contains("ERROR") && alarm.contains("tab Admin roles"), "{alarm}");
    assert_eq!(log.matches("tab Admin roles").count(), 1, "it is said once: {log}");
    assert_eq!(log.matches("Okta can be asked again").count(), 1, "{log}");
}
