//! The operator's door, over HTTP and with the program's own commands: see everybody, see one, say what to do.

use std::process::Output;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ADMIN, Answer, TestApp, membership, program, user};

/// Six people: three settled, two parked, one waiting.
async fn six_people() -> TestApp {
    let app = TestApp::with("[converge]\nretry_first = \"1m\"\nretry_longest = \"1m\"").await;
    join_all((1..=3).map(|n| app.assign(["00uA", "00uB", "00uC"][n as usize - 1], user(n)))).await;
    for person in ["00uD", "00uE"] {
        app.put(person, json!({"user": {"email": "nonsense"}})).await.problem(422, "profile_refused");
        app.row_in(person, "parked").await;
    }
    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    app.put_without_waiting("00uF", json!({ "user": user(6) })).await;
    app.row_in("00uF", "waiting").await;
    app
}

/// The people of a page of the list.
async fn people(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.admin(Method::GET, &format!("/v1/assignments?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    names(&answer)
}

fn names(answer: &Answer) -> Vec<String> {
    let rows = answer.body["assignments"].as_array().expect("a list");
    rows.iter().map(|row| row["oktaUserId"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_by_state_and_by_a_part_of_id_login_or_member_id() {
    let app = six_people().await;
    assert_eq!(people(&app, "").await.len(), 6);
    assert_eq!(people(&app, "state=settled").await, ["00uA", "00uB", "00uC"]);
    assert_eq!(people(&app, "state=parked").await, ["00uD", "00uE"]);
    assert_eq!(people(&app, "state=held&q=").await, Vec::<String>::new());
    assert_eq!(people(&app, "q=uE").await, ["00uE"]);
    assert_eq!(people(&app, "q=PERSON2@").await, ["00uB"]);
    assert_eq!(people(&app, "q=person&state=settled").await, ["00uA", "00uB", "00uC"]);
    let member = app.member("00uC").await.expect("exists");
    assert_eq!(people(&app, &format!("q={}", member["userId"].as_str().expect("an id"))).await, ["00uC"]);
    for wild in ["%25", "_", "'", "00u%25"] {
        assert!(people(&app, &format!("q={wild}")).await.is_empty(), "{wild} stands for itself");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_leads_through_all_pages_and_every_page_counts_everybody() {
    let app = six_people().await;
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let answer = app.admin(Method::GET, &format!("/v1/assignments?{query}")).await;
        assert_eq!(answer.body["counts"]["parked"], 2);
        let page = names(&answer);
        assert_eq!(page.len(), 2, "the last page is full, and there is no empty one after it");
        seen.extend(page);
        let Some(cursor) = answer.body["nextCursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["00uA", "00uB", "00uC", "00uD", "00uE", "00uF"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_word_of_a_list_is_named() {
    let app = TestApp::start().await;
    let answer = app.admin(Method::GET, "/v1/assignments?state=broken&limit=0&cursor=a%2Fb&sort=up").await;
    answer.problem(422, "invalid_request");
    let expected =
        [("state", "unknown"), ("limit", "out_of_range"), ("cursor", "bad_format"), ("sort", "unknown_field")];
    assert_eq!(answer.faults(), expected);
    for limit in ["101", "-1", "ten"] {
        let answer = app.admin(Method::GET, &format!("/v1/assignments?limit={limit}")).await;
        assert_eq!(answer.faults(), [("limit", "out_of_range")]);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_shown_with_events_runs_and_calls() {
    let app = TestApp::start().await;
    app.put("00uA", json!({"user": user(1), "eventId": "e-1", "occurredAt": "2026-04-01T09:00:00+09:00"})).await;
    let row = app.row("00uA").await;
    let event = &row["history"]["events"][0];
    let expected = json!({
        "kind": "assigned", "eventId": "e-1", "source": "card", "caller": "sandbox", "verdict": "new",
        "occurredAt": "2026-04-01T00:00:00Z", "arrivedAt": event["arrivedAt"], "revision": 1, "timesSeen": 1,
    });
    assert_eq!(*event, expected);
    let run = &row["history"]["attempts"][0];
    assert_eq!((&run["revision"], &run["state"]), (&json!(1), &json!("settled")));
    assert_eq!(run["steps"], json!([{"step": "create", "outcome": "done"}]));
    let calls = run["calls"].as_array().expect("calls");
    let last = calls.last().expect("the create");
    assert_eq!((&last["operation"], &last["status"]), (&json!("create_member"), &json!(201)));
    assert!(last["durationMs"].is_u64(), "{last}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_a_run_looks_like_the_reason_of_the_row() {
    let app = TestApp::start().await;
    app.put("00uA", json!({"user": {"email": "nonsense"}})).await.problem(422, "profile_refused");
    let row = app.row_in("00uA", "parked").await;
    assert_eq!(row["history"]["attempts"][0]["reason"], row["reason"]);
    assert!(row["reason"]["fields"][0]["messageJa"].is_string(), "{}", row["reason"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_person_mended_by_hand_settles_on_retry() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    app.by_hand("person1@sandbox.example", json!({"isSuspended": true})).await;
    app.put("00uA", json!({ "user": user(1) })).await.problem(422, "suspended_by_someone_else");
    app.by_hand("person1@sandbox.example", json!({"isSuspended": false})).await;
    let answer = app.admin(Method::POST, "/v1/assignments/00uA/retry").await;
    assert_eq!((answer.status.as_u16(), &answer.body["revision"]), (202, &json!(3)));
    assert_eq!(answer.headers["location"], "/v1/assignments/00uA");
    let row = app.row_in("00uA", "settled").await;
    assert_eq!((&row["reason"], &row["appliedRevision"]), (&Value::Null, &json!(3)));
    let word = &row["history"]["events"][0];
    assert_eq!(
        (&word["kind"], &word["source"], &word["caller"]),
        (&json!("retry"), &json!("operator"), &json!("sandbox"))
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_word_takes_no_part_in_the_order_of_events() {
    let app = TestApp::start().await;
    app.put("00uA", json!({"user": user(1), "occurredAt": "2026-04-01T00:00:01Z"})).await;
    app.admin(Method::POST, "/v1/assignments/00uA/retry").await;
    let removed = membership(false, "00uA", "person1@sandbox.example", "e-2", "2026-04-01T00:00:02.000Z");
    app.deliver(vec![removed]).await;
    let row = app.row_when("00uA", |row| row["appliedRevision"] == 3).await;
    assert_eq!(row["membership"]["value"], "unassigned");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_decide_where_nothing_is_held() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    for word in ["approve", "reject"] {
        let answer = app.admin(Method::POST, &format!("/v1/assignments/00uA/{word}")).await;
        assert_eq!(answer.problem(409, "not_held")["state"], "settled");
    }
    for word in ["approve", "reject", "retry"] {
        let answer = app.admin(Method::POST, &format!("/v1/assignments/00uNOBODY/{word}")).await;
        answer.problem(404, "unknown_assignment");
        let answer = app.admin(Method::POST, &format!("/v1/assignments/taro@example.com/{word}")).await;
        answer.problem(404, "unknown_assignment");
    }
    app.admin(Method::POST, "/v1/assignments/00uA/delete").await.problem(404, "not_found");
    app.admin(Method::GET, "/v1/assignments/00uNOBODY").await.problem(404, "unknown_assignment");
    assert_eq!(app.row("00uA").await["revision"], 1, "nothing was stored");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_person_is_approved_once_or_left_alone() {
    let app = TestApp::with("[unassign]\nmax_per_hour = 0").await;
    for (n, person, word) in [(1, "00uA", "approve"), (2, "00uB", "reject")] {
        app.assign(person, user(n)).await;
        let held = app.unassign(person, "policy=suspend").await;
        assert_eq!((held.status.as_u16(), &held.body["reason"]["code"]), (202, &json!("cap_reached")));
        assert_eq!((&held.body["heldSteps"], held.headers.get("retry-after")), (&json!(["suspend"]), None));
        let said = app.admin(Method::POST, &format!("/v1/assignments/{person}/{word}")).await;
        assert_eq!(said.status, 202, "{said:?}");
        app.row_in(person, "settled").await;
        let again = app.admin(Method::POST, &format!("/v1/assignments/{person}/{word}")).await;
        again.problem(409, "not_held");
    }
    let suspended = async |person: &str| app.member(person).await.expect("exists")["isSuspended"].clone();
    assert_eq!((suspended("00uA").await, suspended("00uB").await), (json!(true), json!(false)));
    app.finish().await;
}

// --- the program's own commands ----------------------------------------------------------------------------------

/// Runs an operator's command against the service, with the admin secret in a file that ends with a line break.
async fn operate(app: &TestApp, arguments: &[&str]) -> Output {
    let file = app.folder().join("admin-secret");
    std::fs::write(&file, format!("{ADMIN}\n")).expect("the folder is ours");
    let file = file.to_str().expect("UTF-8");
    program::run(&[arguments, &["--url", &app.url, "--admin-secret-file", file]].concat()).await
}

fn printed(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_command_prints_a_line_per_person_and_the_counts() {
    let app = six_people().await;
    let (code, out, err) = printed(&operate(&app, &["list"]).await);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("00uA ") && lines[0].contains("settled") && lines[0].ends_with("person1@sandbox.example")
    );
    assert!(lines[3].contains("parked") && lines[3].contains("profile_refused"), "{out}");
    assert!(lines[5].contains("waiting") && lines[5].contains("until 20"), "{out}");
    assert!(lines[6].contains("2 parked") && lines[6].contains("3 settled"), "{out}");
    // Each cause once, with what to do, however many wait for it.
    assert_eq!(out.matches("profile_refused (2): The profile has fields").count(), 1, "{out}");
    assert_eq!(out.matches("プロフィールに LINE WORKS が受け付けない項目があります。").count(), 1, "{out}");
    assert!(out.contains("lineworks_failing (1): ") && out.contains("okta-lineworks show"), "{out}");
    let (code, out, _) = printed(&operate(&app, &["list", "--state", "parked", "-q", "00uE", "--json"]).await);
    let row: Value = serde_json::from_str(&out).expect("one line of JSON");
    assert_eq!((code, &row["oktaUserId"]), (Some(0), &json!("00uE")));
    let (code, _, err) = printed(&operate(&app, &["list", "--state", "broken"]).await);
    assert_eq!(code, Some(1));
    assert!(err.contains("use settled, due, running, waiting, held or parked"), "it says which word: {err}");
    app.finish().await;
}

#[tokio::test]
async fn a_moment_that_cannot_be_is_a_wrong_argument() {
    for (arguments, says) in [
        (&["serve", "--since", "2999-01-01T00:00:00Z"][..], "lies in the future"),
        (&["reconcile", "--csv", "x.csv", "--exported-at", "yesterday"], "such as 2026-04-01T09:00:00+09:00"),
    ] {
        let (code, _, err) = printed(&program::run(arguments).await);
        assert!(code == Some(2) && err.contains(says), "{arguments:?}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_ends_the_command_without_a_panic() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
    let child = command.args(["mapping", "defaults"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("it starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_command_goes_through_all_pages() {
    let app = TestApp::start().await;
    app.fault(json!({"operation": "*", "kind": "status", "status": 503})).await;
    let events =
        (0..201).map(|n| membership(true, &format!("00u{n:03}"), "p@sandbox.example", "e", "2026-04-01T00:00:00Z"));
    app.deliver(events.collect()).await;
    let (code, out, _) = printed(&operate(&app, &["list", "--json"]).await);
    assert_eq!((code, out.lines().count()), (Some(0), 201));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_show_command_prints_what_happened_what_was_done_and_what_to_do() {
    let app = TestApp::start().await;
    app.put("00uA", json!({"user": {"email": "nonsense"}, "eventId": "e-1"})).await;
    app.row_in("00uA", "parked").await;
    let (code, out, err) = printed(&operate(&app, &["show", "00uA"]).await);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for text in ["profile_refused", "user.email: ", "メールアドレス", "assigned", "by card (sandbox), new", "parked"]
    {
        assert!(out.contains(text), "{text}: {out}");
    }
    app.assign("00uA", user(1)).await;
    let (_, out, _) = printed(&operate(&app, &["show", "00uA"]).await);
    assert!(out.contains("create done") && !out.contains("user.email"), "{out}");
    let (_, by_login, _) = printed(&operate(&app, &["show", "PERSON1@sandbox.example"]).await);
    assert_eq!(by_login, out, "a login will do");
    let (code, _, err) = printed(&operate(&app, &["show", "erson1@sandbox.example"]).await);
    assert!(code == Some(1) && err.contains("nobody here has the login"), "{err}");
    let (code, _, err) = printed(&operate(&app, &["show", "00u taro"]).await);
    assert!(code == Some(1) && err.contains("or give the login"), "{err}");
    let (code, _, err) = printed(&operate(&app, &["show", "00uNOBODY"]).await);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("Nothing is known of this person") && err.contains("この人についての記録がありません"),
        "{err}"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_retry_approve_and_reject_say_what_came_of_them() {
    let app = TestApp::start().await;
    app.assign("00uA", user(1)).await;
    let (code, out, _) = printed(&operate(&app, &["retry", "00uA"]).await);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("retry 00uA: done") && out.contains("show 00uA"), "{out}");
    app.row_when("00uA", |row| row["appliedRevision"] == 2).await;
    for word in ["approve", "reject"] {
        let (code, out, err) = printed(&operate(&app, &[word, "00uA"]).await);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.contains("Nothing of this person is held"), "{err}");
    }
    let (code, _, err) = printed(&operate(&app, &["retry", "taro@example.com"]).await);
    assert_eq!(code, Some(2));
    assert!(err.contains("an Okta user id is"), "{err}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_when_the_service_is_not_there_or_does_not_know_it() {
    let mut app = TestApp::start().await;
    let file = app.folder().join("wrong-secret");
    std::fs::write(&file, "a-wrong-secret").expect("the folder is ours");
    let file = file.to_str().expect("UTF-8");
    let (code, _, err) = printed(&program::run(&["list", "--url", &app.url, "--admin-secret-file", file]).await);
    assert_eq!(code, Some(1));
    assert!(err.contains("The caller is not known") && !err.contains("a-wrong-secret"), "{err}");
    let (code, _, err) = printed(&program::run(&["list", "--url", &app.url, "--admin-secret-file", "/nowhere"]).await);
    assert_eq!(code, Some(1));
    assert!(err.contains("/nowhere cannot be read"), "{err}");
    app.stop().await;
    let (code, out, err) = printed(&operate(&app, &["list"]).await);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("the service does not answer at") && err.contains("is it running?"), "{err}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_word_is_said_of_all_who_wait_for_it_and_of_nobody_else() {
    let app = TestApp::with("[unassign]\nmax_per_hour = 0").await;
    for n in 1..=3 {
        app.assign(&format!("00u{n}"), user(n)).await;
    }
    app.by_hand("person3@sandbox.example", serde_json::json!({"isSuspended": true})).await;
    for n in 1..=3 {
        app.unassign(&format!("00u{n}"), "").await;
    }
    let (code, _, err) = printed(&operate(&app, &["approve", "--all"]).await);
    assert_eq!(code, Some(2), "not without a yes: {err}");
    let all = ["approve", "--all", "--yes", "--cause", "cap_reached"];
    let (code, out, err) = printed(&operate(&app, &all).await);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("approve: 2 of 2 done"), "{out}");
    for person in ["00u1", "00u2"] {
        app.row_when(person, |row| row["reason"]["code"] == "deletion_planned").await;
    }
    assert_eq!(app.row("00u3").await["state"], "held", "held for another cause");
    app.finish().await;
}
