//! What the sandbox answers: a reply in the making, and the refusals in LINE WORKS' own shape.
//!
//! Rules and operations end in a `Reply` or a `Refusal`; the server alone turns them into HTTP.

use serde_json::{Value, json};

/// An answer before it is written to the wire.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The member the call was about, for the journal.
    pub(crate) member: Option<MemberTag>,
    /// Close the connection instead of answering.
    pub(crate) cut: bool,
}

/// What is in an answer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    Json(Value),
    Text(String),
}

/// How the journal names a member.
#[derive(Debug, Clone)]
pub(crate) struct MemberTag {
    pub(crate) id: String,
    pub(crate) external_key: Option<String>,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self::new(status, Body::Json(value))
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Body::None)
    }

    /// A text that is no JSON.
    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self::new(status, Body::Text(text.to_owned()))
    }

    /// No answer: the connection is closed.
    pub(crate) fn cut() -> Self {
        Self { cut: true, ..Self::empty(0) }
    }

    fn new(status: u16, body: Body) -> Self {
        Self { status, body, headers: Vec::new(), member: None, cut: false }
    }

    /// The same answer with one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same answer, about this member.
    pub(crate) fn about(mut self, member: MemberTag) -> Self {
        self.member = Some(member);
        self
    }
}

/// A request LINE WORKS would not fulfil: `{"code": …, "description": …}`, the only error shape of its REST API.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) description: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into() }
    }

    /// 400 that names a property or a query parameter.
    pub(crate) fn invalid(name: &str, why: &str) -> Self {
        Self::new(400, "INVALID_PARAMETER", format!("{name} is invalid. {why}"))
    }

    /// 400 for a request that makes no sense in the member's state.
    pub(crate) fn bad_request(description: &str) -> Self {
        Self::new(400, "BAD_REQUEST", description)
    }

    /// 401; the text of the one recorded case, or ours.
    pub(crate) fn unauthorized(description: &str) -> Self {
        Self::new(401, "UNAUTHORIZED", description)
    }

    /// The answer to any path the API does not have (recorded against the real service).
    pub(crate) fn no_such_api() -> Self {
        Self::new(404, "NOT_FOUND", "Api not exists")
    }
}

impl From<Refusal> for Reply {
    /// 401 and 403 carry `WWW-Authenticate` as RFC 6750 has it (documented on the error-code page).
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "code": refusal.code, "description": refusal.description });
        challenged(Reply::json(refusal.status, body))
    }
}

/// An error with the challenge that belongs to its status.
pub(crate) fn challenged(reply: Reply) -> Reply {
    let error = match reply.status {
        401 => "invalid_token",
        403 => "insufficient_scope",
        _ => return reply,
    };
    reply.with_header("WWW-Authenticate", format!("Bearer realm=\"www.worksapis.com\", error=\"{error}\""))
}
