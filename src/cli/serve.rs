//! `serve`: the service, alone or with the sandbox beside it.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;

use super::{BadConfiguration, ConfigArgs, stand_ins};
use crate::app::{App, Purpose};
use crate::clock::Clock;
use crate::config::{Loaded, LogFormat};
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
    /// Where the sandbox listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090", requires = "sandbox")]
    sandbox_listen: SocketAddr,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        if !self.sandbox {
            let loaded = self.config.load(None).map_err(BadConfiguration::from)?;
            return serve(loaded, Purpose::Real, &shutdown).await;
        }
        let options =
            SandboxOptions { listen: self.sandbox_listen, switches: Switches::default(), strict: false, tls: None };
        let sandbox = Sandbox::start(options)
            .await
            .map_err(|error| anyhow::anyhow!("the sandbox cannot listen on {}: {error}", self.sandbox_listen))?;
        let defaults = stand_ins(sandbox.url(), sandbox.credentials());
        let loaded = self.config.load(Some(defaults)).map_err(BadConfiguration::from)?;
        eprintln!("rehearsal: the fake LINE WORKS is at {}, its members at {0}/_sandbox/members", sandbox.url());
        let code = serve(loaded, Purpose::Rehearsal, &shutdown).await;
        sandbox.stop().await;
        code
    }
}

async fn serve(loaded: Loaded, purpose: Purpose, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
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
    let app = App::build(&config, purpose, Clock::system()).await?;
    tracing::info!(address = %app.address(), "serving");
    let ended = app.run_until(shutdown).await;
    tracing::info!(?ended, "stopped");
    Ok(ExitCode::from(ended.exit_code()))
}
