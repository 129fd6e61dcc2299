//! `hook register`, `hook show`: the event hook in Okta, made and verified through Okta's API.
//!
//! Needs a scope that the running service has no use for (`okta.eventHooks.manage`), so it is asked for here alone.

use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::Url;
use serde_json::json;

use super::{BadConfiguration, ConfigArgs};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::outcome::Cause;
use crate::okta::client::{EventHook, HookSpec, OktaClient, OktaError};
use crate::okta::meaning::hook_event_types;

/// The scope this needs; it holds reading too.
const SCOPE: &str = "okta.eventHooks.manage";
/// Where the service takes deliveries.
const PATH: &str = "/v1/okta/events";

/// The event hook in Okta.
#[derive(Debug, Args)]
pub(super) struct Hook {
    #[command(subcommand)]
    command: HookCommand,
}

#[derive(Debug, Subcommand)]
enum HookCommand {
    /// Create the event hook for this service, or bring it up to date, and let Okta verify it
    Register(Register),
    /// List the org's event hooks and how they stand
    Show(Show),
}

#[derive(Debug, Args)]
struct Register {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where Okta reaches the service, such as https://lineworks.example.com/v1/okta/events
    #[arg(long, value_name = "URL")]
    url: Url,
    /// The hook's name in Okta
    #[arg(long, default_value = "okta-lineworks")]
    name: String,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

impl Hook {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            HookCommand::Register(register) => register.run().await,
            HookCommand::Show(show) => show.run().await,
        }
    }
}

impl Register {
    async fn run(self) -> anyhow::Result<ExitCode> {
        if let Err(why) = usable(&self.url) {
            eprintln!("okta-lineworks: {why}");
            return Ok(ExitCode::from(2));
        }
        let config = self.config.load(None).map_err(BadConfiguration::from)?.config;
        let client = client(&config)?;
        let spec = self.spec(&config)?;
        let hooks = client.event_hooks().await.map_err(explained)?;
        let former =
            hooks.iter().find(|hook| hook.name == spec.name).or(hooks.iter().find(|hook| hook.url == spec.url));
        if let Some(other) = hooks.iter().find(|hook| hook.url == spec.url && Some(&hook.id) != former.map(|it| &it.id))
        {
            println!(
                "note: the event hook \"{}\" ({}) delivers to the same URL; one of the two is enough",
                other.name, other.id
            );
        }
        let hook = match former {
            None => {
                let made = client.create_event_hook(&spec).await.map_err(explained)?;
                println!(
                    "created the event hook \"{}\" ({}) with {} event types",
                    made.name,
                    made.id,
                    spec.events.len()
                );
                made
            }
            Some(former) => renewed(&client, former, spec).await?,
        };
        match client.verify_event_hook(&hook.id).await {
            Ok(hook) if hook.verification_status == "VERIFIED" => {
                println!("Okta has verified it: {} answered. Events come within some minutes.", self.url);
                Ok(ExitCode::SUCCESS)
            }
            Ok(hook) => bail!(
                "Okta says the hook is {}; see Workflow, Event Hooks in the Admin Console",
                hook.verification_status
            ),
            Err(OktaError::Refused { said, .. }) if said.status == 400 => {
                bail!("{}", not_verified(&self.url, said.text.as_deref()))
            }
            Err(error) => Err(explained(error)),
        }
    }

    fn spec(&self, config: &Config) -> anyhow::Result<HookSpec> {
        let secret = config.inbound.hook_secrets.first().context(
            "inbound.hook_secrets is empty, so the service takes no event hook: add a secret there (openssl rand -hex 32 \
             makes one), restart the service, and run this again",
        )?;
        println!(
            "the hook will send the secret `{}` of inbound.hook_secrets in {}",
            secret.name, config.inbound.hook_header
        );
        Ok(HookSpec {
            name: self.name.clone(),
            url: self.url.to_string(),
            header: config.inbound.hook_header.clone(),
            secret: secret.secret.clone(),
            events: hook_event_types().map(ToOwned::to_owned).collect(),
            filter: None,
        })
    }
}

/// A hook that is there already, with our URL, secret and events; a filter somebody gave it stays. It is replaced even
/// if nothing seems to differ, since Okta never shows the secret.
async fn renewed(client: &OktaClient, former: &EventHook, spec: HookSpec) -> anyhow::Result<EventHook> {
    let spec = HookSpec { filter: former.filter.clone(), ..spec };
    let hook = client.replace_event_hook(&former.id, &spec).await.map_err(explained)?;
    println!("brought the event hook \"{}\" ({}) up to date: {} event types", hook.name, hook.id, spec.events.len());
    if former.url != spec.url {
        println!(
            "note: it delivered to {} before, which gets nothing any more; if another service needs that, give each its \
             own hook with --name",
            former.url
        );
    }
    if hook.status == "ACTIVE" {
        return Ok(hook);
    }
    println!("it was {}: activated it", hook.status);
    client.activate_event_hook(&hook.id).await.map_err(explained)
}

