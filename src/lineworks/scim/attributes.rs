//! SCIM's attributes and the Directory API's properties, each turned into the other (LINE WORKS docs, scim-mapping).
//!
//! A user that SCIM shows becomes a member in the Directory API's names, so the plan compares one vocabulary only.
//! Reading is tolerant: unknown attributes, nulls and missing lists are fine, a user without `id` or `userName` is not.

use serde_json::{Map, Value, json};

use crate::domain::ids::MemberId;
use crate::domain::member::{Condition, Member};

/// RFC 7643, section 8.1.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Single texts with an attribute of their own, and what SCIM calls them.
pub(super) const TEXTS: [(&str, &str); 4] =
    [("email", "userName"), ("nickName", "nickName"), ("locale", "preferredLanguage"), ("timeZone", "timezone")];
/// The parts of a name.
pub(super) const NAMES: [(&str, &str); 2] = [("lastName", "familyName"), ("firstName", "givenName")];
/// Single values of a list, and their list and type.
pub(super) const TYPED: [(&str, &str, &str); 3] = [
    ("privateEmail", "emails", "other"),
    ("telephone", "phoneNumbers", "work"),
    ("cellPhone", "phoneNumbers", "mobile"),
];
/// The type of an alias in `emails`.
pub(super) const ALIAS: &str = "alias";

/// The member a SCIM user shows; none when it lacks the id or the login.
pub(super) fn member(user: &Map<String, Value>) -> Option<Member> {
    let id = MemberId::try_from(text(user.get("id"))?).ok()?;
    let email = text(user.get("userName"))?;
    let external_key = text(user.get("externalId"));
    // Left out, it says nothing; what is said to be inactive must not be taken for active.
    let active = user.get("active").is_none_or(|active| *active == json!(true) || *active == json!("true"));
    let condition = if active { Condition::Active } else { Condition::Inactive };
    let attributes = properties(user);
    Some(Member { id, external_key, email, condition, is_administrator: false, attributes })
}

/// A SCIM user in the Directory API's names.
fn properties(user: &Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    for (property, attribute) in TEXTS {
        let value = text(user.get(attribute));
        let value = if property == "locale" { value.map(|locale| locale.replace('-', "_")) } else { value };
        properties.insert(property.to_owned(), json!(value));
    }
    let name = user.get("name").unwrap_or(&Value::Null);
    let parts = NAMES.map(|(property, attribute)| (property.to_owned(), json!(text(name.get(attribute)))));
    properties.insert("userName".to_owned(), Value::Object(parts.into_iter().collect()));
    for (property, list, kind) in TYPED {
        properties.insert(property.to_owned(), json!(of_type(user, list, kind).next()));
    }
    properties.insert("aliasEmails".to_owned(), of_type(user, "emails", ALIAS).collect());
    properties.insert("messenger".to_owned(), messenger(user));
    properties
}

