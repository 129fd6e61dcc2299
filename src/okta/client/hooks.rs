//! Event hooks as Okta's API has them: what one is created from, and what is shown of it.

use std::fmt;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::operation::Operation;
use super::{Call, OktaClient, OktaError, wire};

/// An event hook of the org (`GET /api/v1/eventHooks`).
#[derive(Debug, Clone, PartialEq)]
pub struct EventHook {
    /// Its id, `who…`.
    pub id: String,
    /// Its name, unique in an org.
    pub name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `VERIFIED` or `UNVERIFIED`; an unverified hook gets nothing.
    pub verification_status: String,
    /// Where it delivers to.
    pub url: String,
    /// The event types it delivers.
    pub events: Vec<String>,
    /// Its filter, as Okta has it.
    pub filter: Option<Value>,
}

/// What an event hook is made from. `Debug` does not show the secret.
#[derive(Clone)]
pub struct HookSpec {
    /// Its name.
    pub name: String,
    /// Where it delivers to; https.
    pub url: String,
    /// The header its secret comes in.
    pub header: String,
    /// The secret.
    pub secret: SecretString,
    /// The event types it delivers, 300 at most (Okta docs, event hooks).
    pub events: Vec<String>,
    /// The filter it had, kept as it is when a hook is replaced.
    pub filter: Option<Value>,
}

impl fmt::Debug for HookSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookSpec").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

impl HookSpec {
    /// The body of the request. It holds the secret.
    fn body(&self) -> Value {
        let auth = json!({"type": "HEADER", "key": self.header, "value": self.secret.expose_secret()});
        let mut events = json!({"type": "EVENT_TYPE", "items": self.events});
        if let Some(filter) = &self.filter {
            events["filter"] = filter.clone();
        }
        json!({
            "name": self.name,
            "events": events,
            "channel": {
                "type": "HTTP",
                "version": "1.0.0",
                "config": {"uri": self.url, "headers": [], "authScheme": auth},
            },
        })
    }
}

impl OktaClient {
    /// The org's event hooks. Needs the scope `okta.eventHooks.read` or `okta.eventHooks.manage`.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn event_hooks(&self) -> Result<Vec<EventHook>, OktaError> {
        let (mut hooks, mut next) = (Vec::new(), Some(self.url("api/v1/eventHooks")));
        while let Some(url) = next {
            let page = self.page(Operation::EventHooks, url).await?;
            hooks.extend(page.items);
            next = page.next;
        }
        Ok(hooks)
    }

    /// Creates an event hook; it starts active and unverified.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn create_event_hook(&self, spec: &HookSpec) -> Result<EventHook, OktaError> {
        self.change_hook(Method::POST, "api/v1/eventHooks", Some(spec.body())).await
    }

    /// Replaces an event hook; it has to be verified anew.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn replace_event_hook(&self, id: &str, spec: &HookSpec) -> Result<EventHook, OktaError> {
        self.change_hook(Method::PUT, &format!("api/v1/eventHooks/{}", part(id)?), Some(spec.body())).await
    }

    /// Activates an event hook.
    ///
    /// # Errors
    /// Okta could not be asked, or refused.
    pub async fn activate_event_hook(&self, id: &str) -> Result<EventHook, OktaError> {
        self.change_hook(Method::POST, &format!("api/v1/eventHooks/{}/lifecycle/activate", part(id)?), None).await
    }

    /// Lets Okta verify an event hook: it sends one GET to the hook's URL and wants its challenge back within 3 s.
    ///
    /// # Errors
    /// Okta could not be asked, or refused; `Refused` with `E0000001` when the hook did not answer as it should.
    pub async fn verify_event_hook(&self, id: &str) -> Result<EventHook, OktaError> {
        let url = self.url(&format!("api/v1/eventHooks/{}/lifecycle/verify", part(id)?));
        let answer = self.call(&Call::new(Operation::VerifyEventHook, Method::POST, url)).await?;
        wire::one(&answer.body).ok_or_else(|| Self::nonsense(Operation::VerifyEventHook))
    }

    async fn change_hook(&self, method: Method, path: &str, body: Option<Value>) -> Result<EventHook, OktaError> {
        let operation = Operation::ChangeEventHook;
        let call = Call { body, ..Call::new(operation, method, self.url(path)) };
        let answer = self.call(&call).await?;
        wire::one(&answer.body).ok_or_else(|| Self::nonsense(operation))
    }
}

/// An id as a part of the path.
fn part(id: &str) -> Result<String, OktaError> {
    crate::lineworks::segment(id).ok_or_else(|| OktaError::astray("the id of an event hook is no id"))
}
