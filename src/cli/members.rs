//! `members`: who LINE WORKS has and which key each carries, asked of the running service over its own API.

use std::process::ExitCode;

use clap::Args;
use reqwest::{Method, Url};

use super::reach::{Reach, word};

#[derive(Debug, Args)]
pub(super) struct Members {
    #[command(flatten)]
    reach: Reach,
}

impl Members {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (mut cursor, mut count) = (String::new(), 0_usize);
        loop {
            // LINE WORKS' cursors look like base64, whose signs mean something else in a query.
            let query = Url::parse_with_params("http://localhost", [("cursor", &cursor)])?;
            let page =
                self.reach.call(Method::GET, &format!("/v1/members?{}", query.query().unwrap_or_default())).await?;
            let members = page["members"].as_array().map(Vec::as_slice).unwrap_or_default();
            for member in members {
                if self.reach.json {
                    println!("{member}");
                } else {
                    println!(
                        "{:<40} {:<10} key {:<24} {}{}",
                        word(&member["login"]),
                        word(&member["condition"]),
                        word(&member["externalKey"]),
                        word(&member["memberId"]),
                        if member["isAdministrator"] == true { "  administrator" } else { "" },
                    );
                }
            }
            count += members.len();
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        if !self.reach.json {
            println!("{count} members");
        }
        Ok(ExitCode::SUCCESS)
    }
}
