//! How loudly it is said that people are held because Okta does not show them at all.
//!
//! One or two may have been deleted in Okta, and each is a line of its own. With a third within the hour it is most likely
//! the admin role that was narrowed: that is said once, as an error, and the others add nothing to it. It stops nobody's
//! work: whoever is not shown is held, and whoever is shown is told the truth about.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::OktaUserId;

/// So many people are no exceptions any more.
const MANY: usize = 3;
/// How long one alarm stands for everybody.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What to say of one more person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    /// This person needs a human.
    Person,
    /// So do many, most likely for one reason.
    Many,
    /// It was said.
    Nothing,
}

/// Whom Okta did not show of late, as far as this process was the one to ask.
#[derive(Debug, Default)]
pub(super) struct Absent(Mutex<Option<Tally>>);

#[derive(Debug)]
struct Tally {
    since: Timestamp,
    /// No more than it takes to be many.
    people: HashSet<OktaUserId>,
}

impl Absent {
    /// Takes note of a person who is held for it.
    pub(super) fn note(&self, person: &OktaUserId, now: Timestamp) -> Say {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = inner.take().filter(|tally| now.duration_since(tally.since) < WINDOW);
        let tally = inner.insert(known.unwrap_or_else(|| Tally { since: now, people: HashSet::new() }));
        if tally.people.len() >= MANY || !tally.people.insert(person.clone()) {
            return Say::Nothing;
        }
        if tally.people.len() == MANY { Say::Many } else { Say::Person }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_said_each_and_of_more_it_is_said_once_an_hour() {
        let absent = Absent::default();
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).expect("in range");
        let say = |id: &str, second| absent.note(&id.parse().expect("an id"), at(second));
        assert_eq!([say("00uA", 0), say("00uA", 1), say("00uB", 2)], [Say::Person, Say::Nothing, Say::Person]);
        assert_eq!([say("00uC", 3), say("00uD", 4), say("00uC", 3599)], [Say::Many, Say::Nothing, Say::Nothing]);
        assert_eq!([say("00uD", 3600), say("00uA", 3601), say("00uB", 3602)], [Say::Person, Say::Person, Say::Many]);
    }
}
