//! DPoP: proof that a token is used by whoever it was issued to (RFC 9449).
//!
//! An org may demand it of the service app. Whether it does shows at the token endpoint: from then on every request
//! carries a proof, signed with a key that is made at the start and never leaves this process. A nonce is used until
//! Okta sends another one; the token endpoint and the API each have their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;
use uuid::Uuid;

/// The header a nonce comes in.
const NONCE: &str = "dpop-nonce";

/// Makes proofs.
pub(super) struct Prover {
    key: EncodingKey,
    public: Jwk,
    demanded: AtomicBool,
    token_nonce: Mutex<Option<String>>,
    api_nonce: Mutex<Option<String>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    htm: &'a str,
    htu: String,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

impl Prover {
    /// With a key of its own; nothing is proved until it is demanded.
    pub(super) fn new() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .expect("the system gives random numbers");
        let key = EncodingKey::from_ec_der(pkcs8.as_ref());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a key that was just made is good");
        public.common.key_algorithm = None;
        let (token_nonce, api_nonce) = (Mutex::default(), Mutex::default());
        Self { key, public, demanded: AtomicBool::new(false), token_nonce, api_nonce }
    }

    /// Okta wants proofs from now on.
    pub(super) fn demand(&self) {
        if !self.demanded.swap(true, Ordering::Relaxed) {
            tracing::info!("Okta demands DPoP of the service app: every request carries a proof from now on");
        }
    }

    /// The proof for the token endpoint, if one is demanded.
    pub(super) fn for_token(&self, url: &Url, now: Timestamp) -> Option<HeaderValue> {
        let nonce = || self.token_nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.demanded.load(Ordering::Relaxed).then(|| self.prove(&Method::POST, url, nonce(), None, now))
    }

    /// The proof for a request with this access token.
    pub(super) fn for_api(&self, method: &Method, url: &Url, token: &str, now: Timestamp) -> HeaderValue {
        let nonce = self.api_nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.prove(method, url, nonce, Some(token), now)
    }

    /// Takes note of the nonce an answer of the token endpoint brings.
    pub(super) fn noted_by_token(&self, headers: &HeaderMap) {
        note(&self.token_nonce, headers);
    }

    /// Takes note of the nonce an answer of the API brings.
    pub(super) fn noted_by_api(&self, headers: &HeaderMap) {
        note(&self.api_nonce, headers);
    }

    fn prove(
        &self,
        method: &Method,
        url: &Url,
        nonce: Option<String>,
        token: Option<&str>,
        now: Timestamp,
    ) -> HeaderValue {
        let mut htu = url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let ath = token.map(|token| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes())));
        let jti = Uuid::new_v4().to_string();
        let claims = Claims { htm: method.as_str(), htu: htu.into(), iat: now.as_second(), jti, nonce, ath };
        let header =
            Header { typ: Some("dpop+jwt".into()), jwk: Some(self.public.clone()), ..Header::new(Algorithm::ES256) };
        let proof = jsonwebtoken::encode(&header, &claims, &self.key).expect("a key that was just made signs");
        HeaderValue::try_from(proof).expect("a JWT is base64url and dots")
    }
}

fn note(nonce: &Mutex<Option<String>>, headers: &HeaderMap) {
    if let Some(fresh) = headers.get(NONCE).and_then(|nonce| nonce.to_str().ok()) {
        *nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::*;

    fn url() -> Url {
        "https://example.okta.com/api/v1/users/a%2Fb?expand=user#x".parse().expect("a URL")
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_000_000).expect("a time")
    }

    /// The header and the claims, the signature checked with the key in the header.
    fn read(proof: &HeaderValue) -> (Value, Value) {
        let proof = proof.to_str().expect("text");
        let header = jsonwebtoken::decode_header(proof).expect("a header");
        let key = DecodingKey::from_jwk(header.jwk.as_ref().expect("a key")).expect("a key");
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Value>(proof, &key, &rules).expect("the signature holds").claims;
        (serde_json::to_value(&header).expect("JSON"), claims)
    }

    fn headers(nonce: &'static str) -> HeaderMap {
        std::iter::once((NONCE.parse().expect("a name"), HeaderValue::from_static(nonce))).collect()
    }

    #[test]
    fn a_proof_names_the_request_the_token_and_the_key() {
        let prover = Prover::new();
        prover.noted_by_api(&headers("n-1"));
        let (header, claims) = read(&prover.for_api(&Method::GET, &url(), "t0ken", now()));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        let jwk = header["jwk"].as_object().expect("a key");
        assert_eq!(jwk.keys().collect::<Vec<_>>(), ["crv", "kty", "x", "y"], "public parts alone");
        assert_eq!(claims["htm"], "GET");
        assert_eq!(claims["htu"], "https://example.okta.com/api/v1/users/a%2Fb", "without query and fragment");
        assert_eq!(claims["iat"], 1_795_000_000);
        assert_eq!(claims["nonce"], "n-1");
        assert_eq!(claims["ath"], "tGwJZ3NDJh8LQ5pHJCIiXjojDJwJTWqxZ2LiA2tZcFM", "SHA-256 of the token");
        let (_, again) = read(&prover.for_api(&Method::GET, &url(), "t0ken", now()));
        assert_ne!(claims["jti"], again["jti"]);
        assert_eq!(claims["ath"], again["ath"]);
    }

    #[test]
    fn nothing_is_proved_before_it_is_demanded_and_each_side_has_its_own_nonce() {
        let prover = Prover::new();
        assert_eq!(prover.for_token(&url(), now()), None);
        prover.demand();
        let (_, first) = read(&prover.for_token(&url(), now()).expect("a proof"));
        assert_eq!((&first["htm"], &first["nonce"], &first["ath"]), (&json!("POST"), &Value::Null, &Value::Null));
        prover.noted_by_token(&headers("n-token"));
        prover.noted_by_api(&headers("n-api"));
        prover.noted_by_token(&HeaderMap::new());
        let (_, second) = read(&prover.for_token(&url(), now()).expect("a proof"));
        assert_eq!(second["nonce"], "n-token");
    }
}
