//! The configuration as it is written: one list of all keys, with their kinds and defaults.
//!
//! The list below is the only place that names a key. The serde mirror (`Raw` and its sections), the defaults, the
//! suggestions for misspelt keys and the test of the example file all come from it. A key with a default always has a
//! value here; a key without one is an `Option`. What the values mean is for `sections` to say, not for this file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a key holds in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string with a duration, `10s`.
    Span,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// One string, or a list of strings.
    Words,
    /// A list of strings.
    Texts,
    /// A string, or `{ file = "…" }`.
    Secret,
    /// A list of `{ name = "…", value = "…" }` or `{ name = "…", file = "…" }`.
    Secrets,
    /// A table of names and whole numbers, `{ "example.com" = 10000001 }`.
    Numbers,
    /// A table of names and templates, `{ "nickName" = "{{ user.nickName }}" }`; an empty template is one too.
    Templates,
}

impl Kind {
    /// Whether the value must never be shown.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Secrets)
    }
}

/// A key the configuration knows.
#[derive(Debug)]
pub(super) struct Key {
    /// `server.listen`
    pub(super) dotted: &'static str,
    /// `server`
    pub(super) section: &'static str,
    /// `listen`
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
    /// The default, written in TOML.
    pub(super) default: Option<&'static str>,
}

impl Key {
    /// The environment variable that sets this key.
    pub(super) fn variable(&self) -> String {
        format!("{}{}__{}", super::VARIABLE_PREFIX, self.section.to_ascii_uppercase(), self.name.to_ascii_uppercase())
    }
}

/// The key with this dotted name.
pub(super) fn key(dotted: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.dotted == dotted)
}

/// The sections in their order.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(|key| key.section).collect();
    sections.dedup();
    sections
}

/// The Rust types of the kinds.
mod form {
    pub(in crate::config) type Text = String;
    pub(in crate::config) type Span = String;
    pub(in crate::config) type Number = i64;
    pub(in crate::config) type Switch = bool;
    pub(in crate::config) type Words = super::Words;
    pub(in crate::config) type Texts = Vec<String>;
    pub(in crate::config) type Secret = crate::config::secret::Given;
    pub(in crate::config) type Secrets = Vec<crate::config::secret::GivenNamed>;
    pub(in crate::config) type Numbers = std::collections::BTreeMap<String, i64>;
    pub(in crate::config) type Templates = super::Templates;
}

/// One string, or a list of strings.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    /// Words in one string, separated by spaces.
    One(String),
    /// One word each.
    Many(Vec<String>),
}

/// Templates by the path of their property. TOML reads `userName.lastName = "…"` as a table within a table, which means
/// the same as `"userName.lastName" = "…"`.
#[derive(Debug, Default)]
pub(super) struct Templates(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Templates {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut templates = BTreeMap::new();
        flatten("", toml::Table::deserialize(deserializer)?, &mut templates);
        Ok(Self(templates))
    }
}

/// What is neither text nor table was refused by its form already.
fn flatten(above: &str, table: toml::Table, templates: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let path = if above.is_empty() { name } else { format!("{above}.{name}") };
        match value {
            toml::Value::String(template) => {
                templates.insert(path, template);
            }
            toml::Value::Table(table) => flatten(&path, table, templates),
            _ => {}
        }
    }
}

macro_rules! field {
    ($kind:ident) => { Option<form::$kind> };
    ($kind:ident, $default:expr) => { form::$kind };
}

macro_rules! default {
    () => {
        None
    };
    // what Rust and TOML write alike: strings without escapes, numbers, booleans, the empty list
    ($default:expr) => {
        Some(stringify!($default))
    };
}

macro_rules! keys {
    ($( $(#[$about:meta])* $section:ident as $in_file:ident {
        $( $name:ident: $kind:ident $(= $default:expr)?, )+
    } )+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(super) struct $section {
                $( pub(super) $name: field!($kind $(, $default)?), )+
            }
        )+

        /// The whole file.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Raw {
            $( pub(super) $in_file: $section, )+
        }

        /// Every key, in the order of the example file.
        pub(super) const KEYS: &[Key] = &[
            $( $( Key {
                dotted: concat!(stringify!($in_file), ".", stringify!($name)),
                section: stringify!($in_file),
                name: stringify!($name),
                kind: Kind::$kind,
                default: default!($($default)?),
            }, )+ )+
        ];
    };
}

