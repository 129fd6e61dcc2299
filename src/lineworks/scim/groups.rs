//! Groups over SCIM: a member joins and leaves by a PATCH of the group.
//!
//! SCIM knows ids and display names; a group's external key is not there (the configuration refuses it).

use reqwest::Method;
use serde_json::json;

use super::{Scim, group, groups, list, patch};
use crate::domain::ids::MemberId;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::reference::Reference;
use crate::lineworks::api::Call;
use crate::lineworks::scim::errors::is_done_already;
use crate::lineworks::{ApiError, Gate, Operation};

impl Scim {
    pub(super) async fn join(&self, id: &MemberId, to: &Reference, gate: &dyn Gate) -> Result<(), ApiError> {
        let member = json!({"value": id, "type": "USER"});
        self.patch_group(to, patch::add("members", vec![member]), gate).await
    }

    pub(super) async fn leave(&self, id: &MemberId, from: &Reference, gate: &dyn Gate) -> Result<(), ApiError> {
        let path = format!("members[value eq {}]", patch::quoted(id.as_str()));
        self.patch_group(from, patch::remove(&path), gate).await
    }

    async fn patch_group(
        &self,
        reference: &Reference,
        operation: serde_json::Value,
        gate: &dyn Gate,
    ) -> Result<(), ApiError> {
        let id = self.group_id(reference, gate).await?;
        let url = group(self.api.base(), &id).ok_or_else(|| refused("this group cannot stand in an address"))?;
        let body = Some(patch::body(&[operation]));
        let call = Call { operation: Operation::ScimPatchGroup, method: Method::PATCH, url, body };
        match self.api.call(gate, &call).await {
            Ok(_) => Ok(()),
            Err(error) if is_done_already(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn group_id(&self, reference: &Reference, gate: &dyn Gate) -> Result<String, ApiError> {
        let name = match reference {
            Reference::Id(id) => return Ok(id.clone()),
            Reference::ExternalKey(_) => return Err(refused("SCIM cannot find a group by its external key")),
            Reference::Name(name) => name,
        };
        let mut url = groups(self.api.base());
        let filter = format!("displayName eq {}", patch::quoted(name));
        url.query_pairs_mut().append_pair("filter", &filter).append_pair("excludedAttributes", "members");
        let call = Call { operation: Operation::ScimListGroups, method: Method::GET, url, body: None };
        let hits = self.entries(gate, &call).await?;
        // Names are unique in a domain whatever their case (LINE WORKS docs, scim-group-create).
        let same = |hit: &&serde_json::Map<String, serde_json::Value>| {
            list::text(hit, "displayName").is_some_and(|it| it.to_lowercase() == name.to_lowercase())
        };
        let mut found: Vec<String> = hits.iter().filter(same).filter_map(|hit| list::text(hit, "id")).collect();
        let (cause, detail) = match found.len() {
            1 => return Ok(found.remove(0)),
            0 => (Cause::PlacementUnknown, format!("no group is called \"{name}\"")),
            many => (Cause::PlacementAmbiguous, format!("{many} groups are called \"{name}\": {}", found.join("; "))),
        };
        Err(ApiError::Refused(Reason::with(cause, detail)))
    }
}

fn refused(detail: &str) -> ApiError {
    ApiError::Refused(Reason::with(Cause::LineWorksRefused, detail))
}
