//! `ledger`: a backup while the service works, and moving to another place.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::ConfigArgs;
use super::progress::Shown;
use crate::app;
use crate::ledger::copy::{self, Copied, Progress};
use crate::ledger::sqlite::backup;
use crate::ledger::{Place, postgres::Address};
use crate::lineworks::last_echo;

/// A difference of clocks that is worth a word, in milliseconds.
const CLOCKS_DIFFER_MS: i64 = 5_000;

#[derive(Debug, Subcommand)]
pub(super) enum Ledger {
    /// Copy the SQLite file while the service works on it
    Backup(Backup),
    /// Move everything to another ledger, SQLite or PostgreSQL; no service may be running on either
    Copy(Copy),
    /// Let a ledger that was moved away be served from again
    Reopen(Reopen),
}

#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    config: ConfigArgs,
    /// The ledger of a rehearsal
    #[arg(long)]
    sandbox: bool,
    /// The file to make
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Copy {
    /// The configuration file, for `ledger.password` [default: okta-lineworks.toml here, else in /etc/okta-lineworks]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The ledgers of a rehearsal
    #[arg(long)]
    sandbox: bool,
    /// The ledger there is, such as sqlite:/var/lib/okta-lineworks/okta-lineworks.db
    #[arg(long, value_name = "URL")]
    from: String,
    /// The ledger to be, such as postgres://okta-lineworks@db.example.com/ledger
    #[arg(long, value_name = "URL")]
    to: String,
    /// Throw away what the target holds, if it was moved away or has part of another copy
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
pub(super) struct Reopen {
    #[command(flatten)]
    config: ConfigArgs,
    /// The ledger of a rehearsal
    #[arg(long)]
    sandbox: bool,
    /// Nothing serves from the place it was moved to, and what happened there may be forgotten
    #[arg(long)]
    yes: bool,
}

impl Ledger {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Ledger::Backup(backup) => backup.run(),
            Ledger::Copy(copy) => copy.run().await,
            Ledger::Reopen(reopen) => reopen.run().await,
        }
    }
}

impl Backup {
    fn run(self) -> anyhow::Result<ExitCode> {
        let path = match app::place(&self.config.load_for_the_ledger(self.sandbox)?) {
            Place::Sqlite(path) => path,
            Place::Postgres(address) => bail!(pg_dump(&address, &self.to)),
        };
        let mut shown = Shown::new();
        let made = backup::backup(&path, &self.to, self.force, &mut |done, of| shown.at("pages", done, of));
        shown.end();
        let made = made?;
        for (table, rows) in made.rows {
            println!("{table:18} {rows:>12} rows");
        }
        println!("{} is whole: {} bytes, checked", self.to.display(), made.bytes);
        Ok(ExitCode::SUCCESS)
    }
}

/// PostgreSQL has a tool of its own.
fn pg_dump(address: &Address, to: &std::path::Path) -> String {
    let Address { host, port, user, database, .. } = address;
    format!(
        "the ledger is a PostgreSQL database; its own tool backs it up while everything works:\n  \
         pg_dump --format=custom --file='{}' --host='{host}' --port={port} --username='{user}' --dbname='{database}'",
        to.display()
    )
}

impl Progress for Shown {
    fn copied(&mut self, table: &'static str, rows: u64, of: u64) {
        self.at(&format!("copying {table}"), rows, of);
    }

    fn compared(&mut self, table: &'static str, rows: u64, of: u64) {
        self.at(&format!("comparing {table}"), rows, of);
    }
}

impl Copy {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let at = |url: &str| {
            let config = ConfigArgs { config: self.config.clone(), listen: None, ledger: Some(url.to_owned()) };
            config.load_for_the_ledger(self.sandbox)
        };
        let (from, to) = (at(&self.from)?, at(&self.to)?);
        let grace = last_echo(to.lineworks.call_timeout);
        let (from, to) = (app::place(&from), app::place(&to));
        let mut shown = Shown::new();
        let copied = copy::copy(&from, &to, grace, self.replace, &mut shown).await;
        shown.end();
        report(&copied?, &from, &to);
        Ok(ExitCode::SUCCESS)
    }
}

fn report(copied: &Copied, from: &Place, to: &Place) {
    let old = match from {
        Place::Sqlite(path) => format!("sqlite:{}", path.display()),
        Place::Postgres(address) => address.shown(),
    };
    let (from, to) = (from.shown(), to.shown());
    if copied.went_on {
        println!("an earlier copy was gone on with");
    }
    for table in &copied.verified {
        let checksum = table.checksum.as_deref().map(|sum| format!("  sha256 {sum}")).unwrap_or_default();
        println!("{:18} {:>12} rows on both sides{checksum}", table.table, table.rows);
    }
    if copied.clock_ahead_ms.abs() >= CLOCKS_DIFFER_MS {
        let seconds = copied.clock_ahead_ms / 1_000;
        println!(
            "note: the clock of the new ledger is {seconds} s ahead of the old one's; planned moments move by that"
        );
    }
    println!("everything of {from} is in {to}");
    println!("next: set ledger.url to it and start. {from} is marked as moved, and no service starts on it any more;");
    println!(
        "to go back before anything was served from the new one: okta-lineworks ledger reopen --ledger '{old}' --yes"
    );
}

impl Reopen {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let place = app::place(&self.config.load_for_the_ledger(self.sandbox)?);
        if !self.yes {
            bail!(
                "{} would be served from as it was when it was moved; what happened since is in the other ledger only. Stop \
                 everything that serves from that one for good, then add --yes",
                place.shown()
            );
        }
        match copy::reopen(&place).await? {
            Some(to) => println!("{} may be served from again; never serve from {to} beside it", place.shown()),
            None => println!("{} was not moved away; nothing was changed", place.shown()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
