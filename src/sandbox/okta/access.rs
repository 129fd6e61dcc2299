//! Who is let in: the service app with its keys and grants, the API token, and the access tokens that were issued.
//!
//! The service app needs two grants and a client often has only one of them: the scopes, and an admin role.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::credentials::OktaCredentials;
use super::jwk::PublicKey;

/// The scopes that are granted at the start.
const GRANTED: [&str; 4] = ["okta.apps.read", "okta.users.read", "okta.logs.read", "okta.eventHooks.manage"];

/// The admin role of whoever calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Role {
    /// Sees everything.
    Full,
    /// There is none.
    None,
    /// Sees only these apps.
    Apps(BTreeSet<String>),
    /// Sees every app, and only these people in it and elsewhere; the System Log stays whole.
    People(BTreeSet<String>),
}

impl Role {
    /// Whether this app can be seen.
    pub(super) fn sees(&self, app: &str) -> bool {
        match self {
            Self::Full | Self::People(_) => true,
            Self::None => false,
            Self::Apps(apps) => apps.contains(app),
        }
    }

    /// Whether this person can be seen.
    pub(super) fn sees_person(&self, id: &str) -> bool {
        match self {
            Self::Full | Self::Apps(_) => true,
            Self::None => false,
            Self::People(people) => people.contains(id),
        }
    }
}

/// A public key of the service app.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) key: PublicKey,
}

/// An access token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) scopes: BTreeSet<String>,
    pub(super) expires: Timestamp,
    /// The thumbprint of the key it is bound to.
    pub(super) bound_to: Option<String>,
}

#[derive(Debug)]
pub(super) struct Access {
    pub(super) client_id: String,
    pub(super) keys: Vec<Registered>,
    pub(super) granted: BTreeSet<String>,
    pub(super) role: Role,
    /// None: it was revoked.
    pub(super) api_token: Option<String>,
    pub(super) tokens: HashMap<String, Token>,
    /// The `jti` of assertions and proofs that were used.
    pub(super) used: BTreeSet<String>,
    /// The nonces that were given out, the newest last, with the time of each.
    pub(super) nonces: Vec<(String, Timestamp)>,
    pub(super) issued: u64,
    /// Token requests that were granted although the last token was still good.
    pub(super) early_requests: u64,
}

impl Access {
    pub(super) fn new(credentials: &OktaCredentials) -> Self {
        let key = Registered { id: credentials.key_id.clone(), key: credentials.public_key.clone() };
        Self {
            client_id: credentials.client_id.clone(),
            keys: vec![key],
            granted: GRANTED.into_iter().map(str::to_owned).collect(),
            role: Role::Full,
            api_token: Some(credentials.api_token.clone()),
            tokens: HashMap::new(),
            used: BTreeSet::new(),
            nonces: Vec::new(),
            issued: 0,
            early_requests: 0,
        }
    }

    /// A token that is good now.
    pub(super) fn token(&self, text: &str, now: Timestamp) -> Option<&Token> {
        self.tokens.get(text).filter(|token| token.expires > now)
    }

    /// True if the text holds a secret of ours.
    pub(super) fn is_secret_in(&self, text: &str) -> bool {
        self.api_token.as_ref().is_some_and(|token| text.contains(token.as_str()))
            || self.tokens.keys().any(|token| text.contains(token.as_str()))
    }
}
