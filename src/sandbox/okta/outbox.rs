//! What waits to be sent to the hooks, with Okta's habits: loss, duplicates, delays, disorder, batches.
//!
//! Delays run in real time; chance comes from the org's seed, so that the same calls lose the same events.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::event::Event;
use super::hook::Hook;
use super::org::Org;

/// One event for one hook.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) hook: String,
    pub(super) uuid: String,
    pub(super) kind: String,
    pub(super) payload: Value,
    due: Instant,
    /// Events of different rounds are never in one delivery.
    round: Round,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Round {
    First,
    Duplicate,
    Preview,
}

/// The sender is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paused {
    /// Events gather.
    Keeps,
    /// Events are lost, as after a receiver was down too long.
    Loses,
}

/// What became of one event for one hook.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fate {
    pub(super) uuid: String,
    pub(super) event_type: String,
    pub(super) hook: String,
    /// `delivered` or `lost`.
    pub(super) outcome: &'static str,
    /// Requests it was in.
    pub(super) tries: u32,
    /// The last answer; none for no answer, or if it was never sent.
    pub(super) status: Option<u16>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Vec<Waiting>,
    pub(super) paused: Option<Paused>,
    /// How many events are lost from now on.
    pub(super) drop_next: u32,
    pub(super) fates: Vec<Fate>,
    pub(super) in_flight: usize,
    /// Requests that were made, and those of them that were second tries.
    pub(super) requests: u64,
    pub(super) retried: u64,
    duplicates: u64,
}

/// One delivery.
pub(super) struct Batch {
    pub(super) hook: Hook,
    pub(super) events: Vec<Waiting>,
}

impl Org {
    /// Puts an event in the queue of every hook that wants it, and notes in it which those are.
    pub(super) fn enqueue(&mut self, event: &mut Event) {
        let wanting: Vec<String> =
            self.hooks.values().filter(|hook| hook.wants(event)).map(|hook| hook.id.clone()).collect();
        event.hooks.clone_from(&wanting);
        for hook in wanting {
            let waiting = Waiting {
                hook,
                uuid: event.uuid.clone(),
                kind: event.draft.kind.clone(),
                payload: event.to_hook(),
                due: Instant::now(),
                round: Round::First,
            };
            let by_chance = self.happens(self.switches.hook_loss_percent);
            let by_order = self.outbox.drop_next > 0;
            self.outbox.drop_next -= u32::from(by_order);
            if by_chance || by_order || self.outbox.paused == Some(Paused::Loses) {
                self.outbox.note(&waiting, "lost", 0, None);
                continue;
            }
            if self.happens(self.switches.hook_duplicate_percent) {
                self.outbox.duplicates += 1;
                self.put(Waiting { round: Round::Duplicate, ..waiting.clone() });
            }
            self.put(waiting);
        }
        self.wake.notify_one();
    }

    fn put(&mut self, mut waiting: Waiting) {
        let jitter = match self.switches.hook_jitter_ms {
            0 => 0,
            most => self.chance.u64(0..=most),
        };
        waiting.due += Duration::from_millis(self.switches.hook_batch_ms + self.switches.hook_delay_ms + jitter);
        self.outbox.waiting.push(waiting);
    }

    /// Puts a made-up event in the queue of every hook that has its type; a preview knows neither filter nor loss.
    pub(super) fn enqueue_preview(&mut self, kind: &str, payload: &Value) -> usize {
        let takes = |hook: &&Hook| hook.types.iter().any(|wanted| wanted == kind);
        let hooks: Vec<String> = self.hooks.values().filter(takes).map(|hook| hook.id.clone()).collect();
        for hook in &hooks {
            self.outbox.waiting.push(Waiting {
                hook: hook.clone(),
                uuid: payload["uuid"].as_str().unwrap_or_default().to_owned(),
                kind: kind.to_owned(),
                payload: payload.clone(),
                due: Instant::now(),
                round: Round::Preview,
            });
        }
        self.wake.notify_one();
        hooks.len()
    }

    /// What is to be sent now, and when to look again.
    pub(super) fn take_due(&mut self, now: Instant) -> (Vec<Batch>, Option<Instant>) {
        if self.outbox.paused.is_some() {
            return (Vec::new(), None);
        }
        let gathers = Duration::from_millis(self.switches.hook_batch_ms);
        let is_due = |waiting: &Waiting| waiting.due <= now;
        let leaving: Vec<(String, Round)> =
            self.outbox.waiting.iter().filter(|it| is_due(it)).map(|it| (it.hook.clone(), it.round)).collect();
        let mut taken: BTreeMap<(String, Round), Vec<Waiting>> = BTreeMap::new();
        for waiting in std::mem::take(&mut self.outbox.waiting) {
            let key = (waiting.hook.clone(), waiting.round);
            // Who is nearly due goes along.
            match waiting.due <= now + gathers && leaving.contains(&key) {
                true => taken.entry(key).or_default().push(waiting),
                false => self.outbox.waiting.push(waiting),
            }
        }
        let most = usize::try_from(self.switches.hook_batch_most).unwrap_or(usize::MAX).max(1);
        let mut batches = Vec::new();
        for ((hook, _), mut events) in taken {
            events.sort_by_key(|waiting| waiting.due);
            if self.switches.hook_disorder {
                self.chance.shuffle(&mut events);
            }
            let Some(hook) = self.hooks.get(&hook).cloned() else {
                events.iter().for_each(|waiting| self.outbox.note(waiting, "lost", 0, None));
                continue;
            };
            batches.extend(events.chunks(most).map(|events| Batch { hook: hook.clone(), events: events.to_vec() }));
        }
        self.outbox.in_flight += batches.len();
        (batches, self.outbox.waiting.iter().map(|waiting| waiting.due).min())
    }
}

impl Outbox {
    pub(super) fn note(&mut self, waiting: &Waiting, outcome: &'static str, tries: u32, status: Option<u16>) {
        self.fates.push(Fate {
            uuid: waiting.uuid.clone(),
            event_type: waiting.kind.clone(),
            hook: waiting.hook.clone(),
            outcome,
            tries,
            status,
        });
    }

    /// Lets everything that waits go at once.
    pub(super) fn flush(&mut self) {
        let now = Instant::now();
        self.waiting.iter_mut().for_each(|waiting| waiting.due = now);
    }

    /// How many events were lost, delivered and so on, and what became of each.
    pub(super) fn stats(&self) -> Value {
        let count = |outcome: &str| self.fates.iter().filter(|fate| fate.outcome == outcome).count();
        let mut by_type: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for fate in &self.fates {
            *by_type.entry(&fate.event_type).or_default().entry(fate.outcome).or_insert(0) += 1;
        }
        json!({
            "paused": self.paused.is_some(),
            "pending": self.waiting.len(),
            "inFlight": self.in_flight,
            "requests": self.requests,
            "retried": self.retried,
            "duplicates": self.duplicates,
            "delivered": count("delivered"),
            "lost": count("lost"),
            "byType": by_type,
            "events": self.fates,
        })
    }
}
