//! Assertions and proofs as a client of Okta makes them, and ways to spoil them.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Visitor};

pub const SCOPES: &str = "okta.apps.read okta.users.read okta.logs.read";

/// A private key with what its algorithm is called.
#[derive(Clone)]
pub struct Key {
    pub pem: String,
    pub id: Option<String>,
    pub algorithm: Algorithm,
}

impl Key {
    fn encoding(&self) -> EncodingKey {
        let key = match self.algorithm {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => EncodingKey::from_rsa_pem(self.pem.as_bytes()),
            Algorithm::HS256 => Ok(EncodingKey::from_secret(b"a shared secret")),
            _ => EncodingKey::from_ec_pem(self.pem.as_bytes()),
        };
        key.expect("a key")
    }

    /// The public half, as a proof shows it.
    pub fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.encoding(), self.algorithm).expect("a public key");
        let mut jwk = serde_json::to_value(jwk).expect("a JWK");
        let members = jwk.as_object_mut().expect("an object");
        members.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
        jwk
    }

    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.id.clone();
        jsonwebtoken::encode(&header, claims, &self.encoding()).expect("it signs")
    }
}

pub fn now() -> i64 {
    okta_lineworks::clock::Clock::system().now().as_second()
}

/// A text nobody used before.
pub fn unique() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Visitor {
    pub fn token_url(&self) -> String {
        self.url("/oauth2/v1/token")
    }

    /// The key the sandbox gave out at the start.
    pub fn first_key(&self) -> Key {
        let it = self.credentials();
        Key { pem: it.private_key.clone(), id: Some(it.key_id.clone()), algorithm: Algorithm::ES256 }
    }

    /// A new key of the app.
    pub async fn new_key(&self, algorithm: Algorithm, keep_old: bool) -> Key {
        let made = self.post("keys", json!({"algorithm": format!("{algorithm:?}"), "keepOld": keep_old})).await;
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Key { pem: text("privateKey"), id: Some(text("keyId")), algorithm }
    }

    /// Claims as the documents want them.
    pub fn claims(&self) -> Value {
        let client = &self.credentials().client_id;
        json!({"aud": self.token_url(), "iss": client, "sub": client, "exp": now() + 300, "iat": now(), "jti": unique()})
    }

    pub fn form(&self, assertion: String, scope: &str) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "client_credentials".to_owned()),
            ("scope", scope.to_owned()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()),
            ("client_assertion", assertion),
        ]
    }

    pub async fn ask_with(&self, form: &[(&'static str, String)], proof: Option<&str>) -> Answer {
        let mut request = self.http.post(self.token_url()).form(form);
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        self.send(request).await
    }

    /// A token request signed by this key.
    pub async fn ask(&self, key: &Key, scope: &str) -> Answer {
        self.ask_with(&self.form(key.sign(&self.claims()), scope), None).await
    }

    /// A token that opens these scopes.
    pub async fn token(&self, scope: &str) -> String {
        let answer = self.ask(&self.first_key(), scope).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["access_token"].as_str().expect("a token").to_owned()
    }

    pub async fn bearer(&self, token: &str, path: &str) -> Answer {
        self.call_as(&format!("Bearer {token}"), Method::GET, path).await
    }
}
