//! The one integration test binary: a file per promise, `support` has the verbs.

mod crash;
mod lineworks_client;
mod main_job;
mod sandbox;
mod starting;
mod stopping;
mod support;
