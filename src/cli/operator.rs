//! `list`, `show`, `approve`, `reject`, `retry`: the operator's words, said to the running service over its own API.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::{ClientBuilder, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{BadConfiguration, ConfigArgs, absent_sandbox, advice};
use crate::domain::ids::OktaUserId;

/// How the running service is reached.
#[derive(Debug, Args)]
pub(super) struct Reach {
    #[command(flatten)]
    config: ConfigArgs,
    /// The service's address, such as https://lineworks.example.com [default: from the configuration]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file with an admin secret [default: the first one of the configuration]
    #[arg(long, value_name = "FILE")]
    admin_secret_file: Option<PathBuf>,
    /// The service was started with --sandbox
    #[arg(long)]
    sandbox: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    reach: Reach,
    /// Only people in this state: parked, held, waiting, running, due or settled
    #[arg(long)]
    state: Option<String>,
    /// Only people whose Okta user id, login or member id contains this
    #[arg(long, short)]
    query: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Health {
    #[command(flatten)]
    reach: Reach,
}

impl Health {
    /// Exit code 0 when the service is ready: for a container's health check.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let answer = self.reach.call(Method::GET, "/readyz").await?;
        println!("{answer}");
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct OnePerson {
    /// The Okta user id (00u…), or the login
    person: String,
    #[command(flatten)]
    reach: Reach,
}

/// Some people, by id or by what they wait for.
#[derive(Debug, Args)]
pub(super) struct Several {
    /// The Okta user ids (00u…)
    #[arg(required_unless_present = "all")]
    people: Vec<OktaUserId>,
    /// Everybody this word is for: all who are held (approve, reject) or parked (retry)
    #[arg(long, conflicts_with = "people", requires = "yes")]
    all: bool,
    /// With --all: only those with this cause, such as cap_reached
    #[arg(long, requires = "all")]
    cause: Option<String>,
    /// With --all: yes, all of them
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Where the service is, with a secret it knows.
struct Found {
    url: String,
    secret: SecretString,
    /// It is this machine's own, as the configuration says.
    own: bool,
}

impl Reach {
    fn find(&self) -> anyhow::Result<Found> {
        if let (Some(url), Some(file)) = (&self.url, &self.admin_secret_file) {
            return Ok(Found { url: url.clone(), secret: read_secret(file)?, own: false });
        }
        let loaded = self.config.load(self.sandbox.then(absent_sandbox)).map_err(BadConfiguration::from)?;
        let server = &loaded.config.server;
        let scheme = if server.tls.is_some() { "https" } else { "http" };
        let listening = reachable(server.listen);
        let url = self.url.clone().unwrap_or_else(|| format!("{scheme}://{listening}"));
        let secret = match (&self.admin_secret_file, loaded.config.inbound.admin_secrets.first()) {
            (Some(file), _) => read_secret(file)?,
            (None, Some(named)) => named.secret.clone(),
            (None, None) => bail!("inbound.admin_secrets is empty: there is no secret to show"),
        };
        Ok(Found { url, secret, own: self.url.is_none() && listening.ip().is_loopback() })
    }

    /// Every page of a list, and the counts beside it.
    async fn pages(&self, query: &[(&str, String)]) -> anyhow::Result<(Vec<Value>, Value)> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let next = cursor.take().map(|cursor| ("cursor", cursor));
            let query: Vec<_> = query.iter().cloned().chain(next).collect();
            let address = reqwest::Url::parse_with_params("http://x/v1/assignments", &query)?;
            let path = format!("{}?{}", address.path(), address.query().unwrap_or_default());
            let mut page = self.call(Method::GET, &path).await?;
            if let Some(Value::Array(page)) = page.get_mut("assignments").map(Value::take) {
                rows.extend(page);
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok((rows, page["counts"].take())),
            }
        }
    }

    /// Says one thing to the service and gives its answer.
    pub(super) async fn call(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        let whole = reqwest::Client::builder().timeout(PATIENCE);
        let response = self.send(whole, method, path, |request| request).await?;
        response.json().await.context("the answer is not this service's")
    }

