//! `flows`: makes the importable Okta Workflows folders, and says what is wrong with one.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::flows;

#[derive(Debug, Args)]
pub(super) struct Flows {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the folders to import, from the sources built into this program
    Build {
        /// Where to write them
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Say what is wrong with a folder, without Okta: exit code 0 when it keeps every rule, else 1
    Check {
        /// A folder this program made, as it is, changed by hand, or exported again. (An export of flows of yours breaks
        /// rules that only the calls to this service must keep.)
        file: PathBuf,
    },
}

impl Flows {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Build { out } => {
                fs::create_dir_all(&out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
                for folder in flows::folders()? {
                    let path = out.join(&folder.file_name);
                    fs::write(&path, folder.contents)
                        .with_context(|| format!("{} cannot be written", path.display()))?;
                    println!("{}", path.display());
                }
                Ok(ExitCode::SUCCESS)
            }
            What::Check { file } => {
                let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
                let findings = flows::check::check(&text).with_context(|| format!("{} is no JSON", file.display()))?;
                for finding in &findings {
                    println!("wrong: {finding}");
                }
                if findings.is_empty() {
                    println!(
                        "{}: it keeps every rule this program knows; only an import shows that Okta takes it",
                        file.display()
                    );
                    return Ok(ExitCode::SUCCESS);
                }
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
