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

/// The section of a configuration that points at this sandbox; TOML from its first line to its last.
fn configuration(sandbox: &Sandbox) -> String {
    let it = sandbox.credentials();
    let domains: Vec<_> = it.domains.iter().map(|domain| format!("\"{}\" = {}", domain.name, domain.id)).collect();
    format!(
        "# a service finds this sandbox with\n[lineworks]\nauth_url = \"{url}\"\napi_url = \"{url}\"\n\
         domain_id = {}\n# in place of domain_id, for several domains:\n#domains = {{ {} }}\n\
         # for the Directory API:\n\
         client_id = \"{}\"\nclient_secret = \"{}\"\nservice_account = \"{}\"\nprivate_key = '''\n{}'''\n\
         # for SCIM; with the lines above it works together with the Directory API, without them alone:\n\
         #backend = \"scim\"\nscim_token = \"{}\"\n\
         # the fake Okta beside it, with 0oaSANDBOX as okta.app_id:\n\
         #[okta]\n#org_url = \"{url}\"\n#api_token = \"{}\"\n\
         # members, switches, faults, violations: {url}/_sandbox/members, /switches, /faults, /stats",
        it.domain_id,
        domains.join(", "),
        it.client_id,
        it.client_secret,
        it.service_account,
        it.private_key,
        it.scim_token,
        it.okta.api_token,
        url = sandbox.url(),
    )
}
