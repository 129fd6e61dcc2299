//! A scripted LINE WORKS over real HTTP: it answers what a test told it to, in order, and remembers every request.
//!
//! It knows no rules. Whether the client keeps LINE WORKS' rules is the sandbox's question; here it is how the
//! client takes each answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use okta_lineworks::clock::Clock;
use okta_lineworks::lineworks::credentials::Credentials;
use okta_lineworks::lineworks::directory::{Directory, DirectorySettings};
use okta_lineworks::lineworks::token::{TokenCache, TokenSettings, TokenVault, Turns, VaultError};
use okta_lineworks::lineworks::{Blocked, CallRecord, Gate, Operation, PlaceSettings, Quota, http_client};
use secrecy::SecretString;
use serde_json::{Value, json};

/// One answer of the script.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    never: bool,
}

impl Answer {
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string(), never: false }
    }

    pub fn error(status: u16, code: &str, description: &str) -> Self {
        Self::new(status, json!({"code": code, "description": description}))
    }

    /// No answer, ever.
    pub fn never() -> Self {
        Self { never: true, ..Self::new(200, "") }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// One request as it came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub line: String,
    pub authorization: Option<String>,
    pub content_length: Option<String>,
    pub content_type: Option<String>,
    pub user_agent: Option<String>,
    pub body: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    token_answers: VecDeque<Answer>,
    seen: Vec<Seen>,
    token_requests: Vec<Seen>,
}

/// The counterpart. Without a script it grants `token-1`, `token-2`, … for a day and knows no member.
#[derive(Clone)]
pub struct Counterpart {
    pub url: String,
    script: Arc<Mutex<Script>>,
}

/// A counterpart and a client of it, with everything as usual.
pub async fn start() -> (Counterpart, Client) {
    let works = Counterpart::start().await;
    let client = Setup::default().client(&works);
    (works, client)
}

impl Counterpart {
    pub async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/oauth2/v2.0/token", web::post().to(token))
                .default_service(web::to(api))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, script }
    }

    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().expect("unpoisoned").answers.extend(answers);
    }

    /// Forgets what is left of the script.
    pub fn take_answers(&self) {
        self.script.lock().expect("unpoisoned").answers.clear();
    }

    pub fn token_answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().expect("unpoisoned").token_answers.extend(answers);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.script.lock().expect("unpoisoned").seen.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// The bearer of every API call, without `Bearer `.
    pub fn bearers(&self) -> Vec<String> {
        let bearer = |seen: Seen| seen.authorization.unwrap_or_default().replace("Bearer ", "");
        self.seen().into_iter().map(bearer).collect()
    }

    pub fn token_requests(&self) -> Vec<Seen> {
        self.script.lock().expect("unpoisoned").token_requests.clone()
    }
}

fn seen(request: &HttpRequest, body: &str) -> Seen {
    let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
    Seen {
        line: format!("{} {}", request.method(), request.uri()),
        authorization: header("authorization"),
        content_length: header("content-length"),
        content_type: header("content-type"),
        user_agent: header("user-agent"),
        body: body.to_owned(),
    }
}

async fn token(request: HttpRequest, body: String, script: web::Data<Mutex<Script>>) -> HttpResponse {
    let answer = {
        let mut script = script.lock().expect("unpoisoned");
        script.token_requests.push(seen(&request, &body));
        let granted = granted(script.token_requests.len(), "86400");
        script.token_answers.pop_front().unwrap_or(granted)
    };
    given(answer).await
}

async fn api(request: HttpRequest, body: String, script: web::Data<Mutex<Script>>) -> HttpResponse {
    let answer = {
        let mut script = script.lock().expect("unpoisoned");
        script.seen.push(seen(&request, &body));
        script.answers.pop_front().unwrap_or_else(|| Answer::error(404, "NOT_FOUND", "User not found"))
    };
    given(answer).await
}

async fn given(answer: Answer) -> HttpResponse {
    if answer.never {
        std::future::pending::<()>().await;
    }
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).expect("a status"));
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    response.content_type("application/json; charset=UTF-8").body(answer.body)
}

/// The token endpoint's answer with `token-{number}`.
pub fn granted(number: usize, expires_in: impl Into<Value>) -> Answer {
    let token = format!("token-{number}");
    let expires_in = expires_in.into();
    Answer::new(
        200,
        json!({"access_token": token, "refresh_token": "r", "token_type": "Bearer", "scope": "user", "expires_in": expires_in}),
    )
}

/// A user object with this id and this external key.
pub fn user(id: &str, key: &str) -> Value {
    json!({"userId": id, "userExternalKey": key, "email": "hanako@example.jp", "isSuspended": false})
}

/// What a vault does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Fault {
    #[default]
    None,
    Fails,
    FailsToStore,
    Hangs,
}

/// The ledger's vault, in memory.
#[derive(Default)]
pub struct Vault {
    pub sealed: Mutex<Option<Vec<u8>>>,
    pub fault: Mutex<Fault>,
    /// Where other replicas use it too: how often the turn to ask can still be had.
    pub turns: Mutex<Option<u32>>,
}

impl Vault {
    pub fn with(fault: Fault) -> Arc<Self> {
        Arc::new(Self { fault: fault.into(), ..Self::default() })
    }

