//! Looks every few seconds whether the files of the app's credentials changed, in one task of its own.
//!
//! A changed value is only made known here; it is used when the next token is asked for. The token at hand stays in
//! use and is sealed anew, so that a restart finds it with the new key alone.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::lineworks::credentials::Credentials;
use crate::lineworks::token::TokenCache;

/// How often the files are read; two small files cost nothing.
const PERIOD: Duration = Duration::from_secs(3);

/// Watches the files until `stopping` is cancelled. Without files there is nothing to watch.
pub async fn watch_until(
    credentials: Arc<Credentials>,
    caches: Vec<Arc<TokenCache>>,
    clock: Clock,
    stopping: CancellationToken,
) {
    while credentials.may_change() && !stopping.is_cancelled() {
        let moved = clock.moved();
        tokio::select! {
            () = stopping.cancelled() => return,
            () = moved => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
        if look_again(&credentials).await {
            for cache in &caches {
                cache.seal_anew().await;
            }
        }
    }
}

/// [`Credentials::look_again`], where blocking is allowed.
pub(crate) async fn look_again(credentials: &Arc<Credentials>) -> bool {
    let credentials = Arc::clone(credentials);
    let looked = tokio::task::spawn_blocking(move || credentials.look_again()).await;
    looked.unwrap_or_else(|error| {
        tracing::error!(%error, "the credentials' files could not be looked at");
        false
    })
}
