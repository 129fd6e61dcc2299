//! The Directory API behind `MemberApi`: every read and write of one member, with a service account's token.
//!
//! It says what LINE WORKS shows and does what it is told. Whose a member is, and whether a step is wise, is the
//! plan's part. Members are never listed and `forcedelete` is never called.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{Difference, Profile};
use crate::domain::reference::Reference;
use crate::ledger::Store;
use crate::lineworks::address::{self, Who};
use crate::lineworks::api::{Api, Call, Reply};
use crate::lineworks::places::{PlaceSettings, Places};
use crate::lineworks::token::TokenCache;
use crate::lineworks::{
    ApiError, Gate, Hints, MemberApi, MemberPage, NewMember, Operation, RollCursor, listing, nothing_to_find_by, roll,
    user_object,
};

/// Which tenant, and how.
#[derive(Debug, Clone)]
pub struct DirectorySettings {
    /// The API host, such as `https://www.worksapis.com`; `/v1.0/…` is added.
    pub api_url: Url,
    /// Whether the domain signs in through an identity provider; off: LINE WORKS invites new members to set a
    /// password (docs, user-create: creation type `MEMBER`).
    pub sso: bool,
    /// The time one call may take in all, redirects included.
    pub call_timeout: Duration,
    /// How org units, levels, positions, user types and groups are found by their names.
    pub places: PlaceSettings,
}

/// The members of one tenant.
#[derive(Debug)]
pub struct Directory {
    api: Api,
    sso: bool,
    places: Places,
}

impl Directory {
    /// A directory that takes its tokens from `tokens`.
    pub fn new(settings: DirectorySettings, tokens: Arc<TokenCache>, http: reqwest::Client, clock: Clock) -> Self {
        let DirectorySettings { api_url, sso, call_timeout, places } = settings;
        let places = Places::new(places, call_timeout, clock.clone());
        Self { api: Api::new(api_url, call_timeout, tokens, http, clock), sso, places }
    }

    /// The same, agreeing with all replicas on this ledger on who makes org units.
    #[must_use]
    pub fn sharing(self, store: Arc<dyn Store>) -> Self {
        Self { places: self.places.sharing(store), ..self }
    }

    async fn read(&self, who: Who<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let url = self.address(who, None)?;
        let operation = Operation::GetMember;
        match self.api.call(gate, &Call { operation, method: Method::GET, url, body: None }).await? {
            Reply::Absent => Ok(None),
            Reply::Done(user) => user.and_then(user_object::member).map(Some).ok_or_else(|| ApiError::TryLater {
                reason: Reason::with(Cause::LineWorksFailing, "a user object without `userId` or `email`"),
                after: None,
            }),
        }
    }

