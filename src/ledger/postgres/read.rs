//! Questions: one row, a page, a history, how much there is. Nothing here locks anything but `locked`.

use jiff::Timestamp;

use super::super::rows::{
    ASSIGNMENT, ATTEMPT, EVENT, Reading, assignment as assignment_row, attempt_record, event_record, ms,
};
use super::super::{EventRecord, History, ListRequest, NotedRequest, Tally};
use super::hands::{Db, Outcome};
use crate::domain::assignment::{Assignment, StateName};
use crate::domain::ids::OktaUserId;

/// Records of each kind a history shows at most.
const HISTORY: i64 = 200;
/// How far ahead rows that are due or at work may lie.
const AT_HAND_MS: i64 = 3_600_000;
/// The states with an index of their own; written as in the migration.
const UNSETTLED: &str = "state IN ('waiting', 'held', 'parked')";

/// One person's row.
pub(super) async fn assignment(db: &Db, person: &OktaUserId) -> Outcome<Option<Assignment>> {
    let sql = format!("SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id = $1");
    let row = db.row(&sql, &[&person.as_str()]).await?;
    Ok(row.as_ref().map(assignment_row).transpose()?)
}

/// The same, and nobody else changes it before the end of the transaction.
pub(super) async fn locked(db: &Db, person: &OktaUserId) -> Outcome<Option<Assignment>> {
    let sql = format!("SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id = $1 FOR UPDATE");
    let row = db.row(&sql, &[&person.as_str()]).await?;
    Ok(row.as_ref().map(assignment_row).transpose()?)
}

/// A page of rows, ordered by Okta user id.
pub(super) async fn list(db: &Db, request: &ListRequest) -> Outcome<Vec<Assignment>> {
    let of_state = match request.state {
        None => "$2::text IS NULL".to_owned(),
        Some(StateName::Waiting | StateName::Held | StateName::Parked) => format!("state = $2 AND {UNSETTLED}"),
        // Both have a moment, and so an index.
        Some(StateName::Due | StateName::Running) => "state = $2 AND next_at IS NOT NULL".to_owned(),
        Some(StateName::Settled) => "state = $2".to_owned(),
    };
    let sql = format!(
        "SELECT {ASSIGNMENT} FROM assignments WHERE okta_user_id > $1 AND {of_state} \
         AND ($3::text IS NULL OR strpos(lower(okta_user_id), $3) > 0 OR strpos(coalesce(login, ''), $3) > 0 \
         OR strpos(lower(coalesce(member_id, '')), $3) > 0) ORDER BY okta_user_id LIMIT $4"
    );
    let after = request.after.as_ref().map_or("", OktaUserId::as_str);
    let state = request.state.map(StateName::as_str);
    let query = request.query.as_ref().map(|query| super::columns::clean(query).to_ascii_lowercase());
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let rows = db.rows(&sql, &[&after, &state, &query, &limit]).await?;
    Ok(rows.iter().map(assignment_row).collect::<Result<_, _>>()?)
}

/// What happened to one person, newest first.
pub(super) async fn history(db: &Db, person: &OktaUserId) -> Outcome<History> {
    let person = person.as_str();
    let of = |verdict: &str| {
        format!(
            "(SELECT {EVENT} FROM events WHERE okta_user_id = $1 AND verdict {verdict} 'ignored' \
             ORDER BY id DESC LIMIT $2)"
        )
    };
    let sql = format!("{} UNION ALL {} ORDER BY id DESC LIMIT $2", of("<>"), of("="));
    let events = db.rows(&sql, &[&person, &HISTORY]).await?;
    let sql = format!("SELECT {ATTEMPT} FROM attempts WHERE okta_user_id = $1 ORDER BY id DESC LIMIT $2");
    let attempts = db.rows(&sql, &[&person, &HISTORY]).await?;
    Ok(History {
        events: events.iter().map(event_record).collect::<Result<_, _>>()?,
        attempts: attempts.iter().map(attempt_record).collect::<Result<_, _>>()?,
    })
}

