//! `migrate`: brings the ledger up to date, with a database user that may, or says what would be done.

use std::process::ExitCode;

use clap::Args;

use super::ConfigArgs;
use crate::app;
use crate::ledger::Standing;

/// `--check` found that something is missing.
const BEHIND: u8 = 5;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    config: ConfigArgs,
    /// The ledger of a rehearsal
    #[arg(long)]
    sandbox: bool,
    /// Change nothing, say what would be done; exit code 5 when something is missing
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let place = app::place(&self.config.load_for_the_ledger(self.sandbox)?);
        let before = if self.check { place.standing().await? } else { place.migrate().await? };
        let (path, Standing { found, known }) = (place.shown(), before);
        let was = if self.check { "would be" } else { "was" };
        if found > known {
            println!("the ledger {path} has schema {found}; this program knows {known} and can work with it");
        } else if found == known {
            println!("the ledger {path} is up to date: schema {known}");
        } else if found == 0 {
            println!("the ledger {path} {was} made: schema {known}");
        } else {
            println!("the ledger {path} {was} brought from schema {found} to {known}");
        }
        Ok(if self.check && before.is_behind() { ExitCode::from(BEHIND) } else { ExitCode::SUCCESS })
    }
}
