//! The private key of Okta's API service app as people paste it: a PEM (RSA or EC) or a JWK.
//!
//! Okta shows a new key in both forms, once. What is plainly no private key is refused here, with the reason; whether it
//! can sign shows when the client is made. No part of a key ever appears in an error.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::pem::{self, PemError};

/// The labels that are accepted: PKCS#8, PKCS#1, SEC1.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
const WHOLE: &str =
    "give the whole private key as Okta showed it when it was made (PEM or JWK), best as { file = \"…\" }";
const ANOTHER: &str = "Okta shows the private key once, when it is made: in the Admin Console make another key for the app, and save that";

/// The key with proper line breaks, or the JWK without white space around it.
///
/// # Errors
/// What is wrong with it, and what to do.
pub(super) fn read(pasted: &SecretString) -> Result<SecretString, (String, &'static str)> {
    let text = pasted.expose_secret().trim();
    if text.starts_with(['{', '[']) {
        return jwk(text).map(|()| SecretString::from(text));
    }
    pem::repaired_with(pasted, &LABELS).map_err(|error| match error {
        PemError::NoBegin => ("is neither a PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({\"kty\": …})".into(), WHOLE),
        PemError::OtherKind if text.contains("BEGIN PUBLIC KEY") => ("is a public key".into(), ANOTHER),
        PemError::OtherKind => ("holds something else than an RSA or EC private key".into(), WHOLE),
        PemError::Encrypted => (error.to_string(), error.fix()),
        PemError::NoEnd | PemError::Damaged => (error.to_string(), WHOLE),
    })
}

fn jwk(text: &str) -> Result<(), (String, &'static str)> {
    let Ok(jwk) = serde_json::from_str::<Map<String, Value>>(text) else {
        return Err(("is no whole JWK: the JSON is damaged, or a list".into(), WHOLE));
    };
    let word = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
    match word("kty") {
        _ if jwk.contains_key("keys") => {
            Err(("is a set of keys".into(), "give one key alone: what stands between the braces inside of `keys`"))
        }
        "RSA" | "EC" if word("d").is_empty() => Err(("is a public key".into(), ANOTHER)),
        "RSA" | "EC" => Ok(()),
        "" => Err(("is JSON, but no JWK".into(), WHOLE)),
        _ => Err(("is a JWK of a kind that Okta does not take".into(), "make an RSA or an EC key (P-256) for the app")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "TUlJRXZRSUJBREFOQmdrcWhraUc5dzBC";

    fn refusal(text: &str) -> String {
        let (what, fix) = read(&text.into()).expect_err("refused");
        assert!(!format!("{what} {fix}").contains(BODY));
        what
    }

    #[test]
    fn every_form_of_a_private_key_is_taken_and_its_line_breaks_are_put_back() {
        for label in LABELS {
            let pem = format!("-----BEGIN {label}-----\n{BODY}\n-----END {label}-----\n");
            let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
            for pasted in [pem.clone(), pem.replace('\n', "\\n"), pem.replace('\n', " "), format!("{parameters}{pem}")]
            {
                let read = read(&pasted.as_str().into()).unwrap_or_else(|(what, _)| panic!("{label}: {what}"));
                assert_eq!(read.expose_secret(), pem);
            }
        }
        let jwk = format!("\n {{\"kty\":\"RSA\",\"kid\":\"k\",\"d\":\"{BODY}\"}} ");
        assert_eq!(read(&jwk.as_str().into()).expect("a key").expose_secret(), jwk.trim());
    }

    #[test]
    fn what_is_no_private_key_says_what_it_is() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\n{BODY}\n-----END {label}-----\n");
        assert!(refusal(BODY).contains("neither a PEM"));
        assert_eq!(refusal(&pem("PUBLIC KEY")), "is a public key");
        assert!(refusal(&pem("CERTIFICATE")).contains("something else"));
        assert!(refusal(&pem("ENCRYPTED PRIVATE KEY")).contains("password"));
        assert!(
            refusal(&pem("EC PRIVATE KEY")[..50]).contains("END EC PRIVATE KEY")
                || refusal(&pem("EC PRIVATE KEY")[..50]).contains("end is missing")
        );
        assert_eq!(refusal(&format!(r#"{{"kty":"RSA","n":"{BODY}","e":"AQAB"}}"#)), "is a public key");
        assert_eq!(refusal(&format!(r#"{{"keys":[{{"kty":"RSA","d":"{BODY}"}}]}}"#)), "is a set of keys");
        assert!(refusal(&format!(r#"{{"kty":"oct","k":"{BODY}"}}"#)).contains("does not take"));
        assert!(refusal(&format!(r#"{{"type":"service_account","private_key":"{BODY}"}}"#)).contains("no JWK"));
        assert!(refusal(&format!(r#"{{"kty":"RSA","d":"{BODY}""#)).contains("damaged"));
    }
}
