//! Keeps LINE WORKS accounts in step with Okta app assignments.

pub mod clock;
pub mod config;
pub mod converge;
pub mod domain;
pub mod inbound;
pub mod ledger;
pub mod lineworks;
pub mod okta;
