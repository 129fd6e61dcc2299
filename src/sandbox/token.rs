//! The token and revoke endpoints: checks a service account's assertion for real and hands out opaque tokens.
//!
//! Independent of any JWT library, so that a mistake in one cannot hide here. Rules: the vendor's "JWT" page (claims in
//! seconds, at most 60 minutes, RS256) and the error shapes of RFC 6749, section 5.2. The assertion's times are good if
//! they are good by real time or by the sandbox's clock: a client's clock need not move when the sandbox's does.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::app::App;
use super::clock::Clock;
use super::credentials::registered_scopes;
use super::reply::Reply;
use super::switches::{ExpiresIn, RefreshToken, ScopeSeparator, Switches, TokenErrorStatus};

/// The longest life of an assertion, in seconds (field report quoting the vendor's JWT page).
const LONGEST_ASSERTION: f64 = 3600.0;

/// How far ahead `iat` may be; the allowed skew is not documented.
const SKEW: f64 = 60.0;

/// How long a refresh token lives (vendor's JWT page: 90 days).
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The official Python sample encodes the grant type twice, and works.
const GRANT_TYPE_ENCODED: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

/// The tokens that were issued.
#[derive(Default)]
pub(crate) struct Tokens {
    issued: HashMap<String, Token>,
    refresh: HashMap<String, Token>,
    pub(crate) count: u64,
}

struct Token {
    scopes: Vec<String>,
    expires: Timestamp,
    killed: bool,
}

/// What a presented token turns out to be.
#[derive(Debug)]
pub(crate) enum Presented {
    Unknown,
    Dead,
    Good(Vec<String>),
}

impl Tokens {
    fn issue(&mut self, scopes: Vec<String>, expires: Timestamp) -> String {
        let text = opaque();
        self.count += 1;
        let token = Token { scopes, expires, killed: false };
        self.issued.insert(text.clone(), token);
        text
    }

    fn issue_refresh(&mut self, scopes: Vec<String>, expires: Timestamp) -> String {
        let text = opaque();
        self.refresh.insert(text.clone(), Token { scopes, expires, killed: false });
        text
    }

    /// The scopes of a refresh token that is good.
    fn refreshes(&self, text: &str, now: Timestamp) -> Option<Vec<String>> {
        let token = self.refresh.get(text).filter(|token| !token.killed && token.expires > now);
        token.map(|token| token.scopes.clone())
    }

    /// Ends the life of one token of either kind; one that was never issued is none of our business.
    fn kill(&mut self, text: &str) {
        for token in [self.issued.get_mut(text), self.refresh.get_mut(text)].into_iter().flatten() {
            token.killed = true;
        }
    }

    /// Ends the life of every access token.
    pub(crate) fn kill_all(&mut self) {
        for token in self.issued.values_mut() {
            token.killed = true;
        }
    }

    /// Looks a bearer token up.
    pub(crate) fn present(&self, text: &str, now: Timestamp) -> Presented {
        match self.issued.get(text) {
            None => Presented::Unknown,
            Some(token) if token.killed || token.expires <= now => Presented::Dead,
            Some(token) => Presented::Good(token.scopes.clone()),
        }
    }
}

/// A refusal in OAuth's shape.
struct OauthError {
    error: &'static str,
    description: String,
}

fn refuse<T>(error: &'static str, description: &str) -> Result<T, OauthError> {
    Err(OauthError { error, description: description.to_owned() })
}

impl OauthError {
    fn reply(self, switches: &Switches) -> Reply {
        let unauthorized = self.error == "invalid_client" && switches.token_error_status == TokenErrorStatus::Rfc;
        let status = if unauthorized { 401 } else { 400 };
        Reply::json(status, json!({ "error": self.error, "error_description": self.description }))
    }
}

/// Characters that must be form-encoded: the text begins with `+/+/` and ends in `==`.
fn opaque() -> String {
    let mut bytes = [0_u8; 46];
    fastrand::fill(&mut bytes);
    bytes[..3].copy_from_slice(&[0xfb, 0xff, 0xbf]);
    STANDARD.encode(bytes)
}

/// Answers a token request. `form` is None when the body was no form.
pub(crate) fn answer(
    app: &App,
    tokens: &mut Tokens,
    switches: &Switches,
    clock: &Clock,
    form: Option<&HashMap<String, String>>,
) -> Reply {
    let Some(form) = form else {
        return unexpected(400);
    };
    let granted = match form.get("grant_type").map(String::as_str) {
        Some("refresh_token") => refresh(app, tokens, switches, clock, form),
        _ => check(app, switches, clock, form).map(|scopes| {
            let refresh_token = tokens.issue_refresh(scopes.clone(), clock.now() + REFRESH_LIFE);
            grant(tokens, switches, clock, scopes, Some(refresh_token))
        }),
    };
    granted.unwrap_or_else(|refused| refused.reply(switches))
}

/// Ends a token, of either kind; 200 with nothing also for an unknown one (RFC 7009; the vendor's page is not at hand).
pub(crate) fn revoke(
    app: &App,
    tokens: &mut Tokens,
    switches: &Switches,
    form: Option<&HashMap<String, String>>,
) -> Reply {
    let Some((form, token)) = form.and_then(|form| Some((form, form.get("token")?))) else {
        return unexpected(400);
    };
    if let Err(refused) = check_client(app, form) {
        return refused.reply(switches);
    }
    tokens.kill(token);
    Reply::empty(200)
}

