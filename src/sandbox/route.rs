//! Which operation a request asks for, and of which member.
//!
//! Works on the raw path: LINE WORKS wants `{userId}` URL-encoded, so what is not encoded properly is noticed here and
//! reported as a violation. A path that the API does not have is answered like an unknown one, whatever its method.

use super::directory::Task;
use super::okta::OktaOperation;
use super::scim::route::ScimOperation;

/// The vendor's operations the sandbox serves. Quota is counted per operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
    Token,
    Create,
    List,
    Get,
    Put,
    Patch,
    Delete,
    ForceDelete,
    Undelete,
    Suspend,
    Unsuspend,
    Revoke,
    /// Org units, levels, positions, user types, groups and the members' lesser calls.
    Directory(Task),
    Scim(ScimOperation),
    Okta(OktaOperation),
}

impl Operation {
    /// Every one of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let directory = Task::all().map(Self::Directory);
        let okta = OktaOperation::all().map(Self::Okta);
        Self::PLAIN.into_iter().chain(directory).chain(ScimOperation::all().map(Self::Scim)).chain(okta)
    }

    /// Those of the auth host and the plain member calls.
    const PLAIN: [Self; 12] = [
        Self::Token,
        Self::Create,
        Self::List,
        Self::Get,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::ForceDelete,
        Self::Undelete,
        Self::Suspend,
        Self::Unsuspend,
        Self::Revoke,
    ];

    /// The name in faults, statistics and the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Create => "users.create",
            Self::List => "users.list",
            Self::Get => "users.get",
            Self::Put => "users.put",
            Self::Patch => "users.patch",
            Self::Delete => "users.delete",
            Self::ForceDelete => "users.forcedelete",
            Self::Undelete => "users.undelete",
            Self::Suspend => "users.suspend",
            Self::Unsuspend => "users.unsuspend",
            Self::Revoke => "revoke",
            Self::Directory(task) => task.name(),
            Self::Scim(operation) => operation.name(),
            Self::Okta(operation) => operation.name(),
        }
    }

    /// True if the operation changes something in the directory.
    pub(crate) fn is_write(self) -> bool {
        match self {
            Self::Token | Self::Revoke | Self::List | Self::Get | Self::Okta(_) => false,
            Self::Directory(task) => task.is_write(),
            Self::Scim(operation) => operation.is_write(),
            _ => true,
        }
    }

    /// The scopes of which one is enough (vendor's pages, one by one); SCIM has none.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Directory(task) => task.scopes(),
            other if other.is_write() => &["user", "directory"],
            _ => &["user", "user.read", "directory", "directory.read"],
        }
    }
}

/// The three ways to name a member in a path (documented on the vendor's user-get page).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    Id(String),
    Email(String),
    ExternalKey(String),
}

impl Lookup {
    /// Reads a decoded path segment.
    pub(crate) fn parse(text: &str) -> Self {
        if let Some(key) = text.strip_prefix("externalKey:") {
            Self::ExternalKey(key.to_owned())
        } else if text.contains('@') {
            Self::Email(text.to_lowercase())
        } else {
            Self::Id(text.to_owned())
        }
    }
}

/// A request understood.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// None for create and list.
    pub(crate) lookup: Option<Lookup>,
    /// Why the segment is not properly URL-encoded.
    pub(crate) badly_encoded: Option<&'static str>,
}

/// Finds the operation for a method and a raw path below `/v1.0`; None if the API has no such path.
pub(crate) fn find(method: &str, raw_path: &str) -> Option<Route> {
    let path = raw_path.strip_prefix("/v1.0/users")?;
    if path.is_empty() {
        let operation = match method {
            "POST" => Operation::Create,
            "GET" => Operation::List,
            _ => return None,
        };
        return Some(Route { operation, lookup: None, badly_encoded: None });
    }
    let mut segments = path.strip_prefix('/')?.split('/');
    let raw_id = segments.next().filter(|segment| !segment.is_empty())?;
    let action = segments.next();
    if segments.next().is_some() {
        return None;
    }
    let operation = match (method, action) {
        ("GET", None) => Operation::Get,
        ("PUT", None) => Operation::Put,
        ("PATCH", None) => Operation::Patch,
        ("DELETE", None) => Operation::Delete,
        ("DELETE", Some("forcedelete")) => Operation::ForceDelete,
        ("POST", Some("undelete")) => Operation::Undelete,
        ("POST", Some("suspend")) => Operation::Suspend,
        ("POST", Some("unsuspend")) => Operation::Unsuspend,
        _ => return None,
    };
    let (text, badly_encoded) = decode(raw_id);
    Some(Route { operation, lookup: Some(Lookup::parse(&text)), badly_encoded })
}

/// Decodes one path segment and says what is wrong with its encoding.
pub(crate) fn decode(raw: &str) -> (String, Option<&'static str>) {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut wrong = None;
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            (b'%', _) => {
                wrong = Some("a percent sign is not followed by two hex digits");
                bytes.push(b'%');
            }
            _ => {
                if !is_path_character(*first) {
                    wrong = Some("a character that a path cannot carry is not encoded");
                }
                bytes.push(*first);
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if looks_encoded_twice(&text) => (text, Some("it is encoded twice")),
        Ok(text) => (text, wrong),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some("it is not UTF-8")),
    }
}

/// Neither ids, logins nor external keys may contain a percent sign, so one that survives decoding is a second encoding.
fn looks_encoded_twice(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit())
}

/// `pchar` of RFC 3986, section 3.3, without the percent sign.
fn is_path_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}
