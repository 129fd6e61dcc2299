//! The long-lived token of a provisioning app, the only key to SCIM.
//!
//! It is issued in the console, shown once, and dies after 90 days without use (vendor's scim-long-lived-token page).
//! Access tokens of the token endpoint open nothing here, nor does this one open the REST API. The page calls it a JWT;
//! in that form its `exp` is final, since nothing can be added to a signed text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::switches::ScimTokenForm;

/// How long it lives, from its issue or from its last use.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The token that is good now, and the one it began with.
#[derive(Clone)]
pub(crate) struct ScimToken {
    first: String,
    text: String,
    dies: Timestamp,
    /// A JWT's `exp`, which no use extends.
    fixed: bool,
    revoked: bool,
}

impl ScimToken {
    /// The token of the sandbox's start.
    pub(crate) fn starting(text: &str, now: Timestamp) -> Self {
        let mut token = Self { first: text.to_owned(), text: String::new(), dies: now, fixed: false, revoked: false };
        token.take(text.to_owned(), now);
        token
    }

    /// Goes back to the token of the start.
    pub(crate) fn reset(&mut self, now: Timestamp) {
        self.take(self.first.clone(), now);
    }

    /// Puts a new token in place of the old one, which is dead from now on.
    pub(crate) fn issue(&mut self, form: ScimTokenForm, now: Timestamp) -> &str {
        self.take(new_text(form, now), now);
        &self.text
    }

    /// Ends the token's life.
    pub(crate) fn revoke(&mut self) {
        self.revoked = true;
    }

    /// The text of the newest one.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Looks a bearer token up, and extends its life if it is good.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) fn present(&mut self, text: &str, now: Timestamp) -> Result<(), &'static str> {
        if text != self.text {
            return Err("Malformed authentication token");
        }
        if self.revoked || self.dies <= now {
            return Err("Expired authentication token");
        }
        if !self.fixed {
            self.dies = now + LIFE;
        }
        Ok(())
    }

    fn take(&mut self, text: String, now: Timestamp) {
        let expires = expiry(&text);
        self.dies = expires.unwrap_or(now + LIFE);
        self.fixed = expires.is_some();
        self.revoked = false;
        self.text = text;
    }
}

/// A token nobody has had before.
pub(crate) fn new_text(form: ScimTokenForm, now: Timestamp) -> String {
    let mut bytes = [0_u8; 256];
    fastrand::fill(&mut bytes);
    match form {
        ScimTokenForm::Opaque => STANDARD.encode(&bytes[..46]),
        ScimTokenForm::Jwt => {
            let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let header = part(json!({ "alg": "RS256", "typ": "JWT" }));
            let claims = part(json!({
                "jti": uuid::Uuid::new_v4().to_string(),
                "scope": "scim",
                "iat": now.as_second(),
                "exp": (now + LIFE).as_second(),
            }));
            // As long as a signature by RS256; nobody but the issuer could check it.
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(bytes))
        }
    }
}

/// The `exp` of a JWT; None for anything else.
fn expiry(text: &str) -> Option<Timestamp> {
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims["exp"].as_i64()?).ok()
}
