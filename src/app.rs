//! The composition root: a configuration becomes a running service.
//!
//! Only this module sees `Config`; every part gets the parsed values it needs. A test starts the very same value on
//! port 0 with a ledger of its own.

pub(crate) mod backend;
mod lineworks;
pub(crate) mod okta;
mod settings;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App as HttpApp, HttpServer};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::converge::Converge;
use crate::domain::event::Source;
use crate::inbound::Doors;
use crate::ledger::org::{OrgEvent, OrgMark, app_gone_since};
use crate::ledger::pauses::{Pauses, Topic};
use crate::ledger::postgres::PostgresStore;
use crate::ledger::sqlite::SqliteStore;
use crate::ledger::{Incoming, OpenError, Place, Store, StoreError};
use crate::lineworks::credentials::UnusableKey;
use crate::lineworks::last_echo;
use crate::lineworks::scim::Keeper;
use crate::metrics::Metrics;
use crate::okta::catch_up::CatchUp;
use crate::okta::client::OktaClient;
use crate::okta::client::UnusableAccess;
use crate::okta::truth::Truth;
use crate::reconcile::Reconcile;
use crate::shutdown::{Ended, Shutdown};
use backend::Backend;

pub(crate) use lineworks::credentials;
pub(crate) use settings::{mapping, place, rules};
pub(crate) use tls::server_config as tls;

/// Connections the service serves at the same time, per worker thread.
const CONNECTIONS: usize = 2048;

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// The ledger belongs to the other kind of run.
    #[error(
        "the ledger {path} was used {former}, and this run is {this}; keep them apart: choose another `ledger.url`"
    )]
    MixedLedger {
        /// The database file, or the database's address.
        path: String,
        /// What it was used for.
        former: String,
        /// What this run is.
        this: &'static str,
    },
    /// The ledger cannot be read or written.
    #[error("the ledger cannot be used: {0}")]
    Store(#[from] StoreError),
    /// A private key.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// The way into Okta.
    #[error(transparent)]
    Okta(#[from] UnusableAccess),
    /// A URL.
    #[error("{key}: not a usable URL")]
    Url {
        /// The configuration key.
        key: &'static str,
    },
    /// The HTTP client.
    #[error("no HTTPS client could be made: {0}; are the system's CA certificates installed (ca-certificates)?")]
    Client(#[from] reqwest::Error),
    /// The address.
    #[error("server.listen: cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The attribute mapping.
    #[error("{0}")]
    Mapping(String),
    /// The certificate.
    #[error("server.tls_certificate, server.tls_key: {0}")]
    Tls(String),
}

/// A service that listens and is ready to run.
pub struct App {
    address: SocketAddr,
    store: Arc<dyn Store>,
    server: Server,
    converge: Arc<Converge>,
    doors: Arc<Doors>,
    keeper: Option<Keeper>,
    catch_up: Option<CatchUp>,
    rotation: BoxFuture<'static, ()>,
    stopping: CancellationToken,
    drain_time: Duration,
    shutdown_timeout: Duration,
}

/// Whether a run is a rehearsal; a ledger is never used for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Against the sandbox.
    Rehearsal,
    /// Against LINE WORKS.
    Real,
}

impl Purpose {
    fn words(self) -> &'static str {
        match self {
            Purpose::Rehearsal => "against the sandbox",
            Purpose::Real => "against LINE WORKS",
        }
    }
}

