//! One pass over the System Log: page by page to an empty one, each on disk before the cursor moves.
//!
//! A crash in between reads a page twice, and its events are recognised. What Okta refuses of a cursor is asked for
//! anew by time, with an overlap. While the app itself cannot be seen nothing counts as read.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::cursor::{self, Beginning, CURSOR, Cursor};
use super::{BATCH, CatchUp, Stop};
use crate::domain::event::{Receipt, Source, Verdict};
use crate::domain::outcome::Cause;
use crate::ledger::Incoming;
use crate::ledger::org::SWEEP_WANTED;
use crate::okta::client::{LogPage, LogQuery, OktaError};
use crate::okta::intake::{self, Intake};
use crate::okta::meaning;
use crate::okta::wire::{OktaEvent, parse_event};

/// Failures in a row after which Okta's own cursor is doubted.
const DOUBTFUL: u32 = 3;

impl CatchUp {
    /// Reads to an empty page. After some failures in a row Okta's own cursor is not used, in case that is what fails.
    pub(super) async fn pass(&self, failures: u32, stopping: &CancellationToken) -> Result<(), Stop> {
        let mut cursor = self.cursor().await?;
        if self.is_read_elsewhere(&cursor) {
            return Err(Stop::Elsewhere);
        }
        if failures >= DOUBTFUL {
            cursor.next = None;
        }
        loop {
            let asked = self.clock.now();
            let page = self.page(&cursor, stopping).await?;
            let is_last = page.events.is_empty()
                || page.next.is_none()
                || page.next.as_ref().map(Url::as_str) == cursor.next.as_deref();
            let newest = self.store_page(&page).await?;
            self.app_is_seen(stopping).await?;
            let after = cursor.after(&self.filter, page.next.as_ref(), newest, asked, self.clock.now());
            cursor = Cursor { by: self.holder.clone(), ..after };
            self.keep(&cursor).await?;
            self.status.note(|progress| progress.read_until = Some(cursor.read_until));
            if is_last {
                self.status.note(|progress| progress.last_pass = Some(cursor.at));
                return Ok(());
            }
        }
    }

    /// The cursor moves only past what could be seen: a role that does not cover the app may hide the app's events, and
    /// the page looks as if nothing had happened.
    async fn app_is_seen(&self, stopping: &CancellationToken) -> Result<(), Stop> {
        match self.ask(stopping, self.okta.app()).await? {
            Some(_) => Ok(()),
            None => Err(OktaError::untrusted(Cause::OktaAppNotFound, self.okta.app_id()).into()),
        }
    }

    /// Whether another process has read the log not long ago.
    fn is_read_elsewhere(&self, cursor: &Cursor) -> bool {
        let since = Duration::try_from(self.clock.now().duration_since(cursor.at)).unwrap_or_default();
        let read_before = self.status.now().last_pass.is_some();
        read_before && cursor.by != self.holder && since < self.settings.every / 2
    }

    /// Where to read on; the first time, where to begin.
    async fn cursor(&self) -> Result<Cursor, Stop> {
        let now = self.clock.now();
        let stored = self.store.load(CURSOR).await?;
        let unreadable = stored.is_some();
        if let Some(cursor) = stored.and_then(|stored| serde_json::from_slice::<Cursor>(&stored).ok()) {
            if self.settings.since.is_some() && !self.status.now().is_begun() {
                tracing::info!("--since is not used: this ledger knows where the System Log was read to");
            }
            self.status.note(|progress| progress.read_until = Some(cursor.read_until));
            return Ok(cursor);
        }
        if unreadable {
            tracing::error!("where Okta's System Log was read to cannot be read; it is read from now on, and compared");
            self.want_sweep().await?;
        }
        let since = self.settings.since.unwrap_or(now).min(now);
        tracing::info!(%since, "Okta's System Log is read for the first time; what happened before is not looked for");
        let cursor = Cursor::first(&self.filter, since, now);
        self.keep(&cursor).await?;
        self.begin_comparing(now).await?;
        Ok(cursor)
    }

