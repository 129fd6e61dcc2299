//! The members: a small model of LINE WORKS' directory that answers are read from.
//!
//! A member's settable properties are kept as JSON, already checked and complete; its state is kept beside them. Nothing
//! is removed at DELETE: the member stays for seven days, and its e-mail and external key stay taken (inferred; the
//! documents give only the seven days).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::placement::{Placement, PlacementKind};
use super::reply::MemberTag;
use super::route::Lookup;

/// How long a deleted member can be brought back (vendor's user-delete page).
pub(crate) const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Position in the order of creation.
    pub(crate) sequence: u64,
    pub(crate) user_id: String,
    /// The settable properties, all of them.
    pub(crate) properties: Map<String, Value>,
    pub(crate) administrator: bool,
    pub(crate) pending: bool,
    pub(crate) suspended: bool,
    pub(crate) suspended_reason: Option<String>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) leave_of_absence: Value,
    /// Talk rooms were left at a DELETE; an undelete does not bring them back.
    pub(crate) talk_data_lost: bool,
    pub(crate) revision: u64,
    /// What SCIM's client calls the member; the Directory API never sees it.
    pub(crate) scim_external_id: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

impl Member {
    /// Notes a change.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.revision += 1;
        self.modified = now;
    }

    /// Suspends the member as an administrator does, or lets it go on.
    pub(crate) fn set_suspended(&mut self, suspended: bool, now: Timestamp) {
        self.suspended = suspended;
        self.suspended_reason = suspended.then(|| "MASTER".to_owned());
        self.touch(now);
    }

    pub(crate) fn email(&self) -> &str {
        self.text("email").unwrap_or_default()
    }

    pub(crate) fn external_key(&self) -> Option<&str> {
        self.text("userExternalKey")
    }

    /// True while `activationDate` is ahead.
    pub(crate) fn is_awaiting(&self, now: Timestamp) -> bool {
        self.text("activationDate").and_then(|date| date.parse::<Timestamp>().ok()).is_some_and(|date| date > now)
    }

    pub(crate) fn tag(&self) -> MemberTag {
        MemberTag { id: self.user_id.clone(), external_key: self.external_key().map(str::to_owned) }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }

    fn matches(&self, lookup: &Lookup) -> bool {
        match lookup {
            Lookup::Id(id) => self.user_id == *id,
            Lookup::Email(email) => self.email().eq_ignore_ascii_case(email),
            Lookup::ExternalKey(key) => self.external_key() == Some(key),
        }
    }

    /// The user object of an answer: every property, also those without a value, and one the documents do not know.
    pub(crate) fn to_json(&self, placement: &Placement, domain: &str, now: Timestamp) -> Value {
        let mut user = self.properties.clone();
        let user_type =
            user.get("userTypeId").and_then(Value::as_str).and_then(|id| placement.find(PlacementKind::UserType, id));
        let read_only = json!({
            "userId": self.user_id,
            "isAdministrator": self.administrator,
            "isPending": self.pending,
            "isSuspended": self.suspended,
            "isDeleted": self.deleted_at.is_some(),
            "isAwaiting": self.is_awaiting(now),
            "suspendedReason": self.suspended_reason,
            "leaveOfAbsence": self.leave_of_absence,
            "employmentTypeName": null,
            "employmentTypeExternalKey": null,
            "userTypeName": user_type.and_then(|place| place.name.clone()),
            "userTypeExternalKey": user_type.and_then(|place| place.external_key.clone()),
            "userTypeCode": null,
            "plainTextName": self.plain_name(),
        });
        if let Value::Object(read_only) = read_only {
            user.extend(read_only);
        }
        let organizations = user.get("organizations").and_then(Value::as_array).cloned();
        let organizations: Vec<Value> = organizations
            .unwrap_or_default()
            .into_iter()
            .map(|organization| self.organization(organization, placement, domain))
            .collect();
        user.insert("organizations".to_owned(), Value::Array(organizations));
        Value::Object(user)
    }

    fn organization(&self, mut organization: Value, placement: &Placement, domain: &str) -> Value {
        let level = find(&organization, "levelId", PlacementKind::Level, placement);
        organization["levelName"] = json!(level.1);
        organization["levelExternalKey"] = json!(level.0);
        organization["organizationName"] = json!(domain);
        organization["executive"] = json!(false);
        organization["userExternalKey"] = Value::Null;
        if organization["email"].is_null() {
            organization["email"] = json!(self.email());
        }
        for unit in organization["orgUnits"].as_array_mut().into_iter().flatten() {
            let place = find(unit, "orgUnitId", PlacementKind::OrgUnit, placement);
            let position = find(unit, "positionId", PlacementKind::Position, placement);
            unit["orgUnitExternalKey"] = json!(place.0);
            unit["orgUnitName"] = json!(place.1);
            unit["orgUnitEmail"] = Value::Null;
            unit["positionExternalKey"] = json!(position.0);
            unit["positionName"] = json!(position.1);
        }
        organization
    }

    /// Last and first name in one text.
    pub(crate) fn plain_name(&self) -> String {
        let name = self.properties.get("userName");
        let part = |key: &str| name.and_then(|name| name[key].as_str()).unwrap_or_default();
        format!("{}{}", part("lastName"), part("firstName"))
    }
}

