//! `check`: says what is wrong before traffic does. Nothing is started and nothing is written.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use reqwest::Url;

use super::{BadConfiguration, ConfigArgs, okta_contact};
use crate::app;
use crate::clock::Clock;
use crate::config::{Backend, Config, LedgerUrl};
use crate::domain::outcome::Reason;
use crate::lineworks::credentials::Credentials;
use crate::lineworks::token::{TokenCache, TokenSettings};
use crate::lineworks::{ApiError, http_client};

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also ask LINE WORKS for an access token (it is thrown away), read one user with the SCIM token, and try what
    /// the service needs of Okta
    #[arg(long)]
    contact: bool,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = self.config.load(None).map_err(BadConfiguration::from)?;
        match &loaded.path {
            Some(path) => println!("configuration: {}", path.display()),
            None => println!("configuration: no file, variables and defaults only"),
        }
        let mut faults = Vec::new();
        faults.extend(ledger_fault(&loaded.config.ledger.url));
        faults.extend(tls_fault(&loaded.config));
        faults.extend(app::mapping(&loaded.config).err().map(|error| error.to_string()));
        if let Some(access) = &loaded.config.lineworks.directory {
            match app::credentials(access) {
                Err(fault) => faults.push(fault.to_string()),
                Ok(credentials) if self.contact => {
                    let credentials = Arc::new(credentials);
                    faults.extend(contact_fault(&loaded.config, &access.scope, &credentials).await);
                    if let Some(broker) = &loaded.config.broker {
                        let fault = contact_fault(&loaded.config, &broker.scope, &credentials).await;
                        faults.extend(fault.filter(|fault| !faults.contains(fault)));
                    }
                }
                Ok(_) => {}
            }
        }
        if self.contact && loaded.config.lineworks.backend == Backend::Scim {
            faults.extend(scim_fault(&loaded.config).await);
        }
        faults.extend(okta_contact::faults(&loaded.config, self.contact).await);
        for warning in &loaded.warnings {
            println!("warning: {warning}");
        }
        for fault in &faults {
            println!("wrong: {fault}");
        }
        if !faults.is_empty() {
            return Ok(ExitCode::from(2));
        }
        println!("everything that can be checked from here is right");
        if !self.contact {
            println!("(add --contact to also ask LINE WORKS and Okta themselves)");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn ledger_fault(url: &LedgerUrl) -> Option<String> {
    let path = match url {
        LedgerUrl::Sqlite(path) => path,
        LedgerUrl::Postgres(_) => return None,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Some(format!("ledger.url: the folder {} does not exist; make it", folder.display()));
    }
    if tempfile::tempfile_in(folder).is_err() {
        return Some(format!("ledger.url: this user cannot write in {}; change its owner", folder.display()));
    }
    None
}

fn tls_fault(config: &Config) -> Option<String> {
    let files = config.server.tls.as_ref()?;
    app::tls(files).err().map(|error| error.to_string())
}

/// Asks for a token for real; the answer names what LINE WORKS does not accept.
async fn contact_fault(config: &Config, scope: &str, credentials: &Arc<Credentials>) -> Option<String> {
    let http = match http_client() {
        Ok(http) => http,
        Err(error) => return Some(format!("no HTTPS client: {error}; are ca-certificates installed?")),
    };
    let Ok(auth_url) = Url::parse(&config.lineworks.auth_url) else {
        return Some("lineworks.auth_url: not a usable URL".to_owned());
    };
    let settings = TokenSettings {
        auth_url,
        scope: scope.to_owned(),
        timeout: config.lineworks.call_timeout,
        purpose: "check",
        metrics: Arc::default(),
    };
    let tokens = TokenCache::new(settings, Arc::clone(credentials), None, http);
    match tokens.access_token(Clock::system().now()).await {
        Ok(token) => {
            println!("LINE WORKS gave an access token for `{scope}`, good until {}", token.expires_at());
            None
        }
        Err(error) => {
            let failure = tokens.status().last_failure;
            let reason = failure.map(|(_, reason)| reason);
            Some(reason.map_or_else(|| error.to_string(), |reason| in_both_languages(&reason)))
        }
    }
}

/// Reads one user with the SCIM token; prints how long the token lives.
async fn scim_fault(config: &Config) -> Option<String> {
    let token = config.lineworks.scim_token.as_ref()?;
    let clock = Clock::system();
    let (_, keeper, token) = match app::backend::scim(config, token, Arc::default(), &clock) {
        Ok(scim) => scim,
        Err(error) => return Some(error.to_string()),
    };
    let reason = match keeper.probe().await {
        Ok(()) => {
            let status = token.status(clock.now());
            if let (Some(end), Some(days)) = (status.expires_at, status.days_left) {
                println!("LINE WORKS accepts the SCIM token, good until {end} ({days} days left)");
            }
            return None;
        }
        Err(ApiError::TryLater { reason, .. } | ApiError::Refused(reason)) => reason,
        Err(ApiError::Unclear(reason) | ApiError::ReadAgain(reason)) => reason,
        Err(ApiError::Blocked(_)) => return None,
    };
    Some(in_both_languages(&reason))
}

pub(super) fn in_both_languages(reason: &Reason) -> String {
    let (english, japanese) = (reason.cause.english(), reason.cause.japanese());
    let detail = reason.detail.as_deref().map(|detail| format!("\n  ({detail})")).unwrap_or_default();
    format!("{} {}\n  {}{}{detail}", english.title, english.todo, japanese.title, japanese.todo)
}
