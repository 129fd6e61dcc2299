//! Receiving events: the one transaction between a caller and its 2xx.
//!
//! A batch is received as a whole, so that it costs a few statements and not a few per event: its people are locked,
//! what is known of them is read, every event is judged in memory in the order of arrival (`image`), and what came of it is
//! written. The rules of order are the domain's (`Heads::receive`).
//!
//! **Order of locks.** Several replicas do this at once, also for the same people. Each takes, first, a lock on the name
//! of everybody who has no row yet, in the order of the names' hashes; then the rows, in the order of their ids. Nobody who holds a
//! row waits for a name, and rows of a person are made only under the name's lock: so there is no circle.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::try_join3;

use super::super::rows::{Reading, heads, moment, stored_profile, word};
use super::super::{Incoming, StoreError};
use super::columns::clean;
use super::events::IGNORED_NAMES;
use super::hands::{Db, Outcome};
use super::image::{Earlier, Image, Place};
use crate::domain::event::{ProfileWeight, Receipt};

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
            Incoming::Ignored(event) => {
                event.kind = clean(&event.kind).into_owned();
                event.note = clean(&event.note).into_owned();
                None
            }
        };
        Self { incoming, profile }
    }
}

/// Locks the names of people without a row, and of ignored events, in one order whoever asks.
const LOCK_NAMES: &str = "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT hashtextextended(name, 0) AS hash \
     FROM unnest($1::text[]) AS name \
     WHERE NOT EXISTS (SELECT 1 FROM assignments WHERE okta_user_id = name) ORDER BY hash) AS names";
const LOCK_PEOPLE: &str = "SELECT okta_user_id, revision, membership, membership_policy, membership_at, status, \
     profile_weight, profile_at FROM assignments WHERE okta_user_id = ANY($1) ORDER BY okta_user_id FOR UPDATE";
const FIND_EARLIER: &str = "SELECT e.id, e.okta_user_id, e.kind, e.event_key, e.profile_weight, e.occurred_at \
     FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (person, kind, event_key) JOIN events AS e \
     ON e.okta_user_id = asked.person AND e.kind = asked.kind AND e.event_key = asked.event_key \
     AND e.verdict <> 'ignored'";

/// Receives the events of several calls, each in order; the answers are in the order of the calls.
pub(super) async fn accept(db: &Db, calls: &[Call]) -> Outcome<Vec<Result<Vec<Receipt>, StoreError>>> {
    let arrivals = || calls.iter().flat_map(|call| call.iter());
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut people: BTreeSet<&str> = BTreeSet::new();
    let (mut persons, mut kinds, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for arrival in arrivals() {
        match &arrival.incoming {
            Incoming::Event(event) => {
                people.insert(event.person.as_str());
                names.insert(event.person.to_string());
                if let Some(key) = &event.key {
                    persons.push(event.person.as_str());
                    kinds.push(word(event.kind));
                    keys.push(key.as_str());
                }
            }
            Incoming::Ignored(event) => names.extend(event.key.iter().map(|key| format!("{IGNORED_NAMES}{key}"))),
        }
    }
    let (names, people): (Vec<String>, Vec<&str>) = (names.into_iter().collect(), people.into_iter().collect());
    db.know(&[LOCK_NAMES, LOCK_PEOPLE, FIND_EARLIER]).await?;
    let (names, people) = ([&names as _], [&people as _]);
    let asked: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&persons, &kinds, &keys];
    // Asked together, answered one after the other: each sees what was committed before its locks were had.
    let (_, rows, earlier) =
        try_join3(db.rows(LOCK_NAMES, &names), db.rows(LOCK_PEOPLE, &people), db.rows(FIND_EARLIER, &asked)).await?;

    let mut image = Image::default();
    for row in &rows {
        let reading = Reading::of(row, "assignments", "okta_user_id")?;
        image.knows(reading.plain("okta_user_id")?, reading.plain("revision")?, heads(row));
    }
    for row in &earlier {
        let reading = Reading::of(row, "events", "id")?;
        let name = (reading.plain("okta_user_id")?, reading.plain("kind")?, reading.plain("event_key")?);
        let weight = match reading.plain::<i64>("profile_weight")? {
            0 => ProfileWeight::None,
            1 => ProfileWeight::Thin,
            _ => ProfileWeight::Full,
        };
        let place = Place::Stored(reading.plain("id")?);
        let occurred = moment(reading.plain("occurred_at")?)?;
        image.came_before(name, Earlier { place, weight, occurred });
    }
    let answers = calls.iter().map(|call| image.receive(call)).collect();
    image.write(db).await?;
    Ok(answers)
}
