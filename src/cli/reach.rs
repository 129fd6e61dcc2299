//! How a command reaches the running service: address, secret, pages, and what a refusal says.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::{ClientBuilder, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{BadConfiguration, ConfigArgs, absent_sandbox};

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
    pub(super) async fn pages(&self, query: &[(&str, String)]) -> anyhow::Result<(Vec<Value>, Value)> {
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
