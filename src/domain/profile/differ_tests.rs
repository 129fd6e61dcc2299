//! What counts as a difference between a wish and the member as LINE WORKS answers it, and what is then sent.

use serde_json::{Map, Value, json};

use super::{Profile, ProfileRules};

const DOMAIN: i64 = 7_000_001;

/// A member as LINE WORKS answers it, with the properties it cannot be given and the ones it has no value for.
fn member() -> Value {
    json!({
        "domainId": DOMAIN, "userId": "member-1", "userExternalKey": "K1", "isSuspended": false,
        "suspendedReason": null, "email": "hanako@umi.example",
        "userName": { "lastName": "海野", "firstName": "花子", "phoneticLastName": "ウミノ", "phoneticFirstName": null },
        "i18nNames": [], "nickName": null, "aliasEmails": [], "userTypeId": "type-1", "userTypeExternalKey": "regular",
        "searchable": true, "telephone": "03-1111-2222", "task": "", "activationDate": "2031-04-01T09:00:00+09:00",
        "messenger": { "protocol": "X", "messengerId": "umi" }, "locale": "ja_JP",
        "relations": [{ "relationUserId": "member-2", "relationName": "上司", "externalKey": "K2" }],
        "customProperties": { "hobby": "釣り", "licences": ["A", "B"], "badge": 7 },
        "organizations": places(),
    })
}

/// The main place and one in another domain of the tenant.
fn places() -> Value {
    json!([
        {
            "domainId": DOMAIN, "primary": true, "userExternalKey": null, "email": "hanako@umi.example",
            "levelId": "level-1", "levelExternalKey": "staff", "levelName": "社員", "executive": false,
            "organizationName": "海野商店",
            "orgUnits": [
                {
                    "orgUnitId": "unit-1", "orgUnitExternalKey": "sales", "orgUnitName": "営業", "primary": true,
                    "positionId": "position-1", "positionExternalKey": "chief", "positionName": "係長",
                    "isManager": true, "visible": false, "useTeamFeature": true,
                },
                {
                    "orgUnitId": "unit-2", "orgUnitExternalKey": null, "primary": false, "positionId": null,
                    "isManager": false, "visible": true, "useTeamFeature": true,
                },
            ],
        },
        {
            "domainId": 8_000_002, "primary": false, "email": "hanako@yama.example", "levelId": null,
            "executive": false, "organizationName": "山野商店",
            "orgUnits": [{ "orgUnitId": "unit-9", "primary": true, "positionId": null, "isManager": false }],
        },
    ])
}

/// What would be sent to the member for a wish of these properties.
fn patch(properties: Value) -> Value {
    patch_of(&member(), properties)
}

fn patch_of(member: &Value, properties: Value) -> Value {
    let mut user = json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野" } });
    user.as_object_mut().expect("an object").extend(properties.as_object().expect("an object").clone());
    let profile = Profile::parse(&user, &ProfileRules::OPEN).expect("a good user object");
    let actual: &Map<String, Value> = member.as_object().expect("an object");
    profile.difference(actual, DOMAIN).patch().clone().into()
}

#[test]
fn a_member_that_is_as_wished_has_no_difference() {
    let wishes = [
        json!({ "email": "HANAKO@umi.example" }),
        json!({ "userName": { "firstName": "花子", "phoneticFirstName": null } }),
        json!({ "nickName": null, "task": "", "aliasEmails": [], "i18nNames": null, "telephone": "03-1111-2222" }),
        json!({ "userTypeId": "type-1" }),
        json!({ "userTypeId": "externalKey:regular" }),
        json!({ "messenger": { "protocol": "TWITTER", "messengerId": "umi" } }),
        json!({ "relations": [{ "relationUserId": "externalKey:K2", "relationName": "上司" }] }),
        json!({ "customProperties": { "licences": ["B", "A"], "badge": 7, "other": null } }),
        json!({ "activationDate": "2040-01-01T00:00:00Z" }),
    ];
    for wish in wishes {
        assert_eq!(patch(wish.clone()), json!({}), "{wish}");
    }
}

#[test]
fn only_what_differs_is_sent_and_null_clears() {
    assert_eq!(
        patch(json!({ "telephone": null, "nickName": "はな", "locale": "ja_JP" })),
        json!({ "telephone": null, "nickName": "はな" })
    );
    assert_eq!(patch(json!({ "email": "umino@umi.example" })), json!({ "email": "umino@umi.example" }));
    assert_eq!(patch(json!({ "userTypeId": "externalKey:other" })), json!({ "userTypeId": "externalKey:other" }));
    assert_eq!(patch(json!({ "searchable": false })), json!({ "searchable": false }));
    assert_eq!(patch(json!({ "relations": [] })), json!({ "relations": [] }));
    assert_eq!(patch(json!({ "messenger": null })), json!({ "messenger": null }));
}

