//! People, apps, assignments and groups by hand, as an administrator changes them in the Admin Console.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::change::Assigning;
use super::control::{body_or_default, unknown};
use super::directory::{App, Group};
use super::org::Org;
use super::paging;
use crate::sandbox::call::Call;
use crate::sandbox::control::{ControlError, body};
use crate::sandbox::reply::Reply;
use crate::sandbox::world::World;

fn refused(text: impl Into<String>) -> ControlError {
    let text = text.into();
    ControlError::new(if text.starts_with("there is no") { 404 } else { 409 }, text)
}

/// Answers a request about `users`, `apps` or `groups`.
pub(super) fn handle(world: &mut World, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
    let now = world.clock.now();
    let base = paging::base(call);
    let okta = &mut world.okta;
    let mut status = 200;
    let value = match (call.method.as_str(), parts) {
        ("GET", ["users"]) => okta.directory.users.values().map(|user| user.to_json(&base)).collect(),
        ("POST", ["users"]) => {
            status = 201;
            let given: Value = body(call)?;
            match given {
                Value::Array(list) => {
                    let made: Result<Vec<_>, _> = list.into_iter().map(|one| add(okta, now, &base, one)).collect();
                    Value::Array(made?)
                }
                one => add(okta, now, &base, one)?,
            }
        }
        (method, ["users", user]) => {
            let id = user_id(okta, user)?;
            match method {
                "GET" => {}
                "PATCH" => {
                    let Profile { profile } = body(call)?;
                    okta.change_user(now, &id, profile).map_err(refused)?;
                }
                "DELETE" => {
                    okta.delete_user(now, &id).map_err(refused)?;
                    return Ok(Reply::json(200, json!({})));
                }
                _ => return Err(unknown(call, "users/{user}")),
            }
            show_user(okta, &base, &id)
        }
        ("POST", ["users", user, what]) => {
            let id = user_id(okta, user)?;
            match *what {
                "suspend" => okta.suspend(now, &id),
                "unsuspend" => okta.unsuspend(now, &id),
                "deactivate" => okta.deactivate(now, &id),
                "reactivate" => okta.reactivate(now, &id),
                _ => return Err(unknown(call, "users/{user}/{what}")),
            }
            .map_err(refused)?;
            show_user(okta, &base, &id)
        }
        ("GET", ["apps"]) => okta.directory.apps.values().map(|app| app.to_json(&base)).collect(),
        ("POST", ["apps"]) => {
            let NewApp { id, label } = body(call)?;
            let id = okta.create_app(now, id, label.unwrap_or_else(|| "Another app".to_owned())).map_err(refused)?;
            status = 201;
            app(okta, &id)?.to_json(&base)
        }
        ("GET", ["apps", id]) => app(okta, id)?.to_json(&base),
        ("DELETE", ["apps", id]) => {
            okta.delete_app(now, id).map_err(refused)?;
            json!({})
        }
        ("POST", ["apps", id, what @ ("activate" | "deactivate")]) => {
            okta.set_app_active(now, id, *what == "activate").map_err(refused)?;
            app(okta, id)?.to_json(&base)
        }
        (_, ["apps", id, "users", rest @ ..]) => return assignments(okta, call, now, id, rest),
        ("POST", ["apps", id, "groups"]) => {
            let Named { group, .. } = body(call)?;
            okta.give_app_to_group(now, id, &group.unwrap_or_default()).map_err(refused)?;
            json!({ "groups": app(okta, id)?.groups })
        }
        ("DELETE", ["apps", id, "groups", group]) => {
            okta.take_app_from_group(now, id, group).map_err(refused)?;
            json!({ "groups": app(okta, id)?.groups })
        }
        (_, ["groups", rest @ ..]) => return groups(okta, call, now, rest),
        _ => return Err(unknown(call, &parts.join("/"))),
    };
    Ok(Reply::json(status, value))
}

fn user_id(okta: &Org, name: &str) -> Result<String, ControlError> {
    let user = okta.directory.user(name).map(|user| user.id.clone());
    user.ok_or_else(|| refused(format!("there is no user '{name}'")))
}

fn show_user(okta: &Org, base: &str, id: &str) -> Value {
    okta.directory.users.get(id).map_or(Value::Null, |user| user.to_json(base))
}

