//! `events`: what the ledger keeps about nobody in particular, asked of the running service over its own API.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;

use super::reach::{Reach, word};

/// The service gives at most this many at once.
const PAGE: usize = 100;

#[derive(Debug, Args)]
pub(super) struct Events {
    #[command(flatten)]
    reach: Reach,
    /// How many, newest first
    #[arg(long, default_value_t = PAGE)]
    limit: usize,
}

impl Events {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (mut left, mut cursor) = (self.limit, String::new());
        while left > 0 {
            let path = format!("/v1/events?limit={}&cursor={cursor}", left.min(PAGE));
            let page = self.reach.call(Method::GET, &path).await?;
            let events = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            if cursor.is_empty() && events.is_empty() && !self.reach.json {
                println!("nothing yet");
            }
            for event in events {
                if self.reach.json {
                    println!("{event}");
                } else {
                    println!(
                        "{}  {:<18} by {} ({}), {}  {}",
                        word(&event["arrivedAt"]),
                        word(&event["kind"]),
                        word(&event["source"]),
                        word(&event["caller"]),
                        word(&event["verdict"]),
                        word(&event["note"])
                    );
                }
            }
            left = left.saturating_sub(events.len().max(1));
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