/// What is kept about nobody in particular, newest first.
pub(super) async fn noted(db: &Db, request: &NotedRequest) -> Outcome<Vec<EventRecord>> {
    let sql = format!("SELECT {EVENT} FROM events WHERE okta_user_id IS NULL AND id < $1 ORDER BY id DESC LIMIT $2");
    let before = request.before.unwrap_or(i64::MAX);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let rows = db.rows(&sql, &[&before, &limit]).await?;
    Ok(rows.iter().map(event_record).collect::<Result<_, _>>()?)
}

/// The other assignment that has this external key, or whose Okta user id it is.
pub(super) async fn holder_of_key(db: &Db, (key, except): &(String, OktaUserId)) -> Outcome<Option<OktaUserId>> {
    let key = super::columns::clean(key);
    let sql = "SELECT okta_user_id FROM assignments WHERE (external_key = $1 OR okta_user_id = $1) \
         AND okta_user_id <> $2 ORDER BY external_key IS DISTINCT FROM $1 LIMIT 1";
    let row = db.row(sql, &[&key.as_ref(), &except.as_str()]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Reading::of(&row, "assignments", "okta_user_id")?.word("okta_user_id")?))
}

/// How much there is of everything. Only rows that are not settled are looked at; the settled ones are the rest.
pub(super) async fn tally(db: &Db, now: &Timestamp) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let mut others = 0;
    // A row at work is due again at the end of its lease at the latest, which is minutes away.
    let at_hand = "leaving IN (TRUE, FALSE) AND next_at <= $1 AND state IN ('due', 'running')";
    for condition in [format!("$1::bigint IS NOT NULL AND {UNSETTLED}"), at_hand.to_owned()] {
        let sql = format!("SELECT state, count(*) AS people FROM assignments WHERE {condition} GROUP BY state");
        for row in db.rows(&sql, &[&(ms(*now) + AT_HAND_MS)]).await? {
            let (name, people): (String, i64) = (row.try_get("state")?, row.try_get("people")?);
            let people = u64::try_from(people).unwrap_or_default();
            others += people;
            tally.states.extend(StateName::parse(&name).map(|name| (name, people)));
        }
    }
    // Two counts, each from an index alone or from a part of one.
    let sql = "SELECT (SELECT count(*) FROM assignments) AS everybody, (SELECT count(*) FROM assignments \
         WHERE leaving IN (TRUE, FALSE) AND next_at <= $1 AND state <> 'running') AS due";
    if let Some(row) = db.row(sql, &[&ms(*now)]).await? {
        let (all, due): (i64, i64) = (row.try_get("everybody")?, row.try_get("due")?);
        let all = u64::try_from(all).unwrap_or_default();
        if all > others {
            tally.states.push((StateName::Settled, all - others));
        }
        tally.due_now = u64::try_from(due).unwrap_or_default();
    }
    Ok(tally)
}

/// When the earliest row falls due: one look at each end of the index. Rows this process has at work are left out:
/// their worker is on them.
pub(super) async fn next_due(db: &Db, owner: &String) -> Outcome<Option<Timestamp>> {
    let of = |leaving: &str| {
        format!(
            "(SELECT next_at FROM assignments WHERE leaving = {leaving} AND next_at IS NOT NULL \
             AND (state <> 'running' OR lease_owner IS DISTINCT FROM $1) ORDER BY next_at LIMIT 1)"
        )
    };
    let sql = format!("SELECT least({}, {}) AS next_at", of("TRUE"), of("FALSE"));
    let row = db.row(&sql, &[owner]).await?;
    let next: Option<i64> = row.map(|row| row.try_get("next_at")).transpose()?.flatten();
    Ok(next.and_then(|at| Timestamp::from_millisecond(at).ok()))
}
