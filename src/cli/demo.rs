//! `demo`: the whole way once, before your eyes. A real service and a real sandbox on free ports, a ledger in a
//! temporary folder, real HTTP between all of them.
//!
//! Each step says what happened, which request did it, what LINE WORKS has now, and the line to repeat it. A step
//! that does not show what it should ends the demo with an error that says so.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{BadConfiguration, stand_ins};
use crate::app::{App, Purpose};
use crate::clock::Clock;
use crate::config::{self, Sources};
use crate::lineworks::http_client;
use crate::sandbox::{Sandbox, SandboxOptions, Switches};
use crate::shutdown::Shutdown;
use crate::telemetry;

const PERSON: &str = "00uTARO0001demo";
/// How long a suspended member is kept here; seven days in earnest.
const DELETE_AFTER: Duration = Duration::from_secs(4);
/// How long a step may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Through SCIM, with the Directory API for what SCIM cannot do
    #[arg(long)]
    scim: bool,
    /// Stay up afterwards, to try the printed lines by hand
    #[arg(long)]
    keep: bool,
}

/// Where everything is.
struct Stage {
    scim: bool,
    service: String,
    lineworks: String,
    http: reqwest::Client,
    clock: Clock,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start(telemetry::Format::Text, "warn");
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        let folder = tempfile::tempdir().context("no temporary folder for the ledger")?;
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox =
            Sandbox::start(SandboxOptions { listen, switches: Switches::default(), strict: true, tls: None }).await?;
        let clock = Clock::system();
        let app = build(&sandbox, folder.path(), &clock, self.scim).await?;
        let stage = Stage {
            scim: self.scim,
            service: format!("http://{}", app.address()),
            lineworks: sandbox.url().to_owned(),
            http: http_client()?,
            clock,
        };
        let stopping = shutdown.clone();
        let service = tokio::spawn(async move { app.run_until(&stopping).await });
        let shown = tokio::select! {
            shown = stage.show() => shown,
            () = shutdown.soft.cancelled() => Err(anyhow::anyhow!("stopped before the end")),
        };
        if !self.keep && shown.is_ok() {
            println!("  (with --keep everything stays up, to try the lines above by hand)");
        }
        if self.keep && shown.is_ok() {
            println!("\nThe service and the fake LINE WORKS stay up: try the lines above, end with Ctrl-C.");
            println!("サービスと疑似 LINE WORKS は起動したままです。上のコマンドを試し、Ctrl-C で終了してください。");
            shutdown.soft.cancelled().await;
        }
        shutdown.soft.cancel();
        service.await.context("the service broke")?;
        sandbox.stop().await;
        shown.context("the demo failed")?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn build(sandbox: &Sandbox, folder: &std::path::Path, clock: &Clock, scim: bool) -> anyhow::Result<App> {
    let file = folder.join("okta-lineworks.toml");
    let lineworks = if scim { "[lineworks]\nbackend = \"scim\"\nclient_id = \"sandbox\"\n" } else { "" };
    std::fs::write(&file, format!("{lineworks}[unassign]\ndelete_after = \"{}s\"\n", DELETE_AFTER.as_secs()))?;
    let loaded = config::load(&Sources {
        file: Some(file),
        env: Vec::new(),
        overrides: vec![
            ("server.listen", "127.0.0.1:0".to_owned()),
            ("ledger.url", format!("sqlite:{}", folder.join("ledger.db").display())),
        ],
        sandbox: Some(stand_ins(sandbox.url(), sandbox.credentials())),
    })
    .map_err(BadConfiguration::from)?;
    Ok(App::build(&loaded.config, Purpose::Rehearsal, clock.clone()).await?)
}

impl Stage {
    async fn show(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        println!("okta-lineworks {}: a person gets a LINE WORKS account and loses it again", env!("CARGO_PKG_VERSION"));
        println!("  the service          {}", self.service);
        println!("  a fake LINE WORKS    {}   (strict: it refuses whatever breaks a rule)", self.lineworks);
        if self.scim {
            println!("  LINE WORKS is kept   through SCIM; org unit and deletion through the Directory API");
        }
        self.assign().await?;
        self.unassign().await?;
        self.wait_for_the_deletion().await?;
        self.figures(begun).await
    }

    async fn assign(&self) -> anyhow::Result<()> {
        step(1, "山田 太郎 got the LINE WORKS app in Okta; a Workflows card says so, signed", "アプリの割り当て");
        let body = json!({
            "user": {
                "email": "taro.yamada@sandbox.example",
                "userName": {
                    "lastName": "山田", "firstName": "太郎",
                    "phoneticLastName": "ヤマダ", "phoneticFirstName": "タロウ",
                },
                "employeeNumber": "E-0001",
                "organizations": [{"orgUnits": [{"orgUnitId": "externalKey:eng", "isManager": false}]}],
            },
            "eventId": "demo-assigned",
        })
        .to_string();
        let target = format!("/v1/assignments/{PERSON}");
        let timestamp = self.clock.now().to_string();
        let request = self
            .http
            .put(format!("{}{target}", self.service))
            .header("X-Timestamp", &timestamp)
            .header("X-Signature", signature(&timestamp, "PUT", &target, &body))
            .body(body.clone());
        let response = request.send().await?;
        let (status, answer): (StatusCode, Value) = (response.status(), response.json().await?);
        said(&format!("PUT {target}"), status, answer["state"].as_str());
        if status != StatusCode::OK {
            bail!("the assignment should be answered with 200, not {status}: {answer:#}");
        }
        self.member(|member| member["isSuspended"] == false && member["isPending"] == false).await?;
        println!("  repeat it:");
        // Without an event id it is a new word each time.
        println!("    body='{}'", body.replace("\"eventId\":\"demo-assigned\",", ""));
        println!("    ts=$(date -u +%Y-%m-%dT%H:%M:%SZ)");
        println!(
            "    sig=$(printf '%s' \"$ts PUT {target} $body\" | openssl dgst -sha256 -hmac sandbox-signing -r | cut -d' ' -f1)"
        );
        println!(
            "    curl -sS -X PUT {}{target} -H \"X-Timestamp: $ts\" -H \"X-Signature: v1=$sig\" -d \"$body\"",
            self.service
        );
        Ok(())
    }

