//! The private key of the service app, and the assertions it signs (`private_key_jwt`).
//!
//! RSA keys sign RS256, EC keys ES256 or ES384 after their curve; Okta takes all three (Okta docs, service app). The key
//! comes as PEM (PKCS#8, PKCS#1, SEC1) or as a JWK, is read and tried once, and never prints.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

/// How far back `iat` is put, in seconds: our clock may be ahead of Okta's.
const BACKDATED_S: i64 = 60;
/// How long an assertion is good from now on, in seconds; Okta takes an hour at most (Okta docs, service app).
const LIFE_S: i64 = 300;

/// Why a text is not a private key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor JWK.
    #[error("is neither a PEM nor a JWK: give the whole private key as Okta showed it when it was made")]
    NotAKey,
    /// A JWK without its private part.
    #[error("is a public key: Okta shows the private one once, when the key is made; make another key and save that")]
    Public,
    /// Some other kind of key.
    #[error(
        "is neither an RSA key nor an EC key on P-256 or P-384: make one in the Okta Admin Console, or with openssl"
    )]
    OtherKind,
    /// The parts do not fit together, or it is too short.
    #[error("cannot sign: it is damaged, or an RSA key shorter than 2048 bits")]
    Unusable,
}

/// Signs assertions for one service app.
#[derive(Debug)]
pub(super) struct Signer {
    client_id: String,
    key_id: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

/// A private key as a JWK (RFC 7517, 7518); `Debug` is left out on purpose.
#[derive(Deserialize, Default)]
struct PrivateJwk {
    #[serde(default)]
    kty: String,
    #[serde(default)]
    crv: String,
    kid: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    d: String,
    #[serde(default)]
    p: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    dp: String,
    #[serde(default)]
    dq: String,
    #[serde(default)]
    qi: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl Drop for PrivateJwk {
    fn drop(&mut self) {
        for part in [&mut self.d, &mut self.p, &mut self.q, &mut self.dp, &mut self.dq, &mut self.qi] {
            part.zeroize();
        }
    }
}

impl Signer {
    /// Reads a private key and signs once to try it. A JWK's own `kid` goes before `key_id`.
    ///
    /// # Errors
    /// Says what is wrong with the key, never what it contains.
    pub(super) fn new(client_id: &str, key_id: Option<&str>, text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        let (own_id, algorithm, key) = if text.starts_with('{') { from_jwk(text)? } else { from_pem(text)? };
        let key_id = own_id.or_else(|| key_id.map(ToOwned::to_owned));
        let signer = Self { client_id: client_id.to_owned(), key_id, algorithm, key };
        signer.sign("", Timestamp::UNIX_EPOCH).map_err(|_| KeyError::Unusable)?;
        Ok(signer)
    }

    /// The assertion for this token endpoint, good for five minutes from `now` on.
    pub(super) fn assertion(&self, token_url: &str, now: Timestamp) -> Zeroizing<String> {
        Zeroizing::new(self.sign(token_url, now).expect("the key signed when it was read"))
    }

    fn sign(&self, token_url: &str, now: Timestamp) -> jsonwebtoken::errors::Result<String> {
        let now = now.as_second();
        let claims = Claims {
            aud: token_url,
            iss: &self.client_id,
            sub: &self.client_id,
            iat: now - BACKDATED_S,
            exp: now + LIFE_S,
            jti: Uuid::new_v4().to_string(),
        };
        let header = Header { kid: self.key_id.clone(), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}

type Read = (Option<String>, Algorithm, EncodingKey);

fn from_pem(text: &str) -> Result<Read, KeyError> {
    let (algorithm, key) = match PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| KeyError::NotAKey)? {
        PrivateKeyDer::Pkcs1(der) => {
            RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|_| KeyError::Unusable)?;
            (Algorithm::RS256, EncodingKey::from_rsa_der(der.secret_pkcs1_der()))
        }
        PrivateKeyDer::Sec1(der) => ec(|curve| EcdsaKeyPair::from_private_key_der(curve, der.secret_sec1_der()).ok())?,
        PrivateKeyDer::Pkcs8(der) => {
            let der = der.secret_pkcs8_der();
            match ec(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok()) {
                Ok(read) => read,
                Err(_) => (Algorithm::RS256, rsa(der)?),
            }
        }
        _ => return Err(KeyError::OtherKind),
    };
    Ok((None, algorithm, key))
}

fn from_jwk(text: &str) -> Result<Read, KeyError> {
    let mut jwk: PrivateJwk = serde_json::from_str(text).map_err(|_| KeyError::NotAKey)?;
    let kid = jwk.kid.take().filter(|kid| !kid.is_empty());
    if jwk.d.is_empty() && matches!(jwk.kty.as_str(), "RSA" | "EC") {
        return Err(KeyError::Public);
    }
    let (algorithm, key) = match jwk.kty.as_str() {
        "RSA" => (Algorithm::RS256, rsa_of(&jwk)?),
        "EC" => {
            let mut point = vec![4];
            point.extend_from_slice(&bytes(&jwk.x)?);
            point.extend_from_slice(&bytes(&jwk.y)?);
            let secret = bytes(&jwk.d)?;
            let (algorithm, key) =
                ec(|curve| EcdsaKeyPair::from_private_key_and_public_key(curve, &secret, &point).ok()).map_err(
                    |error| if matches!(jwk.crv.as_str(), "P-256" | "P-384") { KeyError::Unusable } else { error },
                )?;
            (algorithm, key)
        }
        "" => return Err(KeyError::NotAKey),
        _ => return Err(KeyError::OtherKind),
    };
    Ok((kid, algorithm, key))
}

fn rsa_of(jwk: &PrivateJwk) -> Result<EncodingKey, KeyError> {
    let components = KeyPairComponents {
        public_key: aws_lc_rs::rsa::PublicKeyComponents { n: bytes(&jwk.n)?, e: bytes(&jwk.e)? },
        d: bytes(&jwk.d)?,
        p: bytes(&jwk.p)?,
        q: bytes(&jwk.q)?,
        dP: bytes(&jwk.dp)?,
        dQ: bytes(&jwk.dq)?,
        qInv: bytes(&jwk.qi)?,
    };
    let pair = RsaKeyPair::from_components(&components).map_err(|_| KeyError::Unusable)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Unusable)?;
    rsa(der.as_ref())
}

/// An RSA key in PKCS#8; the JWT library takes that form as PEM only.
fn rsa(pkcs8: &[u8]) -> Result<EncodingKey, KeyError> {
    let body = Zeroizing::new(STANDARD.encode(pkcs8));
    let pem = Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.as_str()));
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::OtherKind)?;
    RsaKeyPair::from_der(key.as_bytes()).map_err(|_| KeyError::Unusable)?;
    Ok(key)
}

/// An EC key on the first curve it fits; the JWT library takes PKCS#8 only.
fn ec(
    read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>,
) -> Result<(Algorithm, EncodingKey), KeyError> {
    let curves =
        [(Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING), (Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING)];
    let found = curves.into_iter().find_map(|(algorithm, curve)| Some((algorithm, read(curve)?)));
    let (algorithm, pair) = found.ok_or(KeyError::OtherKind)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
    Ok((algorithm, EncodingKey::from_ec_der(pkcs8.as_ref())))
}

fn bytes(part: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| KeyError::Unusable)?;
    if bytes.is_empty() { Err(KeyError::Unusable) } else { Ok(Zeroizing::new(bytes)) }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
