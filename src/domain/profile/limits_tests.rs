//! Every documented limit of the `user` object, at the limit and one past it, and what a refusal says.
//!
//! The table is written from the LINE WORKS Directory API's user-create, not from the code's constants, so that a changed
//! constant fails here.

use serde_json::{Value, json};

use super::{FieldCode, FieldError, Profile, ProfileRules};

pub(super) const SSO: ProfileRules = ProfileRules::OPEN;

/// A member with the least there may be, and one property more.
pub(super) fn member_with(name: &str, value: Value) -> Value {
    let mut user = json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野" } });
    user[name] = value;
    user
}

pub(super) fn errors(user: &Value) -> Vec<FieldError> {
    Profile::parse(user, &SSO).err().unwrap_or_default()
}

#[track_caller]
pub(super) fn refused(user: &Value) -> (String, FieldCode) {
    let errors = errors(user);
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].field.clone(), errors[0].code)
}

/// Puts both values where `place` says and expects the first taken and the second refused.
#[track_caller]
fn limit(place: impl Fn(Value) -> Value, within: Value, past: Value, field: &str, code: FieldCode) {
    assert_eq!(errors(&place(within)), [], "{field} within its limit");
    assert_eq!(refused(&place(past)), (format!("user.{field}"), code));
}

/// A text of `n` characters that take three bytes each.
fn kanji(n: usize) -> Value {
    "海".repeat(n).into()
}

fn kana(n: usize) -> Value {
    "ウ".repeat(n).into()
}

fn digits(n: usize) -> Value {
    "1".repeat(n).into()
}

fn times(n: usize, entry: impl Fn(usize) -> Value) -> Value {
    (0..n).map(entry).collect()
}

fn root(name: &'static str) -> impl Fn(Value) -> Value {
    move |value| member_with(name, value)
}

#[test]
fn texts_end_at_their_length() {
    for (name, max) in [("nickName", 100), ("location", 100), ("task", 100), ("employeeNumber", 20)] {
        limit(root(name), kanji(max), kanji(max + 1), name, FieldCode::TooLong);
    }
    for name in ["telephone", "cellPhone"] {
        limit(root(name), digits(100), digits(101), name, FieldCode::TooLong);
    }
}

#[test]
fn names_end_at_80_alone_and_together() {
    for part in ["lastName", "firstName"] {
        let name = |value: Value| member_with("userName", json!({ part: value }));
        let past = errors(&name(kanji(81)));
        assert_eq!((past[0].field.as_str(), past[0].code), (&*format!("user.userName.{part}"), FieldCode::TooLong));
        assert_eq!(errors(&name(kanji(80))), []);
    }
    let both = |first: Value| member_with("userName", json!({ "lastName": kanji(40), "firstName": first }));
    limit(both, kanji(40), kanji(41), "userName", FieldCode::TooLong);
}

#[test]
fn phonetics_end_at_100() {
    for part in ["phoneticLastName", "phoneticFirstName"] {
        let name = |value: Value| member_with("userName", json!({ "lastName": "海野", part: value }));
        limit(name, kana(100), kana(101), &format!("userName.{part}"), FieldCode::TooLong);
        limit(name, "ウミ".into(), "うみ".into(), &format!("userName.{part}"), FieldCode::BadCharacter);
    }
}

#[test]
fn names_in_other_languages_end_at_100() {
    for part in ["lastName", "firstName"] {
        let name = |value: Value| member_with("i18nNames", json!([{ "language": "en_US", part: value }]));
        limit(name, kanji(100), kanji(101), &format!("i18nNames[0].{part}"), FieldCode::TooLong);
        limit(name, "O'Hara".into(), "O\"Hara".into(), &format!("i18nNames[0].{part}"), FieldCode::BadCharacter);
    }
}

#[test]
fn login_addresses_end_at_90_and_their_local_part_at_2_and_40() {
    let address = |local: usize, all: usize| json!(format!("{}@{}", "a".repeat(local), "d".repeat(all - local - 1)));
    limit(root("email"), address(40, 90), address(40, 91), "email", FieldCode::TooLong);
    limit(root("email"), address(40, 60), address(41, 60), "email", FieldCode::TooLong);
    limit(root("email"), address(2, 60), address(1, 60), "email", FieldCode::TooShort);
    let alias = |value: Value| member_with("aliasEmails", json!([value]));
    limit(alias, address(40, 90), address(41, 90), "aliasEmails[0]", FieldCode::TooLong);
    let place = |value: Value| member_with("organizations", json!([{ "email": value }]));
    limit(place, address(40, 90), address(40, 91), "organizations[0].email", FieldCode::TooLong);
}

