//! The operations of a PATCH (RFC 7644, section 3.5.2): exactly what differs, and nothing is cleared by accident.
//!
//! LINE WORKS runs them in order, all or none of them (docs, scim-user-update-patch). A list's entry is replaced where
//! there is one and added where there is none: replacing what is not there is an error.

use serde_json::{Value, json};

use super::attributes::{ALIAS, NAMES, TEXTS, TYPED, entries, ims, in_scim, item};
use crate::domain::profile::Difference;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The body of a PATCH with these operations.
pub(super) fn body(operations: &[Value]) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// `replace` of one attribute.
pub(super) fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "replace", "path": path, "value": value.into()})
}

/// `add` to a list.
pub(super) fn add(path: &str, values: Vec<Value>) -> Value {
    json!({"op": "add", "path": path, "value": values})
}

/// `remove` of whatever the path finds.
pub(super) fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

/// A text as it stands in a filter: in quotes, as JSON escapes it (RFC 7644, section 3.4.2.2).
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What to do for the member to be as wished, as far as SCIM reaches; empty when nothing is left to do.
pub(super) fn operations(difference: &Difference) -> Vec<Value> {
    let mut operations = Vec::new();
    let wish = difference.patch();
    for (property, attribute) in TEXTS {
        operations.extend(wish.get(property).map(|value| set(attribute, &in_scim(property, value))));
    }
    if let Some(name) = wish.get("userName") {
        let former = difference.former("userName");
        let changed = NAMES.iter().filter(|(part, _)| !same(&name[*part], &former[*part]));
        operations.extend(changed.map(|(part, attribute)| set(&format!("name.{attribute}"), &name[*part])));
    }
    for (property, list, kind) in TYPED {
        let Some(value) = wish.get(property) else { continue };
        let path = format!("{list}[type eq {}]", quoted(kind));
        operations.push(match (is_empty(value), is_empty(difference.former(property))) {
            (true, _) => remove(&path),
            (false, true) => add(list, vec![item(kind, value)]),
            (false, false) => replace(&format!("{path}.value"), value.clone()),
        });
    }
    if wish.contains_key("aliasEmails") {
        operations.extend(aliases(entries(wish.get("aliasEmails")), entries(Some(difference.former("aliasEmails")))));
    }
    if let Some(messenger) = wish.get("messenger") {
        let entry = ims(messenger);
        operations.push(if entry.is_empty() { remove("ims") } else { replace("ims", entry) });
    }
    operations
}

fn set(path: &str, value: &Value) -> Value {
    if is_empty(value) { remove(path) } else { replace(path, value.clone()) }
}

fn aliases(wish: &[Value], former: &[Value]) -> Vec<Value> {
    let is_in = |list: &[Value], alias: &Value| list.iter().any(|other| same_address(other, alias));
    let gone = former.iter().filter(|alias| !is_in(wish, alias));
    let mut operations: Vec<Value> =
        gone.filter_map(Value::as_str).map(|alias| remove(&format!("emails[value eq {}]", quoted(alias)))).collect();
    let new: Vec<Value> = wish.iter().filter(|alias| !is_in(former, alias)).map(|alias| item(ALIAS, alias)).collect();
    if !new.is_empty() {
        operations.push(add("emails", new));
    }
    operations
}

fn same_address(one: &Value, other: &Value) -> bool {
    let lower = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    lower(one) == lower(other)
}

fn same(one: &Value, other: &Value) -> bool {
    one == other || (is_empty(one) && is_empty(other))
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::domain::profile::{Profile, ProfileRules};

    fn between(wish: Value, actual: Value) -> Vec<Value> {
        let mut user = json!({"email": "hanako@example.jp", "userName": {"lastName": "山田", "firstName": "花子"}});
        user.as_object_mut().expect("an object").extend(wish.as_object().expect("an object").clone());
        let profile = Profile::parse(&user, &ProfileRules::OPEN).expect("a profile");
        let mut member: Map<String, Value> = user.as_object().expect("an object").clone();
        member.extend(actual.as_object().expect("an object").clone());
        operations(&profile.difference(&member, 1))
    }

    #[test]
    fn only_the_part_of_a_name_that_differs_is_sent() {
        let name = json!({"userName": {"lastName": "海野", "firstName": "花子"}});
        assert_eq!(between(json!({}), name), [replace("name.familyName", "山田")]);
        let phonetic = json!({"userName": {"lastName": "山田", "firstName": "花子", "phoneticLastName": "ヤマダ"}});
        let without = json!({"userName": {"lastName": "山田", "firstName": "花子"}});
        assert_eq!(between(phonetic, without), [] as [Value; 0], "phonetic names are not SCIM's");
        let cleared = json!({"userName": {"lastName": "山田", "firstName": null}});
        let both = json!({"userName": {"lastName": "山田", "firstName": "花子"}});
        assert_eq!(between(cleared, both), [remove("name.givenName")]);
    }

    #[test]
    fn an_entry_is_added_replaced_or_removed_by_what_is_there() {
        let mobile = r#"phoneNumbers[type eq "mobile"]"#;
        let wish = || json!({"cellPhone": "090-2"});
        assert_eq!(
            between(wish(), json!({"cellPhone": null})),
            [add("phoneNumbers", vec![json!({"type": "mobile", "value": "090-2"})])]
        );
        assert_eq!(between(wish(), json!({"cellPhone": "090-1"})), [replace(&format!("{mobile}.value"), "090-2")]);
        assert_eq!(between(json!({"cellPhone": null}), json!({"cellPhone": "090-1"})), [remove(mobile)]);
        assert_eq!(between(wish(), json!({"cellPhone": "090-2"})), [] as [Value; 0]);
    }

    #[test]
    fn aliases_come_and_go_one_by_one() {
        let wish = json!({"aliasEmails": ["bb@example.jp", "cc@example.jp"]});
        let expected = [
            remove(r#"emails[value eq "a@example.jp"]"#),
            add("emails", vec![json!({"type": "alias", "value": "cc@example.jp"})]),
        ];
        assert_eq!(between(wish, json!({"aliasEmails": ["a@example.jp", "BB@example.jp"]})), expected);
    }

    #[test]
    fn texts_are_spelt_as_scim_has_them_and_null_removes() {
        let actual = json!({"locale": "en_US", "nickName": "はな", "messenger": null});
        let wish = json!({"locale": "ja_JP", "nickName": null,
            "messenger": {"protocol": "LINE", "messengerId": "hana"}});
        let expected = [
            remove("nickName"),
            replace("preferredLanguage", "ja-JP"),
            replace("ims", vec![json!({"type": "LINE", "value": "hana"})]),
        ];
        assert_eq!(between(wish, actual), expected);
    }

    #[test]
    fn a_quote_does_not_end_a_filter() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
