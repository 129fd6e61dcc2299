//! A secret that is read again from its file when it is refused, and what is made of it.
//!
//! Only a refusal makes another one necessary, so nothing watches the file. A file that cannot be used changes nothing
//! but the log. Nothing here prints a secret.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::lineworks::credentials::{Given, Reread};

/// What is made of a secret's text; the error says what is wrong with it and never holds any of it.
pub(super) type Parse<T> = Box<dyn Fn(&SecretString) -> Result<T, String> + Send + Sync>;

/// A secret, as it was last good.
pub(super) struct Live<T>(Arc<Inner<T>>);

struct Inner<T> {
    /// Where it is configured.
    key: &'static str,
    parse: Parse<T>,
    read_again: Option<Reread>,
    current: Mutex<Current<T>>,
    /// One reading at a time.
    reading: Mutex<()>,
}

struct Current<T> {
    text: SecretString,
    value: T,
    generation: u64,
}

impl<T: Clone + Send + 'static> Live<T> {
    /// # Errors
    /// What [`Parse`] says.
    pub(super) fn new(key: &'static str, given: Given, parse: Parse<T>) -> Result<Self, String> {
        let value = parse(&given.secret)?;
        let current = Mutex::new(Current { text: given.secret, value, generation: 0 });
        Ok(Self(Arc::new(Inner { key, parse, read_again: given.read_again, current, reading: Mutex::default() })))
    }

    /// What is made of it, and which one it is.
    pub(super) fn current(&self) -> (T, u64) {
        let current = self.0.current();
        (current.value.clone(), current.generation)
    }

    /// This one was refused: whether there is another one by now. Reads the file, if it is in one.
    pub(super) async fn changed_since(&self, generation: u64) -> bool {
        let inner = Arc::clone(&self.0);
        let looked = tokio::task::spawn_blocking(move || inner.changed_since(generation)).await;
        looked.unwrap_or_else(|error| {
            tracing::error!(%error, "a file with a secret could not be looked at");
            false
        })
    }
}

impl<T> Inner<T> {
    fn current(&self) -> MutexGuard<'_, Current<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed_since(&self, generation: u64) -> bool {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.current().generation != generation {
            return true;
        }
        let Some(read) = self.read_again.as_ref().and_then(|read_again| read_again()) else { return false };
        let key = self.key;
        let fresh = read.and_then(|text| {
            let is_same = text.expose_secret() == self.current().text.expose_secret();
            if is_same { Ok(None) } else { (self.parse)(&text).map(|value| Some((text, value))) }
        });
        match fresh {
            Ok(None) => false,
            Ok(Some((text, value))) => {
                *self.current() = Current { text, value, generation: generation + 1 };
                tracing::info!(key, "Okta refused what this key held; its file has changed and was taken over");
                true
            }
            Err(complaint) => {
                tracing::warn!(
                    key,
                    complaint,
                    "the file has changed but cannot be used; no restart is needed once it can"
                );
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn live(texts: &'static [&'static str]) -> Live<usize> {
        let at = AtomicUsize::new(0);
        let next = move || {
            let text = texts[at.fetch_add(1, Ordering::Relaxed).min(texts.len() - 1)];
            Some(Ok(SecretString::from(text)))
        };
        let given = Given { secret: "first".into(), read_again: Some(Box::new(next)) };
        let parse = |text: &SecretString| match text.expose_secret() {
            "" => Err("is empty".to_owned()),
            text => Ok(text.len()),
        };
        Live::new("okta.api_token", given, Box::new(parse)).expect("good")
    }

    #[tokio::test]
    async fn a_refused_one_is_read_again_and_one_that_cannot_be_used_changes_nothing() {
        let live = live(&["first", "", "another", "another"]);
        assert!(!live.changed_since(0).await, "still the same");
        assert!(!live.changed_since(0).await, "cannot be used");
        assert_eq!(live.current(), (5, 0));
        assert!(live.changed_since(0).await);
        assert_eq!(live.current(), (7, 1));
        assert!(live.changed_since(0).await, "somebody else saw to it already");
        assert!(!live.changed_since(1).await, "the new one was refused too");
    }
}
