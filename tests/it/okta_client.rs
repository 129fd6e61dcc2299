//! The Okta client against the fake Okta, over real HTTP; and against a scripted one for what the fake never says.

mod access;
mod commands;
mod dpop;
mod limits;
mod reading;
mod scripted;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use okta_lineworks::clock::Clock;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::lineworks::http_client;
use okta_lineworks::metrics::{Metrics, Snapshot};
use okta_lineworks::okta::client::{Access, Given, OktaClient, OktaError, OktaSettings};
use okta_lineworks::sandbox::{OktaCredentials, Sandbox, SandboxOptions, Switches};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::install_crypto;

const APP: &str = "0oaSANDBOX";
const SCOPES: &str = "okta.apps.read okta.users.read okta.logs.read";

/// A fake org, and what a client of it is made from.
struct Org {
    sandbox: Sandbox,
    http: reqwest::Client,
    clock: Clock,
    metrics: Arc<Metrics>,
    folder: TempDir,
}

impl Org {
    async fn start() -> Self {
        install_crypto();
        let options = SandboxOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            switches: Switches::default(),
            strict: true,
            tls: None,
        };
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let folder = tempfile::tempdir().expect("a folder");
        Self { sandbox, http, clock: Clock::system(), metrics: Arc::default(), folder }
    }

    /// With two people who have the app.
    async fn with_people() -> Self {
        let org = Self::start().await;
        for id in ["00u1", "00u2"] {
            org.person(id, &format!("{id}@people.example")).await;
        }
        org
    }

    fn credentials(&self) -> &OktaCredentials {
        &self.sandbox.credentials().okta
    }

    /// A client with this way in.
    fn client_with(&self, access: Access) -> OktaClient {
        self.client_of(self.sandbox.url(), access, Duration::from_secs(8))
    }

    fn client_of(&self, url: &str, access: Access, call_timeout: Duration) -> OktaClient {
        let settings = OktaSettings {
            org_url: url.parse().expect("a URL"),
            access,
            app_id: APP.to_owned(),
            call_timeout,
            metrics: Arc::clone(&self.metrics),
        };
        OktaClient::new(settings, http_client().expect("a client"), self.clock.clone()).expect("good access")
    }

    /// A client that is the service app.
    fn client(&self) -> OktaClient {
        self.client_with(self.service_app())
    }

    fn service_app(&self) -> Access {
        let it = self.credentials();
        Access::ServiceApp {
            client_id: it.client_id.clone(),
            private_key: fixed(&it.private_key),
            key_id: Some(it.key_id.clone()),
            scope: SCOPES.to_owned(),
        }
    }

    /// A client with the API token.
    fn token_client(&self) -> OktaClient {
        self.client_with(Access::Token(fixed(&self.credentials().api_token)))
    }

    /// A file in the folder of the test.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is ours");
        path
    }

    /// What `/_sandbox/{path}` says.
    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}/_sandbox/{path}", self.sandbox.url()));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.expect("an answer");
        let (status, text) = (response.status(), response.text().await.expect("a text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn switch(&self, changes: Value) {
        self.control(Method::PATCH, "okta/switches", changes).await;
    }

    async fn access(&self, change: Value) {
        self.control(Method::PATCH, "okta/access", change).await;
    }

    async fn fault(&self, fault: Value) {
        self.control(Method::POST, "faults", fault).await;
    }

    async fn person(&self, id: &str, login: &str) {
        let profile = json!({"firstName": "F", "lastName": "L"});
        let body = json!({"id": id, "login": login, "profile": profile, "assign": {}});
        self.control(Method::POST, "okta/users", body).await;
    }

    /// Moves both clocks.
    async fn advance(&self, seconds: u32) {
        self.control(Method::POST, "clock", json!({"advanceSeconds": seconds})).await;
        self.clock.advance(SignedDuration::from_secs(i64::from(seconds)));
    }

    async fn stats(&self) -> Value {
        self.control(Method::GET, "okta/stats", Value::Null).await
    }

    /// Fails if the client broke a rule of Okta's.
    async fn no_rule_was_broken(&self) {
        let stats = self.control(Method::GET, "stats", Value::Null).await;
        assert_eq!(stats["violations"], json!([]), "{stats:#}");
    }

    fn metrics(&self) -> String {
        self.metrics.text(&Snapshot::default())
    }
}

fn fixed(secret: &str) -> Given {
    Given { secret: secret.into(), read_again: None }
}

/// A secret in this file.
fn in_file(path: &Path) -> Given {
    let read = {
        let path = path.to_owned();
        move || Ok(std::fs::read_to_string(&path).expect("the test wrote it").trim().to_owned().into())
    };
    let secret: Result<_, String> = read();
    Given { secret: secret.expect("readable"), read_again: Some(Box::new(move || Some(read()))) }
}

fn cause(error: &OktaError) -> Cause {
    error.reason().cause
}

fn detail(error: &OktaError) -> &str {
    error.reason().detail.as_deref().unwrap_or_default()
}

/// The pause a `TryLater` asks for.
fn after(error: &OktaError) -> Option<Duration> {
    match error {
        OktaError::TryLater { after, .. } => *after,
        other => panic!("not for later: {other:?}"),
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

fn id(text: &str) -> okta_lineworks::domain::ids::OktaUserId {
    text.parse().expect("an id")
}
