//! The `Link` headers of a list, and whether what they name is the org's own. Pure.
//!
//! Okta sends `rel="self"` and `rel="next"` as header lines of their own or joined by commas; the URL of the next page
//! is followed as it is (Okta API, pagination). It gets our credentials, so its scheme, host and port must be those
//! of `okta.org_url`.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use super::error::OktaError;

/// The next page that an answer names, if it names one.
///
/// # Errors
/// It is not the org's own address, or none at all.
pub(crate) fn next(headers: &HeaderMap, org: &Url) -> Result<Option<Url>, OktaError> {
    let lines = headers.get_all(LINK).iter().filter_map(|line| line.to_str().ok());
    let Some(target) = lines.flat_map(links).find(|(_, is_next)| *is_next).map(|(target, _)| target) else {
        return Ok(None);
    };
    let url = org.join(target).map_err(|_| OktaError::astray("the address of the next page is not a URL"))?;
    own(&url, org)?;
    Ok(Some(url))
}

/// Makes sure that credentials may be sent to this address.
///
/// # Errors
/// It is not the org's own address.
pub(crate) fn own(url: &Url, org: &Url) -> Result<(), OktaError> {
    let place =
        |url: &Url| (url.scheme().to_owned(), url.host_str().map(ToOwned::to_owned), url.port_or_known_default());
    if place(url) == place(org) && url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err(OktaError::astray(format!(
        "the next page is at {}, which is not okta.org_url ({}); it is not asked, since the credentials would go there",
        shown(url),
        shown(org)
    )))
}

/// Scheme, host and port alone: the rest may hold a cursor.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or("no host"))
}

/// The targets of one header line, and whether each is the next page.
fn links(line: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let end = end_of_parameters(after);
        let is_next = after[..end].split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && value.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        found.push((target, is_next));
        rest = &after[end..];
    }
    found
}

/// Where the parameters of a link end: at the first comma outside of quotes.
fn end_of_parameters(text: &str) -> usize {
    let mut quoted = false;
    let comma = text.char_indices().find(|(_, character)| {
        quoted ^= *character == '"';
        *character == ',' && !quoted
    });
    comma.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const ORG: &str = "https://example.okta.com";

    fn next_of(lines: &[&str]) -> Result<Option<String>, OktaError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(LINK, HeaderValue::from_str(line).expect("a header"));
        }
        next(&headers, &ORG.parse().expect("a URL")).map(|url| url.map(String::from))
    }

    #[test]
    fn the_next_page_is_found_in_lines_of_their_own_and_joined() {
        let (this, next) = (
            format!("<{ORG}/api/v1/logs?a=1,2>; rel=\"self\""),
            format!("<{ORG}/api/v1/logs?after=x,y>; rel=\"next\""),
        );
        let found = Ok(Some(format!("{ORG}/api/v1/logs?after=x,y")));
        assert_eq!(next_of(&[&this, &next]), found);
        assert_eq!(next_of(&[&format!("{this}, {next}")]), found);
        assert_eq!(next_of(&[&format!("{next},{this}")]), found);
        assert_eq!(next_of(&[&format!("<{ORG}/api/v1/logs?after=x,y>; title=\"a, b; rel=self\"; REL=Next")]), found);
        assert_eq!(next_of(&["</api/v1/logs?after=x,y>;rel=next"]), found, "relative to the org");
    }

    #[test]
    fn without_a_next_the_list_ends() {
        for lines in
            [&[][..], &["nonsense"], &["<https://example.okta.com/x"], &["<https://other.example/x>; rel=\"self\""]]
        {
            assert_eq!(next_of(lines), Ok(None), "{lines:?}");
        }
    }

    #[test]
    fn credentials_go_to_the_org_alone() {
        for foreign in [
            "https://example.okta.com.evil.example/x",
            "https://other.okta.com/x",
            "http://example.okta.com/x",
            "https://example.okta.com:8443/x",
            "https://user:pass@example.okta.com/x",
            "//evil.example/x",
        ] {
            let error = next_of(&[&format!("<{foreign}>; rel=\"next\"")]).expect_err("foreign");
            let text = error.to_string();
            assert!(text.contains("not okta.org_url") && !text.contains("pass"), "{text}");
        }
        assert!(next_of(&["<https://example.okta.com:443/x>; rel=\"next\""]).is_ok(), "443 is what https has");
    }
}
