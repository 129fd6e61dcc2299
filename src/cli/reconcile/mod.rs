//! `reconcile`: Okta's assignments against LINE WORKS' members, asked of the running service over its own API.
//!
//! Without `--apply` it looks and changes nothing. With it, what will happen is said first and asked for.

mod lines;
mod show;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::reach::{Reach, word};
use crate::reconcile::finding::Kind;
use lines::Lines;

#[derive(Debug, Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    reach: Reach,
    /// An export of Okta's assignments as CSV, instead of Okta's API
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Which columns of the export are which, such as id=Key,email=Mail [default: found by their names]
    #[arg(long, value_name = "NAMES", requires = "csv", default_value = "")]
    columns: String,
    /// When the export was made, such as 2026-04-01T09:00:00+09:00 [default: when the file was last changed]
    #[arg(long, value_name = "TIME", requires = "csv", value_parser = moment)]
    exported_at: Option<Timestamp>,
    /// Only these kinds, separated by commas; with --apply: missing, onboard, different
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    only: Option<Vec<Kind>>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Bring what is missing, to be onboarded or different to what Okta says
    #[arg(long)]
    apply: bool,
    /// With --apply: also treat this extra (Okta user id, login or member id) as unassigned; alone it is all that is done
    #[arg(long = "extra", value_name = "WHO", requires = "apply")]
    extras: Vec<String>,
    /// With --apply: do not ask
    #[arg(long, requires = "apply")]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For a spreadsheet
    Csv,
    /// One JSON object
    Json,
}

fn kind(word: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    Kind::parse(word.trim()).ok_or_else(|| format!("use {}", known()))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write a moment with its offset, such as 2026-04-01T09:00:00+09:00".to_owned())
}

/// The kinds `--apply` takes as a whole.
const CHOSEN: [Kind; 3] = [Kind::Missing, Kind::Onboard, Kind::Different];

/// More than this the service does not take: bytes.
const MOST_OF_AN_EXPORT: usize = 12 * 1024 * 1024;

/// An export, and the moment it counts for.
struct Export {
    text: Vec<u8>,
    at: Timestamp,
}

impl Reconcile {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let export = self.csv.as_deref().map(|file| self.export(file)).transpose()?;
        let lines = self.compare(export.as_ref()).await?;
        let format = if self.reach.json { Format::Json } else { self.format };
        let is_wanted = |it: &&Value| {
            let kind = Kind::parse(word(&it["kind"]));
            self.only.as_ref().is_none_or(|only| kind.is_some_and(|kind| only.contains(&kind)))
        };
        let findings: Vec<&Value> = lines.findings.iter().filter(is_wanted).collect();
        match format {
            Format::Table => show::table(&findings, &lines.end),
            Format::Csv => show::csv(&findings)?,
            Format::Json => println!("{:#}", json!({ "findings": findings, "summary": lines.end })),
        }
        if self.apply { self.apply(&lines.findings, export.as_ref()).await } else { Ok(ExitCode::SUCCESS) }
    }

    fn export(&self, file: &Path) -> anyhow::Result<Export> {
        let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        if text.is_empty() {
            bail!("{} is empty; export again", file.display());
        }
        if text.len() > MOST_OF_AN_EXPORT {
            bail!(
                "{} is larger than {} MiB, which is more than an export of one app's assignments; is it the right file?",
                file.display(),
                MOST_OF_AN_EXPORT >> 20
            );
        }
        let changed = || -> anyhow::Result<Timestamp> { Ok(Timestamp::try_from(file.metadata()?.modified()?)?) };
        let at = match self.exported_at {
            Some(at) => at,
            None => changed().context("when the file was changed is not known; say --exported-at")?,
        };
        Ok(Export { text, at })
    }

    async fn compare(&self, export: Option<&Export>) -> anyhow::Result<Lines> {
        let query = Url::parse_with_params("http://localhost", [("columns", &self.columns)])?;
        let path = format!("/v1/reconcile?{}", query.query().unwrap_or_default());
        let response = self.reach.stream(&path, |request| match export {
            Some(export) => request.header("Content-Type", "text/csv").body(export.text.clone()),
            None => request,
        });
        Lines::read(response.await?, "summary").await
    }

    async fn apply(&self, findings: &[Value], export: Option<&Export>) -> anyhow::Result<ExitCode> {
        let kinds = self.kinds()?;
        let of_kind = |kind: Kind| findings.iter().filter(move |it| it["kind"] == kind.as_str());
        let people: BTreeSet<&str> =
            kinds.iter().flat_map(|kind| of_kind(*kind)).filter_map(|it| it["oktaUserId"].as_str()).collect();
        let extras = self.named_extras(findings)?;
        if people.is_empty() && extras.is_empty() {
            eprintln!("there is nothing to apply");
            return Ok(ExitCode::SUCCESS);
        }
        show::plan(&kinds, findings, &extras, export.map(|export| export.at));
        if !self.yes && !confirmed(people.len() + extras.len())? {
            eprintln!("nothing was changed");
            return Ok(ExitCode::FAILURE);
        }
        let mut choice = json!({ "kinds": kinds, "people": people, "extras": self.extras });
        if let Some(export) = export {
            choice["csv"] = std::str::from_utf8(&export.text).context("the export is not UTF-8")?.into();
            choice["columns"] = self.columns.as_str().into();
            choice["exportedAt"] = json!(export.at);
        }
        let response = self.reach.stream("/v1/reconcile/apply", |request| request.json(&choice)).await?;
        let lines = Lines::read(response, "done").await?;
        Ok(if show::applied(&lines) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Named extras alone are all that is done, unless kinds are named too.
    fn kinds(&self) -> anyhow::Result<Vec<Kind>> {
        match &self.only {
            Some(only) => {
                if let Some(kind) = only.iter().find(|kind| !CHOSEN.contains(kind)) {
                    bail!(
                        "--only {} cannot be applied as a whole; with --apply use missing, onboard or different, and --extra for each extra",
                        kind.as_str()
                    );
                }
                Ok(only.clone())
            }
            None if self.extras.is_empty() => Ok(CHOSEN.to_vec()),
            None => Ok(Vec::new()),
        }
    }

    fn named_extras<'a>(&self, findings: &'a [Value]) -> anyhow::Result<Vec<&'a Value>> {
        let find = |name: &String| {
            let is_it = |it: &&Value| {
                let names = ["oktaUserId", "login", "memberId"].map(|field| word(&it[field]));
                it["kind"] == Kind::Extra.as_str() && names.iter().any(|it| it.eq_ignore_ascii_case(name.trim()))
            };
            findings
                .iter()
                .find(is_it)
                .with_context(|| format!("--extra {name}: nobody of that name is an extra; nothing was changed"))
        };
        self.extras.iter().map(find).collect()
    }
}

/// Asks whether it shall be so.
fn confirmed(count: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here; say --yes if this is right. Nothing was changed");
    }
    eprint!("Apply this to {count} people? Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
