//! What is known of the people of one batch, kept in memory while its events are judged, and what is to be written.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::rows::word;
use super::super::{IgnoredEvent, Incoming, StoreError};
use super::accept::Arrival;
use super::events::{self, EventRow, Ignored};
use super::hands::{Db, Outcome};
use super::people::{Change, People};
use crate::domain::assignment::{Heads, Reception};
use crate::domain::event::{Event, ProfileWeight, Receipt, Verdict};
use crate::domain::ids::OktaUserId;

/// Person, kind and key: what makes two events the same.
pub(super) type EventName = (String, String, String);

/// The copy of an event that came first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earlier {
    pub(super) place: Place,
    pub(super) weight: ProfileWeight,
    pub(super) occurred: Timestamp,
}

/// Where that copy is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the ledger, under this number.
    Stored(i64),
    /// In this very batch: the so-manieth event to be written.
    Here(usize),
}

/// One person of the batch.
struct Person {
    is_known: bool,
    revision: u64,
    heads: Result<Heads, StoreError>,
    change: Option<Change>,
}

/// The people and events of one batch.
#[derive(Default)]
pub(super) struct Image {
    people: HashMap<OktaUserId, Person>,
    earlier: HashMap<EventName, Earlier>,
    new: Vec<EventRow>,
    again: Vec<events::Again>,
    ignored: Vec<Ignored>,
}

impl Image {
    /// Takes note of somebody's row, readable or not.
    pub(super) fn knows(&mut self, person: String, revision: u64, heads: Result<Heads, StoreError>) {
        let person = OktaUserId::try_from(person).ok();
        let known = Person { is_known: true, revision, heads, change: None };
        self.people.extend(person.map(|person| (person, known)));
    }

    /// Takes note of an event that is in the ledger.
    pub(super) fn came_before(&mut self, name: EventName, earlier: Earlier) {
        self.earlier.insert(name, earlier);
    }

    /// Receives the events of one call in order. In a call with several, a person whose row cannot be read does not spoil
    /// the neighbours: the event is kept as ignored, and judged anew when it comes again.
    pub(super) fn receive(&mut self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
        let alone = arrivals.len() == 1;
        let receive = |arrival: &Arrival| match &arrival.incoming {
            Incoming::Ignored(event) => Ok(self.ignore(event)),
            Incoming::Event(event) => match self.receive_one(event, arrival.profile.as_deref()) {
                Err(error) if !alone => {
                    tracing::error!(%error, "an event is kept as ignored, since its person's row cannot be read");
                    Ok(self.ignore(&unreadable(event)))
                }
                outcome => outcome,
            },
        };
        arrivals.iter().map(receive).collect()
    }

    fn receive_one(&mut self, event: &Event, profile: Option<&str>) -> Result<Receipt, StoreError> {
        let anew = || Person { is_known: false, revision: 0, heads: Ok(Heads::default()), change: None };
        let person = self.people.entry(event.person.clone()).or_insert_with(anew);
        let heads = match &mut person.heads {
            Ok(heads) => heads,
            Err(error) => return Err(error.clone()),
        };
        let name = event.key.as_ref().map(|key| (event.person.to_string(), word(event.kind), key.to_string()));
        let earlier = name.as_ref().and_then(|name| self.earlier.get_mut(name));
        // A copy is the same event: it occurred when the first one said so, also where the arrival counts.
        let event = match &earlier {
            Some(earlier) => &Event { occurred: earlier.occurred, ..event.clone() },
            None => event,
        };
        let reception = match &earlier {
            Some(earlier) => heads.receive_again(event, earlier.weight),
            None => heads.receive(event),
        };
        if let (Some(earlier), Verdict::Duplicate) = (&earlier, reception.verdict) {
            events::seen_again(&mut self.new, &mut self.again, earlier.place, None);
            return Ok(Receipt { verdict: Verdict::Duplicate, revision: person.revision });
        }
        person.revision += 1;
        person.change.get_or_insert_with(|| Change::begins(event)).take(event, profile, reception, heads);
        match earlier {
            Some(earlier) => {
                earlier.weight = earlier.weight.max(event.weight());
                let merged = Some((event.weight(), note(reception)));
                events::seen_again(&mut self.new, &mut self.again, earlier.place, merged);
            }
            None => {
                if let Some(name) = name {
                    let place = Place::Here(self.new.len());
                    let first = Earlier { place, weight: event.weight(), occurred: event.occurred };
                    self.earlier.insert(name, first);
                }
                self.new.push(EventRow::of(event, reception.verdict, person.revision));
            }
        }
        Ok(Receipt { verdict: reception.verdict, revision: person.revision })
    }

    fn ignore(&mut self, event: &IgnoredEvent) -> Receipt {
        let same = self.ignored.iter_mut().find(|known| known.event.key.is_some() && known.is_same(event));
        match same {
            Some(known) => known.times += 1,
            None => self.ignored.push(Ignored { event: event.clone(), times: 1 }),
        }
        Receipt { verdict: Verdict::Ignored, revision: 0 }
    }

    /// Writes all that was judged.
    pub(super) async fn write(self, db: &Db) -> Outcome<()> {
        let (mut made, mut changed) = (People::default(), People::default());
        for (id, person) in &self.people {
            if let (Ok(heads), Some(change)) = (&person.heads, &person.change) {
                let people = if person.is_known { &mut changed } else { &mut made };
                people.push(id, person.revision, heads, change);
            }
        }
        made.insert(db).await?;
        changed.update(db).await?;
        events::insert(db, &self.new).await?;
        for again in &self.again {
            again.write(db).await?;
        }
        for ignored in &self.ignored {
            ignored.write(db).await?;
        }
        Ok(())
    }
}

fn note(reception: Reception) -> String {
    let carried = if reception.takes_profile { "a profile" } else { "a policy" };
    format!("a later copy carried {carried}")
}

fn unreadable(event: &Event) -> IgnoredEvent {
    IgnoredEvent {
        person: Some(event.person.clone()),
        key: event.key.clone(),
        kind: word(event.kind),
        note: "this person's row in the ledger cannot be read; see the log".to_owned(),
        source: event.source,
        caller: event.caller.clone(),
        occurred: event.occurred,
        arrived: event.arrived,
    }
}
