//! The configuration: one TOML file, variables over it, flags over both, read once when the program starts.
//!
//! [`load`] turns what was written into a [`Config`] of parsed values, or into a [`ConfigError`] with every problem
//! found. Nothing here reads the process environment: variables come in as an argument. Only the composition root sees
//! `Config`; other modules take the values they need. Secrets never appear in `Debug`, errors or warnings.

mod check;
mod duration;
mod layers;
mod pem;
mod problems;
mod raw;
mod sandbox;
mod secret;
mod sections;
mod shape;
#[cfg(test)]
mod tests;

pub use problems::{ConfigError, Origin, Problem};
pub use sandbox::SandboxDefaults;
pub use secret::{LiveSecret, NamedSecret};

use check::Check;
use layers::Layers;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// What every variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "OKTA_LINEWORKS__";

/// Where a configuration file is looked for, first come, when none is named.
pub const SEARCHED: [&str; 2] = ["okta-lineworks.toml", "/etc/okta-lineworks/okta-lineworks.toml"];

/// What a configuration is made of.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file named with `--config`; without it, [`SEARCHED`].
    pub file: Option<PathBuf>,
    /// The environment; names without our prefix are passed over.
    pub env: Vec<(String, String)>,
    /// Values given as flags, by dotted key such as `server.listen`.
    pub overrides: Vec<(&'static str, String)>,
    /// Stand-ins; `Some` makes this sandbox mode.
    pub sandbox: Option<SandboxDefaults>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).field("sandbox", &self.sandbox).finish_non_exhaustive()
    }
}

/// A configuration that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The parsed values.
    pub config: Config,
    /// What works but should be looked at, one sentence each, to be logged once logging is up.
    pub warnings: Vec<String>,
    /// The file that was read, if any.
    pub path: Option<PathBuf>,
}

/// Everything an administrator can set, parsed and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// Who may call, and how calls are read.
    pub inbound: Inbound,
    /// The Okta side.
    pub okta: Okta,
    /// The LINE WORKS side.
    pub lineworks: LineWorks,
    /// Where members are placed.
    pub placement: Placement,
    /// Access tokens for other flows; none: that door is closed.
    pub broker: Option<Broker>,
    /// What happens when somebody gets the app.
    pub assign: Assign,
    /// What happens when somebody loses the app.
    pub unassign: Unassign,
    /// How fast LINE WORKS is called.
    pub pacing: Pacing,
    /// The workers that make LINE WORKS match.
    pub converge: Converge,
    /// Where assignments and history are kept.
    pub ledger: Ledger,
    /// What is logged.
    pub log: Log,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// Threads that answer HTTP, at least 1; by default one per processor core.
    pub http_workers: usize,
    /// Certificate and key, for the small case without a proxy.
    pub tls: Option<TlsFiles>,
    /// The time a caller has to send its whole request.
    pub request_timeout: Duration,
    /// The time a stop waits for work under way.
    pub shutdown_timeout: Duration,
}

/// Where the certificate is; the files are not read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// `[inbound]`; a door without secrets is closed.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Bearer secrets of Workflows cards.
    pub card_secrets: Vec<NamedSecret>,
    /// Secrets that sign card calls.
    pub signing_secrets: Vec<NamedSecret>,
    /// Secrets of the Okta event hook.
    pub hook_secrets: Vec<NamedSecret>,
    /// Secrets of administrators; never empty.
    pub admin_secrets: Vec<NamedSecret>,
    /// Whether a card must say when its event occurred.
    pub event_time: EventTime,
    /// The header the hook's secret comes in; a valid header name.
    pub hook_header: String,
}

/// Where the time of a card's event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// The card says it, or is refused.
    Required,
    /// The card's own if it says one, else the moment it arrived.
    Arrival,
}

/// `[okta]`
#[derive(Debug, Clone)]
pub struct Okta {
    /// The app instance whose membership counts, `0oa…`; always there when there are hook secrets.
    pub app_id: Option<String>,
}

