//! The signed assertion a service account trades for an access token (JWT bearer grant).
//!
//! The private key is read and tried once, when the configuration is, so that a damaged key is a clear message at
//! start and never a failure at work. The key and what is derived from it never leave this process and never print.

use aws_lc_rs::digest;
use aws_lc_rs::hkdf;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::lineworks::sealing::Sealer;

/// How far back `iat` is put, in seconds: our clock may be ahead of LINE WORKS'.
const BACKDATED_S: i64 = 60;
/// `exp - iat` in seconds: LINE WORKS refuses more than 60 minutes (docs, auth-jwt), whatever life the Developer
/// Console sets for the access token.
const LIFE_S: i64 = 3600;
/// What the sealing key is derived for; a new meaning needs a new text.
const SEALING_INFO: &[u8] = b"okta-lineworks: sealed access token, v1";
/// Not secret; HKDF wants one that nobody else uses.
const SEALING_SALT: &[u8] = b"okta-lineworks.lineworks.private-key";

/// Why a text is not a private key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No `-----BEGIN …-----` block, or what is inside is damaged.
    #[error(
        "the private key is not a PEM: it must run from `-----BEGIN PRIVATE KEY-----` to `-----END PRIVATE KEY-----`, \
         whole, as downloaded from the LINE WORKS Developer Console"
    )]
    NotPem,
    /// The key asks for a passphrase.
    #[error(
        "the private key is encrypted: this program has no passphrase to give, so use the file as downloaded, or \
         decrypt it with `openssl pkey`"
    )]
    Encrypted,
    /// Some other key, a public key or a certificate.
    #[error("the private key is not an RSA key: use the one the LINE WORKS Developer Console issued for the app")]
    NotRsa,
    /// RSA, but the parts do not fit together or are too short (2048 bits at least).
    #[error("the private key cannot sign: it is damaged, or shorter than 2048 bits")]
    Unusable,
}

/// Signs assertions for one service account.
#[derive(Debug)]
pub struct Signer {
    client_id: String,
    service_account: String,
    key: EncodingKey,
    fingerprint: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
}

impl Signer {
    /// Reads a private key (PKCS#8 or PKCS#1 PEM; line breaks lost on the way or written as `\n` are put back) and
    /// signs once to try it.
    ///
    /// # Errors
    /// Says what is wrong with the key, never what it contains.
    pub fn new(
        client_id: impl Into<String>,
        service_account: impl Into<String>,
        private_key_pem: &SecretString,
    ) -> Result<Self, KeyError> {
        let pem = restored(private_key_pem.expose_secret())?;
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::NotRsa)?;
        let pair = RsaKeyPair::from_der(key.as_bytes()).map_err(|_| KeyError::Unusable)?;
        let public = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        let fingerprint = public.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signer = Self { client_id: client_id.into(), service_account: service_account.into(), key, fingerprint };
        signer.sign(Timestamp::UNIX_EPOCH).map_err(|_| KeyError::Unusable)?;
        Ok(signer)
    }

    /// The assertion as of `now`: RS256, valid for an hour from a minute before `now`.
    pub fn assertion(&self, now: Timestamp) -> String {
        self.sign(now).expect("the key signed when it was read")
    }

    /// The client id of the app (`iss`).
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The service account (`sub`).
    pub fn service_account(&self) -> &str {
        &self.service_account
    }

    /// SHA-256 of the key's public half, in hex: tells keys apart, whatever form they were written in.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Seals what only this service may read, in the ledger.
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(&self.sealing_key())
    }

    /// The key things are sealed with (HKDF-SHA256 of the private key).
    fn sealing_key(&self) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, SEALING_SALT)
            .extract(self.key.as_bytes())
            .expand(&[SEALING_INFO], hkdf::HKDF_SHA256)
            .and_then(|derivation| derivation.fill(derived.as_mut_slice()))
            .expect("32 bytes are within HKDF's reach");
        derived
    }

    fn sign(&self, now: Timestamp) -> jsonwebtoken::errors::Result<String> {
        let iat = now.as_second() - BACKDATED_S;
        let claims = Claims { iss: &self.client_id, sub: &self.service_account, iat, exp: iat + LIFE_S };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
    }
}

