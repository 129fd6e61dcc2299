//! What a refusal says: which field, which code, what is meant instead; and all of them in one answer.

use serde_json::{Value, json};

use super::{
    FieldCode, Profile, ProfileRules,
    limits_tests::{errors, member_with, refused},
};

#[test]
fn what_is_required_is_missed_when_absent_null_or_blank() {
    for blank in [Value::Null, "".into(), " \u{3000}".into()] {
        assert_eq!(refused(&member_with("email", blank.clone())), ("user.email".into(), FieldCode::Missing));
        let nameless = member_with("userName", json!({ "lastName": blank.clone(), "firstName": blank.clone() }));
        assert_eq!(refused(&nameless), ("user.userName".into(), FieldCode::Missing));
        let unit = member_with("organizations", json!([{ "orgUnits": [{ "orgUnitId": blank }] }]));
        assert_eq!(refused(&unit), ("user.organizations[0].orgUnits[0].orgUnitId".into(), FieldCode::Missing));
    }
    let fields: Vec<_> = errors(&json!({})).into_iter().map(|error| (error.field, error.code)).collect();
    assert_eq!(fields, [("user.email".into(), FieldCode::Missing), ("user.userName".into(), FieldCode::Missing)]);
    assert_eq!(refused(&Value::Null), ("user".into(), FieldCode::WrongType));
}

#[test]
fn parts_that_need_each_other_are_missed() {
    let field = |user: Value| refused(&user).0;
    let messenger = json!({ "protocol": "CUSTOM", "messengerId": "umi" });
    assert_eq!(field(member_with("messenger", messenger)), "user.messenger.customProtocol");
    let messenger = json!({ "protocol": "LINE", "customProtocol": "Smoke", "messengerId": "umi" });
    assert_eq!(field(member_with("messenger", messenger)), "user.messenger.customProtocol");
    assert_eq!(field(member_with("i18nNames", json!([{ "language": "en_US" }]))), "user.i18nNames[0]");
    assert_eq!(field(member_with("relations", json!([{}]))), "user.relations[0].relationUserId");
    let two = json!([{ "domainId": 1 }, { "levelId": "externalKey:staff" }]);
    assert_eq!(field(member_with("organizations", two)), "user.organizations[1].domainId");
}

#[test]
fn a_private_address_is_required_without_sso() {
    let no_sso = ProfileRules { sso: false };
    let errors =
        Profile::parse(&member_with("privateEmail", " ".into()), &no_sso).expect_err("nowhere to send the invitation");
    assert_eq!((errors[0].field.as_str(), errors[0].code), ("user.privateEmail", FieldCode::Missing));
    assert!(Profile::parse(&member_with("privateEmail", "hanako@home.example".into()), &no_sso).is_ok());
}

#[test]
fn a_wrong_json_type_is_a_field_error() {
    let texts = [
        "email",
        "nickName",
        "telephone",
        "locale",
        "timeZone",
        "hiredDate",
        "birthday",
        "activationDate",
        "userTypeId",
    ];
    let others =
        ["searchable", "messenger", "relations", "customProperties", "organizations", "i18nNames", "aliasEmails"];
    for name in texts.into_iter().chain(others) {
        assert_eq!(refused(&member_with(name, json!(5))), (format!("user.{name}"), FieldCode::WrongType));
    }
    for wrong in [json!(1.5), json!(true), json!(["1"])] {
        assert_eq!(refused(&member_with("employeeNumber", wrong)).1, FieldCode::WrongType);
    }
    assert_eq!(refused(&member_with("organizations", json!([7]))).0, "user.organizations[0]");
}

#[test]
fn six_bad_fields_are_named_at_once() {
    let user = json!({
        "email": "hanako",
        "userName": { "lastName": "海<野", "phoneticLastName": "うみの" },
        "telephone": "03 1111",
        "employeeNumber": "123456789012345678901",
        "organizations": [{ "orgUnits": [{ "orgUnitId": "a" }, { "positionId": "chief" }] }],
    });
    let fields: Vec<String> = errors(&user).into_iter().map(|error| error.field).collect();
    let expected = [
        "user.email",
        "user.userName.lastName",
        "user.userName.phoneticLastName",
        "user.employeeNumber",
        "user.telephone",
        "user.organizations[0].orgUnits[1].orgUnitId",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn an_unknown_field_is_refused_with_the_name_that_is_probably_meant() {
    let user = |value: Value| member_with("userName", value);
    let typo = errors(&user(json!({ "lastName": "海野", "firstname": "花子" })));
    assert_eq!((typo[0].field.as_str(), typo[0].code), ("user.userName.firstname", FieldCode::UnknownField));
    assert!(typo[0].message.contains("did you mean firstName?"), "{}", typo[0].message);
    assert!(typo[0].message_ja.contains("firstName"));
    let meant = |name: &str| errors(&member_with(name, "x".into())).remove(0).message;
    for (name, known) in [
        ("mobilePhone", "cellPhone"),
        ("nickname", "nickName"),
        ("firstName", "userName.firstName"),
        ("timezone", "timeZone"),
        ("login", "email"),
    ] {
        assert!(meant(name).contains(&format!("did you mean {known}?")), "{name}: {}", meant(name));
    }
    assert!(!meant("zzzz").contains("did you mean"));
}

#[test]
fn what_is_configured_elsewhere_is_refused_with_the_place() {
    for (name, place) in [
        ("userExternalKey", "lineworks.external_key"),
        ("domainId", "lineworks.domain_id"),
        ("passwordConfig", "lineworks.sso"),
    ] {
        let error = errors(&member_with(name, json!(1))).remove(0);
        assert_eq!((error.field.as_str(), error.code), (&*format!("user.{name}"), FieldCode::NotAllowed));
        assert!(error.message.contains(place) && error.message_ja.contains(place), "{error}");
    }
    for name in ["userId", "isSuspended", "employmentTypeId", "customFields"] {
        assert_eq!(refused(&member_with(name, json!(1))).1, FieldCode::NotAllowed);
    }
}

#[test]
fn a_nonsensical_body_gets_a_bounded_answer() {
    let names = (0..5_000).map(|i| (format!("nonsense-{i}-{}", "x".repeat(500)), json!(1)));
    let errors = errors(&Value::Object(names.collect()));
    assert_eq!(errors.len(), 100);
    assert_eq!(errors[0].field, "user.email");
    assert!(errors.iter().all(|error| error.field.len() < 60));
}
