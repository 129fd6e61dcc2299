//! Properties of every profile, found by generated input: whatever JSON comes, whatever profile it makes.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::{Profile, ProfileRules};

const DOMAIN: i64 = 7_000_001;

/// Starts every generated value that must not be repeated in a message. No catalogue sentence contains it.
const MARKER: &str = "qzxj";

const NAMES: &[&str] = &[
    "email",
    "userName",
    "lastName",
    "firstName",
    "phoneticLastName",
    "i18nNames",
    "language",
    "nickName",
    "privateEmail",
    "telephone",
    "cellPhone",
    "location",
    "task",
    "employeeNumber",
    "locale",
    "timeZone",
    "hiredDate",
    "birthday",
    "birthdayCalendarType",
    "searchable",
    "aliasEmails",
    "userTypeId",
    "activationDate",
    "messenger",
    "protocol",
    "customProtocol",
    "messengerId",
    "relations",
    "relationUserId",
    "customProperties",
    "organizations",
    "domainId",
    "primary",
    "levelId",
    "orgUnits",
    "orgUnitId",
    "positionId",
    "isManager",
    "visible",
    "userExternalKey",
    "passwordConfig",
    "text",
    "link",
    "user",
    "thin",
];

/// Any JSON, often under the names that lead the parser deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(&["a@b", "LINE", "CUSTOM", "ja_JP", "externalKey:", "2024-02-30", "LUNAR", "海"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 80, 10, |inner| {
        let name = prop_oneof![9 => select(NAMES).prop_map(str::to_owned), 1 => ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name, inner), 0..10).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Gives some of the properties null or nothing at all.
fn object(properties: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let properties: Vec<_> = properties
        .into_iter()
        .map(|(name, value)| {
            let state = prop_oneof![3 => value.prop_map(Some), 1 => Just(Some(Value::Null)), 2 => Just(None)];
            (Just(name), state)
        })
        .collect();
    properties
        .prop_map(|properties| {
            let carried = properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(carried.collect())
        })
        .boxed()
}

fn text(pattern: &'static str) -> BoxedStrategy<Value> {
    pattern.prop_map(Value::from).boxed()
}

