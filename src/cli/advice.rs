//! What a tired reader of `list` and `show` needs beside the table: what each cause means and what to do, and what everybody
//! waits for.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::reach::{Reach, word};

/// The states in which somebody waits for something.
const UNFINISHED: [&str; 3] = ["parked", "held", "waiting"];

/// Says of each cause among these people once what to do about it.
pub(super) fn print_causes(rows: &[Value], pauses: &[Value]) {
    let mut causes: BTreeMap<&str, (usize, &Value)> = BTreeMap::new();
    for row in rows.iter().filter(|row| UNFINISHED.contains(&word(&row["state"]))) {
        let Some(code) = row["reason"]["code"].as_str() else { continue };
        if !pauses.iter().any(|pause| pause["code"] == code) {
            causes.entry(code).or_insert((0, &row["reason"])).0 += 1;
        }
    }
    for (code, (count, reason)) in &causes {
        println!("\n{code} ({count}): {}", in_english(reason));
        println!("  {}", in_japanese(reason));
    }
    if !causes.is_empty() {
        println!("\n`okta-lineworks show 00u…` (or a login) says more about one of them.");
    }
}

/// Says what nobody can be worked on for.
pub(super) fn print_pauses(pauses: &[Value]) {
    for pause in pauses {
        println!("\neverybody waits, {}: {}", word(&pause["code"]), in_english(pause));
        println!("  {}", in_japanese(pause));
        if let Some(detail) = pause["detail"].as_str() {
            println!("  ({detail})");
        }
    }
}

/// What the service says everybody waits for; nothing where it cannot say.
pub(super) async fn pauses(reach: &Reach) -> Vec<Value> {
    let Ok(mut health) = reach.call(Method::GET, "/readyz").await else { return Vec::new() };
    let mut pauses = Vec::new();
    for side in ["okta", "lineworks"] {
        if let Value::Array(paused) = health[side]["paused"].take() {
            pauses.extend(paused);
        }
    }
    pauses
}

/// A reason in English, with what to do.
pub(super) fn in_english(reason: &Value) -> String {
    format!("{} {}", word(&reason["title"]), word(&reason["todo"]))
}

/// A reason in Japanese, with what to do.
pub(super) fn in_japanese(reason: &Value) -> String {
    format!("{}{}", word(&reason["titleJa"]), word(&reason["todoJa"]))
}
