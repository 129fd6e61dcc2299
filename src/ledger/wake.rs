//! Who waits for what: workers for people who are due, card calls for a person to be settled.
//!
//! A wake-up is a hint, never the truth: whoever is woken reads the ledger. Workers also look by themselves every
//! few seconds, so a hint that is lost costs time and nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::domain::ids::OktaUserId;

/// The bells of one ledger.
#[derive(Debug, Default)]
pub struct Wake {
    due: Notify,
    settled: Mutex<HashMap<OktaUserId, Vec<oneshot::Sender<()>>>>,
}

impl Wake {
    /// Waits until somebody may be due.
    pub async fn due(&self) {
        self.due.notified().await;
    }

    /// Rings for the workers.
    pub fn ring_due(&self) {
        self.due.notify_one();
    }

    /// Resolves when a run for this person has ended. Ask for it before reading the row.
    pub fn settled(&self, person: &OktaUserId) -> oneshot::Receiver<()> {
        let (ring, bell) = oneshot::channel();
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = settled.entry(person.clone()).or_default();
        waiting.retain(|waiter| !waiter.is_closed());
        waiting.push(ring);
        bell
    }

    /// Rings for everybody who waits for this person.
    pub fn ring_settled(&self, person: &OktaUserId) {
        let waiting = self.settled.lock().unwrap_or_else(PoisonError::into_inner).remove(person);
        for waiter in waiting.into_iter().flatten() {
            // A waiter that gave up meanwhile needs no bell.
            let _ = waiter.send(());
        }
    }

    /// Rings for everybody who waits for somebody: each looks for themselves.
    pub fn ring_everybody(&self) {
        let waiting = std::mem::take(&mut *self.settled.lock().unwrap_or_else(PoisonError::into_inner));
        for waiter in waiting.into_values().flatten() {
            // A waiter that gave up meanwhile needs no bell.
            let _ = waiter.send(());
        }
    }
}
