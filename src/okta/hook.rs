//! The event hook this program wants: which events it understands.

/// Every event type this program acts on; all of them can be hooked (Okta docs, event types).
pub const EVENT_TYPES: &[&str] = &[
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "application.lifecycle.deactivate",
    "application.lifecycle.delete",
    "group.application_assignment.add",
    "group.application_assignment.remove",
    "group.application_assignment.update",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.deactivate",
    "user.lifecycle.reactivate",
    "user.lifecycle.delete.initiated",
    "user.account.update_profile",
];
