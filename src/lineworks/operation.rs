//! The operations of LINE WORKS: what rate limits are counted by, and what a call of each can do.

use serde::{Deserialize, Serialize};

/// The operations LINE WORKS counts its rate limit by (reference: "per domain, per API operation").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `GET /users/{id}`
    GetMember,
    /// `POST /users`
    CreateMember,
    /// `PATCH /users/{id}`
    PatchMember,
    /// `POST /users/{id}/suspend`
    SuspendMember,
    /// `POST /users/{id}/unsuspend`
    UnsuspendMember,
    /// `DELETE /users/{id}`
    DeleteMember,
    /// `POST /users/{id}/undelete`
    UndeleteMember,
    /// `GET /users`
    ListMembers,
    /// `GET /orgunits`
    ListOrgUnits,
    /// `POST /orgunits`
    CreateOrgUnit,
    /// `GET /directory/levels`
    ListLevels,
    /// `GET /directory/positions`
    ListPositions,
    /// `GET /directory/user-types`
    ListUserTypes,
    /// `GET /groups`
    ListGroups,
    /// `POST /groups/{id}/members`
    AddGroupMember,
    /// `DELETE /groups/{id}/members/{memberId}`
    RemoveGroupMember,
    /// `GET /scim/v2/Users/{id}`
    ScimGetUser,
    /// `GET /scim/v2/Users?filter=…`
    ScimFindUser,
    /// `POST /scim/v2/Users`
    ScimCreateUser,
    /// `PATCH /scim/v2/Users/{id}`
    ScimPatchUser,
    /// `GET /scim/v2/Groups`
    ScimListGroups,
    /// `PATCH /scim/v2/Groups/{id}`
    ScimPatchGroup,
}

/// What a call can do, which decides what its failures mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing: it may be repeated at will.
    Read,
    /// It sets login ids or external keys, so "taken" is a possible answer.
    Names,
    /// It changes a member's condition.
    Condition,
    /// It changes something else.
    Other,
}

impl Operation {
    /// The word in the ledger, the history and the logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::GetMember => "get_member",
            Operation::CreateMember => "create_member",
            Operation::PatchMember => "patch_member",
            Operation::SuspendMember => "suspend_member",
            Operation::UnsuspendMember => "unsuspend_member",
            Operation::DeleteMember => "delete_member",
            Operation::UndeleteMember => "undelete_member",
            Operation::ListMembers => "list_members",
            Operation::ListOrgUnits => "list_org_units",
            Operation::CreateOrgUnit => "create_org_unit",
            Operation::ListLevels => "list_levels",
            Operation::ListPositions => "list_positions",
            Operation::ListUserTypes => "list_user_types",
            Operation::ListGroups => "list_groups",
            Operation::AddGroupMember => "add_group_member",
            Operation::RemoveGroupMember => "remove_group_member",
            Operation::ScimGetUser => "scim_get_user",
            Operation::ScimFindUser => "scim_find_user",
            Operation::ScimCreateUser => "scim_create_user",
            Operation::ScimPatchUser => "scim_patch_user",
            Operation::ScimListGroups => "scim_list_groups",
            Operation::ScimPatchGroup => "scim_patch_group",
        }
    }

    /// Whether it changes nothing.
    pub fn is_read(self) -> bool {
        self.effect() == Effect::Read
    }

    /// Whether login ids or external keys are set here, so that "taken" is a possible answer.
    pub(crate) fn sets_names(self) -> bool {
        self.effect() == Effect::Names
    }

    /// Whether a member is created here, so that "no seat left" is a possible answer.
    pub(crate) fn creates_a_member(self) -> bool {
        matches!(self, Operation::CreateMember | Operation::ScimCreateUser)
    }

    /// Whether a success must come with an object, or nothing is known.
    pub(crate) fn must_show(self) -> bool {
        matches!(
            self,
            Operation::GetMember
                | Operation::ListMembers
                | Operation::CreateMember
                | Operation::ScimGetUser
                | Operation::ScimFindUser
                | Operation::ScimCreateUser
                | Operation::ScimListGroups
        )
    }

    /// Whether it asks SCIM for a list, which is there also when nobody is in it.
    pub(crate) fn lists_by_scim(self) -> bool {
        matches!(self, Operation::ScimFindUser | Operation::ScimListGroups)
    }

    /// Whether a member's condition is changed here, so that "not in that state" is a possible answer.
    pub(crate) fn changes_condition(self) -> bool {
        self.effect() == Effect::Condition
    }

    /// The scopes of which one is needed, for the operations about places and groups.
    pub(crate) fn scopes(self) -> Option<&'static str> {
        match self {
            Operation::ListOrgUnits => Some("orgunit.read, orgunit, directory.read or directory"),
            Operation::CreateOrgUnit => Some("orgunit or directory"),
            Operation::ListLevels | Operation::ListPositions | Operation::ListUserTypes => {
                Some("directory.read or directory")
            }
            Operation::ListGroups => Some("group.read, group, directory.read or directory"),
            Operation::AddGroupMember | Operation::RemoveGroupMember => Some("group or directory"),
            _ => None,
        }
    }

    fn effect(self) -> Effect {
        match self {
            Operation::GetMember
            | Operation::ListMembers
            | Operation::ListOrgUnits
            | Operation::ListLevels
            | Operation::ListPositions
            | Operation::ListUserTypes
            | Operation::ListGroups
            | Operation::ScimGetUser
            | Operation::ScimFindUser
            | Operation::ScimListGroups => Effect::Read,
            Operation::CreateMember | Operation::PatchMember | Operation::ScimCreateUser | Operation::ScimPatchUser => {
                Effect::Names
            }
            Operation::SuspendMember
            | Operation::UnsuspendMember
            | Operation::DeleteMember
            | Operation::UndeleteMember => Effect::Condition,
            Operation::CreateOrgUnit
            | Operation::AddGroupMember
            | Operation::RemoveGroupMember
            | Operation::ScimPatchGroup => Effect::Other,
        }
    }
}
