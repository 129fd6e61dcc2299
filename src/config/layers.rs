//! The layers of the configuration, laid over each other: defaults, stand-ins, file, variables, flags.
//!
//! Every value keeps where it came from, so that a problem can say so. A name nobody knows is a problem with a suggestion
//! right here. Only the value that wins is looked at for its form; what is under it does not matter.

use super::problems::{Origin, Problem, closest, shown};
use super::raw::{self, KEYS, Key, Kind, Raw};
use super::{VARIABLE_PREFIX, shape};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A value and where it came from.
#[derive(Debug)]
struct Entry {
    value: Value,
    origin: Origin,
}

/// The values of all keys so far, the highest layer's each.
#[derive(Debug, Default)]
pub(super) struct Layers {
    entries: BTreeMap<&'static str, Entry>,
    /// What is wrong with the names, the forms or the file itself.
    pub(super) problems: Vec<Problem>,
    /// What works but should be looked at.
    pub(super) warnings: Vec<String>,
}

impl Layers {
    /// Whether somebody set this key.
    pub(super) fn is_configured(&self, dotted: &str) -> bool {
        self.entries.get(dotted).is_some_and(|entry| entry.origin.is_configured())
    }

    /// The text a key is set to so far.
    pub(super) fn text(&self, dotted: &str) -> Option<&str> {
        self.entries.get(dotted)?.value.as_str()
    }

    /// Whether the file holds the text of a secret, instead of naming another file.
    pub(super) fn has_secret_in_file(&self) -> bool {
        KEYS.iter().filter(|key| key.kind.is_secret()).any(|key| {
            self.entries
                .get(key.dotted)
                .is_some_and(|entry| matches!(entry.origin, Origin::File(..)) && has_value(&entry.value))
        })
    }

    /// Takes a key out again.
    pub(super) fn set_aside(&mut self, dotted: &str) {
        self.entries.remove(dotted);
    }

    /// Sets a key nobody has set.
    pub(super) fn fill(&mut self, key: &'static Key, value: Value, origin: &Origin) {
        self.entries.entry(key.dotted).or_insert_with(|| Entry { value, origin: origin.clone() });
    }

    fn set(&mut self, key: &'static Key, value: Value, origin: Origin) {
        self.entries.insert(key.dotted, Entry { value, origin });
    }

    /// Lays the text of a configuration file over what is there; says whether it is TOML.
    pub(super) fn lay_file(&mut self, path: &Path, text: &str) -> bool {
        let at = |offset: usize| {
            let before = text.as_bytes().iter().take(offset);
            Origin::File(path.to_owned(), before.filter(|b| **b == b'\n').count() + 1)
        };
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut last_line = None;
        for error in &errors {
            let origin = at(error.span().map_or(0, |span| span.start));
            // one fault makes several messages; the first of a line says it
            if last_line.as_ref() != Some(&origin) {
                let what = format!("is not TOML: {}", error.message().replace('\n', " "));
                self.problems.push(Problem::new("", &origin, what, "correct this line"));
            }
            last_line = Some(origin);
        }
        if !errors.is_empty() {
            return false;
        }
        for (section, value) in document.into_inner() {
            let origin = at(section.span().start);
            match value.into_inner() {
                DeValue::Table(table) if raw::sections().contains(&section.get_ref().as_ref()) => {
                    for (name, value) in table {
                        let origin = at(name.span().start);
                        self.lay_file_key(section.get_ref(), name.get_ref(), value, origin);
                    }
                }
                other => self.refuse_section(section.get_ref(), other.is_table(), &origin),
            }
        }
        true
    }

