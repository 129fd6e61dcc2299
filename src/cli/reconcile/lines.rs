//! Reads an answer that comes line by line, and shows how far the service is.

use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::Response;
use serde_json::Value;

use crate::cli::reach::word;

/// Everything an answer said.
pub(super) struct Lines {
    /// What was found.
    pub(super) findings: Vec<Value>,
    /// What was applied.
    pub(super) applied: Vec<Value>,
    /// The last line.
    pub(super) end: Value,
}

impl Lines {
    /// Reads to the end, which is a line with `end` in it.
    ///
    /// # Errors
    /// The answer broke off, or says that the service could not do it; then nothing may be concluded from it.
    pub(super) async fn read(mut response: Response, end: &str) -> anyhow::Result<Self> {
        let bar = Bar::new();
        let mut lines = Lines { findings: Vec::new(), applied: Vec::new(), end: Value::Null };
        let mut rest: Vec<u8> = Vec::new();
        let broke_off =
            || format!("the service stopped in the middle of its answer ({}); nothing was compared", bar.said());
        while let Some(chunk) = response.chunk().await.with_context(broke_off)? {
            rest.extend_from_slice(&chunk);
            while let Some(at) = rest.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = rest.drain(..=at).collect();
                let line: Value = serde_json::from_slice(&line).context("the answer is not this service's")?;
                lines.take(line, end, &bar)?;
            }
        }
        if lines.end.is_null() {
            bail!(broke_off());
        }
        Ok(lines)
    }

    fn take(&mut self, mut line: Value, end: &str, bar: &Bar) -> anyhow::Result<()> {
        if !line["failed"].is_null() {
            bail!(failure(&line["failed"]));
        } else if !line["progress"].is_null() {
            bar.show(word(&line["progress"]["phase"]), line["progress"]["read"].as_u64().unwrap_or_default());
        } else if !line[end].is_null() {
            self.end = line[end].take();
        } else if !line["finding"].is_null() {
            self.findings.push(line["finding"].take());
        } else if !line["applied"].is_null() {
            self.applied.push(line["applied"].take());
        }
        Ok(())
    }
}

/// What could not be read, and what follows from that.
fn failure(failed: &Value) -> String {
    let side = match word(&failed["phase"]) {
        "okta" => "Okta",
        "members" => "LINE WORKS",
        _ => "the ledger",
    };
    let (read, applied) = (&failed["read"], failed["applied"].as_u64().unwrap_or_default());
    let cause = &failed["cause"];
    let why = match cause["title"].as_str() {
        Some(title) => {
            format!("{title} {}\n{}{}", word(&cause["todo"]), word(&cause["titleJa"]), word(&cause["todoJa"]))
        }
        None => "See the service's log.\nサービスのログを確認してください。".to_owned(),
    };
    let detail = cause["detail"].as_str().map(|detail| format!("\n  ({detail})")).unwrap_or_default();
    if applied > 0 {
        return format!("{applied} people were stored, then {side} failed; run it again for the rest.\n{why}{detail}");
    }
    format!(
        "{side} could not be read to its end ({read} read), so nothing was compared: who is missing in a torn list is \
         not missing.\n{why}{detail}"
    )
}

/// A bar on the terminal; where there is none it shows nothing.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// How many members there will be is not known: about as many as people with the app.
    fn show(&self, phase: &str, read: u64) {
        let what = match phase {
            "okta" => "people with the app",
            "ledger" => "rows of the ledger",
            _ => "members",
        };
        self.0.set_message(format!("{read} {what} read"));
        match phase {
            "okta" => self.0.set_length(read.max(1)),
            "members" => {
                self.0.set_length(self.0.length().unwrap_or_default().max(read));
                self.0.set_position(read);
            }
            _ => {}
        }
    }

    fn said(&self) -> String {
        let said = self.0.message();
        if said.is_empty() { "nothing was read".to_owned() } else { said }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
