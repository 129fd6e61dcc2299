//! How the service ends: a soft stop first, a hard one when that is asked for or takes too long.
//!
//! The exit code says who ended first, so that a supervisor (and an administrator reading its log) can tell.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two tokens everything listens to.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Begin nothing new; finish what is in hand.
    pub soft: CancellationToken,
    /// End now.
    pub hard: CancellationToken,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything in hand was finished.
    Finished,
    /// The time limit ran out first.
    TimedOut,
    /// A second signal came first.
    Forced,
    /// A part of the service ended by itself.
    Failed,
}

impl Ended {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Finished => 0,
            Ended::Failed => 1,
            Ended::TimedOut => 3,
            Ended::Forced => 4,
        }
    }
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT: the first one stops softly, the second one ends at once.
    ///
    /// # Errors
    /// When the system lets no handler be set.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            for stop in [&this.soft, &this.hard] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                stop.cancel();
            }
        });
        Ok(())
    }

    /// Waits for `work` after a soft stop, but not longer than `limit` and not past a hard stop.
    pub async fn finish(&self, work: impl Future<Output = ()>, limit: Duration) -> Ended {
        tokio::select! {
            () = work => Ended::Finished,
            () = self.hard.cancelled() => Ended::Forced,
            () = tokio::time::sleep(limit) => Ended::TimedOut,
        }
    }
}
