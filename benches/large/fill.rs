//! Fills a ledger by SQL: a person whom the program accepted is multiplied, so that rows have the shape it writes.

use std::path::{Path, PathBuf};

use super::support::Fallible;
use super::support::load::{Load, SCATTER, email, person};
use super::support::postgres::Database;
use super::support::server::Site;

/// One ledger on either database.
pub enum Ledger {
    File(PathBuf),
    Postgres(Database),
}

/// What differs between the people of the ledger; all else is as in the first one's row.
struct Words {
    /// Numbers from 0 up to below the one that stands for `{}`, as a table `series (n)`.
    series: &'static str,
    /// A number with leading zeros; the length stands for `{}`.
    zeros: fn(&str, usize) -> String,
}

const SQLITE: Words = Words {
    series: "(WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {}) SELECT n FROM s) AS series",
    zeros: |number, length| format!("printf('%0{length}d', {number})"),
};
const POSTGRES: Words = Words {
    series: "generate_series(0::bigint, {} - 1) AS series (n)",
    zeros: |number, length| format!("lpad(({number})::text, {length}, '0')"),
};
/// Indexes that are made after the rows, which is quicker.
const INDEXES: [&str; 4] = ["events_key", "events_ignored", "events_of_nobody", "attempts_person"];

impl Ledger {
    pub fn in_file(file: &Path) -> Self {
        Self::File(file.to_owned())
    }

    pub fn in_postgres() -> Self {
        Self::Postgres(Database::new())
    }

    pub fn url(&self) -> String {
        match self {
            Self::File(file) => format!("sqlite:{}", file.display()),
            Self::Postgres(database) => database.url(),
        }
    }

    /// On the disk.
    pub fn bytes(&self) -> Fallible<u64> {
        match self {
            Self::File(file) => Ok(std::fs::metadata(file)?.len()),
            Self::Postgres(database) => {
                Ok(u64::try_from(database.query("SELECT pg_database_size(current_database())"))?)
            }
        }
    }

    /// Lets the system's memory have what is on the disk, as far as there is room. PostgreSQL needs its extension
    /// `pg_prewarm` for that, which comes with it.
    pub fn warm(&self) -> Fallible<()> {
        match self {
            Self::File(file) => {
                let mut file = std::fs::File::open(file)?;
                file.sync_all()?;
                std::io::copy(&mut file, &mut std::io::sink())?;
            }
            Self::Postgres(database) => {
                database.run("CREATE EXTENSION IF NOT EXISTS pg_prewarm");
                database.query(
                    "SELECT sum(pg_prewarm(oid::regclass, 'read'))::bigint FROM pg_class \
                     WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace",
                );
            }
        }
        Ok(())
    }

