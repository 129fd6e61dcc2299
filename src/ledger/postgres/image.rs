//! What is known of the people of one batch, kept in memory while its events are judged, and what is to be written.

use std::collections::HashMap;

use futures_util::future::try_join3;
use jiff::Timestamp;

use super::super::notes::{self, UNREADABLE, as_ignored};
use super::super::rows::word;
use super::super::{IgnoredEvent, Incoming, StoreError};
use super::accept::Arrival;
use super::anew::{self, Counts, Former, Kept};
use super::events::{self, EventRow, Ignored};
use super::hands::{Db, Outcome};
use super::org::Org;
use super::people::{Change, People};
use crate::domain::event::{Event, ProfileWeight, Receipt, Source, Verdict};
use crate::domain::heads::{Heads, Reception};
use crate::domain::ids::OktaUserId;

/// Person, kind and key: what makes two events the same.
pub(super) type EventName = (String, String, String);

/// The copy of an event that came first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earlier {
    pub(super) place: Place,
    pub(super) weight: ProfileWeight,
    pub(super) occurred: Timestamp,
    /// It was found in the System Log, and no door has delivered it yet.
    pub(super) found: bool,
}

/// Where that copy is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the ledger, under this number.
    Stored(i64),
    /// In this very batch: the so-manieth event to be written.
    Here(usize),
}

/// One person of the batch, with a row or one to be made.
struct Person {
    is_stored: bool,
    revision: u64,
    heads: Result<Heads, StoreError>,
    change: Option<Change>,
}

/// The people and events of one batch.
#[derive(Default)]
pub(super) struct Image {
    pub(super) org: Org,
    people: HashMap<OktaUserId, Person>,
    earlier: HashMap<EventName, Earlier>,
    formers: HashMap<String, Vec<Former>>,
    new: Vec<EventRow>,
    again: Vec<events::Again>,
    counts: Vec<Counts>,
    ignored: Vec<Ignored>,
}

impl Image {
    /// Takes note of somebody's row, readable or not.
    pub(super) fn knows(&mut self, person: String, revision: u64, heads: Result<Heads, StoreError>) {
        let person = OktaUserId::try_from(person).ok();
        let known = Person { is_stored: true, revision, heads, change: None };
        self.people.extend(person.map(|person| (person, known)));
    }

    /// Takes note of an event that is in the ledger.
    pub(super) fn came_before(&mut self, name: EventName, earlier: Earlier) {
        self.earlier.insert(name, earlier);
    }

    /// Takes note of a status event that did not count when it came.
    pub(super) fn was_ignored(&mut self, person: String, former: Former) {
        self.formers.entry(person).or_default().push(former);
    }

    /// Receives the events of one call in order. In a call with several, a person whose row cannot be read does not spoil
    /// the neighbours: the event is kept as ignored, and judged anew when it comes again. Nor does it stop what is read
    /// page by page and comes alone by chance.
    pub(super) fn receive(&mut self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
        let is_read = |event: &Event| matches!(event.source, Source::SystemLog | Source::Sweep);
        let alone = arrivals.len() == 1;
        let receive = |arrival: &Arrival| match &arrival.incoming {
            Incoming::Ignored(event) => Ok(self.ignore(event)),
            Incoming::Org(event) => Ok(self.org.receive(event, &mut self.new, &mut self.again)),
            Incoming::Event(event) => match self.receive_one(event, arrival.profile.as_deref()) {
                Err(error) if !alone || is_read(event) => {
                    tracing::error!(%error, "an event is kept as ignored, since its person's row cannot be read");
                    Ok(self.ignore(&as_ignored(event, UNREADABLE)))
                }
                outcome => outcome,
            },
        };
        arrivals.iter().map(receive).collect()
    }

    fn receive_one(&mut self, event: &Event, profile: Option<&str>) -> Result<Receipt, StoreError> {
        let Some(person) = self.people.get_mut(&event.person) else {
            return Ok(if event.kind.is_membership() {
                self.make(event, profile)
            } else {
                self.ignore(&as_ignored(event, notes::without_assignment(event.kind)))
            });
        };
        let heads = match &mut person.heads {
            Ok(heads) => heads,
            Err(error) => return Err(error.clone()),
        };
        let name = name_of(event);
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
        let late = earlier.as_ref().is_some_and(|earlier| notes::is_late(earlier.found, event.source));
        if let (Some(earlier), Verdict::Duplicate) = (&earlier, reception.verdict) {
            let told = late.then(|| (ProfileWeight::None, notes::LATE.to_owned()));
            events::seen_again(&mut self.new, &mut self.again, earlier.place, told);
            if let Some(earlier) = name.and_then(|name| self.earlier.get_mut(&name)) {
                earlier.found &= !late;
            }
            return Ok(Receipt { verdict: Verdict::Duplicate, revision: person.revision, late });
        }
        person.revision += 1;
        let revision = person.revision;
        person.change.get_or_insert_with(|| Change::begins(event)).take(event, profile, reception, heads);
        match earlier {
            Some(earlier) => {
                earlier.weight = earlier.weight.max(event.weight());
                earlier.found = false;
                let merged = Some((event.weight(), notes::merged(reception)));
                events::seen_again(&mut self.new, &mut self.again, earlier.place, merged);
            }
            None => self.keep(event, reception.verdict, revision),
        }
        Ok(Receipt { verdict: reception.verdict, revision, late })
    }