    async fn keep(&self, cursor: &Cursor) -> Result<(), Stop> {
        let stored = serde_json::to_vec(cursor).expect("plain values always serialise");
        Ok(self.store.save(CURSOR, stored, cursor.at).await?)
    }

    /// The next page: from Okta's own cursor, else by time.
    async fn page(&self, cursor: &Cursor, stopping: &CancellationToken) -> Result<LogPage, Stop> {
        if let Some(query) = cursor.goes_on(&self.filter) {
            match self.ask(stopping, self.okta.logs(query)).await {
                Err(Stop::Okta(OktaError::Refused { said, .. })) => {
                    let (status, code) = (said.status, said.code.as_deref());
                    tracing::warn!(status, code, "Okta refuses the cursor of the System Log; it is read anew by time");
                }
                answer => return answer,
            }
        }
        let beginning = match cursor.is_first() {
            // What was asked for, to the moment.
            true => cursor::begin(cursor.read_until, self.clock.now()),
            false => cursor.begins_anew(self.settings.overlap, self.clock.now()),
        };
        match self.ask(stopping, self.since(beginning).await?).await {
            Err(Stop::Okta(error)) if error.is_since_too_old() && beginning.gap_from.is_none() => {
                let beginning = cursor::reachable(beginning.since, self.clock.now());
                self.ask(stopping, self.since(beginning).await?).await
            }
            answer => answer,
        }
    }

    /// Asks by time, and says loudly what cannot be had any more.
    async fn since(&self, beginning: Beginning) -> Result<impl Future<Output = Result<LogPage, OktaError>>, Stop> {
        if let Some(gap_from) = beginning.gap_from
            && self.status.now().gap_from.is_none()
        {
            tracing::error!(
                %gap_from, gap_until = %beginning.since,
                "Okta keeps its System Log for 180 days only: what the hook lost before is compared with the app's \
                 users instead; look whether catch-up was off or failing for that long"
            );
            self.want_sweep().await?;
            self.status.note(|progress| progress.gap_from = Some(gap_from));
        }
        let query = LogQuery::Since { since: beginning.since, filter: Some(self.filter.clone()) };
        Ok(self.okta.logs(query))
    }

    pub(super) async fn want_sweep(&self) -> Result<(), Stop> {
        let now = self.clock.now();
        Ok(self.store.save(SWEEP_WANTED, now.as_millisecond().to_string().into_bytes(), now).await?)
    }

    /// Stores the events of a page as a hook's delivery is; says when the newest was published.
    async fn store_page(&self, page: &LogPage) -> Result<Option<Timestamp>, Stop> {
        let app_id = self.okta.app_id();
        let events: Vec<OktaEvent> = page.events.iter().map(|event| parse_event(event, app_id)).collect();
        let newest = events.iter().filter_map(OktaEvent::published).max();
        let (count, mut found) = (events.len(), 0);
        let mut could_be_lost: VecDeque<bool> = events.iter().map(a_hook_may_have).collect();
        let mut events = events.into_iter();
        loop {
            let intake = Intake {
                rules: &self.settings.rules,
                asks_okta: true,
                source: Source::SystemLog,
                caller: "catch_up",
                arrived: self.clock.now(),
            };
            let batch: Vec<Incoming> = events.by_ref().take(BATCH).map(|event| intake.incoming(event)).collect();
            if batch.is_empty() {
                break;
            }
            let receipts = intake::store(&*self.store, batch).await?;
            let told = receipts.iter().zip(could_be_lost.drain(..receipts.len()));
            let is_found = |it: &Receipt| !matches!(it.verdict, Verdict::Duplicate | Verdict::Ignored);
            found += told.filter(|(receipt, could_be_lost)| *could_be_lost && is_found(receipt)).count();
        }
        self.metrics.were_found_by_catch_up(found as u64);
        if found > 0 {
            tracing::info!(count, found, "Okta's System Log told of events that no hook or card had delivered");
        }
        Ok(newest)
    }
}

/// What no hook can have was not lost by one.
fn a_hook_may_have(event: &OktaEvent) -> bool {
    let OktaEvent::Person(event) = event else { return true };
    meaning::find(event.name).is_some_and(|known| known.is_hookable)
}
