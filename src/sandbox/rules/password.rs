//! The initial password that an administrator may give, by the tenant's default policy.
//!
//! At least 8 and at most 20 characters, letters and digits, no three in a row that are equal or consecutive; by the
//! tenant's choice also specials (vendor's administrator guide). Whether the API checks the runs is not recorded; here it does.

use serde_json::{Map, Value};

use super::{Problem, objects, text};
use crate::sandbox::switches::{PasswordPolicy, Switches};

const PROPERTY: &str = "passwordConfig.password";

/// Checks `passwordConfig` of a create. With single sign-on it has no meaning, but its types still count.
pub(super) fn check(body: &Map<String, Value>, switches: &Switches) -> Result<(), Problem> {
    let Some(config) = body.get("passwordConfig").filter(|config| !config.is_null()) else {
        return Ok(());
    };
    let fields = objects::object("passwordConfig", config)?;
    let kind = match fields.get("passwordCreationType") {
        None => "MEMBER",
        Some(kind) => {
            objects::choice("passwordConfig.passwordCreationType", kind, &["ADMIN", "MEMBER"])?;
            kind.as_str().unwrap_or("MEMBER")
        }
    };
    if let Some(change) = fields.get("changePasswordAtNextLogin") {
        objects::boolean("passwordConfig.changePasswordAtNextLogin", change)?;
    }
    if switches.sso || kind == "MEMBER" {
        return Ok(());
    }
    match fields.get("password").filter(|password| !password.is_null()) {
        None => Err(Problem::missing(PROPERTY)),
        Some(password) => meets(text::string(PROPERTY, password)?, switches.password_policy),
    }
}

fn meets(password: &str, policy: PasswordPolicy) -> Result<(), Problem> {
    if !(8..=20).contains(&text::length(password)) {
        return Err(Problem::invalid(PROPERTY, "Its length must be 8 to 20."));
    }
    if !password.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::invalid(PROPERTY, "Only letters, digits and specials are allowed."));
    }
    let has = |test: fn(&u8) -> bool| password.as_bytes().iter().any(test);
    if !has(u8::is_ascii_alphabetic) || !has(u8::is_ascii_digit) {
        return Err(Problem::invalid(PROPERTY, "It needs letters and digits."));
    }
    if policy == PasswordPolicy::Specials && !has(u8::is_ascii_punctuation) {
        return Err(Problem::invalid(PROPERTY, "It needs a special character."));
    }
    if password.as_bytes().windows(3).any(is_run) {
        return Err(Problem::invalid(PROPERTY, "No three characters in a row may be equal or consecutive."));
    }
    Ok(())
}

/// `aaa`, `@@@`, `abc`, `123`.
fn is_run(window: &[u8]) -> bool {
    let [a, b, c] = window else {
        return false;
    };
    let letters = window.iter().all(u8::is_ascii_alphabetic) || window.iter().all(u8::is_ascii_digit);
    (a == b && b == c) || (letters && a.checked_add(1) == Some(*b) && b.checked_add(1) == Some(*c))
}
