//! Receiving events: the one transaction between a caller and its 2xx.
//!
//! A batch is received as a whole, so that it costs a few statements and not a few per event: its people are locked,
//! what is known of them is read, every event is judged in memory in the order of arrival (`image`), and what came of it is
//! written. The rules of order are the domain's (`Heads::receive`).
//!
//! **Order of locks.** Several replicas do this at once, also for the same people. Each takes, first, a lock on the name
//! of everybody who has no row yet, in the order of the names' hashes; then the rows, in the order of their ids. Nobody who
//! holds a row waits for a name, and rows of a person are made only under the name's lock: so there is no circle. Ignored
//! events and those about nobody have names, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{try_join, try_join4};
use tokio_postgres::types::ToSql;

use super::super::org::OrgMark;
use super::super::rows::{Reading, heads, moment, stored_profile, word};
use super::super::{Incoming, StoreError};
use super::anew::{self, Former};
use super::columns::clean;
use super::events::IGNORED_NAMES;
use super::hands::{Db, Outcome};
use super::image::{Earlier, Image, Place};
use super::org;
use crate::domain::event::{ProfileWeight, Receipt};
use crate::domain::outcome::Cause;

/// What came in, with the text that is stored of its profile.
pub(super) struct Arrival {
    pub(super) incoming: Incoming,
    pub(super) profile: Option<String>,
}

/// The events of one call.
pub(super) type Call = Arc<[Arrival]>;

impl From<Incoming> for Arrival {
    fn from(mut incoming: Incoming) -> Self {
        let profile = match &mut incoming {
            Incoming::Event(event) => event.profile.as_ref().map(stored_profile),
            Incoming::Org(event) => {
                event.kind = clean(&event.kind).into_owned();
                None
            }
            Incoming::Ignored(event) => {
                event.kind = clean(&event.kind).into_owned();
                event.note = clean(&event.note).into_owned();
                None
            }
        };
        Self { incoming, profile }
    }
}

/// Locks the names of people without a row, of ignored events, and of events about nobody, in one order whoever asks.
const LOCK_NAMES: &str = "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT hashtextextended(name, 0) AS hash \
     FROM unnest($1::text[]) AS name \
     WHERE NOT EXISTS (SELECT 1 FROM assignments WHERE okta_user_id = name) ORDER BY hash) AS names";
const LOCK_PEOPLE: &str = "SELECT okta_user_id, revision, membership, membership_policy, membership_at, status, \
     status_at, profile_weight, profile_at FROM assignments WHERE okta_user_id = ANY($1) \
     ORDER BY okta_user_id FOR UPDATE";
/// The same, and with them everybody who is held for this cause: they may be let go on.
const LOCK_PEOPLE_AND_HELD: &str = "SELECT okta_user_id, revision, membership, membership_policy, membership_at, \
     status, status_at, profile_weight, profile_at FROM assignments WHERE okta_user_id = ANY($1) \
     OR (state = 'held' AND reason::json ->> 'cause' = $2) ORDER BY okta_user_id FOR UPDATE";
const FIND_EARLIER: &str = "SELECT e.id, e.okta_user_id, e.kind, e.event_key, e.profile_weight, e.occurred_at, \
     e.note FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (person, kind, event_key) JOIN events AS e \
     ON e.okta_user_id = asked.person AND e.kind = asked.kind AND e.event_key = asked.event_key \
     AND e.verdict <> 'ignored'";
const FIND_EARLIER_OF_NOBODY: &str = "SELECT e.id, e.kind, e.event_key, e.profile_weight, e.occurred_at, e.note \
     FROM unnest($1::text[], $2::text[]) AS asked (kind, event_key) JOIN events AS e ON e.okta_user_id IS NULL \
     AND e.kind = asked.kind AND e.event_key = asked.event_key AND e.verdict <> 'ignored'";

/// What a batch asks the ledger about.
#[derive(Default)]
struct Asked<'a> {
    names: BTreeSet<String>,
    people: BTreeSet<&'a str>,
    events: (Vec<&'a str>, Vec<String>, Vec<&'a str>),
    of_nobody: (Vec<&'a str>, Vec<&'a str>),
    has_org: bool,
    app_is_back: bool,
}

