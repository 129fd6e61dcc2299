//! Stand-ins for sandbox mode: what is not configured is made up, so that a rehearsal needs no set-up at all.
//!
//! A rehearsal must never reach the real LINE WORKS by accident. Without configured URLs the sandbox's are used, and its
//! credentials with them, even where others are configured; configured URLs of the real hosts are refused (in
//! `sections`).

use super::layers::Layers;
use super::problems::Origin;
use super::raw;
use super::sandbox_okta::{self, OktaDefaults};
use std::fmt;
use toml::Value;

/// What the sandbox made up for this run; used only for what is not configured.
#[derive(Clone)]
pub struct SandboxDefaults {
    /// Where the sandbox answers as LINE WORKS, such as `http://127.0.0.1:8090`; both the auth URL and the API URL.
    pub url: String,
    /// Client ID.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// Service account id.
    pub service_account: String,
    /// Private key as PEM, PKCS#8 or PKCS#1.
    pub private_key: String,
    /// Long-lived token of the SCIM API.
    pub scim_token: String,
    /// Domain id, above zero.
    pub domain_id: i64,
    /// Every domain of the sandbox's tenant, with its id: the part of an e-mail address after the `@`.
    pub domains: Vec<(String, i64)>,
    /// What the fake Okta lets in.
    pub okta: OktaDefaults,
}

impl fmt::Debug for SandboxDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxDefaults").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The keys that say who we are to LINE WORKS; they go with the URLs.
const CREDENTIALS: [&str; 9] = [
    "lineworks.client_id",
    "lineworks.client_secret",
    "lineworks.other_client_secret",
    "lineworks.service_account",
    "lineworks.private_key",
    "lineworks.other_private_key",
    "lineworks.scim_token",
    "lineworks.domain_id",
    "lineworks.domains",
];
/// Those of the Directory API: naming one of them beside `backend = "scim"` rehearses both APIs at once.
const DIRECTORY: [&str; 4] =
    ["lineworks.client_id", "lineworks.client_secret", "lineworks.service_account", "lineworks.private_key"];

/// Fills in what nobody configured, after setting aside real credentials that have no URLs of their own.
pub(super) fn lay_stand_ins(layers: &mut Layers, sandbox: &SandboxDefaults) {
    let scim = layers.text("lineworks.backend") == Some("scim");
    let directory = !scim || DIRECTORY.iter().any(|key| layers.is_configured(key));
    let many_domains = layers.is_configured("lineworks.domains");
    let urls = ["lineworks.auth_url", "lineworks.api_url"];
    if !urls.iter().any(|url| layers.is_configured(url)) {
        set_credentials_aside(layers);
    }
    sandbox_okta::lay_stand_ins(layers, sandbox);
    let mut fill = |stand_ins: Vec<(&'static str, Value)>| fill(layers, stand_ins);
    fill(doors_and_urls(sandbox));
    if scim {
        fill(vec![("lineworks.scim_token", text(&sandbox.scim_token))]);
    }
    if directory {
        fill(directory_access(sandbox));
    }
    fill(vec![if many_domains { domains(sandbox) } else { ("lineworks.domain_id", sandbox.domain_id.into()) }]);
}

/// Sets what nobody has set.
pub(super) fn fill(layers: &mut Layers, stand_ins: Vec<(&'static str, Value)>) {
    for (dotted, value) in stand_ins {
        if let Some(key) = raw::key(dotted) {
            layers.fill(key, value, &Origin::Sandbox);
        }
    }
}

fn set_credentials_aside(layers: &mut Layers) {
    let configured: Vec<_> = CREDENTIALS.into_iter().filter(|key| layers.is_configured(key)).collect();
    if configured.is_empty() {
        return;
    }
    for key in &configured {
        layers.set_aside(key);
    }
    layers.warnings.push(format!(
        "sandbox mode: {} set aside, the sandbox's own LINE WORKS credentials are used",
        configured.join(", ")
    ));
}

fn doors_and_urls(sandbox: &SandboxDefaults) -> Vec<(&'static str, Value)> {
    vec![
        ("inbound.card_secrets", one_secret("sandbox-card")),
        ("inbound.signing_secrets", one_secret("sandbox-signing")),
        ("inbound.hook_secrets", one_secret("sandbox-hook")),
        ("inbound.admin_secrets", one_secret("sandbox-admin")),
        ("inbound.event_time", text("arrival")),
        ("okta.app_id", text("0oaSANDBOX")),
        ("lineworks.auth_url", text(&sandbox.url)),
        ("lineworks.api_url", text(&sandbox.url)),
        // A rehearsal keeps its own ledger, also beside a configuration for the real service.
        ("ledger.url", text("sqlite:okta-lineworks-sandbox.db")),
    ]
}

fn directory_access(sandbox: &SandboxDefaults) -> Vec<(&'static str, Value)> {
    vec![
        ("lineworks.client_id", text(&sandbox.client_id)),
        ("lineworks.client_secret", text(&sandbox.client_secret)),
        ("lineworks.service_account", text(&sandbox.service_account)),
        ("lineworks.private_key", text(&sandbox.private_key)),
    ]
}

/// Who rehearses with several domains gets all the sandbox has.
fn domains(sandbox: &SandboxDefaults) -> (&'static str, Value) {
    let table = sandbox.domains.iter().map(|(name, id)| (name.clone(), Value::Integer(*id)));
    ("lineworks.domains", Value::Table(table.collect()))
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A list with one secret in it, named `sandbox`.
fn one_secret(value: &str) -> Value {
    let mut entry = toml::Table::new();
    entry.insert("name".into(), Value::String("sandbox".into()));
    entry.insert("value".into(), Value::String(value.into()));
    Value::Array(vec![Value::Table(entry)])
}
