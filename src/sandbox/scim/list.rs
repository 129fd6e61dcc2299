//! Lists: `startIndex` from 1, `count` from 0 to 100, one filter (vendor's scim-user-list and scim-group-list pages).

use std::collections::HashMap;

use actix_web::web::Query;
use serde_json::{Value, json};

use super::filter::Equals;
use super::reply::ScimError;
use super::switches::ScimResources;
use crate::sandbox::call::Call;
use crate::sandbox::records::Rule;
use crate::sandbox::reply::Reply;
use crate::sandbox::world::World;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The most resources a page has, and how many it has unless told otherwise.
const MOST: usize = 100;

/// What a list call asks for.
pub(super) struct Wish {
    /// The text the filter compares with.
    pub(super) equals: Option<String>,
    pub(super) excluded: Vec<String>,
    start: usize,
    count: usize,
}

/// Reads the query; `attribute` is the only one a filter may name.
pub(super) fn wish(world: &mut World, call: &Call, attribute: &str) -> Result<Wish, ScimError> {
    let query = query(call)?;
    let number = |name: &str, least: usize, default: usize| match query.get(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= least)
            .ok_or_else(|| ScimError::invalid_value(name, &format!("It must be a number of {least} or more."))),
    };
    let (start, count) = (number("startIndex", 1, 1)?, number("count", 0, MOST)?);
    if count > MOST {
        world.accuse(call, Rule::CountOver100, None, "count is over 100");
        if world.strict {
            return Err(ScimError::invalid_value("count", "It must be 0 to 100."));
        }
    }
    let equals = match query.get("filter") {
        None => None,
        Some(text) => match Equals::parse(text).filter(|filter| filter.attribute == attribute) {
            Some(filter) => Some(filter.value),
            None => {
                world.accuse(call, Rule::UnsupportedFilter, None, "LINE WORKS has no such filter");
                let text = format!("The only filter is {attribute} eq \"…\".");
                return Err(ScimError::bad("invalidFilter", text));
            }
        },
    };
    Ok(Wish { equals, excluded: excluded(&query), start, count: count.min(MOST) })
}

/// The attributes a call does not want in the answer; only `members` matters to anybody.
pub(super) fn excluded_in(call: &Call) -> Result<Vec<String>, ScimError> {
    Ok(excluded(&query(call)?))
}

fn excluded(query: &HashMap<String, String>) -> Vec<String> {
    let text = query.get("excludedAttributes").map(String::as_str).unwrap_or_default();
    text.split(',').map(|name| name.trim().to_owned()).collect()
}

fn query(call: &Call) -> Result<HashMap<String, String>, ScimError> {
    let query = Query::<HashMap<String, String>>::from_query(&call.query);
    query.map(Query::into_inner).map_err(|_| ScimError::bad("invalidValue", "The query cannot be read."))
}

/// The page of `all` that was asked for.
pub(super) fn page(world: &World, wish: &Wish, all: Vec<Value>) -> Reply {
    let total = all.len();
    let resources: Vec<Value> = all.into_iter().skip(wish.start - 1).take(wish.count).collect();
    let key = match world.switches.scim_resources {
        ScimResources::Upper => "Resources",
        ScimResources::Lower => "resources",
    };
    Reply::json(
        200,
        json!({
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": wish.start,
            "itemsPerPage": resources.len(),
            key: resources,
        }),
    )
}
