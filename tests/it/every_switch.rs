//! The main job under every setting of every switch of the sandbox: whatever LINE WORKS turns out to do where its
//! documents are silent, a person joins, changes, leaves, comes back, is deleted and comes back again.

mod okta;

use std::time::Duration;

use okta_lineworks::sandbox::Switches;
use serde_json::{Value, json};

use crate::support::{TestApp, user};

const DIRECTORY: &str = "[pacing]\nper_minute = 240\nburst = 240\n[unassign]\nmax_per_hour = 100000";
const SCIM: &str = "[pacing]\nper_minute = 240\nburst = 240\n[unassign]\nmax_per_hour = 100000\npolicy = 'suspend'\n\
    [lineworks]\nbackend = 'scim'";
/// Naming a credential beside SCIM rehearses both APIs at once.
const BOTH: &str = "[pacing]\nper_minute = 240\nburst = 240\n[unassign]\nmax_per_hour = 100000\n\
    [lineworks]\nbackend = 'scim'\nclient_id = 'sandbox'";
const WEEK: Duration = Duration::from_secs(7 * 86_400 + 60);

/// How far somebody gets with a setting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Everything works.
    Through,
    /// Nothing can be written until the setting is taken back; then everything works.
    Blocked,
    /// Works with `lineworks.sso = false`.
    WithoutSso,
}
use Course::{Blocked, Through, WithoutSso};

/// Every setting of every switch but the defaults; a switch that takes any number has one that bites.
fn settings() -> Vec<(&'static str, Value, Course)> {
    let mut settings = vec![
        ("sso", json!(false), WithoutSso),
        ("plan", json!("free"), Blocked),
        ("accessTokenLifeSeconds", json!(20), Through),
        ("quotaPerMinute", json!(12), Through),
        ("latencyMs", json!(60), Through),
        ("seats", json!(0), Blocked),
        ("editLock", json!("500"), Blocked),
        ("editLock", json!("403"), Blocked),
    ];
    let words: [(&str, &[Value]); 41] = [
        ("tokenErrorStatus", &[json!("all400")]),
        ("expiresIn", &[json!("number")]),
        ("newTokenKillsOlder", &[json!(true)]),
        ("duplicateStyle", &[json!("400")]),
        ("duplicateReadable", &[json!(false)]),
        ("endCursor", &[json!("missing"), json!("empty"), json!("noObject")]),
        ("missingUserCode", &[json!("USER_NOT_EXIST")]),
        ("refuseOverlap", &[json!(false)]),
        ("headerSpelling", &[json!("ssed"), json!("used")]),
        ("requireRootExternalKey", &[json!(true)]),
        ("acceptUnknownPlacement", &[json!(true)]),
        ("getInGrace", &[json!("404"), json!("410")]),
        ("undeleteReturns", &[json!("active"), json!("suspended")]),
        ("pendingSuspend", &[json!("accept")]),
        ("suspendSuspended", &[json!("accept")]),
        ("unsuspendActive", &[json!("accept")]),
        ("patchAnswers", &[json!("empty204")]),
        ("patchObjects", &[json!("replace")]),
        ("useLevel", &[json!(false)]),
        ("usePosition", &[json!(false)]),
        ("useUserType", &[json!(false)]),
        ("deleteInUse", &[json!("accept")]),
        ("refuseOrgUnitPace", &[json!(true)]),
        ("prohibitedWords", &[json!([]), json!(["nobody-has-this"])]),
        ("passwordPolicy", &[json!("specials")]),
        ("administratorRefusal", &[json!("403")]),
        ("messengerProtocol", &[json!("TWITTER")]),
        ("rateWindow", &[json!("sliding")]),
        ("concurrentLimit", &[json!(2)]),
        ("refreshToken", &[json!("repeat"), json!("rotate")]),
        ("scopeSeparator", &[json!("comma")]),
        ("expiredAssertionText", &[json!("いいえ")]),
        ("scimTokenForm", &[json!("jwt")]),
        ("scimErrorBody", &[json!("code"), json!("empty")]),
        ("scimDuplicateStatus", &[json!("400")]),
        ("scimResources", &[json!("resources")]),
        ("scimExternalIdUnique", &[json!(true)]),
        ("scimLenientPatch", &[json!(false)]),
        ("scimPatchAnswers", &[json!("empty204")]),
        ("scimGetInGrace", &[json!("200")]),
        ("scimReactivatePending", &[json!("refuse")]),
    ];
    for (name, values) in words {
        settings.extend(values.iter().map(|value| (name, value.clone(), Through)));
    }
    settings
}

