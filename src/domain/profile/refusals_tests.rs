//! What a refusal says: which field, which code, what is meant instead; and all of them in one answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    FieldCode, Profile, ProfileRules,
    limits_tests::{errors, member_with, refused},
};
use crate::domain::domains::Domains;
use crate::domain::reference::Reference;

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
    let no_sso = ProfileRules { invited: true, ..ProfileRules::OPEN };
    let errors =
        Profile::parse(&member_with("privateEmail", " ".into()), &no_sso).expect_err("nowhere to send the invitation");
    assert_eq!((errors[0].field.as_str(), errors[0].code), ("user.privateEmail", FieldCode::Missing));
    assert!(Profile::parse(&member_with("privateEmail", "hanako@home.example".into()), &no_sso).is_ok());
}

#[test]
fn a_login_outside_of_the_tenants_domains_is_refused_with_their_names() {
    let domains = [("umi.example".to_owned(), 1), ("yama.example".to_owned(), 2)];
    let rules = ProfileRules { domains: Domains::ByEmail(Arc::new(domains.into())), ..ProfileRules::OPEN };
    for inside in ["hanako@umi.example", "hanako@YAMA.example"] {
        assert!(Profile::parse(&member_with("email", inside.into()), &rules).is_ok(), "{inside}");
    }
    for outside in ["hanako@sora.example", "hanako@sub.umi.example", "hanako@umi.example.jp"] {
        let error = Profile::parse(&member_with("email", outside.into()), &rules).expect_err(outside).remove(0);
        assert_eq!((error.field.as_str(), error.code), ("user.email", FieldCode::NotAllowed));
        assert!(error.message.contains("umi.example, yama.example") && error.message_ja.contains("umi.example"));
    }
    let mut user = member_with("aliasEmails", json!(["hanako@sora.example"]));
    assert!(Profile::parse(&user, &rules).is_ok(), "an alias may be anywhere");
    user["email"] = json!("hanako@sora.example");
    let moved = Profile::parse(&user, &ProfileRules::OPEN).expect("accepted once");
    assert_eq!(moved.outside_of(&rules.domains)[0].field, "user.email", "the configuration changed since");
}

#[test]
fn only_managed_groups_may_be_named() {
    let with = |managed: &[&str], groups: Value| {
        let managed_groups = Some(managed.iter().map(|group| (*group).to_owned()).collect());
        let rules = ProfileRules { managed_groups, ..ProfileRules::OPEN };
        Profile::parse(&member_with("groups", groups), &rules)
    };
    let known = ["externalKey:sales", "name:お知らせ"];
    let profile = with(&known, json!(["name: お知らせ ", "externalKey:sales", "name:お知らせ"])).expect("managed");
    let expected = [Reference::Name("お知らせ".into()), Reference::ExternalKey("sales".into())];
    assert_eq!(profile.groups(), Some(expected.to_vec()), "each once");
    assert!(!profile.create_properties(1).contains_key("groups"), "LINE WORKS has no such property");
    assert!(profile.difference(&profile.create_properties(1), 1).is_empty());
    let error = with(&known, json!(["externalKey:sales", "externalKey:boss"])).expect_err("not managed").remove(0);
    assert_eq!((error.field.as_str(), error.code), ("user.groups[1]", FieldCode::NotAllowed));
    assert!(error.message.contains("externalKey:sales, name:お知らせ") && !error.message.contains("boss"));
    assert!(with(&[], json!(["g-1"])).is_err());
    for none in [json!([]), Value::Null] {
        assert_eq!(with(&[], none).expect("none at all").groups(), Some(Vec::new()));
    }
    let silent = Profile::parse(&member_with("nickName", "x".into()), &ProfileRules::OPEN).expect("valid");
    assert_eq!(silent.groups(), None);
    assert_eq!(refused(&member_with("groups", json!(["name: "]))).0, "user.groups[0]");
    assert_eq!(refused(&member_with("groups", json!("sales"))), ("user.groups".into(), FieldCode::WrongType));
    let groups: Vec<String> = (0..201).map(|n| format!("g-{n}")).collect();
    assert_eq!(refused(&member_with("groups", json!(groups))).1, FieldCode::TooMany);
}

#[test]
fn names_of_places_are_taken_where_ids_are_and_nowhere_else() {
    let unit = |name: &str, value: &str| {
        let mut unit = json!({ "orgUnitId": "u" });
        unit[name] = value.into();
        member_with("organizations", json!([{ "orgUnits": [unit] }]))
    };
    assert_eq!(errors(&unit("orgUnitId", "name:営業部")), []);
    assert_eq!(errors(&unit("positionId", "name:課長")), []);
    assert_eq!(errors(&member_with("userTypeId", "name:正社員".into())), []);
    assert_eq!(errors(&member_with("organizations", json!([{ "levelId": "name:部長" }]))), []);
    assert_eq!(refused(&unit("positionId", "name: ")).1, FieldCode::BadFormat);
    for (name, meant) in [("orgUnitName", "orgUnitId"), ("positionName", "positionId")] {
        let error = errors(&unit(name, "営業部")).remove(0);
        assert!(error.message.contains(&format!("in {meant} as name:")), "{}", error.message);
        assert!(error.message_ja.contains("name:"));
    }
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
