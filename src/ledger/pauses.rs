//! What everybody waits for, on every replica: one value in the ledger, so that a pause outlives whoever found it.
//!
//! There is at most one pause of each kind. Who finds out begins it (one alarm), one tries for all at its time, and whoever
//! finds that it is over ends it. Each of these is one change of the value that only one replica can make. What is known here
//! was read when the workers last looked: before every claim, and when another replica changed it. A ledger that is away
//! changes nothing but this process's own memory: nobody is claimed meanwhile anyway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Store;
use super::change::{Next, change as change_value};
use crate::domain::outcome::Reason;
use crate::lineworks::status::Paused;

/// The ledger's name for all of them.
const NAME: &str = "pauses";

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A seat in the contract with LINE WORKS: creates wait.
    Seat,
    /// A SCIM token that LINE WORKS accepts: all work waits.
    ScimToken,
    /// An Okta whose word can be believed: all work waits.
    Okta,
}

impl Topic {
    fn name(self) -> &'static str {
        match self {
            Topic::Seat => "seat",
            Topic::ScimToken => "scim_token",
            Topic::Okta => "okta",
        }
    }
}

/// One pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Why.
    pub reason: Reason,
    /// Of which secret, by its fingerprint: another one is not refused for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    since_ms: i64,
    try_at_ms: i64,
    #[serde(default)]
    may_try: bool,
}

impl Pause {
    /// Since when.
    pub fn since(&self) -> Timestamp {
        moment(self.since_ms)
    }

    /// When somebody may try whether it is over.
    pub fn try_at(&self) -> Timestamp {
        moment(self.try_at_ms)
    }

    /// For people to see.
    pub fn shown(&self) -> Paused {
        Paused { reason: self.reason.clone(), since: self.since() }
    }
}

/// By the topic's name, so that a version with more topics can work beside this one.
type Known = BTreeMap<String, Pause>;

/// The pauses of all replicas, as far as this one knows.
#[derive(Default)]
pub struct Pauses {
    store: Option<Arc<dyn Store>>,
    known: Mutex<Known>,
}

impl std::fmt::Debug for Pauses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pauses").field("known", &*self.known()).finish_non_exhaustive()
    }
}

impl Pauses {
    /// The pauses of everybody on this ledger. The default is a process that has none.
    pub fn of(store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), known: Mutex::default() }
    }

    /// Reads what the other replicas know. `at_start`: also what a former process knew.
    pub async fn look(&self, at_start: bool) {
        let Some(store) = self.store.as_ref().filter(|store| at_start || store.is_shared()) else { return };
        match store.load(NAME).await {
            Ok(value) => *self.known() = read(value.as_deref()),
            Err(error) => tracing::warn!(%error, "what the other replicas wait for cannot be read"),
        }
    }

    /// The pause, if there is one, as it was when it was last looked at.
    pub fn get(&self, topic: Topic) -> Option<Pause> {
        self.known().get(topic.name()).cloned()
    }

    /// Begins a pause, first tried after so long; true when it is news to the whole fleet.
    pub async fn begin(
        &self,
        topic: Topic,
        reason: &Reason,
        of: Option<&str>,
        now: Timestamp,
        after: Duration,
    ) -> bool {
        let fresh = Pause {
            reason: reason.clone(),
            of: of.map(str::to_owned),
            since_ms: now.as_millisecond(),
            try_at_ms: after_ms(now, after),
            may_try: false,
        };
        let begin = |known: &mut Known| match known.get(topic.name()) {
            Some(there) if there.reason.cause == fresh.reason.cause && there.of == fresh.of => false,
            _ => {
                known.insert(topic.name().to_owned(), fresh.clone());
                true
            }
        };
        self.change(begin, now).await
    }

    /// Whether it is this one's turn to try, and lets one create pass; the next turn is so much later.
    pub async fn try_now(&self, topic: Topic, now: Timestamp, every: Duration) -> bool {
        if self.get(topic).is_none_or(|pause| now < pause.try_at()) {
            return false;
        }
        let take = |known: &mut Known| {
            let Some(pause) = known.get_mut(topic.name()).filter(|pause| now >= pause.try_at()) else { return false };
            (pause.try_at_ms, pause.may_try) = (after_ms(now, every), true);
            true
        };
        self.change(take, now).await
    }

    /// Passes if there is no pause, or if this is the one that may try.
    ///
    /// # Errors
    /// Says what is waited for.
    pub async fn pass(&self, topic: Topic, now: Timestamp) -> Result<(), Reason> {
        if self.get(topic).is_none() {
            return Ok(());
        }
        let pass = |known: &mut Known| {
            let Some(pause) = known.get_mut(topic.name()) else { return Ok(()) };
            if std::mem::take(&mut pause.may_try) { Ok(()) } else { Err(pause.reason.clone()) }
        };
        self.change(pass, now).await
    }

    /// Somebody says that it is worth a try before its time: an operator, or a start.
    pub async fn let_one_try(&self, now: Timestamp) {
        let allow = |known: &mut Known| {
            for (topic, pause) in known {
                pause.may_try = true;
                if topic != Topic::Seat.name() {
                    pause.try_at_ms = pause.since_ms;
                }
            }
        };
        self.change(allow, now).await;
    }

    /// Ends the pause (of this secret); true for the one that did.
    pub async fn end(&self, topic: Topic, of: Option<&str>, now: Timestamp) -> bool {
        let is_it = |known: &Known| known.get(topic.name()).is_some_and(|pause| pause.of.as_deref() == of);
        if !is_it(&self.known()) {
            return false;
        }
        self.change(|known| is_it(known) && known.remove(topic.name()).is_some(), now).await
    }

    /// Changes what the ledger has; whose change met another replica's starts from that one's.
    async fn change<T>(&self, change: impl Fn(&mut Known) -> T, now: Timestamp) -> T {
        let Some(store) = &self.store else { return change(&mut self.known()) };
        let error = match change_value(&**store, NAME, now, |was| changed(was, &change)).await {
            Ok(Some((known, answer))) => {
                *self.known() = known;
                return answer;
            }
            Ok(None) => "too many others changed it at once".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(error, "the other replicas are not told what is waited for");
        change(&mut self.known())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of the ledger's value by a change, what is known then, and what the change answers.
fn changed<T>(was: Option<&[u8]>, change: &impl Fn(&mut Known) -> T) -> (Next, (Known, T)) {
    let before = read(was);
    let mut known = before.clone();
    let answer = change(&mut known);
    let value = || (!known.is_empty()).then(|| serde_json::to_vec(&known).expect("reasons and moments are JSON"));
    let next = if known == before { Next::Same } else { Next::Is(value()) };
    (next, (known, answer))
}

fn read(value: Option<&[u8]>) -> Known {
    value.and_then(|value| serde_json::from_slice(value).ok()).unwrap_or_default()
}

fn after_ms(now: Timestamp, after: Duration) -> i64 {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
    now.saturating_add(after).unwrap_or(Timestamp::MAX).as_millisecond()
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}