    async fn find_by(&self, hints: &Hints<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let former_key = hints.former_key.filter(|former| Some(*former) != hints.external_key);
        let ways = [
            hints.member_id.map(Who::Id),
            hints.external_key.map(Who::Key),
            former_key.map(Who::Key),
            hints.email.map(Who::Email),
        ];
        if ways.iter().all(Option::is_none) {
            return Err(nothing_to_find_by());
        }
        for who in ways.into_iter().flatten() {
            if let Some(member) = self.read(who, gate).await? {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    async fn post_new(&self, new: NewMember<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let mut properties = new.profile.create_properties(new.domain_id);
        properties.insert("userExternalKey".to_owned(), json!(new.key));
        if !self.sso {
            properties.insert("passwordConfig".to_owned(), password_config(new.password));
        }
        let (operation, url) = (Operation::CreateMember, address::users(self.api.base()));
        self.shown(gate, Call { operation, method: Method::POST, url, body: Some(Value::Object(properties)) }).await
    }

    async fn patch(
        &self,
        id: &MemberId,
        properties: Map<String, Value>,
        gate: &dyn Gate,
    ) -> Result<Option<Member>, ApiError> {
        let (operation, url) = (Operation::PatchMember, self.address(Who::Id(id), None)?);
        self.shown(gate, Call { operation, method: Method::PATCH, url, body: Some(Value::Object(properties)) }).await
    }

    /// A call whose answer may show the member; the next read tells for sure.
    async fn shown(&self, gate: &dyn Gate, call: Call) -> Result<Option<Member>, ApiError> {
        match self.api.call(gate, &call).await.inspect_err(|error| self.doubt_places(error))? {
            Reply::Done(user) => Ok(user.and_then(user_object::member)),
            Reply::Absent => Ok(None),
        }
    }

    /// What is refused for good may name a place that is gone since its list was read.
    fn doubt_places(&self, error: &ApiError) {
        if matches!(error, ApiError::Refused(_)) {
            self.places.doubt();
        }
    }

    async fn act(
        &self,
        operation: Operation,
        method: Method,
        id: &MemberId,
        action: Option<&str>,
        gate: &dyn Gate,
    ) -> Result<(), ApiError> {
        let url = self.address(Who::Id(id), action)?;
        self.api.call(gate, &Call { operation, method, url, body: None }).await?;
        Ok(())
    }

    async fn with_ids(&self, profile: &Profile, domain_id: i64, gate: &dyn Gate) -> Result<Profile, ApiError> {
        let mut ids = HashMap::new();
        for place in profile.named_places(domain_id) {
            let id = self.places.id_of(&self.api, gate, &place).await?;
            ids.insert(place, id);
        }
        Ok(profile.with_places(domain_id, |place| ids.get(place).cloned()))
    }

    /// LINE WORKS Directory API, group-member-create: `{id, type}`, 409 when it is in already.
    async fn post_group_member(&self, id: &MemberId, group: &Reference, gate: &dyn Gate) -> Result<(), ApiError> {
        let group = self.places.group(&self.api, gate, group).await?;
        let (operation, url) = (Operation::AddGroupMember, self.group_address(&group, None)?);
        let body = Some(json!({"id": id, "type": "USER"}));
        let outcome = self.api.call(gate, &Call { operation, method: Method::POST, url, body }).await;
        outcome.map(|_| ()).inspect_err(|error| self.doubt_places(error))
    }

    /// LINE WORKS Directory API, group-member-delete: the query `type` is required.
    async fn delete_group_member(&self, id: &MemberId, group: &Reference, gate: &dyn Gate) -> Result<(), ApiError> {
        let group = self.places.group(&self.api, gate, group).await?;
        let (operation, mut url) = (Operation::RemoveGroupMember, self.group_address(&group, Some(id))?);
        url.set_query(Some("type=USER"));
        let outcome = self.api.call(gate, &Call { operation, method: Method::DELETE, url, body: None }).await;
        outcome.map(|_| ()).inspect_err(|error| self.doubt_places(error))
    }

    fn group_address(&self, group: &Reference, member: Option<&MemberId>) -> Result<Url, ApiError> {
        address::group_members(self.api.base(), group, member).ok_or_else(|| {
            ApiError::Refused(Reason::with(Cause::LineWorksRefused, "this group cannot stand in an address"))
        })
    }

    /// LINE WORKS Directory API, user-list: a domain's members, page by page; then the next domain's.
    async fn page(&self, cursor: Option<&RollCursor>, gate: &dyn Gate) -> Result<MemberPage, ApiError> {
        let cursor = cursor.cloned().unwrap_or_default();
        let Some(domain_id) = self.places.domains().get(cursor.domain) else {
            return Ok(MemberPage { members: Vec::new(), next: None });
        };
        let mut url = address::users(self.api.base());
        url.query_pairs_mut()
            .append_pair("domainId", &domain_id.to_string())
            .append_pair("count", &roll::PAGE.to_string());
        if let Some(within) = &cursor.within {
            url.query_pairs_mut().append_pair("cursor", within);
        }
        let operation = Operation::ListMembers;
        let page = match self.api.call(gate, &Call { operation, method: Method::GET, url, body: None }).await? {
            Reply::Done(Some(page)) => page,
            Reply::Done(None) | Reply::Absent => return Err(roll::unreadable("there is no such list")),
        };
        let Some(Value::Array(entries)) = page.get("users") else {
            return Err(roll::unreadable("a page without `users`"));
        };
        let entries = entries.iter().filter_map(Value::as_object).cloned().collect();
        let members = roll::members(entries, user_object::member)?;
        let next = match listing::next_cursor(&page) {
            Some(within) => Some(RollCursor { domain: cursor.domain, within: Some(within) }),
            None => Some(RollCursor { domain: cursor.domain + 1, within: None })
                .filter(|next| next.domain < self.places.domains().len()),
        };
        Ok(MemberPage { members, next: next.filter(|next| *next != cursor) })
    }

    fn address(&self, who: Who<'_>, action: Option<&str>) -> Result<Url, ApiError> {
        address::member(self.api.base(), who, action).ok_or_else(|| {
            ApiError::Refused(Reason::with(
                Cause::LineWorksRefused,
                "this member id or e-mail cannot stand in an address",
            ))
        })
    }
}

/// LINE WORKS Directory API, user-create, `passwordConfig`: an invitation, or a password that must be changed at the
/// first sign-in.
fn password_config(password: Option<&SecretString>) -> Value {
    match password {
        None => json!({"passwordCreationType": "MEMBER"}),
        Some(password) => json!({
            "passwordCreationType": "ADMIN",
            "password": password.expose_secret(),
            "changePasswordAtNextLogin": true,
        }),
    }
}

/// "userExternalKey must be the same as the primary organization's externalKey." (LINE WORKS forum, 101469): where
/// organizations are sent, the root key goes with them.
fn with_root_key(mut properties: Map<String, Value>, key: &ExternalKey) -> Map<String, Value> {
    if properties.contains_key("organizations") {
        properties.insert("userExternalKey".to_owned(), json!(key));
    }
    properties
}

impl MemberApi for Directory {
    fn find<'a>(&'a self, hints: &'a Hints<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.find_by(hints, gate))
    }

    fn resolve<'a>(
        &'a self,
        profile: &'a Profile,
        domain_id: i64,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Profile, ApiError>> {
        Box::pin(self.with_ids(profile, domain_id, gate))
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
        let properties = with_root_key(difference.patch().clone(), key);
        Box::pin(async move {
            if properties.is_empty() {
                return Ok(None);
            }
            self.patch(id, properties, gate).await
        })
    }

    fn adopt<'a>(
        &'a self,
        id: &'a MemberId,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        let properties = Map::from_iter([("userExternalKey".to_owned(), json!(key))]);
        Box::pin(self.patch(id, properties, gate))
    }

    fn suspend<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.act(Operation::SuspendMember, Method::POST, id, Some("suspend"), gate))
    }

    fn resume<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.act(Operation::UnsuspendMember, Method::POST, id, Some("unsuspend"), gate))
    }

    fn delete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.act(Operation::DeleteMember, Method::DELETE, id, None, gate))
    }

    fn undelete<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.act(Operation::UndeleteMember, Method::POST, id, Some("undelete"), gate))
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a RollCursor>,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<MemberPage, ApiError>> {
        Box::pin(self.page(cursor, gate))
    }

    fn join_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.post_group_member(id, group, gate))
    }

    fn leave_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.delete_group_member(id, group, gate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_key_goes_with_organizations_and_only_with_them() {
        let key = "00u1hanako".parse().expect("a key");
        let sent = |properties: Value| with_root_key(properties.as_object().expect("an object").clone(), &key);
        assert_eq!(sent(json!({"organizations": []}))["userExternalKey"], "00u1hanako");
        assert!(!sent(json!({"nickName": "Hana"})).contains_key("userExternalKey"));
    }
}
