//! The one integration test binary: a file per promise, `support` has the verbs.

mod bad_days;
mod broken_runs;
mod callers;
mod caps;
mod cards;
mod crash;
mod grace;
mod hooks;
mod late_effects;
mod lineworks_client;
mod log;
mod main_job;
mod operators;
mod order;
mod ownership;
mod pacing;
mod papers;
mod readme;
mod rehires;
mod sandbox;
mod signatures;
mod starting;
mod stopping;
mod store_contract;
mod support;
mod tokens;
