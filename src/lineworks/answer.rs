//! What an answer of LINE WORKS means: done, absent, or what to do next. Pure.
//!
//! Three kinds of failure are kept apart: those that surely had no effect (try later, or refused for good), those
//! that may have had one (read first), and those that say the member is not what we thought (read again). Only an
//! answer in LINE WORKS' own words may say that a member does not exist or that a person is refused; a page from
//! something in between never does.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::domain::outcome::{Cause, Reason};
use crate::lineworks::scim::errors;
use crate::lineworks::traps::{self, Next, Trap};
use crate::lineworks::{ApiError, Operation};

/// LINE WORKS' texts may be long; the history keeps this many characters.
const LONGEST_TEXT: usize = 300;
/// A code is a word; anything longer is something else.
const LONGEST_CODE: usize = 64;

/// An answer's body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// Nothing, or white space.
    Empty,
    /// A JSON object.
    Object(Map<String, Value>),
    /// Anything else, also what was too long to read.
    Garbage,
}

impl Body {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        if bytes.trim_ascii().is_empty() {
            return Body::Empty;
        }
        serde_json::from_slice(bytes).map_or(Body::Garbage, Body::Object)
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It is done; the object it came with, if any.
    Done(Option<Map<String, Value>>),
    /// LINE WORKS says there is no such member (reads only).
    Absent,
    /// 401: the access token is not accepted; nothing was done.
    Unauthorized(Reason),
    /// 403: the access token may not do this; nothing was done.
    Forbidden(Reason),
    /// Anything else.
    Failed(ApiError),
}

/// What LINE WORKS said in an error, in any of its shapes: `code`/`description` (docs, error-codes), `message` as in
/// API 1.0, `error`/`error_description` of OAuth, `returnCode`/`returnMessage` (seen in the field), and SCIM's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The code: one word, never a person's data.
    pub(crate) code: Option<String>,
    /// The text, without e-mail addresses.
    pub(crate) text: Option<String>,
    /// It came as `returnCode`, which says only that something went wrong.
    pub(crate) is_return_code: bool,
    /// It came in SCIM's shape, whose 404 has no code.
    pub(crate) is_scim: bool,
}

impl Said {
    pub(crate) fn of(body: &Body) -> Self {
        let Body::Object(object) = body else { return Said::default() };
        let first = |names: &[&str]| names.iter().find_map(|name| word(object.get(*name)?));
        let code = first(&["code", "error", "returnCode", "scimType"]).filter(|code| is_code(code));
        let text = first(&["description", "message", "error_description", "returnMessage", "detail"]);
        let text = text.map(|text| clean(&text));
        let is_return_code = object.contains_key("returnCode") && !object.contains_key("code");
        Said { code, text, is_return_code, is_scim: errors::is_error(object) }
    }

    /// `CODE: text`, or as much of it as there is, or the status.
    pub(crate) fn detail(&self, status: u16) -> String {
        match (&self.code, &self.text) {
            (Some(code), Some(text)) => format!("{code}: {text}"),
            (Some(one), None) | (None, Some(one)) => format!("HTTP {status}, {one}"),
            (None, None) => format!("HTTP {status} without a code of LINE WORKS"),
        }
    }

    /// Whether one of these is in code or text; they are in lower case, with spaces for `_`.
    pub(crate) fn has(&self, parts: &[&str]) -> bool {
        let said = format!("{} {}", self.code.as_deref().unwrap_or_default(), self.text.as_deref().unwrap_or_default());
        let said = said.to_lowercase().replace('_', " ");
        parts.iter().any(|part| said.contains(part))
    }

    fn is_absence(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default().to_ascii_uppercase();
        let other = ["API", "DOMAIN", "TENANT"].iter().any(|resource| code.starts_with(resource));
        (code == "NOT_FOUND" || code.ends_with("_NOT_EXIST") || code.ends_with("_NOT_FOUND")) && !other
    }

    /// Something is there already, in words the table of traps does not know. Which of 409 and 400 LINE WORKS uses is
    /// not documented for members.
    fn is_duplicate(&self) -> bool {
        self.has(&["uniqueness"]) || (self.has(&["exist"]) && !self.has(&["not exist", "n't exist", "nonexist"]))
    }
}

