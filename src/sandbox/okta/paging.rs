//! `Link` headers: a `self` and perhaps a `next`, each on a line of its own or joined with commas.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::OktaError;
use super::switches::{LinkLines, NextHost, OktaSwitches};
use crate::sandbox::call::Call;
use crate::sandbox::reply::Reply;

/// The address a call was sent to, without its path.
pub(super) fn base(call: &Call) -> String {
    let scheme = if call.secure { "https" } else { "http" };
    format!("{scheme}://{}", call.host)
}

/// The most on a page, within the documented bounds.
pub(super) fn limit(query: &HashMap<String, String>, usual: usize, most: usize) -> Result<usize, OktaError> {
    match query.get("limit").map(|text| text.parse::<usize>()) {
        None => Ok(usual),
        Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(OktaError::validation("limit", format!("limit: 1 to {most}"))),
    }
}

/// An opaque cursor that names the last item shown.
pub(super) fn after(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("after {id}"))
}

/// The item a cursor names.
pub(super) fn read_after(query: &HashMap<String, String>) -> Result<Option<String>, OktaError> {
    let Some(text) = query.get("after") else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let id = bytes.as_deref().and_then(|text| text.strip_prefix("after ")).map(str::to_owned);
    id.map(Some).ok_or_else(|| OktaError::validation("after", "after: it is no cursor of this list"))
}

/// Puts the links on an answer; `next` is the cursor of the following page.
pub(super) fn with_links(reply: Reply, call: &Call, switches: &OktaSwitches, next: Option<&str>) -> Reply {
    let path = &call.path;
    let own = match call.query.is_empty() {
        true => format!("{}{path}", base(call)),
        false => format!("{}{path}?{}", base(call), call.query),
    };
    let mut links = vec![format!("<{own}>; rel=\"self\"")];
    if let Some(next) = next {
        let host = match switches.next_host {
            NextHost::Own => base(call),
            NextHost::Other if call.host.starts_with("localhost") => base(call).replacen("localhost", "127.0.0.1", 1),
            NextHost::Other => base(call).replacen("127.0.0.1", "localhost", 1),
        };
        let dropped = |part: &&str| !part.starts_with("after=") && !part.starts_with("since=") && !part.is_empty();
        let kept: Vec<&str> = call.query.split('&').filter(dropped).collect();
        let kept = kept.iter().map(|part| format!("{part}&")).collect::<String>();
        links.push(format!("<{host}{path}?{kept}after={next}>; rel=\"next\""));
    }
    match switches.link_lines {
        LinkLines::Separate => links.into_iter().fold(reply, |reply, link| reply.with_header("Link", link)),
        LinkLines::Joined => reply.with_header("Link", links.join(", ")),
    }
}
