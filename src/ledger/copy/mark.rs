//! What two ledgers know of a copy between them: marks among the values there is one of.
//!
//! The source has `begun` from the first row on, the target `into`; both name the copy. A service that opens the source
//! takes `begun` away: what was copied until then counts no more, and the next copy begins anew. When everything is
//! there and compared, the source gets `moved`, and only then the target loses `into`. So at no moment two ledgers may
//! be served from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{OpenError, StoreError};

/// On the source: a copy was begun, and nobody has served from here since.
pub(in crate::ledger) const BEGUN: &str = "copy_begun";
/// On the source: it was copied and must not be served from.
pub(in crate::ledger) const MOVED: &str = "copy_moved";
/// On the target: a copy was begun and has not ended.
pub(in crate::ledger) const INTO: &str = "copy_into";

/// What is logged when a service takes `BEGUN` away.
pub(in crate::ledger) const VOID: &str =
    "a copy of this ledger was begun and is void, since this service changes what it holds";

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ledger) struct Mark {
    /// Which copy.
    pub(in crate::ledger) copy: String,
    /// The address of the source, without a password.
    pub(in crate::ledger) from: String,
    /// The address of the target, without a password.
    pub(in crate::ledger) to: String,
    /// When it was written.
    pub(in crate::ledger) at: Timestamp,
}

impl Mark {
    /// As it is stored.
    pub(in crate::ledger) fn stored(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a structure of texts is JSON")
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// It is not what this program writes.
    pub(in crate::ledger) fn read(name: &'static str, stored: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(stored).map_err(|_| StoreError::BadRow {
            table: "singletons",
            column: "value",
            key: name.to_owned(),
        })
    }
}

/// The marks a ledger has.
#[derive(Debug, Clone, Default)]
pub(in crate::ledger) struct Marks {
    pub(in crate::ledger) begun: Option<Mark>,
    pub(in crate::ledger) moved: Option<Mark>,
    pub(in crate::ledger) into: Option<Mark>,
}

impl Marks {
    /// Takes one of the values there is one of.
    ///
    /// # Errors
    /// It is one of the marks and cannot be read.
    pub(in crate::ledger) fn take(&mut self, name: &str, stored: &[u8]) -> Result<(), StoreError> {
        match name {
            BEGUN => self.begun = Some(Mark::read(BEGUN, stored)?),
            MOVED => self.moved = Some(Mark::read(MOVED, stored)?),
            INTO => self.into = Some(Mark::read(INTO, stored)?),
            _ => {}
        }
        Ok(())
    }

    /// Whether a service may open the ledger.
    ///
    /// # Errors
    /// `Moved` or `HalfCopied`.
    pub(in crate::ledger) fn let_serve(&self, path: &str) -> Result<(), OpenError> {
        if let Some(Mark { to, at, .. }) = &self.moved {
            return Err(OpenError::Moved { path: path.to_owned(), to: to.clone(), at: *at });
        }
        match &self.into {
            Some(Mark { from, .. }) => Err(OpenError::HalfCopied { path: path.to_owned(), from: from.clone() }),
            None => Ok(()),
        }
    }
}
