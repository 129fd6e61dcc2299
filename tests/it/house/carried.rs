//! The list of tables and columns a copy carries is held against what both databases really have.

use std::collections::BTreeMap;

use okta_lineworks::ledger::copy::tables::{Kind, TABLES, Table};
use rusqlite::Connection;

use crate::support::process::Site;

/// Columns in their order, each with the type a database of this kind gives it, the key's marked.
fn wanted(type_of: fn(Kind) -> &'static str) -> BTreeMap<String, Vec<(String, String)>> {
    let column = |at: usize, (name, kind): &(&str, Kind), table: &Table| {
        let key = if at < table.key { " key" } else { "" };
        ((*name).to_owned(), format!("{}{key}", type_of(*kind)))
    };
    let columns = |table: &Table| {
        let mut columns: Vec<_> = table.columns.iter().enumerate().map(|(at, it)| column(at, it, table)).collect();
        columns.sort();
        columns
    };
    TABLES.iter().map(|table| (table.name.to_owned(), columns(table))).collect()
}

/// A table or a column that nobody put into the list of the copy would stay behind.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_the_copy_has_every_table_and_column_of_a_file() {
    let site = Site::new().await;
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    let tables = site.texts(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name <> 'ledger_migrations'",
    );
    let db = Connection::open(site.ledger()).expect("opens");
    let there: BTreeMap<String, Vec<(String, String)>> = tables
        .into_iter()
        .map(|table| {
            let sql = "SELECT name, type || CASE WHEN pk > 0 THEN ' key' ELSE '' END FROM pragma_table_info(?1)";
            let mut statement = db.prepare(sql).expect("valid");
            let columns = statement.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?))).expect("columns");
            let mut columns = columns.collect::<Result<Vec<_>, _>>().expect("texts");
            columns.sort();
            (table, columns)
        })
        .collect();
    let type_of = |kind| match kind {
        Kind::Text => "TEXT",
        Kind::Integer | Kind::Flag => "INTEGER",
        Kind::Real => "REAL",
        Kind::Bytes => "BLOB",
    };
    assert_eq!(there, wanted(type_of));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_the_copy_has_every_table_and_column_of_a_database() {
    let site = Site::on_postgres().await;
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    let there = site.texts(
        "SELECT c.table_name || ' ' || c.column_name || ' ' || c.data_type || CASE WHEN k.column_name IS NULL THEN '' \
         ELSE ' key' END FROM information_schema.columns AS c LEFT JOIN information_schema.key_column_usage AS k \
         USING (table_schema, table_name, column_name) WHERE table_schema = 'public' \
         AND c.table_name <> 'ledger_migrations' ORDER BY 1",
    );
    let type_of = |kind| match kind {
        Kind::Text => "text",
        Kind::Integer => "bigint",
        Kind::Real => "double precision",
        Kind::Flag => "boolean",
        Kind::Bytes => "bytea",
    };
    let mut wanted: Vec<String> = wanted(type_of)
        .into_iter()
        .flat_map(|(table, columns)| columns.into_iter().map(move |(name, kind)| format!("{table} {name} {kind}")))
        .collect();
    wanted.sort();
    let mut there = there;
    there.sort();
    assert_eq!(there, wanted);
}
