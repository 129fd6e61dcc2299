//! The one integration test binary: a file per promise, `support` has the verbs.

mod bad_days;
mod broken_runs;
mod caps;
mod grace;
mod late_effects;
mod lineworks_client;
mod main_job;
mod ownership;
mod pacing;
mod sandbox;
mod store_contract;
mod support;
mod tokens;
