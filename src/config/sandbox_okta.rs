//! Stand-ins for the fake Okta: whoever names the org or a way in rehearses with it, nobody else.
//!
//! A rehearsal must never reach a real org. An address that is not of this computer is set aside with everything that
//! belongs to it; a credential without an address of this computer is, too.

use super::layers::Layers;
use super::sandbox::{SandboxDefaults, fill, text};

/// What the fake Okta made up for this run.
#[derive(Clone)]
pub struct OktaDefaults {
    /// Client id of the API service app.
    pub client_id: String,
    /// Its private key as PEM, PKCS#8.
    pub private_key: String,
    /// An API token, the other way in.
    pub api_token: String,
}

/// The keys that say who we are to Okta; they go with the address.
const CREDENTIALS: [&str; 4] = ["okta.client_id", "okta.private_key", "okta.key_id", "okta.api_token"];
/// Naming one of these asks for the fake Okta.
const WISHES: [&str; 3] = ["okta.org_url", "okta.client_id", "okta.api_token"];

/// Fills in what is missing of the way to the fake Okta, if anything of it is there.
pub(super) fn lay_stand_ins(layers: &mut Layers, sandbox: &SandboxDefaults) {
    if !WISHES.iter().any(|key| layers.is_configured(key)) {
        return;
    }
    let by_token = layers.is_configured("okta.api_token") && !layers.is_configured("okta.client_id");
    match layers.text("okta.org_url") {
        Some(url) if is_here(url) => {}
        Some(_) => {
            set_aside(layers, &["okta.org_url", "okta.app_id"]);
            set_aside(layers, &CREDENTIALS);
        }
        None => set_aside(layers, &CREDENTIALS),
    }
    let mut stand_ins = vec![("okta.org_url", text(&sandbox.url))];
    match by_token {
        true => stand_ins.push(("okta.api_token", text(&sandbox.okta.api_token))),
        false => {
            stand_ins.push(("okta.client_id", text(&sandbox.okta.client_id)));
            stand_ins.push(("okta.private_key", text(&sandbox.okta.private_key)));
        }
    }
    fill(layers, stand_ins);
}

fn set_aside(layers: &mut Layers, keys: &[&str]) {
    let configured: Vec<&str> = keys.iter().copied().filter(|key| layers.is_configured(key)).collect();
    if configured.is_empty() {
        return;
    }
    for key in &configured {
        layers.set_aside(key);
    }
    layers.warnings.push(format!("sandbox mode: {} set aside, the fake Okta's own are used", configured.join(", ")));
}

/// Whether an address is of this computer.
fn is_here(url: &str) -> bool {
    let host = reqwest::Url::parse(url.trim()).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let bare = host.trim_matches(['[', ']']);
        bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
