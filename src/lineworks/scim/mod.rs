//! The SCIM API behind `MemberApi`: one member at a time, with the long-lived token.
//!
//! `attributes` turns its vocabulary into the Directory API's, `patch` makes its changes, `token` and `keeper` look after
//! the token. What SCIM cannot do (delete, org units, an administrator's flag) is refused here or not shown; `both` has the
//! Directory API for that. A member is found by the remembered id, then by login: SCIM cannot search by `externalId`, but
//! shows it, and whose a member is, is judged by it.

mod attributes;
pub(crate) mod errors;
mod expiry;
mod groups;
mod keeper;
mod list;
mod patch;
mod token;

pub use keeper::Keeper;
pub use token::{ReadToken, ScimToken};

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::member::Member;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{Difference, Profile};
use crate::domain::reference::Reference;
use crate::lineworks::api::{Api, Call, Reply};
use crate::lineworks::status::Paused;
use crate::lineworks::{
    ApiError, Gate, Hints, MemberApi, MemberPage, NewMember, Operation, RollCursor, address, nothing_to_find_by, roll,
};

/// Which tenant, and how.
#[derive(Debug, Clone)]
pub struct ScimSettings {
    /// The API host, such as `https://www.worksapis.com`; `/scim/v2/…` is added.
    pub api_url: Url,
    /// The time one call may take in all, redirects included.
    pub call_timeout: Duration,
}

/// The members of one tenant, as SCIM has them.
#[derive(Debug)]
pub struct Scim {
    api: Api,
    token: Arc<ScimToken>,
}

impl Scim {
    /// The tenant this token opens.
    pub fn new(settings: ScimSettings, token: Arc<ScimToken>, http: reqwest::Client, clock: Clock) -> Self {
        let bearers = Arc::clone(&token);
        Self { api: Api::new(settings.api_url, settings.call_timeout, bearers, http, clock), token }
    }

    async fn find_by(&self, hints: &Hints<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        if let Some(id) = hints.member_id
            && let Some(member) = self.read(id, gate).await?
        {
            return Ok(Some(member));
        }
        match hints.email {
            Some(email) => self.find_by_login(email, gate).await,
            // Nobody is under the id. A 404 may be anything's; that lists are there says that it is SCIM's own.
            None if hints.member_id.is_some() => self.entries(gate, &one_page(self.api.base())).await.map(|_| None),
            None => Err(nothing_to_find_by()),
        }
    }

    async fn read(&self, id: &MemberId, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let (operation, url) = (Operation::ScimGetUser, self.address(id)?);
        match self.api.call(gate, &Call { operation, method: Method::GET, url, body: None }).await? {
            Reply::Absent => Ok(None),
            Reply::Done(user) => user
                .and_then(|user| attributes::member(&user))
                .map(Some)
                .ok_or_else(|| unreadable("a SCIM user without `id` or `userName`")),
        }
    }

    /// The only filter SCIM knows. Somebody of another login is not who was asked for, whatever the filter did.
    async fn find_by_login(&self, email: &str, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let mut call = one_page(self.api.base());
        let filter = format!("userName eq {}", patch::quoted(email));
        call.url.query_pairs_mut().clear().append_pair("filter", &filter);
        let hits = self.entries(gate, &call).await?;
        if hits.len() > 1 {
            return Err(unreadable("SCIM shows more than one user for one login"));
        }
        let Some(hit) = hits.first() else { return Ok(None) };
        let member = attributes::member(hit).ok_or_else(|| unreadable("a SCIM user without `id` or `userName`"))?;
        Ok(Some(member).filter(|member| member.email.to_lowercase() == email.to_lowercase()))
    }

    /// LINE WORKS docs, scim-user-list: `startIndex` counts from 1.
    async fn page(&self, cursor: Option<&RollCursor>, gate: &dyn Gate) -> Result<MemberPage, ApiError> {
        let within = cursor.and_then(|cursor| cursor.within.as_deref());
        let start: usize = within.and_then(|within| within.parse().ok()).filter(|start| *start > 0).unwrap_or(1);
        let mut call = one_page(self.api.base());
        call.url.set_query(Some(&format!("startIndex={start}&count={}", roll::PAGE)));
        let Reply::Done(Some(answer)) = self.api.call(gate, &call).await? else {
            return Err(roll::unreadable("there is no such list"));
        };
        let entries = list::read(&answer).ok_or_else(|| roll::unreadable("a page without its entries"))?;
        let shown = start + entries.len();
        let is_last = entries.is_empty() || list::total(&answer).is_none_or(|total| shown > total);
        let members = roll::members(entries, |entry| attributes::member(&entry))?;
        let next = (!is_last).then(|| RollCursor { domain: 0, within: Some(shown.to_string()) });
        Ok(MemberPage { members, next })
    }

    async fn entries(&self, gate: &dyn Gate, call: &Call) -> Result<Vec<Map<String, Value>>, ApiError> {
        let answer = match self.api.call(gate, call).await? {
            Reply::Done(Some(answer)) => list::read(&answer),
            Reply::Done(None) | Reply::Absent => None,
        };
        answer.ok_or_else(|| unreadable("a SCIM list without its entries"))
    }