/// External key and name of what `object[property]` refers to.
fn find(
    object: &Value,
    property: &str,
    kind: PlacementKind,
    placement: &Placement,
) -> (Option<String>, Option<String>) {
    object[property]
        .as_str()
        .and_then(|reference| placement.find(kind, reference))
        .map(|place| (place.external_key.clone(), place.name.clone()))
        .unwrap_or_default()
}

/// All members that exist, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Members {
    all: Vec<Member>,
    created: u64,
}

impl Members {
    /// Removes whoever's grace is over.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        self.all.retain(|member| member.deleted_at.is_none_or(|deleted| now.duration_since(deleted) < GRACE));
    }

    pub(crate) fn find(&self, lookup: &Lookup) -> Option<&Member> {
        self.all.iter().find(|member| member.matches(lookup))
    }

    pub(crate) fn find_mut(&mut self, lookup: &Lookup) -> Option<&mut Member> {
        self.all.iter_mut().find(|member| member.matches(lookup))
    }

    pub(crate) fn all(&self) -> &[Member] {
        &self.all
    }

    pub(crate) fn remove(&mut self, user_id: &str) {
        self.all.retain(|member| member.user_id != user_id);
    }

    /// The property (`email` before `userExternalKey`, as the vendor answered once) that another member has already.
    pub(crate) fn taken(&self, properties: &Map<String, Value>, except: Option<&str>) -> Option<&'static str> {
        ["email", "userExternalKey"].into_iter().find(|name| {
            let Some(wanted) = properties.get(*name).and_then(Value::as_str) else {
                return false;
            };
            self.all.iter().filter(|member| Some(member.user_id.as_str()) != except).any(|member| match *name {
                "email" => member.email().eq_ignore_ascii_case(wanted),
                _ => member.external_key() == Some(wanted),
            })
        })
    }

    /// Adds a member in use and returns it.
    pub(crate) fn add(&mut self, properties: Map<String, Value>, now: Timestamp) -> &mut Member {
        self.created += 1;
        self.all.push(Member {
            sequence: self.created,
            user_id: new_user_id(self.created),
            properties,
            administrator: false,
            pending: false,
            suspended: false,
            suspended_reason: None,
            deleted_at: None,
            leave_of_absence: json!({ "startTime": null, "endTime": null, "isLeaveOfAbsence": false }),
            talk_data_lost: false,
            revision: 1,
            scim_external_id: None,
            created: now,
            modified: now,
        });
        self.all.last_mut().expect("a member was just added")
    }
}

/// Real ids look like UUIDs, those of the documents (`userf7da-…-…x`) are none; every third one here is of that kind.
fn new_user_id(sequence: u64) -> String {
    let uuid = uuid::Uuid::new_v4().to_string();
    if sequence.is_multiple_of(3) { format!("user{}x", &uuid[4..35]) } else { uuid }
}