#[test]
fn an_absent_flag_of_the_member_has_its_default() {
    let plain = json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野" } });
    assert_eq!(
        patch_of(&plain, json!({ "searchable": true, "nickName": null, "customProperties": { "a": null } })),
        json!({})
    );
}

#[test]
fn parts_of_a_name_that_are_not_carried_are_repeated() {
    assert_eq!(
        patch(json!({ "userName": { "lastName": "山野", "phoneticLastName": null } })),
        json!({ "userName": { "lastName": "山野", "firstName": "花子", "phoneticLastName": null } })
    );
}

#[test]
fn custom_properties_that_are_not_carried_are_repeated() {
    assert_eq!(
        patch(json!({ "customProperties": { "hobby": null, "badge": 8 } })),
        json!({ "customProperties": { "hobby": null, "badge": 8, "licences": ["A", "B"] } })
    );
}

#[test]
fn a_thin_profile_renames_nobody() {
    let profile = Profile::from_hook("umino@umi.example", Some("Hanako Umino"), &ProfileRules::OPEN).expect("a login");
    let difference = profile.difference(member().as_object().expect("an object"), DOMAIN);
    assert_eq!(difference.fields(), ["email"]);
}

#[test]
fn org_units_are_the_same_by_id_or_external_key_in_any_order() {
    let by_key = json!([
        { "orgUnitId": "unit-2" },
        { "orgUnitId": "externalKey:sales", "primary": true, "positionId": "externalKey:chief" },
    ]);
    for wish in [
        json!([{ "levelId": "externalKey:staff", "orgUnits": by_key }]),
        json!([{ "domainId": DOMAIN, "levelId": "level-1" }]),
        json!([{ "domainId": 8_000_002 }]),
        json!([{ "domainId": 8_000_002, "email": "hanako@YAMA.example" }, { "domainId": DOMAIN }]),
    ] {
        assert_eq!(patch(json!({ "organizations": wish.clone() })), json!({}), "{wish}");
    }
}

#[test]
fn a_change_of_org_units_keeps_flags_and_other_domains() {
    let sent = patch(
        json!({ "organizations": [{ "orgUnits": [{ "orgUnitId": "externalKey:sales" }, { "orgUnitId": "unit-3", "isManager": true }] }] }),
    );
    let expected = json!([
        {
            "domainId": DOMAIN, "primary": true, "levelId": "level-1",
            "orgUnits": [
                {
                    "orgUnitId": "externalKey:sales", "primary": true, "positionId": "position-1",
                    "isManager": true, "visible": false, "useTeamFeature": true,
                },
                { "orgUnitId": "unit-3", "primary": false, "isManager": true },
            ],
        },
        {
            "domainId": 8_000_002, "primary": false, "email": "hanako@yama.example",
            "orgUnits": [{ "orgUnitId": "unit-9", "primary": true, "isManager": false }],
        },
    ]);
    assert_eq!(sent["organizations"], expected);
}

#[test]
fn null_clears_a_level_and_an_empty_list_the_org_units() {
    let sent = patch(json!({ "organizations": [{ "levelId": null, "orgUnits": [] }] }));
    assert_eq!(
        sent["organizations"][0],
        json!({ "domainId": DOMAIN, "primary": true, "levelId": null, "orgUnits": [] })
    );
}

#[test]
fn the_primary_organization_moves_only_when_the_wish_says_so() {
    let primaries = |sent: &Value| -> Vec<bool> {
        sent["organizations"].as_array().into_iter().flatten().map(|entry| entry["primary"] == true).collect()
    };
    let said = patch(json!({ "organizations": [{ "domainId": 8_000_002, "primary": true }] }));
    assert_eq!(primaries(&said), [true, false]);
    let new = patch(json!({ "organizations": [{ "domainId": 9, "levelId": "level-9" }] }));
    assert_eq!(primaries(&new), [false, true, false]);
}

#[test]
fn fields_a_backend_cannot_set_can_be_left_out() {
    let profile = Profile::parse(
        &json!({ "email": "umino@umi.example", "userName": { "lastName": "海野" }, "nickName": "はな" }),
        &ProfileRules::OPEN,
    )
    .expect("a good user object");
    let difference = profile.difference(member().as_object().expect("an object"), DOMAIN);
    assert_eq!(difference.fields(), ["email", "nickName"]);
    assert_eq!(difference.without(&["nickName"]).fields(), ["email"]);
    assert!(difference.without(&["nickName", "email"]).is_empty());
}

#[test]
fn a_member_of_an_odd_shape_counts_as_empty() {
    let odd = json!({ "email": 5, "userName": [], "organizations": "none", "aliasEmails": {}, "customProperties": 1 });
    let sent = patch_of(&odd, json!({ "organizations": [{ "levelId": "level-1" }], "customProperties": { "a": 1 } }));
    assert_eq!(sent["organizations"], json!([{ "domainId": DOMAIN, "primary": true, "levelId": "level-1" }]));
    assert_eq!(sent["customProperties"], json!({ "a": 1 }));
}
