//! Pages: at most 100 entries with an opaque cursor, the same for every list of the API.
//!
//! The cursor holds characters that must be URL-encoded. A `count` above 100 gets an empty page and no error, as
//! recorded against the real service; one that is no number gets the answer of an unknown path.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::Call;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::switches::EndCursor;
use super::world::World;

const MOST: i64 = 100;

/// Marks our cursors, and comes out as `+/+/`.
const CURSOR_MARK: [u8; 3] = [0xfb, 0xff, 0xbf];

/// How many entries are wanted; None for more than a page can have, which is held against the caller.
pub(crate) fn count(world: &mut World, call: &Call, query: &HashMap<String, String>) -> Result<Option<usize>, Refusal> {
    let count = match query.get("count") {
        None => MOST,
        Some(text) => text.parse().map_err(|_| Refusal::no_such_api())?,
    };
    if count > MOST {
        world.accuse(call, Rule::CountOver100, None, "count is over 100");
        if world.strict {
            return Err(Refusal::invalid("count", "It must be 1 to 100."));
        }
        return Ok(None);
    }
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(Some(count)),
        _ => Err(Refusal::invalid("count", "It must be 1 to 100.")),
    }
}

/// 16 bytes, so that the text ends in `==` like the recorded ones.
pub(crate) fn cursor(number: u64) -> String {
    let mut bytes = CURSOR_MARK.to_vec();
    bytes.extend(number.to_be_bytes());
    bytes.extend([0x3f; 5]);
    STANDARD.encode(bytes)
}

/// The number in a cursor of ours.
pub(crate) fn number(text: &str) -> Option<u64> {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let rest = bytes.strip_prefix(&CURSOR_MARK)?;
    <[u8; 8]>::try_from(rest.get(..8)?).ok().map(u64::from_be_bytes)
}

/// The answer to a cursor that is none of this list.
pub(crate) fn no_cursor() -> Refusal {
    Refusal::invalid("cursor", "It is no cursor of this list.")
}

/// A page under the name the API gives its list.
pub(crate) fn reply(world: &World, name: &str, entries: Vec<Value>, next: Option<String>) -> Reply {
    let meta = match (next, world.switches.end_cursor) {
        (Some(cursor), _) => json!({ "nextCursor": cursor }),
        (None, EndCursor::Null) => json!({ "nextCursor": null }),
        (None, EndCursor::Empty) => json!({ "nextCursor": "" }),
        (None, EndCursor::Missing) => json!({}),
        (None, EndCursor::NoObject) => return Reply::json(200, json!({ name: entries })),
    };
    Reply::json(200, json!({ name: entries, "responseMetaData": meta }))
}

/// The page of a whole list that a call asks for.
pub(crate) fn page(world: &mut World, call: &Call, name: &str, all: Vec<Value>) -> Result<Reply, Refusal> {
    let query = call.query()?;
    let Some(count) = count(world, call, &query)? else {
        return Ok(reply(world, name, Vec::new(), None));
    };
    let start = match query.get("cursor") {
        None => 0,
        Some(text) => number(text).and_then(|number| usize::try_from(number).ok()).ok_or_else(no_cursor)?,
    };
    if start > all.len() {
        return Err(no_cursor());
    }
    let end = (start + count).min(all.len());
    let next = (end < all.len()).then(|| cursor(end as u64));
    Ok(reply(world, name, all[start..end].to_vec(), next))
}