fn of_type<'a>(user: &'a Map<String, Value>, list: &str, kind: &'a str) -> impl Iterator<Item = String> + 'a {
    let items = user.get(list).and_then(Value::as_array).into_iter().flatten();
    let fits = move |item: &&Value| item["type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(kind));
    items.filter(fits).filter_map(|item| text(item.get("value")))
}

/// The mapping names `ims` for `messenger` and no more; that the type is the protocol is our reading.
fn messenger(user: &Map<String, Value>) -> Value {
    let Some(first) = user.get("ims").and_then(Value::as_array).and_then(|ims| ims.first()) else {
        return Value::Null;
    };
    let protocol = text(first.get("type")).map(|kind| kind.to_uppercase());
    let mut messenger = Map::from_iter([("protocol".to_owned(), json!(protocol))]);
    messenger.insert("messengerId".to_owned(), json!(text(first.get("value"))));
    if protocol.as_deref() == Some("CUSTOM") {
        messenger.insert("customProtocol".to_owned(), json!(text(first.get("display"))));
    }
    messenger.into()
}

/// The body of a create: what the properties (of the Directory API's user-create) say, as far as SCIM reaches.
pub(super) fn new_user(properties: &Map<String, Value>, external_id: &str) -> Value {
    // "active must be true on creation" (LINE WORKS docs, scim-user-create).
    let mut user = Map::from_iter([
        ("schemas".to_owned(), json!([USER])),
        ("externalId".to_owned(), json!(external_id)),
        ("active".to_owned(), json!(true)),
    ]);
    for (property, attribute) in TEXTS {
        if let Some(value) = properties.get(property) {
            user.insert(attribute.to_owned(), in_scim(property, value));
        }
    }
    let name = properties.get("userName").unwrap_or(&Value::Null);
    let parts = NAMES.iter().filter_map(|(property, part)| Some(((*part).to_owned(), name.get(*property)?.clone())));
    user.insert("name".to_owned(), Value::Object(parts.collect()));
    for list in ["emails", "phoneNumbers"] {
        let typed = TYPED.iter().filter(|(_, of, _)| *of == list);
        let mut items: Vec<Value> =
            typed.filter_map(|(property, _, kind)| Some(item(kind, properties.get(*property)?))).collect();
        if list == "emails" {
            items.extend(entries(properties.get("aliasEmails")).iter().map(|alias| item(ALIAS, alias)));
        }
        if !items.is_empty() {
            user.insert(list.to_owned(), items.into());
        }
    }
    let ims = ims(properties.get("messenger").unwrap_or(&Value::Null));
    if !ims.is_empty() {
        user.insert("ims".to_owned(), ims.into());
    }
    user.into()
}

/// A text as SCIM spells it: `ja-JP` where the Directory API has `ja_JP`.
pub(super) fn in_scim(property: &str, value: &Value) -> Value {
    match (property, value) {
        ("locale", Value::String(locale)) => locale.replace('_', "-").into(),
        _ => value.clone(),
    }
}

/// An entry of a list with types.
pub(super) fn item(kind: &str, value: &Value) -> Value {
    json!({"type": kind, "value": value})
}

/// A messenger as the only entry of `ims`; empty for none.
pub(super) fn ims(messenger: &Value) -> Vec<Value> {
    if !messenger.is_object() {
        return Vec::new();
    }
    let mut entry = json!({"type": messenger["protocol"], "value": messenger["messengerId"]});
    if let Some(custom) = messenger.get("customProtocol").filter(|custom| !custom.is_null()) {
        entry["display"] = custom.clone();
    }
    vec![entry]
}

/// The entries of a list; none for anything else.
pub(super) fn entries(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_scim_user_is_read_in_the_directorys_names_and_written_back_the_same() {
        let user = object(json!({
            "schemas": [USER], "id": "user-1", "externalId": "00u1hanako", "userName": "hanako@example.jp",
            "active": true, "name": {"familyName": "山田", "givenName": "花子"}, "displayName": "山田 花子",
            "nickName": "はな", "preferredLanguage": "ja-JP", "timezone": "Asia/Tokyo",
            "emails": [{"type": "other", "value": "h@home.example"}, {"type": "alias", "value": "hana@example.jp"}],
            "phoneNumbers": [{"type": "work", "value": "03-1"}, {"type": "mobile", "value": "090-1"}],
            "ims": [{"type": "CUSTOM", "value": "hana", "display": "chat"}], "meta": {"resourceType": "User"},
        }));
        let member = member(&user).expect("a member");
        assert_eq!((member.id.as_str(), member.external_key.as_deref()), ("user-1", Some("00u1hanako")));
        let properties = object(json!({
            "email": "hanako@example.jp", "userName": {"lastName": "山田", "firstName": "花子"}, "nickName": "はな",
            "locale": "ja_JP", "timeZone": "Asia/Tokyo", "privateEmail": "h@home.example",
            "aliasEmails": ["hana@example.jp"], "telephone": "03-1", "cellPhone": "090-1",
            "messenger": {"protocol": "CUSTOM", "messengerId": "hana", "customProtocol": "chat"},
        }));
        assert_eq!(member.attributes, properties);
        let mut written = user;
        written.retain(|name, _| !["id", "displayName", "meta"].contains(&name.as_str()));
        assert_eq!(new_user(&properties, "00u1hanako"), Value::Object(written));
    }

    #[test]
    fn a_bare_user_is_a_member_and_one_that_names_nobody_is_not() {
        let bare = member(&object(json!({"id": "u", "userName": "a@b", "active": null}))).expect("a member");
        assert_eq!((bare.condition, bare.external_key), (Condition::Inactive, None));
        assert_eq!(bare.attributes["aliasEmails"], json!([]));
        let condition = |user: Value| member(&object(user)).map(|member| member.condition);
        assert_eq!(condition(json!({"id": "u", "userName": "a@b"})), Some(Condition::Active), "nothing is said");
        assert_eq!(condition(json!({"id": "u", "userName": "a@b", "active": false})), Some(Condition::Inactive));
        assert_eq!(condition(json!({"id": "u"})), None);
        assert_eq!(condition(json!({"id": "", "userName": "a@b"})), None);
    }
}
