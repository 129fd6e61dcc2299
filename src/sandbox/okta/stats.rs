//! How often each operation was called, and what it answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::route::OktaOperation;

#[derive(Debug, Default)]
pub(super) struct Stats {
    answers: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Stats {
    /// Counts an answer; no status: the connection was closed.
    pub(super) fn count(&mut self, operation: OktaOperation, status: Option<u16>) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *self.answers.entry(operation.name()).or_default().entry(status).or_insert(0) += 1;
    }

    /// Answers by operation and status.
    pub(super) fn to_json(&self) -> Value {
        json!(self.answers)
    }

    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.answers.values().flat_map(BTreeMap::values).sum()
    }
}
