//! A fake Okta org over real HTTP, beside the fake LINE WORKS: people, apps, assignments, System Log, tokens, event hooks.
//!
//! ```text
//!  control (/_sandbox/okta/…) ─► change ─► directory
//!                                  └─────► event ─► log ◄─ GET /api/v1/logs
//!                                            └────► outbox ─► sender ─► POST to the hooks
//!  GET /api/v1/… ─► admission: rate? token? scope? role? ─► fault? ─► answers
//! ```
//!
//! Written from the vendor's reference as an adversary, like its neighbour: what is documented is enforced, what is not
//! has a switch, and it shares no code with the client or the service.

mod access;
mod admission;
mod answers;
mod change;
mod control;
mod control_access;
mod control_hook;
mod control_people;
mod credentials;
mod directory;
mod error;
mod event;
mod expression;
mod filter;
mod groups;
mod hook;
mod hooks;
mod ids;
mod jwk;
mod keys;
mod log;
mod org;
mod outbox;
mod paging;
mod proof;
mod rate;
mod route;
mod sender;
mod stats;
mod switches;
mod token;

pub(crate) use admission::run;
pub(crate) use answers::perform;
pub(crate) use control::handle as control;
pub use credentials::OktaCredentials;
pub(crate) use credentials::generate;
pub(crate) use error::refuse;
pub(crate) use org::Org;
pub(crate) use route::{OktaOperation, Task, find, is_okta};
pub(crate) use sender::send_for_ever;
pub use switches::{
    EventIdSpelling, InactiveAppUsers, LinkLines, NarrowedAnswer, NextHost, NullMembers, OktaSwitches, OtherSuccess,
    TargetOrder, UserNameChange,
};
