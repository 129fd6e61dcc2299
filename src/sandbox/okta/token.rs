//! The org's token endpoint: `client_credentials` with `private_key_jwt`, the only client authentication it takes for
//! Okta's own scopes, and DPoP when the app demands it or the client offers it.
//!
//! The assertion's times are good if they are good by real time or by the sandbox's clock: a client's clock need not
//! move when the sandbox's does.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::access::{Access, Token};
use super::ids;
use super::jwk::{Jwt, text};
use super::paging;
use super::proof::{self, Refused};
use crate::sandbox::call::Call;
use crate::sandbox::clock::Clock;
use crate::sandbox::reply::Reply;
use crate::sandbox::world::World;

/// The longest life of an assertion, in seconds (documented).
const LONGEST: f64 = 3600.0;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Algorithms that are taken (documented; P-521 has no key here).
const ALGORITHMS: [&str; 5] = ["RS256", "RS384", "RS512", "ES256", "ES384"];

/// A refusal in OAuth's shape.
pub(super) struct OauthError(pub(super) &'static str, pub(super) String);

fn refuse<T>(error: &'static str, description: &str) -> Result<T, OauthError> {
    Err(OauthError(error, description.to_owned()))
}

impl From<OauthError> for Reply {
    fn from(OauthError(error, description): OauthError) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Reply::json(status, json!({ "error": error, "error_description": description }))
    }
}

/// Answers a token request.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    let now = world.clock.now();
    let life = world.okta.switches.access_token_life_seconds;
    let nonce_life = world.okta.switches.dpop_nonce_life_seconds;
    let require = world.okta.switches.require_dpop;
    let access = &mut world.okta.access;
    let nonce = proof::current_nonce(access, now, nonce_life);
    let granted = check(access, call, now).and_then(|scopes| {
        let bound_to = bind(access, call, now, nonce_life, require)?;
        Ok(grant(access, scopes, bound_to, now, life))
    });
    granted.unwrap_or_else(Reply::from).with_header("dpop-nonce", nonce)
}

fn grant(access: &mut Access, scopes: BTreeSet<String>, bound_to: Option<String>, now: Timestamp, life: u32) -> Reply {
    if access.tokens.values().any(|token| token.expires > now && token.scopes == scopes) {
        access.early_requests += 1;
    }
    let text = format!("eyJ{}.{}.{}", ids::secret(40), ids::secret(120), ids::secret(86));
    let answer = json!({
        "token_type": if bound_to.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": life,
        "access_token": text,
        "scope": scopes.iter().cloned().collect::<Vec<_>>().join(" "),
    });
    let expires = now + SignedDuration::from_secs(i64::from(life));
    access.issued += 1;
    access.tokens.insert(text, Token { scopes, expires, bound_to });
    Reply::json(200, answer)
}

/// Checks the whole request but its proof, and gives the scopes it may have.
fn check(access: &mut Access, call: &Call, now: Timestamp) -> Result<BTreeSet<String>, OauthError> {
    let Some(form) = call.form() else {
        return refuse("invalid_request", "The body must be a form, each field once.");
    };
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    match field("grant_type") {
        "client_credentials" => {}
        "" => return refuse("invalid_request", "grant_type is missing."),
        _ => return refuse("unsupported_grant_type", "The grant type is not supported."),
    }
    if form.contains_key("client_secret") || call.authorization.is_some() {
        return refuse("invalid_client", "Okta scopes need private_key_jwt as the client authentication.");
    }
    check_assertion(access, call, &form, now)?;
    let scopes: BTreeSet<String> = field("scope").split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if scopes.is_empty() {
        return refuse("invalid_scope", "At least one scope is needed.");
    }
    if !scopes.is_subset(&access.granted) {
        return refuse("invalid_scope", "One or more scopes are not granted to the client application.");
    }
    Ok(scopes)
}

fn check_assertion(
    access: &mut Access,
    call: &Call,
    form: &HashMap<String, String>,
    now: Timestamp,
) -> Result<(), OauthError> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("client_assertion_type") != ASSERTION_TYPE {
        return refuse("invalid_client", "client_assertion_type is missing or not supported.");
    }
    let Some(jwt) = Jwt::read(field("client_assertion")) else {
        return refuse("invalid_client", "client_assertion is not a JWT.");
    };
    if !ALGORITHMS.contains(&jwt.algorithm()) {
        return refuse("invalid_client", "The algorithm of client_assertion is not supported.");
    }
    let client = access.client_id.as_str();
    if jwt.claim("iss") != Some(client) || jwt.claim("sub") != Some(client) {
        return refuse("invalid_client", "iss and sub must be the client id.");
    }
    if form.get("client_id").is_some_and(|id| id != client) {
        return refuse("invalid_client", "client_id is not that of the assertion.");
    }
    let known = match text(&jwt.header, "kid") {
        Some(id) => access.keys.iter().find(|key| key.id == id),
        None if access.keys.len() > 1 => return refuse("invalid_client", "With several keys the header needs a kid."),
        None => access.keys.first(),
    };
    if !known.is_some_and(|known| jwt.is_by(&known.key)) {
        return refuse("invalid_client", "The signature of client_assertion is not by a key of the client.");
    }
    if jwt.claim("aud") != Some(format!("{}{}", paging::base(call), call.path).as_str()) {
        return refuse("invalid_client", "aud must be the address of the token endpoint.");
    }
    let Some(expires) = jwt.seconds("exp") else {
        return refuse("invalid_client", "exp must be a number.");
    };
    let is_current = |now: Timestamp| {
        let now = seconds(now);
        now < expires && expires <= now + LONGEST
    };
    if !is_current(now) && !is_current(Clock::real_now()) {
        return refuse("invalid_client", "exp is over, or more than an hour ahead.");
    }
    match jwt.claim("jti") {
        Some(jti) if !access.used.insert(format!("assertion {jti}")) => {
            refuse("invalid_client", "The jti of client_assertion was used before.")
        }
        _ => Ok(()),
    }
}

/// The thumbprint of the key that the new token is bound to.
fn bind(
    access: &mut Access,
    call: &Call,
    now: Timestamp,
    nonce_life: u32,
    require: bool,
) -> Result<Option<String>, OauthError> {
    if call.header("dpop").is_none() {
        return match require {
            true => refuse("invalid_dpop_proof", "The DPoP proof JWT header is missing."),
            false => Ok(None),
        };
    }
    match proof::check_token_request(access, call, now, nonce_life) {
        Ok(key) => Ok(Some(key)),
        Err(Refused::NeedsNonce) => refuse("use_dpop_nonce", "Authorization server requires nonce in DPoP proof."),
        Err(Refused::Invalid(why)) => refuse("invalid_dpop_proof", why),
    }
}

/// A moment as a JWT has it.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
