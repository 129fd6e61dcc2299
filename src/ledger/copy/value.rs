//! One value of a row, whichever database it comes from; the checksum of rows; what a side says when it fails.

use std::fmt;

use sha2::{Digest, Sha256};

use super::super::StoreError;

/// What went wrong at one side, in words.
#[derive(Debug)]
pub(in crate::ledger) struct Said(pub(in crate::ledger) String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StoreError> for Said {
    fn from(error: StoreError) -> Self {
        Said(error.to_string())
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ledger) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Flag(bool),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row, in the order of its table's columns.
pub(in crate::ledger) type Row = Vec<Value>;

/// A checksum over rows in the order of their keys; the same rows give the same one, whichever database has them.
#[derive(Default)]
pub(super) struct Checksum(Sha256);

impl Checksum {
    pub(super) fn add(&mut self, row: &Row) {
        for value in row {
            match value {
                Value::Null => self.0.update([0]),
                Value::Integer(it) => self.put(1, &it.to_be_bytes()),
                Value::Real(it) => self.put(2, &it.to_bits().to_be_bytes()),
                Value::Flag(it) => self.0.update([3, u8::from(*it)]),
                Value::Text(it) => self.put(4, it.as_bytes()),
                Value::Bytes(it) => self.put(5, it),
            }
        }
    }

    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update(bytes.len().to_be_bytes());
        self.0.update(bytes);
    }

    pub(super) fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
