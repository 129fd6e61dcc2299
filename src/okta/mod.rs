//! The Okta side: the events it sends, and what it says when it is asked.
//!
//! An event only says that something happened, late, twice or not at all. With access to the org (`truth`) it is the
//! reason to look, and what is looked at decides; without, the facts are what the events carry (`wire`;
//! `meaning` says what each type means). What the event hook lost is found by `catch_up`.

pub mod ask;
pub mod catch_up;
pub mod client;
pub mod intake;
pub mod mapping;
pub mod meaning;
pub mod person;
pub mod trust;
pub mod truth;
pub mod wire;
