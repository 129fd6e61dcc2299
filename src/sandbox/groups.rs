//! The groups: one small model that the Directory API and SCIM both read and write.
//!
//! A group is named by its id or by `externalKey:…`, and by a display name that is unique whatever its letter case
//! (vendor's group and scim-group pages). Members are kept by kind and id; whether somebody of that id still exists is
//! for the reader to look at. No rule of either API is checked here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What LINE WORKS calls the three sorts of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GroupKind {
    /// The tenant's own, with members one by one.
    #[default]
    Internal,
    /// Its members follow a rule; nobody adds or removes them.
    Dynamic,
    /// With people of other tenants.
    External,
}

/// What a member of a group can be (`type` of the vendor's group-member pages).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum GroupMemberKind {
    User,
    Group,
    #[serde(rename = "ORGUNIT")]
    OrgUnit,
}

/// One member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupMember {
    /// Id of the member, group or org unit; never an e-mail or an external key.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: GroupMemberKind,
}

/// One group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) group_id: String,
    pub(crate) external_key: Option<String>,
    /// `groupName` of the Directory API, `displayName` of SCIM.
    pub(crate) name: String,
    pub(crate) kind: GroupKind,
    pub(crate) description: Option<String>,
    /// Ids of the members who look after it; only the Directory API sets them.
    pub(crate) administrators: Vec<String>,
    /// In the order in which they came.
    pub(crate) members: Vec<GroupMember>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

impl Group {
    /// An internal group without members and with a new id.
    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        Self {
            group_id: uuid::Uuid::new_v4().to_string(),
            external_key: None,
            name: name.to_owned(),
            kind: GroupKind::Internal,
            description: None,
            administrators: Vec::new(),
            members: Vec::new(),
            created: now,
            modified: now,
        }
    }

    pub(crate) fn has_member(&self, kind: GroupMemberKind, id: &str) -> bool {
        self.members.iter().any(|member| member.kind == kind && member.id == id)
    }

    /// Adds a member; false if it was one already.
    pub(crate) fn add_member(&mut self, kind: GroupMemberKind, id: &str) -> bool {
        let new = !self.has_member(kind, id);
        if new {
            self.members.push(GroupMember { id: id.to_owned(), kind });
        }
        new
    }

    /// Takes a member out; false if it was none.
    pub(crate) fn remove_member(&mut self, kind: GroupMemberKind, id: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|member| member.kind != kind || member.id != id);
        self.members.len() < before
    }

    fn answers_to(&self, reference: &str) -> bool {
        match reference.strip_prefix("externalKey:") {
            Some(key) => self.external_key.as_deref() == Some(key),
            None => self.group_id == reference,
        }
    }
}

/// All groups, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Groups(Vec<Group>);

impl Groups {
    /// The two groups every sandbox begins with.
    pub(crate) fn new(now: Timestamp) -> Self {
        let group = |id: &str, key: &str, name: &str| Group {
            group_id: id.to_owned(),
            external_key: Some(key.to_owned()),
            ..Group::new(name, now)
        };
        Self(vec![group("group001-everyone", "everyone", "Everyone"), group("group002-tokyo", "tokyo", "東京オフィス")])
    }

    /// Adds one, in place of one of the same id.
    pub(crate) fn add(&mut self, group: Group) -> &mut Group {
        self.0.retain(|old| old.group_id != group.group_id);
        self.0.push(group);
        self.0.last_mut().expect("a group was just added")
    }

    pub(crate) fn all(&self) -> &[Group] {
        &self.0
    }

    /// Finds one by id or `externalKey:…`.
    pub(crate) fn find(&self, reference: &str) -> Option<&Group> {
        self.0.iter().find(|group| group.answers_to(reference))
    }

    pub(crate) fn find_mut(&mut self, reference: &str) -> Option<&mut Group> {
        self.0.iter_mut().find(|group| group.answers_to(reference))
    }

    /// Finds one by its display name, in any letter case.
    pub(crate) fn by_name(&self, name: &str) -> Option<&Group> {
        let name = name.to_lowercase();
        self.0.iter().find(|group| group.name.to_lowercase() == name)
    }

    /// Removes a group, also from the groups it is in; false if there was none.
    pub(crate) fn remove(&mut self, group_id: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|group| group.group_id != group_id);
        for group in &mut self.0 {
            group.remove_member(GroupMemberKind::Group, group_id);
        }
        self.0.len() < before
    }

    /// Takes somebody out of every group.
    pub(crate) fn leave_all(&mut self, kind: GroupMemberKind, id: &str) {
        for group in &mut self.0 {
            group.remove_member(kind, id);
        }
    }

    /// What a write to this group is known by, for noticing overlaps: the same by whichever name it is called.
    pub(crate) fn keys(&self, reference: &str) -> Vec<String> {
        match self.find(reference) {
            Some(group) => vec![format!("group:{}", group.group_id), name_key(&group.name)],
            None => vec![format!("group:{reference}")],
        }
    }
}

/// What the creation of a group of this name is known by, for noticing overlaps.
pub(crate) fn name_key(name: &str) -> String {
    format!("groupName:{}", name.to_lowercase())
}
