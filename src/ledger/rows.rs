//! Rows into domain values and back, for every adapter. A row that cannot be read names its table, column and key.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{AttemptRecord, EventRecord, StoreError};
use crate::domain::assignment::{Assignment, Fact, Facts, Membership, OktaStatus, Ruling, State, StateName};
use crate::domain::event::{ProfileWeight, ProfileWish, Source, UnassignPolicy};
use crate::domain::heads::Heads;
use crate::domain::ids::OktaUserId;
use crate::domain::marks::{Intent, Marks};
use crate::domain::outcome::Reason;
use crate::domain::profile::{FieldError, Profile};
use crate::domain::step::StepKind;

type Outcome<T> = Result<T, StoreError>;

/// Every column of an assignment, by name, in the order of the table.
pub(super) const ASSIGNMENT: &str = "okta_user_id, membership, membership_policy, membership_at, membership_source, \
     status, status_at, status_source, profile, profile_at, profile_source, revision, applied_revision, member_id, \
     external_key, suspend_intent_at, suspend_confirmed, delete_intent_at, delete_confirmed, unassigned_seen_at, \
     unclear_until, state, next_at, reason, held_steps, ruling, ruling_revision, failures, created_at, updated_at, groups, yielded_to, former_logins, \
     okta_profile, okta_read_at";

/// What is shown of an event; never `*`, since a newer program may have added columns.
pub(super) const EVENT: &str =
    "id, kind, event_key, source, caller, occurred_at, arrived_at, verdict, revision, times_seen, note";
/// What is shown of a run.
pub(super) const ATTEMPT: &str = "id, revision, started_at, ended_at, state, reason, okta, steps, calls";

/// A moment as it is stored.
pub(super) fn ms(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

/// A stored moment that belongs to no row of a named key.
pub(super) fn moment(at_ms: i64) -> Outcome<Timestamp> {
    Timestamp::from_millisecond(at_ms)
        .map_err(|_| StoreError::Unavailable(format!("the ledger holds {at_ms} as a moment, which is none")))
}

/// A word (a unit enum of serde) as it is stored.
pub(super) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        other => unreachable!("only unit enums are stored as words, not {other:?}"),
    }
}

/// A value as stored JSON.
pub(super) fn stored_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("maps with text keys always serialise")
}

#[derive(Serialize)]
struct Valid<'p> {
    valid: &'p Profile,
}

/// A profile wish as it is stored.
pub(super) fn stored_profile(wish: &ProfileWish) -> String {
    match wish {
        ProfileWish::Valid(profile) => stored_json(&Valid { valid: profile }),
        ProfileWish::Refused { fields, thin } => json!({ "refused": fields, "thin": thin }).to_string(),
    }
}

/// One row of any database, read by the names of its columns. `Err` means that the column holds something else.
pub(super) trait Columns {
    fn text(&self, column: &str) -> Result<Option<String>, NotThis>;
    fn integer(&self, column: &str) -> Result<Option<i64>, NotThis>;
    fn flag(&self, column: &str) -> Result<Option<bool>, NotThis>;
}

/// A column holds something of another kind.
pub(super) struct NotThis;

/// What can be read from a column as it is.
pub(super) trait Plain: Sized {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis>;
}

impl Plain for String {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis> {
        row.text(column)
    }
}

impl Plain for i64 {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis> {
        row.integer(column)
    }
}

impl Plain for u64 {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis> {
        row.integer(column)?.map(u64::try_from).transpose().map_err(|_| NotThis)
    }
}

impl Plain for u32 {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis> {
        row.integer(column)?.map(u32::try_from).transpose().map_err(|_| NotThis)
    }
}

impl Plain for bool {
    fn read(row: &dyn Columns, column: &str) -> Result<Option<Self>, NotThis> {
        row.flag(column)
    }
}

/// A column that must hold something, or one that may hold nothing.
pub(super) trait Held: Sized {
    fn held(row: &dyn Columns, column: &str) -> Result<Self, NotThis>;
}

