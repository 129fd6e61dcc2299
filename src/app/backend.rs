//! Which LINE WORKS API stands behind the service: the Directory API, SCIM, or both at once.

use std::sync::Arc;

use reqwest::Url;

use super::BuildError;
use crate::clock::Clock;
use crate::config::{Backend as Chosen, Config, DirectoryAccess, LiveSecret};
use crate::ledger::Store;
use crate::ledger::vault::LedgerVault;
use crate::lineworks::assertion::Signer;
use crate::lineworks::both::Both;
use crate::lineworks::directory::{Directory, DirectorySettings};
use crate::lineworks::scim::{Keeper, ReadToken, Scim, ScimSettings, ScimToken};
use crate::lineworks::status::{LineWorksStatus, together};
use crate::lineworks::token::{TokenCache, TokenSettings};
use crate::lineworks::{MemberApi, http_client};

/// The members, and all that looks after the way to them.
pub(super) struct Backend {
    pub(super) members: Arc<dyn MemberApi>,
    /// Keeps the SCIM token alive; none without SCIM.
    pub(super) keeper: Option<Keeper>,
    tokens: Option<Arc<TokenCache>>,
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
    pub(super) fn build(config: &Config, store: &Arc<dyn Store>, clock: &Clock) -> Result<Self, BuildError> {
        let directory = match &config.lineworks.directory {
            Some(access) => Some(directory(config, access, store, clock)?),
            None => None,
        };
        let (directory, tokens) = directory.unzip();
        let scim = match (config.lineworks.backend, &config.lineworks.scim_token) {
            (Chosen::Scim, Some(token)) => Some(scim(config, token, clock)?),
            _ => None,
        };
        let Some((scim, keeper, scim_token)) = scim else {
            let directory = directory.expect("the configuration has one backend at least");
            return Ok(Self { members: Arc::new(directory), keeper: None, tokens, scim_token: None });
        };
        let members: Arc<dyn MemberApi> = match directory {
            Some(directory) => Arc::new(Both::new(scim, directory)),
            None => Arc::new(scim),
        };
        Ok(Self { members, keeper: Some(keeper), tokens, scim_token: Some(scim_token) })
    }

    /// What tells how things stand.
    pub(super) fn contacts(&self, clock: &Clock) -> Contacts {
        Contacts { tokens: self.tokens.clone(), scim_token: self.scim_token.clone(), clock: clock.clone() }
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

fn directory(
    config: &Config,
    access: &DirectoryAccess,
    store: &Arc<dyn Store>,
    clock: &Clock,
) -> Result<(Directory, Arc<TokenCache>), BuildError> {
    let lineworks = &config.lineworks;
    let signer = Signer::new(&access.client_id, &access.service_account, &access.private_key.secret)?;
    let settings = TokenSettings {
        auth_url: url("lineworks.auth_url", &lineworks.auth_url)?,
        client_secret: access.client_secret.secret.clone(),
        scope: access.scope.clone(),
        timeout: lineworks.call_timeout,
    };
    let vault = LedgerVault::new(Arc::clone(store), clock.clone());
    let tokens = Arc::new(TokenCache::new(settings, signer, Some(Arc::new(vault)), http_client()?));
    let settings = DirectorySettings {
        api_url: url("lineworks.api_url", &lineworks.api_url)?,
        sso: lineworks.sso,
        call_timeout: lineworks.call_timeout,
    };
    let directory = Directory::new(settings, Arc::clone(&tokens), http_client()?, clock.clone());
    Ok((directory, tokens))
}

/// SCIM with its token and the token's keeper; `check` asks the keeper too.
pub(crate) fn scim(
    config: &Config,
    token: &LiveSecret,
    clock: &Clock,
) -> Result<(Scim, Keeper, Arc<ScimToken>), BuildError> {
    let settings = ScimSettings {
        api_url: url("lineworks.api_url", &config.lineworks.api_url)?,
        call_timeout: config.lineworks.call_timeout,
    };
    let token = Arc::new(ScimToken::new(token.secret.clone(), file_of(token)));
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

fn url(key: &'static str, text: &str) -> Result<Url, BuildError> {
    Url::parse(text).map_err(|_| BuildError::Url { key })
}
