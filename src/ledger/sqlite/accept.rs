//! Receiving events: the one transaction between a caller and its 2xx.
//!
//! The rules of order are the domain's (`Heads::receive`); here a duplicate is recognised, the revision is raised and
//! the row is made due. Everything runs inside the writer's transaction and may be run twice.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::super::hearing::Taken;
use super::super::notes::{self, LATE, UNREADABLE, as_ignored, note_for};
use super::super::{Heard, IgnoredEvent, Incoming, NotedEvent, OperatorWord};
use super::anew::{self, Told};
use super::org;
use super::rows::{heads, moment, ms, ruling_json, stored_profile, word};
use super::threads::{Failure, Outcome};
use crate::domain::assignment::Membership;
use crate::domain::event::{Event, ProfileWeight, ProfileWish, Receipt, Source, Verdict};
use crate::domain::heads::{Heads, Reception};
use crate::domain::ids::OktaUserId;

/// What came in, with the text that is stored of its profile.
pub(super) struct Arrival {
    incoming: Incoming,
    profile: Option<String>,
}

impl From<Incoming> for Arrival {
    fn from(incoming: Incoming) -> Self {
        let profile = match &incoming {
            Incoming::Event(event) => event.profile.as_ref().map(stored_profile),
            Incoming::Org(_) | Incoming::Ignored(_) => None,
        };
        Self { incoming, profile }
    }
}

/// Receives events in order; the receipts are in the same order. In a batch, a person whose row cannot be read does
/// not spoil the neighbours: the event is kept as ignored, and judged anew when it comes again. Nor does it stop what is
/// read page by page and comes alone by chance.
pub(super) fn accept(db: &Connection, arrivals: &[Arrival]) -> Outcome<Vec<Receipt>> {
    let is_read = |event: &Event| matches!(event.source, Source::SystemLog | Source::Sweep);
    let alone = arrivals.len() == 1;
    let receive = |arrival: &Arrival| match &arrival.incoming {
        Incoming::Ignored(event) => ignore(db, event),
        Incoming::Org(event) => org::accept(db, event),
        Incoming::Event(event) => match accept_one(db, event, arrival.profile.as_deref()) {
            Err(Failure::Row(error)) if !alone || is_read(event) => {
                tracing::error!(%error, "an event is kept as ignored, since its person's row cannot be read");
                ignore(db, &as_ignored(event, UNREADABLE))
            }
            outcome => outcome,
        },
    };
    arrivals.iter().map(receive).collect()
}

fn accept_one(db: &Connection, event: &Event, profile: Option<&str>) -> Outcome<Receipt> {
    let known = find_heads(db, &event.person)?;
    if known.is_none() && !event.kind.is_membership() {
        return ignore(db, &as_ignored(event, notes::without_assignment(event.kind)));
    }
    // Whoever has an event has an assignment.
    let earlier = if known.is_some() { find_earlier(db, event)? } else { None };
    // A copy is the same event: it occurred when the first one said so, also where the arrival counts.
    let event = match &earlier {
        Some(earlier) => &Event { occurred: earlier.occurred, ..event.clone() },
        None => event,
    };
    let (revision, mut heads) = known.unwrap_or_default();
    let reception = match &earlier {
        Some(earlier) => heads.receive_again(event, earlier.weight),
        None => heads.receive(event),
    };
    let late = earlier.as_ref().is_some_and(|earlier| earlier.is_late(event.source));
    if let (Some(earlier), Verdict::Duplicate) = (&earlier, reception.verdict) {
        seen_again(db, earlier, late)?;
        return Ok(Receipt { verdict: Verdict::Duplicate, revision, late });
    }
    let revision = revision + 1;
    match known {
        Some(_) => update_assignment(db, event, profile, reception, &heads)?,
        None => {
            let told = anew::judge(db, event, &mut heads)?;
            insert_assignment(db, event, profile, &heads, told)?;
        }
    }
    match earlier {
        Some(earlier) => merge_event(db, earlier.id, event, reception)?,
        None => insert_event(db, event, reception.verdict, revision)?,
    }
    Ok(Receipt { verdict: reception.verdict, revision, late })
}

fn find_heads(db: &Connection, person: &OktaUserId) -> Outcome<Option<(u64, Heads)>> {
    let mut statement = db.prepare_cached(
        "SELECT okta_user_id, revision, membership, membership_policy, membership_at, status, status_at, \
         profile_weight, profile_at FROM assignments WHERE okta_user_id = ?1",
    )?;
    let mut rows = statement.query([person.as_str()])?;
    match rows.next()? {
        None => Ok(None),
        Some(row) => Ok(Some((row.get("revision")?, heads(row)?))),
    }
}

/// The copy of an event that came first.
pub(super) struct Earlier {
    id: i64,
    weight: ProfileWeight,
    occurred: Timestamp,
    found: bool,
}

impl Earlier {
    /// Whether a copy from this source is the first that came through a door.
    pub(super) fn is_late(&self, source: Source) -> bool {
        notes::is_late(self.found, source)
    }
}

