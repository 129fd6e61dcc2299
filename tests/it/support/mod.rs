//! The verbs of the tests: start the real service and the real sandbox on free ports, and talk to both over HTTP.
//!
//! `TestApp::start` builds the very same `App` as the program does, with a ledger of its own in a temporary folder.
//! `finish` stops it softly and fails the test when the sandbox counted a violation or a call was cut off.

#![allow(dead_code, reason = "each test file uses the verbs it needs")]

pub mod ahead;
pub mod cluster;
pub mod door;
pub mod life;
pub mod postgres;
pub mod process;

use std::sync::{Arc, Once};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use okta_lineworks::app::{App, Purpose};
use okta_lineworks::cli::stand_ins;
use okta_lineworks::clock::Clock;
use okta_lineworks::config::{self, Sources};
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use okta_lineworks::shutdown::{Ended, Shutdown};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub mod program;
pub mod raw;
pub mod weather;
pub mod workflows;

pub const CARD: &str = "sandbox-card";
pub const SIGNING: &str = "sandbox-signing";
pub const HOOK: &str = "sandbox-hook";
pub const ADMIN: &str = "sandbox-admin";
pub const APP_ID: &str = "0oaSANDBOX";

/// Waits that make a test quick: short calls and short backoff.
const QUICK: &str = r#"
[lineworks]
call_timeout = "700ms"
[converge]
retry_first = "100ms"
retry_longest = "400ms"
"#;

