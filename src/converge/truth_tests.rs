//! What Okta's attributes and a card's make together.

use serde_json::json;

use super::*;
use crate::domain::assignment::OktaStatus;

fn card(user: Value) -> ProfileWish {
    match Profile::parse(&user, &ProfileRules::OPEN) {
        Ok(profile) => ProfileWish::Valid(profile),
        Err(fields) => ProfileWish::Refused { fields, thin: false },
    }
}

fn okta() -> Value {
    json!({"email": "taro@example.com", "userName": {"lastName": "Yamada"}, "location": "三田"})
}

fn made(user: Result<Value, Vec<FieldError>>, carried: Option<&ProfileWish>) -> Result<Value, Vec<String>> {
    match wish(user, carried, &ProfileRules::OPEN) {
        ProfileWish::Valid(profile) => Ok(json!(profile)["user"].clone()),
        ProfileWish::Refused { fields, thin } => {
            assert!(!thin);
            Err(fields.into_iter().map(|error| error.field).collect())
        }
    }
}

#[test]
fn okta_alone_makes_the_wish_and_a_card_lies_over_it() {
    assert_eq!(made(Ok(okta()), None), Ok(okta()));
    let sent = card(json!({"email": "taro@example.com", "userName": {"lastName": "山田"}}));
    let both = json!({"email": "taro@example.com", "userName": {"lastName": "山田"}, "location": "三田"});
    assert_eq!(made(Ok(okta()), Some(&sent)), Ok(both));
}

#[test]
fn what_a_card_got_wrong_stays_refused_whatever_okta_has() {
    let sent = card(json!({"email": "taro@example.com"}));
    assert_eq!(made(Ok(okta()), Some(&sent)), Err(vec!["user.userName".to_owned()]));
}

#[test]
fn a_template_that_fails_is_refused_unless_the_card_carries_what_it_was_for() {
    let fields = || Profile::parse(&json!({"email": "taro@example.com"}), &ProfileRules::OPEN).expect_err("no name");
    assert_eq!(made(Err(fields()), None), Err(vec!["user.userName".to_owned()]));
    let whole = json!({"email": "taro@example.com", "userName": {"lastName": "山田"}});
    assert_eq!(made(Err(fields()), Some(&card(whole.clone()))), Ok(whole));
}

#[test]
fn a_hooks_names_count_for_nothing_beside_okta() {
    let thin = Profile::from_hook("taro@example.com", Some("Taro"), &ProfileRules::OPEN).expect("valid");
    let at = Timestamp::UNIX_EPOCH;
    let source = crate::domain::event::Source::Hook;
    let profile = Some(crate::domain::assignment::Fact { value: ProfileWish::Valid(thin), occurred: at, source });
    let facts = Facts { profile, ..Facts::default() };
    let observed = Observed { at, is_shown: true, assigned: true, status: OktaStatus::Active, user: Some(Ok(okta())) };
    let learnt = learn(observed, &facts, &ProfileRules::OPEN);
    assert_eq!(learnt.profile, Some(card(okta())));
}
