//! SCIM and the Directory API at once: SCIM keeps the account, the Directory API does what SCIM cannot.
//!
//! Who does what is the table in `backends`. Whose a member is, is judged by SCIM's `externalId`; the Directory completes
//! the picture. What either answers shows only its own part, so nothing but a read of both counts as a picture.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::member::{Condition, Member};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{Difference, Profile, is_within_scim};
use crate::domain::reference::Reference;
use crate::lineworks::directory::Directory;
use crate::lineworks::scim::Scim;
use crate::lineworks::status::Paused;
use crate::lineworks::{ApiError, Gate, Hints, MemberApi, MemberPage, NewMember, RollCursor};

/// The parts of a name that only the Directory API has.
const PHONETIC: [&str; 2] = ["phoneticLastName", "phoneticFirstName"];

/// The members of one tenant, over both APIs.
#[derive(Debug)]
pub struct Both {
    scim: Scim,
    directory: Directory,
}

impl Both {
    /// Both must open the same tenant.
    pub fn new(scim: Scim, directory: Directory) -> Self {
        Self { scim, directory }
    }

    async fn find_by(&self, hints: &Hints<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let Some(shown) = self.scim.find(hints, gate).await? else {
            return self.find_hidden(hints, gate).await;
        };
        let by_id = Hints { member_id: Some(&shown.id), external_key: None, former_key: None, email: None };
        match self.directory.find(&by_id, gate).await? {
            Some(whole) => Ok(Some(completed(shown, whole))),
            // The Directory API may hide members in their grace, and no others.
            None if shown.condition == Condition::Inactive => {
                Ok(Some(Member { condition: Condition::Deleted, ..shown }))
            }
            None => Err(ApiError::TryLater {
                reason: Reason::with(
                    Cause::LineWorksFailing,
                    "SCIM shows a member in use that the Directory API does not",
                ),
                after: None,
            }),
        }
    }

    /// SCIM may hide members in their grace. The Directory's key is not SCIM's: only our own says anything.
    async fn find_hidden(&self, hints: &Hints<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let by_id_or_email = Hints { external_key: None, former_key: None, ..hints.clone() };
        let found = self.directory.find(&by_id_or_email, gate).await?;
        Ok(found.map(|mut member| {
            let ours = [hints.external_key, hints.former_key];
            let is_ours = |key: &String| ours.iter().flatten().any(|ours| ours.as_str() == key);
            member.external_key = member.external_key.filter(is_ours);
            member
        }))
    }

    async fn post_new(&self, new: NewMember<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let (profile, beyond) = new.profile.within_scim();
        let created = self.scim.create(NewMember { profile: &profile, ..new }, gate).await?;
        Ok(created.filter(|_| beyond.is_empty()))
    }

    /// SCIM first, then the Directory; one that has nothing to do is not called.
    async fn change(
        &self,
        id: &MemberId,
        difference: &Difference,
        key: &ExternalKey,
        gate: &dyn Gate,
    ) -> Result<Option<Member>, ApiError> {
        let phonetic = changes_phonetic(difference);
        let by_scim = difference.keeping(is_within_scim);
        let by_directory = difference.keeping(|name| !is_within_scim(name) || (name == "userName" && phonetic));
        self.scim.update(id, &by_scim, key, gate).await?;
        self.directory.update(id, &by_directory, key, gate).await?;
        Ok(None)
    }
}

fn changes_phonetic(difference: &Difference) -> bool {
    let text = |name: &Value, part: &str| name[part].as_str().unwrap_or_default().to_owned();
    let former = difference.former("userName");
    let wish = difference.patch().get("userName");
    wish.is_some_and(|wish| PHONETIC.iter().any(|part| text(wish, part) != text(former, part)))
}

/// SCIM's picture with all that only the Directory shows.
fn completed(shown: Member, whole: Member) -> Member {
    let mut attributes = whole.attributes;
    for (name, value) in shown.attributes {
        lay(&mut attributes, name, value);
    }
    Member { condition: whole.condition, is_administrator: whole.is_administrator, attributes, ..shown }
}

/// Parts of an object that SCIM does not have stay.
fn lay(attributes: &mut Map<String, Value>, name: String, value: Value) {
    match (attributes.get_mut(&name), value) {
        (Some(Value::Object(there)), Value::Object(parts)) => there.extend(parts),
        (_, value) => {
            attributes.insert(name, value);
        }
    }
}

impl MemberApi for Both {
    fn find<'a>(&'a self, hints: &'a Hints<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.find_by(hints, gate))
    }

    fn resolve<'a>(
        &'a self,
        profile: &'a Profile,
        domain_id: i64,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Profile, ApiError>> {
        self.directory.resolve(profile, domain_id, gate)
    }

    fn create<'a>(&'a self, new: NewMember<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.post_new(new, gate))
    }

    fn update<'a>(
        &'a self,
        id: &'a MemberId,
        difference: &'a Difference,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.change(id, difference, key, gate))
    }

    fn adopt<'a>(
        &'a self,
        id: &'a MemberId,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(async move { self.scim.adopt(id, key, gate).await.map(|_| None) })
    }

    fn suspend<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        self.scim.suspend(id, gate)
    }

    fn resume<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        self.scim.resume(id, gate)
    }

    fn delete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        self.directory.delete(id, gate)
    }

    fn undelete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        self.directory.undelete(id, gate)
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a RollCursor>,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<MemberPage, ApiError>> {
        self.scim.list(cursor, gate)
    }

    fn join_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        self.directory.join_group(id, group, gate)
    }

    fn leave_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        self.directory.leave_group(id, group, gate)
    }

    fn paused(&self) -> Option<Paused> {
        self.scim.paused()
    }
}
