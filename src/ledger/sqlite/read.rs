//! Questions: one row, a page, a history, how much there is. Read-only connections, never the writer.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{EventRecord, History, ListRequest, NotedRequest, Tally};
use super::rows::{
    ASSIGNMENT, ATTEMPT, EVENT, Reading, assignment as assignment_row, attempt_record, event_record, ms,
};
use super::threads::Outcome;
use crate::domain::assignment::{Assignment, StateName};
use crate::domain::ids::OktaUserId;

/// Records of each kind a history shows at most.
const HISTORY: i64 = 200;
/// How far ahead rows that are due or at work may lie.
const AT_HAND_MS: i64 = 3_600_000;

/// One person's row.
pub(super) fn assignment(db: &Connection, person: &OktaUserId) -> Outcome<Option<Assignment>> {
    let mut statement = db.prepare_cached(&format!("SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id = ?1"))?;
    let mut rows = statement.query([person.as_str()])?;
    Ok(rows.next()?.map(assignment_row).transpose()?)
}

/// The states with an index of their own; written exactly as in the migration, or the index is not used.
const UNSETTLED: &str = "state IN ('waiting', 'held', 'parked')";

/// A page of rows, ordered by Okta user id.
pub(super) fn list(db: &Connection, request: &ListRequest) -> Outcome<Vec<Assignment>> {
    let of_state = match request.state {
        None => "?2 IS NULL".to_owned(),
        Some(StateName::Waiting | StateName::Held | StateName::Parked) => format!("state = ?2 AND {UNSETTLED}"),
        // Both have a moment, and so an index.
        Some(StateName::Due | StateName::Running) => {
            "state = ?2 AND leaving IN (0, 1) AND next_at IS NOT NULL".to_owned()
        }
        Some(StateName::Settled) => "state = ?2".to_owned(),
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id > ?1 AND {of_state} \
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
    let mut statement = db.prepare_cached(&format!(
        "SELECT {EVENT} FROM (SELECT {EVENT} FROM events WHERE okta_user_id = ?1 AND verdict <> 'ignored' UNION ALL \
         SELECT {EVENT} FROM events WHERE okta_user_id = ?1 AND verdict = 'ignored') ORDER BY id DESC LIMIT ?2",
    ))?;
    let mut rows = statement.query(params![person.as_str(), HISTORY])?;
    while let Some(row) = rows.next()? {
        history.events.push(event_record(row)?);
    }
    let sql = format!("SELECT {ATTEMPT} FROM attempts WHERE okta_user_id = ?1 ORDER BY id DESC LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![person.as_str(), HISTORY])?;
    while let Some(row) = rows.next()? {
        history.attempts.push(attempt_record(row)?);
    }
    Ok(history)
}

/// What is kept about nobody in particular, newest first.
pub(super) fn noted(db: &Connection, request: NotedRequest) -> Outcome<Vec<EventRecord>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {EVENT} FROM events INDEXED BY events_of_nobody WHERE okta_user_id IS NULL AND id < ?1 \
         ORDER BY id DESC LIMIT ?2",
    ))?;
    let mut rows = statement.query(params![request.before.unwrap_or(i64::MAX), request.limit])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(event_record(row)?);
    }
    Ok(page)
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

/// How much there is of everything. Only rows that are not settled are looked at; the settled ones are the rest.
pub(super) fn tally(db: &Connection, now: Timestamp) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let mut others = 0;
    // A row at work is due again at the end of its lease at the latest, which is minutes away.
    let at_hand = "leaving IN (0, 1) AND next_at <= ?1 AND state IN ('due', 'running')";
    for condition in [format!("?1 = ?1 AND {UNSETTLED}"), at_hand.to_owned()] {
        let mut statement =
            db.prepare_cached(&format!("SELECT state, count(*) FROM assignments WHERE {condition} GROUP BY state"))?;
        let mut rows = statement.query([ms(now) + AT_HAND_MS])?;
        while let Some(row) = rows.next()? {
            let (name, count): (String, u64) = (row.get(0)?, row.get(1)?);
            others += count;
            tally.states.extend(StateName::parse(&name).map(|name| (name, count)));
        }
    }
    let all: u64 = db.prepare_cached("SELECT count(*) FROM assignments")?.query_row([], |row| row.get(0))?;
    if all > others {
        tally.states.push((StateName::Settled, all - others));
    }
    tally.due_now = db
        .prepare_cached(
            "SELECT count(*) FROM assignments WHERE leaving IN (0, 1) AND next_at <= ?1 AND state <> 'running'",
        )?
        .query_row([ms(now)], |row| row.get(0))?;
    Ok(tally)
}

/// When the earliest row falls due: one look at each end of the index. Rows this process has at work are left out:
/// their worker is on them.
pub(super) fn next_due(db: &Connection, owner: &str) -> Outcome<Option<Timestamp>> {
    let mut earliest: Option<i64> = None;
    for leaving in [true, false] {
        let due: Option<i64> = db
            .prepare_cached(
                "SELECT next_at FROM assignments WHERE leaving = ?1 AND next_at IS NOT NULL \
                 AND (state <> 'running' OR lease_owner IS NOT ?2) ORDER BY next_at LIMIT 1",
            )?
            .query_row(params![leaving, owner], |row| row.get(0))
            .optional()?;
        earliest = [earliest, due].into_iter().flatten().min();
    }
    Ok(earliest.and_then(|at| Timestamp::from_millisecond(at).ok()))
}

/// A value there is one of.
pub(super) fn load(db: &Connection, name: &str) -> Outcome<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT value FROM singletons WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
