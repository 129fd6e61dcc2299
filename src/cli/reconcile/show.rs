//! Findings as a table or as CSV, and in words what `--apply` will do and did.

use std::io;

use jiff::Timestamp;
use serde_json::Value;

use super::lines::Lines;
use crate::cli::reach::{field_line, word};
use crate::reconcile::finding::Kind;

/// One finding a line, then how much there is of everything.
pub(super) fn table(findings: &[&Value], summary: &Value) {
    for finding in findings {
        println!(
            "{:<10} {:<22} {:<40} {}",
            word(&finding["kind"]),
            word(&finding["oktaUserId"]),
            word(&finding["login"]),
            beside(finding)
        );
        for error in finding["errors"].as_array().into_iter().flatten() {
            println!("    {}", field_line(error));
        }
    }
    let count = |name: &str| summary[name].as_u64().unwrap_or_default();
    println!(
        "{} people with the app, {} members, {} known to the service: {} as they should be{}",
        count("people"),
        count("members"),
        count("rows"),
        count("same"),
        found(summary)
    );
    let is_there = |kind: Kind| findings.iter().any(|finding| finding["kind"] == kind.as_str());
    if is_there(Kind::NeedsId) {
        println!(
            "needs_id: the export has no Okta user id for these people, and the service knows nobody with their login. \
             Add a column with the id (00u…): it is in the address of the person's page in the Okta Admin Console, and in \
             what the API lists (GET /api/v1/apps/{{appId}}/users)."
        );
    }
}

fn found(summary: &Value) -> String {
    let found = summary["found"].as_object().into_iter().flatten();
    found.map(|(kind, count)| format!(", {count} {kind}")).collect()
}

/// What is particular to a finding.
fn beside(finding: &Value) -> String {
    let mut parts = Vec::new();
    parts.extend(finding["state"].as_str().map(|state| match finding["cause"].as_str() {
        Some(cause) => format!("{state} ({cause})"),
        None => state.to_owned(),
    }));
    let list = |name: &str| texts(finding, name).join(", ");
    let (fields, notes) = (list("fields"), list("notes"));
    parts.extend((!fields.is_empty()).then(|| format!("differs in {fields}")));
    parts.extend((!notes.is_empty()).then_some(notes));
    if matches!(word(&finding["kind"]), "foreign" | "unmanaged" | "extra") {
        parts.extend(finding["externalKey"].as_str().map(|key| format!("key {key}")));
    }
    parts.join("; ")
}

fn texts<'a>(finding: &'a Value, name: &str) -> Vec<&'a str> {
    finding[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// For a spreadsheet: lists within a cell are separated by spaces.
pub(super) fn csv(findings: &[&Value]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(io::stdout().lock());
    writer.write_record([
        "kind",
        "oktaUserId",
        "login",
        "memberId",
        "externalKey",
        "state",
        "cause",
        "fields",
        "notes",
        "refusedFields",
    ])?;
    for finding in findings {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let list = |name: &str| texts(finding, name).join(" ");
        let refused = finding["errors"].as_array().into_iter().flatten().map(|error| word(&error["field"]));
        writer.write_record([
            text("kind"),
            text("oktaUserId"),
            in_cell(text("login")),
            text("memberId"),
            in_cell(text("externalKey")),
            text("state"),
            text("cause"),
            list("fields"),
            list("notes"),
            refused.collect::<Vec<_>>().join(" "),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

/// A key or the part before an @ may be anything: what a spreadsheet would take for a formula gets an apostrophe.
fn in_cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// What will happen, before anybody is asked.
pub(super) fn plan(kinds: &[Kind], findings: &[Value], extras: &[&Value], exported_at: Option<Timestamp>) {
    eprintln!("\nThis is what --apply does:");
    for kind in kinds {
        let count = findings.iter().filter(|it| it["kind"] == kind.as_str()).count();
        let what = match kind {
            Kind::Missing => "get a member",
            Kind::Onboard => {
                "get their external key on the member that is there; managed fields become as Okta has them"
            }
            _ => "become as Okta says, in the managed fields",
        };
        if count > 0 {
            eprintln!("  {count} {} {what}", kind.as_str());
        }
    }
    for extra in extras {
        let (who, login) = (word(&extra["oktaUserId"]), word(&extra["login"]));
        eprintln!("  {who} {login} has lost the app: suspended or deleted as unassign.policy says");
    }
    if let Some(at) = exported_at.map(|at| format!("{at:.0}")) {
        eprintln!("  The export counts as of {at}; whatever is newer stands above it (--exported-at says otherwise).");
    }
    eprintln!("  Everybody is read again first. Holds and the cap on suspensions and deletions are in force.");
}

/// What became of it; false when something that was asked for was not done.
pub(super) fn applied(lines: &Lines) -> bool {
    let mut superseded = 0;
    for change in &lines.applied {
        let (who, login) = (word(&change["oktaUserId"]), word(&change["login"]));
        match change["verdict"].as_str() {
            None => println!("{who} {login}: has the app again; left alone"),
            Some("superseded") => superseded += 1,
            Some(_) => {}
        }
    }
    let none: Vec<&str> = texts(&lines.end, "noExtras");
    for name in &none {
        println!("{name}: is no extra any more; left alone");
    }
    println!("people due now: {}; `okta-lineworks list` shows how it goes on", lines.end["applied"]);
    if superseded > 0 {
        println!("{superseded} of them have newer events, which stand above what was compared");
    }
    none.is_empty()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_text() {
        let shown = |text: &str| super::in_cell(text.to_owned());
        assert_eq!(shown("=cmd@sandbox.example"), "'=cmd@sandbox.example");
        assert_eq!(shown("+81@sandbox.example"), "'+81@sandbox.example");
        assert_eq!(shown("taro@sandbox.example"), "taro@sandbox.example");
    }
}
