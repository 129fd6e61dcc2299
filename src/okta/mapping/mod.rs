//! From a person as Okta shows them to the wish for a member: a template per LINE WORKS property, without code.
//!
//! Templates come from `defaults` and over them from `okta.mapping`. What they give is a `user` object in the words of
//! the Directory API, not checked yet: `Profile::parse` judges it like that of a card. A template that is one single
//! `{{ expression }}` keeps the type of its result; one whose result is empty or undefined leaves its property alone, and
//! `{{ none }}` clears it.

mod defaults;
mod engine;
mod filters;
mod problem;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use minijinja::Environment;
use serde_json::{Map, Value, json};

pub use defaults::{DEFAULTS, Default};
pub use problem::MappingProblem;

use crate::domain::profile::{FieldError, check_path};
use crate::okta::person::AppUser;

/// The templates of all properties, ready to be used. Shared by all who map.
pub struct Mapping {
    environment: Environment<'static>,
    templates: Vec<Template>,
}

/// One property's template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The property's path, such as `userName.lastName` or `organizations[].levelId`.
    pub property: String,
    /// The template.
    pub text: String,
    /// Whether it is a built-in one.
    pub is_default: bool,
}

/// What one template gives for one person. Holds personal data.
pub struct Rendered<'a> {
    /// The template.
    pub template: &'a Template,
    /// None leaves the property alone, null clears it.
    pub result: Result<Option<Value>, FieldError>,
}

impl Mapping {
    /// The built-in templates with the given ones over them, by the property's path; an empty one takes a built-in one
    /// away.
    ///
    /// # Errors
    /// Everything that is wrong with the given ones.
    pub fn new(given: &BTreeMap<String, String>) -> Result<Self, Vec<MappingProblem>> {
        let environment = engine::environment();
        let mut problems = Vec::new();
        for (property, template) in given {
            match check_path(property) {
                Err(error) => problems.push(of_property(property, error.message)),
                Ok(()) => problems.extend(problem::problems(&environment, property, template)),
            }
            let inner = given.keys().find(|inner| *inner != property && covers(property, inner));
            if let Some(inner) = inner.filter(|_| !template.trim().is_empty()) {
                problems.push(of_property(inner, format!("is a part of okta.mapping.{property}; keep one of the two")));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let kept = |default: &&Default| given.keys().all(|property| !covers(property, default.property));
        let built_in = DEFAULTS.iter().filter(kept).map(|default| Template {
            property: default.property.to_owned(),
            text: default.template.to_owned(),
            is_default: true,
        });
        let given = given.iter().filter(|(_, text)| !text.trim().is_empty());
        let given = given.map(|(property, text)| Template {
            property: property.clone(),
            text: text.clone(),
            is_default: false,
        });
        let templates = built_in.chain(given).collect();
        Ok(Self { environment, templates })
    }

    /// Every template, built-in ones first.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// What each template gives for a person.
    pub fn render(&self, person: &AppUser) -> Vec<Rendered<'_>> {
        let seen = engine::context(person);
        let render = |template| Rendered { template, result: self.result(template, &seen) };
        self.templates.iter().map(render).collect()
    }

    /// The `user` object for a person, in the words of the Directory API and not checked yet.
    ///
    /// # Errors
    /// A template that does not work for this person, each by its field; never with a value.
    pub fn user(&self, person: &AppUser) -> Result<Value, Vec<FieldError>> {
        let (mut user, mut faults) = (json!({}), Vec::new());
        for Rendered { template, result } in self.render(person) {
            match result {
                Ok(Some(value)) => put(&mut user, &template.property, value),
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        leave_out_nameless_units(&mut user, &self.templates);
        if faults.is_empty() { Ok(user) } else { Err(faults) }
    }

    fn result(&self, template: &Template, seen: &minijinja::Value) -> Result<Option<Value>, FieldError> {
        engine::render(&self.environment, &template.text, seen).map_err(|failure| {
            let field = template.field();
            match failure {
                failure if failure.is_endless() => FieldError::template_endless(field),
                // The engine's kind only: its detail may repeat a value.
                engine::Failure::Engine(error) => FieldError::template_failed(field, error.kind()),
                engine::Failure::Result => FieldError::template_result(field),
            }
        })
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("templates", &self.templates).finish_non_exhaustive()
    }
}

impl Template {
    /// The property's path in a field error.
    pub fn field(&self) -> String {
        format!("user.{}", self.property.replace("[]", "[0]"))
    }
}

fn of_property(property: &str, message: String) -> MappingProblem {
    MappingProblem { property: property.to_owned(), at: None, message }
}

/// Whether a path is another one or one above it.
fn covers(path: &str, other: &str) -> bool {
    let plain = |path: &str| path.replace("[]", "");
    let (path, other) = (plain(path), plain(other));
    other.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Puts a value at a path; `[]` means the one entry of a list.
fn put(user: &mut Value, path: &str, value: Value) {
    let mut here = user;
    for segment in path.split('.') {
        let (name, is_entry) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[name];
        if is_entry {
            if !here.is_array() {
                *here = json!([{}]);
            }
            here = &mut here[0];
        }
    }
    *here = value;
}

/// An org unit that no template gave an id is left out, with all that was said of it: somebody without a department has
/// no position in one.
fn leave_out_nameless_units(user: &mut Value, templates: &[Template]) {
    if !templates.iter().any(|template| template.property.starts_with("organizations[]")) {
        return;
    }
    let Some(organization) = user.pointer_mut("/organizations/0").and_then(Value::as_object_mut) else { return };
    let units = organization.get("orgUnits").and_then(Value::as_array);
    let by_parts = templates.iter().any(|template| template.property.starts_with("organizations[].orgUnits[]"));
    if by_parts && units.is_some_and(|units| units.iter().all(|unit| unit.get("orgUnitId").is_none_or(Value::is_null)))
    {
        organization.remove("orgUnits");
    }
    if organization.is_empty() {
        user.as_object_mut().map(|user: &mut Map<String, Value>| user.remove("organizations"));
    }
}
