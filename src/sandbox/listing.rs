//! `GET /users`: pages of at most 100 with an opaque cursor.
//!
//! The cursor holds characters that must be URL-encoded. A `count` above 100 gets an empty page and no error, as
//! recorded against the real service; one that is no number gets the answer of an unknown path.

use std::cmp::Ordering;
use std::collections::HashMap;

use actix_web::web::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::Call;
use super::member::Member;
use super::records::Rule;
use super::reply::{Refusal, Reply};
use super::switches::EndCursor;
use super::world::World;

const MOST: i64 = 100;

/// Marks our cursors, and comes out as `+/+/`.
const CURSOR_MARK: [u8; 3] = [0xfb, 0xff, 0xbf];

/// Answers a list call; deleted members in their grace are in it.
pub(crate) fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let query = Query::<HashMap<String, String>>::from_query(&call.query)
        .map_err(|_| Refusal::bad_request("The query cannot be read."))?
        .into_inner();
    let count = match query.get("count") {
        None => MOST,
        Some(text) => text.parse().map_err(|_| Refusal::no_such_api())?,
    };
    if count > MOST {
        world.accuse(call, Rule::CountOver100, None, "count is over 100");
        if world.strict {
            return Err(Refusal::invalid("count", "It must be 1 to 100."));
        }
        return Ok(page(world, &[], None));
    }
    let count = usize::try_from(count).unwrap_or(0);
    if count == 0 {
        return Err(Refusal::invalid("count", "It must be 1 to 100."));
    }
    let mut members = selected(world, &query)?;
    members.sort_by(order(&query)?);
    let start = start(&members, query.get("cursor"))?;
    let end = (start + count).min(members.len());
    let next = (end < members.len()).then(|| cursor(members[end - 1].sequence));
    Ok(page(world, &members[start..end], next))
}

fn selected<'w>(world: &'w World, query: &HashMap<String, String>) -> Result<Vec<&'w Member>, Refusal> {
    if let Some(domain) = query.get("domainId")
        && *domain != world.domain_id.to_string()
    {
        return Err(Refusal::invalid("domainId", "It is not a domain of the tenant."));
    }
    match query.get("searchFilterType").map(String::as_str) {
        None => Ok(world.members.all().iter().collect()),
        Some("VIP") => Ok(Vec::new()),
        Some(_) => Err(Refusal::invalid("searchFilterType", "It must be VIP.")),
    }
}

fn order(query: &HashMap<String, String>) -> Result<impl Fn(&&Member, &&Member) -> Ordering, Refusal> {
    let by_name = match query.get("orderBy").map(String::as_str) {
        None | Some("CREATED_TIME") => false,
        Some("NAME") => true,
        Some(_) => {
            return Err(Refusal::invalid("orderBy", "It must be NAME or CREATED_TIME."));
        }
    };
    let descending = match query.get("sortOrder").map(String::as_str) {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(_) => {
            return Err(Refusal::invalid("sortOrder", "It must be ASCENDING or DESCENDING."));
        }
    };
    Ok(move |a: &&Member, b: &&Member| {
        let names = match by_name {
            true => a.plain_name().cmp(&b.plain_name()),
            false => Ordering::Equal,
        };
        let ascending = names.then(a.sequence.cmp(&b.sequence));
        if descending { ascending.reverse() } else { ascending }
    })
}

/// The place after the member a cursor points at.
fn start(members: &[&Member], text: Option<&String>) -> Result<usize, Refusal> {
    let Some(text) = text else {
        return Ok(0);
    };
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let sequence = bytes
        .strip_prefix(&CURSOR_MARK)
        .and_then(|rest| <[u8; 8]>::try_from(rest.get(..8)?).ok())
        .map(u64::from_be_bytes);
    members
        .iter()
        .position(|member| Some(member.sequence) == sequence)
        .map(|position| position + 1)
        .ok_or_else(|| Refusal::invalid("cursor", "It is no cursor of this list."))
}

/// 16 bytes, so that the text ends in `==` like the recorded ones.
fn cursor(sequence: u64) -> String {
    let mut bytes = CURSOR_MARK.to_vec();
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0x3f; 5]);
    STANDARD.encode(bytes)
}

fn page(world: &World, members: &[&Member], next: Option<String>) -> Reply {
    let now = world.clock.now();
    let users: Vec<Value> = members.iter().map(|member| member.to_json(&world.placement, &world.domain, now)).collect();
    let meta = match (next, world.switches.end_cursor) {
        (Some(cursor), _) => json!({ "nextCursor": cursor }),
        (None, EndCursor::Null) => json!({ "nextCursor": null }),
        (None, EndCursor::Empty) => json!({ "nextCursor": "" }),
        (None, EndCursor::Missing) => json!({}),
        (None, EndCursor::NoObject) => return Reply::json(200, json!({ "users": users })),
    };
    Reply::json(200, json!({ "users": users, "responseMetaData": meta }))
}
