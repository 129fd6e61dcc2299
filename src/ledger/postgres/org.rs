//! Events about nobody: kept once each, with what is to be remembered of them in the same transaction.
//!
//! All of them share one lock on a name (`accept`), so their marks are read and written by one replica at a time. Whoever settles a
//! run that is held because the app is gone takes the same lock, before any row: else it could be held for a reason that was taken
//! back at that very moment, and nobody would let it go on.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::notes;
use super::super::org::{APP_GONE, AppMark, OrgEvent, OrgMark, SWEEP_WANTED};
use super::super::rows::{ms, stored_json, word};
use super::events::{Again, EventRow, seen_again};
use super::hands::{Db, Outcome};
use super::image::{Earlier, Place};
use super::keep;
use crate::domain::event::{ProfileWeight, Receipt, Verdict};
use crate::domain::outcome::Cause;

/// The name the lock is had on; no Okta user id looks like this.
pub(super) const NAME: &str = "org:";

/// What is known of events about nobody in one batch, and what is to be remembered.
#[derive(Default)]
pub(super) struct Org {
    /// By kind and key.
    earlier: HashMap<(String, String), Earlier>,
    mark: Option<AppMark>,
    changed: HashMap<&'static str, (Vec<u8>, Timestamp)>,
    /// The app is there again, since then: whoever was held for it is due.
    back: Option<Timestamp>,
}

impl Org {
    /// Takes note of the mark that is stored.
    pub(super) fn knows(&mut self, mark: Option<AppMark>) {
        self.mark = mark;
    }

    /// Takes note of an event that is in the ledger.
    pub(super) fn came_before(&mut self, kind: String, key: String, earlier: Earlier) {
        self.earlier.insert((kind, key), earlier);
    }

    /// Takes an event about nobody in.
    pub(super) fn receive(&mut self, event: &OrgEvent, new: &mut Vec<EventRow>, again: &mut Vec<Again>) -> Receipt {
        let name = event.key.as_ref().map(|key| (event.kind.clone(), key.to_string()));
        if let Some(earlier) = name.as_ref().and_then(|name| self.earlier.get_mut(name)) {
            let late = notes::is_late(earlier.found, event.source);
            earlier.found &= !late;
            seen_again(new, again, earlier.place, late.then(|| (ProfileWeight::None, notes::LATE.to_owned())));
            return Receipt { verdict: Verdict::Duplicate, revision: 0, late };
        }
        let changed = self.remember(event);
        let note = match notes::note_for(event.source) {
            Some(found) => format!("{found}; {}", event.note),
            None => event.note.to_owned(),
        };
        if let Some(name) = name {
            let found = notes::was_found(Some(&note));
            let (place, weight) = (Place::Here(new.len()), ProfileWeight::None);
            self.earlier.insert(name, Earlier { place, weight, occurred: event.occurred, found });
        }
        new.push(EventRow {
            kind: event.kind.clone(),
            key: event.key.as_ref().map(ToString::to_string),
            source: word(event.source),
            caller: event.caller.clone(),
            occurred: ms(event.occurred),
            arrived: ms(event.arrived),
            verdict: "noted",
            times: 1,
            note: Some(note),
            ..EventRow::default()
        });
        let verdict = if changed { Verdict::New } else { Verdict::Superseded };
        Receipt { verdict, revision: 0, late: false }
    }

    /// Says whether it changed what is known of the app.
    fn remember(&mut self, event: &OrgEvent) -> bool {
        match event.mark {
            OrgMark::Nothing => true,
            OrgMark::SweepWanted => {
                let wanted = event.arrived.as_millisecond().to_string().into_bytes();
                self.changed.insert(SWEEP_WANTED, (wanted, event.arrived));
                true
            }
            OrgMark::AppGone | OrgMark::AppBack => {
                let known = self.mark;
                let mark = AppMark::after(known, event.mark == OrgMark::AppGone, event.occurred);
                self.changed.insert(APP_GONE, (stored_json(&mark).into_bytes(), event.arrived));
                self.mark = Some(mark);
                if !mark.gone {
                    self.back = Some(event.arrived);
                }
                mark.gone != known.is_some_and(|known| known.gone)
            }
        }
    }

    /// Writes what is to be remembered; everybody who is held for the app is locked.
    pub(super) async fn write(self, db: &Db) -> Outcome<()> {
        for (name, (value, at)) in self.changed {
            keep::save(db, &(name, value, at)).await?;
        }
        if let Some(since) = self.back {
            db.change(
                "UPDATE assignments SET state = 'due', reason = NULL, held_steps = NULL, \
                 next_at = greatest($2, unclear_until), updated_at = $2 \
                 WHERE state = 'held' AND reason::json ->> 'cause' = $1",
                &[&Cause::OktaAppGone.code(), &ms(since)],
            )
            .await?;
        }
        Ok(())
    }
}

/// The mark that the app is gone, as it is stored.
pub(super) async fn app_mark(db: &Db) -> Outcome<Option<AppMark>> {
    let stored = keep::load(db, APP_GONE).await?;
    Ok(stored.map(|stored| AppMark::read(&stored)).transpose()?)
}

/// Whether an event said that the app is gone.
pub(super) async fn app_is_gone(db: &Db) -> Outcome<bool> {
    Ok(app_mark(db).await?.is_some_and(|mark| mark.gone))
}

/// Keeps the mark as it is until the end of the transaction; nobody may hold a row yet.
pub(super) async fn hold_mark(db: &Db) -> Outcome<()> {
    db.row("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", &[&NAME]).await.map(drop)
}
