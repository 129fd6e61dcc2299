//! Whom a comparison finds, and as what.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::compare::{Judgement, Person, Picture, compare};
use super::finding::{Finding, Kind, Note};
use crate::domain::assignment::{Assignment, Fact, Facts, Membership, OktaStatus, State};
use crate::domain::domains::Domains;
use crate::domain::event::{ProfileWish, Source, UnassignPolicy};
use crate::domain::key::KeyTemplate;
use crate::domain::marks::Marks;
use crate::domain::member::{Condition, Member};
use crate::domain::policy::{Adopt, GroupPolicy, Policy};
use crate::domain::profile::{Profile, ProfileRules};

fn judgement() -> Judgement {
    Judgement {
        key: KeyTemplate::new("{oktaUserId}"),
        policy: Policy {
            adopt: Adopt::WhenNoExternalKey,
            lift_foreign: false,
            unassign: UnassignPolicy::Suspend,
            delete_after: std::time::Duration::from_secs(3600),
            protected: vec!["chief@umi.example".to_owned()],
            managed_fields: None,
            groups: GroupPolicy::default(),
        },
        domains: Domains::One(1),
        sso: true,
    }
}

fn login(id: &str) -> String {
    format!("{}@umi.example", id.to_lowercase())
}

fn wish(id: &str, more: Value) -> ProfileWish {
    let mut user = json!({ "email": login(id), "userName": { "lastName": id } });
    for (name, value) in more.as_object().into_iter().flatten() {
        user[name.as_str()] = value.clone();
    }
    ProfileWish::Valid(Profile::parse(&user, &ProfileRules::OPEN).expect("a good user"))
}

fn person(id: &str) -> Person {
    Person {
        id: Some(id.parse().expect("an id")),
        login: Some(login(id)),
        wish: Some(wish(id, json!({}))),
        status: OktaStatus::Active,
    }
}

fn member(id: &str, key: Option<&str>) -> Member {
    let attributes = json!({ "email": login(id), "userName": { "lastName": id }, "domainId": 1 });
    Member {
        id: format!("m-{id}").parse().expect("an id"),
        external_key: key.map(str::to_owned),
        email: login(id),
        condition: Condition::Active,
        is_administrator: false,
        attributes: attributes.as_object().cloned().expect("an object"),
    }
}

fn row(id: &str, assigned: bool) -> Assignment {
    let at = Timestamp::UNIX_EPOCH;
    let value = if assigned { Membership::Assigned } else { Membership::Unassigned(None) };
    Assignment {
        person: id.parse().expect("an id"),
        facts: Facts {
            membership: Some(Fact { value, occurred: at, source: Source::Card }),
            profile: Some(Fact { value: wish(id, json!({})), occurred: at, source: Source::Card }),
            ..Facts::default()
        },
        revision: 1,
        applied_revision: 1,
        member_id: Some(format!("m-{id}").parse().expect("an id")),
        external_key: id.parse().ok(),
        marks: Marks::default(),
        groups: Vec::new(),
        yielded_to: None,
        former_logins: Vec::new(),
        state: State::Settled { look_again: None, note: None },
        said_before: None,
        ruling: None,
        failures: 0,
        created: at,
        updated: at,
    }
}

fn found(people: Vec<Person>, rows: Vec<Assignment>, members: Vec<Member>) -> Vec<Finding> {
    compare(&Picture { people, rows, members }, &judgement()).0
}

fn kinds(findings: &[Finding]) -> Vec<(Kind, &str)> {
    findings.iter().map(|it| (it.kind, it.login.as_deref().unwrap_or_default())).collect()
}

#[test]
fn who_is_as_should_be_is_counted_and_not_found() {
    let picture = Picture {
        people: vec![person("00uA")],
        rows: vec![row("00uA", true)],
        members: vec![member("00uA", Some("00uA"))],
    };
    let (findings, summary) = compare(&picture, &judgement());
    assert_eq!(findings, []);
    assert_eq!((summary.people, summary.members, summary.rows, summary.same), (1, 1, 1, 1));
}

#[test]
fn each_kind_is_told_from_the_others() {
    let people = vec![
        person("00uMISSING"),
        person("00uONBOARD"),
        person("00uDIFFERENT"),
        person("00uFOREIGN"),
        person("00uKEYED"),
    ];
    let mut different = member("00uDIFFERENT", Some("00uDIFFERENT"));
    different.attributes["userName"] = json!({ "lastName": "someone else" });
    let rows = vec![row("00uDIFFERENT", true), row("00uEXTRA", true), row("00uLEAVER", false), row("00uKEYED", true)];
    let members = vec![
        member("00uONBOARD", None),
        different,
        member("00uFOREIGN", Some("SAP-1")),
        member("00uEXTRA", Some("00uEXTRA")),
        member("00uLEAVER", Some("00uLEAVER")),
        member("00uGONE", Some("00uGONE")),
        member("chief", None),
        member("other", Some("SAP-2")),
        member("00uKEYED", None),
    ];
    let findings = found(people, rows, members);
    let wanted = [
        (Kind::Missing, "00umissing@umi.example"),
        (Kind::Onboard, "00ukeyed@umi.example"),
        (Kind::Onboard, "00uonboard@umi.example"),
        (Kind::Different, "00udifferent@umi.example"),
        (Kind::Foreign, "00uforeign@umi.example"),
        (Kind::Extra, "00uextra@umi.example"),
        (Kind::Extra, "00ugone@umi.example"),
        (Kind::Leaving, "00uleaver@umi.example"),
        (Kind::Unmanaged, "chief@umi.example"),
        (Kind::Unmanaged, "other@umi.example"),
    ];
    assert_eq!(kinds(&findings), wanted);
    let of = |login: &str| findings.iter().find(|it| it.login.as_deref() == Some(login)).expect(login);
    assert_eq!(of("00udifferent@umi.example").fields, ["userName"]);
    assert_eq!(of("00uonboard@umi.example").notes, [Note::NotInLedger, Note::NoKey]);
    assert_eq!(of("00ukeyed@umi.example").notes, [Note::NoKey]);
    assert_eq!(of("00ugone@umi.example").notes, [Note::NotInLedger], "its key says whose it was");
    assert_eq!(of("chief@umi.example").notes, [Note::Protected]);
}