/// The PEM block with its line breaks as they should be: environment variables and secret stores lose them.
fn restored(text: &str) -> Result<Zeroizing<String>, KeyError> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(KeyError::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyError::NotPem)?;
    let (body, _) = rest.split_once("-----END ").ok_or(KeyError::NotPem)?;
    if label.contains("ENCRYPTED") || body.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    if !matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY") {
        return Err(KeyError::NotRsa);
    }
    let body = Zeroizing::new(body.replace("\\r", "").replace("\\n", ""));
    let mut pem = Zeroizing::new(String::with_capacity(text.len() + 64));
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    for (at, character) in body.chars().filter(|character| !character.is_whitespace()).enumerate() {
        if !(character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=')) {
            return Err(KeyError::NotPem);
        }
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    if pem.len() < 200 { Err(KeyError::NotPem) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::*;

    /// The length of what PKCS#8 puts around the PKCS#1 form of a 2048-bit RSA key.
    const PKCS8_FRAME: usize = 26;

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    /// Two keys made for this run, as PKCS#8 DER.
    fn keys() -> &'static [Vec<u8>; 2] {
        static KEYS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        KEYS.get_or_init(|| {
            [(); 2].map(|()| {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made");
                let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key is written");
                der.as_ref().to_vec()
            })
        })
    }

    /// A signer with the first (0) or second (1) key.
    fn signer(which: usize) -> Signer {
        Signer::new("client-a", "ab12c.serviceaccount@example.jp", &pem("PRIVATE KEY", &keys()[which]).into())
            .expect("the key is good")
    }

    fn refusal(pem: &str) -> KeyError {
        Signer::new("client-a", "sa", &SecretString::from(pem)).expect_err("refused")
    }

    #[test]
    fn the_claims_are_numbers_and_live_an_hour_from_a_minute_back() {
        let now = Timestamp::from_second(1_795_000_000).expect("a time");
        let assertion = signer(0).assertion(now);
        let pair = RsaKeyPair::from_pkcs8(&keys()[0]).expect("a key");
        let public = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(&assertion, &public, &rules).expect("the signature holds").claims;
        let expected = json!({
            "iss": "client-a", "sub": "ab12c.serviceaccount@example.jp",
            "iat": 1_794_999_940, "exp": 1_795_003_540,
        });
        assert_eq!(claims, expected);
        let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().expect("a header")).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    }

    #[test]
    fn one_key_has_one_fingerprint_in_every_form_it_is_written_in() {
        let pkcs8 = pem("PRIVATE KEY", &keys()[0]);
        let forms = [
            pem("RSA PRIVATE KEY", &keys()[0][PKCS8_FRAME..]),
            pkcs8.replace('\n', "\\n"),
            pkcs8.replace('\n', " "),
            pkcs8.replace('\n', "\r\n"),
            format!("\u{feff}  {pkcs8}\n\n"),
        ];
        for form in forms {
            let read = Signer::new("c", "s", &form.as_str().into()).expect("readable");
            assert_eq!(read.fingerprint(), signer(0).fingerprint());
            assert_eq!(read.sealing_key(), signer(0).sealing_key());
        }
        assert_ne!(signer(0).fingerprint(), signer(1).fingerprint());
        assert_eq!(signer(0).fingerprint().len(), 64);
    }

    #[test]
    fn a_key_that_cannot_sign_says_why() {
        let whole = pem("PRIVATE KEY", &keys()[0]);
        for not_pem in ["", "MIIEvQ", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", &whole[..600]] {
            assert_eq!(refusal(not_pem), KeyError::NotPem, "{not_pem:.30}");
        }
        assert_eq!(refusal(&pem("ENCRYPTED PRIVATE KEY", &[0; 300])), KeyError::Encrypted);
        let traditional = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
                           -----END RSA PRIVATE KEY-----";
        assert_eq!(refusal(traditional), KeyError::Encrypted);
        assert_eq!(refusal(&pem("PUBLIC KEY", &[0; 300])), KeyError::NotRsa);
        assert_eq!(refusal(&pem("EC PRIVATE KEY", &[0; 300])), KeyError::NotRsa);
        assert_eq!(refusal(&pem("PRIVATE KEY", &[7; 300])), KeyError::NotRsa);
        let mut damaged = keys()[0].clone();
        damaged[400] ^= 1;
        assert_eq!(refusal(&pem("PRIVATE KEY", &damaged)), KeyError::Unusable);
        assert!(!format!("{:?}", signer(0)).contains("MII"), "a signer prints no key");
    }
}
