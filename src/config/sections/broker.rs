//! `[broker]`: who may have access tokens for other LINE WORKS APIs, and for which scopes.

use super::{credentials, inbound};
use crate::config::check::Check;
use crate::config::{Broker, raw};

const SECRETS: &str = "broker.secrets";
const SCOPE: &str = "broker.scope";

/// Scopes that can change members, and with that go around every promise of this program.
const MEMBER_SCOPES: [&str; 2] = ["user", "directory"];

/// Reads the section; `Some(None)` when the door stays closed.
pub(super) fn read(raw: raw::Broker, has_directory: bool, check: &mut Check) -> Option<Option<Broker>> {
    let secrets = inbound::secrets(SECRETS, raw.secrets, check);
    if secrets.is_empty() {
        return (!check.is_refused(SECRETS)).then_some(None);
    }
    if !has_directory {
        check.refuse(
            SECRETS,
            "hand out access tokens, which need a service account",
            "give lineworks.client_id, client_secret, service_account and private_key, or take this out",
        );
    }
    let Some(words) = raw.scope else {
        check.missing(SCOPE, "the scopes of the tokens that are handed out, for example \"bot calendar\"");
        return None;
    };
    let scope = credentials::scope(SCOPE, words, check)?;
    for word in scope.split(' ').filter(|word| MEMBER_SCOPES.contains(word)) {
        if !raw.allow_member_scopes {
            check.refuse(
                SCOPE,
                format!("`{word}` lets whoever has the token change and delete members, around this program"),
                "take it out (`user.read` reads), or set broker.allow_member_scopes = true if this is what you want",
            );
        }
    }
    (!check.is_refused(SCOPE) && !check.is_refused(SECRETS)).then_some(Some(Broker { secrets, scope }))
}
