//! The app in the Developer Console as the sandbox knows it: its credentials, and the secrets and keys issued later.
//!
//! It says whether a secret or a signature is the app's; what that means for a request is the token endpoint's part.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::credentials::SandboxCredentials;

/// The app as the token endpoint knows it.
pub(crate) struct App {
    pub(crate) credentials: SandboxCredentials,
    public_key: Vec<u8>,
    /// What was issued later; none: as at the start.
    reissued: Mutex<Reissued>,
}

/// Client secrets and public keys issued after the start, in place of the first ones or beside them.
#[derive(Debug, Default)]
struct Reissued {
    client_secrets: Option<Vec<String>>,
    public_keys: Option<Vec<Vec<u8>>>,
}

impl App {
    pub(crate) fn new(credentials: SandboxCredentials, public_key: Vec<u8>) -> Self {
        Self { credentials, public_key, reissued: Mutex::default() }
    }

    /// Adds a client secret; the earlier ones stay valid or end.
    pub(crate) fn add_secret(&self, secret: String, keep_old: bool) {
        let mut reissued = self.reissued();
        let mut valid = reissued.client_secrets.take().unwrap_or_else(|| vec![self.credentials.client_secret.clone()]);
        valid.retain(|_| keep_old);
        valid.push(secret);
        reissued.client_secrets = Some(valid);
    }

    /// Adds a public key; the earlier ones stay valid or end.
    pub(crate) fn add_key(&self, key: Vec<u8>, keep_old: bool) {
        let mut reissued = self.reissued();
        let mut valid = reissued.public_keys.take().unwrap_or_else(|| vec![self.public_key.clone()]);
        valid.retain(|_| keep_old);
        valid.push(key);
        reissued.public_keys = Some(valid);
    }

    fn reissued(&self) -> MutexGuard<'_, Reissued> {
        self.reissued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a client secret of the app.
    pub(crate) fn knows_secret(&self, shown: &str) -> bool {
        match &self.reissued().client_secrets {
            None => shown == self.credentials.client_secret,
            Some(valid) => valid.iter().any(|secret| secret == shown),
        }
    }

    /// Whether a private key of the app made this signature.
    pub(crate) fn knows_signature(&self, signed: &str, signature: &[u8]) -> bool {
        let verifies = |key: &Vec<u8>| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), signature).is_ok()
        };
        match &self.reissued().public_keys {
            None => verifies(&self.public_key),
            Some(valid) => valid.iter().any(verifies),
        }
    }
}
