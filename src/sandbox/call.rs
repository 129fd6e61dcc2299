//! A request as it arrived, before anybody knows what it is after.
//!
//! The path stays undecoded: how a client encodes it is one of the things the sandbox looks at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{Bytes, Query};
use serde_json::{Map, Value};

use super::records::Rule;
use super::reply::Refusal;

/// Marks a request that comes by way of our 307.
pub(crate) const REDIRECTED: &str = "_sandboxRedirected=1";

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// As sent, not decoded.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: String,
    /// It came by HTTPS.
    pub(crate) secure: bool,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: String,
    /// All headers, by their names in small letters; of several of one name the last.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Bytes,
    /// The rules it broke so far.
    pub(crate) broken: Arc<Mutex<Vec<Rule>>>,
}

impl Call {
    /// Keeps a rule that this call broke, for the journal.
    pub(crate) fn breaks(&self, rule: Rule) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if !broken.contains(&rule) {
            broken.push(rule);
        }
    }

    /// The rules it broke, in order.
    pub(crate) fn broken(&self) -> Vec<Rule> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The parts of the query.
    pub(crate) fn query(&self) -> Result<HashMap<String, String>, Refusal> {
        Query::<HashMap<String, String>>::from_query(&self.query)
            .map(Query::into_inner)
            .map_err(|_| Refusal::bad_request("The query cannot be read."))
    }

    /// The body as a JSON object.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, Refusal> {
        if !self.content_type.starts_with("application/json") {
            return Err(Refusal::bad_request("The content type must be application/json."));
        }
        serde_json::from_slice(&self.body).map_err(|_| Refusal::bad_request("The body is not a JSON object."))
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> Option<HashMap<String, String>> {
        if !self.content_type.starts_with("application/x-www-form-urlencoded") {
            return None;
        }
        let text = std::str::from_utf8(&self.body).ok()?;
        let pairs = Query::<Vec<(String, String)>>::from_query(text).ok()?.into_inner();
        let count = pairs.len();
        let form: HashMap<_, _> = pairs.into_iter().collect();
        (form.len() == count).then_some(form)
    }

    /// True if it comes by way of our 307.
    pub(crate) fn is_redirected(&self) -> bool {
        self.query.split('&').any(|part| part == REDIRECTED)
    }
}