/// `[lineworks]`
#[derive(Debug, Clone)]
pub struct LineWorks {
    /// Which LINE WORKS API members are kept with.
    pub backend: Backend,
    /// Access to the Directory API; always there with [`Backend::Directory`].
    pub directory: Option<DirectoryAccess>,
    /// The long-lived token of the SCIM API; always there with [`Backend::Scim`].
    pub scim_token: Option<LiveSecret>,
    /// The domains members live in; none only with the SCIM API alone, which needs no id.
    pub domains: Option<Domains>,
    /// Where access tokens are asked for; without a slash at its end.
    pub auth_url: String,
    /// Where the API is; without a slash at its end.
    pub api_url: String,
    /// Whether the LINE WORKS domain signs in through SSO.
    pub sso: bool,
    /// Without SSO: who sets a new member's first password.
    pub password: PasswordCreation,
    /// Whether a generated first password is given to the card that waits for the member.
    pub return_password: bool,
    /// The properties that are kept as Okta has them; none: all that a profile carries. The others are set at creation only.
    pub managed_fields: Option<Vec<String>>,
    /// The template of the external key: `{oktaUserId}`, `{email}`, `{employeeNumber}`, at least one of them.
    pub external_key: String,
    /// Whose members may be taken over.
    pub adopt: Adopt,
    /// The time one call to LINE WORKS may take.
    pub call_timeout: Duration,
}

/// The LINE WORKS API behind the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The Directory API, with a service account.
    Directory,
    /// The SCIM API with its long-lived token; what it cannot do goes to the Directory API, if there is access to it.
    Scim,
}

/// A service account of an app in the Developer Console.
#[derive(Debug, Clone)]
pub struct DirectoryAccess {
    /// Client ID of the app.
    pub client_id: String,
    /// Client secret of the app.
    pub client_secret: LiveSecret,
    /// Tried when `client_secret` is refused.
    pub other_client_secret: Option<LiveSecret>,
    /// The service account's id.
    pub service_account: String,
    /// The service account's private key: PEM with proper line breaks, PKCS#8 or PKCS#1; not read any further.
    pub private_key: LiveSecret,
    /// Tried when `private_key` is refused.
    pub other_private_key: Option<LiveSecret>,
    /// The scopes asked for, separated by one space.
    pub scope: String,
}

/// The domains of the LINE WORKS tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domains {
    /// Everybody is in this one, whatever the e-mail.
    One(i64),
    /// The e-mail's domain (lower case) decides; an e-mail outside of them is refused.
    ByEmail(BTreeMap<String, i64>),
}

/// Who sets the first password of a new member where there is no SSO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCreation {
    /// The member, by an invitation mail to the private e-mail address.
    Member,
    /// This program makes one.
    Admin,
}

/// `[placement]`
#[derive(Debug, Clone)]
pub struct Placement {
    /// How long lists of org units, levels, positions, user types and groups are believed in.
    pub cache_for: Duration,
    /// Whether an org unit that is named and does not exist is created.
    pub create_org_units: bool,
    /// The org unit (id or `externalKey:…`) new ones are created under; none: at the top.
    pub create_org_units_under: Option<String>,
    /// The groups every assigned member is in: id, `externalKey:…` or `name:…`.
    pub groups: Vec<String>,
    /// The groups a profile's `groups` may name, and that a member is taken out of when it no longer does.
    pub managed_groups: Vec<String>,
}

/// `[broker]`: access tokens for other flows.
#[derive(Debug, Clone)]
pub struct Broker {
    /// Secrets of those who may ask; never empty.
    pub secrets: Vec<NamedSecret>,
    /// The scopes of the tokens that are handed out, separated by one space.
    pub scope: String,
}

/// When a member that is there already, and not ours, is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// Never; a human decides.
    Never,
    /// When it has no external key at all.
    WhenNoExternalKey,
    /// Also when it has a key no assignment of ours has.
    ReplaceForeignKey,
}

/// `[assign]`
#[derive(Debug, Clone)]
pub struct Assign {
    /// Whether a new assignment resumes or undeletes a member that somebody else suspended or deleted.
    pub lift_foreign_suspension: bool,
}

/// `[unassign]`
#[derive(Clone)]
pub struct Unassign {
    /// What happens to the member.
    pub policy: UnassignPolicy,
    /// How long a member stays suspended before it is deleted.
    pub delete_after: Duration,
    /// Suspensions and deletions in a rolling hour; more are held for approval. 0 holds all.
    pub max_per_hour: u32,
    /// E-mail addresses, Okta user ids or LINE WORKS member ids never suspended or deleted.
    pub protected: Vec<String>,
    /// Whether a call may choose a harsher policy than `policy`.
    pub allow_call_policy: bool,
}

