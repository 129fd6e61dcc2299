//! What a comparison looks things up by: rows by person, login, member and key, members by id, key and e-mail.

use std::collections::HashMap;

use super::compare::{Person, Picture};
use crate::domain::assignment::Assignment;
use crate::domain::ids::{MemberId, OktaUserId};
use crate::domain::member::Member;
use crate::domain::profile::{NamedPlace, PlaceKind};

/// What is looked up by what.
pub(super) struct Books<'a> {
    pub(super) rows: HashMap<&'a OktaUserId, &'a Assignment>,
    pub(super) by_login: HashMap<String, Vec<&'a Assignment>>,
    pub(super) by_member: HashMap<&'a MemberId, &'a Assignment>,
    pub(super) by_key: HashMap<&'a str, &'a Assignment>,
    pub(super) members: HashMap<&'a MemberId, &'a Member>,
    pub(super) with_key: HashMap<&'a str, &'a Member>,
    pub(super) with_email: HashMap<String, &'a Member>,
}

impl<'a> Books<'a> {
    pub(super) fn new(picture: &'a Picture) -> Self {
        let mut by_login: HashMap<String, Vec<&Assignment>> = HashMap::new();
        for row in &picture.rows {
            if let Some(profile) = row.facts.usable_profile() {
                by_login.entry(profile.email().as_str().to_owned()).or_default().push(row);
            }
        }
        let keyed = |member: &'a Member| Some((member.external_key.as_deref().filter(|key| !key.is_empty())?, member));
        Self {
            rows: picture.rows.iter().map(|row| (&row.person, row)).collect(),
            by_login,
            by_member: picture.rows.iter().filter_map(|row| Some((row.member_id.as_ref()?, row))).collect(),
            by_key: picture.rows.iter().filter_map(|row| Some((row.external_key.as_ref()?.as_str(), row))).collect(),
            members: picture.members.iter().map(|member| (&member.id, member)).collect(),
            with_key: picture.members.iter().filter_map(keyed).collect(),
            with_email: picture.members.iter().map(|member| (member.email.to_lowercase(), member)).collect(),
        }
    }

    /// The person's id: its own, else that of the one row with this login.
    pub(super) fn id_of<'b>(&self, person: &'b Person) -> Option<&'b OktaUserId>
    where
        'a: 'b,
    {
        if let Some(id) = &person.id {
            return Some(id);
        }
        match self.by_login.get(person.login.as_deref()?).map(Vec::as_slice) {
            Some([row]) => Some(&row.person),
            _ => None,
        }
    }
}

/// The id of the place the member is in, if it has this name: LINE WORKS shows the names beside the ids.
pub(super) fn id_of_name(place: &NamedPlace, member: &Member) -> Option<String> {
    let pairs = |entry: &serde_json::Value, name: &str, id: &str| {
        let same = entry[name].as_str() == Some(place.name.as_str());
        entry[id].as_str().filter(|_| same).map(str::to_owned)
    };
    let attributes = serde_json::Value::Object(member.attributes.clone());
    if place.kind == PlaceKind::UserType {
        return pairs(&attributes, "userTypeName", "userTypeId");
    }
    let organizations = attributes["organizations"].as_array()?;
    let units = || organizations.iter().flat_map(|it| it["orgUnits"].as_array().into_iter().flatten());
    match place.kind {
        PlaceKind::OrgUnit => units().find_map(|unit| pairs(unit, "orgUnitName", "orgUnitId")),
        PlaceKind::Position => units().find_map(|unit| pairs(unit, "positionName", "positionId")),
        PlaceKind::Level => organizations.iter().find_map(|it| pairs(it, "levelName", "levelId")),
        PlaceKind::UserType => None,
    }
}
