//! LINE WORKS' user object, read tolerantly: unknown keys, nulls and missing flags are fine, an object that does not
//! say who it is about is not.

use serde_json::{Map, Value};

use crate::domain::ids::MemberId;
use crate::domain::member::{Condition, Member};

/// The member a user object shows; none when it lacks the id or the login e-mail.
pub(crate) fn member(user: Map<String, Value>) -> Option<Member> {
    let id = MemberId::try_from(text(&user, "userId")?).ok()?;
    let email = text(&user, "email")?;
    Some(Member {
        id,
        external_key: text(&user, "userExternalKey"),
        email,
        condition: condition(&user),
        is_administrator: flag(&user, "isAdministrator"),
        attributes: user,
    })
}

/// Several flags may be set at once; what weighs most comes first (LINE WORKS docs, user-get).
fn condition(user: &Map<String, Value>) -> Condition {
    let leave = user.get("leaveOfAbsence").and_then(Value::as_object);
    if flag(user, "isDeleted") {
        Condition::Deleted
    } else if flag(user, "isSuspended") {
        Condition::Suspended
    } else if flag(user, "isPending") || flag(user, "isAwaiting") {
        Condition::Pending
    } else if leave.is_some_and(|leave| flag(leave, "isLeaveOfAbsence")) {
        Condition::OnLeave
    } else {
        Condition::Active
    }
}

fn flag(object: &Map<String, Value>, name: &str) -> bool {
    match object.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(user: Value) -> Option<Member> {
        member(user.as_object().expect("an object").clone())
    }

    #[test]
    fn a_user_object_becomes_a_member_and_keeps_every_property() {
        let user = json!({
            "domainId": 300_123_456, "userId": "user11aa-22bb-0001", "userExternalKey": "00u1hanako",
            "email": "hanako@example.jp", "isAdministrator": true, "isPending": false, "suspendedReason": null,
            "userName": {"lastName": "山田", "firstName": "花子"}, "somethingNew": [1, 2],
        });
        let member = read(user.clone()).expect("a member");
        assert_eq!(member.id.as_str(), "user11aa-22bb-0001");
        assert_eq!(member.external_key.as_deref(), Some("00u1hanako"));
        assert_eq!((member.condition, member.is_administrator), (Condition::Active, true));
        assert_eq!(Value::Object(member.attributes), user);
    }

    #[test]
    fn an_object_that_does_not_say_who_it_is_about_is_no_member() {
        for user in [
            json!({}),
            json!({"userId": "u"}),
            json!({"email": "a@b"}),
            json!({"userId": null, "email": "a@b"}),
            json!({"userId": "", "email": "a@b"}),
        ] {
            assert_eq!(read(user), None);
        }
        let bare = read(json!({"userId": "u", "email": "a@b", "userExternalKey": null})).expect("a member");
        assert_eq!((bare.condition, bare.is_administrator, bare.external_key), (Condition::Active, false, None));
    }

    #[test]
    fn the_weightiest_flag_decides_the_condition() {
        let table = [
            (json!({"isDeleted": true, "isSuspended": true, "isPending": true}), Condition::Deleted),
            (json!({"isSuspended": true, "isPending": true}), Condition::Suspended),
            (json!({"isPending": true, "isAwaiting": false}), Condition::Pending),
            (json!({"isAwaiting": true, "leaveOfAbsence": {"isLeaveOfAbsence": true}}), Condition::Pending),
            (json!({"leaveOfAbsence": {"startTime": null, "isLeaveOfAbsence": true}}), Condition::OnLeave),
            (json!({"leaveOfAbsence": null, "isDeleted": null}), Condition::Active),
        ];
        for (flags, expected) in table {
            assert_eq!(condition(flags.as_object().expect("an object")), expected, "{flags}");
        }
    }
}
