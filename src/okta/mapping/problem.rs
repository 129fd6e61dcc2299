//! What is wrong with a template, said before anybody is worked on.

use std::fmt;

use minijinja::{Environment, ErrorKind, context};
use serde_json::{Map, json};

use super::engine::{self, Failure, VARIABLES};
use super::words::{Role, Word, position, words};
use crate::okta::person::{AppUser, User};

/// More than this is no template for one property.
const LONGEST: usize = 4_000;

/// Filters worth naming to whoever misspelt one.
const FILTERS: [&str; 21] = [
    "katakana",
    "phone",
    "default",
    "first",
    "last",
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "replace",
    "split",
    "join",
    "map",
    "select",
    "reject",
    "list",
    "string",
    "int",
    "length",
    "unique",
];

/// Something in a template that has to be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct MappingProblem {
    /// The property the template is for, as the configuration names it.
    pub property: String,
    /// Line and column in the template, both from 1, if it has a place.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// One line that names the key, as other problems of the configuration do.
impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "okta.mapping.{}: ", self.property)?;
        if let Some((line, column)) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a template.
pub(super) fn problems(environment: &Environment<'_>, property: &str, template: &str) -> Vec<MappingProblem> {
    let problem = |at, message: String| MappingProblem { property: property.to_owned(), at, message };
    if template.chars().count() > LONGEST {
        return vec![problem(None, format!("is longer than {LONGEST} characters; make it simpler"))];
    }
    let compiled = match environment.template_from_str(template) {
        Ok(compiled) => compiled,
        Err(error) => {
            let at = error.range().map(|range| position(template, range.start));
            let what = error.detail().unwrap_or("it cannot be read");
            return vec![problem(at, format!("is not a template: {what}; correct it there"))];
        }
    };
    let unknown: Vec<String> = compiled
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !VARIABLES.contains(&name.as_str()) && environment.globals().all(|(global, _)| global != name))
        .collect();
    let found: Vec<_> = words(template)
        .iter()
        .filter_map(|word| {
            let message = fault(environment, word, &unknown)?;
            Some(problem(Some(position(template, word.at)), message))
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    [nobody(), somebody()]
        .iter()
        .filter_map(|person| engine::render(environment, template, &engine::context(person)).err())
        .find_map(|failure| fault_for_everybody(&failure))
        .map(|message| problem(None, message))
        .into_iter()
        .collect()
}

/// What is wrong with one word.
fn fault(environment: &Environment<'_>, word: &Word<'_>, unknown: &[String]) -> Option<String> {
    let Word { text, role, .. } = word;
    match role {
        Role::Filter if !is_known(environment, "filter", text) => {
            let fix = meant(text, &FILTERS).unwrap_or_else(|| format!("some that do are {}", FILTERS.join(", ")));
            Some(format!("the filter `{text}` does not exist; {fix}"))
        }
        Role::Test if *text != "not" && !is_known(environment, "test", text) => {
            let tests = ["defined", "undefined", "none", "string", "number", "startingwith", "endingwith", "in"];
            let fix = meant(text, &tests).unwrap_or_else(|| format!("some that do are {}", tests.join(", ")));
            Some(format!("the test `{text}` does not exist; {fix}"))
        }
        Role::Method => Some(format!(
            "nothing has a method `{text}`; use a filter, such as {{{{ user.login | split(\"@\") | first }}}}"
        )),
        Role::Name if unknown.iter().any(|name| name == text) => {
            let fix = meant(text, &VARIABLES).unwrap_or_else(|| format!("a template sees {}", VARIABLES.join(", ")));
            Some(format!("`{text}` is nothing a template sees; {fix}"))
        }
        _ => None,
    }
}

/// Whether the engine has such a filter or test.
fn is_known(environment: &Environment<'_>, kind: &str, name: &str) -> bool {
    let asked = environment.compile_expression_owned(format!("name is {kind}"));
    asked.and_then(|asked| asked.eval(context! { name })).is_ok_and(|known| known.is_true())
}

fn meant(word: &str, candidates: &[&str]) -> Option<String> {
    let likeness = |candidate: &&&str| strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
    let nearest = candidates.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&nearest) >= 0.8).then(|| format!("did you mean `{nearest}`?"))
}

/// A failure that does not depend on whose profile it is.
fn fault_for_everybody(failure: &Failure) -> Option<String> {
    if failure.is_endless() {
        return Some("takes too many steps; make it simpler".to_owned());
    }
    let Failure::Engine(error) = failure else { return None };
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            Some(format!("{}: {detail}; correct the name", error.kind()))
        }
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => {
            Some(format!("a filter or test has {}s; correct them", error.kind()))
        }
        _ => None,
    }
}

/// Somebody of whom Okta says nothing.
fn nobody() -> AppUser {
    AppUser {
        id: "00uCHECK".parse().expect("an Okta user id"),
        status: String::new(),
        user_name: None,
        profile: Map::new(),
        user: None,
    }
}

/// Somebody with what most people have.
fn somebody() -> AppUser {
    let profile = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let login = "taro@example.com";
    AppUser {
        status: "ACTIVE".to_owned(),
        user_name: Some(login.to_owned()),
        user: Some(User {
            id: nobody().id,
            status: "ACTIVE".to_owned(),
            profile: profile(json!({ "login": login, "email": login, "firstName": "Taro", "lastName": "Yamada" })),
        }),
        ..nobody()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_that_are_named_exist() {
        let environment = engine::environment();
        for name in FILTERS {
            assert!(is_known(&environment, "filter", name), "{name}");
        }
        assert!(!is_known(&environment, "filter", "katakanna"));
    }
}
