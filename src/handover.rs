//! Hands a generated first password to the card's call that waits for the new member: once, and only then.
//!
//! A box exists for a person while somebody waits for that person; whatever is put where no box is, is gone at once. A
//! password can be taken out only when the member that has it was seen. A process that is alone with its ledger has the boxes
//! in memory: nothing is ever written, and what is left when the last caller goes is overwritten. Replicas have them in the
//! ledger they share, sealed (`fleet`). Nothing here is ever logged.

mod fleet;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Clock;
use crate::domain::ids::OktaUserId;
use crate::ledger::Store;
use crate::lineworks::credentials::Credentials;
use fleet::Boxes;

/// The boxes, of this process or of all replicas.
#[derive(Debug, Default)]
pub struct Handover {
    own: Mutex<HashMap<OktaUserId, Slot>>,
    fleet: Option<Boxes>,
}

/// What is kept for one person.
#[derive(Debug, Default)]
struct Slot {
    waiting: usize,
    password: Option<SecretString>,
    is_confirmed: bool,
}

/// Keeps a person's box open.
#[derive(Debug)]
pub struct Waiting {
    handover: Arc<Handover>,
    person: OktaUserId,
}

impl Handover {
    /// The boxes of all replicas on this ledger, sealed with these credentials; in memory if nobody else uses it.
    pub fn over(store: &Arc<dyn Store>, clock: &Clock, credentials: Arc<Credentials>) -> Self {
        let fleet = store.is_shared().then(|| Boxes::new(Arc::clone(store), clock.clone(), credentials));
        Self { own: Mutex::default(), fleet }
    }

    /// Opens a box for a caller who waits so long, until what is returned is dropped. To be called before the wish is stored.
    pub async fn wait(self: &Arc<Self>, person: &OktaUserId, wait: Duration) -> Waiting {
        let waiting = Waiting { handover: Arc::clone(self), person: person.clone() };
        match &self.fleet {
            Some(boxes) => boxes.open(person, wait).await,
            None => self.with(|boxes| boxes.entry(person.clone()).or_default().waiting += 1),
        }
        waiting
    }

    /// The password that was put into the person's box by a create whose outcome is not known. A second try uses it
    /// again, so that it is right whichever of the two had its effect.
    pub async fn pending(&self, person: &OktaUserId) -> Option<SecretString> {
        match &self.fleet {
            Some(boxes) => boxes.pending(person).await,
            None => self.with(|boxes| boxes.get(person).and_then(|it| it.password.clone())),
        }
    }

    /// Puts the password of a create into the person's box, if there is one, before the call.
    pub async fn put(&self, person: &OktaUserId, password: &SecretString) {
        match &self.fleet {
            Some(boxes) => boxes.put(person, password).await,
            None => self.change(person, |it| (it.password, it.is_confirmed) = (Some(password.clone()), false)),
        }
    }

    /// The member exists, made by the create whose password is in the box.
    pub async fn confirm(&self, person: &OktaUserId) {
        match &self.fleet {
            Some(boxes) => boxes.confirm(person).await,
            None => self.change(person, |it| it.is_confirmed = it.password.is_some()),
        }
    }

    /// The password in the box, if any, is not the member's.
    pub async fn discard(&self, person: &OktaUserId) {
        match &self.fleet {
            Some(boxes) => boxes.discard(person).await,
            None => self.change(person, |it| (it.password, it.is_confirmed) = (None, false)),
        }
    }

    fn change(&self, person: &OktaUserId, work: impl FnOnce(&mut Slot)) {
        self.with(|boxes| boxes.get_mut(person).map(work));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<OktaUserId, Slot>) -> T) -> T {
        work(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Waiting {
    /// Takes the password of a member that was seen; it is given once.
    pub async fn take(&self) -> Option<SecretString> {
        if let Some(boxes) = &self.handover.fleet {
            return boxes.take(&self.person).await;
        }
        self.handover.with(|boxes| {
            let it = boxes.get_mut(&self.person).filter(|it| it.is_confirmed)?;
            it.is_confirmed = false;
            it.password.take()
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(boxes) = &self.handover.fleet {
            let (boxes, person) = (boxes.clone(), self.person.clone());
            // Without a runtime the process ends, and the box with its time.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { boxes.close(&person).await });
            }
            return;
        }
        self.handover.with(|boxes| {
            if let Some(it) = boxes.get_mut(&self.person) {
                it.waiting -= 1;
                if it.waiting == 0 {
                    boxes.remove(&self.person);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    fn person() -> OktaUserId {
        "00uTARO".parse().expect("an id")
    }

    fn password() -> SecretString {
        SecretString::from("s3cret")
    }

    #[tokio::test]
    async fn a_password_is_given_once_and_only_when_the_member_was_seen() {
        let handover = Arc::new(Handover::default());
        let (first, second) = (handover.wait(&person(), WAIT).await, handover.wait(&person(), WAIT).await);
        handover.put(&person(), &password()).await;
        assert!(first.take().await.is_none(), "the create's outcome is not known");
        handover.confirm(&person()).await;
        assert_eq!(first.take().await.expect("confirmed").expose_secret(), "s3cret");
        assert!(second.take().await.is_none() && first.take().await.is_none());
    }

    #[tokio::test]
    async fn nothing_is_kept_where_nobody_waits() {
        let handover = Arc::new(Handover::default());
        handover.put(&person(), &password()).await;
        assert!(handover.pending(&person()).await.is_none());
        let waiting = handover.wait(&person(), WAIT).await;
        handover.put(&person(), &password()).await;
        assert!(handover.pending(&person()).await.is_some());
        drop(waiting);
        handover.confirm(&person()).await;
        assert!(handover.wait(&person(), WAIT).await.take().await.is_none(), "it went with the caller");
        assert!(handover.own.lock().expect("unpoisoned").is_empty());
    }

    #[tokio::test]
    async fn what_is_not_the_members_is_not_given() {
        let handover = Arc::new(Handover::default());
        let waiting = handover.wait(&person(), WAIT).await;
        handover.put(&person(), &password()).await;
        handover.discard(&person()).await;
        handover.confirm(&person()).await;
        assert!(waiting.take().await.is_none());
    }
}
