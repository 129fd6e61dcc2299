//! The one integration test binary: a file per promise, `support` has the verbs.

mod lineworks_client;
mod main_job;
mod papers;
mod readme;
mod sandbox;
mod support;
