//! The app that the sandbox's Developer Console would show: ids, secret, private key, registered scopes.
//!
//! Made afresh at every start. What a client is given is `SandboxCredentials`; the sandbox itself keeps only the public
//! key, with which it checks assertions. Secrets never reach a log: `Debug` leaves them out.

use std::fmt;
use std::io;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::clock::Clock;
use super::okta::{self, OktaCredentials};
use super::scim::switches::ScimTokenForm;
use super::scim::token;
use super::switches::Plan;

/// Scopes a Free plan can register (reference: the vendor's scope page, "allowed directory scopes").
const FREE_SCOPES: [&str; 5] = ["user.read", "group.read", "orgunit.read", "user.email.read", "user.profile.read"];

/// What only the paid plans can register on top.
const PAID_SCOPES: [&str; 5] = ["user", "group", "orgunit", "directory", "directory.read"];

/// Everything a client needs to talk to one sandbox.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxCredentials {
    /// Client id of the app, the assertion's `iss`.
    pub client_id: String,
    /// Client secret of the app.
    pub client_secret: String,
    /// Service account of the app, the assertion's `sub`.
    pub service_account: String,
    /// RSA key of the app, PKCS#8 PEM.
    pub private_key: String,
    /// Number of the tenant's main domain.
    pub domain_id: i64,
    /// Name of that domain, the part of a login after the `@`.
    pub domain: String,
    /// Every domain of the tenant, the main one first.
    pub domains: Vec<SandboxDomain>,
    /// Scopes registered on the app when the sandbox started.
    pub scopes: Vec<String>,
    /// Long-lived token of the provisioning app, for SCIM alone.
    pub scim_token: String,
    /// What the fake Okta beside it lets in.
    pub okta: OktaCredentials,
}

/// One domain of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxDomain {
    /// Its number.
    pub id: i64,
    /// Its name, the part of a login after the `@`.
    pub name: String,
}

impl fmt::Debug for SandboxCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SandboxCredentials")
            .field("client_id", &self.client_id)
            .field("service_account", &self.service_account)
            .field("domain_id", &self.domain_id)
            .field("domain", &self.domain)
            .field("domains", &self.domains)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Makes a new app, and the public key (PKCS#1 DER) that belongs to its private key.
///
/// # Errors
/// When the computer cannot make an RSA key.
pub(crate) fn generate(plan: Plan, form: ScimTokenForm) -> io::Result<(SandboxCredentials, Vec<u8>)> {
    let (private_key, public_key) = new_key()?;
    let main = SandboxDomain { id: fastrand::i64(10_000_000..100_000_000), name: "sandbox.example".to_owned() };
    let second = SandboxDomain { id: main.id + 100_000_000, name: "sub.sandbox.example".to_owned() };
    let credentials = SandboxCredentials {
        client_id: random_text(20),
        client_secret: new_secret(),
        service_account: format!("{}.serviceaccount@sandbox.example", random_text(5)),
        private_key,
        domain_id: main.id,
        domain: main.name.clone(),
        domains: vec![main, second],
        scopes: registered_scopes(plan).into_iter().map(str::to_owned).collect(),
        scim_token: token::new_text(form, Clock::real_now()),
        okta: okta::generate()?,
    };
    Ok((credentials, public_key))
}

/// A new private key (PKCS#8 PEM) and the public key (PKCS#1 DER) that belongs to it.
///
/// # Errors
/// When the computer cannot make an RSA key.
pub(crate) fn new_key() -> io::Result<(String, Vec<u8>)> {
    let broken = |what: &str| io::Error::other(format!("{what}: the cryptography library refused"));
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| broken("making the app's key"))?;
    let pkcs8: Pkcs8V1Der = key.as_der().map_err(|_| broken("writing the app's key as PKCS#8"))?;
    Ok((pem(pkcs8.as_ref()), key.public_key().as_ref().to_vec()))
}

/// A new client secret.
pub(crate) fn new_secret() -> String {
    random_text(10)
}

/// Scopes the app can be granted under `plan`.
pub(crate) fn registered_scopes(plan: Plan) -> Vec<&'static str> {
    match plan {
        Plan::Free => FREE_SCOPES.to_vec(),
        Plan::Advanced => PAID_SCOPES.into_iter().chain(FREE_SCOPES).collect(),
    }
}

fn random_text(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect::<String>().to_lowercase()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (position, letter) in text.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}
