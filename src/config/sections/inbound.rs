//! `[inbound]`: the secrets of those who may call.
//!
//! A secret opens one door under one name. One in two lists would let a caller with a weak proof pass as another, and
//! would make the audit trail ambiguous; both are refused. The secrets themselves are compared, never shown.

use crate::config::check::Check;
use crate::config::problems::shown;
use crate::config::secret::GivenNamed;
use crate::config::{EventTime, Inbound, NamedSecret, raw};
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

const CARD: &str = "inbound.card_secrets";
const SIGNING: &str = "inbound.signing_secrets";
const HOOK: &str = "inbound.hook_secrets";
const ADMIN: &str = "inbound.admin_secrets";

/// The shortest secret in characters, outside of the sandbox.
const SHORTEST: usize = 16;

/// Reads the section.
pub(super) fn read(raw: raw::Inbound, check: &mut Check) -> Option<Inbound> {
    let card = secrets(CARD, raw.card_secrets, check);
    let signing = secrets(SIGNING, raw.signing_secrets, check);
    let hook = secrets(HOOK, raw.hook_secrets, check);
    let admin = secrets(ADMIN, raw.admin_secrets, check);
    refuse_shared(&[(CARD, &card), (SIGNING, &signing), (HOOK, &hook), (ADMIN, &admin)], check);
    refuse_closed_doors(&card, &signing, &hook, &admin, check);
    let times = [("required", EventTime::Required), ("arrival", EventTime::Arrival)];
    let event_time = check.choice("inbound.event_time", &raw.event_time, &times);
    let hook_header = header(&raw.hook_header, check);
    Some(Inbound {
        card_secrets: card,
        signing_secrets: signing,
        hook_secrets: hook,
        admin_secrets: admin,
        event_time: event_time?,
        hook_header: hook_header?,
    })
}

/// One list; entries that cannot be used are problems and left out.
pub(super) fn secrets(key: &str, given: Option<Vec<GivenNamed>>, check: &mut Check) -> Vec<NamedSecret> {
    let mut list: Vec<NamedSecret> = Vec::new();
    for (index, entry) in given.unwrap_or_default().into_iter().enumerate() {
        let path = format!("{key}[{}]", index + 1);
        let origin = check.origin(key).clone();
        let refuse = |check: &mut Check, what: String, fix: &str| {
            let problem = crate::config::Problem::new(path.as_str(), &origin, what, fix);
            check.problems.push(problem);
        };
        let name = entry.name.clone();
        if !is_name(&name) {
            refuse(check, format!("{} is not a name", shown(&name)), "use 1 to 40 lower-case letters, digits, - and _");
        } else if list.iter().any(|other| other.name == name) {
            refuse(check, format!("the name `{name}` is there twice"), "give each secret of a list its own name");
        }
        match entry.obtain() {
            Err(error) => refuse(check, error.to_string(), error.fix()),
            Ok(obtained) => {
                check.warnings.extend(obtained.warning);
                let secret = obtained.secret;
                if let Some((what, fix)) = weakness(key, &secret, check.sandbox) {
                    refuse(check, what, fix);
                }
                list.push(NamedSecret { name, secret });
            }
        }
    }
    list
}

fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}

/// Why a secret would not work or protect, and what to do.
fn weakness(key: &str, secret: &SecretString, sandbox: bool) -> Option<(String, &'static str)> {
    let text = secret.expose_secret();
    let length = text.chars().count();
    if text.trim() != text || text.chars().any(char::is_control) {
        Some(("has white space at its ends or a line break inside, and would never match".into(), "take it out"))
    } else if key != SIGNING && !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        Some(("has characters that an HTTP header cannot carry".into(), "use ASCII letters, digits and signs"))
    } else if !sandbox && length < SHORTEST {
        Some((
            format!("has {length} characters, which is too short"),
            "use at least 16; openssl rand -hex 32 makes a good one",
        ))
    } else {
        None
    }
}

/// Refuses a secret that is in two places.
pub(super) fn refuse_shared(lists: &[(&str, &Vec<NamedSecret>)], check: &mut Check) {
    let all: Vec<_> = lists.iter().flat_map(|(key, list)| list.iter().map(move |named| (*key, named))).collect();
    for (index, (key, named)) in all.iter().enumerate() {
        let same =
            all.iter().take(index).find(|(_, earlier)| earlier.secret.expose_secret() == named.secret.expose_secret());
        if let Some((earlier_key, earlier)) = same {
            let what = format!("`{}` is the same secret as `{}` in {earlier_key}", named.name, earlier.name);
            let fix = if *key == *earlier_key {
                "make a new one; each name needs its own secret"
            } else {
                "make a new one; a secret is for bearer or for signing, never both, and opens one door only"
            };
            check.refuse(key, what, fix);
        }
    }
}

/// Refuses a service nobody could call or nobody could look after.
fn refuse_closed_doors(
    card: &[NamedSecret],
    signing: &[NamedSecret],
    hook: &[NamedSecret],
    admin: &[NamedSecret],
    check: &mut Check,
) {
    if admin.is_empty() {
        check.missing(ADMIN, "without one nobody can look at the service or approve what is held");
    }
    let refused = [CARD, SIGNING, HOOK].iter().any(|key| check.is_refused(key));
    if card.is_empty() && signing.is_empty() && hook.is_empty() && !refused {
        check.missing(
            CARD,
            "at least one of card_secrets, signing_secrets and hook_secrets is needed, or no event could come in",
        );
    }
}

fn header(text: &str, check: &mut Check) -> Option<String> {
    match HeaderName::from_bytes(text.trim().as_bytes()) {
        Ok(_) => Some(text.trim().to_owned()),
        Err(_) => {
            check.refuse(
                "inbound.hook_header",
                format!("{} is not the name of a header", shown(text)),
                "write the name alone, for example Authorization",
            );
            None
        }
    }
}
