//! Seals the cached access token for its way through the ledger (AES-256-GCM, a random nonce each time).
//!
//! The binding says what the token was issued for and is authenticated with it: a token of another app, scope or
//! key does not open. Nothing here tells why something did not open; whatever does not, counts as absent.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

/// The first byte of everything sealed: the layout's version.
const VERSION: u8 = 1;

/// Seals and opens with one key.
#[derive(Debug)]
pub(crate) struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// A sealer with this key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("32 bytes make an AES-256 key"))
    }

    /// Version, nonce, then the sealed text with its tag. `None` only when the machine has no randomness to give.
    pub(crate) fn seal(&self, binding: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = text.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(binding), &mut sealed).ok()?;
        Some([&[VERSION], nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// What was sealed with this key and this binding, and not touched since.
    pub(crate) fn open(&self, binding: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
        if *version != VERSION {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(binding), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again_and_never_looks_the_same() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(b"app a", b"a token").expect("sealed");
        assert_eq!(sealer.open(b"app a", &sealed).expect("opens").as_slice(), b"a token");
        assert_ne!(sealed, sealer.seal(b"app a", b"a token").expect("sealed"));
        assert!(!sealed.windows(7).any(|window| window == b"a token"));
    }

    #[test]
    fn another_binding_or_key_does_not_open_it() {
        let sealed = Sealer::new(&[1; 32]).seal(b"app a", b"a token").expect("sealed");
        assert!(Sealer::new(&[1; 32]).open(b"app b", &sealed).is_none());
        assert!(Sealer::new(&[2; 32]).open(b"app a", &sealed).is_none());
    }

    #[test]
    fn a_touched_or_cut_text_does_not_open() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(b"app a", b"a token").expect("sealed");
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert!(sealer.open(b"app a", &touched).is_none(), "byte {at}");
            assert!(sealer.open(b"app a", &sealed[..at]).is_none(), "cut to {at}");
        }
    }
}
