//! What a client needs to be let in by the fake Okta: an API service app with its key, and an API token.
//!
//! Made afresh at every start. The org keeps the public key alone. Secrets never reach a log: `Debug` leaves them out.

use std::fmt;
use std::io;

use serde::Serialize;

use super::ids;
use super::jwk::PublicKey;
use super::keys::{self, KeyKind};

/// The app that people are assigned to.
const APP_ID: &str = "0oaSANDBOX";

/// Everything a client needs to talk to the fake Okta of one sandbox. The org's URL is the sandbox's.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaCredentials {
    /// Id of the app that people are assigned to.
    pub app_id: String,
    /// Client id of the API service app.
    pub client_id: String,
    /// Its key, EC P-256 as PKCS#8 PEM, for ES256.
    pub private_key: String,
    /// The key's id.
    pub key_id: String,
    /// An API token, the other way in.
    pub api_token: String,
    /// What the key's signatures are checked with.
    #[serde(skip)]
    pub(super) public_key: PublicKey,
}

impl fmt::Debug for OktaCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OktaCredentials")
            .field("app_id", &self.app_id)
            .field("client_id", &self.client_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Makes a service app.
///
/// # Errors
/// When the computer cannot make a key.
pub(crate) fn generate() -> io::Result<OktaCredentials> {
    let key = keys::generate(KeyKind::Es256)?;
    Ok(OktaCredentials {
        app_id: APP_ID.to_owned(),
        client_id: ids::new(ids::APP),
        private_key: key.private_pem,
        key_id: key.id,
        api_token: new_api_token(),
        public_key: key.public,
    })
}

/// An API token in Okta's form: 42 characters that begin with two zeros.
pub(super) fn new_api_token() -> String {
    format!("00{}", ids::secret(40))
}
