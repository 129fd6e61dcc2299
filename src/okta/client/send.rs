//! The one place that sends a request to Okta's management API.
//!
//! A request first takes its place in the window (`rate`), then gets its credentials (`access`), then goes out. Waits of
//! a few seconds that fit into the time of the method are slept here; longer ones are the caller's.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderMap};
use reqwest::{Method, Response};
use tokio::time::Instant;

use super::access::Pass;
use super::answer::judge;
use super::answer::{Answer, Verdict};
use super::{Call, Dated, OktaClient, OktaError, Operation, rate};
use crate::lineworks::describe;

/// More of an answer than this is not read: a page of 1,000 events is some megabytes.
const LONGEST_BODY: usize = 64 * 1024 * 1024;
/// A wait up to this long is slept here: a reset of a second or two ahead, and the jitter on top.
const SLEPT: Duration = Duration::from_secs(4);
/// As often is a request repeated that came in a crowd.
const MOST_REPEATS: u32 = 2;
/// The pause when a crowd does not thin out.
const CROWDED: Duration = Duration::from_secs(5);

impl OktaClient {
    /// A GET whose object may be absent, with the moment of the answer.
    pub(super) async fn ask(
        &self,
        operation: Operation,
        url: reqwest::Url,
    ) -> Result<Dated<Option<Answer>>, OktaError> {
        let (answer, is_there) = self.exchange(&Call::new(operation, Method::GET, url)).await?;
        let at = rate::date(&answer.headers).unwrap_or_else(|| self.clock.now());
        Ok(Dated { at, value: is_there.then_some(answer) })
    }

    /// A request whose answer must be a success.
    pub(super) async fn call(&self, call: &Call) -> Result<Answer, OktaError> {
        let (answer, is_there) = self.exchange(call).await?;
        if is_there { Ok(answer) } else { Err(Self::nonsense(call.operation)) }
    }

    /// Sends a request until there is an answer to go by; false where Okta says there is no such thing.
    async fn exchange(&self, call: &Call) -> Result<(Answer, bool), OktaError> {
        let deadline = Instant::now() + self.call_timeout;
        let (mut renewed, mut challenged, mut repeats) = (false, false, 0);
        loop {
            self.take_a_place(call.operation, deadline).await?;
            let pass = self.door.pass(self, call, deadline).await?;
            let answer = self.send_once(call, &pass, deadline).await?;
            let now = self.clock.now();
            self.door.noted(&answer.headers);
            self.note_window(call.operation, &answer.headers);
            match judge(call.operation, &answer, pass.granted(), now) {
                Verdict::Done => return Ok((answer, true)),
                Verdict::Absent => return Ok((answer, false)),
                Verdict::Nonce(_) if !challenged => challenged = true,
                Verdict::Nonce(error) | Verdict::Unauthorized(error) => {
                    let may_help = !renewed && self.door.renew(&pass).await;
                    if !may_help {
                        return Err(self.refused(call, error));
                    }
                    renewed = true;
                }
                Verdict::Forbidden(error) => {
                    self.door.forget(&pass, &error).await;
                    return Err(self.refused(call, error));
                }
                Verdict::Limited(limited, error) => {
                    let wait = limited.wait();
                    self.close_window(call.operation, limited);
                    repeats += 1;
                    if repeats > MOST_REPEATS || !self.sleep(wait, deadline).await {
                        return Err(error);
                    }
                }
                Verdict::Failed(error) => return Err(error),
            }
        }
    }

    /// Takes a place in the window, or says how long there is none.
    pub(super) async fn take_a_place(&self, operation: Operation, deadline: Instant) -> Result<(), OktaError> {
        for _ in 0..=MOST_REPEATS {
            let Err(wait) = self.windows.take(operation, self.clock.now()) else { return Ok(()) };
            let wait = rate::Limited::Rate(wait).wait();
            if !self.sleep(wait, deadline).await {
                let detail = format!("{}: waits for the limit to reset", operation.as_str());
                return Err(OktaError::limited(detail, wait));
            }
        }
        Err(OktaError::limited(format!("{}: others take every place", operation.as_str()), CROWDED))
    }

    /// Sleeps if it is short and leaves time for the request.
    async fn sleep(&self, wait: Duration, deadline: Instant) -> bool {
        let fits = wait <= SLEPT && Instant::now() + wait < deadline;
        if fits {
            tokio::time::sleep(wait).await;
        }
        fits
    }

    /// Whoever asked says it aloud, once, with what to do.
    fn refused(&self, call: &Call, error: OktaError) -> OktaError {
        let reason = error.reason();
        tracing::debug!(
            operation = call.operation.as_str(),
            cause = reason.cause.code(),
            detail = reason.detail,
            "Okta refuses a request"
        );
        error
    }

    async fn send_once(&self, call: &Call, pass: &Pass, deadline: Instant) -> Result<Answer, OktaError> {
        let request = self.http.request(call.method.clone(), call.url.clone()).header(ACCEPT, "application/json");
        let request = request.header(AUTHORIZATION, pass.authorization.clone());
        let request = match &pass.proof {
            Some(proof) => request.header("DPoP", proof),
            None => request,
        };
        let request = match &call.body {
            Some(body) => request.json(body),
            // Okta answers 411 to a POST or PUT without a length (Okta API, core).
            None if call.method != Method::GET => request.header(CONTENT_LENGTH, 0),
            None => request,
        };
        self.send(call.operation, request, deadline).await
    }

    /// Sends, reads the answer as a whole, and counts it.
    pub(super) async fn send(
        &self,
        operation: Operation,
        request: reqwest::RequestBuilder,
        deadline: Instant,
    ) -> Result<Answer, OktaError> {
        let started = Instant::now();
        let left = deadline.saturating_duration_since(started);
        let answer = receive(request.timeout(left)).await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(operation = operation.as_str(), status, duration_ms, "asked Okta");
        self.metrics.asked_okta(operation.as_str(), status);
        answer.map_err(|what| OktaError::unreachable(format!("{}: {what}", operation.as_str()), None))
    }

    /// Takes note of what an answer says of its window.
    pub(super) fn note_window(&self, operation: Operation, headers: &HeaderMap) {
        let now = self.clock.now();
        if let Some(window) = rate::window(headers, now) {
            self.windows.note(operation, window, now);
        }
    }

    /// Lets nothing out until the window resets; too many at once is no matter of a window.
    pub(super) fn close_window(&self, operation: Operation, limited: rate::Limited) {
        if let rate::Limited::Rate(wait) = limited {
            self.windows.close(operation, wait, self.clock.now());
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let response = request.send().await.map_err(describe)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = read(response).await?;
    Ok(Answer { status, headers, body })
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err("the answer is longer than 64 MiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
