//! Places that a wish gives by name get their ids just before a step needs them, and not earlier: a member that is as
//! wished otherwise, or is parked, costs no list and makes no org unit.

use super::person::Run;
use crate::domain::assignment::Desired;
use crate::domain::event::ProfileWish;
use crate::domain::profile::Profile;
use crate::domain::step::Step;
use crate::lineworks::ApiError;

impl Run<'_> {
    /// Whether the step sends a place that the wish gives by its name.
    pub(super) fn needs_places(&self, step: &Step) -> bool {
        let sends_places = match step {
            Step::Create(_) => true,
            Step::Update(difference) => {
                difference.fields().iter().any(|field| matches!(*field, "organizations" | "userTypeId"))
            }
            _ => false,
        };
        let names = |profile: &Profile| !profile.named_places(self.domain_id).is_empty();
        sends_places && !self.is_placed && self.unclear.is_none() && self.desired.profile().is_some_and(names)
    }

    /// Replaces the names in the wish by ids.
    pub(super) async fn place(&mut self) -> Result<(), ApiError> {
        if let Some(profile) = self.desired.profile() {
            let placed = self.members.resolve(profile, self.domain_id, self.gate).await?;
            self.desired = Desired::Active(Some(ProfileWish::Valid(placed)));
        }
        self.is_placed = true;
        Ok(())
    }
}
