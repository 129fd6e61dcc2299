//! What a batch changes about people, as columns of arrays: one statement for all new rows, one for all that were there.

use super::super::rows::{ms, word};
use super::hands::{Db, Failure, Outcome};
use super::learnt::former_logins;
use crate::domain::assignment::Membership;
use crate::domain::event::{Event, Source};
use crate::domain::heads::{Heads, Reception};
use crate::domain::ids::OktaUserId;

/// What the events of a batch change about one person.
pub(super) struct Change {
    membership_from: Option<Source>,
    status_from: Option<Source>,
    /// The person had the app again for a moment: the count towards a deletion is over.
    ends_count: bool,
    profile: Option<NewProfile>,
    login: Option<String>,
    began: i64,
    now: i64,
}

struct NewProfile {
    text: Option<String>,
    weight: i64,
    occurred: i64,
    source: Source,
}

impl Change {
    /// Before the first event of the batch that changes something.
    pub(super) fn begins(event: &Event) -> Self {
        let now = ms(event.arrived);
        Self {
            membership_from: None,
            status_from: None,
            ends_count: false,
            profile: None,
            login: None,
            began: now,
            now,
        }
    }

    /// Takes in what an event changed; `heads` are those after it.
    pub(super) fn take(&mut self, event: &Event, profile: Option<&str>, reception: Reception, heads: &Heads) {
        self.now = ms(event.arrived);
        if reception.takes_membership {
            self.membership_from = Some(event.source);
            self.ends_count |= heads.is_assigned();
        }
        if reception.takes_status {
            self.takes_status(event.source, heads);
        }
        if let (true, Some(wish)) = (reception.takes_profile, &event.profile) {
            let login = wish.valid().map(|profile| profile.email().as_str().to_owned());
            self.login = login.or(self.login.take());
            self.profile = Some(NewProfile {
                text: profile.map(str::to_owned),
                weight: wish.weight() as i64,
                occurred: ms(event.occurred),
                source: event.source,
            });
        }
    }
}

impl Change {
    /// Takes in that an event's status is the newest word.
    pub(super) fn takes_status(&mut self, source: Source, heads: &Heads) {
        self.status_from = Some(source);
        self.ends_count |= !heads.is_unassigned();
    }
}

/// Rows to be written, column by column.
#[derive(Default)]
pub(super) struct People {
    person: Vec<String>,
    takes_membership: Vec<bool>,
    membership: Vec<Option<&'static str>>,
    policy: Vec<Option<String>>,
    membership_at: Vec<Option<i64>>,
    membership_source: Vec<Option<String>>,
    takes_status: Vec<bool>,
    status: Vec<Option<&'static str>>,
    status_at: Vec<Option<i64>>,
    status_source: Vec<Option<String>>,
    ends_count: Vec<bool>,
    takes_profile: Vec<bool>,
    profile: Vec<Option<String>>,
    profile_weight: Vec<i64>,
    profile_at: Vec<Option<i64>>,
    profile_source: Vec<Option<String>>,
    login: Vec<Option<String>>,
    revision: Vec<i64>,
    leaving: Vec<bool>,
    began: Vec<i64>,
    now: Vec<i64>,
}

/// The arrays of a batch under the names of their columns.
const GIVEN: &str = "unnest($1::text[], $2::boolean[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[], \
     $8::boolean[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::bigint[], $15::boolean[], \
     $16::bigint[], $17::bigint[], $18::boolean[], $19::text[], $20::bigint[], $21::text[]) AS given (person, takes_membership, membership, policy, membership_at, \
     membership_source, ends_count, takes_profile, profile, profile_weight, profile_at, profile_source, login, revision, \
     leaving, began, now, takes_status, status, status_at, status_source)";

