//! Every error LINE WORKS documents or was seen with, at every step: the state it leaves, the cause people see, and when
//! it is tried next.
//!
//! The table is `errors_by_step.txt`; each test plays one step of it against the running service. `UPDATE_PAPERS=1`
//! writes what happens into the table, to be read before it is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{TestApp, user};

/// No retry comes by itself while the test looks; the quota is none.
const SETTINGS: &str = r#"
[lineworks]
call_timeout = "400ms"
[converge]
retry_first = "20s"
retry_longest = "20s"
[unassign]
allow_call_policy = true
max_per_hour = 1000
[pacing]
per_minute = 240
burst = 240
"#;

fn said(code: &str, description: &str) -> Value {
    json!({"code": code, "description": description})
}

/// Reference, sections 3.2 and 3.3: status, body, and a name for the table.
fn errors() -> Vec<(&'static str, Value)> {
    let status = |status: u16, body: Value| json!({"kind": "status", "status": status, "body": body});
    vec![
        ("400 BAD_REQUEST", status(400, said("BAD_REQUEST", "Bad request."))),
        ("400 INVALID_PARAMETER", status(400, said("INVALID_PARAMETER", "nickName is invalid."))),
        ("400 MISSING_PARAMETER", status(400, said("MISSING_PARAMETER", "userName is required."))),
        ("400 LIMIT_EXCEEDED", status(400, said("LIMIT_EXCEEDED", "Too long."))),
        ("400 email is duplicated", status(400, said("BAD_REQUEST", "email is duplicated email.(a@b.example)"))),
        ("400 empty", status(400, json!(""))),
        ("401 UNAUTHORIZED", status(401, said("UNAUTHORIZED", "Malformed authentication token"))),
        ("403 FORBIDDEN", status(403, said("FORBIDDEN", "Forbidden."))),
        ("403 ACCESS_DENIED", status(403, said("ACCESS_DENIED", "Access is denied."))),
        ("403 Not allowed api", status(403, said("FORBIDDEN", "Not allowed api"))),
        ("403 LIMIT_EXCEEDED", status(403, said("LIMIT_EXCEEDED", "Limit exceeded."))),
        ("404 NOT_FOUND", status(404, said("NOT_FOUND", "Not found."))),
        ("404 USER_NOT_EXIST", status(404, said("USER_NOT_EXIST", "User does not exist."))),
        ("404 Api not exists", status(404, said("NOT_FOUND", "Api not exists"))),
        ("404 a proxy's page", status(404, json!("<html>nothing here</html>"))),
        ("409 CONFLICT", status(409, said("CONFLICT", "Conflict."))),
        ("409 ALREADY_EXIST", status(409, said("USER_ALREADY_EXIST", "The user exists already."))),
        ("410 DELETED", status(410, said("DELETED", "Deleted."))),
        ("429 TOO_MANY_REQUESTS", json!({"kind": "tooManyRequests", "delayMs": 30_000})),
        ("500 INTERNAL_SERVER_ERROR", status(500, said("INTERNAL_SERVER_ERROR", "Internal error."))),
        ("503 SERVICE_UNAVAILABLE", status(503, said("SERVICE_UNAVAILABLE", "Unavailable."))),
        ("returnCode 99", json!({"kind": "code99"})),
        ("no JSON", json!({"kind": "garbage"})),
        ("no answer", json!({"kind": "hang"})),
        ("connection closed", json!({"kind": "closeBefore"})),
        ("307 without Location", status(307, json!(""))),
    ]
}