#[test]
fn private_addresses_end_at_256_with_64_before_the_at_sign_and_253_after() {
    let address = |local: usize, domain: usize| json!(format!("{}@{}", "a".repeat(local), "d".repeat(domain)));
    limit(root("privateEmail"), address(64, 191), address(64, 192), "privateEmail", FieldCode::TooLong);
    limit(root("privateEmail"), address(64, 20), address(65, 20), "privateEmail", FieldCode::TooLong);
    limit(root("privateEmail"), address(2, 253), address(1, 254), "privateEmail", FieldCode::TooLong);
}

#[test]
fn lists_end_at_their_number_of_entries() {
    let alias = |i: usize| json!(format!("alias{i}@umi.example"));
    limit(root("aliasEmails"), times(10, alias), times(11, alias), "aliasEmails", FieldCode::TooMany);
    let relation = |i: usize| json!({ "relationUserId": format!("person-{i}"), "relationName": "上司" });
    limit(root("relations"), times(10, relation), times(11, relation), "relations", FieldCode::TooMany);
    let units = |units: Value| member_with("organizations", json!([{ "orgUnits": units }]));
    let unit = |i: usize| json!({ "orgUnitId": format!("unit-{i}") });
    limit(units, times(30, unit), times(31, unit), "organizations[0].orgUnits", FieldCode::TooMany);
    let custom = |values: Value| member_with("customProperties", json!({ "hobbies": values }));
    let hobby = |i: usize| json!(format!("hobby {i}"));
    limit(custom, times(10, hobby), times(11, hobby), "customProperties.hobbies", FieldCode::TooMany);
}

#[test]
fn parts_of_objects_end_at_their_length() {
    let relation =
        |name: Value| member_with("relations", json!([{ "relationUserId": "person-1", "relationName": name }]));
    limit(relation, kanji(50), kanji(51), "relations[0].relationName", FieldCode::TooLong);
    let messenger = |id: Value| member_with("messenger", json!({ "protocol": "LINE", "messengerId": id }));
    limit(messenger, kanji(100), kanji(101), "messenger.messengerId", FieldCode::TooLong);
    limit(messenger, kanji(1), kanji(0), "messenger.messengerId", FieldCode::Missing);
    let custom = |name: Value| {
        member_with("messenger", json!({ "protocol": "CUSTOM", "customProtocol": name, "messengerId": "umi" }))
    };
    limit(custom, kanji(100), kanji(101), "messenger.customProtocol", FieldCode::TooLong);
}

#[test]
fn custom_properties_end_at_their_length() {
    let custom = |value: Value| member_with("customProperties", json!({ "hobby": value }));
    limit(custom, kanji(100), kanji(101), "customProperties.hobby", FieldCode::TooLong);
    limit(custom, json!([kanji(100)]), json!([kanji(101)]), "customProperties.hobby[0]", FieldCode::TooLong);
    let link = |text: usize, link: usize| json!({ "text": kanji(text), "link": kanji(link) });
    limit(custom, link(100, 300), link(101, 300), "customProperties.hobby.text", FieldCode::TooLong);
    limit(custom, link(100, 300), link(100, 301), "customProperties.hobby.link", FieldCode::TooLong);
    limit(custom, json!(0), json!(-1), "customProperties.hobby", FieldCode::WrongType);
    for wrong in [json!(1.5), json!(true), json!(["a", 1])] {
        assert_eq!(refused(&custom(wrong)).1, FieldCode::WrongType);
    }
}

#[test]
fn words_are_one_of_a_few() {
    for word in ["ja_JP", "ko_KR", "en_US", "zh_CN", "zh_TW"] {
        limit(root("locale"), word.into(), "ja-JP".into(), "locale", FieldCode::NotAllowed);
        let name = |word: Value| member_with("i18nNames", json!([{ "language": word, "lastName": "Umino" }]));
        limit(name, word.into(), "fr_FR".into(), "i18nNames[0].language", FieldCode::NotAllowed);
    }
    for word in ["SOLAR", "LUNAR"] {
        limit(root("birthdayCalendarType"), word.into(), "solar".into(), "birthdayCalendarType", FieldCode::NotAllowed);
    }
    for word in ["LINE", "FACEBOOK", "TWITTER", "X"] {
        let messenger = |word: Value| member_with("messenger", json!({ "protocol": word, "messengerId": "umi" }));
        limit(messenger, word.into(), "SMOKE".into(), "messenger.protocol", FieldCode::NotAllowed);
    }
}