/// An earlier copy, from `id, profile_weight, occurred_at, note`.
pub(super) fn earlier(row: &Row<'_>) -> Outcome<Earlier> {
    let weight = match row.get::<_, i64>("profile_weight")? {
        0 => ProfileWeight::None,
        1 => ProfileWeight::Thin,
        _ => ProfileWeight::Full,
    };
    let note: Option<String> = row.get("note")?;
    let found = notes::was_found(note.as_deref());
    Ok(Earlier { id: row.get("id")?, weight, occurred: moment(row.get("occurred_at")?)?, found })
}

/// Counts a copy that says nothing new.
pub(super) fn seen_again(db: &Connection, earlier: &Earlier, late: bool) -> Outcome<()> {
    let note = late.then_some(LATE);
    db.prepare_cached("UPDATE events SET times_seen = times_seen + 1, note = coalesce(?2, note) WHERE id = ?1")?
        .execute(params![earlier.id, note])?;
    Ok(())
}

fn find_earlier(db: &Connection, event: &Event) -> Outcome<Option<Earlier>> {
    let Some(key) = &event.key else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT id, profile_weight, occurred_at, note FROM events \
         WHERE okta_user_id = ?1 AND kind = ?2 AND event_key = ?3 AND verdict <> 'ignored'",
    )?;
    let mut rows = statement.query(params![event.person.as_str(), word(event.kind), key.as_str()])?;
    rows.next()?.map(earlier).transpose()
}

/// The columns of a membership: what, with which policy, since when.
fn membership_columns(heads: &Heads) -> (Option<&'static str>, Option<String>, Option<i64>) {
    match heads.membership {
        None => (None, None, None),
        Some((Membership::Assigned, occurred)) => (Some("assigned"), None, Some(ms(occurred))),
        Some((Membership::Unassigned(policy), occurred)) => (Some("unassigned"), policy.map(word), Some(ms(occurred))),
    }
}

fn login(wish: &ProfileWish) -> Option<&str> {
    wish.valid().map(|profile| profile.email().as_str())
}

fn insert_assignment(db: &Connection, event: &Event, profile: Option<&str>, heads: &Heads, told: Told) -> Outcome<()> {
    let (membership, policy, since) = membership_columns(heads);
    db.prepare_cached(
        "INSERT INTO assignments (okta_user_id, membership, membership_policy, membership_at, membership_source, \
         profile, profile_weight, profile_at, profile_source, login, revision, state, next_at, leaving, created_at, \
         updated_at, status, status_at, status_source) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, 'due', ?11, ?12, ?11, ?11, ?13, ?14, ?15)",
    )?
    .execute(params![
        event.person.as_str(),
        membership,
        policy,
        since,
        word(event.source),
        profile,
        event.weight() as i64,
        profile.map(|_| ms(event.occurred)),
        profile.map(|_| word(event.source)),
        event.profile.as_ref().and_then(login),
        ms(event.arrived),
        heads.is_leaving(),
        told.map(|(status, _)| status.as_str()),
        heads.status.map(|(_, since)| ms(since)),
        told.map(|(_, source)| word(source)),
    ])?;
    Ok(())
}

/// Writes what the event changes, raises the revision and makes the row due (a run in progress sees the higher
/// revision when it settles). A new assignment ends the count towards a deletion.
fn update_assignment(
    db: &Connection,
    event: &Event,
    profile: Option<&str>,
    reception: Reception,
    heads: &Heads,
) -> Outcome<()> {
    let now = ms(event.arrived);
    if reception.takes_membership {
        let (membership, policy, since) = membership_columns(heads);
        db.prepare_cached(
            "UPDATE assignments SET membership = ?2, membership_policy = ?3, membership_at = ?4, \
             membership_source = ?5, unassigned_seen_at = CASE WHEN ?2 = 'assigned' THEN NULL \
             ELSE unassigned_seen_at END WHERE okta_user_id = ?1",
        )?
        .execute(params![event.person.as_str(), membership, policy, since, word(event.source)])?;
    }
    if let (true, Some((status, since))) = (reception.takes_status, heads.status) {
        db.prepare_cached(
            "UPDATE assignments SET status = ?2, status_at = ?3, status_source = ?4, \
             unassigned_seen_at = CASE WHEN ?5 THEN unassigned_seen_at END WHERE okta_user_id = ?1",
        )?
        .execute(params![
            event.person.as_str(),
            status.as_str(),
            ms(since),
            word(event.source),
            heads.is_unassigned()
        ])?;
    }
    if let (true, Some(wish)) = (reception.takes_profile, &event.profile) {
        remember_login(db, &event.person, login(wish))?;
        db.prepare_cached(
            "UPDATE assignments SET profile = ?2, profile_weight = ?3, profile_at = ?4, profile_source = ?5, \
             login = coalesce(?6, login) WHERE okta_user_id = ?1",
        )?
        .execute(params![
            event.person.as_str(),
            profile,
            wish.weight() as i64,
            ms(event.occurred),
            word(event.source),
            login(wish),
        ])?;
    }
    raise(db, &event.person, heads.is_leaving(), now)
}