fn one_of(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    select(words).prop_map(Value::from).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn reference() -> BoxedStrategy<Value> {
    text("(externalKey:)?[a-z]{1,3}-[0-9]")
}

fn organizations() -> BoxedStrategy<Value> {
    let unit = (
        reference(),
        object(vec![
            ("positionId", reference()),
            ("isManager", flag()),
            ("visible", flag()),
            ("useTeamFeature", flag()),
        ]),
    )
        .prop_map(|(id, unit)| with(unit, "orgUnitId", id));
    let units = (vec(unit, 0..4), option::of(0..4_usize)).prop_map(|(units, primary)| numbered(units, primary, None));
    let organization = object(vec![
        ("levelId", reference()),
        ("orgUnits", units.boxed()),
        ("email", text("[a-z]{2,5}@yama\\.example")),
    ]);
    (vec(organization, 0..4), option::of(0..4_usize))
        .prop_map(|(entries, primary)| numbered(entries, primary, Some(DOMAIN)))
        .boxed()
}

/// Entries of which one may be primary; organizations of distinct domains, when `domain` is given.
fn numbered(entries: Vec<Value>, primary: Option<usize>, domain: Option<i64>) -> Value {
    let numbered = entries.into_iter().zip(0_i64..).map(|(entry, index)| {
        let entry = match domain {
            Some(domain) => with(entry, "domainId", (domain + index).into()),
            None => entry,
        };
        match primary {
            Some(primary) => with(entry, "primary", (index == primary as i64).into()),
            None => entry,
        }
    });
    numbered.collect()
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn custom_properties() -> BoxedStrategy<Value> {
    let link = || text("[a-z]{1,4}").prop_map(|link| json!({ "text": link, "link": link }));
    let value = prop_oneof![
        text("\\PC{0,20}"),
        any::<u64>().prop_map(Value::from),
        link(),
        vec(link(), 0..3).prop_map(Value::from),
        vec(0..5_u64, 0..4).prop_map(Value::from),
    ];
    object(vec![("hobby", value.clone().boxed()), ("badge", value.clone().boxed()), ("licence", value.boxed())])
}

/// A `user` object, nearly always a good one, using every property.
fn user() -> impl Strategy<Value = Value> {
    let names = || text("[ぁ-ん一-龠a-zA-Z'\\-]{1,20}");
    let kana = || text("[ァ-ヶー・ ]{0,20}");
    let messenger = text("[a-z]{1,5}").prop_flat_map(|id| {
        select(&["LINE", "TWITTER", "X"][..])
            .prop_map(move |protocol| json!({ "protocol": protocol, "messengerId": id }))
    });
    let relation = reference().prop_map(|id| json!({ "relationUserId": id, "relationName": "上司" }));
    let i18n = names().prop_map(
        |name| json!([{ "language": "en_US", "lastName": name }, { "language": "ko_KR", "firstName": name }]),
    );
    let optional = object(vec![
        ("nickName", names()),
        ("privateEmail", text("[A-Za-z]{1,8}@[a-z]{1,8}\\.jp")),
        ("aliasEmails", vec(text("[A-Za-z]{2,4}@umi\\.example"), 0..4).prop_map(Value::from).boxed()),
        ("employeeNumber", prop_oneof![text("[0-9A-Z ]{0,12}"), any::<u32>().prop_map(Value::from)].boxed()),
        ("userTypeId", reference()),
        ("telephone", text("[0-9]{1,5}[-+#()]{0,3}")),
        ("location", text("\\PC{0,30}")),
        ("locale", one_of(&["ja_JP", "en_US", ""])),
        ("timeZone", one_of(&["Asia/Tokyo", "UTC"])),
        ("hiredDate", text("20[0-9]{2}-0[1-9]-[12][0-8]")),
        ("birthdayCalendarType", one_of(&["SOLAR", "LUNAR"])),
        ("activationDate", text("203[0-9]-0[1-9]-1[0-9]T0[0-9]:00:00[+-]09:00")),
        ("searchable", flag()),
        ("messenger", messenger.boxed()),
        ("relations", vec(relation, 0..3).prop_map(Value::from).boxed()),
        ("i18nNames", i18n.boxed()),
        ("customProperties", custom_properties()),
        ("organizations", organizations()),
    ]);
    let name = (names(), object(vec![("firstName", names()), ("phoneticLastName", kana())]));
    (text("[A-Za-z][a-z0-9_]{1,9}@umi\\.example"), name, optional).prop_map(|(email, (last, name), user)| {
        with(with(user, "email", email), "userName", with(name, "lastName", last))
    })
}

/// A profile from generated input; the odd input that is refused (a unit named twice) is drawn again.
fn profile() -> impl Strategy<Value = Profile> {
    user().prop_filter_map("refused", |user| Profile::parse(&user, &ProfileRules::OPEN).ok())
}

/// A value that no rule takes everywhere, always beginning with the marker.
fn marked() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(format!("{MARKER}<>\u{0}@@")),
        Just(MARKER.to_owned()),
        Just(format!("{MARKER}@{MARKER}..{MARKER}")),
        Just(format!("{MARKER}ｱ")),
        Just(MARKER.repeat(100)),
    ];
    let text = text.prop_map(Value::from);
    prop_oneof![
        3 => text.clone(),
        1 => vec(text.clone(), 1..40).prop_map(Value::from),
        1 => vec((select(NAMES), text), 1..6).prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        }),
    ]
}

/// The member LINE WORKS would answer with: nulls for what has no value, and read-only properties besides.
fn as_answered(created: &Map<String, Value>) -> Map<String, Value> {
    let mut member = created.clone();
    for name in ["nickName", "telephone", "messenger", "userTypeId"] {
        member.entry(name).or_insert(Value::Null);
    }
    for name in ["aliasEmails", "i18nNames", "relations"] {
        member.entry(name).or_insert(json!([]));
    }
    let email = member["email"].clone();
    for organization in member.get_mut("organizations").and_then(Value::as_array_mut).into_iter().flatten() {
        let organization = organization.as_object_mut().expect("an object");
        organization.entry("email").or_insert(email.clone());
        organization.entry("levelId").or_insert(Value::Null);
        organization.insert("organizationName".into(), "海野商店".into());
    }
    member
}

