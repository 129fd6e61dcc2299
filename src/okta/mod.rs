//! The Okta side: the events it sends, and what it says when it is asked.
//!
//! An event only says that something happened, late, twice or not at all. With access to the org (`truth`) it is the
//! reason to look, and what is looked at decides; without, the facts are what the events carry. What an event type means is in
//! `meaning`, what Okta sends in `wire`, what the ledger is told of it in `intake`; `client` asks, and
//! `catch_up` finds what the hook lost.

pub mod catch_up;
pub mod client;
pub mod hook;
pub mod intake;
pub mod meaning;
pub mod person;
pub mod truth;
pub mod wire;
