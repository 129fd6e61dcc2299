//! The login address of a LINE WORKS member.
//!
//! It is what a member signs in with and, next to the external key, what a member is looked up by. A `LoginEmail` can
//! only be made by its parser, so that no address LINE WORKS would refuse travels further. It is personal data: `Debug`
//! does not show it.

use std::{fmt, str::FromStr};

use super::reader::Faults;
use super::refusal::{self, FieldError, Refusal};
use crate::domain::domains::Domains;

/// LINE WORKS Directory API, user-create, `email`: the whole address.
const MAX: usize = 90;
/// LINE WORKS Directory API, user-create, `email`: the part before the `@`.
const LOCAL_PART_MIN: usize = 2;
const LOCAL_PART_MAX: usize = 40;

/// A login address LINE WORKS accepts, in lower case: `id@domain`, or `id@group` on plans without an own domain.
///
/// Source: LINE WORKS Directory API, user-create, `email`: at most 90 characters; before the `@` 2 to 40 of `a-z`, `0-9`,
/// `.`, `-`, `_`, beginning with a letter or digit, no dot first, last or doubled. ASCII upper case is accepted and
/// lowered, as LINE WORKS shows addresses in lower case. LINE WORKS also keeps a list of prohibited words that is not published.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginEmail(String);

impl LoginEmail {
    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// Notes it when the address belongs to no domain of the tenant.
    pub(super) fn refuse_outside(&self, domains: &Domains, faults: &mut Faults) {
        if let (None, Some(names)) = (domains.of(self), domains.names()) {
            faults.add("user.email", refusal::OUTSIDE_DOMAINS.with(names.join(", ")));
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let address = text.trim().to_ascii_lowercase();
        if address.is_empty() {
            return Err(refusal::MISSING.into());
        }
        if address.chars().count() > MAX {
            return Err(refusal::TOO_LONG.with(MAX));
        }
        let (local, domain) = split(&address)?;
        check_local_part(local)?;
        check_domain(domain)?;
        Ok(Self(address))
    }
}

/// The two sides of the one `@`, neither empty.
pub(super) fn split(address: &str) -> Result<(&str, &str), Refusal> {
    match address.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => {
            Ok((local, domain))
        }
        _ => Err(refusal::EMAIL_SHAPE.into()),
    }
}

fn check_local_part(local: &str) -> Result<(), Refusal> {
    if !local.chars().all(is_address_character) {
        return Err(refusal::LOCAL_PART_CHARACTER.into());
    }
    if local.len() > LOCAL_PART_MAX {
        return Err(refusal::LOCAL_PART_TOO_LONG.with(LOCAL_PART_MAX));
    }
    if local.len() < LOCAL_PART_MIN {
        return Err(refusal::LOCAL_PART_TOO_SHORT.with(LOCAL_PART_MIN));
    }
    if !local.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(refusal::LOCAL_PART_START.into());
    }
    if local.ends_with('.') || local.contains("..") {
        return Err(refusal::LOCAL_PART_DOTS.into());
    }
    Ok(())
}

fn check_domain(domain: &str) -> Result<(), Refusal> {
    if !domain.chars().all(is_address_character) {
        return Err(refusal::DOMAIN_CHARACTER.into());
    }
    if domain.split('.').any(str::is_empty) {
        return Err(refusal::DOMAIN_SHAPE.into());
    }
    Ok(())
}

fn is_address_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_')
}

impl FromStr for LoginEmail {
    type Err = FieldError;

    /// # Errors
    ///
    /// A `FieldError` on the field `email` that names the rule the text breaks.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        Self::parse(text).map_err(|refusal| FieldError::new("email", &refusal))
    }
}

impl fmt::Debug for LoginEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginEmail(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::FieldCode, *};

    fn code(text: &str) -> FieldCode {
        text.parse::<LoginEmail>().expect_err(text).code
    }

    #[test]
    fn upper_case_is_lowered_and_space_around_is_dropped() {
        let email: LoginEmail = "  Hanako.SATO@Example.CO.jp\u{3000}".parse().expect("a good address");
        assert_eq!(email.as_str(), "hanako.sato@example.co.jp");
        assert_eq!(email.local_part(), "hanako.sato");
    }

    #[test]
    fn an_address_of_a_group_has_no_dot_after_the_at_sign() {
        assert!("hanako@umi-shoten".parse::<LoginEmail>().is_ok());
    }

    #[test]
    fn each_side_of_the_one_at_sign_must_be_there() {
        for text in ["hanako", "@example.jp", "hanako@", "hanako@sato@example.jp", "@", "@@"] {
            assert_eq!(code(text), FieldCode::BadFormat, "{text}");
        }
        assert_eq!(code("  "), FieldCode::Missing);
    }

    #[test]
    fn the_local_part_begins_with_a_letter_or_digit_and_has_no_stray_dot() {
        for text in [".hanako", "-hanako", "_hanako", "hanako.", "ha..nako"] {
            assert_eq!(code(&format!("{text}@example.jp")), FieldCode::BadFormat, "{text}");
        }
        for text in ["0hanako", "h.a.n", "h-", "h_", "hanako-"] {
            assert!(format!("{text}@example.jp").parse::<LoginEmail>().is_ok(), "{text}");
        }
    }

    #[test]
    fn other_characters_are_refused_on_both_sides() {
        for text in [
            "ha nako@example.jp",
            "ha+nako@example.jp",
            "花子@example.jp",
            "hanako@例.jp",
            "\u{212A}ei@example.jp",
            "hanako@ex ample.jp",
        ] {
            assert_eq!(code(text), FieldCode::BadCharacter, "{text}");
        }
        for text in ["hanako@.jp", "hanako@jp.", "hanako@a..jp"] {
            assert_eq!(code(text), FieldCode::BadFormat, "{text}");
        }
    }

    #[test]
    fn the_limits_are_2_to_40_before_the_at_sign_and_90_in_all() {
        assert!("ab@example.jp".parse::<LoginEmail>().is_ok());
        assert_eq!(code("a@example.jp"), FieldCode::TooShort);
        let forty = "a".repeat(40);
        assert!(format!("{forty}@{}", "d".repeat(49)).parse::<LoginEmail>().is_ok());
        assert_eq!(code(&format!("{forty}@{}", "d".repeat(50))), FieldCode::TooLong);
        assert_eq!(code(&format!("{forty}a@example.jp")), FieldCode::TooLong);
    }

    #[test]
    fn debug_does_not_show_the_address() {
        let email: LoginEmail = "hanako@example.jp".parse().expect("a good address");
        assert!(!format!("{email:?}").contains("hanako"));
    }
}
