//! Where calls go: the addresses of members, and which redirects are followed.
//!
//! LINE WORKS answers 307 when a member lives on another instance, and wants the `Authorization` header there too
//! (field report). A header like that follows only to LINE WORKS' own hosts.

use reqwest::Url;

use crate::domain::ids::{ExternalKey, MemberId};
use crate::domain::reference::Reference;

/// LINE WORKS' domains: an instance of one may send to another of them.
const FAMILY: [&str; 2] = ["worksapis.com", "worksmobile.com"];

/// What a member is addressed by (LINE WORKS docs, user-get: all three forms, URL-encoded).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    /// The member id.
    Id(&'a MemberId),
    /// The external key.
    Key(&'a ExternalKey),
    /// The login e-mail.
    Email(&'a str),
}

impl Who<'_> {
    /// The path segment, or none for a text that would leave the path (`.`, `..`, nothing).
    fn segment(self) -> Option<String> {
        match self {
            Who::Id(id) => segment(id.as_str()),
            Who::Key(key) => Some(format!("externalKey:{}", encoded(key.as_str()))),
            Who::Email(email) => segment(email),
        }
    }
}

/// A text as a path segment, or none for one that would leave the path (`.`, `..`, nothing).
pub(crate) fn segment(text: &str) -> Option<String> {
    (!matches!(text, "" | "." | "..")).then(|| encoded(text))
}

/// `{api}/v1.0/users`
pub(crate) fn users(api: &Url) -> Url {
    under(api, "v1.0/users")
}

/// `{api}/v1.0/users/{who}` with an action such as `suspend` behind it; none for a text that is no one's address.
pub(crate) fn member(api: &Url, who: Who<'_>, action: Option<&str>) -> Option<Url> {
    let segment = who.segment()?;
    let action = action.map(|action| format!("/{action}")).unwrap_or_default();
    Some(under(api, &format!("v1.0/users/{segment}{action}")))
}

/// `{api}/v1.0/groups/{group}/members` with a member behind it; none for a name, or a text that is no address.
pub(crate) fn group_members(api: &Url, group: &Reference, member: Option<&MemberId>) -> Option<Url> {
    let group = match group {
        Reference::Id(id) => encoded(id),
        Reference::ExternalKey(key) => format!("externalKey:{}", encoded(key)),
        Reference::Name(_) => return None,
    };
    let member = match member {
        Some(id) => format!("/{}", Who::Id(id).segment()?),
        None => String::new(),
    };
    (!matches!(group.as_str(), "" | "." | "..")).then(|| under(api, &format!("v1.0/groups/{group}/members{member}")))
}

/// A path (encoded already) under a configured address, which may itself have a path.
pub(crate) fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// Whether a call to `configured` may be sent on to `target`, with its token.
pub(crate) fn may_follow(configured: &Url, target: &Url) -> bool {
    if is_loopback(configured) {
        return is_loopback(target) && matches!(target.scheme(), "http" | "https");
    }
    let (Some(from), Some(to)) = (configured.host_str(), target.host_str()) else { return false };
    let same = from == to && configured.port_or_known_default() == target.port_or_known_default();
    let related = in_family(from) && in_family(to) && target.port().is_none();
    target.scheme() == "https" && target.username().is_empty() && target.password().is_none() && (same || related)
}

fn in_family(host: &str) -> bool {
    FAMILY.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    fn path(who: Who<'_>, action: Option<&str>) -> Option<String> {
        member(&url("https://www.worksapis.com"), who, action).map(|url| url.to_string())
    }

    #[test]
    fn every_form_of_address_is_encoded() {
        let base = "https://www.worksapis.com/v1.0/users";
        let key = "社員 1&2;=+@".parse().expect("a key");
        assert_eq!(
            path(Who::Key(&key), None),
            Some(format!("{base}/externalKey:%E7%A4%BE%E5%93%A1%201%262%3B%3D%2B%40"))
        );
        assert_eq!(path(Who::Email("a+b@example.jp"), None), Some(format!("{base}/a%2Bb%40example.jp")));
        let id = "userf7da/../x?y#z%2F".parse().expect("an id");
        assert_eq!(path(Who::Id(&id), Some("suspend")), Some(format!("{base}/userf7da%2F..%2Fx%3Fy%23z%252F/suspend")));
    }

    #[test]
    fn no_text_leaves_the_path() {
        for dots in [".", ".."] {
            assert_eq!(path(Who::Id(&dots.parse().expect("an id")), Some("suspend")), None);
        }
        assert_eq!(path(Who::Email(""), None), None);
        let key = "..".parse().expect("a key");
        assert_eq!(path(Who::Key(&key), None), Some("https://www.worksapis.com/v1.0/users/externalKey:..".into()));
    }

    #[test]
    fn a_configured_path_is_kept() {
        for base in ["http://127.0.0.1:8090/lineworks", "http://127.0.0.1:8090/lineworks/"] {
            assert_eq!(users(&url(base)).as_str(), "http://127.0.0.1:8090/lineworks/v1.0/users");
        }
    }

    #[test]
    fn a_token_follows_only_to_line_works() {
        let works = "https://www.worksapis.com";
        let table = [
            (works, "https://www.worksapis.com/v1.0/users/x", true),
            (works, "https://jp2.worksapis.com/v1.0/users/x", true),
            (works, "https://apis.worksmobile.com/v1.0/users/x", true),
            (works, "http://www.worksapis.com/v1.0/users/x", false),
            (works, "https://www.worksapis.com:8443/x", false),
            (works, "https://u:p@www.worksapis.com/x", false),
            (works, "https://evil-worksapis.com/x", false),
            (works, "https://worksapis.com.example.net/x", false),
            (works, "http://127.0.0.1/x", false),
            ("https://gateway.example.jp", "https://gateway.example.jp/x", true),
            ("https://gateway.example.jp", "https://www.worksapis.com/x", false),
            ("http://gateway.example.jp", "http://gateway.example.jp/x", false),
            ("http://127.0.0.1:8090", "http://127.0.0.1:8091/x", true),
            ("http://127.0.0.1:8090", "http://localhost:8091/x", true),
            ("http://127.0.0.1:8090", "http://[::1]:8091/x", true),
            ("http://127.0.0.1:8090", "https://www.worksapis.com/x", false),
            ("http://127.0.0.1:8090", "ftp://127.0.0.1/x", false),
        ];
        for (configured, target, follows) in table {
            assert_eq!(may_follow(&url(configured), &url(target)), follows, "{configured} to {target}");
        }
    }
}
