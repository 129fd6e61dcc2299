//! DPoP proofs: a token is bound to a key, and every call shows a fresh proof by that key.
//!
//! At the token endpoint a proof needs a nonce of ours; for an API call it needs `ath`, the hash of the token.

use jiff::{SignedDuration, Timestamp};

use super::access::Access;
use super::ids;
use super::jwk::{Jwt, PublicKey, hash, text};
use super::paging;
use super::token::seconds;
use crate::sandbox::call::Call;
use crate::sandbox::clock::Clock;

/// How far `iat` may be off, in seconds; not documented.
const SKEW: f64 = 300.0;
/// How long a nonce is taken after its successor came (documented: three days).
const OLD_NONCE: SignedDuration = SignedDuration::from_hours(3 * 24);
const ALGORITHMS: [&str; 5] = ["RS256", "RS384", "RS512", "ES256", "ES384"];

/// Why a proof is none.
pub(super) enum Refused {
    /// It has no nonce of ours.
    NeedsNonce,
    Invalid(&'static str),
}

/// The nonce that is given out now; a new one when the last one's time is over.
pub(super) fn current_nonce(access: &mut Access, now: Timestamp, life: u32) -> String {
    let life = SignedDuration::from_secs(i64::from(life));
    match access.nonces.last() {
        Some((nonce, made)) if now.duration_since(*made) < life => nonce.clone(),
        _ => {
            let nonce = ids::secret(32);
            access.nonces.push((nonce.clone(), now));
            nonce
        }
    }
}

/// Checks the proof of a token request and gives the thumbprint of its key.
pub(super) fn check_token_request(
    access: &mut Access,
    call: &Call,
    now: Timestamp,
    nonce_life: u32,
) -> Result<String, Refused> {
    let (jwt, key) = read(call, now)?;
    let oldest = OLD_NONCE + SignedDuration::from_secs(i64::from(nonce_life));
    let is_ours =
        |given: &str| access.nonces.iter().any(|(nonce, made)| nonce == given && now.duration_since(*made) < oldest);
    if !jwt.claim("nonce").is_some_and(is_ours) {
        return Err(Refused::NeedsNonce);
    }
    use_up(access, &jwt)?;
    Ok(key.thumbprint())
}

/// Checks the proof of an API call made with a token that is bound to the key with this thumbprint.
pub(super) fn check_call(
    access: &mut Access,
    call: &Call,
    token: &str,
    bound_to: &str,
    now: Timestamp,
) -> Result<(), Refused> {
    let (jwt, key) = read(call, now)?;
    if key.thumbprint() != bound_to {
        return Err(Refused::Invalid("The proof is by another key than the token's."));
    }
    if jwt.claim("ath") != Some(hash(token).as_str()) {
        return Err(Refused::Invalid("ath is not the hash of the token."));
    }
    use_up(access, &jwt)
}

/// What every proof must have.
fn read(call: &Call, now: Timestamp) -> Result<(Jwt, PublicKey), Refused> {
    let given = call.header("dpop").ok_or(Refused::Invalid("The DPoP proof JWT header is missing."))?;
    let jwt = Jwt::read(given).ok_or(Refused::Invalid("The proof is not a JWT."))?;
    if text(&jwt.header, "typ") != Some("dpop+jwt") {
        return Err(Refused::Invalid("typ must be dpop+jwt."));
    }
    if !ALGORITHMS.contains(&jwt.algorithm()) {
        return Err(Refused::Invalid("The algorithm of the proof is not supported."));
    }
    let key = jwt.header.get("jwk").and_then(PublicKey::read);
    let key = key.ok_or(Refused::Invalid("jwk must be a public key, without its private part."))?;
    if !jwt.is_by(&key) {
        return Err(Refused::Invalid("The proof is not signed by its key."));
    }
    if jwt.claim("htm") != Some(call.method.as_str()) {
        return Err(Refused::Invalid("htm is not the method of the request."));
    }
    if jwt.claim("htu") != Some(format!("{}{}", paging::base(call), call.path).as_str()) {
        return Err(Refused::Invalid("htu is not the address of the request, without its query."));
    }
    let issued = jwt.seconds("iat").ok_or(Refused::Invalid("iat must be a number."))?;
    let is_current = |now: Timestamp| (seconds(now) - issued).abs() <= SKEW;
    if !is_current(now) && !is_current(Clock::real_now()) {
        return Err(Refused::Invalid("iat is too old, or ahead."));
    }
    Ok((jwt, key))
}

/// A proof is good once.
fn use_up(access: &mut Access, jwt: &Jwt) -> Result<(), Refused> {
    match jwt.claim("jti") {
        Some(jti) if access.used.insert(format!("proof {jti}")) => Ok(()),
        Some(_) => Err(Refused::Invalid("The jti of the proof was used before.")),
        None => Err(Refused::Invalid("jti is missing.")),
    }
}
