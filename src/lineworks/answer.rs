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
use crate::lineworks::{ApiError, Operation};

/// LINE WORKS' texts may be long; the history keeps this many characters.
const LONGEST_TEXT: usize = 300;
/// How a text may name the seats of a contract.
const SEATS: [&str; 9] = [
    "seat",
    "licence",
    "license",
    "number of users",
    "number of members",
    "max users",
    "maximum users",
    "利用人数",
    "ライセンス",
];
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

    fn has(&self, parts: &[&str]) -> bool {
        let said = format!("{} {}", self.code.as_deref().unwrap_or_default(), self.text.as_deref().unwrap_or_default());
        let said = said.to_lowercase().replace('_', " ");
        parts.iter().any(|part| said.contains(part))
    }

    /// The path is wrong, not the member absent ("Api not exists", field report).
    fn is_wrong_path(&self) -> bool {
        self.has(&["api not exist"])
    }

    fn is_absence(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default().to_ascii_uppercase();
        let other = ["API", "DOMAIN", "TENANT"].iter().any(|resource| code.starts_with(resource));
        (code == "NOT_FOUND" || code.ends_with("_NOT_EXIST") || code.ends_with("_NOT_FOUND")) && !other
    }

    /// Every seat of the contract is taken. Neither the code nor the text is documented for members, so any word for a
    /// seat counts, and so does the only code for "too many" on a call that creates one member.
    fn is_no_seat(&self, status: u16) -> bool {
        let too_many = status == 403 && self.code.as_deref() == Some("LIMIT_EXCEEDED");
        too_many || (matches!(status, 400 | 402 | 403 | 409) && self.has(&SEATS))
    }

    /// Something is there already. Which of 409 and 400 LINE WORKS uses is not documented for members; API 1.0 said
    /// "email is duplicated email.(…)" with 400.
    fn is_duplicate(&self) -> bool {
        self.has(&["duplicat", "already", "uniqueness"])
            || (self.has(&["exist"]) && !self.has(&["not exist", "n't exist", "nonexist"]))
    }
}

/// Judges an answer to `operation`; `after` is the pause its headers ask for.
pub(crate) fn judge(operation: Operation, status: u16, body: Body, after: Option<Duration>) -> Verdict {
    let said = Said::of(&body);
    let detail = said.detail(status);
    let refused = |cause| Verdict::Failed(ApiError::Refused(Reason::with(cause, detail.clone())));
    let read_again = |cause| Verdict::Failed(ApiError::ReadAgain(Reason::with(cause, detail.clone())));
    let later = |cause| Verdict::Failed(ApiError::TryLater { reason: Reason::with(cause, detail.clone()), after });
    match status {
        200..=299 => done(operation, status, body, &said),
        401 => Verdict::Unauthorized(Reason::with(Cause::TokenRejected, detail)),
        407 => later(Cause::LineWorksUnreachable),
        429 => later(Cause::RateLimited),
        408 | 500.. => Verdict::Failed(failing(operation, detail, after)),
        _ if operation.creates_a_member() && said.is_no_seat(status) => later(Cause::NoSeatLeft),
        400..=499 if said.is_return_code => Verdict::Failed(failing(operation, detail, after)),
        400..=499 if body == Body::Garbage => later(Cause::LineWorksFailing),
        403 if matches!(said.code.as_deref(), Some("LIMIT_EXCEEDED" | "OUT_OF_RANGE")) => {
            refused(Cause::LineWorksRefused)
        }
        403 => Verdict::Forbidden(Reason::with(Cause::ScopeMissing, detail)),
        404 if said.is_wrong_path() => refused(Cause::LineWorksRefused),
        404 | 410 if !operation.is_read() => read_again(Cause::LineWorksRefused),
        404 | 410 if operation.lists_by_scim() => later(Cause::LineWorksFailing),
        404 if said.is_absence() => Verdict::Absent,
        404 if operation == Operation::ScimGetUser && (said.is_scim || body == Body::Empty) => Verdict::Absent,
        410 => Verdict::Absent,
        404 if said.code.is_none() => later(Cause::LineWorksFailing),
        409 if operation.sets_names() => read_again(Cause::LoginTaken),
        400 if operation.sets_names() && said.is_duplicate() => read_again(Cause::LoginTaken),
        400 | 409 if operation.changes_condition() => read_again(Cause::LineWorksRefused),
        400..=499 => refused(Cause::LineWorksRefused),
        _ => Verdict::Failed(failing(operation, detail, after)),
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

fn unclear(operation: Operation, reason: Reason, after: Option<Duration>) -> ApiError {
    if operation.is_read() { ApiError::TryLater { reason, after } } else { ApiError::Unclear(reason) }
}

fn done(operation: Operation, status: u16, body: Body, said: &Said) -> Verdict {
    match body {
        Body::Object(object) if ["userId", "id"].iter().any(|id| object.contains_key(*id)) => {
            Verdict::Done(Some(object))
        }
        Body::Object(_) if said.code.is_some() || said.is_scim => {
            Verdict::Failed(failing(operation, said.detail(status), None))
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
