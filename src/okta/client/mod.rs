//! Asks the org: who has the app, who a person is, what the System Log says; and sets up the event hook.
//!
//! One method is one request to Okta's management API, with everything that goes with it: who we are (`access`,
//! `token`), how fast Okta may be asked (`rate`), and what an answer means (`answer`). A method takes `call_timeout` at
//! most in all, and never answers from memory. Redirects are not followed: credentials go to the org alone.
//! Bodies, tokens and people's data are never logged.

mod access;
mod answer;
mod dpop;
mod error;
mod grant;
mod hooks;
mod key;
mod link;
mod live;
mod operation;
mod rate;
mod send;
mod token;
mod wire;

pub use access::{Access, Given, UnusableAccess};
pub use error::{OktaError, Said};
pub use hooks::{EventHook, HookSpec};
pub use operation::Operation;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::domain::ids::OktaUserId;
use crate::lineworks::{segment, under};
use crate::metrics::Metrics;
use crate::okta::person::{AppUser, User};
use answer::Answer;
use wire::FromWire;

/// Entries of a page of app users; Okta takes 500 at most (Okta API, list application users).
const USERS_A_PAGE: &str = "500";
/// Entries of a page of the System Log; Okta takes 1,000 at most (Okta API, System Log).
const EVENTS_A_PAGE: &str = "1000";

/// Which org is asked, about which app, and how.
#[derive(Debug)]
pub struct OktaSettings {
    /// The org, such as `https://example.okta.com`; a path in it is kept.
    pub org_url: Url,
    /// Who this program is there.
    pub access: Access,
    /// The app instance whose membership counts, `0oa…`.
    pub app_id: String,
    /// The time one method may take, a new access token and short waits included.
    pub call_timeout: Duration,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
}

/// What Okta said, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Dated<T> {
    /// When Okta said so: the answer's `Date`, whole seconds, cut off; our clock where it has none.
    pub at: Timestamp,
    /// What it said.
    pub value: T,
}

/// An app of the org (`GET /api/v1/apps/{appId}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInstance {
    /// Its id, `0oa…`.
    pub id: String,
    /// `ACTIVE`, `INACTIVE`, or a word Okta adds.
    pub status: String,
    /// Its name in the Admin Console.
    pub label: String,
}

impl AppInstance {
    /// Whether the app is in use: only then does it say anything that somebody is not in it.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// Where the next page is; none: this was the last.
    pub next: Option<Url>,
}

/// Which part of the System Log is asked for. Always as a polling request: ascending, without an end (Okta docs,
/// System Log query).
#[derive(Debug, Clone, PartialEq)]
pub enum LogQuery {
    /// From a moment on.
    Since {
        /// The moment; Okta refuses one more than 180 days back, see [`OktaError::is_since_too_old`].
        since: Timestamp,
        /// Which events, as a SCIM filter.
        filter: Option<String>,
    },
    /// What a former page gave as its `next`. Whatever is `Refused` here is asked for anew from a moment on.
    Next(Url),
}

/// One page of the System Log.
#[derive(Debug)]
pub struct LogPage {
    /// The events as they came, oldest first by the time Okta stored them.
    pub events: Vec<Box<RawValue>>,
    /// Where to go on; Okta gives one even with an empty page, which is the end for now.
    pub next: Option<Url>,
}

/// Asks one org. Shared by everybody who asks.
pub struct OktaClient {
    org_url: Url,
    app_id: String,
    call_timeout: Duration,
    metrics: Arc<Metrics>,
    door: access::Door,
    windows: rate::Windows,
    http: reqwest::Client,
    clock: Clock,
}

impl std::fmt::Debug for OktaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaClient").field("org_url", &self.org_url.as_str()).finish_non_exhaustive()
    }
}

/// One request.
#[derive(Debug)]
struct Call {
    operation: Operation,
    method: Method,
    url: Url,
    body: Option<Value>,
}

impl Call {
    fn new(operation: Operation, method: Method, url: Url) -> Self {
        Self { operation, method, url, body: None }
    }
}

impl OktaClient {
    /// A client for one org. `http` must not follow redirects: see [`crate::lineworks::http_client`].
    ///
    /// # Errors
    /// The private key cannot be used.
    pub fn new(settings: OktaSettings, http: reqwest::Client, clock: Clock) -> Result<Self, UnusableAccess> {
        let OktaSettings { org_url, access, app_id, call_timeout, metrics } = settings;
        let door = access::Door::new(access, &org_url)?;
        Ok(Self { org_url, app_id, call_timeout, metrics, door, windows: rate::Windows::default(), http, clock })
    }

