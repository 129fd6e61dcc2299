//! Dotted paths of single properties, such as `userName.lastName`, as the attribute mapping names them.
//!
//! Of a list a path means its one entry, written `organizations[].orgUnits[].orgUnitId`.

use super::placement::{ORG_UNIT, ORGANIZATION};
use super::reader::{Shape, within};
use super::refusal::{self, FieldError};
use super::user::{MESSENGER, USER, USER_NAME_PARTS};

/// What the values of an object are.
enum Inside {
    /// An object of this shape.
    Object(&'static Shape),
    /// A list of such objects.
    List(&'static Shape),
    /// Whatever the tenant's administrator has defined.
    Anything,
}

fn inside(path: &str) -> Option<Inside> {
    match path {
        "userName" => Some(Inside::Object(&USER_NAME_PARTS)),
        "messenger" => Some(Inside::Object(&MESSENGER)),
        "organizations" => Some(Inside::List(&ORGANIZATION)),
        "organizations[].orgUnits" => Some(Inside::List(&ORG_UNIT)),
        "customProperties" => Some(Inside::Anything),
        _ => None,
    }
}

/// Whether a profile has such a property that can be set.
///
/// # Errors
/// Why not, and which one is likely meant.
pub fn check_path(path: &str) -> Result<(), FieldError> {
    let mut shape = &USER;
    let mut walked = String::new();
    let mut segments = path.split('.').peekable();
    while let Some(segment) = segments.next() {
        let at = if walked.is_empty() { "user".to_owned() } else { format!("user.{walked}") };
        let (name, is_entry) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
        let unknown = |name| FieldError::new(within(&at, name), &shape.why_not(name));
        if shape.properties.iter().all(|property| property.name != name) {
            return Err(unknown(name));
        }
        let separator = if walked.is_empty() { "" } else { "." };
        walked = format!("{walked}{separator}{name}");
        let here = inside(&walked);
        let goes_on = segments.peek().is_some();
        match here {
            Some(Inside::List(_)) if goes_on && !is_entry => {
                return Err(FieldError::new(
                    format!("user.{walked}"),
                    &refusal::NOT_A_LIST.with(format!("{walked}[]")),
                ));
            }
            Some(Inside::List(inner)) if goes_on => {
                walked.push_str("[]");
                shape = inner;
            }
            Some(Inside::Object(inner)) if goes_on && !is_entry => shape = inner,
            Some(Inside::Anything) if goes_on && !is_entry => {
                let rest: Vec<&str> = segments.collect();
                let one_name = rest.len() == 1 && !rest[0].trim().is_empty() && !rest[0].ends_with("[]");
                return if one_name { Ok(()) } else { Err(unknown(segment)) };
            }
            _ if goes_on || is_entry => return Err(unknown(segment)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_path;
    use crate::domain::profile::FieldCode;

    #[test]
    fn the_properties_of_a_profile_have_paths() {
        for path in [
            "email",
            "userName",
            "userName.phoneticLastName",
            "messenger.messengerId",
            "customProperties",
            "customProperties.社員区分",
            "organizations",
            "organizations[].levelId",
            "organizations[].orgUnits",
            "organizations[].orgUnits[].positionId",
            "groups",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn what_is_no_property_is_refused_with_the_one_that_is_meant() {
        for (path, meant) in [
            ("nickname", "nickName"),
            ("lastName", "userName.lastName"),
            ("department", "organizations[].orgUnits[].orgUnitId"),
            ("userName.familyName", "lastName"),
            ("organizations.levelId", "organizations[]"),
            ("organizations[].orgUnits.positionId", "organizations[].orgUnits[]"),
        ] {
            let error = check_path(path).expect_err(path);
            assert!(error.message.contains(meant), "{path}: {error}");
        }
        for path in ["", ".", "email.x", "email[]", "userName[].lastName", "customProperties.a.b", "customProperties."]
        {
            assert!(check_path(path).is_err(), "{path}");
        }
        assert_eq!(check_path("userExternalKey").map_err(|error| error.code), Err(FieldCode::NotAllowed));
    }
}