#[test]
fn shapes_of_dates_moments_zones_and_phones() {
    limit(root("hiredDate"), "2024-04-01".into(), "2024/04/01".into(), "hiredDate", FieldCode::BadFormat);
    limit(root("birthday"), "2000-02-29".into(), "2001-02-29".into(), "birthday", FieldCode::BadFormat);
    let moment = "2031-04-01T09:00:00+09:00";
    limit(root("activationDate"), moment.into(), "2031-04-01".into(), "activationDate", FieldCode::BadFormat);
    limit(root("timeZone"), "Asia/Tokyo".into(), "+09:00".into(), "timeZone", FieldCode::BadFormat);
    limit(root("telephone"), "#1".into(), "#".into(), "telephone", FieldCode::BadFormat);
    limit(root("telephone"), "03-1".into(), "03 1".into(), "telephone", FieldCode::BadCharacter);
    limit(root("nickName"), "~うみ~".into(), "う*み".into(), "nickName", FieldCode::BadCharacter);
    limit(root("userTypeId"), "externalKey:K".into(), "externalKey:".into(), "userTypeId", FieldCode::BadFormat);
}

#[test]
fn the_calendar_decides_which_birthdays_exist() {
    let born = |calendar: &str, day: &str| {
        let mut user = member_with("birthday", day.into());
        user["birthdayCalendarType"] = calendar.into();
        user
    };
    assert_eq!(errors(&born("LUNAR", "1990-02-30")), []);
    assert_eq!(refused(&born("LUNAR", "1990-01-31")), ("user.birthday".into(), FieldCode::BadFormat));
    assert_eq!(errors(&born("SOLAR", "1990-01-31")), []);
    assert_eq!(refused(&born("SOLAR", "1990-02-30")), ("user.birthday".into(), FieldCode::BadFormat));
}

#[test]
fn the_domain_of_an_organization_is_a_32_bit_integer() {
    let place = |id: Value| member_with("organizations", json!([{ "domainId": id }]));
    limit(place, json!(i32::MAX), json!(i64::from(i32::MAX) + 1), "organizations[0].domainId", FieldCode::BadFormat);
    limit(place, json!(1), json!(0), "organizations[0].domainId", FieldCode::BadFormat);
    limit(place, Value::Null, json!("1"), "organizations[0].domainId", FieldCode::WrongType);
}

#[test]
fn one_primary_at_most_and_nothing_named_twice() {
    let units = |units: Value| member_with("organizations", json!([{ "orgUnits": units }]));
    let unit = |id: &str, primary: bool| json!({ "orgUnitId": id, "primary": primary });
    let field = "organizations[0].orgUnits";
    limit(
        units,
        json!([unit("a", true), unit("b", false)]),
        json!([unit("a", true), unit("b", true)]),
        field,
        FieldCode::Conflict,
    );
    let twice = "organizations[0].orgUnits[1].orgUnitId";
    limit(units, json!([unit("a", true)]), json!([unit("a", true), unit("a", false)]), twice, FieldCode::Conflict);
    let domain = |id: i64, primary: bool| json!({ "domainId": id, "primary": primary });
    limit(
        root("organizations"),
        json!([domain(1, true), domain(2, false)]),
        json!([domain(1, true), domain(2, true)]),
        "organizations",
        FieldCode::Conflict,
    );
    limit(
        root("organizations"),
        json!([domain(1, true)]),
        json!([domain(1, true), domain(1, false)]),
        "organizations[1].domainId",
        FieldCode::Conflict,
    );
    let name = |language: &str| json!({ "language": language, "lastName": "Umino" });
    limit(
        root("i18nNames"),
        json!([name("en_US"), name("ko_KR")]),
        json!([name("en_US"), name("en_US")]),
        "i18nNames[1].language",
        FieldCode::Conflict,
    );
}
