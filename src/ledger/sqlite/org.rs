//! Events about nobody: kept once each, with what is to be remembered of them in the same transaction.

use rusqlite::{Connection, params};

use super::super::notes;
use super::super::org::{APP_GONE, AppMark, OrgEvent, OrgMark, SWEEP_WANTED};
use super::accept::{self, Earlier};
use super::rows::{ms, stored_json, word};
use super::threads::Outcome;
use super::{read, release, work};
use crate::domain::event::{Receipt, Verdict};
use crate::domain::outcome::Cause;

/// Takes an event about nobody in.
pub(super) fn accept(db: &Connection, event: &OrgEvent) -> Outcome<Receipt> {
    if let Some(earlier) = find_earlier(db, event)? {
        let late = earlier.is_late(event.source);
        accept::seen_again(db, &earlier, late)?;
        return Ok(Receipt { verdict: Verdict::Duplicate, revision: 0, late });
    }
    let changed = remember(db, event)?;
    let note = match notes::note_for(event.source) {
        Some(found) => format!("{found}; {}", event.note),
        None => event.note.to_owned(),
    };
    db.prepare_cached(
        "INSERT INTO events (kind, event_key, source, caller, occurred_at, arrived_at, verdict, note) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'noted', ?7)",
    )?
    .execute(params![
        event.kind,
        event.key.as_ref().map(|key| key.as_str()),
        word(event.source),
        event.caller,
        ms(event.occurred),
        ms(event.arrived),
        note,
    ])?;
    let verdict = if changed { Verdict::New } else { Verdict::Superseded };
    Ok(Receipt { verdict, revision: 0, late: false })
}

fn find_earlier(db: &Connection, event: &OrgEvent) -> Outcome<Option<Earlier>> {
    let Some(key) = &event.key else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT id, profile_weight, occurred_at, note FROM events \
         WHERE okta_user_id IS NULL AND kind = ?1 AND event_key = ?2 AND verdict <> 'ignored'",
    )?;
    let mut rows = statement.query(params![event.kind, key.as_str()])?;
    rows.next()?.map(accept::earlier).transpose()
}

/// Writes what is to be remembered; says whether that changed anything.
fn remember(db: &Connection, event: &OrgEvent) -> Outcome<bool> {
    match event.mark {
        OrgMark::Nothing => Ok(true),
        OrgMark::SweepWanted => {
            work::save(db, SWEEP_WANTED, event.arrived.as_millisecond().to_string().as_bytes(), event.arrived)?;
            Ok(true)
        }
        OrgMark::AppGone | OrgMark::AppBack => {
            let known = app_mark(db)?;
            let mark = AppMark::after(known, event.mark == OrgMark::AppGone, event.occurred);
            work::save(db, APP_GONE, stored_json(&mark).as_bytes(), event.arrived)?;
            if !mark.gone {
                release::release_held(db, Cause::OktaAppGone, event.arrived)?;
            }
            Ok(mark.gone != known.is_some_and(|known| known.gone))
        }
    }
}

fn app_mark(db: &Connection) -> Outcome<Option<AppMark>> {
    Ok(read::load(db, APP_GONE)?.map(|stored| AppMark::read(&stored)).transpose()?)
}

/// Whether an event said that the app is gone.
pub(super) fn app_is_gone(db: &Connection) -> Outcome<bool> {
    Ok(app_mark(db)?.is_some_and(|mark| mark.gone))
}
