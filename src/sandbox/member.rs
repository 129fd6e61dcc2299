//! The members: a small model of LINE WORKS' directory that answers are read from.
//!
//! A member's settable properties are kept as JSON, already checked and complete; its state is kept beside them. Nothing
//! is removed at DELETE: the member stays for seven days, and its e-mail and external key stay taken (inferred; the
//! documents give only the seven days).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::credentials::SandboxDomain;
use super::placement::{Placement, PlacementKind};
use super::reply::MemberTag;
use super::route::Lookup;
use super::switches::MessengerProtocol;

/// How long a deleted member can be brought back (vendor's user-delete page).
pub(crate) const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a pending member may leave the password unset (vendor's guide, "create password").
const INVITATION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a member's answer is made with.
pub(crate) struct View<'a> {
    pub(crate) placement: &'a Placement,
    pub(crate) domains: &'a [SandboxDomain],
    pub(crate) protocol: MessengerProtocol,
    pub(crate) now: Timestamp,
}

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
    /// When it was invited to choose a password; None if it has one or is not pending.
    pub(crate) invited_at: Option<Timestamp>,
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

    /// True if it let the thirty days pass in which a password is to be chosen; it is still pending then.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.invited_at.is_some_and(|invited| now.duration_since(invited) >= INVITATION)
    }

    /// The domain it is in.
    pub(crate) fn domain_id(&self) -> i64 {
        self.properties.get("domainId").and_then(Value::as_i64).unwrap_or_default()
    }

    /// Its org units: organisation by organisation, as they are kept.
    pub(crate) fn org_units(&self) -> impl Iterator<Item = &Value> {
        let organizations = self.properties.get("organizations").and_then(Value::as_array);
        organizations.into_iter().flatten().filter_map(|entry| entry["orgUnits"].as_array()).flatten()
    }

    /// The same, to change them.
    pub(crate) fn org_units_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let organizations = self.properties.get_mut("organizations").and_then(Value::as_array_mut);
        organizations.into_iter().flatten().filter_map(|entry| entry["orgUnits"].as_array_mut()).flatten()
    }

    /// True if it refers to this org unit, level, position or user type by this property.
    pub(crate) fn refers_to(&self, property: &str, id: &str) -> bool {
        let organizations = self.properties.get("organizations").and_then(Value::as_array);
        let mut organizations = organizations.into_iter().flatten();
        self.text(property) == Some(id)
            || organizations.any(|entry| entry[property] == id)
            || self.org_units().any(|unit| unit[property] == id)
    }

    /// Takes that reference away: an org unit goes with all that was said about it.
    pub(crate) fn forget(&mut self, property: &str, id: &str) {
        if self.text(property) == Some(id) {
            self.properties.insert(property.to_owned(), Value::Null);
        }
        let organizations = self.properties.get_mut("organizations").and_then(Value::as_array_mut);
        for entry in organizations.into_iter().flatten() {
            if entry[property] == id {
                entry[property] = Value::Null;
            }
            let Some(units) = entry["orgUnits"].as_array_mut() else { continue };
            match property {
                "orgUnitId" => units.retain(|unit| unit[property] != id),
                _ => {
                    for unit in units.iter_mut().filter(|unit| unit[property] == id) {
                        unit[property] = Value::Null;
                    }
                }
            }
        }
    }

    /// Its further addresses.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &str> {
        let aliases = self.properties.get("aliasEmails").and_then(Value::as_array);
        aliases.into_iter().flatten().filter_map(Value::as_str)
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
    pub(crate) fn to_json(&self, view: &View<'_>) -> Value {
        let mut user = self.properties.clone();
        let user_type = self.text("userTypeId").and_then(|id| view.placement.find(PlacementKind::UserType, id));
        let read_only = json!({
            "userId": self.user_id,
            "isAdministrator": self.administrator,
            "isPending": self.pending,
            "isSuspended": self.suspended,
            "isDeleted": self.deleted_at.is_some(),
            "isAwaiting": self.is_awaiting(view.now),
            "suspendedReason": self.suspended_reason,
            "leaveOfAbsence": self.leave_of_absence,
            "employmentTypeName": null,
            "employmentTypeExternalKey": null,
            "userTypeName": user_type.and_then(|place| place.name.clone()),
            "userTypeExternalKey": user_type.and_then(|place| place.external_key.clone()),
            "userTypeCode": user_type.map(|place| place.more("userTypeCode")),
            "plainTextName": self.plain_name(),
        });
        if let Value::Object(read_only) = read_only {
            user.extend(read_only);
        }
        let organizations = user.get("organizations").and_then(Value::as_array).cloned();
        let organizations: Vec<Value> = organizations
            .unwrap_or_default()
            .into_iter()
            .map(|organization| self.organization(organization, view))
            .collect();
        user.insert("organizations".to_owned(), Value::Array(organizations));
        // The vendor announced that answers switch from one name to the other; when is not recorded.
        if let Some(protocol) = user.get_mut("messenger").and_then(|messenger| messenger.get_mut("protocol"))
            && ["TWITTER", "X"].contains(&protocol.as_str().unwrap_or_default())
        {
            *protocol = json!(view.protocol);
        }
        Value::Object(user)
    }

    fn organization(&self, mut organization: Value, view: &View<'_>) -> Value {
        let placement = view.placement;
        let level = organization["levelId"].as_str().and_then(|id| placement.find(PlacementKind::Level, id));
        let domain = view.domains.iter().find(|domain| organization["domainId"] == domain.id);
        organization["levelName"] = json!(level.and_then(|level| level.name.as_ref()));
        organization["levelExternalKey"] = json!(level.and_then(|level| level.external_key.as_ref()));
        organization["executive"] = json!(level.is_some_and(|level| level.more("executive") == true));
        organization["organizationName"] = json!(domain.map(|domain| &domain.name));
        organization["userExternalKey"] = Value::Null;
        if organization["email"].is_null() {
            organization["email"] = json!(self.email());
        }
        for unit in organization["orgUnits"].as_array_mut().into_iter().flatten() {
            let place = find(unit, "orgUnitId", PlacementKind::OrgUnit, placement);
            let position = find(unit, "positionId", PlacementKind::Position, placement);
            unit["orgUnitExternalKey"] = json!(place.0);
            unit["orgUnitName"] = json!(place.1);
            let unit_id = unit["orgUnitId"].as_str().unwrap_or_default();
            let email = placement.find(PlacementKind::OrgUnit, unit_id).map(|place| place.more("email"));
            unit["orgUnitEmail"] = json!(email);
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

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.all.iter_mut()
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
            invited_at: None,
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