impl<T: Plain> Held for T {
    fn held(row: &dyn Columns, column: &str) -> Result<Self, NotThis> {
        T::read(row, column)?.ok_or(NotThis)
    }
}

impl<T: Plain> Held for Option<T> {
    fn held(row: &dyn Columns, column: &str) -> Result<Self, NotThis> {
        T::read(row, column)
    }
}

/// Reads one row with errors that name table, column and key.
pub(super) struct Reading<'r> {
    row: &'r dyn Columns,
    table: &'static str,
    key: String,
}

impl<'r> Reading<'r> {
    pub(super) fn of(row: &'r impl Columns, table: &'static str, key_column: &str) -> Outcome<Self> {
        let number = || row.integer(key_column).ok().flatten().map(|number| number.to_string());
        let key = row.text(key_column).ok().flatten().or_else(number).unwrap_or_else(|| "?".to_owned());
        Ok(Self { row, table, key })
    }

    pub(super) fn bad(&self, column: &'static str) -> StoreError {
        StoreError::BadRow { table: self.table, column, key: self.key.clone() }
    }

    pub(super) fn plain<T: Held>(&self, column: &'static str) -> Outcome<T> {
        T::held(self.row, column).map_err(|_| self.bad(column))
    }

    pub(super) fn moment(&self, column: &'static str) -> Outcome<Timestamp> {
        self.maybe_moment(column)?.ok_or_else(|| self.bad(column))
    }

    pub(super) fn maybe_moment(&self, column: &'static str) -> Outcome<Option<Timestamp>> {
        let stored: Option<i64> = self.plain(column)?;
        stored.map(Timestamp::from_millisecond).transpose().map_err(|_| self.bad(column))
    }

    pub(super) fn number(&self, column: &'static str) -> Outcome<u64> {
        let stored: i64 = self.plain(column)?;
        u64::try_from(stored).map_err(|_| self.bad(column))
    }

    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Outcome<T> {
        self.maybe_word(column)?.ok_or_else(|| self.bad(column))
    }

    pub(super) fn maybe_word<T: DeserializeOwned>(&self, column: &'static str) -> Outcome<Option<T>> {
        let stored: Option<String> = self.plain(column)?;
        let parsed = stored.map(|text| serde_json::from_value(Value::String(text))).transpose();
        parsed.map_err(|_| self.bad(column))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Outcome<Option<T>> {
        let stored: Option<String> = self.plain(column)?;
        let parsed = stored.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|_| self.bad(column))
    }
}

/// A stored membership.
fn membership(word: &str, policy: Option<UnassignPolicy>) -> Option<Membership> {
    match word {
        "assigned" => Some(Membership::Assigned),
        "unassigned" => Some(Membership::Unassigned(policy)),
        _ => None,
    }
}

fn status(word: &str) -> Option<OktaStatus> {
    match word {
        "active" => Some(OktaStatus::Active),
        "suspended" => Some(OktaStatus::Suspended),
        "deactivated" => Some(OktaStatus::Deactivated),
        _ => None,
    }
}

/// The heads of the facts, from `membership, membership_policy, membership_at, status, status_at,
/// profile_weight, profile_at`.
pub(super) fn heads(row: &impl Columns) -> Outcome<Heads> {
    let reading = Reading::of(row, "assignments", "okta_user_id")?;
    let policy = reading.maybe_word("membership_policy")?;
    let said: Option<String> = reading.plain("membership")?;
    let membership = match said {
        None => None,
        Some(word) => {
            let value = membership(&word, policy).ok_or_else(|| reading.bad("membership"))?;
            Some((value, reading.moment("membership_at")?))
        }
    };
    let said: Option<String> = reading.plain("status")?;
    let status = match said {
        None => None,
        Some(word) => {
            let value = status(&word).ok_or_else(|| reading.bad("status"))?;
            Some((value, reading.moment("status_at")?))
        }
    };
    let weight = match reading.plain::<i64>("profile_weight")? {
        0 => None,
        1 => Some(ProfileWeight::Thin),
        2 => Some(ProfileWeight::Full),
        _ => return Err(reading.bad("profile_weight")),
    };
    let profile = match weight {
        None => None,
        Some(weight) => Some((weight, reading.moment("profile_at")?)),
    };
    Ok(Heads { membership, status, profile })
}

