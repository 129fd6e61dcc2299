//! Comparing Okta's list of the app's users with the ledger. What differs is a reason to look, never more: what is true
//! of a person is read when that person is worked on.
//!
//! The ids of the list are held in memory while it is read, everything else page by page.

use std::collections::HashSet;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{BATCH, CatchUp, Stop};
use crate::domain::assignment::{Assignment, Membership};
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::ids::OktaUserId;
use crate::ledger::org::SWEEP_WANTED;
use crate::ledger::{Incoming, ListRequest};

/// The name under which the beginning of the last comparison is kept.
const SWEPT: &str = "okta_swept";
/// How often the list is compared without a reason.
const DAILY: SignedDuration = SignedDuration::from_hours(24);

impl CatchUp {
    /// The first comparison comes a day after the first reading, or when there is a reason.
    pub(super) async fn begin_comparing(&self, now: Timestamp) -> Result<(), Stop> {
        if self.moment(SWEPT).await?.is_none() {
            self.keep_moment(SWEPT, now).await?;
        }
        Ok(())
    }

    pub(super) async fn sweep_if_due(&self, stopping: &CancellationToken) -> Result<(), Stop> {
        let now = self.clock.now();
        let (last, wanted) = (self.moment(SWEPT).await?, self.moment(SWEEP_WANTED).await?);
        let is_due = match last {
            None => true,
            Some(last) => wanted.is_some_and(|wanted| wanted >= last) || now.duration_since(last) >= DAILY,
        };
        if !is_due {
            return Ok(());
        }
        self.sweep(now, stopping).await?;
        self.keep_moment(SWEPT, now).await?;
        self.status.note(|progress| {
            progress.last_sweep = Some(now);
            progress.gap_from = None;
        });
        Ok(())
    }

    async fn sweep(&self, began: Timestamp, stopping: &CancellationToken) -> Result<(), Stop> {
        let mut listed: HashSet<OktaUserId> = HashSet::new();
        let (mut next, mut looks) = (None, 0);
        loop {
            let page = self.ask(stopping, self.okta.app_users(next)).await?;
            let mut reasons = Vec::new();
            for person in page.items.into_iter().map(|user| user.id) {
                let row = self.store.assignment(&person).await?;
                if let Some(kind) = reason_if_listed(row.as_ref()) {
                    reasons.push(self.reason(person.clone(), kind, began));
                }
                listed.insert(person);
            }
            looks += self.look(reasons).await?;
            match page.next {
                Some(url) => next = Some(url),
                None => break,
            }
        }
        looks += self.sweep_the_ledger(&listed, began, stopping).await?;
        tracing::info!(users = listed.len(), looks, "the app's users in Okta were compared with the ledger");
        Ok(())
    }

    /// Whoever has the app by the ledger and is not in the list.
    async fn sweep_the_ledger(
        &self,
        listed: &HashSet<OktaUserId>,
        began: Timestamp,
        stopping: &CancellationToken,
    ) -> Result<usize, Stop> {
        let (mut after, mut looks) = (None, 0);
        loop {
            self.take_duty(stopping).await?;
            let request = ListRequest { after, limit: BATCH, ..ListRequest::default() };
            let rows = self.store.list(request).await?;
            let Some(last) = rows.last() else { return Ok(looks) };
            after = Some(last.person.clone());
            let missing = rows.iter().filter(|row| is_missing(row, began) && !listed.contains(&row.person));
            let reasons = missing.map(|row| self.reason(row.person.clone(), EventKind::Changed, began)).collect();
            looks += self.look(reasons).await?;
        }
    }

    fn reason(&self, person: OktaUserId, kind: EventKind, began: Timestamp) -> Event {
        Event {
            person,
            key: None,
            kind,
            source: Source::Sweep,
            caller: "catch_up".to_owned(),
            // The list is as Okta had it then; a word that came later stands above it.
            occurred: began,
            arrived: self.clock.now(),
            profile: None,
            policy: None,
        }
    }

    async fn look(&self, reasons: Vec<Event>) -> Result<usize, Stop> {
        let count = reasons.len();
        let mut reasons = reasons.into_iter();
        loop {
            let batch: Vec<Incoming> = reasons.by_ref().take(BATCH).map(Incoming::Event).collect();
            if batch.is_empty() {
                return Ok(count);
            }
            self.store.accept(batch).await?;
        }
    }

    async fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, Stop> {
        let stored = self.store.load(name).await?;
        let text = stored.and_then(|stored| String::from_utf8(stored).ok());
        let ms = text.and_then(|text| i64::from_str(&text).ok());
        Ok(ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    async fn keep_moment(&self, name: &'static str, moment: Timestamp) -> Result<(), Stop> {
        Ok(self.store.save(name, moment.as_millisecond().to_string().into_bytes(), moment).await?)
    }
}

/// What to say of somebody Okta lists, if the ledger has it otherwise: a new row, or a reason to look.
fn reason_if_listed(row: Option<&Assignment>) -> Option<EventKind> {
    let Some(row) = row else { return Some(EventKind::Assigned) };
    match row.facts.membership.as_ref().map(|fact| fact.value) {
        Some(Membership::Assigned) => None,
        Some(Membership::Unassigned(_)) | None => Some(EventKind::Changed),
    }
}

/// Whether somebody has the app by a word from before the comparison began.
fn is_missing(row: &Assignment, began: Timestamp) -> bool {
    let fact = row.facts.membership.as_ref();
    fact.is_some_and(|fact| fact.value == Membership::Assigned && fact.occurred < began)
}
