//! `[ledger]`: a SQLite file, or a PostgreSQL database.
//!
//! A database URL may hold a password, so no text here shows any of it.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::SecretString;

use super::super::check::Check;
use super::super::{Ledger, LedgerUrl, PostgresEncryption, PostgresUrl, raw};
use super::{DAY, LONGEST};
use crate::config::sections::url::is_loopback;

const KEY: &str = "ledger.url";
const EXAMPLE: &str = "write postgres://user@host/database, and the password as ledger.password";

/// Reads the section; `None` only together with problems.
pub(super) fn read(raw: raw::Ledger, check: &mut Check) -> Option<Ledger> {
    let url = ledger_url(&raw.url, check);
    let given = raw.password.map(|given| check.secret("ledger.password", given.obtain()));
    let connections = check.number("ledger.connections", raw.connections, 2..=100);
    let keep_history = check.span("ledger.keep_history", &raw.keep_history, DAY..=LONGEST);
    let (url, in_url) = url?;
    let password = match (given, in_url) {
        (None, in_url) => in_url,
        (Some(given), None) => Some(given?),
        (Some(_), Some(_)) => {
            check.refuse("ledger.password", "is given, and ledger.url has a password too", "take it out of the URL");
            return None;
        }
    };
    Some(Ledger { url, password, connections: connections?, keep_history: keep_history? })
}

fn ledger_url(text: &str, check: &mut Check) -> Option<(LedgerUrl, Option<SecretString>)> {
    let (scheme, rest) = text.trim().split_once(':').unwrap_or(("", ""));
    if matches!(scheme, "postgres" | "postgresql") {
        return match postgres(text.trim(), check) {
            Ok((url, password)) => Some((LedgerUrl::Postgres(url), password)),
            Err((what, fix)) => {
                check.refuse(KEY, what, fix);
                None
            }
        };
    }
    // sqlite:///var/x.db is the same as sqlite:/var/x.db
    let path = match rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => "",
        None => rest,
    };
    let what = match scheme {
        "sqlite" if path.is_empty() => "names no file",
        "sqlite" if path.starts_with(":memory:") => {
            "keeps the ledger in memory, where a stop of the program loses what was accepted"
        }
        "sqlite" if path.contains('?') => "has parameters, which are not supported",
        "sqlite" => return Some((LedgerUrl::Sqlite(PathBuf::from(path)), None)),
        _ => "is not the address of a ledger",
    };
    let fix = "write sqlite: and the path of the file, for example sqlite:/var/lib/okta-lineworks/ledger.db, or postgres://user@host/database";
    check.refuse(KEY, what, fix);
    None
}

type Fault = (&'static str, &'static str);

/// What the parameters of the URL say.
#[derive(Default)]
struct Parameters {
    host: Option<String>,
    user: Option<String>,
    port: Option<u16>,
    mode: Option<String>,
    authorities: Option<PathBuf>,
}

fn postgres(text: &str, check: &mut Check) -> Result<(PostgresUrl, Option<SecretString>), Fault> {
    let url = Url::parse(text).map_err(|_| ("is not a URL", EXAMPLE))?;
    let given = parameters(&url)?;
    let host = match (url.host_str().filter(|host| !host.is_empty()), given.host) {
        (Some(host), None) => decoded(host.trim_start_matches('[').trim_end_matches(']'))?,
        (None, Some(host)) => host,
        (None, None) => return Err(("names no host", EXAMPLE)),
        (Some(_), Some(_)) => return Err(("names the host twice", "take the parameter `host` out")),
    };
    let user = if url.username().is_empty() { given.user } else { Some(decoded(url.username())?) };
    let user = user.ok_or(("names no user", EXAMPLE))?;
    let database = decoded(url.path().trim_start_matches('/'))?;
    if database.is_empty() || database.contains('/') {
        return Err(("names no database", EXAMPLE));
    }
    let password = url.password().map(decoded).transpose()?.map(SecretString::from);
    let is_near = host.starts_with('/') || is_loopback(&host);
    let encryption = encryption(given.mode.as_deref(), given.authorities, is_near)?;
    if encryption == PostgresEncryption::Unchecked {
        check.warnings.push(
            "ledger.url: sslmode=require does not check whose certificate it is: somebody in between may pose as the database; use sslmode=verify-full, with sslrootcert where the authority is your own".into(),
        );
    }
    if encryption == PostgresEncryption::None && !is_near {
        check.warnings.push(
            "ledger.url: sslmode=disable to another machine shows everything in the ledger to the network between; use sslmode=verify-full".into(),
        );
    }
    let port = url.port().or(given.port).unwrap_or(5432);
    Ok((PostgresUrl { host, port, user, database, encryption }, password))
}

fn parameters(url: &Url) -> Result<Parameters, Fault> {
    let mut given = Parameters::default();
    for (name, value) in url.query_pairs() {
        let value = value.into_owned();
        match name.as_ref() {
            "host" => given.host = Some(value),
            "user" => given.user = Some(value),
            "port" => given.port = Some(value.parse().map_err(|_| ("has a port that is none", "use 1 to 65535"))?),
            "sslmode" => given.mode = Some(value),
            "sslrootcert" => given.authorities = Some(PathBuf::from(value)),
            _ => {
                return Err((
                    "has a parameter that is not known",
                    "use sslmode, sslrootcert, host, port and user only; the password goes into ledger.password",
                ));
            }
        }
    }
    Ok(given)
}

fn encryption(mode: Option<&str>, authorities: Option<PathBuf>, is_near: bool) -> Result<PostgresEncryption, Fault> {
    let encryption = match mode {
        Some("disable") => PostgresEncryption::None,
        None if is_near && authorities.is_none() => PostgresEncryption::None,
        Some("require") => PostgresEncryption::Unchecked,
        Some("verify-full") | None => return Ok(PostgresEncryption::Checked(authorities)),
        Some(_) => {
            return Err((
                "has an sslmode that is not supported",
                "use verify-full (the default for another machine), require or disable",
            ));
        }
    };
    match authorities {
        None => Ok(encryption),
        Some(_) => Err(("has sslrootcert, which this sslmode does not look at", "use sslmode=verify-full")),
    }
}

fn decoded(text: &str) -> Result<String, Fault> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| ("is not UTF-8 text", "write special characters as %XX of their UTF-8 bytes"))?;
    if text.contains('\0') { Err(("has a NUL character", EXAMPLE)) } else { Ok(text.into_owned()) }
}
