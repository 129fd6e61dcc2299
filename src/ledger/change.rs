//! Changes a value that several replicas change at once: only whoever saw it last can.

use jiff::Timestamp;

use super::{Store, StoreError};

/// How often a change is tried again that another replica was quicker than.
const TRIES: usize = 20;

/// What becomes of a value.
pub enum Next {
    /// It stays as it is.
    Same,
    /// It is this from now on; nothing takes it away.
    Is(Option<Vec<u8>>),
}

/// Changes the value of this name. `change` is given what there is, and says what becomes of it and what to answer; when
/// another replica was quicker it is asked again. The answer of the change that stands; nothing when others were quicker
/// each time.
///
/// # Errors
/// The ledger cannot be used.
pub async fn change<T>(
    store: &dyn Store,
    name: &str,
    now: Timestamp,
    change: impl Fn(Option<&[u8]>) -> (Next, T),
) -> Result<Option<T>, StoreError> {
    for _ in 0..TRIES {
        let was = store.load(name).await?;
        let (next, answer) = change(was.as_deref());
        let stands = match next {
            Next::Same => true,
            Next::Is(value) => store.replace(name, was, value, now).await?,
        };
        if stands {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}
