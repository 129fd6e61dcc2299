//! The filter of an event hook, in the one form a careful hook uses:
//! `event.target.?[type eq 'AppInstance' && id eq '0oa…'].size()>0`.
//!
//! One projection, so that one target has to meet every condition. Anything else is refused here; the real language is
//! larger.

use serde_json::Value;

use super::event::Event;

const FIELDS: [&str; 4] = ["id", "type", "alternateId", "displayName"];

/// What one of the targets must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    field: String,
    equal: bool,
    value: String,
}

impl Expression {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix("event.target.?[")?;
        let (inner, rest) = inner.split_once(']')?;
        if rest.replace(' ', "") != ".size()>0" {
            return None;
        }
        inner.split("&&").map(condition).collect::<Option<Vec<_>>>().map(Self)
    }

    pub(super) fn passes(&self, event: &Event) -> bool {
        let meets = |target: &Value| {
            self.0.iter().all(|it| (target[it.field.as_str()].as_str() == Some(it.value.as_str())) == it.equal)
        };
        event.draft.targets.iter().flatten().any(meets)
    }
}

fn condition(text: &str) -> Option<Condition> {
    let mut parts = text.trim().splitn(3, ' ');
    let (field, operator, value) = (parts.next()?, parts.next()?, parts.next()?.trim());
    let equal = match operator {
        "eq" => true,
        "ne" => false,
        _ => return None,
    };
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (FIELDS.contains(&field) && !value.contains('\'')).then(|| Condition {
        field: field.to_owned(),
        equal,
        value: value.to_owned(),
    })
}
