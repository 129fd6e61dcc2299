//! How things stand with LINE WORKS: what `/readyz`, `check` and the admin page show.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::outcome::Reason;
use crate::lineworks::ContactStatus;

/// Work that does not go out at the moment, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Paused {
    /// Why; its advice says what a human must do.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
}

/// What the end of the SCIM token is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The token says so itself.
    Exp,
    /// 90 days from its last use.
    LastUse,
}

/// How long the SCIM token lives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScimTokenStatus {
    /// Its end; none before its first use, when it does not say so itself.
    pub expires_at: Option<Timestamp>,
    /// Whole days until then.
    pub days_left: Option<i64>,
    /// What the end is known from.
    pub basis: Basis,
    /// Since when LINE WORKS refuses it.
    pub refused_since: Option<Timestamp>,
}

/// Everything there is to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineWorksStatus {
    /// The last contacts.
    pub contact: ContactStatus,
    /// What is paused.
    pub paused: Vec<Paused>,
    /// The SCIM token, if there is one.
    pub scim_token: Option<ScimTokenStatus>,
}

/// The contacts with two APIs as one: an API that does not work hides one that does.
pub fn together(one: ContactStatus, other: ContactStatus) -> ContactStatus {
    let fails = |status: &ContactStatus| {
        status.last_failure.as_ref().is_some_and(|(at, _)| status.last_success.is_none_or(|success| success <= *at))
    };
    match (fails(&one), fails(&other)) {
        (true, _) => one,
        (false, true) => other,
        (false, false) if other.last_success > one.last_success => other,
        (false, false) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::Cause;

    #[test]
    fn an_api_that_fails_is_shown_whichever_it_is() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let works = ContactStatus { last_success: Some(at(9)), last_failure: None };
        let recovered = ContactStatus {
            last_success: Some(at(8)),
            last_failure: Some((at(7), Reason::of(Cause::LineWorksFailing))),
        };
        let fails = ContactStatus { last_success: Some(at(1)), ..recovered.clone() };
        assert_eq!(together(works.clone(), fails.clone()), fails);
        assert_eq!(together(fails.clone(), works.clone()), fails);
        assert_eq!(together(recovered.clone(), works.clone()), works);
        assert_eq!(together(ContactStatus::default(), recovered.clone()), recovered);
    }
}
