//! `[lineworks]`: which API is used, which domains there are, and how members are found.
//!
//! The credentials are read in `credentials`. In sandbox mode the real hosts are refused, so that a rehearsal stays one.

use super::url::{base_url, is_real_lineworks};
use super::{MINUTE, SECOND, credentials};
use crate::config::check::Check;
use crate::config::problems::{Origin, closest, shown};
use crate::config::raw;
use crate::config::{Adopt, Backend, Domains, LineWorks, PasswordCreation};
use std::collections::BTreeMap;

/// The properties of a profile that can be kept in step (LINE WORKS Directory API, user-create).
const MANAGEABLE: [&str; 24] = [
    "email",
    "userName",
    "i18nNames",
    "nickName",
    "privateEmail",
    "aliasEmails",
    "employeeNumber",
    "userTypeId",
    "telephone",
    "cellPhone",
    "location",
    "task",
    "locale",
    "timeZone",
    "hiredDate",
    "birthday",
    "birthdayCalendarType",
    "searchable",
    "messenger",
    "relations",
    "customProperties",
    "organizations",
    "groups",
    "activationDate",
];

/// What an external key may be made of.
const PLACEHOLDERS: [&str; 3] = ["oktaUserId", "email", "employeeNumber"];

/// Reads the section.
pub(super) fn read(raw: raw::LineWorks, check: &mut Check) -> Option<LineWorks> {
    let backends = [("directory", Backend::Directory), ("scim", Backend::Scim)];
    let backend = check.choice("lineworks.backend", &raw.backend, &backends);
    let given = credentials::Given {
        client_id: raw.client_id,
        client_secret: raw.client_secret,
        other_client_secret: raw.other_client_secret,
        service_account: raw.service_account,
        private_key: raw.private_key,
        other_private_key: raw.other_private_key,
        scope: raw.scope,
    };
    let directory = match backend {
        Some(Backend::Scim) if given.is_empty() => Some(None),
        _ => credentials::directory(given, check).map(Some),
    };
    let scim_token = match raw.scim_token {
        Some(token) => credentials::scim_token(token, check).map(Some),
        None if backend == Some(Backend::Scim) => {
            check.missing(
                "lineworks.scim_token",
                "in the LINE WORKS Developer Console make a provisioning app, switch SCIM on and issue its token; it is shown once",
            );
            None
        }
        None => Some(None),
    };
    let id_needed = !matches!(directory, Some(None));
    let domains = domains(raw.domain_id, raw.domains, id_needed, check);
    let auth_url = url("lineworks.auth_url", &raw.auth_url, check);
    let api_url = url("lineworks.api_url", &raw.api_url, check);
    let password = password(&raw.password, raw.sso, raw.return_password, backend, check);
    let managed_fields = managed_fields(raw.managed_fields, check);
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
        directory: directory?,
        scim_token: scim_token?,
        domains: domains?,
        auth_url: auth_url?,
        api_url: api_url?,
        sso: raw.sso,
        password: password?,
        return_password: raw.return_password,
        managed_fields: managed_fields?,
        external_key: external_key?,
        adopt: adopt?,
        call_timeout: call_timeout?,
    })
}

/// One domain for everybody, or one for each e-mail domain.
fn domains(
    domain_id: Option<i64>,
    domains: Option<BTreeMap<String, i64>>,
    needed: bool,
    check: &mut Check,
) -> Option<Option<Domains>> {
    const ONE: &str = "lineworks.domain_id";
    const MANY: &str = "lineworks.domains";
    const WHERE: &str = "\"Domain ID\" in the LINE WORKS Developer Console, a number";
    match (domain_id, domains) {
        (Some(_), Some(_)) => {
            check.refuse(
                MANY,
                "stands beside lineworks.domain_id",
                "keep one of the two; with several domains, this one",
            );
            None
        }
        (Some(id), None) if id > 0 => Some(Some(Domains::One(id))),
        (Some(id), None) => {
            check.refuse(ONE, format!("{id} is not a domain"), WHERE);
            None
        }
        (None, Some(list)) => by_email(list, check).map(Some),
        (None, None) if needed => {
            check.missing(ONE, WHERE);
            None
        }
        (None, None) => Some(None),
    }
}

fn by_email(list: BTreeMap<String, i64>, check: &mut Check) -> Option<Domains> {
    const KEY: &str = "lineworks.domains";
    const FIX: &str =
        "write each e-mail domain with the number of its LINE WORKS domain, { \"example.com\" = 10000001 }";
    if list.is_empty() {
        check.refuse(KEY, "names no domain", FIX);
        return None;
    }
    let mut read = BTreeMap::new();
    for (name, id) in list {
        let email_domain = name.trim().trim_start_matches('@').to_lowercase();
        if email_domain.is_empty() || email_domain.contains(['@', ' ', '/']) || id <= 0 {
            check.refuse(KEY, format!("{} = {id} is not a domain", shown(&name)), FIX);
        } else if read.insert(email_domain, id).is_some() {
            check.refuse(KEY, format!("{} is there twice", shown(&name)), FIX);
        }
    }
    (!check.is_refused(KEY)).then_some(Domains::ByEmail(read))
}

fn password(
    text: &str,
    sso: bool,
    returned: bool,
    backend: Option<Backend>,
    check: &mut Check,
) -> Option<PasswordCreation> {
    const KEY: &str = "lineworks.password";
    let choices = [("member", PasswordCreation::Member), ("admin", PasswordCreation::Admin)];
    let chosen = check.choice(KEY, text, &choices)?;
    if chosen == PasswordCreation::Admin && sso {
        check.refuse(
            KEY,
            "makes passwords, but with SSO members have none",
            "set lineworks.sso = false, or take it out",
        );
        return None;
    }
    if chosen == PasswordCreation::Admin && backend == Some(Backend::Scim) {
        check.refuse(KEY, "makes passwords, which the SCIM API cannot set", "use `member`, or backend = \"directory\"");
        return None;
    }
    if returned && chosen == PasswordCreation::Member {
        check.warnings.push(
            "lineworks.return_password has no effect: no password is made unless lineworks.password = \"admin\"".into(),
        );
    }
    Some(chosen)
}

/// Property names as the `user` object of a card has them.
fn managed_fields(given: Option<Vec<String>>, check: &mut Check) -> Option<Option<Vec<String>>> {
    const KEY: &str = "lineworks.managed_fields";
    let Some(given) = given else { return Some(None) };
    let mut fields = Vec::new();
    for field in given {
        let field = field.trim().to_owned();
        if MANAGEABLE.contains(&field.as_str()) {
            fields.push(field);
            continue;
        }
        let fix = match closest(&field, MANAGEABLE) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the properties are {}", MANAGEABLE.join(", ")),
        };
        check.refuse(KEY, format!("{} is not a property of a member", shown(&field)), fix);
    }
    (!check.is_refused(KEY)).then_some(Some(fields))
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
