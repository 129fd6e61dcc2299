//! A card's wish laid over what Okta's own attributes make.
//!
//! A card carries what its flow was told to send; Okta's attributes are the rest. Property by property the card's word
//! counts, a null included: that is a wish to clear it.

use serde_json::{Map, Value};

use super::{FieldError, Profile, ProfileRules};

impl Profile {
    /// `user` (the words of a card call's `user` object) with each property this profile carries in place of its own.
    ///
    /// # Errors
    /// As [`Profile::parse`]; a bad field of `user` that this profile replaces is none.
    pub fn laid_over(&self, user: &Value, rules: &ProfileRules) -> Result<Self, Vec<FieldError>> {
        let mut all: Map<String, Value> = user.as_object().cloned().unwrap_or_default();
        all.extend(self.properties.clone());
        Self::parse(&Value::Object(all), rules)
    }

    /// Whether this profile carries the property that every one of these fields belongs to.
    pub fn carries_all(&self, fields: &[FieldError]) -> bool {
        fields.iter().all(|error| {
            let path = error.field.strip_prefix("user.").unwrap_or(&error.field);
            let property = path.split(['.', '[']).next().unwrap_or_default();
            self.properties.contains_key(property)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card(user: Value) -> Profile {
        Profile::parse(&user, &ProfileRules::OPEN).expect("a good user object")
    }

    #[test]
    fn the_card_wins_property_by_property_and_may_clear() {
        let card = card(json!({"email": "hanako@umi.example", "userName": {"lastName": "海野"}, "task": null}));
        let okta = json!({"email": "umino@umi.example", "userName": {"lastName": "Umino", "firstName": "Hanako"},
            "task": "fishing", "location": "三田"});
        let laid = card.laid_over(&okta, &ProfileRules::OPEN).expect("valid");
        let expected = json!({"email": "hanako@umi.example", "userName": {"lastName": "海野"}, "task": null,
            "location": "三田"});
        assert_eq!(json!(laid), json!({"user": expected, "thin": false}));
    }

    #[test]
    fn a_bad_property_that_the_card_replaces_does_no_harm_and_another_one_does() {
        let card = card(json!({"email": "hanako@umi.example", "userName": {"lastName": "海野"}}));
        assert!(card.laid_over(&json!({"userName": {"firstName": "花子"}}), &ProfileRules::OPEN).is_ok());
        let bad = card.laid_over(&json!({"task": 7}), &ProfileRules::OPEN).expect_err("no text");
        assert_eq!(bad[0].field, "user.task");
        assert!(!card.carries_all(&bad));
        let bad = Profile::parse(&json!({"email": "hanako@umi.example"}), &ProfileRules::OPEN).expect_err("no name");
        assert!(card.carries_all(&bad), "{bad:?}");
    }
}
