//! Access by hand, as a super admin changes it: grants, role, tokens, keys, the API token.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Registered, Role};
use super::credentials::new_api_token;
use super::jwk::PublicKey;
use super::keys::{self, KeyKind};
use crate::sandbox::call::Call;
use crate::sandbox::control::{ControlError, body};
use crate::sandbox::reply::Reply;
use crate::sandbox::world::{Shared, World};

/// Grants, role, keys and what is good now; no secret is shown.
pub(super) fn show(world: &World) -> Value {
    let now = world.clock.now();
    let access = &world.okta.access;
    json!({
        "clientId": access.client_id,
        "granted": access.granted,
        "role": access.role,
        "keys": access.keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(),
        "tokens": access.tokens.values().filter(|token| token.expires > now).count(),
        "apiToken": access.api_token.is_some(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    grant: Option<BTreeSet<String>>,
    revoke: Option<BTreeSet<String>>,
    role: Option<Role>,
    #[serde(default)]
    kill_tokens: bool,
}

pub(super) fn change(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let Change { grant, revoke, role, kill_tokens } = body(call)?;
    let access = &mut world.okta.access;
    access.granted.extend(grant.unwrap_or_default());
    for scope in revoke.unwrap_or_default() {
        access.granted.remove(&scope);
    }
    if let Some(role) = role {
        access.role = role;
    }
    if kill_tokens {
        access.tokens.clear();
    }
    Ok(show(world))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    /// A pair is made, for this algorithm.
    algorithm: Option<KeyKind>,
    /// Or somebody's own public key is registered.
    public_jwk: Option<Value>,
    key_id: Option<String>,
    #[serde(default)]
    keep_old: bool,
}

/// Registers a key in place of the others, or beside them; a pair that was made is shown this once.
pub(super) fn new_key(shared: &Shared, call: &Call) -> Result<Reply, ControlError> {
    let NewKey { algorithm, public_jwk, key_id, keep_old } = body(call)?;
    let (registered, shown) = match public_jwk {
        Some(jwk) => {
            let key = PublicKey::read(&jwk).ok_or_else(|| {
                ControlError::new(400, "publicJwk must be an RSA or EC key (P-256, P-384), without its private part")
            })?;
            let named = jwk["kid"].as_str().map(str::to_owned).or(key_id);
            let id = named.ok_or_else(|| ControlError::new(400, "give keyId, or a kid in publicJwk"))?;
            (Registered { id: id.clone(), key }, json!({ "keyId": id }))
        }
        None => {
            let made = keys::generate(algorithm.unwrap_or(KeyKind::Rs256))
                .map_err(|error| ControlError::new(500, error.to_string()))?;
            let shown = json!({ "keyId": made.id, "privateKey": made.private_pem, "privateJwk": made.private_jwk });
            (Registered { id: made.id, key: made.public }, shown)
        }
    };
    let mut world = shared.world();
    let keys = &mut world.okta.access.keys;
    keys.retain(|key| keep_old && key.id != registered.id);
    keys.push(registered);
    Ok(Reply::json(200, shown))
}

/// What the console does with an API token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", tag = "action", deny_unknown_fields)]
enum TokenAction {
    Issue,
    Revoke,
}

pub(super) fn api_token(world: &mut World, call: &Call) -> Result<Value, ControlError> {
    let access = &mut world.okta.access;
    access.api_token = match body(call)? {
        TokenAction::Issue => Some(new_api_token()),
        TokenAction::Revoke => None,
    };
    Ok(json!({ "apiToken": access.api_token }))
}