/// An assignment, from the columns of [`ASSIGNMENT`].
pub(super) fn assignment(row: &impl Columns) -> Outcome<Assignment> {
    let reading = Reading::of(row, "assignments", "okta_user_id")?;
    let person: String = reading.plain("okta_user_id")?;
    let revision = reading.number("revision")?;
    let ruling_revision: Option<u64> = reading.plain("ruling_revision")?;
    let ruling = if ruling_revision == Some(revision) { stored_ruling(&reading)? } else { None };
    Ok(Assignment {
        person: OktaUserId::try_from(person).map_err(|_| reading.bad("okta_user_id"))?,
        facts: facts(&reading)?,
        revision,
        applied_revision: reading.number("applied_revision")?,
        member_id: reading.maybe_word("member_id")?,
        external_key: reading.maybe_word("external_key")?,
        marks: Marks {
            suspend: intent(&reading, "suspend_intent_at", "suspend_confirmed")?,
            delete: intent(&reading, "delete_intent_at", "delete_confirmed")?,
            unassigned_seen: reading.maybe_moment("unassigned_seen_at")?,
            unclear_until: reading.maybe_moment("unclear_until")?,
        },
        groups: reading.json("groups")?.ok_or_else(|| reading.bad("groups"))?,
        yielded_to: reading.maybe_word("yielded_to")?,
        former_logins: reading.json("former_logins")?.ok_or_else(|| reading.bad("former_logins"))?,
        said_before: said_before(&reading)?,
        state: state(&reading)?,
        ruling,
        failures: reading.plain("failures")?,
        created: reading.moment("created_at")?,
        updated: reading.moment("updated_at")?,
    })
}

fn facts(reading: &Reading<'_>) -> Outcome<Facts> {
    let mut facts = Facts::default();
    if let Some(said) = reading.plain::<Option<String>>("membership")? {
        let policy = reading.maybe_word("membership_policy")?;
        let value = membership(&said, policy).ok_or_else(|| reading.bad("membership"))?;
        facts.named_policy = policy.filter(|_| value == Membership::Assigned);
        facts.membership = Some(fact(reading, value, "membership_at", "membership_source")?);
    }
    if let Some(said) = reading.plain::<Option<String>>("status")? {
        let value = status(&said).ok_or_else(|| reading.bad("status"))?;
        facts.status = Some(fact(reading, value, "status_at", "status_source")?);
    }
    if let Some(stored) = reading.json::<Value>("profile")? {
        let value = profile_wish(&stored).ok_or_else(|| reading.bad("profile"))?;
        facts.profile = Some(fact(reading, value, "profile_at", "profile_source")?);
    }
    if let Some(stored) = reading.json::<Value>("okta_profile")? {
        facts.okta_profile = Some(profile_wish(&stored).ok_or_else(|| reading.bad("okta_profile"))?);
    }
    facts.okta_read = reading.maybe_moment("okta_read_at")?;
    Ok(facts)
}

fn fact<T>(reading: &Reading<'_>, value: T, at: &'static str, source: &'static str) -> Outcome<Fact<T>> {
    Ok(Fact { value, occurred: reading.moment(at)?, source: reading.word::<Source>(source)? })
}

fn profile_wish(stored: &Value) -> Option<ProfileWish> {
    if let Some(valid) = stored.get("valid") {
        return Profile::from_stored(valid).ok().map(ProfileWish::Valid);
    }
    let fields: Vec<FieldError> = serde_json::from_value(stored.get("refused")?.clone()).ok()?;
    Some(ProfileWish::Refused { fields, thin: stored.get("thin")?.as_bool()? })
}

