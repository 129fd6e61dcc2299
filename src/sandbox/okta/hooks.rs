//! The event-hook API: create, list, get, replace, delete, verify, activate, deactivate.

use jiff::Timestamp;
use serde_json::Value;

use super::error::OktaError;
use super::hook::Hook;
use super::ids;
use super::org::Org;
use super::paging;
use super::route::{OktaOperation, Task};
use crate::sandbox::call::Call;
use crate::sandbox::reply::Reply;
use crate::sandbox::world::World;

/// Active, verified hooks of one org (documented).
const MOST_ACTIVE: usize = 25;

fn missing(id: &str) -> OktaError {
    OktaError::not_found(&format!("{id} (EventHook)"))
}

/// Does what was asked, now.
pub(super) fn perform(world: &mut World, call: &Call, task: &Task) -> Result<Reply, OktaError> {
    let now = world.clock.now();
    let base = paging::base(call);
    let okta = &mut world.okta;
    let id = task.name(0);
    let shown = match task.operation {
        OktaOperation::HookCreate => create(okta, call, now)?,
        OktaOperation::HookList => {
            let hooks: Vec<Value> = okta.hooks.values().map(|hook| hook.to_json(&base)).collect();
            return Ok(paging::with_links(Reply::json(200, Value::Array(hooks)), call, &okta.switches, None));
        }
        OktaOperation::HookGet => id.to_owned(),
        OktaOperation::HookReplace => {
            let old = okta.hooks.get(id).ok_or_else(|| missing(id))?;
            let new = Hook::read(&call.body, id.to_owned(), Some(old), now)?;
            okta.hooks.insert(id.to_owned(), new);
            id.to_owned()
        }
        OktaOperation::HookDelete => {
            let hook = okta.hooks.get(id).ok_or_else(|| missing(id))?;
            if hook.active {
                return Err(OktaError::validation("eventHook", "only an INACTIVE hook can be deleted"));
            }
            okta.hooks.remove(id);
            return Ok(Reply::empty(204));
        }
        _ => {
            change(okta, task, id, now)?;
            id.to_owned()
        }
    };
    let hook = okta.hooks.get(&shown).ok_or_else(|| missing(&shown))?;
    Ok(Reply::json(200, hook.to_json(&base)))
}

fn create(okta: &mut Org, call: &Call, now: Timestamp) -> Result<String, OktaError> {
    let hook = Hook::read(&call.body, ids::new(ids::HOOK), None, now)?;
    if okta.hooks.values().any(|other| other.name == hook.name) {
        return Err(OktaError::validation("eventHook", "name: another hook has this name"));
    }
    let id = hook.id.clone();
    okta.hooks.insert(id.clone(), hook);
    Ok(id)
}

fn change(okta: &mut Org, task: &Task, id: &str, now: Timestamp) -> Result<(), OktaError> {
    let others = okta.hooks.values().filter(|hook| hook.id != id && hook.active && hook.verified).count();
    let hook = okta.hooks.get_mut(id).ok_or_else(|| missing(id))?;
    hook.updated = now;
    match task.operation {
        OktaOperation::HookVerify => {
            if task.verified.get() != Some(&true) {
                let cause = "the hook did not answer the verification as it must";
                return Err(OktaError::validation("eventHook", cause));
            }
            hook.verified = true;
        }
        OktaOperation::HookActivate if others >= MOST_ACTIVE => {
            return Err(OktaError::validation("eventHook", "an org has at most 25 active, verified hooks"));
        }
        OktaOperation::HookActivate => hook.active = true,
        _ => hook.active = false,
    }
    Ok(())
}
