//! `list`, `show`, `approve`, `reject`, `retry`: the operator's words, said to the running service over its own API.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::advice;
use super::reach::{Reach, field_line, word};
use crate::domain::ids::OktaUserId;

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    reach: Reach,
    /// Only people in this state: parked, held, waiting, running, due or settled
    #[arg(long)]
    state: Option<String>,
    /// Only people whose Okta user id, login or member id contains this
    #[arg(long, short)]
    query: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Health {
    #[command(flatten)]
    reach: Reach,
}

impl Health {
    /// Exit code 0 when the service is ready: for a container's health check.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let answer = self.reach.call(Method::GET, "/readyz").await?;
        println!("{answer}");
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Args)]
pub(super) struct OnePerson {
    /// The Okta user id (00u…), or the login
    person: String,
    #[command(flatten)]
    reach: Reach,
}

/// Some people, by id or by what they wait for.
#[derive(Debug, Args)]
pub(super) struct Several {
    /// The Okta user ids (00u…)
    #[arg(required_unless_present = "all")]
    people: Vec<OktaUserId>,
    /// Everybody this word is for: all who are held (approve, reject) or parked (retry)
    #[arg(long, conflicts_with = "people", requires = "yes")]
    all: bool,
    /// With --all: only those with this cause, such as cap_reached
    #[arg(long, requires = "all")]
    cause: Option<String>,
    /// With --all: yes, all of them
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    reach: Reach,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut query = Vec::new();
        query.extend(self.state.clone().map(|state| ("state", state)));
        query.extend(self.query.clone().map(|text| ("q", text)));
        let (rows, tally) = self.reach.pages(&query).await?;
        for row in &rows {
            if self.reach.json {
                println!("{row}");
            } else {
                println!("{}", line(row));
            }
        }
        if !self.reach.json {
            println!("{}", counts(&tally));
            let pauses = advice::pauses(&self.reach).await;
            advice::print_pauses(&pauses);
            advice::print_causes(&rows, &pauses);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl OnePerson {
    /// The person meant: an Okta user id as it is, a login as the service knows it.
    async fn who(&self) -> anyhow::Result<OktaUserId> {
        let name = self.person.trim();
        if !name.contains('@') {
            return name.parse().map_err(|error| anyhow::anyhow!("{error}; or give the login"));
        }
        let (rows, _) = self.reach.pages(&[("q", name.to_owned())]).await?;
        let is_it = |row: &&Value| word(&row["login"]).eq_ignore_ascii_case(name);
        let found: Vec<&str> = rows.iter().filter(is_it).map(|row| word(&row["oktaUserId"])).collect();
        match found[..] {
            [id] => Ok(id.parse()?),
            [] => bail!(
                "nobody here has the login {name}. Whose login LINE WORKS would refuse is known by the Okta user id alone: \
                 give that (00u…), or see `okta-lineworks list`"
            ),
            _ => bail!("{} people have the login {name}; say which: {}", found.len(), found.join(", ")),
        }
    }

    pub(super) async fn show(self) -> anyhow::Result<ExitCode> {
        let person = self.who().await?;
        let row = self.reach.call(Method::GET, &format!("/v1/assignments/{person}")).await?;
        if self.reach.json {
            println!("{row:#}");
            return Ok(ExitCode::SUCCESS);
        }
        println!("{}", line(&row));
        print_reason(&row["reason"]);
        if row["reason"].is_null() && row["state"] != "settled" {
            advice::print_pauses(&advice::pauses(&self.reach).await);
        }
        if let Some(read) = row["oktaReadAt"].as_str() {
            println!("  Okta was asked at {read}");
        }
        println!("\nwhat happened in Okta (newest first)");
        for event in row["history"]["events"].as_array().into_iter().flatten() {
            println!(
                "  {}  {:<11} by {} ({}), {}",
                word(&event["occurredAt"]),
                word(&event["kind"]),
                word(&event["source"]),
                word(&event["caller"]),
                word(&event["verdict"])
            );
        }
        println!("\nwhat was done in LINE WORKS (newest first)");
        for attempt in row["history"]["attempts"].as_array().into_iter().flatten() {
            println!("  {}  {:<8} {}", word(&attempt["endedAt"]), word(&attempt["state"]), steps(attempt));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Several {
    /// Says the word about each; goes on after a refusal and ends with exit code 1 if there was one.
    pub(super) async fn say(self, said: &str, state: &str) -> anyhow::Result<ExitCode> {
        let people = if self.all { self.everybody(state).await? } else { self.people.clone() };
        let mut refused = 0;
        for person in &people {
            match self.reach.call(Method::POST, &format!("/v1/assignments/{person}/{said}")).await {
                Ok(answer) if self.reach.json => println!("{answer}"),
                Ok(_) => println!("{said} {person}: done; `okta-lineworks show {person}` tells how it goes on"),
                Err(error) => {
                    refused += 1;
                    eprintln!("{said} {person}: {error:#}");
                }
            }
        }
        if self.all {
            println!("{said}: {} of {} done", people.len() - refused, people.len());
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn everybody(&self, state: &str) -> anyhow::Result<Vec<OktaUserId>> {
        let rows = self.reach.pages(&[("state", state.to_owned())]).await?;
        let wanted = |row: &&Value| self.cause.as_deref().is_none_or(|cause| row["reason"]["code"] == cause);
        let ids = rows.0.iter().filter(wanted).map(|row| word(&row["oktaUserId"]).parse());
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// One person in one line.
fn line(row: &Value) -> String {
    let when = ["lookAgainAt", "nextTryAt"].into_iter().find_map(|name| row[name].as_str());
    let when = when.map(|at| format!("  until {at}")).unwrap_or_default();
    let wish = row["desired"]["kind"].as_str().unwrap_or("unknown");
    let reason = row["reason"]["code"].as_str().map(|code| format!("  {code}")).unwrap_or_default();
    format!(
        "{:<22} {:<8} {:<10} {}{reason}{when}",
        word(&row["oktaUserId"]),
        word(&row["state"]),
        wish,
        row["login"].as_str().unwrap_or("-"),
    )
}

fn print_reason(reason: &Value) {
    if reason.is_null() {
        return;
    }
    println!("  {}", advice::in_english(reason));
    println!("  {}", advice::in_japanese(reason));
    if let Some(detail) = reason["detail"].as_str() {
        println!("  ({detail})");
    }
    for field in reason["fields"].as_array().into_iter().flatten() {
        println!("  {}", field_line(field));
    }
}

fn steps(attempt: &Value) -> String {
    let steps = attempt["steps"].as_array().into_iter().flatten();
    let steps: Vec<String> = steps.map(|step| format!("{} {}", word(&step["step"]), word(&step["outcome"]))).collect();
    let calls = attempt["calls"].as_array().map_or(0, Vec::len);
    let reason = attempt["reason"]["code"].as_str().map(|code| format!(", {code}")).unwrap_or_default();
    let steps = if steps.is_empty() { "no step".to_owned() } else { steps.join(", ") };
    let okta = attempt["okta"].as_array().into_iter().flatten();
    let okta: Vec<String> =
        okta.map(|said| format!("; Okta: {}, {}", word(&said["membership"]), word(&said["status"]))).collect();
    format!("{steps} ({calls} calls{reason}){}", okta.concat())
}

fn counts(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten();
    let counts: Vec<String> = counts.map(|(state, count)| format!("{count} {state}")).collect();
    if counts.is_empty() { "nobody yet".to_owned() } else { counts.join(", ") }
}
