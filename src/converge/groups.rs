//! What a run remembers about groups: which ones this program put the member into, and what it could not undo.

use super::person::Run;
use crate::domain::member::{Condition, Member};
use crate::domain::outcome::Cause;
use crate::domain::reference::Reference;
use crate::domain::step::Step;
use crate::lineworks::ApiError;

impl Run<'_> {
    /// The groups the member was put into, but for those it cannot be taken out of in this run.
    pub(super) fn remembered(&self) -> Vec<Reference> {
        let groups = self.groups.iter().map(|group| Reference::parse(group));
        groups.filter(|group| !self.stuck.contains(group)).collect()
    }

    /// A deleted member is in no group any more, and joins anew when it comes back.
    pub(super) fn forget_groups_of_the_gone(&mut self, member: Option<&Member>) {
        if member.is_none_or(|member| member.condition == Condition::Deleted) {
            self.groups.clear();
        }
    }

    /// Takes note of what became of a step about a group. The member itself is as it was, so it need not be read again.
    pub(super) fn group_outcome(
        &mut self,
        step: &Step,
        outcome: Result<Option<Member>, ApiError>,
        member: Option<&Member>,
    ) -> Result<Option<Member>, ApiError> {
        match (step, outcome) {
            (Step::JoinGroup(group), Ok(_)) => {
                self.groups.push(group.to_string());
                Ok(member.cloned())
            }
            (Step::LeaveGroup(group), Ok(_)) => {
                self.forget(group);
                Ok(member.cloned())
            }
            // Nobody is in a group that is not there.
            (Step::LeaveGroup(group), Err(ApiError::Refused(reason))) if reason.cause == Cause::PlacementUnknown => {
                self.forget(group);
                self.note = Some(reason);
                Ok(member.cloned())
            }
            // The person is gone and at rest: what is left of groups needs nobody's attention at once.
            (Step::LeaveGroup(group), Err(ApiError::Refused(reason) | ApiError::ReadAgain(reason)))
                if self.desired.is_leaving() =>
            {
                self.stuck.push(group.clone());
                self.note = Some(reason);
                Ok(member.cloned())
            }
            (_, outcome) => outcome,
        }
    }

    fn forget(&mut self, group: &Reference) {
        self.groups.retain(|known| Reference::parse(known) != *group);
    }
}
