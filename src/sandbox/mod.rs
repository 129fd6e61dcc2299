//! A fake LINE WORKS over real HTTP, for rehearsals without a paid plan and for tests that need a strict counterpart.
//!
//! ```text
//!  request ─► server ─► pipeline: token? scope? quota? overlap? fault? ─► users / directory / scim / token ─► world ─► journal
//!                └────► control (/_sandbox/…): switches, faults, clock, members by hand, statistics
//! ```
//!
//! Beside it, at the same address, is a fake Okta (`okta`), with a way of its own from the pipeline on.
//!
//! It is written from the vendor's reference as an adversary and shares no code with the client: every documented limit
//! is enforced, every undocumented behaviour has a switch, broken rules are counted. Nothing here may be used outside
//! rehearsals and tests.

mod app;
mod call;
mod choices;
mod clock;
mod control;
mod control_groups;
mod control_members;
mod credentials;
mod directory;
mod effect;
mod errand;
mod faults;
mod flight;
mod groups;
mod listing;
mod member;
mod okta;
mod paging;
mod pipeline;
mod placement;
mod quota;
mod records;
mod reply;
mod route;
mod rules;
mod scim;
mod server;
mod switches;
mod tls;
mod token;
mod user_states;
mod users;
mod world;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use tokio::task::JoinHandle;

pub use choices::{
    AdministratorRefusal, DuplicateStyle, EditLock, EndCursor, ExpiresIn, GetInGrace, HeaderSpelling, Leniency,
    MessengerProtocol, MissingUserCode, PasswordPolicy, PatchAnswers, PatchObjects, Plan, RateWindow, RefreshToken,
    ScopeSeparator, TokenErrorStatus, UndeleteReturns,
};
pub use credentials::{SandboxCredentials, SandboxDomain};
pub use okta::{
    EventIdSpelling, InactiveAppUsers, LinkLines, NarrowedAnswer, NextHost, NullMembers, OktaCredentials, OktaSwitches,
    OtherSuccess, TargetOrder, UserNameChange,
};
pub use records::Rule;
pub use scim::switches::{
    ScimDuplicateStatus, ScimErrorBody, ScimGetInGrace, ScimPatchAnswers, ScimReactivatePending, ScimResources,
    ScimTokenForm,
};
pub use switches::Switches;
pub use tls::SandboxTls;

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes any free port.
    pub listen: SocketAddr,
    /// How it behaves where the documents are silent.
    pub switches: Switches,
    /// Refuse whatever is a violation, instead of only counting it.
    pub strict: bool,
    /// Serve HTTPS as well, for programs that know LINE WORKS' hosts by heart.
    pub tls: Option<SandboxTls>,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    tls_address: Option<SocketAddr>,
    credentials: SandboxCredentials,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    /// Sends the fake Okta's events.
    sender: JoinHandle<()>,
}

impl Sandbox {
    /// Makes an app with new credentials and serves it; returns once it listens.
    ///
    /// # Errors
    /// When an address cannot be bound, no key can be made, or the authority's file cannot be written.
    pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
        let (plan, form) = (options.switches.plan, options.switches.scim_token_form);
        let (credentials, public_key) = tokio::task::spawn_blocking(move || credentials::generate(plan, form))
            .await
            .map_err(io::Error::other)??;
        let listener = TcpListener::bind(options.listen)?;
        let address = listener.local_addr()?;
        let app = app::App::new(credentials.clone(), public_key);
        let tls = options.tls.as_ref().map(bind_tls).transpose()?;
        let tls_address = tls.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?;
        let ports = world::Ports { http: address.port(), https: tls_address.map(|address| address.port()) };
        let shared = world::Shared::new(app, ports, options.switches, options.strict);
        let shared = Arc::new(shared);
        let (server, handle) = server::build(listener, tls, shared.clone())?;
        let sender = tokio::spawn(okta::send_for_ever(shared));
        let url = match address {
            address if address.ip().is_unspecified() => {
                format!("http://127.0.0.1:{}", address.port())
            }
            address => format!("http://{address}"),
        };
        tracing::info!(url, "the sandbox is listening");
        Ok(Sandbox { url, tls_address, credentials, handle, sender, server: tokio::spawn(server) })
    }

    /// Its base address, `http://127.0.0.1:PORT`; token endpoint and API are both below it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it serves HTTPS, if it does.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// What a client needs to be let in.
    pub fn credentials(&self) -> &SandboxCredentials {
        &self.credentials
    }

    /// Closes all connections and waits until the server has ended.
    pub async fn stop(self) {
        self.sender.abort();
        self.handle.stop(false).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(%error, "the sandbox ended with an error");
        }
    }
}

fn bind_tls(options: &SandboxTls) -> io::Result<(TcpListener, rustls::ServerConfig)> {
    let config = tls::configure(&options.ca_file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", options.ca_file.display())))?;
    let listener = TcpListener::bind(options.listen)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", options.listen)))?;
    Ok((listener, config))
}
