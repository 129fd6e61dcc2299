//! How the demo looks: a numbered step, what a request was answered with, a member in one line.

use serde_json::Value;

pub(super) fn step(number: u32, english: &str, japanese: &str) {
    println!("\n{number}. {english}({japanese})");
}

/// What was asked, of whom, and the answer.
pub(super) fn said(request: &str, answer: &str, meaning: &str) {
    println!("  {request} → {answer}{}{meaning}", if meaning.is_empty() { "" } else { "   " });
}

/// Lines that do the same again.
pub(super) fn repeat(lines: &[String]) {
    println!("  repeat it:");
    lines.iter().for_each(|line| println!("    {line}"));
}

/// What LINE WORKS has now.
pub(super) fn has(member: &Value) {
    println!("  LINE WORKS has: {}", describe(member));
}

/// A member in one line.
fn describe(member: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let state = if member["isDeleted"] == true {
        "deleted (restorable for 7 days, talk data gone)"
    } else if member["isSuspended"] == true {
        "suspended"
    } else {
        "active"
    };
    let name = &member["userName"];
    let reading = match (name["phoneticLastName"].as_str(), name["phoneticFirstName"].as_str()) {
        (Some(last), Some(first)) => format!(" ({last} {first})"),
        _ => String::new(),
    };
    let unit = text(&member["organizations"][0]["orgUnits"][0]["orgUnitName"]);
    format!(
        "{} {}{reading} <{}>, external key {}, org unit {unit}: {state}",
        text(&name["lastName"]),
        text(&name["firstName"]),
        text(&member["email"]),
        text(&member["userExternalKey"]),
    )
}