/// Reference, section 1.5: what the token endpoint says.
fn token_errors() -> Vec<(&'static str, Value)> {
    let oauth = |status: u16, error: &str| {
        let body = json!({"error": error, "error_description": "Request is not valid."});
        json!({"kind": "status", "status": status, "body": body})
    };
    vec![
        ("token: 400 invalid_scope", oauth(400, "invalid_scope")),
        ("token: 401 invalid_client", oauth(401, "invalid_client")),
        ("token: 400 invalid_client", oauth(400, "invalid_client")),
        ("token: 400 invalid_grant", oauth(400, "invalid_grant")),
        ("token: 400 unauthorized_client", oauth(400, "unauthorized_client")),
        ("token: 400 unsupported_grant_type", oauth(400, "unsupported_grant_type")),
        ("token: returnCode 99", json!({"kind": "code99"})),
        ("token: 500", json!({"kind": "status", "status": 500})),
        ("token: no JSON", json!({"kind": "garbage"})),
        ("token: no answer", json!({"kind": "hang"})),
    ]
}

struct Step {
    name: &'static str,
    operation: &'static str,
}

impl Step {
    /// The step itself, whichever API takes it.
    fn kind(&self) -> &'static str {
        self.name.strip_prefix("scim_").unwrap_or(self.name)
    }

    fn settings(&self) -> String {
        if self.name.starts_with("scim_") {
            let scim = SETTINGS.replace("[lineworks]", "[lineworks]\nbackend = \"scim\"");
            return scim.replace("[unassign]\nallow_call_policy = true", "[unassign]\npolicy = \"suspend\"");
        }
        if self.kind().ends_with("_group") {
            let groups = SETTINGS.replace("[lineworks]", "[lineworks]\nscope = \"user group\"");
            return format!("{groups}\n[placement]\ngroups = [\"externalKey:everyone\"]");
        }
        SETTINGS.to_owned()
    }
}

/// Brings a person to where the step comes next, without taking it.
async fn prepare(app: &TestApp, step: &Step, n: u32) {
    let (person, email) = (person(n), format!("person{n}@sandbox.example"));
    let joined = async || assert_eq!(app.assign(&person, user(n)).await.status, 200, "{n}");
    let left = async |policy: &str| {
        assert_eq!(app.unassign(&person, &format!("policy={policy}")).await.status, 200, "{n}");
    };
    match step.kind() {
        "find" | "create" | "join_group" => {}
        "adopt" => app.seed(json!({ "email": email })).await,
        "update" | "suspend" | "delete" | "leave_group" => joined().await,
        "resume" => {
            joined().await;
            left("suspend").await;
        }
        "undelete" => {
            joined().await;
            left("delete").await;
        }
        other => unreachable!("{other} is no step"),
    }
}

/// Files the event the step answers.
async fn file(app: &TestApp, step: &Step, n: u32) {
    let person = person(n);
    match step.kind() {
        "suspend" | "delete" | "leave_group" => {
            let policy = if step.kind() == "delete" { "delete" } else { "suspend" };
            let target = format!("{person}?policy={policy}");
            let request = app.card(reqwest::Method::DELETE, &target).header("Prefer", "wait=0");
            assert_eq!(request.send().await.expect("answered").status(), 202);
        }
        _ => {
            let mut user = user(n);
            user["nickName"] = json!("Taro");
            app.put_without_waiting(&person, json!({ "user": user })).await;
        }
    }
}

fn person(n: u32) -> String {
    format!("00uPERSON{n}")
}

/// `state cause next`, as the row says once nobody works on it.
async fn outcome(app: &TestApp, n: u32) -> String {
    let row =
        app.row_when(&person(n), |row| !["due", "running"].contains(&row["state"].as_str().unwrap_or("due"))).await;
    let state = row["state"].as_str().expect("a word").to_owned();
    let reason = &row["reason"];
    for text in ["title", "todo", "titleJa", "todoJa"] {
        assert!(reason.is_null() || reason[text].as_str().is_some_and(|text| !text.is_empty()), "{row:#}");
    }
    let code = reason["code"].as_str().unwrap_or("-");
    format!("{state:<8} {code:<28} {}", next_try(&row))
}

