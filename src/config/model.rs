//! What an administrator can set, one struct per section of the file: parsed, checked, and without any way to be wrong.
//!
//! How a value gets here is in `sections`. Personal data and secrets stay out of `Debug`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::secret::{LiveSecret, NamedSecret};

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
    /// The time a stop goes on taking calls before that, while it says that it is not ready; may be zero.
    pub drain_time: Duration,
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
    /// The app instance whose membership counts, `0oa…`; always there when there are hook secrets or an org.
    pub app_id: Option<String>,
    /// The org that is asked for the truth; none: the facts come from what the calls carry.
    pub org: Option<OktaOrg>,
    /// Templates for LINE WORKS properties that differ from the defaults, by the property's path.
    pub mapping: BTreeMap<String, String>,
}

/// An Okta org, and how this program may ask it.
#[derive(Debug, Clone)]
pub struct OktaOrg {
    /// Its address, such as `https://example.okta.com`; without a slash at its end.
    pub url: String,
    /// Who this program is there.
    pub access: OktaAccess,
    /// The time one call to Okta may take.
    pub call_timeout: Duration,
    /// How Okta's System Log is read for events the hook lost; none: it is not.
    pub catch_up: Option<CatchUp>,
}

/// Who this program is to Okta.
#[derive(Debug, Clone)]
pub enum OktaAccess {
    /// An API service app that signs with its private key (`private_key_jwt`).
    ServiceApp {
        /// Its client id.
        client_id: String,
        /// Its private key: PEM (RSA or EC) or JWK, as it was given; not read any further here.
        private_key: LiveSecret,
        /// The key's id (`kid`), where the key does not say it itself.
        key_id: Option<String>,
        /// The scopes asked for, separated by one space.
        scope: String,
    },
    /// An API token (SSWS).
    Token(LiveSecret),
}

/// How Okta's System Log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// The time between two passes.
    pub every: Duration,
    /// How far a pass goes back before the last event known, where the cursor cannot be used.
    pub overlap: Duration,
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
    /// The password of a PostgreSQL role, from the URL or by itself; `Debug` does not show it.
    pub password: Option<SecretString>,
    /// Connections to PostgreSQL at the same time, 2 to 100, beside one that listens.
    pub connections: usize,
    /// How long events and attempts are kept.
    pub keep_history: Duration,
}

/// The database of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerUrl {
    /// A SQLite file; a relative path counts from the directory the program is started in.
    Sqlite(PathBuf),
    /// A PostgreSQL database, which several replicas may share.
    Postgres(PostgresUrl),
}

/// Where a PostgreSQL database is; its password is apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// A host name, an IP address, or the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub encryption: PostgresEncryption,
}

/// Whether a connection to PostgreSQL is encrypted, and whose certificate is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresEncryption {
    /// Not at all (`disable`): this machine by default.
    None,
    /// Encrypted, with whoever answers (`require`).
    Unchecked,
    /// Encrypted, with a certificate for the host's name (`verify-full`): of the authorities in this file (PEM), else of the system's. Other
    /// machines by default.
    Checked(Option<PathBuf>),
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
