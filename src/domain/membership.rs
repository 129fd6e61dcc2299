//! Which LINE WORKS group a member joins or leaves next: the wish against what this program put it into. Pure.
//!
//! Who else is in a group is nobody's business here: a member that somebody put into a group by hand stays in it, and
//! one that somebody took out of a group is not put back in. So groups are compared with what is remembered, never with
//! what LINE WORKS has, and no group is ever read.

use super::policy::Policy;
use super::profile::Profile;
use super::reference::Reference;
use super::step::Step;

/// The next change for a member that is as wished otherwise. `is_new`: no run has settled since it was created, so that
/// the profile's groups count even where they are not kept in step later.
pub(super) fn next(profile: &Profile, policy: &Policy, remembered: &[Reference], is_new: bool) -> Option<Step> {
    let managed = |group: &&Reference| policy.groups.managed.contains(group);
    let in_step = policy.manages("groups");
    let named = profile.groups();
    let wished = named.iter().flatten().filter(managed).filter(|_| in_step || is_new);
    if let Some(group) = policy.groups.everybody.iter().chain(wished).find(|group| !remembered.contains(group)) {
        return Some(Step::JoinGroup(group.clone()));
    }
    let named = named.filter(|_| in_step)?;
    let unwished = |group: &&Reference| !named.contains(group) && !policy.groups.everybody.contains(group);
    remembered.iter().filter(managed).find(unwished).map(|group| Step::LeaveGroup(group.clone()))
}