/// Judges an answer to `operation`; `after` is the pause its headers ask for. What LINE WORKS' words mean is in the
/// table of traps; here is what holds without words.
pub(crate) fn judge(operation: Operation, status: u16, body: Body, after: Option<Duration>) -> Verdict {
    let said = Said::of(&body);
    let detail = said.detail(status);
    let refused = |cause| Verdict::Failed(ApiError::Refused(Reason::with(cause, detail.clone())));
    let read_again = |cause| Verdict::Failed(ApiError::ReadAgain(Reason::with(cause, detail.clone())));
    let later = |cause| Verdict::Failed(ApiError::TryLater { reason: Reason::with(cause, detail.clone()), after });
    if let Some(verdict) = placed(operation, status, &said, &detail) {
        return verdict;
    }
    match status {
        200..=299 => return done(operation, status, body, &said),
        407 => return later(Cause::LineWorksUnreachable),
        // A page of something in between says nothing about the member.
        400 | 402..=406 | 409..=428 | 430..=499 if body == Body::Garbage => return later(Cause::LineWorksFailing),
        _ => {}
    }
    if let Some(trap) = traps::of_api(operation, status, &said) {
        return trapped(trap, operation, detail, after);
    }
    match status {
        408 => Verdict::Failed(failing(operation, detail, after)),
        400..=499 if said.is_return_code => Verdict::Failed(failing(operation, detail, after)),
        403 => forbidden(Cause::ScopeMissing, operation, detail),
        404 | 410 if !operation.is_read() => read_again(Cause::LineWorksRefused),
        404 | 410 if operation.lists_by_scim() => later(Cause::LineWorksFailing),
        404 if said.is_absence() => Verdict::Absent,
        404 if operation == Operation::ScimGetUser && (said.is_scim || body == Body::Empty) => Verdict::Absent,
        410 => Verdict::Absent,
        404 if said.code.is_none() => later(Cause::LineWorksFailing),
        400 if operation.sets_names() && said.is_duplicate() => read_again(Cause::LoginTaken),
        400 | 409 if operation.changes_condition() => read_again(Cause::LineWorksRefused),
        400..=499 => refused(Cause::LineWorksRefused),
        _ => Verdict::Failed(failing(operation, detail, after)),
    }
}

/// What the answers about org units, levels, positions, user types and groups mean, where it is not what the same
/// status means for a member; none for all others.
fn placed(operation: Operation, status: u16, said: &Said, detail: &str) -> Option<Verdict> {
    let refused = |cause, detail| Some(Verdict::Failed(ApiError::Refused(Reason::with(cause, detail))));
    if said.is_return_code || said.has(&["api not exist"]) {
        return None;
    }
    let missing = || refused(Cause::PlacementUnknown, format!("the group is not there: {detail}"));
    match (operation, status) {
        // LINE WORKS Directory API, group-member-create: it is in already.
        (Operation::AddGroupMember, 409) => Some(Verdict::Done(None)),
        (Operation::AddGroupMember, 400) if said.has(&["duplicat", "already"]) || said.is_duplicate() => {
            Some(Verdict::Done(None))
        }
        (Operation::AddGroupMember | Operation::RemoveGroupMember, 403) if said.has(&["external", "dynamic"]) => {
            let detail = format!("the API cannot change external and dynamic groups: {detail}");
            refused(Cause::LineWorksRefused, detail)
        }
        // The member was read just before, so what is missing is the group, unless LINE WORKS says otherwise.
        (Operation::AddGroupMember, 404) if said.is_absence() && !said.has(&["user", "member"]) => missing(),
        (Operation::RemoveGroupMember, 404) if said.has(&["group"]) && !said.has(&["user", "member"]) => missing(),
        (Operation::RemoveGroupMember, 404) if said.is_absence() => Some(Verdict::Done(None)),
        _ => None,
    }
}

