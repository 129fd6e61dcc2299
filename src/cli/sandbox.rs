//! `sandbox`: the fake LINE WORKS alone, for a service that runs elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::sandbox::{Sandbox, SandboxOptions, SandboxTls, Switches};
use crate::shutdown::Shutdown;
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct RunSandbox {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Refuse whatever breaks a rule, instead of only counting it
    #[arg(long)]
    strict: bool,
    /// Serve HTTPS as well, as LINE WORKS' own hosts, for programs that cannot be pointed elsewhere
    #[arg(long)]
    tls: bool,
    /// Where it serves HTTPS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443", requires = "tls")]
    tls_listen: SocketAddr,
    /// The file for the certificate that those programs must trust
    #[arg(long, value_name = "FILE", default_value = "okta-lineworks-sandbox-ca.pem", requires = "tls")]
    tls_ca: PathBuf,
}

impl RunSandbox {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start(telemetry::Format::Text, "info");
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        let tls = self.tls.then(|| SandboxTls { listen: self.tls_listen, ca_file: self.tls_ca.clone() });
        let options = SandboxOptions { listen: self.listen, switches: Switches::default(), strict: self.strict, tls };
        let sandbox = Sandbox::start(options)
            .await
            .map_err(|error| anyhow::anyhow!("the sandbox cannot start at {}: {error}", self.listen))?;
        println!("{}", configuration(&sandbox));
        if let Some(address) = sandbox.tls_address() {
            println!("# as LINE WORKS' own hosts: https://{address}, trusted with {}", self.tls_ca.display());
        }
        shutdown.soft.cancelled().await;
        sandbox.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// The section of a configuration that points at this sandbox.
fn configuration(sandbox: &Sandbox) -> String {
    let it = sandbox.credentials();
    format!(
        "# a service finds this sandbox with\n[lineworks]\nauth_url = \"{url}\"\napi_url = \"{url}\"\n\
         client_id = \"{}\"\nclient_secret = \"{}\"\nservice_account = \"{}\"\ndomain_id = {}\nprivate_key = '''\n{}'''\n\
         # members, switches, faults, violations: {url}/_sandbox/members, /switches, /faults, /stats",
        it.client_id,
        it.client_secret,
        it.service_account,
        it.domain_id,
        it.private_key,
        url = sandbox.url(),
    )
}
