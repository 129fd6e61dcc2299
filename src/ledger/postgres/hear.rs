//! An operator's word: it raises the revision, and a ruling is in force for that revision only.

use super::super::rows::{ms, ruling_json};
use super::super::{Heard, OperatorWord};
use super::events::{self, EventRow};
use super::hands::{Db, Outcome};
use super::read;
use crate::domain::assignment::{Ruling, State};
use crate::domain::event::{Event, EventKind, Source, UnassignPolicy, Verdict};
use crate::domain::plan::is_approvable;

/// Takes an operator's word in.
pub(super) async fn hear(db: &Db, said: &OperatorWord) -> Outcome<Heard> {
    let Some(row) = read::locked(db, &said.person).await? else { return Ok(Heard::Unknown) };
    let steps = match (&row.state, said.kind) {
        (_, EventKind::Retry) => Vec::new(),
        (State::Held { reason, .. }, EventKind::Approve) if !is_approvable(reason.cause) => {
            return Ok(Heard::NotApprovable(reason.clone()));
        }
        (State::Held { steps, .. }, _) => steps.clone(),
        (state, _) => return Ok(Heard::NotHeld(state.name())),
    };
    // Which policy is in force makes no difference here.
    let leaving = row.facts.desired(UnassignPolicy::Suspend).is_none_or(|desired| desired.is_leaving());
    let revision = row.revision + 1;
    let ruling = Ruling::said_by(said.kind, steps).map(|ruling| ruling_json(&ruling));
    let ruling_revision = ruling.as_ref().and_then(|_| i64::try_from(revision).ok());
    // Nothing that arrives cuts the pause after an unclear call short: the next call would overlap with it.
    db.change_one(
        "UPDATE assignments SET revision = revision + 1, leaving = $2, updated_at = $3, \
         next_at = CASE WHEN state = 'running' THEN next_at ELSE greatest($3, unclear_until) END, \
         reason = CASE WHEN state = 'running' THEN reason END, \
         state = CASE WHEN state = 'running' THEN state ELSE 'due' END, \
         ruling = coalesce($4, ruling), ruling_revision = coalesce($5, ruling_revision) WHERE okta_user_id = $1",
        &[&said.person.as_str(), &leaving, &ms(said.now), &ruling, &ruling_revision],
    )
    .await?;
    let event = Event {
        person: said.person.clone(),
        key: None,
        kind: said.kind,
        source: Source::Operator,
        caller: said.caller.clone(),
        occurred: said.now,
        arrived: said.now,
        profile: None,
        policy: None,
    };
    events::insert(db, &[EventRow::of(&event, Verdict::New, revision)]).await?;
    Ok(Heard::Due(revision))
}