    async fn unassign(&self) -> anyhow::Result<()> {
        step(2, "太郎 lost the app; Okta's event hook says so", "アプリの割り当て解除");
        let published = self.clock.now().to_string();
        let event = json!({"data": {"events": [{
            "uuid": "demo-unassigned",
            "published": published,
            "eventType": "application.user_membership.remove",
            "target": [
                {"type": "AppInstance", "id": "0oaSANDBOX"},
                {"type": "User", "id": PERSON, "displayName": "太郎 山田"},
            ],
        }]}});
        let address = format!("{}/v1/okta/events", self.service);
        let request = self.http.post(&address).header("Authorization", "sandbox-hook").json(&event);
        let status = request.send().await?.status();
        said("POST /v1/okta/events", status, None);
        if status != StatusCode::NO_CONTENT {
            bail!("a hook delivery should be answered with 204, not {status}");
        }
        self.member(|member| member["isSuspended"] == true).await?;
        println!("  repeat it:");
        let anew = event.to_string().replace("demo-unassigned", "'$(date +%s%N)'");
        let anew = anew.replace(&published, "'$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)'");
        println!("    curl -sS -X POST {address} -H 'Authorization: sandbox-hook' -d '{anew}'");
        Ok(())
    }

    async fn wait_for_the_deletion(&self) -> anyhow::Result<()> {
        let seconds = DELETE_AFTER.as_secs();
        step(3, &format!("after {seconds} seconds (7 days in earnest) the member is deleted"), "猶予期間後の削除");
        self.member(|member| member["isDeleted"] == true).await?;
        println!("  (assigned again before then, the member would have been resumed as it was)");
        println!("  see for yourself:");
        println!("    curl -sS {}/v1/assignments/{PERSON} -H 'Authorization: Bearer sandbox-admin'", self.service);
        println!("    curl -sS {}/_sandbox/members", self.lineworks);
        Ok(())
    }

    /// Waits until the member is as it should be, and shows it.
    async fn member(&self, expected: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let address = format!("{}/_sandbox/members", self.lineworks);
            let members: Value = self.http.get(address).send().await?.json().await?;
            let member = members.as_array().and_then(|all| all.iter().find(|it| it["userExternalKey"] == PERSON));
            if let Some(member) = member.filter(|member| expected(member)) {
                println!("  LINE WORKS has: {}", describe(member));
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!("LINE WORKS does not show what it should after {} s: {members:#}", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn figures(&self, begun: Instant) -> anyhow::Result<()> {
        let address = format!("{}/_sandbox/stats", self.lineworks);
        let stats: Value = self.http.get(address).send().await?.json().await?;
        let (tokens, violations) = (&stats["tokenRequests"], &stats["violationCount"]);
        println!("\nFigures");
        println!("  token requests: {tokens}");
        println!("  violations: {violations}");
        println!("  calls to LINE WORKS: {}", stats["requests"]);
        let calls = |name: &str| stats["requests"][name].as_u64().unwrap_or_default();
        if self.scim != (calls("scim.users.create") == 1) || self.scim == (calls("users.create") == 1) {
            bail!("the member should be created with the one API that was asked for: {stats:#}");
        }
        println!(
            "  {:.1} s in all, {} of them waiting for the deletion",
            begun.elapsed().as_secs_f64(),
            DELETE_AFTER.as_secs()
        );
        if tokens != 1 || violations != 0 {
            bail!("there should be 1 token request and no violation: {stats:#}");
        }
        Ok(())
    }
}

fn signature(timestamp: &str, method: &str, target: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"sandbox-signing").expect("HMAC takes a key of any length");
    mac.update(format!("{timestamp} {method} {target} {body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}

fn step(number: u32, english: &str, japanese: &str) {
    println!("\n{number}. {english}({japanese})");
}

fn said(request: &str, status: StatusCode, state: Option<&str>) {
    let state = state.map(|state| format!(", {state}")).unwrap_or_default();
    println!("  {request} → {status}{state}");
}

fn describe(member: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let state = if member["isDeleted"] == true {
        "deleted (restorable for 7 days, talk data gone)"
    } else if member["isSuspended"] == true {
        "suspended"
    } else {
        "active"
    };
    let unit = text(&member["organizations"][0]["orgUnits"][0]["orgUnitName"]);
    format!(
        "{} {} <{}>, external key {}, org unit {unit}: {state}",
        text(&member["userName"]["lastName"]),
        text(&member["userName"]["firstName"]),
        text(&member["email"]),
        text(&member["userExternalKey"]),
    )
}
