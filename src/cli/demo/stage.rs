//! Where everything of the demo is, and the verbs of the story: change something in Okta, see what reached whom.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::print::said;
use crate::clock::Clock;

/// How long a step may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where everything is.
pub(super) struct Stage {
    pub(super) scim: bool,
    pub(super) service: String,
    /// The fake Okta and the fake LINE WORKS, at one address.
    pub(super) sandbox: String,
    pub(super) http: reqwest::Client,
    pub(super) clock: Clock,
}

impl Stage {
    /// The control endpoints of the fake Okta.
    pub(super) fn okta(&self) -> String {
        format!("{}/_sandbox/okta", self.sandbox)
    }

    /// Changes something in Okta, as an administrator or the world does.
    pub(super) async fn in_okta(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let address = format!("{}/{path}", self.okta());
        let request = self.http.request(method, &address);
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await?;
        let (status, answer): (StatusCode, Value) = (response.status(), response.json().await?);
        if !status.is_success() {
            bail!("the fake Okta refuses {address} with {status}: {answer:#}");
        }
        Ok(answer)
    }

    /// An answer of the sandbox's control endpoints.
    pub(super) async fn sandbox(&self, what: &str) -> anyhow::Result<Value> {
        Ok(self.http.get(format!("{}/_sandbox/{what}", self.sandbox)).send().await?.json().await?)
    }

    /// An answer of the service to an administrator.
    pub(super) async fn asked(&self, path: &str) -> anyhow::Result<String> {
        let request = self.http.get(format!("{}{path}", self.service)).bearer_auth("sandbox-admin");
        Ok(request.send().await?.text().await?)
    }

    /// Reads until it is so.
    async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            if Instant::now() >= deadline {
                bail!("{what} is not so after {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the System Log was read for the first time: what happens from now on is found.
    pub(super) async fn catch_up_runs(&self) -> anyhow::Result<()> {
        self.until("that Okta's System Log was read", async || {
            let ready: Value = serde_json::from_str(&self.asked("/readyz").await?)?;
            Ok(ready["catchUp"]["lastPassAt"].is_string().then_some(()))
        })
        .await
    }

    /// The newest event Okta wrote of this type.
    pub(super) async fn newest(&self, event_type: &str) -> anyhow::Result<Value> {
        let log = self.sandbox("okta/log").await?;
        let newest = log.as_array().into_iter().flatten().rfind(|event| event["eventType"] == event_type);
        newest.cloned().with_context(|| format!("Okta should have written {event_type}: {log:#}"))
    }

    /// Waits until the hook has done what it can for this event, and shows what became of it.
    pub(super) async fn delivery(&self, event: &Value, wanted: &str, meaning: &str) -> anyhow::Result<()> {
        let what = format!("that the hook has {wanted} an event");
        let outcome = self.until(&what, async || {
            let stats = self.sandbox("okta/hook/stats").await?;
            let fate = stats["events"].as_array().into_iter().flatten().find(|it| it["uuid"] == event["uuid"]);
            Ok(fate.filter(|fate| fate["outcome"] == wanted).cloned())
        });
        let fate = outcome.await?;
        match fate["status"].as_u64() {
            Some(status) => said("POST /v1/okta/events", &status.to_string(), meaning),
            None => println!("  {} was {wanted} {meaning}", event["eventType"].as_str().unwrap_or_default()),
        }
        Ok(())
    }

    /// Shows what the service asked Okta about this person last.
    pub(super) async fn last_reading(&self, person: &str, meaning: &str) -> anyhow::Result<()> {
        let is_reading = |it: &&Value| {
            it["operation"] == "okta.appUsers.get" && it["path"].as_str().is_some_and(|path| path.ends_with(person))
        };
        let call = self.until("that Okta was asked", async || {
            let journal = self.sandbox("journal?after=0").await?;
            Ok(journal.as_array().into_iter().flatten().rfind(is_reading).cloned())
        });
        let call = call.await?;
        said(&format!("GET {}", call["path"].as_str().unwrap_or_default()), &call["status"].to_string(), meaning);
        Ok(())
    }

    /// This event, as the person's history has it.
    pub(super) async fn told(&self, person: &str, event: &Value) -> anyhow::Result<Value> {
        let row: Value = serde_json::from_str(&self.asked(&format!("/v1/assignments/{person}")).await?)?;
        let told = row["history"]["events"].as_array().into_iter().flatten();
        let told = told.into_iter().find(|it| it["eventId"] == event["uuid"]);
        told.cloned().with_context(|| format!("the history should have {event:#}: {row:#}"))
    }

    /// Waits until the member is as it should be.
    pub(super) async fn member(&self, person: &str, expected: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let member = self.until("what LINE WORKS should show", async || {
            let members = self.sandbox("members").await?;
            let member = members.as_array().into_iter().flatten().find(|it| it["userExternalKey"] == person);
            Ok(member.filter(|member| expected(member)).cloned())
        });
        member.await
    }

    /// A counter of `/metrics`.
    pub(super) async fn counted(&self, name: &str) -> anyhow::Result<u64> {
        let metrics = self.asked("/metrics").await?;
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("okta_lineworks_{name} ")));
        Ok(line.with_context(|| format!("no {name} in {metrics}"))?.parse()?)
    }

    /// Sets the hook up at the service, as `hook register` does in a real org.
    pub(super) async fn set_up_hook(&self) -> anyhow::Result<()> {
        let hook = json!({"uri": format!("{}/v1/okta/events", self.service), "secret": "sandbox-hook"});
        self.in_okta(Method::POST, "hook", &hook).await.map(drop)
    }
}
