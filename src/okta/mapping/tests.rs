//! What templates give, what is refused, and that nothing makes one panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{DEFAULTS, Mapping};
use crate::domain::profile::{FieldCode, Profile, ProfileRules};
use crate::okta::person::{AppUser, User};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn person(user_name: Option<&str>, app: Value, user: Value) -> AppUser {
    let id: crate::domain::ids::OktaUserId = "00uTARO".parse().expect("an id");
    AppUser {
        id: id.clone(),
        status: "PROVISIONED".to_owned(),
        user_name: user_name.map(str::to_owned),
        profile: object(app),
        user: (!user.is_null()).then(|| User { id, status: "ACTIVE".to_owned(), profile: object(user) }),
    }
}

fn hanako() -> AppUser {
    let user = json!({
        "login": "hanako@umi.example", "email": "h@umi.example", "lastName": "海野", "firstName": "花子",
        "department": "営業部", "employeeNumber": "E-7", "title": null, "city": " ", "list": ["a", null, "b"], "number": 7,
    });
    person(Some("hanako.umino@umi.example"), json!({ "role": "manager", "nickName": null }), user)
}

fn mapping(given: &[(&str, &str)]) -> Mapping {
    let given: BTreeMap<String, String> = given.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Mapping::new(&given).expect("good templates")
}

fn problems(property: &str, template: &str) -> Vec<String> {
    let given = BTreeMap::from([(property.to_owned(), template.to_owned())]);
    let problems = Mapping::new(&given).expect_err(template);
    problems.iter().map(ToString::to_string).collect()
}

/// What one template gives at `nickName`, whatever it is.
fn result(template: &str, person: &AppUser) -> Option<Value> {
    mapping(&[("nickName", template)]).user(person).expect("it works").get("nickName").cloned()
}

#[test]
fn the_defaults_make_a_member_of_the_standard_attributes() {
    let mapping = mapping(&[]);
    let user = mapping.user(&hanako()).expect("it works");
    let wanted = json!({
        "email": "hanako.umino@umi.example",
        "userName": { "lastName": "海野", "firstName": "花子" },
        "employeeNumber": "E-7",
    });
    assert_eq!(user, wanted);
    assert!(Profile::parse(&user, &ProfileRules::OPEN).is_ok());
}

#[test]
fn somebody_without_a_last_name_gets_one_from_the_next_best_attribute() {
    let name = |user: Value| mapping(&[]).user(&person(None, json!({}), user)).expect("it works")["userName"].clone();
    let login = "taro.y@umi.example";
    assert_eq!(name(json!({ "login": login, "firstName": "Taro" })), json!({ "firstName": "Taro" }));
    assert_eq!(
        name(json!({ "login": login, "displayName": "山田 太郎", "nickName": "タロ" })),
        json!({ "lastName": "山田 太郎" })
    );
    assert_eq!(name(json!({ "login": login, "lastName": "", "nickName": "タロ" })), json!({ "lastName": "タロ" }));
    assert_eq!(name(json!({ "login": login })), json!({ "lastName": "taro.y" }));
    let only_app = person(Some("jiro@umi.example"), json!({ "lastName": "佐藤" }), Value::Null);
    let user = mapping(&[]).user(&only_app).expect("it works");
    assert_eq!(user, json!({ "email": "jiro@umi.example", "userName": { "lastName": "佐藤" } }));
}

#[test]
fn an_attribute_of_the_app_with_the_propertys_own_name_counts() {
    let app = json!({
        "phoneticLastName": "うみの", "phoneticFirstName": "ﾊﾅｺ", "nickName": "はな", "telephone": "+81 3 1234 5678",
        "cellPhone": "ask the front desk", "task": "経理",
    });
    let user = mapping(&[]).user(&AppUser { profile: object(app), ..hanako() }).expect("it works");
    assert_eq!(user["userName"]["phoneticLastName"], "ウミノ");
    assert_eq!(user["userName"]["phoneticFirstName"], "ハナコ");
    assert_eq!(
        (&user["nickName"], &user["telephone"], &user["task"]),
        (&json!("はな"), &json!("+81312345678"), &json!("経理"))
    );
    assert_eq!(user.get("cellPhone"), None, "what is no number is left out");
}

