//! The lists of org units, levels, positions, user types and groups: read as a whole, and searched by name.
//!
//! LINE WORKS has no search by name, so the whole list is read, page by page. Names need not be unique, and a page that
//! is not understood is no empty list: nothing may be concluded from it.

use reqwest::Method;
use serde_json::{Map, Value};

use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::PlaceKind;
use crate::lineworks::api::{Api, Call, Reply};
use crate::lineworks::{ApiError, Gate, Operation, address};

/// LINE WORKS Directory API, orgunit-list: `count` is 1 to 100; more is answered with an empty page and no error.
const PAGE: &str = "100";
/// More pages than any tenant has; a list that goes on is a fault of the other side.
const MOST_PAGES: usize = 1000;
/// Names that are shown as help beside an unknown one, and how alike they must be.
const NEAREST: usize = 3;
const ALIKE: f64 = 0.6;

/// A list of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum List {
    OrgUnits,
    Levels,
    Positions,
    UserTypes,
    Groups,
}

/// How the Directory API calls what is in a list.
struct Words {
    operation: Operation,
    path: &'static str,
    array: &'static str,
    id: &'static str,
    name: &'static str,
    key: &'static str,
    is_paged: bool,
}

impl List {
    pub(crate) fn of(kind: PlaceKind) -> Self {
        match kind {
            PlaceKind::OrgUnit => List::OrgUnits,
            PlaceKind::Level => List::Levels,
            PlaceKind::Position => List::Positions,
            PlaceKind::UserType => List::UserTypes,
        }
    }

    /// What one entry is called in a sentence.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            List::OrgUnits => "org unit",
            List::Levels => "level",
            List::Positions => "position",
            List::UserTypes => "user type",
            List::Groups => "group",
        }
    }

    fn words(self) -> Words {
        let words = |operation, path, array, [id, name, key]: [&'static str; 3], is_paged| Words {
            operation,
            path,
            array,
            id,
            name,
            key,
            is_paged,
        };
        match self {
            List::OrgUnits => {
                let names = ["orgUnitId", "orgUnitName", "orgUnitExternalKey"];
                words(Operation::ListOrgUnits, "orgunits", "orgUnits", names, true)
            }
            List::Levels => {
                let names = ["levelId", "levelName", "levelExternalKey"];
                words(Operation::ListLevels, "directory/levels", "levels", names, false)
            }
            List::Positions => {
                let names = ["positionId", "positionName", "positionExternalKey"];
                words(Operation::ListPositions, "directory/positions", "positions", names, false)
            }
            List::UserTypes => {
                let names = ["userTypeId", "userTypeName", "userTypeExternalKey"];
                words(Operation::ListUserTypes, "directory/user-types", "userTypes", names, false)
            }
            List::Groups => {
                let names = ["groupId", "groupName", "groupExternalKey"];
                words(Operation::ListGroups, "groups", "groups", names, true)
            }
        }
    }
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) external_key: Option<String>,
    /// The id of the org unit above, for an org unit.
    pub(crate) parent: Option<String>,
    pub(crate) display_order: i64,
}

impl Place {
    /// The entry an object shows; none when it lacks the id.
    pub(crate) fn read(list: List, object: &Map<String, Value>) -> Option<Self> {
        let words = list.words();
        let text = |name: &str| object.get(name).and_then(text);
        Some(Self {
            id: text(words.id)?,
            name: text(words.name).unwrap_or_default().trim().to_owned(),
            external_key: text(words.key),
            parent: text("parentOrgUnitId"),
            display_order: object.get("displayOrder").and_then(Value::as_i64).unwrap_or_default(),
        })
    }
}

/// Ids are text, but integers of 19 digits appear too.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a name means in a list.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning<'a> {
    Nothing,
    One(&'a Place),
    Several(Vec<&'a Place>),
}

/// Looks a name up: as it is written, and only then whatever the case.
pub(crate) fn find<'a>(places: &'a [Place], name: &str) -> Meaning<'a> {
    let folded = name.to_lowercase();
    let exact: Vec<&Place> = places.iter().filter(|place| place.name == name).collect();
    let alike = || places.iter().filter(|place| place.name.to_lowercase() == folded).collect();
    let found: Vec<&Place> = if exact.is_empty() { alike() } else { exact };
    match found.as_slice() {
        [] => Meaning::Nothing,
        [one] => Meaning::One(one),
        _ => Meaning::Several(found),
    }
}

/// Why a name that means nothing is refused, with the names that come near.
pub(crate) fn unknown(list: List, places: &[Place], name: &str) -> ApiError {
    let noun = list.noun();
    let mut near: Vec<(f64, &str)> =
        places.iter().map(|place| (strsim::jaro_winkler(&place.name, name), place.name.as_str())).collect();
    near.retain(|(likeness, _)| *likeness >= ALIKE);
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.dedup_by(|(_, a), (_, b)| a == b);
    let near: Vec<&str> = near.into_iter().take(NEAREST).map(|(_, name)| name).collect();
    let help = match (places.is_empty(), near.is_empty()) {
        (true, _) => "LINE WORKS shows none at all".to_owned(),
        (false, true) => "no name comes near".to_owned(),
        (false, false) => format!("the nearest are {}", near.join(", ")),
    };
    ApiError::Refused(Reason::with(Cause::PlacementUnknown, format!("no {noun} is called \"{name}\"; {help}")))
}