impl People {
    pub(super) fn push(&mut self, person: &OktaUserId, revision: u64, heads: &Heads, change: &Change) {
        let (membership, policy, since) = match heads.membership {
            None => (None, None, None),
            Some((Membership::Assigned, at)) => (Some("assigned"), None, Some(ms(at))),
            Some((Membership::Unassigned(policy), at)) => (Some("unassigned"), policy.map(word), Some(ms(at))),
        };
        self.person.push(person.to_string());
        self.takes_membership.push(change.membership_from.is_some());
        self.membership.push(membership);
        self.policy.push(policy);
        self.membership_at.push(since);
        self.membership_source.push(change.membership_from.map(word));
        self.takes_status.push(change.status_from.is_some());
        self.status.push(heads.status.map(|(status, _)| status.as_str()));
        self.status_at.push(heads.status.map(|(_, at)| ms(at)));
        self.status_source.push(change.status_from.map(word));
        self.ends_count.push(change.ends_count);
        let profile = change.profile.as_ref();
        self.takes_profile.push(profile.is_some());
        self.profile.push(profile.and_then(|it| it.text.clone()));
        self.profile_weight.push(profile.map_or(0, |it| it.weight));
        self.profile_at.push(profile.map(|it| it.occurred));
        self.profile_source.push(profile.map(|it| word(it.source)));
        self.login.push(change.login.clone());
        self.revision.push(i64::try_from(revision).unwrap_or(i64::MAX));
        self.leaving.push(heads.is_leaving());
        self.began.push(change.began);
        self.now.push(change.now);
    }

    /// Makes the rows of people who had none.
    pub(super) async fn insert(&self, db: &Db) -> Outcome<()> {
        let sql = format!(
            "INSERT INTO assignments (okta_user_id, membership, membership_policy, membership_at, membership_source, \
             profile, profile_weight, profile_at, profile_source, login, revision, state, next_at, leaving, \
             created_at, updated_at, status, status_at, status_source) SELECT person, membership, policy, membership_at, membership_source, profile, \
             profile_weight, profile_at, profile_source, login, revision, 'due', now, leaving, began, now, \
             status, status_at, status_source FROM {GIVEN}"
        );
        self.run(db, &sql).await
    }

    /// Writes what the events change, raises the revision and makes the rows due. A run in progress sees the higher
    /// revision when it settles; nothing that arrives cuts the pause after an unclear call short.
    pub(super) async fn update(&self, db: &Db) -> Outcome<()> {
        let sql = format!(
            "UPDATE assignments AS a SET \
             membership = CASE WHEN takes_membership THEN given.membership ELSE a.membership END, \
             membership_policy = CASE WHEN takes_membership THEN given.policy ELSE a.membership_policy END, \
             membership_at = CASE WHEN takes_membership THEN given.membership_at ELSE a.membership_at END, \
             membership_source = CASE WHEN takes_membership THEN given.membership_source \
             ELSE a.membership_source END, \
             status = CASE WHEN takes_status THEN given.status ELSE a.status END, \
             status_at = CASE WHEN takes_status THEN given.status_at ELSE a.status_at END, \
             status_source = CASE WHEN takes_status THEN given.status_source ELSE a.status_source END, \
             unassigned_seen_at = CASE WHEN NOT ends_count THEN a.unassigned_seen_at END, \
             profile = CASE WHEN takes_profile THEN given.profile ELSE a.profile END, \
             profile_weight = CASE WHEN takes_profile THEN given.profile_weight ELSE a.profile_weight END, \
             profile_at = CASE WHEN takes_profile THEN given.profile_at ELSE a.profile_at END, \
             profile_source = CASE WHEN takes_profile THEN given.profile_source ELSE a.profile_source END, \
             former_logins = {}, login = coalesce(given.login, a.login), revision = given.revision, leaving = given.leaving, \
             updated_at = given.now, \
             next_at = CASE WHEN state = 'running' THEN next_at ELSE greatest(given.now, unclear_until) END, \
             reason = CASE WHEN state = 'running' THEN reason END, \
             state = CASE WHEN state = 'running' THEN state ELSE 'due' END \
             FROM {GIVEN} WHERE a.okta_user_id = given.person",
            former_logins("given.login")
        );
        self.run(db, &sql).await
    }

    async fn run(&self, db: &Db, sql: &str) -> Outcome<()> {
        if self.person.is_empty() {
            return Ok(());
        }
        let written = db
            .change(
                sql,
                &[
                    &self.person,
                    &self.takes_membership,
                    &self.membership,
                    &self.policy,
                    &self.membership_at,
                    &self.membership_source,
                    &self.ends_count,
                    &self.takes_profile,
                    &self.profile,
                    &self.profile_weight,
                    &self.profile_at,
                    &self.profile_source,
                    &self.login,
                    &self.revision,
                    &self.leaving,
                    &self.began,
                    &self.now,
                    &self.takes_status,
                    &self.status,
                    &self.status_at,
                    &self.status_source,
                ],
            )
            .await?;
        if usize::try_from(written) == Ok(self.person.len()) { Ok(()) } else { Err(Failure::Overtaken) }
    }
}
