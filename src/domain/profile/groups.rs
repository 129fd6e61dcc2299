//! The groups a wish names: `groups`, a property of ours.
//!
//! LINE WORKS has no groups on its user object; a member joins and leaves them by calls of their own. Absent is not
//! managed; null and the empty list mean "in none of the managed ones".

use serde_json::{Map, Value};

use super::{
    placement::PLACE,
    reader::{self, Faults, list},
    refusal,
};
use crate::domain::reference::Reference;

/// The property's name.
pub(super) const GROUPS: &str = "groups";

/// More groups than this in one profile are a mistake of the flow.
const MAX_GROUPS: usize = 200;

pub(super) fn read(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    list(value, at, faults, MAX_GROUPS, |value, at, faults| reader::required(value, at, faults, &PLACE))
        .map(Value::Array)
}

/// Notes every group that the configuration does not let profiles name.
pub(super) fn refuse_unmanaged(properties: &Map<String, Value>, managed: &[String], faults: &mut Faults) {
    let named = properties.get(GROUPS).and_then(Value::as_array).into_iter().flatten();
    for (index, group) in named.enumerate() {
        let is_managed = |group: &str| managed.iter().any(|managed| same(managed, group));
        if group.as_str().is_some_and(|group| !is_managed(group)) {
            let known = if managed.is_empty() { "(none)".to_owned() } else { managed.join(", ") };
            faults.add(&format!("user.{GROUPS}[{index}]"), refusal::UNMANAGED_GROUP.with(known));
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    Reference::parse(one) == Reference::parse(other)
}

/// The groups of the wish, each once.
pub(super) fn wished(properties: &Map<String, Value>) -> Option<Vec<Reference>> {
    let mut groups: Vec<Reference> = Vec::new();
    for group in properties.get(GROUPS)?.as_array()?.iter().filter_map(Value::as_str).map(Reference::parse) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    Some(groups)
}
