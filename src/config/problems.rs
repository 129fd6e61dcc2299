//! What is wrong with a configuration, in words an administrator can act on.
//!
//! Every fault found is kept: one start of the program should be enough to see them all. A problem names the key, where
//! it came from, what is wrong and what to do, on one line. It never holds the value of a secret key; who builds one for
//! such a key must leave the value out.

use std::fmt;
use std::path::PathBuf;

/// Where the value of a key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it; the text says where it was looked for.
    NotSet(String),
    /// The program's own default.
    Default,
    /// The sandbox's stand-in.
    Sandbox,
    /// The configuration file, with the line counted from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A command line flag, with its dashes.
    Flag(&'static str),
}

impl Origin {
    /// Whether an administrator set the value, in whatever way.
    pub fn is_configured(&self) -> bool {
        matches!(self, Self::File(..) | Self::Variable(_) | Self::Flag(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(where_looked) => f.write_str(where_looked),
            Self::Default => f.write_str("default"),
            Self::Sandbox => f.write_str("sandbox"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, such as `server.listen`; for a list with the entry, `inbound.card_secrets[2]`. Empty for a file that cannot be read.
    pub key: String,
    /// Where it came from.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    /// A problem with a key.
    pub(super) fn new(
        key: impl Into<String>,
        origin: &Origin,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), origin: origin.clone(), what: what.into(), fix: fix.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}; {}", self.origin, self.what, self.fix)
        } else {
            let Self { key, origin, what, fix } = self;
            write!(f, "{key} ({origin}): {what}; {fix}")
        }
    }
}

/// Everything that is wrong with a configuration, at least one problem; prints one problem per line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The problems in the order they were found.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// The candidate a misspelt word most likely meant: the nearest one within a third of its length.
pub(super) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&word, &candidate.to_ascii_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A value for a message: on one line, at most 80 characters, in backticks. Never for secrets.
pub(super) fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(80).flat_map(char::escape_debug).collect();
    if value.chars().nth(80).is_some() {
        text.push('…');
    }
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_letter_finds_its_word_and_nonsense_finds_none() {
        let words = ["listen", "http_workers", "tls_key"];
        assert_eq!(closest("lisetn", words), Some("listen"));
        assert_eq!(closest("http-workers", words), Some("http_workers"));
        assert_eq!(closest("colour", words), None);
    }

    #[test]
    fn problems_print_one_per_line_with_key_origin_fault_and_fix() {
        let origin = Origin::File(PathBuf::from("a.toml"), 3);
        let error = ConfigError {
            problems: vec![
                Problem::new("server.listen", &origin, "is wrong", "write it right"),
                Problem::new("", &Origin::Flag("--config"), "no such file", "create it"),
            ],
        };
        assert_eq!(
            error.to_string(),
            "server.listen (a.toml, line 3): is wrong; write it right\n--config: no such file; create it"
        );
    }

    #[test]
    fn a_shown_value_stays_on_one_line() {
        assert_eq!(shown("a\nb"), "`a\\nb`");
        assert!(shown(&"x".repeat(200)).chars().count() < 90);
    }
}
