//! Every switch changes what it says.

use okta_lineworks::sandbox::Switches;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Stranger};

#[tokio::test]
async fn token_answers_follow_their_switches() {
    let stranger = Stranger::start().await;
    let wrong = stranger.form_with("client_id", "nobody");
    stranger.switch(json!({"tokenErrorStatus": "all400"})).await;
    assert_eq!(stranger.ask_token(&wrong).await.status, 400);
    stranger.switch(json!({"expiresIn": "number", "accessTokenLifeSeconds": 3600})).await;
    let answer = stranger.ask_token(&stranger.form("user")).await;
    assert_eq!(answer.json["expires_in"], 3600);
    assert_eq!(stranger.get("/users").await.status, 200, "the older token lives");
    stranger.switch(json!({"newTokenKillsOlder": true})).await;
    stranger.new_token("user").await;
    stranger.get("/users").await.is_refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn duplicates_come_in_four_ways() {
    let stranger = Stranger::start().await;
    stranger.create("twice").await;
    let again = || stranger.post("/users", stranger.person("twice"));
    stranger.switch(json!({"duplicateStyle": 400})).await;
    assert!(again().await.is_refused(400, "BAD_REQUEST").text.contains("duplicated"));
    stranger.switch(json!({"duplicateReadable": false})).await;
    assert!(!again().await.is_refused(400, "BAD_REQUEST").text.contains("email"));
    stranger.switch(json!({"duplicateStyle": "409"})).await;
    assert!(!again().await.is_refused(409, "ALREADY_EXIST").text.contains("email"));
}

#[tokio::test]
async fn the_end_of_a_list_is_told_in_four_ways() {
    let stranger = Stranger::start().await;
    for (setting, meta) in [
        ("null", Some(json!({"nextCursor": null}))),
        ("missing", Some(json!({}))),
        ("empty", Some(json!({"nextCursor": ""}))),
        ("noObject", None),
    ] {
        stranger.switch(json!({ "endCursor": setting })).await;
        let page = stranger.get("/users").await.json;
        assert_eq!(page.get("responseMetaData"), meta.as_ref(), "{setting}");
    }
}

#[tokio::test]
async fn a_missing_user_has_two_codes() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"missingUserCode": "USER_NOT_EXIST"})).await;
    stranger.get("/users/nobody").await.is_refused(404, "USER_NOT_EXIST");
}

#[tokio::test]
async fn headers_are_spelt_as_switched() {
    let stranger = Stranger::start().await;
    for (setting, ssed, used) in [("ssed", true, false), ("used", false, true), ("both", true, true)] {
        stranger.switch(json!({ "headerSpelling": setting })).await;
        let answer = stranger.get("/users").await;
        let has = |name| answer.header(name).is_some();
        assert_eq!((has("ratelimit-ssed"), has("ratelimit-used")), (ssed, used), "{setting}");
    }
}

#[tokio::test]
async fn the_forums_organisations_quirk_can_be_had() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("quirk").await);
    let organizations = json!([{"domainId": stranger.sandbox.credentials().domain_id, "primary": true}]);
    let alone = json!({ "organizations": organizations });
    assert_eq!(stranger.patch(&path, alone.clone()).await.status, 200);
    stranger.switch(json!({"requireRootExternalKey": true})).await;
    let answer = stranger.patch(&path, alone).await;
    let text = "userExternalKey must be the same as the primary organization's externalKey.";
    assert_eq!(answer.is_refused(400, "BAD_REQUEST").json["description"], text);
    assert_eq!(stranger.violations().await, ["noRootExternalKey"]);
    let both = json!({ "organizations": organizations, "userExternalKey": "key-quirk" });
    assert_eq!(stranger.patch(&path, both).await.status, 200);
}

#[tokio::test]
async fn unknown_placement_can_be_accepted() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"acceptUnknownPlacement": true})).await;
    let path = format!("/users/{}", stranger.create("lost").await);
    let answer = stranger.patch(&path, json!({"userTypeId": "externalKey:nowhere"})).await;
    assert_eq!((answer.status, &answer.json["userTypeId"]), (200, &json!("externalKey:nowhere")));
}

