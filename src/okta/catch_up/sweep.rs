//! Comparing Okta's list of the app's users with the ledger. What differs is a reason to look, never more: what is true
//! of a person is read when that person is worked on.
//!
//! The ids of the list are held in memory while it is read, everything else page by page.

use std::collections::HashSet;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{BATCH, CatchUp, Stop};
use crate::domain::assignment::{Assignment, Membership, OktaStatus};
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::Cause;
use crate::ledger::org::SWEEP_WANTED;
use crate::ledger::{Incoming, ListRequest, StoreError};
use crate::okta::ask;
use crate::okta::person::AppUser;

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
            for user in page.items {
                match self.store.assignment(&user.id).await {
                    Ok(row) => {
                        let kind = reason_if_listed(&user, row.as_ref());
                        reasons.extend(kind.map(|kind| self.reason(user.id.clone(), kind, began)));
                    }
                    Err(error @ StoreError::BadRow { .. }) => left_out(&error),
                    Err(error) => return Err(error.into()),
                }
                listed.insert(user.id);
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
        let (mut after, mut limit, mut looks) = (None, BATCH, 0);
        loop {
            self.take_duty(stopping).await?;
            let request = ListRequest { after: after.clone(), limit, ..ListRequest::default() };
            let rows = match self.store.list(request).await {
                Ok(rows) => rows,
                // One by one up to the row that cannot be read, and on behind it.
                Err(StoreError::BadRow { .. }) if limit > 1 => {
                    limit = 1;
                    continue;
                }
                Err(error) => {
                    let StoreError::BadRow { key, .. } = &error else { return Err(error.into()) };
                    let Ok(person) = key.parse() else { return Err(error.into()) };
                    left_out(&error);
                    (after, limit) = (Some(person), BATCH);
                    continue;
                }
            };
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

/// One row that cannot be read must not keep everybody else from being compared.
fn left_out(error: &StoreError) {
    tracing::error!(%error, "a row of the ledger cannot be read; it is left out of the comparison");
}

/// What to say of somebody Okta lists, if the ledger has it otherwise: a new row, or a reason to look.
fn reason_if_listed(user: &AppUser, row: Option<&Assignment>) -> Option<EventKind> {
    let has_it = ask::is_assigned(&user.status);
    let Some(row) = row else { return has_it.then_some(EventKind::Assigned) };
    if is_known_to_be_missing(row) {
        return has_it.then_some(EventKind::Changed);
    }
    let known = row.facts.membership.as_ref().is_some_and(|fact| fact.value == Membership::Assigned);
    let status = row.facts.status.as_ref().map_or(OktaStatus::Active, |fact| fact.value);
    // A user that is not shown says nothing of the status.
    let is_shown_otherwise = user.user.is_some() && ask::status(Some(user), user.user.as_ref()) != status;
    (known != has_it || (has_it && is_shown_otherwise)).then_some(EventKind::Changed)
}

/// Whether somebody has the app by a word from before the comparison began, and nobody has looked into it yet.
fn is_missing(row: &Assignment, began: Timestamp) -> bool {
    let fact = row.facts.membership.as_ref();
    let has_it = fact.is_some_and(|fact| fact.value == Membership::Assigned && fact.occurred < began);
    has_it && !is_known_to_be_missing(row)
}

/// Whether a run found that Okta does not show this person, and nothing came since; or an operator ruled on that. Such
/// people are looked at every hour, perhaps at this very moment.
fn is_known_to_be_missing(row: &Assignment) -> bool {
    let reason = row.state.reason().or(row.said_before.as_ref());
    let is_absent = reason.is_some_and(|reason| reason.cause == Cause::OktaPersonNotShown);
    is_absent || row.ruling.is_some()
}
