//! The Okta side of the composition root: the configured org becomes a client that asks it.

use std::sync::Arc;

use super::BuildError;
use super::lineworks::{given, url};
use crate::clock::Clock;
use crate::config::{Config, OktaAccess};
use crate::ledger::pauses::Pauses;
use crate::lineworks::http_client;
use crate::metrics::Metrics;
use crate::okta::ask::AskOkta;
use crate::okta::client::{Access, OktaClient, OktaSettings};
use crate::okta::mapping::Mapping;

/// A client for the configured org; none when none is configured.
///
/// # Errors
/// Names the key that cannot be used.
pub(crate) fn client(config: &Config, clock: &Clock, metrics: &Arc<Metrics>) -> Result<Option<OktaClient>, BuildError> {
    client_with_scope(config, None, clock, metrics)
}

/// Who says what is true of the people of the app; none when no org is configured.
pub(super) fn truth(
    client: Option<&Arc<OktaClient>>,
    mapping: &Arc<Mapping>,
    clock: &Clock,
    pauses: &Arc<Pauses>,
) -> Option<Arc<AskOkta>> {
    client.map(|client| {
        Arc::new(AskOkta::new(Arc::clone(client), Arc::clone(mapping), clock.clone(), Arc::clone(pauses)))
    })
}

/// As [`client`], but asking for other scopes than `okta.scope`. An API token has no scopes.
pub(crate) fn client_with_scope(
    config: &Config,
    other_scope: Option<&str>,
    clock: &Clock,
    metrics: &Arc<Metrics>,
) -> Result<Option<OktaClient>, BuildError> {
    let (Some(org), Some(app_id)) = (&config.okta.org, &config.okta.app_id) else { return Ok(None) };
    let access = match &org.access {
        OktaAccess::Token(token) => Access::Token(given(token)),
        OktaAccess::ServiceApp { client_id, private_key, key_id, scope } => Access::ServiceApp {
            client_id: client_id.clone(),
            private_key: given(private_key),
            key_id: key_id.clone(),
            scope: other_scope.unwrap_or(scope).to_owned(),
        },
    };
    let settings = OktaSettings {
        org_url: url("okta.org_url", &org.url)?,
        access,
        app_id: app_id.clone(),
        call_timeout: org.call_timeout,
        metrics: Arc::clone(metrics),
    };
    Ok(Some(OktaClient::new(settings, http_client()?, clock.clone())?))
}