#[tokio::test]
async fn a_member_in_grace_is_read_in_three_ways() {
    let stranger = Stranger::start().await;
    let id = stranger.create("grace").await;
    stranger.delete(&format!("/users/{id}")).await;
    for (setting, status, code) in
        [(200, 200, Value::Null), (404, 404, json!("NOT_FOUND")), (410, 410, json!("DELETED"))]
    {
        stranger.switch(json!({ "getInGrace": setting })).await;
        for name in [id.as_str(), "grace%40sandbox.example", "externalKey:key-grace"] {
            let answer = stranger.get(&format!("/users/{name}")).await;
            assert_eq!((answer.status, &answer.json["code"]), (status, &code), "{setting} {name}");
        }
        let write = stranger.patch(&format!("/users/{id}"), json!({"nickName": "x"})).await;
        assert_eq!(write.status, if setting == 200 { 400 } else { status });
    }
    assert_eq!(stranger.act(&id, "undelete").await.status, 200);
}

#[tokio::test]
async fn undelete_returns_what_is_switched() {
    for (setting, suspended_before, suspended_after) in
        [("asBefore", true, true), ("active", true, false), ("suspended", false, true)]
    {
        let stranger = Stranger::start().await;
        stranger.switch(json!({ "undeleteReturns": setting })).await;
        let id = stranger.create("back").await;
        if suspended_before {
            stranger.act(&id, "suspend").await;
        }
        stranger.delete(&format!("/users/{id}")).await;
        let user = stranger.act(&id, "undelete").await.json;
        assert_eq!(user["isSuspended"], suspended_after, "{setting}");
    }
}

#[tokio::test]
async fn doubtful_suspends_can_be_accepted() {
    let stranger = Stranger::start().await;
    let all = json!({"pendingSuspend": "accept", "suspendSuspended": "accept", "unsuspendActive": "accept"});
    stranger.switch(all).await;
    let id = stranger.create("eager").await;
    for action in ["unsuspend", "suspend", "suspend"] {
        assert_eq!(stranger.act(&id, action).await.status, 204, "{action}");
    }
    stranger.control(Method::PATCH, &format!("members/{id}"), json!({"isPending": true})).await;
    assert_eq!(stranger.act(&id, "suspend").await.status, 204);
}

#[tokio::test]
async fn patch_can_answer_nothing_and_replace_objects() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("quiet").await);
    let first_name = json!({"userName": {"firstName": "New"}});
    let name = stranger.patch(&path, first_name.clone()).await.json["userName"].clone();
    assert_eq!((&name["lastName"], &name["firstName"]), (&json!("Tester"), &json!("New")));
    stranger.switch(json!({"patchAnswers": "empty204", "patchObjects": "replace"})).await;
    let answer = stranger.patch(&path, first_name).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(stranger.get(&path).await.json["userName"]["lastName"], Value::Null);
}

#[tokio::test]
async fn strict_refuses_what_is_a_violation() {
    let stranger = Stranger::with(Switches { refuse_overlap: false, ..Switches::default() }, true).await;
    let id = stranger.create("strict").await;
    stranger.get("/users?count=101").await.is_refused(400, "INVALID_PARAMETER");
    stranger.delete(&format!("/users/{id}/forcedelete")).await.is_refused(403, "FORBIDDEN");
    stranger.get("/users/%FF").await.is_refused(400, "INVALID_PARAMETER");
    stranger.get("/users/externalKey:a%23b").await.is_refused(400, "INVALID_PARAMETER");
    stranger.switch(json!({"latencyMs": 200})).await;
    let path = format!("/users/{id}");
    let (one, two) = tokio::join!(stranger.patch(&path, json!({})), stranger.patch(&path, json!({})),);
    assert!([one.status, two.status].contains(&409));
    assert_eq!(stranger.get(&path).await.status, 200, "nothing was destroyed");
}

#[tokio::test]
async fn a_switch_that_does_not_exist_is_refused_with_a_suggestion() {
    let stranger = Stranger::start().await;
    let patch = |body: Value| stranger.control(Method::PATCH, "switches", body);
    let answer: Answer = patch(json!({"duplicatStyle": "400"})).await;
    assert_eq!(answer.status, 400);
    let text = answer.json["error"].as_str().unwrap();
    assert!(text.contains("did you mean 'duplicateStyle'") && text.contains("latencyMs"), "{text}");
    let answer = patch(json!({"duplicateStyle": "418"})).await;
    assert!(answer.json["error"].as_str().unwrap().contains("expected"), "{}", answer.text);
    let answer = patch(json!({"sso": "yes"})).await;
    assert_eq!(answer.status, 400);
    let now = stranger.control(Method::GET, "switches", Value::Null).await.json;
    assert_eq!((&now["sso"], &now["duplicateStyle"]), (&json!(true), &json!("409")));
}
