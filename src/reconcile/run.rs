//! Reads the three sides to their ends, compares them, and tells of it line by line.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::mpsc;

use super::Reconcile;
use super::compare::{Person, Picture, compare};
use super::finding::{Finding, Summary};
use crate::domain::assignment::OktaStatus;
use crate::domain::event::ProfileWish;
use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::Profile;
use crate::ledger::{ListRequest, StoreError};
use crate::lineworks::{ApiError, Blocked, CallRecord, Gate, Operation, Quota};
use crate::okta::ask;
use crate::okta::client::OktaError;
use crate::okta::person::AppUser;

/// The time between two pages of members: looking must leave LINE WORKS' quota to the work.
const PACE: Duration = Duration::from_millis(500);
/// Rows of the ledger on one page.
const ROWS: usize = 500;
/// A page that could not be read is asked for again this often, after so long and twice as long.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// A longer pause than this is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where the people with the app come from.
#[derive(Debug)]
pub enum Input {
    /// Okta's API.
    Okta,
    /// An export, read already.
    Export(Vec<Person>),
}

/// Which side is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Okta's people with the app.
    Okta,
    /// The ledger's rows.
    Ledger,
    /// LINE WORKS' members.
    Members,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Progress {
    /// The side.
    pub phase: Phase,
    /// How many of it were read.
    pub read: usize,
}

/// Why nothing was compared.
#[derive(Debug)]
pub struct Failure {
    /// The side that could not be read to its end, and how much of it was.
    pub at: Progress,
    /// Why; none: the ledger, whose reason is in the log.
    pub reason: Option<Reason>,
}

/// A line of the answer.
#[derive(Debug)]
pub enum Line {
    /// How far it is.
    Progress(Progress),
    /// Something found.
    Finding(Box<Finding>),
    /// The end.
    Summary(Summary),
    /// The end, and nothing was compared.
    Failed(Failure),
}

/// Nobody hears what is said any more.
struct Gone;

enum Broken {
    Gone,
    Failure(Failure),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Broken::Gone
    }
}

impl Reconcile {
    /// Compares and tells of it; nothing changes. It ends early when nobody listens any more.
    pub async fn run(&self, input: Input, lines: mpsc::Sender<Line>) {
        let last = match self.read(input, &lines).await {
            Ok(picture) => {
                let (findings, summary) = compare(&picture, &self.judgement);
                for finding in findings {
                    if lines.send(Line::Finding(Box::new(finding))).await.is_err() {
                        return;
                    }
                }
                Line::Summary(summary)
            }
            Err(Broken::Gone) => return,
            Err(Broken::Failure(failure)) => Line::Failed(failure),
        };
        // Who hung up does not need the end.
        let _ = lines.send(last).await;
    }

