//! What several benchmarks share: the load, the service as a process of its own, PostgreSQL, and numbers.

#![allow(dead_code, reason = "each benchmark uses what it needs")]

#[path = "../../tests/it/support/cluster.rs"]
pub mod cluster;
pub mod load;
#[path = "../../tests/it/support/postgres.rs"]
pub mod postgres;
pub mod server;

use std::error::Error;
use std::time::Duration;

pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// Whether cargo runs the benchmark; `cargo test --all-targets` starts it without this word.
pub fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// A setting from outside.
pub fn number(name: &str, default: f64) -> Fallible<f64> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration")]
    match std::env::var(name) {
        Ok(text) => Ok(text.parse().map_err(|_| format!("{name} must be a number, not {text}"))?),
        Err(_) => Ok(default),
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
