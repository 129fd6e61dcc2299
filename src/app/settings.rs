//! What the configuration means to each part: the parsed keys become the settings of the workers, the doors and the places.
//!
//! Nothing is opened or checked here; `config` has done the checking.

use std::sync::Arc;

use secrecy::SecretString;

use super::BuildError;
use crate::config::{self, Config, LedgerUrl, PasswordCreation, PostgresEncryption, PostgresUrl};
use crate::converge::{self, Backoff};
use crate::domain::domains::Domains;
use crate::domain::event::UnassignPolicy;
use crate::domain::key::KeyTemplate;
use crate::domain::policy::{Adopt, GroupPolicy, Policy};
use crate::domain::profile::ProfileRules;
use crate::domain::reference::Reference;
use crate::handover::Handover;
use crate::inbound::caller::{Callers, Named};
use crate::inbound::{self, EventTime};
use crate::ledger::postgres::{Address, Encryption};
use crate::ledger::{Limits, Place};
use crate::lineworks::PlaceSettings;
use crate::lineworks::token::TokenCache;
use crate::metrics::Metrics;
use crate::okta::catch_up;
use crate::okta::mapping::Mapping;
use crate::reconcile::compare::Judgement;

/// How the workers work.
pub(super) fn converge(config: &Config, handover: Option<Arc<Handover>>, metrics: &Arc<Metrics>) -> converge::Settings {
    converge::Settings {
        workers: config.converge.workers,
        policy: policy(config),
        domains: domains(config),
        rules: rules(config),
        sso: config.lineworks.sso,
        key: KeyTemplate::new(&config.lineworks.external_key),
        limits: Limits {
            per_minute: config.pacing.per_minute,
            burst: config.pacing.burst,
            destructive_per_hour: config.unassign.max_per_hour,
        },
        call_timeout: config.lineworks.call_timeout,
        backoff: Backoff { first: config.converge.retry_first, longest: config.converge.retry_longest },
        keep_history: config.ledger.keep_history,
        makes_passwords: makes_passwords(config),
        handover,
        metrics: Arc::clone(metrics),
    }
}

/// Who may call, and how calls are read.
pub(super) fn doors(
    config: &Config,
    handover: Option<Arc<Handover>>,
    tokens: Option<Arc<TokenCache>>,
    metrics: &Arc<Metrics>,
) -> inbound::Settings {
    let inbound = &config.inbound;
    let named = |secrets: &[config::NamedSecret]| -> Vec<Named> {
        secrets.iter().map(|it| Named { name: it.name.clone(), secret: it.secret.clone() }).collect()
    };
    let broker = config.broker.as_ref().map_or(&[][..], |broker| &broker.secrets);
    inbound::Settings {
        callers: Callers::new(
            &named(&inbound.card_secrets),
            &named(&inbound.signing_secrets),
            &named(&inbound.hook_secrets),
            &named(&inbound.admin_secrets),
            &inbound.hook_header,
        )
        .with_broker(&named(broker)),
        event_time: match inbound.event_time {
            config::EventTime::Required => EventTime::Required,
            config::EventTime::Arrival => EventTime::Arrival,
        },
        app_id: config.okta.app_id.clone(),
        asks_okta: config.okta.org.is_some(),
        rules: rules(config),
        handover,
        unassign: unassign_policy(config),
        allow_call_policy: config.unassign.allow_call_policy,
        request_timeout: config.server.request_timeout,
        per_minute: config.pacing.per_minute,
        broker: tokens,
        metrics: Arc::clone(metrics),
    }
}

/// How events the hook lost are found; none: nobody looks.
pub(super) fn catch_up(config: &Config) -> Option<catch_up::Settings> {
    let org = config.okta.org.as_ref()?;
    let times = org.catch_up?;
    Some(catch_up::Settings {
        every: times.every,
        overlap: times.overlap,
        call_timeout: org.call_timeout,
        rules: rules(config),
        since: None,
    })
}

