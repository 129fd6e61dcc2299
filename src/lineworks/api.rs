//! The one place that sends a request to LINE WORKS' APIs.
//!
//! A call has its token first, then passes the gate (so that the gate's lease covers exactly the call and an intent
//! is never recorded for a call that could not start), then goes out. The answer is judged in `answer`; here it is
//! decided only whether one more try with another token is due. Bodies, tokens and people's data are never logged.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::outcome::Reason;
use crate::lineworks::answer::{self, Body, Said, Verdict};
use crate::lineworks::bearer::{Bearer, Bearers};
use crate::lineworks::{ApiError, CallRecord, Gate, Operation, address, limits};

/// More of an answer than this is not read: a member is some kilobytes.
const LONGEST_BODY: usize = 1024 * 1024;
/// LINE WORKS redirects once, to the member's instance; more than this is a loop.
const MOST_REDIRECTS: usize = 3;
/// The host answers or is down; no call waits its whole time-out for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Firewalls forget idle connections; this keeps the pool honest.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// The HTTP client for LINE WORKS: no redirects (they are followed by hand), the system's trust store and proxy.
///
/// # Errors
/// The system has no usable trust store.
///
/// # Panics
/// No rustls crypto provider is installed; `main` installs it first of all.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("okta-lineworks/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(TCP_KEEPALIVE)
        .build()
}

/// A request, before it has a token.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
}

/// What a call that succeeded brought.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It is done; the object it came with, if any.
    Done(Option<Map<String, Value>>),
    /// There is no such member (reads only).
    Absent,
}

/// Sends calls to one tenant's API.
#[derive(Debug)]
pub(crate) struct Api {
    base: Url,
    call_timeout: Duration,
    bearers: Arc<dyn Bearers>,
    http: reqwest::Client,
    clock: Clock,
    started: Timestamp,
}

/// An answer that came as a whole.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

/// Why no answer came.
enum Broken {
    /// No connection: nothing was sent.
    NotSent(String),
    /// Sent, but no whole answer within the time.
    Lost(String),
    /// Redirected to where a token must not go: nothing was done.
    Astray(u16, String),
}