/// Why a name that means several things is refused: each with what tells it from the others.
pub(crate) fn ambiguous(list: List, places: &[Place], found: &[&Place], name: &str) -> ApiError {
    let parent_of = |place: &Place| {
        let above = place.parent.as_ref().and_then(|parent| places.iter().find(|other| other.id == *parent));
        above.map(|above| format!(" in {}", above.name)).unwrap_or_default()
    };
    let candidate = |place: &&Place| match &place.external_key {
        Some(key) => format!("{} (externalKey:{key}){}", place.id, parent_of(place)),
        None => format!("{} (no external key){}", place.id, parent_of(place)),
    };
    let candidates: Vec<String> = found.iter().take(10).map(candidate).collect();
    let detail = format!("{} {}s are called \"{name}\": {}", found.len(), list.noun(), candidates.join("; "));
    ApiError::Refused(Reason::with(Cause::PlacementAmbiguous, detail))
}

/// Reads a whole list.
pub(crate) async fn read(api: &Api, gate: &dyn Gate, list: List, domain_id: i64) -> Result<Vec<Place>, ApiError> {
    let words = list.words();
    let mut places = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut url = address::under(api.base(), &format!("v1.0/{}", words.path));
        url.query_pairs_mut().append_pair("domainId", &domain_id.to_string());
        if words.is_paged {
            url.query_pairs_mut().append_pair("count", PAGE);
        }
        if let Some(cursor) = &cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let call = Call { operation: words.operation, method: Method::GET, url, body: None };
        let Reply::Done(Some(page)) = api.call(gate, &call).await? else {
            return Err(not_understood(list, "there is no such list"));
        };
        let Some(Value::Array(entries)) = page.get(words.array) else {
            return Err(not_understood(list, "a page without entries"));
        };
        places.extend(entries.iter().filter_map(Value::as_object).filter_map(|entry| Place::read(list, entry)));
        match next_cursor(&page) {
            None => return Ok(places),
            next if next == cursor => break,
            next => cursor = next,
        }
    }
    Err(not_understood(list, "the pages do not end"))
}

/// The cursor of the next page; the end is null, empty or left out, by itself or with all of `responseMetaData`.
pub(crate) fn next_cursor(page: &Map<String, Value>) -> Option<String> {
    page.get("responseMetaData")?.get("nextCursor").and_then(text)
}

fn not_understood(list: List, what: &str) -> ApiError {
    let detail = format!("the list of {}s: {what}", list.noun());
    ApiError::TryLater { reason: Reason::with(Cause::LineWorksFailing, detail), after: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(id: &str, name: &str) -> Place {
        let object = json!({"orgUnitId": id, "orgUnitName": name, "parentOrgUnitId": "top", "somethingNew": 1});
        Place::read(List::OrgUnits, object.as_object().expect("an object")).expect("a place")
    }

    #[test]
    fn an_exact_name_goes_before_one_in_another_case() {
        let places = [place("1", "Sales"), place("2", "SALES"), place("3", " 営業 ")];
        let one = |name: &str| match find(&places, name) {
            Meaning::One(place) => place.id.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!((one("SALES"), one("Sales"), one("営業")), ("2".into(), "1".into(), "3".into()));
        assert!(matches!(find(&places, "sales"), Meaning::Several(found) if found.len() == 2));
        assert_eq!(find(&places, "Sale"), Meaning::Nothing);
    }

    #[test]
    fn ids_may_be_integers_of_19_digits() {
        let object = json!({"levelId": 1_234_567_890_123_456_789_i64, "levelName": "社員", "levelExternalKey": null});
        let read = Place::read(List::Levels, object.as_object().expect("an object")).expect("a place");
        assert_eq!((read.id.as_str(), read.external_key), ("1234567890123456789", None));
    }

    #[test]
    fn every_way_to_end_a_list_is_its_end() {
        for end in [json!({}), json!({"responseMetaData": {}}), json!({"responseMetaData": null})] {
            assert_eq!(next_cursor(end.as_object().expect("an object")), None);
        }
        for last in [json!(null), json!("")] {
            let page = json!({"responseMetaData": {"nextCursor": last}});
            assert_eq!(next_cursor(page.as_object().expect("an object")), None);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let places = [place("1", "営業一部"), place("2", "営業二部"), place("3", "Accounting")];
        let ApiError::Refused(reason) = unknown(List::OrgUnits, &places, "営業部") else { panic!("not refused") };
        assert_eq!(reason.cause, Cause::PlacementUnknown);
        let detail = reason.detail.expect("help");
        assert!(detail.contains("営業一部, 営業二部") && !detail.contains("Accounting"), "{detail}");
    }

    #[test]
    fn several_of_one_name_are_told_apart() {
        let mut places = [place("1", "Sales"), place("2", "Sales"), place("top", "Tokyo")];
        places[1].external_key = Some("sales-2".into());
        let Meaning::Several(found) = find(&places, "Sales") else { panic!("not several") };
        let ApiError::Refused(reason) = ambiguous(List::OrgUnits, &places, &found, "Sales") else {
            panic!("not refused")
        };
        let detail = reason.detail.expect("candidates");
        assert!(detail.contains("1 (no external key) in Tokyo; 2 (externalKey:sales-2) in Tokyo"), "{detail}");
    }
}
