//! The main job under every setting of every switch of the fake Okta: whatever Okta turns out to do where its documents
//! are silent, a person joins, is renamed, suspended, leaves, comes back and is deleted; told by the event hook, and once
//! more with the hook down, by catch-up alone.

use std::time::Duration;

use okta_lineworks::sandbox::OktaSwitches;
use reqwest::Method;
use serde_json::{Value, json};

use super::WEEK;
use crate::support::{APP_ID, ReadAnswer, TestApp};

const ORG: &str = "[okta]\nclient_id = 'sandbox'\ncatch_up_every = '1m'\n[pacing]\nper_minute = 240\nburst = 240\n\
    [unassign]\nmax_per_hour = 100000";
/// How long a hook may take in real time before time passes, and what catch-up may take for a pass.
const FOR_THE_HOOK: Duration = Duration::from_millis(400);
const FOR_A_PASS: Duration = Duration::from_millis(60);

/// What a setting is tried with beside somebody's usual way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// Nothing.
    Usual,
    /// The hook says little or nothing in time: whoever is first tells.
    Unheard,
    /// The app is inactive for a while.
    AppInactive,
    /// The app is deleted, and made again.
    AppDeleted,
    /// The admin role is narrowed to another app for a while.
    RoleNarrowed,
    /// Two people at the same time.
    Crowd,
    /// The System Log cannot be read on, so catch-up rests until the setting is taken back.
    LogBlocked,
}
use Trial::{AppDeleted, AppInactive, Crowd, LogBlocked, RoleNarrowed, Unheard, Usual};

/// Every setting of every switch but the defaults, with what it needs beside it to bite.
fn settings() -> Vec<(&'static str, Value, Value, Trial)> {
    let alone = || json!({});
    vec![
        ("latencyMs", json!(60), alone(), Usual),
        ("nullMembers", json!("omitted"), alone(), Usual),
        ("linkLines", json!("joined"), alone(), Usual),
        ("nextHost", json!("other"), alone(), LogBlocked),
        // A suspension takes four calls of one API within a minute: below that nobody is ever suspended.
        ("rateLimitPerMinute", json!(5), alone(), Usual),
        ("concurrentLimit", json!(1), json!({"latencyMs": 40}), Crowd),
        ("retryAfter", json!(true), json!({"rateLimitPerMinute": 5}), Usual),
        ("accessTokenLifeSeconds", json!(20), alone(), Usual),
        ("requireDpop", json!(true), alone(), Usual),
        ("dpopNonceLifeSeconds", json!(5), json!({"requireDpop": true}), Usual),
        ("narrowedAnswer", json!("403"), alone(), RoleNarrowed),
        ("inactiveAppUsers", json!("hidden"), alone(), AppInactive),
        ("appDeleteWritesRemovals", json!(false), alone(), AppDeleted),
        ("userNameChange", json!("alone"), alone(), Usual),
        ("userNameChange", json!("removeAndAdd"), alone(), Usual),
        ("targetOrder", json!("reversed"), alone(), Usual),
        ("targetOrder", json!("shuffled"), alone(), Usual),
        ("logCursorLifeSeconds", json!(5), alone(), Usual),
        ("logLatePercent", json!(100), alone(), Usual),
        ("logLateSeconds", json!(300), json!({"logLatePercent": 100}), Usual),
        ("eventIdSpelling", json!("eventID"), alone(), Usual),
        ("hookRequestId", json!(true), alone(), Usual),
        ("hookOther2xx", json!("lost"), alone(), Usual),
        ("hookRetries4xx", json!(true), alone(), Usual),
        ("hookBatchMs", json!(150), alone(), Usual),
        ("hookBatchMost", json!(1), alone(), Usual),
        ("hookDelayMs", json!(150), alone(), Usual),
        ("hookJitterMs", json!(200), alone(), Usual),
        ("hookDisorder", json!(true), json!({"hookBatchMs": 100}), Crowd),
        ("hookDuplicatePercent", json!(100), alone(), Usual),
        ("hookLossPercent", json!(100), alone(), Unheard),
        ("hookTimeoutMs", json!(1), alone(), Unheard),
        ("hookRetryGapMs", json!(0), json!({"hookTimeoutMs": 1}), Unheard),
        ("seed", json!(7), json!({"hookLossPercent": 50}), Unheard),
    ]
}

