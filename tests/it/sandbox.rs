//! The sandbox, driven over HTTP like a stranger who knows LINE WORKS' documents and nothing of our code.
//!
//! `Stranger` has the verbs: it signs its own assertions, sends raw requests, and reads answers as they come.

mod classes;
mod control;
mod domains;
mod faults;
mod group_calls;
mod limits;
mod members;
mod overlap;
mod quota;
mod scim;
mod scim_changes;
mod scim_groups;
mod scim_switches;
mod scim_token;
mod scim_way;
mod states;
mod strict;
mod switches;
mod tenant;
mod tls;
mod token;
mod units;
mod user_calls;

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// The grant type of the vendor's token page.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Someone who talks to a sandbox of their own.
struct Stranger {
    sandbox: Sandbox,
    http: Client,
    token: String,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    /// Null if the text is no JSON.
    json: Value,
}

impl Stranger {
    async fn start() -> Self {
        Self::with(Switches::default(), false).await
    }

    async fn with(switches: Switches, strict: bool) -> Self {
        let (sandbox, http) = open(switches, strict).await;
        let mut stranger = Self { sandbox, http, token: String::new() };
        stranger.token = stranger.new_token("user").await;
        stranger
    }

    /// One whose token opens the whole directory.
    async fn of_the_directory() -> Self {
        Self::of_the_directory_with(Switches::default(), false).await
    }

    async fn of_the_directory_with(switches: Switches, strict: bool) -> Self {
        let mut stranger = Self::with(switches, strict).await;
        stranger.token = stranger.new_token("directory user orgunit group").await;
        stranger
    }

    /// The number of the tenant's main domain.
    fn domain(&self) -> i64 {
        self.sandbox.credentials().domain_id
    }

    /// The tenant's second domain.
    fn second(&self) -> okta_lineworks::sandbox::SandboxDomain {
        self.sandbox.credentials().domains[1].clone()
    }

    /// Claims as the documents want them.
    fn claims(&self) -> Value {
        let credentials = self.sandbox.credentials();
        let now = unix_now();
        json!({
            "iss": credentials.client_id, "sub": credentials.service_account,
            "iat": now - 60, "exp": now + 1800,
        })
    }

    fn sign(&self, claims: &Value) -> String {
        let pem = &self.sandbox.credentials().private_key;
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("the sandbox's PEM is a key");
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key).expect("it signs")
    }

    /// A form that is in order.
    fn form(&self, scope: &str) -> Vec<(&'static str, String)> {
        let credentials = self.sandbox.credentials();
        vec![
            ("assertion", self.sign(&self.claims())),
            ("grant_type", GRANT_TYPE.to_owned()),
            ("client_id", credentials.client_id.clone()),
            ("client_secret", credentials.client_secret.clone()),
            ("scope", scope.to_owned()),
        ]
    }

    /// A form with one field changed.
    fn form_with(&self, name: &str, value: &str) -> Vec<(&'static str, String)> {
        let mut form = self.form("user");
        for field in &mut form {
            if field.0 == name {
                field.1 = value.to_owned();
            }
        }
        form
    }

    async fn ask_token(&self, form: &[(&'static str, String)]) -> Answer {
        let url = format!("{}/oauth2/v2.0/token", self.sandbox.url());
        let request = self.http.post(url).form(form);
        Answer::read(request.send().await.expect("an answer")).await
    }

    async fn new_token(&self, scope: &str) -> String {
        let answer = self.ask_token(&self.form(scope)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["access_token"].as_str().expect("a token").to_owned()
    }

    /// A request with the token, not yet sent.
    fn request(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::RequestBuilder {
        let url = format!("{}/v1.0{path}", self.sandbox.url());
        let request = self.http.request(method, url).bearer_auth(&self.token);
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let response = self.request(method, path, body).send().await;
        Answer::read(response.expect("an answer")).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// `POST` of an action that has no body.
    async fn act(&self, member: &str, action: &str) -> Answer {
        self.call(Method::POST, &format!("/users/{member}/{action}"), None).await
    }

    /// A member's body that meets every rule.
    fn person(&self, name: &str) -> Value {
        let credentials = self.sandbox.credentials();
        json!({
            "domainId": credentials.domain_id,
            "email": format!("{name}@{}", credentials.domain),
            "userExternalKey": format!("key-{name}"),
            "userName": { "lastName": "Tester", "firstName": name },
        })
    }

    /// Creates a member and answers with its id.
    async fn create(&self, name: &str) -> String {
        let answer = self.post("/users", self.person(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json["userId"].as_str().expect("an id").to_owned()
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Changes switches.
    async fn switch(&self, changes: Value) {
        let answer = self.control(Method::PATCH, "switches", changes).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Sets a fault.
    async fn fault(&self, fault: Value) {
        let answer = self.control(Method::POST, "faults", fault).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Lets time pass.
    async fn pass(&self, seconds: u64) {
        let body = json!({ "advanceSeconds": seconds });
        assert_eq!(self.control(Method::POST, "clock", body).await.status, 200);
    }

    async fn stats(&self) -> Value {
        self.control(Method::GET, "stats", Value::Null).await.json
    }

    async fn journal(&self) -> Vec<Value> {
        let answer = self.control(Method::GET, "journal", Value::Null).await;
        answer.json.as_array().expect("a list").clone()
    }

    /// The rules that were broken, in order.
    async fn violations(&self) -> Vec<String> {
        let stats = self.stats().await;
        let list = stats["violations"].as_array().expect("a list");
        let rules = list.iter().map(|one| one["rule"].as_str().expect("a rule").to_owned());
        rules.collect()
    }
}

impl Answer {
    async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("a whole body");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, json }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts a refusal in LINE WORKS' shape.
    fn is_refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json["code"], code, "{}", self.text);
        assert!(self.json["description"].is_string(), "{}", self.text);
        self
    }

    fn is_ok(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status.as_u16(), "{}", self.text);
        self
    }
}

async fn open(switches: Switches, strict: bool) -> (Sandbox, Client) {
    // Fails only when another test of this process was first, which is just as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = SandboxOptions { listen: ([127, 0, 0, 1], 0).into(), switches, strict, tls: None };
    let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
    let http = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .build()
        .expect("a client");
    (sandbox, http)
}

fn unix_now() -> u64 {
    let now = okta_lineworks::clock::Clock::system().now();
    u64::try_from(now.as_second()).expect("it is after 1970")
}