proptest! {
    #[test]
    fn parsing_never_panics(value in any_json(), sso: bool) {
        let rules = ProfileRules { invited: !sso, ..ProfileRules::OPEN };
        if let Ok(profile) = Profile::parse(&value, &rules) {
            profile.difference(value.as_object().expect("only objects are read"), DOMAIN);
        }
        let stored = Profile::from_stored(&json!({ "user": value }));
        prop_assert!(stored.is_ok() || Profile::parse(&value, &rules).is_err());
    }

    #[test]
    fn comparing_never_panics(profile in profile(), member in any_json()) {
        if let Value::Object(member) = member {
            profile.difference(&member, DOMAIN);
        }
    }

    #[test]
    fn good_input_is_taken(user in user()) {
        let errors = Profile::parse(&user, &ProfileRules::OPEN).err().unwrap_or_default();
        let twice = errors.iter().all(|error| error.code == super::FieldCode::Conflict);
        prop_assert!(twice, "{:?}", errors);
    }

    #[test]
    fn a_member_created_as_wished_has_no_difference(profile in profile()) {
        let created = profile.create_properties(DOMAIN);
        for member in [as_answered(&created), created] {
            let difference = profile.difference(&member, DOMAIN);
            prop_assert!(difference.is_empty(), "{:?}", difference.patch());
        }
    }

    #[test]
    fn a_patched_member_has_no_difference(profile in profile(), before in profile()) {
        let mut member = as_answered(&before.create_properties(DOMAIN));
        member.extend(profile.difference(&member, DOMAIN).patch().clone());
        let difference = profile.difference(&member, DOMAIN);
        prop_assert!(difference.is_empty(), "{:?}", difference.patch());
    }

    #[test]
    fn the_ledger_gives_back_every_profile(profile in profile()) {
        prop_assert_eq!(Profile::from_stored(&serde_json::json!(profile)), Ok(profile));
    }

    #[test]
    fn exactly_one_organization_and_org_unit_is_primary(profile in profile(), before in profile()) {
        let created = profile.create_properties(DOMAIN);
        let patch = profile.difference(&before.create_properties(DOMAIN), DOMAIN).patch().clone();
        let primaries = |entries: &[Value]| entries.iter().filter(|entry| entry["primary"] == true).count();
        for organizations in [&created, &patch].iter().filter_map(|body| body.get("organizations")?.as_array()) {
            prop_assert_eq!(primaries(organizations), 1);
            for units in organizations.iter().filter_map(|entry| entry.get("orgUnits")?.as_array()) {
                prop_assert_eq!(primaries(units), usize::from(!units.is_empty()));
            }
        }
    }

    #[test]
    fn a_message_never_contains_what_was_sent(user in user(), name in select(NAMES), value in marked(), sso: bool) {
        let mut errors = Vec::new();
        for place in ["", "/userName", "/organizations/0", "/organizations/0/orgUnits/0", "/messenger", "/relations/0", "/customProperties"] {
            let mut user = user.clone();
            if let Some(Value::Object(object)) = user.pointer_mut(place) {
                object.insert(name.to_owned(), value.clone());
                errors.extend(Profile::parse(&user, &ProfileRules { invited: !sso, ..ProfileRules::OPEN }).err().unwrap_or_default());
            }
        }
        errors.extend(Profile::from_hook(MARKER, value.as_str(), &ProfileRules { invited: !sso, ..ProfileRules::OPEN }).err().unwrap_or_default());
        prop_assert!(!errors.is_empty());
        for error in errors {
            prop_assert!(!format!("{error:?}").contains(MARKER), "{:?}", error);
        }
    }
}
