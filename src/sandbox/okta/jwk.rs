//! Public keys as JWK, their thumbprints, and the signatures they check.
//!
//! Independent of any JWT library, so that a mistake in one cannot hide here.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The coordinates, each of the curve's length.
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
}

/// The curves that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

impl PublicKey {
    /// Reads a JWK; None if it is none of the kinds taken, or holds a private part.
    pub(super) fn read(jwk: &Value) -> Option<Self> {
        let jwk = jwk.as_object()?;
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
        if jwk.contains_key("d") {
            return None;
        }
        match jwk.get("kty")?.as_str()? {
            "RSA" => Some(Self::Rsa { n: bytes("n")?, e: bytes("e")? }),
            "EC" => {
                let curve = [Curve::P256, Curve::P384].into_iter().find(|it| Some(it.name()) == text(jwk, "crv"))?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                (x.len() == curve.length() && y.len() == curve.length()).then_some(Self::Ec { curve, x, y })
            }
            _ => None,
        }
    }

    /// The members that make it, in the order of the alphabet, as a thumbprint needs them.
    pub(super) fn to_jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa { n, e } => json!({ "e": encode(e), "kty": "RSA", "n": encode(n) }),
            Self::Ec { curve, x, y } => {
                json!({ "crv": curve.name(), "kty": "EC", "x": encode(x), "y": encode(y) })
            }
        }
    }

    /// RFC 7638.
    pub(super) fn thumbprint(&self) -> String {
        let members = match self.to_jwk() {
            Value::Object(members) => members.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            _ => Default::default(),
        };
        let text = serde_json::to_string(&members).expect("texts are always JSON");
        hash(&text)
    }

    /// Whether the key made this signature by this algorithm.
    pub(super) fn verifies(&self, algorithm: &str, signed: &str, signature: &[u8]) -> bool {
        let message = signed.as_bytes();
        match self {
            Self::Rsa { n, e } => {
                let parameters = match algorithm {
                    "RS256" => &RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &RSA_PKCS1_2048_8192_SHA512,
                    _ => return false,
                };
                PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            Self::Ec { curve, x, y } => {
                let parameters = match (curve, algorithm) {
                    (Curve::P256, "ES256") => &ECDSA_P256_SHA256_FIXED,
                    (Curve::P384, "ES384") => &ECDSA_P384_SHA384_FIXED,
                    _ => return false,
                };
                let point = [&[4_u8], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(parameters, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// A JWT in its parts; nothing of it is checked yet.
pub(super) struct Jwt {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    pub(super) fn read(jwt: &str) -> Option<Self> {
        let parts: Vec<&str> = jwt.split('.').collect();
        let [header, claims, signature] = parts[..] else { return None };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed: format!("{header}.{claims}"),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    pub(super) fn algorithm(&self) -> &str {
        text(&self.header, "alg").unwrap_or_default()
    }

    /// Whether this key made it.
    pub(super) fn is_by(&self, key: &PublicKey) -> bool {
        key.verifies(self.algorithm(), &self.signed, &self.signature)
    }

    /// A claim that is a text.
    pub(super) fn claim(&self, name: &str) -> Option<&str> {
        text(&self.claims, name)
    }

    /// A claim that is a number; a text with digits in it is none.
    pub(super) fn seconds(&self, name: &str) -> Option<f64> {
        self.claims.get(name)?.as_f64()
    }
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// SHA-256 as base64url, for `ath` and thumbprints.
pub(super) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::PublicKey;

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        // RFC 7638, section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9\
                 c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1j\
                 F44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let key = PublicKey::read(&jwk).expect("a key");
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_private_key_is_refused() {
        assert_eq!(PublicKey::read(&json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"})), None);
    }
}