/// Before the login becomes another one: a create that was begun under it may have made a member that nobody has seen
/// yet, and SCIM finds members by login only.
pub(super) fn remember_login(db: &Connection, person: &OktaUserId, next: Option<&str>) -> Outcome<()> {
    let Some(next) = next else { return Ok(()) };
    db.prepare_cached(
        "UPDATE assignments SET former_logins = json_insert(former_logins, '$[#]', login) WHERE okta_user_id = ?1 \
         AND login <> ?2 AND member_id IS NULL AND lease_number > 0 AND json_array_length(former_logins) < 10 \
         AND NOT EXISTS (SELECT 1 FROM json_each(former_logins) WHERE value = login)",
    )?
    .execute(params![person.as_str(), next])?;
    Ok(())
}

/// Nothing that arrives cuts the pause after an unclear call short: the next call would overlap with it.
fn raise(db: &Connection, person: &OktaUserId, leaving: bool, now: i64) -> Outcome<()> {
    let changed = db
        .prepare_cached(
            "UPDATE assignments SET revision = revision + 1, leaving = ?2, updated_at = ?3, \
             next_at = CASE WHEN state = 'running' THEN next_at ELSE max(?3, coalesce(unclear_until, 0)) END, \
             reason = CASE WHEN state = 'running' THEN reason ELSE NULL END, \
             state = CASE WHEN state = 'running' THEN state ELSE 'due' END WHERE okta_user_id = ?1",
        )?
        .execute(params![person.as_str(), leaving, now])?;
    expect_one(changed)
}

fn expect_one(changed: usize) -> Outcome<()> {
    if changed == 1 { Ok(()) } else { Err(Failure::Sqlite(rusqlite::Error::StatementChangedRows(changed))) }
}

fn insert_event(db: &Connection, event: &Event, verdict: Verdict, revision: u64) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO events (okta_user_id, kind, event_key, source, caller, occurred_at, arrived_at, verdict, \
         revision, profile_weight, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        event.person.as_str(),
        word(event.kind),
        event.key.as_ref().map(|key| key.as_str()),
        word(event.source),
        event.caller,
        ms(event.occurred),
        ms(event.arrived),
        verdict.as_str(),
        revision,
        event.weight() as i64,
        note_for(event.source),
    ])?;
    Ok(())
}

fn merge_event(db: &Connection, id: i64, event: &Event, reception: Reception) -> Outcome<()> {
    let changed = db
        .prepare_cached(
            "UPDATE events SET times_seen = times_seen + 1, profile_weight = max(profile_weight, ?2), \
             note = ?3 WHERE id = ?1",
        )?
        .execute(params![id, event.weight() as i64, notes::merged(reception)])?;
    expect_one(changed)
}

/// Keeps an event this program does not act on, once per key and reason.
fn ignore(db: &Connection, event: &IgnoredEvent) -> Outcome<Receipt> {
    let person = event.person.as_ref().map(OktaUserId::as_str);
    let key = event.key.as_ref().map(|key| key.as_str());
    let seen = db
        .prepare_cached(
            "UPDATE events SET times_seen = times_seen + 1 WHERE verdict = 'ignored' AND okta_user_id IS ?1 \
             AND kind = ?2 AND event_key = ?3 AND note = ?4",
        )?
        .execute(params![person, event.kind, key, event.note])?;
    if seen == 0 {
        db.prepare_cached(
            "INSERT INTO events (okta_user_id, kind, event_key, source, caller, occurred_at, arrived_at, verdict, \
             note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'ignored', ?8)",
        )?
        .execute(params![
            person,
            event.kind,
            key,
            word(event.source),
            event.caller,
            ms(event.occurred),
            ms(event.arrived),
            event.note
        ])?;
    }
    Ok(Receipt { verdict: Verdict::Ignored, revision: 0, late: false })
}

/// Keeps an event that is about nobody in particular.
pub(super) fn note(db: &Connection, event: &NotedEvent) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO events (kind, source, caller, occurred_at, arrived_at, verdict, note) \
         VALUES (?1, ?2, ?3, ?4, ?4, 'noted', ?5)",
    )?
    .execute(params![event.kind, word(event.source), event.caller, ms(event.at), event.note])?;
    Ok(())
}

/// Takes an operator's word in: it raises the revision, and a ruling is in force for that revision only.
pub(super) fn hear(db: &Connection, said: &OperatorWord) -> Outcome<Heard> {
    let Some(row) = super::read::assignment(db, &said.person)? else { return Ok(Heard::Unknown) };
    let taken = match Taken::of(&row, said) {
        Ok(taken) => taken,
        Err(heard) => return Ok(heard),
    };
    raise(db, &said.person, taken.leaving, ms(said.now))?;
    if let Some(ruling) = &taken.ruling {
        let changed = db
            .prepare_cached("UPDATE assignments SET ruling = ?2, ruling_revision = ?3 WHERE okta_user_id = ?1")?
            .execute(params![said.person.as_str(), ruling_json(ruling), taken.revision])?;
        expect_one(changed)?;
    }
    insert_event(db, &taken.event, Verdict::New, taken.revision)?;
    Ok(Heard::Due(taken.revision))
}
