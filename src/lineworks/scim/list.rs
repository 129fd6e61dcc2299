//! A list of SCIM as it comes. Pure.
//!
//! The key is spelt `Resources` on one page of LINE WORKS' documents and `resources` on another, and RFC 7644 leaves it
//! out of an empty list. Where neither it nor a total is there, nothing is known.

use serde_json::{Map, Value};

/// The entries of a list; none when the answer is no list.
pub(super) fn read(answer: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let resources = answer.get("Resources").or_else(|| answer.get("resources"));
    match resources {
        Some(Value::Array(entries)) => entries.iter().map(|entry| entry.as_object().cloned()).collect(),
        None | Some(Value::Null) if is_zero(answer.get("totalResults")) => Some(Vec::new()),
        _ => None,
    }
}

/// How many there are in all, if the answer says so.
pub(super) fn total(answer: &Map<String, Value>) -> Option<usize> {
    let total = answer.get("totalResults")?;
    total.as_u64().and_then(|total| usize::try_from(total).ok()).or_else(|| total.as_str()?.parse().ok())
}

/// A text of an entry.
pub(super) fn text(entry: &Map<String, Value>, name: &str) -> Option<String> {
    entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is_zero(total: Option<&Value>) -> bool {
    total.is_some_and(|total| total.as_i64() == Some(0) || total.as_str() == Some("0"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_of_a_list_is_read_and_nothing_else() {
        let length = |answer: Value| read(answer.as_object().expect("an object")).map(|entries| entries.len());
        assert_eq!(length(json!({"totalResults": 1, "Resources": [{"id": "a"}]})), Some(1));
        assert_eq!(length(json!({"totalResults": 2, "resources": [{"id": "a"}, {"id": "b"}]})), Some(2));
        assert_eq!(length(json!({"totalResults": 0})), Some(0));
        assert_eq!(length(json!({"totalResults": "0", "Resources": null})), Some(0));
        assert_eq!(length(json!({"totalResults": 1})), None, "the one is not shown");
        assert_eq!(length(json!({})), None);
        assert_eq!(length(json!({"Resources": ["a"]})), None);
    }
}
