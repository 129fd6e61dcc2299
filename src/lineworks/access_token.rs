//! An access token in this process's hands. `Debug` does not show it.

use jiff::Timestamp;
use secrecy::SecretString;

/// An access token, and which one it is.
#[derive(Debug, Clone)]
pub struct AccessToken {
    secret: SecretString,
    generation: u64,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl AccessToken {
    pub(crate) fn new(secret: SecretString, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        Self { secret, generation: 0, issued_at, expires_at }
    }

    /// The same token, as this process's own of this number.
    pub(crate) fn numbered(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// The token itself.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Which one of this process's tokens it is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When it was asked for.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When its life ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}
