//! The changes to the tables there are, and which programs can work with which of them.
//!
//! A schema's number is the number of its newest migration. The ledger remembers of each, in `ledger_migrations`, since
//! which schema number programs can work with it: a program that meets a newer ledger works on when every migration it
//! does not know allows that, and is refused otherwise. A migration that says nothing allows nobody older. The rules for
//! writing one are in CONTRIBUTING.md.

use super::OpenError;

/// One change to the tables.
pub(super) struct Migration {
    /// Its file's name, without the ending; begins with its number.
    pub(super) name: &'static str,
    /// Its text for SQLite.
    pub(super) sqlite: &'static str,
    /// Its text for PostgreSQL.
    pub(super) postgres: &'static str,
    /// Programs that know the schema of this number, or a later one, can work beside and after it.
    pub(super) works_since: Option<u32>,
}

macro_rules! migration {
    ($name:literal, $works_since:expr) => {
        Migration {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
            works_since: $works_since,
        }
    };
}

/// Every migration that was ever shipped, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    migration!("0001_ledger", None),
    migration!("0002_groups_and_rehires", None),
    migration!("0003_events_of_nobody", None),
    migration!("0004_okta_truth", None),
    migration!("0005_okta_in_attempts", None),
];

/// The number of the schema this program makes.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Where a ledger stands, seen by this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The number of its schema; 0 when there are no tables yet.
    pub found: u32,
    /// The number of the schema this program makes.
    pub known: u32,
}

impl Standing {
    /// Whether migrations are missing.
    pub fn is_behind(self) -> bool {
        self.found < self.known
    }
}

/// What a ledger remembers of a migration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applied {
    pub(super) number: u32,
    pub(super) works_since: Option<u32>,
}

/// Whether this program can work with a ledger whose schema has this number, and which remembers these migrations.
///
/// # Errors
/// `Newer` when a migration this program does not know allows nobody as old as it.
pub(super) fn judge(path: &str, found: u32, applied: &[Applied]) -> Result<Standing, OpenError> {
    let known = known();
    let allows_us = |it: &&Applied| it.number > known && it.works_since.is_some_and(|since| since <= known);
    let unknown = found.saturating_sub(known);
    if applied.iter().filter(allows_us).count() != usize::try_from(unknown).unwrap_or(usize::MAX) {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if unknown > 0 {
        tracing::warn!(
            ledger = found,
            program = known,
            "the ledger's schema is newer than this program, which can work with it; finish the upgrade"
        );
    }
    Ok(Standing { found, known })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ahead: &[Option<u32>]) -> bool {
        let applied: Vec<Applied> =
            (known() + 1..).zip(ahead).map(|(number, since)| Applied { number, works_since: *since }).collect();
        let found = known() + u32::try_from(ahead.len()).expect("few");
        judge("x", found, &applied).is_ok()
    }

    #[test]
    fn every_unknown_migration_must_allow_this_program() {
        let here = known();
        assert!(verdict(&[]));
        assert!(verdict(&[Some(here)]));
        assert!(verdict(&[Some(here), Some(here - 1)]));
        assert!(!verdict(&[None]), "one that says nothing allows nobody");
        assert!(!verdict(&[Some(here + 1)]), "contracted since");
        assert!(!verdict(&[Some(here), None]));
        assert!(!verdict(&[None, Some(here)]));
    }

    #[test]
    fn a_number_nothing_is_known_about_is_newer() {
        assert!(judge("x", known() + 2, &[Applied { number: known() + 2, works_since: Some(1) }]).is_err());
    }
}
