//! Questions: one row, a page, a history, how much there is. Read-only connections, never the writer.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{AttemptRecord, EventRecord, History, ListRequest, Tally};
use super::rows::{ASSIGNMENT, Reading, assignment as assignment_row, ms};
use super::threads::Outcome;
use crate::domain::assignment::{Assignment, StateName};
use crate::domain::ids::OktaUserId;

/// Records of each kind a history shows at most.
const HISTORY: i64 = 200;

/// One person's row.
pub(super) fn assignment(db: &Connection, person: &OktaUserId) -> Outcome<Option<Assignment>> {
    let mut statement = db.prepare_cached(&format!("SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id = ?1"))?;
    let mut rows = statement.query([person.as_str()])?;
    rows.next()?.map(assignment_row).transpose()
}

/// A page of rows, ordered by Okta user id.
pub(super) fn list(db: &Connection, request: &ListRequest) -> Outcome<Vec<Assignment>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id > ?1 AND (?2 IS NULL OR state = ?2) \
         AND (?3 IS NULL OR instr(lower(okta_user_id), lower(?3)) > 0 OR instr(coalesce(login, ''), lower(?3)) > 0 \
         OR instr(lower(coalesce(member_id, '')), lower(?3)) > 0) ORDER BY okta_user_id LIMIT ?4"
    ))?;
    let after = request.after.as_ref().map_or("", OktaUserId::as_str);
    let state = request.state.map(StateName::as_str);
    let mut rows = statement.query(params![after, state, request.query, request.limit])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(assignment_row(row)?);
    }
    Ok(page)
}

/// What happened to one person, newest first.
pub(super) fn history(db: &Connection, person: &OktaUserId) -> Outcome<History> {
    let mut history = History::default();
    let mut statement = db.prepare_cached(
        "SELECT * FROM (SELECT * FROM events WHERE okta_user_id = ?1 AND verdict <> 'ignored' UNION ALL \
         SELECT * FROM events WHERE okta_user_id = ?1 AND verdict = 'ignored') ORDER BY id DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![person.as_str(), HISTORY])?;
    while let Some(row) = rows.next()? {
        history.events.push(event_record(row)?);
    }
    let mut statement =
        db.prepare_cached("SELECT * FROM attempts WHERE okta_user_id = ?1 ORDER BY id DESC LIMIT ?2")?;
    let mut rows = statement.query(params![person.as_str(), HISTORY])?;
    while let Some(row) = rows.next()? {
        history.attempts.push(attempt_record(row)?);
    }
    Ok(history)
}

fn event_record(row: &Row<'_>) -> Outcome<EventRecord> {
    let reading = Reading::of(row, "events", "id")?;
    Ok(EventRecord {
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

fn attempt_record(row: &Row<'_>) -> Outcome<AttemptRecord> {
    let reading = Reading::of(row, "attempts", "id")?;
    Ok(AttemptRecord {
        revision: reading.number("revision")?,
        started_at: reading.moment("started_at")?,
        ended_at: reading.moment("ended_at")?,
        state: reading.plain("state")?,
        reason: reading.json("reason")?,
        steps: reading.json("steps")?.ok_or_else(|| reading.bad("steps"))?,
        calls: reading.json("calls")?.ok_or_else(|| reading.bad("calls"))?,
    })
}

/// The other assignment that has this external key, or whose Okta user id it is.
pub(super) fn holder_of_key(db: &Connection, key: &str, except: &OktaUserId) -> Outcome<Option<OktaUserId>> {
    let mut statement = db.prepare_cached(
        "SELECT okta_user_id FROM assignments WHERE (external_key = ?1 OR okta_user_id = ?1) AND okta_user_id <> ?2 \
         ORDER BY external_key IS NOT ?1 LIMIT 1",
    )?;
    let mut rows = statement.query(params![key, except.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let reading = Reading::of(row, "assignments", "okta_user_id")?;
    Ok(Some(reading.word("okta_user_id")?))
}

/// How much there is of everything.
pub(super) fn tally(db: &Connection, now: Timestamp) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let mut statement = db.prepare_cached("SELECT state, count(*) FROM assignments GROUP BY state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if let Some(name) = StateName::parse(&name) {
            tally.states.push((name, row.get(1)?));
        }
    }
    tally.due_now = db
        .prepare_cached("SELECT count(*) FROM assignments WHERE next_at <= ?1 AND state <> 'running'")?
        .query_row([ms(now)], |row| row.get(0))?;
    Ok(tally)
}

/// When the earliest row falls due. Rows this process has at work are left out: their worker is on them.
pub(super) fn next_due(db: &Connection, owner: &str) -> Outcome<Option<Timestamp>> {
    let earliest: Option<i64> = db
        .prepare_cached(
            "SELECT min(next_at) FROM assignments WHERE next_at IS NOT NULL \
             AND (state <> 'running' OR lease_owner IS NOT ?1)",
        )?
        .query_row([owner], |row| row.get(0))?;
    Ok(earliest.and_then(|at| Timestamp::from_millisecond(at).ok()))
}

/// A value there is one of.
pub(super) fn load(db: &Connection, name: &str) -> Outcome<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT value FROM singletons WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
