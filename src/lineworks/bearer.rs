//! Where the bearer tokens of an API come from: a cache that asks for new ones, or one long-lived token.
//!
//! `Api` takes a token before each call and says what became of it; what a refusal means is the source's part.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::outcome::Reason;
use crate::lineworks::ApiError;
use crate::lineworks::contact::Contact;
use crate::lineworks::token::{TokenCache, rejected};

/// A token to send, and which one of its source's it is.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(crate) secret: SecretString,
    pub(crate) generation: u64,
    pub(crate) issued_at: Timestamp,
}

/// A source of tokens for one API.
pub(crate) trait Bearers: Send + Sync + std::fmt::Debug {
    /// The token to use at `now`.
    ///
    /// # Errors
    /// There is none to be had; nothing is sent.
    fn bearer(&self, now: Timestamp) -> BoxFuture<'_, Result<Bearer, ApiError>>;

    /// A call with this token was answered 401, the first time or once more. `None`: another token is worth one try.
    fn refused<'a>(
        &'a self,
        bearer: &'a Bearer,
        once_more: bool,
        reason: Reason,
        now: Timestamp,
    ) -> BoxFuture<'a, Option<ApiError>>;

    /// A call with this token, which is older than the process, was answered 403: whether another one may do more.
    fn may_grow<'a>(&'a self, bearer: &'a Bearer) -> BoxFuture<'a, bool>;

    /// LINE WORKS took the token and did as it was told.
    fn accepted(&self, now: Timestamp);

    /// Where contacts are noted.
    fn contact(&self) -> &Contact;
}

impl Bearers for TokenCache {
    fn bearer(&self, now: Timestamp) -> BoxFuture<'_, Result<Bearer, ApiError>> {
        Box::pin(async move {
            let token = self.access_token(now).await?;
            let (secret, generation, issued_at) = (token.secret().clone(), token.generation(), token.issued_at());
            Ok(Bearer { secret, generation, issued_at })
        })
    }

    fn refused<'a>(
        &'a self,
        bearer: &'a Bearer,
        once_more: bool,
        reason: Reason,
        now: Timestamp,
    ) -> BoxFuture<'a, Option<ApiError>> {
        Box::pin(async move {
            if !once_more {
                self.drop_if_current(bearer.generation).await;
                return None;
            }
            // A second 401: somebody keeps ending our tokens.
            let error = rejected(reason.detail.unwrap_or_default());
            self.rejected_again(bearer.generation, now, error.clone()).await;
            Some(error.into())
        })
    }

    /// A scope may have been granted since; only a token from before our start can lack it.
    fn may_grow<'a>(&'a self, bearer: &'a Bearer) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.drop_if_current(bearer.generation).await;
            true
        })
    }

    fn accepted(&self, now: Timestamp) {
        self.contact().succeeded(now);
    }

    fn contact(&self) -> &Contact {
        TokenCache::contact(self)
    }
}
