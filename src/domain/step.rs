//! The steps that lead from what LINE WORKS has to what is desired, and their names.

use serde::{Deserialize, Serialize};

use super::profile::{Difference, Profile};
use super::reference::Reference;

/// The kinds of steps, as they are stored, shown and approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Create the member.
    Create,
    /// Change what differs.
    Update,
    /// Suspend it.
    Suspend,
    /// Lift the suspension.
    Resume,
    /// Delete it (restorable for seven days).
    Delete,
    /// Take the deletion back.
    Undelete,
    /// Put our external key on a member that exists already.
    Adopt,
    /// Put the member into a group.
    JoinGroup,
    /// Take the member out of a group.
    LeaveGroup,
}

impl StepKind {
    /// The word in the database, the API and the CLI.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Create => "create",
            StepKind::Update => "update",
            StepKind::Suspend => "suspend",
            StepKind::Resume => "resume",
            StepKind::Delete => "delete",
            StepKind::Undelete => "undelete",
            StepKind::Adopt => "adopt",
            StepKind::JoinGroup => "join_group",
            StepKind::LeaveGroup => "leave_group",
        }
    }

    /// Whether the step takes something away from a person.
    pub fn is_destructive(self) -> bool {
        matches!(self, StepKind::Suspend | StepKind::Delete)
    }

    /// Whether the step is about a group: it changes nothing about the member itself, and one run may take several.
    pub fn is_about_a_group(self) -> bool {
        matches!(self, StepKind::JoinGroup | StepKind::LeaveGroup)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Create the member from this profile.
    Create(Box<Profile>),
    /// Change what differs.
    Update(Difference),
    /// Put our external key on it.
    Adopt,
    /// Suspend it.
    Suspend,
    /// Lift the suspension.
    Resume,
    /// Delete it.
    Delete,
    /// Take the deletion back.
    Undelete,
    /// Put the member into this group.
    JoinGroup(Reference),
    /// Take the member out of this group.
    LeaveGroup(Reference),
}

impl Step {
    /// Its kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Step::Create(_) => StepKind::Create,
            Step::Update(_) => StepKind::Update,
            Step::Adopt => StepKind::Adopt,
            Step::Suspend => StepKind::Suspend,
            Step::Resume => StepKind::Resume,
            Step::Delete => StepKind::Delete,
            Step::Undelete => StepKind::Undelete,
            Step::JoinGroup(_) => StepKind::JoinGroup,
            Step::LeaveGroup(_) => StepKind::LeaveGroup,
        }
    }
}
