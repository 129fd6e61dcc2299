//! `okta-key`: makes the key pair with which this program shows Okta who it is.
//!
//! The private key goes into a file that only its owner can read, and nowhere else. The public key is printed: it is what
//! Okta gets (client authentication "Public key / Private key" of an API service app). Okta can make the pair as well, but
//! then the private key has been in a browser.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Args, Subcommand};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use zeroize::Zeroizing;

#[derive(Debug, Args)]
pub(super) struct OktaKey {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a new pair: the private key into a file (mode 0600), the public key (JWK, to paste into Okta) to the output
    New {
        /// Where the private key goes; a file that is there is never overwritten
        #[arg(long, value_name = "FILE", default_value = "okta-key.pem")]
        out: PathBuf,
    },
    /// Print the public key that belongs to a private key
    Show {
        /// The private key (PEM, RSA)
        file: PathBuf,
    },
}

impl OktaKey {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::New { out } => {
                let pem = new_key()?;
                let public = public_key(pem.as_bytes())?;
                write_new(&out, pem.as_bytes())?;
                println!("{public}");
                eprintln!(
                    "the private key is in {}; name it in okta.private_key and let only the service's user read it.\n\
                     Give Okta what was printed above: paste it as the public key of the API service app, or into terraform.",
                    out.display()
                );
            }
            What::Show { file } => {
                let pem = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
                println!("{}", public_key(&Zeroizing::new(pem)).with_context(|| file.display().to_string())?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A new RSA key of 2048 bits, PKCS#8 in PEM: what Okta makes, too.
fn new_key() -> anyhow::Result<Zeroizing<String>> {
    let key = KeyPair::generate(KeySize::Rsa2048).context("the cryptography library gives no key")?;
    let der: Pkcs8V1Der<'_> = key.as_der().context("the cryptography library cannot write the key")?;
    let text = Zeroizing::new(BASE64.encode(der.as_ref()));
    let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}

/// The public half as a JWK, with a key id made of the key itself (RFC 7638).
fn public_key(pem: &[u8]) -> anyhow::Result<String> {
    let Ok(key) = EncodingKey::from_rsa_pem(pem) else {
        bail!(
            "this is no RSA private key (PEM, without a password), such as `okta-key new` makes. Of another key, such as an \
             EC key or a JWK that Okta made, Okta shows the public half where the key was added"
        );
    };
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).context("the public key cannot be read off it")?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256).context("the key has no thumbprint")?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(serde_json::to_string_pretty(&jwk)?)
}

/// Writes a file that is not there yet, for its owner alone.
fn write_new(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already and is not overwritten; name another file with --out", path.display())
        }
        opened => opened.with_context(|| format!("{} cannot be written", path.display()))?,
    };
    file.write_all(contents)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{} cannot be written", path.display()))
}
