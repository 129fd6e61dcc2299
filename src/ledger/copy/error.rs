//! Why a copy did not come to its end, and what to do then.

use jiff::Timestamp;

use super::super::{OpenError, Standing};

/// Why a copy did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the two cannot be had.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// From and to are one.
    #[error("--from and --to name the same ledger; give another one to copy to")]
    Same,
    /// The source's tables are not this program's.
    #[error(
        "the ledger {path} has the schema {}, and a copy needs {}, which this program makes; {}", standing.found,
        standing.known, advice(*standing)
    )]
    OtherSchema {
        /// The source.
        path: String,
        /// Where it stands.
        standing: Standing,
    },
    /// The target holds something else.
    #[error(
        "the ledger {path} has {rows} rows in {table} that are not of this copy; give an empty one (a new file, a new \
         database)"
    )]
    NotEmpty {
        /// The target.
        path: String,
        /// Where there is something.
        table: &'static str,
        /// How much.
        rows: u64,
    },
    /// The target is a ledger that was moved away, or has part of another copy.
    #[error("the ledger {path} {what}; add --replace to throw away what it holds, or give an empty one")]
    Replace {
        /// The target.
        path: String,
        /// What it holds.
        what: String,
    },
    /// The copy was made already.
    #[error("the ledger {from} was moved to {to} already, at {at}; nothing is left to do: point `ledger.url` there")]
    Done {
        /// The source.
        from: String,
        /// The target.
        to: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody serves from one of them after all.
    #[error(
        "somebody else is connected to the ledger {path}: stop every okta-lineworks that serves from it, and run this \
         again; nothing was switched over"
    )]
    NotAlone {
        /// Which.
        path: String,
    },
    /// What arrived is not what was sent.
    #[error(
        "the copy is not whole: {table} has {from} at the source and {to} at the target; nothing was switched over. Run it \
         again with --replace, and report this"
    )]
    Unequal {
        /// The table.
        table: &'static str,
        /// The source's count or checksum.
        from: String,
        /// The target's.
        to: String,
    },
    /// A database failed.
    #[error("the ledger {path} failed: {cause}; run the same command again, it goes on where it stopped")]
    Failed {
        /// Which.
        path: String,
        /// What it said.
        cause: String,
    },
}

fn advice(standing: Standing) -> &'static str {
    if standing.is_behind() { "run `okta-lineworks migrate` on it first" } else { "use the newer program for the copy" }
}

impl CopyError {
    pub(super) fn failed(path: &str, cause: impl ToString) -> Self {
        CopyError::Failed { path: path.to_owned(), cause: cause.to_string() }
    }
}