    /// Says one thing to the service, whose answer comes line by line for as long as it takes.
    pub(super) async fn stream(
        &self,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Response> {
        let line = reqwest::Client::builder().read_timeout(LINE_PATIENCE);
        self.send(line, Method::POST, path, with).await
    }

    async fn send(
        &self,
        builder: ClientBuilder,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Response> {
        let Found { url, secret, own } = self.find()?;
        let address = format!("{}{path}", url.trim_end_matches('/'));
        let request = client(builder, own)?.request(method, &address).bearer_auth(secret.expose_secret());
        let response = with(request).send().await.with_context(|| {
            format!(
                "the service does not answer at {url}; is it running? (--url says where, --sandbox for a rehearsal)"
            )
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let body: Value = response.json().await.context("the answer is not this service's")?;
        bail!(refusal(&body));
    }
}

/// How long the service may take for a whole answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may be silent within an answer that comes line by line: as long as it waits for others at most, and more.
const LINE_PATIENCE: Duration = Duration::from_secs(180);

/// A client for the service. What listens on this machine's loopback needs no proxy, and its certificate names the
/// public host and not the loopback, so the name is not looked at there.
fn client(client: ClientBuilder, own: bool) -> reqwest::Result<reqwest::Client> {
    let client = if own { client.no_proxy().danger_accept_invalid_certs(true) } else { client };
    client.build()
}

/// What a refusal of the service says, with each field it names.
fn refusal(body: &Value) -> String {
    if let (Some(todo), Some(ja)) = (body["ledger"]["todo"].as_str(), body["ledger"]["todoJa"].as_str()) {
        return format!(
            "not ready: the ledger cannot be written, so no event is taken; {todo}\n台帳に書き込めないため、イベントを受け付けられません。{ja}"
        );
    }
    if body["title"].is_null() {
        return body.to_string();
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let mut said = format!("{} {}\n{}{}", text("title"), text("detail"), text("titleJa"), text("detailJa"));
    for field in body["errors"].as_array().into_iter().flatten() {
        said.push_str("\n  ");
        said.push_str(&field_line(field));
    }
    said
}

/// A field that is wrong, and what to do about it.
pub(super) fn field_line(field: &Value) -> String {
    format!("{}: {} / {}", word(&field["field"]), word(&field["message"]), word(&field["messageJa"]))
}

/// An address that listens everywhere is called on the loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(address) if address.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        address => address,
    }
}

fn read_secret(file: &PathBuf) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut query = Vec::new();
        query.extend(self.state.clone().map(|state| ("state", state)));
        query.extend(self.query.clone().map(|text| ("q", text)));
        let (rows, tally) = self.reach.pages(&query).await?;
        for row in &rows {
            if self.reach.json {
                println!("{row}");
            } else {
                println!("{}", line(row));
            }
        }
        if !self.reach.json {
            println!("{}", counts(&tally));
            let pauses = advice::pauses(&self.reach).await;
            advice::print_pauses(&pauses);
            advice::print_causes(&rows, &pauses);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl OnePerson {
    /// The person meant: an Okta user id as it is, a login as the service knows it.
    async fn who(&self) -> anyhow::Result<OktaUserId> {
        let name = self.person.trim();
        if !name.contains('@') {
            return name.parse().map_err(|error| anyhow::anyhow!("{error}; or give the login"));
        }
        let (rows, _) = self.reach.pages(&[("q", name.to_owned())]).await?;
        let is_it = |row: &&Value| word(&row["login"]).eq_ignore_ascii_case(name);
        let found: Vec<&str> = rows.iter().filter(is_it).map(|row| word(&row["oktaUserId"])).collect();
        match found[..] {
            [id] => Ok(id.parse()?),
            [] => bail!(
                "nobody here has the login {name}. Whose login LINE WORKS would refuse is known by the Okta user id alone: \
                 give that (00u…), or see `okta-lineworks list`"
            ),
            _ => bail!("{} people have the login {name}; say which: {}", found.len(), found.join(", ")),
        }
    }

    pub(super) async fn show(self) -> anyhow::Result<ExitCode> {
        let person = self.who().await?;
        let row = self.reach.call(Method::GET, &format!("/v1/assignments/{person}")).await?;
        if self.reach.json {
            println!("{row:#}");
            return Ok(ExitCode::SUCCESS);
        }
        println!("{}", line(&row));
        print_reason(&row["reason"]);
        if row["reason"].is_null() && row["state"] != "settled" {
            advice::print_pauses(&advice::pauses(&self.reach).await);
        }
        if let Some(read) = row["oktaReadAt"].as_str() {
            println!("  Okta was asked at {read}");
        }
        println!("\nwhat happened in Okta (newest first)");
        for event in row["history"]["events"].as_array().into_iter().flatten() {
            println!(
                "  {}  {:<11} by {} ({}), {}",
                word(&event["occurredAt"]),
                word(&event["kind"]),
                word(&event["source"]),
                word(&event["caller"]),
                word(&event["verdict"])
            );
        }
        println!("\nwhat was done in LINE WORKS (newest first)");
        for attempt in row["history"]["attempts"].as_array().into_iter().flatten() {
            println!("  {}  {:<8} {}", word(&attempt["endedAt"]), word(&attempt["state"]), steps(attempt));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Several {
    /// Says the word about each; goes on after a refusal and ends with exit code 1 if there was one.
    pub(super) async fn say(self, said: &str, state: &str) -> anyhow::Result<ExitCode> {
        let people = if self.all { self.everybody(state).await? } else { self.people.clone() };
        let mut refused = 0;
        for person in &people {
            match self.reach.call(Method::POST, &format!("/v1/assignments/{person}/{said}")).await {
                Ok(answer) if self.reach.json => println!("{answer}"),
                Ok(_) => println!("{said} {person}: done; `okta-lineworks show {person}` tells how it goes on"),
                Err(error) => {
                    refused += 1;
                    eprintln!("{said} {person}: {error:#}");
                }
            }
        }
        if self.all {
            println!("{said}: {} of {} done", people.len() - refused, people.len());
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn everybody(&self, state: &str) -> anyhow::Result<Vec<OktaUserId>> {
        let rows = self.reach.pages(&[("state", state.to_owned())]).await?;
        let wanted = |row: &&Value| self.cause.as_deref().is_none_or(|cause| row["reason"]["code"] == cause);
        let ids = rows.0.iter().filter(wanted).map(|row| word(&row["oktaUserId"]).parse());
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// One person in one line.
fn line(row: &Value) -> String {
    let when = ["lookAgainAt", "nextTryAt"].into_iter().find_map(|name| row[name].as_str());
    let when = when.map(|at| format!("  until {at}")).unwrap_or_default();
    let wish = row["desired"]["kind"].as_str().unwrap_or("unknown");
    let reason = row["reason"]["code"].as_str().map(|code| format!("  {code}")).unwrap_or_default();
    format!(
        "{:<22} {:<8} {:<10} {}{reason}{when}",
        word(&row["oktaUserId"]),
        word(&row["state"]),
        wish,
        row["login"].as_str().unwrap_or("-"),
    )
}

fn print_reason(reason: &Value) {
    if reason.is_null() {
        return;
    }
    println!("  {}", advice::in_english(reason));
    println!("  {}", advice::in_japanese(reason));
    if let Some(detail) = reason["detail"].as_str() {
        println!("  ({detail})");
    }
    for field in reason["fields"].as_array().into_iter().flatten() {
        println!("  {}", field_line(field));
    }
}

fn steps(attempt: &Value) -> String {
    let steps = attempt["steps"].as_array().into_iter().flatten();
    let steps: Vec<String> = steps.map(|step| format!("{} {}", word(&step["step"]), word(&step["outcome"]))).collect();
    let calls = attempt["calls"].as_array().map_or(0, Vec::len);
    let reason = attempt["reason"]["code"].as_str().map(|code| format!(", {code}")).unwrap_or_default();
    let steps = if steps.is_empty() { "no step".to_owned() } else { steps.join(", ") };
    let okta = attempt["okta"].as_array().into_iter().flatten();
    let okta: Vec<String> =
        okta.map(|said| format!("; Okta: {}, {}", word(&said["membership"]), word(&said["status"]))).collect();
    format!("{steps} ({calls} calls{reason}){}", okta.concat())
}

fn counts(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten();
    let counts: Vec<String> = counts.map(|(state, count)| format!("{count} {state}")).collect();
    if counts.is_empty() { "nobody yet".to_owned() } else { counts.join(", ") }
}

/// A word of an answer; a dash where there is none.
pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::refusal;

    #[test]
    fn a_ledger_that_cannot_be_written_is_told_in_a_sentence() {
        let ledger = json!({"writable": false, "todo": "look at the disk", "todoJa": "ディスクを確認してください"});
        let said = refusal(&json!({"status": "not ready", "ledger": ledger, "queue": {"dueNow": 3}}));
        assert!(said.contains("not ready") && said.contains("look at the disk") && said.contains("ディスク"), "{said}");
        assert!(!said.contains('{'), "no raw JSON: {said}");
    }
}
