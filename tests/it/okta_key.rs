//! `okta-key`: a private key for its owner alone, and the public key Okta gets.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use crate::support::install_crypto;

fn okta_key(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_okta-lineworks")).arg("okta-key").args(arguments).output().expect("it runs")
}

#[test]
fn what_the_private_key_signs_the_printed_public_key_verifies() {
    install_crypto();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("okta-key.pem");
    let path = file.to_str().expect("UTF-8");
    let made = okta_key(&["new", "--out", path]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(std::fs::metadata(&file).expect("written").permissions().mode() & 0o777, 0o600);

    let public: Value = serde_json::from_slice(&made.stdout).expect("only the public key is printed");
    let members: Vec<&str> = public.as_object().expect("a JWK").keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"], "nothing of the private key is printed");
    assert_eq!((&public["kty"], &public["alg"], &public["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));

    let pem = std::fs::read(&file).expect("readable");
    let key = EncodingKey::from_rsa_pem(&pem).expect("a key");
    let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &json!({ "iss": "0oa" }), &key).expect("signed");
    let jwk: Jwk = serde_json::from_value(public.clone()).expect("a JWK");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.required_spec_claims.clear();
    let verified = jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).expect("a key"), &rules);
    assert_eq!(verified.expect("verified").claims["iss"], "0oa");

    let shown = okta_key(&["show", path]);
    assert_eq!(serde_json::from_slice::<Value>(&shown.stdout).expect("a JWK"), public);
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("okta-key.pem");
    std::fs::write(&file, "the key in use").expect("writable");
    let refused = okta_key(&["new", "--out", file.to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is there already"));
    assert_eq!(std::fs::read_to_string(&file).expect("readable"), "the key in use");
    assert!(refused.stdout.is_empty());
    let no_key = okta_key(&["show", file.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&no_key.stderr);
    assert!(said.contains("no RSA private key") && !said.contains("InvalidKeyFormat"), "{said}");
}
