//! The verbs of the tests that need the real program: a folder with its configuration and ledger, a sandbox that runs
//! in the test or as a process of its own, and the process itself, which a test may kill.
//!
//! `Site` is what stays when the process goes; `Program` is one life of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use reqwest::{Method, RequestBuilder};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use super::life::Program;
use super::postgres::Database;
use super::{APP_ID, ReadAnswer, delivery, install_crypto};

pub const CARD: &str = "the-secret-of-the-cards";
pub const HOOK: &str = "the-secret-of-the-hook";
pub const ADMIN: &str = "the-secret-of-the-admin";

/// Settings with the shortest waits that are allowed outside a rehearsal.
const SETTINGS: &str = r#"
[inbound]
event_time = "arrival"
[lineworks]
call_timeout = "1s"
[unassign]
delete_after = "1h"
max_per_hour = 100000
[pacing]
per_minute = 240
burst = 240
[converge]
retry_first = "100ms"
retry_longest = "1s"
[log]
format = "json"
"#;

/// A folder with a configuration and a ledger, and the LINE WORKS it points at.
pub struct Site {
    pub http: reqwest::Client,
    sandbox_url: String,
    /// The sandbox's, as its control endpoint shows them.
    credentials: Value,
    folder: TempDir,
    database: Option<Database>,
    lives: AtomicU32,
    /// Runs as long as the site is there, unless it is a process of its own.
    _sandbox: Option<Sandbox>,
}

/// A client as everybody here needs it.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(40))
        // The servers give an idle connection up after 5 seconds; one that is just being closed is not used again.
        .pool_idle_timeout(Duration::from_secs(2))
        .build()
        .expect("a client")
}

/// How a program that ran to its end ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    /// Standard output and standard error together.
    pub said: String,
}

impl Site {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With these settings (TOML) laid over the usual ones.
    pub async fn with(settings: &str) -> Self {
        Self::on(None, settings).await
    }

    /// With its ledger in a PostgreSQL database of its own.
    pub async fn on_postgres() -> Self {
        Self::on(Some(Database::new()), "").await
    }

    /// The same, in this one.
    pub async fn on_database(database: Database) -> Self {
        Self::on(Some(database), "").await
    }

    async fn on(database: Option<Database>, settings: &str) -> Self {
        install_crypto();
        let listen = "127.0.0.1:0".parse().expect("an address");
        let switches = Switches { quota_per_minute: Some(1_000_000), ..Switches::default() };
        let sandbox =
            Sandbox::start(SandboxOptions { listen, switches, strict: false, tls: None }).await.expect("it starts");
        let credentials = serde_json::to_value(sandbox.credentials()).expect("JSON");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let site = Self {
            http: client(),
            sandbox_url: sandbox.url().to_owned(),
            credentials,
            folder,
            database,
            lives: AtomicU32::new(0),
            _sandbox: Some(sandbox),
        };
        site.configure(settings);
        site
    }

    /// In this folder, with a sandbox that runs as a process of its own.
    pub async fn beside(sandbox: &Program, folder: TempDir, database: Option<Database>, settings: &str) -> Self {
        install_crypto();
        let http = client();
        let credentials = http.get(format!("{}/_sandbox/credentials", sandbox.url)).answer().await.body;
        let (sandbox_url, lives) = (sandbox.url.clone(), AtomicU32::new(0));
        let site = Self { http, sandbox_url, credentials, folder, database, lives, _sandbox: None };
        site.configure(settings);
        site
    }

    /// Writes the configuration anew, with these settings laid over the usual ones.
    pub fn configure(&self, settings: &str) {
        let own = super::merge(&self.credentials(), SETTINGS);
        std::fs::write(self.file(), super::merge(&own, settings)).expect("the folder is ours");
    }

    /// The same with SCIM and without Directory API credentials.
    pub fn configure_scim_alone(&self, token: &str, settings: &str) {
        let mut own: toml::Table = super::merge(&self.credentials(), SETTINGS).parse().expect("valid TOML");
        let lineworks = own.get_mut("lineworks").and_then(toml::Value::as_table_mut).expect("is there");
        lineworks.retain(|key, _| ["auth_url", "api_url", "call_timeout"].contains(&key));
        lineworks.insert("backend".into(), "scim".into());
        lineworks.insert("scim_token".into(), token.into());
        let own = toml::to_string(&own).expect("a table is TOML");
        std::fs::write(self.file(), super::merge(&own, settings)).expect("the folder is ours");
    }