    async fn reached(&self, fails: &[Fault]) -> Result<(), VaultError> {
        let fault = *self.fault.lock().expect("unpoisoned");
        if fault == Fault::Hangs {
            std::future::pending::<()>().await;
        }
        if fails.contains(&fault) { Err(VaultError("disk full".into())) } else { Ok(()) }
    }
}

impl TokenVault for Vault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(async {
            self.reached(&[Fault::Fails]).await?;
            Ok(self.sealed.lock().expect("unpoisoned").clone())
        })
    }

    fn store(&self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(async {
            self.reached(&[Fault::Fails, Fault::FailsToStore]).await?;
            *self.sealed.lock().expect("unpoisoned") = Some(sealed);
            Ok(())
        })
    }

    fn turns(&self) -> Option<&dyn Turns> {
        self.turns.lock().expect("unpoisoned").map(|_| self as &dyn Turns)
    }
}

impl Turns for Vault {
    fn take(&self, _: Duration) -> BoxFuture<'_, Result<bool, VaultError>> {
        Box::pin(async {
            self.reached(&[Fault::Fails, Fault::FailsToStore]).await?;
            let mut turns = self.turns.lock().expect("unpoisoned");
            let left = turns.and_then(|turns| turns.checked_sub(1));
            *turns = left.or(*turns);
            Ok(left.is_some())
        })
    }

    fn give_back(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn load_failure(&self) -> BoxFuture<'_, Result<Option<Vec<u8>>, VaultError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn store_failure(&self, _: Vec<u8>) -> BoxFuture<'_, Result<(), VaultError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A gate that lets everything pass (or nothing) and remembers what it was told.
#[derive(Default)]
pub struct OpenGate {
    pub closed: bool,
    pub passed: Mutex<Vec<Operation>>,
    pub calls: Mutex<Vec<(CallRecord, Option<Quota>)>>,
}

impl OpenGate {
    pub fn calls(&self) -> Vec<(CallRecord, Option<Quota>)> {
        self.calls.lock().expect("unpoisoned").clone()
    }
}

impl Gate for OpenGate {
    fn pass(&self, operation: Operation) -> BoxFuture<'_, Result<(), Blocked>> {
        self.passed.lock().expect("unpoisoned").push(operation);
        Box::pin(async move { if self.closed { Err(Blocked::LeaseLost) } else { Ok(()) } })
    }

    fn finished(&self, call: CallRecord, quota: Option<Quota>) -> BoxFuture<'_, ()> {
        self.calls.lock().expect("unpoisoned").push((call, quota));
        Box::pin(async {})
    }
}

/// A client of the counterpart, as the service would make one at its start.
pub struct Client {
    pub clock: Clock,
    pub tokens: Arc<TokenCache>,
    pub directory: Directory,
    pub gate: OpenGate,
}

/// What a test may want otherwise.
#[derive(Clone)]
pub struct Setup {
    pub clock: Clock,
    pub vault: Arc<Vault>,
    pub api_url: Option<String>,
    pub scope: &'static str,
    pub sso: bool,
    pub patience: Duration,
    pub places: PlaceSettings,
}

impl Default for Setup {
    fn default() -> Self {
        let (clock, vault) = (Clock::system(), Arc::default());
        let places = PlaceSettings {
            cache_for: Duration::from_secs(600),
            create_org_units: false,
            create_org_units_under: None,
            domains: vec![300_123_456],
        };
        Self { clock, vault, api_url: None, scope: "user", sso: true, patience: Duration::from_secs(10), places }
    }
}

impl Setup {
    pub fn client(&self, counterpart: &Counterpart) -> Client {
        // Fails only when another test of this binary was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = http_client().expect("a client");
        let settings = TokenSettings {
            auth_url: counterpart.url.parse().expect("a URL"),
            scope: self.scope.to_owned(),
            timeout: self.patience,
            purpose: "service",
            metrics: Arc::default(),
        };
        let secret = SecretString::from("s3cr3t+/=");
        let account = "ab12c.serviceaccount@example.jp";
        let credentials = Credentials::fixed("client-a", account, secret, private_key()).expect("a key");
        let vault: Arc<dyn TokenVault> = self.vault.clone();
        let tokens = Arc::new(TokenCache::new(settings, Arc::new(credentials), Some(vault), http.clone()));
        let api_url = self.api_url.as_ref().unwrap_or(&counterpart.url).parse().expect("a URL");
        let places = self.places.clone();
        let settings = DirectorySettings { api_url, sso: self.sso, call_timeout: self.patience, places };
        let directory = Directory::new(settings, Arc::clone(&tokens), http, self.clock.clone());
        Client { clock: self.clock.clone(), tokens, directory, gate: OpenGate::default() }
    }
}

/// A key made once for this run.
pub fn private_key() -> SecretString {
    static KEY: OnceLock<String> = OnceLock::new();
    made_once(&KEY)
}

/// Another one.
pub fn another_key() -> SecretString {
    static KEY: OnceLock<String> = OnceLock::new();
    made_once(&KEY)
}

fn made_once(key: &'static OnceLock<String>) -> SecretString {
    let pem = key.get_or_init(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key is written");
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    });
    SecretString::from(pem.as_str())
}
