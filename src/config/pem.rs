//! The text of a private key as people really paste it, put back into the form key readers expect.
//!
//! A PEM that went through a variable has lost its line breaks: they are the two characters `\n`, or spaces, or the
//! whole is in quotes. All of these are repaired. What is not an RSA private key in PKCS#8 or PKCS#1 is refused with a
//! reason. The key itself is not read here, and no part of it ever appears in an error.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// The labels we accept: PKCS#8 and PKCS#1.
const LABELS: [&str; 2] = ["PRIVATE KEY", "RSA PRIVATE KEY"];

/// Why a text is not a private key we can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No BEGIN line.
    #[error("has no `-----BEGIN PRIVATE KEY-----` line")]
    NoBegin,
    /// A BEGIN line without its END line.
    #[error("has no `-----END PRIVATE KEY-----` line, so its end is missing")]
    NoEnd,
    /// Protected by a password.
    #[error("is protected by a password")]
    Encrypted,
    /// A certificate, a public key, an EC or OpenSSH key.
    #[error("holds something else than an RSA private key")]
    OtherKind,
    /// Characters that no PEM has, or nothing at all between BEGIN and END.
    #[error("is damaged between its BEGIN and END lines")]
    Damaged,
}

impl PemError {
    /// What to do about it.
    pub(super) fn fix(self) -> &'static str {
        match self {
            Self::Encrypted => "take the password off: openssl pkey -in old.key -out new.key",
            _ => "give the whole key file downloaded from the LINE WORKS Developer Console, best as { file = \"…\" }",
        }
    }
}

/// The same key with proper line breaks, whatever a variable or an editor did to them.
///
/// # Errors
/// When it is not an RSA private key between BEGIN and END lines, or one with a password.
pub fn repaired(pasted: &SecretString) -> Result<SecretString, PemError> {
    repaired_with(pasted, &LABELS)
}

/// As [`repaired`], for keys with one of these labels.
///
/// # Errors
/// As [`repaired`].
pub(super) fn repaired_with(pasted: &SecretString, labels: &[&str]) -> Result<SecretString, PemError> {
    let text = Zeroizing::new(pasted.expose_secret().replace("\\r", "").replace("\\n", "\n"));
    let (label, rest) = after_begin(&text, labels)?;
    let body = before_end(label, rest)?;
    if body.contains("Proc-Type") {
        return Err(PemError::Encrypted);
    }
    let body = Zeroizing::new(body.split_whitespace().collect::<String>());
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if body.is_empty() || !body.bytes().all(is_base64) {
        return Err(PemError::Damaged);
    }
    let mut pem = Zeroizing::new(String::with_capacity(body.len() * 2 + 128));
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    Ok(SecretString::from(pem.as_str()))
}

/// The label of the first BEGIN line, and the text after that line. What `openssl ecparam` writes before the key, the
/// parameters of its curve, is passed over.
fn after_begin<'a>(text: &'a str, labels: &[&str]) -> Result<(&'a str, &'a str), PemError> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(PemError::NoBegin)?;
    let (label, rest) = rest.split_once("-----").ok_or(PemError::NoBegin)?;
    if label == "ENCRYPTED PRIVATE KEY" {
        Err(PemError::Encrypted)
    } else if labels.contains(&label) {
        Ok((label, rest))
    } else if label == "EC PARAMETERS" {
        after_begin(rest, labels)
    } else {
        Err(PemError::OtherKind)
    }
}

/// The text before the END line of that label.
fn before_end<'a>(label: &str, text: &'a str) -> Result<&'a str, PemError> {
    let end = format!("-----END {label}-----");
    text.split_once(end.as_str()).map(|(body, _)| body).ok_or(PemError::NoEnd)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBCQVFFRkFBU0NCS2N3Z2dTakFnRUFBb0lC\nQVFDNw==\n-----END PRIVATE KEY-----\n";

    fn repair(text: &str) -> Result<String, PemError> {
        repaired(&SecretString::from(text)).map(|pem| pem.expose_secret().to_owned())
    }

    #[test]
    fn a_good_key_stays_as_it_is() {
        assert_eq!(repair(GOOD).as_deref(), Ok(GOOD));
    }

    #[test]
    fn line_breaks_lost_on_the_way_are_put_back() {
        let literal = GOOD.replace('\n', "\\n");
        let windows = GOOD.replace('\n', "\\r\\n");
        let real_windows = GOOD.replace('\n', "\r\n");
        let spaces = GOOD.replace('\n', " ");
        let quoted = format!("\"{literal}\"");
        for pasted in [literal, windows, real_windows, spaces, quoted] {
            assert_eq!(repair(&pasted).as_deref(), Ok(GOOD), "{pasted}");
        }
    }

    #[test]
    fn pkcs1_is_accepted_too() {
        let pkcs1 = GOOD.replace("PRIVATE KEY", "RSA PRIVATE KEY");
        assert_eq!(repair(&pkcs1).as_deref(), Ok(pkcs1.as_str()));
    }

    #[test]
    fn what_is_not_an_open_rsa_private_key_is_refused_with_the_reason() {
        let public = GOOD.replace("PRIVATE", "PUBLIC");
        let sealed = GOOD.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let cut = GOOD.split("-----END").next().unwrap_or_default();
        let old_sealed =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nTUlJ\n-----END RSA PRIVATE KEY-----\n";
        for (text, error) in [
            ("TUlJRXZRSUJBREFOQ", PemError::NoBegin),
            (public.as_str(), PemError::OtherKind),
            (sealed.as_str(), PemError::Encrypted),
            (old_sealed, PemError::Encrypted),
            (cut, PemError::NoEnd),
            (&GOOD.replace("TUlJ", "…"), PemError::Damaged),
            ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", PemError::Damaged),
        ] {
            assert_eq!(repair(text), Err(error));
            assert!(!format!("{error} {}", error.fix()).contains("TUlJ"));
        }
    }
}
