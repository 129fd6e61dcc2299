//! The tables and columns a copy carries. A test holds this list against the tables both databases really have, so that
//! none can be forgotten.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `TEXT`.
    Text,
    /// `INTEGER` in SQLite, `BIGINT` in PostgreSQL.
    Integer,
    /// `REAL`, `DOUBLE PRECISION`.
    Real,
    /// `INTEGER` that is 0 or 1, `BOOLEAN`.
    Flag,
    /// `BLOB`, `BYTEA`.
    Bytes,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the first columns are its primary key; the copy goes in their order.
    pub key: usize,
    /// Every column.
    pub columns: &'static [(&'static str, Kind)],
    /// The rows that are carried.
    pub(in crate::ledger) only: &'static str,
    /// History can be long: its rows are counted, and not compared one by one.
    pub(in crate::ledger) is_history: bool,
}

use Kind::{Bytes, Flag, Integer, Real, Text};

/// Every table but `ledger_migrations`, which each database has of its own.
pub const TABLES: &[Table] = &[
    Table {
        name: "assignments",
        key: 1,
        columns: &[
            ("okta_user_id", Text),
            ("membership", Text),
            ("membership_policy", Text),
            ("membership_at", Integer),
            ("membership_source", Text),
            ("status", Text),
            ("status_at", Integer),
            ("status_source", Text),
            ("profile", Text),
            ("profile_weight", Integer),
            ("profile_at", Integer),
            ("profile_source", Text),
            ("login", Text),
            ("revision", Integer),
            ("applied_revision", Integer),
            ("member_id", Text),
            ("external_key", Text),
            ("suspend_intent_at", Integer),
            ("suspend_confirmed", Flag),
            ("delete_intent_at", Integer),
            ("delete_confirmed", Flag),
            ("unassigned_seen_at", Integer),
            ("unclear_until", Integer),
            ("state", Text),
            ("next_at", Integer),
            ("leaving", Flag),
            ("reason", Text),
            ("held_steps", Text),
            ("ruling", Text),
            ("ruling_revision", Integer),
            ("failures", Integer),
            ("lease_owner", Text),
            ("lease_number", Integer),
            ("lease_until", Integer),
            ("created_at", Integer),
            ("updated_at", Integer),
            ("groups", Text),
            ("yielded_to", Text),
            ("okta_profile", Text),
            ("okta_read_at", Integer),
            ("former_logins", Text),
        ],
        only: "TRUE",
        is_history: false,
    },
    Table {
        name: "events",
        key: 1,
        columns: &[
            ("id", Integer),
            ("okta_user_id", Text),
            ("kind", Text),
            ("event_key", Text),
            ("source", Text),
            ("caller", Text),
            ("occurred_at", Integer),
            ("arrived_at", Integer),
            ("verdict", Text),
            ("revision", Integer),
            ("profile_weight", Integer),
            ("times_seen", Integer),
            ("note", Text),
        ],
        only: "TRUE",
        is_history: true,
    },
    Table {
        name: "attempts",
        key: 1,
        columns: &[
            ("id", Integer),
            ("okta_user_id", Text),
            ("revision", Integer),
            ("lease_number", Integer),
            ("started_at", Integer),
            ("ended_at", Integer),
            ("state", Text),
            ("reason", Text),
            ("steps", Text),
            ("calls", Text),
            ("okta", Text),
        ],
        only: "TRUE",
        is_history: true,
    },
    Table {
        name: "destructive_steps",
        key: 3,
        columns: &[("okta_user_id", Text), ("revision", Integer), ("step", Text), ("at", Integer)],
        only: "TRUE",
        is_history: false,
    },
    Table {
        name: "pacing",
        key: 1,
        columns: &[("operation", Text), ("tokens", Real), ("filled_at", Integer), ("paused_until", Integer)],
        only: "TRUE",
        is_history: false,
    },
    Table {
        name: "duties",
        key: 1,
        columns: &[("name", Text), ("holder", Text), ("until", Integer)],
        only: "TRUE",
        is_history: false,
    },
    Table {
        name: "singletons",
        key: 1,
        columns: &[("name", Text), ("value", Bytes), ("updated_at", Integer)],
        // The marks of the copy itself stay where they are (see `mark`), and nobody waits for a first password any more.
        only: "name NOT IN ('copy_begun', 'copy_moved', 'copy_into') AND name NOT LIKE 'first_password:%'",
        is_history: false,
    },
];

impl Table {
    /// The names of the columns, as a statement has them.
    pub(in crate::ledger) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The names of the key's columns, each with this after it.
    pub(in crate::ledger) fn key_names(&self, after: &str) -> String {
        self.columns[..self.key].iter().map(|(name, _)| format!("{name}{after}")).collect::<Vec<_>>().join(", ")
    }

    /// Reads a page: the rows after a key, or the first ones, in the order of the key. The parameters are the key's
    /// columns and then how many; `sign` stands before a parameter's number.
    pub(in crate::ledger) fn page(&self, sign: char, is_first: bool) -> String {
        let (names, only, order) = (self.names(), self.only, self.key_names(""));
        let keys = if is_first { 0 } else { self.key };
        let given = (1..=keys).map(|at| format!("{sign}{at}")).collect::<Vec<_>>().join(", ");
        let after = if is_first { String::new() } else { format!(" AND ({order}) > ({given})") };
        format!("SELECT {names} FROM {} WHERE {only}{after} ORDER BY {order} LIMIT {sign}{}", self.name, keys + 1)
    }

    /// Reads the last key.
    pub(in crate::ledger) fn last(&self) -> String {
        let (only, names, order) = (self.only, self.key_names(""), self.key_names(" DESC"));
        format!("SELECT {names} FROM {} WHERE {only} ORDER BY {order} LIMIT 1", self.name)
    }

    /// Counts the rows.
    pub(in crate::ledger) fn count(&self) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.name, self.only)
    }
}
