//! The app's client secret and private key, and more than one of each while they are being replaced.
//!
//! Each has up to three values: the newest (what its file holds now), the other one that is configured beside it, and
//! the one before the newest. The token endpoint says only *that* it refuses, seldom which part, so every pair is a
//! candidate: the likeliest first, and the one that was accepted last before all until something changes again.
//! A file that cannot be used changes nothing but the log. Nothing here prints a secret.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use secrecy::{ExposeSecret, SecretString};

use crate::lineworks::assertion::{KeyError, Signer};
use crate::lineworks::rotating::{Kept, Print, Rotating, Which};

/// Reads a value anew from its file.
pub type Reread = Box<dyn Fn() -> Option<Result<SecretString, String>> + Send + Sync>;

/// A secret, and how it is read again if it is in a file.
pub struct Given {
    /// The secret as it was at the start.
    pub secret: SecretString,
    /// Reads it again; its error is one line that says what to do and holds no secret.
    pub read_again: Option<Reread>,
}

/// Everything an app's service account is let in with.
pub struct AppCredentials {
    /// Client ID of the app.
    pub client_id: String,
    /// The service account's id.
    pub service_account: String,
    /// Client secret of the app.
    pub client_secret: Given,
    /// Tried when it is refused.
    pub other_client_secret: Option<Given>,
    /// Private key of the service account, PEM.
    pub private_key: Given,
    /// Tried when it is refused.
    pub other_private_key: Option<Given>,
}

/// A private key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {cause}")]
pub struct UnusableKey {
    /// Where it is configured.
    pub key: &'static str,
    /// Why.
    #[source]
    pub cause: KeyError,
}

#[derive(Debug)]
struct State {
    secrets: Rotating<SecretString>,
    signers: Rotating<Arc<Signer>>,
}

/// A client secret with a signer, to ask for a token with.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) client_secret: SecretString,
    pub(crate) signer: Arc<Signer>,
    which: (Which, Which),
    prints: (Print, Print),
}

/// Where a value is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    ClientSecret,
    OtherClientSecret,
    PrivateKey,
    OtherPrivateKey,
}

impl Slot {
    fn key(self) -> &'static str {
        match self {
            Slot::ClientSecret => "lineworks.client_secret",
            Slot::OtherClientSecret => "lineworks.other_client_secret",
            Slot::PrivateKey => "lineworks.private_key",
            Slot::OtherPrivateKey => "lineworks.other_private_key",
        }
    }
}

/// A file that is looked at again and again.
struct Watched {
    slot: Slot,
    read: Reread,
    /// What it held when it was last good, and the complaint that is in the log already.
    seen: Mutex<(Print, Option<String>)>,
}

/// The credentials of one app, shared by everybody who asks for its tokens.
pub struct Credentials {
    client_id: String,
    service_account: String,
    state: Mutex<State>,
    watched: Vec<Watched>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads and tries every key.
    ///
    /// # Errors
    /// Names the key that cannot be used, and why.
    pub fn new(given: AppCredentials) -> Result<Self, UnusableKey> {
        let AppCredentials { client_id, service_account, .. } = given;
        let mut watched = Vec::new();
        let mut take = |slot: Slot, given: Given| {
            let print = print_of(&given.secret);
            watched.extend(given.read_again.map(|read| Watched { slot, read, seen: Mutex::new((print, None)) }));
            Kept { value: given.secret, print }
        };
        let client_secret = take(Slot::ClientSecret, given.client_secret);
        let other_secret = given.other_client_secret.map(|given| take(Slot::OtherClientSecret, given));
        let private_key = take(Slot::PrivateKey, given.private_key);
        let other_key = given.other_private_key.map(|given| take(Slot::OtherPrivateKey, given));
        let signer = |slot: Slot, kept: Kept<SecretString>| {
            let signer = Signer::new(&client_id, &service_account, &kept.value);
            let signer = signer.map_err(|cause| UnusableKey { key: slot.key(), cause })?;
            Ok(Kept { value: Arc::new(signer), print: kept.print })
        };
        let newest = signer(Slot::PrivateKey, private_key)?;
        let other = other_key.map(|kept| signer(Slot::OtherPrivateKey, kept)).transpose()?;
        let state =
            State { secrets: Rotating::new(client_secret, other_secret), signers: Rotating::new(newest, other) };
        Ok(Self { client_id, service_account, state: Mutex::new(state), watched })
    }

    /// One client secret and one key that never change.
    ///
    /// # Errors
    /// Says why the key cannot be used.
    pub fn fixed(
        client_id: &str,
        service_account: &str,
        client_secret: SecretString,
        private_key: SecretString,
    ) -> Result<Self, UnusableKey> {
        let given = |secret| Given { secret, read_again: None };
        Self::new(AppCredentials {
            client_id: client_id.to_owned(),
            service_account: service_account.to_owned(),
            client_secret: given(client_secret),
            other_client_secret: None,
            private_key: given(private_key),
            other_private_key: None,
        })
    }

