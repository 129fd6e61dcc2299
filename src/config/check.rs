//! The notebook a configuration is read with: it knows where each value came from and collects what is wrong.
//!
//! The functions here read one value each; a value that cannot be used leaves a problem and `None`, and reading goes on
//! with the next key. Which values a key takes is for `sections` to say.

use super::problems::{Origin, Problem, closest, shown};
use super::{duration, raw, secret};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Where problems and warnings go.
#[derive(Debug)]
pub(super) struct Check {
    /// Whether this is sandbox mode, which has lower limits.
    pub(super) sandbox: bool,
    /// Where each key that has a value got it from.
    pub(super) origins: BTreeMap<&'static str, Origin>,
    /// What to say of a key nobody set.
    pub(super) not_set: Origin,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// What works but should be looked at.
    pub(super) warnings: Vec<String>,
}

impl Check {
    /// Where a key's value came from.
    pub(super) fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&self.not_set)
    }

    /// Notes a problem with a key.
    pub(super) fn refuse(&mut self, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        let problem = Problem::new(key, self.origin(key), what, fix);
        self.problems.push(problem);
    }

    /// Notes that a key has no value, unless its value is there and refused already.
    pub(super) fn missing(&mut self, key: &str, where_from: &str) {
        if self.is_refused(key) {
            return;
        }
        let variable = raw::key(key).map(raw::Key::variable).unwrap_or_default();
        let fix = format!("set it in the configuration file or as {variable}; {where_from}");
        self.refuse(key, "is missing", fix);
    }

    /// Whether a problem with this key, or an entry of it, is noted.
    pub(super) fn is_refused(&self, key: &str) -> bool {
        let of_key = |problem: &Problem| {
            let rest = problem.key.strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        self.problems.iter().any(of_key)
    }

    /// A whole number within limits.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, key: &str, value: i64, limits: RangeInclusive<i64>) -> Option<T> {
        let (from, to) = (*limits.start(), *limits.end());
        let number = limits.contains(&value).then(|| T::try_from(value).ok()).flatten();
        if number.is_none() {
            self.refuse(key, format!("{value} is out of range"), format!("use {from} to {to}"));
        }
        number
    }

    /// A duration within limits; sandbox mode goes down to a millisecond.
    pub(super) fn span(&mut self, key: &str, text: &str, limits: RangeInclusive<Duration>) -> Option<Duration> {
        let from = if self.sandbox { Duration::from_millis(1).min(*limits.start()) } else { *limits.start() };
        let to = *limits.end();
        match duration::parse(text) {
            Err(error) => {
                self.refuse(key, format!("{} is not a duration", shown(text)), error.to_string());
                None
            }
            Ok(duration) if duration < from || duration > to => {
                let (from, to) = (duration::written(from), duration::written(to));
                self.refuse(key, format!("{} is out of range", shown(text)), format!("use {from} to {to}"));
                None
            }
            Ok(duration) => Some(duration),
        }
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, text: &str, choices: &[(&str, T)]) -> Option<T> {
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            let fix = match closest(text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("use {}", words.join(", ")),
            };
            self.refuse(key, format!("{} is not a choice", shown(text)), fix);
        }
        chosen.map(|(_, meaning)| *meaning)
    }

    /// A secret, read from its file if it is in one.
    pub(super) fn secret(
        &mut self,
        key: &str,
        obtained: Result<secret::Obtained, secret::SecretError>,
    ) -> Option<SecretString> {
        match obtained {
            Ok(obtained) => {
                self.warnings.extend(obtained.warning);
                Some(obtained.secret)
            }
            Err(error) => {
                self.refuse(key, error.to_string(), error.fix());
                None
            }
        }
    }
}
