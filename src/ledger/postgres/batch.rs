//! Group commit: one task takes every call that is waiting and receives all their events in one transaction.
//!
//! An fsync then costs once per batch and not once per call. One batch is on its way at a time. When a batch fails
//! because of what is in it, each call is tried by itself, so that a bad one spoils nothing but itself; when the
//! database cannot be had, all are told.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::super::{Incoming, StoreError};
use super::accept::{self, Arrival, Call};
use super::hands::{Failure, Hands};
use crate::domain::event::Receipt;

/// Calls that may wait; beyond that the ledger is busy.
const WAITING: usize = 2048;
/// Events from which on a batch takes no further call.
const EVENTS: usize = 512;
/// Calls in one batch at most.
const CALLS: usize = 256;

type Answer = Result<Vec<Receipt>, StoreError>;

struct Waiting {
    call: Call,
    reply: oneshot::Sender<Answer>,
}

/// The way to the task.
pub(super) struct Batches {
    queue: mpsc::Sender<Waiting>,
}

impl Batches {
    /// Starts the task; it ends with the last sender, after what it was given.
    pub(super) fn start(hands: Hands, runtime: &Handle) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        runtime.spawn(receive_in_groups(hands, waiting));
        Self { queue }
    }

    /// Receives the events with whatever else is waiting; busy when too much is.
    pub(super) async fn accept(&self, events: Vec<Incoming>) -> Answer {
        // Texts are made here, by many, and not by the one task.
        let call: Call = events.into_iter().map(Arrival::from).collect();
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { call, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the ledger is closed, or a fault of this program ended a write; see the log".to_owned())
}

async fn receive_in_groups(hands: Hands, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        let mut events = first.call.len();
        let mut batch = vec![first];
        while events < EVENTS && batch.len() < CALLS {
            let Ok(next) = waiting.try_recv() else { break };
            events += next.call.len();
            batch.push(next);
        }
        let (calls, replies): (Vec<Call>, Vec<_>) = batch.into_iter().map(|it| (it.call, it.reply)).unzip();
        let answers = tokio::spawn(receive(hands.clone(), calls)).await.unwrap_or_default();
        // A fault of ours leaves no answers: the replies are dropped, and their callers told.
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Whoever asked may have gone; what was committed stays committed.
            let _ = reply.send(answer);
        }
    }
}

async fn receive(hands: Hands, calls: Vec<Call>) -> Vec<Answer> {
    let calls: Arc<[Call]> = calls.into();
    match together(&hands, Arc::clone(&calls)).await {
        Ok(answers) => answers,
        Err(failure) if failure.is_of_the_piece() && calls.len() > 1 => {
            let (mut answers, mut refused) = (Vec::with_capacity(calls.len()), Vec::new());
            for call in calls.iter() {
                let alone = together(&hands, Arc::from([Arc::clone(call)])).await.map_err(StoreError::from);
                refused.extend(alone.as_ref().err().cloned());
                answers.push(alone.and_then(|mut one| one.pop().ok_or_else(closed)?));
            }
            log(&refused);
            answers
        }
        Err(failure) => {
            let refused = vec![StoreError::from(failure); calls.len()];
            log(&refused);
            refused.into_iter().map(Err).collect()
        }
    }
}

/// One line for all that was refused together: the first reason, and how many calls.
fn log(refused: &[StoreError]) {
    if let Some(error) = refused.first() {
        let calls = refused.len();
        tracing::error!(%error, calls, "the ledger refused a write; who asked is told to come again");
    }
}

async fn together(hands: &Hands, calls: Arc<[Call]>) -> Result<Vec<Answer>, Failure> {
    hands.transaction(&calls, |db, calls| Box::pin(accept::accept(db, calls))).await
}