    async fn read(&self, input: Input, lines: &mpsc::Sender<Line>) -> Result<Picture, Broken> {
        let people = match input {
            Input::Okta => self.people(lines).await?,
            Input::Export(people) => people.into_iter().map(|it| self.within_reach(it)).collect(),
        };
        tell(lines, Phase::Okta, people.len()).await?;
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map(|row: &crate::domain::assignment::Assignment| row.person.clone());
            let request = ListRequest { after, limit: ROWS, ..ListRequest::default() };
            let page = self.store.list(request).await.map_err(|error| ledger_failed(&error, rows.len()))?;
            let is_last = page.len() < ROWS;
            rows.extend(page);
            tell(lines, Phase::Ledger, rows.len()).await?;
            if is_last {
                break;
            }
        }
        let members = self.members(lines).await?;
        Ok(Picture { people, rows, members })
    }

    async fn people(&self, lines: &mpsc::Sender<Line>) -> Result<Vec<Person>, Broken> {
        let Some(okta) = &self.okta else { return Ok(Vec::new()) };
        let failed = |read, reason| failed(Phase::Okta, read, reason);
        // Of an app that is not there, or not active, a list says nothing.
        match patiently(|| okta.app(), of_okta).await {
            Ok(Some(app)) if app.is_active() => {}
            Ok(Some(_)) => return Err(failed(0, Reason::of(Cause::OktaAppInactive))),
            Ok(None) => return Err(failed(0, Reason::with(Cause::OktaAppNotFound, okta.app_id()))),
            Err(error) => return Err(failed(0, error.reason().clone())),
        }
        let (mut people, mut next) = (Vec::new(), None);
        loop {
            let page = patiently(|| okta.app_users(next.clone()), of_okta).await;
            let page = page.map_err(|error| failed(people.len(), error.reason().clone()))?;
            people.extend(page.items.iter().filter(|it| ask::is_assigned(&it.status)).map(|it| self.person(it)));
            tell(lines, Phase::Okta, people.len()).await?;
            match page.next {
                Some(url) => next = Some(url),
                None => return Ok(people),
            }
        }
    }

    fn person(&self, app_user: &AppUser) -> Person {
        let made = self.mapping.user(app_user).and_then(|user| Profile::parse(&user, &self.rules));
        let wish = match made {
            Ok(profile) => ProfileWish::Valid(profile),
            Err(fields) => ProfileWish::Refused { fields, thin: false },
        };
        self.within_reach(Person {
            id: Some(app_user.id.clone()),
            login: app_user.user_name.as_deref().map(str::to_lowercase),
            wish: Some(wish),
            // A user that is not shown is not for that reason deleted.
            status: match &app_user.user {
                Some(user) => ask::status(Some(app_user), Some(user)),
                None => OktaStatus::Active,
            },
        })
    }

    /// Only what the backend can carry is compared.
    fn within_reach(&self, mut person: Person) -> Person {
        if let Some(ProfileWish::Valid(profile)) = &mut person.wish {
            *profile = self.members.within_reach(profile).0;
        }
        person
    }

    async fn members(&self, lines: &mpsc::Sender<Line>) -> Result<Vec<Member>, Broken> {
        let (mut members, mut cursor) = (Vec::new(), None);
        let gate = Counting(self);
        loop {
            let page = patiently(|| self.members.list(cursor.as_ref(), &gate), of_line_works).await;
            let page = page.map_err(|error| failed(Phase::Members, members.len(), reason_of(error)))?;
            members.extend(page.members);
            tell(lines, Phase::Members, members.len()).await?;
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(members),
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

fn failed(phase: Phase, read: usize, reason: Reason) -> Broken {
    tracing::warn!(cause = reason.cause.code(), ?phase, read, "a comparison broke off; nothing was compared");
    Broken::Failure(Failure { at: Progress { phase, read }, reason: Some(reason) })
}

fn ledger_failed(error: &StoreError, read: usize) -> Broken {
    tracing::warn!(%error, read, "a comparison broke off; nothing was compared");
    Broken::Failure(Failure { at: Progress { phase: Phase::Ledger, read }, reason: None })
}

async fn tell(lines: &mpsc::Sender<Line>, phase: Phase, read: usize) -> Result<(), Gone> {
    lines.send(Line::Progress(Progress { phase, read })).await.map_err(|_| Gone)
}

/// Asks again after what passes by itself, as long as nobody asks for a long pause.
async fn patiently<T, E, F: Future<Output = Result<T, E>>>(
    ask: impl Fn() -> F,
    pause: fn(&E) -> Option<Duration>,
) -> Result<T, E> {
    let mut tried = 0;
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        tried += 1;
        match pause(&error) {
            Some(wanted) if tried < TRIES && wanted <= LONGEST_PAUSE => {
                tokio::time::sleep(wanted.max(PAUSE * tried)).await;
            }
            _ => return Err(error),
        }
    }
}

fn of_okta(error: &OktaError) -> Option<Duration> {
    match error {
        OktaError::TryLater { after, .. } => Some(after.unwrap_or_default()),
        OktaError::Untrusted { .. } | OktaError::Refused { .. } => None,
    }
}

fn of_line_works(error: &ApiError) -> Option<Duration> {
    match error {
        ApiError::TryLater { after, .. } => Some(after.unwrap_or_default()),
        ApiError::ReadAgain(_) | ApiError::Unclear(_) => Some(Duration::ZERO),
        ApiError::Blocked(_) | ApiError::Refused(_) => None,
    }
}

fn reason_of(error: ApiError) -> Reason {
    match error {
        ApiError::TryLater { reason, .. }
        | ApiError::Unclear(reason)
        | ApiError::ReadAgain(reason)
        | ApiError::Refused(reason) => reason,
        ApiError::Blocked(_) => Reason::of(Cause::LineWorksFailing),
    }
}

/// A gate without a person or a step: it is always open, and counts.
struct Counting<'a>(&'a Reconcile);

impl Gate for Counting<'_> {
    fn pass(&self, _: Operation) -> BoxFuture<'_, Result<(), Blocked>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn finished(&self, call: CallRecord, _: Option<Quota>) -> BoxFuture<'_, ()> {
        Arc::clone(&self.0.metrics).called(call.operation.as_str(), call.status);
        Box::pin(std::future::ready(()))
    }
}
