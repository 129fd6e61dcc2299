//! Logs: one line per fact, as text for a terminal or as JSON for a collector, always to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// Parts that tell an administrator nothing below a warning, unless the configured filter names them.
const QUIET: &str = "actix_server=warn,rusqlite_migration=warn";

/// Starts logging. A second call changes nothing.
pub fn start(format: Format, filter: &str) {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // A line that cannot be written (the log's disk is full) is lost. Complaining about it goes to the same place, and
    // a complaint that cannot be written either would end the thread that logs, the ledger's writer among them.
    let lines = lines.log_internal_errors(false);
    let started = match format {
        Format::Text => lines.with_target(false).try_init(),
        Format::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    // Logging started already, by a test or by an earlier part of the program: it goes on as it is.
    let _ = started;
}
