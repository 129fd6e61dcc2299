//! A secret is a value or `{ file = "…" }`, never both.
//!
//! The file is read once, when the configuration is loaded; a relative path counts from the directory the program was
//! started in. One line break at its end is cut off, because editors and `echo` add one. An empty secret is refused; a
//! file that every user of the machine can read is a warning. Nothing here prints a secret, in no error either.

use super::{okta_key, pem};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than any secret or key needs, in bytes; guards against a path such as `/dev/zero`.
const LARGEST: u64 = 64 * 1024;

/// A secret with a name that may be shown, in the audit trail for instance.
#[derive(Debug, Clone)]
pub struct NamedSecret {
    /// Lower-case letters, digits, `_` and `-`; 1 to 40 characters.
    pub name: String,
    /// The secret itself; `Debug` does not show it.
    pub secret: SecretString,
}

/// A secret that may be replaced while the program runs: one in a file is read again when the file changes.
#[derive(Debug, Clone)]
pub struct LiveSecret {
    /// The secret as it was when the program started; `Debug` does not show it.
    pub secret: SecretString,
    /// The file it is in, if it is in one.
    pub file: Option<PathBuf>,
    /// How its text becomes the secret.
    pub form: SecretForm,
}

/// How the text of a [`LiveSecret`] becomes the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// White space at its ends is cut off.
    Plain,
    /// An RSA private key, whose line breaks are put right.
    PrivateKey,
    /// The private key of Okta's API service app: PEM (RSA or EC) or JWK.
    OktaKey,
}

impl SecretForm {
    /// The secret in a text.
    ///
    /// # Errors
    /// What is wrong with it, and what to do; never holds any of its text.
    pub(super) fn read(self, text: &SecretString) -> Result<SecretString, (String, &'static str)> {
        match self {
            Self::Plain => Ok(SecretString::from(text.expose_secret().trim())),
            Self::PrivateKey => pem::repaired(text).map_err(|error| (error.to_string(), error.fix())),
            Self::OktaKey => okta_key::read(text),
        }
    }
}

impl LiveSecret {
    /// Reads the secret anew from its file; `None` when it is not in one.
    ///
    /// # Errors
    /// Why the file cannot be used, and what to do, in one line; never holds any of its text.
    pub fn read_again(&self) -> Option<Result<SecretString, String>> {
        let file = self.file.as_deref()?;
        let obtained = from_file(file).map_err(|error| format!("{error}: {}", error.fix()));
        Some(obtained.and_then(|obtained| {
            self.form.read(&obtained.secret).map_err(|(what, fix)| format!("{} {what}: {fix}", file.display()))
        }))
    }
}

/// A secret as written in the configuration.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Given {
    /// Just the value.
    Value(Hidden),
    /// A table; `shape` has seen to it that exactly one of the two is there.
    Table(GivenTable),
}

/// `{ file = "…" }` or `{ value = "…" }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenTable {
    value: Option<Hidden>,
    file: Option<PathBuf>,
}

/// `{ name = "…", value = "…" }` or `{ name = "…", file = "…" }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenNamed {
    pub(super) name: String,
    value: Option<Hidden>,
    file: Option<PathBuf>,
}

/// A string that must not be printed.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Hidden(SecretString);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

/// A secret that could be had, perhaps with a warning about its file.
#[derive(Debug)]
pub(super) struct Obtained {
    pub(super) secret: SecretString,
    pub(super) warning: Option<String>,
}

/// Why a secret could not be had; never holds any of its text.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("is empty")]
    Empty,
    #[error("the file {} is empty", .0.display())]
    EmptyFile(PathBuf),
    #[error("the file {} cannot be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the file {} is larger than 64 KiB", .0.display())]
    TooLarge(PathBuf),
    #[error("the file {} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
}

