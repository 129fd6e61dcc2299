//! The one integration test binary: a file per promise, `support` has the verbs.

mod callers;
mod cards;
mod hooks;
mod lineworks_client;
mod log;
mod main_job;
mod operators;
mod order;
mod papers;
mod readme;
mod sandbox;
mod signatures;
mod store_contract;
mod support;
