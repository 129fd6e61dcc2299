//! The stand-ins of a sandbox that runs as a process of its own, which several replicas can share.
//!
//! It makes its credentials at its start and shows them to everybody at `/_sandbox/credentials`: nothing there is worth
//! protecting. LINE WORKS itself has no such address, so pointing `--sandbox-url` at it ends the start.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::config::{OktaDefaults, SandboxDefaults};

/// How long the sandbox may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is needed of what a sandbox shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    client_id: String,
    client_secret: String,
    service_account: String,
    private_key: String,
    scim_token: String,
    domain_id: i64,
    domains: Vec<Domain>,
    okta: Okta,
}

#[derive(Deserialize)]
struct Domain {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Okta {
    client_id: String,
    private_key: String,
    api_token: String,
}

/// The stand-ins of the sandbox at this address.
pub(super) async fn sandbox_at(url: &str) -> anyhow::Result<SandboxDefaults> {
    let url = url.trim_end_matches('/');
    let nobody = || format!("no sandbox answers at {url}; start one with `okta-lineworks sandbox --listen …` first");
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let answer = client.get(format!("{url}/_sandbox/credentials")).send().await.with_context(nobody)?;
    let shown: Shown = answer.error_for_status().with_context(nobody)?.json().await.with_context(nobody)?;
    Ok(SandboxDefaults {
        url: url.to_owned(),
        client_id: shown.client_id,
        client_secret: shown.client_secret,
        service_account: shown.service_account,
        private_key: shown.private_key,
        scim_token: shown.scim_token,
        domain_id: shown.domain_id,
        domains: shown.domains.into_iter().map(|domain| (domain.name, domain.id)).collect(),
        okta: OktaDefaults {
            client_id: shown.okta.client_id,
            private_key: shown.okta.private_key,
            api_token: shown.okta.api_token,
        },
    })
}