keys! {
    /// `[server]`
    Server as server {
        listen: Text = "127.0.0.1:8080",
        http_workers: Number,
        tls_certificate: Text,
        tls_key: Text,
        request_timeout: Span = "10s",
        shutdown_timeout: Span = "30s",
        drain_time: Span = "0s",
        sandbox_public: Switch = false,
    }

    /// `[inbound]`
    Inbound as inbound {
        card_secrets: Secrets,
        signing_secrets: Secrets,
        hook_secrets: Secrets,
        admin_secrets: Secrets,
        event_time: Text = "required",
        hook_header: Text = "Authorization",
    }

    /// `[okta]`
    Okta as okta {
        app_id: Text,
        org_url: Text,
        client_id: Text,
        private_key: Secret,
        key_id: Text,
        scope: Words = "okta.apps.read okta.users.read okta.logs.read",
        api_token: Secret,
        call_timeout: Span = "10s",
        catch_up: Switch = true,
        catch_up_every: Span = "5m",
        catch_up_overlap: Span = "15m",
        mapping: Templates,
    }

    /// `[lineworks]`
    LineWorks as lineworks {
        backend: Text = "directory",
        client_id: Text,
        client_secret: Secret,
        other_client_secret: Secret,
        service_account: Text,
        private_key: Secret,
        other_private_key: Secret,
        scim_token: Secret,
        domain_id: Number,
        domains: Numbers,
        scope: Words = "user",
        auth_url: Text = "https://auth.worksmobile.com",
        api_url: Text = "https://www.worksapis.com",
        sso: Switch = true,
        password: Text = "member",
        return_password: Switch = false,
        managed_fields: Texts,
        external_key: Text = "{oktaUserId}",
        adopt: Text = "when_no_external_key",
        call_timeout: Span = "10s",
    }

    /// `[placement]`
    Placement as placement {
        cache_for: Span = "10m",
        create_org_units: Switch = false,
        create_org_units_under: Text,
        groups: Texts = [],
        managed_groups: Texts = [],
    }

    /// `[broker]`
    Broker as broker {
        secrets: Secrets,
        scope: Words,
        allow_member_scopes: Switch = false,
    }

    /// `[assign]`
    Assign as assign {
        lift_foreign_suspension: Switch = false,
    }

    /// `[unassign]`
    Unassign as unassign {
        policy: Text = "suspend_then_delete",
        delete_after: Span = "7d",
        max_per_hour: Number = 20,
        protected: Texts = [],
        allow_call_policy: Switch = false,
    }

    /// `[pacing]`
    Pacing as pacing {
        per_minute: Number = 120,
        burst: Number = 120,
    }

    /// `[converge]`
    Converge as converge {
        workers: Number = 8,
        retry_first: Span = "2s",
        retry_longest: Span = "1h",
    }

    /// `[ledger]`
    Ledger as ledger {
        url: Text = "sqlite:okta-lineworks.db",
        password: Secret,
        connections: Number = 8,
        keep_history: Span = "400d",
    }

    /// `[log]`
    Log as log {
        format: Text = "text",
        filter: Text = "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_of_a_key_is_its_sections_and_name_in_capitals() {
        let key = key("lineworks.client_id").expect("a known key");
        assert_eq!(key.variable(), "OKTA_LINEWORKS__LINEWORKS__CLIENT_ID");
    }

    #[test]
    fn every_default_is_toml_of_its_own_kind() {
        for key in KEYS {
            if let Some(default) = key.default {
                let value = default.parse::<toml::Value>().expect(key.dotted);
                let faults = crate::config::shape::faults(key, &value, &crate::config::problems::Origin::Default);
                assert_eq!(faults, [], "{}", key.dotted);
            }
        }
    }
}
