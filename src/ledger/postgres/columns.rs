//! A row of PostgreSQL, as `rows` reads it; and what a text column cannot hold.

use std::borrow::Cow;

use tokio_postgres::Row;

use super::super::rows::{Columns, NotThis};

impl Columns for Row {
    fn text(&self, column: &str) -> Result<Option<String>, NotThis> {
        self.try_get(column).map_err(|_| NotThis)
    }

    fn integer(&self, column: &str) -> Result<Option<i64>, NotThis> {
        self.try_get(column).map_err(|_| NotThis)
    }

    fn flag(&self, column: &str) -> Result<Option<bool>, NotThis> {
        self.try_get(column).map_err(|_| NotThis)
    }
}

/// A text without the one character PostgreSQL cannot store.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
