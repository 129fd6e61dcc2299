//! PATCH: operations applied one after the other to what the resource looks like, all of them or none.
//!
//! The outcome is read like the body of a PUT, so that every rule is kept in one place. Semantics of RFC 7644, section
//! 3.5.2; the vendor's pages add only that the order counts and that it is all or nothing.

use serde_json::{Map, Value, json};

use super::path::Path;
use super::reply::{ScimError, body_of};
use crate::sandbox::call::Call;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The attributes a resource has, as far as a PATCH must know them.
pub(super) struct Shape {
    pub(super) simple: &'static [&'static str],
    pub(super) complex: &'static [(&'static str, &'static [&'static str])],
    pub(super) lists: &'static [&'static str],
    /// What an item of a list can have.
    pub(super) item: &'static [&'static str],
    /// Items of a list can be changed one by one, not only added and removed.
    pub(super) items_change: bool,
    /// Nobody can remove these.
    pub(super) required: &'static [&'static str],
    pub(super) read_only: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

type Document = Map<String, Value>;

/// Applies a PATCH's body to `document`; `lenient` is the switch `scimLenientPatch`.
pub(super) fn apply(call: &Call, document: &mut Document, shape: &Shape, lenient: bool) -> Result<(), ScimError> {
    let body = body_of(call, PATCH_OP)?;
    let operations = body.get("Operations").and_then(Value::as_array).filter(|all| !all.is_empty());
    let operations =
        operations.ok_or_else(|| ScimError::bad("invalidSyntax", "Operations must be a list with items."))?;
    for operation in operations {
        let op = read_op(operation, lenient)?;
        let value = operation.get("value");
        if value.is_none() && op != Op::Remove {
            return Err(ScimError::invalid_value("value", "It is required."));
        }
        match operation.get("path") {
            None => without_path(op, value, document, shape, lenient)?,
            Some(path) => {
                let path = path.as_str().and_then(Path::parse).ok_or_else(|| invalid_path(path))?;
                one(op, &path, value, document, shape, lenient)?;
            }
        }
    }
    Ok(())
}

fn invalid_path(path: impl std::fmt::Display) -> ScimError {
    ScimError::bad("invalidPath", format!("The path {path} is not supported."))
}

fn read_op(operation: &Value, lenient: bool) -> Result<Op, ScimError> {
    let op = operation["op"].as_str().unwrap_or_default();
    let op = if lenient { op.to_lowercase() } else { op.to_owned() };
    match op.as_str() {
        "add" => Ok(Op::Add),
        "replace" => Ok(Op::Replace),
        "remove" => Ok(Op::Remove),
        _ => Err(ScimError::bad("invalidSyntax", "op must be add, replace or remove.")),
    }
}

/// Attributes in an object instead of a path. What cannot be set is passed over, as in a PUT.
fn without_path(
    op: Op,
    value: Option<&Value>,
    document: &mut Document,
    shape: &Shape,
    lenient: bool,
) -> Result<(), ScimError> {
    if op == Op::Remove {
        return Err(ScimError::bad("noTarget", "A remove needs a path."));
    }
    if !lenient {
        return Err(ScimError::bad("invalidPath", "An operation needs a path."));
    }
    let Some(values) = value.and_then(Value::as_object) else {
        return Err(ScimError::invalid_value("value", "Without a path it must be an object."));
    };
    for (name, value) in values {
        if let Some(path) = Path::parse(name)
            && shape.has(&path.attribute)
        {
            one(op, &path, Some(value), document, shape, lenient)?;
        }
    }
    Ok(())
}

impl Shape {
    fn has(&self, name: &str) -> bool {
        self.simple.contains(&name) || self.lists.contains(&name) || self.parts(name).is_some()
    }

    fn parts(&self, name: &str) -> Option<&'static [&'static str]> {
        self.complex.iter().find(|(complex, _)| *complex == name).map(|(_, parts)| *parts)
    }
}

