//! Ids that look like those of real exports and are derived from names, so that the same source makes the same file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest.finalize().into()
}

/// The id of a card or a field: 9 of `[A-Za-z0-9_-]`.
pub(super) fn short(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(digest(parts)).chars().take(9).collect()
}

/// The id of a flow, a group or a connection: a UUID of version 4's form.
pub(super) fn uuid(parts: &[&str]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest(parts)[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
