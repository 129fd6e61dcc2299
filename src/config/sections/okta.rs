//! `[okta]`: which app counts, and the org that is asked for the truth.
//!
//! An org needs one way in: an API service app that signs with a private key, or an API token. What is missing is said
//! all at once, with the place to find it.

use crate::config::check::Check;
use crate::config::problems::{Origin, shown};
use crate::config::secret::SecretForm;
use crate::config::{CatchUp, Okta, OktaAccess, OktaOrg, raw};

use super::credentials::{live, scope};
use super::url::{AN_ADDRESS, base_url};
use super::{DAY, MINUTE, SECOND};

const APP_ID: &str = "okta.app_id";
const URL: &str = "okta.org_url";
const TOKEN: &str = "okta.api_token";

/// Where the app's id is found.
const WHERE: &str =
    "in the Okta Admin Console open the LINE WORKS app; the id is the part of the address that starts with 0oa";

/// Reads the section.
pub(super) fn read(mut raw: raw::Okta, has_hook: bool, check: &mut Check) -> Option<Okta> {
    let has_org =
        raw.org_url.is_some() || raw.client_id.is_some() || raw.private_key.is_some() || raw.api_token.is_some();
    let app_id = app_id(raw.app_id.take(), has_hook, has_org, check);
    let mapping = raw.mapping.take().unwrap_or_default().0;
    if let (Some(Some(app)), Some(client)) = (&app_id, &raw.client_id)
        && app == client.trim()
    {
        check.refuse(
            "okta.client_id",
            "is the same as okta.app_id",
            "give the Client ID of the API service app; both begin with 0oa, but the LINE WORKS app is another app",
        );
    }
    let org = if has_org { org(raw, check).map(Some) } else { Some(None) };
    Some(Okta { app_id: app_id?, org: org?, mapping })
}

fn app_id(given: Option<String>, has_hook: bool, has_org: bool, check: &mut Check) -> Option<Option<String>> {
    match &given {
        Some(id) if !id.starts_with("0oa") || !id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            check.refuse(APP_ID, format!("{} is not an app id", shown(id)), WHERE);
            return None;
        }
        None if has_hook => {
            let what = format!("inbound.hook_secrets need it to tell this app's events from others; {WHERE}");
            check.missing(APP_ID, &what);
            return None;
        }
        None if has_org => {
            check.missing(APP_ID, &format!("okta.org_url is asked for the members of this app; {WHERE}"));
            return None;
        }
        _ => {}
    }
    Some(given)
}

fn org(raw: raw::Okta, check: &mut Check) -> Option<OktaOrg> {
    let url = match &raw.org_url {
        None => {
            check.missing(URL, "the address of your Okta org, such as https://example.okta.com, without -admin");
            None
        }
        // made by ourselves, on whatever address the sandbox listens
        Some(text) if *check.origin(URL) == Origin::Sandbox => Some(text.trim_end_matches('/').to_owned()),
        Some(text) => match base_url(text) {
            Ok(url) if is_admin_console(&url) => {
                check.refuse(
                    URL,
                    "is the address of the Admin Console",
                    "write it without -admin, such as https://example.okta.com",
                );
                None
            }
            Ok(url) if has_path(&url) => {
                check.refuse(URL, "has a path", "write the org alone, such as https://example.okta.com");
                None
            }
            Ok(url) => Some(url),
            Err(fault) => {
                let fix = if fault.fix == AN_ADDRESS {
                    "write the org's, such as https://example.okta.com"
                } else {
                    fault.fix
                };
                check.refuse(URL, fault.what, fix);
                None
            }
        },
    };
    let call_timeout = check.span("okta.call_timeout", &raw.call_timeout, SECOND..=MINUTE);
    let every = check.span("okta.catch_up_every", &raw.catch_up_every, 10 * SECOND..=DAY);
    let overlap = check.span("okta.catch_up_overlap", &raw.catch_up_overlap, MINUTE..=7 * DAY);
    let catch_up = raw.catch_up;
    let access = access(raw, check);
    let times = CatchUp { every: every?, overlap: overlap? };
    Some(OktaOrg { url: url?, access: access?, call_timeout: call_timeout?, catch_up: catch_up.then_some(times) })
}

/// `https://example-admin.okta.com`, and the same below `oktapreview.com` and `okta-emea.com`.
fn is_admin_console(url: &str) -> bool {
    ["-admin.okta.com", "-admin.oktapreview.com", "-admin.okta-emea.com"]
        .iter()
        .any(|end| url.to_lowercase().contains(end))
}

/// All of Okta is asked for at the org itself: `/oauth2/default` and the like are for other programs.
fn has_path(url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
}

fn access(raw: raw::Okta, check: &mut Check) -> Option<OktaAccess> {
    let app = raw.client_id.is_some() || raw.private_key.is_some();
    if let Some(given) = raw.api_token {
        if app {
            check.refuse(TOKEN, "is there beside okta.client_id and okta.private_key", "keep one of the two ways in");
            return None;
        }
        return live(TOKEN, given, SecretForm::Plain, check).map(OktaAccess::Token);
    }
    if raw.client_id.is_none() {
        check.missing("okta.client_id", "\"Client ID\" of the API service app in the Okta Admin Console");
    }
    let private_key = match raw.private_key {
        Some(given) => live("okta.private_key", given, SecretForm::OktaKey, check),
        None => {
            check.missing(
                "okta.private_key",
                "the private key of the API service app (PEM or JWK; Okta shows it once), best as { file = \"…\" }; or give okta.api_token instead",
            );
            None
        }
    };
    let scope = scope("okta.scope", raw.scope, check);
    let client_id = raw.client_id.map(|id| id.trim().to_owned());
    Some(OktaAccess::ServiceApp { client_id: client_id?, private_key: private_key?, key_id: raw.key_id, scope: scope? })
}