/// One attribute, named by its path.
fn one(
    op: Op,
    path: &Path,
    value: Option<&Value>,
    document: &mut Document,
    shape: &Shape,
    lenient: bool,
) -> Result<(), ScimError> {
    let name = path.attribute.as_str();
    let whole = path.filter.is_none() && path.sub.is_none();
    if shape.read_only.contains(&name) {
        return Err(ScimError::bad("mutability", format!("{name} is read-only.")));
    }
    if op == Op::Remove && whole && shape.required.contains(&name) {
        return Err(ScimError::bad("mutability", format!("{name} cannot be removed.")));
    }
    let value = value.cloned().unwrap_or_default();
    if shape.simple.contains(&name) && whole {
        set(op, name, value, document);
        return Ok(());
    }
    if shape.lists.contains(&name) {
        let items = document.entry(name).or_insert_with(|| json!([]));
        let Some(items) = items.as_array_mut() else {
            return Err(ScimError::invalid_value(name, "It must be a list."));
        };
        return match path.filter {
            None if path.sub.is_none() => list(op, name, value, items, lenient),
            None => Err(invalid_path(name)),
            Some(_) => matching(op, path, value, items, shape),
        };
    }
    match (shape.parts(name), &path.sub, &path.filter) {
        (Some(parts), sub, None) => complex(op, name, parts, sub.as_deref(), value, document),
        _ => Err(invalid_path(name)),
    }
}

fn set(op: Op, name: &str, value: Value, document: &mut Document) {
    if op == Op::Remove {
        document.remove(name);
    } else {
        document.insert(name.to_owned(), value);
    }
}

/// An attribute with parts; those that are not given stay.
fn complex(
    op: Op,
    name: &str,
    parts: &[&str],
    sub: Option<&str>,
    value: Value,
    document: &mut Document,
) -> Result<(), ScimError> {
    let object = document.entry(name).or_insert_with(|| json!({}));
    let Some(object) = object.as_object_mut() else {
        return Err(ScimError::invalid_value(name, "It must be an object."));
    };
    match (sub, value) {
        (Some(sub), value) if parts.contains(&sub) => set(op, sub, value, object),
        (None, Value::Object(given)) => object.extend(given),
        (None, _) => return Err(ScimError::invalid_value(name, "It must be an object.")),
        (Some(sub), _) => return Err(invalid_path(format!("{name}.{sub}"))),
    }
    Ok(())
}

/// A whole list.
fn list(op: Op, name: &str, value: Value, items: &mut Vec<Value>, lenient: bool) -> Result<(), ScimError> {
    let given = match value {
        Value::Array(given) => given,
        Value::Null => Vec::new(),
        single => vec![single],
    };
    if given.iter().any(|item| !item.is_object()) {
        return Err(ScimError::invalid_value(name, "Its items must be objects."));
    }
    match op {
        Op::Replace => *items = given,
        Op::Add => {
            for item in given {
                items.retain(|old| !is_same(name, old, &item));
                items.push(item);
            }
        }
        // By RFC 7644 a remove takes the whole list; Entra ID names the items to remove in the value.
        Op::Remove if lenient && !given.is_empty() => {
            items.retain(|old| !given.iter().any(|item| is_same(name, old, item)));
        }
        Op::Remove => items.clear(),
    }
    Ok(())
}

/// True for two items that cannot be in one list: a member has one number of each type, a group each member once.
fn is_same(name: &str, one: &Value, other: &Value) -> bool {
    match name {
        "members" => one["value"] == other["value"],
        _ if one["type"] == "alias" => one["type"] == other["type"] && one["value"] == other["value"],
        _ => one["type"] == other["type"],
    }
}

/// The items of a list that a filter finds.
fn matching(op: Op, path: &Path, value: Value, items: &mut Vec<Value>, shape: &Shape) -> Result<(), ScimError> {
    let name = path.attribute.as_str();
    let filter = path.filter.as_ref().filter(|filter| ["type", "value"].contains(&filter.attribute.as_str()));
    let known = path.sub.as_ref().is_none_or(|sub| shape.item.contains(&sub.as_str()));
    let Some(filter) = filter.filter(|_| known && (shape.items_change || (op == Op::Remove && path.sub.is_none())))
    else {
        return Err(invalid_path(format!("{name}[…]")));
    };
    let fits = |item: &Value| item[filter.attribute.as_str()] == filter.value.as_str();
    if op == Op::Remove && path.sub.is_none() {
        items.retain(|item| !fits(item));
        return Ok(());
    }
    if op == Op::Replace && !items.iter().any(fits) {
        return Err(ScimError::bad("noTarget", format!("{name} has no such item.")));
    }
    if op == Op::Add && !items.iter().any(fits) {
        items.push(json!({ filter.attribute.as_str(): filter.value }));
    }
    for item in items.iter_mut().filter(|item| fits(item)) {
        let Some(item) = item.as_object_mut() else { continue };
        match (&path.sub, &value) {
            (Some(sub), value) => set(op, sub, value.clone(), item),
            (None, Value::Object(given)) => item.extend(given.clone()),
            (None, _) => return Err(ScimError::invalid_value(name, "An item must be an object.")),
        }
    }
    Ok(())
}
