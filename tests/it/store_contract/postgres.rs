//! PostgreSQL keeps the contract; and what only a server that several replicas share can show.

use std::sync::Arc;

use jiff::Timestamp;
use okta_lineworks::clock::Clock;
use okta_lineworks::ledger::Store;
use okta_lineworks::ledger::postgres::PostgresStore;

use super::{Bench, every_case};
use crate::support::postgres::{Database, wait};

struct Server(Database);

impl Server {
    fn new() -> Self {
        Self(Database::new())
    }
}

impl Bench for Server {
    fn open(&self, _: Timestamp) -> Arc<dyn Store> {
        crate::support::install_crypto();
        let address = self.0.address();
        Arc::new(wait(async { PostgresStore::open(&address, 4, &Clock::system()).await.expect("opens") }))
    }
}

every_case!(super::Server::new());
