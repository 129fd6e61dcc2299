//! A fake LINE WORKS over real HTTP, for rehearsals without a paid plan and for tests that need a strict counterpart.
//!
//! ```text
//!  request ─► server ─► pipeline: token? scope? quota? overlap? fault? ─► users / listing / scim / token ─► world ─► journal
//!                └────► control (/_sandbox/…): switches, faults, clock, members by hand, statistics
//! ```
//!
//! It is written from the vendor's reference as an adversary and shares no code with the client: every documented limit
//! is enforced, every undocumented behaviour has a switch, broken rules are counted. Nothing here may be used outside
//! rehearsals and tests.

mod call;
mod clock;
mod control;
mod control_groups;
mod control_members;
mod credentials;
mod effect;
mod errand;
mod faults;
mod flight;
mod groups;
mod listing;
mod member;
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
mod token;
mod users;
mod world;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use tokio::task::JoinHandle;

pub use credentials::SandboxCredentials;
pub use scim::switches::{
    ScimDuplicateStatus, ScimErrorBody, ScimGetInGrace, ScimPatchAnswers, ScimReactivatePending, ScimResources,
    ScimTokenForm,
};
pub use switches::{
    DuplicateStyle, EndCursor, ExpiresIn, GetInGrace, HeaderSpelling, Leniency, MissingUserCode, PatchAnswers,
    PatchObjects, Plan, Switches, TokenErrorStatus, UndeleteReturns,
};

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes any free port.
    pub listen: SocketAddr,
    /// How it behaves where the documents are silent.
    pub switches: Switches,
    /// Refuse whatever is a violation, instead of only counting it.
    pub strict: bool,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    credentials: SandboxCredentials,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Makes an app with new credentials and serves it; returns once it listens.
    ///
    /// # Errors
    /// When the address cannot be bound or no RSA key can be made.
    pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
        let (plan, form) = (options.switches.plan, options.switches.scim_token_form);
        let (credentials, public_key) = tokio::task::spawn_blocking(move || credentials::generate(plan, form))
            .await
            .map_err(io::Error::other)??;
        let listener = TcpListener::bind(options.listen)?;
        let address = listener.local_addr()?;
        let app = token::App { credentials: credentials.clone(), public_key };
        let shared = world::Shared::new(app, address.port(), options.switches, options.strict);
        let (server, handle) = server::build(listener, Arc::new(shared))?;
        let url = match address {
            address if address.ip().is_unspecified() => {
                format!("http://127.0.0.1:{}", address.port())
            }
            address => format!("http://{address}"),
        };
        tracing::info!(url, "the sandbox is listening");
        Ok(Sandbox { url, credentials, handle, server: tokio::spawn(server) })
    }

    /// Its base address, `http://127.0.0.1:PORT`; token endpoint and API are both below it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a client needs to be let in.
    pub fn credentials(&self) -> &SandboxCredentials {
        &self.credentials
    }

    /// Closes all connections and waits until the server has ended.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(%error, "the sandbox ended with an error");
        }
    }
}
