//! `mapping test` shows which member the attribute mapping makes of somebody; `mapping defaults` prints the built-in
//! templates. Nothing is written anywhere, and the service need not run: Okta is asked by this command itself.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::reach::field_line;
use super::{BadConfiguration, ConfigArgs, absent_sandbox};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::profile::{FieldError, Profile};
use crate::okta::mapping::{DEFAULTS, Mapping as Templates, Rendered};
use crate::okta::person::{AppUser, User};

#[derive(Debug, Subcommand)]
pub(super) enum Mapping {
    /// Show the member that would be made of somebody, and every field LINE WORKS would refuse
    Test(Test),
    /// Print the built-in templates as TOML, to copy from
    Defaults,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    config: ConfigArgs,
    /// A login or Okta user id, to be asked of Okta's API; or a JSON file with an app user as that API gives it
    /// (GET /api/v1/apps/{appId}/users/{userId}?expand=user)
    #[arg(long, value_name = "LOGIN, ID OR FILE")]
    user: String,
    /// What is not configured gets the stand-ins of a rehearsal
    #[arg(long)]
    sandbox: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Mapping {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Mapping::Test(test) => test.run().await,
            Mapping::Defaults => {
                print!("{}", defaults());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The built-in templates as a section of the configuration.
pub(super) fn defaults() -> String {
    let mut section = String::from("[okta.mapping]\n");
    for default in DEFAULTS {
        // Templates use double quotes only, so that a literal string of TOML holds them.
        section.push_str(&format!("# {}\n\"{}\" = '{}'\n", default.why, default.property, default.template));
    }
    section
}

impl Test {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = self.config.load(self.sandbox.then(absent_sandbox)).map_err(BadConfiguration::from)?;
        let mapping = app::mapping(&loaded.config)?;
        let file = Path::new(&self.user);
        let is_file = file.exists() || file.extension().is_some_and(|ending| ending == "json");
        let person = if is_file { from_file(file)? } else { self.asked_of_okta(&loaded.config).await? };
        let made = mapping.user(&person);
        let refused = match &made {
            Err(faults) => faults.clone(),
            Ok(user) => Profile::parse(user, &app::rules(&loaded.config)).err().unwrap_or_default(),
        };
        if self.json {
            let user = made.unwrap_or(Value::Null);
            println!("{:#}", json!({ "user": user, "errors": errors(&refused) }));
        } else {
            show(&mapping, &person, &refused);
        }
        Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Test {
    async fn asked_of_okta(&self, config: &Config) -> anyhow::Result<AppUser> {
        let Some(client) = app::okta::client(config, &Clock::system(), &Arc::default())? else {
            bail!("{} is no file, and okta.org_url is not set, so nobody can be asked for a login", self.user);
        };
        let Some(user) = client.user(&self.user).await? else {
            bail!("Okta knows nobody with the login or id {}", self.user);
        };
        if let Some(person) = client.app_user(&user.id).await?.value {
            return Ok(AppUser { user: person.user.or(Some(user)), ..person });
        }
        eprintln!("{} has not got the app, so `app` and `userName` are empty here", self.user);
        Ok(alone(user))
    }
}

/// Somebody without the app.
fn alone(user: User) -> AppUser {
    let (id, status) = (user.id.clone(), user.status.clone());
    AppUser { id, status, user_name: None, profile: Map::new(), user: Some(user) }
}

/// Property by property with the template it came from, then what is left alone, then what is refused.
fn show(mapping: &Templates, person: &AppUser, refused: &[FieldError]) {
    let mut left_alone = Vec::new();
    for Rendered { template, result } in mapping.render(person) {
        let shown = match result {
            Ok(None) => {
                left_alone.push(template.property.as_str());
                continue;
            }
            Ok(Some(Value::Null)) => "(cleared)".to_owned(),
            Ok(Some(value)) => value.to_string(),
            Err(_) => "(does not work)".to_owned(),
        };
        let from = if template.is_default { "built in" } else { "okta.mapping" };
        println!("{} = {shown}\n    {from}: {}", template.property, template.text.trim());
    }
    if !left_alone.is_empty() {
        println!("left alone: {}", left_alone.join(", "));
    }
    for error in errors(refused) {
        println!("refused: {}", field_line(&error));
    }
    if refused.is_empty() {
        println!("LINE WORKS takes these values, as far as its documents tell");
    }
}

fn errors(refused: &[FieldError]) -> Vec<Value> {
    let error = |it: &FieldError| json!({ "field": it.field, "code": it.code, "message": it.message, "messageJa": it.message_ja });
    refused.iter().map(error).collect()
}

fn from_file(path: &Path) -> anyhow::Result<AppUser> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read; --user names a JSON file", path.display()))?;
    let text = text.trim_start_matches('\u{FEFF}');
    let value: Value = serde_json::from_str(text).with_context(|| format!("{} is not JSON", path.display()))?;
    let Some(person) = app_user(&value) else {
        bail!(
            "{} is no app user; save what GET /api/v1/apps/{{appId}}/users/{{userId}}?expand=user answers",
            path.display()
        );
    };
    Ok(person)
}

/// An app user as Okta's API gives it, or a user alone (`GET /api/v1/users/{id}`).
fn app_user(value: &Value) -> Option<AppUser> {
    let profile = |of: &Value| of["profile"].as_object().cloned();
    let id = |of: &Value| of["id"].as_str().unwrap_or("00uFILE").parse().ok();
    let status = |of: &Value| of["status"].as_str().unwrap_or("ACTIVE").to_owned();
    let user = |of: &Value| Some(User { id: id(of)?, status: status(of), profile: profile(of)? });
    if value["credentials"]["userName"].is_null() && value["profile"]["login"].is_string() {
        return user(value).map(alone);
    }
    Some(AppUser {
        id: id(value)?,
        status: status(value),
        user_name: value["credentials"]["userName"].as_str().map(str::to_owned),
        profile: profile(value)?,
        user: user(&value["_embedded"]["user"]),
    })
}

#[cfg(test)]
mod tests {
    use super::defaults;
    use crate::okta::mapping::DEFAULTS;

    #[test]
    fn the_printed_defaults_are_toml_with_every_template() {
        let printed: toml::Table = defaults().parse().expect("valid TOML");
        for default in DEFAULTS {
            assert_eq!(printed["okta"]["mapping"][default.property].as_str(), Some(default.template));
        }
    }
}
