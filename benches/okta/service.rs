//! The service and the sandbox in this process, and what is done in the fake Okta.

use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use okta_lineworks::app::{App, Purpose};
use okta_lineworks::cli::stand_ins;
use okta_lineworks::clock::Clock;
use okta_lineworks::config::{self, Sources};
use okta_lineworks::okta::meaning::hook_event_types;
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use okta_lineworks::shutdown::Shutdown;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Fallible, person, told};

const APP: &str = "0oaSANDBOX";

/// The fake Okta, by hand.
pub struct Okta {
    pub http: reqwest::Client,
    pub url: String,
}

impl Okta {
    pub fn new(sandbox: &Sandbox) -> Fallible<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { http, url: sandbox.url().to_owned() })
    }

    pub async fn say(&self, method: Method, path: &str, body: Value) -> Fallible<Value> {
        told(self, method, &format!("okta/{path}"), body).await
    }

    pub async fn switch(&self, switches: Value) -> Fallible<()> {
        self.say(Method::PATCH, "switches", switches).await.map(drop)
    }

    /// The hook sends what this program understands to this address from now on.
    pub async fn hook(&self, service: &str, secret: &str) -> Fallible<()> {
        let types: Vec<&str> = hook_event_types().collect();
        let hook = json!({"uri": format!("{service}/v1/okta/events"), "secret": secret, "events": types});
        self.say(Method::POST, "hook", hook).await.map(drop)
    }

    /// People without the app.
    pub async fn hire(&self, people: Range<u64>) -> Fallible<()> {
        let hired = people.map(|n| {
            let profile = json!({"firstName": "太郎", "lastName": "山田", "employeeNumber": "1"});
            json!({"id": person(n), "login": format!("person{n}@sandbox.example"), "profile": profile})
        });
        self.say(Method::POST, "users", hired.collect()).await.map(drop)
    }

    pub async fn assign(&self, n: u64) -> Fallible<()> {
        self.say(Method::POST, &format!("apps/{APP}/users"), json!({"user": person(n)})).await.map(drop)
    }

    pub async fn unassign(&self, n: u64) -> Fallible<()> {
        self.say(Method::DELETE, &format!("apps/{APP}/users/{}", person(n)), Value::Null).await.map(drop)
    }

    pub async fn change(&self, n: u64, profile: Value) -> Fallible<()> {
        self.say(Method::PATCH, &format!("users/{}", person(n)), json!({ "profile": profile })).await.map(drop)
    }

    /// Requests so far, by operation.
    pub async fn requests(&self) -> Fallible<Value> {
        Ok(told(self, Method::GET, "stats", Value::Null).await?["requests"].clone())
    }

    pub async fn delivered(&self) -> Fallible<u64> {
        let stats = self.say(Method::GET, "hook/stats", Value::Null).await?;
        if stats["lost"] != 0 {
            return Err(format!("the hook lost {}", stats["lost"]).into());
        }
        Ok(stats["delivered"].as_u64().unwrap_or(0))
    }
}

pub struct Bench {
    pub okta: Okta,
    pub url: String,
    pub clock: Clock,
    shutdown: Shutdown,
    _sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// A service with a ledger of its own and these settings.
    pub async fn start(settings: &str) -> Fallible<Self> {
        let options =
            SandboxOptions { listen: "127.0.0.1:0".parse()?, switches: Switches::default(), strict: false, tls: None };
        let sandbox = Sandbox::start(options).await?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let file = folder.path().join("okta-lineworks.toml");
        std::fs::write(&file, settings)?;
        let clock = Clock::system();
        let loaded = config::load(&Sources {
            file: Some(file),
            env: Vec::new(),
            overrides: vec![
                ("server.listen", "127.0.0.1:0".into()),
                ("ledger.url", format!("sqlite:{}", folder.path().join("ledger.db").display())),
            ],
            sandbox: Some(stand_ins(sandbox.url(), sandbox.credentials())),
        })?;
        let app = App::build(&loaded.config, Purpose::Rehearsal, clock.clone()).await?;
        let (url, shutdown) = (format!("http://{}", app.address()), Shutdown::default());
        let stop = shutdown.clone();
        tokio::spawn(async move { app.run_until(&stop).await });
        let okta = Okta::new(&sandbox)?;
        Ok(Self { okta, url, clock, shutdown, _sandbox: sandbox, _folder: folder })
    }

    /// Both clocks run this many times as fast from now on.
    pub async fn run_at(&self, rate: u32) -> Fallible<()> {
        told(&self.okta, Method::POST, "clock", json!({ "rate": rate })).await?;
        self.clock.run_at(rate);
        Ok(())
    }

    /// Lets time go by at once, for both.
    pub async fn advance(&self, by: Duration) -> Fallible<()> {
        told(&self.okta, Method::POST, "clock", json!({"advanceSeconds": by.as_secs()})).await?;
        self.clock.advance(jiff::SignedDuration::try_from(by)?);
        Ok(())
    }

    async fn ready(&self) -> Fallible<Value> {
        Ok(self.okta.http.get(format!("{}/readyz", self.url)).send().await?.json().await?)
    }

    /// The sender has nothing left, and nobody is due.
    pub async fn until_done(&self) -> Fallible<()> {
        let mut calm = 0;
        while calm < 3 {
            let hook = self.okta.say(Method::GET, "hook/stats", Value::Null).await?;
            let states = self.ready().await?["queue"]["states"].clone();
            let left: u64 = ["due", "running", "waiting"].iter().filter_map(|state| states[state].as_u64()).sum();
            calm = if hook["pending"] == 0 && hook["inFlight"] == 0 && left == 0 { calm + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The System Log was read once.
    pub async fn until_read(&self) -> Fallible<()> {
        while !self.ready().await?["catchUp"]["lastPassAt"].is_string() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn member(&self, n: u64) -> Fallible<Option<Value>> {
        let url = format!("{}/_sandbox/members/externalKey:{}", self.okta.url, person(n));
        let answer = self.okta.http.get(url).send().await?;
        if answer.status().is_success() { Ok(Some(answer.json().await?)) } else { Ok(None) }
    }

    pub async fn until_member(&self, n: u64, is: impl Fn(&Value) -> bool) -> Fallible<()> {
        while !self.member(n).await?.is_some_and(|member| is(&member)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Whoever of the waiting is a member now took until now.
    pub async fn note_the_seen(&self, waiting: &mut Vec<(u64, Timestamp)>, took: &mut Vec<f64>) -> Fallible<()> {
        let mut left = Vec::new();
        for (n, began) in waiting.drain(..) {
            match self.member(n).await? {
                Some(_) => took.push(self.clock.now().duration_since(began).as_secs_f64()),
                None => left.push((n, began)),
            }
        }
        *waiting = left;
        Ok(())
    }

    /// A figure of a service that misbehaved is worth nothing.
    pub async fn broke_no_rule(&self) -> Fallible<()> {
        let stats = told(&self.okta, Method::GET, "stats", Value::Null).await?;
        self.shutdown.soft.cancel();
        if stats["violationCount"] == 0 { Ok(()) } else { Err(format!("broken rules: {}", stats["violations"]).into()) }
    }
}