impl App {
    /// Opens the ledger, makes the parts and listens; nothing is served and nobody is worked on before `run_until`.
    ///
    /// # Errors
    /// Says which key of the configuration to look at.
    pub async fn build(config: &Config, purpose: Purpose, clock: Clock) -> Result<Self, BuildError> {
        let mapping = Arc::new(mapping(config)?);
        let store = open_ledger(config, purpose, &clock).await?;
        if config.okta.org.is_some() {
            forget_gone_app(&*store, &clock).await?;
        }
        let metrics = Arc::new(Metrics::default());
        let pauses = Arc::new(Pauses::of(Arc::clone(&store)));
        let backend = Backend::build(config, &store, &pauses, &clock, &metrics)?;
        let handover = backend.handover(config, &store, &clock);
        let settings = settings::converge(config, handover.clone(), &metrics);
        let client = okta::client(config, &clock, &metrics)?.map(Arc::new);
        let asked = okta::truth(client.as_ref(), &mapping, &clock, &pauses);
        let truth = asked.clone().map(|asked| asked as Arc<dyn Truth>);
        let members = Arc::clone(&backend.members);
        let converge = Converge::new(Arc::clone(&store), members, truth, settings, clock.clone(), Arc::clone(&pauses));
        let (contacts, known) = (backend.contacts(&clock), Arc::clone(&pauses));
        let status = move || {
            let mut status = contacts.status();
            status.paused.extend(known.get(Topic::Seat).map(|pause| pause.shown()));
            status
        };
        let catch_up = catch_up(config, client.as_ref(), &store, &clock, &metrics);
        let settings = settings::doors(config, handover, backend.broker(), &metrics);
        let doors = Doors::new(Arc::clone(&store), clock.clone(), settings, Arc::clone(&backend.members), status);
        let standing = asked.map(|asked| move || asked.standing());
        let doors = doors.with_okta(standing).with_pauses(pauses);
        let doors = doors.with_reconcile(Reconcile {
            store: Arc::clone(&store),
            members: Arc::clone(&backend.members),
            okta: client,
            mapping,
            rules: rules(config),
            judgement: settings::judgement(config),
            clock: clock.clone(),
            metrics: Arc::clone(&metrics),
        });
        let doors = doors.with_catch_up(catch_up.as_ref().map(CatchUp::status));
        let doors = Arc::new(doors);
        let (server, address) = listen(config, &doors)?;
        let stopping = CancellationToken::new();
        Ok(Self {
            address,
            store,
            server,
            converge: Arc::new(converge),
            doors,
            rotation: backend.rotation(clock, stopping.clone()),
            keeper: backend.keeper,
            catch_up,
            stopping,
            drain_time: config.server.drain_time,
            shutdown_timeout: config.server.shutdown_timeout,
        })
    }

    /// Where the first reading of Okta's System Log begins, when this ledger was never read for; else now.
    #[must_use]
    pub fn since(mut self, since: Timestamp) -> Self {
        match &mut self.catch_up {
            Some(catch_up) => catch_up.begin_at(since),
            None => tracing::warn!("--since is not used: it needs okta.org_url, and okta.catch_up"),
        }
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves and works until a stop is asked for and everything in hand is finished, or the time for that is over.
    pub async fn run_until(self, shutdown: &Shutdown) -> Ended {
        let Self {
            store,
            server,
            converge,
            doors,
            rotation,
            keeper,
            catch_up,
            stopping,
            drain_time,
            shutdown_timeout,
            ..
        } = self;
        let handle = server.handle();
        let mut server = tokio::spawn(server);
        let work = tokio::spawn(Arc::clone(&converge).run_until(shutdown.soft.clone()));
        let prune = tokio::spawn(converge.prune_until(shutdown.soft.clone()));
        let mut tasks = vec![work, prune, tokio::spawn(rotation)];
        tasks.extend(keeper.map(|keeper| tokio::spawn(keeper.run_until(Arc::clone(&store), shutdown.soft.clone()))));
        tasks.extend(catch_up.map(|catch_up| tokio::spawn(catch_up.run_until(shutdown.soft.clone()))));
        let ended_alone = tokio::select! {
            () = shutdown.soft.cancelled() => false,
            _ = &mut server => true,
        };
        if ended_alone {
            tracing::error!("the HTTP server ended by itself");
            shutdown.soft.cancel();
        }
        tracing::info!("stopping: calls in hand are finished, nothing new is begun");
        stopping.cancel();
        doors.stop_waiting();
        drop(doors);
        let finish = async {
            // A proxy that sees `/readyz` fail sends nobody here any more before the listener goes.
            if !ended_alone {
                tokio::time::sleep(drain_time).await;
            }
            stop_server(&handle, server, ended_alone).await;
            for task in tasks {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a part of the service broke");
                }
            }
            close(store).await;
        };
        match shutdown.finish(finish, drain_time + shutdown_timeout).await {
            Ended::Finished if ended_alone => Ended::Failed,
            ended => ended,
        }
    }
}

