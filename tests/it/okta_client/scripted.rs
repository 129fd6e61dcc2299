//! A scripted Okta for what the fake one never says: nonces from the API, statuses without words, slow token endpoints.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use okta_lineworks::domain::outcome::Cause;
use serde_json::{Value, json};

use super::{APP, Org, after, cause, detail, id};

/// One answer of the script: status, headers, body.
type Scripted = (u16, Vec<(&'static str, &'static str)>, String);

#[derive(Default)]
struct Script {
    answers: VecDeque<Scripted>,
    /// `Authorization` and `DPoP` of each request to the API.
    seen: Vec<(String, Option<String>)>,
    tokens: u32,
}

/// It grants DPoP tokens, or bearer tokens to those who send no proof.
struct Okta {
    url: String,
    script: Arc<Mutex<Script>>,
}

impl Okta {
    async fn start(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let script = Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), ..Script::default() }));
        let shared = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/oauth2/v1/token", web::post().to(token))
                .default_service(web::to(api))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, script }
    }

    fn seen(&self) -> Vec<(String, Option<String>)> {
        self.script.lock().expect("unpoisoned").seen.clone()
    }
}

async fn token(script: web::Data<Mutex<Script>>, request: HttpRequest) -> HttpResponse {
    let mut script = script.lock().expect("unpoisoned");
    if request.headers().get("dpop").is_none() {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_dpop_proof"}));
    }
    script.tokens += 1;
    let token = format!("token-{}", script.tokens);
    HttpResponse::Ok().json(json!({"access_token": token, "token_type": "DPoP", "expires_in": 3600}))
}

async fn api(script: web::Data<Mutex<Script>>, request: HttpRequest) -> HttpResponse {
    let mut script = script.lock().expect("unpoisoned");
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    script.seen.push((header("authorization").unwrap_or_default(), header("dpop")));
    let (status, headers, body) = script.answers.pop_front().unwrap_or_else(|| (200, Vec::new(), app()));
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    for pair in headers {
        answer.append_header(pair);
    }
    answer.body(body)
}

fn app() -> String {
    json!({"id": APP, "status": "ACTIVE", "label": "LINE WORKS"}).to_string()
}

fn error(code: &str) -> String {
    json!({"errorCode": code, "errorSummary": "x", "errorId": "oae1"}).to_string()
}

/// The claims of a proof; the fake Okta checks signatures.
fn claims(proof: Option<&String>) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = proof.and_then(|proof| proof.split('.').nth(1)).expect("a proof");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_nonce_the_api_asks_for_is_in_every_proof_from_then_on() {
    let org = Org::start().await;
    let asks = ("www-authenticate", "DPoP error=\"use_dpop_nonce\"");
    let okta = Okta::start([(401, vec![asks, ("dpop-nonce", "n-1")], error("E0000011"))]).await;
    let client = org.client_of(&okta.url, org.service_app(), Duration::from_secs(5));
    client.app().await.expect("read");
    client.app().await.expect("read");
    let seen = okta.seen();
    assert!(seen.iter().all(|(authorization, _)| authorization == "DPoP token-1"), "the token is not at fault");
    let nonces: Vec<_> = seen.iter().map(|(_, proof)| claims(proof.as_ref())["nonce"].clone()).collect();
    assert_eq!(nonces, [Value::Null, json!("n-1"), json!("n-1")]);
}

#[tokio::test]
async fn a_401_that_always_has_a_nonce_ends_in_another_token_and_then_in_a_refusal() {
    let org = Org::start().await;
    let refused = || (401, vec![("dpop-nonce", "n")], error("E0000011"));
    let okta = Okta::start((0..8).map(|_| refused())).await;
    let client = org.client_of(&okta.url, org.service_app(), Duration::from_secs(5));
    assert_eq!(cause(&client.app().await.expect_err("refused")), Cause::OktaUnauthorized);
    let tokens: Vec<_> = okta.seen().into_iter().map(|(authorization, _)| authorization).collect();
    assert_eq!(tokens, ["DPoP token-1", "DPoP token-1", "DPoP token-2"]);
}

#[tokio::test]
async fn a_missing_scope_shows_in_the_header_alone_and_without_any_words_too() {
    let org = Org::start().await;
    let header = ("www-authenticate", "DPoP error=\"insufficient_scope\", scope=\"okta.apps.read\"");
    let okta = Okta::start([(403, vec![header], String::new()), (403, vec![], error("E0000005"))]).await;
    let client = org.client_of(&okta.url, org.service_app(), Duration::from_secs(5));
    let missing = client.app().await.expect_err("refused");
    assert_eq!(cause(&missing), Cause::OktaScopeMissing);
    assert!(detail(&missing).contains("okta.apps.read"), "{missing}");
    let role = client.app().await.expect_err("refused");
    assert_eq!(cause(&role), Cause::OktaRoleMissing, "the granted scopes are not known here");
    assert!(okta.seen()[1].0.ends_with("token-2"), "another token, which may have the scope");
}

#[tokio::test]
async fn what_a_503_and_a_429_ask_for_is_passed_on() {
    let org = Org::start().await;
    let okta = Okta::start([
        (503, vec![("retry-after", "17")], error("E0000010")),
        (429, vec![("retry-after", "90")], String::new()),
    ])
    .await;
    let client = org.client_of(&okta.url, org.service_app(), Duration::from_secs(5));
    assert_eq!(after(&client.app().await.expect_err("down")), Some(Duration::from_secs(17)));
    let limited = client.app().await.expect_err("limited");
    assert_eq!(cause(&limited), Cause::OktaRateLimited);
    assert!(after(&limited).is_some_and(|wait| wait >= Duration::from_secs(90)), "{limited:?}");
}

#[tokio::test]
async fn a_page_with_an_entry_that_is_not_understood_is_no_page() {
    let org = Org::start().await;
    let page = json!([{"id": "00u1", "status": "ACTIVE"}, {"status": "ACTIVE"}]).to_string();
    let okta =
        Okta::start([(200, vec![], page), (200, vec![], json!({"id": "0oaOTHER", "status": "ACTIVE"}).to_string())])
            .await;
    let client = org.client_of(&okta.url, org.service_app(), Duration::from_secs(5));
    assert_eq!(cause(&client.app_users(None).await.expect_err("nonsense")), Cause::OktaUnreachable);
    assert_eq!(cause(&client.app().await.expect_err("another app")), Cause::OktaUnreachable);
    let nobody = client.app_user(&id("00u1")).await.expect_err("that is the app");
    assert_eq!(cause(&nobody), Cause::OktaUnreachable);
}
