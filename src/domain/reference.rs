//! How something in the tenant (an org unit, level, position, user type or group) is named: by id, key or name.

use std::fmt;

/// LINE WORKS' own mark of an external key (Directory API, user-get).
const EXTERNAL_KEY: &str = "externalKey:";
/// Our mark of a name, which has to be looked up.
const NAME: &str = "name:";

/// A reference to something in the tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// LINE WORKS' own id.
    Id(String),
    /// `externalKey:…`, which LINE WORKS takes wherever it takes an id.
    ExternalKey(String),
    /// `name:…`, which is ours: LINE WORKS has no search by name.
    Name(String),
}

impl Reference {
    /// Reads `externalKey:…`, `name:…` or an id.
    pub fn parse(text: &str) -> Self {
        if let Some(key) = text.strip_prefix(EXTERNAL_KEY) {
            Reference::ExternalKey(key.to_owned())
        } else if let Some(name) = text.strip_prefix(NAME) {
            Reference::Name(name.trim().to_owned())
        } else {
            Reference::Id(text.to_owned())
        }
    }
}

/// As it is written; [`Reference::parse`] reads it back.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Id(id) => f.write_str(id),
            Reference::ExternalKey(key) => write!(f, "{EXTERNAL_KEY}{key}"),
            Reference::Name(name) => write!(f, "{NAME}{name}"),
        }
    }
}
