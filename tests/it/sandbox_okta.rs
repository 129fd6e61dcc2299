//! The fake Okta, driven over HTTP like a stranger who knows Okta's documents and nothing of our code.
//!
//! `Visitor` has the verbs: it reads answers as they come, and changes the org through the control endpoints.

mod apps;
mod hooks;
mod limits;
mod logs;
mod receiver;
mod sender;
mod signing;
mod tokens;

use std::time::Duration;

use okta_lineworks::sandbox::{OktaCredentials, Sandbox, SandboxOptions, Switches};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

const APP: &str = "0oaSANDBOX";

/// Someone who talks to a fake Okta of their own.
struct Visitor {
    sandbox: Sandbox,
    http: Client,
}

/// A client that names itself so.
fn client(user_agent: &str) -> Client {
    let client = Client::builder()
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .build();
    client.expect("a client")
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    /// The target of a `Link`, in either form of the header.
    fn link(&self, relation: &str) -> Option<String> {
        let lines = self.headers.get_all("link").iter().filter_map(|line| line.to_str().ok());
        let links: Vec<&str> = lines.flat_map(|line| line.split(", <")).collect();
        let wanted = format!("rel=\"{relation}\"");
        let link = links.into_iter().find(|link| link.ends_with(&wanted))?;
        Some(link.trim_start_matches('<').split('>').next()?.to_owned())
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The error's code, with the shape of the error checked.
    fn code(&self) -> &str {
        for part in ["errorSummary", "errorLink", "errorId"] {
            assert!(self.json[part].is_string(), "{self:?}");
        }
        assert!(self.json["errorCauses"].is_array(), "{self:?}");
        self.json["errorCode"].as_str().expect("a code")
    }
}

impl Visitor {
    async fn start() -> Self {
        Self::with(false).await
    }

    async fn with(strict: bool) -> Self {
        // Fails only when another test of this process was first, which is just as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let options =
            SandboxOptions { listen: ([127, 0, 0, 1], 0).into(), switches: Switches::default(), strict, tls: None };
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        Self { sandbox, http: client("a visitor") }
    }

    fn credentials(&self) -> &OktaCredentials {
        &self.sandbox.credentials().okta
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with("http://") { path.to_owned() } else { format!("{}{path}", self.sandbox.url()) }
    }

    /// A request as it is, without a credential.
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a text");
        Answer { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    /// A call with some `Authorization`.
    async fn call_as(&self, authorization: &str, method: Method, path: &str) -> Answer {
        self.send(self.http.request(method, self.url(path)).header("Authorization", authorization)).await
    }

    /// A read with the API token.
    async fn get(&self, path: &str) -> Answer {
        self.call_as(&format!("SSWS {}", self.credentials().api_token), Method::GET, path).await
    }

    /// A control request that must work.
    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer.json
    }

    async fn try_control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.http.request(method, self.url(&format!("/_sandbox/okta/{path}")));
        self.send(if body.is_null() { request } else { request.json(&body) }).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.control(Method::POST, path, body).await
    }

    async fn switch(&self, changes: Value) {
        self.control(Method::PATCH, "switches", changes).await;
    }

    /// A person with the app.
    async fn person(&self, id: &str) {
        let login = format!("{id}@people.example");
        let profile = json!({"firstName": format!("F{id}"), "lastName": format!("L{id}")});
        self.post("users", json!({"id": id, "login": login, "profile": profile, "assign": {}})).await;
    }

    /// The types of all events that were written, in order.
    async fn events(&self) -> Vec<String> {
        let log = self.control(Method::GET, "log", Value::Null).await;
        let events = log.as_array().expect("a list").iter();
        events.map(|event| event["eventType"].as_str().expect("a type").to_owned()).collect()
    }

    /// What the sandbox counts and was told of.
    async fn stats(&self) -> Value {
        self.control(Method::GET, "stats", Value::Null).await
    }

    /// The rules that were broken, in order.
    async fn broken(&self) -> Vec<String> {
        let stats = self.send(self.http.get(self.url("/_sandbox/stats"))).await.json;
        let violations = stats["violations"].as_array().expect("a list").iter();
        violations.map(|one| one["rule"].as_str().expect("a rule").to_owned()).collect()
    }

    async fn advance(&self, seconds: u32) {
        let body = json!({"advanceSeconds": seconds});
        self.send(self.http.post(self.url("/_sandbox/clock")).json(&body)).await;
    }

    async fn fault(&self, fault: Value) {
        let answer = self.send(self.http.post(self.url("/_sandbox/faults")).json(&fault)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
