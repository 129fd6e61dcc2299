//! Whose the member is that a run found, and how one that a leaver had goes on to somebody new.
//!
//! The rule itself is the domain's ([`Ownership::judge`]); here the ledger is asked who holds a key. Nothing is called at
//! LINE WORKS.

use super::ending::Ending;
use super::person::Run;
use crate::domain::assignment::Desired;
use crate::domain::ids::OktaUserId;
use crate::domain::marks::Marks;
use crate::domain::member::{Holder, Member, Ownership};
use crate::domain::outcome::{Cause, Reason};
use crate::domain::policy::Adopt;
use crate::ledger::{StoreError, TakeOver};

impl Run<'_> {
    /// Whose the member is. A key that is this person's own Okta id is nobody else's; about any other the ledger is asked.
    pub(super) async fn judge(&self, member: Option<&Member>) -> Result<Option<Ownership>, Ending> {
        let Some(member) = member else { return Ok(None) };
        let (wanted, remembered) = (self.wanted_key.as_ref().ok(), self.external_key.as_ref());
        let key = member.external_key.as_deref().filter(|key| !key.is_empty());
        let holder = match key.filter(|key| *key != self.assignment.person.as_str()) {
            None => None,
            Some(key) => self.holder(key).await.map_err(|error| self.ledger_is_down(&error))?,
        };
        Ok(Some(Ownership::judge(member, wanted, remembered, holder)))
    }

    async fn holder(&self, key: &str) -> Result<Option<Holder>, StoreError> {
        let Some(person) = self.store.holder_of_key(key, &self.assignment.person).await? else { return Ok(None) };
        let row = self.store.assignment(&person).await?;
        let desired = row.as_ref().and_then(|row| row.facts.desired(self.settings.policy.unassign));
        Ok(Some(Holder {
            is_leaving: matches!(desired, Some(Desired::Unassigned { .. })),
            yielded: row.is_some_and(|row| row.yielded_to.as_ref() == Some(&self.assignment.person)),
            person,
        }))
    }

    /// Takes the member of somebody who left over, with what is remembered of our own doing; not for somebody who
    /// leaves too, and not against the administrator's decision.
    pub(super) async fn take_over(&mut self, from: &OktaUserId) -> Result<(), Ending> {
        if self.desired.is_leaving() || self.settings.policy.adopt == Adopt::Never {
            return Ok(());
        }
        match self.store.take_over(self.gate.lease, from, self.clock.now()).await {
            Ok(TakeOver::Done { member_id, marks, groups }) => {
                tracing::info!(okta_user_id = %self.assignment.person, %from, "took a leaver's member over");
                (self.member_id, self.marks) = (member_id, marks);
                self.groups = groups;
                Ok(())
            }
            // Refused: what was read of the former owner is not so any more.
            Ok(TakeOver::Busy | TakeOver::Refused) => {
                Err(self.retry_later(Reason::of(Cause::FormerOwnerBusy), self.settings.call_timeout))
            }
            Err(error) => Err(self.ledger_is_down(&error)),
        }
    }

    /// LINE WORKS may hide a member in its grace, or its key: whoever comes back with a new Okta id is then known by the
    /// login of the one we deleted.
    pub(super) async fn look_for_a_deleted_one(&mut self) -> Result<(), Ending> {
        let Some(profile) = self.desired.profile().filter(|_| self.member_id.is_none()) else { return Ok(()) };
        let found = self.store.deleted_with_login(profile.email().as_str(), &self.assignment.person).await;
        match found.map_err(|error| self.ledger_is_down(&error))? {
            Some(person) => self.take_over(&person).await,
            None => Ok(()),
        }
    }

    /// What is remembered is about one member; of another one with the same e-mail or key nothing is known.
    pub(super) fn forget_another(&mut self, member: Option<&Member>) {
        let is_another = member.zip(self.member_id.as_ref()).is_some_and(|(member, known)| member.id != *known);
        if is_another {
            self.marks = Marks { unclear_until: self.marks.unclear_until, ..Marks::default() };
            self.groups.clear();
            self.member_id = None;
        }
    }
}
