//! `demo`: the whole way once, before your eyes. A real service, a real fake Okta and a real fake LINE WORKS on free
//! ports, a ledger in a temporary folder, real HTTP between all of them.
//!
//! Each step of the `story` says what happened, which request did it, what LINE WORKS has now, and the line to repeat
//! it. A step that does not show what it should ends the demo with an error that says so.

mod print;
mod stage;
mod story;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::{BadConfiguration, stand_ins};
use crate::app::{App, Purpose};
use crate::clock::Clock;
use crate::config::{self, Sources};
use crate::lineworks::http_client;
use crate::sandbox::{Sandbox, SandboxOptions, Switches};
use crate::shutdown::Shutdown;
use crate::telemetry;
use stage::Stage;

/// How long a suspended member is kept here; seven days in earnest.
const DELETE_AFTER: Duration = Duration::from_secs(3);
/// How often the System Log is read here; five minutes in earnest.
const CATCH_UP_EVERY: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Through SCIM, with the Directory API for what SCIM cannot do
    #[arg(long)]
    scim: bool,
    /// Stay up afterwards, to try the printed lines by hand
    #[arg(long)]
    keep: bool,
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
            sandbox: sandbox.url().to_owned(),
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
            println!(
                "\nThe service, the fake Okta and the fake LINE WORKS stay up: try the lines above, end with Ctrl-C."
            );
            println!(
                "サービス、疑似 Okta、疑似 LINE WORKS は起動したままです。上のコマンドを試し、Ctrl-C で終了してください。"
            );
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
    std::fs::write(&file, configuration(scim))?;
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

/// What the demo runs with; in sandbox mode times may be shorter than in earnest.
fn configuration(scim: bool) -> String {
    let lineworks = if scim { "[lineworks]\nbackend = \"scim\"\nclient_id = \"sandbox\"\n" } else { "" };
    format!(
        "{lineworks}[okta]\nclient_id = \"sandbox\"\ncatch_up_every = \"{}s\"\n\
         [okta.mapping]\n\"organizations[].orgUnits[].orgUnitId\" = '{{{{ \"externalKey:\" ~ app.department if app.department }}}}'\n\
         [unassign]\ndelete_after = \"{}s\"\n",
        CATCH_UP_EVERY.as_secs(),
        DELETE_AFTER.as_secs()
    )
}
