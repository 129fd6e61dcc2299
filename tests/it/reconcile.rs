//! Okta against LINE WORKS, over real HTTP on all sides: what is found, what is applied, and what never is.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ADMIN, TestApp, user};

/// With access to the fake Okta.
const OKTA: &str = "[okta]\norg_url = '{sandbox}'\napi_token = '{okta_api_token}'\n[unassign]\npolicy = 'suspend'";
/// Without, and only the key is kept after creation.
const KEYS_ONLY: &str = "[lineworks]\nmanaged_fields = []\n[unassign]\npolicy = 'suspend'";

fn email(name: &str) -> String {
    format!("{name}@sandbox.example")
}

impl TestApp {
    async fn okta(&self, method: Method, path: &str, body: Value) {
        let address = format!("{}/_sandbox/okta/{path}", self.sandbox_url);
        let request = self.http.request(method, address);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.expect("an answer");
        assert!(response.status().is_success(), "{path}: {:?}", response.text().await);
    }

    /// Somebody in Okta who has the app.
    async fn in_okta(&self, id: &str, name: &str) {
        let profile = json!({ "firstName": "渚", "lastName": name });
        let person = json!({ "id": id, "login": email(name), "profile": profile, "assign": {} });
        self.okta(Method::POST, "users", person).await;
    }

    /// The same, and the service has made the member.
    async fn in_both(&self, id: &str, name: &str) {
        self.in_okta(id, name).await;
        assert_eq!(self.assign(id, wished(name)).await.status, 200);
    }

    async fn seed_person(&self, name: &str) {
        self.seed(json!({ "email": email(name), "userName": { "lastName": name, "firstName": "渚" } })).await;
    }

    /// The lines of a streamed answer.
    async fn lines(&self, path: &str, body: impl Into<reqwest::Body>, content: &str) -> Vec<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(ADMIN);
        let response = request.header("Content-Type", content).body(body).send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a text");
        assert_eq!(status, 200, "{text}");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What is found, by kind and the name before the `@`.
    async fn found(&self, csv: &str) -> Vec<(String, String)> {
        let lines = self.lines("/v1/reconcile", csv.to_owned(), "text/csv").await;
        assert!(lines.last().is_some_and(|line| line["summary"].is_object()), "{lines:#?}");
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = |value: &Value| word(value).split('@').next().unwrap_or_default().to_owned();
        let findings = lines.iter().map(|line| &line["finding"]).filter(|finding| finding.is_object());
        findings.map(|it| (word(&it["kind"]), name(&it["login"]))).collect()
    }

    /// How many calls so far may have changed something in LINE WORKS.
    async fn writes(&self) -> usize {
        let journal: Value = self
            .http
            .get(format!("{}/_sandbox/journal", self.sandbox_url))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let entries = journal.as_array().expect("a list").iter();
        entries
            .filter(|it| {
                it["method"] != "GET" && it["operation"].as_str().is_some_and(|name| name.starts_with("users."))
            })
            .count()
    }