#[test]
fn a_single_expression_keeps_its_type_and_text_around_makes_text() {
    let hanako = hanako();
    for (template, wanted) in [
        ("{{ user.number }}", json!(7)),
        (" {{- user.list -}} ", json!(["a", "b"])),
        ("{{ true }}", json!(true)),
        ("{{ 1.5 }}", json!(1.5)),
        ("{{ {'a': user.nothing, 'b': [user.nothing, 1]} }}", json!({ "b": [1] })),
        ("{{ user.number }} {{ user.number }}", json!("7 7")),
        ("no. {{ user.number }}", json!("no. 7")),
        ("{{ user.lastName }} {{ user.firstName }}", json!("海野 花子")),
        ("{% if app.role == 'manager' %} 部長 {% endif %}", json!("部長")),
        ("{{ '}} {{' }}", json!("}} {{")),
        ("<b>&", json!("<b>&")),
    ] {
        assert_eq!(result(template, &hanako), Some(wanted), "{template}");
    }
}

#[test]
fn what_is_empty_leaves_the_property_alone_and_none_clears_it() {
    let hanako = hanako();
    for template in [
        "{{ user.nothing }}",
        "{{ user.nothing.at.all }}",
        "{{ app.nickName }}",
        "{{ user.title }}",
        "{{ user.city }}",
        "{{ 'x' if user.title }}",
        "{{ '' }}",
        "{{ [] }}",
        "{{ [user.title] }}",
        "{% if false %}x{% endif %}",
        "{{ user.title }} {{ user.city }}",
    ] {
        assert_eq!(result(template, &hanako), None, "{template}");
    }
    assert_eq!(result("{{ none }}", &hanako), Some(Value::Null));
    assert_eq!(result("{{ app.nickName or none }}", &hanako), Some(Value::Null));
}

#[test]
fn a_given_template_goes_before_the_default_and_an_empty_one_takes_it_away() {
    let user = |given: &[(&str, &str)]| mapping(given).user(&hanako()).expect("it works");
    assert_eq!(user(&[("email", "{{ user.login }}")])["email"], "hanako@umi.example");
    assert_eq!(user(&[("employeeNumber", "")]).get("employeeNumber"), None);
    let whole = user(&[("userName", "{{ {'lastName': user.lastName} }}")]);
    assert_eq!(
        whole["userName"],
        json!({ "lastName": "海野" }),
        "a whole property takes the defaults of its parts away"
    );
    assert_eq!(user(&[("userName.firstName", "")])["userName"], json!({ "lastName": "海野" }));
}

#[test]
fn a_unit_by_its_name_is_left_out_with_its_position_when_there_is_none() {
    let given = [
        ("organizations[].orgUnits[].orgUnitId", "{{ 'name:' ~ user.department if user.department }}"),
        ("organizations[].orgUnits[].positionId", "{{ 'name:部長' if app.role == 'manager' }}"),
    ];
    let unit = json!([{ "orgUnits": [{ "orgUnitId": "name:営業部", "positionId": "name:部長" }] }]);
    assert_eq!(mapping(&given).user(&hanako()).expect("it works")["organizations"], unit);
    let mut nowhere = hanako();
    if let Some(user) = &mut nowhere.user {
        user.profile.remove("department");
    }
    assert_eq!(mapping(&given).user(&nowhere).expect("it works").get("organizations"), None);
}

#[test]
fn a_bad_template_is_named_with_its_place_and_what_is_meant() {
    for (property, template, wanted) in [
        ("nickname", "x", "okta.mapping.nickname: is not a property LINE WORKS knows here; did you mean nickName?"),
        ("userExternalKey", "x", "lineworks.external_key"),
        ("nickName", "{{ user.nickName", "okta.mapping.nickName: line 1, column "),
        (
            "nickName",
            "a\n {{ user.nickName | katakanna }}",
            "line 2, column 21: the filter `katakanna` does not exist; did you mean `katakana`?",
        ),
        ("nickName", "{{ 'a' if app.x is definedd }}", "did you mean `defined`?"),
        (
            "nickName",
            "{{ users.nickName }}",
            "line 1, column 4: `users` is nothing a template sees; did you mean `user`?",
        ),
        ("nickName", "{{ username }}", "did you mean `userName`?"),
        ("nickName", "{{ env('HOME') }}", "`env` is nothing a template sees"),
        ("nickName", "{{ user.login.split('@') }}", "use a filter"),
        ("nickName", "{{ user.list | map('nonsense') }}{{ [1] | map('nonsense') | list }}", "unknown filter"),
        ("nickName", "{{ user.login | split('@', 1, 2, 3) }}", "too many arguments"),
        ("nickName", "{% include 'x' %}", "is not a template"),
        ("nickName", "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", "too many steps"),
    ] {
        let said = problems(property, template);
        assert!(said.iter().any(|said| said.contains(wanted)), "{template}: {said:?}");
        assert!(said.iter().all(|said| said.starts_with(&format!("okta.mapping.{property}: "))), "{said:?}");
    }
    assert!(problems("nickName", &"x".repeat(4_001))[0].contains("4000"));
    let given = BTreeMap::from([
        ("userName".to_owned(), "{{ app }}".to_owned()),
        ("userName.firstName".to_owned(), "x".to_owned()),
    ]);
    assert!(Mapping::new(&given).expect_err("overlapping")[0].to_string().contains("userName.firstName: is a part of"));
}

