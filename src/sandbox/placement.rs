//! What members can be placed in: org units, levels, positions, user types, and the custom properties that are defined.
//!
//! A small known set, which a rehearsal can add to. Users name an entry by its id or by `externalKey:…`; anything else
//! is refused unless the switch `acceptUnknownPlacement` is on.

use serde::{Deserialize, Serialize};

/// The kinds of things a member can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PlacementKind {
    OrgUnit,
    Level,
    Position,
    UserType,
    CustomProperty,
}

/// One org unit, level, position, user type or custom property.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) kind: PlacementKind,
    /// The id, or the name of a custom property.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) external_key: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Everything that is known.
#[derive(Debug)]
pub(crate) struct Placement(Vec<Place>);

impl Default for Placement {
    fn default() -> Self {
        use PlacementKind::{CustomProperty, Level, OrgUnit, Position, UserType};
        let place = |kind, id: &str, key: &str, name: &str| Place {
            kind,
            id: id.to_owned(),
            external_key: Some(key.to_owned()),
            name: Some(name.to_owned()),
        };
        Self(vec![
            place(OrgUnit, "orgunit1-eng", "eng", "Engineering"),
            place(OrgUnit, "orgunit2-sales", "sales", "Sales"),
            place(Level, "level001-staff", "staff", "Staff"),
            place(Level, "level002-manager", "manager", "Manager"),
            place(Position, "position1-engineer", "engineer", "Engineer"),
            place(Position, "position2-lead", "lead", "Lead"),
            place(UserType, "usertype1-regular", "regular", "Regular"),
            place(UserType, "usertype2-contract", "contract", "Contract"),
            place(CustomProperty, "hobby", "hobby", "Hobby"),
        ])
    }
}

impl Placement {
    /// Adds one, in place of one of the same kind and id.
    pub(crate) fn add(&mut self, place: Place) {
        self.0.retain(|old| old.kind != place.kind || old.id != place.id);
        self.0.push(place);
    }

    pub(crate) fn all(&self) -> &[Place] {
        &self.0
    }

    /// Finds one by id or `externalKey:…`.
    pub(crate) fn find(&self, kind: PlacementKind, reference: &str) -> Option<&Place> {
        let key = reference.strip_prefix("externalKey:");
        self.0.iter().find(|place| {
            place.kind == kind && (place.id == reference || (key.is_some() && place.external_key.as_deref() == key))
        })
    }
}