/// One provider of cryptography for the whole test process.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another test of this process may have installed it; there is only this one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// A running service with a sandbox beside it.
pub struct TestApp {
    pub url: String,
    pub sandbox_url: String,
    pub clock: Clock,
    pub http: reqwest::Client,
    sandbox: Option<Arc<Sandbox>>,
    folder: TempDir,
    database: Option<Arc<postgres::Database>>,
    settings: String,
    shutdown: Shutdown,
    running: Option<JoinHandle<Ended>>,
    /// Where the next start begins in Okta's System Log (`serve --since`).
    pub since: Option<jiff::Timestamp>,
}

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl TestApp {
    /// The service as `serve --sandbox` runs it, with short waits.
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// The same with settings (TOML) laid over it. Sections of `QUICK` given here replace the quick ones; `{sandbox}` in
    /// them stands for the sandbox's URL, `{folder}` for the folder of the test, with a file `scim-token` in it.
    pub async fn with(settings: &str) -> Self {
        Self::on(None, settings).await
    }

    /// The same with its ledger in a PostgreSQL database of its own.
    pub async fn on_postgres(settings: &str) -> Self {
        Self::on(Some(Arc::new(postgres::Database::new())), settings).await
    }

    /// As many replicas as are asked for, on one PostgreSQL database and before one sandbox, with one clock.
    pub async fn fleet<const N: usize>(settings: &str) -> [Self; N] {
        let first = Self::on_postgres(settings).await;
        let mut fleet = Vec::new();
        for _ in 1..N {
            fleet.push(first.sibling().await);
        }
        fleet.insert(0, first);
        fleet.try_into().unwrap_or_else(|_| unreachable!("so many were made"))
    }

    /// One more replica of this one, with a folder of its own.
    pub async fn sibling(&self) -> Self {
        let mut sibling = Self {
            url: String::new(),
            sandbox_url: self.sandbox_url.clone(),
            clock: self.clock.clone(),
            http: self.http.clone(),
            sandbox: self.sandbox.clone(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: self.database.clone(),
            settings: self.settings.clone(),
            shutdown: Shutdown::default(),
            running: None,
            since: None,
        };
        sibling.boot().await;
        sibling
    }

    /// The database of the ledger, where it is one.
    pub fn database(&self) -> &postgres::Database {
        self.database.as_ref().expect("the ledger is in PostgreSQL")
    }

    async fn on(database: Option<Arc<postgres::Database>>, settings: &str) -> Self {
        install_crypto();
        let options = SandboxOptions {
            listen: "127.0.0.1:0".parse().expect("an address"),
            switches: Switches::default(),
            strict: false,
            tls: None,
        };
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut app = Self {
            url: String::new(),
            sandbox_url: sandbox.url().to_owned(),
            clock: Clock::system(),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(40))
                // The servers give an idle connection up after 5 seconds; one that is just being closed is not used again.
                .pool_idle_timeout(Duration::from_secs(2))
                .build()
                .expect("a client"),
            sandbox: Some(Arc::new(sandbox)),
            folder,
            database,
            settings: merge(QUICK, settings),
            shutdown: Shutdown::default(),
            running: None,
            since: None,
        };
        app.boot().await;
        app
    }

    /// The same, and `00uTARO` has the app and is a member.
    pub async fn with_taro(settings: &str) -> Self {
        let app = Self::with(settings).await;
        assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
        app
    }

    async fn boot(&mut self) {
        let sandbox = self.sandbox.as_ref().expect("runs until the end");
        let file = self.folder.path().join("okta-lineworks.toml");
        let settings = self
            .settings
            .replace("{sandbox}", sandbox.url())
            .replace("{okta_api_token}", &sandbox.credentials().okta.api_token);
        let settings = settings.replace("{folder}", &self.folder.path().display().to_string());
        std::fs::write(self.scim_token_file(), &sandbox.credentials().scim_token).expect("the folder is ours");
        std::fs::write(&file, settings).expect("the folder is ours");
        let file_ledger = || format!("sqlite:{}", self.folder.path().join("ledger.db").display());
        let ledger = self.database.as_ref().map_or_else(file_ledger, |database| database.url());
        let loaded = config::load(&Sources {
            file: Some(file),
            env: Vec::new(),
            overrides: vec![("server.listen", "127.0.0.1:0".to_owned()), ("ledger.url", ledger)],
            sandbox: Some(stand_ins(sandbox.url(), sandbox.credentials())),
        })
        .expect("the test's settings are right");
        let app = App::build(&loaded.config, Purpose::Rehearsal, self.clock.clone()).await.expect("builds");
        let app = if let Some(since) = self.since { app.since(since) } else { app };
        self.url = format!("http://{}", app.address());
        self.shutdown = Shutdown::default();
        let shutdown = self.shutdown.clone();
        self.running = Some(tokio::spawn(async move { app.run_until(&shutdown).await }));
    }

    /// Stops the service softly and says how it ended; the sandbox goes on.
    pub async fn stop(&mut self) -> Ended {
        self.shutdown.soft.cancel();
        let running = self.running.take().expect("is running");
        tokio::time::timeout(Duration::from_secs(40), running).await.expect("stops in time").expect("no panic")
    }

    /// Starts the service again after `stop`, on the same ledger.
    pub async fn start_again(&mut self) {
        self.boot().await;
    }

    /// The settings of the next start.
    pub fn set(&mut self, settings: &str) {
        self.settings = merge(QUICK, settings);
    }

    /// Stops and starts the service on the same ledger.
    pub async fn restart(&mut self) {
        assert_eq!(self.stop().await, Ended::Finished);
        self.boot().await;
    }

    /// Stops and starts the service on the same ledger with these settings instead.
    pub async fn restart_with(&mut self, settings: &str) {
        self.settings = merge(QUICK, settings);
        self.restart().await;
    }

    /// Ends the test: the service stops softly, and nobody broke a rule of LINE WORKS.
    pub async fn finish(mut self) {
        let stats = self.stats().await;
        if self.running.is_some() {
            assert_eq!(self.stop().await, Ended::Finished);
        }
        if let Some(sandbox) = self.sandbox.take().and_then(Arc::into_inner) {
            sandbox.stop().await;
        }
        assert_eq!(stats["violationCount"], 0, "violations: {:#}", stats["violations"]);
    }

    /// The folder of the ledger and the configuration.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The file with the SCIM token of the sandbox's start.
    pub fn scim_token_file(&self) -> std::path::PathBuf {
        self.folder.path().join("scim-token")
    }

    /// Issues a new SCIM token in the Developer Console; the old one is dead from now on.
    pub async fn issue_scim_token(&self) -> String {
        let answer = self.sandbox("scim-token", json!({"action": "issue"})).await;
        answer.body["scimToken"].as_str().expect("a token").to_owned()
    }

    /// `/readyz`, as far as it is about LINE WORKS, once it satisfies the condition; fails after 20 seconds.
    pub async fn lineworks_when(&self, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let status = self.request(Method::GET, "/readyz").answer().await.body["lineworks"].clone();
            if condition(&status) {
                return status;
            }
            assert!(tokio::time::Instant::now() < deadline, "still not so after 20 s: {status:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Moves the service's and the sandbox's clock ahead.
    pub async fn advance(&self, by: Duration) {
        let answer = self.sandbox("clock", json!({"advanceSeconds": by.as_secs()})).await;
        assert!(answer.status.is_success(), "{answer:?}");
        self.clock.advance(jiff::SignedDuration::try_from(by).expect("in range"));
    }

    // --- the card's door -----------------------------------------------------------------------------------------

    /// `PUT` with a profile, as a card does it.
    pub async fn assign(&self, person: &str, user: Value) -> Answer {
        self.put(person, json!({ "user": user })).await
    }

    /// `PUT` with this body, bearer secret.
    pub async fn put(&self, person: &str, body: Value) -> Answer {
        self.card(Method::PUT, person).json(&body).answer().await
    }

    /// `PUT` that does not wait for the outcome.
    pub async fn put_without_waiting(&self, person: &str, body: Value) -> Answer {
        self.card(Method::PUT, person).header("Prefer", "wait=0").json(&body).answer().await
    }

    /// `DELETE` with this query (without the question mark; may be empty).
    pub async fn unassign(&self, person: &str, query: &str) -> Answer {
        self.card(Method::DELETE, &format!("{person}?{query}")).answer().await
    }

    /// A card's request with the bearer secret.
    pub fn card(&self, method: Method, person_and_query: &str) -> RequestBuilder {
        let address = format!("{}/v1/assignments/{person_and_query}", self.url);
        self.http.request(method, address).bearer_auth(CARD)
    }

    /// A signed card request over exactly these bytes; `seconds_off` moves the timestamp.
    pub fn signed(&self, method: Method, target: &str, body: &str, seconds_off: i64) -> RequestBuilder {
        let made = self.clock.now() + jiff::SignedDuration::from_secs(seconds_off);
        let timestamp = made.to_string();
        let signature = sign(SIGNING, &timestamp, method.as_str(), target, body);
        self.http
            .request(method, format!("{}{target}", self.url))
            .header("X-Timestamp", timestamp)
            .header("X-Signature", signature)
            .body(body.to_owned())
    }

    // --- the hook's door -----------------------------------------------------------------------------------------

    /// Delivers events as Okta does.
    pub async fn deliver(&self, events: Vec<Value>) -> Answer {
        let body = delivery(events);
        self.hook(Method::POST).json(&body).answer().await
    }

    /// A request at the hook's door with the hook's secret.
    pub fn hook(&self, method: Method) -> RequestBuilder {
        self.request(method, "/v1/okta/events").header("Authorization", HOOK)
    }

    /// A request that shows no secret.
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{target}", self.url))
    }

    // --- the operator's door -------------------------------------------------------------------------------------

    /// One person's row with the history.
    pub async fn row(&self, person: &str) -> Value {
        let answer = self.admin(Method::GET, &format!("/v1/assignments/{person}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// What happened to a person, newest first.
    pub async fn events(&self, person: &str) -> Vec<Value> {
        self.row(person).await["history"]["events"].as_array().expect("a history").clone()
    }

    /// An operator's request.
    pub async fn admin(&self, method: Method, target: &str) -> Answer {
        self.http.request(method, format!("{}{target}", self.url)).bearer_auth(ADMIN).answer().await
    }

    /// Reads the row until it exists and satisfies the condition; fails with the last answer after 20 seconds.
    pub async fn row_when(&self, person: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.admin(Method::GET, &format!("/v1/assignments/{person}")).await;
            if answer.status == 200 && condition(&answer.body) {
                return answer.body;
            }
            assert!(tokio::time::Instant::now() < deadline, "still not so after 20 s: {:#}", answer.body);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The row once its state is this one and no event is left to apply.
    pub async fn row_in(&self, person: &str, state: &str) -> Value {
        self.row_when(person, |row| row["state"] == state).await
    }

    // --- LINE WORKS ----------------------------------------------------------------------------------------------

    /// The member with this e-mail or external key, as LINE WORKS has it.
    pub async fn member(&self, email_or_key: &str) -> Option<Value> {
        let members = self.members().await;
        members.into_iter().find(|it| it["email"] == email_or_key || it["userExternalKey"] == email_or_key)
    }

    /// Reads the member until it satisfies the condition; fails after 20 seconds.
    pub async fn member_when(&self, email_or_key: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let member = self.member(email_or_key).await;
            if let Some(member) = member.as_ref().filter(|member| condition(member)) {
                return member.clone();
            }
            assert!(tokio::time::Instant::now() < deadline, "still not so after 20 s: {member:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Adds a member as an administrator would by hand.
    pub async fn seed(&self, member: Value) {
        let answer = self.sandbox("members", member).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    /// Every member LINE WORKS has.
    pub async fn members(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sandbox/members", self.sandbox_url)).answer().await;
        match answer.body {
            Value::Array(members) => members,
            Value::Object(mut body) => match body.remove("members") {
                Some(Value::Array(members)) => members,
                other => panic!("no members: {other:?}"),
            },
            other => panic!("no members: {other}"),
        }
    }

    /// What LINE WORKS has under this name of the sandbox's control endpoint, as a list.
    pub async fn listed(&self, what: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sandbox/{what}", self.sandbox_url)).answer().await;
        answer.body[what].as_array().cloned().unwrap_or_else(|| panic!("no {what}: {}", answer.text))
    }

    /// The names of the groups a member is in, in alphabetical order.
    pub async fn groups_of(&self, email_or_key: &str) -> Vec<String> {
        let member = self.member(email_or_key).await.expect("the member exists");
        let is_in = |group: &Value| {
            let members = group["members"].as_array().into_iter().flatten();
            members.into_iter().any(|it| it["id"] == member["userId"])
        };
        let groups = self.listed("groups").await;
        let mut names: Vec<String> = groups
            .iter()
            .filter(|group| is_in(group))
            .map(|it| it["name"].as_str().expect("a name").to_owned())
            .collect();
        names.sort();
        names
    }

    /// The id of the tenant's second domain, `sub.sandbox.example`.
    pub async fn second_domain(&self) -> i64 {
        let answer = self.http.get(format!("{}/_sandbox/credentials", self.sandbox_url)).answer().await;
        answer.body["domains"][1]["id"].as_i64().expect("there are two")
    }

    /// Makes a group or a place (org unit, level, …) by hand.
    pub async fn make(&self, what: &str, made: Value) {
        let answer = self.sandbox(what, made).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    /// What the sandbox counted.
    pub async fn stats(&self) -> Value {
        self.http.get(format!("{}/_sandbox/stats", self.sandbox_url)).answer().await.body
    }

    /// How often the sandbox was asked for an access token.
    pub async fn token_requests(&self) -> u64 {
        self.stats().await["tokenRequests"].as_u64().expect("a count")
    }

    /// Says something to the sandbox's control endpoint (POST).
    pub async fn sandbox(&self, what: &str, body: Value) -> Answer {
        self.http.post(format!("{}/_sandbox/{what}", self.sandbox_url)).json(&body).answer().await
    }

    /// Lets LINE WORKS fail, see the sandbox's faults.
    pub async fn fault(&self, fault: Value) {
        let answer = self.sandbox("faults", fault).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    /// LINE WORKS fails no more.
    pub async fn heal(&self) {
        let answer = self.http.delete(format!("{}/_sandbox/faults", self.sandbox_url)).answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    /// Changes how the sandbox behaves.
    pub async fn switch(&self, switches: Value) {
        let request = self.http.patch(format!("{}/_sandbox/switches", self.sandbox_url)).json(&switches);
        let answer = request.answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    /// Changes a member as an administrator would by hand.
    pub async fn by_hand(&self, email: &str, change: Value) {
        let request = self.http.patch(format!("{}/_sandbox/members/{email}", self.sandbox_url)).json(&change);
        let answer = request.answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.soft.cancel();
        self.shutdown.hard.cancel();
    }
}

impl Answer {
    /// Checks that this is a problem a person can act on, with this status and code, and gives its body.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> &Value {
        assert_eq!((self.status.as_u16(), &self.body["code"]), (status, &json!(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        for text in ["type", "title", "detail", "titleJa", "detailJa", "requestId"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {}", self.text);
        }
        &self.body
    }

    /// The fields a problem names, each with the code of its fault.
    pub fn faults(&self) -> Vec<(&str, &str)> {
        let faults = self.body["errors"].as_array().into_iter().flatten();
        faults.map(|it| (it["field"].as_str().expect("a name"), it["code"].as_str().expect("a code"))).collect()
    }
}

/// Reads an answer to its end.
pub trait ReadAnswer {
    fn answer(self) -> impl Future<Output = Answer>;
}

impl ReadAnswer for RequestBuilder {
    async fn answer(self) -> Answer {
        let response = self.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a whole body");
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

/// The signature of a request: `v1=` and the HMAC-SHA256 in hex.
pub fn sign(secret: &str, timestamp: &str, method: &str, target: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{timestamp} {method} {target} {body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}

/// A person's profile; `n` makes people differ.
pub fn user(n: u32) -> Value {
    json!({
        "email": format!("person{n}@sandbox.example"),
        "userName": {"lastName": "山田", "firstName": format!("太郎{n}")},
    })
}

/// An event hook delivery.
pub fn delivery(events: Vec<Value>) -> Value {
    json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": "https://example.okta.com/api/v1/eventHooks/who1", "eventId": uuid::Uuid::new_v4().to_string(),
        "data": {"events": events}, "eventTime": "2026-04-01T00:00:00.000Z", "contentType": "application/json",
    })
}

/// A membership event as Okta's hook carries it; `added` or removed, `occurred` in ISO 8601.
pub fn membership(added: bool, person: &str, email: &str, key: &str, occurred: &str) -> Value {
    let kind = if added { "add" } else { "remove" };
    json!({
        "uuid": key, "published": occurred, "eventType": format!("application.user_membership.{kind}"),
        "version": "0", "severity": "INFO", "displayMessage": "whatever", "actor": {"id": "00uADMIN", "type": "User"},
        "outcome": {"result": "SUCCESS", "reason": null}, "debugContext": null,
        "target": [
            {"id": "0uaX", "type": "AppUser", "alternateId": email, "displayName": "佐藤 花子", "detailEntry": null},
            {"id": APP_ID, "type": "AppInstance", "alternateId": "LINE WORKS", "displayName": "LINE WORKS"},
            {"id": person, "type": "User", "alternateId": email, "displayName": "佐藤 花子", "detailEntry": null},
        ],
    })
}

/// Lays the sections of `over` on those of `under`, key by key.
fn merge(under: &str, over: &str) -> String {
    let mut merged: toml::Table = under.parse().expect("valid TOML");
    for (section, keys) in over.parse::<toml::Table>().expect("valid TOML") {
        match (merged.get_mut(&section), keys) {
            (Some(toml::Value::Table(known)), toml::Value::Table(keys)) => known.extend(keys),
            (_, keys) => {
                merged.insert(section, keys);
            }
        }
    }
    toml::to_string(&merged).expect("a table is TOML")
}
