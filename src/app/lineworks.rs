//! The LINE WORKS side of the composition: one set of credentials, a token for ourselves, one for others, the client.

use std::sync::Arc;

use reqwest::Url;

use super::{BuildError, settings};
use crate::clock::Clock;
use crate::config::{Config, DirectoryAccess, LiveSecret};
use crate::ledger::Store;
use crate::ledger::vault::{self, LedgerVault};
use crate::lineworks::credentials::{AppCredentials, Credentials, Given, Reread, UnusableKey};
use crate::lineworks::directory::{Directory, DirectorySettings};
use crate::lineworks::http_client;
use crate::lineworks::token::{TokenCache, TokenSettings};
use crate::metrics::Metrics;

/// Access to one LINE WORKS tenant.
pub(super) struct Access {
    pub(super) credentials: Arc<Credentials>,
    /// The service's own token.
    pub(super) tokens: Arc<TokenCache>,
    /// The token for others; none: that door is closed.
    pub(super) broker: Option<Arc<TokenCache>>,
}

impl Access {
    pub(super) fn new(
        config: &Config,
        directory: &DirectoryAccess,
        store: &Arc<dyn Store>,
        clock: &Clock,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BuildError> {
        let credentials = Arc::new(credentials(directory)?);
        let cache = |purpose: &'static str, names: vault::Kept, scope: &str| -> Result<_, BuildError> {
            let settings = TokenSettings {
                auth_url: url("lineworks.auth_url", &config.lineworks.auth_url)?,
                scope: scope.to_owned(),
                timeout: config.lineworks.call_timeout,
                purpose,
                metrics: Arc::clone(metrics),
            };
            let vault = LedgerVault::new(Arc::clone(store), clock.clone(), names);
            Ok(Arc::new(TokenCache::new(settings, Arc::clone(&credentials), Some(Arc::new(vault)), http_client()?)))
        };
        let tokens = cache("service", vault::OWN, &directory.scope)?;
        let broker = config.broker.as_ref().map(|broker| cache("broker", vault::BROKER, &broker.scope)).transpose()?;
        Ok(Self { credentials, tokens, broker })
    }

    /// Every cache whose token is sealed.
    pub(super) fn caches(&self) -> Vec<Arc<TokenCache>> {
        std::iter::once(&self.tokens).chain(&self.broker).cloned().collect()
    }

    pub(super) fn directory(
        &self,
        config: &Config,
        store: &Arc<dyn Store>,
        clock: &Clock,
    ) -> Result<Directory, BuildError> {
        let settings = DirectorySettings {
            api_url: url("lineworks.api_url", &config.lineworks.api_url)?,
            sso: config.lineworks.sso,
            call_timeout: config.lineworks.call_timeout,
            places: settings::places(config),
        };
        let directory = Directory::new(settings, Arc::clone(&self.tokens), http_client()?, clock.clone());
        Ok(directory.sharing(Arc::clone(store)))
    }
}

/// The configured credentials; those in files are read again when the files change.
///
/// # Errors
/// Names the key that cannot be used.
pub(crate) fn credentials(access: &DirectoryAccess) -> Result<Credentials, UnusableKey> {
    Credentials::new(AppCredentials {
        client_id: access.client_id.clone(),
        service_account: access.service_account.clone(),
        client_secret: given(&access.client_secret),
        other_client_secret: access.other_client_secret.as_ref().map(given),
        private_key: given(&access.private_key),
        other_private_key: access.other_private_key.as_ref().map(given),
    })
}

/// A secret, read again when its file changes.
pub(super) fn given(live: &LiveSecret) -> Given {
    let again = live.clone();
    let read_again = live.file.is_some().then(|| Box::new(move || again.read_again()) as Reread);
    Given { secret: live.secret.clone(), read_again }
}

pub(super) fn url(key: &'static str, text: &str) -> Result<Url, BuildError> {
    Url::parse(text).map_err(|_| BuildError::Url { key })
}
