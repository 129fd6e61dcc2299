//! What members can be placed in: org units, levels, positions, user types, and the custom properties that are defined.
//!
//! One model that member writes, the Directory API and the control endpoints share; no rule of the API is checked here.
//! Users name an entry by its id or by `externalKey:…`; anything else is refused unless the switch
//! `acceptUnknownPlacement` is on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many org units may lie one below the other (two reports of a provisioning vendor).
pub(crate) const DEEPEST: usize = 9;

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
    /// Of an org unit: the id of the one above; None at the top.
    #[serde(default)]
    pub(crate) parent_id: Option<String>,
    /// None: the tenant's main domain.
    #[serde(default)]
    pub(crate) domain_id: Option<i64>,
    #[serde(default = "first")]
    pub(crate) display_order: i64,
    /// What else the API has set, by its own names.
    #[serde(skip)]
    pub(crate) properties: Map<String, Value>,
}

fn first() -> i64 {
    1
}

impl Place {
    /// A new one with an id of its own.
    pub(crate) fn new(kind: PlacementKind, domain_id: i64) -> Self {
        Self {
            kind,
            id: uuid::Uuid::new_v4().to_string(),
            external_key: None,
            name: None,
            parent_id: None,
            domain_id: Some(domain_id),
            display_order: first(),
            properties: Map::new(),
        }
    }

    /// A further property; null if it was never set.
    pub(crate) fn more(&self, name: &str) -> Value {
        self.properties.get(name).cloned().unwrap_or_default()
    }

    /// True if it is in this domain of the tenant, whose main one is `main`.
    pub(crate) fn is_in(&self, domain_id: i64, main: i64) -> bool {
        self.domain_id.unwrap_or(main) == domain_id
    }

    fn answers_to(&self, reference: &str) -> bool {
        self.id == reference
            || reference.strip_prefix("externalKey:").is_some_and(|key| self.external_key.as_deref() == Some(key))
    }
}

/// Everything that is known.
#[derive(Debug, Clone)]
pub(crate) struct Placement(Vec<Place>);

impl Default for Placement {
    fn default() -> Self {
        use PlacementKind::{CustomProperty, Level, OrgUnit, Position, UserType};
        let place = |kind, id: &str, key: &str, name: &str| Place {
            id: id.to_owned(),
            external_key: Some(key.to_owned()),
            name: Some(name.to_owned()),
            domain_id: None,
            ..Place::new(kind, 0)
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
        match self.0.iter_mut().find(|old| old.kind == place.kind && old.id == place.id) {
            Some(old) => *old = place,
            None => self.0.push(place),
        }
    }

    pub(crate) fn all(&self) -> &[Place] {
        &self.0
    }

    /// Those of one kind, in the order of their creation.
    pub(crate) fn of(&self, kind: PlacementKind) -> impl Iterator<Item = &Place> {
        self.0.iter().filter(move |place| place.kind == kind)
    }

    /// Finds one by id or `externalKey:…`.
    pub(crate) fn find(&self, kind: PlacementKind, reference: &str) -> Option<&Place> {
        self.of(kind).find(|place| place.answers_to(reference))
    }

    pub(crate) fn find_mut(&mut self, kind: PlacementKind, reference: &str) -> Option<&mut Place> {
        self.0.iter_mut().find(|place| place.kind == kind && place.answers_to(reference))
    }

    pub(crate) fn remove(&mut self, kind: PlacementKind, id: &str) {
        self.0.retain(|place| place.kind != kind || place.id != id);
    }

    /// The org units right below this one.
    pub(crate) fn children(&self, id: &str) -> impl Iterator<Item = &Place> {
        self.of(PlacementKind::OrgUnit).filter(move |place| place.parent_id.as_deref() == Some(id))
    }

    /// This org unit and the ones above it, up to the top. Ends also where somebody made a circle by hand.
    pub(crate) fn line(&self, id: &str) -> Vec<&str> {
        let mut line = Vec::new();
        let mut next = self.find(PlacementKind::OrgUnit, id);
        while let Some(place) = next.filter(|place| !line.contains(&place.id.as_str())) {
            line.push(place.id.as_str());
            next = place.parent_id.as_ref().and_then(|parent| self.find(PlacementKind::OrgUnit, parent));
        }
        line
    }

    /// How many levels this org unit and what is below it take.
    pub(crate) fn height(&self, id: &str) -> usize {
        self.of(PlacementKind::OrgUnit)
            .map(|place| self.line(&place.id))
            .filter_map(|line| line.iter().position(|above| *above == id))
            .max()
            .map_or(1, |below| below + 1)
    }

    /// This org unit and all below it.
    pub(crate) fn branch(&self, id: &str) -> Vec<String> {
        let inside = |place: &&Place| self.line(&place.id).contains(&id);
        self.of(PlacementKind::OrgUnit).filter(inside).map(|place| place.id.clone()).collect()
    }
}