fn intent(reading: &Reading<'_>, at: &'static str, confirmed: &'static str) -> Outcome<Option<Intent>> {
    let Some(at) = reading.maybe_moment(at)? else { return Ok(None) };
    Ok(Some(Intent { at, confirmed: reading.plain(confirmed)? }))
}

/// A claim leaves the reason where it is until the run has one of its own.
fn said_before(reading: &Reading<'_>) -> Outcome<Option<Reason>> {
    let name: String = reading.plain("state")?;
    if name == StateName::Running.as_str() { reading.json("reason") } else { Ok(None) }
}

fn state(reading: &Reading<'_>) -> Outcome<State> {
    let name: String = reading.plain("state")?;
    let name = StateName::parse(&name).ok_or_else(|| reading.bad("state"))?;
    let reason: Option<Reason> = reading.json("reason")?;
    let required = || reason.clone().ok_or_else(|| reading.bad("reason"));
    Ok(match name {
        StateName::Due => State::Due,
        StateName::Running => State::Running,
        StateName::Settled => State::Settled { look_again: reading.maybe_moment("next_at")?, note: reason },
        StateName::Waiting => State::Waiting { until: reading.moment("next_at")?, reason: required()? },
        StateName::Parked => State::Parked { reason: required()? },
        StateName::Held => {
            let steps: Option<Vec<StepKind>> = reading.json("held_steps")?;
            let steps = steps.ok_or_else(|| reading.bad("held_steps"))?;
            State::Held { reason: required()?, steps, look_again: reading.maybe_moment("next_at")? }
        }
    })
}

/// An event, as the history shows it.
pub(super) fn event_record(row: &impl Columns) -> Outcome<EventRecord> {
    let reading = Reading::of(row, "events", "id")?;
    Ok(EventRecord {
        number: reading.plain("id")?,
        kind: reading.plain("kind")?,
        event_id: reading.plain("event_key")?,
        source: reading.plain("source")?,
        caller: reading.plain("caller")?,
        occurred_at: reading.moment("occurred_at")?,
        arrived_at: reading.moment("arrived_at")?,
        verdict: reading.plain("verdict")?,
        revision: reading.plain("revision")?,
        times_seen: reading.number("times_seen")?,
        note: reading.plain("note")?,
    })
}

/// A run, as the history shows it.
pub(super) fn attempt_record(row: &impl Columns) -> Outcome<AttemptRecord> {
    let reading = Reading::of(row, "attempts", "id")?;
    Ok(AttemptRecord {
        revision: reading.number("revision")?,
        started_at: reading.moment("started_at")?,
        ended_at: reading.moment("ended_at")?,
        state: reading.plain("state")?,
        reason: reading.json("reason")?,
        okta: reading.json("okta")?.ok_or_else(|| reading.bad("okta"))?,
        steps: reading.json("steps")?.ok_or_else(|| reading.bad("steps"))?,
        calls: reading.json("calls")?.ok_or_else(|| reading.bad("calls"))?,
    })
}

/// A ruling as it is stored.
pub(super) fn ruling_json(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Approved(steps) => json!({ "approved": steps }).to_string(),
        Ruling::Rejected => json!({ "rejected": true }).to_string(),
    }
}

fn stored_ruling(reading: &Reading<'_>) -> Outcome<Option<Ruling>> {
    let Some(stored) = reading.json::<Value>("ruling")? else { return Ok(None) };
    if stored.get("rejected").is_some() {
        return Ok(Some(Ruling::Rejected));
    }
    let steps = stored.get("approved").cloned().unwrap_or_default();
    let steps: Vec<StepKind> = serde_json::from_value(steps).map_err(|_| reading.bad("ruling"))?;
    Ok(Some(Ruling::Approved(steps)))
}
