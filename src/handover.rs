//! Hands a generated first password to the card's call that waits for the new member: in memory, once, and only then.
//!
//! A box exists for a person while somebody waits for that person; whatever is put where no box is, is gone at once. A
//! password can be taken out only when the member that has it was seen. Nothing here is ever written or logged, and what
//! is left when the last caller goes is overwritten in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use crate::domain::ids::OktaUserId;

/// The boxes of this process.
#[derive(Debug, Default)]
pub struct Handover(Mutex<HashMap<OktaUserId, Slot>>);

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
    /// Opens a box, until what is returned is dropped. To be called before the wish is stored.
    pub fn wait(self: &Arc<Self>, person: &OktaUserId) -> Waiting {
        self.with(|boxes| boxes.entry(person.clone()).or_default().waiting += 1);
        Waiting { handover: Arc::clone(self), person: person.clone() }
    }

    /// The password that was put into the person's box by a create whose outcome is not known. A second try uses it
    /// again, so that it is right whichever of the two had its effect.
    pub fn pending(&self, person: &OktaUserId) -> Option<SecretString> {
        self.with(|boxes| boxes.get(person).and_then(|it| it.password.clone()))
    }

    /// Puts the password of a create into the person's box, if there is one, before the call.
    pub fn put(&self, person: &OktaUserId, password: &SecretString) {
        self.with(|boxes| {
            if let Some(it) = boxes.get_mut(person) {
                (it.password, it.is_confirmed) = (Some(password.clone()), false);
            }
        });
    }

    /// The member exists, made by the create whose password is in the box.
    pub fn confirm(&self, person: &OktaUserId) {
        self.with(|boxes| {
            if let Some(it) = boxes.get_mut(person) {
                it.is_confirmed = it.password.is_some();
            }
        });
    }

    /// The password in the box, if any, is not the member's.
    pub fn discard(&self, person: &OktaUserId) {
        self.with(|boxes| {
            if let Some(it) = boxes.get_mut(person) {
                (it.password, it.is_confirmed) = (None, false);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<OktaUserId, Slot>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Waiting {
    /// Takes the password of a member that was seen; it is given once.
    pub fn take(&self) -> Option<SecretString> {
        self.handover.with(|boxes| {
            let it = boxes.get_mut(&self.person).filter(|it| it.is_confirmed)?;
            it.is_confirmed = false;
            it.password.take()
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
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

    fn person() -> OktaUserId {
        "00uTARO".parse().expect("an id")
    }

    fn password() -> SecretString {
        SecretString::from("s3cret")
    }

    #[test]
    fn a_password_is_given_once_and_only_when_the_member_was_seen() {
        let handover = Arc::new(Handover::default());
        let (first, second) = (handover.wait(&person()), handover.wait(&person()));
        handover.put(&person(), &password());
        assert!(first.take().is_none(), "the create's outcome is not known");
        handover.confirm(&person());
        assert_eq!(first.take().expect("confirmed").expose_secret(), "s3cret");
        assert!(second.take().is_none() && first.take().is_none());
    }

    #[test]
    fn nothing_is_kept_where_nobody_waits() {
        let handover = Arc::new(Handover::default());
        handover.put(&person(), &password());
        assert!(handover.pending(&person()).is_none());
        let waiting = handover.wait(&person());
        handover.put(&person(), &password());
        assert!(handover.pending(&person()).is_some());
        drop(waiting);
        handover.confirm(&person());
        assert!(handover.wait(&person()).take().is_none(), "it went with the caller");
        assert!(handover.0.lock().expect("unpoisoned").is_empty());
    }

    #[test]
    fn what_is_not_the_members_is_not_given() {
        let handover = Arc::new(Handover::default());
        let waiting = handover.wait(&person());
        handover.put(&person(), &password());
        handover.discard(&person());
        handover.confirm(&person());
        assert!(waiting.take().is_none());
    }
}
