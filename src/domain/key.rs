//! The external key every member of ours carries: a template over the person, by default the Okta user id.
//!
//! The key is what says "this member is ours" to a later run, so it is made from what does not change.

use super::ids::{ExternalKey, OktaUserId};
use super::outcome::{Cause, Reason};
use super::profile::Profile;

/// A template such as `{oktaUserId}` or `okta-{employeeNumber}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate(String);

impl KeyTemplate {
    /// The placeholders there are.
    pub const PLACEHOLDERS: [&'static str; 3] = ["oktaUserId", "email", "employeeNumber"];

    /// Takes a template whose placeholders were checked by the configuration.
    pub fn new(template: impl Into<String>) -> Self {
        Self(template.into())
    }

    /// Whose key this is, as far as the key alone says it: only a template with nothing of the profile in it does, and
    /// only an id in Okta's own form (`00u…`) is believed.
    pub fn person_of(&self, key: &str) -> Option<OktaUserId> {
        let (before, after) = self.0.split_once("{oktaUserId}")?;
        let id = key.strip_prefix(before)?.strip_suffix(after)?;
        if before.contains('{') || after.contains('{') || !id.starts_with("00u") {
            return None;
        }
        id.parse().ok()
    }

    /// The key for a person.
    ///
    /// # Errors
    /// When the profile (or the lack of one) leaves a placeholder empty, or the result is no external key.
    pub fn key_for(&self, person: &OktaUserId, profile: Option<&Profile>) -> Result<ExternalKey, Reason> {
        let unavailable = |property: &str| Reason::with(Cause::ExternalKeyUnavailable, property.to_owned());
        let mut key = self.0.replace("{oktaUserId}", person.as_str());
        if key.contains("{email}") {
            let email = profile.map(|profile| profile.email().as_str()).ok_or_else(|| unavailable("email"))?;
            key = key.replace("{email}", email);
        }
        if key.contains("{employeeNumber}") {
            let number = profile.and_then(Profile::employee_number).ok_or_else(|| unavailable("employeeNumber"))?;
            key = key.replace("{employeeNumber}", number);
        }
        key.parse().map_err(|_| unavailable("characters or length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::ProfileRules;

    #[test]
    fn the_default_template_is_the_okta_user_id_and_needs_no_profile() {
        let person = "00uTARO".parse().expect("valid");
        let key = KeyTemplate::new("{oktaUserId}").key_for(&person, None).expect("made");
        assert_eq!(key.as_str(), "00uTARO");
    }

    #[test]
    fn a_key_says_whose_it_is_only_when_it_is_made_of_the_id_alone() {
        let person_of = |template: &str, key: &str| KeyTemplate::new(template).person_of(key);
        let taro = "00uTARO".parse().ok();
        assert_eq!(person_of("{oktaUserId}", "00uTARO"), taro);
        assert_eq!(person_of("okta-{oktaUserId}", "okta-00uTARO"), taro);
        for (template, key) in [("{oktaUserId}", "E-7"), ("okta-{oktaUserId}", "00uTARO"), ("{email}", "00uTARO")] {
            assert_eq!(person_of(template, key), None, "{template} {key}");
        }
        assert_eq!(person_of("{oktaUserId}-{employeeNumber}", "00uTARO-7"), None);
    }

    #[test]
    fn a_template_over_the_profile_says_which_property_is_missing() {
        let person = "00uTARO".parse().expect("valid");
        let template = KeyTemplate::new("okta-{employeeNumber}");
        let reason = template.key_for(&person, None).expect_err("no profile");
        assert_eq!((reason.cause, reason.detail.as_deref()), (Cause::ExternalKeyUnavailable, Some("employeeNumber")));
        let user =
            serde_json::json!({"email": "taro@example.com", "userName": {"lastName": "山田"}, "employeeNumber": "E-7"});
        let profile = Profile::parse(&user, &ProfileRules::OPEN).expect("valid");
        assert_eq!(template.key_for(&person, Some(&profile)).expect("made").as_str(), "okta-E-7");
    }
}