impl fmt::Debug for Unassign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unassign")
            .field("policy", &self.policy)
            .field("delete_after", &self.delete_after)
            .field("max_per_hour", &self.max_per_hour)
            // personal data, so only their number
            .field("protected", &self.protected.len())
            .field("allow_call_policy", &self.allow_call_policy)
            .finish()
    }
}

/// What happens to the member of a person who lost the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnassignPolicy {
    /// Suspend, and leave it at that.
    Suspend,
    /// Suspend now, delete after `delete_after`.
    SuspendThenDelete,
    /// Delete at once; LINE WORKS throws the talk rooms' data away at that moment.
    Delete,
}

/// `[pacing]`, per operation of LINE WORKS
#[derive(Debug, Clone)]
pub struct Pacing {
    /// Calls a minute that are kept up, 1 to 240.
    pub per_minute: u32,
    /// Calls that may go out at once after a quiet time, 1 to 240.
    pub burst: u32,
}

/// `[converge]`
#[derive(Debug, Clone)]
pub struct Converge {
    /// Persons worked on at the same time, 2 to 64.
    pub workers: usize,
    /// The wait after a first transient failure.
    pub retry_first: Duration,
    /// The longest wait between two tries; not shorter than `retry_first`.
    pub retry_longest: Duration,
}

/// `[ledger]`
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Where it is.
    pub url: LedgerUrl,
    /// How long events and attempts are kept.
    pub keep_history: Duration,
}

/// The database of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerUrl {
    /// A SQLite file; a relative path counts from the directory the program is started in.
    Sqlite(PathBuf),
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines are written, in the directives of `tracing_subscriber::EnvFilter`; known to be valid.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object per line.
    Json,
}

/// Reads the configuration from its sources.
///
/// # Errors
/// With every problem found: a file that cannot be read, names nobody knows, values of the wrong form or out of range,
/// and what is missing.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    load_searching(sources, &SEARCHED.map(Path::new))
}

/// [`load`], with the places to look for a file when none is named.
fn load_searching(sources: &Sources, places: &[&Path]) -> Result<Loaded, ConfigError> {
    let path = sources.file.clone().or_else(|| places.iter().find(|p| p.exists()).map(|p| p.to_path_buf()));
    let mut layers = Layers::default();
    let readable = match &path {
        Some(path) => lay_file(&mut layers, path, sources.file.is_some()),
        None => true,
    };
    layers.lay_variables(&sources.env);
    layers.lay_flags(&sources.overrides);
    if !readable {
        // without the file, most of what would be said from here on is not true
        return Err(ConfigError { problems: layers.problems });
    }
    if let Some(sandbox) = &sources.sandbox {
        sandbox::lay_stand_ins(&mut layers, sandbox);
    }
    layers.lay_defaults();
    read(layers, sources.sandbox.is_some(), path)
}

/// Lays the file over what is there; says whether it could be read and is TOML.
fn lay_file(layers: &mut Layers, path: &Path, named: bool) -> bool {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|mut file| {
        file.read_to_string(&mut text)?;
        Ok(file)
    });
    match read {
        Ok(file) => {
            let is_toml = layers.lay_file(path, &text);
            if layers.has_secret_in_file() {
                layers.warnings.extend(secret::readable_by_all(&file, path));
            }
            is_toml
        }
        Err(error) => {
            let origin = if named { Origin::Flag("--config") } else { Origin::NotSet("configuration file".into()) };
            layers.problems.push(Problem::new(
                "",
                &origin,
                format!("{} cannot be read: {error}", path.display()),
                "check the path and that the service's user may read it",
            ));
            false
        }
    }
}

/// Parses what the layers hold.
fn read(layers: Layers, sandbox: bool, path: Option<PathBuf>) -> Result<Loaded, ConfigError> {
    let not_set = match &path {
        Some(path) => format!("not set in {}", path.display()),
        None => "not set, no configuration file found".to_owned(),
    };
    let (raw, origins, layers) = layers.into_raw();
    let mut check = Check {
        sandbox,
        origins,
        not_set: Origin::NotSet(not_set),
        problems: layers.problems,
        warnings: layers.warnings,
    };
    let config = raw.and_then(|raw| sections::config(raw, &mut check));
    match config {
        Some(config) if check.problems.is_empty() => Ok(Loaded { config, warnings: check.warnings, path }),
        _ => Err(ConfigError { problems: check.problems }),
    }
}