/// A 403, with the scopes that would do (LINE WORKS docs, the scopes of each operation) where it is not the one for
/// members.
fn forbidden(cause: Cause, operation: Operation, detail: String) -> Verdict {
    let detail = match operation.scopes() {
        Some(scopes) if cause == Cause::ScopeMissing => format!("{detail}; this call needs the scope {scopes}"),
        _ => detail,
    };
    Verdict::Forbidden(Reason::with(cause, detail))
}

/// What a row of the table makes of an answer.
fn trapped(trap: &Trap, operation: Operation, detail: String, after: Option<Duration>) -> Verdict {
    let reason = Reason::with(trap.means, detail);
    match trap.next {
        Next::Later | Next::OtherCredentials | Next::AskAgain | Next::PauseCreates => {
            Verdict::Failed(ApiError::TryLater { reason, after })
        }
        Next::ReadFirst | Next::NameAfter(_) => Verdict::Failed(unclear(operation, reason, after)),
        Next::NewToken => Verdict::Unauthorized(reason),
        Next::NewTokenOrPark => forbidden(trap.means, operation, reason.detail.unwrap_or_default()),
        Next::LookAgain => Verdict::Failed(ApiError::ReadAgain(reason)),
        Next::Park => Verdict::Failed(ApiError::Refused(reason)),
    }
}

/// A fault on the way or on LINE WORKS' side after the request was sent: a read is repeated, a write may have
/// had its effect.
pub(crate) fn failing(operation: Operation, detail: String, after: Option<Duration>) -> ApiError {
    unclear(operation, Reason::with(Cause::LineWorksFailing, detail), after)
}

/// As [`failing`], when no whole answer came.
pub(crate) fn lost(operation: Operation, detail: String) -> ApiError {
    unclear(operation, Reason::with(Cause::LineWorksUnreachable, detail), None)
}

/// A redirection that was not followed: nothing was done.
pub(crate) fn astray(operation: Operation, status: u16, detail: String) -> ApiError {
    let trap = traps::of_api(operation, status, &Said::default());
    let cause = trap.map_or(Cause::LineWorksFailing, |trap| trap.means);
    ApiError::TryLater { reason: Reason::with(cause, detail), after: None }
}

fn unclear(operation: Operation, reason: Reason, after: Option<Duration>) -> ApiError {
    if operation.is_read() { ApiError::TryLater { reason, after } } else { ApiError::Unclear(reason) }
}

fn done(operation: Operation, status: u16, body: Body, said: &Said) -> Verdict {
    match body {
        Body::Object(object) if ["userId", "id"].iter().any(|id| object.contains_key(*id)) => {
            Verdict::Done(Some(object))
        }
        Body::Object(_) if said.code.is_some() || said.is_scim => {
            let cause = traps::of_api(operation, status, said).map_or(Cause::LineWorksFailing, |trap| trap.means);
            Verdict::Failed(unclear(operation, Reason::with(cause, said.detail(status)), None))
        }
        Body::Object(object) => Verdict::Done(Some(object)),
        Body::Empty if !operation.must_show() => Verdict::Done(None),
        Body::Empty => Verdict::Failed(failing(operation, format!("HTTP {status} with an empty body"), None)),
        Body::Garbage => Verdict::Failed(failing(operation, format!("HTTP {status} with an unreadable body"), None)),
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_code(text: &str) -> bool {
    text.len() <= LONGEST_CODE && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// A text of LINE WORKS without e-mail addresses, on one line, at most 300 characters.
pub(crate) fn clean(text: &str) -> String {
    let in_address = |character: char| character.is_alphanumeric() || "@._%+-'*=~".contains(character);
    let mut cleaned = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let end = rest.find(|character| !in_address(character)).unwrap_or(rest.len());
        if end == 0 {
            cleaned.push(if character.is_control() { ' ' } else { character });
            rest = &rest[character.len_utf8()..];
            continue;
        }
        let (run, after) = rest.split_at(end);
        let is_address = run.contains('@') || run.contains("%40");
        cleaned.push_str(if is_address { "[e-mail]" } else { run });
        rest = after;
    }
    cleaned.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
