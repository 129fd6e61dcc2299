//! Reads one JSON object against the list of properties it may have, collecting every fault on the way.
//!
//! A `Shape` lists an object's properties, each with the function that reads it. A reader answers the canonical value, or
//! nothing when the property is not carried or was refused; a refusal is noted in `Faults` with the field's JSON path, and
//! reading goes on, so that one answer names all bad fields. Nothing in here knows a particular property.

use serde_json::{Map, Value};

use super::{
    refusal::{self, FieldError, Refusal},
    text::Text,
};

/// More errors than a person reads; the rest is left out so that a nonsensical body does not fill the ledger.
const MAX_FAULTS: usize = 100;

/// What part of an unknown property's name is repeated in the path.
const MAX_NAME_IN_PATH: usize = 40;

/// The bad fields found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    pub(super) fn add(&mut self, at: &str, refusal: impl Into<Refusal>) {
        if !self.is_full() {
            self.0.push(FieldError::new(at, &refusal.into()));
        }
    }

    fn is_full(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }

    pub(super) fn into_errors(self) -> Vec<FieldError> {
        self.0
    }
}

/// Reads a property's value found at a path; `None` is "not carried" or "refused and noted".
pub(super) type Read = fn(&Value, &str, &mut Faults) -> Option<Value>;

/// One property an object may have.
pub(super) struct Property {
    pub name: &'static str,
    pub required: bool,
    pub read: Read,
}

impl Property {
    pub(super) const fn optional(name: &'static str, read: Read) -> Self {
        let required = false;
        Self { name, required, read }
    }

    pub(super) const fn required(name: &'static str, read: Read) -> Self {
        let required = true;
        Self { name, required, read }
    }
}

/// What an object may have, and what to say about names it may not have.
pub(super) struct Shape {
    pub properties: &'static [Property],
    /// Names LINE WORKS or this program knows but that cannot be set here.
    pub refused: &'static [(&'static str, Refusal)],
    /// Names used elsewhere (by Okta, mostly) and the property that is meant.
    pub synonyms: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// Reads every property of the object; `None` if the value is no object.
    pub(super) fn read(&self, value: &Value, at: &str, faults: &mut Faults) -> Option<Map<String, Value>> {
        let Value::Object(fields) = value else {
            faults.add(at, refusal::WRONG_TYPE.with("object"));
            return None;
        };
        let mut read = Map::new();
        for property in self.properties {
            match fields.get(property.name) {
                Some(value) => {
                    if let Some(value) = (property.read)(value, &format!("{at}.{}", property.name), faults) {
                        read.insert(property.name.to_owned(), value);
                    }
                }
                None if property.required => faults.add(&format!("{at}.{}", property.name), refusal::MISSING),
                None => {}
            }
        }
        let unknown = |name: &&String| self.properties.iter().all(|property| property.name != **name);
        for name in fields.keys().filter(unknown) {
            if faults.is_full() {
                break;
            }
            faults.add(&within(at, name), self.why_not(name));
        }
        Some(read)
    }

    /// Why a name cannot be set here.
    pub(super) fn why_not(&self, name: &str) -> Refusal {
        if let Some((_, refusal)) = self.refused.iter().find(|(refused, _)| *refused == name) {
            return refusal.clone();
        }
        match self.nearest(name) {
            Some(known) => refusal::UNKNOWN_FIELD_LIKE.of(known),
            None => refusal::UNKNOWN_FIELD.into(),
        }
    }

    /// The property a wrong name probably means. 0.8 lets a typing error or another way of writing through, but not a different word.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        if name.chars().count() > MAX_NAME_IN_PATH {
            return None;
        }
        let wanted = name.to_lowercase();
        let known = self.properties.iter().map(|property| (property.name, property.name));
        known
            .chain(self.synonyms.iter().copied())
            .map(|(word, meant)| (strsim::jaro_winkler(&word.to_lowercase(), &wanted), meant))
            .filter(|(likeness, _)| *likeness >= 0.8)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, meant)| meant)
    }
}

/// The path of an object's property. A name from outside is cut and rid of control characters.
pub(super) fn within(at: &str, name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_IN_PATH).collect();
    format!("{at}.{name}")
}

/// Text that must be there.
pub(super) fn required(value: &Value, at: &str, faults: &mut Faults, rule: &Text) -> Option<Value> {
    let read = nullable(value, at, faults, rule)?;
    if read.is_null() {
        faults.add(at, refusal::MISSING);
        return None;
    }
    Some(read)
}

/// Text of a property LINE WORKS does not let be cleared: null and blank text mean "not managed".
pub(super) fn optional(value: &Value, at: &str, faults: &mut Faults, rule: &Text) -> Option<Value> {
    nullable(value, at, faults, rule).filter(|read| !read.is_null())
}

/// Text that null or blank text clears.
pub(super) fn nullable(value: &Value, at: &str, faults: &mut Faults, rule: &Text) -> Option<Value> {
    let text = match value {
        Value::Null => return Some(Value::Null),
        Value::String(text) => text.trim(),
        _ => {
            faults.add(at, refusal::WRONG_TYPE.with("string"));
            return None;
        }
    };
    if text.is_empty() {
        return Some(Value::Null);
    }
    match rule.verify(text) {
        Ok(()) => Some(text.into()),
        Err(refusal) => {
            faults.add(at, refusal);
            None
        }
    }
}

/// One of a few words; null and blank text are kept as null.
pub(super) fn word(value: &Value, at: &str, faults: &mut Faults, words: &[&str]) -> Option<Value> {
    let read = nullable(value, at, faults, &Text::shaped(super::text::anything))?;
    match &read {
        Value::String(text) if !words.contains(&text.as_str()) => {
            faults.add(at, refusal::NOT_ONE_OF.with(words.join(", ")));
            None
        }
        _ => Some(read),
    }
}

/// True or false; null means "not managed".
pub(super) fn boolean(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Null => None,
        _ => {
            faults.add(at, refusal::WRONG_TYPE.with("boolean"));
            None
        }
    }
}

/// A list of at most `max` entries, each read by `read`; null is the empty list. A refused entry leaves a null, so that the
/// others keep their index in paths.
pub(super) fn list(value: &Value, at: &str, faults: &mut Faults, max: usize, read: Read) -> Option<Vec<Value>> {
    let entries = match value {
        Value::Null => return Some(Vec::new()),
        Value::Array(entries) => entries,
        _ => {
            faults.add(at, refusal::WRONG_TYPE.with("array"));
            return None;
        }
    };
    if entries.len() > max {
        faults.add(at, refusal::TOO_MANY.with(max));
        return None;
    }
    let read = |(index, entry)| read(entry, &format!("{at}[{index}]"), faults).unwrap_or_default();
    Some(entries.iter().enumerate().map(read).collect())
}

/// Notes every entry that names the same thing, by its property `name`, as an earlier one.
pub(super) fn refuse_duplicates(entries: &[Value], name: &str, at: &str, faults: &mut Faults) {
    for (index, entry) in entries.iter().enumerate() {
        let said_before = |earlier: &Value| earlier.get(name) == entry.get(name);
        if entry.get(name).is_some() && entries[..index].iter().any(said_before) {
            faults.add(&within(&format!("{at}[{index}]"), name), refusal::DUPLICATE);
        }
    }
}

/// Whether a property of an object that was read carries a value.
pub(super) fn has(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_path_is_cut_and_has_no_control_characters() {
        assert_eq!(within("user", "a\nb"), "user.ab");
        assert_eq!(within("user", &"x".repeat(500)).len(), 45);
    }
}
