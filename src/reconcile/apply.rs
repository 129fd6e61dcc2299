//! Applies what an operator chose of a comparison: each choice becomes an event in the usual order.
//!
//! The comparison is made anew first, and only what is still found of what was chosen is applied. What Okta's API showed
//! occurred when it was read; what an export says occurred when it was made, so that anything newer stands above it.
//! Whoever is worked on is read again before anything happens to them, and extras meet the usual cap and holds.

use std::collections::HashSet;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::Reconcile;
use super::compare::Person;
use super::finding::{Finding, Kind};
use super::run::{Input, Line};
use crate::domain::assignment::OktaStatus;
use crate::domain::event::{Event, EventKind, ProfileWish, Source, Verdict};
use crate::domain::ids::OktaUserId;
use crate::ledger::{Incoming, StoreError};
use crate::okta::ask;
use crate::okta::client::OktaError;
use crate::okta::person::AppUser;

/// The kinds that may be chosen as a whole. Extras are named one by one.
pub(super) const CHOSEN: [Kind; 3] = [Kind::Missing, Kind::Onboard, Kind::Different];
/// Events in one transaction.
const BATCH: usize = 200;

/// What people say about who has the app.
#[derive(Debug, Clone)]
pub enum Truth {
    /// Okta's API.
    Okta,
    /// An export that was made at this moment.
    Export(Timestamp, Vec<Person>),
}

/// What an operator chose.
#[derive(Debug, Clone)]
pub struct Apply {
    /// Where the people with the app come from.
    pub truth: Truth,
    /// Which kinds.
    pub kinds: Vec<Kind>,
    /// Only these people, as they were shown to the operator; none: all of the kinds.
    pub people: Option<HashSet<OktaUserId>>,
    /// Extras by Okta user id, login or member id.
    pub extras: Vec<String>,
    /// The name of the admin secret.
    pub caller: String,
}

/// What was done about one choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was found.
    pub finding: Finding,
    /// What became of it; none: Okta says now that this extra has the app, and nothing was done.
    pub verdict: Option<Verdict>,
}

/// Everything that was done.
#[derive(Debug, Default)]
pub struct Applied {
    /// What was done, person by person.
    pub changes: Vec<Change>,
    /// Names given as extras that are none.
    pub no_extras: Vec<String>,
}

/// Why it was not done to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The comparison broke off; its last line says why. Nothing was applied.
    #[error("the comparison broke off")]
    NotCompared(Option<Line>),
    /// Okta could not be asked about an extra. Nothing was applied.
    #[error("Okta could not be asked about an extra")]
    Okta(OktaError),
    /// The ledger took a part only; so many people were stored.
    #[error("{1}")]
    Ledger(usize, StoreError),
}

impl Reconcile {
    /// Compares anew and applies the choice; progress goes to `lines`.
    ///
    /// # Errors
    /// Says how much was applied.
    pub async fn apply(&self, apply: Apply, lines: &mpsc::Sender<Line>) -> Result<Applied, ApplyError> {
        // What is read from now on is at least as new as this.
        let started = self.clock.now();
        let (input, occurred) = match &apply.truth {
            Truth::Okta => (Input::Okta, started),
            Truth::Export(at, people) => (Input::Export(people.clone()), *at),
        };
        let findings = self.findings(input, lines).await?;
        let (chosen, no_extras) = choose(findings, &apply);
        let mut changes = Vec::new();
        let mut incoming = Vec::new();
        for finding in chosen {
            let Some(person) = finding.okta_user_id.clone() else { continue };
            let is_extra = finding.kind == Kind::Extra;
            if is_extra && self.has_the_app(&person, &apply.truth).await.map_err(ApplyError::Okta)? {
                changes.push(Change { finding, verdict: None });
                continue;
            }
            let event = Event {
                kind: if is_extra { EventKind::Unassigned } else { EventKind::Assigned },
                profile: if is_extra { None } else { thin_wish(&person, &finding, &apply.truth) },
                person,
                key: None,
                source: Source::Reconcile,
                caller: apply.caller.clone(),
                occurred,
                arrived: self.clock.now(),
                policy: None,
            };
            incoming.push((finding, event));
        }
        for batch in incoming.chunks(BATCH) {
            let events = batch.iter().map(|(_, event)| Incoming::Event(event.clone())).collect();
            let receipts = self.store.accept(events).await;
            let receipts = receipts.map_err(|error| ApplyError::Ledger(changes.len(), error))?;
            let stored = batch.iter().zip(receipts);
            changes.extend(
                stored
                    .map(|((finding, _), receipt)| Change { finding: finding.clone(), verdict: Some(receipt.verdict) }),
            );
        }
        tracing::info!(people = changes.len(), caller = apply.caller, "a comparison was applied");
        Ok(Applied { changes, no_extras })
    }

