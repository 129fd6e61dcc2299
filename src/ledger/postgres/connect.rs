//! How a connection to the database is made: address, encryption, time limits, and what every session is told first.

use std::future::poll_fn;
use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::OpenError;
use super::tls;

/// How long one connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// What every session is told first. A commit must be on disk when it returns, whatever the server's default; a
/// statement, a lock or a forgotten transaction ends by itself when this program is gone or stuck. Short statements gain
/// nothing from being compiled. Every statement looks rows up by an index where there is one: a plan made while a table is
/// new and empty would read all of it, and is kept while the table grows, until the server has counted its rows.
const SESSION: &str = "SET statement_timeout = '8s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '15s'; SET default_transaction_isolation = 'read committed'; \
     SET default_transaction_read_only = off; SET jit = off; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// What a session for work is told as well: it fails, with this text, in a ledger that was moved away or has half a copy.
/// So a service that was cut off while its ledger moved cannot go on where nobody looks any more.
const GATE: &str = "SELECT ('the ledger was moved away, or is half copied (' || name || '); see docs/ledger.md')::integer \
     FROM singletons WHERE name IN ('copy_moved', 'copy_into')";

/// Where the database is, and how it is reached.
#[derive(Debug, Clone)]
pub struct Address {
    /// A host name, an IP address, or the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub encryption: Encryption,
}

/// Whether the connection is encrypted, and whose certificate is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: for this machine.
    None,
    /// Encrypted, but with whoever answers.
    Unchecked,
    /// Encrypted, with a certificate for the host's name: of the authorities in this PEM file, else of the system's.
    Checked(Option<PathBuf>),
}

impl Address {
    /// The address without its password, for texts people read.
    pub fn shown(&self) -> String {
        let Self { host, port, user, database, .. } = self;
        if host.starts_with('/') {
            return format!("postgres:///{database}?host={host}&port={port}&user={user}");
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        format!("postgres://{user}@{host}:{port}/{database}")
    }
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    /// Reads what is needed to connect; connects to nothing.
    pub(super) fn new(address: &Address) -> Result<Self, OpenError> {
        let mut config = Config::new();
        config.host(&address.host).port(address.port).user(&address.user).dbname(&address.database);
        if let Some(password) = &address.password {
            config.password(password.expose_secret());
        }
        config.application_name("okta-lineworks").connect_timeout(CONNECT);
        // A peer that went away without a word is noticed, also while nothing is sent.
        config.keepalives(true).keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(3));
        config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(15));
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.ssl_mode(if address.encryption == Encryption::None { SslMode::Disable } else { SslMode::Require });
        let tls = tls::client_config(&address.encryption)
            .map_err(|cause| OpenError::Unusable { path: address.shown(), cause })?;
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// A connection that is ready for use, and the task that moves its bytes. Notifications go to `notices`.
    pub(super) async fn connect(
        &self,
        notices: Option<mpsc::Sender<Notification>>,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let moving = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let (AsyncMessage::Notification(notice), Some(notices)) = (message, &notices) {
                    // A full channel loses a hint; whoever waits looks by themselves, too.
                    let _ = notices.try_send(notice);
                }
            }
        });
        client.batch_execute(SESSION).await.inspect_err(|_| moving.abort())?;
        Ok((client, moving))
    }
}

impl Connect for Connector {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        Box::pin(async {
            let (client, moving) = Connector::connect(self, None).await?;
            client.batch_execute(GATE).await.inspect_err(|_| moving.abort())?;
            Ok((client, moving))
        })
    }
}

/// What went wrong with the database, in one line: never a value of a row, and no password is in it.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    if let Some(refusal) = error.as_db_error() {
        return format!("{} ({})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
