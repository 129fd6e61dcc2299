//! `[lineworks]`: the credentials and how members are found.
//!
//! All four credentials and the domain come from the LINE WORKS Developer Console; what is missing is said all at once,
//! with the place to find it. In sandbox mode the real hosts are refused, so that a rehearsal stays one.

use super::url::{base_url, is_real_lineworks};
use super::{MINUTE, SECOND};
use crate::config::check::Check;
use crate::config::problems::{Origin, closest, shown};
use crate::config::raw::{self, Words};
use crate::config::secret::Given;
use crate::config::{Adopt, Backend, LineWorks, pem};
use secrecy::{ExposeSecret, SecretString};

/// What an external key may be made of.
const PLACEHOLDERS: [&str; 3] = ["oktaUserId", "email", "employeeNumber"];

/// Reads the section.
pub(super) fn read(raw: raw::LineWorks, check: &mut Check) -> Option<LineWorks> {
    let backend = backend(&raw.backend, check);
    let client_id = text(
        "lineworks.client_id",
        raw.client_id,
        "\"Client ID\" of your app in the LINE WORKS Developer Console",
        check,
    );
    let client_secret = secret(
        "lineworks.client_secret",
        raw.client_secret,
        "\"Client Secret\" of your app in the LINE WORKS Developer Console",
        check,
    );
    let service_account = text(
        "lineworks.service_account",
        raw.service_account,
        "\"Service Account\" of your app in the LINE WORKS Developer Console; it looks like abc12.serviceaccount@example.com",
        check,
    );
    let private_key = private_key(raw.private_key, check);
    let domain_id = domain_id(raw.domain_id, check);
    let scope = scope(raw.scope, check);
    let auth_url = url("lineworks.auth_url", &raw.auth_url, check);
    let api_url = url("lineworks.api_url", &raw.api_url, check);
    let external_key = external_key(raw.external_key, check);
    let adopts = [
        ("never", Adopt::Never),
        ("when_no_external_key", Adopt::WhenNoExternalKey),
        ("replace_foreign_key", Adopt::ReplaceForeignKey),
    ];
    let adopt = check.choice("lineworks.adopt", &raw.adopt, &adopts);
    let call_timeout = check.span("lineworks.call_timeout", &raw.call_timeout, SECOND..=MINUTE);
    Some(LineWorks {
        backend: backend?,
        client_id: client_id?,
        client_secret: client_secret?,
        service_account: service_account?,
        private_key: private_key?,
        domain_id: domain_id?,
        scope: scope?,
        auth_url: auth_url?,
        api_url: api_url?,
        sso: raw.sso,
        external_key: external_key?,
        adopt: adopt?,
        call_timeout: call_timeout?,
    })
}

fn backend(text: &str, check: &mut Check) -> Option<Backend> {
    const KEY: &str = "lineworks.backend";
    if text == "scim" {
        check.refuse(
            KEY,
            "`scim` is not in this version yet",
            "use directory, which can do all that SCIM can and more",
        );
        return None;
    }
    check.choice(KEY, text, &[("directory", Backend::Directory)])
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

fn secret(key: &str, given: Option<Given>, where_from: &str, check: &mut Check) -> Option<SecretString> {
    match given {
        Some(given) => {
            let secret = check.secret(key, given.obtain())?;
            Some(SecretString::from(secret.expose_secret().trim()))
        }
        None => {
            check.missing(key, where_from);
            None
        }
    }
}

fn private_key(given: Option<Given>, check: &mut Check) -> Option<SecretString> {
    const KEY: &str = "lineworks.private_key";
    let pasted = secret(
        KEY,
        given,
        "\"Private Key\" of your app in the LINE WORKS Developer Console, best as { file = \"…\" } with the downloaded file",
        check,
    )?;
    match pem::repaired(&pasted) {
        Ok(key) => Some(key),
        Err(error) => {
            check.refuse(KEY, error.to_string(), error.fix());
            None
        }
    }
}

fn domain_id(given: Option<i64>, check: &mut Check) -> Option<i64> {
    const KEY: &str = "lineworks.domain_id";
    const WHERE: &str = "\"Domain ID\" in the LINE WORKS Developer Console, a number";
    match given {
        Some(id) if id > 0 => Some(id),
        Some(id) => {
            check.refuse(KEY, format!("{id} is not a domain"), WHERE);
            None
        }
        None => {
            check.missing(KEY, WHERE);
            None
        }
    }
}

/// Scopes are joined by one space; commas, as other APIs write them, are a mistake.
fn scope(words: Words, check: &mut Check) -> Option<String> {
    let text = match words {
        Words::One(text) => text,
        Words::Many(list) => list.join(" "),
    };
    let scopes: Vec<_> = text.split_whitespace().collect();
    if scopes.is_empty() || text.contains([',', ';']) {
        check.refuse(
            "lineworks.scope",
            format!("{} is not a list of scopes", shown(&text)),
            "write them with spaces between, for example \"user directory\", or as [\"user\", \"directory\"]",
        );
        return None;
    }
    Some(scopes.join(" "))
}

fn url(key: &str, text: &str, check: &mut Check) -> Option<String> {
    if *check.origin(key) == Origin::Sandbox {
        // made by ourselves, on whatever address the sandbox listens
        return Some(text.trim_end_matches('/').to_owned());
    }
    match base_url(text) {
        Ok(url) if check.sandbox && is_real_lineworks(&url) => {
            check.refuse(
                key,
                "is the real LINE WORKS, which sandbox mode never calls",
                "take the key out, then the sandbox is used",
            );
            None
        }
        Ok(url) => Some(url),
        Err(fault) => {
            check.refuse(key, fault.what, fault.fix);
            None
        }
    }
}

fn external_key(template: String, check: &mut Check) -> Option<String> {
    match template_fault(&template) {
        None => Some(template),
        Some((what, fix)) => {
            check.refuse("lineworks.external_key", what, fix);
            None
        }
    }
}

/// What is wrong with a template; LINE WORKS takes no `%`, `\`, `#`, `/` and `?` in an external key.
fn template_fault(template: &str) -> Option<(String, String)> {
    let list = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
    let mut rest = template;
    let mut literal = String::new();
    let mut found = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Some((
                format!("{} has a `{{` without its `}}`", shown(template)),
                format!("the placeholders are {list}"),
            ));
        };
        if !PLACEHOLDERS.contains(&name) {
            let fix = match closest(name, PLACEHOLDERS) {
                Some(meant) => format!("did you mean `{{{meant}}}`?"),
                None => format!("the placeholders are {list}"),
            };
            return Some((format!("{} is not a placeholder", shown(name)), fix));
        }
        literal.push_str(before);
        found += 1;
        rest = after;
    }
    literal.push_str(rest);
    if found == 0 {
        let what = format!("{} would be the same for everybody", shown(template));
        return Some((what, format!("use at least one of {list}")));
    }
    literal.contains(['%', '\\', '#', '/', '?', '}']).then(|| {
        (
            format!("{} has a character LINE WORKS does not take", shown(template)),
            "leave out % \\ # / ? and single braces".into(),
        )
    })
}
