//! A PostgreSQL server for the tests, and a database of its own for each.
//!
//! The first test process of a run starts a temporary cluster of Debian's package, the others find it; a watcher ends it
//! with the run (when the process that started the tests is gone) and removes it. `TEST_POSTGRES_URL` uses another server
//! instead, where the role may make databases. Without either the tests fail and say what to install.

use std::fs::File;
use std::path::PathBuf;
use std::sync::OnceLock;

use okta_lineworks::ledger::postgres::{Address, Encryption};
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use super::cluster::{Cluster, USER};

pub use super::cluster::PASSWORD;

/// A server the tests may make databases on.
#[derive(Debug, Clone)]
pub struct Server {
    /// Over a Unix socket without a password, where it is a server of ours.
    near: tokio_postgres::Config,
    /// Over TCP.
    host: String,
    port: u16,
    user: String,
    password: Option<String>,
    folder: Option<PathBuf>,
}

/// A database of one test; it is dropped with it.
pub struct Database {
    pub name: String,
    server: &'static Server,
}

/// The runtime of everything that talks to the database beside a test's own runtime; it is never stopped.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("a runtime")
    })
}

/// Waits for a future from wherever a test is, also inside its own runtime.
pub fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(future)).join().expect("no panic"))
}

impl Database {
    /// A new, empty database.
    pub fn new() -> Self {
        Self::on(server())
    }

    /// The same in a cluster of the test's own, which runs.
    pub fn of(cluster: &Cluster) -> Self {
        // A test has one of them, and a database lives as long as its test.
        Self::on(Box::leak(Box::new(Server::in_folder(cluster.folder.clone(), cluster.port))))
    }

    fn on(server: &'static Server) -> Self {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        server.run("postgres", &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        Self { name, server }
    }

    /// How the tests reach it: the quickest way.
    pub fn address(&self) -> Address {
        match &self.server.folder {
            None => self.address_over_tcp(),
            Some(folder) => Address { host: folder.display().to_string(), password: None, ..self.address_over_tcp() },
        }
    }

    /// How a service on another machine would, without encryption.
    pub fn address_over_tcp(&self) -> Address {
        Address {
            host: self.server.host.clone(),
            port: self.server.port,
            user: self.server.user.clone(),
            password: self.server.password.clone().map(SecretString::from),
            database: self.name.clone(),
            encryption: Encryption::None,
        }
    }

    /// The same as a URL of the configuration.
    pub fn url(&self) -> String {
        self.url_at(&self.server.host, self.server.port)
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The same for somebody in between.
    pub fn url_at(&self, host: &str, port: u16) -> String {
        let Server { user, password, .. } = self.server;
        let password = password.as_deref().map_or_else(String::new, |password| {
            format!(":{}", percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC))
        });
        format!("postgres://{user}{password}@{host}:{port}/{}?sslmode=disable", self.name)
    }

    /// The certificate authority of the server, if it is one of ours: it serves `localhost` under it.
    pub fn authority(&self) -> Option<PathBuf> {
        self.server.folder.as_ref().map(|folder| folder.join("server.crt"))
    }

    /// Lets nobody in any more, and sends everybody away.
    pub fn close(&self) {
        self.server.run("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name));
        self.cut_connections();
    }

    /// Lets everybody in again.
    pub fn open(&self) {
        self.server.run("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name));
    }

    /// Runs a statement in a transaction that is left open until the answer is dropped.
    pub fn hold(&self, sql: &str) -> tokio_postgres::Client {
        wait(async {
            let client = self.server.connect(&self.name).await;
            client.batch_execute(&format!("BEGIN; {sql}")).await.expect("nobody else is there");
            client
        })
    }

    /// Runs statements in it.
    pub fn run(&self, sql: &str) {
        self.server.run(&self.name, sql);
    }

    /// The first column of the first row.
    pub fn query(&self, sql: &str) -> i64 {
        self.server.query(&self.name, sql)
    }

    /// The first column of every row.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        wait(async {
            let client = self.server.connect(&self.name).await;
            let rows = client.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            rows.iter().map(|row| row.get(0)).collect()
        })
    }

    /// Ends every connection to it; how many there were.
    pub fn cut_connections(&self) -> i64 {
        let sql =
            format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        self.server.query("postgres", &sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What a test leaves behind must not spoil what it found out.
        if !std::thread::panicking() {
            self.server.run("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

impl Server {
    /// A cluster of ours.
    fn in_folder(folder: PathBuf, port: u16) -> Self {
        let mut near = tokio_postgres::Config::new();
        near.host_path(&folder).port(port).user(USER);
        Self {
            near,
            host: "localhost".to_owned(),
            port,
            user: USER.to_owned(),
            password: Some(PASSWORD.to_owned()),
            folder: Some(folder),
        }
    }

    async fn connect(&self, database: &str) -> tokio_postgres::Client {
        let mut config = self.near.clone();
        let (client, connection) = config.dbname(database).connect(NoTls).await.expect("the server of the tests");
        tokio::spawn(connection);
        client
    }

    fn query(&self, database: &str, sql: &str) -> i64 {
        wait(async {
            let client = self.connect(database).await;
            let row = client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            row.get(0)
        })
    }

    fn run(&self, database: &str, sql: &str) {
        wait(async {
            let client = self.connect(database).await;
            client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        });
    }
}

/// The server of this run, started if need be.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var_os("TEST_POSTGRES_URL") {
        Some(url) => given(&url.into_string().expect("TEST_POSTGRES_URL is text")),
        None => own(),
    })
}

fn given(url: &str) -> Server {
    let near: tokio_postgres::Config = url.parse().expect("TEST_POSTGRES_URL is the address of a server");
    let host = match near.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        Some(tokio_postgres::config::Host::Unix(folder)) => folder.display().to_string(),
        None => panic!("TEST_POSTGRES_URL names no host"),
    };
    Server {
        host,
        port: near.get_ports().first().copied().unwrap_or(5432),
        user: near.get_user().unwrap_or("postgres").to_owned(),
        password: near.get_password().map(|password| String::from_utf8_lossy(password).into_owned()),
        folder: None,
        near,
    }
}

/// The cluster of this run: of all processes with the same parent, which is the program that runs the tests.
fn own() -> Server {
    let parent = std::os::unix::process::parent_id();
    let folder = std::env::temp_dir().join(format!("okta-lineworks-tests-{parent}"));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let lock = File::create(folder.join("lock")).expect("the folder is ours");
    lock.lock().expect("a lock");
    let ready = folder.join("port");
    let port = match std::fs::read_to_string(&ready) {
        Ok(port) => port.parse().expect("a port"),
        Err(_) => {
            let cluster = Cluster::make(&folder.join("socket"), &[]);
            cluster.start();
            cluster.end_with(parent, Some(&folder));
            std::fs::write(&ready, cluster.port.to_string()).expect("the folder is ours");
            cluster.port
        }
    };
    Server::in_folder(folder.join("socket"), port)
}
