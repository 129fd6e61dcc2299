//! New key pairs, as the Admin Console makes them: shown once as PEM and as JWK, kept as the public half.

use std::io;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ids;
use super::jwk::{Curve, PublicKey};

/// What a key is for.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) enum KeyKind {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
}

/// A key pair that was just made.
pub(super) struct NewKey {
    pub(super) id: String,
    pub(super) private_pem: String,
    pub(super) private_jwk: Value,
    pub(super) public: PublicKey,
}

/// Makes a key pair. An RSA key takes a while: call it without holding the world.
///
/// # Errors
/// When the computer cannot make one.
pub(super) fn generate(kind: KeyKind) -> io::Result<NewKey> {
    match kind {
        KeyKind::Rs256 => rsa(),
        KeyKind::Es256 => ec(),
    }
    .ok_or_else(|| io::Error::other("making a key: the cryptography library refused"))
}

fn ec() -> Option<NewKey> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    let pkcs8 = key.to_pkcs8v1().ok()?;
    let point = key.public_key().as_ref();
    let (x, y) = (point.get(1..33)?.to_vec(), point.get(33..65)?.to_vec());
    let secret: EcPrivateKeyBin = key.private_key().as_be_bytes().ok()?;
    let parts = [("d", secret.as_ref())];
    Some(new_key(PublicKey::Ec { curve: Curve::P256, x, y }, pkcs8.as_ref(), &parts))
}

fn rsa() -> Option<NewKey> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let pkcs8: Pkcs8V1Der = key.as_der().ok()?;
    let numbers = rsa_numbers(pkcs8.as_ref())?;
    let [n, e, rest @ ..] = numbers.as_slice() else { return None };
    let names = ["d", "p", "q", "dp", "dq", "qi"];
    let parts: Vec<(&str, &[u8])> = names.into_iter().zip(rest.iter().map(Vec::as_slice)).collect();
    Some(new_key(PublicKey::Rsa { n: n.clone(), e: e.clone() }, pkcs8.as_ref(), &parts))
}

fn new_key(public: PublicKey, pkcs8: &[u8], private: &[(&str, &[u8])]) -> NewKey {
    let id = ids::secret(20);
    let mut jwk = public.to_jwk();
    for (name, bytes) in private {
        jwk[*name] = json!(URL_SAFE_NO_PAD.encode(bytes));
    }
    jwk["kid"] = json!(id);
    NewKey { id, private_pem: pem(pkcs8), private_jwk: jwk, public }
}

/// The numbers of an RSA key in PKCS#8: n, e, d, p, q, dp, dq, qi, each without leading zeros.
fn rsa_numbers(pkcs8: &[u8]) -> Option<Vec<Vec<u8>>> {
    // SEQUENCE { version, algorithm, OCTET STRING { SEQUENCE { version, n, e, … } } }
    let (outer, _) = element(pkcs8)?;
    let (_, rest) = element(outer)?;
    let (_, rest) = element(rest)?;
    let (inner, _) = element(rest)?;
    let (mut rest, _) = element(inner)?;
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (number, after) = element(rest)?;
        rest = after;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        numbers.push(number[zeros..].to_vec());
    }
    // The first one is the version.
    (numbers.len() == 9).then(|| numbers.split_off(1))
}

/// The content of a DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *der.get(1)?;
    let (length, start) = match first {
        0..=0x7f => (usize::from(first), 2),
        _ => {
            let count = usize::from(first & 0x7f);
            let bytes = der.get(2..2 + count)?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 2 + count)
        }
    };
    Some((der.get(start..start + length)?, der.get(start + length..)?))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned());
    let body = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}
