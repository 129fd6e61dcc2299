//! Where a ledger is, and what can be done with it without serving from it.

use std::path::PathBuf;

use super::postgres::{self, Address};
use super::{OpenError, Standing, sqlite};

/// The place of a ledger.
#[derive(Debug, Clone)]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Address),
}

impl Place {
    /// For texts people read; never with a password.
    pub fn shown(&self) -> String {
        match self {
            Place::Sqlite(path) => path.display().to_string(),
            Place::Postgres(address) => address.shown(),
        }
    }

    /// Where the ledger stands; nothing is made or changed.
    ///
    /// # Errors
    /// It is newer than this program can work with, or cannot be looked at.
    pub async fn standing(&self) -> Result<Standing, OpenError> {
        match self {
            Place::Sqlite(path) => sqlite::standing(path),
            Place::Postgres(address) => postgres::standing(address).await,
        }
    }

    /// Makes the tables, or brings them up to date; where the ledger stood before.
    ///
    /// # Errors
    /// It is in use (SQLite), newer than this program can work with, or cannot be changed.
    pub async fn migrate(&self) -> Result<Standing, OpenError> {
        match self {
            Place::Sqlite(path) => sqlite::migrate_alone(path),
            Place::Postgres(address) => postgres::migrate_alone(address).await,
        }
    }
}
