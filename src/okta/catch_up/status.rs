//! How catch-up stands: what `/readyz` and the metrics show of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::outcome::Reason;

/// How catch-up stands at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// When the System Log was last read to its end.
    pub last_pass: Option<Timestamp>,
    /// Up to when it is known to be read.
    pub read_until: Option<Timestamp>,
    /// When Okta's list of the app's users was last compared with the ledger.
    pub last_sweep: Option<Timestamp>,
    /// Why it does not go on, and since when.
    pub failure: Option<(Timestamp, Reason)>,
    /// What Okta does not show any more begins at this moment; a comparison makes up for it.
    pub gap_from: Option<Timestamp>,
    /// Another process does it.
    pub elsewhere: bool,
}

impl Progress {
    /// Whether this process has read any of the log.
    pub(super) fn is_begun(&self) -> bool {
        self.read_until.is_some()
    }
}

/// The same, shared.
#[derive(Debug, Default)]
pub struct Status(Mutex<Progress>);

impl Status {
    /// How it stands.
    pub fn now(&self) -> Progress {
        self.progress().clone()
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress());
    }

    /// Takes note of whether another process does it; true when that is news.
    pub(super) fn note_elsewhere(&self, elsewhere: bool) -> bool {
        std::mem::replace(&mut self.progress().elsewhere, elsewhere) != elsewhere
    }

    /// Takes note of a failure; one log line when it begins, or becomes another.
    pub(super) fn failed(&self, at: Timestamp, reason: &Reason, is_for_a_human: bool) {
        let mut progress = self.progress();
        let known = progress.failure.as_ref().is_some_and(|(_, known)| known.cause == reason.cause);
        if known {
            return;
        }
        progress.failure = Some((at, reason.clone()));
        drop(progress);
        let (detail, advice) = (reason.detail.as_deref(), reason.cause.english());
        if is_for_a_human {
            tracing::error!(detail, "catch-up does not go on. {} {}", advice.title, advice.todo);
        } else {
            tracing::warn!(detail, "catch-up does not go on for now. {} {}", advice.title, advice.todo);
        }
    }

    /// Takes note that all went well.
    pub(super) fn works(&self) {
        if self.progress().failure.take().is_some() {
            tracing::info!("catch-up goes on");
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn another_process_is_news_once() {
        let status = Status::default();
        let news: Vec<bool> = [false, true, true, false].map(|elsewhere| status.note_elsewhere(elsewhere)).into();
        assert_eq!(news, [false, true, false, true]);
        assert!(!status.now().elsewhere);
    }
}
