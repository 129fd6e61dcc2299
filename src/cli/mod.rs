//! The command line: one enum of commands, one file per command.
//!
//! Errors are printed in one paragraph that says what to do; the exit code is 0 for success, 1 for a failure, 2 for
//! wrong arguments or a wrong configuration, and what `shutdown::Ended` says for a service that was stopped.

mod advice;
mod check;
mod demo;
mod events;
mod flows;
mod hook;
mod ledger;
mod mapping;
mod members;
mod migrate;
mod okta_contact;
mod okta_key;
mod operator;
mod progress;
mod reach;
mod reconcile;
mod sandbox;
mod sandbox_elsewhere;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Loaded, OktaDefaults, SandboxDefaults, Sources};
use crate::sandbox::SandboxCredentials;

/// Keeps LINE WORKS accounts in step with Okta app assignments.
#[derive(Debug, Parser)]
#[command(name = "okta-lineworks", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service
    Serve(serve::Serve),
    /// Say what is wrong with the configuration, without starting
    Check(check::Check),
    /// Bring the ledger up to date; `serve` does it by itself where its database user may
    Migrate(migrate::Migrate),
    /// Back the ledger up, or move it to another place
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Make, verify or show the event hook in Okta
    Hook(hook::Hook),
    /// Run the fake LINE WORKS alone
    Sandbox(sandbox::RunSandbox),
    /// Show the whole way once: a person gets a LINE WORKS account and loses it again, in the sandbox
    Demo(demo::Demo),
    /// Say whether the running service is ready (exit code 0) or not
    Health(operator::Health),
    /// List people and where the work on them stands
    List(operator::List),
    /// Show one person with the whole history
    Show(operator::OnePerson),
    /// List what is kept about nobody in particular, such as access tokens that were handed out
    Events(events::Events),
    /// Try the attribute mapping on somebody, or show the templates that are built in
    #[command(subcommand)]
    Mapping(mapping::Mapping),
    /// List the members LINE WORKS has, and the key each carries
    Members(members::Members),
    /// Make the Okta Workflows folders to import, or check one
    Flows(flows::Flows),
    /// Make the key pair for access to the Okta API
    OktaKey(okta_key::OktaKey),
    /// Compare Okta's assignments with the members LINE WORKS has; nothing changes without --apply
    Reconcile(reconcile::Reconcile),
    /// Let the held steps of people pass
    Approve(operator::Several),
    /// Refuse the held steps of people; the members stay as they are
    Reject(operator::Several),
    /// Look at people again, now
    Retry(operator::Several),
}

/// Where the configuration comes from.
#[derive(Debug, Clone, Default, Args)]
struct ConfigArgs {
    /// The configuration file [default: okta-lineworks.toml here, else in /etc/okta-lineworks]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address to listen on, over the configuration
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The ledger, over the configuration
    #[arg(long, value_name = "URL")]
    ledger: Option<String>,
}

impl ConfigArgs {
    /// Reads the configuration; `sandbox` gives the stand-ins of a rehearsal.
    fn load(&self, sandbox: Option<SandboxDefaults>) -> Result<Loaded, config::ConfigError> {
        let mut overrides = Vec::new();
        overrides.extend(self.listen.clone().map(|value| ("server.listen", value)));
        overrides.extend(self.ledger.clone().map(|value| ("ledger.url", value)));
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        let env = std::env::vars().collect();
        config::load(&Sources { file: self.config.clone(), env, overrides, sandbox })
    }
}

impl ConfigArgs {
    /// Reads the configuration for a command that needs the ledger and nothing else. When the ledger is named with the
    /// command, what else a service needs may be missing.
    fn load_for_the_ledger(&self, sandbox: bool) -> Result<config::Config, BadConfiguration> {
        let loaded = self.load(sandbox.then(absent_sandbox)).or_else(|error| {
            let named = self.ledger.as_ref().and_then(|_| self.load(Some(absent_sandbox())).ok());
            named.ok_or(error)
        });
        Ok(loaded?.config)
    }
}

/// The stand-ins a running sandbox offers.
pub fn stand_ins(url: &str, credentials: &SandboxCredentials) -> SandboxDefaults {
    SandboxDefaults {
        url: url.to_owned(),
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone(),
        service_account: credentials.service_account.clone(),
        private_key: credentials.private_key.clone(),
        scim_token: credentials.scim_token.clone(),
        domain_id: credentials.domain_id,
        domains: credentials.domains.iter().map(|domain| (domain.name.clone(), domain.id)).collect(),
        okta: OktaDefaults {
            client_id: credentials.okta.client_id.clone(),
            private_key: credentials.okta.private_key.clone(),
            api_token: credentials.okta.api_token.clone(),
        },
    }
}

/// The stand-ins for a command that reads a rehearsal's configuration without running a sandbox.
fn absent_sandbox() -> SandboxDefaults {
    SandboxDefaults {
        url: "http://127.0.0.1:8090".to_owned(),
        client_id: "sandbox".to_owned(),
        client_secret: "sandbox".to_owned(),
        service_account: "sandbox.serviceaccount@sandbox.example".to_owned(),
        private_key: "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n".to_owned(),
        scim_token: "sandbox".to_owned(),
        domain_id: 1,
        domains: vec![("sandbox.example".to_owned(), 1)],
        okta: OktaDefaults {
            client_id: "sandbox".to_owned(),
            private_key: "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n".to_owned(),
            api_token: "sandbox".to_owned(),
        },
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{0}")]
struct BadConfiguration(config::ConfigError);

impl From<config::ConfigError> for BadConfiguration {
    fn from(error: config::ConfigError) -> Self {
        Self(error)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    end_quietly_without_a_reader();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("okta-lineworks: the cryptography of this process is taken already");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("okta-lineworks: the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(cli.command));
    // Whatever still runs after a hard stop must not keep the process.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<BadConfiguration>() => {
            eprintln!("okta-lineworks: {error:#}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("okta-lineworks: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends a command whose output nobody reads any more (`list | head`), as every program on Unix does. Rust has no safe way
/// to leave that to the system, and `println!` panics instead.
fn end_quietly_without_a_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to stdout") && said.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Check(check) => check.run().await,
        Command::Migrate(migrate) => migrate.run().await,
        Command::Ledger(ledger) => ledger.run().await,
        Command::Hook(hook) => hook.run().await,
        Command::Sandbox(sandbox) => sandbox.run().await,
        Command::Demo(demo) => demo.run().await,
        Command::Health(health) => health.run().await,
        Command::List(list) => list.run().await,
        Command::Show(person) => person.show().await,
        Command::Events(events) => events.run().await,
        Command::Mapping(mapping) => mapping.run().await,
        Command::Members(members) => members.run().await,
        Command::Flows(flows) => flows.run(),
        Command::OktaKey(key) => key.run(),
        Command::Reconcile(reconcile) => reconcile.run().await,
        Command::Approve(people) => people.say("approve", "held").await,
        Command::Reject(people) => people.say("reject", "held").await,
        Command::Retry(people) => people.say("retry", "parked").await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
