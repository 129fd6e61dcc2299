//! `serve`: the service, alone or with the sandbox beside it.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::sandbox_elsewhere::sandbox_at;
use super::{BadConfiguration, ConfigArgs, stand_ins};
use crate::app::{App, Purpose};
use crate::clock::Clock;
use crate::config::{Loaded, LogFormat, parse_duration};
use crate::sandbox::{Sandbox, SandboxOptions, Switches};
use crate::shutdown::Shutdown;
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// Rehearse: run against the built-in fake LINE WORKS; whatever is not configured gets a stand-in
    #[arg(long)]
    sandbox: bool,
    /// Where to begin in Okta's System Log, if this ledger was never read for: a moment (ISO 8601) or how long ago (3d)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// Where the sandbox listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090", requires = "sandbox")]
    sandbox_listen: SocketAddr,
    /// Rehearse against a sandbox that runs elsewhere (`okta-lineworks sandbox`), such as one that replicas share
    #[arg(long, value_name = "URL", requires = "sandbox", conflicts_with = "sandbox_listen")]
    sandbox_url: Option<String>,
}

/// A moment, or how long before now.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Since {
    At(Timestamp),
    Ago(SignedDuration),
}

impl Since {
    fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Since::At(moment) => moment,
            Since::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(moment) = text.parse() {
        return Ok(Since::At(moment));
    }
    let ago = parse_duration(text).ok().and_then(|ago| SignedDuration::try_from(ago).ok());
    ago.map(Since::Ago).ok_or_else(|| "write a moment such as 2026-04-01T00:00:00Z, or how long ago, such as 3d".into())
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        if let Some(Since::At(moment)) = self.since
            && moment > Clock::system().now()
        {
            eprintln!(
                "okta-lineworks: --since lies in the future; give the moment from which on Okta's System Log is read"
            );
            return Ok(ExitCode::from(2));
        }
        if !self.sandbox {
            let loaded = self.config.load(None).map_err(BadConfiguration::from)?;
            return serve(loaded, Purpose::Real, self.since, &shutdown).await;
        }
        if let Some(url) = &self.sandbox_url {
            let loaded = self.config.load(Some(sandbox_at(url).await?)).map_err(BadConfiguration::from)?;
            return serve(loaded, Purpose::Rehearsal, self.since, &shutdown).await;
        }
        let options =
            SandboxOptions { listen: self.sandbox_listen, switches: Switches::default(), strict: false, tls: None };
        let sandbox = Sandbox::start(options)
            .await
            .map_err(|error| anyhow::anyhow!("the sandbox cannot listen on {}: {error}", self.sandbox_listen))?;
        let defaults = stand_ins(sandbox.url(), sandbox.credentials());
        let loaded = self.config.load(Some(defaults)).map_err(BadConfiguration::from)?;
        eprintln!("rehearsal: the fake LINE WORKS is at {}, its members at {0}/_sandbox/members", sandbox.url());
        let code = serve(loaded, Purpose::Rehearsal, self.since, &shutdown).await;
        sandbox.stop().await;
        code
    }
}

async fn serve(
    loaded: Loaded,
    purpose: Purpose,
    since: Option<Since>,
    shutdown: &Shutdown,
) -> anyhow::Result<ExitCode> {
    let Loaded { config, warnings, path } = loaded;
    let format = match config.log.format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::start(format, &config.log.filter);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let file = path.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), configuration = file, "starting");
    let clock = Clock::system();
    let mut app = App::build(&config, purpose, clock.clone()).await?;
    if let Some(since) = since {
        app = app.since(since.before(clock.now()));
    }
    tracing::info!(address = %app.address(), "serving");
    let ended = app.run_until(shutdown).await;
    tracing::info!(?ended, "stopped");
    Ok(ExitCode::from(ended.exit_code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_or_how_long_ago() {
        let now: Timestamp = "2026-04-04T00:00:00Z".parse().expect("a moment");
        for text in ["2026-04-01T00:00:00Z", "2026-04-01T09:00:00+09:00", "3d", "72h"] {
            let moment = since(text).expect(text).before(now);
            assert_eq!(moment.to_string(), "2026-04-01T00:00:00Z", "{text}");
        }
        for text in ["", "yesterday", "3", "-3d"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