    fn lay_file_key(&mut self, section: &str, name: &str, value: toml::Spanned<DeValue<'_>>, origin: Origin) {
        let dotted = format!("{section}.{name}");
        let Some(key) = raw::key(&dotted) else {
            let fix = match nearest(section, name) {
                Some(key) => format!("did you mean {}?", or_its_namesakes(key, section)),
                None => format!("the keys of [{section}] are {}", names_in(section)),
            };
            let what = "is not a known key";
            self.problems.push(Problem::new(printable(&dotted), &origin, what, fix));
            return;
        };
        match serde::Deserialize::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => self.set(key, value, origin),
            Err(_) => self.problems.push(Problem::new(
                key.dotted,
                &origin,
                "cannot be read",
                "numbers go up to 9223372036854775807",
            )),
        }
    }

    fn refuse_section(&mut self, name: &str, is_table: bool, origin: &Origin) {
        let sections = raw::sections();
        let mut add = |what: &str, fix: String| {
            self.problems.push(Problem::new(printable(name), origin, what, fix));
        };
        let same_name = KEYS.iter().find(|key| key.name == name);
        if sections.contains(&name) {
            add("is a section, not a value", format!("write [{name}] above its keys"));
        } else if let (false, Some(key)) = (is_table, same_name) {
            add(
                "stands outside of its section",
                format!("did you mean `{}`? put it under [{}]", key.dotted, key.section),
            );
        } else if let Some(meant) = closest(name, sections.iter().copied()) {
            add("is not a known section", format!("did you mean `[{meant}]`?"));
        } else {
            let list = sections.join(", ");
            add("is not a known section", format!("the sections are {list}"));
        }
    }

    /// Lays the environment variables with our prefix over what is there.
    pub(super) fn lay_variables(&mut self, variables: &[(String, String)]) {
        let mut parts: BTreeMap<&'static str, (toml::Table, Origin)> = BTreeMap::new();
        for (variable, text) in variables {
            let Some(rest) = variable.strip_prefix(VARIABLE_PREFIX) else {
                self.warn_of_single_underscores(variable);
                continue;
            };
            let rest = rest.to_ascii_lowercase();
            let mut words = rest.splitn(3, "__");
            let (section, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let part = words.next();
            let origin = Origin::Variable(variable.clone());
            match (raw::key(&format!("{section}.{name}")), part) {
                (Some(key), None) if key.kind == Kind::Secret && !text.starts_with('{') => {
                    let (table, _) = parts.entry(key.dotted).or_insert((toml::Table::new(), origin));
                    table.insert("value".into(), Value::String(text.clone()));
                }
                (Some(key), None) => self.set(key, from_text(key.kind, text), origin),
                (Some(key), Some(part @ ("file" | "value"))) if key.kind == Kind::Secret => {
                    let (table, _) = parts.entry(key.dotted).or_insert((toml::Table::new(), origin));
                    table.insert(part.into(), Value::String(text.clone()));
                }
                (Some(key), Some(part)) => self.refuse_part(key, part, &origin),
                (None, _) => self.refuse_variable(section, name, &origin),
            }
        }
        for (dotted, (table, origin)) in parts {
            if let Some(key) = raw::key(dotted) {
                self.set(key, Value::Table(table), origin);
            }
        }
    }

    fn refuse_part(&mut self, key: &Key, part: &str, origin: &Origin) {
        let variable = key.variable();
        let fix = match key.kind {
            Kind::Secret => match closest(part, ["file"]) {
                Some(_) => format!("did you mean `{variable}__FILE`?"),
                None => format!("use {variable} or {variable}__FILE"),
            },
            Kind::Secrets => {
                format!("give the whole list in {variable}, for example [{{ name = \"okta\", file = \"…\" }}]")
            }
            _ => format!("did you mean `{variable}`?"),
        };
        let what = "has a part that is not known";
        self.problems.push(Problem::new(key.dotted, origin, what, fix));
    }

    fn refuse_variable(&mut self, section: &str, name: &str, origin: &Origin) {
        let joined = format!("{section}_{name}");
        let joined = joined.trim_end_matches('_');
        let same_letters = || KEYS.iter().find(|key| key.dotted.replace('.', "_") == joined);
        let fix = match nearest(section, name).or_else(same_letters) {
            Some(key) => format!("did you mean `{}`?", key.variable()),
            None => {
                format!("variables are named {VARIABLE_PREFIX}SECTION__KEY; see okta-lineworks.example.toml for both")
            }
        };
        let dotted = printable(&format!("{section}.{name}"));
        let what = "is not a known key";
        self.problems.push(Problem::new(dotted, origin, what, fix));
    }

    /// `OKTA_LINEWORKS_LEDGER_URL` is not ours (a cluster makes such names for a service), but may be meant for us.
    fn warn_of_single_underscores(&mut self, variable: &str) {
        let meant =
            KEYS.iter().map(Key::variable).find(|known| known.replace("__", "_") == variable.replace("__", "_"));
        if let Some(meant) = meant {
            self.warnings
                .push(format!("the variable {variable} is ignored; did you mean {meant}, with two underscores?"));
        }
    }

    /// Lays command line flags, by the dotted key they set, over what is there.
    pub(super) fn lay_flags(&mut self, flags: &[(&'static str, String)]) {
        for (dotted, text) in flags {
            let origin = Origin::Flag(flag_of(dotted));
            match raw::key(dotted) {
                Some(key) => self.set(key, from_text(key.kind, text), origin),
                None => self.problems.push(Problem::new(
                    *dotted,
                    &origin,
                    "is not a known key",
                    "this is a fault of the program, please report it",
                )),
            }
        }
    }

    /// Puts the program's defaults under everything.
    pub(super) fn lay_defaults(&mut self) {
        for key in KEYS {
            if let Some(Ok(value)) = key.default.map(str::parse) {
                self.fill(key, value, &Origin::Default);
            }
        }
    }

    /// The mirror of all values, and where each came from. What has a wrong form is a problem and left to its default.
    pub(super) fn into_raw(mut self) -> (Option<Raw>, BTreeMap<&'static str, Origin>, Self) {
        let mut origins = BTreeMap::new();
        let mut document: toml::Table =
            raw::sections().into_iter().map(|section| (section.to_owned(), Value::Table(toml::Table::new()))).collect();
        for (dotted, entry) in std::mem::take(&mut self.entries) {
            let Some(key) = raw::key(dotted) else {
                continue;
            };
            let faults = shape::faults(key, &entry.value, &entry.origin);
            let value = if faults.is_empty() {
                Some(entry.value)
            } else {
                key.default.and_then(|default| default.parse().ok())
            };
            self.problems.extend(faults);
            origins.insert(dotted, entry.origin);
            if let (Some(Value::Table(section)), Some(value)) = (document.get_mut(key.section), value) {
                section.insert(key.name.to_owned(), value);
            }
        }
        (document.try_into().ok(), origins, self)
    }
}

/// A variable's or flag's text as the value its key wants; what does not fit stays a text and is refused by its form.
fn from_text(kind: Kind, text: &str) -> Value {
    let parsed = || text.trim().parse::<Value>().ok();
    let value = match kind {
        Kind::Text | Kind::Span => None,
        Kind::Words => parsed().filter(Value::is_array),
        Kind::Secret => parsed().filter(Value::is_table),
        Kind::Number | Kind::Switch | Kind::Texts | Kind::Secrets | Kind::Numbers | Kind::Templates => parsed(),
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The flag that sets a key.
fn flag_of(dotted: &str) -> &'static str {
    match dotted {
        "server.listen" => "--listen",
        "ledger.url" => "--ledger",
        _ => "command line",
    }
}

/// The key a misspelt one most likely meant: in its own section, then anywhere by nearly the same path, then by its name alone.
fn nearest(section: &str, name: &str) -> Option<&'static Key> {
    let near_section = closest(section, raw::sections());
    let in_section = || KEYS.iter().filter(|key| Some(key.section) == near_section);
    let name_there = closest(name, in_section().map(|key| key.name));
    let elsewhere = || KEYS.iter().find(|key| key.name == name);
    name_there.and_then(|name| in_section().find(|key| key.name == name)).or_else(elsewhere)
}

/// A key in backticks; one that is in another section than it was written in, with all of the same name.
fn or_its_namesakes(key: &Key, section: &str) -> String {
    let is_one = |other: &&Key| other.name == key.name && (key.section != section || other.section == section);
    let names: Vec<_> = KEYS.iter().filter(is_one).map(|key| format!("`{}`", key.dotted)).collect();
    names.join(" or ")
}

fn names_in(section: &str) -> String {
    let names: Vec<_> = KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect();
    names.join(", ")
}

/// A name somebody wrote, without the backticks.
fn printable(name: &str) -> String {
    shown(name).trim_matches('`').to_owned()
}

/// Whether a secret or a list of them has its text right here.
fn has_value(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Table(table) => table.contains_key("value"),
        Value::Array(entries) => entries.iter().any(has_value),
        _ => false,
    }
}