/// One person's whole life with the app, as an administrator of Okta makes it.
struct Life<'a> {
    app: &'a TestApp,
    person: String,
    /// How long it waits before time passes.
    patience: Duration,
    what: String,
}

impl<'a> Life<'a> {
    fn of(app: &'a TestApp, person: String, patience: Duration, what: &str) -> Self {
        let what = format!("{what}, {person}");
        Self { app, person, patience, what }
    }

    fn email(&self, name: &str) -> String {
        format!("{name}.{}@sandbox.example", self.person).to_lowercase()
    }

    /// Waits until the member is so, and nothing is left to do; time passes when nothing happens.
    async fn until(&self, what: &str, condition: impl Fn(&Value) -> bool) {
        let started = tokio::time::Instant::now();
        let mut asleep = started;
        loop {
            let mut members = self.app.members().await;
            members.retain(|it| it["userExternalKey"] == self.person);
            assert!(members.len() < 2, "{}, {what}: created twice", self.what);
            let member = members.pop();
            let row = self.app.admin(Method::GET, &format!("/v1/assignments/{}", self.person)).await.body;
            if row["state"] == "settled" && member.as_ref().is_some_and(&condition) {
                return;
            }
            let violations = started.elapsed() > Duration::from_secs(25);
            assert!(
                !violations,
                "{}, {what}: {member:#?} {row:#}\n{:#}",
                self.what,
                self.app.stats().await["violations"]
            );
            if asleep.elapsed() > self.patience {
                self.app.advance(Duration::from_secs(61)).await;
                asleep = tokio::time::Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn is_in_use(&self, name: &str, nick_name: &str) {
        let (email, nick_name) = (self.email(name), json!(nick_name));
        self.until(&email, |it| {
            it["email"] == email
                && it["nickName"] == nick_name
                && it["userName"]["lastName"] == "山田"
                && it["isSuspended"] == false
                && it["isDeleted"] == false
        })
        .await;
    }

    async fn joins(&self) {
        let profile = json!({"firstName": "太郎", "lastName": "山田"});
        let assign = json!({"profile": {"nickName": "Taro"}});
        let user = json!({"id": self.person, "login": self.email("taro"), "profile": profile, "assign": assign});
        okta(self.app, Method::POST, "users", user).await;
        self.is_in_use("taro", "Taro").await;
    }

    async fn lives_on(&self) {
        let assignment = format!("apps/{APP_ID}/users/{}", self.person);
        okta(self.app, Method::PATCH, &assignment, json!({"userName": self.email("jiro")})).await;
        self.is_in_use("jiro", "Taro").await;
        okta(self.app, Method::PATCH, &assignment, json!({"profile": {"nickName": "Jiro"}})).await;
        self.is_in_use("jiro", "Jiro").await;
        okta(self.app, Method::POST, &format!("users/{}/suspend", self.person), Value::Null).await;
        self.until("suspended in Okta", |it| it["isSuspended"] == true).await;
        okta(self.app, Method::POST, &format!("users/{}/unsuspend", self.person), Value::Null).await;
        self.is_in_use("jiro", "Jiro").await;
    }

    async fn leaves(&self) {
        okta(self.app, Method::DELETE, &format!("apps/{APP_ID}/users/{}", self.person), Value::Null).await;
        self.until("unassigned", |it| it["isSuspended"] == true && it["isDeleted"] == false).await;
    }

    async fn comes_back(&self) {
        let assign = json!({"user": self.person, "userName": self.email("saburo"), "profile": {"nickName": "Saburo"}});
        okta(self.app, Method::POST, &format!("apps/{APP_ID}/users"), assign).await;
        self.is_in_use("saburo", "Saburo").await;
    }

    async fn is_deleted_in_the_end(&self) {
        self.until("deleted", |it| it["isDeleted"] == true).await;
    }

    /// Until the member waits for its deletion.
    async fn almost_whole(&self, trial: Trial) {
        self.joins().await;
        self.trouble(trial).await;
        self.lives_on().await;
        self.leaves().await;
        self.comes_back().await;
        self.leaves().await;
    }

    async fn whole(&self, trial: Trial) {
        self.almost_whole(trial).await;
        self.app.advance(WEEK).await;
        self.is_deleted_in_the_end().await;
    }

    /// What makes Okta's word worthless takes nothing from anybody.
    async fn trouble(&self, trial: Trial) {
        let app = format!("apps/{APP_ID}");
        let (breaks, mends, cause) = match trial {
            AppInactive => {
                let change = |what: &str| vec![(Method::POST, format!("{app}/{what}"), Value::Null)];
                (change("deactivate"), change("activate"), "okta_app_inactive")
            }
            AppDeleted => {
                let made = vec![
                    (Method::POST, "apps".to_owned(), json!({"id": APP_ID})),
                    (
                        Method::POST,
                        format!("{app}/users"),
                        json!({"user": self.person, "profile": {"nickName": "Taro"}}),
                    ),
                ];
                (vec![(Method::DELETE, app, Value::Null)], made, "okta_app_not_found")
            }
            RoleNarrowed => {
                let role = |role: Value| vec![(Method::PATCH, "access".to_owned(), json!({ "role": role }))];
                (role(json!({"apps": ["0oaOTHER"]})), role(json!("full")), "okta_role_missing")
            }
            _ => return,
        };
        for (method, path, body) in breaks {
            okta(self.app, method, &path, body).await;
        }
        self.app.admin(Method::POST, &format!("/v1/assignments/{}/retry", self.person)).await;
        let row = self.app.row_in(&self.person, "waiting").await;
        assert_eq!(row["reason"]["code"], cause, "{}: {row:#}", self.what);
        let member = self.app.member(&self.person).await.expect("is there");
        assert_eq!((&member["isSuspended"], &member["isDeleted"]), (&json!(false), &json!(false)), "{}", self.what);
        for (method, path, body) in mends {
            okta(self.app, method, &path, body).await;
        }
        self.is_in_use("taro", "Taro").await;
    }

    /// Whether the person was told of so: by one word at least that they have the app. A comparison that is due may be
    /// the first to say so.
    async fn is_told(&self, condition: impl Fn(&Value) -> bool) {
        let is_so = |row: &Value| {
            let events = row["history"]["events"].as_array().expect("a history");
            events.iter().any(|it| it["kind"] == "assigned" && condition(it))
        };
        self.app.row_when(&self.person, is_so).await;
    }
}

async fn okta(app: &TestApp, method: Method, path: &str, body: Value) {
    let request = app.http.request(method, format!("{}/_sandbox/okta/{path}", app.sandbox_url));
    let answer = if body.is_null() { request.answer().await } else { request.json(&body).answer().await };
    assert!(answer.status.is_success(), "{path}: {answer:?}");
}

async fn switches(app: &TestApp, changes: Value) {
    okta(app, Method::PATCH, "switches", changes).await;
}

/// The service, read once and with a hook.
async fn started() -> TestApp {
    let app = TestApp::with(ORG).await;
    let hook = json!({"uri": format!("{}/v1/okta/events", app.url), "secret": crate::support::HOOK});
    okta(&app, Method::POST, "hook", hook).await;
    catch_up_when(&app, Duration::ZERO, |it| it["lastPassAt"].is_string()).await;
    app
}

/// How catch-up stands once the condition holds; so much time passes before each look.
async fn catch_up_when(app: &TestApp, passing: Duration, condition: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        app.advance(passing).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let status = app.request(Method::GET, "/readyz").answer().await.body["catchUp"].clone();
        if condition(&status) {
            return status;
        }
        assert!(tokio::time::Instant::now() < deadline, "still not so after 20 s: {status:#}");
    }
}

/// Lives under the setting with the hook, and again with the hook down, where that makes a difference.
async fn live(app: &TestApp, what: &str, n: usize, trial: Trial, also_without_hook: bool) {
    let heard = Life::of(app, format!("00uHEARD{n}"), FOR_THE_HOOK, what);
    if trial == Crowd {
        let other = Life::of(app, format!("00uCROWD{n}"), FOR_THE_HOOK, what);
        tokio::join!(heard.almost_whole(trial), other.almost_whole(trial));
        // They share the clock.
        app.advance(WEEK).await;
        tokio::join!(heard.is_deleted_in_the_end(), other.is_deleted_in_the_end());
    } else {
        heard.whole(trial).await;
    }
    if trial != Unheard {
        // A pass may come between the event and its delivery.
        heard.is_told(|it| it["source"] == "hook" || it["timesSeen"].as_u64() > Some(1)).await;
    }
    if !also_without_hook {
        return;
    }
    okta(app, Method::POST, "hook/pause", json!({"lose": true})).await;
    let found = Life::of(app, format!("00uFOUND{n}"), FOR_A_PASS, what);
    found.whole(trial).await;
    found.is_told(|it| it["source"] == "system_log").await;
    okta(app, Method::POST, "hook/resume", Value::Null).await;
}

async fn under_every_setting(is_played: impl Fn(&str) -> bool) {
    let app = started().await;
    let defaults = json!(OktaSwitches::default());
    let settings = settings().into_iter().enumerate().filter(|(_, setting)| is_played(setting.0));
    for (n, (name, value, with, trial)) in settings {
        let what = format!("{name} = {value}");
        let mut changes = with.clone();
        changes[name] = value;
        switches(&app, changes.clone()).await;
        // A token that was given before knows nothing of the setting.
        okta(&app, Method::PATCH, "access", json!({"killTokens": true})).await;
        if trial == LogBlocked {
            // A pass that is under way may be the last one from before.
            let stopped = catch_up_when(&app, Duration::from_secs(61), |it| it["working"] == false).await;
            assert!(
                stopped["lastFailure"]["detail"].as_str().is_some_and(|it| it.contains("localhost")),
                "{stopped:#}"
            );
            Life::of(&app, format!("00uBLOCKED{n}"), FOR_THE_HOOK, &what).whole(Usual).await;
            switches(&app, json!({ (name): defaults[name] })).await;
        }
        live(&app, &what, n, trial, !name.starts_with("hook")).await;
        let names = changes.as_object().expect("switches are an object").keys();
        let back: serde_json::Map<_, _> = names.map(|name| (name.clone(), defaults[name].clone())).collect();
        switches(&app, Value::Object(back)).await;
    }
    app.finish().await;
}

fn is_about_events(name: &str) -> bool {
    ["hook", "log", "event", "target", "seed"].iter().any(|start| name.starts_with(start))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_however_okta_answers() {
    under_every_setting(|name| !is_about_events(name)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_however_okta_tells_of_events() {
    under_every_setting(is_about_events).await;
}

#[test]
fn every_switch_of_okta_is_played() {
    let Value::Object(known) = json!(OktaSwitches::default()) else { panic!("switches are an object") };
    let played = settings();
    for (name, default) in known {
        let settings: Vec<&Value> = played.iter().filter(|it| it.0 == name).map(|it| &it.1).collect();
        assert!(!settings.is_empty() && !settings.contains(&&default), "{name}");
    }
}
