//! Promise 9: no secret and no personal data in the log, shown on the real program's own output.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::process::Site;
use crate::support::program::Serving;
use crate::support::{ReadAnswer, install_crypto, membership, sign};

const CARD: &str = "marker-card-secret";
const SIGNING: &str = "marker-signing-secret";
const HOOK: &str = "marker-hook-secret";
const ADMIN: &str = "marker-admin-secret";

/// Secrets that are nowhere else, and everything this crate says, down to the last detail.
const TALKATIVE: &str = r#"
[inbound]
card_secrets = [{ name = "a", value = "marker-card-secret" }]
signing_secrets = [{ name = "b", value = "marker-signing-secret" }]
hook_secrets = [{ name = "c", value = "marker-hook-secret" }]
admin_secrets = [{ name = "d", value = "marker-admin-secret" }]
[broker]
secrets = [{ name = "e", value = "marker-broker-secret" }]
scope = "user.read"
[log]
filter = "info,okta_lineworks=trace"
"#;
/// What must never be seen; each is in what the calls below carry.
const MARKERS: [&str; 11] = [
    "marker-broker-secret",
    "markermail",
    "標山",
    "標子",
    "markername",
    "markerphone",
    CARD,
    SIGNING,
    HOOK,
    ADMIN,
    "wrong-secret",
];

fn caller(serving: &Serving, method: Method, target: &str) -> RequestBuilder {
    install_crypto();
    let client = Client::builder().build().expect("a client");
    client.request(method, format!("{}{target}", serving.url))
}

fn marked() -> Value {
    json!({
        "email": "markermail@sandbox.example", "userName": {"lastName": "標山", "firstName": "標子"},
        "nickName": "markername",
    })
}

#[track_caller]
fn assert_clean(log: &str) {
    for marker in MARKERS {
        assert!(!log.contains(marker), "{marker} is in the log:\n{log}");
    }
    for token in ["eyJ", "Bearer ", "PRIVATE KEY"] {
        assert!(!log.contains(token), "{token} is in the log:\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_leaves_one_line_and_nothing_of_itself() {
    let serving = Serving::start(TALKATIVE).await;
    let body = json!({ "user": marked() });
    for target in ["/v1/assignments/00uA", "/v1/assignments/markermail@sandbox.example", "/v1/okta/events"] {
        let method = if target.ends_with("events") { Method::POST } else { Method::PUT };
        let call = caller(&serving, method, &format!("{target}?eventId=markername")).bearer_auth("wrong-secret");
        call.json(&body).answer().await.problem(401, "unauthorized");
    }
    let list = caller(&serving, Method::GET, "/v1/assignments?q=markermail").bearer_auth("wrong-secret");
    list.answer().await.problem(401, "unauthorized");
    let log = serving.stop().await;
    assert_clean(&log);
    assert_eq!(log.matches("a caller was refused").count(), 4, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_comes_and_goes_without_a_word_about_the_person() {
    let serving = Serving::start(TALKATIVE).await;
    let card = |method, target: &str| caller(&serving, method, target).bearer_auth(CARD);
    let answer = card(Method::PUT, "/v1/assignments/00uA").json(&json!({ "user": marked() })).answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let added = membership(true, "00uB", "markermail2@sandbox.example", "e-1", "2026-04-01T00:00:00.000Z");
    let hook = caller(&serving, Method::POST, "/v1/okta/events").header("Authorization", HOOK);
    assert_eq!(hook.json(&json!({"data": {"events": [added]}})).answer().await.status, 204);
    let list = caller(&serving, Method::GET, "/v1/assignments?q=markermail").bearer_auth(ADMIN).answer().await;
    assert_eq!(list.body["assignments"].as_array().map(Vec::len), Some(2), "both were stored: {list:?}");
    let answer = card(Method::DELETE, "/v1/assignments/00uA").answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let log = serving.stop().await;
    assert_clean(&log);
    assert!(log.contains(r#""okta_user_id":"00uA""#) && log.contains("called LINE WORKS"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_handed_out_leaves_the_name_of_the_secret_and_no_more() {
    let serving = Serving::start(TALKATIVE).await;
    let ask = caller(&serving, Method::POST, "/v1/lineworks/token").bearer_auth("marker-broker-secret");
    let answer = ask.answer().await;
    let token = answer.body["accessToken"].as_str().expect("a token").to_owned();
    let log = serving.stop().await;
    assert_clean(&log);
    assert!(log.contains("an access token was handed out") && !log.contains(&token), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_profile_and_a_broken_body_stay_out_of_the_log() {
    let serving = Serving::start(TALKATIVE).await;
    let put = |body: String| caller(&serving, Method::PUT, "/v1/assignments/00uA").bearer_auth(CARD).body(body);
    let mut user = marked();
    user["telephone"] = "markerphone".into();
    user["markername2"] = true.into();
    put(json!({ "user": user }).to_string()).answer().await.problem(422, "profile_refused");
    put(r#"{"user": {"email": "markermail"#.to_owned()).answer().await.problem(400, "malformed_json");
    let timestamp = "2020-01-01T00:00:00Z";
    let signature = sign(SIGNING, timestamp, "GET", "/v1/assignments/00uA", "");
    let old = caller(&serving, Method::GET, "/v1/assignments/00uA").header("X-Timestamp", timestamp);
    old.header("X-Signature", &signature).answer().await.problem(401, "signature_expired");
    let log = serving.stop().await;
    assert_clean(&log);
    assert!(!log.contains(&signature[3..]), "{log}");
}

/// The usual settings of a site with SCIM alone, and everything this crate says.
const SCIM: &str = "[unassign]\npolicy = 'suspend'\n[log]\nfilter = 'info,okta_lineworks=trace'";

#[tokio::test(flavor = "multi_thread")]
async fn the_scim_token_and_whom_it_is_used_for_stay_out_of_the_log() {
    let site = Site::new().await;
    let token = site.scim_token();
    site.configure_scim_alone(&token, SCIM);
    let program = site.start().await;
    let put = site.card(&program, Method::PUT, "00uA").json(&json!({ "user": marked() })).answer().await;
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(site.card(&program, Method::DELETE, "00uA").answer().await.status, 200);
    assert_eq!(program.stop().await, Some(0));
    let log = std::fs::read_to_string(site.folder().join("log-0")).expect("was written");
    assert_clean(&log);
    assert!(log.contains("called LINE WORKS") && !log.contains(&token), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_scim_token_is_one_error_without_the_token() {
    let site = Site::new().await;
    site.configure_scim_alone("marker-scim-token", SCIM);
    let program = site.start().await;
    for person in ["00uA", "00uB"] {
        let call = site.card(&program, Method::PUT, person).header("Prefer", "wait=1");
        assert_eq!(call.json(&json!({ "user": marked() })).answer().await.status, 202);
    }
    assert_eq!(program.stop().await, Some(0));
    let log = std::fs::read_to_string(site.folder().join("log-0")).expect("was written");
    assert_clean(&log);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(r#""level":"ERROR""#)).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("does not accept the SCIM token") && lines[0].contains("Developer Console"), "{log}");
    assert!(!log.contains("marker-scim-token"), "{log}");
}
