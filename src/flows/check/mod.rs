//! Says what is wrong with a folder before Okta does, whose importer answers most mistakes with a bare 500.
//!
//! The rules were read off published exports, of which none breaks one; what none of this shows is that Okta imports the
//! file. `file`, `flow`, `card`, `field` and `link` are rules of the format; `promise` is what this project's own calls
//! must keep. The text of a file is never trusted: whatever is missing is a finding, not a panic.

mod card;
mod field;
mod file;
mod flow;
mod link;
mod promise;
mod view;

use std::fmt;

use serde_json::Value;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The flow's name; empty where the file itself is meant.
    pub flow: String,
    /// The card's title.
    pub card: String,
    /// The field's name.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("flow", &self.flow), ("card", &self.card), ("field", &self.field)];
        let mut named = false;
        for (kind, name) in parts.into_iter().filter(|(_, name)| !name.is_empty()) {
            write!(f, "{}{kind} \"{name}\"", if named { ", " } else { "" })?;
            named = true;
        }
        write!(f, "{}{}", if named { ": " } else { "" }, self.what)
    }
}

/// Where in the file a rule is looking, and what was found so far.
struct Report {
    findings: Vec<Finding>,
}

/// A place in the file.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    flow: &'a str,
    card: &'a str,
    field: &'a str,
}

impl<'a> Place<'a> {
    fn card(self, card: &'a str) -> Self {
        Self { card, ..self }
    }

    fn field(self, field: &'a str) -> Self {
        Self { field, ..self }
    }
}

impl Report {
    fn add(&mut self, place: Place<'_>, what: impl Into<String>) {
        let Place { flow, card, field } = place;
        let (flow, card, field) = (flow.to_owned(), card.to_owned(), field.to_owned());
        self.findings.push(Finding { flow, card, field, what: what.into() });
    }

    /// Adds it when `is_wrong`.
    fn when(&mut self, is_wrong: bool, place: Place<'_>, what: impl Into<String>) {
        if is_wrong {
            self.add(place, what);
        }
    }
}

/// Everything that is wrong with a folder; nothing when it keeps every rule.
///
/// # Errors
/// When the text is no JSON.
pub fn check(text: &str) -> Result<Vec<Finding>, serde_json::Error> {
    let file: Value = serde_json::from_str(text)?;
    let mut report = Report { findings: Vec::new() };
    file::check(&file, &mut report);
    Ok(report.findings)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
