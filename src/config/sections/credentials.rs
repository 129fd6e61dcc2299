//! The credentials of LINE WORKS: a service account's for the Directory API, a long-lived token for SCIM.
//!
//! All of them come from the LINE WORKS Developer Console; what is missing is said all at once, with the place to find it.

use crate::config::check::Check;
use crate::config::problems::shown;
use crate::config::raw::Words;
use crate::config::secret::{self, SecretForm};
use crate::config::{DirectoryAccess, LiveSecret};

/// What was written for the Directory API.
pub(super) struct Given {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<secret::Given>,
    pub(super) other_client_secret: Option<secret::Given>,
    pub(super) service_account: Option<String>,
    pub(super) private_key: Option<secret::Given>,
    pub(super) other_private_key: Option<secret::Given>,
    pub(super) scope: Words,
}

impl Given {
    /// Whether nobody wants the Directory API.
    pub(super) fn is_empty(&self) -> bool {
        self.client_id.is_none()
            && self.client_secret.is_none()
            && self.service_account.is_none()
            && self.private_key.is_none()
    }
}

/// Access to the Directory API; everything but the second secrets must be there.
pub(super) fn directory(given: Given, check: &mut Check) -> Option<DirectoryAccess> {
    let client_id = text(
        "lineworks.client_id",
        given.client_id,
        "\"Client ID\" of your app in the LINE WORKS Developer Console",
        check,
    );
    let client_secret = needed(
        "lineworks.client_secret",
        given.client_secret,
        SecretForm::Plain,
        "\"Client Secret\" of your app in the LINE WORKS Developer Console",
        check,
    );
    let service_account = text(
        "lineworks.service_account",
        given.service_account,
        "\"Service Account\" of your app in the LINE WORKS Developer Console; it looks like abc12.serviceaccount@example.com",
        check,
    );
    let private_key = needed(
        "lineworks.private_key",
        given.private_key,
        SecretForm::PrivateKey,
        "\"Private Key\" of your app in the LINE WORKS Developer Console, best as { file = \"…\" } with the downloaded file",
        check,
    );
    let other_client_secret =
        optional("lineworks.other_client_secret", given.other_client_secret, SecretForm::Plain, check);
    let other_private_key =
        optional("lineworks.other_private_key", given.other_private_key, SecretForm::PrivateKey, check);
    let scope = scope("lineworks.scope", given.scope, check);
    if let Some(account) = &service_account {
        warn_of_a_persons_login(account, check);
    }
    if let Some(scope) = &scope {
        warn_of_read_only(scope, check);
    }
    Some(DirectoryAccess {
        client_id: client_id?,
        client_secret: client_secret?,
        other_client_secret: other_client_secret?,
        service_account: service_account?,
        private_key: private_key?,
        other_private_key: other_private_key?,
        scope: scope?,
    })
}

/// A login of a person, even an administrator's, is let in nowhere (LINE WORKS docs, auth-jwt).
fn warn_of_a_persons_login(account: &str, check: &mut Check) {
    let looks_right = account.split_once('@').is_some_and(|(name, _)| name.ends_with(".serviceaccount"));
    // The text stays out: it may be somebody's e-mail address.
    if !looks_right {
        check.warnings.push(
            "lineworks.service_account does not look like abc12.serviceaccount@example.com; it must be the app's Service Account from the LINE WORKS Developer Console, not the login of a person".into(),
        );
    }
}

/// Any one of `user` and `directory` writes members; the others only read (LINE WORKS docs, user-create).
fn warn_of_read_only(scope: &str, check: &mut Check) {
    if !scope.split(' ').any(|word| word == "user" || word == "directory") {
        check.warnings.push(
            "lineworks.scope has neither user nor directory, so LINE WORKS will refuse every change of a member; the Free plan offers neither of the two".into(),
        );
    }
}

/// The long-lived token of a provisioning app.
pub(super) fn scim_token(given: secret::Given, check: &mut Check) -> Option<LiveSecret> {
    live("lineworks.scim_token", given, SecretForm::Plain, check)
}

fn text(key: &str, given: Option<String>, where_from: &str, check: &mut Check) -> Option<String> {
    match given {
        Some(text) => Some(text.trim().to_owned()),
        None => {
            check.missing(key, where_from);
            None
        }
    }
}

fn needed(
    key: &str,
    given: Option<secret::Given>,
    form: SecretForm,
    where_from: &str,
    check: &mut Check,
) -> Option<LiveSecret> {
    match given {
        Some(given) => live(key, given, form, check),
        None => {
            check.missing(key, where_from);
            None
        }
    }
}

/// `Some(None)` when it is not given, `None` when it is wrong.
fn optional(
    key: &str,
    given: Option<secret::Given>,
    form: SecretForm,
    check: &mut Check,
) -> Option<Option<LiveSecret>> {
    match given {
        Some(given) => live(key, given, form, check).map(Some),
        None => Some(None),
    }
}

pub(super) fn live(key: &str, given: secret::Given, form: SecretForm, check: &mut Check) -> Option<LiveSecret> {
    let file = given.file().map(ToOwned::to_owned);
    let text = check.secret(key, given.obtain())?;
    match form.read(&text) {
        Ok(secret) => Some(LiveSecret { secret, file, form }),
        Err((what, fix)) => {
            check.refuse(key, what, fix);
            None
        }
    }
}

/// Scopes are joined by one space; commas, as other APIs write them, are a mistake.
pub(super) fn scope(key: &str, words: Words, check: &mut Check) -> Option<String> {
    let text = match words {
        Words::One(text) => text,
        Words::Many(list) => list.join(" "),
    };
    let scopes: Vec<_> = text.split_whitespace().collect();
    if scopes.is_empty() || text.contains([',', ';']) {
        check.refuse(
            key,
            format!("{} is not a list of scopes", shown(&text)),
            "write them with spaces between, \"one another\", or as a list, [\"one\", \"another\"]",
        );
        return None;
    }
    Some(scopes.join(" "))
}
