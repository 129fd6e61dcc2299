//! The ledger's housekeeping, with the real program: schema versions side by side, rights, moving, backup, history.

mod backup;
mod carried;
mod history;
mod moving;
mod rights;
mod versions;

use reqwest::Method;
use serde_json::json;

use crate::support::process::{Program, Site};
use crate::support::{ReadAnswer, user};

/// A card says that this person has the app; returns once it is on disk.
async fn assign(site: &Site, program: &Program, n: u32) {
    let request = site.card(program, Method::PUT, &id(n)).header("Prefer", "wait=0");
    let answer = request.json(&json!({"user": user(n), "eventId": format!("card-{n}")})).answer().await;
    // 200: it is known and done already.
    assert!([200, 202].contains(&answer.status.as_u16()), "{answer:?}\n{}", program.log());
}

/// A card says that this person has lost it.
async fn unassign(site: &Site, program: &Program, n: u32) {
    let answer = site.card(program, Method::DELETE, &id(n)).header("Prefer", "wait=0").answer().await;
    assert_eq!(answer.status, 202, "{answer:?}\n{}", program.log());
}

fn id(n: u32) -> String {
    format!("00uPERSON{n}")
}