/// How a person in Okta becomes a wish for a member.
///
/// # Errors
/// Names every template that cannot be used.
pub(crate) fn mapping(config: &Config) -> Result<Mapping, BuildError> {
    Mapping::new(&config.okta.mapping).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        BuildError::Mapping(lines.join("\n"))
    })
}

/// How places are looked up and made.
pub(super) fn places(config: &Config) -> PlaceSettings {
    let placement = &config.placement;
    PlaceSettings {
        cache_for: placement.cache_for,
        create_org_units: placement.create_org_units,
        create_org_units_under: placement.create_org_units_under.clone(),
        domains: domains(config).ids(),
    }
}

/// Where the ledger is.
pub(crate) fn place(config: &Config) -> Place {
    match &config.ledger.url {
        LedgerUrl::Sqlite(path) => Place::Sqlite(path.clone()),
        LedgerUrl::Postgres(url) => Place::Postgres(postgres(url, config.ledger.password.as_ref())),
    }
}

fn postgres(url: &PostgresUrl, password: Option<&SecretString>) -> Address {
    Address {
        host: url.host.clone(),
        port: url.port,
        user: url.user.clone(),
        password: password.cloned(),
        database: url.database.clone(),
        encryption: match &url.encryption {
            PostgresEncryption::None => Encryption::None,
            PostgresEncryption::Unchecked => Encryption::Unchecked,
            PostgresEncryption::Checked(authorities) => Encryption::Checked(authorities.clone()),
        },
    }
}

/// The decisions a plan follows; the service account is always protected.
fn policy(config: &Config) -> Policy {
    let mut protected = config.unassign.protected.clone();
    protected.extend(config.lineworks.directory.iter().map(|directory| directory.service_account.clone()));
    Policy {
        adopt: match config.lineworks.adopt {
            config::Adopt::Never => Adopt::Never,
            config::Adopt::WhenNoExternalKey => Adopt::WhenNoExternalKey,
            config::Adopt::ReplaceForeignKey => Adopt::ReplaceForeignKey,
        },
        lift_foreign: config.assign.lift_foreign_suspension,
        unassign: unassign_policy(config),
        delete_after: config.unassign.delete_after,
        protected,
        managed_fields: config.lineworks.managed_fields.clone(),
        groups: GroupPolicy {
            everybody: references(&config.placement.groups),
            managed: references(&config.placement.managed_groups),
        },
    }
}

fn unassign_policy(config: &Config) -> UnassignPolicy {
    match config.unassign.policy {
        config::UnassignPolicy::Suspend => UnassignPolicy::Suspend,
        config::UnassignPolicy::SuspendThenDelete => UnassignPolicy::SuspendThenDelete,
        config::UnassignPolicy::Delete => UnassignPolicy::Delete,
    }
}

/// The domains members live in.
fn domains(config: &Config) -> Domains {
    match &config.lineworks.domains {
        None => Domains::Unasked,
        Some(config::Domains::One(id)) => Domains::One(*id),
        Some(config::Domains::ByEmail(domains)) => Domains::ByEmail(Arc::new(domains.clone())),
    }
}

/// What is right, for a comparison.
pub(super) fn judgement(config: &Config) -> Judgement {
    Judgement {
        key: KeyTemplate::new(&config.lineworks.external_key),
        policy: policy(config),
        domains: domains(config),
        sso: config.lineworks.sso,
    }
}

/// What every profile must have, whoever says it.
pub(crate) fn rules(config: &Config) -> ProfileRules {
    ProfileRules {
        invited: !config.lineworks.sso && !makes_passwords(config),
        domains: domains(config),
        managed_groups: Some(config.placement.managed_groups.clone()),
    }
}

/// Whether new members get their first password from this program.
fn makes_passwords(config: &Config) -> bool {
    !config.lineworks.sso && config.lineworks.password == PasswordCreation::Admin
}

fn references(texts: &[String]) -> Vec<Reference> {
    texts.iter().map(|text| Reference::parse(text)).collect()
}