impl<'a> Asked<'a> {
    fn by(calls: &'a [Call]) -> Self {
        let mut asked = Self::default();
        for arrival in calls.iter().flat_map(|call| call.iter()) {
            match &arrival.incoming {
                Incoming::Event(event) => {
                    asked.people.insert(event.person.as_str());
                    asked.names.insert(event.person.to_string());
                    if let Some(key) = &event.key {
                        asked.events.0.push(event.person.as_str());
                        asked.events.1.push(word(event.kind));
                        asked.events.2.push(key.as_str());
                    }
                }
                Incoming::Org(event) => {
                    asked.names.insert(org::NAME.to_owned());
                    asked.has_org = true;
                    asked.app_is_back |= event.mark == OrgMark::AppBack;
                    if let Some(key) = &event.key {
                        asked.of_nobody.0.push(&event.kind);
                        asked.of_nobody.1.push(key.as_str());
                    }
                }
                Incoming::Ignored(event) => {
                    asked.names.extend(event.key.iter().map(|key| format!("{IGNORED_NAMES}{key}")));
                }
            }
        }
        asked
    }
}

/// Receives the events of several calls, each in order; the answers are in the order of the calls.
pub(super) async fn accept(db: &Db, calls: &[Call]) -> Outcome<Vec<Result<Vec<Receipt>, StoreError>>> {
    let mut image = gather(db, &Asked::by(calls)).await?;
    let answers = calls.iter().map(|call| image.receive(call)).collect();
    image.write(db).await?;
    Ok(answers)
}

/// Locks and reads all that the events of a batch are judged by.
async fn gather(db: &Db, asked: &Asked<'_>) -> Outcome<Image> {
    let names: Vec<&String> = asked.names.iter().collect();
    let people: Vec<&str> = asked.people.iter().copied().collect();
    let cause = Cause::OktaAppGone.code();
    let with_held: [&(dyn ToSql + Sync); 2] = [&people, &cause];
    let lock = if asked.app_is_back { LOCK_PEOPLE_AND_HELD } else { LOCK_PEOPLE };
    let locked = if asked.app_is_back { &with_held[..] } else { &with_held[..1] };
    let events: [&(dyn ToSql + Sync); 3] = [&asked.events.0, &asked.events.1, &asked.events.2];
    let (names, formers) = ([&names as &(dyn ToSql + Sync)], [&people as &(dyn ToSql + Sync)]);
    db.know(&[LOCK_NAMES, lock, FIND_EARLIER, anew::FIND]).await?;
    // Asked together, answered one after the other: each sees what was committed before its locks were had.
    let (_, rows, earlier, formers) = try_join4(
        db.rows(LOCK_NAMES, &names),
        db.rows(lock, locked),
        db.rows(FIND_EARLIER, &events),
        db.rows(anew::FIND, &formers),
    )
    .await?;

    let mut image = Image::default();
    for row in &rows {
        let reading = Reading::of(row, "assignments", "okta_user_id")?;
        image.knows(reading.plain("okta_user_id")?, reading.plain("revision")?, heads(row));
    }
    for row in &earlier {
        let reading = Reading::of(row, "events", "id")?;
        let name = (reading.plain("okta_user_id")?, reading.plain("kind")?, reading.plain("event_key")?);
        image.came_before(name, earlier_copy(&reading)?);
    }
    for row in &formers {
        if let Some((person, former)) = Former::stored(row)? {
            image.was_ignored(person, former);
        }
    }
    if asked.has_org {
        let of_nobody: [&(dyn ToSql + Sync); 2] = [&asked.of_nobody.0, &asked.of_nobody.1];
        let (mark, earlier) = try_join(org::app_mark(db), db.rows(FIND_EARLIER_OF_NOBODY, &of_nobody)).await?;
        image.org.knows(mark);
        for row in &earlier {
            let reading = Reading::of(row, "events", "id")?;
            let copy = earlier_copy(&reading)?;
            image.org.came_before(reading.plain("kind")?, reading.plain("event_key")?, copy);
        }
    }
    Ok(image)
}

fn earlier_copy(reading: &Reading<'_>) -> Outcome<Earlier> {
    let weight = match reading.plain::<i64>("profile_weight")? {
        0 => ProfileWeight::None,
        1 => ProfileWeight::Thin,
        _ => ProfileWeight::Full,
    };
    let note: Option<String> = reading.plain("note")?;
    Ok(Earlier {
        place: Place::Stored(reading.plain("id")?),
        weight,
        occurred: moment(reading.plain("occurred_at")?)?,
        found: super::super::notes::was_found(note.as_deref()),
    })
}
