//! What Okta says that is about nobody in particular: the app went away or came back, a group got or lost it.
//!
//! Two things of it are remembered beside the history, each as a value there is one of: whether the app is gone, and
//! when somebody last had a reason to compare Okta's list of the app's users with the ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::domain::event::Source;
use crate::domain::ids::EventKey;

/// The name of the mark that the app is gone.
pub const APP_GONE: &str = "okta_app_gone";
/// The name of the moment a comparison was last wanted.
pub const SWEEP_WANTED: &str = "sweep_wanted";

/// An event about nobody in particular. Its receipt says `New` when it changed what is known of the app or was the
/// first to tell of something, `Duplicate` when it came before, and `Superseded` when the mark stays as it is.
#[derive(Debug, Clone)]
pub struct OrgEvent {
    /// Its key.
    pub key: Option<EventKey>,
    /// Okta's event type.
    pub kind: String,
    /// What is to be remembered of it.
    pub mark: OrgMark,
    /// What else there is to say.
    pub note: &'static str,
    /// The door.
    pub source: Source,
    /// The name of the secret the caller showed.
    pub caller: String,
    /// When it occurred.
    pub occurred: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
}

/// What is to be remembered of an event about nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgMark {
    /// Nothing: it is kept as history.
    Nothing,
    /// Okta's list of the app's users is worth a comparison.
    SweepWanted,
    /// The app was deactivated or deleted: nobody is suspended or deleted because of that.
    AppGone,
    /// The app is there again: whoever was held for it is due.
    AppBack,
}

/// Whether the app is gone, by the newest word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppMark {
    /// Whether it is.
    pub gone: bool,
    /// Since when, in Unix milliseconds.
    pub since_ms: i64,
    /// When the newest word occurred, in Unix milliseconds.
    pub newest_ms: i64,
}

impl AppMark {
    /// The mark after a word of this moment; at equal times "gone" stands, which harms nobody.
    #[must_use]
    pub fn after(known: Option<AppMark>, gone: bool, at: Timestamp) -> AppMark {
        let at_ms = at.as_millisecond();
        match known {
            Some(mark) if at_ms < mark.newest_ms || (at_ms == mark.newest_ms && mark.gone) => mark,
            Some(mark) if mark.gone == gone => AppMark { newest_ms: at_ms, ..mark },
            Some(_) | None => AppMark { gone, since_ms: at_ms, newest_ms: at_ms },
        }
    }

    /// A mark as it is stored.
    ///
    /// # Errors
    /// It is none.
    pub fn read(stored: &[u8]) -> Result<AppMark, StoreError> {
        serde_json::from_slice(stored).map_err(|_| StoreError::BadRow {
            table: "singletons",
            column: "value",
            key: APP_GONE.to_owned(),
        })
    }

    /// Since when the app is gone, if it is.
    pub fn gone_since(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.since_ms).ok().filter(|_| self.gone)
    }
}

/// Since when the app is gone, if an event said so and no newer one took it back.
///
/// # Errors
/// The ledger cannot be read.
pub async fn app_gone_since(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    match store.load(APP_GONE).await? {
        None => Ok(None),
        Some(stored) => Ok(AppMark::read(&stored)?.gone_since()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_word_about_the_app_stands_in_any_order() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let words = [(true, at(10)), (true, at(11)), (false, at(20)), (true, at(20)), (false, at(5))];
        for shift in 0..words.len() {
            let mut mark = None;
            for n in 0..words.len() {
                let (gone, at) = words[(n + shift) % words.len()];
                mark = Some(AppMark::after(mark, gone, at));
            }
            let mark = mark.expect("words were said");
            assert!(mark.gone && mark.newest_ms == 20_000, "{mark:?}");
        }
        let back = AppMark::after(Some(AppMark::after(None, true, at(10))), false, at(12));
        assert_eq!(back.gone_since(), None);
        assert_eq!(AppMark::after(Some(back), true, at(11)), back, "an older word changes nothing");
        assert_eq!(AppMark::after(Some(AppMark::after(None, true, at(10))), true, at(12)).gone_since(), Some(at(10)));
    }
}