    /// The command line against this service: exit code, standard output, standard error.
    async fn cli(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let secret = self.folder().join("admin-secret");
        std::fs::write(&secret, ADMIN).expect("the folder is ours");
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.arg("reconcile").args(arguments).args(["--url", &self.url, "--admin-secret-file"]).arg(secret);
        let output = command.stdin(std::process::Stdio::null()).output().await.expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn save(&self, csv: &str) -> PathBuf {
        let file = self.folder().join("export.csv");
        std::fs::write(&file, csv).expect("the folder is ours");
        file
    }
}

fn wished(name: &str) -> Value {
    json!({ "email": email(name), "userName": { "lastName": name, "firstName": "渚" } })
}

/// One of each kind.
async fn everything() -> TestApp {
    let app = TestApp::with(OKTA).await;
    for name in ["same", "different", "extra"] {
        app.in_both(&format!("00u{}", name.to_uppercase()), name).await;
    }
    app.by_hand(&email("different"), json!({ "userName": { "lastName": "別人", "firstName": "渚" } })).await;
    app.okta(Method::DELETE, "apps/0oaSANDBOX/users/00uEXTRA", Value::Null).await;
    app.in_okta("00uMISSING", "missing").await;
    app.in_okta("00uONBOARD", "onboard").await;
    app.seed_person("onboard").await;
    app.seed_person("unmanaged").await;
    let refused = json!({ "id": "00uREFUSED", "login": "refused", "profile": { "lastName": "x" }, "assign": {} });
    app.okta(Method::POST, "users", refused).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_found_through_okta_s_api_and_nothing_changes() {
    let app = everything().await;
    let before = app.writes().await;
    let found = app.found("").await;
    let wanted = [
        ("missing", "missing"),
        ("onboard", "onboard"),
        ("different", "different"),
        ("refused", "refused"),
        ("extra", "extra"),
        ("unmanaged", "unmanaged"),
    ];
    let found: Vec<_> = found.iter().map(|(kind, name)| (kind.as_str(), name.as_str())).collect();
    assert_eq!(found, wanted);

    let (code, table, _) = app.cli(&[]).await;
    assert_eq!(code, Some(0));
    for text in [
        "missing    00uMISSING",
        "different  00uDIFFERENT           different@sandbox.example                settled; differs in userName",
        "onboard@sandbox.example                  not_in_ledger, no_key",
        "user.email: ",
        "メールアドレス",
        "5 people with the app, 5 members, 3 known to the service: 1 as they should be, 1 different, 1 extra, 1 missing, 1 onboard, 1 refused, 1 unmanaged",
    ] {
        assert!(table.contains(text), "{text:?} is not in:\n{table}");
    }
    let (_, csv, _) = app.cli(&["--format", "csv", "--only", "missing,different"]).await;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "kind,oktaUserId,login,memberId,externalKey,state,cause,fields,notes,refusedFields");
    assert_eq!(rows.len(), 3);
    assert!(rows[2].starts_with("different,00uDIFFERENT,different@sandbox.example,") && rows[2].contains(",userName,"));
    let (_, shown, _) = app.cli(&["--format", "json"]).await;
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((shown["findings"].as_array().map(Vec::len), &shown["summary"]["same"]), (Some(6), &json!(1)));
    for attribute in ["別人", "渚"] {
        assert!(!shown.to_string().contains(attribute) && !table.contains(attribute), "no attribute is repeated");
    }

    assert_eq!(app.writes().await, before, "nothing changes without --apply");
    assert!(app.admin(Method::GET, "/v1/assignments/00uMISSING").await.status == 404, "nor in the ledger");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_is_applied_and_extras_only_when_they_are_named() {
    let app = everything().await;
    let (code, _, said) = app.cli(&["--apply"]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("--yes") && said.contains("1 missing get a member"), "{said}");
    assert!(app.member("00uMISSING").await.is_none(), "nobody was asked");

    let (code, shown, said) = app.cli(&["--apply", "--yes"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(shown.contains("people due now: 3;"), "{shown}");
    for person in ["00uMISSING", "00uONBOARD", "00uDIFFERENT"] {
        app.row_in(person, "settled").await;
    }
    assert_eq!(app.member("00uMISSING").await.expect("made")["userName"]["lastName"], "missing");
    assert_eq!(app.member("00uONBOARD").await.expect("keyed")["email"], email("onboard"));
    assert_eq!(app.member("00uDIFFERENT").await.expect("is there")["userName"]["lastName"], "different");
    assert_eq!(app.events("00uMISSING").await[0]["source"], "reconcile");
    assert_eq!(app.member("00uEXTRA").await.expect("is there")["isSuspended"], false);
    assert_eq!(app.found("").await.len(), 3, "the extra, the refused one and the unmanaged one are left");

    let (code, _, said) = app.cli(&["--apply", "--yes", "--extra", "unmanaged@sandbox.example"]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("nobody of that name is an extra"), "{said}");
    let (code, _, said) = app.cli(&["--apply", "--yes", "--extra", "Extra@sandbox.example"]).await;
    assert_eq!(code, Some(0), "{said}");
    app.member_when("00uEXTRA", |member| member["isSuspended"] == true).await;
    assert_eq!(app.member(&email("unmanaged")).await.expect("is there")["isSuspended"], false);
    let found = app.found("").await;
    assert!(found.contains(&("leaving".to_owned(), "extra".to_owned())), "{found:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extra_who_has_the_app_again_by_then_is_left_alone() {
    let app = everything().await;
    let named = json!({ "extras": ["00uEXTRA", "nobody"] });
    app.okta(Method::POST, "apps/0oaSANDBOX/users", json!({ "user": "00uEXTRA" })).await;
    let lines = app.lines("/v1/reconcile/apply", named.to_string(), "application/json").await;
    let done = &lines.last().expect("an end")["done"];
    assert_eq!(done, &json!({ "applied": 0, "noExtras": ["00uEXTRA", "nobody"] }));
    assert_eq!(app.member("00uEXTRA").await.expect("is there")["isSuspended"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_members_of_an_existing_domain_get_their_keys_and_nothing_else() {
    let app = TestApp::with(KEYS_ONLY).await;
    let mut csv = "\u{FEFF}User ID,Application Username,姓,名\r\n".to_owned();
    for n in 0..50 {
        app.seed(json!({ "email": email(&format!("m{n}")), "userName": { "lastName": format!("元の姓{n}") }, "nickName": "x" })).await;
        csv.push_str(&format!("00uM{n},M{n}@sandbox.example,新しい姓,新\r\n"));
    }
    app.seed_person("nobody").await;
    let before = app.members().await;
    let file = app.save(&csv);
    let (code, shown, said) =
        app.cli(&["--csv", &file.display().to_string(), "--apply", "--only", "onboard", "--yes"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(shown.contains("50 onboard, 1 unmanaged") && shown.contains("people due now: 50;"), "{shown}");
    assert!(said.contains("The export counts as of"), "{said}");
    for n in 0..50 {
        app.row_in(&format!("00uM{n}"), "settled").await;
    }
    let without_key = |mut members: Vec<Value>| -> Vec<Value> {
        for member in members.iter_mut().filter_map(Value::as_object_mut) {
            member.retain(|name, _| name != "userExternalKey" && !name.starts_with('_'));
            for organization in member["organizations"].as_array_mut().into_iter().flatten() {
                organization.as_object_mut().expect("an object").remove("userExternalKey");
            }
        }
        members
    };
    let after = app.members().await;
    let keyed =
        after.iter().filter(|member| member["userExternalKey"].as_str().is_some_and(|key| key.starts_with("00uM")));
    assert_eq!(keyed.count(), 50);
    assert_eq!(without_key(after), without_key(before));
    assert_eq!(app.writes().await, 50);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_stands_above_an_export() {
    let app = TestApp::with(KEYS_ONLY).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let file = app.save("id,login\n00uOTHER,other@sandbox.example\n");
    let file = file.display().to_string();
    let arguments = ["--csv", &file, "--apply", "--yes", "--extra", "00uTARO", "--exported-at"];
    let (code, shown, said) = app.cli(&[&arguments[..], &["2020-01-01T00:00:00Z"]].concat()).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(shown.contains("1 of them have newer events"), "{shown}");
    app.row_in("00uTARO", "settled").await;
    assert_eq!(app.member("00uTARO").await.expect("is there")["isSuspended"], false);

    let now = app.clock.now().to_string();
    let (code, shown, said) = app.cli(&[&arguments[..], &[&now]].concat()).await;
    assert_eq!(code, Some(0), "{said}{shown}");
    app.member_when("00uTARO", |member| member["isSuspended"] == true).await;
    let (code, _, said) = app.cli(&[&arguments[..], &["2099-01-01T00:00:00Z"]].concat()).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("nobody of that name is an extra"), "{said}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_ids_is_matched_by_login_and_says_whom_it_cannot_name() {
    let app = TestApp::with(KEYS_ONLY).await;
    assert_eq!(app.assign("00uTARO", user(1)).await.status, 200);
    let known = user(1)["email"].as_str().expect("an address").to_owned();
    let file = app.save(&format!("Login;Name\n{known};山田\nnew@sandbox.example;新\n"));
    let (code, shown, _) = app.cli(&["--csv", &file.display().to_string()]).await;
    assert_eq!(code, Some(0));
    assert!(shown.contains("needs_id   -                      new@sandbox.example"), "{shown}");
    assert!(shown.contains("1 as they should be") && shown.contains("address of the person's page"), "{shown}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_export_and_a_missing_way_to_okta_are_explained() {
    let app = TestApp::with(KEYS_ONLY).await;
    let shift_jis = app.folder().join("sjis.csv");
    std::fs::write(&shift_jis, b"id,name\n00uA,\x8e\x52\x93\x63\n").expect("the folder is ours");
    let (code, _, said) = app.cli(&["--csv", &shift_jis.display().to_string()]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("CSV UTF-8") && said.contains("Shift_JIS"), "{said}");
    let file = app.save("who\nx\n");
    let (_, _, said) = app.cli(&["--csv", &file.display().to_string()]).await;
    assert!(said.contains("--columns"), "{said}");
    let (code, _, said) = app.cli(&[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("okta.org_url") && said.contains("--csv"), "{said}");
    app.admin(Method::POST, "/v1/reconcile").await.problem(409, "no_okta_access");
    let request = app.http.post(format!("{}/v1/reconcile", app.url)).bearer_auth("sandbox-card");
    assert_eq!(request.send().await.expect("an answer").status(), 401);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_hundred_people_come_in_pages() {
    let app = TestApp::with(OKTA).await;
    let people: Vec<Value> = (0..1500)
        .map(|n| json!({ "id": format!("00uP{n:04}"), "login": email(&format!("p{n:04}")), "profile": { "lastName": "x" }, "assign": {} }))
        .collect();
    app.okta(Method::POST, "users", json!(people)).await;
    for n in 0..150 {
        app.seed(json!({ "email": email(&format!("p{n:04}")), "userName": { "lastName": "x" } })).await;
    }
    let lines = app.lines("/v1/reconcile", "", "text/csv").await;
    let read = |phase: &str| -> Vec<u64> {
        let progress = lines.iter().map(|line| &line["progress"]).filter(|it| it["phase"] == phase);
        progress.filter_map(|it| it["read"].as_u64()).collect()
    };
    assert_eq!(read("okta"), [500, 1000, 1500, 1500]);
    assert_eq!(read("members"), [100, 150]);
    let summary = &lines.last().expect("an end")["summary"];
    assert_eq!(summary["found"], json!({ "missing": 1350, "onboard": 150 }));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_side_fails_in_the_middle_nothing_is_compared_and_it_is_said() {
    let app = everything().await;
    app.fault(json!({ "kind": "status", "status": 503, "operation": "users.list" })).await;
    let (code, shown, said) = app.cli(&["--apply", "--yes"]).await;
    assert_eq!((code, shown.as_str()), (Some(1), ""));
    assert!(said.contains("LINE WORKS could not be read to its end (0 read), so nothing was compared"), "{said}");
    app.heal().await;

    app.fault(json!({ "kind": "status", "status": 403, "operation": "okta.appUsers.list" })).await;
    let lines = app.lines("/v1/reconcile", "", "text/csv").await;
    let failed = &lines.last().expect("an end")["failed"];
    assert_eq!((&failed["phase"], &failed["read"]), (&json!("okta"), &json!(0)));
    assert!(failed["cause"]["code"].as_str().is_some_and(|code| code.starts_with("okta_")), "{failed}");
    app.heal().await;

    app.okta(Method::POST, "apps/0oaSANDBOX/deactivate", Value::Null).await;
    let (code, _, said) = app.cli(&[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("deactivated in Okta") && said.contains("無効化"), "{said}");
    assert!(app.member("00uMISSING").await.is_none());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_is_waited_for() {
    let app = everything().await;
    app.fault(json!({ "kind": "status", "status": 503, "operation": "users.list", "times": 1 })).await;
    app.fault(json!({ "kind": "status", "status": 500, "operation": "okta.appUsers.list", "times": 1 })).await;
    assert_eq!(app.found("").await.len(), 6);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_comparison_runs_at_a_time() {
    let app = everything().await;
    app.fault(json!({ "kind": "slow", "delayMs": 3000, "operation": "users.list" })).await;
    let first = app.http.post(format!("{}/v1/reconcile", app.url)).bearer_auth(ADMIN).send().await.expect("an answer");
    assert_eq!(first.status(), 200);
    app.admin(Method::POST, "/v1/reconcile").await.problem(409, "reconcile_running");
    drop(first);
    app.heal().await;
    app.finish().await;
}