    fn words(&self) -> Words {
        match self {
            Self::File(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        }
    }

    /// Texts a question gives, one a row.
    fn texts(&self, sql: &str) -> Fallible<Vec<String>> {
        match self {
            Self::File(file) => {
                let db = rusqlite::Connection::open(file)?;
                let mut statement = db.prepare(sql)?;
                let texts = statement.query_map([], |row| row.get(0))?;
                Ok(texts.collect::<Result<_, _>>()?)
            }
            Self::Postgres(database) => {
                let client = database.hold("SELECT 1");
                let rows = super::support::postgres::wait(async { client.query(sql, &[]).await })?;
                Ok(rows.iter().map(|row| row.get(0)).collect())
            }
        }
    }

    fn run(&self, sql: &[String]) -> Fallible<()> {
        match self {
            Self::File(file) => {
                let db = rusqlite::Connection::open(file)?;
                db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = FILE")?;
                for one in sql {
                    db.execute_batch(one)?;
                }
                db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
            }
            Self::Postgres(database) => {
                sql.iter().for_each(|one| database.run(one));
                // As the server does by itself, some time after that many rows came.
                database.run("VACUUM (ANALYZE)");
            }
        }
        Ok(())
    }

    fn columns(&self, table: &str) -> Fallible<Vec<String>> {
        let sql = match self {
            Self::File(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
                 AND table_schema = 'public'"
            ),
        };
        self.texts(&sql)
    }

    fn index(&self, name: &str) -> Fallible<String> {
        let sql = match self {
            Self::File(_) => format!("SELECT sql FROM sqlite_master WHERE name = '{name}'"),
            Self::Postgres(_) => format!("SELECT indexdef::text FROM pg_indexes WHERE indexname = '{name}'"),
        };
        Ok(self.texts(&sql)?.pop().ok_or("no such index")?)
    }
}

/// Makes so many people with so many events each, and a run for each person. Of a hundred two are due and one waits.
pub fn fill(ledger: &Ledger, site: &Site, people: u64, events: u64) -> Fallible<()> {
    first_person(ledger, site)?;
    let words = ledger.words();
    let id = |n: &str| format!("'00u' || {}", (words.zeros)(&format!("({n}) * {} % {}", SCATTER.0, SCATTER.1), 17));
    let login = email(0).replace("000000000000", &format!("' || {} || '", (words.zeros)("n", 12)));
    let login = format!("'{login}'");
    let (of_person, of_event) = (id("n"), id(&format!("n % {people}")));
    let profile = format!("replace(profile, '{}', {login})", email(0));
    let rows = |table: &str, count: u64, other: &[(&str, &str)]| -> Fallible<String> {
        let columns: Vec<String> = ledger.columns(table)?.into_iter().filter(|column| column != "id").collect();
        let values: Vec<&str> = columns
            .iter()
            .map(|column| other.iter().find(|(name, _)| name == column).map_or(column.as_str(), |(_, value)| *value))
            .collect();
        let series = words.series.replace("{}", &count.to_string());
        Ok(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table} LIMIT 1) AS first, {series} WHERE n > 0",
            columns.join(", "),
            values.join(", ")
        ))
    };
    let state = "CASE WHEN n % 50 = 7 THEN 'due' WHEN n % 100 = 1 THEN 'waiting' ELSE 'settled' END";
    let next = "CASE WHEN n % 50 = 7 THEN created_at WHEN n % 100 = 1 THEN created_at + 86400000 END";
    let reason = "CASE WHEN n % 100 = 1 THEN '{\"cause\":\"lineworks_unreachable\"}' END";
    let assignments: [(&str, &str); 10] = [
        ("okta_user_id", &of_person),
        ("login", &login),
        ("profile", &profile),
        ("member_id", "'member-' || n"),
        ("external_key", &of_person),
        ("state", state),
        ("next_at", next),
        ("reason", reason),
        ("applied_revision", "revision"),
        ("lease_owner", "NULL"),
    ];
    let indexes: Vec<String> = INDEXES.iter().map(|name| ledger.index(name)).collect::<Fallible<_>>()?;
    let mut sql: Vec<String> = INDEXES.iter().map(|name| format!("DROP INDEX {name}")).collect();
    sql.push(
        "INSERT INTO attempts (okta_user_id, revision, lease_number, started_at, ended_at, state, steps, calls) \
              SELECT okta_user_id, revision, 1, created_at, created_at, 'settled', '[]', '[]' FROM assignments"
            .to_owned(),
    );
    sql.push(rows("assignments", people, &assignments)?);
    sql.push(rows("events", people * events, &[("okta_user_id", &of_event), ("event_key", "'earlier-' || n")])?);
    sql.push(rows("attempts", people, &[("okta_user_id", &of_person)])?);
    sql.extend(indexes);
    ledger.run(&sql)
}

/// The person with the number 0, as the program stores somebody; its row is settled afterwards.
fn first_person(ledger: &Ledger, site: &Site) -> Fallible<()> {
    let server = site.start(&ledger.url())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Load::about_new(0).send(&server, 1, 1))?;
    drop(server);
    let id = person(0);
    ledger.run(&[format!(
        "UPDATE assignments SET state = 'settled', next_at = NULL, lease_owner = NULL, lease_until = NULL \
         WHERE okta_user_id = '{id}'"
    )])
}
