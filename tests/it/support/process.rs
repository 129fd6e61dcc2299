//! The verbs of the tests that need the real program: a folder with its configuration and ledger, a sandbox that runs
//! in the test, and the process itself, which a test may kill.
//!
//! `Site` is what stays when the process goes; `Program` is one life of it. A program is killed when it is dropped, and
//! its log is shown when it does not do what the test waits for.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use reqwest::{Method, RequestBuilder};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::postgres::Database;
use super::{APP_ID, ReadAnswer, delivery, install_crypto};

pub const CARD: &str = "the-secret-of-the-cards";
pub const HOOK: &str = "the-secret-of-the-hook";
pub const ADMIN: &str = "the-secret-of-the-admin";

/// How long a test waits for the program to do something it is sure to do.
const PATIENCE: Duration = Duration::from_secs(20);

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
    sandbox: Sandbox,
    folder: TempDir,
    database: Option<Database>,
    lives: AtomicU32,
}

/// One life of the program.
pub struct Program {
    pub url: String,
    child: Child,
    log: PathBuf,
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

    async fn on(database: Option<Database>, settings: &str) -> Self {
        install_crypto();
        let listen = "127.0.0.1:0".parse().expect("an address");
        let switches = Switches { quota_per_minute: Some(1_000_000), ..Switches::default() };
        let sandbox =
            Sandbox::start(SandboxOptions { listen, switches, strict: false, tls: None }).await.expect("it starts");
        let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).build().expect("a client");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let site = Self { http, sandbox, folder, database, lives: AtomicU32::new(0) };
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
        self.sandbox.credentials().scim_token.clone()
    }

    fn credentials(&self) -> String {
        let it = self.sandbox.credentials();
        let mut toml = String::new();
        let file_ledger = || format!("sqlite:{}", self.ledger().display());
        let (url, ledger) = (self.sandbox.url(), self.database.as_ref().map_or_else(file_ledger, Database::url));
        write!(
            toml,
            "[server]\nlisten = '127.0.0.1:0'\n[ledger]\nurl = '{ledger}'\n[okta]\napp_id = '{APP_ID}'\n\
             [inbound]\ncard_secrets = [{{ name = 'card', value = '{CARD}' }}]\n\
             hook_secrets = [{{ name = 'hook', value = '{HOOK}' }}]\n\
             admin_secrets = [{{ name = 'admin', value = '{ADMIN}' }}]\n\
             [lineworks]\nauth_url = '{url}'\napi_url = '{url}'\nclient_id = '{}'\nclient_secret = '{}'\n\
             service_account = '{}'\ndomain_id = {}\nprivate_key = '''\n{}'''\n",
            it.client_id, it.client_secret, it.service_account, it.domain_id, it.private_key,
        )
        .expect("a text takes everything");
        toml
    }

    /// The keys of `[okta]` that let the program ask the fake Okta, as its service app.
    pub fn okta_access(&self) -> String {
        let (url, it) = (self.sandbox.url(), &self.sandbox.credentials().okta);
        format!("org_url = '{url}'\nclient_id = '{}'\nprivate_key = '''\n{}'''\n", it.client_id, it.private_key)
    }

    /// Where the fake LINE WORKS and the fake Okta answer.
    pub fn sandbox_url(&self) -> &str {
        self.sandbox.url()
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
        let stderr = File::create(&log).expect("the folder is ours");
        command.arg("serve").arg("--config").arg(self.file()).args(arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        Program { url: String::new(), child: child.expect("the program starts"), log }
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
        let address = format!("{}/v1/assignments/{person_and_query}", program.url);
        self.http.request(method, address).bearer_auth(CARD)
    }

    /// A delivery of Okta's event hook.
    pub fn hook(&self, program: &Program, events: Vec<Value>) -> RequestBuilder {
        let address = format!("{}/v1/okta/events", program.url);
        self.http.post(address).header("Authorization", HOOK).json(&delivery(events))
    }

    /// What an operator is told.
    pub async fn look(&self, program: &Program, target: &str) -> super::Answer {
        self.http.get(format!("{}{target}", program.url)).bearer_auth(ADMIN).answer().await
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
            if left.iter().sum::<u64>() == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "still {states} after {patience:?}\n{}", program.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    // --- LINE WORKS --------------------------------------------------------------------------------------------------

    /// The member with this external key, as LINE WORKS has it.
    pub async fn member(&self, person: &str) -> Option<Value> {
        let members = self.http.get(format!("{}/_sandbox/members", self.sandbox.url())).answer().await.body;
        let members = members["members"].as_array().or(members.as_array()).expect("a list of members").clone();
        members.into_iter().find(|member| member["userExternalKey"] == person)
    }

    /// What the sandbox counted.
    pub async fn stats(&self) -> Value {
        self.http.get(format!("{}/_sandbox/stats", self.sandbox.url())).answer().await.body
    }

    /// Lets LINE WORKS fail, see the sandbox's faults.
    pub async fn fault(&self, fault: Value) {
        self.tell(self.http.post(format!("{}/_sandbox/faults", self.sandbox.url())).json(&fault)).await;
    }

    /// LINE WORKS fails no more.
    pub async fn heal(&self) {
        self.tell(self.http.delete(format!("{}/_sandbox/faults", self.sandbox.url()))).await;
    }

    /// How long every call to LINE WORKS takes.
    pub async fn latency(&self, latency: Duration) {
        let switches = json!({ "latencyMs": latency.as_millis() });
        self.tell(self.http.patch(format!("{}/_sandbox/switches", self.sandbox.url())).json(&switches)).await;
    }

    async fn tell(&self, request: RequestBuilder) {
        let answer = request.answer().await;
        assert!(answer.status.is_success(), "{answer:?}");
    }

    // --- the ledger itself; a file only while no program has it ------------------------------------------------------

    /// The first column of the first row.
    pub fn query(&self, sql: &str) -> i64 {
        if let Some(database) = &self.database {
            return database.query(sql);
        }
        let db = Connection::open_with_flags(self.ledger(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
        db.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Changes a ledger that is in PostgreSQL by hand.
    pub fn change(&self, sql: &str) {
        self.database.as_ref().expect("the ledger is in PostgreSQL").run(sql);
    }

    /// The first column of every row.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let db = Connection::open_with_flags(self.ledger(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
        let mut statement = db.prepare(sql).expect("valid");
        let texts = statement.query_map([], |row| row.get(0)).expect("rows");
        texts.collect::<Result<_, _>>().expect("texts")
    }

    /// Forgets how many calls were made: a test of many short lives is not a test of the pacing.
    pub fn forget_the_pacing(&self) {
        if let Some(database) = &self.database {
            return database.run("DELETE FROM pacing");
        }
        let db = Connection::open(self.ledger()).expect("opens");
        db.execute("DELETE FROM pacing", []).expect("nobody else has the ledger");
    }
}

impl Program {
    /// Waits for the line of the log that names the address, and for an answer there.
    pub async fn wait_until_it_serves(&mut self, http: &reqwest::Client, scheme: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.url.is_empty() {
            self.fail_if_over(deadline, "it never named its address");
            if let Some(address) = self.address() {
                self.url = format!("{scheme}://{address}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while http.get(format!("{}/livez", self.url)).send().await.is_err() {
            self.fail_if_over(deadline, "it never answered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn address(&self) -> Option<String> {
        let log = std::fs::read_to_string(&self.log).ok()?;
        let serving = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut serving = serving.filter(|line| line["message"] == "serving");
        serving.next()?["address"].as_str().map(str::to_owned)
    }

    fn fail_if_over(&mut self, deadline: Instant, what: &str) {
        let ended = self.child.try_wait().expect("a child can be asked");
        assert!(ended.is_none(), "the program ended with {ended:?}\n{}", self.log());
        assert!(Instant::now() < deadline, "{what}\n{}", self.log());
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
    }

    /// `kill -9`, by whoever shares the program; it is gone when the last of them lets go.
    pub fn kill_now(&self) {
        self.signal("KILL");
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        assert!(kill.expect("there is a shell").success(), "no signal could be sent");
    }

    /// Waits for its end: the exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended: Option<ExitStatus> = self.child.try_wait().expect("a child can be asked");
            if let Some(status) = ended {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// SIGTERM, and the exit code.
    pub async fn stop(mut self) -> Option<i32> {
        self.terminate();
        self.ended().await
    }

    /// Lets no file of the process grow beyond this many bytes (`unlimited` lifts it): a full disk without root.
    pub fn limit_files(&self, bytes: &str) {
        let process = self.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let set = Command::new("prlimit").args(["--pid", &process, &limit]).status();
        let set = set.unwrap_or_else(|error| panic!("prlimit cannot be run ({error}): install util-linux"));
        assert!(set.success(), "prlimit failed: the hard limit of file sizes must be unlimited (ulimit -H -f)");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
