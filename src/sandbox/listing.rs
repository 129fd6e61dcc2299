//! `GET /users`: the members of a domain, also those in their grace, in the order that is asked for.
//!
//! The cursor points at a member, so that a page goes on in the right place when members come or go (`paging` has what is
//! the same for every list).

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;

use super::call::Call;
use super::member::Member;
use super::paging;
use super::reply::{Refusal, Reply};
use super::world::World;

/// Answers a list call; deleted members in their grace are in it.
pub(crate) fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let query = call.query()?;
    let Some(count) = paging::count(world, call, &query)? else {
        return Ok(page(world, &[], None));
    };
    let mut members = selected(world, &query)?;
    members.sort_by(order(&query)?);
    let start = start(&members, query.get("cursor"))?;
    let end = (start + count).min(members.len());
    let next = (end < members.len()).then(|| paging::cursor(members[end - 1].sequence));
    Ok(page(world, &members[start..end], next))
}

fn selected<'w>(world: &'w World, query: &HashMap<String, String>) -> Result<Vec<&'w Member>, Refusal> {
    let domain_id = world.asked_domain(query)?;
    match query.get("searchFilterType").map(String::as_str) {
        None => Ok(world.members.all().iter().filter(|member| member.domain_id() == domain_id).collect()),
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
    let sequence = paging::number(text);
    members
        .iter()
        .position(|member| Some(member.sequence) == sequence)
        .map(|position| position + 1)
        .ok_or_else(paging::no_cursor)
}

fn page(world: &World, members: &[&Member], next: Option<String>) -> Reply {
    let view = world.view();
    let users: Vec<Value> = members.iter().map(|member| member.to_json(&view)).collect();
    paging::reply(world, "users", users, next)
}
