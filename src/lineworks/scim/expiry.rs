//! When the long-lived token ends, and what stands for it where it must not be shown. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::lineworks::status::Basis;

/// "90 days, extended automatically whenever used" (LINE WORKS docs, scim-long-lived-token).
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many days before its end the log says so, once each.
const WARN_AT_DAYS: [i64; 4] = [30, 14, 7, 1];
/// A JWT says its end itself and nothing can be added to it; anything else lives on with each use.
pub(super) fn end_of(secret: &SecretString, last_use: Option<Timestamp>) -> (Option<Timestamp>, Basis) {
    match jwt_expiry(secret) {
        Some(end) => (Some(end), Basis::Exp),
        None => (last_use.and_then(|used| used.checked_add(LIFE).ok()), Basis::LastUse),
    }
}

/// The last mark that was passed on the way to the end, in days before it.
pub(super) fn mark_before(end: Timestamp, now: Timestamp) -> Option<i64> {
    WARN_AT_DAYS.into_iter().filter(|mark| end.duration_since(now) <= days(*mark)).min()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Whole days from one moment to a later one; 0 when it is past.
pub(super) fn days_between(now: Timestamp, end: Timestamp) -> i64 {
    (end.duration_since(now).as_hours() / 24).max(0)
}

/// Says which token something is about without telling it.
pub(super) fn fingerprint(secret: &SecretString) -> String {
    let hash = Sha256::digest(secret.expose_secret());
    hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The `exp` of a JWT, unverified: it is only for the administrator to know.
fn jwt_expiry(secret: &SecretString) -> Option<Timestamp> {
    let mut parts = secret.expose_secret().split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()?;
    let exp = &claims["exp"];
    let seconds = exp.as_i64().or_else(|| exp.as_str()?.parse().ok())?;
    Timestamp::from_second(seconds).ok()
}
