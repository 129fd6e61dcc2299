//! An operator's word: it raises the revision, and a ruling is in force for that revision only.

use super::super::hearing::Taken;
use super::super::rows::{ms, ruling_json};
use super::super::{Heard, OperatorWord};
use super::events::{self, EventRow};
use super::hands::{Db, Outcome};
use super::read;
use crate::domain::event::Verdict;

/// Takes an operator's word in.
pub(super) async fn hear(db: &Db, said: &OperatorWord) -> Outcome<Heard> {
    let Some(row) = read::locked(db, &said.person).await? else { return Ok(Heard::Unknown) };
    let taken = match Taken::of(&row, said) {
        Ok(taken) => taken,
        Err(heard) => return Ok(heard),
    };
    let ruling = taken.ruling.as_ref().map(ruling_json);
    let ruling_revision = ruling.as_ref().and_then(|_| i64::try_from(taken.revision).ok());
    // Nothing that arrives cuts the pause after an unclear call short: the next call would overlap with it.
    db.change_one(
        "UPDATE assignments SET revision = revision + 1, leaving = $2, updated_at = $3, \
         next_at = CASE WHEN state = 'running' THEN next_at ELSE greatest($3, unclear_until) END, \
         reason = CASE WHEN state = 'running' THEN reason END, \
         state = CASE WHEN state = 'running' THEN state ELSE 'due' END, \
         ruling = coalesce($4, ruling), ruling_revision = coalesce($5, ruling_revision) WHERE okta_user_id = $1",
        &[&said.person.as_str(), &taken.leaving, &ms(said.now), &ruling, &ruling_revision],
    )
    .await?;
    events::insert(db, &[EventRow::of(&taken.event, Verdict::New, taken.revision)]).await?;
    Ok(Heard::Due(taken.revision))
}