    async fn post_new(&self, new: NewMember<'_>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        let properties = new.profile.create_properties(new.domain_id);
        let body = Some(attributes::new_user(&properties, new.key.as_str()));
        let (operation, url) = (Operation::ScimCreateUser, users(self.api.base()));
        self.shown(gate, Call { operation, method: Method::POST, url, body }).await
    }

    /// PATCHes a user; no operations, no call.
    async fn patch(&self, id: &MemberId, operations: Vec<Value>, gate: &dyn Gate) -> Result<Option<Member>, ApiError> {
        if operations.is_empty() {
            return Ok(None);
        }
        let (operation, url) = (Operation::ScimPatchUser, self.address(id)?);
        let body = Some(patch::body(&operations));
        self.shown(gate, Call { operation, method: Method::PATCH, url, body }).await
    }

    /// A call whose answer may show the member; the next read tells for sure.
    async fn shown(&self, gate: &dyn Gate, call: Call) -> Result<Option<Member>, ApiError> {
        match self.api.call(gate, &call).await? {
            Reply::Done(user) => Ok(user.and_then(|user| attributes::member(&user))),
            Reply::Absent => Ok(None),
        }
    }

    async fn set_active(&self, id: &MemberId, active: bool, gate: &dyn Gate) -> Result<(), ApiError> {
        self.address(id)?;
        let changed = self.patch(id, vec![patch::replace("active", active)], gate).await;
        changed.map(|_| ()).map_err(errors::about_a_condition)
    }

    fn address(&self, id: &MemberId) -> Result<Url, ApiError> {
        user(self.api.base(), id).ok_or_else(|| {
            ApiError::Refused(Reason::with(Cause::LineWorksRefused, "this member id cannot stand in an address"))
        })
    }
}

/// `{api}/scim/v2/Users`
fn users(api: &Url) -> Url {
    address::under(api, "scim/v2/Users")
}

fn user(api: &Url, id: &MemberId) -> Option<Url> {
    Some(address::under(api, &format!("scim/v2/Users/{}", address::segment(id.as_str())?)))
}

/// `{api}/scim/v2/Groups`
fn groups(api: &Url) -> Url {
    address::under(api, "scim/v2/Groups")
}

fn group(api: &Url, id: &str) -> Option<Url> {
    Some(address::under(api, &format!("scim/v2/Groups/{}", address::segment(id)?)))
}

/// The smallest list there is.
fn one_page(api: &Url) -> Call {
    let mut url = users(api);
    url.set_query(Some("startIndex=1&count=1"));
    Call { operation: Operation::ScimFindUser, method: Method::GET, url, body: None }
}

fn unreadable(detail: &str) -> ApiError {
    ApiError::TryLater { reason: Reason::with(Cause::LineWorksFailing, detail), after: None }
}

/// What nobody asks of SCIM alone: the configuration refuses a policy that deletes.
fn cannot(what: &str) -> ApiError {
    let detail = format!("the SCIM API cannot {what}; give Directory API credentials too");
    ApiError::Refused(Reason::with(Cause::LineWorksRefused, detail))
}

impl MemberApi for Scim {
    fn find<'a>(&'a self, hints: &'a Hints<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.find_by(hints, gate))
    }

    fn resolve<'a>(
        &'a self,
        profile: &'a Profile,
        _: i64,
        _: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Profile, ApiError>> {
        Box::pin(std::future::ready(Ok(profile.clone())))
    }

    fn create<'a>(&'a self, new: NewMember<'a>, gate: &'a dyn Gate) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.post_new(new, gate))
    }

    fn update<'a>(
        &'a self,
        id: &'a MemberId,
        difference: &'a Difference,
        _: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.patch(id, patch::operations(difference), gate))
    }

    fn adopt<'a>(
        &'a self,
        id: &'a MemberId,
        key: &'a ExternalKey,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<Option<Member>, ApiError>> {
        Box::pin(self.patch(id, vec![patch::replace("externalId", key.as_str())], gate))
    }

    fn suspend<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.set_active(id, false, gate))
    }

    fn resume<'a>(&'a self, id: &'a MemberId, gate: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.set_active(id, true, gate))
    }

    fn delete<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(std::future::ready(Err(cannot("delete a member"))))
    }

    fn undelete<'a>(&'a self, _: &'a MemberId, _: &'a dyn Gate) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(std::future::ready(Err(cannot("take a deletion back"))))
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
        Box::pin(self.join(id, group, gate))
    }

    fn leave_group<'a>(
        &'a self,
        id: &'a MemberId,
        group: &'a Reference,
        gate: &'a dyn Gate,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(self.leave(id, group, gate))
    }

    fn within_reach(&self, profile: &Profile) -> (Profile, Vec<String>) {
        profile.within_scim()
    }

    fn paused(&self) -> Option<Paused> {
        self.token.paused()
    }
}