/// When it is tried again, from the end of the run, to ten seconds: `backoff` is `retry_first` with its jitter.
fn next_try(row: &Value) -> String {
    let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let ended = moment(&row["history"]["attempts"][0]["endedAt"]).expect("there was a run");
    let next = match row["state"].as_str() {
        Some("waiting") => moment(&row["nextTryAt"]),
        _ => moment(&row["lookAgainAt"]),
    };
    match next.map(|next| next.duration_since(ended).as_secs()) {
        None => "-".to_owned(),
        Some(..=20) => "backoff".to_owned(),
        Some(seconds) => format!("{} s", (seconds + 5) / 10 * 10),
    }
}

/// The lines of one step: errors of its own call, or of the token it needs.
async fn play(step: &Step, errors: Vec<(&'static str, Value)>, operation: &str) -> BTreeMap<String, String> {
    let app = TestApp::with(&step.settings()).await;
    let mut lines = BTreeMap::new();
    for (n, (name, mut fault)) in (0_u32..).zip(errors) {
        prepare(&app, step, n).await;
        fault["operation"] = json!(operation);
        app.fault(fault).await;
        if operation == "token" {
            app.sandbox("tokens/kill", Value::Null).await;
        }
        file(&app, step, n).await;
        lines.insert(format!("{:<12} {name}", step.name), outcome(&app, n).await);
        app.heal().await;
        // Whatever pauses the operation, the token or all creates is over before the next one.
        app.advance(std::time::Duration::from_secs(310)).await;
        // It heals by itself, unless a human is asked: then a retry is enough.
        let row = app.row(&person(n)).await;
        if row["state"] == "parked" || row["state"] == "held" {
            app.admin(reqwest::Method::POST, &format!("/v1/assignments/{}/retry", person(n))).await;
        }
        app.row_in(&person(n), "settled").await;
    }
    app.finish().await;
    lines
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/errors_by_step.txt")
}

/// The table's lines that begin with this word.
fn table(step: &str) -> (Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().map(str::to_owned);
    lines.partition(|line| line.split_whitespace().next() == Some(step))
}

fn compare(step: &str, happened: &BTreeMap<String, String>) {
    let (mut known, others) = table(step);
    let mut happened: Vec<String> =
        happened.iter().map(|(what, how)| format!("{what:<47} {how}").trim_end().to_owned()).collect();
    happened.sort();
    known.sort();
    if std::env::var_os("UPDATE_PAPERS").is_some() {
        let mut all: Vec<String> = others.into_iter().chain(happened).collect();
        all.sort();
        std::fs::write(path(), all.join("\n") + "\n").expect("written");
        return;
    }
    for line in &happened {
        assert!(known.contains(line), "not in the table: {line}");
    }
    assert_eq!(known, happened);
}

macro_rules! steps {
    ($($test:ident: $name:literal, $operation:literal;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let step = Step { name: $name, operation: $operation };
                let mut lines = play(&step, errors(), step.operation).await;
                if !step.name.starts_with("scim_") {
                    lines.extend(play(&step, token_errors(), "token").await);
                }
                compare($name, &lines);
            }
        )+
    };
}

steps! {
    every_error_when_looking_for_a_member: "find", "users.get";
    every_error_at_a_create: "create", "users.create";
    every_error_at_an_update: "update", "users.patch";
    every_error_at_an_adoption: "adopt", "users.patch";
    every_error_at_a_suspension: "suspend", "users.suspend";
    every_error_at_a_resumption: "resume", "users.unsuspend";
    every_error_at_a_deletion: "delete", "users.delete";
    every_error_at_an_undelete: "undelete", "users.undelete";
    every_error_when_joining_a_group: "join_group", "groups.members.add";
    every_error_when_leaving_a_group: "leave_group", "groups.members.remove";
    every_error_when_looking_for_a_user_of_scim: "scim_find", "scim.users.list";
    every_error_at_a_create_by_scim: "scim_create", "scim.users.create";
    every_error_at_an_update_by_scim: "scim_update", "scim.users.patch";
    every_error_at_a_suspension_by_scim: "scim_suspend", "scim.users.patch";
    every_error_at_a_resumption_by_scim: "scim_resume", "scim.users.patch";
}
