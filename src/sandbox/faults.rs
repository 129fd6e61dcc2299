//! Faults on request: what the sandbox is told to do wrong, and for how many calls.
//!
//! A fault names an operation and a kind. The first one in the list that fits a call is used; `skip` lets calls pass
//! first, `times` says how often it strikes. What each kind does is in `pipeline`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::route::Operation;

/// How long `hang` and `hangAfter` wait unless told otherwise.
const HANG_MS: u64 = 60_000;

/// One fault, as it is sent to `POST /_sandbox/faults` and shown by `GET`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) operation: Target,
    pub(crate) kind: Kind,
    /// Status of the answer, for `status`, `hang`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Body of the answer, for `status`: JSON, or a text sent as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// How many calls it still strikes; absent: until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
    /// How many calls it still lets pass.
    #[serde(default)]
    pub(crate) skip: u32,
}

/// The operation a fault is for; written as its name, or `*` for every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Target {
    One(Operation),
    Any,
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "*" {
            return Ok(Self::Any);
        }
        let named = Operation::all().find(|one| one.name() == name);
        named.map(Self::One).ok_or_else(|| {
            let names: Vec<&str> = Operation::all().map(Operation::name).collect();
            let names = names.join(", ");
            format!("there is no operation '{name}'; there are: {names}, *")
        })
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        match target {
            Target::One(operation) => operation.name().to_owned(),
            Target::Any => "*".to_owned(),
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// `status` and `body` without effect.
    Status,
    /// 200 with a text that is no JSON, without effect.
    Garbage,
    /// 200 with nothing in it, without effect.
    Empty,
    /// No answer for `delayMs`, then `status` (503); no effect at all.
    Hang,
    /// The effect at once, the answer after `delayMs`.
    HangAfter,
    /// The connection is closed, nothing happened.
    CloseBefore,
    /// The effect, then the connection is closed.
    CloseAfter,
    /// The effect `delayMs` after arrival, whether or not the client still waits; the answer after twice that.
    LateEffect,
    /// `delayMs`, then everything as usual.
    Slow,
    /// 307 to the same place by another host name.
    Redirect,
    /// The third error shape: `{"returnCode":"99",…}`.
    Code99,
    /// 401 although the token is good.
    Unauthorized,
    /// 429 whose window ends after `delayMs`.
    TooManyRequests,
}

impl Fault {
    /// The wait in milliseconds, or the kind's own.
    pub(crate) fn delay_ms(&self) -> u64 {
        self.delay_ms.unwrap_or(match self.kind {
            Kind::Hang | Kind::HangAfter => HANG_MS,
            Kind::TooManyRequests => 2_000,
            Kind::LateEffect | Kind::Slow => 1_000,
            _ => 0,
        })
    }

    fn fits(&self, operation: Operation) -> bool {
        match self.operation {
            Target::Any => true,
            Target::One(one) => one == operation,
        }
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// The fault that strikes this call, if any. A call that was redirected already is not redirected again.
    pub(crate) fn strike(&mut self, operation: Operation, redirected: bool) -> Option<Fault> {
        for fault in &mut self.0 {
            let spent = fault.times == Some(0) || (redirected && fault.kind == Kind::Redirect);
            if spent || !fault.fits(operation) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            return Some(fault.clone());
        }
        None
    }
}
