//! Who calls: the check that must come before anything else, and the value that proves it was made.
//!
//! A `Caller` can only be had from here. Secrets are compared in constant time, every list may hold several, and only
//! a failed answer is slowed down. The signature covers timestamp, method, target and body, joined by single spaces;
//! it is keyed with the UTF-8 bytes of the secret as shown, since the Workflows HMAC card takes the key as text.

use std::time::Duration;

use actix_web::HttpRequest;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::problem::{Code, Problem};

/// How far a signature's timestamp may be off, either way.
const SIGNATURE_LIFE: Duration = Duration::from_secs(300);
/// How long a refused caller waits for the answer.
const SLOWED: Duration = Duration::from_millis(250);

/// A secret with the name that shows in the audit trail.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The secret.
    pub secret: SecretString,
}

/// Which right a caller has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May say who has the app.
    Card,
    /// May deliver events.
    Hook,
    /// May see everything and decide.
    Admin,
    /// May have access tokens.
    Broker,
}

/// A caller that has shown a secret or a signature. Only this module can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: String,
    role: Role,
}

impl Caller {
    /// The name of the secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The right shown.
    pub fn role(&self) -> Role {
        self.role
    }
}

struct Bearer {
    name: String,
    digest: [u8; 32],
}

struct Signing {
    name: String,
    key: Hmac<Sha256>,
}

/// Everybody who may call, by door.
pub struct Callers {
    card: Vec<Bearer>,
    signing: Vec<Signing>,
    hook: Vec<Bearer>,
    admin: Vec<Bearer>,
    broker: Vec<Bearer>,
    hook_header: String,
}

impl Callers {
    /// The callers with these secrets; `hook_header` is the header Okta's event hook sends its secret in.
    pub fn new(card: &[Named], signing: &[Named], hook: &[Named], admin: &[Named], hook_header: &str) -> Self {
        let signing = signing
            .iter()
            .map(|named| Signing {
                name: named.name.clone(),
                key: Hmac::new_from_slice(named.secret.expose_secret().as_bytes())
                    .expect("HMAC takes a key of any length"),
            })
            .collect();
        let hook_header = hook_header.to_owned();
        Self {
            card: bearers(card),
            signing,
            hook: bearers(hook),
            admin: bearers(admin),
            broker: Vec::new(),
            hook_header,
        }
    }

    /// The same, and those who may have access tokens.
    #[must_use]
    pub fn with_broker(mut self, broker: &[Named]) -> Self {
        self.broker = bearers(broker);
        self
    }

    /// Whether cards may call at all.
    pub fn card_door_is_open(&self) -> bool {
        !self.card.is_empty() || !self.signing.is_empty()
    }

    /// Whether event hooks may call at all.
    pub fn hook_door_is_open(&self) -> bool {
        !self.hook.is_empty()
    }

    /// The caller a bearer secret shows, if the request carries one.
    ///
    /// # Errors
    /// When the secret is none of these roles'.
    pub async fn bearer(&self, request: &HttpRequest, roles: &[Role]) -> Result<Option<Caller>, Problem> {
        let Some(value) = header(request, "authorization") else { return Ok(None) };
        let token = bearer_token(value).unwrap_or(value);
        let found = roles.iter().find_map(|role| find(self.of(*role), token).map(|name| (name, *role)));
        match found {
            Some((name, role)) => Ok(Some(Caller { name: name.to_owned(), role })),
            None => Err(refuse(request, "the secret is not one of this door").await),
        }
    }