/// Waits for the row; time passes while it waits for LINE WORKS or for its turn.
async fn until(app: &TestApp, person: &str, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let started = tokio::time::Instant::now();
    loop {
        let row = app.row(person).await;
        if condition(&row) {
            return row;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: {row:#}\n{:#}", app.stats().await["violations"]);
        if row["state"] == "waiting" {
            app.advance(Duration::from_secs(61)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_settled(row: &Value) -> bool {
    row["state"] == "settled"
}

/// One person's whole life with the app.
struct Life<'a> {
    app: &'a TestApp,
    person: String,
    user: Value,
    what: String,
}

impl<'a> Life<'a> {
    fn of(app: &'a TestApp, n: u32, what: String) -> Self {
        let mut user = user(n);
        user["privateEmail"] = json!(format!("person{n}@home.example"));
        Self { app, person: format!("00uPERSON{n}"), user, what }
    }

    async fn is(&self, condition: impl Fn(&Value) -> bool) {
        let email = self.user["email"].as_str().expect("a text");
        let member = self.app.member_when(email, |member| condition(member)).await;
        assert_eq!(member["_createdCount"], 1, "{}: {member:#}", self.what);
    }

    async fn joins(&mut self, nick_name: &str) {
        self.user["nickName"] = json!(nick_name);
        self.app.put_without_waiting(&self.person, json!({"user": self.user})).await;
        until(self.app, &self.person, &self.what, is_settled).await;
        self.is(|member| {
            member["nickName"] == nick_name && member["isSuspended"] == false && member["isDeleted"] == false
        })
        .await;
    }

    async fn leaves(&self) {
        let request = self.app.card(reqwest::Method::DELETE, &self.person).header("Prefer", "wait=0");
        assert!(request.send().await.expect("answered").status().is_success());
        until(self.app, &self.person, &self.what, is_settled).await;
    }

    async fn leaves_for_a_while(&self) {
        self.leaves().await;
        // Nobody can be suspended before their first day.
        self.is(|member| member["isSuspended"] == true || member["isPending"] == true).await;
    }

    async fn is_deleted_in_the_end(&self) {
        self.leaves().await;
        self.app.advance(WEEK).await;
        until(self.app, &self.person, &self.what, |row| is_settled(row) && row["lookAgainAt"].is_null()).await;
        self.is(|member| member["isDeleted"] == true).await;
    }
}

async fn live(app: &TestApp, n: u32, what: String, deletes: bool) {
    let mut life = Life::of(app, n, what);
    life.joins("Taro").await;
    life.joins("Jiro").await;
    life.leaves_for_a_while().await;
    life.joins("Saburo").await;
    if deletes {
        life.is_deleted_in_the_end().await;
        life.joins("Shiro").await;
    }
}

async fn under_every_setting(configuration: &str, deletes: bool) {
    let mut app = TestApp::with(configuration).await;
    let defaults = json!(Switches::default());
    for (n, (name, value, course)) in (0_u32..).zip(settings()) {
        let what = format!("{name} = {value}");
        if course == WithoutSso {
            app.restart_with(&with_sso_off(configuration)).await;
        }
        // A quota that shrinks has a window of its own.
        app.advance(Duration::from_secs(61)).await;
        app.switch(json!({ (name): value })).await;
        if course == Blocked {
            let person = format!("00uPERSON{n}");
            app.sandbox("tokens/kill", Value::Null).await;
            app.put_without_waiting(&person, json!({"user": user(n)})).await;
            app.row_when(&person, |row| row["state"] != "due" && row["state"] != "running").await;
            assert!(app.member(&person).await.is_none(), "{what}");
            app.switch(json!({ (name): defaults[name] })).await;
        }
        live(&app, n, what, deletes).await;
        app.switch(json!({ (name): defaults[name] })).await;
        if course == WithoutSso {
            app.restart_with(configuration).await;
        }
    }
    app.finish().await;
}

fn with_sso_off(configuration: &str) -> String {
    match configuration.contains("[lineworks]") {
        true => configuration.replace("[lineworks]", "[lineworks]\nsso = false"),
        false => format!("{configuration}\n[lineworks]\nsso = false"),
    }
}

#[test]
fn every_switch_is_played() {
    let Value::Object(known) = json!(Switches::default()) else { panic!("switches are an object") };
    let played = settings();
    for (name, default) in known {
        let settings: Vec<&Value> = played.iter().filter(|(it, ..)| *it == name).map(|(_, value, _)| value).collect();
        assert!(!settings.is_empty() && !settings.contains(&&default), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_through_the_directory_api() {
    under_every_setting(DIRECTORY, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_through_scim() {
    under_every_setting(SCIM, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_through_scim_with_the_directory_api_beside_it() {
    under_every_setting(BOTH, true).await;
}