/// Closes the ledger once the last part has let go of it: its journal is moved into the file, its lock is free.
async fn close(store: Arc<dyn Store>) {
    while Arc::strong_count(&store) > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if tokio::task::spawn_blocking(move || drop(store)).await.is_err() {
        tracing::error!("the ledger could not be closed");
    }
}

async fn stop_server(handle: &ServerHandle, server: tokio::task::JoinHandle<std::io::Result<()>>, ended_alone: bool) {
    if !ended_alone {
        handle.stop(true).await;
        if let Ok(Err(error)) = server.await {
            tracing::error!(%error, "the HTTP server ended with an error");
        }
    }
}

async fn open_ledger(config: &Config, purpose: Purpose, clock: &Clock) -> Result<Arc<dyn Store>, BuildError> {
    let place = settings::place(config);
    let store: Arc<dyn Store> = match &place {
        Place::Sqlite(path) => {
            Arc::new(SqliteStore::open(path, clock.now(), last_echo(config.lineworks.call_timeout))?)
        }
        Place::Postgres(address) => Arc::new(PostgresStore::open(address, config.ledger.connections, clock).await?),
    };
    let this = purpose.words();
    match store.load("purpose").await? {
        Some(former) if former != this.as_bytes() => {
            let former = String::from_utf8_lossy(&former).into_owned();
            return Err(BuildError::MixedLedger { path: place.shown(), former, this });
        }
        Some(_) => {}
        None => store.save("purpose", this.as_bytes().to_vec(), clock.now()).await?,
    }
    Ok(store)
}

/// Who finds what the hook lost, where Okta can be asked and nobody switched it off.
fn catch_up(
    config: &Config,
    client: Option<&Arc<OktaClient>>,
    store: &Arc<dyn Store>,
    clock: &Clock,
    metrics: &Arc<Metrics>,
) -> Option<CatchUp> {
    let (settings, client) = (settings::catch_up(config)?, client?);
    Some(CatchUp::new(Arc::clone(store), Arc::clone(client), settings, clock.clone(), Arc::clone(metrics)))
}

/// While Okta could not be asked, an event may have said that the app is gone. From now on Okta says what is true.
async fn forget_gone_app(store: &dyn Store, clock: &Clock) -> Result<(), StoreError> {
    if app_gone_since(store).await?.is_none() {
        return Ok(());
    }
    let (occurred, arrived) = (clock.now(), clock.now());
    let event = OrgEvent {
        key: None,
        kind: "okta_access".to_owned(),
        mark: OrgMark::AppBack,
        note: "Okta can be asked from now on: it says what is true of the app",
        source: Source::Operator,
        caller: "start".to_owned(),
        occurred,
        arrived,
    };
    store.accept(vec![Incoming::Org(event)]).await.map(drop)
}

fn listen(config: &Config, doors: &Arc<Doors>) -> Result<(Server, SocketAddr), BuildError> {
    let address = config.server.listen;
    let failed = |cause| BuildError::Listen { address, cause };
    let doors = Arc::clone(doors);
    let http = HttpServer::new(move || {
        let doors = Arc::clone(&doors);
        HttpApp::new().configure(move |service| doors.routes(service))
    })
    .workers(config.server.http_workers)
    .max_connections(CONNECTIONS)
    .client_request_timeout(config.server.request_timeout)
    .shutdown_timeout(config.server.shutdown_timeout.as_secs().max(1))
    .disable_signals();
    let http = match &config.server.tls {
        None => http.bind(address).map_err(failed)?,
        Some(files) => http.bind_rustls_0_23(address, tls::server_config(files)?).map_err(failed)?,
    };
    let bound = http.addrs().first().copied().unwrap_or(address);
    Ok((http.run(), bound))
}