    async fn findings(&self, input: Input, lines: &mpsc::Sender<Line>) -> Result<Vec<Finding>, ApplyError> {
        let (sender, mut compared) = mpsc::channel(64);
        let listen = async {
            let (mut findings, mut end) = (Vec::new(), None);
            while let Some(line) = compared.recv().await {
                match line {
                    Line::Finding(finding) => findings.push(*finding),
                    Line::Progress(progress) => {
                        // Nobody listens any more.
                        if lines.send(Line::Progress(progress)).await.is_err() {
                            break;
                        }
                    }
                    line => end = Some(line),
                }
            }
            drop(compared);
            (findings, end)
        };
        let ((), (findings, end)) = tokio::join!(self.run(input, sender), listen);
        match end {
            Some(Line::Summary(_)) => Ok(findings),
            other => Err(ApplyError::NotCompared(other)),
        }
    }

    /// A last look at one extra, where Okta can be asked.
    async fn has_the_app(&self, person: &OktaUserId, truth: &Truth) -> Result<bool, OktaError> {
        match (&self.okta, truth) {
            (Some(okta), Truth::Okta) => {
                let seen = okta.app_user(person).await?.value;
                let has_it = |it: &AppUser| {
                    ask::is_assigned(&it.status) && ask::status(Some(it), it.user.as_ref()) != OktaStatus::Deactivated
                };
                Ok(seen.as_ref().is_some_and(has_it))
            }
            _ => Ok(false),
        }
    }
}

/// What was chosen of what was found, and the extras that were named and are none.
fn choose(findings: Vec<Finding>, apply: &Apply) -> (Vec<Finding>, Vec<String>) {
    let is_named = |finding: &Finding, name: &str| {
        let names = [
            finding.okta_user_id.as_ref().map(OktaUserId::as_str),
            finding.login.as_deref(),
            finding.member_id.as_ref().map(|id| id.as_str()),
        ];
        names.into_iter().flatten().any(|it| it.eq_ignore_ascii_case(name.trim()))
    };
    let shown = |finding: &Finding| {
        let id = finding.okta_user_id.as_ref();
        apply.people.as_ref().is_none_or(|people| id.is_some_and(|id| people.contains(id)))
    };
    let extra = |finding: &Finding, name: &String| finding.kind == Kind::Extra && is_named(finding, name);
    let no_extras =
        apply.extras.iter().filter(|name| !findings.iter().any(|finding| extra(finding, name))).cloned().collect();
    let is_chosen = |finding: &Finding| match finding.kind {
        Kind::Extra => apply.extras.iter().any(|name| extra(finding, name)),
        kind => CHOSEN.contains(&kind) && apply.kinds.contains(&kind) && shown(finding),
    };
    (findings.into_iter().filter(is_chosen).collect(), no_extras)
}

/// What an export says of a person's name and login. With Okta's API the run itself reads them.
fn thin_wish(person: &OktaUserId, finding: &Finding, truth: &Truth) -> Option<ProfileWish> {
    let Truth::Export(_, people) = truth else { return None };
    let same = |it: &&Person| {
        it.id.as_ref() == Some(person) || (it.id.is_none() && it.login.is_some() && it.login == finding.login)
    };
    people.iter().find(same)?.wish.clone()
}