    /// The sandbox's SCIM token.
    pub fn scim_token(&self) -> String {
        self.credential("scimToken").to_owned()
    }

    fn credential(&self, name: &str) -> &str {
        self.credentials[name].as_str().expect("a credential of the sandbox")
    }

    fn credentials(&self) -> String {
        let mut toml = String::new();
        let file_ledger = || format!("sqlite:{}", self.ledger().display());
        let (url, ledger) = (self.sandbox_url(), self.database.as_ref().map_or_else(file_ledger, Database::url));
        write!(
            toml,
            "[server]\nlisten = '127.0.0.1:0'\n[ledger]\nurl = '{ledger}'\n[okta]\napp_id = '{APP_ID}'\n\
             [inbound]\ncard_secrets = [{{ name = 'card', value = '{CARD}' }}]\n\
             hook_secrets = [{{ name = 'hook', value = '{HOOK}' }}]\n\
             admin_secrets = [{{ name = 'admin', value = '{ADMIN}' }}]\n\
             [lineworks]\nauth_url = '{url}'\napi_url = '{url}'\nclient_id = '{}'\nclient_secret = '{}'\n\
             service_account = '{}'\ndomain_id = {}\nprivate_key = '''\n{}'''\n",
            self.credential("clientId"),
            self.credential("clientSecret"),
            self.credential("serviceAccount"),
            self.credentials["domainId"],
            self.credential("privateKey"),
        )
        .expect("a text takes everything");
        toml
    }

    /// The keys of `[okta]` that let the program ask the fake Okta, as its service app.
    pub fn okta_access(&self) -> String {
        let (url, it) = (self.sandbox_url(), &self.credentials["okta"]);
        let (client, key) = (it["clientId"].as_str().expect("an id"), it["privateKey"].as_str().expect("a key"));
        format!("org_url = '{url}'\nclient_id = '{client}'\nprivate_key = '''\n{key}'''\n")
    }

    /// Where the fake LINE WORKS and the fake Okta answer.
    pub fn sandbox_url(&self) -> &str {
        &self.sandbox_url
    }