impl Show {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load(None).map_err(BadConfiguration::from)?.config;
        let hooks = client(&config)?.event_hooks().await.map_err(explained)?;
        for hook in &hooks {
            let EventHook { id, name, status, verification_status, url, events, .. } = hook;
            if self.json {
                let shown = json!({"id": id, "name": name, "status": status, "verificationStatus": verification_status,
                    "url": url, "events": events});
                println!("{shown}");
            } else {
                println!("{id}  {status:<8}  {verification_status:<10}  {} event types  {name}  {url}", events.len());
                let missing: Vec<_> = hook_event_types().filter(|kind| !events.iter().any(|it| it == kind)).collect();
                if !missing.is_empty() && missing.len() < hook_event_types().count() {
                    println!("  without {missing:?}; `hook register` with its name adds them");
                }
            }
        }
        if hooks.is_empty() && !self.json {
            println!("the org has no event hook; `okta-lineworks hook register --url …` makes one");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Okta takes https alone (Okta docs, hooks best practices); the loopback is for a sandbox.
fn usable(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.scheme() != "https" && !is_loopback {
        return Err("--url must begin with https: Okta sends events over HTTPS alone".to_owned());
    }
    if !url.path().ends_with(PATH) {
        return Err(format!(
            "--url must end in {PATH}: that is where the service takes events (a proxy may put a path before it)"
        ));
    }
    Ok(())
}

fn client(config: &Config) -> anyhow::Result<OktaClient> {
    let client = app::okta::client_with_scope(config, Some(SCOPE), &Clock::system(), &Arc::default())?;
    client.context(
        "okta.org_url is not configured, so there is no way into Okta: give the org and its credentials, or make the hook \
         by hand in the Admin Console under Workflow, Event Hooks",
    )
}

/// What a failure means here; the scope and the role are others than those of the service.
fn explained(error: OktaError) -> anyhow::Error {
    let reason = error.reason();
    let detail = reason.detail.as_deref().unwrap_or_default();
    match (reason.cause, &error) {
        (Cause::OktaScopeMissing, _) => anyhow::anyhow!(
            "{SCOPE} is not granted, and this command needs it. In the Okta Admin Console open the API service app, tab \
             Okta API Scopes, grant it, and run this again. The running service does not need it: revoke it afterwards.\n\
             このコマンドに必要なスコープ {SCOPE} が許可されていません。Okta 管理コンソールで API サービスアプリの「Okta API スコープ」タブを開いて許可し、\
             もう一度実行してください。稼働中のサービスには不要なので、実行後に取り消してください。\n  ({detail})"
        ),
        (Cause::OktaRoleMissing, _) => anyhow::anyhow!(
            "Okta says this program may not manage event hooks; the read-only role of the service is not enough. In the Okta \
             Admin Console open the API service app, tab Admin roles, assign Super Administrator or a custom role with \
             okta.eventhooks.manage, run this again, and take the role away afterwards.\n\
             イベントフックを管理する権限がありません。サービス用の読み取り専用ロールでは不十分です。Okta 管理コンソールで API サービスアプリの\
             「管理者ロール」タブを開き、スーパー管理者、または okta.eventhooks.manage を含むカスタムロールを割り当てて、もう一度実行してください。\
             実行後はロールを外してください。\n  ({detail})"
        ),
        (_, OktaError::Refused { said, .. }) => {
            anyhow::anyhow!("Okta refuses: {} ({detail})", said.text.as_deref().unwrap_or("it does not say why"))
        }
        _ => anyhow::Error::new(error),
    }
}

fn not_verified(url: &Url, said: Option<&str>) -> String {
    format!(
        "Okta could not verify the hook ({}). It sent a GET to {url} and wants an answer within 3 seconds. Check that\n\
         - the service runs, with `inbound.hook_secrets` and `okta.app_id` set, and was restarted after the secret was added;\n\
         - {} can be reached from the internet over IPv4, with a certificate everybody trusts (curl from outside: 401 means \
         reached);\n\
         - the proxy lets GET and the header `inbound.hook_header` through;\n\
         - the first secret of inbound.hook_secrets here is one the running service has.\n\
         Then run this again, or press Verify in the Admin Console under Workflow, Event Hooks.",
        said.unwrap_or("it does not say why"),
        url.host_str().unwrap_or("the host"),
    )
}
