//! A row of SQLite, as `rows` reads it.

use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};

use super::super::rows::{Columns, NotThis};

fn read<T: FromSql>(row: &Row<'_>, column: &str) -> Result<Option<T>, NotThis> {
    match row.get_ref(column).map_err(|_| NotThis)? {
        ValueRef::Null => Ok(None),
        value => T::column_result(value).map(Some).map_err(|_| NotThis),
    }
}

impl Columns for Row<'_> {
    fn text(&self, column: &str) -> Result<Option<String>, NotThis> {
        read(self, column)
    }

    fn integer(&self, column: &str) -> Result<Option<i64>, NotThis> {
        read(self, column)
    }

    fn flag(&self, column: &str) -> Result<Option<bool>, NotThis> {
        read(self, column)
    }
}