    /// The card whose signature covers this very request.
    ///
    /// # Errors
    /// When the signature is missing, wrong, or too old.
    pub async fn signer(&self, request: &HttpRequest, body: &[u8], now: Timestamp) -> Result<Caller, Problem> {
        let (Some(timestamp), Some(signature)) = (header(request, "x-timestamp"), header(request, "x-signature"))
        else {
            return Err(refuse(request, "neither a bearer secret nor a signature").await);
        };
        let Some(signature) = decode_signature(signature) else {
            return Err(refuse(request, "the signature is not v1=<hex or base64>").await);
        };
        let target = request.head().uri.path_and_query().map_or("/", |target| target.as_str());
        let signed = |signing: &&Signing| {
            let mut mac = signing.key.clone();
            for part in [timestamp, " ", request.method().as_str(), " ", target, " "] {
                mac.update(part.as_bytes());
            }
            mac.update(body);
            mac.verify_slice(&signature).is_ok()
        };
        let Some(signing) = self.signing.iter().find(signed) else {
            return Err(refuse(request, "the signature is wrong").await);
        };
        let Some(made) = parse_timestamp(timestamp) else {
            return Err(refuse(request, "the timestamp is neither ISO 8601 with an offset nor epoch seconds").await);
        };
        if now.duration_since(made).unsigned_abs() > SIGNATURE_LIFE {
            tokio::time::sleep(SLOWED).await;
            tracing::warn!(request_id = super::request_id(request), caller = signing.name, "a signature was too old");
            return Err(Problem::of(Code::SignatureExpired));
        }
        Ok(Caller { name: signing.name.clone(), role: Role::Card })
    }

    /// The event hook that sends its fixed header.
    ///
    /// # Errors
    /// When the header is missing or wrong.
    pub async fn hook(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let value = header(request, &self.hook_header);
        let found = value.and_then(|value| {
            find(&self.hook, value).or_else(|| bearer_token(value).and_then(|token| find(&self.hook, token)))
        });
        match found {
            Some(name) => Ok(Caller { name: name.to_owned(), role: Role::Hook }),
            None => Err(refuse(request, "the hook's header is missing or wrong").await),
        }
    }

    fn of(&self, role: Role) -> &[Bearer] {
        match role {
            Role::Card => &self.card,
            Role::Hook => &self.hook,
            Role::Admin => &self.admin,
            Role::Broker => &self.broker,
        }
    }
}

fn bearers(secrets: &[Named]) -> Vec<Bearer> {
    let bearer = |named: &Named| Bearer {
        name: named.name.clone(),
        digest: Sha256::digest(named.secret.expose_secret().as_bytes()).into(),
    };
    secrets.iter().map(bearer).collect()
}

/// Finds the secret's name; every entry is compared, so that the time tells nothing.
fn find<'a>(bearers: &'a [Bearer], shown: &str) -> Option<&'a str> {
    let digest: [u8; 32] = Sha256::digest(shown.as_bytes()).into();
    let mut found = None;
    for bearer in bearers {
        if verify_slices_are_equal(&bearer.digest, &digest).is_ok() {
            found = Some(bearer.name.as_str());
        }
    }
    found
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn decode_signature(value: &str) -> Option<Vec<u8>> {
    let encoded = value.strip_prefix("v1=")?;
    if encoded.len() == 64 {
        let pairs = encoded.as_bytes().chunks_exact(2);
        return pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    }
    BASE64.decode(encoded).ok()
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse().ok(),
    }
}

/// Slows the answer, and leaves one line in the log: who called which door, never the body, the header or the path
/// as sent, in which a login may stand.
async fn refuse(request: &HttpRequest, why: &'static str) -> Problem {
    tokio::time::sleep(SLOWED).await;
    tracing::warn!(
        request_id = super::request_id(request),
        peer = request.peer_addr().map(|peer| peer.ip().to_string()),
        method = request.method().as_str(),
        door = request.match_pattern(),
        why,
        "a caller was refused"
    );
    Problem::of(Code::Unauthorized)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_hex_or_base64() {
        let bytes: Vec<u8> = (0..32).collect();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(decode_signature(&format!("v1={hex}")), Some(bytes.clone()));
        assert_eq!(decode_signature(&format!("v1={}", hex.to_uppercase())), Some(bytes.clone()));
        assert_eq!(decode_signature(&format!("v1={}", BASE64.encode(&bytes))), Some(bytes));
        assert_eq!(decode_signature("abc"), None);
        assert_eq!(decode_signature(&format!("v1={}", "é".repeat(32))), None);
    }

    #[test]
    fn a_timestamp_is_iso_or_epoch_seconds() {
        let iso = parse_timestamp("2026-11-21T09:00:00.123+09:00").expect("an offset");
        assert_eq!(iso.as_millisecond(), 1_795_219_200_123);
        assert_eq!(parse_timestamp("1795219200").map(|at| at.as_second()), Some(1_795_219_200));
        assert_eq!(parse_timestamp("2026-11-21T09:00:00"), None);
    }
}
