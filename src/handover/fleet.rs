//! The boxes of all replicas, in the ledger they share: a card waits at one of them, another one makes the member.
//!
//! A box is a value in the ledger, made when somebody begins to wait and taken away with the last who does; one whose process
//! died is cleared away by the ledger itself. A password in it is sealed with a key derived from the private key, bound to
//! its person: what lies on disk cannot be read. Every change is one that only whoever saw the box last can make. A ledger
//! that fails costs the password, never the member.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::domain::ids::OktaUserId;
use crate::ledger::Store;
use crate::ledger::change::{Next, change as change_value};
use crate::lineworks::credentials::Credentials;

/// How the ledger's names of boxes begin.
const NAME: &str = "first_password:";
/// How much longer than its caller waits a box is looked at.
const SPARE: SignedDuration = SignedDuration::from_secs(5);

/// One person's box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Slot {
    waiting: u32,
    until_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    #[serde(default)]
    is_confirmed: bool,
}

/// The boxes in the ledger.
#[derive(Clone)]
pub(super) struct Boxes {
    store: Arc<dyn Store>,
    clock: Clock,
    credentials: Arc<Credentials>,
}

impl std::fmt::Debug for Boxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Boxes").finish_non_exhaustive()
    }
}

impl Boxes {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock, credentials: Arc<Credentials>) -> Self {
        Self { store, clock, credentials }
    }

    pub(super) async fn open(&self, person: &OktaUserId, wait: Duration) {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let until = self.clock.now().saturating_add(wait).and_then(|until| until.saturating_add(SPARE));
        let until_ms = until.unwrap_or(Timestamp::MAX).as_millisecond();
        let open = |slot: Option<Slot>| match slot {
            Some(slot) => Some(Slot { waiting: slot.waiting + 1, until_ms: until_ms.max(slot.until_ms), ..slot }),
            None => Some(Slot { waiting: 1, until_ms, sealed: None, is_confirmed: false }),
        };
        self.change(person, open).await;
    }

    pub(super) async fn close(&self, person: &OktaUserId) {
        let close = |slot: Option<Slot>| {
            slot.filter(|slot| slot.waiting > 1).map(|slot| Slot { waiting: slot.waiting - 1, ..slot })
        };
        self.change(person, close).await;
    }

    pub(super) async fn pending(&self, person: &OktaUserId) -> Option<SecretString> {
        let slot = read(self.store.load(&name(person)).await.ok()?.as_deref())?;
        self.unsealed(person, slot.sealed.as_deref()?)
    }

    /// Where nobody waits (any more) it is gone at once.
    pub(super) async fn put(&self, person: &OktaUserId, password: &SecretString) {
        let sealed = self.sealed(person, password);
        self.change(person, |slot| slot.map(|slot| Slot { sealed: sealed.clone(), is_confirmed: false, ..slot })).await;
    }

    pub(super) async fn confirm(&self, person: &OktaUserId) {
        let confirm = |slot: Slot| Slot { is_confirmed: slot.sealed.is_some(), ..slot };
        self.change(person, |slot| slot.map(confirm)).await;
    }

    pub(super) async fn discard(&self, person: &OktaUserId) {
        let discard = |slot: Slot| Slot { sealed: None, is_confirmed: false, ..slot };
        self.change(person, |slot| slot.map(discard)).await;
    }

    /// The password of a member that was seen; only one who waits gets it.
    pub(super) async fn take(&self, person: &OktaUserId) -> Option<SecretString> {
        let take =
            |slot: Slot| if slot.is_confirmed { Slot { sealed: None, is_confirmed: false, ..slot } } else { slot };
        let before = self.change(person, |slot| slot.map(take)).await?;
        self.unsealed(person, before.sealed.filter(|_| before.is_confirmed)?.as_str())
    }

    /// Changes the box; returns it as it was before.
    async fn change(&self, person: &OktaUserId, change: impl Fn(Option<Slot>) -> Option<Slot>) -> Option<Slot> {
        let now = self.clock.now();
        let changed = |was: Option<&[u8]>| {
            // A box whose process died is none.
            let before = read(was).filter(|slot| now.as_millisecond() < slot.until_ms);
            let after = change(before.clone());
            let value = || after.as_ref().map(|slot| serde_json::to_vec(slot).expect("numbers and texts are JSON"));
            (if after == before { Next::Same } else { Next::Is(value()) }, before)
        };
        match change_value(&*self.store, &name(person), now, changed).await {
            Ok(before) => before.flatten(),
            Err(error) => {
                tracing::warn!(%error, okta_user_id = %person, "a first password cannot be handed over");
                None
            }
        }
    }

    fn sealed(&self, person: &OktaUserId, password: &SecretString) -> Option<String> {
        let newest = self.credentials.signers().into_iter().next()?;
        let sealed = newest.sealer().seal(name(person).as_bytes(), password.expose_secret().as_bytes())?;
        Some(STANDARD.encode(sealed))
    }

    fn unsealed(&self, person: &OktaUserId, sealed: &str) -> Option<SecretString> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let signers = self.credentials.signers();
        let text: Zeroizing<Vec<u8>> =
            signers.iter().find_map(|signer| signer.sealer().open(name(person).as_bytes(), &sealed))?;
        Some(std::str::from_utf8(&text).ok()?.into())
    }
}

fn name(person: &OktaUserId) -> String {
    format!("{NAME}{person}")
}

fn read(value: Option<&[u8]>) -> Option<Slot> {
    value.and_then(|value| serde_json::from_slice(value).ok())
}