    /// Whether any of them is in a file that may change.
    pub fn may_change(&self) -> bool {
        !self.watched.is_empty()
    }

    /// The likeliest pair that was not tried yet.
    pub(crate) fn candidate(&self, tried: &[Candidate]) -> Option<Candidate> {
        let state = self.state();
        let (secrets, signers) = (state.secrets.in_order(), state.signers.in_order());
        let mut pairs: Vec<(usize, Candidate)> = Vec::new();
        for (at, (which_secret, secret)) in secrets.iter().enumerate() {
            for (with, (which_key, signer)) in signers.iter().enumerate() {
                let candidate = Candidate {
                    client_secret: secret.value.clone(),
                    signer: Arc::clone(&signer.value),
                    which: (*which_secret, *which_key),
                    prints: (secret.print, signer.print),
                };
                pairs.push((at + with, candidate));
            }
        }
        pairs.sort_by_key(|(unlikely, _)| *unlikely);
        let fresh = |candidate: &Candidate| tried.iter().all(|tried| tried.prints != candidate.prints);
        pairs.into_iter().map(|(_, candidate)| candidate).find(fresh)
    }

    /// LINE WORKS accepted this pair: it is the first one from now on.
    pub(crate) fn accepted(&self, candidate: &Candidate, was_first: bool) {
        let mut state = self.state();
        state.secrets.accepted(candidate.prints.0);
        state.signers.accepted(candidate.prints.1);
        drop(state);
        if !was_first {
            let (client_secret, private_key) = candidate.which;
            tracing::info!(
                client_secret = client_secret.as_str(),
                private_key = private_key.as_str(),
                "LINE WORKS refused the first credentials and accepts these: they go first from now on"
            );
        }
    }

    /// Every key, the newest first: what was sealed with one of them opens.
    pub(crate) fn signers(&self) -> Vec<Arc<Signer>> {
        let state = self.state();
        let (newest, other, former) = (&state.signers.newest, &state.signers.other, &state.signers.former);
        let all = std::iter::once(newest).chain(other).chain(former);
        all.map(|kept| Arc::clone(&kept.value)).collect()
    }

    /// Stands for what is configured at the moment, and tells nothing of it.
    pub(crate) fn print(&self) -> Print {
        let state = self.state();
        let secrets = std::iter::once(&state.secrets.newest).chain(&state.secrets.other).map(|kept| kept.print);
        let keys = std::iter::once(&state.signers.newest).chain(&state.signers.other).map(|kept| kept.print);
        let all: Vec<u8> = secrets.chain(keys).flatten().collect();
        digest_of(&all)
    }

    /// Looks at every file and takes over what changed; says whether anything did. Blocks while it reads.
    pub fn look_again(&self) -> bool {
        let taken = self.watched.iter().filter(|watched| self.look_at(watched));
        taken.count() > 0
    }

    fn look_at(&self, watched: &Watched) -> bool {
        let mut seen = watched.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let read = match (watched.read)() {
            None => return false,
            Some(Ok(secret)) if print_of(&secret) == seen.0 => {
                if seen.1.take().is_some() {
                    tracing::info!(key = watched.slot.key(), "the file is as it was before; nothing is to be done");
                }
                return false;
            }
            Some(read) => read,
        };
        let key = watched.slot.key();
        match read.and_then(|secret| self.take_over(watched.slot, &secret).map(|()| print_of(&secret))) {
            Ok(print) => {
                *seen = (print, None);
                tracing::info!(key, "a changed file was taken over; no restart is needed");
                true
            }
            Err(complaint) => {
                if seen.1.as_ref() != Some(&complaint) {
                    tracing::warn!(
                        key,
                        complaint,
                        "a changed file cannot be used: what it held before stays in use until it is put right; no restart is needed"
                    );
                    seen.1 = Some(complaint);
                }
                false
            }
        }
    }

    fn take_over(&self, slot: Slot, secret: &SecretString) -> Result<(), String> {
        let print = print_of(secret);
        match slot {
            Slot::ClientSecret => self.state().secrets.replace_newest(Kept { value: secret.clone(), print }),
            Slot::OtherClientSecret => self.state().secrets.replace_other(Kept { value: secret.clone(), print }),
            Slot::PrivateKey | Slot::OtherPrivateKey => {
                let signer = Signer::new(&self.client_id, &self.service_account, secret);
                let kept = Kept { value: Arc::new(signer.map_err(|error| error.to_string())?), print };
                let mut state = self.state();
                match slot {
                    Slot::OtherPrivateKey => state.signers.replace_other(kept),
                    _ => state.signers.replace_newest(kept),
                }
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn print_of(secret: &SecretString) -> Print {
    digest_of(secret.expose_secret().as_bytes())
}

fn digest_of(bytes: &[u8]) -> Print {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
