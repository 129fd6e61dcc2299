//! What Okta's operations answer about people, apps and the System Log.

use std::collections::HashMap;

use serde_json::Value;

use super::directory::{self, App};
use super::error::OktaError;
use super::hooks;
use super::paging;
use super::route::{OktaOperation, Task};
use super::switches::{InactiveAppUsers, NarrowedAnswer, NullMembers};
use super::token;
use crate::sandbox::call::Call;
use crate::sandbox::reply::{Body, Reply};
use crate::sandbox::world::{Shared, World};

/// Bounds of a page of app users (documented: 50, 500).
const USUAL: usize = 50;
const MOST: usize = 500;

/// Does what was asked, now.
pub(crate) fn perform(world: &mut World, _shared: &Shared, call: &Call, task: &Task) -> Reply {
    let reply = match task.operation {
        OktaOperation::Token => return token::answer(world, call),
        OktaOperation::AppGet => app(world, call, task),
        OktaOperation::AppUserList => app_users(world, call, task),
        OktaOperation::AppUserGet => app_user(world, call, task),
        OktaOperation::UserList => users(world, call),
        OktaOperation::UserGet => user(world, call, task),
        OktaOperation::LogList => logs(world, call),
        _ => hooks::perform(world, call, task),
    };
    let mut reply = reply.unwrap_or_else(Reply::from);
    if let (Body::Json(value), NullMembers::Omitted) = (&mut reply.body, world.okta.switches.null_members) {
        directory::without_nulls(value);
    }
    reply
}

pub(super) fn query(call: &Call) -> Result<HashMap<String, String>, OktaError> {
    call.query().map_err(|_| OktaError::validation("query", "the query cannot be read"))
}

/// The app, if it exists and the caller's role sees it.
fn visible<'a>(world: &'a World, id: &str) -> Result<&'a App, OktaError> {
    let okta = &world.okta;
    let missing = || OktaError::not_found(&format!("{id} (AppInstance)"));
    if !okta.access.role.sees(id) {
        return Err(out_of_reach(world, missing()));
    }
    okta.directory.apps.get(id).ok_or_else(missing)
}

/// What is said of somebody or something the caller's role does not see: as if it were not there, or that it may not.
fn out_of_reach(world: &World, missing: OktaError) -> OktaError {
    match world.okta.switches.narrowed_answer {
        NarrowedAnswer::NotFound => missing,
        NarrowedAnswer::Forbidden => OktaError::forbidden(),
    }
}

fn app(world: &World, call: &Call, task: &Task) -> Result<Reply, OktaError> {
    Ok(Reply::json(200, visible(world, task.name(0))?.to_json(&paging::base(call))))
}

/// What `expand` asks for.
fn expands(query: &HashMap<String, String>) -> Result<bool, OktaError> {
    match query.get("expand").map(String::as_str) {
        None => Ok(false),
        Some("user") => Ok(true),
        Some(_) => Err(OktaError::validation("expand", "expand: user")),
    }
}

fn hides_users(world: &World, app: &App) -> bool {
    !app.active && world.okta.switches.inactive_app_users == InactiveAppUsers::Hidden
}

fn app_user(world: &World, call: &Call, task: &Task) -> Result<Reply, OktaError> {
    let expands = expands(&query(call)?)?;
    let app = visible(world, task.name(0))?;
    let missing = || OktaError::not_found(&format!("{} (AppUser)", task.name(1)));
    if !world.okta.access.role.sees_person(task.name(1)) {
        return Err(out_of_reach(world, missing()));
    }
    let app_user = app.users.get(task.name(1)).filter(|_| !hides_users(world, app)).ok_or_else(missing)?;
    let user = world.okta.directory.users.get(&app_user.user_id).filter(|_| expands);
    Ok(Reply::json(200, app_user.to_json(&paging::base(call), &app.id, user)))
}

fn app_users(world: &World, call: &Call, task: &Task) -> Result<Reply, OktaError> {
    let query = query(call)?;
    let limit = paging::limit(&query, USUAL, MOST)?;
    let after = paging::read_after(&query)?;
    let expands = expands(&query)?;
    let app = visible(world, task.name(0))?;
    let wanted = query.get("q").map(|q| q.to_lowercase());
    let base = paging::base(call);
    let mut page: Vec<Value> = Vec::new();
    let (mut last, mut more) = (None, false);
    let role = &world.okta.access.role;
    let is_listed = |it: &&directory::AppUser| !hides_users(world, app) && role.sees_person(&it.user_id);
    for app_user in app.users.values().filter(is_listed) {
        let user = world.okta.directory.users.get(&app_user.user_id);
        let names = ["firstName", "lastName"].map(|name| {
            let text = user.and_then(|user| user.profile.get(name)).and_then(Value::as_str).unwrap_or_default();
            text.to_lowercase()
        });
        let begins = |q: &String| {
            app_user.user_name.to_lowercase().starts_with(q) || names.iter().any(|name| name.starts_with(q))
        };
        let is_shown = after.as_ref().is_some_and(|after| app_user.user_id <= *after);
        if is_shown || !wanted.as_ref().is_none_or(begins) {
            continue;
        }
        if page.len() == limit {
            more = true;
            break;
        }
        last = Some(&app_user.user_id);
        page.push(app_user.to_json(&base, &app.id, user.filter(|_| expands)));
    }
    let next = last.filter(|_| more).map(|id| paging::after(id));
    let reply = Reply::json(200, Value::Array(page));
    Ok(paging::with_links(reply, call, &world.okta.switches, next.as_deref()))
}

/// The one user with a login: of the filters Okta documents only this one is served, `profile.login eq "…"`.
fn users(world: &World, call: &Call) -> Result<Reply, OktaError> {
    let query = query(call)?;
    let filter = query.get("filter").map(String::as_str).unwrap_or_default();
    let quoted = filter.strip_prefix("profile.login eq \"").and_then(|rest| rest.strip_suffix('"'));
    let login = quoted.ok_or_else(|| OktaError::filter("filter: only profile.login eq is served here"))?;
    let login = login.replace("\\\"", "\"").replace("\\\\", "\\");
    let is_it = |user: &&directory::User| user.profile.get("login").and_then(Value::as_str) == Some(login.as_str());
    let found = world.okta.directory.users.values().find(is_it);
    let found = found.filter(|user| world.okta.access.role.sees_person(&user.id));
    let list = found.into_iter().map(|user| user.to_json(&paging::base(call))).collect();
    Ok(paging::with_links(Reply::json(200, Value::Array(list)), call, &world.okta.switches, None))
}

fn user(world: &World, call: &Call, task: &Task) -> Result<Reply, OktaError> {
    let found = world.okta.directory.user(task.name(0));
    let missing = || OktaError::not_found(&format!("{} (User)", task.name(0)));
    let id = found.map_or(task.name(0), |user| user.id.as_str());
    if !world.okta.access.role.sees_person(id) {
        return Err(out_of_reach(world, missing()));
    }
    let user = found.ok_or_else(missing)?;
    Ok(Reply::json(200, user.to_json(&paging::base(call))))
}

fn logs(world: &World, call: &Call) -> Result<Reply, OktaError> {
    let okta = &world.okta;
    let role = &okta.access.role;
    let now = world.clock.now();
    let page = okta.log.page(&query(call)?, now, okta.switches.log_cursor_life_seconds, |event| {
        event.apps().all(|app| role.sees(app))
    })?;
    let reply = Reply::json(200, Value::Array(page.events));
    Ok(paging::with_links(reply, call, &okta.switches, page.next.as_deref()))
}