#[test]
fn a_keyed_member_is_nobody_elses_by_e_mail() {
    // B took over the address A had; the member still carries A's key.
    let (mut a, mut b) = (person("00uA"), person("00uB"));
    a.wish = Some(wish("00uOTHER", json!({})));
    b.wish = Some(wish("00uA", json!({})));
    let findings = found(vec![b, a], vec![row("00uA", true)], vec![member("00uA", Some("00uA"))]);
    assert_eq!(kinds(&findings), [(Kind::Missing, "00ua@umi.example"), (Kind::Different, "00uother@umi.example")]);
    assert_eq!(findings[1].fields, ["email", "userName"]);
}

#[test]
fn status_counts_on_both_sides() {
    let with = |status, condition, by_us: bool| {
        let (mut person, mut row, mut member) = (person("00uA"), row("00uA", true), member("00uA", Some("00uA")));
        (person.status, member.condition) = (status, condition);
        let intent = crate::domain::marks::Intent { at: Timestamp::UNIX_EPOCH, confirmed: true };
        row.marks.suspend = by_us.then_some(intent);
        let findings = found(vec![person], vec![row], vec![member]);
        findings.first().map(|it| (it.kind, it.notes.clone()))
    };
    let (active, suspended, gone) = (OktaStatus::Active, OktaStatus::Suspended, OktaStatus::Deactivated);
    assert_eq!(with(active, Condition::Suspended, true), Some((Kind::Different, vec![Note::SuspendedByUs])));
    assert_eq!(with(active, Condition::Inactive, false), Some((Kind::Different, vec![Note::SuspendedByOthers])));
    assert_eq!(with(active, Condition::Deleted, false), Some((Kind::Missing, vec![Note::Deleted])));
    assert_eq!(with(active, Condition::OnLeave, false), None);
    assert_eq!(with(suspended, Condition::Active, false), Some((Kind::Different, vec![Note::SuspendedInOkta])));
    assert_eq!(with(suspended, Condition::Suspended, false), None);
    assert_eq!(with(gone, Condition::Active, false), Some((Kind::Extra, vec![Note::DeactivatedInOkta])));
    assert_eq!(with(gone, Condition::Suspended, false), None);
}

#[test]
fn a_place_by_its_name_is_the_members_place_of_that_name() {
    let places = |unit: &str| {
        let mut person = person("00uA");
        let organizations = json!({ "organizations": [{ "orgUnits": [{ "orgUnitId": format!("name:{unit}") }] }] });
        person.wish = Some(wish("00uA", organizations));
        let mut member = member("00uA", Some("00uA"));
        member.attributes.insert(
            "organizations".to_owned(),
            json!([{ "domainId": 1, "primary": true, "orgUnits": [{ "orgUnitId": "u1", "orgUnitName": "営業", "primary": true }] }]),
        );
        found(vec![person], vec![row("00uA", true)], vec![member])
    };
    assert_eq!(places("営業"), []);
    assert_eq!(places("開発")[0].fields, ["organizations"]);
}

#[test]
fn a_list_without_ids_is_matched_by_login_and_what_it_cannot_tell_is_said() {
    let without_id = |id: &str| Person { id: None, wish: None, ..person(id) };
    let people = vec![without_id("00uA"), without_id("00uNEW")];
    let members = vec![member("00uA", Some("00uA")), member("00uB", Some("00uB")), member("00uNEW", None)];
    let findings = found(people, vec![row("00uA", true), row("00uB", true)], members);
    assert_eq!(kinds(&findings), [(Kind::NeedsId, "00unew@umi.example"), (Kind::Extra, "00ub@umi.example")]);
    assert_eq!(findings[1].notes, [Note::MayBeWithoutId]);
}

#[test]
fn who_has_neither_app_nor_member_is_an_extra_only_while_the_ledger_says_otherwise() {
    let findings = found(vec![], vec![row("00uA", true), row("00uB", false)], vec![]);
    assert_eq!(kinds(&findings), [(Kind::Extra, "00ua@umi.example")]);
}

#[test]
fn a_refused_profile_names_its_fields() {
    let fields = Profile::parse(&json!({ "email": "x" }), &ProfileRules::OPEN).expect_err("a bad user");
    let refused = Person { wish: Some(ProfileWish::Refused { fields, thin: false }), ..person("00uA") };
    let findings = found(vec![refused], vec![], vec![]);
    assert_eq!((findings[0].kind, findings[0].errors[0].field.as_str()), (Kind::Refused, "user.email"));
}

#[test]
fn a_second_member_of_somebody_is_nobodys_extra() {
    let mut second = member("second", Some("00uA"));
    second.id = "m-2".parse().expect("an id");
    let findings = found(vec![person("00uA")], vec![row("00uA", true)], vec![member("00uA", Some("00uA")), second]);
    assert_eq!((findings[0].kind, findings[0].notes.as_slice()), (Kind::Foreign, &[Note::SecondMember][..]));
}