impl Api {
    pub(crate) fn new(
        base: Url,
        call_timeout: Duration,
        bearers: Arc<dyn Bearers>,
        http: reqwest::Client,
        clock: Clock,
    ) -> Self {
        let started = clock.now();
        Self { base, call_timeout, bearers, http, clock, started }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Sends a call, once more with another token if that may help, and says what to do next.
    pub(crate) async fn call(&self, gate: &dyn Gate, call: &Call) -> Result<Reply, ApiError> {
        let mut renewed = false;
        loop {
            let bearer = self.bearers.bearer(self.clock.now()).await?;
            gate.pass(call.operation).await.map_err(ApiError::Blocked)?;
            let error = match self.send_once(gate, call, &bearer).await {
                Verdict::Done(object) => return Ok(Reply::Done(object)),
                Verdict::Absent => return Ok(Reply::Absent),
                Verdict::Unauthorized(reason) => {
                    match self.bearers.refused(&bearer, renewed, reason, self.clock.now()).await {
                        Some(error) => error,
                        None => {
                            renewed = true;
                            continue;
                        }
                    }
                }
                Verdict::Forbidden(reason) => {
                    if !renewed && bearer.issued_at < self.started && self.bearers.may_grow(&bearer).await {
                        renewed = true;
                        continue;
                    }
                    ApiError::Refused(reason)
                }
                Verdict::Failed(error) => error,
            };
            self.bearers.contact().ended(self.clock.now(), &error);
            return Err(error);
        }
    }

    /// One call, reported to the gate whatever comes of it.
    async fn send_once(&self, gate: &dyn Gate, call: &Call, bearer: &Bearer) -> Verdict {
        let operation = call.operation;
        let started = Instant::now();
        let answer = self.exchange(call, bearer).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        let (status, code, quota, verdict) = match answer {
            Ok(Answer { status, headers, body }) => {
                let said = if (200..300).contains(&status) { Said::default() } else { Said::of(&body) };
                let verdict = answer::judge(operation, status, body, limits::wait(status, &headers, now));
                (Some(status), said.code, limits::quota(&headers, now), verdict)
            }
            Err(broken) => (None, None, None, Verdict::Failed(broken.into_error(operation))),
        };
        tracing::debug!(operation = operation.as_str(), status, code, duration_ms, "called LINE WORKS");
        gate.finished(CallRecord { operation, status, code, duration_ms }, quota).await;
        if matches!(verdict, Verdict::Done(_) | Verdict::Absent) {
            self.bearers.accepted(now);
        }
        verdict
    }

    /// Sends the request and follows redirects, all within one time-out: the gate's lease covers no more.
    async fn exchange(&self, call: &Call, bearer: &Bearer) -> Result<Answer, Broken> {
        let deadline = Instant::now() + self.call_timeout;
        let mut url = call.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.request(call, &url, bearer, deadline).send().await.map_err(Broken::from_send)?;
            let status = response.status().as_u16();
            if !matches!(status, 307 | 308) {
                let headers = response.headers().clone();
                let body = read_body(response).await.map_err(|error| Broken::Lost(describe(error)))?;
                let body = body.map_or(Body::Garbage, |bytes| Body::parse(&bytes));
                return Ok(Answer { status, headers, body });
            }
            let target = response.headers().get(LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
            url = target.ok_or_else(|| Broken::Astray(status, format!("HTTP {status} without a readable Location")))?;
            if !address::may_follow(&self.base, &url) {
                let host = url.host_str().unwrap_or("no host");
                let detail = format!("HTTP {status} to {}://{host}, which is not followed", url.scheme());
                return Err(Broken::Astray(status, detail));
            }
        }
        Err(Broken::Astray(307, format!("redirected more than {MOST_REDIRECTS} times")))
    }

    fn request(&self, call: &Call, url: &Url, bearer: &Bearer, deadline: Instant) -> reqwest::RequestBuilder {
        let left = deadline.saturating_duration_since(Instant::now());
        let request = self.http.request(call.method.clone(), url.clone()).timeout(left);
        // A token that is no header text is not sent at all; LINE WORKS answers 401 and another one is asked for.
        let request = match header(&bearer.secret) {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        };
        match &call.body {
            Some(body) => request.json(body),
            None if call.method == Method::POST => request.header(CONTENT_LENGTH, 0),
            None => request,
        }
    }
}

impl Broken {
    fn from_send(error: reqwest::Error) -> Self {
        // A builder error is about the request itself; it never left.
        let not_sent = error.is_connect() || error.is_builder();
        let detail = describe(error);
        if not_sent { Broken::NotSent(detail) } else { Broken::Lost(detail) }
    }

    fn into_error(self, operation: Operation) -> ApiError {
        use crate::domain::outcome::Cause::LineWorksUnreachable;
        match self {
            Broken::NotSent(detail) => {
                ApiError::TryLater { reason: Reason::with(LineWorksUnreachable, detail), after: None }
            }
            Broken::Lost(detail) => answer::lost(operation, detail),
            Broken::Astray(status, detail) => answer::astray(operation, status, detail),
        }
    }
}

/// The header with the token, marked so that no HTTP library prints it.
fn header(token: &SecretString) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The body, or none if it is longer than 1 MiB.
pub(crate) async fn read_body(mut response: Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What went wrong with the connection and whose it was, without the rest of the URL (it may name a person).
pub(crate) fn describe(error: reqwest::Error) -> String {
    let what = match (error.is_connect(), error.is_timeout()) {
        (true, true) => "no connection in time",
        (true, false) => "no connection",
        (false, true) => "no answer in time",
        (false, false) => "the connection broke",
    };
    let host = error.url().and_then(Url::host_str).map(|host| format!(" with {host}")).unwrap_or_default();
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    answer::clean(&format!("{what}{host}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_does_not_print() {
        let header = header(&"t0ken".into()).expect("a header");
        assert_eq!(header, "Bearer t0ken");
        assert!(!format!("{header:?}").contains("t0ken"));
        assert_eq!(super::header(&"two\nlines".into()), None);
    }
}
