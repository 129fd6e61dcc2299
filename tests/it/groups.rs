//! LINE WORKS groups: joined and left as wished, after the member itself, and never a reason to hold a leaver up.

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const GROUPS: &str = r#"
[lineworks]
scope = "user group"
[placement]
groups = ["externalKey:everyone"]
managed_groups = ["externalKey:tokyo", "name:営業", "partners"]
[unassign]
policy = "suspend"
"#;

async fn start() -> TestApp {
    let app = TestApp::with(GROUPS).await;
    app.make("groups", json!({"name": "営業", "id": "group-sales"})).await;
    app.make("groups", json!({"name": "Partners", "id": "partners"})).await;
    app
}

fn wishing(groups: Value) -> Value {
    let mut user = user(1);
    user["groups"] = groups;
    user
}

async fn steps(app: &TestApp) -> Vec<String> {
    let row = app.row("00uA").await;
    let steps = row["history"]["attempts"][0]["steps"].as_array().expect("steps").clone();
    steps
        .iter()
        .map(|step| format!("{} {}", step["step"].as_str().expect("a word"), step["outcome"].as_str().expect("a word")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_follow_the_wish_and_others_stay_as_they_are() {
    let app = start().await;
    let answer = app.assign("00uA", wishing(json!(["externalKey:tokyo", "name:営業"]))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert_eq!(app.groups_of("00uA").await, ["Everyone", "営業", "東京オフィス"]);
    assert_eq!(steps(&app).await, ["create done", "join_group done", "join_group done", "join_group done"]);
    let history = app.row("00uA").await["history"]["attempts"][0]["steps"].clone();
    assert_eq!(history[1]["fields"], json!(["externalKey:everyone"]), "which group is told");

    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    assert_eq!(app.groups_of("00uA").await.len(), 3, "a wish without groups manages none");
    assert_eq!(app.assign("00uA", wishing(json!(["name:営業"]))).await.status, 200);
    assert_eq!(app.groups_of("00uA").await, ["Everyone", "営業"]);
    assert_eq!(app.assign("00uA", wishing(json!([]))).await.status, 200);
    assert_eq!(app.groups_of("00uA").await, ["Everyone"]);

    let member = app.member("00uA").await.expect("exists")["userId"].clone();
    let by_hand = json!({"name": "Partners", "id": "partners", "members": [{"id": member, "type": "USER"}]});
    app.make("groups", by_hand).await;
    app.assign("00uA", wishing(json!([]))).await;
    assert_eq!(app.groups_of("00uA").await, ["Everyone", "Partners"], "what somebody did by hand stays");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_nobody_manages_is_refused_at_the_door() {
    let app = start().await;
    let answer = app.assign("00uA", wishing(json!(["name:営業", "externalKey:board"]))).await;
    answer.problem(422, "profile_refused");
    assert_eq!(answer.faults(), [("user.groups[1]", "not_allowed")]);
    assert!(!answer.text.contains("board") && answer.text.contains("externalKey:tokyo"), "{}", answer.text);
    assert!(app.members().await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_in_already_or_whose_join_was_not_answered_is_in_once() {
    for kind in ["closeAfter", "hangAfter"] {
        let app = start().await;
        app.fault(json!({"operation": "groups.members.add", "kind": kind, "times": 1, "delayMs": 3000})).await;
        let answer = app.assign("00uA", wishing(json!(["partners"]))).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
        assert_eq!(app.groups_of("00uA").await, ["Everyone", "Partners"]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_group_parks_and_the_others_are_remembered() {
    let app = start().await;
    app.make("groups", json!({"name": "営業部", "id": "group-sales"})).await;
    let answer = app.assign("00uA", wishing(json!(["name:営業", "partners"]))).await;
    let body = answer.problem(422, "placement_unknown");
    assert!(body["detail"].as_str().expect("a text").contains("営業部"), "{}", answer.text);
    assert_eq!(app.groups_of("00uA").await, ["Everyone"]);
    assert_eq!(app.assign("00uA", wishing(json!([]))).await.status, 200);
    let requests = app.stats().await["requests"].clone();
    assert_eq!(requests["groups.members.add"], 1, "what was joined before is remembered: {requests:#}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_gone_is_forgotten_with_a_note() {
    let app = start().await;
    app.assign("00uA", wishing(json!(["name:営業"]))).await;
    app.make("groups", json!({"name": "営業部", "id": "group-sales"})).await;
    app.advance(std::time::Duration::from_secs(700)).await;
    let answer = app.assign("00uA", wishing(json!([]))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert_eq!(answer.body["reason"]["code"], "placement_unknown");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_groups_are_joined_in_one_run() {
    let names: Vec<String> = (0..25).map(|n| format!("g-{n}")).collect();
    let app =
        TestApp::with(&format!("[lineworks]\nscope = \"user group\"\n[placement]\ngroups = {}", json!(names))).await;
    for name in &names {
        app.make("groups", json!({"name": name, "id": name})).await;
    }
    let answer = app.assign("00uA", user(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert_eq!(app.groups_of("00uA").await.len(), 25);
    let requests = app.stats().await["requests"].clone();
    assert_eq!(requests["users.get"], 1, "nothing is read for a group: {requests:#}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_is_suspended_first_and_then_leaves_the_groups_and_a_rehire_joins_again() {
    let app = start().await;
    app.assign("00uA", wishing(json!(["partners"]))).await;
    let answer = app.unassign("00uA", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(steps(&app).await, ["suspend done", "leave_group done", "leave_group done"]);
    assert_eq!(app.groups_of("00uA").await, [] as [&str; 0]);
    assert_eq!(app.assign("00uA", wishing(json!(["partners"]))).await.status, 200);
    assert_eq!(app.groups_of("00uA").await, ["Everyone", "Partners"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_cannot_be_left_is_a_note_and_holds_nobody_up() {
    let app = start().await;
    app.assign("00uA", wishing(json!(["partners"]))).await;
    app.make("groups", json!({"name": "Partners", "id": "partners", "kind": "external"})).await;
    let answer = app.unassign("00uA", "").await;
    assert_eq!((answer.status.as_u16(), &answer.body["state"]), (200, &json!("settled")), "{}", answer.text);
    assert_eq!(answer.body["reason"]["code"], "lineworks_refused");
    assert!(answer.body["reason"]["detail"].as_str().expect("a text").contains("external and dynamic"));
    assert_eq!(app.member("00uA").await.expect("exists")["isSuspended"], true);
    assert_eq!(app.groups_of("00uA").await, [] as [&str; 0], "the other one is left");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_no_matter_where_the_member_is_deleted_and_are_joined_anew_after_that() {
    for policy in ["suspend_then_delete", "delete"] {
        let mut app = start().await;
        app.restart_with(&GROUPS.replace("\"suspend\"", &format!("{policy:?}"))).await;
        app.assign("00uA", wishing(json!(["partners"]))).await;
        app.unassign("00uA", "").await;
        assert!(app.stats().await["requests"]["groups.members.remove"].is_null(), "{policy}");
        if policy == "delete" {
            app.assign("00uA", wishing(json!(["partners"]))).await;
            let requests = app.stats().await["requests"].clone();
            assert_eq!(requests["groups.members.add"], 4, "both are joined again: {requests:#}");
            assert_eq!(app.groups_of("00uA").await, ["Everyone", "Partners"]);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_wait_for_a_scope_and_say_which() {
    let app = TestApp::with("[placement]\ngroups = [\"externalKey:everyone\"]").await;
    let answer = app.assign("00uA", user(1)).await;
    let body = answer.problem(422, "lineworks_scope_missing");
    assert!(body["detail"].as_str().expect("a text").contains("group or directory"), "{}", answer.text);
    assert!(app.member("00uA").await.is_some(), "the member itself is there");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_of_the_same_e_mail_joins_what_the_former_one_was_in() {
    let app = start().await;
    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    let gone = app.http.delete(format!("{}/_sandbox/members/person1@sandbox.example", app.sandbox_url));
    assert!(gone.send().await.expect("an answer").status().is_success());
    app.seed(json!({"email": "person1@sandbox.example"})).await;
    assert_eq!(app.assign("00uA", user(1)).await.status, 200);
    assert_eq!(app.groups_of("00uA").await, ["Everyone"]);
    app.finish().await;
}