fn app<'a>(okta: &'a Org, id: &str) -> Result<&'a App, ControlError> {
    okta.directory.apps.get(id).ok_or_else(|| refused(format!("there is no app '{id}'")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    profile: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApp {
    id: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    user: Option<String>,
    group: Option<String>,
}

/// A person to be made, and assigned at once if it is said.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewUser {
    id: Option<String>,
    login: Option<String>,
    #[serde(default)]
    profile: Map<String, Value>,
    status: Option<String>,
    assign: Option<NewAssignment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewAssignment {
    app: Option<String>,
    user: Option<String>,
    user_name: Option<String>,
    profile: Option<Map<String, Value>>,
    status: Option<String>,
}

fn add(okta: &mut Org, now: Timestamp, base: &str, given: Value) -> Result<Value, ControlError> {
    let new: NewUser = serde_json::from_value(given)
        .map_err(|error| ControlError::new(400, format!("the user cannot be used: {error}")))?;
    let mut profile = new.profile;
    if let Some(login) = new.login {
        profile.entry("email").or_insert_with(|| json!(login));
        profile.insert("login".to_owned(), json!(login));
    }
    let id = okta.create_user(now, new.id, profile, new.status).map_err(refused)?;
    if let Some(assign) = new.assign {
        let app = assign.app.unwrap_or_else(|| "0oaSANDBOX".to_owned());
        let asked = Assigning { user_name: assign.user_name, profile: assign.profile, status: assign.status };
        okta.assign(now, &app, &id, asked).map_err(refused)?;
    }
    Ok(show_user(okta, base, &id))
}

fn assignments(okta: &mut Org, call: &Call, now: Timestamp, id: &str, rest: &[&str]) -> Result<Reply, ControlError> {
    let base = paging::base(call);
    let show = |okta: &Org, user: &str| {
        let app_user = okta.directory.apps.get(id).and_then(|app| app.users.get(user));
        app_user.map(|it| it.to_json(&base, id, None)).ok_or_else(|| refused("there is no such assignment"))
    };
    let value = match (call.method.as_str(), rest) {
        ("GET", []) => app(okta, id)?.users.values().map(|it| it.to_json(&base, id, None)).collect(),
        ("POST", []) => {
            let given: NewAssignment = body(call)?;
            let user = user_id(okta, &given.user.unwrap_or_default())?;
            let asked = Assigning { user_name: given.user_name, profile: given.profile, status: given.status };
            okta.assign(now, id, &user, asked).map_err(refused)?;
            return Ok(Reply::json(201, show(okta, &user)?));
        }
        ("GET", [user]) => show(okta, &user_id(okta, user)?)?,
        ("PATCH", [user]) => {
            let user = user_id(okta, user)?;
            let asked: Assigning = body_or_default(call)?;
            okta.change_app_user(now, id, &user, asked).map_err(refused)?;
            show(okta, &user)?
        }
        ("DELETE", [user]) => {
            let user = user_id(okta, user)?;
            okta.unassign(now, id, &user).map_err(refused)?;
            json!({})
        }
        _ => return Err(unknown(call, "apps/{app}/users")),
    };
    Ok(Reply::json(200, value))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewGroup {
    id: Option<String>,
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

fn show_group(okta: &Org, id: &str) -> Result<Value, ControlError> {
    let show = |group: &Group| json!({ "id": group.id, "name": group.name, "members": group.members });
    okta.directory.groups.get(id).map(show).ok_or_else(|| refused(format!("there is no group '{id}'")))
}

fn groups(okta: &mut Org, call: &Call, now: Timestamp, rest: &[&str]) -> Result<Reply, ControlError> {
    let value = match (call.method.as_str(), rest) {
        ("GET", []) => {
            let ids: Vec<String> = okta.directory.groups.keys().cloned().collect();
            Value::Array(ids.iter().map(|id| show_group(okta, id)).collect::<Result<_, _>>()?)
        }
        ("POST", []) => {
            let NewGroup { id, name, members } = body(call)?;
            let members: Result<Vec<_>, _> = members.iter().map(|user| user_id(okta, user)).collect();
            let id = okta.create_group(now, id, name, members?).map_err(refused)?;
            return Ok(Reply::json(201, show_group(okta, &id)?));
        }
        ("GET", [id]) => show_group(okta, id)?,
        ("DELETE", [id]) => {
            okta.delete_group(now, id).map_err(refused)?;
            json!({})
        }
        ("POST", [id, "members"]) => {
            let Named { user, .. } = body(call)?;
            let user = user_id(okta, &user.unwrap_or_default())?;
            okta.join_group(now, id, &user).map_err(refused)?;
            show_group(okta, id)?
        }
        ("DELETE", [id, "members", user]) => {
            let user = user_id(okta, user)?;
            okta.leave_group(now, id, &user).map_err(refused)?;
            show_group(okta, id)?
        }
        _ => return Err(unknown(call, "groups")),
    };
    Ok(Reply::json(200, value))
}
