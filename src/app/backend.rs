//! Which LINE WORKS API stands behind the service: the Directory API, SCIM, or both at once.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::BuildError;
use super::lineworks::{Access, url};
use crate::clock::Clock;
use crate::config::{Backend as Chosen, Config, LiveSecret};
use crate::handover::Handover;
use crate::ledger::Store;
use crate::ledger::pauses::Pauses;
use crate::lineworks::both::Both;
use crate::lineworks::rotation;
use crate::lineworks::scim::{Keeper, ReadToken, Scim, ScimSettings, ScimToken};
use crate::lineworks::status::{LineWorksStatus, together};
use crate::lineworks::token::TokenCache;
use crate::lineworks::{MemberApi, http_client};
use crate::metrics::Metrics;

/// The members, and all that looks after the way to them.
pub(super) struct Backend {
    pub(super) members: Arc<dyn MemberApi>,
    /// Keeps the SCIM token alive; none without SCIM.
    pub(super) keeper: Option<Keeper>,
    access: Option<Access>,
    scim_token: Option<Arc<ScimToken>>,
}

/// What tells of LINE WORKS, apart from what is paused.
pub(super) struct Contacts {
    tokens: Option<Arc<TokenCache>>,
    scim_token: Option<Arc<ScimToken>>,
    clock: Clock,
}

impl Backend {
    /// The backend of this configuration.
    pub(super) fn build(
        config: &Config,
        store: &Arc<dyn Store>,
        pauses: &Arc<Pauses>,
        clock: &Clock,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BuildError> {
        let access = config.lineworks.directory.as_ref();
        let access = access.map(|access| Access::new(config, access, store, clock, metrics)).transpose()?;
        let directory = access.as_ref().map(|access| access.directory(config, store, clock)).transpose()?;
        let scim = match (config.lineworks.backend, &config.lineworks.scim_token) {
            (Chosen::Scim, Some(token)) => Some(scim(config, token, Arc::clone(pauses), clock)?),
            _ => None,
        };
        let Some((scim, keeper, scim_token)) = scim else {
            let directory = directory.expect("the configuration has one backend at least");
            return Ok(Self { members: Arc::new(directory), keeper: None, access, scim_token: None });
        };
        let members: Arc<dyn MemberApi> = match directory {
            Some(directory) => Arc::new(Both::new(scim, directory)),
            None => Arc::new(scim),
        };
        Ok(Self { members, keeper: Some(keeper), access, scim_token: Some(scim_token) })
    }

    /// What tells how things stand.
    pub(super) fn contacts(&self, clock: &Clock) -> Contacts {
        let tokens = self.access.as_ref().map(|access| Arc::clone(&access.tokens));
        Contacts { tokens, scim_token: self.scim_token.clone(), clock: clock.clone() }
    }

    /// Where first passwords are handed over, if callers may have them.
    pub(super) fn handover(&self, config: &Config, store: &Arc<dyn Store>, clock: &Clock) -> Option<Arc<Handover>> {
        let handover = match &self.access {
            Some(access) => Handover::over(store, clock, Arc::clone(&access.credentials)),
            None => Handover::default(),
        };
        config.lineworks.return_password.then(|| Arc::new(handover))
    }

    /// The token for others; none: that door is closed.
    pub(super) fn broker(&self) -> Option<Arc<TokenCache>> {
        self.access.as_ref().and_then(|access| access.broker.clone())
    }

    /// Takes changed credentials over, until `stopping` is cancelled.
    pub(super) fn rotation(&self, clock: Clock, stopping: CancellationToken) -> BoxFuture<'static, ()> {
        match &self.access {
            Some(access) => {
                let (credentials, caches) = (Arc::clone(&access.credentials), access.caches());
                Box::pin(rotation::watch_until(credentials, caches, clock, stopping))
            }
            None => Box::pin(std::future::ready(())),
        }
    }
}

impl Contacts {
    /// How things stand, but for what the workers have paused.
    pub(super) fn status(&self) -> LineWorksStatus {
        let directory = self.tokens.as_ref().map(|tokens| tokens.status()).unwrap_or_default();
        let Some(token) = &self.scim_token else {
            return LineWorksStatus { contact: directory, ..LineWorksStatus::default() };
        };
        LineWorksStatus {
            contact: together(token.contact_status(), directory),
            paused: token.paused().into_iter().collect(),
            scim_token: Some(token.status(self.clock.now())),
        }
    }
}

/// SCIM with its token and the token's keeper; `check` asks the keeper too.
pub(crate) fn scim(
    config: &Config,
    token: &LiveSecret,
    pauses: Arc<Pauses>,
    clock: &Clock,
) -> Result<(Scim, Keeper, Arc<ScimToken>), BuildError> {
    let settings = ScimSettings {
        api_url: url("lineworks.api_url", &config.lineworks.api_url)?,
        call_timeout: config.lineworks.call_timeout,
    };
    let token = Arc::new(ScimToken::new(token.secret.clone(), file_of(token)).sharing(pauses));
    let keeper = Keeper::new(settings.clone(), Arc::clone(&token), http_client()?, clock.clone());
    let scim = Scim::new(settings, Arc::clone(&token), http_client()?, clock.clone());
    Ok((scim, keeper, token))
}

/// What reads the token anew, if it is in a file.
fn file_of(token: &LiveSecret) -> Option<Arc<ReadToken>> {
    let token = token.clone();
    token.file.is_some().then(|| -> Arc<ReadToken> {
        Arc::new(move || token.read_again().unwrap_or_else(|| Err("it is in no file".to_owned())))
    })
}
