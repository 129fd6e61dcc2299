//! Writes in flight, per member: how the sandbox notices two writes that overlap.
//!
//! LINE WORKS demands that create, update and move of one member never overlap. A write is in flight from its arrival
//! until its effect and its answer are done, or its client has gone away and nothing can happen any more. A person is
//! known by member id, e-mail and external key alike, so that two creates of one person meet as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default, Clone)]
pub(crate) struct Flights(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    counts: HashMap<String, usize>,
    most: usize,
}

/// One write under way; it lands when this is dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    flights: Flights,
    keys: Vec<String>,
}

impl Flights {
    /// Starts a write for the person with these keys. The second value is true if another write is under way.
    pub(crate) fn start(&self, keys: Vec<String>) -> (Flight, bool) {
        let mut inner = self.lock();
        let mut concurrent = 1;
        for key in &keys {
            let count = inner.counts.entry(key.clone()).or_insert(0);
            *count += 1;
            concurrent = concurrent.max(*count);
        }
        inner.most = inner.most.max(concurrent);
        drop(inner);
        let flight = Flight { flights: self.clone(), keys };
        (flight, concurrent > 1)
    }

    /// The most writes that were ever under way for one member.
    pub(crate) fn most(&self) -> usize {
        self.lock().most
    }

    /// Forgets the record; what is under way stays under way.
    pub(crate) fn forget_most(&self) {
        self.lock().most = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut inner = self.flights.lock();
        for key in &self.keys {
            if let Some(count) = inner.counts.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    inner.counts.remove(key);
                }
            }
        }
    }
}
