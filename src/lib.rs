//! Keeps LINE WORKS accounts in step with Okta app assignments.

pub mod sandbox;
