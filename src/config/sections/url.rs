//! The address of an HTTP service, as an administrator gives it.
//!
//! Tokens and secrets go to these addresses, so plain http is for this machine only. A user name or password inside is
//! refused without being shown. What comes out has no slash at its end, so that a path can be put after it.

use reqwest::Url;
use std::net::IpAddr;

/// What to do about something that is no address at all.
pub(super) const AN_ADDRESS: &str = "write an address such as https://www.worksapis.com";

/// Why an address is not usable, and what to do.
pub(super) struct UrlFault {
    pub(super) what: &'static str,
    pub(super) fix: &'static str,
}

/// The address without a slash at its end.
///
/// # Errors
/// When it is no http or https address, holds a user or query, or is plain http to another machine.
pub(super) fn base_url(text: &str) -> Result<String, UrlFault> {
    let fault = |what, fix| Err(UrlFault { what, fix });
    let Ok(url) = Url::parse(text.trim()) else {
        return fault("is not an address", AN_ADDRESS);
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fault("is neither http nor https", AN_ADDRESS);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("has a user name or password in it", "take it out");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fault("has a `?` or `#` part", "take it out");
    }
    if url.scheme() == "http" && !is_loopback(&host(url.as_str())) {
        return fault(
            "is plain http to another machine, which would show secrets to the network",
            "use https; http is for 127.0.0.1, [::1] and localhost only",
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether the address is at LINE WORKS itself.
pub(super) fn is_real_lineworks(text: &str) -> bool {
    let host = host(text);
    ["worksmobile.com", "worksapis.com", "line-works.com"]
        .iter()
        .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
}

/// The host in lower case without a dot at its end; empty if there is none.
fn host(text: &str) -> String {
    Url::parse(text)
        .ok()
        .and_then(|url| url.host_str().map(|host| host.trim_end_matches('.').to_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_is_cut_off() {
        for (text, url) in [
            ("https://www.worksapis.com", "https://www.worksapis.com"),
            ("https://www.worksapis.com/", "https://www.worksapis.com"),
            ("http://127.0.0.1:8090/fake/", "http://127.0.0.1:8090/fake"),
        ] {
            assert_eq!(base_url(text).ok().as_deref(), Some(url));
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in ["http://127.9.9.9:1", "http://[::1]:1", "http://LOCALHOST"] {
            assert!(base_url(good).is_ok(), "{good}");
        }
        for bad in ["http://www.worksapis.com", "http://10.0.0.1", "http://localhost.example.com", "http://0.0.0.0"] {
            let fault = base_url(bad).err().map(|fault| fault.what);
            assert!(fault.is_some_and(|what| what.contains("plain http")), "{bad}");
        }
    }

    #[test]
    fn what_is_no_clean_address_is_refused() {
        for bad in ["www.worksapis.com", "ftp://x", "https://user:pass@x", "https://x?y=1", "https://x#y", ""] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_real_hosts_are_known_in_any_spelling() {
        for real in ["https://auth.worksmobile.com", "https://WWW.worksapis.com./v1.0"] {
            assert!(is_real_lineworks(real), "{real}");
        }
        assert!(!is_real_lineworks("https://notworksapis.com"));
        assert!(!is_real_lineworks("http://127.0.0.1"));
    }
}