    /// The configuration file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("okta-lineworks.toml")
    }

    /// The ledger's file.
    pub fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// The folder of both.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    // --- the program -------------------------------------------------------------------------------------------------

    /// Starts the service and returns once it answers.
    pub async fn start(&self) -> Program {
        let mut program = self.spawn();
        program.wait_until_it_serves(&self.http, "http").await;
        program
    }

    /// Starts the service and does not wait for it.
    pub fn spawn(&self) -> Program {
        self.spawn_with(&[])
    }

    /// Starts the service with more arguments.
    pub fn spawn_with(&self, arguments: &[&str]) -> Program {
        self.spawn_as(Command::new(env!("CARGO_BIN_EXE_okta-lineworks")), arguments)
    }

    /// Starts the service by a command that ends in the program's name.
    pub fn spawn_as(&self, mut command: Command, arguments: &[&str]) -> Program {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("log-{life}"));
        command.arg("serve").arg("--config").arg(self.file()).args(arguments);
        Program::spawn(command, log)
    }

    /// Runs the program with these arguments, and this configuration, to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.args(arguments).arg("--config").arg(self.file()).stdin(Stdio::null());
        let output = command.output().expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        Finished { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    // --- what the callers say ----------------------------------------------------------------------------------------

    /// A card's request.
    pub fn card(&self, program: &Program, method: Method, person_and_query: &str) -> RequestBuilder {
        self.card_at(&program.url, method, person_and_query)
    }

    /// The same to whoever is at this URL.
    pub fn card_at(&self, url: &str, method: Method, person_and_query: &str) -> RequestBuilder {
        self.http.request(method, format!("{url}/v1/assignments/{person_and_query}")).bearer_auth(CARD)
    }

    /// A delivery of Okta's event hook.
    pub fn hook(&self, program: &Program, events: Vec<Value>) -> RequestBuilder {
        self.hook_at(&program.url, events)
    }

    /// The same to whoever is at this URL.
    pub fn hook_at(&self, url: &str, events: Vec<Value>) -> RequestBuilder {
        self.http.post(format!("{url}/v1/okta/events")).header("Authorization", HOOK).json(&delivery(events))
    }

    /// What an operator is told.
    pub async fn look(&self, program: &Program, target: &str) -> super::Answer {
        self.look_at(&program.url, target).await
    }

    /// The same by whoever is at this URL.
    pub async fn look_at(&self, url: &str, target: &str) -> super::Answer {
        self.http.get(format!("{url}{target}")).bearer_auth(ADMIN).answer().await
    }

    /// What an operator says.
    pub async fn operator(&self, program: &Program, target: &str) -> super::Answer {
        self.http.post(format!("{}{target}", program.url)).bearer_auth(ADMIN).answer().await
    }

    /// One person's row.
    pub async fn row(&self, program: &Program, person: &str) -> Value {
        let answer = self.look(program, &format!("/v1/assignments/{person}")).await;
        assert_eq!(answer.status, 200, "{answer:?}\n{}", program.log());
        answer.body
    }

    /// Waits until nobody is due, running or waiting any more.
    pub async fn wait_until_all_is_done(&self, program: &Program, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let states = self.look(program, "/readyz").await.body["queue"]["states"].clone();
            let left = ["due", "running", "waiting"].map(|state| states[state].as_u64().unwrap_or(0));
            // Without a ledger to count in there are no states.
            if states.is_object() && left.iter().sum::<u64>() == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "still {states} after {patience:?}\n{}", program.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    // --- LINE WORKS --------------------------------------------------------------------------------------------------

    /// The member with this external key, as LINE WORKS has it.
    pub async fn member(&self, person: &str) -> Option<Value> {
        let members = self.http.get(format!("{}/_sandbox/members", self.sandbox_url())).answer().await.body;
        let members = members["members"].as_array().or(members.as_array()).expect("a list of members").clone();
        members.into_iter().find(|member| member["userExternalKey"] == person)
    }

    /// What the sandbox counted.
    pub async fn stats(&self) -> Value {
        self.http.get(format!("{}/_sandbox/stats", self.sandbox_url())).answer().await.body
    }

    /// Lets LINE WORKS fail, see the sandbox's faults.
    pub async fn fault(&self, fault: Value) {
        self.tell(self.http.post(format!("{}/_sandbox/faults", self.sandbox_url())).json(&fault)).await;
    }

    /// LINE WORKS fails no more.
    pub async fn heal(&self) {
        self.tell(self.http.delete(format!("{}/_sandbox/faults", self.sandbox_url()))).await;
    }

    /// How long every call to LINE WORKS takes.
    pub async fn latency(&self, latency: Duration) {
        let switches = json!({ "latencyMs": latency.as_millis() });
        self.tell(self.http.patch(format!("{}/_sandbox/switches", self.sandbox_url())).json(&switches)).await;
    }

    async fn tell(&self, request: RequestBuilder) {
        let answer = request.answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    // --- the ledger itself; a file only while no program has it ------------------------------------------------------

    /// Whether the ledger is a database.
    pub fn is_on_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// The first column of the first row.
    pub fn query(&self, sql: &str) -> i64 {
        if let Some(database) = &self.database {
            return database.query(sql);
        }
        let db = Connection::open_with_flags(self.ledger(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
        db.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Changes it by hand, also beside a program that serves from it.
    pub fn change(&self, sql: &str) {
        if let Some(database) = &self.database {
            return database.run(sql);
        }
        let db = Connection::open(self.ledger()).expect("opens");
        db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of every row.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        if let Some(database) = &self.database {
            return database.texts(sql);
        }
        let db = Connection::open_with_flags(self.ledger(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
        let mut statement = db.prepare(sql).expect("valid");
        let texts = statement.query_map([], |row| row.get(0)).expect("rows");
        texts.collect::<Result<_, _>>().expect("texts")
    }

    /// Forgets how many calls were made: a test of many short lives is not a test of the pacing.
    pub fn forget_the_pacing(&self) {
        self.change("DELETE FROM pacing");
    }
}
