use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin, EcPrivateKeyRfc5915Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use super::*;

const TOKEN_URL: &str = "https://example.okta.com/oauth2/v1/token";

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn rsa_pkcs8() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key is written");
        der.as_ref().to_vec()
    })
}

fn ec_pkcs8(curve: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
    EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).expect("a key is made").as_ref().to_vec()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time")
}

/// Header and claims of an assertion of this key, the signature checked with its public half.
fn signed(text: &str, key_id: Option<&str>, public: &DecodingKey) -> (Value, Value) {
    let signer = Signer::new("0oaService", key_id, &text.into()).unwrap_or_else(|error| panic!("{error}"));
    let assertion = signer.assertion(TOKEN_URL, now());
    let header = jsonwebtoken::decode_header(assertion.as_str()).expect("a header");
    let mut rules = Validation::new(header.alg);
    rules.validate_exp = false;
    rules.set_audience(&[TOKEN_URL]);
    let claims = jsonwebtoken::decode::<Value>(assertion.as_str(), public, &rules).expect("the signature holds").claims;
    (serde_json::to_value(header).expect("JSON"), claims)
}

fn rsa_public() -> DecodingKey {
    let pair = RsaKeyPair::from_pkcs8(rsa_pkcs8()).expect("a key");
    DecodingKey::from_rsa_der(pair.public_key().as_ref())
}

/// An EC key as a JWK.
fn ec_jwk(curve: &'static EcdsaSigningAlgorithm, crv: &str, pkcs8: &[u8]) -> Value {
    let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8).expect("a key");
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().expect("a number");
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": crv, "kid": "its-own", "x": encoded(x), "y": encoded(y), "d": encoded(d.as_ref())})
}

fn ec_public(jwk: &Value) -> DecodingKey {
    let part = |name: &str| jwk[name].as_str().unwrap_or_default();
    DecodingKey::from_ec_components(part("x"), part("y")).expect("a key")
}

#[test]
fn the_claims_are_what_okta_asks_for() {
    let (header, claims) = signed(&pem("PRIVATE KEY", rsa_pkcs8()), Some("kid-1"), &rsa_public());
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}));
    assert_eq!(claims["aud"], TOKEN_URL);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("0oaService"), &json!("0oaService")));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_794_999_940), &json!(1_795_000_300)));
    let (_, again) = signed(&pem("PRIVATE KEY", rsa_pkcs8()), Some("kid-1"), &rsa_public());
    assert_ne!(claims["jti"], again["jti"], "each assertion is used once");
}

#[test]
fn every_form_of_an_rsa_key_signs_rs256() {
    let pkcs1 = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", rsa_pkcs8()).as_bytes()).expect("a key");
    let (header, _) = signed(&pem("RSA PRIVATE KEY", pkcs1.as_bytes()), None, &rsa_public());
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}), "no kid is made up");
}

/// The whole numbers of a PKCS#1 key: version, n, e, d, p, q, dp, dq, qi (RFC 8017, appendix A.1.2).
fn numbers(pkcs1: &[u8]) -> Vec<String> {
    let length = |der: &[u8]| match der[1] {
        long @ 0x81.. => {
            let bytes = usize::from(long & 0x7f);
            (2 + bytes, der[2..2 + bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
        short => (2, usize::from(short)),
    };
    let (mut at, _) = length(pkcs1);
    let mut found = Vec::new();
    while at < pkcs1.len() {
        let (head, body) = length(&pkcs1[at..]);
        let number = &pkcs1[at + head..at + head + body];
        found.push(URL_SAFE_NO_PAD.encode(number.strip_prefix(&[0]).unwrap_or(number)));
        at += head + body;
    }
    found
}

#[test]
fn an_rsa_jwk_signs_with_its_own_kid() {
    let pkcs1 = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", rsa_pkcs8()).as_bytes()).expect("a key");
    let numbers = numbers(pkcs1.as_bytes());
    let [_, n, e, d, p, q, dp, dq, qi] = numbers.as_slice() else { panic!("no RSA key") };
    let jwk = json!({"kty": "RSA", "kid": "its-own", "use": "sig", "n": n, "e": e, "d": d, "p": p, "q": q, "dp": dp, "dq": dq,
        "qi": qi});
    let (header, _) = signed(&jwk.to_string(), Some("of-the-configuration"), &rsa_public());
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!("its-own")));
}

#[test]
fn every_form_of_an_ec_key_signs_after_its_curve() {
    let curves =
        [(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "ES256"), (&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", "ES384")];
    for (curve, crv, alg) in curves {
        let pkcs8 = ec_pkcs8(curve);
        let jwk = ec_jwk(curve, crv, &pkcs8);
        let public = ec_public(&jwk);
        let (header, _) = signed(&pem("PRIVATE KEY", &pkcs8), Some("k"), &public);
        assert_eq!((&header["alg"], &header["kid"]), (&json!(alg), &json!("k")));
        let (header, _) = signed(&jwk.to_string(), Some("k"), &public);
        assert_eq!((&header["alg"], &header["kid"]), (&json!(alg), &json!("its-own")));
    }
}

#[test]
fn the_form_openssl_ecparam_writes_is_read() {
    let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = ec_pkcs8(curve);
    let pair = EcdsaKeyPair::from_pkcs8(curve, &pkcs8).expect("a key");
    let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().expect("a key is written");
    let parameters = pem("EC PARAMETERS", &[6, 8, 42, 134, 72, 206, 61, 3, 1, 7]);
    let text = format!("{parameters}{}", pem("EC PRIVATE KEY", sec1.as_ref()));
    let (header, _) = signed(&text, None, &ec_public(&ec_jwk(curve, "P-256", &pkcs8)));
    assert_eq!(header["alg"], "ES256");
}

#[test]
fn a_key_that_cannot_sign_says_why_and_prints_nothing() {
    let refusal = |text: &str| Signer::new("c", None, &text.into()).expect_err("refused");
    let mut public = ec_jwk(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", &ec_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let other = ec_jwk(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", &ec_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let mut mixed = public.clone();
    mixed["d"] = other["d"].clone();
    public.as_object_mut().expect("an object").remove("d");
    let mut damaged = rsa_pkcs8().to_vec();
    damaged[400] ^= 1;
    for (text, error) in [
        ("".to_owned(), KeyError::NotAKey),
        ("{}".to_owned(), KeyError::NotAKey),
        (public.to_string(), KeyError::Public),
        (mixed.to_string(), KeyError::Unusable),
        (json!({"kty": "RSA", "n": "eA", "e": "AQAB", "d": "eA"}).to_string(), KeyError::Unusable),
        (json!({"kty": "OKP", "crv": "Ed25519", "d": "eA"}).to_string(), KeyError::OtherKind),
        (pem("PRIVATE KEY", &[7; 300]), KeyError::OtherKind),
        (pem("PRIVATE KEY", &damaged), KeyError::Unusable),
    ] {
        assert_eq!(refusal(&text), error, "{text:.40}");
    }
    let signer = Signer::new("c", None, &pem("PRIVATE KEY", rsa_pkcs8()).as_str().into()).expect("a key");
    assert!(!format!("{signer:?}").contains("MII"), "{signer:?}");
}