impl SecretError {
    /// What to do about it.
    pub(super) fn fix(&self) -> &'static str {
        match self {
            Self::Empty => "give a value or { file = \"…\" }, or take the key out",
            Self::EmptyFile(_) => "put the secret into it, and nothing else",
            Self::Unreadable { .. } => {
                "check the path (a relative one counts from where the program is started) and that the service's user may read it"
            }
            Self::TooLarge(_) | Self::NotText(_) => "name the file that holds the secret as text, and nothing else",
        }
    }
}

impl Given {
    /// The secret itself; reads the file if it is in one.
    ///
    /// # Errors
    /// When it is empty, or its file is missing, unreadable, too large or no text.
    pub(super) fn obtain(self) -> Result<Obtained, SecretError> {
        match self {
            Self::Value(value) => obtain(Some(value), None),
            Self::Table(GivenTable { value, file }) => obtain(value, file),
        }
    }
}

impl Given {
    /// The file it is in, if it is in one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Value(_) => None,
            Self::Table(table) => table.file.as_deref(),
        }
    }
}

impl GivenNamed {
    /// The secret itself, see [`Given::obtain`].
    pub(super) fn obtain(self) -> Result<Obtained, SecretError> {
        obtain(self.value, self.file)
    }
}

fn obtain(value: Option<Hidden>, file: Option<PathBuf>) -> Result<Obtained, SecretError> {
    if let Some(path) = file {
        return from_file(&path);
    }
    match value {
        Some(Hidden(secret)) if !secret.expose_secret().trim().is_empty() => Ok(Obtained { secret, warning: None }),
        _ => Err(SecretError::Empty),
    }
}

fn from_file(path: &Path) -> Result<Obtained, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let warning = readable_by_all(&file, path);
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(SecretError::TooLarge(path.to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText(path.to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(SecretError::EmptyFile(path.to_owned()));
    }
    Ok(Obtained { secret: SecretString::from(text), warning })
}

/// A warning if every user of the machine may read the file; only Unix can tell.
#[cfg(unix)]
pub(super) fn readable_by_all(file: &File, path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().ok()?.permissions().mode();
    (mode & 0o004 != 0).then(|| {
        format!(
            "{} holds a secret and every user of this machine can read it; run: chmod o-rwx {}",
            path.display(),
            path.display()
        )
    })
}

/// A warning if every user of the machine may read the file; only Unix can tell.
#[cfg(not(unix))]
pub(super) fn readable_by_all(_file: &File, _path: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("written");
        file
    }

    fn read(bytes: &[u8]) -> Result<Obtained, SecretError> {
        from_file(file_with(bytes).path())
    }

    #[test]
    fn one_line_break_at_the_end_is_cut_off_and_no_more() {
        for (bytes, secret) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
            ("\u{feff}s3cret", "s3cret"),
        ] {
            let obtained = read(bytes.as_bytes()).expect("readable");
            assert_eq!(obtained.secret.expose_secret(), secret);
            assert_eq!(obtained.warning, None, "only its owner can read it");
        }
    }

    #[test]
    fn an_empty_a_large_a_binary_and_a_missing_file_are_refused() {
        assert!(matches!(read(b"\n"), Err(SecretError::EmptyFile(_))));
        assert!(matches!(read(&[b'a'; 65 * 1024]), Err(SecretError::TooLarge(_))));
        assert!(matches!(read(b"\xff\xfe"), Err(SecretError::NotText(_))));
        let missing = from_file(Path::new("/no/such/secret")).expect_err("missing");
        assert!(missing.to_string().contains("/no/such/secret"), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_can_read_is_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let file = file_with(b"s3cret");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("mode set");
        let warning = from_file(file.path()).expect("readable").warning;
        assert!(warning.is_some_and(|text| text.contains("chmod o-rwx")));
    }

    #[test]
    fn debug_shows_the_name_and_not_the_secret() {
        let named = NamedSecret { name: "okta".into(), secret: SecretString::from("s3cret") };
        let shown = format!("{named:?}");
        assert!(shown.contains("okta") && !shown.contains("s3cret"), "{shown}");
    }
}