    /// Makes the row of somebody who has none, with the status events that came before.
    fn make(&mut self, event: &Event, profile: Option<&str>) -> Receipt {
        let mut heads = Heads::default();
        let reception = heads.receive(event);
        let told = self.judge_formers(event, &mut heads);
        let mut change = Change::begins(event);
        let taken = Reception { takes_status: false, ..reception };
        change.take(event, profile, taken, &heads);
        if let Some(source) = told {
            change.takes_status(source, &heads);
        }
        let made = Person { is_stored: false, revision: 1, heads: Ok(heads), change: Some(change) };
        self.people.insert(event.person.clone(), made);
        self.keep(event, reception.verdict, 1);
        Receipt { verdict: reception.verdict, revision: 1, late: false }
    }

    fn judge_formers(&mut self, first: &Event, heads: &mut Heads) -> Option<Source> {
        let person = first.person.as_str();
        let mut formers = self.formers.remove(person).unwrap_or_default();
        let about = |it: &Ignored| it.event.person.as_ref() == Some(&first.person);
        let here = self.ignored.iter().enumerate().filter(|(_, it)| about(it));
        formers.extend(here.filter_map(|(index, ignored)| Former::here(index, ignored)));
        let (counts, told) = anew::judge(formers, first, heads);
        for one in counts {
            let Counts { former, verdict: _ } = &one;
            let name = former.key.clone().map(|key| (person.to_owned(), word(former.kind), key));
            // The same event may have been kept under another note, too: one copy counts.
            if name.as_ref().is_some_and(|name| self.earlier.contains_key(name)) {
                continue;
            }
            let (occurred, weight) = (former.occurred, ProfileWeight::None);
            let place = match former.kept {
                Kept::Stored(id) => Place::Stored(id),
                Kept::Here(index) => {
                    self.new.push(one.row(&self.ignored[index]));
                    self.ignored[index].times = 0;
                    Place::Here(self.new.len() - 1)
                }
            };
            self.earlier.extend(name.map(|name| (name, Earlier { place, weight, occurred, found: false })));
            self.counts.push(one);
        }
        told
    }

    /// Writes an event that counts down, so that its copies are known.
    fn keep(&mut self, event: &Event, verdict: Verdict, revision: u64) {
        if let Some(name) = name_of(event) {
            let found = notes::was_found(notes::note_for(event.source));
            let place = Place::Here(self.new.len());
            self.earlier.insert(name, Earlier { place, weight: event.weight(), occurred: event.occurred, found });
        }
        self.new.push(EventRow::of(event, verdict, revision));
    }

    fn ignore(&mut self, event: &IgnoredEvent) -> Receipt {
        let same = |known: &&mut Ignored| known.times > 0 && known.event.key.is_some() && known.is_same(event);
        match self.ignored.iter_mut().find(same) {
            Some(known) => known.times += 1,
            None => self.ignored.push(Ignored { event: event.clone(), times: 1 }),
        }
        Receipt { verdict: Verdict::Ignored, revision: 0, late: false }
    }

    /// Writes all that was judged.
    pub(super) async fn write(self, db: &Db) -> Outcome<()> {
        let (mut made, mut changed) = (People::default(), People::default());
        for (id, person) in &self.people {
            if let (Ok(heads), Some(change)) = (&person.heads, &person.change) {
                let people = if person.is_stored { &mut changed } else { &mut made };
                people.push(id, person.revision, heads, change);
            }
        }
        for counts in &self.counts {
            counts.write(db).await?;
        }
        // Asked together, answered one after the other; none depends on another, since all locks are had.
        try_join3(made.insert(db), changed.update(db), events::insert(db, &self.new)).await?;
        for again in &self.again {
            again.write(db).await?;
        }
        // Those that count by now have no times left.
        for ignored in self.ignored.iter().filter(|ignored| ignored.times > 0) {
            ignored.write(db).await?;
        }
        self.org.write(db).await
    }
}

fn name_of(event: &Event) -> Option<EventName> {
    event.key.as_ref().map(|key| (event.person.to_string(), word(event.kind), key.to_string()))
}