    /// The app id it asks about.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Makes sure that Okta lets this program in: gets an access token, if none is at hand, and gives the scopes Okta
    /// says it granted. With an API token nothing is asked, and nothing is known.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn authenticate(&self) -> Result<Option<String>, OktaError> {
        self.door.granted(self, tokio::time::Instant::now() + self.call_timeout).await
    }

    /// A person's assignment to the app with the user behind it; none when Okta shows none (404, `E0000007`): the
    /// person has not got the app, or there is no such person, or no such app. [`Self::app`] tells.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn app_user(&self, person: &OktaUserId) -> Result<Dated<Option<AppUser>>, OktaError> {
        let path = format!("api/v1/apps/{}/users/{}", self.app_segment(), encoded(person.as_str())?);
        let mut url = self.url(&path);
        url.query_pairs_mut().append_pair("expand", "user");
        let answer = self.ask(Operation::AppUser, url).await?;
        let is_asked = |it: &AppUser| it.id == *person;
        let value = Self::read_one(Operation::AppUser, answer.value, is_asked)?;
        Ok(Dated { at: answer.at, value })
    }

    /// The app; none when Okta shows none (404, `E0000007`).
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn app(&self) -> Result<Option<AppInstance>, OktaError> {
        let answer = self.ask(Operation::App, self.url(&format!("api/v1/apps/{}", self.app_segment()))).await?;
        Self::read_one(Operation::App, answer.value, |app: &AppInstance| app.id == self.app_id)
    }

    /// A user by id or login; none when there is none. A login with `/` in it cannot be in the path (Okta API, get a
    /// user), so such a one is looked for in the list of users.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn user(&self, id_or_login: &str) -> Result<Option<User>, OktaError> {
        if id_or_login.contains('/') {
            return self.user_by_login(id_or_login).await;
        }
        let url = self.url(&format!("api/v1/users/{}", encoded(id_or_login)?));
        let answer = self.ask(Operation::User, url).await?;
        Self::read_one(Operation::User, answer.value, |_| true)
    }

    /// One page of the app's users, with the user behind each; `next` is what the former page gave.
    ///
    /// # Errors
    /// Okta could not be asked, or refused, or `next` is not the org's.
    pub async fn app_users(&self, next: Option<Url>) -> Result<Page<AppUser>, OktaError> {
        let url = next.unwrap_or_else(|| self.app_users_url(USERS_A_PAGE));
        self.page(Operation::AppUsers, url).await
    }

    /// Whether the app's users can be read: asks for one of them, and gives who that is.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn any_app_user(&self) -> Result<Option<OktaUserId>, OktaError> {
        let page: Page<AppUser> = self.page(Operation::AppUsers, self.app_users_url("1")).await?;
        Ok(page.items.into_iter().next().map(|user| user.id))
    }

    /// One page of the System Log.
    ///
    /// # Errors
    /// Okta could not be asked, or refused, or the URL is not the org's.
    pub async fn logs(&self, query: LogQuery) -> Result<LogPage, OktaError> {
        let url = match query {
            LogQuery::Next(url) => url,
            LogQuery::Since { since, filter } => {
                let mut url = self.url("api/v1/logs");
                let mut pairs = url.query_pairs_mut();
                pairs.append_pair("since", &format!("{since:.3}"));
                pairs.append_pair("limit", EVENTS_A_PAGE).append_pair("sortOrder", "ASCENDING");
                if let Some(filter) = filter {
                    pairs.append_pair("filter", &filter);
                }
                drop(pairs);
                url
            }
        };
        link::own(&url, &self.org_url)?;
        let answer = self.call(&Call::new(Operation::Logs, Method::GET, url)).await?;
        let next = link::next(&answer.headers, &self.org_url)?;
        let events = serde_json::from_slice(&answer.body).map_err(|_| Self::nonsense(Operation::Logs))?;
        Ok(LogPage { events, next })
    }

    /// By `filter=profile.login eq` (Okta API, list users); the quotes of the login are escaped.
    async fn user_by_login(&self, login: &str) -> Result<Option<User>, OktaError> {
        let mut url = self.url("api/v1/users");
        let login_in_quotes = login.replace('\\', "\\\\").replace('"', "\\\"");
        url.query_pairs_mut().append_pair("filter", &format!("profile.login eq \"{login_in_quotes}\""));
        let page: Page<User> = self.page(Operation::FindUser, url).await?;
        let is_asked = |user: &User| {
            let found = user.profile.get("login").and_then(Value::as_str);
            found.is_some_and(|found| found.eq_ignore_ascii_case(login))
        };
        Ok(page.items.into_iter().find(is_asked))
    }

    fn app_users_url(&self, limit: &str) -> Url {
        let mut url = self.url(&format!("api/v1/apps/{}/users", self.app_segment()));
        url.query_pairs_mut().append_pair("limit", limit).append_pair("expand", "user");
        url
    }

    async fn page<T: FromWire>(&self, operation: Operation, url: Url) -> Result<Page<T>, OktaError> {
        link::own(&url, &self.org_url)?;
        let answer = self.call(&Call::new(operation, Method::GET, url)).await?;
        let next = link::next(&answer.headers, &self.org_url)?;
        let items = wire::list(&answer.body).ok_or_else(|| Self::nonsense(operation))?;
        Ok(Page { items, next })
    }

    /// Reads one object, which must be the one that was asked for.
    fn read_one<T: FromWire>(
        operation: Operation,
        answer: Option<Answer>,
        is_asked: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, OktaError> {
        let Some(answer) = answer else { return Ok(None) };
        let read: T = wire::one(&answer.body).ok_or_else(|| Self::nonsense(operation))?;
        if is_asked(&read) { Ok(Some(read)) } else { Err(Self::nonsense(operation)) }
    }

    fn nonsense(operation: Operation) -> OktaError {
        OktaError::unreachable(format!("{}: an answer that was not understood", operation.as_str()), None)
    }

    fn url(&self, path: &str) -> Url {
        under(&self.org_url, path)
    }

    /// The app id holds letters and digits alone; the configuration sees to it.
    fn app_segment(&self) -> String {
        segment(&self.app_id).unwrap_or_default()
    }
}

/// A text as a part of a path.
fn encoded(text: &str) -> Result<String, OktaError> {
    segment(text).ok_or_else(|| OktaError::astray("this is neither an id nor a login"))
}