/// A new access token for a refresh token; whether that one is replaced is a setting of the app (vendor's JWT page).
fn refresh(
    app: &App,
    tokens: &mut Tokens,
    switches: &Switches,
    clock: &Clock,
    form: &HashMap<String, String>,
) -> Result<Reply, OauthError> {
    check_client(app, form)?;
    let old = form.get("refresh_token").map(String::as_str).unwrap_or_default();
    let Some(scopes) = tokens.refreshes(old, clock.now()) else {
        return refuse("invalid_grant", "The refresh token is not valid.");
    };
    let refresh_token = match switches.refresh_token {
        RefreshToken::Omit => None,
        RefreshToken::Repeat => Some(old.to_owned()),
        RefreshToken::Rotate => {
            tokens.kill(old);
            Some(tokens.issue_refresh(scopes.clone(), clock.now() + REFRESH_LIFE))
        }
    };
    Ok(grant(tokens, switches, clock, scopes, refresh_token))
}

/// The third error shape of LINE WORKS, recorded for a malformed token request.
pub(crate) fn unexpected(status: u16) -> Reply {
    Reply::json(status, json!({ "returnCode": "99", "returnMessage": "UnexpectedError" }))
}

fn grant(
    tokens: &mut Tokens,
    switches: &Switches,
    clock: &Clock,
    scopes: Vec<String>,
    refresh_token: Option<String>,
) -> Reply {
    if switches.new_token_kills_older {
        tokens.kill_all();
    }
    let life = switches.access_token_life_seconds;
    let expires = clock.now() + SignedDuration::from_secs(i64::from(life));
    let scope = scopes.join(" ");
    let access_token = tokens.issue(scopes, expires);
    let expires_in = match switches.expires_in {
        ExpiresIn::String => json!(life.to_string()),
        ExpiresIn::Number => json!(life),
    };
    let mut answer = json!({
        "access_token": access_token,
        "scope": scope,
        "token_type": "Bearer",
        "expires_in": expires_in,
    });
    if let Some(refresh_token) = refresh_token {
        answer["refresh_token"] = json!(refresh_token);
    }
    Reply::json(200, answer)
}

fn check_client(app: &App, form: &HashMap<String, String>) -> Result<(), OauthError> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != app.credentials.client_id {
        return refuse("invalid_client", "The client does not exist.");
    }
    if !app.knows_secret(field("client_secret")) {
        return refuse("invalid_client", "The client secret is wrong.");
    }
    Ok(())
}

/// Checks the whole request and returns the scopes it may have.
fn check(
    app: &App,
    switches: &Switches,
    clock: &Clock,
    form: &HashMap<String, String>,
) -> Result<Vec<String>, OauthError> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if ![GRANT_TYPE, GRANT_TYPE_ENCODED].contains(&field("grant_type")) {
        return refuse("unsupported_grant_type", "The grant type is not supported.");
    }
    check_client(app, form)?;
    let claims = verified_claims(app, field("assertion"))?;
    check_claims(app, clock, &switches.expired_assertion_text, &claims)?;
    let separates = |letter: char| letter == ' ' || letter == ',' && switches.scope_separator == ScopeSeparator::Comma;
    let scopes: Vec<String> = field("scope").split(separates).map(str::to_owned).collect();
    let registered = registered_scopes(switches.plan);
    if scopes.iter().any(|scope| !registered.contains(&scope.as_str())) {
        return refuse("invalid_scope", "Request scope is not valid.");
    }
    Ok(scopes)
}

/// The claims of an assertion whose header and signature are in order.
fn verified_claims(app: &App, assertion: &str) -> Result<Map<String, Value>, OauthError> {
    let malformed = OauthError { error: "invalid_grant", description: "The assertion is not a JWT.".to_owned() };
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(malformed);
    };
    let decoded = (object(header), object(claims), URL_SAFE_NO_PAD.decode(signature));
    let (Some(head), Some(body), Ok(signature)) = decoded else {
        return Err(malformed);
    };
    if head.get("alg") != Some(&json!("RS256")) {
        return refuse("invalid_grant", "The assertion must be signed with RS256.");
    }
    let signed = format!("{header}.{claims}");
    if !app.knows_signature(&signed, &signature) {
        return refuse("invalid_client", "The assertion's signature does not match the app's key.");
    }
    Ok(body)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn check_claims(app: &App, clock: &Clock, expired: &str, claims: &Map<String, Value>) -> Result<(), OauthError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&app.credentials.client_id) {
        return refuse("invalid_client", "iss is not the client id.");
    }
    if text("sub") != Some(&app.credentials.service_account) {
        return refuse("invalid_client", "sub is not the app's service account.");
    }
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let (Some(issued), Some(expires)) = (seconds("iat"), seconds("exp")) else {
        return refuse("invalid_grant", "iat and exp must be numbers.");
    };
    if expires - issued > LONGEST_ASSERTION {
        return refuse("invalid_grant", "exp is more than 60 minutes after iat.");
    }
    let real = Clock::real_now();
    if ![real, clock.now()].iter().any(|now| is_current(issued, expires, *now)) {
        return refuse("invalid_grant", expired);
    }
    Ok(())
}

fn is_current(issued: f64, expires: f64, now: Timestamp) -> bool {
    let now = now.as_millisecond() as f64 / 1000.0;
    issued <= now + SKEW && now < expires
}