#[test]
fn a_template_that_fails_for_a_person_names_the_field_and_no_value() {
    let failing = mapping(&[("nickName", "{{ user.secret | int }}"), ("task", "{{ user.secret - 1 }}")]);
    let mut person = hanako();
    if let Some(user) = &mut person.user {
        user.profile.insert("secret".to_owned(), "qzxj".into());
    }
    let errors = failing.user(&person).expect_err("it is no number");
    let fields: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code)).collect();
    assert_eq!(fields, [("user.nickName", FieldCode::BadTemplate), ("user.task", FieldCode::BadTemplate)]);
    assert!(errors.iter().all(|error| !format!("{error:?}").contains("qzxj")), "{errors:?}");
    let huge = mapping(&[(
        "task",
        "{% for a in user.list %}{% for b in range(user.number * 1000) %}x{% endfor %}{% endfor %}",
    )]);
    let errors = huge.user(&hanako()).expect_err("too many steps");
    assert!(errors[0].message.contains("too many steps"), "{errors:?}");
}

#[test]
fn every_default_is_a_property_and_says_why_in_two_languages() {
    for default in DEFAULTS {
        assert_eq!(crate::domain::profile::check_path(default.property), Ok(()));
        assert!(!default.why.is_empty() && !default.why_ja.is_ascii(), "{}", default.property);
    }
    let given = DEFAULTS.iter().map(|it| (it.property.to_owned(), it.template.to_owned())).collect();
    assert!(Mapping::new(&given).is_ok(), "what is built in passes the check of what is given");
}

/// A profile as odd as can be, under the names the defaults read.
fn odd_profile() -> impl Strategy<Value = Map<String, Value>> {
    const NAMES: &[&str] = &[
        "login",
        "email",
        "lastName",
        "firstName",
        "displayName",
        "nickName",
        "employeeNumber",
        "phoneticLastName",
        "telephone",
        "cellPhone",
        "location",
        "task",
        "privateEmail",
    ];
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "[a-z]{2,8}@umi.example".prop_map(Value::from),
        proptest::collection::vec(".{0,4}".prop_map(Value::from), 0..3).prop_map(Value::from),
        Just(json!({ "a": { "b": null } })),
    ];
    proptest::collection::btree_map(proptest::sample::select(NAMES).prop_map(str::to_owned), value, 0..9)
        .prop_map(|fields| fields.into_iter().collect())
}

fn odd_person() -> impl Strategy<Value = AppUser> {
    (proptest::option::of(".{0,20}"), odd_profile(), proptest::option::of(odd_profile())).prop_map(
        |(user_name, app, user)| person(user_name.as_deref(), app.into(), user.map_or(Value::Null, Value::from)),
    )
}

/// Something like a template: its signs, its words, and anything else.
fn odd_template() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "user", ".", "login", "app", "userName", "|", "split", "('@')",
        "first", "katakana", "phone", "if ", "else ", "endif", "for x in", "endfor", "set ", "=", "[", "]", "{", "}",
        "'", "\"", "\\", "none", "or ", "is ", "not ", "defined", "~", "*", "100000", "range(9)", "(", ")", ",", ":",
        "海", "\n",
    ];
    let piece = prop_oneof![9 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,3}"];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_template_and_no_person_makes_it_panic(template in odd_template(), person in odd_person()) {
        let given = BTreeMap::from([("nickName".to_owned(), template)]);
        if let Ok(mapping) = Mapping::new(&given) {
            let _ = mapping.user(&person);
        }
    }

    #[test]
    fn the_defaults_never_fail_and_what_they_give_is_taken_or_refused_by_field(person in odd_person()) {
        let user = mapping(&[]).user(&person);
        prop_assert!(user.is_ok(), "{:?}", user.err());
        if let Ok(user) = user
            && let Err(errors) = Profile::parse(&user, &ProfileRules::OPEN)
        {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|error| error.field.starts_with("user.")));
        }
    }
}
